// <confab-chat>, <confab-room> and <confab-inbox>: a chat without a framework and without a build. Importing this defines them.

import { ConfabChat } from "./elements/chat.js";
import { ConfabInbox } from "./elements/inbox.js";
import { ConfabRoom } from "./elements/room.js";

export { ConfabChat } from "./elements/chat.js";
export { ConfabInbox } from "./elements/inbox.js";
export { ConfabRoom } from "./elements/room.js";

// Where a page is rendered on a server there is nothing to define.
if (globalThis.customElements && !customElements.get("confab-chat")) {
  customElements.define("confab-chat", ConfabChat);
  customElements.define("confab-inbox", ConfabInbox);
  customElements.define("confab-room", ConfabRoom);
}
