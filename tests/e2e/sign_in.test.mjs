// Who may come in: tokens by `confabd token`, keys of all kinds, and tokens that must not count.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";

import { any, assertShape } from "./support/matching.mjs";
import { textFrame } from "./support/raw.mjs";
import { confabd, run } from "./support/server.mjs";
import { SECRET, inSeconds, keyPair, mint, secretFile, sign } from "./support/tokens.mjs";
import { scenario } from "./support/world.mjs";

const tokensOnly = { guests: false };

/** What a connection gets that signs in with `token`: its welcome, or the error's and the close's code. */
async function signIn(world, server, token) {
  const client = await world.connect(server);
  const answer = await client.ask({ type: "hello", token });
  if (answer.type === "welcome") return answer;
  return { code: answer.code, close: (await client.closed()).code };
}

scenario("a token says who one is, until when and for which rooms", async (world) => {
  const secret = await secretFile(world);
  const server = await world.server(["--jwt-secret-file", secret], tokensOnly);
  const token = await mint([
    "--user",
    "alice",
    "--name",
    "Alice",
    "--ttl",
    "1h",
    "--room",
    "lobby",
    "--room",
    "team-*",
    "--role",
    "team-*=moderator",
    "--jwt-secret-file",
    secret,
  ]);
  const alice = await world.connect(server);

  const welcome = await alice.hello({ token });
  const lobby = await alice.ask({ type: "join", room: "lobby" });
  const team = await alice.ask({ type: "join", room: "team-7" });
  const refused = await alice.ask({ type: "join", room: "attic" });
  const listed = await alice.ask({ type: "rooms" });

  assert.deepEqual(welcome.user, { id: "alice", name: "Alice" });
  const life = welcome.expires_at - Date.now();
  assert.ok(life > 3_500_000 && life <= 3_600_000, `${life}`);
  assert.equal(lobby.role, "member");
  assert.equal(team.role, "moderator");
  assert.equal(refused.code, "forbidden");
  assert.deepEqual(
    listed.rooms.map(({ room }) => room),
    ["lobby", "team-7"],
  );
});

scenario("a hello within the upgrade request is answered with the upgrade, in JSON and CBOR", async (world) => {
  const server = await world.server();
  const early = { type: "hello", id: 7, guest: "alice", resume: [{ room: "general" }] };
  for (const protocol of ["confab.v1.json", "confab.v1.cbor"]) {
    const alice = await world.connect(server, { protocol, early });

    const welcome = await alice.expect({ type: "welcome" });
    const joined = await alice.expect({ type: "joined" });
    const again = await alice.ask({ type: "hello", guest: "alice" });

    assert.equal(alice.socket.protocol, protocol);
    assert.equal(welcome.re, 7);
    assert.equal(welcome.user.id, "alice");
    assert.equal(joined.room, "general");
    assert.equal(again.code, "already");
  }
});

scenario("a hello within the upgrade request that is refused says why, as any other", async (world) => {
  const server = await world.server(["--jwt-secret-file", await secretFile(world)], tokensOnly);
  const stranger = await world.connect(server, { early: { type: "hello", id: 1, guest: "eve" } });
  const late = await world.connect(server, { early: { type: "hello", token: sign({ sub: "eve", exp: inSeconds(-60) }, SECRET, { alg: "HS256" }) } });
  const mute = await world.connect(server, { early: { type: "send", room: "general", text: "hi" } });

  assert.equal((await stranger.expect({ re: 1 })).code, "unauthorized");
  assert.equal((await stranger.closed()).code, 4500);
  assert.equal((await late.expect({ type: "error" })).code, "unauthorized");
  assert.equal((await late.closed()).code, 4501);
  assert.equal((await mute.closed()).code, 4503);
});

scenario("beside users with tokens a guest is given an id, and a token to come back with", async (world) => {
  const secret = await secretFile(world);
  const server = await world.server(["--jwt-secret-file", secret]);
  const guest = await world.guest(server, "alice");
  const { guest_token: token, user } = guest.welcome;

  const back = await world.connect(server);
  const welcome = await back.hello({ token });
  const bearer = await world.connect(server, { headers: { Authorization: `Bearer ${token}` } });
  const forged = await world.connect(server);
  const refused = await forged.ask({ type: "hello", token: token.slice(0, -4) + "AAAA" });

  assert.match(user.id, /^guest:[a-z2-7]{13}$/);
  assert.equal(user.name, "alice");
  assert.deepEqual(welcome.user, user);
  assert.deepEqual((await bearer.hello({})).user, user);
  assert.equal(refused.code, "unauthorized");
});

scenario("what is sent in one packet with hello is done, or refused, as hello is", async (world) => {
  const server = await world.server();
  const pipeline = (hello) => [hello, { type: "join", id: 2, room: "lobby" }, { type: "send", id: 3, room: "lobby", text: "hi" }];
  const alice = await world.raw(server);
  alice.write(Buffer.concat(pipeline({ type: "hello", id: 1, guest: "alice" }).map(textFrame)));
  const mallory = await world.raw(server);
  mallory.write(Buffer.concat(pipeline({ type: "hello", id: 1, token: "nonsense" }).map(textFrame)));

  assert.equal((await alice.expect({ object: { re: 1 } })).object.type, "welcome");
  assert.equal((await alice.expect({ object: { re: 2 } })).object.type, "joined");
  assert.equal((await alice.expect({ object: { re: 3 } })).object.type, "sent");
  const closing = mallory.closeFrame();
  for (const re of [1, 2, 3]) assert.equal((await mallory.expect({ object: { re } })).object.code, "unauthorized");
  assert.equal((await closing).code, 4500);
});

scenario("a moderator may edit and delete what others wrote", async (world) => {
  const secret = await secretFile(world);
  const server = await world.server(["--jwt-secret-file", secret]);
  const alice = await world.member(server, "alice", "lobby");
  const mod = await world.connect(server);
  await mod.hello({ token: await mint(["--user", "mod", "--role", "lobby=moderator", "--jwt-secret-file", secret]) });
  await mod.ask({ type: "join", room: "lobby" });
  await alice.ask({ type: "send", room: "lobby", text: "rude words" });

  const deleted = await mod.ask({ type: "delete", room: "lobby", target: 1 });

  assert.equal(deleted.type, "done");
  await alice.expect({ type: "deleted", from: "mod", target: 1 });
});

scenario("guests are not let in where tokens count, and tokens count only if they are good", async (world) => {
  const secret = await secretFile(world);
  const server = await world.server(["--jwt-secret-file", secret, "--jwt-leeway", "0s"], tokensOnly);
  const guest = await world.connect(server);
  const refused = await guest.ask({ type: "hello", guest: "mallory" });

  assertShape(refused, { type: "error", re: 1, code: "unauthorized", message: any.text, retry: false });
  assert.equal((await guest.closed()).code, 4500);
  const bad = [
    ["nonsense", "not a token"],
    ["foreign secret", sign({ sub: "alice" }, "another secret that is long enough!", { alg: "HS256" })],
    ["no algorithm", sign({ sub: "alice" }, "", { alg: "none" })],
    ["another algorithm", sign({ sub: "alice" }, SECRET, { alg: "HS512" })],
    ["crit", sign({ sub: "alice" }, SECRET, { alg: "HS256", crit: ["exp"] })],
    ["no subject", sign({ name: "Alice" }, SECRET, { alg: "HS256" })],
    ["a bad subject", sign({ sub: "no spaces" }, SECRET, { alg: "HS256" })],
    ["not yet", sign({ sub: "alice", nbf: inSeconds(3600) }, SECRET, { alg: "HS256" })],
    ["a misspelt restriction", sign({ sub: "alice", confab: { room: ["lobby"] } }, SECRET, { alg: "HS256" })],
  ];
  for (const [what, token] of bad)
    assert.deepEqual(await signIn(world, server, token), { code: "unauthorized", close: 4500 }, what);
  const expired = sign({ sub: "alice", exp: inSeconds(-10) }, SECRET, { alg: "HS256" });
  assert.deepEqual(await signIn(world, server, expired), { code: "unauthorized", close: 4501 });
  assert.equal((await signIn(world, server, sign({ sub: "alice" }, SECRET, { alg: "HS256" }))).type, "welcome");
});

scenario("a token that ends while one is there: notice, refresh, and 4501 for who does not", async (world) => {
  const secret = await secretFile(world);
  const server = await world.server(["--jwt-secret-file", secret, "--jwt-leeway", "0s"], tokensOnly);
  const short = () => mint(["--user", "alice", "--ttl", "3s", "--jwt-secret-file", secret]);
  const long = await mint(["--user", "alice", "--ttl", "2h", "--jwt-secret-file", secret]);
  const other = await mint(["--user", "bob", "--ttl", "2h", "--jwt-secret-file", secret]);
  const keeps = await world.connect(server);
  const leaves = await world.connect(server);
  await keeps.hello({ token: await short() });
  await leaves.hello({ token: await short() });

  const notice = await keeps.expect({ type: "token_expiring" });
  const foreign = await keeps.ask({ type: "refresh", token: other });
  const refreshed = await keeps.ask({ type: "refresh", token: long });
  const end = await leaves.closed();
  await keeps.settled();

  assertShape(notice, { type: "token_expiring", expires_at: keeps.welcome.expires_at });
  assert.equal(foreign.code, "unauthorized");
  assertShape(refreshed, { type: "refreshed", re: any.count, expires_at: (at) => at > Date.now() + 7_000_000 });
  assert.equal(end.code, 4501);
});

scenario("a bearer token on the upgrade request is as good as one in hello", async (world) => {
  const secret = await secretFile(world);
  const server = await world.server(["--jwt-secret-file", secret], tokensOnly);
  const token = await mint(["--user", "alice", "--jwt-secret-file", secret]);
  const client = await world.connect(server, { headers: { Authorization: `Bearer ${token}` } });
  const refused = await world
    .connect(server, { headers: { Authorization: `Bearer ${token.slice(0, -4)}AAAA` } })
    .catch((error) => error);

  const welcome = await client.hello({});

  assert.equal(welcome.user.id, "alice");
  assert.equal(refused.response?.statusCode, 401);
});

for (const [kind, alg] of [
  ["rsa", "RS256"],
  ["ec", "ES256"],
]) {
  scenario(`${alg}: the server knows the public key only, and nothing else is taken for it`, async (world) => {
    const { privateFile, publicFile } = await keyPair(world, kind);
    const foreign = await keyPair(world, kind);
    const [privateKey, publicKey, foreignKey] = await Promise.all(
      [privateFile, publicFile, foreign.privateFile].map((file) => readFile(file, "utf8")),
    );
    const server = await world.server(["--jwt-key-file", publicFile], tokensOnly);
    const claims = { sub: "alice", exp: inSeconds(600) };

    const byHand = await signIn(world, server, sign(claims, privateKey, { alg }));
    const byTool = await signIn(world, server, await mint(["--user", "bob", "--jwt-private-key-file", privateFile]));

    assert.equal(byHand.user?.id, "alice");
    assert.equal(byTool.user?.id, "bob");
    const refused = { code: "unauthorized", close: 4500 };
    assert.deepEqual(await signIn(world, server, sign(claims, foreignKey, { alg })), refused);
    // The classic: the public key, which everybody has, used as an HMAC secret.
    assert.deepEqual(await signIn(world, server, sign(claims, publicKey, { alg: "HS256" })), refused);
    assert.deepEqual(await signIn(world, server, sign(claims, "", { alg: "none" })), refused);
  });
}

scenario("audience and issuer are asked for where they are configured", async (world) => {
  const secret = await secretFile(world);
  const server = await world.server(
    ["--jwt-secret-file", secret, "--jwt-audience", "chat", "--jwt-issuer", "shop"],
    tokensOnly,
  );
  const as = (claims) => signIn(world, server, sign({ sub: "alice", ...claims }, SECRET, { alg: "HS256" }));

  assert.equal((await as({ aud: "chat", iss: "shop" })).type, "welcome");
  assert.equal((await as({ aud: ["mail", "chat"], iss: "shop" })).type, "welcome");
  assert.equal((await as({ aud: "mail", iss: "shop" })).close, 4500);
  assert.equal((await as({ aud: "chat" })).close, 4500);
});

scenario("a secret that is too short is refused, by the server and by the tool", async (world) => {
  const short = await world.directory();
  await writeFile(`${short}/secret`, "short", { mode: 0o600 });

  const server = await run(confabd, ["--port", "0", "--data", short, "--jwt-secret-file", `${short}/secret`]);
  const tool = await run(confabd, ["token", "--user", "alice", "--jwt-secret-file", `${short}/secret`]);

  assert.deepEqual([server.code, tool.code], [2, 2]);
  assert.match(server.stderr, /--jwt-secret-file/);
  assert.equal(`${server.stderr}${tool.stderr}${tool.stdout}`.includes('"short"'), false);
});
