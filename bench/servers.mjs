// The servers that are compared: how each is started, and what it can do.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const peers = fileURLToPath(new URL("./peers", import.meta.url));

/// What `how` may ask for: { port, data, tls, deflate, echo, shards, patient }. Returns the command
/// and what the environment has besides.
function confab(journal) {
  return (build, how) => how.echo
    ? { command: [join(build, "examples/example_echo"), "--port", how.port] }
    : {
        command: [
          join(build, "server/confabd"), "--port", how.port, "--data", join(how.data, "journal"), "--guests",
          "--journal", journal, "--shards", how.shards ?? 1, "--rate-commands", 0,
          ...(how.tls ? ["--tls-cert", join(build, "peers/cert.pem"), "--tls-key", join(build, "peers/key.pem")] : []),
          ...(how.patient ? ["--hello-wait", "60s"] : []),
        ],
      };
}

const environment = (build, how) => ({
  PORT: String(how.port),
  ...(how.tls && { TLS_CERT: join(build, "peers/cert.pem"), TLS_KEY: join(build, "peers/key.pem") }),
  ...(how.deflate && { DEFLATE: "1" }),
});
const script = (program, name) => (build, how) => ({
  command: [program(), join(peers, name, "server.mjs")],
  env: { NODE_ENV: "production", ...environment(build, how) },
});
const node = () => process.execPath;
/// Without npm's install scripts the package `bun` leaves its binary where it came.
function bun() {
  const found = ["x64", "x64-baseline", "aarch64"].map((cpu) => join(peers, `node_modules/@oven/bun-linux-${cpu}/bin/bun`)).find(existsSync);
  if (!found) throw new Error("npm has no Bun for this machine");
  return found;
}

/// A server that is told its port in a file: `template` with @PORT@ replaced.
const configured = (template, command) => (_build, how) => {
  const file = join(how.data, "server.conf");
  writeFileSync(file, readFileSync(join(peers, template), "utf8").replaceAll("@PORT@", how.port));
  return { command: [...command, file] };
};

const npm = (name) => JSON.parse(readFileSync(join(peers, "node_modules", name, "package.json"), "utf8")).version;
const debian = (name) => execFileSync("dpkg-query", ["-W", "-f", "${Version}", name], { encoding: "utf8" });
const run = (command, ...args) => execFileSync(command, args, { encoding: "utf8" }).trim();

/// `set_up`: the step of bench/run that gets it. `one_loop`: everything in one thread. `yardstick`: the goals are
/// ratios to it, so it is run as often as ours.
export const servers = [
  { name: "confab-disk", ours: true, dialect: "confab-json", can: ["echo", "tls", "deflate", "cbor"], start: confab("sqlite"),
    version: (build) => run(join(build, "server/confabd"), "--version") },
  { name: "confab-memory", ours: true, dialect: "confab-json", can: ["tls", "deflate", "cbor"], start: confab("memory"),
    version: (build) => run(join(build, "server/confabd"), "--version") },
  { name: "hono-bun-topics", dialect: "simple", can: ["echo", "tls", "deflate"], set_up: "npm", one_loop: true, yardstick: true, start: script(bun, "hono-bun-topics"),
    version: () => `Bun ${run(bun(), "--version")}, Hono ${npm("hono")}` },
  { name: "hono-bun-loop", dialect: "simple", can: ["echo"], set_up: "npm", one_loop: true, start: script(bun, "hono-bun-loop"),
    version: () => `Bun ${run(bun(), "--version")}, Hono ${npm("hono")}` },
  { name: "hono-node", dialect: "simple", can: ["echo"], set_up: "npm", one_loop: true, start: script(node, "hono-node"),
    version: () => `Node ${process.versions.node}, Hono ${npm("hono")}, node-ws ${npm("@hono/node-ws")}` },
  { name: "ws", dialect: "simple", can: ["echo", "tls", "deflate"], set_up: "npm", one_loop: true, start: script(node, "ws"),
    version: () => `ws ${npm("ws")}, Node ${process.versions.node}` },
  { name: "socketio", dialect: "socketio", can: ["echo"], set_up: "npm", one_loop: true, start: script(node, "socketio"),
    version: () => `socket.io ${npm("socket.io")}, Node ${process.versions.node}` },
  { name: "nats", dialect: "nats", can: [], set_up: "nats",
    start: configured("nats/nats.conf.in", ["/usr/sbin/nats-server", "-c"]), version: () => `nats-server ${debian("nats-server")}` },
  { name: "mosquitto", dialect: "mqtt", can: [], set_up: "mosquitto", one_loop: true,
    start: configured("mosquitto/mosquitto.conf.in", ["/usr/sbin/mosquitto", "-c"]), version: () => `mosquitto ${debian("mosquitto")}` },
  { name: "centrifuge", dialect: "centrifuge", can: [], set_up: "centrifuge",
    start: (build, how) => ({ command: [join(build, "peers/centrifuge")], env: environment(build, how) }),
    version: () => `centrifuge ${debian("golang-github-centrifugal-centrifuge-dev")}, ${run("go", "version").split(" ")[2]}` },
  { name: "beast", dialect: "simple", can: ["echo"], one_loop: true,
    start: (build, how) => ({ command: [join(build, "bench/bench_peer_beast"), how.port] }),
    version: () => "Boost.Beast, our chat in the manner of chat-multi" },
];

// Another build of ours beside this one, to compare them: the path of its confabd.
const before = process.env.CONFAB_BEFORE;
if (before)
  for (const [name, journal] of [["disk", "sqlite"], ["memory", "memory"]])
    servers.push({
      name: `before-${name}`, ours: true, dialect: "confab-json", can: ["tls", "deflate", "cbor"],
      version: () => run(before, "--version"),
      start: (build, how) => {
        const { command: [, ...options] } = confab(journal)(build, how);
        return { command: [before, ...options] };
      },
    });

/// Why a server cannot take part, or nothing.
export function absence(build, server) {
  const note = join(build, "peers", `${server.set_up}.absent`);
  if (server.set_up && existsSync(note)) return readFileSync(note, "utf8").trim() || "could not be set up";
  try {
    server.versions = server.version(build);
  } catch (why) {
    return String(why.message).split("\n")[0];
  }
  return undefined;
}
