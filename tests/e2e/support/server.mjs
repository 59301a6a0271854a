// The program under test, as a process: started on a free port, watched, and ended by its id.

import { spawn } from "node:child_process";
import http from "node:http";
import https from "node:https";
import { createInterface } from "node:readline";

import { signal, within } from "./deadline.mjs";
import { Inbox } from "./matching.mjs";

/** The server, and where the example servers are. */
export const confabd = required("CONFABD");
export const examples = required("EXAMPLES");

const SANITIZER_REPORT = /Sanitizer|runtime error:/;

function required(variable) {
  const value = process.env[variable];
  if (!value) throw new Error(`${variable} is not set; tests/run e2e sets it`);
  return value;
}

// Nothing outlives the tests, even if the test runner is stopped in their middle.
const running = new Set();
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));
for (const name of ["SIGTERM", "SIGINT", "SIGHUP"]) process.once(name, () => process.exit(1));

/** A server that runs, whoever has started it. */
export class Remote {
  constructor(url = "") {
    this.url = url;
  }
  get websocketUrl() {
    return `${this.url.replace(/^http/, "ws")}/ws`;
  }
  get port() {
    return Number(new URL(this.url).port);
  }

  /** One HTTP request; the answer with its whole body. */
  http(path, { method = "GET", headers = {}, ...options } = {}) {
    const client = this.url.startsWith("https") ? https : http;
    const answer = new Promise((resolve, reject) => {
      const request = client.request(this.url + path, { method, headers, agent: false, ...options }, (response) => {
        let body = "";
        response.on("data", (data) => (body += data));
        response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, body }));
      });
      request.on("error", reject);
      request.end();
    });
    return within(answer, `an answer to ${method} ${path}`);
  }

  /** A number of /metrics. */
  async metric(name) {
    const { body } = await this.http("/metrics");
    const row = body.split("\n").find((line) => line.startsWith(`${name} `));
    if (!row) throw new Error(`no metric ${name}`);
    return Number(row.split(" ")[1]);
  }
}

export class Server extends Remote {
  /** Every line of stderr. */
  lines = [];
  #inbox = new Inbox();
  #exit = signal();
  #ended = false;
  #told = false;

  constructor(command, args, { env = {}, ...options } = {}) {
    super();
    this.process = spawn(command, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...env },
      ...options,
    });
    const { process: child } = this;
    running.add(child);
    createInterface({ input: child.stderr }).on("line", (line) => {
      this.lines.push(line);
      this.#inbox.push(line);
    });
    this.stdout = "";
    child.stdout.on("data", (data) => (this.stdout += data));
    child.on("error", (error) => this.#finish({ code: null, signal: null, error }));
    // "close" comes after all of stderr was read.
    child.on("close", (code, name) => this.#finish({ code, signal: name }));
  }

  #finish(how) {
    this.#ended = true;
    running.delete(this.process);
    this.#inbox.end(`the process has ended (${JSON.stringify(how)})`);
    this.#exit.resolve(how);
  }

  get pid() {
    return this.process.pid;
  }
  get ended() {
    return this.#ended;
  }
  get stderr() {
    return this.lines.join("\n");
  }
  get sanitizerReport() {
    return this.lines.find((line) => SANITIZER_REPORT.test(line));
  }

  /** The first line of the log that has `event` and was not expected before. */
  logged(event) {
    const named = (line) => line.split(" ").includes(event) || line.includes(`"event":"${event}"`);
    return within(this.#inbox.take(named), `the log line ${event}`);
  }

  /** The first line of stderr that fits and was not expected before. */
  line(fits) {
    return within(this.#inbox.take(fits), "a line of stderr");
  }

  async listening() {
    const line = await this.logged("listening");
    this.url = /https?:\/\/[^\s"]+/.exec(line)[0].replace("0.0.0.0", "127.0.0.1");
    return this;
  }

  /** @returns {Promise<{code: number | null, signal: string | null}>} */
  exited() {
    return within(this.#exit.promise, "the process's end");
  }

  signal(name) {
    this.#told ||= name !== "SIGKILL";
    if (!this.#ended) this.process.kill(name);
  }

  /** Reloads its configuration. */
  hangUp() {
    this.process.kill("SIGHUP");
  }

  /** As a power cut, for the process. */
  async crash() {
    this.signal("SIGKILL");
    await this.exited();
  }

  /** In peace; a second signal would end it at once. */
  async stop() {
    if (!this.#told) this.signal("SIGTERM");
    return this.exited();
  }
}

/** Runs a program to its end. */
export async function run(command, args, options) {
  const program = new Server(command, args, options);
  const { code } = await program.exited();
  return { code, stdout: program.stdout, stderr: program.stderr };
}
