// Whom the deployment is told to notify, who comes and goes, and what is taken back.

import assert from "node:assert/strict";

import { Api, apiServer } from "./support/api.mjs";
import { Receiver } from "./support/receiver.mjs";
import { scenario } from "./support/world.mjs";

const LOCAL = ["--hook-nets", "127.0.0.0/8", "--notify-after", "100ms"];

async function pushed(world, { events = ["notify*"], ...options } = {}) {
  const receiver = await Receiver.start(world);
  const { server, keys } = await apiServer(world, { args: LOCAL, keys: { all: "* rooms=*,dm:*" }, ...options });
  const api = await Api.of(server.url, keys.all);
  const made = await api.put("/webhooks/push", { url: receiver.url, events, rooms: ["*", "dm:*"] });
  receiver.secrets = [made.json.secret];
  return { receiver, server, api };
}
const of = (receiver, type) => receiver.came.filter((one) => one.json.type === type).map((one) => one.json.data);
const withdrawn = (receiver) => receiver.when("a withdrawal", () => of(receiver, "notify.cleared").length > 0);

scenario("who is away is told of a mention, and the notification goes once it is read", async (world) => {
  const { receiver, server, api } = await pushed(world);
  await api.put("/rooms/team", { title: "Team", owner: "alice" });
  await api.post("/rooms/team/members", { users: ["bob", "carol"], state: "member" });
  await api.put("/users/alice", { name: "Alice" });
  await world.guest(server, "carol"); // who looks at her session

  const { json: said } = await api.post("/rooms/team/messages", { from: "alice", text: "see @bob, @carol", mentions: ["bob", "carol"] });
  await receiver.count(1);
  const bob = await world.guest(server, "bob");
  await bob.ask({ type: "read", room: "team", seq: said.seq });
  await withdrawn(receiver);

  const [{ pos, ...notice }] = of(receiver, "notify");
  assert.deepEqual(notice, {
    room: "team", title: "Team", seq: said.seq, from: "alice", name: "Alice", text: "see @bob, @carol",
    recipients: [{ user: "bob", why: "mention", unread: 1, mentions: 1, total: { unread: 1, mentions: 1 } }], more: false,
  });
  assert.ok(pos > 0);
  assert.deepEqual(of(receiver, "notify.cleared"), [{ user: "bob", room: "team", read: said.seq, total: { unread: 0, mentions: 0 } }]);
  assert.deepEqual(receiver.faults, []);
});

scenario("a session in the background holds back no push, and one that is looked at does", async (world) => {
  const { receiver, server, api } = await pushed(world);
  const bob = await world.guest(server, "bob");
  const say = (text) => api.post("/directs/alice/bob/messages", { text });

  await say("while he looks");
  await bob.expect({ type: "message", text: "while he looks" });
  // They are looked for in the order of the journal: when dan is told bob was not.
  await api.post("/directs/alice/dan/messages", { text: "for dan" });
  await receiver.count(1);
  await bob.ask({ type: "active", on: false });
  await say("while he does not");
  await receiver.count(2);

  assert.deepEqual(of(receiver, "notify").map((one) => [one.text, one.recipients.map(({ user, why }) => [user, why])]), [
    ["for dan", [["dan", "direct"]]],
    ["while he does not", [["bob", "direct"]]],
  ]);
  assert.equal(of(receiver, "notify")[1].recipients[0].total.unread, 2);
});

scenario("a message that is deleted is taken back, and what waited through a kill is told once more at most", async (world) => {
  const data = await world.directory();
  const { receiver, server, api } = await pushed(world, { data });
  receiver.reply = () => 503;
  const { json: first } = await api.post("/directs/alice/bob/messages", { text: "one" });
  await receiver.count(1);
  server.signal("SIGKILL");
  await server.exited();
  receiver.reply = () => 204;
  const again = await apiServer(world, { data, args: LOCAL, keys: { all: "* rooms=*,dm:*" } });
  await receiver.count(2);

  await again.api.delete(`/rooms/${encodeURIComponent(first.room)}/messages/${first.seq}`);
  await withdrawn(receiver);

  const [once, twice] = receiver.came;
  assert.deepEqual([twice.id, twice.text], [once.id, once.text]);
  assert.deepEqual(of(receiver, "notify.cleared").map(({ user, seq }) => [user, seq]), [["bob", first.seq]]);
});

scenario("who comes and goes is told, and at a start that nobody is there", async (world) => {
  const data = await world.directory();
  const { receiver, server } = await pushed(world, { data, events: ["presence.*"] });
  const bob = await world.guest(server, "bob");
  await receiver.count(1);
  await bob.close();
  await receiver.count(2);
  await server.stop();
  await apiServer(world, { data, args: LOCAL });
  await receiver.count(3);

  assert.deepEqual(receiver.came.map((one) => [one.json.type, one.json.data]), [
    ["presence.online", { user: "bob", node: "n1" }],
    ["presence.offline", { user: "bob", node: "n1" }],
    ["presence.reset", { node: "n1" }],
  ]);
});
