// What people do most, in Firefox and in WebKit: each engine against the real server, with somebody who needs no browser at the other end.
// In Chromium the page is tested as a whole (../*.test.mjs).

import assert from "node:assert/strict";
import { after, before } from "node:test";

import { scenario } from "../../e2e/support/world.mjs";
import { Proxy } from "../proxy.mjs";
import { firefox } from "./firefox.mjs";
import { webkit } from "./webkit.mjs";

for (const [name, launch] of [["Firefox", firefox], ["WebKit", webkit]]) {
  let engine;
  before(async () => (engine = await launch()));
  after(() => engine?.close());

  /** A scenario with a tab, in whose console there must be nothing in the end, and with Bob in the room general. */
  const chat = (title, path, body) =>
    scenario(`${name}: ${title}`, async (world) => {
      const server = await world.server();
      const bob = await world.member(server, "bob", "general");
      const wire = await Proxy.to(world, server);
      const tab = await engine.open(wire.url + path);
      world.atEnd(() => tab.close());
      await body({ tab, bob, wire });
      assert.deepEqual(tab.complaints, []);
    });

  const isIn = (tab, room) => tab.until((room) => document.querySelector("#room-title").textContent === room && /online|here/.test(document.querySelector("#room-subtitle").textContent), room);
  /** The message is shown, as the server knows it. */
  const sees = (tab, text) => tab.until((text) => [...document.querySelectorAll("#messages > li:not(.sending, .failed, .sent) .text")].some((one) => one.textContent.startsWith(text)), text);
  const write = async (tab, text) => {
    await tab.click("#text");
    await tab.type(text);
    await tab.press("Enter");
    await sees(tab, text);
  };
  /** A tool of the message with this text. */
  const tool = async (tab, text, label) => {
    await tab.hover("#messages > li", text);
    await tab.click(`#messages .tools [aria-label="${label}"]`);
  };

  chat("one signs in by name, sends and receives, and is there again after a reload", "/", async ({ tab, bob, wire }) => {
    await tab.click("#signin-name");
    await tab.type("Zoë Kranz");
    await tab.click("#signin-form [type=submit]");
    await isIn(tab, "general");
    await write(tab, "hello from here");
    const { from } = await bob.expect({ type: "message", text: "hello from here" });
    assert.equal(from, "zoe-kranz");
    await bob.ask({ type: "send", room: "general", text: "hello **Zoë**, see https://example.org/a_(b)." });
    await sees(tab, "hello Zoë");
    const [bold, link] = await tab.run(() => [document.querySelector("#messages strong").textContent, document.querySelector("#messages .text a").href]);
    assert.deepEqual([bold, link], ["Zoë", "https://example.org/a_(b)"]);

    await tab.goto(`${wire.url}/`);

    await isIn(tab, "general");
    await sees(tab, "hello from here");
  });

  chat("one reacts, edits, replies in a thread and deletes", "/?user=alice", async ({ tab, bob }) => {
    await isIn(tab, "general");
    await write(tab, "frist");
    const { seq } = await bob.expect({ type: "message", text: "frist" });
    await tool(tab, "frist", "React with 👍");
    await bob.expect({ type: "reacted", target: seq, emoji: "👍", on: true });
    await tab.until(() => document.querySelector("#messages .chip[aria-pressed=true]")?.textContent.includes("1"));

    await tab.click("#text");
    await tab.press("ArrowUp");
    await tab.until(() => document.querySelector("#text").value === "frist");
    await tab.run(() => document.querySelector("#text").select());
    await tab.type("first");
    await tab.press("Enter");
    await bob.expect({ type: "edited", target: seq, text: "first" });
    await sees(tab, "first (edited)");

    await tool(tab, "first", "More");
    await tab.click("[role=menuitem]", "Reply in a thread");
    await tab.click("#thread-text");
    await tab.type("an answer");
    await tab.press("Enter");
    const answer = await bob.expect({ type: "message", text: "an answer" });
    assert.equal(answer.thread, seq);
    await tab.until(() => document.querySelector("#thread-list").textContent.includes("an answer"));
    await tab.click("#thread-close");

    await tool(tab, "first", "Delete");
    await tab.click("dialog[open] button", "Delete");
    await bob.expect({ type: "deleted", target: seq });
    await tab.until(() => document.querySelector("#messages").textContent.includes("This message was deleted."));
  });

  chat("one changes rooms by the keyboard and by the list, and what is new elsewhere is counted", "/?user=alice", async ({ tab, bob }) => {
    await isIn(tab, "general");
    await tab.click("#text");
    await tab.press("Control", "k");
    await tab.until(() => document.activeElement.id === "switcher-input");
    await tab.type("attic");
    await tab.until(() => document.querySelector("#switcher-list [role=option]")?.textContent.includes("attic"));
    await tab.press("Enter");
    await isIn(tab, "attic");

    await bob.ask({ type: "send", room: "general", text: "where are you?" });
    await tab.until(() => /1/.test(document.querySelector("a.room:not([aria-current]) .badge")?.textContent));
    await tab.click("a.room", "general");

    await isIn(tab, "general");
    await sees(tab, "where are you?");
    await tab.run(() => history.back());
    await isIn(tab, "attic");
  });

  chat("an input method's Enter sends nothing, in either order of its events", "/?user=alice", async ({ tab, bob }) => {
    await isIn(tab, "general");
    const compose = (text, safari) => {
      const box = document.querySelector("#text");
      const key = (more) => box.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true, ...more }));
      box.focus();
      box.dispatchEvent(new CompositionEvent("compositionstart", { bubbles: true }));
      box.value = text;
      box.dispatchEvent(new InputEvent("input", { bubbles: true, isComposing: true, data: text, inputType: "insertCompositionText" }));
      if (!safari) key({ isComposing: true });
      box.dispatchEvent(new CompositionEvent("compositionend", { bubbles: true, data: text }));
      if (safari) key({ keyCode: 229 });
      return box.value;
    };
    for (const [text, safari] of [["안녕하세요", false], ["こんにちは", true]]) {
      assert.equal(await tab.run(compose, text, safari), text);
      assert.equal(await tab.run(() => document.querySelectorAll("#messages > li .text").length), safari ? 1 : 0);

      await tab.press("Enter");

      await sees(tab, text);
      await bob.expect({ type: "message", text });
    }
  });

  chat("one is told when the connection is lost, and what was written then is there once", "/?user=alice", async ({ tab, bob, wire }) => {
    await isIn(tab, "general");
    wire.cut();
    await tab.until(() => document.querySelector("#banner").textContent.includes("Reconnecting"));
    await tab.click("#text");
    await tab.type("written offline");
    await tab.press("Enter");
    await tab.until(() => document.querySelector("#messages .sending")?.textContent.includes("written offline"));

    wire.mend();

    await sees(tab, "written offline");
    await bob.expect({ type: "message", text: "written offline" });
    await bob.settled();
    assert.deepEqual(bob.left({ type: "message" }), []);
    tab.complaints.length = 0; // Firefox tells of each attempt to connect
  });
}
