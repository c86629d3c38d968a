/**
 * Reads again what the live entries could not tell: descriptions of new channels, pages that were left
 * out, unread figures that moved while nobody listened. What fails is tried again.
 *
 * @module
 */

/** @import { ChannelInfo, Json } from './types.js' */
/** @import { Channel } from './channel.js' */
/** @import { ChannelList } from './channel_list.js' */
/** @import { Port } from './port.js' */
import { BACKOFF, Backoff } from './backoff.js';
import { asTidewireError } from './errors.js';
import { call } from './port.js';

/** What becomes stale in the same moment is read together. */
const GATHER_MS = 20;
/** From so many on, one list is cheaper than each by itself. */
const LIST_FROM = 4;

export class Repair {
  #channels;
  #port;
  #backoff;
  /** @type {ReturnType<typeof setTimeout> | null} */
  #timer = null;
  #isOnline = false;
  #isRunning = false;
  #areFiguresDue = false;
  /** Whether channels may be there that nobody told of: empty ones. */
  #isListDue = false;
  /** @type {Set<string>} channels that the server does not want to describe, until the next connection */
  #givenUp = new Set();
  #done;

  /**
   * @param {ChannelList} channels
   * @param {Port} port
   * @param {() => number} random
   * @param {() => void} done hears, after each time of connecting and of reading, that nothing is left
   */
  constructor(channels, port, random, done) {
    this.#channels = channels;
    this.#port = port;
    this.#done = done;
    this.#backoff = new Backoff(random, { ...BACKOFF, maxMs: 15_000 });
  }

  /** Whether there is nothing left to read again. */
  get isDone() {
    const isDue = this.#areFiguresDue || this.#isListDue;
    return !this.#isRunning && !isDue && this.#stale().length === 0;
  }

  /** @param {boolean} isResumed whether figures may have moved without an entry */
  online(isResumed) {
    this.#isOnline = true;
    this.#areFiguresDue ||= isResumed;
    this.#isListDue ||= !isResumed;
    this.#givenUp.clear();
    this.#backoff.reset();
    this.note();
    if (this.isDone) this.#done();
  }

  offline() {
    this.#isOnline = false;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** Something has become stale. */
  note() {
    this.#schedule(GATHER_MS);
  }

  /** @param {number} ms */
  #schedule(ms) {
    if (!this.#isOnline || this.#isRunning || this.#timer || this.isDone) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      void this.#run();
    }, ms);
  }

  async #run() {
    this.#isRunning = true;
    /** @type {number} */
    let waitMs = GATHER_MS;
    try {
      await this.#descriptions();
      for (const channel of this.#stale()) await this.#pages(channel);
      if (this.#areFiguresDue && (await this.#figures())) waitMs = this.#backoff.next();
      else this.#backoff.reset();
    } catch (error) {
      const { retryable, retryAfterMs } = asTidewireError(error);
      waitMs = this.#backoff.next(retryAfterMs);
      if (!retryable) this.#giveUp();
    }
    this.#isRunning = false;
    if (this.isDone && this.#isOnline) this.#done();
    this.#schedule(waitMs);
  }

  /** Somebody may have no right to any of it: asking again does not help. */
  #giveUp() {
    this.#areFiguresDue = false;
    this.#isListDue = false;
    for (const { id } of this.#stale()) this.#givenUp.add(id);
  }

  #stale() {
    const channels = [...this.#channels.values()];
    return channels.filter((channel) => channel.isStale && !this.#givenUp.has(channel.id));
  }

  async #descriptions() {
    const missing = () => this.#stale().filter((channel) => channel.isInfoStale);
    if (this.#isListDue || missing().length >= LIST_FROM) await this.#list();
    // Listed or not is not the same as being in it: the channel itself is asked.
    for (const channel of missing()) await this.#description(channel);
  }

  async #list() {
    const answer = await call(this.#port, 'GET', '/api/v1/chat/channels');
    const { items } = /** @type {{items: ChannelInfo[]}} */ (/** @type {unknown} */ (answer));
    for (const info of items) {
      // One that is not known and has a history was left while the list was on its way.
      const isEmpty = info.lastSeq === 0;
      if (isEmpty || this.#channels.get(info.id)?.isInfoStale) this.#channels.takeInfo(info);
    }
    this.#isListDue = false;
  }

  /** @param {Channel} channel */
  async #description(channel) {
    const answer = await this.#unlessGone(channel, () =>
      call(this.#port, 'GET', `/api/v1/chat/channels/${channel.id}`));
    if (answer === null) return;
    channel.takeInfo(/** @type {{channel: ChannelInfo}} */ (/** @type {unknown} */ (answer)).channel);
  }

  /** @param {Channel} channel */
  async #pages(channel) {
    await this.#unlessGone(channel, () => channel.repair());
  }

  /**
   * @template T
   * @param {Channel} channel
   * @param {() => Promise<T>} ask
   * @returns {Promise<T | null>}
   */
  async #unlessGone(channel, ask) {
    try {
      return await ask();
    } catch (error) {
      if (asTidewireError(error).code !== 'NOT_FOUND') throw error;
      this.#channels.remove(channel.id);
      return null;
    }
  }

  /**
   * A resume tells of channels whose log moved. A marker may have moved without it, and figures that were
   * about to be told when the connection was cut are told by nobody. Asked until they agree.
   */
  async #figures() {
    const answer = await call(this.#port, 'GET', '/api/v1/chat/unread-count');
    const counts = unreadCounts(answer);
    const differing = [...this.#channels.values()].filter(
      ({ id, unread }) => unread.unreadCount !== (counts.get(id) ?? 0));
    for (const channel of differing) await this.#unlessGone(channel, () => channel.askMarker());
    this.#areFiguresDue = differing.length > 0;
    return this.#areFiguresDue;
  }
}

/** @param {Json} answer */
function unreadCounts(answer) {
  const { byChannel } = /** @type {{byChannel: {channelId: string, unreadCount: number}[]}} */ (
    /** @type {unknown} */ (answer));
  return new Map(byChannel.map(({ channelId, unreadCount }) => [channelId, unreadCount]));
}
