/**
 * What a close code means to a client.
 *
 * @module
 */

/**
 * `reconnect`: as soon as the backoff says. `slot`: when the server said, or else like `reconnect`.
 * `later`: not before a window of commands is over. `sign_in`: only with another token. `end`: not by
 * itself, a person decides.
 *
 * @typedef {'reconnect' | 'slot' | 'later' | 'sign_in' | 'end'} Verdict
 */

/** @type {ReadonlyMap<number, {verdict: Verdict, reason: string}>} */
export const CLOSE_CODES = new Map([
  [1000, { verdict: 'reconnect', reason: 'closed' }],
  [1001, { verdict: 'reconnect', reason: 'going_away' }],
  [1002, { verdict: 'end', reason: 'framing' }],
  [1003, { verdict: 'end', reason: 'wrong_frame_kind' }],
  [1007, { verdict: 'end', reason: 'not_utf8' }],
  [1009, { verdict: 'end', reason: 'too_big' }],
  [1012, { verdict: 'slot', reason: 'restart' }],
  [4400, { verdict: 'end', reason: 'protocol' }],
  [4401, { verdict: 'sign_in', reason: 'not_signed_in' }],
  [4408, { verdict: 'reconnect', reason: 'no_heartbeat' }],
  [4409, { verdict: 'end', reason: 'replaced' }],
  [4410, { verdict: 'end', reason: 'session_ended' }],
  [4413, { verdict: 'reconnect', reason: 'takes_no_data' }],
  [4429, { verdict: 'later', reason: 'too_many_commands' }],
]);

/**
 * Codes that nobody knows, and connections that were cut without one, are an accident: reconnect.
 *
 * @param {number} code
 * @returns {{verdict: Verdict, reason: string}}
 */
export function judgeClose(code) {
  return CLOSE_CODES.get(code) ?? { verdict: 'reconnect', reason: 'lost' };
}
