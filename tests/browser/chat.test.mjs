// The demo page in real browsers, against the real server.

import assert from "node:assert/strict";

import { confabd } from "../e2e/support/server.mjs";
import { scenario } from "../e2e/support/world.mjs";
import { phone } from "./chromium.mjs";
import { Proxy } from "./proxy.mjs";
import { chat, openBrowser, theBrowser, two } from "./stage.mjs";

openBrowser();

/** Writes many messages without a browser. */
async function fill(world, server, room, texts) {
  const writer = await world.member(server, "writer", room);
  const replies = texts.map((text) => writer.ask({ type: "send", room, text }));
  for (const reply of replies) assert.equal((await reply).type, "sent");
  await writer.ask({ type: "leave", room });
}

const numbered = (count, what = "line") => Array.from({ length: count }, (_, i) => `${what} ${i + 1}`);

chat("a guest signs in by name and writes; the name is known after a reload", async (world, meet) => {
  const server = await world.server();
  const zoe = await meet(server.url, { room: "general" });

  await zoe.page.getByLabel("Your name").fill("Zoë Kranz");
  await zoe.page.getByText("Others will know you as @zoe-kranz.").waitFor();
  await zoe.button("Join the chat").click();
  await zoe.isIn("general");
  await zoe.say("hello");
  await zoe.page.reload();

  await zoe.sees("hello");
  assert.match(await zoe.row("hello").textContent(), /Zoë Kranz@zoe-kranzyou/);
});

chat("two people see each other, their typing and what they write", async (world, meet) => {
  const server = await world.server();
  const { alice, bob } = await two(meet, server.url);

  await alice.page.getByText("2 online", { exact: true }).waitFor();
  await alice.page.getByRole("complementary").getByText("bob", { exact: true }).waitFor();
  await bob.box.pressSequentially("hel");
  await alice.page.getByText("bob is typing…").waitFor();
  await bob.box.pressSequentially("lo\n");
  await alice.sees("hello");
  await alice.page.locator("#typing:empty").waitFor({ state: "attached" });
  await alice.box.pressSequentially("two");
  await alice.box.press("Shift+Enter");
  await alice.box.pressSequentially("lines\n");

  await bob.sees("two\nlines");
  assert.equal(await bob.rows.count(), 2);
});

chat("what is edited, deleted and reacted to changes for the other one, and is so after a reload", async (world, meet) => {
  const server = await world.server();
  const { alice, bob } = await two(meet, server.url);
  await alice.say("frist");
  await alice.say("regrettable");
  await alice.say("good news");

  await alice.box.press("ArrowUp");
  await alice.box.press("Escape");
  assert.equal(await alice.box.inputValue(), "");
  await alice.tool("good news", "More");
  await alice.page.keyboard.press("Escape");
  await alice.tool("frist", "Edit");
  await alice.box.fill("first");
  await alice.box.press("Enter");
  await bob.sees("first");
  assert.match(await bob.row("first").textContent(), /\(edited\)/);
  await alice.tool("regrettable", "Delete");
  await alice.button("Delete").last().click();
  await bob.page.getByText("This message was deleted.").waitFor();
  await bob.tool("good news", "React with 👍");
  const chip = alice.row("good news").getByRole("button", { name: "👍 1, bob" });
  assert.equal(await chip.getAttribute("aria-pressed"), "false");
  await chip.click();
  await bob.row("good news").getByRole("button", { name: "👍 2, you and alice", pressed: true }).click();
  await alice.row("good news").getByRole("button", { name: "👍 1, you", pressed: true }).waitFor();
  await bob.page.reload();
  await bob.sees("good news");

  assert.deepEqual(await bob.texts(), ["first (edited)", "This message was deleted.", "good news"]);
  await bob.row("good news").getByRole("button", { name: "👍 1, alice", pressed: false }).waitFor();
  assert.equal(await bob.row("good news").getByRole("button", { name: "Edit", exact: true }).isVisible(), false);
});

chat("markup stays text, scripts do not run, and only http links are links", async (world, meet) => {
  const server = await world.server();
  const { alice, bob } = await two(meet, server.url);
  const evil = [
    `<img src=x onerror="window.stolen=1">`, `<script>window.stolen=1</script>`, `javascript:window.stolen=1`,
    `"><svg onload=window.stolen=1>`, "`<b>code</b>`", "https://example.org/?a=<b>&x=1).",
  ];

  for (const text of evil) await alice.write(text);
  await alice.page.goto(`${server.url}/?user=alice#${encodeURIComponent("<img src=x onerror=stolen=1>")}`);
  await bob.until((count) => document.querySelectorAll("#messages > li").length === count, evil.length);

  assert.deepEqual(await bob.texts(), evil.map((text) => text.replace(/`/g, "")));
  assert.equal(await bob.page.locator("#messages :is(img, script, b, svg[onload])").count(), 0);
  assert.deepEqual(await bob.page.locator("#messages a").evaluateAll((links) => links.map((a) => a.href)), ["https://example.org/?a="]);
  assert.equal(await bob.page.evaluate(() => window.stolen), undefined);
  const injected = await bob.page.evaluate(() => {
    const script = document.createElement("div");
    script.innerHTML = `<img src=x onerror="window.stolen=1"><p style="color:red">`;
    return script.querySelector("p").style.color;
  });
  assert.equal(injected, "", "the content security policy holds even where the page would not");
  assert.ok(bob.complaints.splice(0).every((text) => /Content Security Policy|ERR_|404/.test(text)));
});

chat("a direct message opens its room, counts as unread and is answered", async (world, meet) => {
  const server = await world.server();
  const { alice, bob } = await two(meet, server.url);

  await alice.page.getByRole("complementary").getByText("bob", { exact: true }).click();
  await alice.isIn("bob");
  await alice.say("psst");
  await alice.say("are you there?");
  await bob.place("alice").getByText("2 unread").waitFor();
  await bob.until(() => document.title === "(2) #general · Confab");
  await bob.go("alice");
  await bob.sees("psst");
  await bob.until(() => document.title === "alice · Confab");
  await bob.box.pressSequentially("y");
  await alice.page.getByText("bob is typing…").waitFor();
  await bob.say("yes");
  await alice.sees("yes");
  await bob.page.reload();
  await bob.sees("yes");

  assert.equal(await bob.place("alice").locator(".badge").count(), 0, "what was read stays read");
});

chat("unread messages of other rooms are counted, also those written while the page was closed", async (world, meet) => {
  const server = await world.server();
  const { alice, bob } = await two(meet, server.url);
  await bob.page.keyboard.press("Control+k");
  await bob.page.keyboard.type("random");
  await bob.page.getByRole("option", { name: "random new room" }).waitFor();
  await bob.page.keyboard.press("Enter");
  await bob.isIn("random");

  await alice.say("one");
  await bob.place("general").getByText("1 unread").waitFor();
  const url = bob.page.url();
  await bob.page.goto("about:blank");
  await alice.say("two");
  await bob.page.goto(url);
  await bob.place("general").getByText("2 unread").waitFor();
  await bob.page.keyboard.press("Alt+ArrowUp");
  await bob.isIn("general");
  await bob.page.locator(".fresh", { hasText: "New" }).waitFor();

  assert.deepEqual(await bob.texts(), ["one", "two"]);
  await bob.until(() => document.title === "#general · Confab");
});

chat("a room that was left is offered again, and nothing of it comes in", async (world, meet) => {
  const server = await world.server();
  const { alice, bob } = await two(meet, server.url);
  await bob.page.goto(`${server.url}/?user=bob#random`);
  await bob.isIn("random");
  await bob.go("general");

  await bob.button("Leave this room").click();
  await bob.isIn("random");
  await bob.page.getByRole("heading", { name: "More rooms" }).waitFor();
  await alice.page.getByText("1 online", { exact: true }).waitFor();
  await alice.say("without bob");

  assert.equal(await bob.place("general").locator(".badge").count(), 0);
  await bob.go("general");
  await bob.sees("without bob");
  await alice.page.getByText("2 online", { exact: true }).waitFor();
});

chat("a message that the server refuses says so, and can be sent again or discarded", async (world, meet) => {
  const server = await world.server();
  const bob = await meet(server.url, { name: "bob" });
  let refuse = true;
  await bob.page.routeWebSocket("**/ws", (page) => {
    const wire = page.connectToServer();
    page.onMessage((text) => {
      const { id, type } = JSON.parse(text);
      if (type !== "send" || !refuse) return wire.send(text);
      page.send(JSON.stringify({ type: "error", re: id, code: "forbidden", message: "not now", retry: false }));
    });
  });
  await bob.page.reload();
  await bob.isIn("general");

  await bob.write("one");
  await bob.write("two");
  await bob.row("one").getByText("Not sent. You may not do that here.").waitFor();
  refuse = false;
  await bob.row("one").getByRole("button", { name: "Try again" }).click();
  await bob.settled("one").waitFor();
  await bob.row("two").getByRole("button", { name: "Discard" }).click();
  await bob.row("two").waitFor({ state: "detached" });

  assert.deepEqual(await bob.texts(), ["one"]);
});

chat("a lost connection is shown and restored: nothing is missing, nothing doubled", async (world, meet) => {
  const server = await world.server();
  const wire = await Proxy.to(world, server);
  const alice = await meet(server.url, { name: "alice" });
  const bob = await meet(wire.url, { name: "bob" });
  await alice.say("before");
  await bob.sees("before");

  wire.cut();
  await bob.banner.getByText("Reconnecting").waitFor();
  await bob.write("written offline");
  await bob.row("written offline").and(bob.page.locator(".sending")).waitFor();
  const meanwhile = numbered(70, "meanwhile");
  await fill(world, server, "general", meanwhile);
  wire.mend();
  await bob.banner.getByText("Connected again.").waitFor();
  await bob.settled("written offline").waitFor();
  await alice.sees("written offline");
  await bob.banner.waitFor({ state: "hidden" });

  const expected = ["before", ...meanwhile, "written offline"];
  assert.deepEqual(await bob.texts(), expected);
  assert.deepEqual(await alice.texts(), expected);
});

chat("a server that is killed and started again: both pages come back with everything", async (world, meet) => {
  const data = await world.directory();
  const server = await world.server([], { data });
  const { alice, bob } = await two(meet, server.url);
  await alice.say("before");
  await bob.sees("before");

  await alice.write("on its way");
  await server.crash();
  await Promise.all([alice, bob].map((person) => person.banner.getByText("Reconnecting").waitFor()));
  await bob.write("while it was down");
  await world.spawn(confabd, ["--port", String(server.port), "--data", data, "--guests"]).listening();
  await Promise.all([alice, bob].map((person) => person.settled("on its way").waitFor()));
  await Promise.all([alice, bob].map((person) => person.settled("while it was down").waitFor()));

  assert.deepEqual(await alice.texts(), await bob.texts());
  assert.deepEqual((await alice.texts()).sort(), ["before", "on its way", "while it was down"]);
});

chat("scrolling up brings the whole history, stays where one reads, and keeps the page small", async (world, meet) => {
  const server = await world.server(["--rate-commands", "0"]);
  await fill(world, server, "general", numbered(1000));
  const bob = await meet(server.url, { name: "bob" });
  await bob.sees("line 1000");

  const seen = new Set();
  let rowsMost = 0;
  await bob.page.locator("#scroller").hover();
  while (!seen.has("line 1")) {
    const before = await bob.texts();
    for (const text of before) seen.add(text);
    rowsMost = Math.max(rowsMost, before.length);
    await bob.page.evaluate(() => (document.getElementById("scroller").scrollTop = 0));
    await bob.until((first) => document.querySelector("#messages .text").textContent !== first || first === "line 1", before[0]);
  }
  await bob.page.getByText("This is the beginning of general.").waitFor();
  const writer = await world.member(server, "writer", "general");
  await writer.ask({ type: "send", room: "general", text: "while you read" });
  await bob.button("1 new message").click();
  await bob.sees("while you read");

  assert.equal(seen.size, 1000);
  assert.ok(rowsMost <= 300, `${rowsMost} rows`);
  await bob.page.locator("#jump").waitFor({ state: "hidden" });
});

chat("older messages come in above without moving what one reads", async (world, meet) => {
  const server = await world.server(["--rate-commands", "0"]);
  await fill(world, server, "general", numbered(200));
  const bob = await meet(server.url, { name: "bob" });
  await bob.sees("line 200");

  const [id, before] = await bob.page.evaluate(() => {
    document.getElementById("scroller").scrollTop = 0;
    const row = document.querySelector("#messages > li");
    return [row.id, row.getBoundingClientRect().bottom];
  });
  await bob.until((id) => document.querySelector("#messages > li").id !== id, id);
  const after = await bob.page.evaluate((id) => document.getElementById(id).getBoundingClientRect().bottom, id);

  assert.ok(Math.abs(after - before) < 2, `from ${before} to ${after}`);
});

chat("a message that arrives before the browser reports the scrolling does not take the reader back to the end", async (world, meet) => {
  const server = await world.server(["--rate-commands", "0"]);
  await fill(world, server, "general", numbered(200));
  const bob = await meet(server.url, { name: "bob" });
  await bob.sees("line 200");
  const writer = await world.member(server, "writer", "general");

  await bob.page.evaluate(() => {
    window.addEventListener("scroll", (event) => event.stopImmediatePropagation(), { capture: true });
    document.getElementById("scroller").scrollTop = 0;
  });
  await writer.ask({ type: "send", room: "general", text: "meanwhile" });
  await bob.button("1 new message").waitFor();

  assert.equal(await bob.row("meanwhile").evaluate((row) => row.getBoundingClientRect().top > innerHeight), true);
});

chat("thousands of messages arrive while one looks on, and the page stays small and usable", async (world, meet) => {
  const server = await world.server(["--rate-commands", "0"]);
  const bob = await meet(server.url, { name: "bob" });

  await fill(world, server, "general", numbered(2000));
  await bob.sees("line 2000");
  await bob.say("still here");

  const rows = await bob.rows.count();
  assert.ok(rows <= 130, `${rows} rows`);
  await bob.until(() => document.title === "#general · Confab");
});

chat("the keyboard alone suffices: messages, tools, rooms", async (world, meet) => {
  const server = await world.server();
  const bob = await meet(server.url, { name: "bob" });
  await bob.say("one");
  await bob.say("two");
  const focused = () => bob.page.evaluate(() => document.activeElement.closest("li")?.querySelector(".text")?.textContent ?? document.activeElement.id);

  await bob.page.keyboard.press("Shift+Tab");
  assert.equal(await focused(), "two");
  await bob.page.keyboard.press("ArrowUp");
  assert.equal(await focused(), "one");
  await bob.page.keyboard.press("Tab");
  await bob.page.keyboard.press("Enter");
  await bob.row("one").getByRole("button", { name: "👍 1, you" }).waitFor();
  await bob.page.keyboard.press("Escape");
  assert.equal(await focused(), "text");
  await bob.page.keyboard.press("ArrowUp");
  await bob.page.getByText("Editing your message").waitFor();
  await bob.page.keyboard.type("!");
  await bob.page.keyboard.press("Enter");
  await bob.sees("two!");
  await bob.page.keyboard.press("Control+k");
  await bob.page.keyboard.type("attic");
  await bob.page.keyboard.press("Enter");

  await bob.isIn("attic");
  assert.equal(await focused(), "text");
});

chat("a second tab of the same device takes over, and the first can take it back", async (world, meet) => {
  const server = await world.server();
  const bob = await meet(server.url, { name: "bob" });
  const device = await bob.page.evaluate(() => JSON.parse(sessionStorage.getItem("confab.device")));

  await world.guest(server, "bob", { hello: { device } });
  await bob.banner.getByText("opened in another tab").waitFor();
  await bob.button("Use it here").click();
  await bob.banner.getByText("Connected again.").waitFor();

  await bob.say("back");
});

chat("on a phone: rooms and people are drawers, and one can write", async (world, meet) => {
  const server = await world.server();
  const bob = await meet(server.url, { name: "bob", ...phone });
  const drawer = bob.page.getByRole("navigation", { name: "Rooms" });

  assert.equal(await drawer.isVisible(), false);
  await bob.button("Open the room list").tap();
  await drawer.getByRole("link", { name: "general" }).waitFor();
  await bob.page.keyboard.press("Escape");
  await drawer.waitFor({ state: "hidden" });
  await bob.button("People in this room").tap();
  await bob.page.getByRole("complementary").getByText("bob").waitFor();
  await bob.button("Close the list of people").tap();
  await bob.box.fill("from a phone");
  await bob.button("Send").tap();
  await bob.settled("from a phone").waitFor();

  const sideways = await bob.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.equal(sideways, 0, "nothing sticks out");
});

chat("in the dark: light text on a dark page, and one can write", async (world, meet) => {
  const server = await world.server();
  const bob = await meet(server.url, { name: "bob", colorScheme: "dark" });

  await bob.say("good night");

  const [text, page] = await bob.page.evaluate(() => {
    const { color, backgroundColor } = getComputedStyle(document.body);
    return [color, backgroundColor].map((rgb) => Number(/\d+/.exec(rgb)[0]));
  });
  assert.ok(text > 200 && page < 60, `text ${text} on ${page}`);
});

scenario("the clock example shows the time that is pushed, and comes back after a loss", async (world) => {
  const server = await world.example("example_clock");
  const wire = await Proxy.to(world, server);
  const page = await (await theBrowser().newContext()).newPage();
  world.atEnd(() => page.context().close());
  const shown = () => page.locator("#time").textContent();

  await page.goto(wire.url);
  await page.getByText("connected", { exact: true }).waitFor();
  await page.waitForFunction(() => /^\d\d:\d\d:\d\d\.\d{3}$/.test(document.getElementById("time").textContent));
  wire.cut();
  await page.getByText(/^(closed|error) \(1006\), again in/).waitFor();
  const last = await shown();
  wire.mend();
  await page.getByText("connected", { exact: true }).waitFor();
  await page.waitForFunction((before) => document.getElementById("time").textContent !== before, last);
});
