// What was written offline, and drafts, survive a reload.

import assert from "node:assert/strict";

import { Proxy } from "./proxy.mjs";
import { chat, openBrowser } from "./stage.mjs";

openBrowser();

chat("messages written offline and drafts are there after a reload, and arrive once", async (world, meet) => {
  const server = await world.server();
  const wire = await Proxy.to(world, server);
  const alice = await meet(server.url, { name: "alice" });
  const bob = await meet(wire.url, { name: "bob" });
  const url = bob.page.url();
  await bob.page.goto(`${wire.url}/?user=bob#attic`);
  await bob.isIn("attic");
  await bob.box.fill("half a sen");
  await bob.go("general");
  assert.equal(await bob.box.inputValue(), "");

  wire.cut();
  await bob.banner.getByText("Reconnecting").waitFor();
  await bob.write("one");
  await bob.write("two");
  await bob.row("two").and(bob.page.locator(".sending")).waitFor();
  await bob.page.goto("about:blank");
  wire.mend();
  await bob.page.goto(url);
  await bob.settled("one").waitFor();
  await bob.settled("two").waitFor();
  await alice.sees("two");

  assert.deepEqual(await alice.texts(), ["one", "two"]);
  await bob.page.reload();
  await bob.sees("two");
  assert.deepEqual(await bob.texts(), ["one", "two"]);
  await bob.go("attic");
  assert.equal(await bob.box.inputValue(), "half a sen");
  await bob.page.reload();
  await bob.isIn("attic");
  await bob.until(() => document.getElementById("text").value === "half a sen");
  await bob.box.press("Enter");
  await bob.settled("half a sen").waitFor();
  await bob.page.reload();
  await bob.sees("half a sen");
  assert.equal(await bob.box.inputValue(), "");
});

chat("a message that waited for days is shown as failed, and sent by its user", async (world, meet) => {
  const server = await world.server();
  const bob = await meet(server.url, { name: "bob" });
  const keep = (at) =>
    new Promise((resolve, reject) => {
      const request = indexedDB.open("confab.outbox.bob", 1);
      request.onerror = reject;
      request.onsuccess = () => {
        const transaction = request.result.transaction("messages", "readwrite");
        transaction.objectStore("messages").put({ room: "general", key: "k-old", at, text: "old news" });
        transaction.oncomplete = () => resolve();
      };
    });
  await bob.page.evaluate(keep, Date.now() - 2 * 24 * 3600_000);

  await bob.page.reload();
  await bob.row("old news").getByText("Not sent. It was written long ago.").waitFor();
  await bob.row("old news").getByRole("button", { name: "Try again" }).click();

  await bob.settled("old news").waitFor();
});
