/**
 * What the client needs of the place it runs in: a browser, or Node with a WebSocket given to it.
 *
 * @module
 */

/**
 * The part of a WebSocket that is used; browsers, `ws` and `undici` have it.
 *
 * @typedef {object} SocketLike
 * @property {number} readyState
 * @property {string} protocol
 * @property {string} binaryType
 * @property {(data: string | Uint8Array<ArrayBuffer>) => void} send
 * @property {(code?: number, reason?: string) => void} close
 * @property {((event: never) => void) | null} onopen
 * @property {((event: never) => void) | null} onmessage
 * @property {((event: never) => void) | null} onclose
 * @property {((event: never) => void) | null} onerror
 */

/** @typedef {new (url: string, protocols: string[]) => SocketLike} SocketConstructor */

/**
 * The part of `fetch` that is used.
 *
 * @typedef {(url: string, init: {method: string, headers: {[name: string]: string}, body?: string,
 *   signal?: AbortSignal}) => Promise<Response>} Fetch
 */

/**
 * @typedef {object} Environment
 * @property {SocketConstructor} WebSocket
 * @property {Fetch} fetch
 * @property {() => number} random from 0 to 1
 * @property {() => number} now milliseconds since the epoch
 */

/**
 * @param {{WebSocket?: SocketConstructor, fetch?: Fetch, random?: () => number}} given
 * @returns {Environment}
 */
export function environment(given) {
  const WebSocket = given.WebSocket ?? globalSocket();
  if (!WebSocket) throw new TypeError('Pass a WebSocket: this place has none of its own.');
  return {
    WebSocket,
    fetch: given.fetch ?? ((url, init) => globalThis.fetch(url, init)),
    random: given.random ?? Math.random,
    now: () => Date.now(),
  };
}

/** @returns {SocketConstructor | undefined} */
function globalSocket() {
  return /** @type {{WebSocket?: SocketConstructor}} */ (/** @type {unknown} */ (globalThis)).WebSocket;
}

/** An id for a message or a tab. Pages without TLS have no `randomUUID`. */
export function randomId() {
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
