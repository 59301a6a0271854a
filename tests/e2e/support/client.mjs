// A chat client that hides nothing: sends objects, keeps every frame, waits for those that match.

import WebSocket from "ws";
import * as cborg from "cborg";

import { DEADLINE_MS, signal, within } from "./deadline.mjs";
import { Inbox } from "./matching.mjs";

const codecs = {
  "confab.v1.json": { write: (object) => JSON.stringify(object), read: (data) => JSON.parse(data), binary: false },
  "confab.v1.cbor": {
    write: (object) => cborg.encode(object),
    read: (data) => cborg.decode(new Uint8Array(data)),
    binary: true,
  },
};

export class Client {
  /** Every frame, in the order it came. */
  frames = [];
  /** @type {{type: "welcome", [key: string]: any}} */
  welcome = undefined;
  /** The answer to the request that asked for the upgrade. @type {import("node:http").IncomingMessage} */
  upgrade = undefined;
  #inbox = new Inbox();
  #closed = signal();
  #lastId = 0;

  /** `early`: the hello that is said within the upgrade request. */
  constructor(url, { protocol = "confab.v1.json", protocols = [protocol], early, ...options } = {}) {
    this.codec = codecs[protocol];
    if (early) protocols = [...protocols, `confab.hello.${Buffer.from(this.codec.write(early)).toString("base64url")}`];
    this.socket = new WebSocket(url, protocols, { perMessageDeflate: false, maxPayload: 64 << 20, ...options });
    this.opened = new Promise((resolve, reject) => {
      this.socket.on("upgrade", (response) => (this.upgrade = response));
      this.socket.on("open", resolve);
      this.socket.on("error", reject);
      this.socket.on("unexpected-response", (request, response) => {
        reject(Object.assign(new Error(`HTTP ${response.statusCode}`), { response }));
        request.destroy();
      });
    });
    this.opened.catch(() => {});
    this.socket.on("message", (data, binary) => {
      if (binary !== this.codec.binary) return this.#inbox.push({ type: "WRONG KIND", data });
      const frame = this.codec.read(data);
      this.frames.push(frame);
      this.#inbox.push(frame);
    });
    this.socket.on("close", (code, reason) => {
      this.#inbox.end(`closed with ${code} ${reason}`);
      this.#closed.resolve({ code, reason: reason.toString() });
    });
  }

  /** Sends `command` as it stands; no reply is waited for. */
  say(command) {
    this.socket.send(this.codec.write(command));
  }

  /** Sends bytes or text as they stand. */
  sayRaw(data, options) {
    this.socket.send(data, options);
  }

  /** Sends `command` with an id of its own; resolves with its reply, be it an error. */
  ask(command) {
    const id = ++this.#lastId;
    this.say({ id, ...command });
    return this.expect({ re: command.id ?? id });
  }

  /** The first frame that matches and was not expected before. */
  expect(pattern, ms = DEADLINE_MS) {
    const describe = () =>
      `${typeof pattern === "function" ? pattern : JSON.stringify(pattern, (_, v) => (typeof v === "function" ? `${v}` : v))}` +
      `; last frames: ${this.frames
        .slice(-5)
        .map((f) => JSON.stringify(f).slice(0, 300))
        .join(" ")}`;
    return within(this.#inbox.take(pattern), describe, ms);
  }

  /** Frames nobody expected so far that match. */
  left(pattern) {
    return this.#inbox.items.filter((frame) => Object.entries(pattern).every(([key, value]) => frame[key] === value));
  }

  /** @returns {Promise<{code: number, reason: string}>} */
  closed(ms = DEADLINE_MS) {
    return within(this.#closed.promise, "the connection's end", ms);
  }

  /** A round trip: whatever the server had to say before has come by now. */
  async settled() {
    await this.ask({ type: "ping" });
  }

  async hello(as) {
    this.welcome = await this.ask({ type: "hello", ...as });
    if (this.welcome.type !== "welcome") throw new Error(`no welcome but ${JSON.stringify(this.welcome)}`);
    return this.welcome;
  }

  /** Says good-bye and waits for the answer. */
  async close() {
    this.socket.close(1000);
    return this.closed();
  }

  /** As a pulled cable, but for the packets that say so. */
  vanish() {
    this.socket.terminate();
  }
}
