/**
 * Keeps a connection: opens it, says hello, and when it ends decides whether and when to come back.
 *
 * @module
 */

/** @import { Codec } from './codec.js' */
/** @import { BackoffLimits } from './backoff.js' */
/** @import { End } from './connection.js' */
/** @import { Environment } from './environment.js' */
/** @import { TidewireError } from './errors.js' */
/** @import { Session } from './session.js' */
/** @import { ErrorBody, EventFrame, Json, Position, PresenceStatus, Welcome } from './types.js' */
import { Backoff } from './backoff.js';
import { judgeClose } from './close_codes.js';
import { Connection } from './connection.js';
import { Emitter } from './emitter.js';
import { asTidewireError, clientError } from './errors.js';
import { obtainPass } from './pass.js';
import { Pause } from './pause.js';

/** @typedef {{channels: {[id: string]: Position}, inbox: number}} Resume */

/**
 * @typedef {object} LinkOptions
 * @property {string} url the server's address
 * @property {Codec[]} codecs
 * @property {'auto' | 'ticket' | 'token'} signIn
 * @property {{name: string, version: string, platform: string}} client
 * @property {string | null} deviceId
 * @property {number} timeoutMs
 * @property {BackoffLimits} backoff
 * @property {() => PresenceStatus | null} presence
 * @property {() => Resume | null} resume
 */

/** @typedef {'stopped' | 'connecting' | 'online' | 'waiting' | 'ended'} LinkState */
/** @typedef {{reason: string, error: ErrorBody | null}} Ending */

/**
 * @typedef {object} LinkEvents
 * @property {Welcome} welcome
 * @property {EventFrame} event
 * @property {LinkState} state
 * @property {Ending} ended it does not reconnect by itself
 */

/** How often it may be told in a row that it is not signed in, each time with a newer token. */
const SIGN_INS_MAX = 3;
const NOT_SIGNED_IN = new Set(['TOKEN_EXPIRED', 'TOKEN_INVALID', 'TOKEN_MISSING', 'TICKET_INVALID']);

/** @extends {Emitter<LinkEvents>} */
export class Link extends Emitter {
  #env;
  #options;
  #session;
  #backoff;
  /** @type {LinkState} */
  #state = 'stopped';
  /** @type {Connection | null} */
  #connection = null;
  /** @type {{atMs: number, ticket: string | null} | null} */
  #slot = null;
  #pause = new Pause();
  /** Tells a life from the one before `stop`. */
  #life = 0;
  #signIns = 0;
  #isRefused = false;

  /**
   * @param {Environment} env
   * @param {LinkOptions} options
   * @param {Session} session
   */
  constructor(env, options, session) {
    super();
    this.#env = env;
    this.#options = options;
    this.#session = session;
    this.#backoff = new Backoff(env.random, options.backoff);
  }

  get state() {
    return this.#state;
  }

  start() {
    if (this.#state !== 'stopped' && this.#state !== 'ended') return;
    this.#signIns = 0;
    this.#backoff.reset();
    void this.#live(++this.#life);
  }

  stop() {
    this.#life += 1;
    this.#enter('stopped');
    this.#connection?.close(1000);
    this.#connection = null;
    this.#pause.wake();
  }

  /** Begins anew: what this connection was told is of no use. */
  again() {
    this.#connection?.close(1006);
  }

  /** There may be a network again: the wait is over, unless the server asked for it. */
  nudge() {
    if (this.#state === 'waiting' && !this.#slot) this.#pause.wake();
  }

  /**
   * @param {string} op
   * @param {object} data
   * @returns {Promise<Json>}
   */
  request(op, data) {
    if (this.#state !== 'online' || !this.#connection) return Promise.reject(offline());
    return this.#connection.request(op, data);
  }

  /**
   * @param {string} op
   * @param {object} data
   */
  tell(op, data) {
    if (this.#state === 'online') this.#connection?.tell(op, data);
  }

  /** @param {number} life */
  async #live(life) {
    while (life === this.#life) {
      this.#enter('connecting');
      const waitMs = await this.#visit(life);
      if (life !== this.#life) return;
      if (waitMs === null) return;
      this.#enter('waiting');
      await this.#pause.sleep(waitMs);
    }
  }

  /**
   * One connection, from its opening to its end.
   *
   * @param {number} life
   * @returns {Promise<number | null>} how long to wait before the next one; `null` for no next one
   */
  async #visit(life) {
    try {
      const connection = await this.#connect(life);
      if (life !== this.#life) connection.close(1000);
      return this.#afterEnd(await connection.ended);
    } catch (error) {
      return life === this.#life ? await this.#afterRefusal(asTidewireError(error)) : null;
    } finally {
      if (life === this.#life) this.#connection = null;
    }
  }

  /** @param {number} life */
  async #connect(life) {
    const resume = this.#options.resume();
    const pass = await this.#pass(resume);
    if (life !== this.#life) throw offline();
    const connection = new Connection(this.#env, {
      url: `${this.#options.url.replace(/^http/, 'ws')}/api/v1/ws`,
      codecs: this.#options.codecs,
      ticket: pass.ticket,
      timeoutMs: this.#options.timeoutMs,
      onEvent: (frame) => this.#take(frame),
    });
    this.#connection = connection;
    // What ends before it opens has a code, or a wait that the server asked for; both are judged alike.
    const open = await Promise.race([connection.opened.then(() => true, () => false), connection.ended]);
    if (open !== true) return connection;
    const { client, deviceId } = this.#options;
    const told = { token: pass.token, deviceId, presence: this.#options.presence(), resume };
    const given = Object.entries(told).filter(([, value]) => value !== null);
    const refusal = await this.#greet(connection, { client, ...Object.fromEntries(given) });
    // Cut before the answer: the code of the end says more than that.
    if (!refusal || refusal.code === 'CLOSED') return connection;
    connection.close(1000);
    throw refusal;
  }

  /**
   * @param {Connection} connection
   * @param {object} hello
   * @returns {Promise<TidewireError | null>} why it was refused
   */
  #greet(connection, hello) {
    return new Promise((resolve) => {
      connection.ask('hello', hello, {
        // Entries may stand right behind the answer, so it is taken before anything else is read.
        resolve: (welcome) => {
          const told = /** @type {Welcome} */ (/** @type {unknown} */ (welcome));
          if (this.#connection === connection) this.#settle(connection, told);
          resolve(null);
        },
        reject: (error) => resolve(asTidewireError(error)),
      });
    });
  }

  /**
   * @param {Connection} connection
   * @param {Welcome} welcome
   */
  #settle(connection, welcome) {
    connection.settle(welcome.limits, welcome.heartbeatSeconds);
    this.#backoff.reset();
    this.#signIns = 0;
    this.emit('welcome', welcome);
    this.#enter('online');
  }

  /** @param {Resume | null} resume */
  async #pass(resume) {
    const slot = this.#slot;
    this.#slot = null;
    if (slot?.ticket) return { ticket: slot.ticket, token: null };
    if (this.#isRefused && this.#session.isRenewable) await this.#session.renew();
    this.#isRefused = false;
    return obtainPass(this.#session, this.#options.signIn, resume);
  }

  /** @param {EventFrame} frame */
  #take(frame) {
    if (frame.event === 'server.draining') {
      const { reconnectAfterMs, ticket } = /** @type {{reconnectAfterMs: number, ticket: string}} */ (frame.data);
      this.#slot = { atMs: this.#env.now() + reconnectAfterMs, ticket };
    }
    this.emit('event', frame);
  }

  /**
   * @param {End} end
   * @returns {number | null}
   */
  #afterEnd({ code, retryAfterMs }) {
    const { verdict, reason } = judgeClose(code);
    const wasOnline = this.#state === 'online';
    if (verdict === 'end' || (verdict === 'sign_in' && wasOnline)) return this.#finish(reason, null);
    if (verdict === 'sign_in') return this.#signInAgain(reason, null);
    if (verdict === 'slot' && this.#slot) return Math.max(0, this.#slot.atMs - this.#env.now());
    return this.#backoff.next(verdict === 'later' ? 10_000 : retryAfterMs);
  }

  /**
   * @param {TidewireError} error
   * @returns {number | null}
   */
  #afterRefusal(error) {
    if (NOT_SIGNED_IN.has(error.code)) return this.#signInAgain('not_signed_in', error);
    if (error.retryable) return this.#backoff.next(error.retryAfterMs);
    return this.#finish(error.code === 'SESSION_REVOKED' ? 'session_ended' : 'refused', error);
  }

  /**
   * A newer token may do; a hello that came too late is told the same.
   *
   * @param {string} reason
   * @param {TidewireError | null} error
   */
  #signInAgain(reason, error) {
    this.#signIns += 1;
    if (this.#signIns > SIGN_INS_MAX || (error && !this.#session.isRenewable)) {
      return this.#finish(reason, error);
    }
    this.#isRefused = error !== null && error.code !== 'TICKET_INVALID';
    return this.#signIns === 1 ? 0 : this.#backoff.next();
  }

  /**
   * @param {string} reason
   * @param {TidewireError | null} error
   */
  #finish(reason, error) {
    this.#enter('ended');
    this.emit('ended', { reason, error: error?.body ?? null });
    return null;
  }

  /** @param {LinkState} state */
  #enter(state) {
    if (state === this.#state) return;
    this.#state = state;
    this.emit('state', state);
  }
}

function offline() {
  return clientError('OFFLINE', 'There is no connection right now.');
}
