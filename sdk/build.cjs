// Makes dist/: the same modules for require(). Run by npm before it packs; needs esbuild on the path.

const { execFileSync } = require("node:child_process");
const { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");

const out = join(__dirname, "dist");
const files = (end) => readdirSync(__dirname).filter((name) => name.endsWith(end));

rmSync(out, { recursive: true, force: true });
mkdirSync(out);
const modules = files(".js");
execFileSync("esbuild", [...modules, "--format=cjs", "--target=node18", `--outdir=${out}`, "--log-level=warning"], {
  cwd: __dirname,
  stdio: "inherit",
  shell: process.platform === "win32",
});

const besides = (text, extension) => text.replace(/((?:require|import)\("|from ")(\.\/[\w-]+)\.js"/g, `$1$2${extension}"`);
for (const name of modules) {
  const made = join(out, name);
  writeFileSync(made, besides(readFileSync(made, "utf8"), ".cjs"));
  renameSync(made, made.replace(/\.js$/, ".cjs"));
}
for (const name of files(".d.ts")) {
  writeFileSync(join(out, name.replace(/\.ts$/, ".cts")), besides(readFileSync(join(__dirname, name), "utf8"), ".cjs"));
}
