// The admin page's start: asks for a key, then shows the view that the address names: #rooms, #rooms/general?at=12.

import { byId, el } from "../dom.js";
import { toast } from "../notices.js";
import { Api, ApiError, rememberKey, rememberedKey, wordsOf } from "./api.js";
import { placeOf, titled } from "./parts.js";
import { showReports } from "./reports.js";
import { showRoom } from "./room.js";
import { showRooms } from "./rooms.js";
import { showServer } from "./server.js";
import { showUser, showUsers } from "./users.js";
import { showWebhook, showWebhooks } from "./webhooks.js";

/** Each takes the page, the ids and the query of the address, and resolves with a title and nodes. */
const VIEWS = {
  server: () => showServer,
  rooms: (ids) => (ids.length > 0 ? showRoom : showRooms),
  users: (ids) => (ids.length > 0 ? showUser : showUsers),
  reports: () => showReports,
  webhooks: (ids) => (ids.length > 0 ? showWebhook : showWebhooks),
};
const UNAUTHORIZED = 401;

let api = null;
let shown = new AbortController(); // aborted when another view takes the place

/** What views may do beside calling the API. */
const page = (signal) => ({
  api, signal,
  /** For what is done: says what went wrong, else shows the view anew, and says `done`, which may be made of the answer. */
  attempt: async (promise, done = "") => {
    try {
      const answer = await promise;
      if (signal.aborted) return;
      await show(true);
      const said = typeof done === "function" ? done(answer) : done;
      if (said) toast(said);
    } catch (error) {
      failed(error);
    }
  },
  failed,
});

function failed(error) {
  if (error.name === "AbortError") return;
  if (error instanceof ApiError && error.status === UNAUTHORIZED) signOut(`You were signed out. ${wordsOf(error)}`);
  else toast(wordsOf(error));
}

/** `stays`: the same view as before, so the focus stays where it is. */
async function show(stays = false) {
  shown.abort();
  shown = new AbortController();
  const { signal } = shown;
  const { view, ids, query } = placeOf(location.hash);
  const main = byId("main");
  main.ariaBusy = "true";
  let content;
  try {
    content = await (VIEWS[view] ?? VIEWS.server)(ids)(page(signal), ids, query);
  } catch (error) {
    if (signal.aborted) return;
    if (error.status === UNAUTHORIZED) return failed(error);
    content = titled("It did not work", el("p", { class: "error", role: "alert", textContent: wordsOf(error) }));
  }
  if (signal.aborted) return;
  const focused = stays && main.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  main.replaceChildren(...content.nodes);
  main.ariaBusy = "false";
  document.title = `${content.title} · Confab admin`;
  for (const link of document.querySelectorAll(".bar nav a")) link.ariaCurrent = link.hash === `#${view}` ? "page" : null;
  if (!stays) (main.querySelector(".marked") ?? main.querySelector("h1")).focus();
  else if (focused) (main.querySelector(`[data-key="${CSS.escape(focused)}"]`) ?? main.querySelector("h1")).focus();
}

/** A key that may not read is of no use here. */
async function signIn(key) {
  const tried = new Api(key);
  try {
    await tried.get("/stats");
  } catch (error) {
    return ask(wordsOf(error));
  }
  api = tried;
  rememberKey(key);
  byId("signin-key").value = "";
  byId("signin").hidden = true;
  byId("shell").hidden = false;
  await show();
}

function ask(error = "") {
  byId("shell").hidden = true;
  byId("signin").hidden = false;
  byId("signin-error").textContent = error;
  byId("signin-key").select();
}

function signOut(why = "") {
  shown.abort();
  api = null;
  rememberKey("");
  byId("main").replaceChildren();
  ask(why);
}

/** From the address, and out of it: it must not be seen, bookmarked or passed on. */
function tokenInUrl() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token) history.replaceState(null, "", location.pathname);
  return token;
}

byId("signin-form").addEventListener("submit", (event) => {
  event.preventDefault();
  void signIn(byId("signin-key").value.trim());
});
byId("signout").addEventListener("click", () => signOut());
byId("skip").addEventListener("click", (event) => {
  event.preventDefault(); // the address says the view
  byId("main").querySelector("h1")?.focus();
});
addEventListener("hashchange", () => {
  const token = tokenInUrl();
  if (token) void signIn(token);
  else if (api) void show();
});

const key = tokenInUrl() || rememberedKey();
if (key) void signIn(key);
else ask();
