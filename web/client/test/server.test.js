/** The library on a real server. */

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import * as msgpack from '@msgpack/msgpack';
import { signIn } from '../src/index.js';
import { channelOf, clientOf, contents, eventually } from './world/client.js';
import { Proxy } from './world/proxy.js';
import { SKIP, Server } from './world/server.js';

describe('on a server', { skip: SKIP }, () => {
  /** @type {Server} */
  let server;
  /** @type {import('../src/index.js').Tidewire[]} */
  let clients = [];

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
  afterEach(async () => {
    await Promise.all(clients.map((client) => client.stop()));
    clients = [];
  });
  after(() => server.dispose());

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

  test('a server that stops sends everybody away, and has them back', async () => {
    const ada = await join(0);
    const group = await ada.createGroup('Restart', [2]);
    await group.loadLatest();
    /** @type {string[]} */
    const events = [];
    ada.on('event', ({ event }) => events.push(event));
    await server.stop('SIGTERM');
    const { sent } = group.send('into the gap');
    await server.start();
    assert.equal((await sent).content, 'into the gap');
    assert.ok(events.includes('server.draining'));
    await eventually('the entry', () => group.messages.at(-1)?.content === 'into the gap');
  });

  test('a log that was restored to an older state is read anew', async () => {
    const ada = await join(0);
    const grace = await join(1);
    const group = await ada.createGroup('Restored', [2]);
    const heard = await channelOf(grace, group.id);
    await heard.loadLatest();
    await group.send('kept').sent;
    await server.backUp();
    await group.send('lost 1').sent;
    await group.send('lost 2').sent;
    await eventually('it is there', () => heard.messages.at(-1)?.content === 'lost 2');
    const elsewhere = server.people[0];
    assert.ok(elsewhere);
    await Promise.all([ada.stop(), grace.stop()]);
    await server.restore();
    for (const content of ['new 1', 'new 2', 'new 3']) {
      await server.ask(elsewhere, 'POST', `/chat/channels/${group.id}/messages`, { content });
    }
    await grace.start();
    await eventually('the other history', () => heard.messages.at(-1)?.content === 'new 3');
    assert.deepEqual(contents(heard.messages).slice(1), ['kept', 'new 1', 'new 2', 'new 3']);
    assert.equal(heard.unread.unreadCount, 4);
    const { total } = await server.ask(server.people[1] ?? elsewhere, 'GET', '/chat/unread-count');
    assert.equal(grace.unread.chat, total);
  });

  test('who is taken out of a channel loses it, live and on return', async () => {
    const [ada, grace] = [await join(0), await join(1)];
    const [live, later] = [await ada.createGroup('Live', [2]), await ada.createGroup('Later', [2])];
    const [here, there] = [await channelOf(grace, live.id), await channelOf(grace, later.id)];
    assert.ok(here && there);
    const remove = (/** @type {string} */ id) =>
      ada.call('DELETE', `/api/v1/chat/channels/${id}/members/${grace.me?.id}`);
    await remove(live.id);
    await eventually('it is gone', () => grace.channels.get(live.id) === null);
    await grace.stop();
    await remove(later.id);
    await grace.start();
    await eventually('it is gone, too', () => grace.channels.get(later.id) === null);
    await ada.call('POST', `/api/v1/chat/channels/${live.id}/members`, { body: { memberIds: [2] } });
    const again = await channelOf(grace, live.id);
    await eventually('its name', () => again.name === 'Live');
  });

  test('people see who is here and who is writing', async () => {
    const [ada, grace] = [await join(0), await join(1)];
    const direct = await ada.openDirect(grace.me?.id ?? '');
    await direct.send('hey').sent;
    const heard = await channelOf(grace, direct.id);
    await ada.presence.watch([grace.me?.id ?? '']);
    await eventually('online', () => ada.presence.get(grace.me?.id ?? '')?.status === 'online');
    grace.presence.set('away');
    await eventually('away', () => ada.presence.get(grace.me?.id ?? '')?.status === 'away');
    direct.notifyTyping();
    await eventually('typing', () => heard.typing.includes(ada.me?.id ?? ''));
    await direct.send('done').sent;
    await eventually('typed', () => heard.typing.length === 0);
  });

  test('a direct channel without a message is known to who opened it, also later', async () => {
    const ada = await join(0);
    const { id } = await ada.openDirect(3);
    const again = await join(0);
    const direct = await channelOf(again, id);
    await direct.send('first').sent;
    await eventually('its first entry', () => direct.messages[0]?.content === 'first');
  });

  test('history goes both ways from any place, without a jump', async () => {
    const ada = await join(0);
    const group = await ada.createGroup('History', [2]);
    for (let i = 2; i <= 40; i += 1) await group.send(`${i}`).sent;
    await group.loadAround(20, 6);
    assert.ok(group.hasOlder && group.hasNewer);
    const middle = group.messages.map(({ seq }) => seq);
    assert.ok(middle.includes(20) && middle.length <= 6);
    await group.send('41').sent;
    assert.deepEqual(group.messages.map(({ seq }) => seq), middle, 'what is new does not jump in');
    while (group.hasNewer) await group.loadNewer(5);
    while (group.hasOlder) await group.loadOlder(5);
    assert.deepEqual(group.messages.map(({ seq }) => seq), Array.from({ length: 41 }, (_, i) => i + 1));
  });

  test('refusals have codes, and what is refused can be given up', async () => {
    const ada = await join(0);
    const group = await ada.createGroup('Refused', [2]);
    const refused = ada.once('refused');
    const { clientMessageId, sent } = group.send(' ');
    await assert.rejects(sent, { code: 'VALIDATION_FAILED', retryable: false });
    assert.equal((await refused).state, 'failed');
    ada.discard(clientMessageId);
    assert.deepEqual(group.pending, []);
    await assert.rejects(ada.call('GET', '/api/v1/nowhere'), { code: 'ROUTE_NOT_FOUND' });
    const { message } = /** @type {{message: import('../src/index.js').Message}} */ (
      /** @type {unknown} */ ({ message: await group.send('mine').sent }));
    assert.equal((await group.edit(message.id, 'changed')).content, 'changed');
    assert.equal((await group.delete(message.id)).content, null);
    await assert.rejects(group.edit(message.id, 'again'), { code: 'MESSAGE_DELETED' });
  });

  test('a session is entered by password, opened by ticket, renewed, and left', async () => {
    const password = 'a tide that turns';
    await fetch(`${server.url}/api/v1/tenants/register`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({
        companyName: 'Acme', slug: 'acme', adminFirstName: 'Ada', adminLastName: 'Lovelace',
        adminEmail: 'ada@acme.example', adminPassword: password,
      }),
    });
    const who = { tenantSlug: 'acme', email: 'ada@acme.example' };
    const wrong = signIn(server.url, { ...who, password: 'wrong' });
    await assert.rejects(wrong, { code: 'INVALID_CREDENTIALS', status: 401 });
    const tokens = await signIn(server.url, { ...who, password });
    /** @type {import('../src/index.js').Tokens[]} */
    const renewed = [];
    const ada = clientOf(server.url, { token: '' }, {
      tokens: { ...tokens, expiresAt: 0 }, signInBy: 'ticket', onTokens: (next) => renewed.push(next),
    });
    await ada.start();
    assert.equal(ada.me?.email, 'ada@acme.example');
    assert.equal(renewed.length, 1);
    const ended = ada.once('ended');
    // The socket may be closed before the reply is out.
    await ada.call('POST', '/api/v1/auth/logout-all').catch(() => null);
    assert.equal((await ended).reason, 'session_ended');
    await ada.signOut();
    assert.equal(ada.state, 'stopped');
  });

  test('five hundred channels are known at once, and resumed', async () => {
    const [, , person] = server.people;
    assert.ok(person);
    for (let i = 0; i < 500; i += 1) {
      await server.ask(person, 'POST', '/chat/channels/group', { name: `C${i}`, memberIds: [1] });
    }
    const ada = await join(2);
    assert.ok(ada.channels.all.length >= 500);
    assert.ok(ada.channels.all.every(({ name, info }) => name !== null || info?.type === 'direct'));
    await ada.stop();
    await ada.start();
    assert.ok(ada.channels.all.length >= 500);
  });
});
