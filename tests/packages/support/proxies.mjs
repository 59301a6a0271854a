// nginx and HAProxy with the configurations of deploy/proxy: as they stand, but for addresses and files.

import { execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import net from "node:net";
import { dirname, join } from "node:path";
import tls from "node:tls";
import { fileURLToPath } from "node:url";

import { until } from "../../e2e/support/deadline.mjs";
import { run } from "../../e2e/support/server.mjs";

const folder = join(dirname(fileURLToPath(import.meta.url)), "../../../deploy/proxy");

/** Ports that were free a moment ago. */
export async function freePorts(count) {
  const servers = Array.from({ length: count }, () => net.createServer());
  for (const each of servers) await new Promise((done) => each.listen(0, "127.0.0.1", done));
  const ports = servers.map((each) => each.address().port);
  for (const each of servers) await new Promise((done) => each.close(done));
  return ports;
}

/** `text` with each of `changes` made, which must all find something. */
function changed(text, changes) {
  for (const [from, to] of changes) {
    const next = text.replaceAll(from, to);
    if (next === text) throw new Error(`${from} is not in the configuration`);
    text = next;
  }
  return text;
}

/** A certificate and its key, and both in one file. */
export async function certificate(where) {
  const [cert, key, both] = ["cert.pem", "key.pem", "both.pem"].map((name) => join(where, name));
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
    "-keyout", key, "-out", cert, "-days", "1", "-subj", "/CN=chat.example"], { stdio: "pipe" });
  await writeFile(both, (await readFile(cert, "utf8")) + (await readFile(key, "utf8")));
  return { cert, key, both };
}

const accepts = (port) =>
  new Promise((resolve) => {
    const socket = tls.connect({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
      socket.end();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });

/** `peaceful`: the signal by which the program ends with 0. */
async function proxied(world, [plain, port], command, { check, args, peaceful }) {
  const { code, stderr, stdout } = await run(command, check);
  if (code !== 0) throw new Error(`${command} ${check.join(" ")}: ${stdout}${stderr}`);
  const proxy = world.spawn(command, args);
  world.atEnd(() => proxy.signal(peaceful));
  await until(`${command} listens`, () => proxy.ended || accepts(port));
  if (proxy.ended) throw new Error(`${command} has ended: ${proxy.stderr}`);
  const url = `https://127.0.0.1:${port}`;
  return { url, websocketUrl: `wss://127.0.0.1:${port}/ws`, plainUrl: `http://127.0.0.1:${plain}`, port };
}

/** HAProxy that passes bytes on as they are, and says before them whom they are from: `how`. */
export async function passing(world, server, how) {
  const where = await world.directory();
  const [plain, port] = await freePorts(2);
  const file = join(where, "haproxy.cfg");
  await writeFile(file, `global
  maxconn 200
defaults
  mode tcp
  timeout connect 5s
  timeout client 75s
  timeout server 75s
listen chat
  bind 127.0.0.1:${port}
  server confab1 127.0.0.1:${server.port} ${how}
`);
  return proxied(world, [plain, port], "/usr/sbin/haproxy", {
    check: ["-c", "-f", file],
    args: ["-db", "-f", file],
    peaceful: "SIGUSR1",
  });
}

/** `more` changes of the configuration: pairs of what stands there and what shall. */
export async function nginx(world, server, more = []) {
  const where = await world.directory();
  const { cert, key } = await certificate(where);
  const [plain, port] = await freePorts(2);
  const site = changed(await readFile(join(folder, "nginx.conf"), "utf8"), [
    ["  listen [::]:80;\n", ""],
    ["  listen [::]:443 ssl http2;\n", ""],
    ["listen 80;", `listen 127.0.0.1:${plain};`],
    ["listen 443 ", `listen 127.0.0.1:${port} `],
    ["server 127.0.0.1:8080;", `server 127.0.0.1:${server.port};`],
    ["/etc/letsencrypt/live/chat.example/fullchain.pem", cert],
    ["/etc/letsencrypt/live/chat.example/privkey.pem", key],
    ...more,
  ]);
  await writeFile(join(where, "site.conf"), site);
  const whole = join(where, "nginx.conf");
  await writeFile(whole, `daemon off;
pid ${where}/pid;
error_log stderr warn;
worker_processes 1;
${process.getuid() === 0 ? "user root;" : ""}
events { worker_connections 256; }
http {
  access_log off;
  client_body_temp_path ${where}/body;
  proxy_temp_path ${where}/proxy;
  fastcgi_temp_path ${where}/fastcgi;
  scgi_temp_path ${where}/scgi;
  uwsgi_temp_path ${where}/uwsgi;
  include ${where}/site.conf;
}
`);
  const args = ["-p", where, "-e", "stderr", "-c", whole];
  return proxied(world, [plain, port], "/usr/sbin/nginx", { check: ["-t", ...args], args, peaceful: "SIGQUIT" });
}

export async function haproxy(world, server, more = []) {
  const where = await world.directory();
  const { both } = await certificate(where);
  const [plain, port] = await freePorts(2);
  const file = join(where, "haproxy.cfg");
  await writeFile(
    file,
    changed(await readFile(join(folder, "haproxy.cfg"), "utf8"), [
      ["bind :80", `bind 127.0.0.1:${plain}`],
      ["bind :443 ", `bind 127.0.0.1:${port} `],
      ["server confab1 127.0.0.1:8080", `server confab1 127.0.0.1:${server.port}`],
      ["/etc/haproxy/chat.example.pem", both],
      ["log stdout", "log stderr"],
      ["maxconn 40000", "maxconn 200"],
      ...more,
    ]),
  );
  return proxied(world, [plain, port], "/usr/sbin/haproxy", {
    check: ["-c", "-f", file],
    args: ["-db", "-f", file],
    peaceful: "SIGUSR1",
  });
}
