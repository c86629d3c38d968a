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
 * What one's own message at `seq` does: whoever writes has read what was there.
 *
 * @param {Figures} known
 * @param {number} seq
 * @returns {Figures}
 */
export function afterOwnMessage(known, seq) {
  const read = { ...known, seq, lastReadSeq: seq, unreadCount: 0, mentionCount: 0 };
  return newerFigures(known, read);
}
