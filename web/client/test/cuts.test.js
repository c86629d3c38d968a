/** Whatever a network does, the client ends where the server is. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as msgpack from '@msgpack/msgpack';
import fc from 'fast-check';
import { channelOf, clientOf, eventually } from './world/client.js';
import { FakeLocks } from './world/locks.js';
import { Proxy } from './world/proxy.js';
import { SKIP, Server } from './world/server.js';

/** @typedef {import('../src/index.js').Tidewire} Tidewire */
/** @typedef {import('../src/index.js').Channel} Channel */
/** @typedef {import('./world/proxy.js').Fate} Fate */

/**
 * What happens in one moment of a schedule.
 *
 * @typedef {{kind: 'cut' | 'down' | 'up' | 'kill' | 'burst' | 'rename' | 'own' | 'read' | 'readElsewhere'
 *   | 'unreadElsewhere' | 'say' | 'older' | 'wait', n: number}
 *   | {kind: 'edit' | 'delete' | 'leave' | 'ownAndCut', n: number}
 *   | {kind: 'fate', fate: Fate}} Act
 */

/** @type {fc.Arbitrary<Fate>} */
const fate = fc.record({
  bytes: fc.integer({ min: 0, max: 12_000 }),
  what: fc.constantFrom('cut', 'truncate', 'delay'),
  delayMs: fc.integer({ min: 1, max: 60 }),
});

const n = fc.nat({ max: 30 });
/** @type {fc.Arbitrary<Act>} */
const act = fc.oneof(
  { weight: 10, arbitrary: fc.record({ kind: fc.constant('say'), n }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom('own', 'ownAndCut', 'edit', 'delete'), n }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constantFrom('read', 'readElsewhere', 'unreadElsewhere'), n }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constantFrom('cut', 'down', 'up'), n }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('fate'), fate }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('older', 'wait', 'rename'), n }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('burst', 'kill', 'leave'), n }) },
);

describe('any schedule of cuts', { skip: SKIP }, () => {
  /** @type {Server} */
  let server;
  before(async () => {
    server = await Server.start(3);
  });
  after(async () => {
    await server.dispose();
  });

  test('ends in the state of the server: nothing missing, nothing twice', { timeout: 110_000 }, async () => {
    const runs = Number(process.env['TIDEWIRE_CLIENT_RUNS'] ?? 25);
    const schedule = fc.array(act, { minLength: 5, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(schedule, fc.boolean(), fc.boolean(), async (acts, isBinary, isSecondTab) => {
        const story = await Story.begin(server, isBinary, isSecondTab);
        try {
          for (const one of acts) await story.play(one);
          await story.compare();
        } finally {
          await story.end();
        }
      }),
      { numRuns: runs, endOnFailure: true, interruptAfterTimeLimit: 80_000 },
    );
  });
});

/** One client on a bad network, and somebody who is not. */
class Story {
  /** @type {number[]} what the client told of, in its order */
  created = [];
  /** @type {string[]} messages of the other person */
  theirs = [];
  /** @type {Promise<unknown>[]} */
  sendings = [];
  /** @type {string[]} messages of the client */
  written = [];
  said = 0;
  /** @type {Tidewire | null} the tab that has the socket, if it is not this one */
  first = null;

  /**
   * @param {Server} server
   * @param {Proxy} proxy
   * @param {Tidewire} client
   * @param {Channel} channel
   */
  constructor(server, proxy, client, channel) {
    this.server = server;
    this.proxy = proxy;
    this.client = client;
    this.channel = channel;
    this.path = `/chat/channels/${channel.id}`;
    channel.on('message', (message) => {
      if (message.editedAt === null && message.deletedAt === null) this.created.push(message.seq);
    });
  }

  /** @param {Server} server @param {boolean} isBinary @param {boolean} isSecondTab */
  static async begin(server, isBinary, isSecondTab) {
    const proxy = await Proxy.start(() => server.port);
    const id = await server.group('Cuts');
    const tabs = isSecondTab ? { name: id, locks: new FakeLocks() } : null;
    const options = { tabs, ...(isBinary ? { messagePack: msgpack } : {}) };
    const first = isSecondTab ? clientOf(proxy.url, person(server, 1), options) : null;
    await first?.start();
    const client = clientOf(proxy.url, person(server, 1), options);
    await client.start();
    const channel = await channelOf(client, id);
    await channel.loadLatest();
    return Object.assign(new Story(server, proxy, client, channel), { first });
  }

  /** @param {Act} one */
  async play(one) {
    if (one.kind === 'fate') {
      this.proxy.fates.push(one.fate);
      return;
    }
    await this[one.kind](one.n);
  }

  cut() {
    this.proxy.cut();
  }

  down() {
    this.proxy.down();
  }

  up() {
    this.proxy.up();
  }

  async leave() {
    await this.first?.stop();
    this.first = null;
  }

  async kill() {
    await this.server.stop('SIGKILL');
    await this.server.start();
  }

  async say(length = 1) {
    const content = `${(this.said += 1)} ${'~'.repeat(length * 20)}`;
    const { message } = await this.#them('POST', `${this.path}/messages`, { content });
    this.theirs.push(/** @type {{id: string}} */ (message).id);
  }

  /**
   * More than a resume brings, with an edit of what was there before.
   *
   * @param {number} which
   */
  async burst(which) {
    await this.say();
    this.proxy.down();
    for (let left = 120; left > 0; left -= 1) await this.say();
    await this.edit(which);
    this.proxy.up();
  }

  own() {
    const content = `mine ${(this.said += 1)}`;
    this.written.push(content);
    this.sendings.push(this.channel.send(content).sent);
  }

  /** @param {number} ms */
  async ownAndCut(ms) {
    this.own();
    await this.wait(ms % 4);
    this.proxy.cut();
  }

  /** @param {number} which */
  async edit(which) {
    const id = this.theirs[which % Math.max(1, this.theirs.length)];
    if (!id) return;
    const path = `${this.path}/messages/${id}`;
    await this.#them('PATCH', path, { content: `edited ${(this.said += 1)}` }).catch(() => {});
  }

  /** @param {number} which */
  async delete(which) {
    const [id] = this.theirs.splice(which % Math.max(1, this.theirs.length), 1);
    if (id) await this.#them('DELETE', `${this.path}/messages/${id}`);
  }

  async rename() {
    await this.#them('PATCH', this.path, { name: `Name ${(this.said += 1)}` });
  }

  read() {
    this.sendings.push(this.channel.markRead());
  }

  async readElsewhere() {
    await this.#me('POST', `${this.path}/read`, {});
  }

  async unreadElsewhere() {
    await this.#me('POST', `${this.path}/unread`, { seq: 1 });
  }

  older() {
    this.sendings.push(this.channel.loadOlder(7).catch(() => {}));
  }

  /** @param {number} ms */
  async wait(ms) {
    await new Promise((resolve) => setTimeout(resolve, ms));
  }

  async compare() {
    this.proxy.fates = [];
    this.proxy.up();
    this.proxy.cut();
    await Promise.all(this.sendings);
    /** @type {string[]} */
    let differences = [];
    const isLevel = async () => (differences = await this.#differences()).length === 0;
    await eventually('everything is there', isLevel, () => differences.join(', '));
    while (this.channel.hasOlder) await this.channel.loadOlder(200);
    const messages = await this.server.messages(person(this.server, 1), this.channel.id);
    assert.deepEqual(strip(this.channel.messages), strip(messages));
    const ascending = this.created.toSorted((a, b) => a - b);
    assert.deepEqual(this.created, [...new Set(ascending)], 'told once each, in order');
    const own = messages.filter(({ clientMessageId }) => clientMessageId !== null);
    assert.deepEqual(own.map(({ content }) => content), this.written, 'sent once each, in order');
  }

  async end() {
    await this.first?.stop();
    await this.client.stop();
    await this.proxy.stop();
    await this.#them('DELETE', `${this.path}/members/${person(this.server, 1).user}`);
  }

  /** What the client and the server tell differently. */
  async #differences() {
    const { channel } = /** @type {{channel: import('../src/index.js').ChannelInfo}} */ (
      /** @type {unknown} */ (await this.#me('GET', this.path)));
    const { unread, seq, name, info, hasNewer } = this.channel;
    const { lastSeq, unreadCount } = channel;
    /** @type {[string, unknown, unknown][]} */
    const pairs = [
      ['ready', this.client.isReady, true],
      ['seq', seq, lastSeq],
      ['newer', hasNewer, false],
      ['name', name, channel.name],
      ['last message', info?.lastMessage?.id, channel.lastMessage?.id],
      ['members', info?.memberCount, channel.memberCount],
      ['unread', unread.unreadCount, unreadCount],
      ['total', this.client.unread.chat, unreadCount],
    ];
    return pairs.filter(([, here, there]) => here !== there).map((pair) => pair.join(' '));
  }

  /** @param {string} method @param {string} path @param {object} [body] */
  #me(method, path, body) {
    return this.server.ask(person(this.server, 1), method, path, body);
  }

  /** @param {string} method @param {string} path @param {object} [body] */
  #them(method, path, body) {
    return this.server.ask(person(this.server, 0), method, path, body);
  }
}

/** @param {Server} server @param {number} which */
function person(server, which) {
  const found = server.people[which];
  assert.ok(found);
  return found;
}

/** @param {readonly import('../src/index.js').Message[]} messages */
function strip(messages) {
  return messages.map(({ id, seq, content, deletedAt }) => ({ id, seq, content, deletedAt }));
}
