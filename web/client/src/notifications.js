/**
 * The person's notifications: a list that is read page by page and kept up to date by the inbox, a log
 * with a number for each entry.
 *
 * @module
 */

/** @import { EventFrame, Json, Notification } from './types.js' */
/** @import { Port } from './port.js' */
import { Emitter } from './emitter.js';
import { asTidewireError } from './errors.js';
import { call } from './port.js';

const PATH = '/api/v1/notifications';
const PAGE = 50;

/**
 * @typedef {object} NotificationEvents
 * @property {readonly Notification[]} changed the list is another one
 * @property {{notification: Notification, silent: boolean}} created one came just now
 */

/** @extends {Emitter<NotificationEvents>} */
export class Notifications extends Emitter {
  #port;
  /** @type {Notification[]} the newest first */
  #items = [];
  #isLoaded = false;
  #hasMore = true;
  #inbox = 0;
  /** Counts what came live, so that a page that is older than it is noticed. */
  #changes = 0;

  /** @param {Port} port */
  constructor(port) {
    super();
    this.#port = port;
  }

  /** @returns {readonly Notification[]} the newest first */
  get items() {
    return this.#items;
  }

  /** Whether there are older ones. */
  get hasMore() {
    return this.#hasMore;
  }

  /** The last entry of the inbox that is known. @internal */
  get inbox() {
    return this.#inbox;
  }

  /** @param {number} inbox @internal */
  restore(inbox) {
    this.#inbox = Math.max(this.#inbox, inbox);
  }

  /** What was before this entry is read page by page, if at all. @param {number} inbox @internal */
  startAt(inbox) {
    this.#inbox = inbox;
  }

  /** The inbox counts anew. @internal */
  forget() {
    this.startAt(0);
  }

  /** Reads the newest; they are kept up to date from then on. */
  async load() {
    this.#isLoaded = true;
    await this.#read(PAGE);
  }

  /** Reads as many again behind those that are loaded. */
  async loadMore() {
    if (!this.#isLoaded) return this.load();
    if (this.#hasMore) await this.#read(this.#items.length + PAGE);
  }

  /** @param {string} id */
  async markRead(id) {
    await this.#port.request('notifications.read', { id });
  }

  async markAllRead() {
    await this.#port.request('notifications.read_all', {});
  }

  /** @param {string} id */
  async dismiss(id) {
    await this.#port.request('notifications.dismiss', { id });
  }

  /** After a reconnect: what came and went meanwhile. @internal */
  async renew() {
    if (!this.#isLoaded) return;
    try {
      await this.#read(Math.max(PAGE, this.#items.length));
    } catch (error) {
      if (!asTidewireError(error).retryable) throw error;
    }
  }

  /** @param {EventFrame} frame @internal */
  take(frame) {
    if (frame.inbox !== undefined) {
      if (frame.inbox <= this.#inbox) return;
      const isGap = this.#inbox > 0 && frame.inbox > this.#inbox + 1;
      this.#inbox = frame.inbox;
      // The inbox has entries that are none of ours; only a look tells whether something is missing.
      if (isGap) void this.renew();
    }
    if (frame.event === 'inbox.behind') return void this.renew();
    this.#changes += 1;
    this.#apply(frame.event, /** @type {unknown} */ (frame.data));
    this.emit('changed', this.#items);
  }

  /**
   * @param {string} event
   * @param {unknown} data
   */
  #apply(event, data) {
    if (event === 'notification.removed') {
      const { id } = /** @type {{id: string}} */ (data);
      this.#items = this.#items.filter((item) => item.id !== id);
    } else if (event === 'notifications.all_read') {
      this.#items = this.#items.map((item) => readAt(item, /** @type {{before?: string, readAt?: string}} */ (data)));
    } else {
      const { notification, silent } = /** @type {{notification: Notification, silent?: boolean}} */ (data);
      this.#put(notification, event === 'notification.created');
      if (event === 'notification.created') this.emit('created', { notification, silent: silent === true });
    }
  }

  /**
   * @param {Notification} notification
   * @param {boolean} isNew
   */
  #put(notification, isNew) {
    const isKnown = this.#items.some(({ id }) => id === notification.id);
    if (!isKnown && !isNew) return;
    const others = this.#items.filter(({ id }) => id !== notification.id);
    this.#items = [notification, ...others].sort(newestFirst);
  }

  /** @param {number} count @returns {Promise<void>} */
  async #read(count) {
    /** @type {Notification[]} */
    const items = [];
    const changes = this.#changes;
    let hasMore = true;
    for (let page = 1; hasMore && items.length < count; page += 1) {
      const answer = await call(this.#port, 'GET', PATH, { query: { page, limit: PAGE } });
      const read = pageOf(answer);
      items.push(...read.items);
      hasMore = read.pagination.hasMore;
    }
    // Something came while this was read, and may be on it or not.
    if (changes !== this.#changes) return this.#read(count);
    this.#items = unique(items).sort(newestFirst);
    this.#hasMore = hasMore;
    this.emit('changed', this.#items);
  }
}

/**
 * @param {Notification} item
 * @param {{before?: string, readAt?: string}} what
 */
function readAt(item, { before, readAt: at }) {
  if (item.isRead || (before !== undefined && item.createdAt > before)) return item;
  return { ...item, isRead: true, readAt: at ?? item.readAt };
}

/**
 * @param {Notification} a
 * @param {Notification} b
 */
function newestFirst(a, b) {
  if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt ? 1 : -1;
  return a.id < b.id ? 1 : -1;
}

/** @param {Notification[]} items pages may overlap when something came between them */
function unique(items) {
  return [...new Map(items.map((item) => [item.id, item])).values()];
}

/** @param {Json} answer */
function pageOf(answer) {
  return /** @type {{items: Notification[], pagination: {hasMore: boolean}}} */ (
    /** @type {unknown} */ (answer));
}
