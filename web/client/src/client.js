/**
 * The client as applications see it.
 *
 * @module
 */

/** @import { CallOptions, ChannelInfo, EventFrame, Json, OutboxItem, Tokens, UnreadTotals, User } from './types.js' */
/** @import { ClientOptions } from './options.js' */
/** @import { Fetch } from './environment.js' */
/** @import { Ending, LinkState } from './link.js' */
import { Emitter } from './emitter.js';
import { Engine } from './engine.js';
import { TidewireError, clientError } from './errors.js';
import { login } from './http.js';
import { call } from './port.js';

/**
 * @typedef {object} ClientEvents
 * @property {LinkState} state
 * @property {undefined} ready everything is up to date; after each reconnect, and after reading again
 * @property {Ending} ended it does not reconnect by itself: a person has to decide
 * @property {User} me
 * @property {UnreadTotals} unread
 * @property {EventFrame} event each event as it came, also those that have no object here
 * @property {OutboxItem} refused a message that the server does not want
 * @property {unknown} failed something in the background that need not work, such as writing the store
 */

/** @extends {Emitter<ClientEvents>} */
export class Tidewire extends Emitter {
  #engine;

  /** @param {ClientOptions} options */
  constructor(options) {
    super();
    const engine = new Engine({ ...options, url: options.url.replace(/\/+$/, '') });
    this.#engine = engine;
    const { model } = engine;
    /** @readonly */
    this.channels = model.channels;
    /** @readonly */
    this.people = model.people;
    /** @readonly */
    this.presence = model.presence;
    /** @readonly */
    this.notifications = model.notifications;
    engine.on('state', (state) => this.emit('state', state));
    engine.on('ready', () => this.emit('ready', undefined));
    engine.on('ended', (ending) => this.emit('ended', ending));
    engine.on('event', (frame) => this.emit('event', frame));
    engine.on('refused', (item) => this.emit('refused', item));
    engine.on('failed', (error) => this.emit('failed', error));
    model.on('me', (me) => this.emit('me', me));
    model.on('unread', (unread) => this.emit('unread', unread));
  }

  /** @returns {LinkState} */
  get state() {
    return this.#engine.state;
  }

  /** Who is signed in; `null` before the first connection. */
  get me() {
    return this.#engine.model.me;
  }

  /** What is left to read, over all channels and kinds. */
  get unread() {
    return this.#engine.model.unread;
  }

  /** Everything that was written and is not acknowledged. */
  get pending() {
    return this.#engine.model.outbox.items;
  }

  /** Whether there is a connection and nothing has to be read again. */
  get isReady() {
    return this.#engine.isReady;
  }

  /** Connects, and keeps doing so. Resolves when everything is up to date for the first time. */
  async start() {
    const ready = this.whenReady();
    ready.catch(() => {});
    await this.#engine.start();
    await ready;
  }

  /**
   * Resolves as soon as everything is up to date; rejects when it ends before.
   *
   * @returns {Promise<void>}
   */
  whenReady() {
    if (this.isReady) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const off = [
        this.on('ready', () => settle(resolve)),
        this.on('ended', (ending) => settle(() => reject(endingError(ending)))),
      ];
      const settle = (/** @type {() => void} */ act) => {
        off.forEach((take) => take());
        act();
      };
    });
  }

  /** Disconnects; what was not sent stays in the store, if there is one. */
  stop() {
    return this.#engine.stop();
  }

  /**
   * Goes on after an end, with the tokens of a new sign-in.
   *
   * @param {Tokens} tokens
   */
  resumeWith(tokens) {
    this.#engine.resumeWith(tokens);
  }

  /** An access token for requests that do not go over the connection; renewed if it has to be. */
  accessToken() {
    return this.#engine.accessToken();
  }

  /** Ends the session on the server, and forgets everything here. */
  async signOut() {
    await this.call('POST', '/api/v1/auth/logout').catch(() => null);
    await this.#engine.stop();
    await this.#engine.wipe();
  }

  /**
   * Any REST operation, over the socket.
   *
   * @param {string} method
   * @param {string} path such as `/api/v1/users`
   * @param {CallOptions} [options]
   * @returns {Promise<Json>} `data` of the answer
   */
  call(method, path, options = {}) {
    return call(this.#engine.port, method, path, options);
  }

  /**
   * Any command of the protocol.
   *
   * @param {string} op
   * @param {object} [data]
   * @returns {Promise<Json>}
   */
  request(op, data = {}) {
    return this.#engine.port.request(op, data);
  }

  /**
   * The one channel with somebody else.
   *
   * @param {string | number} userId id or number
   */
  async openDirect(userId) {
    return this.#channel(await this.request('chat.direct', { userId }));
  }

  /**
   * @param {string} name
   * @param {(string | number)[]} memberIds
   * @param {{description?: string}} [options]
   */
  async createGroup(name, memberIds, options = {}) {
    return this.#channel(await this.request('chat.group', { name, memberIds, ...options }));
  }

  /**
   * Sends a refused message once more.
   *
   * @param {string} clientMessageId
   */
  retry(clientMessageId) {
    this.#engine.retry(clientMessageId);
  }

  /**
   * Gives a message up.
   *
   * @param {string} clientMessageId
   */
  discard(clientMessageId) {
    this.#engine.discard(clientMessageId);
  }

  /** @param {Json} answer */
  #channel(answer) {
    const { channel } = /** @type {{channel: ChannelInfo}} */ (/** @type {unknown} */ (answer));
    return this.channels.takeInfo(channel);
  }
}

/**
 * Signs a person in. The answer is what `tokens` of a client takes.
 *
 * @param {string} url
 * @param {{tenantSlug: string, email: string, password: string, deviceName?: string}} who
 * @param {{fetch?: Fetch}} [options]
 * @returns {Promise<Tokens>}
 */
export function signIn(url, who, options = {}) {
  const fetch = options.fetch ?? ((address, init) => globalThis.fetch(address, init));
  return login({ fetch, now: () => Date.now() }, url.replace(/\/+$/, ''), who);
}

/** @param {Ending} ending */
function endingError({ reason, error }) {
  return error ? new TidewireError(error) : clientError('CLOSED', `It ended: ${reason}.`, false);
}
