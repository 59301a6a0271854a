// Connections for bytes: HTTP as no client would write it.

import net from "node:net";

import { within } from "../../e2e/support/deadline.mjs";

export const request = (first, ...headers) => `${[first, ...headers].join("\r\n")}\r\n\r\n`;

/** A connection for bytes; `text` is what has come. */
export class Line {
  text = "";
  constructor(port) {
    this.socket = net.connect(port, "127.0.0.1");
    this.socket.on("error", () => {});
    this.socket.on("data", (data) => (this.text += data.toString("latin1")));
    this.ended = new Promise((resolve) => this.socket.on("close", resolve));
  }
  destroy() {
    this.socket.destroy();
  }
  /** The codes of all answers, once the server has hung up. */
  async codes() {
    await within(this.ended, () => `the connection's end; so far ${JSON.stringify(this.text.slice(0, 300))}`);
    return [...this.text.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => Number(match[1]));
  }
}

export const line = (cage) => {
  const made = new Line(cage.server.port);
  cage.clients.push(made);
  return made;
};

/** What comes of `bytes` on a connection of their own. `half`: no more is sent. */
export async function codesOf(cage, bytes) {
  const one = line(cage);
  one.socket.end(bytes);
  const codes = await one.codes();
  one.destroy();
  return codes;
}
