// Notifications of direct messages and mentions while the page is out of sight. The browser is asked for permission when the user wants them.

import { byId } from "./dom.js";
import { rememberedNotify, rememberNotify } from "./identity.js";
import { toast } from "./notices.js";

export class Notifier {
  #button = byId("notify");
  #open;

  /** `open` is called with the key of the room whose notification was clicked. */
  constructor(open) {
    this.#open = open;
    if (!("Notification" in globalThis)) return;
    this.#button.hidden = false;
    this.#button.addEventListener("click", () => this.#toggle());
    this.#show();
  }

  get #on() {
    return rememberedNotify() && globalThis.Notification?.permission === "granted";
  }

  async #toggle() {
    const wanted = !this.#on;
    if (wanted && (await Notification.requestPermission()) !== "granted") toast("Your browser does not let this page notify you.");
    else rememberNotify(wanted);
    this.#show();
  }

  #show() {
    this.#button.setAttribute("aria-pressed", String(this.#on));
  }

  /** What came in in the room `key`; `name` says from whom. */
  tell(key, name, text) {
    if (!this.#on || document.visibilityState === "visible") return;
    const note = new Notification(name, { body: text.slice(0, 200), tag: key });
    note.addEventListener("click", () => {
      focus();
      this.#open(key);
      note.close();
    });
  }
}
