// Ties the client library (what happens) to the store (what is known) and to the views.

import { CloseCode, ConfabClient, ServerError } from "/sdk/confab.js";
import { Composer } from "./composer.js";
import { byId, setText } from "./dom.js";
import { closeDrawers, isNarrow, startDrawers } from "./drawers.js";
import { Bookmarks, deviceId, idFromName, isId, randomId, rememberName } from "./identity.js";
import { isolated, listNames, plainName } from "./names.js";
import { announce, banner, confirmDelete, plain, toast } from "./notices.js";
import { drawMembers, drawRooms, orderedRooms } from "./sidebar.js";
import { Store } from "./store.js";
import { Switcher } from "./switcher.js";
import { countLabel } from "./text.js";
import { Timeline } from "./timeline.js";

const FIRST_ROOM = "general";
const ROOM_PAGES_MAX = 10; // of listRooms
/** A page that is left may lose its connection first: that is no news. */
const LEAVING_MS = 3000;

/** `onRefused` gets the reason in words when the server does not let this user in. */
export function startChat(name, onRefused) {
  const id = idFromName(name);
  const client = new ConfabClient({ guest: id, name: name.trim() === id ? undefined : name.trim(), device: deviceId() });
  const bookmarks = new Bookmarks(id);
  const store = new Store({ id, name }, bookmarks);
  let open = null; // the room that is shown
  let wasLive = false;
  let leavingUntil = 0;

  const timeline = new Timeline(store, {
    history: (room, before) => client.history(room.wire, { before, limit: 100 }),
    react: (room, target, emoji, on) => attempt(on ? client.react(room.wire, target, emoji) : client.unreact(room.wire, target, emoji)),
    edit: (_room, message) => composer.edit(message),
    remove: async (room, message) => (await confirmDelete(message)) && attempt(client.delete(room.wire, message.seq)),
    retry: (room, { key, text }) => deliver(room, key, text),
    discard: (room, { key }) => {
      store.dropPending(room, key);
      changed();
    },
    reachedEnd: changed,
    toText: () => composer.focus(),
  });
  const composer = new Composer({
    send: (room, text) => {
      const key = randomId();
      store.addPending(room, key, text);
      timeline.toEnd();
      deliver(room, key, text);
    },
    edit: (room, message, text) => attempt(client.edit(room.wire, message.seq, text)),
    editLast: (room) => {
      const message = store.lastOwn(room);
      if (message) composer.edit(message);
    },
    typing: (room, on) => room.wire && client.typing(room.wire, on),
  });
  const switcher = new Switcher(store, (key) => go(key));

  // -------------------------------------------------------------------------------------- what one does

  async function deliver(room, key, text) {
    store.setPending(room, key, "sending");
    changed();
    try {
      const sent = await (room.peer ? client.direct(room.peer, text, { key }) : client.send(room.wire, text, { key }));
      store.settle(room, key, sent);
      if (room.peer && !room.joined) join(store.bindDirect(room.peer, sent.room));
    } catch (error) {
      store.setPending(room, key, "failed", plain(error));
    }
    changed();
  }

  /** For commands whose effect comes as an event. */
  async function attempt(promise) {
    try {
      await promise;
    } catch (error) {
      toast(plain(error));
    }
  }

  async function join(room) {
    if (room.joining || room.joined || !room.wire || !client.welcome) return;
    room.joining = true;
    try {
      await client.join(room.wire);
    } catch (error) {
      room.error = plain(error);
    }
    room.joining = false;
    changed();
  }

  async function leave(room) {
    store.forget(room);
    go(orderedRooms(store)[0].key);
    await attempt(client.leave(room.wire));
    listRooms();
  }

  async function listRooms() {
    try {
      const listed = [];
      for (let page, n = 0; n < ROOM_PAGES_MAX && page?.more !== false; n += 1) {
        page = await client.listRooms({ after: listed.at(-1)?.room });
        listed.push(...page.rooms);
      }
      store.listed = listed;
      changed();
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
      return isId(key.replace(/^@/, "")) && !key.startsWith("dm:") ? key : null;
    } catch {
      return null;
    }
  }

  function showRoom() {
    const key = keyInUrl() ?? (open ? open.key : bookmarks.rooms[0] ?? FIRST_ROOM);
    closeDrawers();
    if (open?.key === key) return;
    if (open) open.divider = null;
    open = store.room(key);
    store.markUnread(open);
    join(open);
    composer.show(open, store.titleOf(open));
    timeline.show(open);
    if (!isNarrow()) composer.focus();
    else byId("room-title").focus({ preventScroll: true });
    draw();
  }

  // -------------------------------------------------------------------------------------- what happens

  client.on("welcome", ({ user, limits, directs }) => {
    store.me = user;
    store.names.set(user.id, user.name);
    composer.bytesMax = limits.text_bytes;
    for (const direct of directs) join(store.bindDirect(direct.with, direct.room));
    if (!open || !wasLive) for (const key of bookmarks.rooms) join(store.room(key));
    wasLive = true;
    open ? join(open) : showRoom();
    listRooms();
    changed();
  });
  client.on("message", (event) => {
    const room = store.message(event);
    if (room.peer && !room.joined) join(room);
    if (room === open && event.from !== store.me.id) announce(`${isolated(store.nameOf(event.from))}: ${event.text ?? ""}`);
    changed();
  });
  client.on("joined", (event) => {
    const room = store.joined(event);
    if (room === open) store.markUnread(room); // before it counts as read: where the line "new" goes
    changed();
  });
  for (const type of ["edited", "deleted", "reacted", "left", "presence", "typing"]) {
    client.on(type, (event) => {
      store[type](event);
      changed();
    });
  }
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
    if (!open) return;
    if (timeline.atEnd && document.visibilityState === "visible") store.markRead(open);
    else store.markUnread(open);

    timeline.render();
    drawRooms(store, open);
    drawMembers(store, open);
    const title = store.titleOf(open);
    composer.show(open, title);
    setText(byId("room-title"), plainName(title));
    const { peer } = open;
    const there = peer === store.me.id ? "Only you can see this" : store.isOnline(peer) ? "Online" : "Not here at the moment";
    setText(byId("room-subtitle"), peer ? `@${peer} · ${there}` : open.joined ? `${open.online} online` : "");
    byId("leave").hidden = peer !== null || !open.joined || store.rooms.size === 1; // one is always somewhere
    setText(byId("me"), plainName(store.me.name));

    const elsewhere = store.unread - open.unread;
    byId("elsewhere").hidden = elsewhere === 0;
    setText(byId("elsewhere"), countLabel(elsewhere));
    byId("sidebar-open").ariaLabel = `Open the room list${elsewhere ? `, ${elsewhere} unread elsewhere` : ""}`;
    document.title = `${store.unread ? `(${countLabel(store.unread)}) ` : ""}${peer ? "" : "#"}${isolated(title)} · Confab`;

    const typists = store.typists(open).map((id) => isolated(store.nameOf(id)));
    setText(byId("typing"), typists.length ? `${listNames(typists)} ${typists.length > 1 ? "are" : "is"} typing…` : "");
    if (typists.length) setTimeout(changed, 2000);
  }

  // -------------------------------------------------------------------------------------- the page around it

  const onClick = {
    find: () => openSwitcher(),
    leave: () => leave(open),
    signout: () => {
      client.stop();
      rememberName("");
      location.assign("/");
    },
    skip: (event) => {
      event.preventDefault();
      composer.focus();
    },
  };
  for (const [button, action] of Object.entries(onClick)) byId(button).addEventListener("click", action);

  function openSwitcher() {
    closeDrawers();
    switcher.show();
    listRooms();
  }

  document.addEventListener("keydown", (event) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") openSwitcher();
    else if (event.altKey && step && open) {
      const rooms = orderedRooms(store);
      go(rooms[(rooms.indexOf(open) + step + rooms.length) % rooms.length].key);
    } else return;
    event.preventDefault();
  });
  addEventListener("hashchange", showRoom);
  addEventListener("beforeunload", (event) => {
    leavingUntil = Date.now() + LEAVING_MS;
    if (store.hasPending) event.preventDefault();
  });
  addEventListener("pageshow", () => (leavingUntil = 0));
  document.addEventListener("visibilitychange", changed);

  if (/Mac|iPhone|iPad/.test(navigator.platform)) byId("find-keys").textContent = "⌘ K";
  startDrawers();
}
