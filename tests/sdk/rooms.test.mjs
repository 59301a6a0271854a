// Joining, resuming, and that a log is delivered once, in order and whole.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ServerError } from "../../sdk/confab.js";
import { Harness, joined, message, messages, outcome, refusal, sent } from "./support/peer.mjs";

// ----------------------------------------------------------------------------------------------------- joining

test("join brings a snapshot, by the promise and by the event, and no message events", async () => {
  const t = await new Harness().live();

  const join = outcome(t.client.join("general"));
  const { id, ...frame } = await t.peer.letJoin({ head: 9, events: messages(5, 9) });

  assert.deepEqual(frame, { type: "join", room: "general" });
  assert.equal(join.value.snapshot, true);
  assert.deepEqual(join.value.events.map((m) => m.seq), [5, 6, 7, 8, 9]);
  assert.deepEqual(t.of("joined"), [join.value]);
  assert.deepEqual(t.seqs(), []);
  const { title, role, online, epoch, seq } = t.client.room("general");
  assert.deepEqual({ title, role, online, epoch, seq }, { title: "General", role: "member", online: 1, epoch: "e1", seq: 9 });
});

test("a snapshot may come in several frames", async () => {
  const t = await new Harness().live();
  const join = outcome(t.client.join("general"));

  await t.peer.letJoin({ head: 9, events: messages(5, 7), more: true });
  assert.equal(join.settled, false);
  await t.peer.say({ type: "events", room: "general", events: messages(8, 8), more: true });
  await t.peer.say({ type: "events", room: "general", events: messages(9, 9), more: false });

  assert.deepEqual(join.value.events.map((m) => m.seq), [5, 6, 7, 8, 9]);
  await t.peer.say(message(10));
  assert.deepEqual(t.seqs(), [10]);
});

test("join with since brings what came after it as events", async () => {
  const t = await new Harness().live();

  const join = outcome(t.client.join("general", { since: 41, epoch: "e1" }));
  const frame = await t.peer.letJoin({ head: 44, events: messages(42, 43), more: true });
  assert.equal(frame.since, 41);
  assert.equal(frame.epoch, "e1");
  assert.equal(join.settled, false, "not caught up yet");
  await t.peer.say({ type: "events", room: "general", events: messages(44, 44), more: false });

  assert.equal(join.value.snapshot, false);
  assert.deepEqual(join.value.events, []);
  assert.deepEqual(t.seqs(), [42, 43, 44]);
  const kinds = t.events.map(([type]) => type).filter((type) => type === "joined" || type === "message");
  assert.deepEqual(kinds, ["joined", "message", "message", "message"]);
});

test("join with since gives again what the app says it has not", async () => {
  const t = await new Harness().inGeneral(5);
  await t.peer.say(message(6), message(7));

  t.client.join("general", { since: 6 });
  await t.peer.letJoin({ head: 7, events: [message(7)] });

  assert.deepEqual(t.seqs(), [6, 7, 7]);
});

test("a join whose frames take long is not repeated", async () => {
  const t = await new Harness({ requestTimeoutMs: 1000 }).live();
  const join = outcome(t.client.join("general"));

  await t.peer.letJoin({ head: 2, events: [message(1)], more: true });
  await t.clock.advance(5000);
  assert.deepEqual(t.peer.inbox, []);
  await t.peer.say({ type: "events", room: "general", events: [message(2)], more: false });

  assert.equal(join.value.events.length, 2);
});

test("a catch-up that another one cuts short settles its promise", async () => {
  const t = await new Harness().live();
  const join = outcome(t.client.join("general"));

  await t.peer.letJoin({ head: 2, events: [message(1)], more: true });
  await t.peer.say(joined({ head: 2 }));

  assert.equal(join.value.events.length, 1);
});

test("live entries of every kind are delivered in order", async () => {
  const t = await new Harness().inGeneral(5);
  const entry = { room: "general", at: 1, from: "bob", target: 5 };

  await t.peer.say(message(6));
  await t.peer.say({ ...entry, type: "edited", seq: 7, text: "new" });
  await t.peer.say({ ...entry, type: "reacted", seq: 8, emoji: "👍", on: true });
  await t.peer.say({ ...entry, type: "deleted", seq: 9 });

  const seen = t.events.filter(([, event]) => event.seq).map(([type, event]) => `${type} ${event.seq}`);
  assert.deepEqual(seen, ["message 6", "edited 7", "reacted 8", "deleted 9"]);
});

test("a refused join is forgotten", async () => {
  const t = await new Harness().live();
  const join = outcome(t.client.join("secret"));

  await t.peer.say(refusal(t.peer.take("join"), "forbidden"));

  assert.ok(join.error instanceof ServerError);
  assert.equal(t.client.room("secret"), null);
  assert.equal((await t.reconnect()).resume, undefined);
});

test("a second join may succeed after the first was refused", async () => {
  const t = await new Harness().live();
  const first = outcome(t.client.join("general"));
  const second = outcome(t.client.join("general"));

  await t.peer.say(refusal(t.peer.take("join"), "forbidden"));
  await t.peer.letJoin({ head: 3 });

  assert.equal(first.error.code, "forbidden");
  assert.equal(second.value.head, 3);
  assert.deepEqual((await t.reconnect()).resume, [{ room: "general", since: 3, epoch: "e1" }]);
});

test("so may one with since", async () => {
  const t = await new Harness().live();
  t.client.join("general", { since: 1 }).catch(() => {});
  t.client.join("general", { since: 1 });

  await t.peer.say(refusal(t.peer.take("join"), "forbidden"));
  await t.peer.letJoin({ head: 3, events: messages(2, 3) });

  assert.deepEqual(t.seqs(), [2, 3]);
});

test("joining again brings a fresh snapshot and repeats no event", async () => {
  const t = await new Harness().inGeneral(5);
  await t.peer.say(message(6));

  const again = outcome(t.client.join("general"));
  await t.peer.say(message(7));
  await t.peer.letJoin({ head: 7, events: messages(1, 7) });
  await t.peer.say(message(8));

  assert.equal(again.value.events.length, 7);
  assert.deepEqual(t.seqs(), [6, 7, 8]);
});

test("leaving ends the room: no more events, no resume", async () => {
  const t = await new Harness().inGeneral(5);

  const left = outcome(t.client.leave("general"));
  await t.peer.say({ type: "left", re: t.peer.take("leave").id, room: "general" });
  await t.peer.say(message(6));

  assert.equal(left.value.type, "left");
  assert.deepEqual(t.of("left"), [{ room: "general" }]);
  assert.deepEqual(t.seqs(), []);
  assert.deepEqual(t.client.rooms, []);
  assert.equal((await t.reconnect()).resume, undefined);
});

test("a room that the server takes away is left", async () => {
  const t = await new Harness().inGeneral(5);

  await t.peer.say({ type: "left", room: "general" });

  assert.deepEqual(t.of("left"), [{ room: "general" }]);
  assert.equal((await t.reconnect()).resume, undefined);
});

test("presence keeps the count of those online", async () => {
  const t = await new Harness().inGeneral(5);
  const presence = { type: "presence", room: "general", joined: [{ id: "bob", name: "Bob" }], left: [], online: 2 };

  await t.peer.say(presence);

  assert.deepEqual(t.of("presence"), [presence]);
  assert.equal(t.client.room("general").online, 2);
});

// ---------------------------------------------------------------------------------------------------- resuming

test("rooms stay joined over a reconnect, and the missed entries come once and in order", async () => {
  const t = await new Harness().inGeneral(5);
  await t.peer.say(message(6), message(7));

  const hello = await t.reconnect();
  assert.deepEqual(hello.resume, [{ room: "general", since: 7, epoch: "e1" }]);
  await t.peer.say(joined({ head: 11, events: messages(8, 9), more: true }));
  await t.peer.say({ type: "events", room: "general", events: messages(10, 11), more: false });
  await t.peer.say(message(12));

  assert.deepEqual(t.seqs(), [6, 7, 8, 9, 10, 11, 12]);
  assert.equal(t.of("joined").at(-1).snapshot, false);
  assert.deepEqual(t.peer.inbox, [], "hello said it all");
});

test("an entry that comes again is not delivered again", async () => {
  const t = await new Harness().inGeneral(5);

  await t.peer.say(message(6), message(6), message(5), message(7), message(6), message(7));

  assert.deepEqual(t.seqs(), [6, 7]);
});

test("a resume that begins too early repeats nothing", async () => {
  const t = await new Harness().inGeneral(5);
  await t.peer.say(message(6));
  await t.reconnect();

  await t.peer.say(joined({ head: 8, events: messages(4, 8) }));

  assert.deepEqual(t.seqs(), [6, 7, 8]);
});

test("a connection lost in the midst of catching up resumes from where it was", async () => {
  const t = await new Harness().inGeneral(5);
  await t.reconnect();
  await t.peer.say(joined({ head: 20, events: messages(6, 10), more: true }));

  const hello = await t.reconnect();

  assert.equal(hello.resume[0].since, 10);
  await t.peer.say(joined({ head: 20, events: messages(11, 20) }));
  assert.deepEqual(t.seqs(), Array.from({ length: 15 }, (_, i) => i + 6));
});

test("a join whose connection is lost is said again, in the midst of its frames too", async () => {
  const t = await new Harness().live();
  const join = outcome(t.client.join("general"));
  t.peer.take("join");
  assert.equal((await t.reconnect()).resume, undefined);
  await t.peer.letJoin({ head: 9, events: messages(1, 4), more: true });

  await t.reconnect();
  assert.equal(join.settled, false);
  await t.peer.letJoin({ head: 9, events: messages(1, 9) });

  assert.equal(join.value.events.length, 9);
  assert.equal(join.times, 1);
});

test("a join called offline is said when there is a session", async () => {
  const t = new Harness();
  const join = outcome(t.client.join("general"));
  await t.live();

  await t.peer.letJoin({ head: 1 });

  assert.equal(join.value.head, 1);
});

test("more rooms than fit into hello are resumed one by one", async () => {
  const t = await new Harness().live();
  for (let i = 0; i < 230; i++) {
    t.client.join(`r${i}`);
    await t.peer.letJoin({ head: i });
  }

  const hello = await t.reconnect();

  assert.equal(hello.resume.length, 200);
  const asked = t.peer.inbox.map(({ type, room, since, epoch }) => ({ type, room, since, epoch }));
  assert.equal(asked.length, 30);
  assert.deepEqual(asked[0], { type: "join", room: "r200", since: 200, epoch: "e1" });
});

test("a room that cannot be resumed is asked for by itself, and left when it is refused", async () => {
  const t = await new Harness().inGeneral(5);
  await t.reconnect();

  await t.peer.say(refusal(null, "forbidden"));
  const join = t.peer.take("join");
  assert.equal(join.since, 5);
  await t.peer.say(refusal(join, "forbidden"));

  assert.equal(t.of("left")[0].room, "general");
  assert.equal(t.of("left")[0].error.code, "forbidden");
  assert.equal(t.client.room("general"), null);
});

test("an error that names the room is about this room's resume, and no other's", async () => {
  const t = await new Harness().inGeneral(5);
  t.client.join("other");
  await t.peer.letJoin({ head: 3 });
  await t.reconnect();

  await t.peer.say(refusal(null, "unavailable", { retry: true, room: "other" }));

  assert.deepEqual(t.peer.inbox.map(({ type, room, since }) => ({ type, room, since })), [{ type: "join", room: "other", since: 3 }]);
});

test("a send that came too early, as its room could not be resumed at once, waits for the room", async () => {
  const t = await new Harness().inGeneral(5);
  await t.peer.lose();
  const send = outcome(t.client.send("general", "hi"));
  await t.nextAttempt();
  await t.peer.welcome();
  const early = t.peer.take("send");

  await t.peer.say(refusal(null, "unavailable", { retry: true }), refusal(early, "not_joined"));
  await t.peer.letJoin({ head: 5 });
  await t.clock.advance(250);
  await t.peer.say(sent(t.peer.take("send"), 6));

  assert.equal(send.value.seq, 6);
  const late = outcome(t.client.send("general", "hi"));
  await t.peer.say(refusal(t.peer.take("send"), "not_joined"));
  assert.equal(late.error.code, "not_joined", "no rejoin is under way: the app's mistake");
});

test("a room that was resumed is not asked for by itself", async () => {
  const t = await new Harness({ requestTimeoutMs: 4000 }).inGeneral(5);
  await t.reconnect();
  await t.peer.say(joined({ head: 5 }));

  await t.peer.say(refusal(null, "bad_request"));
  await t.clock.advance(4000);

  assert.deepEqual(t.peer.inbox, []);
});

test("a room that cannot be had for the moment is not left", async () => {
  const t = await new Harness({ retriesMax: 0 }).inGeneral(5);
  await t.peer.say(message(7));

  await t.peer.say(refusal(t.peer.take("join"), "unavailable", { retry: true }));
  assert.deepEqual(t.of("left"), []);
  assert.equal(t.of("error")[0].code, "unavailable");
  await t.peer.say(message(8));

  assert.equal(t.peer.take("join").since, 5, "the next entry shows the hole again");
});

test("a resume that is never answered is asked for by itself", async () => {
  const t = await new Harness({ requestTimeoutMs: 4000 }).inGeneral(5);
  await t.reconnect();

  await t.clock.advance(4000);
  await t.peer.letJoin({ head: 6, events: messages(6, 6) });

  assert.deepEqual(t.seqs(), [6]);
});

// ------------------------------------------------------------------------------------------------------- holes

test("a hole is healed by joining again from before it", async () => {
  const t = await new Harness().inGeneral(5);
  await t.peer.say(message(6), message(8), message(9));
  assert.deepEqual(t.seqs(), [6], "what comes after a hole waits");
  const join = t.peer.take("join");
  assert.equal(join.since, 6);
  assert.equal(join.epoch, "e1");
  assert.deepEqual(t.peer.inbox, [], "asked once");

  await t.peer.say(joined({ re: join.id, head: 9, events: messages(7, 9) }));
  await t.peer.say(message(10));

  assert.deepEqual(t.seqs(), [6, 7, 8, 9, 10]);
  assert.deepEqual(t.of("gap"), []);
});

test("an entry put off while healing is asked for again if the catch-up does not reach it", async () => {
  const t = await new Harness().inGeneral(5);
  await t.peer.say(message(7));
  const join = t.peer.take("join");
  await t.peer.say(message(8));

  await t.peer.say(joined({ re: join.id, head: 7, events: messages(6, 7) }));

  assert.equal(t.peer.take("join").since, 7);
});

test("healing needs no place in the queue, and is left to the resume when the connection is lost", async () => {
  const t = await new Harness({ queueMax: 1 }).inGeneral(5);
  t.client.send("elsewhere", "hi");
  t.peer.take("send");

  await t.peer.say(message(7));
  assert.equal(t.peer.inbox.length, 1);
  const hello = await t.reconnect();

  assert.equal(hello.resume[0].since, 5);
  assert.deepEqual(t.peer.inbox.map((f) => f.type), ["send"]);
});

test("a hole that shows after a catch-up without news is healed, not given up", async () => {
  const t = await new Harness().inGeneral(5);
  await t.reconnect();
  await t.peer.say(refusal(null, "unavailable", { retry: true }));
  await t.peer.letJoin({ head: 5 });

  await t.peer.say(message(7));

  assert.equal(t.peer.take("join").since, 5);
});

test("seqs that the log left out are no hole when prev says so", async () => {
  const t = await new Harness().inGeneral(5);

  await t.peer.say(message(9, { prev: 5 }), message(12, { prev: 9 }), message(13));

  assert.deepEqual(t.seqs(), [9, 12, 13]);
  assert.deepEqual(t.peer.inbox, []);
});

test("a prev that was never seen is a hole", async () => {
  const t = await new Harness().inGeneral(5);

  await t.peer.say(message(9, { prev: 7 }));
  assert.equal(t.peer.take("join").since, 5);

  assert.deepEqual(t.seqs(), []);
});

test("a hole within a catch-up is healed", async () => {
  const t = await new Harness().inGeneral(5);
  await t.reconnect();
  await t.peer.say(joined({ head: 9, events: [message(6), message(8)], more: true }));
  await t.peer.say({ type: "events", room: "general", events: [message(9)], more: false });

  await t.peer.letJoin({ head: 9, events: messages(7, 9) });

  assert.deepEqual(t.seqs(), [6, 7, 8, 9]);
});

test("a catch-up that ends before the head it names is asked for again", async () => {
  const t = await new Harness().inGeneral(5);
  await t.reconnect();

  await t.peer.say(joined({ head: 9, events: messages(6, 7) }));
  const join = await t.peer.letJoin({ head: 9, events: messages(8, 9) });

  assert.equal(join.since, 7);
  assert.deepEqual(t.seqs(), [6, 7, 8, 9]);
  assert.deepEqual(t.peer.inbox, []);
});

test("a hole that does not heal becomes a gap with a new snapshot, not silence and not a loop", async () => {
  const t = await new Harness().inGeneral(5);
  await t.peer.say(message(8));

  await t.peer.letJoin({ head: 8, events: [message(8)] });
  const join = await t.peer.letJoin({ head: 8, events: [message(8)] });

  assert.equal(join.since, undefined);
  assert.equal(t.of("gap").length, 1);
  assert.equal(t.of("gap")[0].since, 5);
  assert.equal(t.of("joined").at(-1).snapshot, true);
  assert.deepEqual(t.peer.inbox, []);
  await t.peer.say(message(9));
  assert.deepEqual(t.seqs(), [9]);
  t.client.join("general");
  await t.peer.letJoin({ head: 9 });
  assert.equal(t.of("gap").length, 1, "a snapshot that the app asks for is none");
});

test("an entry of a kind unknown to this version holds its place in the log", async () => {
  const t = await new Harness().inGeneral(5);
  const unheard = { type: "unheard", room: "general", seq: 6, at: 1, from: "@server", upto: 3 };

  await t.peer.say(unheard, unheard, message(7));

  assert.deepEqual(t.of("unknown"), [unheard]);
  assert.deepEqual(t.seqs(), [7]);
  assert.deepEqual(t.peer.inbox, []);
});

// -------------------------------------------------------------------------------------------------------- gaps

test("a gap is said, with the oldest that can be had, and the state begins anew", async () => {
  const t = await new Harness().inGeneral(5);
  await t.reconnect();

  await t.peer.say(joined({ gap: true, oldest: 300, epoch: "e2", head: 402, events: [message(400)], more: true }));
  await t.peer.say({ type: "events", room: "general", events: [message(402)], more: false });
  await t.peer.say(message(403));

  assert.deepEqual(t.of("gap"), [{ room: "general", since: 5, oldest: 300, head: 402, epoch: "e2" }]);
  const snapshot = t.of("joined").at(-1);
  assert.equal(snapshot.snapshot, true);
  assert.deepEqual(snapshot.events.map((m) => m.seq), [400, 402]);
  assert.deepEqual(t.seqs(), [403]);
  assert.deepEqual((await t.reconnect()).resume, [{ room: "general", since: 403, epoch: "e2" }]);
});

test("a client that is stopped by a gap says nothing of the snapshot", async () => {
  const t = await new Harness().inGeneral(5);
  t.client.on("gap", () => t.client.stop());
  await t.reconnect();
  const before = t.of("joined").length;

  await t.peer.say(joined({ gap: true, oldest: 300, epoch: "e2", head: 402, events: [message(402)] }));

  assert.equal(t.of("joined").length, before);
});

test("a log begun anew, with a lower head, is followed from there", async () => {
  const t = await new Harness().inGeneral(500);
  await t.reconnect();

  await t.peer.say(joined({ gap: true, oldest: 1, epoch: "e2", head: 2, events: messages(1, 2) }));
  await t.peer.say(message(3));

  assert.deepEqual(t.seqs(), [3]);
  assert.deepEqual(t.peer.inbox, []);
});

test("a gap whose snapshot is cut off by a loss asks for the snapshot again", async () => {
  const t = await new Harness().inGeneral(5);
  await t.reconnect();
  await t.peer.say(joined({ gap: true, oldest: 300, epoch: "e2", head: 402, events: [message(400)], more: true }));

  const hello = await t.reconnect();
  assert.equal(hello.resume, undefined);
  const join = await t.peer.letJoin({ epoch: "e2", head: 402, events: messages(400, 402) });

  assert.equal(join.since, undefined);
  assert.equal(t.of("joined").at(-1).events.length, 3);
  await t.peer.say(message(403));
  assert.deepEqual(t.seqs(), [403]);
});

// ------------------------------------------------------------------------------------------------ direct rooms

const DM = "dm:alice:bob";
const direct = (head, fields) => ({ room: DM, with: "bob", head, last_at: 1, ...fields });
const dm = (seq) => message(seq, { room: DM });

test("direct messages are delivered without joining", async () => {
  const t = await new Harness().live({ directs: [direct(12)] });

  await t.peer.say(dm(13), dm(13), dm(14), message(1, { room: "dm:alice:eve" }));

  assert.deepEqual(t.seqs(DM), [13, 14]);
  assert.deepEqual(t.seqs("dm:alice:eve"), [1]);
  assert.deepEqual(t.peer.inbox, []);
});

test("the direct rooms of the first welcome are no news", async () => {
  const t = await new Harness().live({ directs: [direct(12)] });

  assert.deepEqual(t.peer.inbox, []);
  assert.deepEqual(t.client.room(DM), { room: DM, joined: false, seq: 12, epoch: undefined });
});

test("direct messages missed over a reconnect are caught up on", async () => {
  const t = await new Harness().live({ directs: [direct(12)] });
  await t.peer.say(dm(13));

  const hello = await t.reconnect({ directs: [direct(15)] });
  assert.equal(hello.resume, undefined);
  const join = t.peer.take("join");
  assert.deepEqual([join.room, join.since, join.epoch], [DM, 13, undefined]);
  await t.peer.say(dm(16));
  await t.peer.say(joined({ re: join.id, room: DM, head: 16, epoch: "d1", events: [14, 15, 16].map(dm) }));

  assert.deepEqual(t.seqs(DM), [13, 14, 15, 16]);
  await t.reconnect({ directs: [direct(17)] });
  assert.equal(t.peer.take("join").epoch, "d1", "by now the epoch is known");
});

test("a direct room that began while we were away is read from its beginning", async () => {
  const t = await new Harness().live({ directs: [] });

  await t.reconnect({ directs: [direct(2)] });
  const join = await t.peer.letJoin({ head: 2, events: [1, 2].map(dm) });

  assert.equal(join.since, 0);
  assert.deepEqual(t.seqs(DM), [1, 2]);
});

test("direct rooms in which nothing happened cost nothing", async () => {
  const t = await new Harness().live({ directs: [direct(12)] });

  await t.reconnect({ directs: [direct(12)] });

  assert.deepEqual(t.peer.inbox, []);
});

test("direct rooms beyond the end of the list are asked for only when the list was too short for the news", async () => {
  const old = { room: "dm:alice:old", with: "old", head: 3, last_at: 0 };
  const t = await new Harness().live({ directs: [direct(12), old] });

  await t.reconnect({ directs: [direct(12)] });
  assert.deepEqual(t.peer.inbox, [], "one that is unchanged is in the list: those after it are unchanged as well");

  await t.reconnect({ directs: [direct(14)] });
  assert.deepEqual(t.peer.inbox.map((f) => [f.room, f.since]), [[DM, 12], ["dm:alice:old", 3]]);
});

test("a hole in a direct room is healed as well", async () => {
  const t = await new Harness().live({ directs: [direct(12)] });

  await t.peer.say(dm(14));
  const join = await t.peer.letJoin({ head: 14, events: [13, 14].map(dm) });

  assert.equal(join.since, 12);
  assert.deepEqual(t.seqs(DM), [13, 14]);
});

test("a direct room whose log was begun anew is noticed by its lower head", async () => {
  const t = await new Harness().live({ directs: [direct(12)] });

  await t.reconnect({ directs: [direct(3)] });
  const join = await t.peer.letJoin({ gap: true, oldest: 1, head: 3, epoch: "d2", events: [1, 2, 3].map(dm) });
  await t.peer.say(dm(4));

  assert.equal(join.since, 12);
  assert.equal(t.of("gap").length, 1);
  assert.deepEqual(t.seqs(DM), [4]);
});

test("opening a direct room that was heard of brings its snapshot", async () => {
  const t = await new Harness().live({ directs: [direct(12)] });
  await t.peer.say(dm(13));

  const join = outcome(t.client.join(DM));
  await t.peer.say(dm(14));
  const frame = await t.peer.letJoin({ head: 14, events: [12, 13, 14].map(dm) });

  assert.equal(frame.since, undefined);
  assert.deepEqual(join.value.events.map((m) => m.seq), [12, 13, 14]);
  assert.deepEqual(t.seqs(DM), [13, 14]);
  assert.equal((await t.reconnect()).resume[0].room, DM, "from now on it is a room like any other");
});

test("messages of a direct room that come before its first snapshot are in the snapshot", async () => {
  const t = await new Harness().live();
  const join = outcome(t.client.join(DM));

  await t.peer.say(dm(1));
  await t.peer.letJoin({ head: 1, events: [dm(1)] });
  await t.peer.say(dm(2));

  assert.equal(join.value.events.length, 1);
  assert.deepEqual(t.seqs(DM), [2]);
});

test("the first that is heard of an old direct room is where it begins", async () => {
  const t = await new Harness().live();

  await t.peer.say(dm(40), dm(41));

  assert.deepEqual(t.seqs(DM), [40, 41]);
  assert.deepEqual(t.peer.inbox, []);
});

test("a direct room begun anew and then opened is followed from its snapshot", async () => {
  const t = await new Harness().live({ directs: [direct(12)] });

  t.client.join(DM);
  await t.peer.letJoin({ head: 3, epoch: "d2" });
  await t.peer.say(dm(4));

  assert.deepEqual(t.seqs(DM), [4]);
  assert.deepEqual(t.peer.inbox, []);
});

test("a room that a new token does not allow is left, and says why", async () => {
  const t = await new Harness().inGeneral(5);

  await t.peer.say({ type: "left", room: "general", reason: "token" });

  assert.deepEqual(t.of("left"), [{ room: "general", reason: "token" }]);
  assert.equal(t.client.room("general"), null);
});

test("a direct room that was left is heard of as before it was joined", async () => {
  const t = await new Harness().live({ directs: [direct(12)] });
  t.client.join(DM);
  await t.peer.letJoin({ head: 12 });

  t.client.leave(DM);
  await t.peer.say({ type: "left", re: t.peer.take("leave").id, room: DM });

  assert.equal((await t.reconnect({ directs: [direct(13)] })).resume, undefined);
  const join = await t.peer.letJoin({ head: 13, events: [dm(13)] });
  assert.equal(join.since, 12);
  assert.deepEqual(t.seqs(DM), [13]);
});

test("a direct room that could not be joined is still heard of", async () => {
  const t = await new Harness().live({ directs: [direct(12)] });
  const join = outcome(t.client.join(DM));
  await t.peer.say(refusal(t.peer.take("join"), "too_many_rooms"));
  assert.equal(join.error.code, "too_many_rooms");

  await t.reconnect({ directs: [direct(13)] });

  assert.equal(t.peer.take("join").since, 12);
});

test("a direct room that cannot be caught up on is an error, and is tried again", async () => {
  const t = await new Harness().live({ directs: [direct(12)] });
  await t.peer.say(dm(14));

  await t.peer.say(refusal(t.peer.take("join"), "too_many_rooms"));
  assert.equal(t.of("error")[0].code, "too_many_rooms");
  assert.deepEqual(t.of("left"), []);
  await t.peer.say(dm(15));

  assert.equal(t.peer.take("join").since, 12);
});
