// A receiver as one writes it in Node: fastify and pg, the signature checked over the raw body, one INSERT a delivery,
// 200 after its commit. Prints "ready" when it listens.
import { createHmac, timingSafeEqual } from "node:crypto";
import Fastify from "fastify";
import pg from "pg";

const secret = process.env.SECRET;
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 16 });
const app = Fastify({ logger: false });
app.addContentTypeParser("application/json", { parseAs: "buffer" }, (_request, body, done) => done(null, body));

app.post("/webhooks/bigcommerce/:store", async (request, reply) => {
  const id = request.headers["webhook-id"];
  const mac = createHmac("sha256", secret);
  mac.update(`${id}.${request.headers["webhook-timestamp"]}.`);
  mac.update(request.body);
  const wanted = Buffer.from(`v1,${mac.digest("base64")}`);
  const given = Buffer.from(request.headers["webhook-signature"] ?? "");
  if (wanted.length !== given.length || !timingSafeEqual(wanted, given)) return reply.code(401).send();
  const text = request.body.toString("utf8");
  const event = JSON.parse(text);
  await pool.query({
    name: "keep",
    text: `insert into inbox (store, webhook_id, scope, order_id, event_at, body)
           values ($1, $2, $3, $4, to_timestamp($5), $6) on conflict (store, webhook_id) do nothing`,
    values: [request.params.store, id, event.scope, event.data.id, event.created_at, text],
  });
  return reply.code(200).send();
});

await app.listen({ host: "127.0.0.1", port: Number(process.env.PORT) });
console.log("ready");
