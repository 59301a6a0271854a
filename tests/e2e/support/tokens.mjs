// Tokens: from `confabd token`, and by hand where one must be wrong in a certain way.

import { createHmac, createSign } from "node:crypto";
import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { confabd, run } from "./server.mjs";

export const SECRET = "0123456789abcdef0123456789abcdef";

export async function secretFile(world) {
  const file = join(await world.directory(), "jwt-secret");
  await writeFile(file, SECRET + "\n", { mode: 0o600 });
  return file;
}

/** A token as an operator makes one. */
export async function mint(args) {
  const { code, stdout, stderr } = await run(confabd, ["token", ...args]);
  if (code !== 0) throw new Error(`confabd token: ${stderr}`);
  return stdout.trim();
}

const base64 = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
export const inSeconds = (seconds) => Math.floor(Date.now() / 1000) + seconds;

/** Signs `claims` by `header.alg` with `key`: a secret or a PEM private key. */
export function sign(claims, key, header) {
  const head = { typ: "JWT", ...header };
  const text = `${base64(head)}.${base64(claims)}`;
  const { alg } = head;
  if (alg === "none") return `${text}.`;
  const hash = `sha${alg.slice(2)}`;
  if (alg.startsWith("HS")) return `${text}.${createHmac(hash, key).update(text).digest("base64url")}`;
  const signer = createSign(hash).update(text);
  return `${text}.${signer.sign({ key, dsaEncoding: "ieee-p1363" }, "base64url")}`;
}

/** A key pair in PEM files, made by the openssl CLI. `kind`: "rsa" or "ec". */
export async function keyPair(world, kind) {
  const directory = await world.directory();
  const [privateFile, publicFile] = [join(directory, "private.pem"), join(directory, "public.pem")];
  const how =
    kind === "rsa"
      ? ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
      : ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
  execFileSync("openssl", ["genpkey", ...how, "-out", privateFile], { stdio: "pipe" });
  execFileSync("openssl", ["pkey", "-in", privateFile, "-pubout", "-out", publicFile], { stdio: "pipe" });
  return { privateFile, publicFile };
}
