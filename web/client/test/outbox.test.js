/** What is written is sent once, in order, whatever the connection does. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { TidewireError, clientError } from '../src/errors.js';
import { Outbox } from '../src/outbox.js';
import { eventually } from './world/client.js';

/** @typedef {{channelId: string, clientMessageId: string, content: string}} Data */

/** @param {string} channelId @param {string} id @returns {import('../src/index.js').OutboxItem} */
function item(channelId, id) {
  const createdAt = '2026-01-01T00:00:00.000Z';
  return { clientMessageId: id, channelId, content: id, mentions: [], createdAt, state: 'queued', error: null };
}

/** A server in memory, whose connection breaks before or after it has taken a message. */
class Broken {
  /** @type {Map<string, string[]>} ids by channel, in order of arrival */
  channels = new Map();
  /** @type {('ok' | 'before' | 'after' | 'refuse')[]} */
  fates;

  /** @param {('ok' | 'before' | 'after' | 'refuse')[]} fates */
  constructor(fates) {
    this.fates = [...fates];
  }

  tell() {}

  /** @param {string} _op @param {object} data */
  async request(_op, data) {
    const { channelId, clientMessageId, content } = /** @type {Data} */ (data);
    const fate = this.fates.shift() ?? 'ok';
    await Promise.resolve();
    if (fate === 'before') throw clientError('CLOSED', 'cut');
    if (fate === 'refuse') {
      throw new TidewireError({ code: 'VALIDATION_FAILED', message: 'No.', details: null, retryable: false });
    }
    const ids = this.channels.get(channelId) ?? [];
    if (!ids.includes(clientMessageId)) ids.push(clientMessageId);
    this.channels.set(channelId, ids);
    if (fate === 'after') throw clientError('CLOSED', 'cut');
    return /** @type {never} */ ({ message: { id: clientMessageId, content } });
  }
}

describe('the outbox', () => {
  test('delivers everything once and in order, over any breaks', async () => {
    const fates = fc.array(fc.constantFrom('ok', 'before', 'after', 'ok'), { maxLength: 12 });
    const written = fc.array(fc.constantFrom('a', 'b'), { maxLength: 12 });
    await fc.assert(fc.asyncProperty(fates, written, async (fate, channels) => {
      const server = new Broken(/** @type {('ok' | 'before' | 'after')[]} */ (fate));
      const outbox = new Outbox(() => 0);
      const sendings = channels.map((channel, i) => outbox.send(item(channel, `${channel}${i}`)));
      while (outbox.items.length > 0) {
        // Each connection ends with the first break; the next one begins where it was.
        outbox.use(server);
        await new Promise((resolve) => setImmediate(resolve));
        outbox.use(null);
      }
      await Promise.all(sendings.map(({ sent }) => sent));
      for (const channel of ['a', 'b']) {
        const ids = channels.map((name, i) => `${name}${i}`).filter((id) => id.startsWith(channel));
        assert.deepEqual(server.channels.get(channel) ?? [], ids);
      }
    }), { numRuns: 50 });
  });

  test('keeps what is refused until somebody decides, and lets the others pass', async () => {
    const server = new Broken(['refuse', 'ok', 'ok']);
    const outbox = new Outbox(() => 0);
    outbox.use(server);
    const [first, second] = [outbox.send(item('a', 'first')), outbox.send(item('a', 'second'))];
    await assert.rejects(first.sent, { code: 'VALIDATION_FAILED' });
    assert.equal((await second.sent).id, 'second');
    assert.deepEqual(outbox.of('a').map(({ state, error }) => [state, error?.code]), [['failed', 'VALIDATION_FAILED']]);
    outbox.retry('first');
    await eventually('it is sent', () => outbox.items.length === 0);
    assert.deepEqual(server.channels.get('a'), ['second', 'first']);
  });

  test('lets go of what is discarded', async () => {
    const outbox = new Outbox(() => 0);
    const { sent } = outbox.send(item('a', 'one'));
    outbox.discard('one');
    await assert.rejects(sent);
    assert.deepEqual(outbox.items, []);
  });
});
