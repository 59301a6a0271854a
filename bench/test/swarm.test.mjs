// Does the load generator see what it is there to see? A server that misbehaves on purpose, in known
// places, against bench_swarm. Run: SWARM=build/bench/bench/bench_swarm node --test bench/test/swarm.test.mjs
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

const { WebSocketServer } = createRequire(new URL("../peers/package.json", import.meta.url))("ws");

const members = 10;
/// How the n-th message of a room reaches a member: a list of texts to be sent to it now.
const behaviours = {
  honest: () => (text) => [text],
  forgetful: () => { let n = 0; return (text) => (++n === 3 ? [] : [text]); },
  stuttering: () => { let n = 0; return (text) => (++n === 3 ? [text, text] : [text]); },
  disordered: () => {
    let n = 0, held;
    return (text) => {
      if (++n === 3) { held = text; return []; }
      return n === 4 ? [text, held] : [text];
    };
  },
  silent: () => { let n = 0; return (text) => (++n <= 5 ? [text] : []); },
};

let wss, port;
before(async () => {
  wss = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await new Promise((resolve) => wss.once("listening", resolve));
  ({ port } = wss.address());
});
after(() => wss.close());

async function swarm(behaviour, ...options) {
  const room = new Map();
  wss.removeAllListeners("connection");
  wss.on("connection", (socket) => {
    socket.on("error", () => {});
    socket.on("message", (data) => {
      const message = JSON.parse(data);
      if (message.type === "join") {
        room.set(socket, behaviours[behaviour]());
        socket.send(JSON.stringify({ type: "joined" }));
      } else {
        for (const [member, reach] of room)
          for (const text of reach(message.text)) member.send(JSON.stringify({ type: "message", text }));
      }
    });
  });
  const { stdout } = await promisify(execFile)(process.env.SWARM, [
    "--dialect", "simple", "--port", port, "--pid", process.pid, "--connections", members, "--rooms", 1,
    "--warm-up", 0.1, "--seconds", 0.3, ...options].map(String));
  return JSON.parse(stdout);
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
