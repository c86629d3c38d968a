/** The copy of a log: each entry once and in order, and what is missing is read again. */

import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { ChannelLog } from '../src/channel_log.js';

/** @typedef {import('../src/types.js').Message} Message */

/** @param {number} seq @param {string} content @returns {Message} */
function message(seq, content) {
  const rest = { sender: null, mentions: [], clientMessageId: null, editedAt: null, deletedAt: null };
  return { id: `m${seq}`, channelId: 'c', seq, type: 'text', content, createdAt: `${seq}`, ...rest };
}

/** @param {number} seq @param {Message} [what] */
function entry(seq, what = message(seq, `said ${seq}`)) {
  const event = what.seq === seq ? 'chat.message.created' : 'chat.message.updated';
  return { event, channel: 'c', seq, mark: `mark-${seq}`, data: /** @type {never} */ ({ message: what }) };
}

describe('a copy of a log', () => {
  /** @type {Message[]} what the server has */
  let stored = [];
  /** @type {number[]} the pages that were asked for */
  let asked = [];
  /** @type {number[]} */
  let applied = [];
  let behind = 0;
  /** @type {ChannelLog} */
  let log;

  beforeEach(() => {
    [stored, asked, applied, behind] = [[1, 2, 3].map((seq) => message(seq, `said ${seq}`)), [], [], 0];
    const port = {
      request: async (/** @type {string} */ _op, /** @type {object} */ data) => {
        const { afterSeq } = /** @type {{afterSeq: number}} */ (data);
        asked.push(afterSeq);
        const items = stored.filter(({ seq }) => seq > afterSeq);
        const page = { items, pagination: { hasMore: false }, lastSeq: stored.length };
        return /** @type {never} */ (page);
      },
      tell: () => {},
    };
    log = new ChannelLog('c', port, {
      entry: ({ seq }) => applied.push(seq),
      messages: () => {},
      behind: () => {
        behind += 1;
      },
    });
    log.takeHead([3, 'mark-3'], 'new');
    behind = 0;
  });

  const texts = () => log.messages.map(({ content }) => content);

  test('takes what is next, and nothing twice', async () => {
    await log.loadLatest(50);
    for (const seq of [3, 4, 4, 2, 5]) log.take(entry(seq));
    assert.deepEqual(applied, [4, 5]);
    assert.deepEqual(log.position, [5, 'mark-5']);
    assert.deepEqual(texts(), ['said 1', 'said 2', 'said 3', 'said 4', 'said 5']);
    assert.equal(behind, 0);
  });

  for (const how of ['a gap', 'channel.behind', 'a resume that left entries out']) {
    test(`reads again after ${how}, with the edits that nobody told of`, async () => {
      await log.loadLatest(50);
      stored = ['said 1', 'edited 2', 'said 3', 'said 4', 'said 5', 'said 6'].map((text, i) => message(i + 1, text));
      if (how === 'a gap') log.take(entry(6));
      else if (how === 'channel.behind') log.take({ ...entry(6), event: 'channel.behind' });
      else log.takeHead([6, 'mark-6'], 'behind');
      assert.deepEqual([behind, log.isStale, applied], [1, true, []]);
      log.take(entry(7));
      stored.push(message(7, 'said 7'));
      await log.repair();
      assert.ok(!log.isStale);
      assert.deepEqual(texts(), stored.map(({ content }) => content));
      assert.deepEqual(log.position, [7, 'mark-7']);
    });
  }

  test('drops what never was when the log is another one', async () => {
    await log.loadLatest(50);
    stored = [message(1, 'other 1'), message(2, 'other 2')];
    log.takeHead([2, 'mark-x'], 'forked');
    assert.deepEqual(texts(), []);
    await log.repair();
    assert.deepEqual(texts(), ['other 1', 'other 2']);
    assert.deepEqual(log.position, [2, 'mark-x']);
  });

  test('reads once more when entries were left out while it read', async () => {
    await log.loadLatest(50);
    log.take({ ...entry(5), event: 'channel.behind' });
    const reading = log.repair();
    log.take({ ...entry(9), event: 'channel.behind' });
    await reading;
    assert.ok(log.isStale);
    await log.repair();
    assert.ok(!log.isStale);
    assert.deepEqual(asked.length, 3);
  });
});
