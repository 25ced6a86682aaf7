// graphile-worker with its local queue and batched completion, jobs that do nothing. Fills the queue, then works it off
// and prints how many jobs a second that were.
import { makeWorkerUtils, run } from "graphile-worker";
import pg from "pg";

const jobs = Number(process.env.JOBS);
const concurrency = Number(process.env.CONCURRENCY ?? 4);
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });
const utils = await makeWorkerUtils({ pgPool: pool });
await utils.migrate();
await pool.query(
  `select graphile_worker.add_job('nothing', json_build_object('order', n)) from generate_series(1, $1) n`, [jobs]);
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
