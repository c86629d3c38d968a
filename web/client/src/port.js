/**
 * What the objects of a client need of whatever carries their commands: the socket of this tab, or
 * another tab's.
 *
 * @module
 */

/** @import { CallOptions, Json } from './types.js' */

/**
 * @typedef {object} Port
 * @property {(op: string, data: object) => Promise<Json>} request
 * @property {(op: string, data: object) => void} tell without a reply; lost while offline
 */

/**
 * A REST operation over the socket.
 *
 * @param {Port} port
 * @param {string} method
 * @param {string} path
 * @param {CallOptions} [options]
 * @returns {Promise<Json>} `data` of its answer
 */
export async function call(port, method, path, options = {}) {
  const answer = await port.request('call', { method, path, ...options });
  return /** @type {{data: Json}} */ (answer).data;
}
