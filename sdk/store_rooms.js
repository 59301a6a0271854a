// The rooms of the store, by key and by what the server calls them, and the names of everybody in them.

import { RoomState } from "./store_room.js";

const isDirect = (/** @type {string} */ wire) => wire.startsWith("dm:");

export class Directory {
  /** @type {Map<string, RoomState>} */
  #byKey = new Map();
  /** Those that were only asked about. @type {Map<string, RoomState>} */
  #absent = new Map();
  /** By what the server calls them. @type {Map<string, RoomState>} */
  #byWire = new Map();
  /** @type {Map<string, string>} */
  #names = new Map();
  #me;
  #changed;
  #isBlocked;

  /** @param {() => string | undefined} me @param {() => void} changed @param {(id?: string) => boolean} isBlocked of somebody; without `id`, whether anybody is */
  constructor(me, changed, isBlocked) {
    this.#me = me;
    this.#changed = changed;
    this.#isBlocked = isBlocked;
  }

  all() {
    return [...this.#byKey.values()];
  }

  /** Keys of those that the token did not allow: another one may. */
  refused() {
    return this.all().filter(({ left, error }) => left === "token" || /** @type {any} */ (error)?.code === "forbidden").map(({ key }) => key);
  }

  /** @param {string} key */
  get(key) {
    return this.#byKey.get(key);
  }

  /** @param {string} wire */
  byWire(wire) {
    return this.#byWire.get(wire);
  }

  /** Also one that is not there yet, and is not by that. @param {string} key */
  peek(key) {
    const room = this.#byKey.get(key) ?? this.#absent.get(key) ?? this.#make(key);
    if (!this.#byKey.has(key)) this.#absent.set(key, room);
    return room;
  }

  /** The room of this key, made if need be. @param {string} key */
  room(key) {
    let room = this.#byKey.get(key);
    if (!room) {
      room = this.#absent.get(key) ?? this.#make(key);
      this.#absent.delete(key);
      this.#byKey.set(key, room);
      if (room.wire !== null) this.#byWire.set(room.wire, room);
      this.#changed();
    }
    return room;
  }

  /** @param {RoomState} room */
  remove(room) {
    this.#byKey.delete(room.key);
    if (room.wire !== null) this.#byWire.delete(room.wire);
  }

  /** @param {string} key */
  #make(key) {
    return new RoomState(key, { me: this.#me, nameOf: (id) => this.nameOf(id), changed: this.#changed, isBlocked: this.#isBlocked });
  }

  /** @param {string} key */
  wire(key) {
    const { wire } = this.room(key);
    if (wire === null) throw new TypeError(`nothing was written to ${key} yet`);
    return wire;
  }

  /** The direct room with a user, now that the server has named it. @param {string} user @param {string} wire */
  bind(user, wire) {
    const room = this.room(`@${user}`);
    room.wire = wire;
    this.#byWire.set(wire, room);
    return room;
  }

  /** @param {string} wire @param {string} [from] who wrote there: tells whose direct room it is */
  of(wire, from) {
    const known = this.#byWire.get(wire);
    if (known) return known;
    const user = isDirect(wire) ? this.#partnerIn(wire, from) : null;
    return user === null ? this.room(wire) : this.bind(user, wire);
  }

  /** @param {string} wire @param {string} [from] */
  #partnerIn(wire, from) {
    const me = this.#me() ?? "";
    if (from !== undefined && from !== me) return from;
    const pair = wire.slice(3);
    if (pair.startsWith(":")) return null; // a hash
    return pair.startsWith(`${me}:`) ? pair.slice(me.length + 1) : pair.slice(0, -me.length - 1);
  }

  // ----------------------------------------------------------------------------------------------------- names

  /** @param {string} id */
  nameOf(id) {
    return this.#names.get(id) ?? id;
  }

  /** @param {string} id */
  isNamed(id) {
    return this.#names.has(id);
  }

  people() {
    return [...this.#names].map(([id, name]) => ({ id, name }));
  }

  /** @param {{ id: string, name?: string }} user @param {RoomState} [room] who is in it */
  meet({ id, name }, room) {
    if (typeof id !== "string") return;
    room?.members.add(id);
    if (name === undefined || this.#names.get(id) === name) return;
    this.#names.set(id, name);
    for (const each of [...this.all(), ...this.#absent.values()]) each.changed(); // any of them may show it
  }
}
