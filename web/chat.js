// Ties the client library and its store to the views.

import { CloseCode, ConfabClient, ServerError } from "./sdk/confab.js";
import { createStore, indexedOutbox, localPositions } from "./sdk/store.js";
import { REASON, ask } from "./ask.js";
import { blockItem, showBlocked } from "./blocking.js";
import { Composer } from "./composer.js";
import { byId, el, setText } from "./dom.js";
import { closeDrawers, isNarrow, startDrawers } from "./drawers.js";
import { takeFiles } from "./dropped.js";
import { findKeptFiles } from "./files.js";
import { deviceId, isId, isUserId, rememberGuest, rememberName, rememberToken } from "./identity.js";
import { allowedAt, gateOf, isShut, leftWords } from "./gate.js";
import { Mentioned } from "./mentioned.js";
import { completeMentions, mentionsIn } from "./mentions.js";
import { showMenu } from "./menu.js";
import { mentionsMe, quoteOf, readWords, uncover } from "./message.js";
import { isolated, listNames, plainName } from "./names.js";
import { newRoom } from "./newroom.js";
import { Notifier } from "./notify.js";
import { announce, banner, plain, toast } from "./notices.js";
import { isSilent, isToldOf } from "./own.js";
import { People } from "./people.js";
import { EmojiPicker } from "./picker.js";
import { findPictures } from "./pictures.js";
import { governs, isClosed, isInvited, mayPin } from "./roles.js";
import { Search } from "./search.js";
import { drawRooms, orderedRooms, titleOf } from "./sidebar.js";
import { Switcher } from "./switcher.js";
import { countLabel, summary } from "./text.js";
import { Thread } from "./thread.js";
import { ThreadList } from "./threads.js";
import { Timeline } from "./timeline.js";

const FIRST_ROOM = "general";
/** A page that is left may lose its connection first: that is no news. */
const LEAVING_MS = 3000;
/** Nothing says that there is a new invitation, or that another device has blocked somebody. */
const AGAIN_EVERY_MS = 60_000;
const SECOND_MS = 1000;
const OPENING_MS = 5000;
/** With this the ids begin that the server makes: they say nothing to people. */
const MADE = "r:";

/** Of guestOf or userOf; `onRefused` gets the reason in words when the server does not let this user in. */
export function startChat({ id, name, options }, onRefused) {
  const client = new ConfabClient({ url: "ws", ...options, device: deviceId() });
  const positions = localPositions(id);
  const store = createStore(client, { positions, outbox: indexedOutbox(id), me: { id, name } });
  let open = null; // the key of the room that is shown
  let openedAt = 0;
  let divider = null; // the last seq of it before the line "New"
  let wasLive = false;
  let version = null;
  let leavingUntil = 0;
  const gone = new Map(); // by room: the entry by which one was taken out
  let allowed = {}; // what may be done with the messages of the room that is shown

  const picker = new EmojiPicker();
  const timeline = new Timeline(store, {
    react: (room, message, emoji) => attempt(store.toggleReaction(room.key, message.seq, emoji)),
    edit: (_room, message) => composer.edit(message),
    remove,
    reply: (room, message) => composer.reply(message, quoteOf(room, message.seq, store)),
    more: (room, message, button) => showMenu(button, "Message", moreOf(room, message)),
    tools: toolsOf,
    thread: (room, message) => thread.open(room.key, message.thread ?? message.seq),
    jump,
    uncover: (room, message) => {
      uncover(message, room);
      changed();
    },
    retry: (room, message) => store.retry(room.key, message.key),
    discard: (room, message) => store.discard(room.key, message.key),
    reachedEnd: changed,
    toText: () => composer.focus(),
  }, picker);
  const composer = new Composer({
    send: (key, text, options) => {
      divider = null;
      send(key, text, options);
      draw();
      timeline.toEnd();
    },
    edit: (key, { seq, text: before, data, attachments }, text) =>
      attempt(store.edit(key, seq, { text, data: before ? data : undefined }, { mentions: namesIn(text), attachments })),
    editLast: (key) => {
      const message = store.room(key).messages.findLast((one) => one.from === store.getSnapshot().me.id && !one.deleted && one.seq !== null && one.thread === undefined);
      if (message) composer.edit(message);
    },
    typing: (key, on) => store.setTyping(key, on),
    draft: (key) => store.draft(key),
    setDraft: (key, text) => store.setDraft(key, text),
    upload: (key, file) => client.upload(store.room(key).room, file),
  }, picker);
  takeFiles((files) => composer.attach(files));
  const switcher = new Switcher(store, (key) => go(key));
  const search = new Search(store, openAt);
  const people = new People(store, { attempt, changed, become, goElsewhere, goTo: (seq) => jump(store.room(open), seq) });
  const thread = new Thread(store, {
    send,
    bytesMax: () => composer.bytesMax,
    menu: (button, message) => showMenu(button, "Message", moreOf(store.room(open), message, true)),
    hasMenu: (message) => moreOf(store.room(open), message, true).length > 0,
    retry: (key, message) => store.retry(key, message),
    discard: (key, message) => store.discard(key, message),
    changed,
  });
  const threads = new ThreadList(store, { attempt, changed, open: (root) => thread.open(open, root) });
  completeMentions(byId("text"), () => people.mentionable());
  completeMentions(byId("thread-text"), () => people.mentionable());
  const mentioned = new Mentioned(store, { attempt, open: openAt });
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

  function send(key, text, options) {
    store.send(key, text, { ...options, mentions: namesIn(text) });
  }

  /** Also those that are not here: whoever writes is told that they were not reached. */
  const namesIn = (text) => mentionsIn(text, [...people.mentionable(), ...store.people()]);

  async function remove(room, message) {
    const text = summary(message);
    const said = await ask({
      title: "Delete this message?", quote: text.length > 200 ? `${text.slice(0, 200)}…` : text,
      fields: message.from === store.getSnapshot().me.id ? [] : [REASON], yes: "Delete", no: "Keep it", danger: true,
    });
    if (said) await attempt(store.remove(room.key, message.seq, { reason: said.reason || undefined }));
  }

  async function report(room, message) {
    const said = await ask({
      title: "Report this message?", quote: summary(message).slice(0, 200), note: "Those who run this server are told, nobody else.",
      fields: [{ ...REASON, label: "What is wrong with it?" }], yes: "Report",
    });
    if (!said) return;
    await attempt(client.report(room.room, message.seq, said.reason || undefined).then(() => toast("Thank you. It was reported.")));
  }

  /** Which tools a message has here. */
  function toolsOf(room, message) {
    const own = message.from === store.getSnapshot().me.id;
    return {
      pick: allowed.react, reply: allowed.write, edit: own && (message.thread === undefined ? allowed.write : allowed.thread),
      remove: own ? allowed.remove : governs(room), more: moreOf(room, message).length > 0,
    };
  }

  /** `inThread`: also what the tools of the timeline are for. */
  function moreOf(room, message, inThread = false) {
    const own = message.from === store.getSnapshot().me.id;
    const pinned = room.pins.includes(message.seq);
    const tools = inThread ? toolsOf(room, message) : {};
    return [
      !inThread && allowed.thread && ["Reply in a thread", () => thread.open(room.key, message.thread ?? message.seq)],
      mayPin(room) && [pinned ? "Unpin" : "Pin", () => attempt(store.setPin(room.key, message.seq, !pinned))],
      tools.edit && ["Edit", () => composer.edit(message)],
      tools.remove && ["Delete…", () => remove(room, message)],
      !own && ["Report…", () => report(room, message)],
      !own && blockItem(message.from, store, attempt),
    ].filter(Boolean);
  }

  async function jump(room, seq) {
    const message = room.messages.find((one) => one.seq === seq);
    if (message?.thread !== undefined) return thread.open(room.key, message.thread);
    closeDrawers();
    if (!(await timeline.goTo(seq))) toast("This message can no longer be shown.");
  }

  /** Shows a message of any room. */
  async function openAt(key, { seq }) {
    go(key);
    showRoom();
    await store.join(key);
    if (open === key) await jump(store.room(key), seq);
  }

  /** A member, or back in a room. */
  async function become(key, member = true) {
    await store.join(key, member ? { member } : undefined);
    if (member) listRooms();
    const { error, joined } = store.room(key);
    if (error && !(member && !joined)) toast(plain(error));
    if (member && !store.room(key).member && !error) toast("You are not a member.");
  }

  function goElsewhere(key) {
    go(orderedRooms(store).find((room) => room.key !== key && !room.own.hidden)?.key ?? FIRST_ROOM);
    showRoom();
  }

  async function leave(key) {
    const { member, title, joined, settings } = store.room(key);
    const note = [
      "You are a member: that ends, and your role with it.", isClosed(settings) && "You cannot come back in unless you are invited again.", people.heirWords,
    ].filter(Boolean).join(" ");
    if (member && !(await ask({ title: `Leave ${isolated(title)}?`, note, yes: "Leave", danger: true }))) return;
    goElsewhere(key);
    if (joined) await attempt(store.leave(key, member ? { member } : undefined));
    listRooms();
  }

  async function decline(key) {
    await store.join(key); // accepted on another device, it is a membership by now
    if (!isInvited(store.room(key))) return;
    goElsewhere(key);
    await attempt(store.leave(key, { member: true }));
    listRooms();
  }

  async function listRooms() {
    try {
      await store.listRooms();
      // A member is in a room on every device: perhaps they became one on another.
      for (const { room, member } of store.getSnapshot().listed) if (member && !store.room(room).joined) store.join(room);
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
    openedAt = Date.now();
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
  client.on("welcome", ({ server, limits, features, guest_token }) => {
    version ??= server; // of the server that this page is from
    if (server !== version) banner("stopped", "The chat was updated.", "Load it anew", () => location.reload());
    if (guest_token !== undefined) rememberGuest(id, guest_token);
    composer.bytesMax = limits?.text_bytes ?? composer.bytesMax;
    composer.files.max = limits?.attachments ?? composer.files.max;
    composer.files.allowed = features?.includes("upload") === true;
    findPictures((ids, options) => client.users(ids, options));
    findKeptFiles(composer.files.allowed ? (key, seq, index) => client.download(store.room(key).room, seq, index) : null);
    wasLive = true;
    open ? store.join(open) : showRoom();
    listRooms();
  });
  /** What another device or somebody else may have changed, without an event of it. */
  function lookAgain() {
    if (document.visibilityState !== "visible" || client.state !== "live") return;
    listRooms();
    store.loadBlocked().catch(() => {}); // the next time asks again
  }
  setInterval(lookAgain, AGAIN_EVERY_MS);
  client.on("member_set", (entry) => {
    const { room, users, state } = entry;
    if (!users?.includes(store.getSnapshot().me.id)) return;
    if (state === "removed" || state === "banned") gone.set(room, entry);
  });
  client.on("left", ({ room: wire, reason }) => {
    const room = store.room(wire);
    if (reason === undefined) return;
    if (wire !== open) toast(`${isolated(room.title)}: ${leftWords(reason, gone.get(wire), store)}`);
    listRooms();
  });
  client.on("message", ({ room, from = "", ...message }) => {
    if (open === null || from === store.getSnapshot().me.id || store.isBlocked(from)) return;
    const text = summary(message);
    const name = store.nameOf(from);
    const there = store.room(room.startsWith("dm:") ? `@${from}` : room);
    if (isToldOf(there, message, mentionsMe({ from, ...message }, store.getSnapshot().me.id)))
      notifier.tell(there.key, there.with === null ? `${isolated(name)} in ${isolated(there.title)}` : isolated(name), text);
    if (store.room(open).room !== room) return;
    announce(`${isolated(name)}: ${text}`);
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
    threads.notice(store.room(open));
    if ((timeline.atEnd || other) && document.visibilityState === "visible") store.markRead(open);
    else markDivider();

    const room = store.room(open);
    // What one opens is not unread by wish any more; that comes some time after the page.
    if (room.own.marked && Date.now() - openedAt < OPENING_MS) {
      openedAt = 0;
      attempt(store.setOwn(open, { marked: false }));
    }
    const { me, rooms: all } = store.getSnapshot();
    const rooms = all.filter((each) => each.left === null && !isSilent(each));
    const unread = rooms.reduce((sum, each) => sum + each.unread, 0);
    const title = titleOf(room, store);
    composer.show(room, title);
    people.show(room);
    allowed = allowedAt(drawGate(room), room);
    timeline.show(room, divider);
    drawRooms(store, open);
    thread.draw(open, allowed.thread);
    if (thread.root !== null) threads.saw(room, thread.root);
    threads.show(room);
    setText(byId("room-title"), plainName(title));
    const peer = room.with;
    const there = peer === me.id ? "Only you can see this" : store.isOnline(peer) ? "Online" : "Not here at the moment";
    setText(byId("room-subtitle"), peer ? `@${peer} · ${there}` : room.joined ? [`${room.online} online`, isolated(room.settings.topic ?? "")].filter(Boolean).join(" · ") : isShut(room) && !room.key.startsWith(MADE) ? `#${room.key}` : "");
    byId("leave").hidden = peer !== null || !room.joined || orderedRooms(store).every(({ key }) => key === open); // one is always somewhere
    setText(byId("me"), plainName(me.name));

    const elsewhere = unread - (rooms.some(({ key }) => key === open) ? room.unread : 0);
    byId("elsewhere").hidden = elsewhere === 0;
    setText(byId("elsewhere"), countLabel(elsewhere));
    byId("sidebar-open").ariaLabel = `Open the room list${elsewhere ? `, ${elsewhere} unread elsewhere` : ""}`;
    document.title = `${unread ? `(${countLabel(unread)}) ` : ""}${peer || isShut(room) ? "" : "#"}${isolated(title)} · Confab`;

    const typists = room.typing.map(({ name }) => isolated(name));
    setText(byId("seen"), readWords(room, store));
    setText(byId("typing"), typists.length ? `${listNames(typists)} ${typists.length > 1 ? "are" : "is"} typing…` : "");
  }

  let gateTimer = null;
  function drawGate(room) {
    const refused = room.messages.findLast(({ state, error }) => state === "failed" && error?.code === "muted")?.error.until;
    const { until, reason } = people.muteOf(store.getSnapshot().me.id);
    const gate = gateOf(room, { store, entry: gone.get(room.key), mute: until ?? refused, muteReason: reason });
    byId("gate").hidden = gate === null;
    composer.hide(gate !== null && !gate.keeps);
    composer.wait(gate?.keeps ? gate.until : 0);
    if (byId("gate-text").textContent !== (gate?.text ?? "")) {
      if (gate && !gate.keeps) announce(gate.text);
      setText(byId("gate-text"), gate?.text ?? "");
      byId("gate-acts").replaceChildren(...(gate?.acts ?? []).map(([label, act]) => el("button", { type: "button", textContent: label, class: act === "accept" ? "primary" : "", data: { act } })));
    }
    clearTimeout(gateTimer);
    if (gate?.until) gateTimer = setTimeout(changed, gate.keeps ? SECOND_MS : Math.min(gate.until - Date.now() + 1, 60 * SECOND_MS));
    return gate;
  }
  byId("gate-acts").addEventListener("click", ({ target }) => {
    const key = open;
    const act = target.closest("button")?.dataset.act;
    if (act === "accept") become(key);
    else if (act === "return") become(key, false);
    else if (act === "unblock") attempt(store.setBlocked(store.room(key).with, false));
    else if (act === "decline") decline(key);
  });

  // -------------------------------------------------------------------------------------- the page around it

  const onClick = {
    find: () => openSwitcher(),
    "mentioned-open": () => {
      closeDrawers();
      mentioned.show();
    },
    "search-open": () => {
      closeDrawers();
      search.show();
    },
    leave: () => leave(open),
    me: ({ currentTarget }) => showMenu(currentTarget, "About yourself", [
      ["Notes to myself", () => go(`@${store.getSnapshot().me.id}`)],
      ["Blocked people…", () => showBlocked(store, attempt)],
    ]),
    signout: () => {
      client.stop();
      rememberName("");
      rememberToken("");
      location.assign(location.pathname);
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

  async function makeRoom() {
    closeDrawers();
    await attempt(newRoom(store).then((key) => key !== null && go(key)));
  }

  byId("rooms").addEventListener("click", (event) => {
    const act = event.target.closest("button")?.dataset.act;
    if (act === "new-room") makeRoom();
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
  const isLookedAt = () => client.active(document.visibilityState === "visible");
  isLookedAt();
  document.addEventListener("visibilitychange", () => {
    isLookedAt();
    changed();
    lookAgain();
  });

  if (/Mac|iPhone|iPad/.test(navigator.platform)) byId("find-keys").textContent = "⌘ K";
  startDrawers(() => thread.close());
}
