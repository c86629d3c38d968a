/** What survives the page. */

import 'fake-indexeddb/auto';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { indexedDbStore } from '../src/index.js';
import { channelOf, clientOf, contents, eventually } from './world/client.js';
import { Proxy } from './world/proxy.js';
import { SKIP, Server } from './world/server.js';

test('a store in IndexedDB keeps records over openings, and apart by name', async () => {
  const store = indexedDbStore('one');
  await store.save({ put: [['a', { x: 1 }], ['b', 2]], remove: [] });
  await store.save({ put: [['c', 3]], remove: ['b'] });
  assert.deepEqual(await indexedDbStore('one').load(), [['a', { x: 1 }], ['c', 3]]);
  assert.deepEqual(await indexedDbStore('two').load(), []);
});

describe('a client with a store', { skip: SKIP }, () => {
  /** @type {Server} */
  let server;
  before(async () => {
    server = await Server.start(2);
  });
  after(async () => {
    await server.dispose();
  });

  test('goes on where the page before ended, with what was not sent', async () => {
    const [ada, grace] = server.people;
    assert.ok(ada && grace);
    const group = await server.group('Store');
    const say = (/** @type {string} */ content) =>
      server.ask(grace, 'POST', `/chat/channels/${group}/messages`, { content });
    const proxy = await Proxy.start(() => server.port);
    const first = clientOf(proxy.url, ada, { store: indexedDbStore('ada') });
    await first.start();
    const shown = await channelOf(first, group);
    await say('one');
    await shown.loadLatest();
    await eventually('it is there', () => shown.messages.at(-1)?.content === 'one');
    proxy.down();
    await eventually('it is offline', () => first.state !== 'online');
    shown.send('unsent');
    await first.stop();
    await say('two');

    const second = clientOf(proxy.url, ada, { store: indexedDbStore('ada') });
    const started = second.start();
    const channel = await channelOf(second, group);
    assert.deepEqual(contents(channel.messages).slice(1), ['one'], 'shown before there is a network');
    assert.deepEqual(channel.pending.map(({ content }) => content), ['unsent']);
    proxy.up();
    await started;
    await eventually('all of it', () => channel.messages.length === 4);
    assert.deepEqual(contents(channel.messages).slice(1), ['one', 'two', 'unsent']);
    await second.stop();
    const kept = await indexedDbStore('ada').load();
    assert.deepEqual(kept.filter(([key]) => key.startsWith('outbox/')), []);
    await proxy.stop();
  });

  test('forgets what somebody else has left', async () => {
    const [ada, grace] = server.people;
    assert.ok(ada && grace);
    const group = await server.group('Shared');
    const first = clientOf(server.url, ada, { store: indexedDbStore('shared') });
    await first.start();
    await (await channelOf(first, group)).loadLatest();
    await first.stop();
    const second = clientOf(server.url, grace, { store: indexedDbStore('shared') });
    await second.start();
    const channel = await channelOf(second, group);
    await eventually('its description', () => channel.info);
    assert.equal(channel.info?.role, 'member');
    assert.deepEqual(channel.messages, []);
    assert.equal(second.me?.id, grace.user);
    await second.stop();
  });
});
