// Ways into the page and around in it: tokens, names in any script, rooms, people, emoji; and what axe says of all that.

import assert from "node:assert/strict";

import { apiServer } from "../e2e/support/api.mjs";
import { until } from "../e2e/support/deadline.mjs";
import { SECRET, inSeconds, secretFile, sign } from "../e2e/support/tokens.mjs";
import { faults } from "./axe.mjs";
import { phone } from "./chromium.mjs";
import { chat, openBrowser, two } from "./stage.mjs";

openBrowser();

const tokenFor = (claims) => sign({ exp: inSeconds(600), ...claims }, SECRET, { alg: "HS256" });
const tokensOnly = async (world) => world.server(["--jwt-secret-file", await secretFile(world)], { guests: false });

chat("a token in the address signs in, is taken out of it and survives a reload, not a sign-out", async (world, meet) => {
  const server = await tokensOnly(world);
  const kim = await meet(`${server.url}`, { room: `token=${tokenFor({ sub: "kim@example.com", name: "김민수" })}&room=plans` });

  await kim.isIn("plans");
  await kim.say("hello");
  assert.ok(!(await kim.page.evaluate(() => location.href)).includes("token"));
  assert.match(await kim.row("hello").textContent(), /김민수@kim@example.comyou/);
  await kim.page.reload();
  await kim.sees("hello");
  await kim.button("Sign out").click();

  await kim.page.getByLabel("Your name").waitFor();
});

chat("where only tokens count, a guest is told so and can paste one; a wrong one is refused in words", async (world, meet) => {
  const server = await tokensOnly(world);
  const kim = await meet(server.url, { room: "general" });
  await kim.page.getByLabel("Your name").fill("Kim");
  await kim.button("Join the chat").click();

  await kim.page.getByRole("alert").getByText("You could not be signed in.").waitFor();
  await kim.page.getByLabel("Token", { exact: true }).fill("nonsense");
  await kim.button("Join the chat").click();
  await kim.page.getByText("This is not a token.").waitFor();
  assert.deepEqual(await faults(kim.page), []);
  await kim.page.getByLabel("Token", { exact: true }).fill(tokenFor({ sub: "kim" }).replace(/.$/, (end) => (end === "A" ? "Q" : "A")));
  await kim.button("Join the chat").click();
  await kim.page.getByRole("alert").getByText("You could not be signed in.").waitFor();
  await kim.page.getByLabel("Token", { exact: true }).fill(tokenFor({ sub: "kim" }));
  await kim.button("Join the chat").click();

  await kim.isIn("general");
  await kim.say("at last");
});

chat("a token whose user stands in another claim will do", async (world, meet) => {
  const server = await world.server(["--jwt-secret-file", await secretFile(world), "--jwt-user-claim", "email"], { guests: false });
  const kim = await meet(server.url, { room: `token=${tokenFor({ email: "kim@example.com" })}` });

  await kim.isIn("general");
  await kim.say("hello");

  await kim.row("hello").getByText("kim@example.com").waitFor();
});

chat("a name in any script will do, and is the same user everywhere", async (world, meet) => {
  const server = await world.server();
  const signIn = async () => {
    const person = await meet(server.url, { room: "general" });
    await person.page.getByLabel("Your name").fill("  ");
    await person.button("Join the chat").click();
    await person.page.getByText("Please say who you are.").waitFor();
    await person.page.getByLabel("Your name").fill("김민수");
    await person.button("Join the chat").click();
    await person.isIn("general");
    return person;
  };
  const minsu = await signIn();
  await minsu.say("안녕");

  assert.match(await minsu.row("안녕").textContent(), /김민수@u-[0-9a-z]{13}you/);
  const again = await signIn();
  await again.row("안녕").and(again.page.locator(".own")).waitFor();
  await world.member(server, "dana", "general", { hello: { name: "다나" } });
  await again.people.getByRole("link", { name: "다나" }).waitFor();
  await again.box.pressSequentially("안녕@다");
  await again.page.getByRole("option", { name: "다나" }).click();
  assert.equal(await again.box.inputValue(), "안녕@dana ");
});

chat("a new room and a new message are a button away", async (world, meet) => {
  const server = await world.server();
  const { alice, bob } = await two(meet, server.url);

  await alice.button("New room").click();
  assert.deepEqual(await faults(alice.page), []);
  await alice.page.getByLabel("Name", { exact: true }).fill("計画");
  await alice.button("Create").click();
  await alice.isIn("計画");
  await alice.page.getByRole("complementary").getByText("you are an owner").waitFor();
  await alice.button("New room").click();
  await alice.page.getByLabel("Name", { exact: true }).fill("nothing");
  await alice.button("Cancel").click();
  assert.equal(await alice.place("nothing").count(), 0);

  await bob.button("New message").click();
  await bob.page.getByRole("option", { name: "alice direct" }).waitFor();
  await bob.page.keyboard.type("zoe");
  await bob.page.getByRole("option", { name: "zoe write to this person" }).click();
  await bob.isIn("zoe");
});

chat("every room there is can be found in a list", async (world, meet) => {
  const server = await world.server(["--rooms-per-hour", "0"]);
  const maker = await world.guest(server, "maker");
  for (let n = 1; n <= 32; n++) await maker.ask({ type: "join", room: `room-${n}` });
  const bob = await meet(server.url, { name: "bob" });

  await bob.button("All 33 rooms").click();
  const options = bob.page.getByRole("listbox", { name: "Matches" }).getByRole("option");
  await options.nth(32).waitFor();

  assert.equal(await options.count(), 33);
  assert.deepEqual(await faults(bob.page), []);
  await options.filter({ hasText: /^#room-32/ }).click();
  await bob.isIn("room-32");
});

chat("any emoji is found by a word, for a reaction and for a text, by mouse and by keyboard", async (world, meet) => {
  const server = await world.server();
  const { alice, bob } = await two(meet, server.url);
  await alice.say("lunch?");
  await alice.say("or later");

  await bob.tool("lunch?", "More reactions");
  await bob.page.getByRole("option", { name: "grinning face", exact: true }).waitFor();
  await bob.row("or later").dispatchEvent("pointerover", { pointerType: "mouse" });
  await bob.page.keyboard.type("pizza");
  await bob.page.locator("#picker-list .heading", { hasText: "Found" }).waitFor();
  assert.deepEqual(await faults(bob.page), []); // of some emoji: to look at all takes axe a quarter of a minute
  await bob.page.keyboard.press("Enter");
  await alice.row("lunch?").getByRole("button", { name: "🍕 1, bob" }).waitFor();

  await bob.box.fill("see you ");
  await bob.button("Emoji").click();
  await bob.page.getByLabel("Find an emoji").fill("xyzzy");
  await bob.page.getByText("No emoji is called that.").waitFor();
  await bob.page.getByLabel("Find an emoji").fill("wav");
  await bob.page.getByRole("option", { name: "waving hand" }).click();
  assert.equal(await bob.box.inputValue(), "see you 👋");
  await bob.button("Emoji").click();
  await bob.page.keyboard.press("ArrowRight");
  await bob.page.keyboard.press("ArrowDown");
  await bob.page.keyboard.press("ArrowUp");
  await bob.page.keyboard.press("Enter");
  assert.equal(await bob.box.inputValue(), "see you 👋❤️");
  await bob.page.keyboard.press("Enter");

  await alice.sees("see you 👋❤️");
});

chat("emphasis, lists, quotes and code are shown as such", async (world, meet) => {
  const server = await world.server();
  const { alice, bob } = await two(meet, server.url);

  await alice.box.fill("**bold** _it_ ~~no~~\n- one\n- two\n> said\n```\ncode\n```");
  await alice.box.press("Enter");
  const text = bob.rows.first().locator(".text");

  for (const tag of ["strong", "em", "s", "ul > li:nth-child(2)", "blockquote", "pre > code"]) await text.locator(tag).waitFor();
  assert.equal(await text.locator("strong").textContent(), "bold");
  assert.equal(await text.locator("ul > li").first().evaluate((item) => getComputedStyle(item).listStyleType), "disc");
});

chat("a short chat stands where one writes, a wide screen is used, and axe finds nothing in either colour", async (world, meet) => {
  const server = await world.server();
  const { alice, bob } = await two(meet, server.url);
  await alice.write("hello `there`, see https://e.org");
  await bob.tool("hello there, see https://e.org", "React with 👍");
  await alice.row("hello there, see https://e.org").getByRole("button", { name: "👍 1, bob" }).waitFor();
  const below = () =>
    alice.page.evaluate(() => document.getElementById("composer").getBoundingClientRect().top - document.querySelector("#messages > li:last-child").getBoundingClientRect().bottom);

  const gap = await below();
  assert.ok(gap < 40, `${gap} px`);
  await alice.page.setViewportSize({ width: 2400, height: 900 });
  await alice.write("long ".repeat(300));
  await alice.page.locator("#messages > li:nth-child(2):not(.sending, .sent)").waitFor();
  const width = await alice.rows.last().locator(".content").evaluate((content) => content.clientWidth);
  assert.ok(width > 1000, `${width} px`);
  await alice.row("hello there, see https://e.org").hover();
  assert.deepEqual(await faults(alice.page), []);
  await alice.page.emulateMedia({ colorScheme: "dark" });
  assert.deepEqual(await faults(alice.page), []);
});

chat("axe finds nothing where one signs in, and on a phone with the drawers open", async (world, meet) => {
  const server = await world.server();
  const bob = await meet(server.url, { room: "general", ...phone });

  assert.deepEqual(await faults(bob.page), []);
  await bob.page.getByLabel("Your name").fill("bob");
  await bob.button("Join the chat").click();
  await bob.isIn("general");
  await bob.box.fill("hello");
  await bob.button("Send").tap();
  await bob.settled("hello").waitFor();
  assert.deepEqual(await faults(bob.page), []);
  await bob.button("Open the room list").tap();
  await bob.button("Close the room list").tap({ trial: true });
  assert.deepEqual(await faults(bob.page), []);
  await bob.page.keyboard.press("Escape");
  await bob.button("People in this room").tap();
  await bob.button("Close the list of people").tap({ trial: true });
  assert.deepEqual(await faults(bob.page), []);
  for (const [reducedMotion, time] of [["reduce", "0s"], ["no-preference", "0.2s, 0.2s"]]) {
    await bob.page.emulateMedia({ reducedMotion });
    assert.equal(await bob.page.locator("#sidebar").evaluate((drawer) => getComputedStyle(drawer).transitionDuration), time);
  }
});

/** Stands in for the browser's notifications, which there are none of without a desktop. */
const NOTIFICATIONS = () => {
  globalThis.asked = 0;
  globalThis.told = [];
  globalThis.Notification = class extends EventTarget {
    static permission = "default";
    static async requestPermission() {
      asked++;
      return (Notification.permission = "granted");
    }
    constructor(title, { body }) {
      super();
      told.push(this);
      this.text = `${title}: ${body}`;
    }
    close() {}
  };
};

chat("a page in the background says so, and holds back no push", async (world, meet) => {
  const { server, api } = await apiServer(world);
  const bob = await meet(server.url, { name: "bob" });
  await bob.isIn("general");
  const turns = async (state, active) => {
    await bob.page.evaluate((value) => {
      Object.defineProperty(document, "visibilityState", { value, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, state);
    await until(`it is ${state}`, async () => (await api.post("/presence", { users: ["bob"] })).json.online.bob?.active === active);
  };

  await turns("hidden", 0);
  await turns("visible", 1);
});

chat("of direct messages and mentions one is notified on demand, and asked for it only then", async (world, meet) => {
  const server = await world.server();
  const { alice, bob } = await two(meet, server.url);
  await bob.page.addInitScript(NOTIFICATIONS);
  await bob.page.reload();
  await bob.isIn("general");
  const hide = (state) => bob.page.evaluate((state) => Object.defineProperty(document, "visibilityState", { value: state, configurable: true }), state);
  const write = async (text) => {
    await alice.page.goto(`${server.url}/?user=alice#@bob`);
    await alice.isIn("bob");
    await alice.say(text);
    await bob.place("alice").waitFor();
  };

  await hide("hidden");
  await write("one");
  assert.deepEqual(await bob.page.evaluate(() => [asked, told.length]), [0, 0]);
  await bob.button("Notify me of direct messages and mentions").click();
  await bob.page.getByRole("button", { name: "Notify me of direct messages and mentions", pressed: true }).waitFor();
  await write("two");
  await bob.until(() => told.length === 1);
  assert.deepEqual(await bob.page.evaluate(() => [asked, told[0].text]), [1, "alice: two"]);
  await bob.page.evaluate(() => told[0].dispatchEvent(new Event("click")));
  await bob.isIn("alice");
  await alice.go("general");
  await alice.say("hello all");
  await alice.say("and @bob");
  await bob.until(() => told.length === 2);
  assert.equal(await bob.page.evaluate(() => told[1].text), "alice in general: and @bob");
  await hide("visible");
  await write("three");
  await bob.sees("three");

  assert.equal(await bob.page.evaluate(() => told.length), 2, "who looks needs no telling");
});

chat("a page that is older than the server it comes back to offers to be loaded anew", async (world, meet) => {
  const server = await world.server();
  const alice = await meet(server.url, { name: "alice" });
  const lines = [];
  await alice.page.routeWebSocket("**/ws", (line) => {
    const version = `confab/0.${lines.push(line)}.0`;
    const there = line.connectToServer();
    there.onMessage((text) => {
      const frame = JSON.parse(text);
      line.send(frame.type === "welcome" ? JSON.stringify({ ...frame, server: version }) : text);
    });
  });
  await alice.page.reload();
  await alice.say("before");
  assert.equal(await alice.banner.isVisible(), false);

  await lines[0].close({ code: 1012, reason: JSON.stringify({ reconnect_after_ms: 0 }) });
  await alice.banner.getByText("The chat was updated.").waitFor();
  await alice.say("still works");
  await alice.button("Load it anew").click();
  await alice.banner.waitFor({ state: "hidden" });

  await alice.sees("still works");
});
