/**
 * Clients for tests: quick to reconnect, and waited for by condition.
 *
 * @module
 */

/** @import { ClientOptions } from '../../src/options.js' */
import { WebSocket } from 'ws';
import { Tidewire } from '../../src/index.js';

/** No test waits longer for anything. */
const PATIENCE_MS = 20_000;

/** @typedef {import('../../src/environment.js').SocketConstructor} SocketConstructor */

/** How long a closing may take; nothing here is far away. */
const CLOSE_MS = 500;

class QuickSocket extends WebSocket {
  /** @param {string} url @param {string[]} protocols */
  constructor(url, protocols) {
    super(url, protocols, /** @type {import('ws').ClientOptions} */ ({ closeTimeout: CLOSE_MS }));
  }
}

const Socket = /** @type {SocketConstructor} */ (/** @type {unknown} */ (QuickSocket));

/**
 * @param {string} url
 * @param {{token: string}} person
 * @param {Partial<ClientOptions>} [options]
 */
export function clientOf(url, { token }, options = {}) {
  return new Tidewire({
    url,
    tokens: { accessToken: token },
    WebSocket: Socket,
    backoff: { firstMs: 5, maxMs: 50 },
    ...options,
  });
}

/**
 * Waits until a condition holds.
 *
 * @template T
 * @param {string} what
 * @param {() => T | Promise<T>} condition
 * @param {() => string} [instead] what there is while it does not hold
 * @returns {Promise<NonNullable<T>>}
 */
export async function eventually(what, condition, instead = () => 'nothing') {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`in vain: ${what}; ${instead()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/**
 * A channel that the client knows.
 *
 * @param {Tidewire} client
 * @param {string} id
 */
export function channelOf(client, id) {
  return eventually(`channel ${id}`, () => client.channels.get(id));
}

/** @param {readonly import('../../src/index.js').Message[]} messages */
export function contents(messages) {
  return messages.map(({ content }) => content);
}
