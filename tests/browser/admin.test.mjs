// The admin page: who runs the server signs in, looks, sets and moderates; what they do is seen by who is connected.

import assert from "node:assert/strict";
import { join } from "node:path";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";

import { apiServer, makeKey } from "../e2e/support/api.mjs";
import { DEADLINE_MS, until } from "../e2e/support/deadline.mjs";
import { Receiver, webhook } from "../e2e/support/receiver.mjs";
import { SECRET, inSeconds, secretFile, sign } from "../e2e/support/tokens.mjs";
import { scenario } from "../e2e/support/world.mjs";
import { quantile, rate, readMetrics } from "../../web/admin/metrics.js";
import { faults } from "./axe.mjs";
import { desktop, phone } from "./chromium.mjs";
import { openBrowser, theBrowser } from "./stage.mjs";

openBrowser();

/** A refused call is an error in Chromium's console by itself. */
const REFUSED = /the server responded with a status of 4\d\d/;

class Operator {
  complaints = [];

  /** At the page, signed in where a key is given. */
  static async at(world, url, { key, view = "", ...options } = {}) {
    const context = await theBrowser().newContext({ ...desktop, ...options });
    context.setDefaultTimeout(DEADLINE_MS);
    const operator = new Operator();
    world.atEnd(() => context.close());
    world.atEnd(() => assert.deepEqual(operator.complaints, [], "the console"));
    operator.page = await context.newPage();
    operator.page.on("pageerror", (error) => operator.complaints.push(`uncaught: ${error.stack}`));
    operator.page.on("console", (message) => message.type() === "error" && !REFUSED.test(message.text()) && operator.complaints.push(message.text()));
    await operator.page.goto(`${url}/admin${view}`);
    if (key) await operator.signIn(key);
    return operator;
  }

  async signIn(key) {
    await this.page.getByLabel("API key, or token of an admin").fill(key);
    await this.button("Sign in").click();
  }
  button(name) {
    return this.page.getByRole("button", { name, exact: true });
  }
  heading(name, level = 1) {
    return this.page.getByRole("heading", { name, level, exact: true });
  }
  async go(view, title = view) {
    await this.page.getByRole("navigation", { name: "Views" }).getByRole("link", { name: view }).click();
    await this.heading(title).waitFor();
  }
  section(title) {
    return this.page.locator("section", { has: this.heading(title, 2) });
  }
  row(text) {
    return this.page.locator(".row", { hasText: text });
  }
  /** Chooses from the menu of a row. */
  async does(about, item) {
    await this.button(`More about ${about}`).click();
    await this.page.getByRole("menuitem", { name: item, exact: true }).click();
  }
  /** Answers the question that is asked: label and value pairs. */
  async answers(yes, ...values) {
    const dialog = this.page.getByRole("dialog");
    for (const [label, value] of values) {
      const control = dialog.getByLabel(label);
      if (await control.evaluate((node) => node.tagName === "SELECT")) await control.selectOption(value);
      else await control.fill(value);
    }
    assert.deepEqual(await faults(this.page), []);
    await dialog.getByRole("button", { name: yes, exact: true }).click();
  }
  told(text) {
    return this.page.getByRole("alert").getByText(text).waitFor();
  }
}

scenario("whoever has a key that sees all signs in, stays so over a reload, and not after signing out", async (world) => {
  const { server, keys } = await apiServer(world, { keys: { all: "*", blind: "publish", one: "* rooms=general" } });
  const operator = await Operator.at(world, server.url);
  await operator.page.getByLabel("API key, or token of an admin").waitFor();
  assert.deepEqual(await faults(operator.page), []);

  await operator.signIn("ck_wrong_key");
  await operator.told("No such key.");
  await operator.signIn(keys.blind);
  await operator.told("This key has no scope read.");
  await operator.signIn(keys.one);
  await operator.told("This key is for some rooms only.");
  await operator.signIn(keys.all);
  await operator.heading("Server").waitFor();
  await operator.page.reload();
  await operator.heading("Server").waitFor();
  await operator.button("Sign out").click();
  await operator.page.reload();

  await operator.button("Sign in").waitFor();
  assert.equal(await operator.page.locator("#shell").isVisible(), false);
});

scenario("what the server does is seen while it does it", async (world) => {
  const { server, keys } = await apiServer(world);
  const operator = await Operator.at(world, server.url, { key: keys.all });
  await operator.page.getByText("Ready: it takes traffic.").waitFor();
  await operator.page.getByText(/^Node n1 · version \S+ · up 0 min$/).waitFor();

  const bob = await world.member(server, "bob", "general");
  await bob.ask({ type: "send", room: "general", text: "hello" });

  const plot = (name) => operator.page.getByRole("img", { name }).waitFor();
  await plot(/^Sessions: now 1\. Highest 1 in the last five minutes/);
  await plot(/^Storing a message: now p50 .*, p99 .*\. Highest \S+ m?s in the last/);
  await plot(/^Entries stored: now [0-9.]+\/s\. Highest [0-9.]*[1-9]/);
  await operator.page.locator("dl div", { hasText: "Slow consumers closed" }).getByText("0", { exact: true }).waitFor();
  for (const colorScheme of ["light", "dark"]) {
    await operator.page.emulateMedia({ colorScheme });
    assert.deepEqual(await faults(operator.page), []);
  }
});

scenario("the token of an admin signs in from the address and is taken out of it; that of another user is refused", async (world) => {
  const { server } = await apiServer(world, { args: ["--jwt-secret-file", await secretFile(world)], guests: false });
  const tokenFor = (claims) => sign({ exp: inSeconds(600), ...claims }, SECRET, { alg: "HS256" });
  const other = await Operator.at(world, server.url, { view: `#token=${tokenFor({ sub: "bob" })}` });
  await other.told("No such key.");

  const root = await Operator.at(world, server.url, { view: `#token=${tokenFor({ sub: "root", confab: { admin: true } })}` });

  await root.heading("Server").waitFor();
  assert.equal(await root.page.evaluate(() => location.href.includes("token")), false);
  await root.go("Reports");
  await root.page.getByText("Nothing is reported.").waitFor();
});

scenario("rooms are found by their ids and by what they are set to, a page at a time", async (world) => {
  const { server, keys, api } = await apiServer(world);
  for (let n = 10; n < 70; n++) await api.put(`/rooms/team-${n}`, { title: `Team ${n}`, visibility: n === 12 ? "private" : "public", owner: "alice" });
  await api.put("/rooms/attic", { title: "<b>Attic</b>" });
  const operator = await Operator.at(world, server.url, { key: keys.all });
  const rows = operator.page.locator("#main .row");

  await operator.go("Rooms");
  await operator.row("<b>Attic</b>").getByText("0 members").waitFor();
  assert.equal(await rows.count(), 50);
  await operator.button("Show more").click();
  await rows.nth(60).waitFor();
  assert.deepEqual(await faults(operator.page), []);
  await operator.page.getByLabel("Id begins with").fill("team-1");
  await operator.page.getByLabel("Who may come in").selectOption("Private");
  await operator.button("Search").click();
  await operator.row("Team 12").waitFor();
  await rows.nth(1).waitFor({ state: "detached" });
  await operator.page.getByLabel("Archived").selectOption("Yes");
  await operator.button("Search").click();
  await operator.page.getByText("There is no such room.").waitFor();
  await operator.page.goBack();

  await operator.row("Team 12").getByText("1 member · 2 entries · last").waitFor();
  assert.equal(await operator.page.getByLabel("Id begins with").inputValue(), "team-1");
});

scenario("a room is set and its members are changed, and who is in it hears of that", async (world) => {
  const { server, keys, api } = await apiServer(world);
  await api.put("/rooms/team", { title: "Team", owner: "alice" });
  const eve = await world.member(server, "eve", "team");
  const operator = await Operator.at(world, server.url, { key: keys.all });
  await operator.go("Rooms");
  await operator.page.getByRole("link", { name: "Team" }).click();
  await operator.heading("Team").waitFor();
  const people = operator.section("People");
  await people.getByText("Here now: eve").waitFor();

  await operator.button("Settings…").click();
  await operator.answers("Save", ["Slow mode", "10 seconds"], ["Topic", "Plans"]);
  await operator.told("The room is set.");
  await operator.page.locator(".facts", { hasText: "slow mode" }).waitFor();
  await eve.expect({ type: "room_set", slow_ms: 10_000, topic: "Plans" });
  await operator.button("Add members…").click();
  await operator.answers("Add", ["Who", "eve, dan"], ["As", "moderator"]);
  await people.getByRole("link", { name: "dan" }).waitFor();
  await operator.does("eve", "Make member");
  await people.locator(".row", { hasText: "eve" }).getByText("member").waitFor();
  await operator.does("eve", "Mute…");
  await operator.answers("Mute", ["How long", "1 hour"], ["Reason", "cool down"]);
  await people.locator(".row", { hasText: "eve" }).getByText(/muted until/).waitFor();
  await eve.expect({ type: "member_set", reason: "cool down" });
  assert.equal((await eve.ask({ type: "send", room: "team", text: "hm" })).code, "muted");
  await operator.does("eve", "Let speak again");
  await people.getByText(/muted until/).waitFor({ state: "detached" });
  await operator.does("eve", "Ban…");
  await operator.answers("Ban", ["How long", "Without an end"], ["Reason", "spam"]);
  await eve.expect({ type: "left", room: "team", reason: "banned" });
  await people.getByRole("link", { name: "Banned" }).click();
  await people.locator(".row", { hasText: "eve" }).getByText("spam").waitFor();
  assert.deepEqual(await faults(operator.page), []);
  await operator.does("eve", "Unban");
  await people.getByText("Nobody.").waitFor();

  assert.equal(await operator.button("Settings…").evaluate((node) => node.ownerDocument.activeElement.tagName), "H1", "what had the focus is gone");
  assert.equal((await eve.ask({ type: "join", room: "team" })).type, "joined");
});

scenario("messages are read page by page and deleted, one or all of somebody", async (world) => {
  const { server, keys, api } = await apiServer(world);
  await api.put("/rooms/team", { title: "Team" });
  await api.post("/publish", { items: Array.from({ length: 60 }, (_, n) => ({ room: "team", from: n % 2 ? "eve" : "bob", text: `message ${n}` })) });
  const alice = await world.member(server, "alice", "team");
  const operator = await Operator.at(world, server.url, { view: "#rooms/team", key: keys.all });
  const messages = operator.section("Messages").locator(".row");
  const texts = () => messages.locator(".text, .gone").allTextContents();

  await messages.nth(24).waitFor();
  assert.equal((await texts()).at(-1), "message 59");
  await operator.button("Earlier messages").click();
  await messages.nth(49).waitFor();
  await operator.button("Earlier messages").click();
  await messages.nth(59).waitFor();
  assert.deepEqual(await texts(), Array.from({ length: 60 }, (_, n) => `message ${n}`));
  assert.equal(await operator.button("Earlier messages").isVisible(), false);
  const { json } = await api.get("/rooms/team/messages?limit=1");
  await operator.does(`message ${json.items[0].seq}`, "Delete…");
  await operator.answers("Delete", ["Reason", "off topic"]);
  await operator.told("The message is deleted.");
  await alice.expect({ type: "deleted", target: json.items[0].seq, reason: "off topic" });
  await messages.last().getByText("Deleted by the server: off topic").waitFor();
  await operator.does(`message ${json.items[0].seq - 1}`, "Delete all by bob…");
  await operator.answers("Delete", ["Written", "At any time"]);

  await operator.told("30 messages are deleted.");
  await messages.nth(24).waitFor();
  assert.equal((await texts()).filter((text) => text.startsWith("message")).length, 12, "eve's remain");
  assert.deepEqual(await faults(operator.page), []);
});

scenario("a user is looked up, named, and disconnected from one device or from all", async (world) => {
  const { server, keys, api } = await apiServer(world);
  await api.put("/users/bob", { name: "Bob", data: { plan: "pro" } });
  await api.put("/rooms/team", { title: "Team", owner: "bob" });
  const [tablet, laptop] = [await world.guest(server, "bob", { hello: { device: "tablet" } }), await world.guest(server, "bob", { hello: { device: "laptop" } })];
  const operator = await Operator.at(world, server.url, { key: keys.all });

  await operator.go("Users");
  await operator.page.getByLabel("Id of the user").fill("bob");
  await operator.button("Show").click();
  await operator.heading("Bob").waitFor();
  await operator.section("Rooms").getByRole("link", { name: "Team" }).waitFor();
  await operator.page.getByText('"plan": "pro"').waitFor();
  assert.deepEqual(await faults(operator.page), []);
  await operator.button("Change name…").click();
  await operator.answers("Save", ["Name", "Robert"]);
  await operator.heading("Robert").waitFor();
  await operator.button("Disconnect tablet…").click();
  await operator.answers("Disconnect", ["Reason", "old app"]);
  const [first] = await Promise.all([tablet.closed(), operator.told("1 session was closed.")]);
  assert.equal(first.reason, "old app");
  await operator.row("tablet").waitFor({ state: "detached" });
  await operator.row("laptop").waitFor();
  await operator.button("Disconnect all…").click();
  await operator.answers("Disconnect", ["Afterwards", "Their app stays away until they come back themselves"]);
  const second = await laptop.closed();
  await operator.page.getByText("They are not connected.").waitFor();

  assert.equal(second.code, 4502);
  await operator.page.goto(`${server.url}/admin/#users/nobody@example.com`);
  await operator.page.getByText("nothing is kept of this user").waitFor();
});

scenario("reports are a queue: what was reported is read in place, deleted, its author banned, and the report closed", async (world) => {
  const { server, keys, api } = await apiServer(world);
  await api.put("/rooms/team", { title: "Team", owner: "alice" });
  const [bob, eve] = [await world.member(server, "bob", "team"), await world.member(server, "eve", "team")];
  const { seq } = await eve.ask({ type: "send", room: "team", text: "buy gold" });
  for (let n = 0; n < 3; n++) await bob.ask({ type: "send", room: "team", text: `then ${n}` });
  await bob.ask({ type: "report", room: "team", target: seq, reason: "advertises" });
  await bob.ask({ type: "report", room: "team", target: seq + 1 });
  const operator = await Operator.at(world, server.url, { key: keys.all });
  await operator.go("Reports");
  const report = operator.row("advertises");

  await report.getByText("buy gold").waitFor();
  assert.deepEqual(await faults(operator.page), []);
  await report.getByRole("link", { name: "team" }).click();
  await operator.page.locator(".marked", { hasText: "buy gold" }).waitFor();
  assert.match(await operator.page.evaluate(() => document.activeElement.textContent), /buy gold/);
  await operator.page.goBack();
  await report.getByRole("button", { name: /^Ban author/ }).click();
  await operator.answers("Ban", ["How long", "1 day"]);
  await eve.expect({ type: "left", reason: "banned" });
  await report.getByRole("button", { name: /^Delete message/ }).click();
  await operator.answers("Delete");
  await report.getByText("The message was deleted.").waitFor();
  await report.getByRole("button", { name: /^Close/ }).click();
  await operator.told("The report is closed.");
  await report.waitFor({ state: "detached" });
  await operator.row("then 0").waitFor();
  await operator.page.getByRole("link", { name: "Closed" }).click();
  await operator.row("advertises").waitFor();

  assert.deepEqual((await api.get("/reports?state=open")).json.items.map(({ target }) => target), [seq + 1]);
});

scenario("a webhook is seen to: what was refused for good is sent again, it is paused, resumed, tested and replayed", async (world) => {
  const receiver = await Receiver.start(world);
  const { server, keys, api } = await apiServer(world, { args: ["--hook-nets", "127.0.0.0/8", "--hook-retry", "5ms"] });
  await api.put("/rooms/team", {});
  await api.put("/webhooks/audit", { url: receiver.url, events: ["message.*"] });
  const say = (text) => api.post("/rooms/team/messages", { from: "alice", text });
  receiver.reply = () => ({ status: 422, body: "not a text" });
  await say("one");
  await webhook(api, "audit", "one is put aside", ({ dead }) => dead === 1);
  const operator = await Operator.at(world, server.url, { key: keys.all, view: "#webhooks" });

  await operator.row("audit").getByText(/^127\.0\.0\.1:\d+ · .* · 1 refused for good$/).waitFor();
  assert.deepEqual(await faults(operator.page), []);
  await operator.page.getByRole("link", { name: "audit" }).click();
  await operator.heading("audit").waitFor();
  await operator.section("Last attempts").getByText("not a text").first().waitFor();
  assert.deepEqual(await faults(operator.page), []);
  const again = operator.page.getByRole("button", { name: /^Send again message\.created \d+$/ });
  await again.click();
  await operator.told("The receiver answered HTTP 422: not a text");
  receiver.reply = () => 204;
  await again.click();
  await operator.told("The receiver took it (HTTP 204).");
  await operator.section("Refused for good").getByText("None.").waitFor();

  await operator.button("Pause").click();
  await operator.page.getByRole("status").getByText("Paused by an operator.").waitFor();
  const before = receiver.came.length;
  await say("two");
  await operator.button("Send a test").click();
  await operator.told("The receiver took it (HTTP 204).");
  await operator.page.getByText(/^up to \d events? waits?, the oldest from /).waitFor();
  await operator.button("Resume").click();
  await operator.page.getByRole("status").getByText("Active.").waitFor();
  await receiver.when("two came behind the test", (came) => came.length === before + 2);
  await operator.button("Replay…").click();
  await operator.answers("Replay", ["From", "The beginning"]);
  await operator.told("It goes on from there.");

  await receiver.when("both again", (came) => came.length === before + 4);
  assert.deepEqual(receiver.texts("team"), ["one", "two"]);
});

scenario("the page is where the API is: at admin_listen, below base_path, or nowhere", async (world) => {
  const { key, line } = await makeKey("all", "*");
  const file = join(await world.directory(), "api-keys");
  await writeFile(file, `${line}\n`, { mode: 0o600 });
  const without = await world.server();
  const beside = await world.server(["--api-keys-file", file, "--admin-listen", "127.0.0.1:0"]);
  const below = await world.server(["--api-keys-file", file, "--base-path", "/chat"]);
  const [, admin] = /url=([^\s"]+)/.exec(await beside.logged("admin-listening"));

  for (const server of [without, beside])
    for (const path of ["/admin", "/admin/", "/admin/admin.js"]) assert.equal((await server.http(path)).status, 404, path);
  const page = await below.http("/chat/admin/");
  assert.match(page.headers["content-security-policy"], /default-src 'none'; script-src 'self'/);
  const moved = await below.http("/chat/admin?a=b");
  assert.deepEqual([moved.status, moved.headers.location], [308, "admin/?a=b"]);
  for (const url of [admin.replace(/\/$/, ""), `${below.url}/chat`]) {
    const operator = await Operator.at(world, url, { key });
    await operator.page.getByRole("img", { name: /^Commit/ }).waitFor();
    await operator.go("Rooms");
  }
});

scenario("where the metrics are not for this address, the page says so and shows the rest", async (world) => {
  const { server, keys } = await apiServer(world, { keys: { all: "read" } });
  const operator = await Operator.at(world, server.url, { key: keys.all, extraHTTPHeaders: { "X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https" } });

  await operator.page.getByText(/^Latencies, slow consumers and more are in \/metrics/).waitFor();

  await operator.page.getByText("This key has no scope node.").waitFor();
  await operator.page.getByRole("img", { name: /^Sessions: now 0/ }).waitFor();
  assert.equal(await operator.page.locator(".plot").count(), 2);
  assert.deepEqual(await faults(operator.page), []);
  await operator.go("Reports", "It did not work");
  await operator.told("This key has no scope moderate.");
});

scenario("whose key is taken back is signed out in words, and who cannot reach the server is told", async (world) => {
  const { server, keys, file } = await apiServer(world, { keys: { all: "*" } });
  const operator = await Operator.at(world, server.url, { key: keys.all });
  await operator.heading("Server").waitFor();
  await operator.page.route("**/api/v1/**", (route) => route.abort());
  await operator.page.getByText("The server does not answer.").waitFor();
  await operator.page.unroute("**/api/v1/**");
  await operator.page.getByText("Ready: it takes traffic.").waitFor();

  await writeFile(file, "# none\n");
  server.hangUp();

  await operator.told("You were signed out. No such key.");
  operator.complaints = operator.complaints.filter((text) => !text.includes("ERR_FAILED"));
});

scenario("on a phone nothing is cut off, and what a finger has to hit is large enough", async (world) => {
  const { server, keys, api } = await apiServer(world);
  await api.put("/rooms/team", { title: "A team with a title that has to go over several lines on a phone", owner: "alice" });
  await api.post("/rooms/team/messages", { from: "alice", text: "averylongword".repeat(20) });
  const operator = await Operator.at(world, server.url, { key: keys.all, ...phone });
  await operator.heading("Server").waitFor();

  for (const view of ["#server", "#rooms", "#rooms/team", "#users", "#users/alice", "#reports", "#webhooks"]) {
    await operator.page.evaluate((hash) => (location.hash = hash), view);
    await operator.page.waitForFunction((hash) => document.querySelector(`.bar a[href="${hash}"]`).ariaCurrent === "page" && document.activeElement !== document.body, view.split("/")[0]);
    assert.equal(await operator.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, view);
    const targets = operator.page.locator("button:visible, .bar a, .tabs a, select:visible, input:visible");
    let small = [];
    // What is being replaced has no height.
    await until("the view is there", async () => {
      small = await targets.evaluateAll((all) => all.filter((node) => !node.matches(".link") && node.getBoundingClientRect().height < 44).map((node) => node.outerHTML));
      return small.length === 0;
    }).catch(() => {});
    assert.deepEqual(small, [], view);
    assert.deepEqual(await faults(operator.page), [], view);
  }
});

test("quantiles and rates come from what happened between two readings", () => {
  const reading = (...counts) => readMetrics(["# HELP x y", ...counts.slice(0, 3).map((count, i) => `t_bucket{le="${[0.1, 0.5, "+Inf"][i]}"} ${count}`), `n_total{code="a"} ${counts[3]}`, `n_total{code="b"} 1`].join("\n"));
  const [before, now] = [reading(100, 100, 100, 10), reading(150, 190, 200, 30)];

  assert.equal(quantile("t", 0.5, before, now), 0.1);
  assert.equal(quantile("t", 0.25, before, now), 0.05);
  assert.ok(Math.abs(quantile("t", 0.7, before, now) - 0.3) < 1e-9);
  assert.equal(quantile("t", 0.99, before, now), 0.5, "beyond the last bound nothing is known");
  assert.equal(quantile("t", 0.5, now, now), null);
  assert.equal(quantile("t", 0.5, undefined, now), null);
  assert.equal(quantile("u", 0.5, before, now), null);
  assert.equal(rate("n_total", before, now, 2), 10);
  assert.equal(rate("n_total", now, before, 2), null, "the server began anew");
  assert.equal(rate("m_total", before, now, 2), null);
});
