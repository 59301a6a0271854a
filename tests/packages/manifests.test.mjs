// The image, compose.yaml and the manifests for Kubernetes: that they agree with each other and with the server.
// Neither Docker nor a cluster is here.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { run } from "../e2e/support/server.mjs";
import { scenario } from "../e2e/support/world.mjs";
import { freePorts } from "./support/proxies.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const read = (path) => readFile(join(root, path), "utf8");

/** The documents of a YAML file. */
const yaml = (path) =>
  JSON.parse(
    execFileSync("python3", ["-c", "import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(sys.stdin))))"], {
      input: execFileSync("cat", [join(root, path)]),
    }),
  );

async function image() {
  const text = (await read("deploy/Dockerfile")).replace(/\\\n/g, " ");
  const last = text.slice(text.lastIndexOf("\nFROM "));
  const line = (name) => new RegExp(`^${name} (.*)$`, "m").exec(last)[1];
  return {
    text,
    last,
    user: line("USER"),
    env: Object.fromEntries(line("ENV").split(" ").map((pair) => pair.split("="))),
    health: JSON.parse(/^HEALTHCHECK .*?CMD (\[.*\])$/m.exec(last)[1]),
    entry: JSON.parse(line("ENTRYPOINT")),
  };
}

const kubernetes = () => Object.fromEntries(yaml("deploy/kubernetes/confab.yaml").map((each) => [each.kind, each]));

/** Milliseconds of a time as the configuration writes it. */
async function documented(flag) {
  const row = (await read("docs/configuration.md")).split("\n").find((line) => line.startsWith(`| \`--${flag}\``));
  return Number(/`(\d+)s`/.exec(row)[1]) * 1000;
}

test("every variable that is set is one of the server's", async () => {
  const known = new Set((await read("docs/configuration.md")).match(/CONFAB_[A-Z_]+/g));
  const pod = kubernetes().StatefulSet.spec.template.spec;
  const set = [
    ...Object.keys((await image()).env),
    ...Object.keys(yaml("deploy/compose.yaml")[0].services.confab.environment),
    ...pod.containers[0].env.map(({ name }) => name),
  ];

  assert.ok(set.length > 6);
  for (const name of set) assert.ok(known.has(name), name);
});

test("the image runs as a user with a number, and has no secret", async () => {
  const { last, user, entry } = await image();

  const [uid, gid] = user.split(":");
  assert.ok(Number(uid) > 0 && Number(gid) > 0);
  assert.match(last, new RegExp(`groupmod --gid ${gid} confab .*usermod --uid ${uid} confab`));
  const install = last.split("\n").find((line) => line.includes("apt-get install"));
  assert.match(install, /rm -rf .*\/etc\/confab\/jwt-secret/, "in the layer that makes it");
  assert.deepEqual(entry, ["/usr/bin/confabd"]);
  const { securityContext } = kubernetes().StatefulSet.spec.template.spec;
  assert.deepEqual([securityContext.runAsUser, securityContext.runAsGroup, securityContext.fsGroup].map(String), [uid, gid, gid]);
  assert.match(await read("deploy/compose.yaml"), new RegExp(`chgrp ${gid} jwt-secret`));
});

test("whoever stops the server lets it drain and flush", async () => {
  const flush = 10_000; // flush_wait_max of server/chat_staff.cpp
  const drain = await documented("drain-wait");
  assert.match(await read("server/chat_staff.cpp"), /flush_wait_max = std::chrono::seconds\{10\}/);

  const unit = /^TimeoutStopSec=(\d+)s$/m.exec(await read("deploy/package/confabd.service"))[1];
  const compose = /^(\d+)s$/.exec(yaml("deploy/compose.yaml")[0].services.confab.stop_grace_period)[1];
  const pod = kubernetes().StatefulSet.spec.template.spec.terminationGracePeriodSeconds;

  for (const seconds of [unit, compose, pod]) assert.ok(Number(seconds) * 1000 > drain + flush, `${seconds} s`);
});

test("the parts of the manifests for Kubernetes name each other", () => {
  const { StatefulSet, Service, PodDisruptionBudget, Ingress } = kubernetes();
  const { metadata, spec } = StatefulSet.spec.template;
  const [container] = spec.containers;

  for (const labels of [StatefulSet.spec.selector.matchLabels, Service.spec.selector, PodDisruptionBudget.spec.selector.matchLabels])
    assert.deepEqual(labels, metadata.labels);
  assert.equal(StatefulSet.spec.serviceName, Service.metadata.name);
  assert.equal(StatefulSet.spec.replicas, 1, "two servers on one journal");
  const ports = container.ports.map(({ name }) => name);
  assert.ok(ports.includes(Service.spec.ports[0].targetPort));
  const { service } = Ingress.spec.rules[0].http.paths[0].backend;
  assert.deepEqual([service.name, service.port.name], [Service.metadata.name, Service.spec.ports[0].name]);
  const volumes = [...spec.volumes, ...StatefulSet.spec.volumeClaimTemplates.map(({ metadata: { name } }) => ({ name }))];
  assert.deepEqual(container.volumeMounts.map(({ name }) => name).sort(), volumes.map(({ name }) => name).sort());
  // YAML's 0440: what everybody may read the server refuses.
  assert.equal(volumes.find(({ name }) => name === "secret").secret.defaultMode, 0o440);
  assert.equal(spec.enableServiceLinks, false);
  assert.equal(container.securityContext.readOnlyRootFilesystem, true);
});

scenario("the checks of image and pod are answered by a server with the image's variables", async (world) => {
  const { env, health } = await image();
  const [port] = await freePorts(1);
  const admin = `127.0.0.1:${port}`;
  const data = await world.directory();
  assert.equal(env.CONFAB_ADMIN_LISTEN, "0.0.0.0:9090");
  const server = await world.server([], {
    data: join(data, "data"),
    env: { ...env, CONFAB_HOST: "127.0.0.1", CONFAB_DATA: "", CONFAB_ADMIN_LISTEN: admin },
  });
  const [container] = kubernetes().StatefulSet.spec.template.spec.containers;
  assert.deepEqual(container.ports.find(({ name }) => name === "admin").containerPort, 9090);

  for (const probe of [container.livenessProbe, container.readinessProbe]) {
    assert.equal(probe.httpGet.port, "admin");
    assert.equal((await fetch(`http://${admin}${probe.httpGet.path}`)).status, 200);
  }
  const check = () => {
    const [command, ...args] = health;
    return run(command, args.map((each) => each.replace("9090", port)));
  };
  const healthy = await check();
  assert.equal(healthy.code, 0, healthy.stderr);
  await server.stop();
  assert.notEqual((await check()).code, 0);
});
