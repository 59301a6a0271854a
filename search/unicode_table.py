#!/usr/bin/env python3
"""Writes unicode_table.cpp: what search takes for parts of words, and for the same word.

Run in this folder; needs nothing but Python. Another version of Unicode changes what the index
holds, so `tokens_version` in tokens.hpp goes up with it.
"""
import unicodedata

# Letters without a decomposition that people leave the strokes of.
PLAIN = {"ø": "o", "đ": "d", "ħ": "h", "ı": "i", "ł": "l", "ŧ": "t", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d"}
# Signs above and below letters, that one searches without.
ACCENTS = [(0x300, 0x36F), (0x483, 0x489), (0x591, 0x5BD), (0x5BF, 0x5BF), (0x5C1, 0x5C2), (0x5C4, 0x5C5),
           (0x5C7, 0x5C7), (0x610, 0x61A), (0x640, 0x640), (0x64B, 0x65F), (0x670, 0x670), (0x6D6, 0x6DC),
           (0x6DF, 0x6E8), (0x6EA, 0x6ED), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20FF),
           (0xFE00, 0xFE0F), (0xFE20, 0xFE2F), (0x1F3FB, 0x1F3FF), (0xE0100, 0xE01EF)]
# Scripts written without spaces between words, and Korean, whose words take endings.
DENSE = [(0xE00, 0xFFF), (0x1000, 0x109F), (0x1100, 0x11FF), (0x1780, 0x17FF), (0x1950, 0x19DF),
         (0x1A20, 0x1AAF), (0x1B00, 0x1B7F), (0x2E80, 0x2FDF), (0x3005, 0x3007), (0x3021, 0x3029),
         (0x3031, 0x3035), (0x3038, 0x303C), (0x3041, 0x318F), (0x31A0, 0x31BF), (0x31F0, 0x31FF),
         (0x3400, 0x4DBF), (0x4E00, 0xA4CF), (0xA960, 0xA9DF), (0xA9E0, 0xA9FF), (0xAA00, 0xAA7F),
         (0xAA80, 0xAADF), (0xAC00, 0xD7FF), (0xF900, 0xFAFF), (0x16FE0, 0x18D8F), (0x1AFF0, 0x1B2FF),
         (0x20000, 0x3FFFF)]
# Kept as they are: their composed forms are what is written (tokens.cpp composes the others).
COMPOSED = [(0x3041, 0x30FF), (0xAC00, 0xD7A3)]

# Beside the usual ones for whoever writes them: signs of mathematics, characters within circles and squares,
# ideographs that were encoded twice for other standards' sake. They stay as they are.
RARE = [(0x2100, 0x24FF), (0x2C00, 0x2FDF), (0x3131, 0x33FF), (0xF900, 0xFAFF), (0xFB50, 0xFDFF), (0x10780, 0x107FF),
        (0x1D400, 0x1EEFF), (0x1F100, 0x1F2FF), (0x2F800, 0x2FA1F)]

SEPARATOR, WORD, DENSE_KIND, SYMBOL, IGNORED = range(5)


def within(c, ranges):
    return any(a <= c <= b for a, b in ranges)


def kind_of(c):
    category = unicodedata.category(chr(c))
    if category in ("Cn", "Cs", "Co"):
        return None
    if within(c, ACCENTS) or category == "Cf":
        return IGNORED
    if category[0] in "LMN":
        return DENSE_KIND if within(c, DENSE) else WORD
    # Not the signs of programs and sums: they stand between words.
    if category == "So" and c >= 0x2190:
        return SYMBOL
    return SEPARATOR


def fold(c):
    """None where it stays as it is."""
    if within(c, COMPOSED) or within(c, RARE):
        return None
    text = unicodedata.normalize("NFKD", chr(c))
    for _ in range(2):
        text = unicodedata.normalize("NFKD", "".join(PLAIN.get(x, x) for x in text.casefold()))
    # A jamo of another block stays one: they are composed later.
    text = "".join(x for x in text if kind_of(ord(x)) in (WORD, DENSE_KIND, SYMBOL) or ord(x) in (0x3099, 0x309A))
    if text == chr(c) or text == "" or len(text) > 4:
        return None
    return text


def main():
    kinds, runs, many = [], [], []
    for c in range(0x110000):
        kind = kind_of(c)
        # What is not assigned yet is of the kind of what stands before it in its block.
        if kind is None:
            kind = kinds[-1][2] if c % 0x80 else SEPARATOR
        if kinds and kinds[-1][2] == kind:
            kinds[-1][1] = c
        else:
            kinds.append([c, c, kind])
        if kind in (SEPARATOR, IGNORED):
            continue
        to = fold(c)
        if to is None:
            continue
        if len(to) > 1:
            many.append((c, to))
            continue
        delta = ord(to) - c
        last = runs[-1] if runs else None
        if last and last[3] == delta and c - last[1] in (1, 2) and (last[0] == last[1] or last[2] == c - last[1]):
            last[2] = c - last[1]
            last[1] = c
        else:
            runs.append([c, c, 1, delta])
    rows = lambda items, form: wrap([form(x) for x in items])
    kinds = [k for k in kinds if k[2] != SEPARATOR]
    with open("unicode_table.cpp", "w", encoding="ascii") as out:
        out.write("// Written by unicode_table.py from Unicode %s. Not to be changed by hand.\n\n" % unicodedata.unidata_version)
        out.write('#include "search/unicode_table.hpp"\n\nnamespace confab::search {\nnamespace {\n\nusing enum character_kind;\n\n')
        names = {WORD: "word", DENSE_KIND: "dense", SYMBOL: "symbol", IGNORED: "ignored"}
        out.write("// clang-format off\nconstexpr kind_range kinds[]{\n%s\n};\n\n" % rows(kinds, lambda k: "{0x%x,0x%x,%s}" % (k[0], k[1], names[k[2]])))
        out.write("constexpr fold_run runs[]{\n%s\n};\n\n" % rows(runs, lambda r: "{0x%x,0x%x,%d,%d}" % tuple(r)))
        out.write("constexpr fold_many many[]{\n%s\n};\n// clang-format on\n\n" % rows(
            many, lambda m: "{0x%x,{%s}}" % (m[0], ",".join("0x%x" % ord(x) for x in m[1]))))
        out.write("}  // namespace\n\nstd::span<const kind_range> kind_ranges() noexcept { return kinds; }\n"
                  "std::span<const fold_run> fold_runs() noexcept { return runs; }\n"
                  "std::span<const fold_many> folds_to_many() noexcept { return many; }\n\n}  // namespace confab::search\n")
    print(len(kinds), "ranges of kinds,", len(runs), "runs,", len(many), "folds to several")


def wrap(items):
    lines, line = [], ""
    for item in items:
        if len(line) + len(item) > 117:
            lines.append(line)
            line = ""
        line += item + ","
    lines.append(line)
    return "\n".join("  " + x for x in lines)


main()
