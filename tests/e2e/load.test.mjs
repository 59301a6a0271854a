// The load tester against the real server, and against servers that are none.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import net from "node:net";
import { join } from "node:path";
import { test } from "node:test";

import { until } from "./support/deadline.mjs";
import { Server, run } from "./support/server.mjs";
import { keyPair, secretFile } from "./support/tokens.mjs";
import { scenario } from "./support/world.mjs";

const tool = process.env.CONFAB_LOAD;
const skip = tool ? {} : { skip: "CONFAB_LOAD does not name confab-load" };
const VIOLATIONS = ["lost", "duplicated", "out_of_order", "wrong_room", "damaged", "undurable_seen", "unanswered"];

/** Runs the tool to its end; `report` is what it wrote. */
async function load(world, args) {
  const file = join(await world.directory(), "report.json");
  const result = await run(tool, [...(args.includes("--json") ? [] : ["--json", file]), ...args]);
  const report = await readFile(file, "utf8").then((text) => (text ? JSON.parse(text) : undefined), () => undefined);
  return { ...result, report };
}

function assertKept({ code, report, stdout, stderr }) {
  const said = `${stdout}\n${stderr}`;
  assert.equal(code, 0, said);
  const { checks, counters } = report;
  for (const name of VIOLATIONS) assert.equal(checks[name] ?? 0, 0, `${name}\n${said}`);
  assert.ok(checks.expected > 0, said);
  assert.equal(counters.deliveries, checks.expected, said);
  assert.equal(counters.acks, counters.sends, said);
}

/** A TCP server that does `what` with each connection. */
function fake(world, what) {
  return new Promise((resolve) => {
    const server = net.createServer((socket) => {
      socket.on("error", () => {});
      what(socket);
    });
    const sockets = new Set();
    server.on("connection", (socket) => sockets.add(socket));
    world.atEnd(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    server.listen(0, "127.0.0.1", () => resolve(`ws://127.0.0.1:${server.address().port}/ws`));
  });
}

// Small enough for a loaded machine, and what makes each scenario special happens within seconds.
const scenarios = {
  "chatty-office": ["--users", "40", "--set", "think=1s"],
  "town-hall": ["--users", "200", "--set", "think=20s"],
  "many-small-rooms": ["--users", "100", "--rooms", "150", "--set", "think=1s"],
  "support-desk": ["--users", "60", "--set", "think=1s"],
  "flaky-mobile": ["--users", "40", "--set", "think=500ms", "--set", "tunnel_every=2s", "--set", "tunnel=500ms"],
  "reconnect-storm": ["--users", "60", "--set", "think=1s", "--set", "storm_at=1s", "--set", "storm_every=1500ms"],
  abuse: ["--users", "60", "--set", "think=1s", "--set", "misbehave_every=500ms"],
};

for (const [name, args] of Object.entries(scenarios)) {
  scenario(
    `${name}: the server keeps its promises to simulated users`,
    async (world) => {
      const server = await world.server();
      const history = join(await world.directory(), "history");

      const result = await load(world, [
        ...["--url", server.websocketUrl, "--scenario", name, "--ramp", "200/s", "--for", "4s", "--drain", "30s"],
        ...["--server-pid", `${server.pid}`, "--verify", history, ...args],
      ]);

      assertKept(result);
      assert.ok(result.report.server_cost.memory_peak_bytes > 0);
      const { counters } = result.report;
      if (name === "support-desk") assert.equal(counters.directs, counters.sends);
      if (name === "flaky-mobile" || name === "reconnect-storm") assert.ok(counters.resumes > 10);
      if (name === "abuse") {
        assert.ok(counters.misbehaviours > 5);
        assert.equal(counters.misbehaviours_answered, counters.misbehaviours);
        assert.deepEqual(result.report.closes, {});
      }
      const again = await run(tool, ["verify", history]);
      assert.equal(again.code, 0, again.stdout);
    },
    skip,
  );
}

scenario(
  "what the server uses is known from its own metrics, too",
  async (world) => {
    const server = await world.server();

    const result = await load(world, [
      ...["--url", server.websocketUrl, "--metrics-url", `${server.url}/metrics`, "--users", "20", "--for", "2s", "--set", "think=100ms"],
    ]);

    assertKept(result);
    const { memory_peak_bytes: peak } = result.report.server_cost;
    assert.ok(peak > 1e6 && peak < 4e9, `${peak}`);
  },
  skip,
);

test("the scenarios of these tests are all there are", skip, async () => {
  const { stdout } = await run(tool, ["scenarios"]);
  assert.deepEqual(stdout.trim().split("\n").map((line) => line.split(" ")[0]).sort(), Object.keys(scenarios).sort());
});

for (const how of [["--cbor"], ["--compress"], ["--cbor", "--compress", "--threads", "2"]]) {
  scenario(
    `users also speak ${how.join(" ")}`,
    async (world) => {
      const server = await world.server();

      assertKept(await load(world, ["--url", server.websocketUrl, "--users", "20", "--for", "2s", "--set", "think=500ms", ...how]));
    },
    skip,
  );
}

scenario(
  "users speak TLS, and a certificate of nobody known is accepted only if asked to",
  async (world) => {
    const { privateFile } = await keyPair(world, "rsa");
    const certificate = join(await world.directory(), "certificate.pem");
    execFileSync("openssl", ["req", "-x509", "-key", privateFile, "-out", certificate, "-days", "1", "-subj", "/CN=localhost"], { stdio: "pipe" });
    const server = await world.server(["--tls-cert", certificate, "--tls-key", privateFile]);
    const common = ["--url", server.websocketUrl, "--users", "20", "--for", "2s", "--set", "think=500ms"];

    assertKept(await load(world, [...common, "--insecure"]));
    const careful = await load(world, common);
    assert.equal(careful.code, 2);
    assert.match(careful.stderr, /: certificate not accepted: self-signed certificate\.$/);
  },
  skip,
);

scenario(
  "users sign in with tokens of their own",
  async (world) => {
    const secret = await secretFile(world);
    const server = await world.server(["--jwt-secret-file", secret], { guests: false });
    const common = ["--url", server.websocketUrl, "--users", "10", "--for", "1s", "--set", "think=500ms"];

    assertKept(await load(world, [...common, "--jwt-secret-file", secret]));
    const guests = await load(world, common);
    assert.equal(guests.code, 2);
    assert.match(guests.stderr, /does not let load-u0 in: unauthorized/);
  },
  skip,
);

scenario(
  "two processes share rooms, end at different times, and their reports merge",
  async (world) => {
    const server = await world.server();
    const directory = await world.directory();
    const common = ["--url", server.websocketUrl, "--users", "20", "--rooms", "4", "--set", "think=100ms"];

    const [a, b] = await Promise.all([
      load(world, [...common, "--for", "2s", "--json", join(directory, "a.json")]),
      load(world, [...common, "--for", "4s", "--json", join(directory, "b.json"), "--first-user", "20"]),
    ]);
    for (const { code, stdout } of [a, b]) assert.equal(code, 0, stdout);
    const merged = join(directory, "both.json");
    const { code, stdout } = await run(tool, ["merge", join(directory, "a.json"), join(directory, "b.json"), "--json", merged]);

    assert.equal(code, 0, stdout);
    const both = JSON.parse(await readFile(merged, "utf8"));
    const [one, other] = await Promise.all(["a", "b"].map(async (name) => JSON.parse(await readFile(join(directory, `${name}.json`), "utf8"))));
    assert.equal(both.counters.deliveries, one.counters.deliveries + other.counters.deliveries);
    assert.ok(one.counters.deliveries > one.counters.sends * 10, "each saw what the other's users said, too");
  },
  skip,
);

scenario(
  "a server that is killed and started again in the middle of a run loses nothing",
  async (world) => {
    const data = await world.directory();
    const first = await world.server([], { data });
    const { port } = first;
    const history = join(await world.directory(), "history");
    const file = join(await world.directory(), "report.json");
    const going = world.spawn(tool, [
      ...["--url", first.websocketUrl, "--users", "40", "--ramp", "200/s", "--for", "8s", "--set", "think=300ms"],
      ...["--devices", "1", "--drain", "30s", "--verify", history, "--json", file],
    ]);
    await until("messages were sent", async () => (await first.metric("confab_frames_out_total")) > 1000);

    await first.crash();
    await world.server(["--port", `${port}`], { data });
    const { code } = await going.exited();

    const report = JSON.parse(await readFile(file, "utf8"));
    assertKept({ code, report, stdout: going.stdout, stderr: going.stderr });
    assert.equal(report.counters.reconnects, 40);
    assert.ok(report.counters.resumes > 0);
    assert.equal((await run(tool, ["verify", history])).code, 0);
  },
  skip,
);

scenario(
  "Ctrl-C ends a run early, with a full report",
  async (world) => {
    const server = await world.server();
    const file = join(await world.directory(), "report.json");
    const going = world.spawn(tool, [
      ...["--url", server.websocketUrl, "--users", "10", "--for", "10m", "--set", "think=200ms", "--json", file],
    ]);
    await until("messages were sent", async () => (await server.metric("confab_frames_out_total")) > 200);

    going.signal("SIGINT");
    const { code } = await going.exited();

    const report = JSON.parse(await readFile(file, "utf8"));
    assertKept({ code, report, stdout: going.stdout, stderr: going.stderr });
    assert.equal(report.run.ending, "interrupted");
  },
  skip,
);

scenario(
  "a missed objective is exit 1, a met one 0",
  async (world) => {
    const server = await world.server();
    const common = ["--url", server.websocketUrl, "--users", "10", "--for", "1s", "--set", "think=300ms"];

    const met = await load(world, [...common, "--expect", "lost=0", "--expect", "p99<60s"]);
    assert.equal(met.code, 0, met.stdout);
    const missed = await load(world, [...common, "--expect", "p50<0.001us"]);
    assert.equal(missed.code, 1, missed.stdout);
    assert.equal(missed.report.objectives[0].met, false);
  },
  skip,
);

const refusals = {
  "closes at once": [(socket) => socket.end(), /^No WebSocket at ws:.*: connection ended\.$/],
  "answers garbage": [(socket) => socket.write("SSH-2.0-OpenSSH_9.2\r\n\r\n"), /: the answer is not HTTP\.$/],
  "refuses the upgrade": [
    (socket) => socket.once("data", () => socket.write("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")),
    /: refused with HTTP 404 Not Found\.$/,
  ],
  hangs: [() => {}, /did not answer within 5 s: it hangs, or is out of reach\.$/],
};
for (const [what, [behave, sentence]] of Object.entries(refusals)) {
  scenario(
    `a server that ${what} is told in one sentence, with exit 2`,
    async (world) => {
      const url = await fake(world, behave);

      const { code, stdout, stderr } = await run(tool, ["--url", url]);

      assert.equal(code, 2);
      assert.equal(stdout, "");
      assert.match(stderr, sentence);
    },
    skip,
  );
}

scenario(
  "a server that is not there is told in one sentence, with exit 2",
  async (world) => {
    const server = await world.server();
    const url = server.websocketUrl;
    await server.stop();

    const { code, stderr } = await run(tool, ["--url", url]);

    assert.equal(code, 2);
    assert.match(stderr, /^No WebSocket at ws:.*: connection refused\.$/);
  },
  skip,
);

const goingOn = ["--users", "10", "--for", "3s", "--drain", "1s", "--set", "think=200ms"];

scenario(
  "a server that goes away for good fails the run, and leaves a report of what there was",
  async (world) => {
    const server = await world.server();
    const file = join(await world.directory(), "report.json");
    const going = world.spawn(tool, [
      ...["--url", server.websocketUrl, ...goingOn, "--json", file],
      ...["--expect", "p99<500ms", "--expect", "ack.p99<500ms", "--expect", "connect.p99<500ms"],
    ]);
    await until("messages were sent", async () => (await server.metric("confab_frames_out_total")) > 200);

    await server.crash();
    const { code } = await going.exited();

    const report = JSON.parse(await readFile(file, "utf8"));
    assert.equal(code, 1, going.stdout);
    assert.ok(report.counters.acks > 0);
    assert.ok(report.counters.unacked > 0);
    assert.equal(report.counters.absent, 10);
    assert.deepEqual(report.objectives.map((each) => each.met), [false, false, false], going.stdout);
    assert.ok(report.errors["connection refused"] > 0);
    assert.match(report.warnings.join(), /Nobody was connected any more at the end/);
    assert.match(going.stdout, /messages without an answer at the end/);
    const alone = await run(tool, ["merge", file, file, "--json", join(await world.directory(), "merged.json")]);
    assert.equal(alone.code, 1, alone.stdout);
  },
  skip,
);

scenario(
  "a server that is frozen at the end misses its objectives",
  async (world) => {
    const server = await world.server();
    world.atEnd(() => process.kill(server.pid, "SIGCONT"));
    const file = join(await world.directory(), "report.json");
    const going = world.spawn(tool, [
      ...["--url", server.websocketUrl, ...goingOn, "--json", file, "--expect", "p99<500ms", "--expect", "ack.p99<500ms"],
    ]);
    await until("messages were sent", async () => (await server.metric("confab_frames_out_total")) > 200);

    process.kill(server.pid, "SIGSTOP");
    const { code } = await going.exited();

    const report = JSON.parse(await readFile(file, "utf8"));
    assert.equal(code, 1, going.stdout);
    assert.ok(report.counters.unacked > 0);
    assert.deepEqual(report.objectives.map((each) => each.met), [false, false], going.stdout);
  },
  skip,
);

scenario(
  "a rate at which the server crashed is not sustained, and ends the search",
  async (world) => {
    const server = await world.server();
    const file = join(await world.directory(), "report.json");
    const going = world.spawn(tool, [
      ...["--url", server.websocketUrl, ...goingOn, "--rate", "50/s", "--json", file, "--find-max", "p50<60s"],
    ]);
    await until("messages were sent", async () => (await server.metric("confab_frames_out_total")) > 200);

    await server.crash();
    const { code } = await going.exited();

    const report = JSON.parse(await readFile(file, "utf8"));
    assert.equal(code, 2, going.stdout);
    assert.equal(report.search.highest, 0);
    assert.deepEqual(report.search.trials.map((each) => each.met), [false]);
    assert.match(report.search.trials[0].explanation, /, but: .* without an answer at the end, .* connections closed/);
    assert.match(report.run.reason, /The search did not come to its end\. No WebSocket at .*: connection refused\./);
  },
  skip,
);

scenario(
  "impossible numbers and wrong files are refused in clear sentences, with exit 2",
  async (world) => {
    const file = join(await world.directory(), "mine.toml");
    await writeFile(file, "users = 0\n\nthink = 5\nfrobs = 1\n");
    const refused = async (args, sentence) => {
      const { code, stderr } = await run(tool, args);
      assert.equal(code, 2, stderr);
      assert.match(stderr, sentence);
    };

    await refused(["--users", "0"], /^users must be from 1 to 1000000, not 0$/);
    await refused(["--rooms", "2"], /^That cannot be simulated: 4 rooms per user are more than the 2 rooms there are$/);
    await refused(["--rate", "often"], /^--rate must be like 2000\/s/);
    await refused(["--expect", "p99"], /^--expect: /);
    await refused(["--url", "http://x"], /must begin with ws:\/\/ or wss:\/\/$/);
    await refused(["--scenario", "no-such"], /^There is no scenario or readable file no-such\. Built in are abuse, /);
    await refused(["--scenario", file], /mine\.toml:1: users .*\n.*mine\.toml:3: think .*\n.*mine\.toml:4: there is no key frobs/);
    await refused(["--frob"], /--frob/);
    await refused(["--tokens", file], /mine\.toml: line 1 is no token/);
    await refused(["--server-pid", "99999999"], /^--server-pid: there is no process 99999999$/);
    await refused(["verify", file], /is no history of confab-load/);
    await refused(["compare", file, file], /mine\.toml: /);
  },
  skip,
);
