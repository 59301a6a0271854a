// A bot: answers "!time" and "!roll" in one room. It runs on Node 18 and later.
//
//   CONFAB_URL=ws://127.0.0.1:8080/ws CONFAB_TOKEN=eyJ… node bot.mjs general
//
// Without a token it is the guest "bot". With the same key an answer is there once, even if the bot is started twice.

import { ConfabClient } from "confab-sdk";
import { WebSocket } from "ws";

const [room = "general"] = process.argv.slice(2);
const { CONFAB_URL: url = "ws://127.0.0.1:8080/ws", CONFAB_TOKEN: token } = process.env;

const answers = {
  "!time": () => new Date().toISOString(),
  "!roll": () => `${1 + Math.floor(Math.random() * 6)}`,
};

const client = new ConfabClient({ url, WebSocket, ...(token ? { token } : { guest: "bot" }) });
client.on("error", (error) => console.error(error.message));
client.on("message", ({ room, seq, from, text = "", deleted }) => {
  const answer = answers[text.trim()];
  if (!answer || deleted || from === client.user.id) return;
  client.send(room, answer(), { key: `answer-${seq}` }).catch((error) => console.error(error.message));
});

process.once("SIGINT", () => client.stop());
process.once("SIGTERM", () => client.stop());

await client.connect();
await client.join(room);
console.error(`listening in ${room} of ${url.replace(/^ws/, "http")} as ${client.user.id}`);
