// Frames are told apart by patterns: an object whose every member must be there and match.

import assert from "node:assert/strict";

/** A function is a predicate, an array and an object match member by member, anything else must be equal. */
export function matches(value, pattern) {
  if (typeof pattern === "function") return pattern(value);
  if (Array.isArray(pattern)) {
    return (
      Array.isArray(value) && value.length === pattern.length && pattern.every((each, i) => matches(value[i], each))
    );
  }
  if (pattern !== null && typeof pattern === "object") {
    return (
      value !== null &&
      typeof value === "object" &&
      Object.entries(pattern).every(([key, each]) => matches(value[key], each))
    );
  }
  return Object.is(value, pattern);
}

export const any = {
  time: (value) => Number.isSafeInteger(value) && value > 1_700_000_000_000,
  text: (value) => typeof value === "string" && value !== "",
  count: (value) => Number.isSafeInteger(value) && value >= 0,
};

/**
 * What has come and nobody has taken yet, and who waits for something that has not come.
 * @template T
 */
export class Inbox {
  items = /** @type {T[]} */ ([]);
  #waiting = [];
  #end = /** @type {unknown} */ (null);

  push(item) {
    const at = this.#waiting.findIndex(({ pattern }) => matches(item, pattern));
    if (at < 0) this.items.push(item);
    else this.#waiting.splice(at, 1)[0].resolve(item);
  }

  /** Takes the first that matches, now or when it comes. */
  take(pattern) {
    const at = this.items.findIndex((item) => matches(item, pattern));
    if (at >= 0) return Promise.resolve(this.items.splice(at, 1)[0]);
    if (this.#end) return Promise.reject(new Error(`nothing more comes: ${this.#end}`));
    return new Promise((resolve, reject) => this.#waiting.push({ pattern, resolve, reject }));
  }

  /** Nothing more comes, for the reason `why`. */
  end(why) {
    this.#end ??= why;
    for (const { reject } of this.#waiting.splice(0)) reject(new Error(`nothing more comes: ${why}`));
  }
}

/** `frame` has these members and no others; a name that ends in "?" may be missing. */
export function assertShape(frame, shape) {
  const expected = Object.entries(shape).map(([name, pattern]) => ({
    name: name.replace("?", ""),
    optional: name.endsWith("?"),
    pattern,
  }));
  const text = JSON.stringify(frame);
  for (const name of Object.keys(frame))
    assert.ok(
      expected.some((each) => each.name === name),
      `${name} is not expected in ${text}`,
    );
  for (const { name, optional, pattern } of expected) {
    if (!(name in frame)) assert.ok(optional, `${name} is missing in ${text}`);
    else assert.ok(matches(frame[name], pattern), `${name} is not as expected in ${text}`);
  }
}
