// The server's golden frames, and what is left of each when fields are missing.

import { readFileSync, readdirSync } from "node:fs";

const FRAMES = new URL("../../golden/frames/", import.meta.url);

/** Names and frames of what a server sends. */
export const serverFrames = () =>
  readdirSync(FRAMES)
    .map((file) => JSON.parse(readFileSync(new URL(file, FRAMES), "utf8")))
    .filter(({ direction }) => direction === "server")
    .map(({ name, json }) => ({ name, frame: json }));

const isBranch = (value) => typeof value === "object" && value !== null;

/** Paths of all members of objects in `value`, but `type`: without it a frame is none. */
function* members(value, path = []) {
  for (const [key, child] of Object.entries(value)) {
    const here = [...path, key];
    if (!Array.isArray(value) && key !== "type") yield here;
    if (isBranch(child)) yield* members(child, here);
  }
}

function without(frame, path) {
  const copy = structuredClone(frame);
  const owner = path.slice(0, -1).reduce((value, key) => value[key], copy);
  delete owner[path.at(-1)];
  return copy;
}

/**
 * A frame as it is, and without each of its members, at any depth. `re` is of no interest: whose answer a frame is, is
 * tested elsewhere.
 */
export function* variants({ name, frame }) {
  const { re, ...event } = frame;
  yield { name, frame: event };
  for (const path of members(event)) yield { name: `${name} without ${path.join(".")}`, frame: without(event, path) };
}

export const allVariants = () => serverFrames().flatMap((each) => [...variants(each)]);
