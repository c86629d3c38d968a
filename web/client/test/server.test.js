/** The library on a real server. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as msgpack from '@msgpack/msgpack';
import { channelOf, clientOf, contents, eventually } from './world/client.js';
import { Proxy } from './world/proxy.js';
import { SKIP, Server } from './world/server.js';

describe('on a server', { skip: SKIP }, () => {
  /** @type {Server} */
  let server;
  /** @type {import('../src/index.js').Tidewire[]} */
  const clients = [];

  /** @param {number} person @param {object} [options] @param {string} [url] */
  const join = async (person, options = {}, url = server.url) => {
    const who = server.people[person];
    assert.ok(who);
    const client = clientOf(url, who, options);
    clients.push(client);
    await client.start();
    return client;
  };

  before(async () => {
    server = await Server.start(3);
  });
  after(async () => {
    await Promise.all(clients.map((client) => client.stop()));
    await server.dispose();
  });

  test('two people talk, each in an encoding of their own', async () => {
    const ada = await join(0);
    const grace = await join(1, { messagePack: msgpack });
    const group = await ada.createGroup('Harbour', [grace.me?.id ?? '']);
    const heard = await channelOf(grace, group.id);
    await heard.loadLatest();
    const { sent } = group.send('High water at six');
    assert.equal((await sent).content, 'High water at six');
    await eventually('the message', () => heard.messages.at(-1)?.content === 'High water at six');
    await eventually('the figure', () => heard.unread.unreadCount === 1);
    assert.equal(grace.unread.chat, 1);
    await heard.markRead();
    await eventually('nothing unread', () => grace.unread.chat === 0);
    await eventually('the receipt', () => group.readers.get(grace.me?.id ?? '') === heard.seq);
  });

  test('what is written offline is sent once, in order, when the network is back', async () => {
    const proxy = await Proxy.start(() => server.port);
    const ada = await join(0, {}, proxy.url);
    const group = await ada.createGroup('Offline', [2]);
    proxy.down();
    await eventually('it is offline', () => ada.state !== 'online');
    const sendings = ['one', 'two', 'three'].map((text) => group.send(text));
    assert.deepEqual(group.pending.map(({ content }) => content), ['one', 'two', 'three']);
    proxy.up();
    await Promise.all(sendings.map(({ sent }) => sent));
    const [person] = server.people;
    assert.ok(person);
    const texts = contents(await server.messages(person, group.id)).slice(1);
    assert.deepEqual(texts, ['one', 'two', 'three']);
    assert.deepEqual(group.pending, []);
    await ada.stop();
    await proxy.stop();
  });
});
