// What people write as a tree: code, quotes, lists, emphasis and links. Whatever is none of these stays as it was written.

/** @typedef {import("./format.js").TextNode} TextNode */

const FENCE = /```\n?([^]+?)\n?```/g;
const QUOTE = /^> ?/;
const ITEM = /^ {0,3}(?:[-*•]|(\d{1,3})[.)])\s+(?=\S)/;

// Ends a link: what no address holds unencoded, invisible characters, and the punctuation of texts around it.
const NOT_IN_LINKS = "\\s<>\"`{}|\\\\^\\u00ab\\u00bb\\u200b-\\u200f\\u2018-\\u201f\\u2026\\u202a-\\u202e\\u2039\\u203a\\u2060-\\u2069" +
  "\\u3001-\\u3003\\u3008-\\u3011\\u3014-\\u301f\\ufe50-\\ufe52\\uff01\\uff08\\uff09\\uff0c\\uff0e\\uff1a\\uff1b\\uff1f\\uff3b\\uff3d\\uff5b-\\uff64";
const CODE_OR_LINK = new RegExp("`([^`\\n]+)`|(https?://[^" + NOT_IN_LINKS + "]+)", "gi");
const MARK = /\*\*|__|~~|[*_]/g;
/** @type {Record<string, "bold" | "italic" | "strike">} */
const MEANING = { "**": "bold", __: "bold", "~~": "strike", "*": "italic", _: "italic" };

/** @param {string} text @returns {TextNode[]} */
export function parseText(text) {
  /** @type {TextNode[]} */
  const nodes = [];
  let end = 0;
  for (const { 0: whole, 1: code, index } of text.matchAll(FENCE)) {
    // A block stands on lines of its own: the breaks around it are its own, too.
    nodes.push(...blocks(text.slice(end, index).replace(/\n$/, "")), { type: "block", text: code });
    end = index + whole.length + (text[index + whole.length] === "\n" ? 1 : 0);
  }
  nodes.push(...blocks(text.slice(end)));
  return nodes;
}

/** Lines that belong together. @param {string} text @returns {TextNode[]} */
function blocks(text) {
  if (text === "") return [];
  /** @type {TextNode[]} */
  const nodes = [];
  const lines = text.split("\n");
  for (let i = 0; i < lines.length; ) {
    const kind = kindOf(lines[i]);
    let [from, to] = [i, i];
    while (to < lines.length && kindOf(lines[to]) === kind) to++;
    i = to;
    if (kind !== "text") {
      nodes.push(block(kind, lines.slice(from, to)));
      continue;
    }
    // A block needs no empty lines around it.
    while (from > 0 && lines[from] === "") from++;
    while (i < lines.length && to > from && lines[to - 1] === "") to--;
    nodes.push(...inline(lines.slice(from, to).join("\n")));
  }
  return nodes;
}

/** @param {string} line */
function kindOf(line) {
  if (QUOTE.test(line)) return "quote";
  const item = ITEM.exec(line);
  return item === null ? "text" : item[1] === undefined ? "list" : "numbers";
}

/** @param {"quote" | "list" | "numbers"} kind @param {string[]} lines @returns {TextNode} */
function block(kind, lines) {
  if (kind === "quote") return { type: "quote", children: inline(lines.map((line) => line.replace(QUOTE, "")).join("\n")) };
  const items = lines.map((line) => inline(line.replace(ITEM, "")));
  return kind === "list" ? { type: "list", items } : { type: "list", start: Number(ITEM.exec(lines[0])?.[1]), items };
}

/** @param {string} text @returns {TextNode[]} */
function inline(text) {
  /** @type {TextNode[]} */
  const out = [];
  /** Marks that may find their end, and where they stand in `out`. @type {{ mark: string, at: number }[]} */
  const open = [];
  let end = 0;

  const say = (/** @type {string} */ more) => {
    const last = out[out.length - 1];
    if (more === "") return;
    if (last?.type === "text" && open[open.length - 1]?.at !== out.length - 1) last.text += more;
    else out.push({ type: "text", text: more });
  };
  const meet = (/** @type {string} */ mark, /** @type {number} */ index) => {
    const [before, after] = [text[index - 1] ?? " ", text[index + mark.length] ?? " "];
    const there = open.findIndex((one) => one.mark === mark);
    if (there >= 0 && /\S/.test(before) && !/\w/.test(after) && out.length > open[there].at + 1) {
      const children = out.splice(open[there].at).slice(1);
      open.length = there; // what was opened in between stays text
      out.push({ type: MEANING[mark], children });
    } else if (there < 0 && /\S/.test(after) && !/\w/.test(before)) {
      open.push({ mark, at: out.length });
      out.push({ type: "text", text: mark });
    } else say(mark);
  };
  /** Text without code and links. */
  const pass = (/** @type {number} */ to) => {
    const base = end;
    for (const { 0: mark, index } of text.slice(base, to).matchAll(MARK)) {
      say(text.slice(end, base + index));
      meet(mark, base + index);
      end = base + index + mark.length;
    }
    say(text.slice(end, to));
    end = to;
  };

  for (const { 0: whole, 1: code, 2: url, index } of text.matchAll(CODE_OR_LINK)) {
    pass(index);
    const used = url === undefined ? whole : trimLink(url);
    if (code !== undefined) out.push({ type: "code", text: code });
    else if (isLink(used)) out.push({ type: "link", text: used });
    else say(used);
    end = index + used.length;
    pass(index + whole.length);
  }
  pass(text.length);
  return out;
}

/** @type {Record<string, string>} */
const OPENING = { ")": "(", "]": "[" };
const AFTER_LINKS = ".,;:!?*_~'([";

/** A bracket that was opened before the link ends it; a sentence's punctuation behind it is not part of it. @param {string} url */
export function trimLink(url) {
  const open = [];
  let end = 0;
  for (; end < url.length; end += 1) {
    const char = url[end];
    if (char === "(" || char === "[") open.push(char);
    else if (char in OPENING && open.pop() !== OPENING[char]) break;
  }
  while (end > 0 && AFTER_LINKS.includes(url[end - 1])) end -= 1;
  return url.slice(0, end);
}

/** @param {string} text */
function isLink(text) {
  try {
    return /^https?:$/.test(new URL(text).protocol);
  } catch {
    return false;
  }
}

/** The same as nodes of a page. Nothing is read as HTML. @param {string | readonly TextNode[]} text @returns {Node[]} */
export function formatText(text) {
  const nodes = typeof text === "string" ? parseText(text) : text;
  return nodes.map((node) => {
    switch (node.type) {
      case "text":
        return document.createTextNode(node.text);
      case "link":
        return Object.assign(element("a", [node.text]), { href: node.text, target: "_blank", rel: "noopener noreferrer nofollow" });
      case "code":
        return element("code", [node.text]);
      case "block":
        return element("pre", [element("code", [node.text])]);
      case "list": {
        const items = node.items.map((item) => element("li", formatText(item)));
        return node.start === undefined ? element("ul", items) : Object.assign(element("ol", items), { start: node.start });
      }
      default:
        return element(TAGS[node.type], formatText(node.children));
    }
  });
}

const TAGS = { bold: "strong", italic: "em", strike: "s", quote: "blockquote" };

/** @param {string} tag @param {(Node | string)[]} children */
function element(tag, children) {
  const made = document.createElement(tag);
  made.append(...children);
  return made;
}

/** Text as the protocol takes it: well-formed, no control characters but newline and tab. @param {string} text */
export function cleanText(text) {
  const plain = text.replace(/\r\n?/g, "\n").replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "").trimEnd();
  return /** @type {any} */ (plain).toWellFormed?.() ?? plain;
}
