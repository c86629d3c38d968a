/** Coming, going and coming back: what the server says decides. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { clientOf, eventually } from './world/client.js';
import { Stub } from './world/stub.js';

describe('a link', () => {
  /** @type {Stub} */
  let stub;
  /** @type {import('../src/index.js').Tidewire[]} */
  let clients = [];

  /** @param {Partial<import('../src/index.js').ClientOptions>} [options] */
  const client = (options = {}) => {
    const made = clientOf(stub.url, { token: 'first' }, options);
    clients.push(made);
    return made;
  };
  const ended = (/** @type {import('../src/index.js').Tidewire} */ one) => one.once('ended');
  /** @param {string} accessToken */
  const tokens = (accessToken) => ({
    status: 200, body: { data: { accessToken, refreshToken: `${accessToken}-refresh`, expiresIn: 900 } },
  });

  beforeEach(async () => {
    stub = await Stub.start();
  });
  afterEach(async () => {
    await Promise.all(clients.map((one) => one.stop()));
    clients = [];
    await stub.stop();
  });

  for (const code of [1000, 1001, 1011, 1012, 4408, 4413]) {
    test(`comes back after ${code}, and resumes`, async () => {
      const ada = client();
      await ada.start();
      stub.close(code);
      await eventually('a second hello', () => stub.said('hello').length === 2);
      assert.deepEqual(stub.said('hello')[1]?.data['resume'], { channels: {}, inbox: 0 });
    });
  }

  for (const [code, reason] of /** @type {const} */ ([[1002, 'framing'], [1003, 'wrong_frame_kind'],
    [1007, 'not_utf8'], [1009, 'too_big'], [4400, 'protocol'], [4401, 'not_signed_in'], [4409, 'replaced'],
    [4410, 'session_ended']])) {
    test(`stays away after ${code}`, async () => {
      const ada = client();
      await ada.start();
      stub.close(code);
      assert.equal((await ended(ada)).reason, reason);
      assert.equal(ada.state, 'ended');
      assert.equal(stub.openings.length, 1);
      await assert.rejects(ada.request('ping'), { code: 'OFFLINE' });
    });
  }

  test('waits out the window after 4429', async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const ada = client();
    void ada.start();
    await eventuallyNow(() => ada.state === 'online');
    stub.close(4429);
    await eventuallyNow(() => ada.state === 'waiting');
    context.mock.timers.tick(9_999);
    assert.equal(ada.state, 'waiting');
    context.mock.timers.tick(2_000);
    await eventuallyNow(() => ada.state === 'online');
    context.mock.timers.reset();
  });

  test('comes back in its slot, with the ticket that it was given', async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Date.now() });
    const ada = client();
    void ada.start();
    await eventuallyNow(() => ada.state === 'online');
    stub.send({ event: 'server.draining', data: { reconnectAfterMs: 8_000, ticket: 'slot-ticket' } });
    stub.close(1012);
    await eventuallyNow(() => ada.state === 'waiting');
    context.mock.timers.tick(7_999);
    assert.equal(ada.state, 'waiting');
    context.mock.timers.tick(1);
    await eventuallyNow(() => ada.state === 'online');
    context.mock.timers.reset();
    assert.ok(stub.openings[1]?.offered.includes('ticket.slot-ticket'));
    assert.equal(stub.said('hello')[1]?.data['token'], undefined);
  });

  test('does not come before Retry-After', async (context) => {
    stub.refusals.push({ status: 503, headers: { 'Retry-After': '7' } });
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const ada = client();
    void ada.start();
    await eventuallyNow(() => ada.state === 'waiting');
    context.mock.timers.tick(6_999);
    assert.equal(ada.state, 'waiting');
    context.mock.timers.tick(100);
    await eventuallyNow(() => ada.state === 'online');
    context.mock.timers.reset();
    assert.equal(stub.openings.length, 2);
  });

  test('opens by ticket where it is told to', async () => {
    stub.answer = (path) =>
      path === '/api/v1/realtime/ticket' ? { status: 201, body: { data: { ticket: 'bought' } } } : null;
    await client({ signInBy: 'ticket' }).start();
    assert.deepEqual(stub.openings[0]?.offered, ['tidewire.v1.json', 'ticket.bought']);
    assert.equal(stub.said('hello')[0]?.data['token'], undefined);
  });

  test('renews a token that ends, and one that is refused; once for all who ask', async () => {
    stub.answer = (_path, { refreshToken }) => tokens(refreshToken === 'r1' ? 'second' : 'third');
    stub.reply = ({ op, data }) =>
      op === 'hello' && data['token'] !== 'third' ? { ok: false, code: 'TOKEN_EXPIRED' } : null;
    /** @type {string[]} */
    const told = [];
    const ada = client({
      tokens: { accessToken: 'first', refreshToken: 'r1', expiresAt: Date.now() + 1_000 },
      onTokens: ({ accessToken }) => told.push(accessToken),
    });
    await ada.start();
    assert.deepEqual(told, ['second', 'third']);
    assert.deepEqual(stub.said('hello').map(({ data }) => data['token']), ['second', 'third']);
  });

  test('gives up when no token helps, and goes on with those of a new sign-in', async () => {
    stub.reply = ({ op, data }) =>
      op === 'hello' && data['token'] !== 'new' ? { ok: false, code: 'TOKEN_INVALID' } : null;
    const ada = client();
    await assert.rejects(ada.start(), { code: 'TOKEN_INVALID' });
    assert.equal(stub.openings.length, 1);
    ada.resumeWith({ accessToken: 'new' });
    await ada.whenReady();
  });

  test('ends with its refresh token', async () => {
    stub.answer = () => ({ status: 401, body: { error: { code: 'REFRESH_TOKEN_REUSED', message: 'No.', details: null,
      retryable: false } } });
    const ada = client({ tokens: { accessToken: 'first', refreshToken: 'r1', expiresAt: 0 } });
    await assert.rejects(ada.start(), { code: 'REFRESH_TOKEN_REUSED' });
    assert.equal(stub.openings.length, 0);
  });

  test('pings where it is quiet, and gives up a server that says nothing', async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Date.now() });
    const ada = client();
    void ada.start();
    await eventuallyNow(() => ada.state === 'online');
    // After half a minute there is a ping; the second one is not answered any more.
    stub.peers[0]?.pause();
    for (let quiet = 0; quiet < 3; quiet += 1) context.mock.timers.tick(12_500);
    assert.equal(ada.state, 'online');
    stub.peers[0]?.resume();
    await eventuallyNow(() => stub.said('ping').length > 0);
    stub.peers[0]?.pause();
    for (let quiet = 0; quiet < 5; quiet += 1) context.mock.timers.tick(12_500);
    await eventuallyNow(() => ada.state !== 'online');
    context.mock.timers.reset();
  });

  test('is ready also for somebody who may see no channels', async () => {
    stub.reply = ({ op }) => (op === 'call' ? { ok: false, code: 'FORBIDDEN' } : null);
    const ada = client();
    await ada.start();
    assert.ok(ada.isReady);
  });

  test('needs a WebSocket where there is none', () => {
    const none = /** @type {never} */ ({ WebSocket: undefined });
    const make = () => clientOf(stub.url, { token: 'x' }, none);
    if ('WebSocket' in globalThis) assert.ok(make());
    else assert.throws(make, TypeError);
  });
});

/**
 * Waits without timers, which stand still.
 *
 * @param {() => boolean} condition
 */
async function eventuallyNow(condition) {
  for (let turns = 0; turns < 100_000; turns += 1) {
    if (condition()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error('in vain');
}
