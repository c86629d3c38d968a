/**
 * Everything that is known, and what each event does to it. Whether events come from the socket or from
 * another tab makes no difference here.
 *
 * @module
 */

/** @import { ChannelFigures, ChannelInfo, ChannelNotify, EventFrame, Message, OutboxItem, UnreadTotals,
 *   User, UserRef, Welcome } from './types.js' */
/** @import { ChannelData } from './channel_copy.js' */
/** @import { Sending } from './outbox.js' */
/** @import { Port } from './port.js' */
/** @import { Resume } from './link.js' */
import { ChannelList } from './channel_list.js';
import { Emitter } from './emitter.js';
import { randomId } from './environment.js';
import { Notifications } from './notifications.js';
import { Outbox } from './outbox.js';
import { People } from './people.js';
import { Presence } from './presence.js';

/** @type {UnreadTotals} */
const NOTHING_UNREAD = Object.freeze({ email: 0, tasks: 0, chat: 0, notifications: 0, total: 0 });

/**
 * @typedef {object} ModelEvents
 * @property {User} me
 * @property {UnreadTotals} unread
 * @property {string} stale a channel that has to be read again
 * @property {string} dirty a channel whose stored copy is old
 * @property {OutboxItem} written a message, in this tab
 */

/**
 * All of it, for a tab that joins.
 *
 * @typedef {object} Snapshot
 * @property {User | null} me
 * @property {UnreadTotals} unread
 * @property {ChannelData[]} channels
 * @property {number} inbox
 * @property {OutboxItem[]} outbox
 */

/** @extends {Emitter<ModelEvents>} */
export class Model extends Emitter {
  /** @type {User | null} */
  #me = null;
  /** @type {UnreadTotals} */
  #unread = NOTHING_UNREAD;
  /** @type {string | null} whose things these are; a resume goes on from them */
  #owner = null;
  /** @type {{[event: string]: (frame: EventFrame) => void}} */
  #handlers;

  /**
   * @param {Port} port
   * @param {() => number} random
   * @param {{unwatches: boolean}} options
   */
  constructor(port, random, options) {
    super();
    this.outbox = new Outbox(random);
    this.people = new People();
    this.presence = new Presence(port, options);
    this.notifications = new Notifications(port);
    this.channels = new ChannelList({
      port,
      me: () => this.#me?.id ?? null,
      onStale: (id) => this.emit('stale', id),
      onDirty: (id) => this.emit('dirty', id),
      send: (channelId, content, mentions) => this.#send(channelId, content, mentions),
      pending: (channelId) => this.outbox.of(channelId),
    });
    this.outbox.on('changed', (id) => this.channels.get(id)?.emit('pending', this.outbox.of(id)));
    this.#handlers = this.#handlersByEvent();
  }

  get me() {
    return this.#me;
  }

  get unread() {
    return this.#unread;
  }

  /** @returns {Resume | null} */
  resume() {
    const channels = this.channels.positions();
    return this.#owner ? { channels, inbox: this.notifications.inbox } : null;
  }

  /**
   * Whether what is known is this person's.
   *
   * @param {string} userId
   */
  isOf(userId) {
    return this.#owner === null || this.#owner === userId;
  }

  /** @param {Welcome} welcome */
  welcome(welcome) {
    // A log that was restored to an older state counts anew from there.
    const { forked, inboxBehind, status } = welcome.resume;
    const isAnew = forked.length > 0 || inboxBehind || status === 'fresh';
    if (isAnew) this.notifications.startAt(welcome.inbox);
    this.#setMe(welcome.user);
    this.channels.welcome(welcome);
    this.#setUnread(welcome.unread);
  }

  /** @param {EventFrame} frame */
  take(frame) {
    if (frame.channel !== undefined && frame.seq !== undefined) this.#takeEntry(frame);
    else this.#handlers[frame.event]?.(frame);
  }

  /** @param {number} messages to keep of each channel @returns {Snapshot} */
  snapshot(messages) {
    const { inbox } = this.notifications;
    const channels = this.channels.snapshot(messages);
    return { me: this.#me, unread: this.#unread, channels, inbox, outbox: this.outbox.items };
  }

  /** Takes what the tab with the socket knows. @param {Snapshot} snapshot */
  adopt({ me, unread, channels, inbox, outbox }) {
    if (me && !this.isOf(me.id)) this.clear();
    if (me) this.#setMe(me);
    this.channels.adopt(channels);
    this.notifications.restore(inbox);
    for (const item of outbox) this.outbox.put(item);
    this.#setUnread(unread);
  }

  /** Takes what a store kept. @param {{userId: string, inbox: number}} kept @param {ChannelData[]} channels */
  restore(kept, channels) {
    this.#owner = kept.userId;
    this.notifications.restore(kept.inbox);
    for (const channel of channels) this.channels.restore(channel);
  }

  clear() {
    this.#owner = null;
    this.#me = null;
    this.channels.clear();
    this.outbox.clear();
    this.people.clear();
    this.notifications.forget();
  }

  /** @param {EventFrame} frame */
  #takeEntry(frame) {
    this.channels.takeEntry(frame);
    if (frame.event !== 'chat.message.created') return;
    const { message } = /** @type {{message: Message}} */ (/** @type {unknown} */ (frame.data));
    const isOwn = message.clientMessageId !== null && message.sender?.id === this.#me?.id;
    if (isOwn && message.clientMessageId) this.outbox.acknowledge(message.clientMessageId, message);
  }

  /** @returns {{[event: string]: (frame: EventFrame) => void}} */
  #handlersByEvent() {
    const notify = (/** @type {EventFrame} */ frame) => this.notifications.take(frame);
    return {
      'chat.channel.created': (frame) => {
        this.channels.takeInfo(/** @type {{channel: ChannelInfo}} */ (data(frame)).channel);
      },
      'chat.channel.removed': (frame) => this.channels.remove(channelOf(frame)),
      'chat.channel.updated': (frame) => {
        const settings = /** @type {{muted?: boolean, notify?: ChannelNotify}} */ (data(frame));
        this.channels.get(channelOf(frame))?.takeSettings(settings);
      },
      'chat.read': (frame) => {
        const { userId, lastReadSeq } = /** @type {{userId: string, lastReadSeq: number}} */ (data(frame));
        this.channels.get(channelOf(frame))?.takeRead(userId, lastReadSeq);
      },
      'chat.typing': (frame) => {
        const { userId, expiresInMs } = /** @type {{userId: string, expiresInMs: number}} */ (data(frame));
        this.channels.get(channelOf(frame))?.takeTyping(userId, expiresInMs);
      },
      'unread.changed': (frame) => {
        const { channels, ...totals } = /** @type {UnreadTotals & {channels: ChannelFigures[]}} */ (data(frame));
        this.channels.takeFigures(channels);
        this.#setUnread(totals);
      },
      'presence.changed': (frame) => this.presence.take(frame),
      'notification.created': notify,
      'notification.updated': notify,
      'notification.removed': notify,
      'notifications.all_read': notify,
      'inbox.behind': notify,
      'user.updated': (frame) => this.#takeUser(frame),
    };
  }

  /** @param {EventFrame} frame */
  #takeUser(frame) {
    this.people.take(frame);
    const { user } = /** @type {{user: UserRef}} */ (data(frame));
    if (!this.#me || user.id !== this.#me.id) return;
    const { displayName, firstName, lastName, avatar } = user;
    this.#setMe({ ...this.#me, displayName, firstName, lastName, avatar });
  }

  /**
   * @param {string} channelId
   * @param {string} content
   * @param {string[]} mentions
   * @returns {Sending}
   */
  #send(channelId, content, mentions) {
    const createdAt = new Date().toISOString();
    const item = { clientMessageId: randomId(), channelId, content, mentions, createdAt };
    const sending = this.outbox.send({ ...item, state: 'queued', error: null });
    this.emit('written', { ...item, state: 'queued', error: null });
    return sending;
  }

  /** @param {User} me */
  #setMe(me) {
    this.#me = me;
    this.#owner = me.id;
    this.emit('me', me);
  }

  /** @param {UnreadTotals} totals */
  #setUnread(totals) {
    this.#unread = totals;
    this.emit('unread', totals);
  }
}

/**
 * @param {EventFrame} frame
 * @returns {unknown}
 */
function data(frame) {
  return frame.data;
}

/** @param {EventFrame} frame */
function channelOf(frame) {
  return /** @type {{channelId: string}} */ (data(frame)).channelId;
}
