// Keys of tokens from a JSON Web Key Set: a file that changes, and a URL.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import https from "node:https";
import { join } from "node:path";

import { confabd, run } from "./support/server.mjs";
import { keyPair, sign } from "./support/tokens.mjs";
import { scenario } from "./support/world.mjs";

const tokensOnly = { guests: false };

/** A key pair with its public half as a member of a set. */
function pair(kid) {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    jwk: { ...publicKey.export({ format: "jwk" }), kid, use: "sig" },
    token: (sub) => sign({ sub }, privateKey.export({ format: "pem", type: "pkcs8" }), { alg: "ES256", kid }),
  };
}
const setOf = (...pairs) => JSON.stringify({ keys: pairs.map(({ jwk }) => jwk) });

async function signIn(world, server, token) {
  const client = await world.connect(server);
  client.say({ type: "hello", id: 1, token });
  return (await client.expect({ re: 1 })).type;
}

/** An https server of a key set; `served` is what it says now, or a status. */
async function identityProvider(world, served) {
  const { privateFile } = await keyPair(world, "ec");
  const certificate = join(await world.directory(), "cert.pem");
  execFileSync("openssl", ["req", "-x509", "-key", privateFile, "-days", "1", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-out", certificate]);
  const provider = { served, asked: 0, certificate };
  const server = https.createServer({ key: await readFile(privateFile), cert: await readFile(certificate) }, (request, response) => {
    ++provider.asked;
    if (typeof provider.served === "number") return response.writeHead(provider.served).end();
    response.writeHead(200, { "Content-Type": "application/json", "Cache-Control": "public, max-age=600" }).end(provider.served);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  world.atEnd(() => server.closeAllConnections?.() ?? server.close());
  world.atEnd(() => server.close());
  provider.url = `https://localhost:${server.address().port}/keys`;
  return provider;
}

scenario("keys of a file count by their kid, and others from the moment on that the file has them", async (world) => {
  const file = join(await world.directory(), "keys.json");
  const [first, second] = [pair("one"), pair("two")];
  await writeFile(file, setOf(first));
  const server = await world.server(["--jwt-key-set", file], tokensOnly);
  assert.equal(await signIn(world, server, first.token("alice")), "welcome");
  assert.equal(await signIn(world, server, second.token("alice")), "error");

  await writeFile(file, setOf(first, second));
  assert.match(await server.logged("reloaded"), /applied=keys /);
  assert.equal(await signIn(world, server, first.token("alice")), "welcome");
  assert.equal(await signIn(world, server, second.token("alice")), "welcome");
  await writeFile(file, "{}");
  assert.match(await server.logged("reload-refused"), /keys\.json.* is no JSON Web Key Set/);
  assert.equal(await signIn(world, server, second.token("alice")), "welcome");
});

scenario("keys of a URL are fetched by TLS; a token by a new key waits for it", async (world) => {
  const [first, second] = [pair("one"), pair("two")];
  const provider = await identityProvider(world, setOf(first));
  const server = await world.server(["--jwt-key-set", provider.url], { ...tokensOnly, env: { SSL_CERT_FILE: provider.certificate } });
  assert.match(await server.logged("token-keys-fetched"), /keys=1/);
  assert.equal(await signIn(world, server, first.token("alice")), "welcome");

  provider.served = setOf(second);
  assert.equal(await signIn(world, server, second.token("alice")), "welcome");
  assert.equal(await signIn(world, server, first.token("alice")), "error");
  assert.equal(provider.asked, 2);
  const client = await world.connect(server, { headers: { Authorization: `Bearer ${second.token("bob")}` } });
  await client.hello({});
});

scenario("a server that starts while nobody answers at the URL takes the keys of before", async (world) => {
  const key = pair("one");
  const provider = await identityProvider(world, setOf(key));
  const data = await world.directory();
  const start = () => world.server(["--jwt-key-set", provider.url], { ...tokensOnly, data, env: { SSL_CERT_FILE: provider.certificate } });
  // The first answer may come before there is a directory; by the second start there is one.
  for (let i = 0; i < 2; ++i) {
    const before = await start();
    await before.logged("token-keys-fetched");
    assert.equal((await before.stop()).code, 0);
  }

  provider.served = 503;
  const server = await start();
  assert.match(await server.logged("token-keys-kept"), /keys=1/);
  assert.equal(await signIn(world, server, key.token("alice")), "welcome");
});

scenario("without keys a client is told to come back, and a server that nobody trusts gives none", async (world) => {
  const key = pair("one");
  const provider = await identityProvider(world, setOf(key));
  const server = await world.server(["--jwt-key-set", provider.url], tokensOnly); // which does not know the certificate
  assert.match(await server.logged("token-keys-failing"), /certificate/i);

  const client = await world.connect(server);
  client.say({ type: "hello", id: 1, token: key.token("alice") });
  assert.equal((await client.expect({ re: 1 })).code, "unavailable");
  assert.equal((await client.closed()).code, 1011);
  assert.equal(provider.asked, 0);
});

scenario("a URL in the clear, and two kinds of keys at once, are mistakes", async (world) => {
  const data = await world.directory();
  const refused = async (...args) => (await run(confabd, ["--data", data, ...args])).stderr;

  assert.match(await refused("--jwt-key-set", "http://id.example/keys"), /must be a file, an https:\/\/ URL/);
  assert.match(await refused("--jwt-key-set", join(data, "none.json")), /none\.json.*cannot be read/);
  assert.match(await refused("--jwt-key-set", "https://id.example/keys", "--jwt-key-file", "x"), /give one of them/);
});

scenario("a token by Ed25519 is taken", async (world) => {
  const directory = await world.directory();
  const [privateFile, publicFile] = [join(directory, "private.pem"), join(directory, "public.pem")];
  execFileSync("openssl", ["genpkey", "-algorithm", "ed25519", "-out", privateFile], { stdio: "pipe" });
  await writeFile(publicFile, createPublicKey(await readFile(privateFile)).export({ format: "pem", type: "spki" }));
  const server = await world.server(["--jwt-key-file", publicFile], tokensOnly);
  const { stdout } = await run(confabd, ["token", "--user", "alice", "--jwt-private-key-file", privateFile]);

  assert.equal(await signIn(world, server, stdout.trim()), "welcome");
});
