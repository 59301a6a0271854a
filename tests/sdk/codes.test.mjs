import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import * as sdk from "../../sdk/confab.js";
import { Backoff } from "../../sdk/backoff.js";

// Both tables are written out as the protocol's section 7 has them.
const ERRORS = [
  "bad_request", "unknown_type", "unauthorized", "forbidden", "not_joined", "no_such_room", "no_such_user",
  "no_such_message", "too_long", "too_many_rooms", "rate_limited", "unavailable", "already", "conflict", "internal",
  "limit", "banned", "muted", "read_only", "slow_mode", "not_member", "rejected", "out_of_order",
];
const CLOSES = {
  1001: "reconnect", 1012: "reconnect", 1003: "stop", 1007: "stop", 1009: "stop",
  4000: "reconnect", 4001: "reconnect", 4002: "reconnect", 4003: "reconnect", 4004: "reconnect",
  4500: "stop", 4501: "token", 4502: "stop", 4503: "stop", 4504: "stop",
};
const OF_THE_RFC = {
  1000: "stop", 1002: "stop", 1005: "reconnect", 1006: "reconnect", 1008: "stop", 1010: "stop", 1011: "reconnect",
  1013: "reconnect", 1014: "reconnect", 1015: "reconnect",
};

test("the error codes are those of the protocol", () => {
  assert.deepEqual(Object.keys(sdk.ErrorCode).sort(), [...ERRORS].sort());
  for (const [name, code] of Object.entries(sdk.ErrorCode)) assert.equal(code, name);
});

test("the close codes hold those of the protocol, and no other of its own range", () => {
  const codes = Object.values(sdk.CloseCode);
  for (const code of Object.keys(CLOSES)) assert.ok(codes.includes(Number(code)), code);
  for (const code of codes) assert.ok(code in CLOSES || code in OF_THE_RFC, String(code));
});

test("numbers and names are those of the server's table", () => {
  const table = readFileSync(new URL("../../protocol/codes.hpp", import.meta.url), "utf8");
  const body = (name) => table.match(new RegExp(`enum class ${name} [^{]*{([^}]*)}`))[1];

  const closes = Object.fromEntries([...body("close_code").matchAll(/(\w+) = (\d+)/g)].map((m) => [m[1], Number(m[2])]));
  const errors = [...body("error_code").matchAll(/(\w+),/g)].map((m) => m[1]);

  // These two never travel: a WebSocket reports them itself.
  assert.deepEqual(sdk.CloseCode, { ...closes, no_status: 1005, connection_lost: 1006 });
  assert.deepEqual(Object.keys(sdk.ErrorCode), errors);
});

test("every close code has its consequence, and unknown ones that of their range", () => {
  for (const [code, action] of Object.entries({ ...CLOSES, ...OF_THE_RFC })) {
    assert.equal(sdk.closeAction(Number(code)), action, code);
  }
  assert.equal(sdk.closeAction(4499), "reconnect");
  assert.equal(sdk.closeAction(4999), "stop");
  assert.equal(sdk.closeAction(3000), "reconnect");
});

test("what is exported is what is declared", () => {
  const declarations = readFileSync(new URL("../../sdk/confab.d.ts", import.meta.url), "utf8");

  const declared = [...declarations.matchAll(/^export declare (?:const|class|function) (\w+)/gm)].map((m) => m[1]);

  assert.deepEqual(Object.keys(sdk).sort(), declared.sort());
});

test("the back-off doubles from the base to the cap, and the jitter is full", () => {
  let random = 0.999999;
  const backoff = new Backoff(500, 20_000, () => random);

  const highest = Array.from({ length: 8 }, () => Math.round(backoff.next()));
  assert.deepEqual(highest, [500, 1000, 2000, 4000, 8000, 16000, 20000, 20000]);

  random = 0;
  assert.equal(backoff.next(), 0);

  random = 0.5;
  backoff.reset();
  assert.equal(backoff.next(), 250);
});

test("the back-off of a client that failed for years is still the cap", () => {
  assert.equal(new Backoff(500, 20_000, () => 1).after(5000), 20_000);
});
