// Ties the client library and its store to the views.

import { CloseCode, ConfabClient, ServerError } from "/sdk/confab.js";
import { createStore, indexedOutbox, localPositions } from "/sdk/store.js";
import { Composer } from "./composer.js";
import { byId, setText } from "./dom.js";
import { closeDrawers, isNarrow, startDrawers } from "./drawers.js";
import { deviceId, isId, isUserId, rememberGuest, rememberName, rememberToken } from "./identity.js";
import { isolated, listNames, plainName } from "./names.js";
import { startNewRoom } from "./newroom.js";
import { Notifier } from "./notify.js";
import { announce, banner, confirmDelete, plain, toast } from "./notices.js";
import { EmojiPicker } from "./picker.js";
import { drawMembers, drawRooms, orderedRooms, titleOf } from "./sidebar.js";
import { Switcher } from "./switcher.js";
import { countLabel } from "./text.js";
import { Timeline } from "./timeline.js";

const FIRST_ROOM = "general";
/** A page that is left may lose its connection first: that is no news. */
const LEAVING_MS = 3000;

/** Of guestOf or userOf; `onRefused` gets the reason in words when the server does not let this user in. */
export function startChat({ id, name, options }, onRefused) {
  const client = new ConfabClient({ ...options, device: deviceId() });
  const positions = localPositions(id);
  const store = createStore(client, { positions, outbox: indexedOutbox(id), me: { id, name } });
  let open = null; // the key of the room that is shown
  let divider = null; // the last seq of it before the line "New"
  let wasLive = false;
  let leavingUntil = 0;

  const picker = new EmojiPicker();
  const timeline = new Timeline(store, {
    react: (room, message, emoji) => attempt(store.toggleReaction(room.key, message.seq, emoji)),
    edit: (_room, message) => composer.edit(message),
    remove: async (room, message) => (await confirmDelete(message)) && attempt(store.remove(room.key, message.seq)),
    retry: (room, message) => store.retry(room.key, message.key),
    discard: (room, message) => store.discard(room.key, message.key),
    reachedEnd: changed,
    toText: () => composer.focus(),
  }, picker);
  const composer = new Composer({
    send: (key, text) => {
      divider = null;
      store.send(key, text);
      draw();
      timeline.toEnd();
    },
    edit: (key, message, text) => attempt(store.edit(key, message.seq, text)),
    editLast: (key) => {
      const message = store.room(key).messages.findLast((one) => one.from === store.getSnapshot().me.id && !one.deleted && one.seq !== null);
      if (message) composer.edit(message);
    },
    typing: (key, on) => store.setTyping(key, on),
    draft: (key) => store.draft(key),
    setDraft: (key, text) => store.setDraft(key, text),
  }, picker);
  const switcher = new Switcher(store, (key) => go(key));
  const askNewRoom = startNewRoom((key) => go(key));
  const notifier = new Notifier((key) => go(key));

  // -------------------------------------------------------------------------------------- what one does

  /** For commands whose effect comes as an event. */
  async function attempt(promise) {
    try {
      await promise;
    } catch (error) {
      toast(plain(error));
    }
  }

  async function leave(key) {
    go(orderedRooms(store).find((room) => room.key !== key).key);
    showRoom();
    await attempt(store.leave(key));
    listRooms();
  }

  async function listRooms() {
    try {
      await store.listRooms();
      switcher.draw();
    } catch {
      // The rooms one is in are there without it.
    }
  }

  // -------------------------------------------------------------------------------------- which room is shown

  const go = (key) => (location.hash = key.startsWith("@") ? `@${encodeURIComponent(key.slice(1))}` : encodeURIComponent(key));

  function keyInUrl() {
    try {
      const key = decodeURIComponent(location.hash.slice(1));
      if (key.startsWith("@")) return isUserId(key.slice(1)) ? key : null;
      return isId(key) && !key.startsWith("dm:") ? key : null;
    } catch {
      return null;
    }
  }

  function firstKey() {
    const known = positions.keys().sort();
    return known.includes(FIRST_ROOM) ? FIRST_ROOM : known[0] ?? FIRST_ROOM;
  }

  function showRoom() {
    const key = keyInUrl() ?? open ?? firstKey();
    closeDrawers();
    if (open === key) return;
    open = key;
    divider = null;
    markDivider();
    store.join(key);
    draw();
    if (!isNarrow()) composer.focus();
    else byId("room-title").focus({ preventScroll: true });
  }

  /** The line "New" stands where the reader stopped, until they go elsewhere. */
  function markDivider() {
    const { unread, readUpTo } = store.room(open);
    if (unread > 0) divider ??= readUpTo;
  }

  // -------------------------------------------------------------------------------------- what happens

  store.subscribe(changed);
  store.restored.then(() => composer.restored());
  client.on("welcome", ({ limits, guest_token }) => {
    if (guest_token !== undefined) rememberGuest(id, guest_token);
    composer.bytesMax = limits?.text_bytes ?? composer.bytesMax;
    wasLive = true;
    open ? store.join(open) : showRoom();
    listRooms();
  });
  client.on("message", ({ room, from = "", text = "" }) => {
    if (open === null || from === store.getSnapshot().me.id) return;
    if (room.startsWith("dm:")) notifier.tell(`@${from}`, store.nameOf(from), text);
    if (store.room(open).room !== room) return;
    announce(`${isolated(store.nameOf(from))}: ${text}`);
  });
  client.on("joined", ({ room, snapshot }) => {
    if (snapshot && open !== null && store.room(open).room === room) markDivider(); // before it counts as read
  });
  client.on("error", (error) => error instanceof ServerError && toast(plain(error)));
  client.on("state", ({ state, code }) => {
    if (state === "connecting" && wasLive) setTimeout(sayLost, Math.max(0, leavingUntil - Date.now()));
    else if (state === "connecting") banner("lost", "Connecting…");
    else if (state === "live") wasLive ? banner("restored", "Connected again.") : banner("");
    else if (state === "stopped" && code === CloseCode.replaced) banner("stopped", "This chat was opened in another tab.", "Use it here", () => client.connect());
    else if (state === "stopped" && wasLive && code !== undefined) banner("stopped", "The server ended this session.", "Sign in again", () => location.reload());
  });
  function sayLost() {
    if (client.state === "connecting") banner("lost", "Connection lost. Reconnecting… What you write is sent when it is back.");
  }
  client.connect().catch((error) => {
    if (!wasLive) onRefused(plain(error.cause ?? error));
  });

  // -------------------------------------------------------------------------------------- drawing

  let drawing = null;
  /** Draws soon, many changes at once. A timer, as animation frames don't come while the tab is in the background. */
  function changed() {
    drawing ??= setTimeout(draw, 16);
  }

  function draw() {
    clearTimeout(drawing);
    drawing = null;
    if (open === null) return;
    const other = timeline.key !== open;
    if ((timeline.atEnd || other) && document.visibilityState === "visible") store.markRead(open);
    else markDivider();

    const room = store.room(open);
    const { me, rooms, unread } = store.getSnapshot();
    const title = titleOf(room, store);
    composer.show(room, title);
    timeline.show(room, divider);
    drawRooms(store, open);
    drawMembers(store, room);
    setText(byId("room-title"), plainName(title));
    const peer = room.with;
    const there = peer === me.id ? "Only you can see this" : store.isOnline(peer) ? "Online" : "Not here at the moment";
    setText(byId("room-subtitle"), peer ? `@${peer} · ${there}` : room.joined ? `${room.online} online` : "");
    byId("leave").hidden = peer !== null || !room.joined || rooms.length === 1; // one is always somewhere
    setText(byId("me"), plainName(me.name));

    const elsewhere = unread - room.unread;
    byId("elsewhere").hidden = elsewhere === 0;
    setText(byId("elsewhere"), countLabel(elsewhere));
    byId("sidebar-open").ariaLabel = `Open the room list${elsewhere ? `, ${elsewhere} unread elsewhere` : ""}`;
    document.title = `${unread ? `(${countLabel(unread)}) ` : ""}${peer ? "" : "#"}${isolated(title)} · Confab`;

    const typists = room.typing.map(({ name }) => isolated(name));
    setText(byId("typing"), typists.length ? `${listNames(typists)} ${typists.length > 1 ? "are" : "is"} typing…` : "");
  }

  // -------------------------------------------------------------------------------------- the page around it

  const onClick = {
    find: () => openSwitcher(),
    leave: () => leave(open),
    signout: () => {
      client.stop();
      rememberName("");
      rememberToken("");
      location.assign("/");
    },
    skip: (event) => {
      event.preventDefault();
      composer.focus();
    },
  };
  for (const [button, action] of Object.entries(onClick)) byId(button).addEventListener("click", action);

  function openSwitcher(prefix) {
    closeDrawers();
    switcher.show(prefix);
    listRooms();
  }

  byId("rooms").addEventListener("click", (event) => {
    const act = event.target.closest("button")?.dataset.act;
    if (act === "new-room") closeDrawers(), askNewRoom();
    else if (act === "new-message") openSwitcher("@");
    else if (act === "all-rooms") openSwitcher("#");
  });

  document.addEventListener("keydown", (event) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") openSwitcher();
    else if (event.altKey && step && open) {
      const rooms = orderedRooms(store);
      go(rooms[(rooms.findIndex((room) => room.key === open) + step + rooms.length) % rooms.length].key);
    } else return;
    event.preventDefault();
  });
  addEventListener("hashchange", showRoom);
  addEventListener("beforeunload", () => (leavingUntil = Date.now() + LEAVING_MS));
  addEventListener("pageshow", () => (leavingUntil = 0));
  document.addEventListener("visibilitychange", changed);

  if (/Mac|iPhone|iPad/.test(navigator.platform)) byId("find-keys").textContent = "⌘ K";
  startDrawers();
}
