// A bot behind a webhook: it answers "!time" and "!roll" in every room. Node 18, no packages.
//
//   CONFAB_KEY=ck_… WEBHOOK_SECRET=whsec_… PORT=9000 node bot.mjs

import { createHmac, timingSafeEqual } from "node:crypto";
import http from "node:http";

const { CONFAB_URL: url = "http://127.0.0.1:8080", CONFAB_KEY: key, WEBHOOK_SECRET: secret, PORT: port = 9000 } = process.env;
const answers = { "!time": () => new Date().toISOString(), "!roll": () => `${1 + Math.floor(Math.random() * 6)}` };

/** Whether the server has signed it, and just now. */
function isGenuine({ "webhook-id": id, "webhook-timestamp": time, "webhook-signature": signatures = "" }, body) {
  const mac = createHmac("sha256", Buffer.from(secret.slice("whsec_".length), "base64")).update(`${id}.${time}.${body}`);
  const expected = Buffer.from(`v1,${mac.digest("base64")}`);
  const fits = (one) => one.length === expected.length && timingSafeEqual(Buffer.from(one), expected);
  return Math.abs(Date.now() / 1000 - time) < 300 && signatures.split(" ").some(fits);
}

/** The status for the webhook: with 503 it comes again. */
async function take({ headers }, body) {
  if (!isGenuine(headers, body)) return 401;
  const { type, data: { room, entry = {} } } = JSON.parse(body);
  const answer = type === "message.created" && entry.from !== "bot" && answers[entry.text?.trim()];
  if (!answer) return 204;
  // The key is of the message that is answered: a webhook that comes twice is answered once.
  const said = await fetch(`${url}/api/v1/rooms/${encodeURIComponent(room)}/messages`, {
    method: "POST",
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json", "Idempotency-Key": `answer-${entry.seq}` },
    body: JSON.stringify({ from: "bot", text: answer(), reply_to: entry.seq }),
  });
  return said.status >= 500 || said.status === 429 ? 503 : 204;
}

const server = http.createServer(async (request, response) => {
  let body = "";
  for await (const part of request.setEncoding("utf8")) body += part;
  response.writeHead(await take(request, body).catch(() => 503)).end();
});
server.listen(port, "127.0.0.1", () => console.error(`listening on http://127.0.0.1:${server.address().port}`));
