// How the page shows what people wrote: the functions alone, with just enough of a document.

import assert from "node:assert/strict";
import { before, test } from "node:test";

let formatText, isolated, listNames, plainName, trimLink;
before(async () => {
  globalThis.document = { createElement: (tag) => ({ tag, append() {}, setAttribute() {}, href: "", textContent: "", target: "", rel: "" }) };
  ({ formatText, trimLink } = await import("../../web/text.js"));
  ({ isolated, listNames, plainName } = await import("../../web/names.js"));
});

const links = (text) => formatText(text).filter((node) => node.tag === "a").map((node) => node.href);

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
    assert.deepEqual(links(text), expected.map((url) => url));
    assert.equal(formatText(text).map((node) => node.textContent ?? node).join(""), text, "nothing is lost");
  });
}

for (const filler of [")", "(", ".", "(.", "].", "[", "'", "https://", "```", "`"]) {
  test(`formatting takes time in proportion to the text: ${filler}`, () => {
    const time = (length) => {
      const text = `https://e.org/${filler.repeat(length / filler.length)}a`;
      const from = performance.now();
      for (let i = 0; i < 4; i++) formatText(text);
      return performance.now() - from;
    };
    time(5000);

    const [short, long] = [time(5000), time(160_000)];

    assert.ok(long < 32 * 8 * Math.max(short, 1), `${short} ms, then ${long} ms for 32 times as much`);
  });
}

test("a link is trimmed to nothing where nothing is left", () => assert.equal(trimLink("..."), ""));

test("overrides in a name do not reach what stands beside it", () => {
  assert.equal(plainName("eve\u202e\u2066!\u2069"), "eve!");
  assert.equal(isolated("\u202eeve"), "eve");
  assert.equal(isolated("Zoë 김민수"), "Zoë 김민수");
  assert.equal(isolated("דנה"), "\u2068דנה\u2069");
  assert.equal(isolated("دانا\u2069\u202e"), "\u2068دانا\u2069");
});

test("names are listed", () => {
  assert.equal(listNames(["a"]), "a");
  assert.equal(listNames(["a", "b"]), "a and b");
  assert.equal(listNames(["a", "b", "c", "d"]), "a, b and 2 others");
});
