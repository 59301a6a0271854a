// What both elements are made of.

/** Also there where a page is rendered on a server: then it can be imported, and does nothing. */
export const Base = globalThis.HTMLElement ?? /** @type {typeof HTMLElement} */ (/** @type {unknown} */ (class {}));

/** In the user's language by the property `labels` of <confab-chat>. */
export const LABELS = {
  rooms: "Rooms",
  messages: "Messages",
  message: "Message",
  send: "Send",
  older: "Earlier messages",
  empty: "Nothing here yet.",
  deleted: "This message was deleted.",
  edited: "(edited)",
  edit: "Edit",
  editing: "Editing your message",
  remove: "Delete",
  confirm: "Really delete",
  cancel: "Cancel",
  blocked: "You have blocked who wrote this.",
  sending: "Sending",
  failed: "Not sent.",
  retry: "Try again",
  discard: "Discard",
  connecting: "Connecting…",
  signedOut: "You are not signed in.",
  stopped: "There is no connection.",
  unread: (/** @type {number} */ count) => `${count} unread`,
  online: (/** @type {number} */ count) => `${count} online`,
  typing: (/** @type {string} */ names) => `${names} … typing`,
};

/**
 * @param {string} tag
 * @param {Record<string, unknown>} [props] properties; the parts, the role and what has a hyphen are attributes
 * @param {(Node | string | false | null)[]} children
 * @returns {any}
 */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === false) continue;
    if (/-|^(part|exportparts|role)$/.test(name)) node.setAttribute(name, String(value));
    else /** @type {any} */ (node)[name] = value;
  }
  node.append(...children.filter((child) => child !== false && child !== null));
  return node;
}

/** Characters that turn around the text beside them, or are not seen. Joiners stay: scripts and emoji need them. */
const HIDDEN = /[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0]/g;

/** @param {string} text */
export const plainName = (text) => text.replace(HIDDEN, "");

/** Someone's name, which does not turn around its neighbours. @param {string} text @param {string} part */
export const named = (text, part) => el("bdi", { part, textContent: plainName(text) });

/** @param {HTMLElement} host @param {CSSStyleSheet} sheet */
export function shadow(host, sheet) {
  const root = host.attachShadow({ mode: "open" });
  root.adoptedStyleSheets = [sheet]; // allowed by a content security policy without 'unsafe-inline'
  return root;
}

/** @param {string} css @returns {CSSStyleSheet} made when it is first needed, as a server has none */
export const lazySheet = (css) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  return sheet;
};

/** The <confab-chat> around an element, or whose part it is. @param {Element} node @returns {import("./chat.js").ConfabChat | null} */
export function chatOf(node) {
  const root = /** @type {Partial<ShadowRoot>} */ (node.getRootNode());
  return node.closest("confab-chat") ?? /** @type {any} */ (root.host?.localName === "confab-chat" ? root.host : null);
}

/** A property that was set before the element was defined hides the setter. @param {any} host @param {string[]} names */
export function takeEarly(host, names) {
  for (const name of names) {
    if (!Object.hasOwn(host, name)) continue;
    const value = host[name];
    delete host[name];
    host[name] = value;
  }
}
