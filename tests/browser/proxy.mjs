// A wire that can be cut: passes bytes to a server until told otherwise.

import net from "node:net";

export class Proxy {
  #port;
  #sockets = new Set();
  #server = net.createServer((from) => this.#accept(from));
  #isCut = false;

  constructor(port) {
    this.#port = port;
  }

  static async to(world, server) {
    const proxy = new Proxy(server.port);
    await new Promise((done) => proxy.#server.listen(0, "127.0.0.1", done));
    world.atEnd(() => proxy.#end());
    return proxy;
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  /** Every connection ends at once, and new ones are refused. */
  cut() {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }
  mend() {
    this.#isCut = false;
  }

  #accept(from) {
    if (this.#isCut) return from.resetAndDestroy();
    const to = net.connect(this.#port, "127.0.0.1");
    for (const [one, other] of [[from, to], [to, from]]) {
      this.#sockets.add(one);
      one.on("close", () => {
        this.#sockets.delete(one);
        other.destroy();
      });
      one.on("error", () => {}); // "close" follows
      one.pipe(other);
    }
  }

  #end() {
    this.cut();
    return new Promise((done) => this.#server.close(done));
  }
}
