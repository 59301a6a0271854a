// A WebSocket client without manners: it sends what it is told to, answers nothing by itself, reads only while it
// wants to.

import { inflateRawSync } from "node:zlib";
import { createHash, randomBytes } from "node:crypto";
import net from "node:net";

import { signal, within } from "./deadline.mjs";
import { Inbox } from "./matching.mjs";

export const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };

/** One frame as a client sends it. `length` lies about the size of the payload; `mask: false` leaves the mask out. */
export function frame(kind, payload = "", { fin = true, rsv = 0, mask = true, length } = {}) {
  const bytes = Buffer.from(payload);
  const size = length ?? bytes.length;
  const head = [(fin ? 0x80 : 0) | (rsv << 4) | kind];
  if (size < 126) head.push(size);
  else if (size < 65536) head.push(126, size >> 8, size & 255);
  else {
    head.push(127);
    const wide = Buffer.alloc(8);
    wide.writeBigUInt64BE(BigInt(size));
    head.push(...wide);
  }
  if (!mask) return Buffer.concat([Buffer.from(head), bytes]);
  head[1] |= 0x80;
  const key = randomBytes(4);
  return Buffer.concat([Buffer.from(head), key, bytes.map((byte, i) => byte ^ key[i & 3])]);
}

const inflated = (payload) => inflateRawSync(Buffer.concat([payload, Buffer.from([0, 0, 255, 255])]), { finishFlush: 2 });

export const textFrame = (object, options) => frame(opcode.text, JSON.stringify(object), options);

export class RawClient {
  #inbox = new Inbox();
  #ended = signal();
  #deflated = 0; // messages got: the first needs no others to be read, and is the answer to hello
  #buffer = Buffer.alloc(0);

  /** `upgrade: false` connects and says nothing. */
  constructor(port, { path = "/ws", upgrade = true, headers = {} } = {}) {
    const key = randomBytes(16).toString("base64");
    this.socket = net.connect(port, "127.0.0.1");
    this.socket.on("error", () => {}); // a reset is an end like others
    this.socket.on("close", () => {
      this.#inbox.end("the socket is closed");
      this.#ended.resolve();
    });
    if (!upgrade) {
      this.opened = new Promise((resolve) => this.socket.on("connect", resolve));
      this.socket.on("data", () => {});
      return;
    }
    const lines = {
      Host: `127.0.0.1:${port}`,
      Upgrade: "websocket",
      Connection: "Upgrade",
      "Sec-WebSocket-Version": 13,
      "Sec-WebSocket-Key": key,
      ...headers,
    };
    this.socket.write(
      `GET ${path} HTTP/1.1\r\n${Object.entries(lines)
        .map(([name, value]) => `${name}: ${value}\r\n`)
        .join("")}\r\n`,
    );
    this.opened = new Promise((resolve, reject) => {
      let answered = false;
      this.socket.on("data", (data) => {
        this.#buffer = Buffer.concat([this.#buffer, data]);
        if (!answered) {
          const end = this.#buffer.indexOf("\r\n\r\n");
          if (end < 0) return;
          answered = true;
          const head = this.#buffer.subarray(0, end).toString();
          this.#buffer = this.#buffer.subarray(end + 4);
          const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
          if (head.startsWith("HTTP/1.1 101") && head.includes(accept)) resolve();
          else reject(new Error(head));
        }
        this.#parse();
      });
      this.socket.on("close", () => reject(new Error("closed before the upgrade was answered")));
    });
    this.opened.catch(() => {});
  }

  #parse() {
    for (;;) {
      const buffer = this.#buffer;
      if (buffer.length < 2) return;
      let size = buffer[1] & 127;
      let at = 2;
      if (size === 126) {
        if (buffer.length < 4) return;
        size = buffer.readUInt16BE(2);
        at = 4;
      } else if (size === 127) {
        if (buffer.length < 10) return;
        size = Number(buffer.readBigUInt64BE(2));
        at = 10;
      }
      if (buffer.length < at + size) return;
      const payload = buffer.subarray(at, at + size);
      const kind = buffer[0] & 15;
      const got = { kind, payload, masked: (buffer[1] & 128) !== 0, rsv: (buffer[0] >> 4) & 7 };
      const text = got.rsv === 4 && this.#deflated++ === 0 ? inflated(payload) : payload;
      if (kind === opcode.text && (got.rsv === 0 || text !== payload)) got.object = JSON.parse(text.toString());
      if (kind === opcode.close)
        Object.assign(got, {
          code: size >= 2 ? payload.readUInt16BE(0) : 1005,
          reason: payload.subarray(2).toString(),
        });
      this.#buffer = buffer.subarray(at + size);
      this.#inbox.push(got);
    }
  }

  write(...bytes) {
    for (const each of bytes) if (this.socket.writable) this.socket.write(each);
  }

  /** Writes, and waits until the kernel has taken it: an endless sender must not fill its own memory. */
  async pour(bytes) {
    if (this.socket.writable && !this.socket.write(bytes)) {
      await new Promise((resolve) => {
        this.socket.once("drain", resolve);
        this.socket.once("close", resolve);
      });
    }
    return this.socket.writable;
  }

  /** The first frame that matches `{kind, object, code, …}` and was not expected before. */
  expect(pattern) {
    return within(this.#inbox.take(pattern), () => JSON.stringify(pattern));
  }

  /** The close frame. */
  closeFrame() {
    return this.expect({ kind: opcode.close });
  }

  /** Of the socket. */
  ended() {
    return within(this.#ended.promise, "the socket's end");
  }

  async hello(guest) {
    this.write(textFrame({ type: "hello", id: 1, guest }));
    return (await this.expect({ object: { re: 1 } })).object;
  }

  destroy() {
    this.socket.destroy();
  }
}
