// Who reacted with what to one message. With and without the sign that asks for a coloured picture (U+FE0F) it is one
// reaction: keyboards differ in it. Nothing here is changed in place.

/** @typedef {import("./store.js").Reaction} Reaction */

/** @param {string} emoji */
const plain = (emoji) => emoji.replace(/\uFE0F/g, "");

/**
 * @param {readonly Reaction[]} reactions
 * @param {string} emoji
 */
export const findReaction = (reactions, emoji) => reactions.find((one) => plain(one.emoji) === plain(emoji));

/** The same on every device, before a reload and after it. @param {Reaction[]} all */
const inOrder = (all) => all.sort((a, b) => (plain(a.emoji) < plain(b.emoji) ? -1 : 1));

/**
 * Of a message's present form: users by emoji, or a summary of them.
 *
 * @param {unknown} present
 * @param {string | undefined} me
 * @returns {readonly Reaction[]}
 */
export function reactionsOf(present, me) {
  /** @type {Reaction[]} */
  const all = [];
  for (const [emoji, one] of Object.entries(present ?? {})) {
    const named = Array.isArray(one) ? one : Array.isArray(one?.users) ? one.users : [];
    const mine = one?.mine === true || named.includes(me);
    const before = findReaction(all, emoji);
    const users = [...new Set([...(before?.users ?? []), ...named])];
    const unnamed = Math.max(0, (Number(one?.count) || 0) - named.length);
    const reaction = {
      emoji: before && before.emoji.length > emoji.length ? before.emoji : emoji,
      users,
      count: users.length + unnamed + (before ? before.count - before.users.length : 0),
      own: [...(before?.own ?? []), ...(mine ? [emoji] : [])],
    };
    if (before) all[all.indexOf(before)] = reaction;
    else if (reaction.count > 0) all.push(reaction);
  }
  return inOrder(all);
}

/**
 * After a `reacted`.
 *
 * @param {readonly Reaction[]} reactions
 * @param {{ emoji: string, from: string, on: boolean }} entry
 * @param {string | undefined} me
 * @returns {readonly Reaction[]}
 */
export function react(reactions, { emoji, from, on }, me) {
  if (typeof emoji !== "string") return reactions;
  const before = findReaction(reactions, emoji) ?? { emoji, users: [], count: 0, own: [] };
  const named = before.users.includes(from);
  const own = before.own.filter((said) => from !== me || said !== emoji);
  if (on && from === me) own.push(emoji);
  // Who takes back one of two spellings has still reacted by the other.
  const stays = on || (from === me && own.length > 0);
  const after = {
    emoji: emoji.length > before.emoji.length ? emoji : before.emoji,
    users: stays ? (named ? before.users : [...before.users, from]) : before.users.filter((id) => id !== from),
    count: stays ? before.count + (named ? 0 : 1) : Math.max(0, before.count - 1),
    own,
  };
  const others = reactions.filter((one) => one !== before);
  if (after.count === 0) return others;
  return reactions.includes(before) ? reactions.map((one) => (one === before ? after : one)) : inOrder([...others, after]);
}
