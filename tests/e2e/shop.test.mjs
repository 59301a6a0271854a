// A shop connects its backend as the guide says, command by command.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import { until } from "./support/deadline.mjs";
import { LONG_RUNNING, blocksOf } from "./support/documents.mjs";
import { Receiver } from "./support/receiver.mjs";
import { confabd } from "./support/server.mjs";
import { scenario } from "./support/world.mjs";

const told = promisify(execFile);

/** Does what the guide's commands say, one after the other. */
class Shop {
  static async of(world) {
    const shop = new Shop();
    shop.world = world;
    shop.where = await world.directory();
    shop.blocks = (await blocksOf("how-to/backend.md")).filter(({ info }) => info.startsWith("sh"));
    [shop.hook, shop.push, shop.check] = await Promise.all([1, 2, 3].map(() => Receiver.start(world)));
    await mkdir(join(shop.where, "bin"));
    await symlink(confabd, join(shop.where, "bin/confabd"));
    return shop;
  }

  async customer(token) {
    const client = await this.world.connect(this.server);
    await client.hello({ token });
    await client.ask({ type: "join", room: "order-771" });
    return client;
  }

  /** The next command, which is the one that says `part`; what it answers. */
  async does(part) {
    this.last = this.blocks.shift();
    assert.ok(this.last?.content.includes(part), `${part}: ${this.last?.content}`);
    return this.again();
  }
  async again() {
    const { info, content } = this.last;
    if (info === LONG_RUNNING) return this.#serve(content.trim());
    const text = content
      .replaceAll("http://127.0.0.1:8080", this.server?.url)
      .replace("127.0.0.1:9000", `127.0.0.1:${this.hook.port}`)
      .replace("127.0.0.1:9001", `127.0.0.1:${this.push.port}`);
    const PATH = `${join(this.where, "bin")}:${process.env.PATH}`;
    const { stdout } = await told("sh", ["-ec", text], { cwd: this.where, env: { ...process.env, PATH, KEY: this.key } });
    assert.ok(!stdout.includes("urn:confab:error"), `${text}\n${stdout}`);
    return stdout.startsWith("{") ? JSON.parse(stdout) : stdout;
  }
  /** In place of the one that runs, on the same data. */
  async #serve(command) {
    const files = ["secret", "keys", "hook-secret"];
    const args = command
      .replace("127.0.0.1:9002", `127.0.0.1:${this.check.port}`)
      .split(" ").slice(1).map((word) => (files.includes(word) ? join(this.where, word) : word));
    this.key = (await readFile(join(this.where, "key"), "utf8")).trim();
    this.data ??= await this.world.directory();
    await this.server?.stop();
    // Beside what the guide says: that a test need not wait for ten seconds.
    this.server = await this.world.server([...args, "--notify-after", "100ms"], { guests: false, data: this.data });
  }
}

scenario("the guide to a backend works as it is written, and a shop can live by it", async (world) => {
  const shop = await Shop.of(world);
  shop.check.reply = ({ json: { data: { message } } }) => {
    const spam = message.text.includes("https:");
    return { status: 200, body: JSON.stringify(spam ? { action: "reject", reason: "No links here, please." } : { action: "allow" }) };
  };

  await shop.does("confabd api-key");
  await shop.does("confabd --jwt-secret-file");
  const { token } = await shop.does("/tokens");
  await shop.does("/rooms/order-771");
  const { changed } = await shop.does("/rooms/order-771/members");
  shop.hook.secrets = [(await shop.does("/webhooks/shop")).secret];
  shop.push.secrets = [(await shop.does("/webhooks/push")).secret];
  const alice = await shop.customer(token);

  const paid = await shop.does("/messages");
  const heard = await alice.expect({ type: "message", from: "billing-bot" });
  const answer = await alice.ask({ type: "send", room: "order-771", text: "My card: 4111" });
  await shop.hook.when("her answer", (came) => came.some((one) => one.json.data.entry?.from === "alice"));
  await shop.push.count(1);
  await shop.does("/messages/4");
  const gone = await alice.expect({ type: "deleted", target: 4 });
  await shop.does("banned");
  const reports = await shop.does("/reports");
  await shop.does("hook-secret");
  shop.check.secrets = [(await readFile(join(shop.where, "hook-secret"), "utf8")).trim()];
  await shop.does("--hook-check-url");
  const again = await shop.customer(token);
  const refused = await again.ask({ type: "send", room: "order-771", text: "look: https://spam.example" });
  const thanks = await again.ask({ type: "send", room: "order-771", text: "Thanks." });
  const { job } = await shop.does("/users/alice/export");
  await shop.does("/jobs/j-1/result");
  const kept = (await readFile(join(shop.where, "alice.ndjson"), "utf8")).trim().split("\n").map((line) => JSON.parse(line));
  const erasure = await shop.does("/users/alice/erase");
  await shop.does("/jobs/j-2");
  await until("she is erased", async () => (await shop.again()).state === "done");
  const { code } = await again.closed();
  await shop.hook.when("the event", (came) => came.some((one) => one.json.type === "user.erased"));

  assert.deepEqual(changed, ["alice", "bob"]);
  assert.deepEqual([paid.seq, heard.text, answer.seq, gone.reason], [3, "Paid.", 4, "card number"]);
  assert.deepEqual(shop.hook.texts("order-771").slice(0, 2), ["Paid.", "My card: 4111"]);
  const [notice] = shop.push.came;
  assert.deepEqual([notice.json.type, notice.json.data.text], ["notify", "Paid."]);
  assert.deepEqual(notice.json.data.recipients.map(({ user, why }) => [user, why]), [["bob", "mention"]]);
  assert.deepEqual([job, erasure.job, code], ["j-1", "j-2", 4502]);
  assert.deepEqual(kept.filter((line) => line.type === "membership").map((line) => line.room), ["order-771"]);
  assert.equal(kept.at(-1).type, "end");
  assert.deepEqual([refused.code, refused.reason, thanks.type], ["rejected", "No links here, please.", "sent"]);
  assert.deepEqual([shop.hook.faults, shop.push.faults, shop.check.faults, reports.items], [[], [], [], []]);
  assert.deepEqual(shop.blocks, [], "all of the guide is done");
});
