// Does the load generator see what it is there to see? A server that misbehaves on purpose, in known
// places, against bench_swarm. Run: SWARM=build/bench/bench/bench_swarm node --test bench/test/swarm.test.mjs
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

const { WebSocketServer } = createRequire(new URL("../peers/package.json", import.meta.url))("ws");

const members = 10, last = `user-${members - 1}`;
/// What a server does with the messages for one member, by `send`.
const behaviours = {
  honest: (send) => send,
  forgetful: (send) => { let n = 0; return (text) => { if (++n !== 3) send(text); }; },
  stuttering: (send) => { let n = 0; return (text) => { send(text); if (++n === 3) send(text); }; },
  disordered: (send) => {
    let n = 0, held;
    return (text) => {
      if (++n === 3) held = text;
      else send(text);
      if (n === 4) send(held);
    };
  },
  silent: (send) => { let n = 0; return (text) => { if (++n <= 5) send(text); }; },
  /// The last member gets everything a little later than the others.
  lagging: (send, name) => (name === last ? (text) => setTimeout(send, 5, text) : send),
};

let wss, port;
before(async () => {
  wss = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await new Promise((resolve) => wss.once("listening", resolve));
  ({ port } = wss.address());
});
after(() => wss.close());

/// The generator's figures, and by how many messages its writer was `ahead` of the last member at most.
async function swarm(behaviour, ...options) {
  const room = [];
  let said = 0, reached_last = 0, ahead = 0;
  wss.removeAllListeners("connection");
  wss.on("connection", (socket) => {
    socket.on("error", () => {});
    socket.on("message", (data) => {
      const message = JSON.parse(data);
      if (message.type === "join") {
        room.push(behaviours[behaviour]((text) => {
          if (message.name === last) ++reached_last;
          socket.send(JSON.stringify({ type: "message", text }));
        }, message.name));
        socket.send(JSON.stringify({ type: "joined" }));
      } else {
        ahead = Math.max(ahead, ++said - reached_last);
        for (const reach of room) reach(message.text);
      }
    });
  });
  const { stdout } = await promisify(execFile)(process.env.SWARM, [
    "--dialect", "simple", "--port", port, "--pid", process.pid, "--connections", members, "--rooms", 1,
    "--warm-up", 0.1, "--seconds", 0.3, ...options].map(String));
  return { ...JSON.parse(stdout), ahead };
}
const open_loop = ["--rate", 1000];
const faults = ({ lost, duplicated, out_of_order, outstanding, closed }) => ({ lost, duplicated, out_of_order, outstanding, closed });
const none = { lost: 0, duplicated: 0, out_of_order: 0, outstanding: 0, closed: 0 };

test("an honest server has no faults, and an open loop delivers at its rate", async () => {
  const seen = await swarm("honest", ...open_loop);

  assert.deepEqual(faults(seen), none);
  assert.ok(Math.abs(seen.deliveries_per_s - 1000) < 100, `${seen.deliveries_per_s}`);
});

test("a closed loop keeps going for as long as it is measured", async () => {
  const seen = await swarm("honest", "--in-flight", 8);

  assert.deepEqual(faults(seen), none);
  assert.ok(seen.deliveries_per_s > 1000);
  assert.ok(seen.p50_us > 0 && seen.p50_us <= seen.p99_us && seen.p99_us <= seen.max_us);
});

test("a closed loop until all waits for the last member, one without does not", async () => {
  const closed = ["--in-flight", 4];
  const until_all = await swarm("lagging", ...closed, "--until-all"), until_writer = await swarm("lagging", ...closed);

  assert.deepEqual(faults(until_all), none);
  assert.deepEqual(faults(until_writer), none);
  assert.equal(until_all.ahead, 4);
  assert.ok(until_writer.ahead > 8, `${until_writer.ahead}`);
  // Four each 5 ms or more, and on they go.
  assert.ok(until_all.deliveries_per_s > 20 * members, `${until_all.deliveries_per_s}`);
});

test("a message that one member never gets is lost, once for each member", async () => {
  assert.deepEqual(faults(await swarm("forgetful", ...open_loop)), { ...none, lost: members });
});

test("a message that comes twice is duplicated", async () => {
  assert.deepEqual(faults(await swarm("stuttering", ...open_loop)), { ...none, duplicated: members });
});

test("a message that comes behind its successor is out of order, and not lost", async () => {
  assert.deepEqual(faults(await swarm("disordered", ...open_loop)), { ...none, out_of_order: members });
});

test("what never comes at the end is outstanding", async () => {
  const seen = await swarm("silent", ...open_loop);

  assert.deepEqual(faults({ ...seen, outstanding: 0 }), none);
  // 0.4 s at 100 messages a second, of which five came.
  assert.ok(seen.outstanding > 25 * members && seen.outstanding <= 40 * members, `${seen.outstanding}`);
});
