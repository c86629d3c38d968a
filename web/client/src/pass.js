/**
 * How a connection is signed in: by the ticket of a node that stopped, by a new one, or by token.
 *
 * @module
 */

/** @import { Session } from './session.js' */
import { jsonBytes } from './codec.js';

/** @typedef {{ticket: string | null, token: string | null}} Pass */

/** A hello of a socket that nobody has signed in yet must fit an ordinary frame. */
const UNSIGNED_HELLO_BYTES_MAX = 60 * 1024;

/**
 * @param {Session} session
 * @param {'auto' | 'ticket' | 'token'} signIn
 * @param {object | null} resume
 * @returns {Promise<Pass>}
 */
export async function obtainPass(session, signIn, resume) {
  const isLong = resume !== null && jsonBytes(resume) > UNSIGNED_HELLO_BYTES_MAX;
  if (signIn === 'ticket' || (signIn === 'auto' && isLong)) {
    return { ticket: await session.ticket(), token: null };
  }
  return { ticket: null, token: await session.accessToken() };
}
