// Firefox as Debian packages it, by WebDriver BiDi, which it speaks itself (https://w3c.github.io/webdriver-bidi/).

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import WebSocket from "ws";

import { within } from "../../e2e/support/deadline.mjs";
import { directory, start } from "./program.mjs";
import { Tab } from "./tab.mjs";

/** It talks to nobody but the server under test. */
const PREFERENCES = {
  "app.normandy.enabled": false,
  "app.update.disabledForTesting": true,
  "browser.safebrowsing.downloads.enabled": false,
  "browser.safebrowsing.malware.enabled": false,
  "browser.safebrowsing.phishing.enabled": false,
  "browser.shell.checkDefaultBrowser": false,
  "browser.startup.page": 0,
  "datareporting.policy.dataSubmissionEnabled": false,
  "extensions.systemAddon.update.enabled": false,
  "media.gmp-manager.updateEnabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "services.settings.server": "data:,",
  "toolkit.telemetry.server": "data:,",
};

class FirefoxTab extends Tab {
  #say;
  #context;

  constructor(say, context) {
    super();
    this.#say = say;
    this.#context = context;
  }

  goto(url) {
    return this.#say("browsingContext.navigate", { context: this.#context, url, wait: "complete" });
  }
  async call(source, args) {
    const { type, result, exceptionDetails } = await this.#say("script.callFunction", {
      functionDeclaration: `(args) => (${source})(...JSON.parse(args))`, arguments: [{ type: "string", value: JSON.stringify(args) }],
      target: { context: this.#context }, awaitPromise: true,
    });
    if (type !== "success") throw new Error(exceptionDetails.text);
    return result.value;
  }
  act(actions) {
    return this.#say("input.performActions", { context: this.#context, actions });
  }
  async screenshot() {
    return Buffer.from((await this.#say("browsingContext.captureScreenshot", { context: this.#context })).data, "base64");
  }
  close() {
    return this.#say("browsingContext.close", { context: this.#context });
  }
}

export async function firefox() {
  const profile = await directory();
  const preferences = Object.entries(PREFERENCES).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`);
  await writeFile(join(profile.path, "user.js"), preferences.join("\n"));
  const { said, end } = await start(
    process.env.FIREFOX ?? "firefox-esr",
    ["--headless", "--no-remote", "--profile", profile.path, "--remote-debugging-port", "0", "--width", "1280", "--height", "800", "about:blank"],
    /WebDriver BiDi listening on (ws:\S+)/,
    { HOME: profile.path },
  );
  const socket = new WebSocket(`${said[1]}/session`, { perMessageDeflate: false });
  await within(new Promise((opened, failed) => socket.on("open", opened).on("error", failed)), "a connection to Firefox");
  const asked = new Map();
  const tabs = new Map();
  let last = 0;
  socket.on("message", (data) => {
    const { id, type, result, method, params, error, message } = JSON.parse(data);
    if (type === "event") {
      if (method === "log.entryAdded" && params.level === "error") tabs.get(params.source.context)?.complaints.push(params.text);
      return;
    }
    const { resolve, reject } = asked.get(id);
    asked.delete(id);
    if (type === "success") resolve(result);
    else reject(new Error(`${error}: ${message}`));
  });
  const say = (method, params = {}) => {
    const id = ++last;
    const answer = new Promise((resolve, reject) => asked.set(id, { resolve, reject }));
    socket.send(JSON.stringify({ id, method, params }));
    return within(answer, `Firefox's answer to ${method}`, 60_000);
  };
  await say("session.new", { capabilities: {} });
  await say("session.subscribe", { events: ["log.entryAdded"] });
  return {
    /** A tab of somebody else: with a storage of its own. */
    async open(url) {
      const { userContext } = await say("browser.createUserContext");
      const { context } = await say("browsingContext.create", { type: "tab", userContext });
      const tab = new FirefoxTab(say, context);
      tabs.set(context, tab);
      await tab.goto(url);
      return tab;
    },
    async close() {
      socket.terminate();
      await end();
      await profile.remove();
    },
  };
}
