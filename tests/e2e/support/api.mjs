// The API as a backend calls it: every answer is judged by the server's own OpenAPI document.

import { writeFile } from "node:fs/promises";
import http from "node:http";
import { join } from "node:path";

import Ajv2020 from "ajv/dist/2020.js";

import { within } from "./deadline.mjs";
import { confabd, run } from "./server.mjs";

/** A key as an operator makes one, and its line. */
export async function makeKey(name, scopes) {
  const made = await run(confabd, ["api-key", "--name", name, "--scopes", scopes]);
  if (made.code !== 0) throw new Error(made.stderr);
  return { key: made.stdout.trim(), line: made.stderr.trim() };
}

/** A server with an API; `keys`: name to scopes and restrictions. */
export async function apiServer(world, { keys = { all: "*" }, args = [], ...options } = {}) {
  const file = join(await world.directory(), "api-keys");
  const made = {};
  const lines = ["# keys of a test"];
  for (const [name, said] of Object.entries(keys)) {
    const [scopes, ...rest] = said.split(" ");
    const { key, line } = await makeKey(name, scopes);
    made[name] = key;
    lines.push([line, ...rest].join(" "));
  }
  await writeFile(file, lines.join("\n") + "\n", { mode: 0o600 });
  const server = await world.server(["--api-keys-file", file, ...args], options);
  return { server, keys: made, file, api: await Api.of(server.url, made[Object.keys(keys)[0]]) };
}

export class Api {
  static async of(url, key) {
    const api = new Api();
    Object.assign(api, { url: `${url}/api/v1`, key, agent: new http.Agent({ keepAlive: true }) });
    api.document = JSON.parse((await api.raw("GET", "/openapi.json", { key: null })).body);
    return api.judging();
  }
  judging() {
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema({ $id: "api", ...this.document });
    this.judges = new Map();
    this.ajv = ajv;
    return this;
  }
  with(key) {
    return Object.assign(Object.create(Api.prototype), this, { key });
  }

  /** The path of the document that `path` is one of, by what it says of the method. */
  operation(method, path) {
    const parts = path.split("?")[0].split("/");
    const fits = (pattern) => {
      const wanted = pattern.split("/");
      return wanted.length === parts.length && wanted.every((part, i) => part.startsWith("{") || part === parts[i]);
    };
    const known = Object.keys(this.document.paths).filter((pattern) => fits(pattern) && this.document.paths[pattern][method.toLowerCase()]);
    known.sort((a, b) => a.split("{").length - b.split("{").length);
    return known[0];
  }

  raw(method, path, { body, headers = {}, key = this.key } = {}) {
    const answer = new Promise((resolve, reject) => {
      const bytes = body === undefined || typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body);
      const request = http.request(this.url + path, {
        method,
        agent: this.agent,
        headers: {
          ...(key ? { authorization: `Bearer ${key}` } : {}),
          ...(bytes === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(bytes) }),
          ...headers,
        },
      }, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (data) => (text += data));
        response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, body: text }));
      });
      request.on("error", reject);
      request.end(bytes);
    });
    return within(answer, `an answer to ${method} ${path}`);
  }

  /** One call; the answer as an object, which is what the document says. */
  async call(method, path, body, { headers, key } = {}) {
    const answer = await this.raw(method, path, { body, headers, ...(key === undefined ? {} : { key }) });
    const json = answer.body ? JSON.parse(answer.body) : undefined;
    this.judge(method, path, answer, json);
    return { ...answer, json };
  }

  judge(method, path, { status, headers, body }, json) {
    const pattern = this.operation(method, path);
    const type = headers["content-type"];
    const responses = pattern && this.document.paths[pattern][method.toLowerCase()].responses;
    if (status >= 400 || !pattern) {
      if (type !== "application/problem+json") throw new Error(`${method} ${path}: ${status} as ${type}: ${body}`);
      if (json.status !== status || json.request !== headers["request-id"]) throw new Error(`${method} ${path}: ${body}`);
      return this.check("#/components/schemas/Problem", json, `${method} ${path}`);
    }
    if (!responses[status]) throw new Error(`${method} ${pattern} answered ${status}, which the document does not know: ${body}`);
    const schema = responses[status].content?.["application/json"]?.schema;
    if (!schema) return body ? assertNothing(body) : undefined;
    if (schema.$ref) this.check(schema.$ref, json, `${method} ${path}`);
  }
  check(ref, value, about) {
    if (!this.judges.has(ref)) this.judges.set(ref, this.ajv.compile({ $ref: `api${ref}` }));
    const judge = this.judges.get(ref);
    if (!judge(value)) throw new Error(`${about}: ${JSON.stringify(judge.errors)} in ${JSON.stringify(value)}`);
  }

  get(path, options) { return this.call("GET", path, undefined, options); }
  post(path, body, options) { return this.call("POST", path, body, options); }
  put(path, body, options) { return this.call("PUT", path, body, options); }
  patch(path, body, options) { return this.call("PATCH", path, body, options); }
  delete(path, options) { return this.call("DELETE", path, undefined, options); }

  /** A response that goes on; `lines` are objects, `next()` waits for the next. */
  stream(path) {
    const lines = [];
    const waiting = [];
    const request = http.request(this.url + path, { agent: false, headers: { authorization: `Bearer ${this.key}`, accept: "application/x-ndjson" } });
    const opened = new Promise((resolve, reject) => {
      request.on("response", resolve);
      request.on("error", reject);
    });
    let rest = "";
    const reading = opened.then((response) => {
      response.setEncoding("utf8");
      response.on("data", (data) => {
        rest += data;
        const parts = rest.split("\n");
        rest = parts.pop();
        for (const part of parts.filter(Boolean)) {
          const item = JSON.parse(part);
          this.check("#/components/schemas/FeedItem", item, path);
          waiting.length > 0 ? waiting.shift()(item) : lines.push(item);
        }
      });
      response.on("error", () => {});
      return response;
    });
    request.end();
    return {
      opened: reading,
      next: () => within(new Promise((resolve) => (lines.length > 0 ? resolve(lines.shift()) : waiting.push(resolve))), "a line of the feed"),
      close: () => request.destroy(),
    };
  }
}

function assertNothing(body) {
  throw new Error(`there is a body where there should be none: ${body}`);
}
