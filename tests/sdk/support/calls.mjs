// By which call an app says each command of the protocol: what its frame has besides `type` and `id`.

const inRoom = (method) => (client, { room, ...options }) => client[method](room, options);
const onMessage = (method) => (client, { room, target, ...options }) => client[method](room, target, options);
const withEmoji = (method) => (client, { room, target, emoji, ...options }) => client[method](room, target, emoji, options);

/** All but `hello`, which `connect` says. */
export const CALLS = {
  join: inRoom("join"),
  leave: inRoom("leave"),
  history: inRoom("history"),
  search: (client, options) => client.search(options),
  threads: inRoom("threads"),
  members: inRoom("members"),
  pins: inRoom("pins"),
  upload: inRoom("upload"),
  pin: onMessage("pin"),
  unpin: onMessage("unpin"),
  react: withEmoji("react"),
  unreact: withEmoji("unreact"),
  reactions: withEmoji("listReactions"),
  send: (client, { room, text, data, reply_to: replyTo, ...options }) => client.send(room, { text, data }, { ...options, replyTo }),
  direct: (client, { to, text, data, reply_to: replyTo, ...options }) => client.direct(to, { text, data }, { ...options, replyTo }),
  edit: (client, { room, target, text, data, ...options }) => client.edit(room, target, { text, data }, options),
  delete: (client, { room, target, targets, ...options }) => client.delete(room, targets ?? target, options),
  set_member: (client, { room, users, key, mute_until: muteUntil, delete_ms: deleteMs, ...change }) =>
    client.setMember(room, users, { ...change, muteUntil, deleteMs }, { key }),
  create: (client, options) => client.createRoom(options),
  set_room: (client, { room, key, ...settings }) => client.setRoom(room, settings, { key }),
  emit: (client, { room, event, data }) => client.emit(room, event, data),
  download: (client, { room, seq, index }) => client.download(room, seq, index),
  report: (client, { room, target, reason }) => client.report(room, target, reason),
  block: (client, { user, on }) => (on ? client.block(user) : client.unblock(user)),
  set_own: (client, { room, ...own }) => client.setOwn(room, own),
  blocks: (client) => client.blocks(),
  users: (client, { ids, after }) => client.users(ids, { after }),
  active: (client, { on }) => client.active(on),
  read: (client, { room, seq }) => (room ? client.read(room, seq) : client.readAll()),
  inbox: (client, options) => client.inbox(options),
  mentions: (client, options) => client.mentions(options),
  rooms: (client, options) => client.listRooms(options),
  typing: (client, { room, on }) => [true, on].map((said) => client.typing(room, said)), // an end needs a beginning
  signal: (client, { to, to_session: session, data }) => (session ? client.signalSession(session, data) : client.signal(to, data)),
  ping: (client) => client.ping(),
  refresh: (client, { token }) => client.refresh(token),
};
