// The React example, built as its users build it, in a browser: under StrictMode, rendered there or on a server.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

import { DEADLINE_MS } from "../e2e/support/deadline.mjs";
import { blocksOf } from "../e2e/support/documents.mjs";
import { scenario } from "../e2e/support/world.mjs";
import { desktop } from "./chromium.mjs";
import { openBrowser, theBrowser } from "./stage.mjs";

// Pages that a test makes up come from nowhere, in the eyes of Chromium, and may not connect to this machine.
openBrowser(["--disable-features=LocalNetworkAccessChecks"]);

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const example = path("../../examples/react");
/** As if the packages were installed beside the example. */
const installed = { bundle: true, jsx: "automatic", write: false, nodePaths: [path("../node_modules")], alias: { "confab-sdk": path("../../sdk") } };

let script, html, style, rendered;
before(async () => {
  const client = await build({ ...installed, entryPoints: [join(example, "main.tsx")], define: { "process.env.NODE_ENV": '"development"' } });
  script = client.outputFiles[0].text;
  html = await readFile(join(example, "index.html"), "utf8");
  style = await readFile(join(example, "style.css"), "utf8");
  const contents = `
    import { renderToString } from "react-dom/server";
    import { App } from "./App.tsx";
    export const render = (options) => renderToString(<App options={options} />);`;
  const server = await build({ ...installed, stdin: { contents, loader: "tsx", resolveDir: example }, platform: "node", format: "cjs" });
  const directory = await mkdtemp(join(tmpdir(), "confab-react-"));
  after(() => rm(directory, { recursive: true, force: true }));
  await writeFile(join(directory, "render.cjs"), server.outputFiles[0].text);
  ({ render: rendered } = (await import(pathToFileURL(join(directory, "render.cjs")))).default);
});

/** Someone who uses the example, as if the server had it. */
async function meet(world, server, name, { markup = "" } = {}) {
  const context = await theBrowser().newContext(desktop);
  context.setDefaultTimeout(DEADLINE_MS);
  world.atEnd(() => context.close());
  const page = await context.newPage();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(error.stack));
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
  let sockets = 0;
  page.on("websocket", () => sockets++);
  const files = {
    "/example/": ["text/html", html.replace(`<div id="root">`, `<div id="root">${markup}`)],
    "/example/dist/main.js": ["text/javascript", script],
    "/example/style.css": ["text/css", style],
    "/favicon.ico": ["image/png", ""],
  };
  await page.route(`${server.url}/**`, (route) => {
    const [contentType, body] = files[new URL(route.request().url()).pathname] ?? [];
    return body === undefined ? route.continue() : route.fulfill({ contentType, body });
  });
  await page.goto(`${server.url}/example/?user=${name}`);
  await page.getByText("0 unread").waitFor();
  return {
    page, complaints, sockets: () => sockets,
    say: async (text) => {
      await page.getByLabel("Message", { exact: true }).fill(text);
      await page.getByRole("button", { name: "Send" }).click();
    },
    row: (text) => page.locator("ol > li", { has: page.locator(".text", { hasText: new RegExp(`^${text}$`) }) }),
    enter: async (room) => {
      await page.getByLabel("Another room").fill(room);
      await page.getByLabel("Another room").press("Enter");
    },
  };
}

scenario("rooms, threads, unread counts, typing, reactions and direct messages by hooks", async (world) => {
  const server = await world.server();
  const alice = await meet(world, server, "alice");
  const bob = await meet(world, server, "bob");
  await alice.page.getByText("2 online: alice, bob").waitFor();

  await alice.say("hello");
  await bob.row("hello").waitFor();
  await bob.row("hello").getByRole("button", { name: "Like" }).click();
  await alice.row("hello").getByText("👍 1").waitFor();
  await bob.page.getByLabel("Message", { exact: true }).pressSequentially("hm");
  await alice.page.getByText("bob typing…").waitFor();
  await bob.row("hello").getByRole("button", { name: "Reply" }).click();
  await bob.say("in a thread");
  await alice.row("hello").getByRole("button", { name: "Thread (1)" }).click();
  await alice.row("in a thread").waitFor();
  await alice.page.getByRole("button", { name: "Back to general" }).click();
  await alice.row("in a thread").waitFor({ state: "detached" });
  await bob.page.getByRole("button", { name: "Back to general" }).click();
  await bob.enter("attic");
  await bob.page.getByRole("heading", { name: "attic" }).waitFor();
  await alice.say("are you gone?");
  await bob.page.getByRole("button", { name: "general (1)" }).waitFor();
  await bob.page.getByText("1 unread").waitFor();
  await bob.page.getByRole("button", { name: "general (1)" }).click();
  await bob.row("are you gone\\?").waitFor();
  await bob.page.getByText("0 unread").waitFor();
  await bob.row("hello").getByRole("button", { name: "alice" }).click();
  await bob.say("psst");
  await alice.page.getByRole("button", { name: "bob (1)" }).waitFor();

  for (const person of [alice, bob]) {
    assert.deepEqual(person.complaints, []);
    assert.equal(person.sockets(), 1, "StrictMode mounts twice, and connects once");
  }
});

scenario("a message is shown before it is sent, says when it failed, and is sent again", async (world) => {
  const server = await world.server();
  const alice = await meet(world, server, "alice");
  let answer = false;
  await alice.page.routeWebSocket("**/ws", (page) => {
    const wire = page.connectToServer();
    page.onMessage((text) => {
      const { id, type } = JSON.parse(text);
      if (type !== "send" || answer) wire.send(text);
      else page.send(JSON.stringify({ type: "error", re: id, code: "forbidden", message: "not now", retry: false }));
    });
  });
  await alice.page.reload();
  await alice.page.getByText("1 online").waitFor();

  await alice.say("hello");
  await alice.page.locator("li.failed", { hasText: "hello" }).waitFor();
  answer = true;
  await alice.page.getByRole("button", { name: "Try again" }).click();

  await alice.page.locator("li.stored", { hasText: "hello" }).waitFor();
});

scenario("what was rendered on a server is taken over in the browser", async (world) => {
  const server = await world.server();
  const markup = rendered({ guest: "alice" });
  assert.match(markup, /Connecting…/);

  const alice = await meet(world, server, "alice", { markup });
  await alice.say("hello");
  await alice.page.locator("li.stored", { hasText: "hello" }).waitFor();

  assert.deepEqual(alice.complaints, [], "React complains where both differ");
});

scenario("a component that goes stops its client, and one that comes back connects anew", async (world) => {
  const server = await world.server();
  const contents = `
    import { useState } from "react";
    import { createRoot } from "react-dom/client";
    import { ConfabProvider, useRoom } from "confab-sdk/react";
    function Room() {
      const { joined, online } = useRoom("general");
      return <p>{joined ? online + " online" : "joining"}</p>;
    }
    function Page() {
      const [on, setOn] = useState(true);
      return <><button onClick={() => setOn(!on)}>Chat</button>{on ? <ConfabProvider options={{ guest: "alice" }}><Room /></ConfabProvider> : "closed"}</>;
    }
    createRoot(document.getElementById("root")).render(<Page />);`;
  const { outputFiles } = await build({ ...installed, stdin: { contents, loader: "tsx", resolveDir: example }, define: { "process.env.NODE_ENV": '"production"' } });
  const page = await (await theBrowser().newContext(desktop)).newPage();
  page.setDefaultTimeout(DEADLINE_MS);
  world.atEnd(() => page.context().close());
  await page.route(`${server.url}/example`, (route) => route.fulfill({ contentType: "text/html", body: `<div id="root"></div><script>${outputFiles[0].text.replaceAll("</script", "<\\/script")}</script>` }));
  await page.goto(`${server.url}/example`);
  await page.getByText("1 online").waitFor();

  const gone = page.waitForEvent("websocket");
  await page.getByRole("button", { name: "Chat" }).click();
  await page.getByText("closed").waitFor();
  const watcher = await world.member(server, "watcher", "general");
  await watcher.ask({ type: "ping" });
  await page.getByRole("button", { name: "Chat" }).click();

  await gone;
  await page.getByText("2 online").waitFor();
});

/** What `source` exports, run here as on a server. */
async function onServer(source) {
  const contents = `import { renderToString } from "react-dom/server"; ${source}`;
  const { outputFiles } = await build({ ...installed, stdin: { contents, loader: "tsx", resolveDir: example }, platform: "node", format: "cjs" });
  const module = { exports: {} };
  new Function("module", "exports", "require", outputFiles[0].text)(module, module.exports, createRequire(import.meta.url));
  return module.exports;
}

test("hooks without a provider say what is missing", async () => {
  const { attempt } = await onServer(`
    import { useConfab } from "confab-sdk/react";
    const Lost = () => useConfab().unread;
    export const attempt = () => renderToString(<Lost />);`);

  assert.throws(attempt, /no <ConfabProvider> around/);
});

test("the inbox has the rooms that are not hidden, the one last written in first", async () => {
  const { markup } = await onServer(`
    import { ConfabProvider, useInbox } from "confab-sdk/react";
    const rooms = [["old", 1], ["new", 2], ["hidden", 3], ["empty"]].map(([key, at]) => ({ key, own: { hidden: key === "hidden" }, messages: at ? [{ at }] : [] }));
    const snapshot = { rooms, unread: 3, mentions: 1 };
    const store = { client: {}, subscribe: () => () => {}, getSnapshot: () => snapshot };
    const Inbox = () => {
      const { rooms, unread, mentions } = useInbox();
      return [...rooms.map(({ key }) => key), unread, mentions].join();
    };
    export const markup = renderToString(<ConfabProvider store={store}><Inbox /></ConfabProvider>);`);

  assert.equal(markup, "new,old,empty,3,1");
});

test("what the client library's README shows of hooks can be rendered", async () => {
  const { content } = (await blocksOf("../sdk/README.md")).find(({ info }) => info === "jsx");
  const shown = "return <p>{connection.state} {messages.length} {typing.length} {[send, retry, setTyping].map((one) => typeof one).join()}</p>;";

  const { markup } = await onServer(`${content.replace("…", shown)} const fetchToken = async () => ""; export const markup = renderToString(<App />);`);

  assert.equal(markup.replaceAll("<!-- -->", ""), "<p>idle 0 0 function,function,function</p>");
});
