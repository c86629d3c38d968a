/**
 * The copy of one channel's log: how far it goes, and which messages of it are loaded.
 *
 * @module
 */

/** @import { EventFrame, Message, Position } from './types.js' */
/** @import { Port } from './port.js' */
/** @import { TimelineData } from './timeline.js' */
import { entryOf } from './channel_entries.js';
import { PAGE_MAX, loadAfter, loadAround, loadBefore, loadEnd, reload } from './history.js';
import { Timeline } from './timeline.js';

/** The mark before the first entry of a log. */
const START_MARK = 'AAAAAAAAAAA';

/**
 * @typedef {object} LogListener
 * @property {(frame: EventFrame & {seq: number}, message: Message | null) => void} entry one was applied;
 *   with the message that it created or changed
 * @property {() => void} messages the loaded ones are others
 * @property {() => void} behind entries are missing, and what they said has to be read
 */

/**
 * @typedef {object} LogData
 * @property {[seq: number, mark: string | null] | null} position
 * @property {TimelineData | null} timeline
 * @property {boolean} isStale
 */

export class ChannelLog {
  #id;
  #port;
  #listener;
  /** @type {number | null} */
  #seq = null;
  /** @type {string | null} */
  #mark = null;
  #timeline = new Timeline();
  /** @type {Set<Timeline>} those that are being filled, to take the place of the one that is shown */
  #filling = new Set();
  /** Counts the times that entries were left out. */
  #gaps = 0;
  #isStale = false;
  #isForked = false;

  /**
   * @param {string} id
   * @param {Port} port
   * @param {LogListener} listener
   */
  constructor(id, port, listener) {
    this.#id = id;
    this.#port = port;
    this.#listener = listener;
  }

  /** The last entry that is known, or 0. */
  get seq() {
    return this.#seq ?? 0;
  }

  /** @returns {Position | null} what a resume can name */
  get position() {
    return this.#seq === null || this.#mark === null ? null : [this.#seq, this.#mark];
  }

  get messages() {
    return this.#timeline.messages;
  }

  get hasOlder() {
    return this.#timeline.isLoaded ? this.#timeline.from > 1 : this.seq > 0;
  }

  get hasNewer() {
    return this.#timeline.isLoaded && this.#timeline.to < this.seq;
  }

  /** Whether loaded messages have to be read again. */
  get isStale() {
    return this.#isStale;
  }

  /**
   * Takes an entry, once and in order; what is missing before it is noticed and read later.
   *
   * @param {EventFrame & {seq: number, mark: string}} frame
   */
  take(frame) {
    const { seq, mark } = frame;
    if (frame.event === 'channel.behind') return this.#fallBehind(seq, mark);
    if (this.#seq !== null && seq <= this.#seq) return;
    if (this.#seq !== null && seq > this.#seq + 1) return this.#fallBehind(seq, mark);
    this.#stand(seq, mark);
    const entry = entryOf(frame);
    for (const timeline of this.#filling) timeline.apply(entry);
    const shown = this.#timeline.apply(entry);
    if (shown) this.#listener.messages();
    this.#listener.entry(frame, entry.message);
  }

  /**
   * Takes the head that a new connection tells.
   *
   * @param {Position} head
   * @param {'resumed' | 'new' | 'behind' | 'forked'} how `resumed`: what was missed follows
   */
  takeHead([seq, mark], how) {
    if (how === 'resumed') return;
    if (how === 'forked') this.#fork();
    const isMoved = this.#seq !== seq || (this.#mark !== null && this.#mark !== mark);
    if (how === 'forked') this.#leap(seq, mark);
    else if (isMoved) this.#fallBehind(seq, mark);
    else this.#stand(seq, mark);
  }

  /**
   * Takes where a description stood; entries tell more, and an empty log has a mark that all know.
   *
   * @param {number} seq
   */
  takeSeq(seq) {
    if (this.#seq === null) this.#stand(seq, seq === 0 ? START_MARK : null);
  }

  /** @param {number} count */
  async loadLatest(count) {
    if (this.#timeline.isLoaded && !this.hasNewer && !this.#isStale) return;
    await this.#replace((fresh) => loadEnd(this.#port, this.#id, fresh, this.seq, count));
  }

  /** @param {number} count */
  async loadOlder(count) {
    if (!this.#timeline.isLoaded) return this.loadLatest(count);
    await this.#extend((shown) => loadBefore(this.#port, this.#id, shown, count));
  }

  /** @param {number} count */
  async loadNewer(count) {
    if (!this.#timeline.isLoaded) return this.loadLatest(count);
    if (this.hasNewer) await this.#extend((shown) => loadAfter(this.#port, this.#id, shown, count));
  }

  /**
   * @param {number} seq
   * @param {number} count
   */
  async loadAround(seq, count) {
    await this.#replace((fresh) => loadAround(this.#port, this.#id, fresh, seq, count));
  }

  /** Reads again what is loaded, if entries were missed. */
  async repair() {
    if (!this.#isStale) return;
    const isForked = this.#isForked;
    const from = this.#timeline.isLoaded ? this.#timeline.from : Math.max(1, this.seq - PAGE_MAX);
    const old = { from, head: this.seq, isForked };
    await this.#replace((fresh) => reload(this.#port, this.#id, fresh, old));
  }

  /**
   * @param {number} count of messages
   * @returns {LogData}
   */
  snapshot(count) {
    const isLive = !this.hasNewer;
    return {
      position: this.#seq === null ? null : [this.#seq, this.#mark],
      timeline: isLive && count > 0 ? this.#timeline.tail(count) : null,
      isStale: this.#isStale,
    };
  }

  /** @param {LogData} data */
  restore({ position, timeline, isStale }) {
    if (position) this.#stand(position[0], position[1]);
    if (timeline) this.#timeline = new Timeline(timeline);
    this.#isStale = isStale;
  }

  /**
   * @param {number} seq
   * @param {string | null} mark
   */
  #stand(seq, mark) {
    this.#seq = seq;
    this.#mark = mark;
  }

  /**
   * @param {number} seq
   * @param {string} mark
   */
  #fallBehind(seq, mark) {
    if (this.#seq === null || seq > this.#seq) this.#leap(seq, mark);
  }

  /**
   * @param {number} seq
   * @param {string} mark
   */
  #leap(seq, mark) {
    this.#stand(seq, mark);
    this.#gaps += 1;
    this.#isStale ||= this.#timeline.isLoaded || this.#filling.size > 0;
    this.#listener.behind();
  }

  /** What was copied never was, or is not any more. */
  #fork() {
    this.#isStale ||= this.#timeline.isLoaded || this.#filling.size > 0;
    this.#isForked = true;
    this.#timeline = new Timeline();
    this.#listener.messages();
  }

  /** @param {(shown: Timeline) => Promise<void>} load */
  async #extend(load) {
    const shown = this.#timeline;
    shown.open();
    try {
      await load(shown);
    } finally {
      shown.close();
    }
    if (shown === this.#timeline) this.#listener.messages();
  }

  /** @param {(fresh: Timeline) => Promise<void>} load */
  async #replace(load) {
    const fresh = new Timeline();
    const gaps = this.#gaps;
    fresh.open();
    this.#filling.add(fresh);
    try {
      await load(fresh);
    } finally {
      fresh.close();
      this.#filling.delete(fresh);
    }
    // If more was left out meanwhile, this copy is no better than the one before, and is read again.
    this.#isStale = gaps !== this.#gaps;
    if (!this.#isStale) this.#isForked = false;
    this.#timeline = fresh;
    this.#listener.messages();
    if (this.#isStale) this.#listener.behind();
  }
}
