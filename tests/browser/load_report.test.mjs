// The page of confab-load --html, opened from a file: as someone does who was sent it.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

import { desktop, launch, phone } from "./chromium.mjs";

const program = process.env.CONFAB_LOAD;
const EVIL = `town</script><script>document.title = "owned"</script><img src="http://127.0.0.1:1/x">`;
const SECONDS = 20;

/** What one of two processes wrote; in the first two seconds nothing was delivered. */
const report = (scenario) => ({
  format: 1,
  tool: "confab-load",
  run: { tool_version: "0.1.0", scenario, url: "ws://127.0.0.1:8080/ws", users: 50, started_at_ms: 1767225600000, real_s: SECONDS, steady_from_s: 5, steady_to_s: 18, ending: "completed" },
  counters: { users: 50, sends: 400, acks: 400, deliveries: 9000 },
  checks: { expected: 9001, lost: 1 },
  errors: { rate_limited: 7 },
  closes: { 4000: 2 },
  warnings: ["The tool was the bottleneck."],
  server_cost: { cpu_user_s: 3, cpu_system_s: 1, memory_before_bytes: 1 << 24, memory_peak_bytes: 1 << 25, memory_after_bytes: 1 << 24 },
  latencies: {
    delivery: { count: 9000, min_us: 1000, max_us: 50000, sum_us: 18000000, slots: [[1000, 8000], [10007, 990], [50015, 10]] },
    join: { count: 50, min_us: 2000, max_us: 2000, sum_us: 100000, slots: [[2000, 50]] },
  },
  series: Array.from({ length: SECONDS }, (_, t) => ({
    t_s: t, users_online: 50, connects: t === 0 ? 50 : 0, sends: 20, acks: 20, deliveries: t < 2 ? 0 : 500, errors: t === 9 ? 7 : 0, bytes_in: 90000, bytes_out: 3000,
    p50_us: t < 2 ? 0 : 1000, p99_us: t < 2 ? 0 : 10000, max_us: t < 2 ? 0 : 50000, schedule_lag_max_us: 300, own_cpu_cores: 0.1, server_cpu_cores: 0.2, server_memory_bytes: 1 << 25,
  })),
});

let browser, directory, url;
before(async () => {
  if (!program) return;
  directory = await mkdtemp(join(tmpdir(), "confab-page-"));
  const files = ["a.json", "b.json"].map((name) => join(directory, name));
  for (const file of files) await writeFile(file, JSON.stringify(report(EVIL)));
  const page = join(directory, "report.html");
  // Exit status 1: messages were lost.
  await promisify(execFile)(program, ["merge", ...files, "--html", page]).catch((error) => assert.equal(error.code, 1, error.stderr));
  url = pathToFileURL(page).href;
  browser = await launch();
});
after(async () => {
  await browser?.close();
  if (directory) await rm(directory, { recursive: true });
});

/** A test with the page open, after which nothing must have been complained about or asked of a network. */
function page(name, options, body) {
  test(name, { skip: !program && "CONFAB_LOAD does not name confab-load" }, async () => {
    const context = await browser.newContext(options);
    const opened = await context.newPage();
    const complaints = [], requests = [];
    opened.on("console", (message) => complaints.push(message.text()));
    opened.on("pageerror", (error) => complaints.push(String(error)));
    opened.on("request", (request) => requests.push(request.url()));
    await opened.goto(url);

    await body(opened);

    assert.deepEqual(complaints, []);
    assert.deepEqual(requests, [url]);
    await context.close();
  });
}

const plot = (opened, title) => opened.locator("figure").filter({ has: opened.getByRole("heading", { name: title }) });

/** Per curve how many points it has. */
async function points(figure) {
  await figure.locator("path").first().waitFor({ state: "attached" }); // a level curve has no height to be seen by
  return figure.locator("path").evaluateAll((paths) => Object.fromEntries(paths.map((each) => [each.dataset.name, [each.getAttribute("d").match(/[ML]/g)?.length ?? 0, Number(each.dataset.points)]])));
}

page("every second is a point of every curve that has a value then", desktop, async (opened) => {
  const all = [SECONDS, SECONDS], timed = [SECONDS - 2, SECONDS - 2];

  assert.deepEqual(await points(plot(opened, "Delivered per second")), { deliveries: all });
  assert.deepEqual(await points(plot(opened, "Sent per second")), { sent: all, acknowledged: all });
  assert.deepEqual(await points(plot(opened, "Latency of deliveries")), { median: timed, "99 %": timed, highest: timed });
  assert.deepEqual(await points(plot(opened, "Users")), { online: all, "connections made/s": all });
  assert.deepEqual(await points(plot(opened, "Errors per second")), { errors: all });
  assert.deepEqual(await points(plot(opened, "CPU")), { server: all, "this tool": all });
  assert.deepEqual(await points(plot(opened, "Memory of the server")), { resident: all });
  assert.deepEqual(await points(plot(opened, "Latency by percentile")), { delivery: [4, 4], join: [2, 2] }); // slots and the end
});

page("what went wrong stands above the plots", desktop, async (opened) => {
  const first = await opened.locator("figure").first().boundingBox();

  for (const text of ["The tool was the bottleneck.", "2 lost", "18,000 deliveries checked, 18,002 expected"]) {
    const box = await opened.getByText(text, { exact: true }).first().boundingBox();
    assert.ok(box.y < first.y, text);
  }
  await opened.getByRole("row", { name: "closed with 4000: slow consumer 4" }).waitFor();
  await opened.getByRole("row", { name: "rate_limited 14" }).waitFor();
});

page("data that looks like markup is shown as text", desktop, async (opened) => {
  assert.equal(await opened.getByRole("heading", { level: 1 }).textContent(), `Load test: ${EVIL}completed`);
  assert.equal(await opened.title(), `${EVIL}: load test`);
  assert.equal(await opened.locator("img").count(), 0);
});

page("the pointer reads the values of one moment in all plots over time", desktop, async (opened) => {
  const errors = plot(opened, "Errors per second");
  await errors.locator("path").waitFor();
  await errors.scrollIntoViewIfNeeded();
  const box = await errors.locator("path").boundingBox();

  await opened.mouse.move(box.x + (box.width * 9) / (SECONDS - 1), box.y + box.height / 2);

  assert.match(await errors.textContent(), /9 s.*errors 14/s);
  assert.match(await plot(opened, "Delivered per second").textContent(), /9 s.*deliveries 1,000/s);
  assert.equal(await plot(opened, "Latency by percentile").locator("circle").count(), 0);
});

page("the keyboard reads values, which are said aloud, and Escape ends it", desktop, async (opened) => {
  const figure = plot(opened, "Latency by percentile");
  const spoken = opened.locator("#spoken");

  await figure.locator("svg").focus();
  await opened.keyboard.press("Home");
  assert.equal(await spoken.textContent(), "0 %: delivery 1 ms, join 2 ms");
  await opened.keyboard.press("End");
  assert.match(await spoken.textContent(), /^99\.99\d* %: delivery 50 ms, join 2 ms$/);
  await opened.keyboard.press("Escape");

  assert.equal(await figure.locator("circle").count(), 0);
});

page("a curve can be taken out of its plot and put back", desktop, async (opened) => {
  const figure = plot(opened, "CPU");
  const button = figure.getByRole("button", { name: "server" });

  await button.press("Space");
  assert.deepEqual(Object.keys(await points(figure)), ["this tool"]);
  assert.equal(await button.getAttribute("aria-pressed"), "false");
  await button.press("Space");

  assert.deepEqual(Object.keys(await points(figure)), ["server", "this tool"]);
});

page("every second stands in a table as well", desktop, async (opened) => {
  const details = opened.locator("details");

  await details.locator("summary").press("Enter");

  await details.getByRole("row").nth(SECONDS).waitFor();
  assert.equal(await details.getByRole("row").count(), SECONDS + 1);
});

const brightness = (colour) => colour.match(/\d+/g).slice(0, 3).reduce((sum, each) => sum + Number(each), 0) / 3;
for (const [colorScheme, isRight] of [["light", (back, ink) => back > 230 && ink < 60], ["dark", (back, ink) => back < 40 && ink > 200]]) {
  page(`the page is ${colorScheme} for who wants it ${colorScheme}`, { ...desktop, colorScheme }, async (opened) => {
    const [back, ink] = await opened.evaluate(() => [getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]);

    assert.ok(isRight(brightness(back), brightness(ink)), `${ink} on ${back}`);
  });
}

page("nothing sticks out of a telephone's screen, and plots are as wide as it", { ...phone, viewport: { width: 400, height: 800 } }, async (opened) => {
  await points(plot(opened, "Delivered per second"));

  assert.equal(await opened.evaluate(() => document.documentElement.scrollWidth), 400);
  for (const box of await opened.locator("svg").evaluateAll((all) => all.map((each) => each.getBoundingClientRect().toJSON())))
    assert.ok(box.width > 320 && box.right <= 400, JSON.stringify(box));
});

page("plots are drawn anew for another width", desktop, async (opened) => {
  const figure = plot(opened, "Delivered per second");
  const svg = figure.locator("svg");
  await points(figure);

  await opened.setViewportSize({ width: 700, height: 800 });

  await opened.waitForFunction((it) => it.getAttribute("viewBox") === `0 0 ${it.clientWidth} 230`, await svg.elementHandle());
});
