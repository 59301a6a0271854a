// Files that others and bots send, at the page: what they are, links to them, and pictures only for who asks for them.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { apiServer } from "../e2e/support/api.mjs";
import { faults } from "./axe.mjs";
import { chat, openBrowser } from "./stage.mjs";

openBrowser();

const PIXEL = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
const PLAN = { url: "https://cdn.example/plan.png", mime: "image/png", bytes: 48_213, width: 1280, height: 720, name: "plan.png" };

/** Answers in the place of cdn.example; tells what was asked for. */
async function cdn(person, answer = { contentType: "image/png", body: PIXEL }) {
  const asked = [];
  await person.page.route("https://cdn.example/**", (route) => {
    asked.push(route.request().url());
    return route.fulfill(answer);
  });
  return asked;
}

chat("files are shown with what they are, and a picture of another origin is loaded after a click", async (world, meet) => {
  const server = await world.server();
  const alice = await meet(server.url, { name: "alice" });
  const asked = await cdn(alice);
  const bot = await world.member(server, "bot", "general");
  const say = (fields) => bot.ask({ type: "send", room: "general", ...fields });

  await say({ attachments: [PLAN, { ref: "f/7Qd2", name: "notes.txt", mime: "text/plain" }] });
  await say({ text: "listen", attachments: [{ url: "https://e.org/a%20song.mp3", mime: "audio/mpeg", ms: 65_000 }] });
  await say({ attachments: [{ url: "https://cdn.example/film.mp4", mime: "video/mp4", name: "\u200bfilm.mp4", thumb: { url: "https://cdn.example/film.jpg" } }] });
  const files = alice.page.locator("#messages .file");
  await files.nth(3).waitFor();

  assert.deepEqual(await files.allTextContents(), [
    "plan.pngPNG picture · 48 kB · 1280 × 720 · cdn.exampleShow picture", "notes.txttext · cannot be opened here", "a song.mp3MPEG recording · 1:05 · e.org",
    "film.mp4MP4 video · cdn.exampleShow picture",
  ]);
  const link = files.first().getByRole("link", { name: "plan.png" });
  assert.deepEqual(await link.evaluate(({ href, target, rel }) => [href, target, rel]), [PLAN.url, "_blank", "noopener noreferrer nofollow"]);
  assert.equal(await files.nth(1).getByRole("link").count(), 0);
  assert.deepEqual(await faults(alice.page), []);
  assert.deepEqual([asked, await alice.page.locator("#messages img").count()], [[], 0]);
  await alice.button("Show picture plan.png from cdn.example").click();
  await alice.page.getByRole("img", { name: "plan.png" }).waitFor();
  await alice.until(() => document.querySelector("#messages img").naturalWidth === 1);
  assert.deepEqual(asked, [PLAN.url], "and no other one");
  assert.deepEqual(await faults(alice.page), []);
  await alice.page.reload();
  await alice.button("Show picture plan.png from cdn.example").waitFor();

  assert.equal(asked.length, 1);
});

chat("a picture of an origin that the operator trusts is shown at once, and of another one not", async (world, meet) => {
  const server = await world.server(["--image-origins", "https://cdn.example"]);
  const alice = await meet(server.url, { name: "alice" });
  const asked = await cdn(alice);
  const bot = await world.member(server, "bot", "general");

  await bot.ask({ type: "send", room: "general", attachments: [PLAN, { ...PLAN, url: "https://cdn.example.net/plan.png" }] });
  await alice.page.getByRole("img", { name: "plan.png" }).waitFor();
  await alice.until(() => document.querySelector("#messages img").naturalWidth === 1);

  await alice.button("Show picture plan.png from cdn.example.net").waitFor();
  assert.deepEqual([asked, await alice.page.locator("#messages img").count()], [[PLAN.url], 1]);
});

chat("people have the picture that the deployment says, where it is at a trusted origin", async (world, meet) => {
  const { server, api } = await apiServer(world, { args: ["--image-origins", "https://cdn.example"] });
  await api.put("/users/carol", { name: "Carol", data: { picture: "https://cdn.example/carol.png" } });
  await api.put("/users/mallory", { name: "Mallory", data: { picture: "https://tracker.example/mallory.png" } });
  const alice = await meet(server.url, { name: "alice" });
  const asked = await cdn(alice);
  for (const name of ["carol", "mallory"]) {
    const there = await world.member(server, name, "general");
    await there.ask({ type: "send", room: "general", text: `I am ${name}` });
  }

  await alice.row("I am carol").locator(".avatar img").waitFor();
  await alice.people.locator(".avatar img").waitFor();
  assert.equal(await alice.row("I am mallory").locator(".avatar").textContent(), "MA");
  assert.equal(await alice.page.locator(".avatar img").count(), 2);
  assert.deepEqual(await faults(alice.page), []);
  assert.deepEqual([...new Set(asked)], ["https://cdn.example/carol.png"]);
});

chat("files are seen in quotes, threads and pins as well, and stay when their message is edited", async (world, meet) => {
  const server = await world.server();
  const alice = await meet(server.url, { name: "alice" });
  await cdn(alice, { contentType: "text/plain", body: "no picture" });
  const other = await world.guest(server, "alice");
  const { room } = await other.ask({ type: "create", key: "k1", title: "Library" });
  await other.ask({ type: "join", room });
  const ask = (type, fields) => other.ask({ type, room, ...fields });
  const { seq: root } = await ask("send", { attachments: [PLAN] });
  await ask("send", { text: "see above", reply_to: root });
  await ask("send", { text: "in here", thread: root, attachments: [{ ...PLAN, name: "detail.png" }] });
  await ask("pin", { target: root });
  await alice.page.goto(`${server.url}/?user=alice#${encodeURIComponent(room)}`);
  await alice.isIn("Library");

  await alice.row("see above").locator(".quoted", { hasText: "alice: 📎 plan.png" }).waitFor();
  await alice.people.getByRole("button", { name: "📎 plan.png", exact: false }).first().waitFor();
  await alice.button("1 reply").click();
  await alice.thread.getByText("detail.png").waitFor();
  await alice.thread.getByRole("button", { name: "Show picture detail.png from cdn.example" }).click();
  await alice.thread.getByText("The picture could not be loaded.").waitFor();
  assert.deepEqual(await faults(alice.page), []);
  await alice.thread.locator(".reply", { hasText: "in here" }).getByRole("button", { name: "More about this message" }).click();
  await alice.page.getByRole("menuitem", { name: "Edit" }).click();
  await alice.box.fill("in there");
  await alice.box.press("Enter");

  await alice.thread.locator(".reply", { hasText: "in there" }).getByText("detail.png").waitFor();
});

/** Pastes a file into the box; `text`: what comes beside it. Tells whether the browser is left to do what it does. */
const paste = (person, text = "") => person.box.evaluate((box, beside) => {
  const data = new DataTransfer();
  data.items.add(new File(["x"], "plan.png", { type: "image/png" }));
  if (beside) data.setData("text/plain", beside);
  return box.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}, text);

/** As from a file manager. */
async function drop(person, file) {
  const { x, y } = await person.page.locator("#scroller").boundingBox();
  const chromium = await person.page.context().newCDPSession(person.page);
  for (const type of ["dragEnter", "dragOver", "drop"])
    await chromium.send("Input.dispatchDragEvent", { type, x: x + 20, y: y + 20, data: { items: [], files: [file], dragOperationsMask: 1 } });
}

chat("a file that is pasted or dropped is not sent, which is said, and does not take the place of the chat", async (world, meet) => {
  const server = await world.server();
  const alice = await meet(server.url, { name: "alice" });
  const said = alice.page.getByRole("alert").getByText("Files cannot be sent here.");
  const file = join(await world.directory(), "plan.txt");
  await writeFile(file, "the plan");

  assert.equal(await paste(alice, "a text of a document"), true, "and its picture: the text is pasted");
  assert.equal(await said.isVisible(), false);
  await drop(alice, file);
  await said.waitFor();
  assert.deepEqual(await faults(alice.page), []);
  await alice.say("still here");
  await alice.page.reload();
  await alice.isIn("general");
  assert.equal(await paste(alice), false);

  await said.waitFor();
  assert.equal(await alice.page.locator("input[type=file]").count(), 0, "no control for what cannot be done");
});

/** A deployment that gives out places at store.example, played beside the server. `answer`: how the store takes a file. */
async function deployment(person) {
  const played = { puts: [], answer: 200 };
  await person.page.routeWebSocket("**/ws", (page) => {
    const server = page.connectToServer();
    const reply = ({ type, id }, fields) => page.send(JSON.stringify({ type, re: id, expires_at: Date.now() + 60_000, ...fields }));
    server.onMessage((text) => {
      const frame = JSON.parse(text);
      if (frame.type === "welcome") frame.features.push("upload");
      page.send(JSON.stringify(frame));
    });
    page.onMessage((text) => {
      const frame = JSON.parse(text);
      if (frame.name === "big.bin") reply({ ...frame, type: "error" }, { code: "rejected", message: "the deployment says no", retry: false, reason: "A file may have 1 MiB." });
      else if (frame.type === "upload") reply(frame, { ref: `f/${frame.name}`, method: "PUT", url: `https://store.example/in/${frame.name}`, headers: { "Content-Type": frame.mime } });
      else if (frame.type === "download") reply(frame, { url: `https://store.example/out/${frame.seq}/${frame.index}` });
      else server.send(text);
    });
  });
  await person.page.context().route("https://store.example/**", (route) => {
    const request = route.request();
    const headers = { "Access-Control-Allow-Origin": "*" };
    if (request.method() !== "PUT") return route.fulfill({ headers, contentType: "image/png", body: PIXEL });
    played.puts.push([request.url(), request.headers()["content-type"], request.postDataBuffer()?.length ?? 0]);
    return route.fulfill({ headers, status: played.answer });
  });
  await person.page.reload();
  await person.isIn("general");
  return played;
}

chat("files are chosen, put where the deployment says, sent with a text or without, and opened from there", async (world, meet) => {
  const server = await world.server();
  const bot = await world.member(server, "bot", "general");
  const alice = await meet(server.url, { name: "alice" });
  const store = await deployment(alice);
  const chosen = alice.page.getByRole("list", { name: "Files to send" }).getByRole("listitem");
  const choose = async (...files) => {
    const [chooser] = await Promise.all([alice.page.waitForEvent("filechooser"), alice.button("Attach files").click()]);
    await chooser.setFiles(files);
  };

  await choose({ name: "plan.png", mimeType: "image/png", buffer: PIXEL }, { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("the plan") });
  await chosen.filter({ hasText: "plan.png" }).getByText("Ready").waitFor();
  await chosen.filter({ hasText: "notes.txt" }).getByText("Ready").waitFor();
  assert.deepEqual(await faults(alice.page), []);
  await alice.say("see");
  const { attachments } = await bot.expect({ type: "message", text: "see" });

  assert.deepEqual(attachments, [
    { ref: "f/plan.png", mime: "image/png", bytes: PIXEL.length, name: "plan.png", width: 1, height: 1 }, { ref: "f/notes.txt", mime: "text/plain", bytes: 8, name: "notes.txt" },
  ]);
  assert.deepEqual(store.puts.map(([url, type]) => [url, type]).sort(), [["https://store.example/in/notes.txt", "text/plain"], ["https://store.example/in/plan.png", "image/png"]]);
  assert.equal(await chosen.count(), 0);
  await alice.button("Show picture plan.png").click();
  await alice.page.getByRole("img", { name: "plan.png" }).waitFor();
  const [opened] = await Promise.all([alice.page.context().waitForEvent("page"), alice.button("Open notes.txt").click()]);
  await opened.waitForURL(/^https:\/\/store\.example\/out\/\d+\/1$/);
  await opened.close();

  await choose({ name: "big.bin", mimeType: "", buffer: Buffer.from("x") });
  await chosen.getByText("A file may have 1 MiB.").waitFor();
  await alice.button("Remove big.bin").click();

  store.answer = 500;
  assert.equal(await paste(alice), false);
  await chosen.getByText("The place for it answered 500.").waitFor();
  assert.equal(await alice.button("Send").isDisabled(), true);
  assert.deepEqual(await faults(alice.page), []);
  store.answer = 200;
  await alice.button("Try again to upload plan.png").click();
  await chosen.getByText("Ready").waitFor();
  const file = join(await world.directory(), "more.txt");
  await writeFile(file, "more");
  await drop(alice, file);
  await chosen.filter({ hasText: "more.txt" }).getByText("Ready").waitFor();
  await alice.button("Remove more.txt").click();
  await alice.button("Send").click();

  assert.deepEqual((await bot.expect({ type: "message", text: undefined })).attachments.map(({ name }) => name), ["plan.png"]);
  alice.complaints = alice.complaints.filter((text) => !text.includes("status of 500"));
});
