// How far rooms are read: here, in other tabs, and by one's marker at the server for all devices; and how far others have read.

/** @typedef {import("./store_room.js").RoomState} RoomState */

export class Reading {
  #client;
  #rooms;
  #positions;

  /**
   * @param {import("./confab.js").ConfabClient} client
   * @param {import("./store_rooms.js").Directory} rooms
   * @param {import("./store.js").Positions} positions
   */
  constructor(client, rooms, positions) {
    this.#client = client;
    this.#rooms = rooms;
    this.#positions = positions;
  }

  /** @param {RoomState} room @param {number} seq */
  read(room, seq) {
    if (!room.readTo(seq)) return;
    this.keep(room);
    room.changed();
  }

  /** The end of the room was seen. @param {RoomState} room */
  seen(room) {
    const { lastSeq } = room.timeline;
    room.timeline.trim();
    if (lastSeq === null || !room.joined || (room.unread.size === 0 && room.readUpTo === lastSeq)) return;
    this.read(room, lastSeq);
    this.tell(room);
  }

  /** Members have a marker at the server. @param {RoomState} room */
  tell(room) {
    if (room.wire === null || (!room.member && !room.row && room.with === null)) return;
    this.#client.read(room.wire, room.readUpTo).catch(() => {}); // the next one says the same and more
  }

  /** What the server has, and what was read here while it could not be told. @param {RoomState} room @param {number} read */
  agree(room, read) {
    if (room.counted && room.readUpTo > read) this.tell(room);
    else this.read(room, read);
  }

  /** @param {RoomState} room */
  agreeOnRow(room) {
    if (room.row && room.counted && room.readUpTo > (room.row.read ?? 0)) this.tell(room);
  }

  /** Another device, or one's own reply. @param {import("./confab.js").Read} event */
  onServer({ room: wire, read }) {
    const room = wire === undefined ? undefined : this.#rooms.byWire(wire);
    if (room && read !== undefined) this.read(room, read);
  }

  /** Another tab. @param {string} key @param {import("./store.js").Position} position */
  elsewhere(key, { seq, epoch }) {
    const room = this.#rooms.get(key);
    if (room && room.epoch === epoch && room.readTo(seq)) room.changed();
  }

  /** @param {import("./confab.js").Receipts} event */
  byOthers({ room: wire, reads }) {
    const room = this.#rooms.byWire(wire);
    if (!room) return;
    room.othersRead(reads);
    room.changed();
  }

  /** @param {RoomState} room */
  keep(room) {
    this.#positions.set(room.key, { seq: room.readUpTo, ...(room.epoch !== undefined && { epoch: room.epoch }) });
  }
}
