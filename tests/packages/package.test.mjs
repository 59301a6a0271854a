// The Debian package, looked into without being installed. deploy/try-package installs it in a fresh root.

import assert from "node:assert/strict";
import { mkdir, readFile, readdir, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { run } from "../e2e/support/server.mjs";
import { scenario } from "../e2e/support/world.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const packages = process.env.PACKAGES;
if (!packages) throw new Error("PACKAGES is not set; tests/run packages sets it");

async function built(beginning) {
  const names = (await readdir(packages)).filter((name) => name.startsWith(beginning));
  assert.equal(names.length, 1, `packages that begin with ${beginning}: ${names}`);
  return join(packages, names[0]);
}

/** Runs a program that must succeed, and returns what it printed. */
async function said(command, ...args) {
  const { code, stdout, stderr } = await run(command, args);
  assert.equal(code, 0, `${command} ${args.join(" ")}: ${stderr}`);
  return stdout;
}

async function unpacked(world, beginning = "confab_") {
  const where = await world.directory();
  await said("dpkg-deb", "-x", await built(beginning), where);
  return where;
}

const buildId = async (program) => /Build ID: ([0-9a-f]+)/.exec(await said("readelf", "-n", program))[1];

scenario("the package has the programs, their manual, the service and its configuration", async (world) => {
  const where = await unpacked(world);
  const modes = {
    "usr/bin/confabd": 0o755,
    "usr/bin/confab-load": 0o755,
    "etc/confab/confabd.toml": 0o644,
    "usr/lib/systemd/system/confabd.service": 0o644,
    "usr/lib/systemd/system/confabd.socket": 0o644,
    "usr/share/bash-completion/completions/confabd": 0o644,
    "usr/share/fish/vendor_completions.d/confabd.fish": 0o644,
    "usr/share/zsh/vendor-completions/_confabd": 0o644,
    "usr/share/confab/monitoring/alerts.yml": 0o644,
    "usr/share/confab/monitoring/grafana/dashboard.json": 0o644,
    "usr/share/doc/confab/changelog.gz": 0o644,
    "usr/share/doc/confab/copyright": 0o644,
    "usr/share/man/man1/confab-load.1.gz": 0o644,
    "usr/share/man/man1/confabd.1.gz": 0o644,
  };
  for (const [path, mode] of Object.entries(modes)) assert.equal((await stat(join(where, path))).mode & 0o7777, mode, path);

  const deb = await built("confab_");
  assert.equal(await said("dpkg-deb", "-I", deb, "conffiles"), "/etc/confab/confabd.toml\n");
  const depends = (await said("dpkg-deb", "-f", deb, "Depends")).split(/[,\s]+/);
  for (const name of ["adduser", "libc6", "libsqlite3-0"]) assert.ok(depends.includes(name), `${name} in ${depends}`);
  for (const script of ["postinst", "prerm", "postrm"]) {
    const text = await said("dpkg-deb", "-I", deb, script);
    assert.equal(text, await readFile(join(root, "deploy/package", script), "utf8"));
    await said("sh", "-n", join(root, "deploy/package", script));
  }
  // Nobody else may have it: the image of a machine is copied, a package even more so.
  assert.doesNotMatch(await said("dpkg-deb", "-c", deb), /jwt-secret/);
});

scenario("the programs are stripped, and their symbols are in a package of their own", async (world) => {
  const where = await unpacked(world);
  const symbols = await unpacked(world, "confab-dbgsym_");
  for (const name of ["confabd", "confab-load"]) {
    const program = join(where, "usr/bin", name);
    assert.doesNotMatch(await said("readelf", "-SW", program), /\.debug_info|\.symtab/);
    const id = await buildId(program);
    const apart = join(symbols, "usr/lib/debug/.build-id", id.slice(0, 2), `${id.slice(2)}.debug`);
    assert.match(await said("readelf", "-SW", apart), /\.debug_info/);
  }
});

scenario("what the README says of the package works as it is written", async (world) => {
  const text = await readFile(join(root, "README.md"), "utf8");
  const [, beginning] = /^sudo apt install \.\/(\w+_)\*\.deb$/m.exec(text);
  assert.equal(await built(beginning), await built("confab_"));
  const [, command] = /^```sh server\n([^]*?)^```$/m.exec(text);
  const PATH = `${join(await unpacked(world), "usr/bin")}:${process.env.PATH}`;

  const server = await world.spawn("sh", ["-c", `exec ${command.replace("--port 8090", "--port 0")}`], { cwd: await world.directory(), env: { PATH } }).listening();

  await world.guest(server, "alice");
});

/** The service with the paths of `where`, as a file for systemd-analyze. */
async function service(where) {
  const text = await readFile(join(where, "usr/lib/systemd/system/confabd.service"), "utf8");
  const file = join(where, "confabd.service");
  await writeFile(file, text.replace("ExecStart=/usr", `ExecStart=${where}/usr`));
  return { text, file };
}

scenario("systemd finds no fault with the service, and little that it may do", async (world) => {
  const { file } = await service(await unpacked(world));

  const verified = await run("systemd-analyze", ["verify", "--man=no", file]);
  assert.equal(verified.code, 0, verified.stderr);
  assert.equal(verified.stderr, "");
  // In tenths: the network is what remains.
  await said("systemd-analyze", "security", "--offline=true", "--threshold=12", "--no-pager", file);
});

/** The package's configuration, with data and secret in `where`. */
async function configured(where, change = (text) => text) {
  await mkdir(join(where, "data"));
  await writeFile(join(where, "secret"), "a secret of at least thirty-two bytes", { mode: 0o640 });
  const text = (await readFile(join(where, "etc/confab/confabd.toml"), "utf8"))
    .replace("/var/lib/confab", join(where, "data"))
    .replaceAll("/etc/confab/jwt-secret", join(where, "secret"));
  const file = join(where, "confabd.toml");
  await writeFile(file, change(text));
  return file;
}

scenario("the service's command lets in who has a token, and no guest", async (world) => {
  const where = await unpacked(world);
  const { text } = await service(where);
  const [program, ...args] = /^ExecStart=(.*)$/m.exec(text)[1].split(" ");
  assert.deepEqual([program, args], ["/usr/bin/confabd", ["--config", "/etc/confab/confabd.toml"]]);
  const confabd = join(where, program);

  const server = await world.spawn(confabd, ["--config", await configured(where), "--port", "0"]).listening();
  assert.equal((await server.http("/readyz")).status, 200);
  const guest = await world.connect(server);
  assert.equal((await guest.ask({ type: "hello", guest: "mallory" })).code, "unauthorized");
  const token = await said(confabd, "token", "--user", "alice", "--jwt-secret-file", join(where, "secret"));
  const alice = await world.connect(server);
  assert.equal((await alice.hello({ token: token.trim() })).user.id, "alice");
});

scenario("each line of the configuration that is a comment may be made one that counts", async (world) => {
  const where = await unpacked(world);
  let options = 0;
  const file = await configured(where, (text) =>
    text.replace(/^#(\w+ = )(?!"")/gm, (_, line) => {
      ++options;
      return line;
    }),
  );
  assert.ok(options > 30, `${options} options`);

  // What is wrong in it is 2, that there is no journal yet 1.
  const { code, stderr } = await run(join(where, "usr/bin/confabd"), ["check", "--config", file]);

  assert.equal(code, 1, stderr);
  assert.match(stderr, /journal|confab\.db/);
});

scenario("the manual can be read, and has every option", async (world) => {
  const where = await unpacked(world);
  const flags = (await readFile(join(root, "docs/configuration.md"), "utf8")).match(/^\| `--[a-z-]+/gm).map((row) => row.slice(3));
  assert.ok(flags.length > 30);
  for (const name of ["confabd.1.gz", "confab-load.1.gz"]) {
    const { code, stdout, stderr } = await run("man", ["--warnings", "-E", "UTF-8", "-Tutf8", "-l", join(where, "usr/share/man/man1", name)], {
      env: { LC_ALL: "C.UTF-8", MANWIDTH: "80", MANROFFOPT: "-c", MANPAGER: "cat" },
    });
    assert.equal(code, 0, stderr);
    assert.equal(stderr, "");
    const text = stdout.replace(/.\x08/g, "").replace(/[−‐]/g, "-"); // bold is a letter twice
    if (name.startsWith("confabd.")) for (const flag of flags) assert.ok(text.includes(flag), `${flag} is not in the manual`);
  }
});

scenario("zsh and fish complete options, subcommands and the values that they have", async (world) => {
  const where = await unpacked(world);
  const [zsh, fish] = ["zsh/vendor-completions/_confabd", "fish/vendor_completions.d/confabd.fish"].map((file) => join(where, "usr/share", file));
  const HOME = await world.directory(); // of nobody's own settings
  const shell = async (...args) => {
    const { code, stdout, stderr } = await run(args[0], args.slice(1), { env: { HOME } });
    assert.deepEqual([code, stderr], [0, ""]);
    return stdout.trim().split("\n");
  };
  await shell("zsh", "-f", "-n", zsh);
  await shell("fish", "--no-execute", fish);
  // As its completion would take them: a quote in a meaning is none in the script.
  const rows = await shell("zsh", "-f", "-c", `_arguments() { print -rl -- "$@" }; . "$0"`, zsh);
  const completed = (line) => shell("fish", "--no-config", "-c", `source $argv[1]; complete -C $argv[2]`, fish, line);
  const found = async (line) => (await completed(line)).map((row) => row.split("\t")[0]);

  const flags = (await readFile(join(root, "docs/configuration.md"), "utf8")).match(/^\| `--[a-z-]+/gm).map((row) => row.slice(3));
  const offered = await found("confabd --");
  for (const flag of flags) {
    assert.ok(rows.some((row) => row.replace(/^\*/, "").startsWith(`${flag}=[`) || row.startsWith(`${flag}[`)), `zsh: ${flag}`);
    assert.ok(offered.includes(flag), `fish: ${flag}`);
  }
  assert.ok(rows.includes("--log-format=[How lines are written to stderr]:value:(text json)"));
  assert.deepEqual((await found("confabd --log-format ")).sort(), ["json", "text"]);
  assert.deepEqual(await found("confabd --drain-w"), ["--drain-wait"]);
  assert.deepEqual(await found("confabd tok"), ["token"]);
});

scenario("every subcommand is in the manual and completed", async (world) => {
  const where = await unpacked(world);
  const help = await said(join(where, "usr/bin/confabd"), "--help");
  const usage = help.split("\n\n")[1];
  const commands = [...usage.matchAll(/^ +confabd ([a-z|-]+)/gm)].flatMap(([, names]) => names.split("|")).sort();
  assert.ok(commands.length > 12, commands.join(" "));
  const fish = await readFile(join(where, "usr/share/fish/vendor_completions.d/confabd.fish"), "utf8");
  const manual = await said("zcat", join(where, "usr/share/man/man1/confabd.1.gz"));

  assert.deepEqual(/use_subcommand -a '(.*)'/.exec(fish)[1].split(" ").sort(), commands);
  for (const name of commands) assert.ok(manual.includes(name.replaceAll("-", "\\-")), name);
});

scenario("bash completes options and the values that they have", async (world) => {
  const where = await unpacked(world);
  const completed = (word, before) =>
    said("bash", "-c", `. "$0"; _confabd confabd "$1" "$2"; echo "\${COMPREPLY[*]}"`, join(where, "usr/share/bash-completion/completions/confabd"), word, before);

  assert.equal(await completed("--drain-w", "confabd"), "--drain-wait\n");
  assert.equal(await completed("tok", "confabd"), "token\n");
  assert.equal(await completed("", "--log-format"), "text json\n");
  assert.equal(await completed("", "--port"), "\n");
});
