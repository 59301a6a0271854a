// Files on their way into a message: chosen, pasted or dropped, put where the deployment says, and sent with the next message.

import { bdi, byId, el, redraw } from "./dom.js";
import { isolated, plainName } from "./names.js";
import { plain, toast } from "./notices.js";
import { byteLength } from "./text.js";

const NAME_BYTES_MAX = 128;
const STATES = { sending: "Uploading…", there: "Ready", failed: "" };

export class Attaching {
  /** Whether the deployment gives out places, and how many files a message may have: of `welcome`. */
  allowed = false;
  max = 10;
  #files = new Map(); // by the room's key
  #actions;
  #room = null;
  #list = byId("attached");

  /** `actions`: upload, which asks for a place in a room, and changed. */
  constructor(actions) {
    this.#actions = actions;
    this.#list.addEventListener("click", ({ target }) => {
      const { act, id } = target.closest("button")?.dataset ?? {};
      const one = this.#of(this.#room).find((each) => each.id === id);
      if (act === "drop" && one) this.#drop(one);
      else if (act === "again" && one) void this.#put(one);
    });
  }

  show(room) {
    this.#room = room;
    this.draw();
  }

  #of(room) {
    return this.#files.get(room) ?? [];
  }

  get isEmpty() {
    return this.#of(this.#room).length === 0;
  }
  /** Whether all are where they belong. */
  get isReady() {
    return this.#of(this.#room).every(({ state }) => state === "there");
  }

  add(files) {
    const room = this.#room;
    const there = this.#of(room);
    const left = this.max - there.length;
    if (files.length > left) toast(`A message has at most ${this.max} files.`);
    const more = files.slice(0, left).map((file) => ({ id: crypto.randomUUID?.() ?? String(Math.random()), room, file, name: nameOf(file), state: "sending", why: "" }));
    this.#files.set(room, [...there, ...more]);
    for (const one of more) void this.#put(one);
  }

  /** The attachments of the message that is sent now. */
  take() {
    const taken = this.#of(this.#room).map(({ attachment }) => attachment);
    this.#files.delete(this.#room);
    return taken;
  }

  #drop(one) {
    one.stop.abort();
    this.#files.set(one.room, this.#of(one.room).filter((each) => each !== one));
    this.#actions.changed();
  }

  async #put(one) {
    const { file, name } = one;
    const stop = new AbortController();
    Object.assign(one, { state: "sending", why: "", stop });
    this.#actions.changed();
    try {
      const mime = file.type || "application/octet-stream";
      const { ref, method, url, headers } = await this.#actions.upload(one.room, { mime, bytes: file.size, name });
      const answer = await fetch(url, { method, headers, body: file, signal: stop.signal, credentials: "omit", referrerPolicy: "no-referrer" });
      if (!answer.ok) throw new Error(`The place for it answered ${answer.status}.`);
      one.attachment = { ref, mime, bytes: file.size, name, ...(await sizeOf(file)) };
      one.state = "there";
    } catch (error) {
      if (stop.signal.aborted) return;
      Object.assign(one, { state: "failed", why: error instanceof TypeError ? "The place for it does not answer." : plain(error) });
    }
    this.#actions.changed();
  }

  draw() {
    const files = this.#of(this.#room);
    this.#list.hidden = files.length === 0;
    redraw(this.#list, JSON.stringify(files.map(({ id, state, why }) => [id, state, why])), () => files.map(({ id, name, state, why }) => {
      const button = (act, text, label) => el("button", { type: "button", class: "link", textContent: text, "aria-label": label, data: { act, id, key: `${act} ${id}` } });
      return el("li", { class: state },
        bdi(name, "name"), el("span", { class: state === "failed" ? "error" : "muted", textContent: STATES[state] || why }),
        state === "failed" && button("again", "Try again", `Try again to upload ${isolated(name)}`), button("drop", "Remove", `Remove ${isolated(name)}`));
    }));
  }
}

/** As the server takes it: without what is not seen, and the end of it where it is too long. */
function nameOf({ name }) {
  let chars = [...(plainName(name).trim() || "file")];
  while (byteLength(chars.join("")) > NAME_BYTES_MAX) chars = chars.slice(1);
  return chars.join("");
}

/** Of a picture, so that others leave room for it. */
async function sizeOf(file) {
  if (!file.type.startsWith("image/")) return {};
  try {
    const { width, height } = await createImageBitmap(file);
    return { width, height };
  } catch {
    return {}; // whatever it is, it is sent
  }
}
