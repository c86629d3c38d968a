/**
 * What was written and is not acknowledged: kept in order for each channel, sent until the server has
 * answered, always under the same id, so that it is there once.
 *
 * @module
 */

/** @import { Json, Message, OutboxItem } from './types.js' */
/** @import { TidewireError } from './errors.js' */
/** @import { Port } from './port.js' */
import { BACKOFF, Backoff } from './backoff.js';
import { Emitter } from './emitter.js';
import { asTidewireError, clientError } from './errors.js';

/**
 * A message on its way. `sent` resolves with the message, and rejects only when it is refused for good
 * or discarded.
 *
 * @typedef {{clientMessageId: string, sent: Promise<Message>}} Sending
 */

/**
 * @typedef {object} OutboxEvents
 * @property {string} changed the channel whose items are others
 * @property {OutboxItem} put
 * @property {{item: OutboxItem, message: Message}} sent
 * @property {OutboxItem} failed
 * @property {OutboxItem} discarded
 */

/** @typedef {{resolve: (message: Message) => void, reject: (error: Error) => void}} Waiting */

/** @extends {Emitter<OutboxEvents>} */
export class Outbox extends Emitter {
  /** @type {Map<string, OutboxItem>} in the order they were written */
  #items = new Map();
  /** @type {Map<string, Waiting>} */
  #waiting = new Map();
  /** @type {Set<string>} channels of which one is on its way */
  #busy = new Set();
  /** @type {Set<ReturnType<typeof setTimeout>>} */
  #timers = new Set();
  /** @type {Port | null} */
  #port = null;
  #backoff;

  /** @param {() => number} random */
  constructor(random) {
    super();
    this.#backoff = new Backoff(random, { ...BACKOFF, maxMs: 15_000 });
  }

  /** @returns {OutboxItem[]} */
  get items() {
    return [...this.#items.values()];
  }

  /** @param {string} channelId */
  of(channelId) {
    return this.items.filter((item) => item.channelId === channelId);
  }

  /**
   * Writes a message and waits for its acknowledgement.
   *
   * @param {OutboxItem} item
   * @returns {Sending}
   */
  send(item) {
    const sent = new Promise((resolve, reject) => {
      this.#waiting.set(item.clientMessageId, { resolve, reject });
    });
    // Whoever does not look at it learns of a refusal from the item.
    sent.catch(() => {});
    this.put(item);
    return { clientMessageId: item.clientMessageId, sent };
  }

  /**
   * Takes an item, written here, in another tab, or in an earlier life.
   *
   * @param {OutboxItem} item
   */
  put(item) {
    if (this.#items.has(item.clientMessageId)) return;
    this.#items.set(item.clientMessageId, item);
    this.emit('put', item);
    this.emit('changed', item.channelId);
    this.#pump(item.channelId);
  }

  /**
   * From now on items go out by this port; `null` stops them.
   *
   * @param {Port | null} port
   */
  use(port) {
    this.#port = port;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    if (!port) return;
    this.#backoff.reset();
    for (const channelId of new Set(this.items.map((item) => item.channelId))) this.#pump(channelId);
  }

  /**
   * Sends what was refused once more.
   *
   * @param {string} clientMessageId
   */
  retry(clientMessageId) {
    const item = this.#items.get(clientMessageId);
    if (!item) return;
    this.#set({ ...item, state: 'queued', error: null });
    this.#pump(item.channelId);
  }

  /** @param {string} clientMessageId */
  discard(clientMessageId) {
    const item = this.#remove(clientMessageId);
    if (!item) return;
    this.#settle(clientMessageId)?.reject(clientError('CLOSED', 'It was discarded.', false));
    this.emit('discarded', item);
  }

  /**
   * The server has it, as its answer says, or its entry in the log.
   *
   * @param {string} clientMessageId
   * @param {Message} message
   */
  acknowledge(clientMessageId, message) {
    const item = this.#remove(clientMessageId);
    if (!item) return;
    this.#settle(clientMessageId)?.resolve(message);
    this.emit('sent', { item, message });
  }

  /**
   * The server does not want it.
   *
   * @param {string} clientMessageId
   * @param {TidewireError} error
   */
  refuse(clientMessageId, error) {
    const item = this.#items.get(clientMessageId);
    if (!item) return;
    this.#settle(clientMessageId)?.reject(error);
    this.emit('failed', this.#set({ ...item, state: 'failed', error: error.body }));
  }

  clear() {
    for (const { clientMessageId } of this.items) this.discard(clientMessageId);
  }

  /**
   * One after the other: if a message has to be sent again, none behind it has overtaken it.
   *
   * @param {string} channelId
   */
  #pump(channelId) {
    const port = this.#port;
    const item = this.of(channelId).find(({ state }) => state === 'queued');
    if (!port || !item || this.#busy.has(channelId)) return;
    this.#busy.add(channelId);
    void this.#deliver(port, item).then((waitMs) => {
      this.#busy.delete(channelId);
      if (waitMs === 0) this.#pump(channelId);
      else this.#later(waitMs, () => this.#pump(channelId));
    });
  }

  /**
   * @param {Port} port
   * @param {OutboxItem} item
   * @returns {Promise<number>} how long to wait before the next
   */
  async #deliver(port, { clientMessageId, channelId, content, mentions }) {
    try {
      const data = { channelId, content, clientMessageId, mentions };
      const answer = await port.request('chat.send', data);
      this.acknowledge(clientMessageId, messageOf(answer));
      this.#backoff.reset();
      return 0;
    } catch (cause) {
      const error = asTidewireError(cause);
      if (error.retryable) return this.#backoff.next(error.retryAfterMs);
      this.refuse(clientMessageId, error);
      return 0;
    }
  }

  /**
   * @param {number} ms
   * @param {() => void} act
   */
  #later(ms, act) {
    if (!this.#port) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, ms);
    this.#timers.add(timer);
  }

  /** @param {OutboxItem} item */
  #set(item) {
    this.#items.set(item.clientMessageId, item);
    this.emit('changed', item.channelId);
    return item;
  }

  /** @param {string} clientMessageId */
  #remove(clientMessageId) {
    const item = this.#items.get(clientMessageId);
    this.#items.delete(clientMessageId);
    if (item) this.emit('changed', item.channelId);
    return item;
  }

  /** @param {string} clientMessageId */
  #settle(clientMessageId) {
    const waiting = this.#waiting.get(clientMessageId);
    this.#waiting.delete(clientMessageId);
    return waiting;
  }
}

/** @param {Json} answer */
function messageOf(answer) {
  return /** @type {{message: Message}} */ (/** @type {unknown} */ (answer)).message;
}
