// The page's start: asks who one is where that is not known, then hands over to the chat.
//
// The URL may say both who and where: /?user=alice#general, or #@bob for the direct room with bob. A token comes as
// #token=eyJ…, and may be followed by &room=general.

import { startChat } from "./chat.js";
import { byId } from "./dom.js";
import { refuseFiles } from "./dropped.js";
import { guestOf, idFromName, rememberedName, rememberedToken, rememberName, rememberToken, userOf } from "./identity.js";

const nameInUrl = new URLSearchParams(location.search).get("user");
let started = false;

function signIn(user) {
  started = true;
  byId("signin").hidden = true;
  byId("shell").hidden = false;
  refuseFiles();
  startChat(user, (reason) => {
    rememberToken("");
    ask(`You could not be signed in. ${reason}`);
    byId("signin-with-token").open = true;
  });
}

function ask(error = "") {
  byId("shell").hidden = true;
  byId("signin").hidden = false;
  byId("signin-error").textContent = error;
  const input = byId("signin-name");
  input.value ||= nameInUrl ?? rememberedName();
  input.select();
}

/** From the address, and out of it: it must not be seen, bookmarked or passed on. */
function tokenInUrl() {
  const parts = new URLSearchParams(location.hash.slice(1));
  const token = parts.get("token");
  if (token) history.replaceState(null, "", `${location.pathname}${location.search}#${encodeURIComponent(parts.get("room") ?? "")}`);
  return token;
}

byId("signin-name").addEventListener("input", ({ target }) => {
  const id = idFromName(target.value);
  byId("signin-hint").textContent = id && id !== target.value.trim() ? `Others will know you as @${id}.` : "";
});

byId("signin-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const token = byId("signin-token").value.trim();
  const name = byId("signin-name").value.trim();
  if (token) {
    if (!userOf(token)) return ask("This is not a token.");
    rememberToken(token);
  } else {
    if (!idFromName(name)) return ask("Please say who you are.");
    rememberName(name);
  }
  if (!started) return signIn(token ? userOf(token) : guestOf(name));
  history.replaceState(null, "", location.pathname + location.hash); // the server refused the other one: begin afresh
  location.reload();
});

addEventListener("hashchange", () => {
  const token = tokenInUrl();
  if (!token) return;
  rememberToken(token);
  location.reload();
});

const token = tokenInUrl();
if (token) rememberToken(token);
const name = nameInUrl ?? rememberedName();
const user = userOf(rememberedToken());
if (user) signIn(user);
else if (idFromName(name)) signIn(guestOf(name));
else ask();
