/**
 * One socket, from its opening to its end: commands with their replies, events, heartbeat.
 *
 * @module
 */

/** @import { Codec } from './codec.js' */
/** @import { Environment, SocketLike } from './environment.js' */
/** @import { EventFrame, Json, Limits } from './types.js' */
import { retryAfterMs } from './backoff.js';
import { TidewireError, clientError } from './errors.js';
import { Pace } from './pace.js';

/** @typedef {{code: number, retryAfterMs: number | null}} End */

/**
 * @typedef {object} ConnectionOptions
 * @property {string} url of the socket
 * @property {Codec[]} codecs the first that the server knows is taken
 * @property {string | null} ticket
 * @property {number} timeoutMs for the opening and for each command
 * @property {(frame: EventFrame) => void} onEvent
 */

/** @typedef {{resolve: (data: Json) => void, reject: (error: Error) => void}} Waiting */

/** How long a closing may take, where it can be cut short. */
const GOODBYE_MS = 1_000;
/** Code of an end without a close frame. */
const CUT = 1006;

export class Connection {
  #env;
  #options;
  /** @type {SocketLike} */
  #socket;
  /** @type {Codec | null} */
  #codec = null;
  #lastId = 0;
  /** @type {Map<number, Waiting>} */
  #waiting = new Map();
  /** @type {Set<ReturnType<typeof setTimeout>>} */
  #timers = new Set();
  /** @type {Pace | null} */
  #pace = null;
  /** @type {number | null} */
  #refusedForMs = null;
  /** @type {End | null} */
  #end = null;
  #heardAt = 0;
  /** @type {PromiseWithResolvers<void>} */
  #opened = withResolvers();
  /** @type {PromiseWithResolvers<End>} */
  #ended = withResolvers();

  /**
   * @param {Environment} env
   * @param {ConnectionOptions} options
   */
  constructor(env, options) {
    this.#env = env;
    this.#options = options;
    const protocols = options.codecs.map((codec) => /** @type {string} */ (codec.subprotocol));
    if (options.ticket) protocols.push(`ticket.${options.ticket}`);
    this.#socket = new env.WebSocket(options.url, protocols);
    this.#socket.binaryType = 'arraybuffer';
    this.#listen();
    this.#opened.promise.catch(() => {});
    this.#after(options.timeoutMs, () => {
      if (!this.#codec) this.close(CUT);
    });
  }

  /** Resolves when commands may be sent. */
  get opened() {
    return this.#opened.promise;
  }

  /** Resolves, and never rejects, when it is over. */
  get ended() {
    return this.#ended.promise;
  }

  /**
   * Sends a command and waits for its reply.
   *
   * @param {string} op
   * @param {object} data
   * @returns {Promise<Json>}
   */
  request(op, data) {
    return new Promise((resolve, reject) => this.ask(op, data, { resolve, reject }));
  }

  /**
   * As `request`, but tells the reply at once: before whatever came behind it.
   *
   * @param {string} op
   * @param {object} data
   * @param {Waiting} waiting
   */
  ask(op, data, waiting) {
    const id = ++this.#lastId;
    this.#waiting.set(id, waiting);
    this.#paced(() => {
      this.#send({ id, op, data });
      this.#after(this.#options.timeoutMs, () => this.#give(id, late(op)));
    });
  }

  /**
   * Sends a command that wants no reply and may be lost.
   *
   * @param {string} op
   * @param {object} data
   */
  tell(op, data) {
    this.#paced(() => this.#send({ op, data }));
  }

  /**
   * After hello: how fast to speak, and how long silence may last.
   *
   * @param {Limits} limits
   * @param {number} heartbeatSeconds
   */
  settle(limits, heartbeatSeconds) {
    this.#pace = new Pace(limits);
    this.#watch(heartbeatSeconds * 1000);
  }

  /**
   * Ends it at once, whatever the other side does.
   *
   * @param {number} code as `ended` will tell it
   */
  close(code) {
    if (this.#end) return;
    this.#finish({ code, retryAfterMs: this.#refusedForMs });
    const socket = /** @type {SocketLike & {terminate?: () => void}} */ (this.#socket);
    // Where the other side is thought dead, nobody waits for its goodbye; and nowhere for long.
    if (code !== 1000 && socket.terminate) return socket.terminate();
    socket.close();
    if (socket.terminate) setTimeout(() => socket.terminate?.(), GOODBYE_MS);
  }

  #listen() {
    const socket = this.#socket;
    socket.onopen = () => this.#open();
    socket.onmessage = (/** @type {{data: unknown}} */ { data }) => this.#take(data);
    socket.onclose = (/** @type {{code: number}} */ { code }) => {
      this.#finish({ code, retryAfterMs: this.#refusedForMs });
    };
    // A close follows and says more; but not everywhere, where nothing was opened.
    socket.onerror = () => {
      if (!this.#codec) this.#finish({ code: CUT, retryAfterMs: this.#refusedForMs });
    };
    this.#hearRefusal();
  }

  /** Browsers hide why an opening was refused; `ws` tells, and then leaves the closing to us. */
  #hearRefusal() {
    const socket = /** @type {SocketLike & {on?: (name: string, listener: (request: unknown,
      response: {headers: {[name: string]: string | undefined}}) => void) => void}} */ (this.#socket);
    socket.on?.('unexpected-response', (_request, response) => {
      this.#refusedForMs = retryAfterMs(response.headers['retry-after'], this.#env.now());
      this.close(CUT);
    });
  }

  #open() {
    if (this.#end) return;
    const { codecs } = this.#options;
    const chosen = codecs.find((codec) => codec.subprotocol === this.#socket.protocol);
    if (!chosen) return this.close(1003);
    this.#codec = chosen;
    this.#heardAt = this.#env.now();
    this.#opened.resolve();
  }

  /** @param {unknown} data */
  #take(data) {
    if (this.#end || !this.#codec) return;
    this.#heardAt = this.#env.now();
    const frame = this.#read(data, this.#codec);
    if (!frame) return;
    if ('event' in frame) this.#options.onEvent(frame);
    else this.#give(frame.id, frame.ok ? { data: frame.data } : new TidewireError(frame.error));
  }

  /**
   * @param {unknown} data
   * @param {Codec} codec
   */
  #read(data, codec) {
    try {
      return codec.decode(data);
    } catch {
      // What cannot be read may have been an entry; a new connection brings it again.
      this.close(CUT);
      return null;
    }
  }

  /**
   * @param {number} id
   * @param {{data: Json} | Error} answer
   */
  #give(id, answer) {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (answer instanceof Error) waiting?.reject(answer);
    else waiting?.resolve(answer.data);
  }

  /** @param {() => void} send */
  #paced(send) {
    const waitMs = this.#pace?.take(this.#env.now()) ?? 0;
    if (waitMs === 0) send();
    else this.#after(waitMs, send);
  }

  /** @param {{id?: number, op: string, data: object}} frame */
  #send(frame) {
    if (this.#end || !this.#codec) {
      if (frame.id !== undefined) this.#give(frame.id, cut());
      return;
    }
    this.#socket.send(this.#codec.encode(frame));
  }

  /**
   * Pings where it has been quiet, and gives up where it stays so. Browsers answer the server's pings
   * by themselves and never show them, so the client has to ask for a sign of its own.
   *
   * @param {number} intervalMs
   */
  #watch(intervalMs) {
    const quietMs = this.#env.now() - this.#heardAt;
    if (quietMs >= intervalMs * 2) return this.close(4408);
    if (quietMs >= intervalMs) this.request('ping', {}).catch(() => {});
    this.#after(intervalMs / 2, () => this.#watch(intervalMs));
  }

  /**
   * @param {number} ms
   * @param {() => void} act
   */
  #after(ms, act) {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!this.#end) act();
    }, ms);
    this.#timers.add(timer);
  }

  /** @param {End} end */
  #finish(end) {
    if (this.#end) return;
    this.#end = end;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    for (const { reject } of this.#waiting.values()) reject(cut());
    this.#waiting.clear();
    this.#opened.reject(cut());
    this.#ended.resolve(end);
  }
}

function cut() {
  return clientError('CLOSED', 'The connection ended before the reply; it may have been done.');
}

/** @param {string} op */
function late(op) {
  return clientError('TIMEOUT', `No reply to ${op} in time.`);
}

/**
 * @template T
 * @returns {PromiseWithResolvers<T>}
 */
function withResolvers() {
  /** @type {Partial<PromiseWithResolvers<T>>} */
  const parts = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return /** @type {PromiseWithResolvers<T>} */ (parts);
}
