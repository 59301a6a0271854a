// <confab-chat> and <confab-room> on pages of another origin: the example, and pages made up here.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import http from "node:http";

import { SECRET, inSeconds, secretFile, sign } from "../e2e/support/tokens.mjs";
import { DEADLINE_MS } from "../e2e/support/deadline.mjs";
import { scenario } from "../e2e/support/world.mjs";
import { faults } from "./axe.mjs";
import { desktop } from "./chromium.mjs";
import { Proxy } from "./proxy.mjs";
import { openBrowser, theBrowser } from "./stage.mjs";

openBrowser();

const example = await readFile(new URL("../../examples/html/index.html", import.meta.url), "utf8");

/** Another server, with these answers by path: type, body and, where they are others, content security policy and status. */
async function site(world, answers = {}) {
  const server = http.createServer((request, response) => {
    const [type, body, policy = "object-src 'none'", status = 200] = answers[new URL(request.url, "http://x").pathname] ?? ["text/plain", ""];
    response.writeHead(status, { "Content-Type": type, "Content-Security-Policy": policy });
    response.end(typeof body === "function" ? body(request) : body);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  world.atEnd(() => new Promise((done) => (server.closeAllConnections(), server.close(done))));
  return { answers, url: `http://127.0.0.1:${server.address().port}` };
}

const pageOf = (chat, body, { lang = 'lang="en"' } = {}) => [
  "text/html; charset=utf-8",
  `<!doctype html><html ${lang}><head><title>A page</title><style>confab-chat, confab-room { height: 20rem }</style>
   <script type="module" src="${chat}/sdk/elements.js"></script></head><body><main><h1>A page</h1>${body}</main></body></html>`,
];

async function open(world, url, options) {
  const context = await theBrowser().newContext({ ...desktop, ...options });
  context.setDefaultTimeout(DEADLINE_MS);
  world.atEnd(() => context.close());
  const page = await context.newPage();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(error.stack));
  page.on("console", (message) => message.type() === "error" && !/ERR_|WebSocket|favicon/.test(message.text()) && complaints.push(message.text()));
  await page.goto(url);
  return {
    page, complaints,
    box: page.getByRole("textbox", { name: "Message" }),
    row: (text) => page.locator("confab-room li.message", { has: page.locator(".text", { hasText: new RegExp(`^${text}$`) }) }),
    async say(text) {
      await this.box.fill(text);
      await this.box.press("Enter");
      await this.row(text).and(page.locator(".stored")).waitFor();
    },
  };
}

scenario("the example: two people write, choose rooms and see what is unread", async (world) => {
  const own = await site(world);
  const chat = await world.server(["--origins", own.url]);
  own.answers["/"] = ["text/html; charset=utf-8", example.replaceAll("http://127.0.0.1:8080", chat.url)];
  const alice = await open(world, `${own.url}/?user=alice`);
  const bob = await open(world, `${own.url}/?user=bob`);
  await alice.page.getByText("2 online").waitFor();

  await bob.box.pressSequentially("he");
  await alice.page.getByText("bob … typing").waitFor();
  await bob.say("hello **alice**, see https://e.org".replaceAll("**", ""));
  await alice.say("hi");
  await alice.row("hello alice, see https://e.org").getByRole("link", { name: "https://e.org" }).waitFor();
  await bob.page.evaluate(() => (document.querySelector("confab-chat").room = "@alice"));
  await bob.say("psst");
  const direct = alice.page.getByRole("navigation", { name: "Rooms" }).getByRole("button", { name: "bob 1 unread" });
  await direct.click();
  await alice.row("psst").waitFor();
  await alice.page.getByRole("button", { name: "bob", exact: true }).and(alice.page.locator("[aria-current]")).waitFor();

  assert.deepEqual(await faults(alice.page), []);
  await alice.page.emulateMedia({ colorScheme: "dark" });
  assert.deepEqual(await faults(alice.page), []);
  for (const { complaints } of [alice, bob]) assert.deepEqual(complaints, []);
});

scenario("one room by a token of the page's own server", async (world) => {
  const own = await site(world);
  const chat = await world.server(["--origins", own.url, "--jwt-secret-file", await secretFile(world)]);
  let asked = 0;
  own.answers["/token"] = ["text/plain", () => sign({ sub: "carol", name: "Carol C.", exp: inSeconds(600) }, SECRET, { alg: "HS256" }) + (asked++, "\n")];
  own.answers["/"] = pageOf(chat.url, `<confab-chat url="${chat.url}/ws" token-url="/token"><confab-room room="support"></confab-room></confab-chat>`);
  const carol = await open(world, own.url);

  await carol.say("help");

  await carol.row("help").getByText("Carol C.").waitFor();
  assert.equal(await carol.page.getByRole("navigation").count(), 0, "the list of rooms gives way to what stands in the element");
  assert.equal(asked, 1);
  assert.deepEqual([await faults(carol.page), carol.complaints], [[], []]);
});

scenario("who is not signed in is told so, and is connected when they are", async (world) => {
  const own = await site(world);
  const chat = await world.server(["--origins", own.url, "--jwt-secret-file", await secretFile(world)]);
  own.answers["/token"] = ["text/plain", "sign in first\n", undefined, 401];
  own.answers["/"] = pageOf(chat.url, `<confab-chat url="${chat.url}/ws" token-url="/token"></confab-chat>`);
  const carol = await open(world, own.url);
  await carol.page.getByRole("status").getByText("You are not signed in.").waitFor();

  own.answers["/token"] = ["text/plain", () => sign({ sub: "carol", exp: inSeconds(600) }, SECRET, { alg: "HS256" })];

  await carol.say("help");
  assert.equal(await carol.page.getByText("You are not signed in.").count(), 0);
});

scenario("written from the right, in the reader's words, in the page's colours", async (world) => {
  const own = await site(world);
  const chat = await world.server(["--origins", own.url]);
  own.answers["/"] = pageOf(chat.url, `
    <style>html { color-scheme: dark } confab-chat { --confab-accent: rgb(1, 2, 3) } confab-chat::part(send) { text-transform: uppercase }</style>
    <confab-chat url="${chat.url}/ws" guest="dana" name="דנה"></confab-chat>
    <script type="module">document.querySelector("confab-chat").labels = { send: "שלח", online: (n) => n + " מחוברים" };</script>`, { lang: 'lang="he" dir="rtl"' });
  const dana = await open(world, own.url, { locale: "en-US" });

  await dana.page.getByText("1 מחוברים").waitFor();
  await dana.say("shalom");

  const [list, room] = [await dana.page.getByRole("navigation").boundingBox(), await dana.page.getByRole("log").boundingBox()];
  assert.ok(list.x > room.x, "the list stands at the right");
  // "1:38 AM" in a page that runs to the left: the number comes first all the same.
  const [hour, half] = await dana.page.getByRole("log").locator("time").first().evaluate((time) => {
    const range = document.createRange();
    const at = (from, to) => (range.setStart(time.firstChild, from), range.setEnd(time.firstChild, to), range.getBoundingClientRect().x);
    return [at(0, 1), at(time.textContent.length - 1, time.textContent.length)];
  });
  assert.ok(hour < half, "a time keeps its direction");
  const send = dana.page.getByRole("button", { name: "שלח" });
  const style = await send.evaluate((button) => {
    const { backgroundColor, textTransform } = getComputedStyle(button);
    return [backgroundColor, textTransform, getComputedStyle(button.getRootNode().host).backgroundColor];
  });
  assert.deepEqual(style, ["rgb(1, 2, 3)", "uppercase", "rgb(26, 28, 32)"]);
  assert.deepEqual(dana.complaints, []);
});

scenario("what is written offline, and a draft, survive a reload; a refusal can be tried again", async (world) => {
  const own = await site(world);
  const chat = await world.server(["--origins", own.url]);
  const wire = await Proxy.to(world, chat);
  own.answers["/"] = pageOf(chat.url, `<confab-chat url="${wire.url}/ws" guest="bob"></confab-chat>`);
  const bob = await open(world, own.url);
  await bob.page.getByText("1 online").waitFor();

  wire.cut();
  await bob.page.getByText("Connecting…").waitFor();
  await bob.box.fill("later");
  await bob.box.press("Enter");
  await bob.row("later").and(bob.page.locator(".sending")).waitFor();
  await bob.box.fill("half a sen");
  await bob.page.reload();
  await bob.page.waitForFunction(() => document.querySelector("confab-chat").shadowRoot.querySelector("confab-room").shadowRoot.getElementById("input").value === "half a sen");
  wire.mend();
  await bob.row("later").and(bob.page.locator(".stored")).waitFor();

  let refuse = true;
  await bob.page.routeWebSocket("**/ws", (page) => {
    const server = page.connectToServer();
    page.onMessage((text) => {
      const { id, type } = JSON.parse(text);
      if (type !== "send" || !refuse) return server.send(text);
      page.send(JSON.stringify({ type: "error", re: id, code: "forbidden", message: "not now", retry: false }));
    });
  });
  await bob.page.reload();
  await bob.page.getByText("1 online").waitFor();
  await bob.box.fill("please");
  await bob.page.getByRole("button", { name: "Send" }).click();
  await bob.row("please").getByText("Not sent. forbidden: not now").waitFor();
  assert.deepEqual(await faults(bob.page), []);
  refuse = false;
  await bob.row("please").getByRole("button", { name: "Try again" }).click();

  await bob.row("please").and(bob.page.locator(".stored")).waitFor();
  assert.deepEqual(bob.complaints, []);
});

scenario("one's own messages are edited and deleted, others' are not", async (world) => {
  const own = await site(world);
  const chat = await world.server(["--origins", own.url]);
  own.answers["/"] = pageOf(chat.url, `<confab-chat url="${chat.url}/ws" guest="bob"></confab-chat>`);
  const alice = await world.member(chat, "alice", "general");
  const bob = await open(world, own.url);
  await bob.say("frist");
  await bob.say("regrettable");
  await alice.ask({ type: "send", room: "general", text: "hi", attachments: [{ url: "https://e.org/a.pdf", name: "a.pdf" }] });
  await bob.row("hi").getByRole("link", { name: "a.pdf" }).waitFor();
  assert.equal(await bob.row("hi").getByRole("button").count(), 0);
  const act = async (text, name) => {
    await bob.row(text).hover();
    await bob.row(text).getByRole("button", { name }).click();
  };

  await bob.box.fill("a draft");
  await act("frist", "Edit");
  assert.equal(await bob.box.inputValue(), "frist");
  await bob.page.getByText("Editing your message").waitFor();
  assert.deepEqual(await faults(bob.page), []);
  await bob.box.fill("nonsense");
  await bob.box.press("Escape");
  assert.equal(await bob.box.inputValue(), "a draft");
  await act("frist", "Edit");
  await bob.box.fill("first");
  await bob.box.press("Enter");
  await alice.expect({ type: "edited", text: "first" });
  await bob.row("first \\(edited\\)").waitFor();
  assert.equal(await bob.box.inputValue(), "a draft");
  await act("regrettable", "Delete");
  await bob.row("regrettable").getByRole("button", { name: "Really delete" }).waitFor();
  await bob.box.focus();
  await act("regrettable", "Delete");
  await act("regrettable", "Really delete");

  await alice.expect({ type: "deleted" });
  await bob.row("This message was deleted.").waitFor();
  assert.equal(await bob.row("This message was deleted.").getByRole("button").count(), 0);
  assert.deepEqual(bob.complaints, []);
});

scenario("under a policy that allows no style and no script of the page, but the chat's", async (world) => {
  const own = await site(world);
  const chat = await world.server(["--origins", own.url]);
  const [type] = pageOf(chat.url, "");
  own.answers["/"] = [
    type,
    `<!doctype html><html lang="en"><head><title>A page</title><script type="module" src="${chat.url}/sdk/elements.js"></script></head>
     <body><confab-chat url="${chat.url}/ws" guest="bob"></confab-chat></body></html>`,
    `default-src 'none'; script-src ${chat.url}; connect-src ${chat.websocketUrl}`,
  ];
  const bob = await open(world, own.url);

  await bob.say("hello");

  const send = await bob.page.getByRole("button", { name: "Send" }).evaluate((button) => getComputedStyle(button).backgroundColor);
  assert.deepEqual([send, bob.complaints], ["rgb(15, 118, 110)", []]);
});

scenario("options and a store of the page's own, also set before the element is defined", async (world) => {
  const own = await site(world);
  const chat = await world.server(["--origins", own.url]);
  own.answers["/"] = pageOf(chat.url, `
    <confab-chat id="one" theme="dark"></confab-chat>
    <script>document.getElementById("one").options = { url: "${chat.url}/ws", guest: "carol" };</script>
    <confab-room id="two" room="attic"></confab-room>
    <script type="module">
      import { ConfabClient } from "${chat.url}/sdk/confab.js";
      import { createStore } from "${chat.url}/sdk/store.js";
      const client = new ConfabClient({ url: "${chat.url}/ws", guest: "dave" });
      client.connect();
      document.getElementById("two").store = createStore(client);
    </script>`);
  const both = await open(world, own.url);
  const dora = await world.member(chat, "dora", "attic");

  await both.page.locator("#one").getByText("1 online").waitFor();
  await both.page.locator("#two").getByText("2 online").waitFor();
  await both.page.locator("#two").getByRole("textbox", { name: "Message" }).fill("hello");
  await both.page.locator("#two").getByRole("button", { name: "Send" }).click();

  await dora.expect({ type: "message", from: "dave", text: "hello" });
  assert.equal(await both.page.locator("#one").evaluate((chat) => getComputedStyle(chat).backgroundColor), "rgb(26, 28, 32)");
  assert.deepEqual(both.complaints, []);
});

scenario("an inbox where the page wants it: rooms and what is unread in them, and which one was chosen", async (world) => {
  const own = await site(world);
  const chat = await world.server(["--origins", own.url]);
  own.answers["/"] = pageOf(chat.url, `
    <confab-chat url="${chat.url}/ws" guest="bob"><confab-inbox></confab-inbox><confab-room room="general"></confab-room></confab-chat>
    <script type="module">
      addEventListener("confab-room", ({ detail }) => (document.querySelector("confab-room").room = detail));
    </script>`);
  const alice = await world.guest(chat, "alice");
  const bob = await open(world, own.url);
  await bob.page.getByText("1 online").waitFor();
  const rooms = bob.page.getByRole("navigation", { name: "Rooms" });
  await rooms.getByRole("button", { name: "general", exact: true }).and(bob.page.locator("[aria-current]")).waitFor();

  await alice.ask({ type: "direct", to: "bob", text: "psst" });
  await rooms.getByRole("button", { name: "alice 1 unread" }).focus();
  await bob.page.keyboard.press("Enter");
  await bob.row("psst").waitFor();
  await rooms.getByRole("button", { name: "alice", exact: true }).and(bob.page.locator("[aria-current]")).waitFor();

  assert.equal(await bob.page.locator("confab-chat > confab-inbox").evaluate((inbox) => inbox.shadowRoot.activeElement?.dataset.key), "@alice", "the focus stays");
  assert.deepEqual([await faults(bob.page), bob.complaints], [[], []]);
});

scenario("a long history: the end is shown, older messages come above without moving what is read", async (world) => {
  const own = await site(world);
  const chat = await world.server(["--origins", own.url, "--rate-commands", "0"]);
  const writer = await world.member(chat, "writer", "general");
  for (let n = 1; n <= 80; n++) await writer.ask({ type: "send", room: "general", text: `line ${n}` });
  own.answers["/"] = pageOf(chat.url, `<confab-chat url="${chat.url}/ws" guest="bob"></confab-chat>`);
  const bob = await open(world, own.url);
  await bob.row("line 80").waitFor();
  const top = () => bob.row("line 31").evaluate((row) => row.getBoundingClientRect().top);

  await bob.page.getByRole("button", { name: "Earlier messages" }).scrollIntoViewIfNeeded();
  const before = await top();
  await bob.page.getByRole("button", { name: "Earlier messages" }).click();
  await bob.row("line 1").waitFor();

  const moved = Math.abs((await top()) - before);
  assert.ok(moved < 60, `${moved} px: no more than the button that went`);
  assert.equal(await bob.page.locator("confab-room li.message").count(), 80);
});

scenario("an element that is taken out of the page ends its connection, one that is moved keeps it", async (world) => {
  const own = await site(world);
  const chat = await world.server(["--origins", own.url]);
  own.answers["/"] = pageOf(chat.url, `<confab-chat url="${chat.url}/ws" guest="bob"></confab-chat>`);
  const alice = await world.member(chat, "alice", "general");
  const bob = await open(world, own.url);
  await bob.page.getByText("2 online").waitFor();

  await bob.page.evaluate(() => document.body.append(document.querySelector("confab-chat")));
  await bob.say("still here");
  assert.equal(alice.left({ type: "presence", left: ["bob"] }).length, 0);
  await bob.page.evaluate(() => document.querySelector("confab-chat").remove());

  await alice.expect((frame) => frame.type === "presence" && frame.left?.includes("bob"));
});
