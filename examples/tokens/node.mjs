// A backend that says who its users are, in Node without packages. It has two parts:
//   /login?as=alice   stands for your own sign-in: it makes a session and keeps it in a cookie
//   /chat-token       is what you need: it answers the session's user with a token for the chat
// Beside them it serves a folder with your page.
//
//   node node.mjs FOLDER       PORT=8000 CONFAB_JWT_SECRET_FILE=secret

import { createHmac, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";

const folder = process.argv[2] ?? ".";
const { PORT = "8000", CONFAB_JWT_SECRET_FILE = "secret" } = process.env;
const secret = readFileSync(CONFAB_JWT_SECRET_FILE, "utf8").replace(/\n$/, ""); // as the chat server reads it
const sessions = new Map();

const base64 = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

function tokenFor({ id, name }) {
  const exp = Math.floor(Date.now() / 1000) + 10 * 60; // short: the client asks for another one in time
  const text = `${base64({ alg: "HS256", typ: "JWT" })}.${base64({ sub: id, name, exp })}`;
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
}

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, "http://localhost");
  const session = sessions.get(/(?:^|; )session=([^;]+)/.exec(request.headers.cookie ?? "")?.[1]);
  if (pathname === "/login" && searchParams.get("as")) {
    const key = randomUUID();
    sessions.set(key, { id: searchParams.get("as"), name: searchParams.get("as") });
    response.writeHead(303, { Location: "/", "Set-Cookie": `session=${key}; HttpOnly; SameSite=Lax; Path=/` }).end();
  } else if (pathname === "/chat-token") {
    if (!session) return response.writeHead(401).end("sign in first\n");
    response.writeHead(200, { "Content-Type": "text/plain", "Cache-Control": "no-store" }).end(tokenFor(session));
  } else if (pathname === "/") {
    response.writeHead(200, { "Content-Type": "text/html; charset=utf-8" }).end(readFileSync(join(folder, "index.html")));
  } else response.writeHead(404).end();
});
server.listen(Number(PORT), "127.0.0.1", () => console.error(`listening on http://127.0.0.1:${server.address().port}`));
