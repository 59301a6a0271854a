// The server's list of one's rooms: those one is a member of, on whatever device, and what is unread in them.

import { sumOf, withOwn } from "./store_own.js";

const PAGE = 200;
const PAGES_MAX = 20;

export class Inbox {
  #client;
  #rooms;
  #told;
  #date;
  /** Up to where it is known. */
  #asOf = /** @type {string | undefined} */ (undefined);
  /** While it is asked for; what an older session still brings is void. */
  #loading = /** @type {object | null} */ (null);

  /**
   * @param {import("./confab.js").ConfabClient} client
   * @param {import("./store_rooms.js").Directory} rooms
   * @param {(room: import("./store_room.js").RoomState) => void} told of a room that has a row, or none any more
   * @param {() => number} date
   */
  constructor(client, rooms, told, date) {
    this.#client = client;
    this.#rooms = rooms;
    this.#told = told;
    this.#date = date;
  }

  /** @param {readonly import("./store.js").RoomSnapshot[]} rooms */
  sumOf(rooms) {
    return sumOf(rooms, this.#date());
  }

  /** With each session: what has changed, or all of it. From then on changes come by themselves. */
  async load() {
    const loading = (this.#loading = {});
    try {
      let page = await this.#client.inbox({ since: this.#asOf, limit: PAGE });
      if (this.#asOf === undefined) page = { ...page, reset: true };
      const asOf = page.as_of;
      for (let n = 0; loading === this.#loading; n++) {
        this.#take(page);
        if (!page.more || page.next === undefined || n === PAGES_MAX) break;
        page = await this.#client.inbox({ after: page.next, limit: PAGE });
      }
      if (loading === this.#loading) this.#asOf = asOf;
    } catch {
      // The next session asks again.
    }
    if (loading === this.#loading) this.#loading = null;
  }

  /** @param {import("./confab.js").Inbox} event */
  changed(event) {
    this.#take(event);
    if (!this.#loading && this.#asOf !== undefined) this.#asOf = event.as_of;
  }

  /** @param {import("./confab.js").Inbox} frame */
  #take({ rooms = [], users = [], reset }) {
    for (const user of users) this.#rooms.meet(user);
    if (reset) for (const room of this.#rooms.all()) if (room.row) this.#row(room, null);
    for (const row of rooms) {
      if (typeof row.room !== "string") continue;
      if (row.state === "member") {
        this.#row(row.with === undefined ? this.#rooms.of(row.room) : this.#rooms.bind(row.with, row.room), row);
      } else {
        const room = this.#rooms.byWire(row.room);
        if (room) this.#row(room, null);
      }
    }
  }

  /** @param {import("./store_room.js").RoomState} room @param {import("./confab.js").InboxRow | null} row */
  #row(room, row) {
    room.row = withOwn(row, room.row);
    if (row?.title !== undefined && !room.joined) room.info = { ...room.info, title: row.title };
    this.#told(room);
    room.changed();
  }
}
