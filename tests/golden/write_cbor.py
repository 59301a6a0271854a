#!/usr/bin/env python3
"""Fills in the "cbor" of every golden frame from its "json", in the form described in README.md.

Shares no code with the server, so that the two check each other. With --check nothing is written;
the exit status says whether all files are as they would be written.
"""

import json
import pathlib
import struct
import sys


def head(major, argument):
    if argument < 24:
        return bytes([major << 5 | argument])
    for info, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if argument < 1 << 8 * size:
            return bytes([major << 5 | info]) + argument.to_bytes(size, "big")
    raise ValueError(f"{argument} has no head")


def cbor(value):
    """RFC 8949 preferred serialization, but for floats: 32 bits where exact, else 64."""
    if value is None:
        return b"\xf6"
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, float):
        try:
            single = struct.pack(">f", value)
        except OverflowError:
            single = struct.pack(">f", 0)
        if struct.unpack(">f", single)[0] == value:
            return b"\xfa" + single
        return b"\xfb" + struct.pack(">d", value)
    if isinstance(value, str):
        utf8 = value.encode()
        return head(3, len(utf8)) + utf8
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    members = b"".join(cbor(key) + cbor(member) for key, member in value.items())
    return head(5, len(value)) + members


def file_text(frame):
    def line(key, value):
        return f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}"

    frame["cbor"] = cbor(frame["json"]).hex()
    keys = ("name", "direction", "clause", "json", "cbor")
    return "{\n" + ",\n".join(line(key, frame[key]) for key in keys) + "\n}\n"


def main():
    check = "--check" in sys.argv[1:]
    differing = []
    for path in sorted((pathlib.Path(__file__).parent / "frames").glob("*.json")):
        before = path.read_text(encoding="utf-8")
        after = file_text(json.loads(before))
        if before != after:
            differing.append(path.name)
            if not check:
                path.write_text(after, encoding="utf-8")
    print("\n".join(differing) if differing else "all frames are up to date")
    return 1 if check and differing else 0


if __name__ == "__main__":
    sys.exit(main())
