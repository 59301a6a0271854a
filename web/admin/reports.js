// What users reported, as a queue: each with the message that it is about, and what may be done.

import { bdi, el } from "../dom.js";
import { shownText, summary } from "../text.js";
import { at } from "./api.js";
import { NOBODY, addressOf, askBan, askDelete, button, factsLine, listing, roomLink, setMember, tabs, titled, userLink, when } from "./parts.js";

const STATES = [["open", "Open"], ["closed", "Closed"]];
const PAGE = 20;

export async function showReports(page, _ids, query) {
  const state = query.state === "closed" ? "closed" : "open";
  const rows = await listing(page, (cursor) => page.api.get("/reports", { state, limit: PAGE, cursor }, page), (report) => reportRow(page, report),
    state === "open" ? "Nothing is reported." : "No report was closed yet.");
  return titled("Reports", tabs("Reports", STATES, state, (value) => addressOf("reports", { state: value })), rows);
}

async function reportRow(page, report) {
  const { id, room, target, by, reason, state } = report;
  const path = at`/rooms/${room}/messages/${target}`;
  const message = await page.api.get(path, {}, page).catch((error) => {
    if (error.status === 404 || error.status === 410) return null; // trimmed, or in a room that this key does not see
    throw error;
  });
  const there = message && !message.deleted;
  const act = (label, action) => button(label, action, { key: `${label} ${id}`, "aria-label": `${label} Report ${id}` });
  return el("li", { class: "row" },
    factsLine([when(report.at), el("span", {}, "by ", userLink(by)), el("span", {}, "in ", roomLink(room, { query: { at: String(target) } })), reason && bdi(reason)]),
    there
      ? el("blockquote", {}, factsLine([userLink(message.from), when(message.at)]), el("p", { class: "text", dir: "auto", textContent: shownText({ text: "", ...message }) || summary(message) }))
      : el("p", { class: "gone", textContent: message ? "The message was deleted." : "The message cannot be read any more." }),
    el("p", { class: "do" },
      there && act("Delete message…", async () => {
        const said = await askDelete(summary(message));
        if (said !== null) page.attempt(page.api.delete(path, { reason: said }), "The message is deleted.");
      }),
      message && message.from !== NOBODY && act("Ban author…", async () => {
        const how = await askBan(message.from);
        if (how) page.attempt(setMember(page.api, room, message.from, how), "They are banned.");
      }),
      state === "open" && act("Close", () => page.attempt(page.api.post(at`/reports/${id}/close`), "The report is closed."))));
}
