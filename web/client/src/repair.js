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
    return !this.#isRunning && !this.#areFiguresDue && this.#stale().length === 0;
  }

  /** @param {boolean} isResumed whether figures may have moved without an entry */
  online(isResumed) {
    this.#isOnline = true;
    this.#areFiguresDue ||= isResumed;
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
      waitMs = this.#backoff.next(asTidewireError(error).retryAfterMs);
    }
    this.#isRunning = false;
    if (this.isDone && this.#isOnline) this.#done();
    this.#schedule(waitMs);
  }

  #stale() {
    return [...this.#channels.values()].filter((channel) => channel.isStale);
  }

  async #descriptions() {
    const missing = this.#stale().filter((channel) => channel.isInfoStale);
    if (missing.length >= LIST_FROM) return this.#list(missing);
    for (const channel of missing) await this.#description(channel);
  }

  /** @param {Channel[]} missing */
  async #list(missing) {
    const answer = await call(this.#port, 'GET', '/api/v1/chat/channels');
    const { items } = /** @type {{items: ChannelInfo[]}} */ (/** @type {unknown} */ (answer));
    const listed = new Map(items.map((info) => [info.id, info]));
    for (const channel of missing) {
      const info = listed.get(channel.id);
      if (info) channel.takeInfo(info);
      // Listed or not is not the same as being in it: the channel itself is asked.
      else await this.#description(channel);
    }
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
