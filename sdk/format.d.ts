/**
 * Confab client library: what people write as a tree, so that all show it alike.
 *
 * Back-quotes are code, three of them a block; `> ` is a quote, `- ` and `1. ` are lists; `**bold**`, `*italic*`, `_italic_` and
 * `~~struck~~` are what they say; `http://` and `https://` are links. All else stays as it was written.
 */

export type TextNode =
  | { type: "text"; text: string }
  /** Its text is its address, which is http or https. */
  | { type: "link"; text: string }
  | { type: "code"; text: string }
  /** Code on lines of its own. */
  | { type: "block"; text: string }
  | { type: "bold" | "italic" | "strike" | "quote"; children: TextNode[] }
  /** `start`: it is numbered, from there on. */
  | { type: "list"; start?: number; items: TextNode[][] };

export declare function parseText(text: string): TextNode[];
/** The same as nodes of a page; nothing is read as HTML. Needs a `document`. */
export declare function formatText(text: string | readonly TextNode[]): any[];
/** Text as the server takes it: well-formed, no control characters but newline and tab, nothing blank at its end. */
export declare function cleanText(text: string): string;
/** An address without the punctuation of the text around it. */
export declare function trimLink(url: string): string;
