// Asks what a new room is to be called. Its id is made of that.

import { byId, setText } from "./dom.js";
import { idFromLatin } from "./identity.js";

/** `open` is called with the id. */
export function startNewRoom(open) {
  const [dialog, input, hint, make] = ["newroom", "newroom-name", "newroom-hint", "newroom-make"].map(byId);
  const check = () => {
    const name = input.value.trim();
    const id = idFromLatin(name);
    make.disabled = !id;
    setText(hint, id ? (id === name ? "" : `It will be called #${id}.`) : name ? "This needs a letter from A to Z, or a digit." : "");
  };
  input.addEventListener("input", check);
  dialog.addEventListener("close", () => dialog.returnValue === "yes" && idFromLatin(input.value) && open(idFromLatin(input.value)));
  return () => {
    input.value = "";
    dialog.returnValue = "";
    check();
    dialog.showModal();
    input.focus();
  };
}
