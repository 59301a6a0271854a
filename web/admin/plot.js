// A small plot of the last minutes: one or two lines, with what they come to in words.

import { el, setText } from "../dom.js";

const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT, POINTS_MAX] = [300, 64, 150];

const svg = (tag, attributes) => {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
};

export class Plot {
  #title;
  #names;
  #words;
  #values; // of each line, the latest last; null: not known
  #lines;
  #picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" });
  #now; // of each line
  #most = el("span", { class: "muted" });

  /** `names`: of the lines, where there are several. `words`: of a value. */
  constructor(title, words, names = [""]) {
    this.#title = title;
    this.#names = names;
    this.#words = words;
    this.#values = names.map(() => []);
    this.#lines = names.map((_name, i) => svg("path", { class: `line-${i}`, "vector-effect": "non-scaling-stroke" }));
    this.#picture.append(...this.#lines);
    this.#now = names.map((_name, i) => el("strong", { class: `line-${i}` }));
    this.element = el("figure", { class: "plot" }, el("figcaption", {}, el("span", { class: "title", textContent: title }), this.#now), this.#picture, this.#most);
    this.#draw();
  }

  /** One value for each line. */
  add(...values) {
    values.forEach((value, i) => this.#values[i].push(value) > POINTS_MAX && this.#values[i].shift());
    this.#draw();
  }

  #draw() {
    const known = this.#values.flat().filter((value) => value !== null);
    const highest = known.length > 0 ? Math.max(...known) : null;
    const now = this.#names.map((name, i) => `${name} ${this.#said(this.#values[i].at(-1))}`.trim());
    const most = highest === null ? "Nothing yet" : `Highest ${this.#said(highest)}`;
    now.forEach((words, i) => setText(this.#now[i], words));
    setText(this.#most, most);
    this.#picture.setAttribute("aria-label", `${this.#title}: now ${now.join(", ")}. ${most} in the last five minutes.`);
    this.#lines.forEach((line, i) => line.setAttribute("d", pathOf(this.#values[i], highest)));
  }

  #said(value) {
    return value === null || value === undefined ? "–" : this.#words(value);
  }
}

/** The latest at the right; a gap where nothing is known. */
function pathOf(values, highest) {
  const step = WIDTH / (POINTS_MAX - 1);
  const from = WIDTH - (values.length - 1) * step;
  let path = "";
  values.forEach((value, i) => {
    if (value === null) return;
    const begins = i === 0 || values[i - 1] === null;
    const [x, y] = [from + i * step, HEIGHT - 2 - (highest > 0 ? value / highest : 0) * (HEIGHT - 4)];
    path += `${begins ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}${begins ? `h.1` : ""}`; // a single point is seen too
  });
  return path;
}
