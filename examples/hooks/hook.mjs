// A server of your own that Confab asks: whether a message may be said, and where files are. It keeps files in memory,
// where yours would use a store that knows signed addresses, as S3 does.

import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import http from "node:http";
import { Webhook } from "standardwebhooks";

const secret = readFileSync(process.env.HOOK_SECRET_FILE, "utf8").trim();
const webhook = new Webhook(secret);
let site = process.env.SITE; // by which others reach it

const FILE_BYTES = 1024 * 1024;
const FILES = 100;
const files = new Map();

function check({ message }) {
  const { text = "" } = message;
  if (/https?:/.test(text)) return { action: "reject", reason: "No links here, please." };
  if (/\bdarn\b/i.test(text)) return { action: "modify", message: { text: text.replace(/\bdarn\b/gi, "****") } };
  return { action: "allow" };
}

/** An address that is good for this method, this file and ten minutes. */
function signed(method, ref) {
  const expires_at = Date.now() + 600_000;
  const signature = createHmac("sha256", secret).update(`${method} ${ref} ${expires_at}`).digest("base64url");
  return { method, url: `${site}/files/${ref}?expires=${expires_at}&signature=${signature}`, expires_at };
}

function upload({ bytes, mime }) {
  if (bytes > FILE_BYTES) return { action: "reject", reason: "A file may have 1 MiB." };
  const ref = randomUUID();
  return { ref, ...signed("PUT", ref), headers: { "Content-Type": mime } };
}

function download({ ref }) {
  return signed("GET", ref);
}

const answers = { "message.check": check, "file.upload": upload, "file.download": download };

async function read(request, bytes) {
  const parts = [];
  for await (const part of request) {
    parts.push(part);
    bytes -= part.length;
    if (bytes < 0) throw new Error("too much");
  }
  return Buffer.concat(parts);
}

/** Of an address that was given out above. */
async function store(request, response, url) {
  const ref = url.pathname.slice("/files/".length);
  const expires = url.searchParams.get("expires");
  const wanted = createHmac("sha256", secret).update(`${request.method} ${ref} ${expires}`).digest();
  const given = Buffer.from(url.searchParams.get("signature") ?? "", "base64url");
  const cors = { "Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": "GET, PUT", "Access-Control-Allow-Headers": "Content-Type" };
  if (request.method === "OPTIONS") return response.writeHead(204, cors).end();
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted) || Date.now() > Number(expires)) return response.writeHead(403, cors).end();
  if (request.method === "PUT") {
    files.set(ref, { type: request.headers["content-type"], bytes: await read(request, FILE_BYTES) });
    if (files.size > FILES) files.delete(files.keys().next().value);
    return response.writeHead(201, cors).end();
  }
  const file = files.get(ref);
  if (!file) return response.writeHead(404, cors).end();
  // Whatever it says it is, a browser runs nothing of it.
  const safe = { "Content-Type": "application/octet-stream", "Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff" };
  return response.writeHead(200, { ...cors, ...safe }).end(file.bytes);
}

async function answer(request, response) {
  const url = new URL(request.url, site);
  if (url.pathname.startsWith("/files/")) return store(request, response, url);
  const { type, data } = webhook.verify((await read(request, 100_000)).toString(), request.headers);
  response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(answers[type](data)));
}

const server = http.createServer((request, response) => {
  answer(request, response).catch(() => response.writeHead(400).end());
});
server.listen(Number(process.env.PORT ?? 9000), "127.0.0.1", () => {
  const { port } = server.address();
  site ??= `http://127.0.0.1:${port}`;
  console.log(`listening on ${port}`);
});
