// How the page shows what people wrote: the functions alone, with just enough of a document.

import assert from "node:assert/strict";
import { test } from "node:test";

import { parseText, trimLink } from "../../sdk/format.js";
import { isolated, listNames, plainName } from "../../web/names.js";

globalThis.matchMedia = () => new EventTarget();
const { mentionsIn } = await import("../../web/mentions.js");

/** Every node of a tree, from the outside inwards. */
const all = (nodes) => nodes.flatMap((node) => [node, ...all(node.children ?? node.items?.flat() ?? [])]);
const links = (text) => all(parseText(text)).filter(({ type }) => type === "link").map((node) => node.text);
/** A tree on one line: b(…) is bold, and so on. */
const short = (nodes) =>
  nodes.map(({ type, text, children, items, start }) =>
    type === "text" ? text : `${type}${start ?? ""}(${text ?? (items ? items.map(short).join("|") : short(children))})`).join("");

for (const [text, ...expected] of [
  ["https://e.org", "https://e.org"],
  ["see https://e.org/a.", "https://e.org/a"],
  ["(see https://e.org/a_(b))", "https://e.org/a_(b)"],
  ["(https://e.org/a) and more", "https://e.org/a"],
  ["(https://e.org/a), (https://e.org/b)!", "https://e.org/a", "https://e.org/b"],
  ["[https://e.org/a]text behind", "https://e.org/a"],
  ["https://[::1]:8080/a", "https://[::1]:8080/a"],
  ["https://e.org/?a[]=1&b[]=2", "https://e.org/?a[]=1&b[]=2"],
  ["{https://e.org/a}text", "https://e.org/a"],
  ["https://e.org/a|text", "https://e.org/a"],
  ["https://e.org/a…and so on", "https://e.org/a"],
  ["“https://e.org/a”text", "https://e.org/a"],
  ["「https://e.org/a」と", "https://e.org/a"],
  ["https://e.org/a。次", "https://e.org/a"],
  ["https://e.org/a，然后", "https://e.org/a"],
  ["https://e.org/a）次", "https://e.org/a"],
  ["https://e.org/a\u200btext", "https://e.org/a"],
  ["https://e.org/a\u202etext", "https://e.org/a"],
  ["https://e.org/it's", "https://e.org/it's"],
  ["'https://e.org/a'", "https://e.org/a"],
  ["https://e.org/a'.", "https://e.org/a"],
  ["**https://e.org/a**", "https://e.org/a"],
  ["https://ja.wikipedia.org/wiki/日本", "https://ja.wikipedia.org/wiki/日本"],
  ["https://e.org/(open", "https://e.org/(open"],
  ["https://e.org/a(", "https://e.org/a"],
  ["https://e.org/?a=<b>", "https://e.org/?a="],
  ["https://", ],
  ["https://...", ],
  ["ftp://e.org javascript:alert(1)", ],
]) {
  test(`of ${JSON.stringify(text)} the links are ${JSON.stringify(expected)}`, () => {
    assert.deepEqual(links(text), expected);
    const shown = all(parseText(text)).map((node) => node.text ?? "").join("");
    assert.equal(shown, text.replaceAll("**", ""), "nothing is lost");
  });
}

for (const [text, expected] of [
  ["plain", "plain"],
  ["a **bold** word", "a bold(bold) word"],
  ["*one* and _two_ and ~~three~~", "italic(one) and italic(two) and strike(three)"],
  ["**bold and *italic* too**", "bold(bold and italic(italic) too)"],
  ["**see https://e.org/a** and `code **here**`", "bold(see link(https://e.org/a)) and code(code **here**)"],
  ["snake_case_name and 2*3*4 and 2 * 3 * 4", "snake_case_name and 2*3*4 and 2 * 3 * 4"],
  ["**never closed", "**never closed"],
  ["*a **b* c**", "italic(a **b) c**"],
  ["**** __ ~~ ~~~~", "**** __ ~~ ~~~~"],
  ["これは**太字**です", "これはbold(太字)です"],
  ["**bold**, *it*.", "bold(bold), italic(it)."],
  ["> said\n> so\n\nindeed", "quote(said\nso)indeed"],
  ["- one\n- **two**\nthree", "list(one|bold(two))three"],
  ["todo:\n1. one\n2. two", "todo:list1(one|two)"],
  ["7) seven", "list7(seven)"],
  ["2024. was a year", "2024. was a year"],
  ["-5 degrees\n-", "-5 degrees\n-"],
  ["before\n```\n- no list\n**no**\n```\nafter", "beforeblock(- no list\n**no**)after"],
  ["two\n\nparagraphs", "two\n\nparagraphs"],
  ["\n", "\n"],
  ["<b>no</b> &amp;", "<b>no</b> &amp;"],
]) {
  test(`${JSON.stringify(text)} is shown as ${expected}`, () => assert.equal(short(parseText(text)), expected));
}

for (const filler of [")", "(", ".", "(.", "].", "[", "'", "https://", ")https://e.org/", "```", "`", "*", "**a", "_a ", "*a **b ~~c ", "> \n", "- a\n", "\n", "\n\n> ", " "]) {
  test(`formatting takes time in proportion to the text: ${JSON.stringify(filler)}`, () => {
    const textOf = (length) => `https://e.org/${filler.repeat(length / filler.length)}a`;
    const timeOf = (text, times) => {
      const from = performance.now();
      for (let time = 0; time < times; time++) parseText(text);
      return performance.now() - from;
    };
    const [short, long] = [textOf(5000), textOf(160_000)];
    timeOf(short, 32);

    // As many characters on both sides, so that a slow machine is slow for both; the best of some, since others share it.
    const times = Array.from({ length: 5 }, () => [timeOf(short, 32), timeOf(long, 1)]);
    const [pieces, whole] = [0, 1].map((side) => Math.min(...times.map((pair) => pair[side])));

    assert.ok(whole < 8 * Math.max(pieces, 5), `${pieces} ms in 32 pieces, ${whole} ms as one`);
  });
}

test("a link is trimmed to nothing where nothing is left", () => assert.equal(trimLink("..."), ""));

test("overrides in a name do not reach what stands beside it", () => {
  assert.equal(plainName("eve\u202e\u2066!\u2069"), "eve!");
  assert.equal(isolated("\u202eeve"), "eve");
  assert.equal(plainName("a\u200bl\u2060i\ufeffce\u00ad"), "alice", "what is not seen does not make another name");
  assert.equal(plainName("می\u200cخواهم 👩\u200d💻"), "می\u200cخواهم 👩\u200d💻", "joiners are part of scripts and emoji");
  assert.equal(isolated("Zoë 김민수"), "Zoë 김민수");
  assert.equal(isolated("דנה"), "\u2068דנה\u2069");
  assert.equal(isolated("دانا\u2069\u202e"), "\u2068دانا\u2069");
});

for (const [text, ...expected] of [
  ["@kim hello", "kim"],
  ["(@kim, @lee.)", "kim", "lee"],
  ["@kim,@lee", "kim", "lee"],
  ["@kim님 안녕", "kim"],
  ["こんにちは@kim", "kim"],
  ["@kim@example.com", "kim@example.com"],
  ["@room, @nobody", "@room"],
  ["kim@lee.example and https://e.org/@kim and a.@kim"],
]) {
  test(`${JSON.stringify(text)} mentions ${JSON.stringify(expected)}`, () =>
    assert.deepEqual(mentionsIn(text, ["kim", "lee", "kim@example.com", "lee.example"].map((id) => ({ id }))) ?? [], expected));
}

test("names are listed", () => {
  assert.equal(listNames(["a"]), "a");
  assert.equal(listNames(["a", "b"]), "a and b");
  assert.equal(listNames(["a", "b", "c", "d"]), "a, b and 2 others");
});
