// What beasts send.

import { deflateRawSync } from "node:zlib";

import { frame, opcode, textFrame } from "../../e2e/support/raw.mjs";

export { frame, opcode, textFrame };

/** A message as permessage-deflate writes it: RSV1 set, without the last four bytes. */
export function deflatedFrame(payload, kind = opcode.text) {
  return frame(kind, deflateRawSync(payload, { finishFlush: 2, level: 9 }).subarray(0, -4), { rsv: 4 });
}

/** Headers that agree on compression. */
export const DEFLATE = { "Sec-WebSocket-Extensions": "permessage-deflate" };
export const CBOR = { "Sec-WebSocket-Protocol": "confab.v1.cbor" };

/** One buffer of many frames. */
export const batch = (count, make) => Buffer.concat(Array.from({ length: count }, (_, i) => make(i)));

/** A close frame. */
export const closing = (code) => frame(opcode.close, Buffer.from([code >> 8, code & 255]));
