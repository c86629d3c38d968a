/**
 * All channels of the person, fed by what the connection brings.
 *
 * @module
 */

/** @import { ChannelFigures, ChannelInfo, EventFrame, Position, Welcome } from './types.js' */
/** @import { ChannelData, ChannelHost } from './channel_copy.js' */
import { Channel } from './channel.js';
import { Emitter } from './emitter.js';

/**
 * @typedef {object} ChannelListEvents
 * @property {Channel} added
 * @property {Channel} removed
 * @property {Channel} changed its description, figures or last message
 */

/** As many as a resume may name. */
const RESUME_CHANNELS_MAX = 10_000;

/** @extends {Emitter<ChannelListEvents>} */
export class ChannelList extends Emitter {
  /** @type {Map<string, Channel>} */
  #channels = new Map();
  /** @type {Set<string>} those that the last resume named */
  #named = new Set();
  #host;

  /** @param {ChannelHost} host */
  constructor(host) {
    super();
    this.#host = host;
  }

  /** @param {string} id */
  get(id) {
    return this.#channels.get(id) ?? null;
  }

  /** Those with the newest activity first. */
  get all() {
    const activity = (/** @type {Channel} */ { info }) => info?.lastMessageAt ?? info?.createdAt ?? '';
    return [...this.#channels.values()].sort((a, b) => (activity(a) < activity(b) ? 1 : -1));
  }

  /** @returns {IterableIterator<Channel>} @internal */
  values() {
    return this.#channels.values();
  }

  /** @returns {{[id: string]: Position}} @internal */
  positions() {
    /** @type {{[id: string]: Position}} */
    const positions = {};
    this.#named.clear();
    for (const { id, position } of this.#channels.values()) {
      if (!position || this.#named.size >= RESUME_CHANNELS_MAX) continue;
      positions[id] = position;
      this.#named.add(id);
    }
    return positions;
  }

  /** @param {Welcome} welcome @internal */
  welcome({ channels, resume }) {
    const behind = new Set(resume.behind.map(({ channel }) => channel));
    const forked = new Set(resume.forked);
    const isFresh = resume.status === 'fresh';
    for (const state of channels) {
      const isNew = isFresh || !this.#named.has(state.id);
      const how = isNew ? 'new' : 'resumed';
      const left = behind.has(state.id) ? 'behind' : how;
      this.#obtain(state.id).takeState(state, forked.has(state.id) ? 'forked' : left);
    }
    resume.gone.forEach((id) => this.remove(id));
    const told = new Set(channels.map(({ id }) => id));
    for (const { id, seq } of [...this.#channels.values()]) {
      // What was not named is told, whether it moved or not, unless it is empty or one is not in it.
      const isNamed = !isFresh && this.#named.has(id);
      if (!isNamed && !told.has(id) && seq > 0) this.remove(id);
    }
  }

  /** @param {EventFrame} frame @internal */
  takeEntry(frame) {
    const { channel, seq, mark } = frame;
    if (channel === undefined || seq === undefined || mark === undefined) return;
    this.#obtain(channel).take({ ...frame, seq, mark });
  }

  /** @param {ChannelInfo} info @internal */
  takeInfo(info) {
    const channel = this.#obtain(info.id);
    channel.takeInfo(info);
    return channel;
  }

  /** @param {ChannelFigures[]} figures @internal */
  takeFigures(figures) {
    for (const { id, seq, lastReadSeq, unreadCount, mentionCount, revision } of figures) {
      this.get(id)?.takeFigures({ seq, lastReadSeq, unreadCount, mentionCount, revision });
    }
  }

  /** @param {string} id @internal */
  remove(id) {
    const channel = this.#channels.get(id);
    if (!channel) return;
    this.#channels.delete(id);
    channel.dispose();
    this.#host.onDirty(id);
    this.emit('removed', channel);
  }

  /** @param {number} count of messages of each @returns {ChannelData[]} @internal */
  snapshot(count) {
    return [...this.#channels.values()].map((channel) => channel.snapshot(count));
  }

  /** @param {ChannelData} data @internal */
  restore(data) {
    this.#obtain(data.id).restore(data);
  }

  /** @param {ChannelData[]} all what the tab with the socket has @internal */
  adopt(all) {
    for (const data of all) this.#obtain(data.id).adopt(data);
    this.#keepOnly(new Set(all.map(({ id }) => id)));
  }

  /** @internal */
  clear() {
    this.#keepOnly(new Set());
  }

  /** @param {Set<string>} ids */
  #keepOnly(ids) {
    for (const id of [...this.#channels.keys()]) {
      if (!ids.has(id)) this.remove(id);
    }
  }

  /** @param {string} id */
  #obtain(id) {
    const known = this.#channels.get(id);
    if (known) return known;
    const channel = new Channel(id, this.#host);
    this.#channels.set(id, channel);
    channel.on('changed', () => this.emit('changed', channel));
    channel.on('unread', () => this.emit('changed', channel));
    this.emit('added', channel);
    this.#host.onStale(id);
    return channel;
  }
}
