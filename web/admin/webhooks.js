// Webhooks: whether each works, how far it is behind, what was tried last, and what was refused for good.

import { ask } from "../ask.js";
import { bdi, el } from "../dom.js";
import { at } from "./api.js";
import { DAY, HOUR, button, counted, factsLine, hint, listing, numbers, roomLink, section, titled, when } from "./parts.js";

const PAGE = 25;
/** Why one is paused that nobody has paused. */
const WHY = {
  asked: "Paused by an operator.",
  gone: "Paused: the receiver answered 410, so it is gone.",
  failing: "Paused: nothing was delivered for 72 hours.",
  refused: "Paused: ten events in a row were refused.",
};

export async function showWebhooks(page) {
  const { items } = await page.api.get("/webhooks", {}, page);
  return titled("Webhooks",
    items.length > 0 ? el("ul", { class: "rows" }, items.map(webhookRow)) : hint("There are no webhooks. They are made by the API: PUT /api/v1/webhooks/{id}."));
}

const hostOf = (url) => {
  try {
    return new URL(url).host;
  } catch {
    return url;
  }
};
const stateOf = ({ state, failing_since: since }) => (state === "paused" ? "paused" : since ? el("span", {}, "failing since ", when(since)) : "active");
/** Positions of the journal, which may hold nothing that this one is to be told. */
const waitingOf = ({ lag, oldest_at: oldest }) =>
  (lag === 0 ? "nothing waits" : el("span", {}, `up to ${counted(lag, "event waits", "events wait")}`, oldest && ", the oldest from ", oldest && when(oldest)));

const webhookRow = (hook) => el("li", { class: "row" },
  el("p", { class: "what" }, el("a", { href: at`#webhooks/${hook.id}` }, bdi(hook.id))),
  factsLine([bdi(hostOf(hook.url)), stateOf(hook), waitingOf(hook), hook.dead > 0 && `${numbers.format(hook.dead)} refused for good`]));

export async function showWebhook(page, [id]) {
  const path = at`/webhooks/${id}`;
  const hook = await page.api.get(path, {}, page);
  const letters = await listing(page, (cursor) => page.api.get(`${path}/dead`, { limit: PAGE, cursor }, page), (letter) => letterRow(page, path, letter), "None.");
  const paused = hook.state === "paused";
  const set = (what, done) => page.attempt(page.api.post(`${path}/${what}`), done);
  return titled(hook.id,
    factsLine([bdi(hook.url), hook.payload === "thin" && "only positions are sent", hook.batch > 1 && `up to ${hook.batch} events in one request`, el("span", {}, "made ", when(hook.made_at))]),
    paused ? el("p", { class: "state", role: "status", textContent: WHY[hook.why] ?? "Paused." }) : el("p", { class: hook.failing_since ? "state" : "state ready", role: "status" }, hook.failing_since ? stateOf(hook) : "Active."),
    el("p", { class: "do" },
      paused ? button("Resume", () => set("resume", "It goes on where it stopped.")) : button("Pause", () => set("pause", "It is paused. What comes meanwhile waits.")),
      button("Send a test", () => page.attempt(page.api.post(`${path}/test`), outcome)),
      button("Replay…", () => replay(page, path))),
    el("dl", { class: "figures" },
      figure("Behind", waitingOf(hook)), figure("Refused for good", numbers.format(hook.dead)),
      figure("Events", hook.events.join(", ") || "all"), figure("Rooms", hook.rooms.join(", ") || "all but direct ones")),
    section("Last attempts", hook.attempts.length > 0 ? el("ul", { class: "rows" }, hook.attempts.map(attemptRow)) : hint("Nothing was sent yet.")),
    section("Refused for good", hint("What the receiver refused six times was put aside, and the next events went on. Sent again they come out of order."), letters));
}

const figure = (label, value) => el("div", {}, el("dt", { textContent: label }), el("dd", {}, value));

const attemptRow = (attempt) => el("li", { class: "row" },
  factsLine([when(attempt.at), attempt.status ? `HTTP ${attempt.status}` : "no answer", `${numbers.format(attempt.ms)} ms`, bdi(attempt.id)]),
  (attempt.error || attempt.answer) && el("p", { class: "text", dir: "auto", textContent: attempt.error || attempt.answer }));

function letterRow(page, path, { pos, type, room, seq, at: time, status, answer }) {
  const again = button("Send again", () => page.attempt(page.api.post(`${path}/dead/${pos}/retry`), outcome), { key: `again ${pos}`, "aria-label": `Send again ${type} ${pos}` });
  return el("li", { class: "row with-more" },
    el("div", {},
      el("p", { class: "what", textContent: type }),
      factsLine([when(time), room && !room.startsWith("@") && el("span", {}, "in ", roomLink(room, { query: seq > 0 && { at: String(seq) } })), `HTTP ${status}`]),
      answer && el("p", { class: "text", dir: "auto", textContent: answer })),
    again);
}

async function replay(page, path) {
  const said = await ask({
    title: "Replay events?", note: "The receiver is told again what it was told since then, under the same ids.", yes: "Replay",
    fields: [{ name: "since", label: "From", choices: [[String(HOUR), "One hour ago"], [String(DAY), "One day ago"], [String(7 * DAY), "One week ago"], ["", "The beginning"]], value: String(HOUR) }],
  });
  if (said) page.attempt(page.api.post(`${path}/replay`, said.since ? { from_at: Date.now() - Number(said.since) } : { from_pos: 1 }), "It goes on from there.");
}

/** What a receiver made of what was sent just now. */
const outcome = ({ delivered, status, error, answer }) => {
  if (delivered) return `The receiver took it (HTTP ${status}).`;
  return error ? `It was not delivered: ${error}` : `The receiver answered HTTP ${status}${answer ? `: ${answer}` : ""}`;
};
