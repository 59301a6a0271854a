// A private room with members, roles, a thread, mentions, pins, a mute, a deletion, a ban and a report, against the real
// server, on two devices each; and the same after a reload and after a restart.

import assert from "node:assert/strict";

import { apiServer } from "./support/api.mjs";
import { any, assertShape } from "./support/matching.mjs";
import { scenario } from "./support/world.mjs";

const named = (id) => ({ hello: { name: id[0].toUpperCase() + id.slice(1) } });

const PEOPLE = ["alice", "bob", "carol"];
const club = (type, fields) => ({ type, room: "club", ...fields });

/** Two devices of a user, which speak JSON and CBOR. */
const devicesOf = (world, server, id, hello) =>
  Promise.all(
    ["confab.v1.json", "confab.v1.cbor"].map((protocol) =>
      world.guest(server, id, { hello: { ...named(id).hello, ...hello }, protocol }),
    ),
  );

/** All that a device is told of the room when it asks: what everybody sees, and what is its user's own. */
async function told(device) {
  const ask = (type, fields) => device.ask(club(type, fields));
  const { role, member, read, title, epoch, head, settings, count, pins, events, users } = await ask("join");
  const log = await ask("join", { since: 0, epoch });
  const rows = async (state) => (await ask("members", { state })).members.map(({ online, ...row }) => row);
  const { re: asked, ...history } = await ask("history");
  const threads = (await ask("threads")).events;
  const { rooms, totals } = await device.ask({ type: "inbox" });
  return {
    shared: {
      ...{ title, epoch, head, settings, count, pins, events, users, history, threads },
      log: [log.gap, log.more, log.events],
      thread: (await ask("history", { thread: threads[0].seq })).events,
      pinned: (await ask("pins")).pins,
      members: await rows("member"),
      banned: await rows("banned"),
    },
    own: { role, member, read, rooms, totals, mentions: (await device.ask({ type: "mentions" })).mentions },
  };
}

/** What all devices are told, `people` being two of each: the same, but for what is each user's own. */
async function toldAlike(people) {
  const found = await Promise.all(people.map((devices) => Promise.all(devices.map(told))));
  for (const [one, other] of found) {
    assert.deepEqual(other, one);
    assert.deepEqual(one.shared, found[0][0].shared);
  }
  return found.map(([one]) => one);
}

scenario("three people run a private room on two devices each, and every device tells the same of it", async (world) => {
  const data = await world.directory();
  const { server, api, file } = await apiServer(world, { keys: { desk: "moderate" }, data });
  const [[alice, desk], [bob, phone], [carol, pad], [eve, watch]] = await Promise.all(
    [...PEOPLE, "eve"].map((id) => devicesOf(world, server, id)),
  );
  const all = [alice, desk, bob, phone, carol, pad];
  const create = club("create", { key: "k1", title: "Klub 김치", visibility: "private", users: ["bob", "carol"] });
  const created = await alice.ask(create);
  const again = await alice.ask(create);

  assertShape(created, { type: "created", re: any.count, room: "club", epoch: any.text, head: 3 });
  assert.deepEqual([again.duplicate, again.head], [true, 3]);
  assert.equal((await eve.ask(club("create", { key: "k1" }))).code, "conflict");

  // Who is not invited sees nothing of it; who is invited comes in as a member.
  assert.equal((await eve.ask(club("join"))).code, "no_such_room");
  assert.deepEqual((await eve.ask({ type: "rooms" })).rooms, []);
  const joined = await alice.ask(club("join"));
  await desk.ask(club("join"));
  assert.deepEqual([joined.role, joined.title, joined.settings], ["owner", "Klub 김치", { visibility: "private" }]);
  for (const [first, second] of [[bob, phone], [carol, pad]]) {
    assert.equal((await first.ask(club("join"))).code, "not_member");
    assert.equal((await first.ask(club("join", { member: true }))).member, true);
    assert.equal((await second.ask(club("join"))).member, true);
  }
  assert.equal((await alice.ask(club("set_member", { users: ["bob"], role: "moderator" }))).type, "done");
  for (const device of all) await device.expect({ type: "member_set", role: "moderator" });

  // A mention and a reply in a thread come while Carol is away.
  const root = await carol.ask(club("send", { text: "lunch?" }));
  const away = (await pad.expect({ type: "message", seq: root.seq })).seq;
  for (const device of [carol, pad]) device.vanish();
  const attachments = [{ url: "https://files.example/p.png", mime: "image/png" }];
  const call = await bob.ask(club("send", { text: "hi @carol", mentions: ["carol", "zoe"], attachments }));
  const reply = await alice.ask(club("send", { text: "at noon", thread: root.seq, reply_to: root.seq }));
  assert.deepEqual(call.unreached, ["zoe"]);
  for (const device of [alice, desk, phone]) assert.equal((await device.expect({ type: "message", seq: call.seq })).name, "Bob");
  const back = await devicesOf(world, server, "carol", { resume: [{ room: "club", since: away, epoch: joined.epoch }] });
  for (const device of back) {
    const { events, gap, role } = await device.expect({ type: "joined" });
    assert.deepEqual([gap, role, events.map(({ seq }) => seq)], [false, "member", [call.seq, reply.seq]]);
    const { mentions } = await device.ask({ type: "mentions" });
    const notes = mentions.map(({ why, read, message }) => [why, read, message.seq]);
    assert.deepEqual(notes.sort(([, , a], [, , b]) => a - b), [["mention", false, call.seq], ["reply", false, reply.seq]]);
  }
  const [carolNow, padNow] = back;
  const devices = [alice, desk, bob, phone, carolNow, padNow];
  const people = [[alice, desk], [bob, phone], [carolNow, padNow]];
  assertShape(await carolNow.ask(club("read", { seq: call.seq })), { type: "read", re: any.count, room: "club", read: call.seq, unread: 0, mentions: 1 });
  assert.equal((await padNow.expect({ type: "read" })).read, call.seq);

  // The moderator mutes, pins and takes away; a member may not.
  const until = Date.now() + 3_600_000;
  assert.equal((await bob.ask(club("set_member", { users: ["carol"], mute_until: until }))).type, "done");
  const muted = await padNow.ask(club("send", { text: "?" }));
  assertShape(muted, { type: "error", re: any.count, code: "muted", message: any.text, retry: false, until });
  assert.equal((await bob.ask(club("set_member", { users: ["alice"], mute_until: until }))).code, "forbidden");
  assert.equal((await bob.ask(club("set_member", { users: ["carol"], mute_until: 0 }))).type, "done");
  const rude = await carolNow.ask(club("send", { text: "rude words" }));
  assert.equal((await bob.ask(club("pin", { target: rude.seq }))).type, "done");
  assert.equal((await phone.ask(club("pin", { target: call.seq }))).type, "done");
  assert.equal((await carolNow.ask(club("pin", { target: root.seq }))).code, "forbidden");
  assert.equal((await carolNow.ask(club("delete", { target: call.seq }))).code, "forbidden");
  assert.equal((await bob.ask(club("delete", { target: rude.seq, reason: "be kind" }))).type, "done");
  for (const device of devices) assert.equal((await device.expect({ type: "deleted", target: rude.seq })).reason, "be kind");

  // A fourth one comes in, is reported and banned, on both devices.
  await carolNow.ask(club("set_member", { users: ["eve"], state: "invited" }));
  await eve.ask(club("join", { member: true }));
  await watch.ask(club("join"));
  const spam = await eve.ask(club("send", { text: "buy this" }));
  assert.equal((await padNow.ask(club("report", { target: spam.seq, reason: "advertises" }))).type, "done");
  const [report] = (await api.get("/reports?state=open")).json.items;
  assert.deepEqual([report.room, report.by, report.target, report.reason], ["club", "carol", spam.seq, "advertises"]);
  const ban = club("set_member", { key: "b1", users: ["eve"], state: "banned", reason: "spam", delete_ms: 3_600_000 });
  assert.equal((await bob.ask(ban)).deleted, 1);
  for (const device of [eve, watch]) {
    const left = await device.expect({ type: "left" });
    assertShape(left, { type: "left", room: "club", reason: "banned" });
    const entry = device.frames.find((frame) => frame.type === "member_set" && frame.state === "banned");
    assert.ok(device.frames.indexOf(entry) < device.frames.indexOf(left), "the entry comes before");
    const refused = await device.ask(club("join"));
    assert.deepEqual([refused.code, refused.reason], ["banned", "spam"]);
  }
  for (const device of devices) await device.expect({ type: "deleted", target: spam.seq });

  const before = await toldAlike(people);
  const [{ shared }, , { own }] = before;
  assert.deepEqual(shared.members.map(({ id, role }) => `${id} ${role}`), ["alice owner", "bob moderator", "carol member"]);
  assert.deepEqual([shared.count, shared.banned.map(({ id, reason }) => [id, reason])], [3, [["eve", "spam"]]]);
  assert.deepEqual(shared.pins, [call.seq], "what is deleted is pinned no more");
  assert.deepEqual(shared.thread.map(({ seq }) => seq), [root.seq, reply.seq]);
  const gone = shared.events.filter(({ deleted }) => deleted);
  assert.deepEqual(gone.map(({ seq, text, deleted_by, reason }) => [seq, text, deleted_by, reason]), [
    [rude.seq, undefined, "bob", "be kind"],
    [spam.seq, undefined, "bob", undefined],
  ]);
  assert.doesNotMatch(JSON.stringify(before), /rude words|buy this/);
  assert.deepEqual([own.role, own.rooms[0].mentions, own.totals.mentions], ["member", 0, 0], "a message moves its author's marker");

  const reloaded = await Promise.all(PEOPLE.map((id) => devicesOf(world, server, id)));
  assert.deepEqual(await toldAlike(reloaded), before);

  await server.stop();
  const next = await world.server(["--api-keys-file", file], { data });
  const restarted = await Promise.all(PEOPLE.map((id) => devicesOf(world, next, id)));
  assert.deepEqual(await toldAlike(restarted), before);
  const [, [moderator]] = restarted;
  assert.equal((await (await world.guest(next, "eve")).ask(club("join"))).code, "banned");
  assert.equal((await moderator.ask(ban)).duplicate, true);
  assert.equal((await moderator.ask(club("send", { text: "x", key: "b1" }))).code, "conflict");
});

scenario("who has blocked a user is not written to, and gets no signal from him", async (world) => {
  const server = await world.server();
  const [alice, eve] = await Promise.all(["alice", "eve"].map((id) => world.guest(server, id, named(id))));

  assert.equal((await eve.ask({ type: "direct", to: "alice", text: "hello" })).type, "sent");
  assert.equal((await alice.ask({ type: "block", user: "eve", on: true })).type, "done");
  assert.equal((await eve.ask({ type: "direct", to: "alice", text: "hello?" })).code, "forbidden");
  assert.deepEqual((await alice.ask({ type: "blocks" })).users, ["eve"]);
  await Promise.all([alice, eve].map((who) => who.ask({ type: "join", room: "lobby" })));
  assert.equal((await eve.ask({ type: "signal", to: "alice", data: 1 })).sessions, 0);
  assert.equal((await alice.ask({ type: "block", user: "eve", on: false })).type, "done");
  assert.equal((await eve.ask({ type: "direct", to: "alice", text: "sorry" })).type, "sent");
  assert.equal((await eve.ask({ type: "signal", to: "alice", data: 1 })).sessions, 1);
});
