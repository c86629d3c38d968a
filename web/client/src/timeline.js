/**
 * A stretch of a channel's log and the messages in it: pages and live entries, in whatever order they
 * arrive, come to the same.
 *
 * Each message knows as of which entry it is known (its version). A page is as of the head that was
 * read before it; entries that came while a page was on its way are applied once more on top of it.
 *
 * @module
 */

/** @import { HistoryPage, Message } from './types.js' */

/**
 * @typedef {object} Entry
 * @property {number} seq
 * @property {'created' | 'changed' | 'other'} kind
 * @property {Message | null} message
 */

/** @typedef {{from: number, to: number, messages: Message[]}} TimelineData */

export class Timeline {
  /** The stretch, both ends included; empty while nothing is loaded. */
  #from = 1;
  #to = 0;
  /** @type {Message[]} by seq */
  #messages = [];
  /** @type {Map<number, number>} */
  #versions = new Map();
  #readers = 0;
  /** @type {Entry[]} what came while somebody was reading */
  #recent = [];

  /** @param {TimelineData} [data] */
  constructor(data) {
    if (!data) return;
    this.#from = data.from;
    this.#to = data.to;
    this.#messages = data.messages;
    for (const { seq } of data.messages) this.#versions.set(seq, data.to);
  }

  get isLoaded() {
    return this.#to >= this.#from;
  }

  get from() {
    return this.#from;
  }

  get to() {
    return this.#to;
  }

  /** @returns {readonly Message[]} ascending */
  get messages() {
    return this.#messages;
  }

  /**
   * The end of the stretch, small enough to be kept.
   *
   * @param {number} count
   * @returns {TimelineData | null}
   */
  tail(count) {
    if (!this.isLoaded) return null;
    const messages = this.#messages.slice(-count);
    const isWhole = messages.length === this.#messages.length;
    const from = isWhole ? this.#from : (messages[0]?.seq ?? this.#to);
    return { from, to: this.#to, messages };
  }

  /** Before asking for a page: from now on, what comes is remembered for it. */
  open() {
    this.#readers += 1;
  }

  /** After a page was merged or given up. */
  close() {
    this.#readers -= 1;
    if (this.#readers === 0) this.#recent = [];
  }

  /**
   * Takes a live entry.
   *
   * @param {Entry} entry
   * @returns {Message | null} what is new or different
   */
  apply(entry) {
    if (this.#readers > 0) this.#recent.push(entry);
    return this.#take(entry);
  }

  /**
   * Takes a page of what comes after a seq. One that does not touch the stretch replaces it.
   *
   * @param {number} after
   * @param {HistoryPage} page
   */
  merge(after, page) {
    const last = page.items.at(-1)?.seq ?? after;
    const end = page.pagination.hasMore ? last : Math.max(last, page.lastSeq);
    if (!this.isLoaded || after > this.#to || end < this.#from - 1) this.#begin(after + 1, end);
    this.#from = Math.min(this.#from, after + 1);
    this.#to = Math.max(this.#to, end);
    for (const message of page.items) this.#put(message, page.lastSeq);
    for (const entry of this.#recent) {
      if (entry.seq > page.lastSeq) this.#take(entry);
    }
  }

  /**
   * @param {number} from
   * @param {number} to
   */
  #begin(from, to) {
    this.#from = from;
    this.#to = to;
    this.#messages = [];
    this.#versions.clear();
  }

  /** @param {Entry} entry */
  #take({ seq, kind, message }) {
    // An empty stretch that begins at 1 is a channel's beginning: its first entry belongs to it.
    if (seq === this.#to + 1 && (this.isLoaded || seq === 1)) this.#to = seq;
    if (!this.isLoaded) return null;
    if (!message || kind === 'other') return null;
    // A change of what is not known here is on the page that will bring it.
    if (kind === 'changed' && !this.#versions.has(message.seq)) return null;
    const isInside = message.seq >= this.#from && message.seq <= this.#to;
    return isInside && this.#put(message, seq) ? message : null;
  }

  /**
   * @param {Message} message
   * @param {number} version
   */
  #put(message, version) {
    const known = this.#versions.get(message.seq);
    if (known !== undefined && known >= version) return false;
    this.#versions.set(message.seq, version);
    const at = this.#indexOf(message.seq);
    this.#messages = this.#messages.toSpliced(at, known === undefined ? 0 : 1, message);
    return true;
  }

  /**
   * Where a seq is or belongs.
   *
   * @param {number} seq
   */
  #indexOf(seq) {
    let [low, high] = [0, this.#messages.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (/** @type {Message} */ (this.#messages[middle]).seq < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
