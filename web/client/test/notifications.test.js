/** The inbox: read page by page, kept up to date by events. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { clientOf, eventually } from './world/client.js';
import { Stub } from './world/stub.js';

/** @typedef {import('../src/index.js').Notification} Notification */

/** @param {number} n @param {Partial<Notification>} [more] @returns {Notification} */
function notification(n, more = {}) {
  const at = `2026-01-01T00:00:${String(n).padStart(2, '0')}.000Z`;
  return {
    id: `n${n}`, eventKey: 'chat.mention', module: 'chat', title: `Title ${n}`, body: 'Text', data: {},
    actionUrl: null, priority: 'normal', actor: null, count: 1, isRead: false, readAt: null, createdAt: at,
    updatedAt: at, ...more,
  };
}

describe('notifications', () => {
  /** @type {Stub} */
  let stub;
  /** @type {import('../src/index.js').Tidewire} */
  let client;
  /** @type {Notification[]} what the server has, the newest first */
  let stored = [];

  beforeEach(async () => {
    stub = await Stub.start();
    stored = Array.from({ length: 60 }, (_, i) => notification(59 - i));
    stub.reply = ({ op, data }) => {
      if (op !== 'call' || data['path'] !== '/api/v1/notifications') return null;
      const { page, limit } = /** @type {{page: number, limit: number}} */ (data['query']);
      const items = stored.slice((page - 1) * limit, page * limit);
      const pagination = { page, limit, hasMore: page * limit < stored.length };
      return { ok: true, data: { status: 200, data: { items, pagination, unreadCount: 0 } } };
    };
    client = clientOf(stub.url, { token: 't' });
    await client.start();
  });
  afterEach(async () => {
    await client.stop();
    await stub.stop();
  });

  const ids = () => client.notifications.items.map(({ id }) => id);
  /** @param {string} event @param {number} inbox @param {object} data */
  const tell = (event, inbox, data) => stub.send({ event, inbox, data });

  test('are read page by page, without repeating any', async () => {
    await client.notifications.load();
    assert.equal(ids().length, 50);
    assert.ok(client.notifications.hasMore);
    stored.unshift(notification(60));
    await client.notifications.loadMore();
    assert.deepEqual(ids(), stored.map(({ id }) => id));
    assert.ok(!client.notifications.hasMore);
  });

  test('come, change and go, each entry of the inbox once', async () => {
    await client.notifications.load();
    /** @type {string[]} */
    const created = [];
    client.notifications.on('created', ({ notification: { id }, silent }) => created.push(`${id} ${silent}`));
    tell('notification.created', 1, { notification: notification(61), silent: true });
    tell('notification.created', 1, { notification: notification(61), silent: true });
    tell('notification.updated', 2, { notification: notification(61, { count: 2 }) });
    tell('notification.removed', 3, { id: 'n59' });
    await eventually('the removal', () => !ids().includes('n59'));
    assert.deepEqual(created, ['n61 true']);
    assert.deepEqual([ids()[0], client.notifications.items[0]?.count], ['n61', 2]);
    tell('notifications.all_read', 4, { readAt: '2026-01-02T00:00:00.000Z' });
    await eventually('all read', () => client.notifications.items.every(({ isRead }) => isRead));
  });

  test('are read again where entries of the inbox are missing, and after a reconnect', async () => {
    await client.notifications.load();
    tell('notification.updated', 1, { notification: notification(58, { isRead: true }) });
    await eventually('the first', () => client.notifications.items.find(({ id }) => id === 'n58')?.isRead);
    stored.unshift(notification(60));
    tell('notification.removed', 7, { id: 'n1' });
    await eventually('what was missed', () => ids()[0] === 'n60');
    stored.unshift(notification(61));
    stub.close(1001);
    await eventually('what came meanwhile', () => ids()[0] === 'n61');
    const resumes = stub.said('hello').map(({ data }) => data['resume']);
    assert.deepEqual(resumes[1], { channels: {}, inbox: 7 });
  });

  test('are marked and dismissed by commands, and refusals are told', async () => {
    await client.notifications.markRead('n1');
    await client.notifications.markAllRead();
    await client.notifications.dismiss('n2');
    const said = stub.commands.filter(({ op }) => op.startsWith('notifications.')).map(({ op, data }) => [op, data]);
    assert.deepEqual(said, [
      ['notifications.read', { id: 'n1' }], ['notifications.read_all', {}], ['notifications.dismiss', { id: 'n2' }],
    ]);
    stub.reply = () => ({ ok: false, code: 'NOT_FOUND' });
    await assert.rejects(client.notifications.dismiss('n3'), { code: 'NOT_FOUND', retryable: false });
  });

  test('are read again when the server has left some out', async () => {
    await client.notifications.load();
    stored = [notification(70), notification(71, { isRead: true })];
    tell('inbox.behind', 9, {});
    await eventually('the list is read again', () => ids().join() === 'n71,n70');
    tell('notification.removed', 9, { id: 'n70' });
    tell('notification.removed', 10, { id: 'n71' });
    await eventually('later entries count', () => ids().join() === 'n70');
  });
});
