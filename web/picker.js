// The emoji picker: every emoji, by group or found by a word. The focus stays in its box; arrows choose.

import { byId, el, isComposing, setText } from "./dom.js";

const OFTEN = ["👍", "❤️", "😂", "🎉", "👀", "✅", "🙏", "🔥", "🚀", "👏", "💯", "😮", "😢", "😅", "🤔", "🙌"];
const FOUND_MAX = 100;

export class EmojiPicker {
  #choose = null;
  #groups = null; // once it was opened: [name, [{ emoji, name, words }]]
  #options = []; // in the order shown
  #active = 0;
  #popover = byId("picker");
  #input = byId("picker-input");
  #list = byId("picker-list");

  constructor() {
    this.#input.addEventListener("input", () => this.#draw());
    this.#input.addEventListener("keydown", (event) => this.#key(event));
    this.#list.addEventListener("click", (event) => this.#take(event.target.closest("[role=option]")));
    this.#list.addEventListener("pointermove", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.#mark(this.#options.indexOf(option), false);
    });
  }

  /** Beside `button`; `choose` gets the emoji. */
  async show(button, choose) {
    this.#choose = choose;
    this.#input.value = "";
    this.#popover.showPopover();
    this.#draw();
    const { right, top, bottom } = button.getBoundingClientRect();
    const { offsetWidth, offsetHeight } = this.#popover;
    this.#popover.style.left = `${Math.max(8, right - offsetWidth)}px`;
    this.#popover.style.top = `${bottom + offsetHeight + 8 < innerHeight ? bottom + 4 : Math.max(8, top - offsetHeight - 4)}px`;
    this.#input.focus();
    if (this.#groups) return;
    const { EMOJI } = await import("./emoji.js"); // only who picks one needs them all
    this.#groups = EMOJI.map(([name, all]) => [name, all.split("|").map((one) => {
      const space = one.indexOf(" ");
      const words = one.slice(space + 1);
      return { emoji: one.slice(0, space), name: words.split(",")[0], words };
    })]);
    this.#draw();
  }

  #draw() {
    const wanted = this.#input.value.trim().toLowerCase();
    const all = (this.#groups ?? []).flatMap(([, emoji]) => emoji);
    const often = OFTEN.map((emoji) => all.find((one) => one.emoji === emoji) ?? { emoji, name: emoji });
    const groups = wanted === "" ? [["Often used", often], ...(this.#groups ?? [])] : [["Found", find(all, wanted)]];
    this.#list.replaceChildren(...groups.filter(([, emoji]) => emoji.length > 0).map(([name, emoji], group) =>
      el("div", { role: "group", "aria-label": name },
        el("p", { class: "heading", "aria-hidden": "true", textContent: name }),
        el("div", { class: "emoji" }, emoji.map((one, index) =>
          el("span", { role: "option", id: `emoji-${group}-${index}`, title: one.name, "aria-label": one.name, textContent: one.emoji }))))));
    this.#options = [...this.#list.querySelectorAll("[role=option]")];
    setText(byId("picker-none"), this.#options.length ? "" : "No emoji is called that.");
    this.#list.scrollTop = 0;
    this.#mark(0, false);
  }

  #mark(index, scroll = true) {
    this.#options[this.#active]?.setAttribute("aria-selected", "false");
    this.#active = index;
    const option = this.#options[index];
    this.#input.setAttribute("aria-activedescendant", option?.id ?? "");
    option?.setAttribute("aria-selected", "true");
    if (scroll) option?.scrollIntoView({ block: "nearest" });
  }

  #key(event) {
    if (isComposing(event)) return;
    const { key } = event;
    const row = this.#options[0] ? Math.max(1, Math.round(this.#list.firstElementChild.clientWidth / this.#options[0].offsetWidth)) : 1;
    const typing = this.#input.value !== "" && key !== "ArrowUp" && key !== "ArrowDown"; // there the caret moves
    const step = typing ? undefined : { ArrowRight: 1, ArrowLeft: -1, ArrowDown: row, ArrowUp: -row }[key];
    if (step && this.#options.length) this.#mark(Math.min(this.#options.length - 1, Math.max(0, this.#active + step)));
    else if (key === "Enter") this.#take(this.#options[this.#active]);
    else return;
    event.preventDefault();
  }

  #take(option) {
    if (!option) return;
    this.#popover.hidePopover();
    this.#choose(option.textContent);
  }
}

/** Those whose name begins with it come first, then those with a word that does, then the rest. */
function find(all, wanted) {
  const rank = ({ emoji, name, words }) => {
    if (emoji === wanted || name.startsWith(wanted)) return 0;
    if (`${words}`.split(/[\s,]+/).some((word) => word.startsWith(wanted)) || words.includes(`,${wanted}`)) return 1;
    return words.includes(wanted) ? 2 : 3;
  };
  const ranked = all.map((one) => [rank(one), one]).filter(([rank]) => rank < 3);
  return ranked.sort(([one], [other]) => one - other).slice(0, FOUND_MAX).map(([, one]) => one);
}
