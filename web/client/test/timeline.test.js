/** Pages and live entries, in whatever order they arrive, come to the same. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { loadAround, loadBefore, loadEnd, reload } from '../src/history.js';
import { Timeline } from '../src/timeline.js';

/** @typedef {import('../src/types.js').Message} Message */
/** @typedef {import('../src/timeline.js').Entry} Entry */

/** A log in memory, with the messages as they are at each head. */
class Log {
  /** @type {Entry[]} */
  entries = [];

  /** @param {{kind: 'say' | 'edit' | 'other', n: number}} act */
  append({ kind, n }) {
    const seq = this.entries.length + 1;
    const said = this.entries.filter((entry) => entry.kind === 'created');
    const target = said[n % Math.max(1, said.length)]?.message;
    if (kind === 'say') this.entries.push({ seq, kind: 'created', message: message(seq, `said ${seq}`) });
    else if (kind === 'edit' && target) {
      this.entries.push({ seq, kind: 'changed', message: message(target.seq, `edited ${seq}`) });
    } else this.entries.push({ seq, kind: 'other', message: null });
  }

  /** @param {number} [head] */
  messages(head = this.entries.length) {
    /** @type {Map<number, Message>} */
    const messages = new Map();
    for (const entry of this.entries.slice(0, head)) {
      if (entry.message) messages.set(entry.message.seq, entry.message);
    }
    return [...messages.values()].sort((a, b) => a.seq - b.seq);
  }

  /** @param {number} after @param {number} limit */
  page(after, limit) {
    const all = this.messages().filter(({ seq }) => seq > after);
    const pagination = { limit, nextCursor: null, hasMore: all.length > limit };
    return { items: all.slice(0, limit), pagination, lastSeq: this.entries.length };
  }
}

/** @param {number} seq @param {string} content @returns {Message} */
function message(seq, content) {
  const rest = { sender: null, mentions: [], clientMessageId: null, editedAt: null, deletedAt: null };
  return { id: `m${seq}`, channelId: 'c', seq, type: 'text', content, createdAt: `${seq}`, ...rest };
}

const act = fc.record({ kind: fc.constantFrom('say', 'say', 'edit', 'other'), n: fc.nat(50) });
const acts = fc.array(act, { maxLength: 60 });

/** Where the server's answers wait until they are let through. */
const moments = fc.array(fc.nat(5), { maxLength: 40 });

/**
 * A port to a log that grows while its answers are on their way, and whose entries arrive late.
 *
 * @param {Log} log
 * @param {Timeline} timeline
 * @param {{kind: 'say' | 'edit' | 'other', n: number}[]} later what is appended around each request
 * @param {number[]} luck
 */
function lively(log, timeline, later, luck) {
  let told = log.entries.length;
  let at = 0;
  const tell = (/** @type {number} */ count) => {
    for (const entry of log.entries.slice(told, told + count)) timeline.apply(entry);
    told = Math.min(log.entries.length, told + count);
  };
  const next = () => luck[at++ % Math.max(1, luck.length)] ?? 1;
  const grow = (/** @type {number} */ count) => later.splice(0, count).forEach((one) => log.append(one));
  const port = {
    request: async (/** @type {string} */ _op, /** @type {object} */ data) => {
      const { afterSeq, limit } = /** @type {{afterSeq: number, limit: number}} */ (data);
      grow(next());
      tell(next());
      const page = log.page(afterSeq, limit);
      grow(next());
      tell(next());
      return /** @type {never} */ (page);
    },
    tell: () => {},
  };
  return { port, rest: () => tell(log.entries.length) };
}

/**
 * @param {{kind: 'say' | 'edit' | 'other', n: number}[]} first
 * @param {{kind: 'say' | 'edit' | 'other', n: number}[]} later
 * @param {number[]} luck
 * @param {(port: import('../src/port.js').Port, timeline: Timeline, log: Log) => Promise<void>} load
 */
async function play(first, later, luck, load) {
  const log = new Log();
  first.forEach((one) => log.append(one));
  const timeline = new Timeline();
  const { port, rest } = lively(log, timeline, [...later], luck);
  timeline.open();
  await load(port, timeline, log);
  timeline.close();
  rest();
  const inside = log.messages().filter(({ seq }) => seq >= timeline.from && seq <= timeline.to);
  assert.deepEqual(timeline.messages, inside);
  return { timeline, log };
}

describe('a timeline', () => {
  test('that was loaded from the end, while the log grew, has everything and stays live', async () => {
    await fc.assert(fc.asyncProperty(acts, acts, moments, async (first, later, luck) => {
      const { timeline, log } = await play(first, later, luck, async (port, shown) => {
        await loadEnd(port, 'c', shown, first.length, 5);
      });
      assert.equal(timeline.to, log.entries.length);
    }));
  });

  test('goes back to the beginning without a gap', async () => {
    await fc.assert(fc.asyncProperty(acts, acts, moments, async (first, later, luck) => {
      const { timeline, log } = await play(first, later, luck, async (port, shown) => {
        await loadEnd(port, 'c', shown, first.length, 3);
        while (shown.isLoaded && shown.from > 1) await loadBefore(port, 'c', shown, 2);
      });
      if (timeline.isLoaded) assert.deepEqual(timeline.messages, log.messages());
    }));
  });

  test('in the middle of a log keeps its messages as they are', async () => {
    await fc.assert(fc.asyncProperty(acts, acts, moments, fc.nat(60), async (first, later, luck, seq) => {
      await play(first, later, luck, (port, shown) => loadAround(port, 'c', shown, seq, 6));
    }));
  });

  test('that is read again after entries were left out has the edits among them', async () => {
    await fc.assert(fc.asyncProperty(acts, acts, moments, fc.nat(30), async (first, later, luck, back) => {
      const head = first.length;
      const from = Math.max(1, head - back);
      const { timeline, log } = await play(first, later, luck, (port, shown) =>
        reload(port, 'c', shown, { from, head, isForked: false }));
      assert.deepEqual([timeline.from, timeline.to], [from, log.entries.length]);
    }));
  });

  test('knows a channel from its first entry on without asking', () => {
    const timeline = new Timeline();
    timeline.apply({ seq: 1, kind: 'created', message: message(1, 'one') });
    timeline.apply({ seq: 2, kind: 'changed', message: message(1, 'two') });
    timeline.apply({ seq: 2, kind: 'changed', message: message(1, 'again') });
    assert.deepEqual(timeline.messages.map(({ content }) => content), ['two']);
  });

  test('keeps its end, and goes on from it', () => {
    const timeline = new Timeline();
    for (let seq = 1; seq <= 5; seq += 1) timeline.apply({ seq, kind: 'created', message: message(seq, 'x') });
    const data = timeline.tail(2);
    assert.ok(data);
    const next = new Timeline(data);
    next.apply({ seq: 6, kind: 'created', message: message(6, 'y') });
    assert.deepEqual([next.from, next.to, next.messages.map(({ seq }) => seq)], [4, 6, [4, 5, 6]]);
  });
});
