/**
 * What survives the page: positions with the messages behind them, and what waits to be sent.
 *
 * @module
 */

/** @import { OutboxItem } from './types.js' */
/** @import { ChannelData } from './channel_copy.js' */
/** @import { Model } from './model.js' */

/**
 * Keeps records by key. Values are what the structured clone algorithm takes. A `save` is done
 * altogether or not at all. Each person needs a store of their own.
 *
 * @typedef {object} Store
 * @property {() => Promise<[key: string, value: unknown][]>} load
 * @property {(changes: {put: [key: string, value: unknown][], remove: string[]}) => Promise<void>} save
 */

/** Changes of a moment are written together. */
const GATHER_MS = 250;
/** The end of each channel's history is kept. */
const MESSAGES_KEPT = 100;

export class Persistence {
  #store;
  #model;
  /** @type {Set<string>} channels whose records are old */
  #dirty = new Set();
  /** @type {Promise<void>} */
  #writing = Promise.resolve();
  /** @type {ReturnType<typeof setTimeout> | null} */
  #timer = null;
  #isOpen = false;
  #isRestored = false;
  #failed;

  /**
   * @param {Store} store
   * @param {Model} model
   * @param {(error: unknown) => void} failed
   */
  constructor(store, model, failed) {
    this.#store = store;
    this.#model = model;
    this.#failed = failed;
    model.on('dirty', (id) => this.#note(id));
    model.outbox.on('put', (item) => this.#keep(item));
    model.outbox.on('failed', (item) => this.#keep(item));
    model.outbox.on('sent', ({ item }) => this.#forget(item));
    model.outbox.on('discarded', (item) => this.#forget(item));
  }

  /** Reads what was kept into the model, which knows better from then on. */
  async restore() {
    if (this.#isRestored) return;
    this.#isRestored = true;
    /** @type {Map<string, unknown>} */
    const records = new Map(await this.#store.load());
    const kept = /** @type {{userId: string, inbox: number} | undefined} */ (records.get('me'));
    const of = (/** @type {string} */ kind) =>
      [...records].filter(([key]) => key.startsWith(kind)).map(([, value]) => value);
    if (kept) this.#model.restore(kept, /** @type {ChannelData[]} */ (of('channel/')));
    const items = /** @type {OutboxItem[]} */ (of('outbox/'));
    items.sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
    for (const item of items) this.#model.outbox.put(item);
  }

  /** From now on changes are written; only one tab may do that. */
  open() {
    this.#isOpen = true;
    for (const { id } of this.#model.channels.values()) this.#note(id);
  }

  /** Writes what is left, and stops. */
  async close() {
    await this.flush();
    this.#isOpen = false;
  }

  /** Writes what has changed. */
  async flush() {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    const { me, notifications, channels } = this.#model;
    if (!this.#isOpen || !me) return this.#writing;
    /** @type {[string, unknown][]} */
    const put = [['me', { userId: me.id, inbox: notifications.inbox }]];
    const remove = [];
    for (const id of this.#dirty) {
      const channel = channels.get(id);
      if (channel) put.push([`channel/${id}`, channel.snapshot(MESSAGES_KEPT)]);
      else remove.push(`channel/${id}`);
    }
    this.#dirty.clear();
    return this.#save(put, remove);
  }

  /** Forgets everything, as after signing out. */
  async wipe() {
    this.#isOpen = false;
    await this.#writing;
    const keys = (await this.#store.load()).map(([key]) => key);
    await this.#store.save({ put: [], remove: keys });
  }

  /** @param {string} id */
  #note(id) {
    this.#dirty.add(id);
    if (this.#isOpen) this.#timer ??= setTimeout(() => void this.flush(), GATHER_MS);
  }

  /** @param {OutboxItem} item */
  #keep(item) {
    void this.#save([[`outbox/${item.clientMessageId}`, item]], []);
  }

  /** @param {OutboxItem} item */
  #forget(item) {
    void this.#save([], [`outbox/${item.clientMessageId}`]);
  }

  /**
   * @param {[string, unknown][]} put
   * @param {string[]} remove
   */
  #save(put, remove) {
    if (!this.#isOpen) return this.#writing;
    this.#writing = this.#writing
      .then(() => this.#store.save({ put, remove }))
      .catch((error) => this.#failed(error));
    return this.#writing;
  }
}
