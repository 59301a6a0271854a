// One WebSocket from opening to loss: frames in and out, the handshake's deadline, and whether the peer is alive.

import { CONNECTION_LOST, HEARTBEAT_MISSED, NORMAL, NO_STATUS } from "./codes.js";
import { outline } from "./trace.js";

const HEARTBEAT_MS = 25_000;
/** What a server may ask for: oftener would be a load, more rarely a connection that is dead for minutes. */
const HEARTBEAT_MS_MIN = 1000;
const HEARTBEAT_MS_MAX = 120_000;
/** After a wake-up an answer takes no longer, or the connection is dead. */
const WAKE_MS = 3000;
/** A closing handshake may take so long; whoever never answers is not waited for. */
const CLOSING_MS = 500;
const SUBPROTOCOL = "confab.v1.json";
/** Of hello within the upgrade request. Proxies bound a header at 8 KiB or more, and cookies may stand beside it. */
const EARLY_HELLO_MAX = 4096;

/**
 * @typedef {object} ConnectionEvents
 * @property {(text: unknown) => void} frame
 * @property {(code: number, reason: string) => void} lost exactly once, unless `close` was called before
 */

export class Connection {
  #timer = /** @type {unknown} */ (null);
  #heard = 0;
  #heartbeatMs = 0;
  #waking = false;
  #silent = false;
  #over = false;
  #options;
  opened = false;
  /** What the socket said of its failure; browsers' say nothing. */
  detail = "";

  /**
   * @param {object} options
   * @param {import("./confab.js").SocketConstructor} options.WebSocket
   * @param {string} options.url
   * @param {string} options.hello what to say first
   * @param {import("./confab.js").Environment} options.env
   * @param {number} options.connectTimeoutMs
   * @param {number} options.heartbeatSlackMs
   * @param {() => number} options.nextId
   * @param {ConnectionEvents} options.events
   * @param {(event: string, fields: () => object) => void} options.trace
   */
  constructor(options) {
    const { WebSocket, url, hello, env, connectTimeoutMs, events, trace } = options;
    this.#options = options;
    this.url = url;
    // Said in the request it saves a round trip. A browser can send nothing else with it.
    const early = !globalThis.btoa ? "" : `confab.hello.${base64url(hello)}`;
    const fits = early && early.length <= EARLY_HELLO_MAX;
    const socket = new WebSocket(url, fits ? [SUBPROTOCOL, early] : [SUBPROTOCOL]);
    this.socket = socket;
    trace("socket", () => ({ url, hello: fits ? "early" : "late" }));
    socket.onopen = () => {
      this.opened = true;
      trace("open", () => ({ protocol: socket.protocol }));
      if (!fits) this.send(hello);
    };
    socket.onmessage = ({ data }) => {
      this.#heard = env.now();
      this.#silent = false;
      trace("in", () => outline(data));
      events.frame(data);
    };
    socket.onclose = ({ code, reason }) => this.#lost(code ?? NO_STATUS, String(reason ?? ""));
    // "close" follows and says more. It must be set: npm's `ws` throws errors that nobody listens for.
    socket.onerror = (event) => (this.detail = String(event?.error?.message || event?.message || event?.error?.code || ""));
    this.#arm(connectTimeoutMs, () => this.drop("no session in time"));
  }

  /** The server said welcome. @param {number} [heartbeatMs] */
  welcomed(heartbeatMs) {
    this.#heartbeatMs = Math.min(Math.max(Number(heartbeatMs) || HEARTBEAT_MS, HEARTBEAT_MS_MIN), HEARTBEAT_MS_MAX);
    this.#watch();
  }

  /** Is anybody there? Asked, and answered soon, when the network is said to have changed or the program was asleep. */
  probe() {
    if (this.#waking) return;
    this.#waking = true;
    if (this.#heartbeatMs > 0) this.#ask(WAKE_MS);
    else this.#arm(WAKE_MS, () => this.drop("no session in time"));
  }

  /** @param {string} text */
  send(text) {
    this.#options.trace("out", () => outline(text));
    try {
      this.socket.send(text);
    } catch {
      // A socket that closes: its "close" is on the way, and what was not sent counts as lost then.
    }
  }

  /** Says good-bye; nothing is reported any more. */
  close() {
    this.#end();
    this.#closeSocket(NORMAL);
  }

  /** Gives up a connection that seems dead, without waiting for a close handshake that a dead one never answers. @param {string} reason */
  drop(reason) {
    this.#lost(CONNECTION_LOST, reason);
    this.#closeSocket(HEARTBEAT_MISSED);
  }

  /**
   * A browser hides the server's pings, so silence has to be broken with a command of our own. What counts is the time
   * heard last, not the timer: timers of hidden pages come late, those of a laptop that slept come all at once.
   */
  #watch() {
    this.#waking = false;
    const idle = this.#options.env.now() - this.#heard;
    if (idle >= this.#heartbeatMs) return this.#ask(this.#options.heartbeatSlackMs);
    this.#arm(this.#heartbeatMs - idle, () => this.#watch());
  }

  /** @param {number} ms that the answer may take */
  #ask(ms) {
    this.#silent = true;
    this.#arm(ms, () => {
      if (this.#silent) this.drop("nothing heard");
      else this.#watch();
    });
    // With an id, as only then the server answers.
    this.send(JSON.stringify({ type: "ping", id: this.#options.nextId() }));
  }

  /** @param {number} ms @param {() => void} then */
  #arm(ms, then) {
    this.#options.env.clearTimeout(this.#timer);
    this.#timer = this.#options.env.setTimeout(then, ms);
  }

  /** @param {number} code @param {string} reason */
  #lost(code, reason) {
    if (this.#over) return;
    this.#end();
    this.#options.events.lost(code, reason);
  }

  #end() {
    this.#over = true;
    this.socket.onopen = this.socket.onmessage = this.socket.onclose = null;
    this.#options.env.clearTimeout(this.#timer);
  }

  /** @param {number} code */
  #closeSocket(code) {
    const { socket } = this;
    const { env } = this.#options;
    // npm's `ws` waits half a minute for the peer's close, and Node does not end before.
    if (socket.terminate) {
      const late = env.setTimeout(() => socket.terminate?.(), CLOSING_MS);
      socket.onclose = () => env.clearTimeout(late);
    }
    try {
      socket.close(code);
    } catch {
      // Some implementations throw while connecting; the socket is forgotten all the same.
    }
  }
}

/** RFC 4648 §5, without padding: all of its digits may stand in the name of a subprotocol. @param {string} text */
function base64url(text) {
  return btoa(unescape(encodeURIComponent(text))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
}
