// The page's start: asks for a name where none is known, then hands over to the chat.
//
// The URL may say both who and where: /?user=alice#general, or #@bob for the direct room with bob.

import { startChat } from "./chat.js";
import { byId } from "./dom.js";
import { idFromName, rememberedName, rememberName } from "./identity.js";

const nameInUrl = new URLSearchParams(location.search).get("user");
let started = false;

function signIn(name) {
  started = true;
  byId("signin").hidden = true;
  byId("shell").hidden = false;
  startChat(name, (reason) => ask(`You could not be signed in. ${reason}`));
}

function ask(error = "") {
  byId("shell").hidden = true;
  byId("signin").hidden = false;
  byId("signin-error").textContent = error;
  const input = byId("signin-name");
  input.value ||= nameInUrl ?? rememberedName();
  input.select();
}

byId("signin-name").addEventListener("input", ({ target }) => {
  const id = idFromName(target.value);
  byId("signin-hint").textContent = id && id !== target.value.trim() ? `Others will know you as @${id}.` : "";
});

byId("signin-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = byId("signin-name").value.trim();
  if (!idFromName(name)) return ask("Please use at least one letter from A to Z, or a digit.");
  rememberName(name);
  if (!started) return signIn(name);
  history.replaceState(null, "", `/${location.hash}`); // the server refused the other name: begin afresh
  location.reload();
});

const name = nameInUrl ?? rememberedName();
if (idFromName(name)) signIn(name);
else ask();
