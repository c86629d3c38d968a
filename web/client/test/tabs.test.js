/** Tabs of one browser have one socket between them, and know the same. */

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { channelOf, clientOf, contents, eventually } from './world/client.js';
import { FakeLocks } from './world/locks.js';
import { Proxy } from './world/proxy.js';
import { SKIP, Server } from './world/server.js';
import { Stub } from './world/stub.js';

/** @typedef {import('../src/index.js').Tidewire} Tidewire */

let browsers = 0;

/** Tabs that share locks and broadcasts. */
class Browser {
  #locks = new FakeLocks();
  #name = `browser-${process.pid}-${(browsers += 1)}`;
  /** @type {Tidewire[]} */
  tabs = [];

  /**
   * @param {string} url
   * @param {{token: string}} person
   * @param {Partial<import('../src/index.js').ClientOptions>} [options]
   */
  open(url, person, options = {}) {
    const tab = clientOf(url, person, { tabs: { name: this.#name, locks: this.#locks }, ...options });
    this.tabs.push(tab);
    return tab;
  }

  /** @param {Tidewire} tab */
  async close(tab) {
    this.tabs = this.tabs.filter((other) => other !== tab);
    await tab.stop();
  }

  async quit() {
    for (const tab of [...this.tabs].reverse()) await this.close(tab);
  }
}

describe('tabs on a stub', () => {
  /** @type {Stub} */
  let stub;
  const browser = new Browser();
  beforeEach(async () => {
    stub = await Stub.start();
  });
  afterEach(async () => {
    await browser.quit();
    await stub.stop();
  });

  test('of which there are five have one socket, and hand it on', async () => {
    const tabs = [1, 2, 3, 4, 5].map(() => browser.open(stub.url, { token: 't' }));
    await Promise.all(tabs.map((tab) => tab.start()));
    assert.equal(stub.openings.length, 1);
    assert.deepEqual(tabs.map(({ me }) => me?.displayName), tabs.map(() => 'Ada Lovelace'));
    const [first, second] = tabs;
    assert.ok(first && second);
    await browser.close(first);
    await eventually('the next one connects', () => stub.openings.length === 2);
    await eventually('all are ready', () => tabs.slice(1).every(({ isReady }) => isReady));
    assert.equal(stub.peers.length, 1);
    const answer = await tabs[4]?.request('ping');
    assert.deepEqual(answer, { items: [] });
  });

  test('share renewed tokens, so that none is used twice', async () => {
    let count = 0;
    stub.answer = () => {
      count += 1;
      const body = { data: { accessToken: `a${count}`, refreshToken: `r${count}`, expiresIn: 900 } };
      return { status: 200, body };
    };
    const tokens = { accessToken: 'a0', refreshToken: 'r0', expiresAt: 0 };
    const one = browser.open(stub.url, { token: '' }, { tokens });
    const two = browser.open(stub.url, { token: '' }, { tokens });
    await Promise.all([one.start(), two.start()]);
    await browser.close(one);
    await eventually('the second connects', () => stub.said('hello').length === 2);
    await two.whenReady();
    assert.deepEqual(stub.said('hello').map(({ data }) => data['token']), ['a1', 'a1']);
    assert.equal(count, 1);
  });

  test('all hear that it ended', async () => {
    const [one, two] = [browser.open(stub.url, { token: 't' }), browser.open(stub.url, { token: 't' })];
    await Promise.all([one.start(), two.start()]);
    const endings = Promise.all([one.once('ended'), two.once('ended')]);
    stub.close(4410);
    assert.deepEqual((await endings).map(({ reason }) => reason), ['session_ended', 'session_ended']);
    assert.deepEqual([one.state, two.state], ['ended', 'ended']);
    two.resumeWith({ accessToken: 'new' });
    await Promise.all([one.whenReady(), two.whenReady()]);
    assert.equal(stub.said('hello').at(-1)?.data['token'], 'new');
  });

  test('may be stopped and started again', async () => {
    const [one, two] = [browser.open(stub.url, { token: 't' }), browser.open(stub.url, { token: 't' })];
    await Promise.all([one.start(), two.start()]);
    await one.stop();
    await two.whenReady();
    await one.start();
    assert.equal(stub.peers.length, 1);
    assert.ok(one.isReady);
  });
});

describe('tabs on a server', { skip: SKIP }, () => {
  /** @type {Server} */
  let server;
  /** @type {Browser} */
  let browser;
  before(async () => {
    server = await Server.start(2);
  });
  beforeEach(() => {
    browser = new Browser();
  });
  afterEach(() => browser.quit());
  after(() => server.dispose());

  test('see the same, whoever has the socket, and lose nothing when it moves', async () => {
    const [ada, grace] = server.people;
    assert.ok(ada && grace);
    const proxy = await Proxy.start(() => server.port);
    const group = await server.group('Tabs');
    const tabs = [1, 2, 3].map(() => browser.open(proxy.url, ada));
    await Promise.all(tabs.map((tab) => tab.start()));
    const channels = await Promise.all(tabs.map((tab) => channelOf(tab, group)));
    await Promise.all(channels.map((channel) => channel.loadLatest()));
    let said = 0;
    const say = async () => {
      said += 1;
      await server.ask(grace, 'POST', `/chat/channels/${group}/messages`, { content: `g${said}` });
    };
    for (const tab of tabs.slice(0, 2)) {
      await say();
      proxy.down();
      await eventually('it is offline', () => tab.state !== 'online');
      // Written in a tab without the socket, while there is none, and the tab with it closes.
      const { sent } = /** @type {import('../src/index.js').Channel} */ (channels[2]).send(`from ${said}`);
      await browser.close(tab);
      await say();
      proxy.up();
      await sent;
    }
    await say();
    const left = channels[2];
    assert.ok(left);
    const expected = await server.messages(ada, group);
    await eventually('everything', () => left.messages.length === expected.length);
    assert.deepEqual(contents(left.messages), contents(expected));
    assert.deepEqual(left.pending, []);
    const { total } = await server.ask(ada, 'GET', '/chat/unread-count');
    await eventually('the figure', () => tabs[2]?.unread.chat === total && left.unread.unreadCount === total);
    await proxy.stop();
  });

  test('show in each what is written in one, and what was read', async () => {
    const [ada, grace] = server.people;
    assert.ok(ada && grace);
    const group = await server.group('Mirror');
    const [one, two] = [browser.open(server.url, ada), browser.open(server.url, ada)];
    await Promise.all([one.start(), two.start()]);
    const [here, there] = await Promise.all([channelOf(one, group), channelOf(two, group)]);
    await Promise.all([here.loadLatest(), there.loadLatest()]);
    await there.send('from the second').sent;
    await eventually('both have it', () =>
      [here, there].every(({ messages }) => messages.at(-1)?.content === 'from the second'));
    await server.ask(grace, 'POST', `/chat/channels/${group}/messages`, { content: 'hi' });
    await eventually('it counts', () => [here, there].every(({ unread }) => unread.unreadCount === 1));
    await there.markRead();
    await eventually('it is read', () => [here, there].every(({ unread }) => unread.unreadCount === 0));
  });
});
