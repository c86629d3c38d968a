/**
 * One socket for all tabs of a browser: the tab that holds a lock has it, and the others speak through
 * that one.
 *
 * @module
 */

/** @import { ErrorBody, EventFrame, Json, Message, OutboxItem, Tokens } from './types.js' */
/** @import { LinkState, Ending } from './link.js' */
/** @import { Snapshot } from './model.js' */
/** @import { Port } from './port.js' */
import { Emitter } from './emitter.js';
import { randomId } from './environment.js';
import { TidewireError, asTidewireError, clientError } from './errors.js';

/**
 * The part of `navigator.locks` that is used.
 *
 * @typedef {object} Locks
 * @property {(name: string, options: {signal?: AbortSignal}, held: () => Promise<void>) => Promise<unknown>} request
 */

/**
 * The part of a `BroadcastChannel` that is used.
 *
 * @typedef {object} Broadcast
 * @property {(message: unknown) => void} postMessage
 * @property {() => void} close
 * @property {((event: never) => void) | null} onmessage
 */

/** What the tab with the socket tells the others; each does with it what that tab did.
 * @typedef {{kind: 'snapshot', snapshot: Snapshot, state: LinkState}
 *   | {kind: 'event', frame: EventFrame}
 *   | {kind: 'state', state: LinkState}
 *   | {kind: 'ended', ending: Ending}
 *   | {kind: 'sent', clientMessageId: string, message: Message}
 *   | {kind: 'refused', clientMessageId: string, error: ErrorBody}} Feed */

/** What any tab tells all others.
 * @typedef {{kind: 'put', item: OutboxItem}
 *   | {kind: 'discard', clientMessageId: string}
 *   | {kind: 'retry', clientMessageId: string}
 *   | {kind: 'tokens', tokens: Tokens}
 *   | {kind: 'join'}} Shared */

/** @typedef {{ok: true, data: Json} | {ok: false, error: ErrorBody}} Answer */

/** @typedef {{from: string, to: string | null, body: Feed | Shared
 *   | {kind: 'request', id: number, op: string, data: object}
 *   | {kind: 'tell', op: string, data: object}
 *   | {kind: 'reply', id: number, answer: Answer}}} Post */

/**
 * @typedef {object} TabEvents
 * @property {undefined} lead this tab is to have the socket
 * @property {Feed} feed
 * @property {{shared: Shared, from: string}} shared
 */

/**
 * @extends {Emitter<TabEvents>}
 * @implements {Port}
 */
export class Tabs extends Emitter {
  #id = randomId();
  #name;
  #locks;
  #open;
  /** @type {Broadcast | null} */
  #channel = null;
  /** @type {AbortController} */
  #ending = new AbortController();
  /** @type {(() => void) | null} gives the lock back */
  #release = null;
  /** @type {Port | null} the socket, in the tab that has it */
  #socket = null;
  /** @type {string | null} the tab that has it */
  #leader = null;
  #lastId = 0;
  /** @type {Map<number, {resolve: (data: Json) => void, reject: (error: Error) => void}>} */
  #waiting = new Map();

  /**
   * @param {string} name tabs of one name share one socket
   * @param {Locks} locks
   * @param {() => Broadcast} open
   */
  constructor(name, locks, open) {
    super();
    this.#name = name;
    this.#locks = locks;
    this.#open = open;
  }

  /** Stands for election, and asks whoever leads for what there is. */
  start() {
    this.#ending = new AbortController();
    this.#channel = this.#open();
    this.#channel.onmessage = (/** @type {{data: Post}} */ { data }) => this.#take(data);
    const { signal } = this.#ending;
    const held = () => new Promise((/** @type {(value: void) => void} */ resolve) => {
      if (signal.aborted) return resolve();
      this.#release = resolve;
      this.#leader = this.#id;
      this.#abandon();
      this.emit('lead', undefined);
    });
    // Nothing but the end of this tab's wish ends the wait.
    this.#locks.request(`tidewire/${this.#name}`, { signal }, held).catch(() => {});
    this.share({ kind: 'join' });
  }

  /** Leaves; another tab takes over. */
  stop() {
    this.#ending.abort();
    this.#release?.();
    this.#release = null;
    this.#socket = null;
    this.#leader = null;
    this.#abandon();
    this.#channel?.close();
    this.#channel = null;
  }

  /** Whether this tab has been elected. */
  get isLeader() {
    return this.#leader === this.#id;
  }

  /** @param {Port} socket that requests of all tabs go to from now on */
  serve(socket) {
    this.#socket = socket;
  }

  /**
   * As the tab with the socket: tells all others, or one of them.
   *
   * @param {Feed} feed
   * @param {string | null} [to]
   */
  feed(feed, to = null) {
    if (this.isLeader) this.#post(to, feed);
  }

  /** @param {Shared} shared */
  share(shared) {
    this.#post(null, shared);
  }

  /**
   * @param {string} op
   * @param {object} data
   * @returns {Promise<Json>}
   */
  request(op, data) {
    if (this.#socket) return this.#socket.request(op, data);
    const leader = this.#leader;
    if (!leader) return Promise.reject(clientError('OFFLINE', 'No tab has a connection right now.'));
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#post(leader, { kind: 'request', id, op, data });
    });
  }

  /**
   * @param {string} op
   * @param {object} data
   */
  tell(op, data) {
    if (this.#socket) this.#socket.tell(op, data);
    else if (this.#leader) this.#post(this.#leader, { kind: 'tell', op, data });
  }

  /** @param {Post} post */
  #take({ from, to, body }) {
    if (to !== null && to !== this.#id) return;
    switch (body.kind) {
      case 'request':
        void this.#answer(from, body.id, body.op, body.data);
        break;
      case 'tell':
        this.#socket?.tell(body.op, body.data);
        break;
      case 'reply':
        this.#settle(body.id, body.answer);
        break;
      case 'join':
      case 'put':
      case 'discard':
      case 'retry':
      case 'tokens':
        this.emit('shared', { shared: body, from });
        break;
      default:
        this.#takeFeed(from, body);
    }
  }

  /**
   * @param {string} from
   * @param {Feed} feed
   */
  #takeFeed(from, feed) {
    if (this.isLeader) return;
    if (from !== this.#leader) {
      // Only a snapshot makes sense of what follows, and whoever led before answers nobody any more.
      if (feed.kind !== 'snapshot') return;
      this.#leader = from;
      this.#abandon();
    }
    this.emit('feed', feed);
  }

  /**
   * @param {string} from
   * @param {number} id
   * @param {string} op
   * @param {object} data
   */
  async #answer(from, id, op, data) {
    /** @type {Answer} */
    let answer;
    try {
      if (!this.#socket) throw clientError('OFFLINE', 'This tab has no connection.');
      answer = { ok: true, data: await this.#socket.request(op, data) };
    } catch (error) {
      answer = { ok: false, error: asTidewireError(error).body };
    }
    this.#post(from, { kind: 'reply', id, answer });
  }

  /**
   * @param {number} id
   * @param {Answer} answer
   */
  #settle(id, answer) {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (answer.ok) waiting?.resolve(answer.data);
    else waiting?.reject(new TidewireError(answer.error));
  }

  /** Nobody will answer what is waiting. */
  #abandon() {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(clientError('CLOSED', 'The tab with the connection is gone.'));
  }

  /**
   * @param {string | null} to
   * @param {Post['body']} body
   */
  #post(to, body) {
    this.#channel?.postMessage({ from: this.#id, to, body });
  }
}
