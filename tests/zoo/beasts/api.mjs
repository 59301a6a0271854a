// Beasts that abuse the HTTP API: wrong keys, bodies that cost, readers that don't, and waits without end.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import http from "node:http";
import { join } from "node:path";

import { until, within } from "../../e2e/support/deadline.mjs";
import { breathe } from "../support/cage.mjs";
import { codesOf, line, request } from "../support/line.mjs";

export const beasts = [];
/** Those who come from elsewhere know them too: what a key may do is nobody's secret here. */
const keyOf = (name) => `ck_${name}_${"x".repeat(43)}`;
const [ALL, BLIND] = [keyOf("all"), keyOf("blind")];

async function keys(world) {
  const lineOf = (name, may) => `${name} sha256:${createHash("sha256").update(keyOf(name)).digest("hex")} ${may}`;
  const file = join(await world.directory(), "keys");
  await writeFile(file, [lineOf("all", "*"), lineOf("blind", "read rooms=nowhere-*"), ""].join("\n"), { mode: 0o600 });
  return ["--api-keys-file", file];
}
const beast = (name, how, rage) => beasts.push({ name, rage, before: keys, ...how });

/** A call as bytes. `headers`: besides. */
const call = (method, path, { key = ALL, body = "", length = body.length, headers = [] } = {}) =>
  request(
    `${method} /api/v1${path} HTTP/1.1`,
    "Host: localhost",
    `Authorization: Bearer ${key}`,
    ...(length > 0 ? ["Content-Type: application/json", `Content-Length: ${length}`] : []),
    ...headers,
  ) + body;
const LAST = ["Connection: close"];

/** One call after the other on connections that are kept; `agent`: of those who call so. */
function ask(cage, agent, method, path, { key = ALL, body } = {}) {
  const answer = new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${key}`, ...(body === undefined ? {} : { "content-type": "application/json" }) };
    const asked = http.request(`${cage.server.url}/api/v1${path}`, { method, agent, headers }, (response) => {
      let text = "";
      response.on("data", (data) => (text += data));
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, text }));
      response.on("error", reject);
    });
    asked.on("error", reject);
    asked.end(body);
  });
  return within(answer, `an answer to ${method} ${path}`);
}
function keptAlive(cage, maxSockets = 1) {
  const agent = new http.Agent({ keepAlive: true, maxSockets });
  cage.clients.push(agent);
  return agent;
}

/** Messages of 2 KB in a room of their own, by the API. */
const filled = (count) => async (world, server) => {
  const cage = { server, clients: [] };
  const agent = keptAlive(cage);
  await ask(cage, agent, "PUT", "/rooms/filled", { body: "{}" });
  for (let i = 0; i < count; i += 200) {
    const items = Array.from({ length: 200 }, (_, n) => ({ room: "filled", from: "bot", text: `${i + n} ${"x".repeat(2000)}` }));
    const { status } = await ask(cage, agent, "POST", "/publish", { body: JSON.stringify({ items }) });
    assert.equal(status, 200);
  }
  agent.destroy();
};

// Of so few deeds a good part is what the connections and the calls with a right key cost.
beast("a flood of wrong keys is 401 and then 429, and who has a key is heard", { each: 40 }, async (cage) => {
  const one = line(cage);
  const right = async () => {
    const agent = keptAlive(cage);
    for (let i = 0; i < 5; ++i) assert.equal((await ask(cage, agent, "GET", "/node")).status, 200);
  };
  const wrong = (i) => Buffer.from(call("GET", "/node", { key: `ck_all_${i}` }));
  const most = 300; // surely: a hundred are looked at
  for (let i = 0; i < most; ++i) one.socket.write(wrong(i));
  const [more] = await Promise.all([cage.flood(one, wrong), right()]);
  await until("some are not looked at", () => breathe().then(() => one.text.includes(" 429 ")));
  const codes = new Set([...one.text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, code]) => code));
  assert.deepEqual([...codes].sort(), ["401", "429"]);
  return most + more;
});

beast("a body that says it is larger than a megabyte is 413 before it comes", { each: 60 }, (cage) =>
  cage.repeat(async () => {
    assert.deepEqual(await codesOf(cage, call("POST", "/publish", { length: 1024 * 1024 + 1 })), [413]);
  }),
);

beast("a body without end is 413 at a megabyte", { shares: 40 }, async (cage) => {
  const one = line(cage);
  one.socket.write(call("POST", "/publish", { headers: ["Content-Type: application/json", "Transfer-Encoding: chunked"] }));
  await cage.pour(one, Buffer.from(`10000\r\n${"[".repeat(65_536)}\r\n`.repeat(17)));
  assert.deepEqual(await one.codes(), [413]);
});

beast("bodies of a wrong key are not read", { each: 60 }, (cage) =>
  cage.repeat(async (i) => {
    const codes = await codesOf(cage, call("POST", "/publish", { key: `ck_all_${i}`, length: 1_000_000 }));
    assert.ok(codes.length === 1 && [401, 429].includes(codes[0]), JSON.stringify(codes));
  }),
);

beast("bodies of fifty thousand values are paid for, and then 429", { shares: 60, memory: 24 }, async (cage) => {
  const agent = keptAlive(cage);
  const codes = new Set();
  const body = `{"items":[${"0,".repeat(49_900)}0]}`;
  for (let i = 0; i < 30; ++i) codes.add((await ask(cage, agent, "POST", "/publish", { body })).status);
  assert.equal((await ask(cage, agent, "POST", "/publish", { body: `[${"0,".repeat(50_000)}0]` })).status, 429);
  assert.deepEqual([...codes], [400, 429]);
});

beast("nesting without end is 400", { each: 60 }, (cage) => {
  const agent = keptAlive(cage);
  return cage.repeat(async (i) => {
    const body = ["[".repeat(500_000), '{"a":'.repeat(100_000), `{"items":${"[".repeat(5_000)}${"]".repeat(5_000)}}`][i % 3];
    const { status } = await ask(cage, agent, "POST", "/publish", { body });
    assert.ok(status === 400 || status === 413 || status === 429, String(status));
  });
});

beast("uploads that hang are cut off", { args: ["--handshake-wait", "500ms", "--close-wait", "200ms"] }, async (cage) => {
  const all = Array.from({ length: 100 }, () => line(cage));
  for (const each of all) each.socket.write(call("POST", "/publish", { length: 900_000 }) + "[".repeat(1000));
  await Promise.all(all.map((each) => each.codes()));
});

beast("readers of the feed's lines who read nothing fill no memory", { prepare: filled(2000), shares: 60, memory: 24 }, async (cage) => {
  const all = Array.from({ length: 40 }, () => line(cage));
  for (const each of all) {
    each.socket.pause();
    each.socket.write(call("GET", "/feed?cursor=0", { headers: ["Accept: application/x-ndjson"] }));
  }
  await cage.repeat(() => breathe());
});

beast("streams of the feed beyond a key's are 503, and another key's are not", { each: 60 }, async (cage) => {
  const open = (key) => {
    const one = line(cage);
    one.socket.write(call("GET", "/feed", { key, headers: ["Accept: application/x-ndjson", ...LAST] }));
    return one;
  };
  const answered = (one) => until("an answer", () => breathe().then(() => /HTTP\/1\.1 (\d+)/.exec(one.text)?.[1]));
  for (let i = 0; i < 64; ++i) assert.equal(await answered(open(ALL)), "200");
  const more = await cage.repeat(async () => assert.equal(await answered(open(ALL)), "503"));
  assert.equal(await answered(open(BLIND)), "200");
  return 65 + more;
});

/** As many connections as there are polls, each of which asks again as soon as it is answered, until there is no time left. */
async function poll(cage, polls, key) {
  const agent = keptAlive(cage, polls);
  const all = Array.from({ length: polls });
  const [first] = await Promise.all(all.map(() => ask(cage, agent, "GET", "/feed?wait_ms=0", { key })));
  const { next } = JSON.parse(first.text);
  await cage.ready();
  let answers = 0;
  const again = async () => {
    while (cage.going()) {
      const { status } = await ask(cage, agent, "GET", `/feed?cursor=${next}&wait_ms=700`, { key });
      assert.ok(status === 200 || status === 429, String(status));
      ++answers;
    }
  };
  await Promise.all(all.map(again));
  return answers;
}

beast("a thousand polls of the feed that ask again at once are answered, or 429", { each: 20, memory: 40 }, (cage) =>
  poll(cage, 1000, ALL),
);

// Each message of the two wakes them all: what the key may look at is spent by the first three or four.
beast(
  "a thousand polls that may see nothing look no more often than their key may",
  { each: 4, memory: 40, args: ["--api-rate", "100", "--api-burst", "2500"] },
  (cage) => poll(cage, 1000, BLIND),
);

beast("polls that are left at once are not kept", { each: 60, memory: 16 }, (cage) =>
  cage.repeat(async () => {
    const one = line(cage);
    one.socket.write(call("GET", "/feed?wait_ms=30000"));
    await within(new Promise((resolve) => one.socket.once("connect", resolve)), "a connection");
    one.destroy();
  }),
);

beast("pipelined calls whose answers nobody reads fill no memory", { shares: 100, memory: 16 }, async (cage) => {
  const one = line(cage);
  one.socket.pause();
  await cage.flood(one, () => Buffer.from(call("GET", "/openapi.json")));
});

beast("pipelined calls are answered in order, and above the rate 429", { each: 10, args: ["--api-rate", "100", "--api-burst", "200"] }, async (cage) => {
  const deeds = 2000;
  const paths = Array.from({ length: deeds }, (_, i) => (i % 2 ? "/node" : "/nowhere"));
  const codes = await codesOf(cage, paths.map((path, i) => call("GET", path, { headers: i + 1 === deeds ? LAST : [] })).join(""));
  assert.equal(codes.length, deeds);
  // What leads nowhere asks for no key.
  assert.deepEqual(codes.slice(0, 400), Array.from({ length: 400 }, (_, i) => (i % 2 ? 200 : 404)));
  assert.deepEqual(new Set(codes.slice(400)), new Set([200, 404, 429]));
  return deeds;
});

const TRICKS = [
  ..."%2e%2e %00 %ff %C0%AF %252e a%2Fb % %z %zz a%0d%0ab @server guest%3A%2F %F0%9F%92%A9 dm%3Aa%3Ab".split(" ").map((id) => `/rooms/${id}`),
  `/rooms/${"a".repeat(4000)}`,
  "/rooms/a/messages/-1",
  "/rooms/a/messages/1e3",
  "/rooms/a/messages/18446744073709551616",
  "/rooms/a/messages?limit=1&limit=2",
  "/rooms/a/messages?limit=+5",
  "/rooms/a/messages?cursor=AAAA",
  "/rooms/a/messages?%6cimit=5",
  "/rooms/a/messages?before=0x10",
  "/rooms/../openapi.json",
  "/rooms//messages",
  "/users/%40server/sessions",
  "/feed?cursor=-1",
  "/feed?cursor=99999999999999999999",
];

beast("ids and numbers that are written in odd ways are refused, each with its fault", { each: 20 }, (cage) =>
  cage.repeat(async () => {
    const bytes = TRICKS.map((path, i) => call("GET", path, { headers: i + 1 === TRICKS.length ? LAST : [] })).join("");
    const codes = await codesOf(cage, bytes);
    assert.deepEqual(codes.map((code, i) => (code >= 400 && code < 500 ? "" : `${TRICKS[i]}: ${code}`)).filter(Boolean), []);
    assert.equal(codes.length, TRICKS.length);
  }).then((rounds) => rounds * TRICKS.length),
);

beast("a room's retention that is set back and forth", { each: 20, prepare: filled(1000) }, (cage) => {
  const agent = keptAlive(cage);
  return cage.repeat(async (i) => {
    const body = JSON.stringify({ retention_ms: i % 2 ? 3_600_000 : null });
    const { status, text } = await ask(cage, agent, "PATCH", "/rooms/filled", { body });
    assert.ok(status === 200 || status === 429, text);
  });
});

beast("batches of messages that are deleted again are paid for", { each: 20, memory: 24, args: ["--api-rate", "100", "--api-burst", "100"] }, async (cage) => {
  const agent = keptAlive(cage);
  await ask(cage, agent, "PUT", "/rooms/waste", { body: "{}" });
  const items = Array.from({ length: 200 }, (_, i) => ({ room: "waste", from: "bot", text: `${i}` }));
  let deeds = 0;
  for (let code = 200; code === 200 && cage.going(); ) {
    const said = await ask(cage, agent, "POST", "/publish", { body: JSON.stringify({ items }) });
    code = said.status;
    if (code !== 200) break;
    const targets = JSON.parse(said.text).results.map(({ seq }) => seq);
    code = (await ask(cage, agent, "POST", "/rooms/waste/messages/delete", { body: JSON.stringify({ targets }) })).status;
    deeds += 400;
  }
  return deeds;
});
