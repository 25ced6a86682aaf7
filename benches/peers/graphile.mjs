// graphile-worker with its local queue and batched completion, jobs that do nothing. Fills the queue, then works it off
// and prints how many jobs a second that were.
import { makeWorkerUtils, run } from "graphile-worker";
import pg from "pg";

const jobs = Number(process.env.JOBS);
const concurrency = Number(process.env.CONCURRENCY ?? 4);
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });
const utils = await makeWorkerUtils({ pgPool: pool });
await utils.migrate();
for (let from = 0; from < jobs; from += 5000) {
  const some = Array.from({ length: Math.min(5000, jobs - from) }, (_, n) => ({ identifier: "nothing", payload: { order: from + n } }));
  await utils.addJobs(some);
}
await pool.query("vacuum analyze");
let done = 0;
let finished;
const all = new Promise((resolve) => (finished = resolve));
const started = process.hrtime.bigint();
const runner = await run({
  pgPool: pool,
  concurrency,
  noHandleSignals: true,
  taskList: { nothing: async () => { if (++done === jobs) finished(); } },
  preset: { worker: { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
});
await all;
await runner.stop();
const seconds = Number(process.hrtime.bigint() - started) / 1e9;
const left = await pool.query("select count(*)::int as left from graphile_worker._private_jobs");
console.log(JSON.stringify({ jobs, seconds, left: left.rows[0].left }));
await utils.release();
await pool.end();
