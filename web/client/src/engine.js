/**
 * Puts the parts together: what the socket brings goes into the model, and to the other tabs; what the
 * socket's coming and going means to each part.
 *
 * @module
 */

/** @import { EventFrame, OutboxItem, Tokens, Welcome } from './types.js' */
/** @import { ClientOptions } from './options.js' */
/** @import { Ending, LinkState } from './link.js' */
/** @import { Port } from './port.js' */
/** @import { Feed, Shared } from './tabs.js' */
import { Emitter } from './emitter.js';
import { environment } from './environment.js';
import { TidewireError } from './errors.js';
import { Link } from './link.js';
import { Model } from './model.js';
import { linkOptions, tabsOf } from './options.js';
import { Repair } from './repair.js';
import { Session } from './session.js';
import { Persistence } from './store.js';

/**
 * @typedef {object} EngineEvents
 * @property {LinkState} state
 * @property {undefined} ready
 * @property {Ending} ended
 * @property {EventFrame} event
 * @property {OutboxItem} refused
 * @property {unknown} failed something in the background that need not work: a mark, a store
 */

/** @extends {Emitter<EngineEvents>} */
export class Engine extends Emitter {
  #session;
  #link;
  #repair;
  #tabs;
  /** @type {Persistence | null} */
  #persistence = null;
  /** @type {LinkState} */
  #state = 'stopped';
  #isResumed = false;
  #nudge = () => this.#link.nudge();

  /** @param {ClientOptions} options */
  constructor(options) {
    super();
    const env = environment(options);
    const told = (/** @type {Tokens} */ tokens) => this.#tellTokens(tokens, options.onTokens);
    this.#session = new Session(env, options.url, options.tokens, told);
    this.#tabs = tabsOf(options);
    /** @readonly @type {Port} */
    this.port = {
      request: (op, data) => this.#carrier.request(op, data),
      tell: (op, data) => this.#carrier.tell(op, data),
    };
    // Tabs with one socket have one list of whom they watch: none of them may strike somebody out.
    this.model = new Model(this.port, env.random, { unwatches: this.#tabs === null });
    this.#repair = new Repair(this.model.channels, this.port, env.random, () => this.emit('ready', undefined));
    const own = { presence: () => this.model.presence.own, resume: () => this.model.resume() };
    this.#link = new Link(env, { ...linkOptions(options), ...own }, this.#session);
    if (options.store) {
      this.#persistence = new Persistence(options.store, this.model, (error) => this.emit('failed', error));
    }
    this.#listen();
  }

  get state() {
    return this.#state;
  }

  get isReady() {
    return this.#state === 'online' && this.#repair.isDone;
  }

  async start() {
    await this.#persistence?.restore();
    globalThis.addEventListener?.('online', this.#nudge);
    if (this.#tabs) {
      this.#enter('connecting');
      this.#tabs.start();
    } else {
      this.#persistence?.open();
      this.#link.start();
    }
  }

  async stop() {
    globalThis.removeEventListener?.('online', this.#nudge);
    this.#link.stop();
    this.#enter('stopped');
    try {
      // Before another tab takes over, which will write as well.
      await this.#persistence?.close();
    } finally {
      this.#tabs?.stop();
    }
  }

  /** @returns {Promise<string>} one that is good for a while */
  accessToken() {
    return this.#session.accessToken();
  }

  /** @param {Tokens} tokens */
  resumeWith(tokens) {
    this.#session.adopt(tokens);
    this.#tabs?.share({ kind: 'tokens', tokens });
    if (!this.#tabs || this.#tabs.isLeader) this.#link.start();
  }

  /** @param {string} clientMessageId */
  retry(clientMessageId) {
    this.model.outbox.retry(clientMessageId);
    this.#tabs?.share({ kind: 'retry', clientMessageId });
  }

  /** @param {string} clientMessageId */
  discard(clientMessageId) {
    this.model.outbox.discard(clientMessageId);
    this.#tabs?.share({ kind: 'discard', clientMessageId });
  }

  /** Forgets what was kept. */
  async wipe() {
    this.model.clear();
    await this.#persistence?.wipe();
  }

  /** Whatever carries commands. @returns {Port} */
  get #carrier() {
    return this.#tabs && !this.#tabs.isLeader ? this.#tabs : this.#link;
  }

  /** Whether this tab has the socket. */
  get #hasSocket() {
    return !this.#tabs || this.#tabs.isLeader;
  }

  #listen() {
    this.#link.on('welcome', (welcome) => this.#welcome(welcome));
    this.#link.on('event', (frame) => this.#take(frame));
    this.#link.on('state', (state) => {
      this.#tabs?.feed({ kind: 'state', state });
      this.#enter(state);
    });
    this.#link.on('ended', (ending) => {
      this.#tabs?.feed({ kind: 'ended', ending });
      this.emit('ended', ending);
    });
    this.model.on('stale', () => this.#repair.note());
    this.model.on('written', (item) => this.#tabs?.share({ kind: 'put', item }));
    this.#listenToOutbox();
    this.#listenToTabs();
  }

  #listenToOutbox() {
    const { outbox } = this.model;
    outbox.on('sent', ({ item, message }) => {
      this.#tabs?.feed({ kind: 'sent', clientMessageId: item.clientMessageId, message });
    });
    outbox.on('failed', (item) => {
      const { clientMessageId, error } = item;
      if (error) this.#tabs?.feed({ kind: 'refused', clientMessageId, error });
      this.emit('refused', item);
    });
  }

  #listenToTabs() {
    const tabs = this.#tabs;
    if (!tabs) return;
    tabs.on('lead', () => {
      this.#enter('connecting');
      this.#persistence?.open();
      tabs.serve(this.#link);
      this.#link.start();
    });
    tabs.on('feed', (feed) => this.#takeFeed(feed));
    tabs.on('shared', ({ shared, from }) => this.#takeShared(shared, from));
  }

  /** @param {Welcome} welcome */
  #welcome(welcome) {
    if (!this.model.isOf(welcome.user.id)) {
      // Somebody else has signed in: nothing that was known is theirs, and a resume was asked with it.
      this.model.clear();
      return this.#link.again();
    }
    this.#isResumed = welcome.resume.status === 'resumed';
    this.model.welcome(welcome);
    this.#tabs?.feed({ kind: 'snapshot', snapshot: this.model.snapshot(0), state: 'online' });
  }

  /** @param {EventFrame} frame */
  #take(frame) {
    this.model.take(frame);
    // The ticket of a stopping node is for the one connection that it was given to.
    if (frame.event !== 'server.draining') this.#tabs?.feed({ kind: 'event', frame });
    this.emit('event', frame);
  }

  /** @param {Feed} feed */
  #takeFeed(feed) {
    switch (feed.kind) {
      case 'snapshot':
        // Whatever connection there was before, this is another one.
        this.#enter('connecting');
        this.#isResumed = true;
        this.model.adopt(feed.snapshot);
        return this.#enter(feed.state);
      case 'event':
        this.model.take(feed.frame);
        return this.emit('event', feed.frame);
      case 'state':
        return this.#enter(feed.state);
      case 'ended':
        return this.emit('ended', feed.ending);
      case 'sent':
        return this.model.outbox.acknowledge(feed.clientMessageId, feed.message);
      case 'refused':
        return this.model.outbox.refuse(feed.clientMessageId, new TidewireError(feed.error));
    }
  }

  /**
   * @param {Shared} shared
   * @param {string} from
   */
  #takeShared(shared, from) {
    const { outbox } = this.model;
    switch (shared.kind) {
      case 'join':
        if (!this.model.me || !this.#hasSocket) return;
        return this.#tabs?.feed({ kind: 'snapshot', snapshot: this.model.snapshot(0), state: this.#state }, from);
      case 'put':
        return outbox.put(shared.item);
      case 'discard':
        return outbox.discard(shared.clientMessageId);
      case 'retry':
        return outbox.retry(shared.clientMessageId);
      case 'tokens':
        this.#session.adopt(shared.tokens);
        if (this.#hasSocket && this.#state === 'ended') this.#link.start();
    }
  }

  /**
   * @param {Tokens} tokens
   * @param {((tokens: Tokens) => void) | undefined} onTokens
   */
  #tellTokens(tokens, onTokens) {
    this.#tabs?.share({ kind: 'tokens', tokens });
    onTokens?.(tokens);
  }

  /** @param {LinkState} state */
  #enter(state) {
    if (state === this.#state) return;
    this.#state = state;
    if (state === 'online') this.#goOnline();
    else this.#goOffline();
    this.emit('state', state);
  }

  #goOnline() {
    const { outbox, presence, notifications, channels } = this.model;
    if (this.#hasSocket) outbox.use(this.port);
    this.#repair.online(this.#isResumed);
    const report = (/** @type {unknown} */ error) => this.emit('failed', error);
    presence.renew().catch(report);
    notifications.renew().catch(report);
    for (const channel of channels.values()) channel.flush().catch(report);
  }

  #goOffline() {
    this.model.outbox.use(null);
    this.#repair.offline();
  }
}

