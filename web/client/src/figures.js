/**
 * Unread figures: absolute, ordered by what they were computed from, never added up.
 *
 * @module
 */

/** @import { Figures } from './types.js' */

/** @type {Figures} */
export const NO_FIGURES = Object.freeze({
  seq: 0,
  lastReadSeq: 0,
  unreadCount: 0,
  mentionCount: 0,
  revision: 0,
});

/**
 * Negative if `a` is older than `b`.
 *
 * @param {Figures} a
 * @param {Figures} b
 */
export function compareFigures(a, b) {
  return a.revision - b.revision || a.lastReadSeq - b.lastReadSeq || a.seq - b.seq;
}

/**
 * The newer ones; of equal ones those that came later.
 *
 * @param {Figures} known
 * @param {Figures} told
 */
export function newerFigures(known, told) {
  return compareFigures(told, known) >= 0 ? told : known;
}

/**
 * What one's own message at `seq` does: whoever writes has read what was there. The server tells it by
 * itself where the count changes; only a marker that moves without it is left to the client. What is
 * known as of a later entry has it already.
 *
 * @param {Figures} known
 * @param {number} seq
 * @returns {Figures}
 */
export function afterOwnMessage(known, seq) {
  if (known.unreadCount > 0 || seq <= known.seq) return known;
  return newerFigures(known, { ...known, seq, lastReadSeq: seq });
}
