// WebKit as Debian packages it, GTK's, by WebDriver (https://www.w3.org/TR/webdriver2/). It needs a display, which Xvfb has.

import { existsSync } from "node:fs";
import net from "node:net";

import { DEADLINE_MS, until, within } from "../../e2e/support/deadline.mjs";
import { directory, start } from "./program.mjs";
import { Tab } from "./tab.mjs";

const LIBRARIES = `/usr/lib/${{ x64: "x86_64", arm64: "aarch64" }[process.arch]}-linux-gnu`;
const MINI_BROWSER = process.env.MINI_BROWSER ?? ["webkit2gtk-4.1", "webkitgtk-6.0", "webkit2gtk-4.0"].map((name) => `${LIBRARIES}/${name}/MiniBrowser`).find(existsSync);

class WebKitTab extends Tab {
  #say;
  constructor(say) {
    super();
    this.#say = say;
  }

  goto(url) {
    return this.#say("POST", "/url", { url });
  }
  async call(source, args) {
    const script = `const done = arguments[1]; (${source})(...JSON.parse(arguments[0])).then((value) => done({ value }), (error) => done({ error: String(error) }))`;
    const { value, error } = await this.#say("POST", "/execute/async", { script, args: [JSON.stringify(args)] });
    if (error) throw new Error(error);
    return value;
  }
  act(actions) {
    return this.#say("POST", "/actions", { actions });
  }
  async screenshot() {
    return Buffer.from(await this.#say("GET", "/screenshot"), "base64");
  }
  close() {
    return this.#say("DELETE", "");
  }
}

async function freePort() {
  const server = net.createServer();
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return port;
}

export async function webkit() {
  const home = await directory();
  const env = { HOME: home.path, XDG_RUNTIME_DIR: home.path, WEBKIT_DISABLE_COMPOSITING_MODE: "1", NO_AT_BRIDGE: "1" };
  const display = await start("Xvfb", ["-displayfd", "1", "-screen", "0", "1400x900x24", "-nolisten", "tcp"], /^(\d+)\n/);
  const port = await freePort();
  const driver = await start("WebKitWebDriver", ["--host=127.0.0.1", `--port=${port}`], null, { ...env, DISPLAY: `:${display.said[1]}` });
  const windows = new Set();
  const ask = async (method, path, body) => {
    const answer = await within(fetch(`http://127.0.0.1:${port}${path}`, { method, body: body && JSON.stringify(body) }), `WebKit's answer to ${path}`, 60_000);
    const { value } = await answer.json();
    if (value?.error) throw new Error(`${value.error}: ${value.message}`);
    return value;
  };
  await until("WebKit's driver answers", () => ask("GET", "/status").then(({ ready }) => ready, () => false));
  return {
    /** A window of a browser of its own. */
    async open(url) {
      const { sessionId } = await ask("POST", "/session", {
        capabilities: { alwaysMatch: { "webkitgtk:browserOptions": { binary: MINI_BROWSER, args: ["--automation"] }, timeouts: { script: 3 * DEADLINE_MS } } },
      });
      const tab = new WebKitTab((method, path, body) => ask(method, `/session/${sessionId}${path}`, body));
      windows.add(tab);
      await tab.goto(url);
      return tab;
    },
    async close() {
      for (const tab of windows) await tab.close().catch(() => {});
      await driver.end();
      await display.end();
      await home.remove();
    },
  };
}
