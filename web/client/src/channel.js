/**
 * A channel as applications see it: what is known of it, and what one can do in it.
 *
 * @module
 */

/** @import { ChannelInfo, ChannelMember, ChannelNotify, Figures, Json, Message } from './types.js' */
import { ChannelCopy } from './channel_copy.js';
import { call } from './port.js';
import { TypingNotice } from './typing.js';

export class Channel extends ChannelCopy {
  #notice = new TypingNotice();
  /** @type {number | null} up to where was read, while the server has not heard of it */
  #unsentRead = null;

  /** Whether there is something before the loaded messages. */
  get hasOlder() {
    return this.log.hasOlder;
  }

  /** Whether the loaded messages end before the newest. */
  get hasNewer() {
    return this.log.hasNewer;
  }

  /** What was written here and is not acknowledged. */
  get pending() {
    return this.host.pending(this.id);
  }

  /**
   * Loads the newest messages, which are kept up to date from then on.
   *
   * @param {number} [count] of entries, of which some may be edits
   * @returns {Promise<void>}
   */
  loadLatest(count = 50) {
    return this.log.loadLatest(count);
  }

  /**
   * @param {number} [count]
   * @returns {Promise<void>}
   */
  loadOlder(count = 50) {
    return this.log.loadOlder(count);
  }

  /**
   * @param {number} [count]
   * @returns {Promise<void>}
   */
  loadNewer(count = 50) {
    return this.log.loadNewer(count);
  }

  /**
   * Loads what stands around a message instead of what was loaded; see `hasNewer`.
   *
   * @param {number} seq
   * @param {number} [count]
   * @returns {Promise<void>}
   */
  loadAround(seq, count = 50) {
    return this.log.loadAround(seq, count);
  }

  /**
   * Sends now, or as soon as there is a connection; once, whatever happens in between.
   *
   * @param {string} content
   * @param {{mentions?: string[]}} [options] ids of members
   */
  send(content, { mentions = [] } = {}) {
    this.#notice.reset();
    return this.host.send(this.id, content, mentions);
  }

  /**
   * @param {string} messageId
   * @param {string} content
   * @returns {Promise<Message>}
   */
  edit(messageId, content) {
    return this.#change('chat.edit', { messageId, content });
  }

  /**
   * @param {string} messageId
   * @returns {Promise<Message>}
   */
  delete(messageId) {
    return this.#change('chat.delete', { messageId });
  }

  /**
   * Everything up to a seq is read; without one, all there is. Without a connection it is remembered
   * and told later.
   *
   * @param {number} [seq]
   */
  async markRead(seq = this.seq) {
    if (seq <= this.unread.lastReadSeq && this.unread.unreadCount === 0) return;
    this.#unsentRead = Math.max(this.#unsentRead ?? 0, seq);
    await this.flush();
  }

  /**
   * Everything from a seq on is unread again.
   *
   * @param {number} seq
   */
  async markUnread(seq) {
    this.#unsentRead = null;
    const head = this.seq;
    this.#takeMarker(await this.#call('POST', '/unread', { seq }), head);
  }

  /**
   * One's own settings of the channel.
   *
   * @param {{muted?: boolean, notify?: ChannelNotify}} settings
   */
  async configure(settings) {
    const answer = await this.#call('PATCH', '/settings', settings);
    this.takeSettings(/** @type {{channel: ChannelInfo}} */ (/** @type {unknown} */ (answer)).channel);
  }

  /**
   * All members, with their roles, and how far they have read.
   *
   * @returns {Promise<ChannelMember[]>}
   */
  async loadMembers() {
    const answer = await this.#call('GET', '');
    const { members } = /** @type {{members: ChannelMember[]}} */ (/** @type {unknown} */ (answer));
    for (const { user, lastReadSeq } of members) this.takeRead(user.id, lastReadSeq);
    return members;
  }

  /** Shows the others that one is writing. To be called at each key; not each is told. */
  notifyTyping() {
    if (!this.#notice.isDue(Date.now())) return;
    this.host.port.tell('chat.typing', { channelId: this.id });
  }

  /** Tells what was read while there was no connection. @internal */
  async flush() {
    const seq = this.#unsentRead;
    if (seq === null) return;
    try {
      await this.#read(seq);
    } catch (error) {
      if (isLost(error)) return;
      throw error;
    }
    if (this.#unsentRead === seq) this.#unsentRead = null;
  }

  /** Asks where the marker stands: a read up to nothing moves nothing. @internal */
  async askMarker() {
    await this.#read(0);
  }

  /** @param {number} seq */
  async #read(seq) {
    const head = this.seq;
    const data = { channelId: this.id, seq, revision: this.unread.revision };
    this.#takeMarker(await this.host.port.request('chat.read', data), head);
  }

  /**
   * The answer does not say as of which entry it is: not before what was known when it was asked.
   *
   * @param {Json} answer
   * @param {number} seq
   */
  #takeMarker(answer, seq) {
    const told = /** @type {Figures} */ (/** @type {unknown} */ (answer));
    const { lastReadSeq, unreadCount, revision } = told;
    const mentionCount = Math.min(this.unread.mentionCount, unreadCount);
    this.takeFigures({ seq, lastReadSeq, unreadCount, revision, mentionCount });
  }

  /**
   * @param {string} op
   * @param {object} data
   */
  async #change(op, data) {
    const answer = await this.host.port.request(op, { channelId: this.id, ...data });
    return /** @type {{message: Message}} */ (/** @type {unknown} */ (answer)).message;
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {{[name: string]: Json}} [body]
   */
  #call(method, path, body) {
    const options = body ? { body } : {};
    return call(this.host.port, method, `/api/v1/chat/channels/${this.id}${path}`, options);
  }
}

/** @param {unknown} error */
function isLost(error) {
  return error instanceof Error && 'retryable' in error && error.retryable === true;
}
