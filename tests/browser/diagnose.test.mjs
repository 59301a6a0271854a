// What the client library can say in a page, where a socket says nothing of why it failed.

import assert from "node:assert/strict";

import { Proxy } from "./proxy.mjs";
import { chat, openBrowser } from "./stage.mjs";

openBrowser();

/** The reason that a client in the page gives for its first failed attempt. */
const reasonOf = (person, path) =>
  person.page.evaluate(async (url) => {
    const { ConfabClient } = await import("/sdk/confab.js");
    const client = new ConfabClient({ url, guest: "zoe" });
    const failed = new Promise((resolve) => client.on("error", resolve));
    client.connect();
    const { name, reason, message } = await failed;
    client.stop();
    return `${name} ${reason}: ${message}`;
  }, path);

chat("a wrong path, a server that refuses and one that is gone are told apart", async (world, meet) => {
  const server = await world.server();
  const wire = await Proxy.to(world, server);
  const bob = await meet(wire.url);
  await bob.page.getByLabel("Your name").waitFor();

  assert.match(await reasonOf(bob, "/nowhere"), /^ConnectError wrong_path: there is nothing at ws:.*\/nowhere \(HTTP 404\)/);
  wire.cut();
  assert.match(await reasonOf(bob, "/ws"), /^ConnectError unreachable: nobody answers at ws:/);

  bob.complaints.splice(0); // Chromium itself speaks of what was not found
});
