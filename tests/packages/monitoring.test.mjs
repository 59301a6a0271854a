// Alerts, dashboard and runbook: that Prometheus takes them, and that they speak of metrics that there are.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { scenario } from "../e2e/support/world.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const folder = join(root, "deploy/monitoring");
const read = (path) => readFile(join(root, path), "utf8");

/** What promtool says; throws where it finds something. `prometheus` of Debian has it. */
const promtool = (args, input) => execFileSync("promtool", args, { cwd: folder, input, encoding: "utf8", stdio: "pipe" });
const yaml = (text) =>
  JSON.parse(execFileSync("python3", ["-c", "import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.stdin)))"], { input: text }));

const rules = async () => yaml(await read("deploy/monitoring/alerts.yml")).groups.flatMap(({ rules }) => rules);

async function dashboard() {
  const board = JSON.parse(await read("deploy/monitoring/grafana/dashboard.json"));
  const queries = [...board.panels.flatMap(({ targets }) => targets), ...board.annotations.list].map(({ expr }) => expr);
  return { board, queries };
}

test("Prometheus takes its configuration and the alerts, and these fire when they should", () => {
  promtool(["check", "config", "prometheus.yml"]);
  promtool(["check", "rules", "--lint-fatal", "alerts.yml"]);
  promtool(["test", "rules", "alerts_test.yml"]);
});

scenario("Prometheus takes every query of the dashboard", async (world) => {
  const { queries } = await dashboard();
  assert.ok(queries.length > 30);
  const chosen = queries.map((expr) => expr.replaceAll("$__rate_interval", "1m").replaceAll("$instance", ".*"));
  const file = join(await world.directory(), "queries.yml");
  const rules = chosen.map((expr, i) => ({ record: `panel:${i}`, expr }));
  await writeFile(file, JSON.stringify({ groups: [{ name: "dashboard", rules }] }));

  promtool(["check", "rules", file]);
});

test("alerts and dashboard ask for metrics that there are", async () => {
  const known = new Set([...(await read("docs/metrics.md")).matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name));
  const asked = [...(await rules()).map(({ expr }) => expr), ...(await dashboard()).queries].join("\n");
  const names = new Set(asked.match(/\b(confab|process)_\w+/g));

  assert.ok(names.size > 25);
  for (const name of names) assert.ok(known.has(name.replace(/_(bucket|sum|count)$/, "")), name);
});

test("every alert has an entry in the runbook, and every such entry an alert", async () => {
  const alerts = await rules();
  const entries = [...(await read("docs/runbook.md")).matchAll(/^## (Confab\w+)$/gm)].map(([, name]) => name);

  assert.deepEqual(entries, alerts.map(({ alert }) => alert));
  for (const { alert, annotations, labels } of alerts) {
    assert.ok(annotations.runbook_url.endsWith(`/docs/runbook.md#${alert.toLowerCase()}`), alert);
    assert.match(labels.severity, /^(page|ticket)$/);
  }
});

test("the dashboard's panels have titles of their own and lie beside each other", async () => {
  const { board } = await dashboard();
  assert.equal(new Set(board.panels.map(({ title }) => title)).size, board.panels.length);
  assert.equal(new Set(board.panels.map(({ gridPos: { x, y } }) => `${x},${y}`)).size, board.panels.length);
});

test("Prometheus and Grafana of compose.yaml find each other and the server", async () => {
  const { services } = yaml(await read("deploy/compose.yaml"));
  const prometheus = yaml(await read("deploy/monitoring/prometheus.yml"));
  const [source] = yaml(await read("deploy/monitoring/grafana/datasource.yml")).datasources;
  const [provider] = yaml(await read("deploy/monitoring/grafana/dashboards.yml")).providers;
  const mounted = services.grafana.volumes.map((each) => each.split(":")[1]);

  for (const name of ["confab", "prometheus", "grafana"]) assert.equal(services[name].network_mode, "service:proxy");
  assert.deepEqual(prometheus.scrape_configs[0].static_configs[0].targets, [services.confab.environment.CONFAB_ADMIN_LISTEN]);
  const listens = services.prometheus.command.find((each) => each.startsWith("--web.listen-address=")).split("=")[1];
  assert.equal(source.url, `http://${listens}`);
  assert.ok(mounted.includes(join(provider.options.path, "dashboard.json")));
  const { board, queries } = await dashboard();
  assert.ok(queries.length && board.panels.every(({ datasource }) => datasource.uid === source.uid));
});

scenario("what the server shows is what Prometheus reads", async (world) => {
  const server = await world.server();
  const alice = await world.member(server, "alice", "lobby");
  await alice.ask({ type: "send", room: "lobby", text: "one" });

  const { body } = await server.http("/metrics");

  promtool(["check", "metrics"], body);
});
