// What the client does, step by step, for the one who looks for a fault. Without what people wrote, and without tokens.

const SHOWN = ["type", "id", "re", "room", "seq", "since", "head", "gap", "code"];

/** @param {any} text a frame */
export function outline(text) {
  /** @type {Record<string, unknown>} */
  const shown = { length: text.length };
  try {
    const frame = JSON.parse(text);
    for (const field of SHOWN) if (frame[field] !== undefined) shown[field] = frame[field];
  } catch {
    // Not a frame; how long it is says enough.
  }
  return shown;
}
