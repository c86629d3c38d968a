/**
 * What is known of a channel, and how it is kept up to date.
 *
 * @module
 */

/** @import { ChannelInfo, ChannelNotify, ChannelState, EventFrame, Figures, Message, OutboxItem,
 *   Position } from './types.js' */
/** @import { LogData } from './channel_log.js' */
/** @import { Sending } from './outbox.js' */
/** @import { Port } from './port.js' */
import { describe } from './channel_entries.js';
import { ChannelLog } from './channel_log.js';
import { Emitter } from './emitter.js';
import { NO_FIGURES, afterOwnMessage, newerFigures } from './figures.js';
import { Typists } from './typing.js';

/**
 * `messages`: the loaded ones are others. `message`: one was written, edited or deleted just now.
 * `changed`: the description. `unread`: the figures. `read`: somebody has read. `typing`: who is
 * writing. `pending`: what waits to be sent.
 *
 * @typedef {object} ChannelEvents
 * @property {readonly Message[]} messages
 * @property {Message} message
 * @property {ChannelInfo} changed
 * @property {Figures} unread
 * @property {{userId: string, lastReadSeq: number}} read
 * @property {readonly string[]} typing
 * @property {readonly OutboxItem[]} pending
 */

/**
 * What a channel needs of its client.
 *
 * @typedef {object} ChannelHost
 * @property {Port} port
 * @property {() => string | null} me
 * @property {(id: string) => void} onStale something has to be read again
 * @property {(id: string) => void} onDirty a stored copy is old
 * @property {(channelId: string, content: string, mentions: string[]) => Sending} send
 * @property {(channelId: string) => OutboxItem[]} pending
 */

/** @typedef {LogData & {id: string, info: ChannelInfo | null, figures: Figures}} ChannelData */

/** @extends {Emitter<ChannelEvents>} */
export class ChannelCopy extends Emitter {
  /** @type {ChannelInfo | null} */
  #info = null;
  /** The last entry that the description knows of. */
  #infoSeq = 0;
  #isInfoStale = true;
  /** @type {Figures} */
  #figures = NO_FIGURES;
  /** @type {Map<string, number>} */
  #readers = new Map();
  #typists = new Typists((ids) => this.emit('typing', ids));

  /**
   * @param {string} id
   * @param {ChannelHost} host
   */
  constructor(id, host) {
    super();
    /** @readonly */
    this.id = id;
    /** @protected @readonly */
    this.host = host;
    /** @protected @readonly */
    this.log = new ChannelLog(id, host.port, {
      entry: (frame, message) => this.#takeEntry(frame, message),
      messages: () => this.emit('messages', this.log.messages),
      behind: () => this.#fallBehind(),
    });
  }

  /** What REST tells of it; `null` for a moment after one has joined. */
  get info() {
    return this.#info;
  }

  /** The name of a group; a direct channel has none. */
  get name() {
    return this.#info?.name ?? null;
  }

  /** @returns {Figures} */
  get unread() {
    return this.#figures;
  }

  /** @returns {ReadonlyMap<string, number>} how far others have read, by their ids */
  get readers() {
    return this.#readers;
  }

  /** The ids of those who are writing. */
  get typing() {
    return this.#typists.ids;
  }

  /** @returns {readonly Message[]} those that are loaded, ascending, none missing between them */
  get messages() {
    return this.log.messages;
  }

  /** The last entry of the channel's log that is known. */
  get seq() {
    return this.log.seq;
  }

  /** @returns {Position | null} @internal */
  get position() {
    return this.log.position;
  }

  /** @internal */
  get isInfoStale() {
    return this.#isInfoStale;
  }

  /** @internal */
  get isStale() {
    return this.#isInfoStale || this.log.isStale;
  }

  /** Reads messages again after entries were missed. @internal */
  repair() {
    return this.log.repair();
  }

  /** @param {EventFrame & {seq: number, mark: string}} frame @internal */
  take(frame) {
    this.log.take(frame);
    this.host.onDirty(this.id);
  }

  /**
   * What a new connection says. Its figures count, whatever was known: it has read them now.
   *
   * @param {ChannelState} state
   * @param {'resumed' | 'new' | 'behind' | 'forked'} how
   * @internal
   */
  takeState(state, how) {
    if (how === 'forked') this.#infoSeq = 0;
    this.log.takeHead([state.seq, state.mark], how);
    const { seq, lastReadSeq, unreadCount, mentionCount, revision } = state;
    this.#setFigures({ seq, lastReadSeq, unreadCount, mentionCount, revision });
    this.takeSettings(state);
  }

  /**
   * A description that was read, which may be older or newer than the entries that came.
   *
   * @param {ChannelInfo} info
   * @internal
   */
  takeInfo(info) {
    if (info.lastSeq < this.#infoSeq) return;
    const last = this.#info?.lastMessage ?? null;
    this.#info = info.lastSeq < this.log.seq && last ? { ...info, lastMessage: last } : info;
    this.#infoSeq = info.lastSeq;
    this.#isInfoStale = false;
    if (this.#figures === NO_FIGURES) {
      const { lastSeq, lastReadSeq, unreadCount } = info;
      this.#setFigures({ ...NO_FIGURES, seq: lastSeq, lastReadSeq, unreadCount });
    }
    this.log.takeSeq(info.lastSeq);
    this.#change(this.#info);
  }

  /** @param {{muted?: boolean, notify?: ChannelNotify}} settings @internal */
  takeSettings({ muted, notify }) {
    const info = this.#info;
    if (!info) return;
    const next = { muted: muted ?? info.muted, notify: notify ?? info.notify };
    if (next.muted !== info.muted || next.notify !== info.notify) this.#change({ ...info, ...next });
  }

  /** @param {Figures} told @internal */
  takeFigures(told) {
    const newer = newerFigures(this.#figures, told);
    if (newer !== this.#figures) this.#setFigures(newer);
  }

  /** @param {string} userId @param {number} lastReadSeq @internal */
  takeRead(userId, lastReadSeq) {
    if (lastReadSeq <= (this.#readers.get(userId) ?? 0)) return;
    this.#readers.set(userId, lastReadSeq);
    this.emit('read', { userId, lastReadSeq });
  }

  /** @param {string} userId @param {number} expiresInMs @internal */
  takeTyping(userId, expiresInMs) {
    if (userId !== this.host.me()) this.#typists.take(userId, expiresInMs);
  }

  /** @param {number} count of messages to keep @returns {ChannelData} @internal */
  snapshot(count) {
    const { isStale, ...log } = this.log.snapshot(count);
    const info = this.#isInfoStale ? null : this.#info;
    return { id: this.id, info, figures: this.#figures, isStale, ...log };
  }

  /** @param {ChannelData} data @internal */
  restore(data) {
    this.log.restore(data);
    this.#figures = data.figures;
    if (data.info) this.takeInfo(data.info);
  }

  /**
   * Takes what the tab with the socket knows.
   *
   * @param {ChannelData} data
   * @internal
   */
  adopt(data) {
    if (!data.position) return;
    const [seq, mark] = data.position;
    const isOther = this.log.position?.[0] === seq && mark !== null && this.log.position[1] !== mark;
    // A position ahead of this tab's is one whose entries this tab will not be sent again.
    if (isOther) this.log.takeHead([seq, mark], 'forked');
    else if (mark !== null && seq > this.log.seq) this.log.takeHead([seq, mark], 'behind');
    this.#setFigures(data.figures);
    if (data.info) this.takeInfo(data.info);
  }

  /** @internal */
  dispose() {
    this.#typists.clear();
  }

  /**
   * @param {EventFrame & {seq: number}} frame
   * @param {Message | null} message
   */
  #takeEntry(frame, message) {
    const me = this.host.me();
    if (this.#info && frame.seq > this.#infoSeq) {
      this.#infoSeq = frame.seq;
      this.#change(describe(this.#info, frame, me));
    }
    if (!message) return;
    if (frame.event === 'chat.message.created' && message.sender) {
      this.#typists.drop(message.sender.id);
      if (message.sender.id === me) this.takeFigures(afterOwnMessage(this.#figures, message.seq));
    }
    this.emit('message', message);
  }

  #fallBehind() {
    this.#isInfoStale = true;
    this.host.onStale(this.id);
  }

  /** @param {Figures} figures */
  #setFigures(figures) {
    this.#figures = figures;
    this.host.onDirty(this.id);
    this.emit('unread', figures);
  }

  /** @param {ChannelInfo} info */
  #change(info) {
    this.#info = info;
    this.host.onDirty(this.id);
    this.emit('changed', info);
  }
}

