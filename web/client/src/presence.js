/**
 * Who is here, of those one watches, and what one says of oneself.
 *
 * @module
 */

/** @import { EventFrame, Json, PresenceItem } from './types.js' */
/** @import { Port } from './port.js' */
import { Emitter } from './emitter.js';
import { asTidewireError } from './errors.js';

/** As many ids as a command may have. */
const WATCH_MAX = 1000;

/** @typedef {{changed: PresenceItem}} PresenceEvents */

/** @extends {Emitter<PresenceEvents>} */
export class Presence extends Emitter {
  #port;
  /** @type {Map<string, PresenceItem>} */
  #items = new Map();
  /** @type {Set<string>} */
  #watched = new Set();
  /** @type {'online' | 'away' | null} */
  #own = null;
  /** @type {string | null} */
  #looksAt = null;

  #unwatches;

  /**
   * @param {Port} port
   * @param {{unwatches: boolean}} options whether this is the only one that watches over its connection
   */
  constructor(port, { unwatches }) {
    super();
    this.#port = port;
    this.#unwatches = unwatches;
  }

  /**
   * What is known of somebody; `null` for those who are not watched.
   *
   * @param {string} userId
   * @returns {PresenceItem | null}
   */
  get(userId) {
    return this.#items.get(userId) ?? null;
  }

  /** @returns {'online' | 'away' | null} what one has said of oneself */
  get own() {
    return this.#own;
  }

  /**
   * Follows people from now on, over reconnects.
   *
   * @param {string[]} userIds
   */
  async watch(userIds) {
    for (const id of userIds) this.#watched.add(id);
    await this.#ask(userIds);
  }

  /** @param {string[]} userIds */
  async unwatch(userIds) {
    for (const id of userIds) {
      this.#watched.delete(id);
      this.#items.delete(id);
    }
    if (this.#unwatches) await this.#each(userIds, 'presence.unwatch');
  }

  /**
   * @param {'online' | 'away'} status
   */
  set(status) {
    this.#own = status;
    this.#port.tell('presence.set', { status });
  }

  /**
   * The channel that the person looks at, or none: it decides what is worth a push.
   *
   * @param {string | null} channelId
   */
  look(channelId) {
    this.#looksAt = channelId;
    this.#port.tell('activity', { channelId });
  }

  /** After a reconnect nobody knows any more what this client watched and looked at. @internal */
  async renew() {
    if (this.#looksAt !== null) this.#port.tell('activity', { channelId: this.#looksAt });
    await this.#ask([...this.#watched]);
  }

  /** @param {EventFrame} frame `presence.changed` @internal */
  take(frame) {
    this.#takeItems(frame.data);
  }

  /** @param {string[]} userIds */
  async #ask(userIds) {
    await this.#each(userIds, 'presence.watch');
  }

  /**
   * @param {string[]} userIds
   * @param {'presence.watch' | 'presence.unwatch'} op
   */
  async #each(userIds, op) {
    for (let at = 0; at < userIds.length; at += WATCH_MAX) {
      try {
        const answer = await this.#port.request(op, { userIds: userIds.slice(at, at + WATCH_MAX) });
        if (op === 'presence.watch') this.#takeItems(answer);
      } catch (error) {
        // Without a connection it is asked again by the next one.
        if (!asTidewireError(error).retryable) throw error;
      }
    }
  }

  /** @param {Json} data */
  #takeItems(data) {
    const { items } = /** @type {{items: PresenceItem[]}} */ (/** @type {unknown} */ (data));
    for (const item of items) {
      if (!this.#watched.has(item.userId) && !this.#watched.has(String(item.userNumber))) continue;
      this.#items.set(item.userId, item);
      this.emit('changed', item);
    }
  }
}

