/**
 * What a client can be told when it is made.
 *
 * @module
 */

/** @import { Tokens } from './types.js' */
/** @import { BackoffLimits } from './backoff.js' */
/** @import { Codec, MessagePack } from './codec.js' */
/** @import { Fetch, SocketConstructor } from './environment.js' */
/** @import { Store } from './store.js' */
/** @import { Broadcast, Locks } from './tabs.js' */
import { BACKOFF } from './backoff.js';
import { json, messagePack } from './codec.js';
import { Tabs } from './tabs.js';

/**
 * @typedef {object} TabOptions
 * @property {string} name tabs of one name share one socket: one for each server and person
 * @property {Locks} [locks] instead of `navigator.locks`
 * @property {(name: string) => Broadcast} [broadcast] instead of `new BroadcastChannel(name)`
 */

/**
 * @typedef {object} ClientOptions
 * @property {string} url the server's address, such as `https://chat.example.com`
 * @property {Tokens} tokens from `signIn`, or from wherever they are kept
 * @property {(tokens: Tokens) => void} [onTokens] hears of renewed tokens, to keep them
 * @property {SocketConstructor} [WebSocket] where there is no global one, as in Node 20
 * @property {Fetch} [fetch]
 * @property {MessagePack} [messagePack] such as the module `@msgpack/msgpack`; without it, JSON is spoken
 * @property {'auto' | 'ticket' | 'token'} [signInBy] `auto`: by token, and by ticket where it must be
 * @property {Store} [store] keeps positions, messages and the outbox over restarts
 * @property {TabOptions | null} [tabs] one socket for all tabs; each has its own where there are no locks
 * @property {{name: string, version: string, platform: string}} [client] how the program is called
 * @property {string} [deviceId]
 * @property {number} [timeoutMs] for opening, and for each command
 * @property {BackoffLimits} [backoff]
 * @property {() => number} [random]
 */

const CLIENT = { name: 'tidewire-client', version: '0.1.0', platform: 'javascript' };

/** @param {ClientOptions} options */
export function linkOptions(options) {
  /** @type {Codec[]} */
  const codecs = options.messagePack ? [messagePack(options.messagePack), json] : [json];
  return {
    url: options.url,
    codecs,
    signIn: options.signInBy ?? 'auto',
    client: options.client ?? CLIENT,
    deviceId: options.deviceId ?? null,
    timeoutMs: options.timeoutMs ?? 20_000,
    backoff: options.backoff ?? BACKOFF,
  };
}

/** @param {ClientOptions} options */
export function tabsOf({ tabs }) {
  const locks = tabs?.locks ?? globalLocks();
  if (!tabs || !locks) return null;
  const { name, broadcast = (/** @type {string} */ of) => new BroadcastChannel(of) } = tabs;
  return new Tabs(name, locks, () => /** @type {Broadcast} */ (broadcast(`tidewire/${name}`)));
}

/** Pages without TLS have no locks. @returns {Locks | null} */
function globalLocks() {
  const { navigator } = /** @type {{navigator?: {locks?: Locks}}} */ (/** @type {unknown} */ (globalThis));
  return navigator?.locks ?? null;
}
