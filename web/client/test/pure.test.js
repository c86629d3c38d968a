/** The parts that need no server: waits, figures, encodings, close codes, pace. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as msgpack from '@msgpack/msgpack';
import fc from 'fast-check';
import { Backoff, retryAfterMs } from '../src/backoff.js';
import { judgeClose } from '../src/close_codes.js';
import { json, messagePack } from '../src/codec.js';
import { Emitter } from '../src/emitter.js';
import { afterOwnMessage, compareFigures, newerFigures } from '../src/figures.js';
import { Pace } from '../src/pace.js';
import { expiryOf } from '../src/session.js';

describe('waiting', () => {
  test('grows to the limit, is never the same for all, and begins anew after a success', () => {
    const limits = { firstMs: 100, maxMs: 1_000 };
    const chance = fc.double({ min: 0, max: 0.999, noNaN: true });
    fc.assert(fc.property(fc.array(chance, { minLength: 6, maxLength: 6 }), (luck) => {
      let at = 0;
      const backoff = new Backoff(() => luck[at++ % luck.length] ?? 0, limits);
      const waits = luck.map(() => backoff.next());
      const ceilings = [100, 200, 400, 800, 1_000, 1_000];
      waits.forEach((wait, i) => {
        const ceiling = ceilings[i] ?? 0;
        assert.ok(wait >= ceiling / 2 && wait <= ceiling, `${wait} of ${ceiling}`);
      });
      backoff.reset();
      assert.ok(backoff.next() <= 100);
    }));
  });

  test('is at least what the server asks for', () => {
    fc.assert(fc.property(fc.nat(100_000), fc.double({ min: 0, max: 0.999, noNaN: true }), (asked, luck) => {
      const wait = new Backoff(() => luck).next(asked);
      assert.ok(wait >= asked && wait <= asked + 1_000);
    }));
  });

  test('is read from seconds and from dates', () => {
    const now = Date.parse('2026-01-01T00:00:00Z');
    assert.equal(retryAfterMs('7', now), 7_000);
    assert.equal(retryAfterMs('Thu, 01 Jan 2026 00:00:05 GMT', now), 5_000);
    assert.equal(retryAfterMs('Thu, 01 Jan 2025 00:00:05 GMT', now), 0);
    for (const nothing of [null, undefined, '', 'soon']) assert.equal(retryAfterMs(nothing, now), null);
  });
});

test('close codes decide who comes back', () => {
  const verdicts = (/** @type {string} */ wanted) =>
    [1000, 1001, 1002, 1003, 1006, 1007, 1009, 1011, 1012, 4400, 4401, 4408, 4409, 4410, 4413, 4429]
      .filter((code) => judgeClose(code).verdict === wanted);
  assert.deepEqual(verdicts('reconnect'), [1000, 1001, 1006, 1011, 4408, 4413]);
  assert.deepEqual(verdicts('slot'), [1012]);
  assert.deepEqual(verdicts('later'), [4429]);
  assert.deepEqual(verdicts('sign_in'), [4401]);
  assert.deepEqual(verdicts('end'), [1002, 1003, 1007, 1009, 4400, 4409, 4410]);
});

describe('figures', () => {
  const figures = fc.record({
    seq: fc.nat(5), lastReadSeq: fc.nat(5), revision: fc.nat(3), unreadCount: fc.nat(5), mentionCount: fc.nat(2),
  });

  test('in whatever order they come, the newest stay', () => {
    fc.assert(fc.property(fc.array(figures, { minLength: 1 }), fc.array(fc.nat()), (told, luck) => {
      const shuffled = told.map((item, i) => ({ item, at: luck[i] ?? 0 })).sort((a, b) => a.at - b.at);
      const last = shuffled.map(({ item }) => item).reduce((known, item) => newerFigures(known, item));
      assert.ok(told.every((item) => compareFigures(last, item) >= 0));
    }));
  });

  test('whoever writes has read, unless that is known already', () => {
    const none = { seq: 4, lastReadSeq: 3, unreadCount: 0, mentionCount: 0, revision: 1 };
    assert.deepEqual(afterOwnMessage(none, 5), { ...none, seq: 5, lastReadSeq: 5 });
    assert.equal(afterOwnMessage(none, 4), none);
    const some = { ...none, unreadCount: 2 };
    assert.equal(afterOwnMessage(some, 5), some);
  });
});

describe('encodings', () => {
  // Texts as JSON writes them; the package refuses the one key that would change an object's nature.
  const texts = fc.json({ maxDepth: 4 }).filter((text) => !text.includes('__proto__'));
  const binary = messagePack(msgpack);

  test('carry the same', () => {
    fc.assert(fc.property(texts, (text) => {
      /** @type {import('../src/index.js').Json} */
      const data = JSON.parse(JSON.stringify(JSON.parse(text)));
      const frame = { event: 'x', data };
      const packed = new Uint8Array(msgpack.encode(frame));
      assert.deepEqual(json.decode(JSON.stringify(frame)), frame);
      assert.deepEqual(binary.decode(packed), frame);
      assert.deepEqual(binary.decode(packed.buffer), frame);
      const command = { id: 1, op: 'chat.send', data: { data, nothing: undefined } };
      const encoded = /** @type {Uint8Array} */ (binary.encode(command));
      assert.deepEqual(msgpack.decode(encoded), { id: 1, op: 'chat.send', data: { data } });
    }));
  });

  test('refuse what is no frame', () => {
    for (const text of ['', '1', 'null', '[]', '{}', '{"id":"7","ok":true}', '{"id":7}', '{"event":7}']) {
      assert.throws(() => json.decode(text), text);
    }
    assert.throws(() => json.decode(new ArrayBuffer(1)));
    assert.throws(() => binary.decode('{}'));
    assert.throws(() => binary.decode(new Uint8Array([0xc1])));
  });
});

test('no window has more commands than the server takes', () => {
  const limits = { commandsPerWindow: 20, commandWindowMs: 1_000 };
  fc.assert(fc.property(fc.array(fc.nat(300), { maxLength: 200 }), (pauses) => {
    const pace = new Pace(limits);
    let now = 0;
    const sent = pauses.map((pause) => {
      now += pause;
      return now + pace.take(now);
    });
    sent.forEach((at, i) => {
      const inWindow = sent.slice(i).filter((other) => other - at < limits.commandWindowMs).length;
      assert.ok(inWindow <= limits.commandsPerWindow);
    });
  }));
});

test('a token says when it ends', () => {
  const token = (/** @type {string} */ claims) => `e30.${Buffer.from(claims).toString('base64url')}.sig`;
  assert.equal(expiryOf(token('{"exp":1700000000}')), 1_700_000_000_000);
  for (const odd of ['', 'a.b', token('{}'), token('[]'), token('{"exp":"x"}'), token('not json')]) {
    assert.equal(expiryOf(odd), null);
  }
});

test('a listener hears until it is taken away', async () => {
  /** @type {Emitter<{news: number}>} */
  const emitter = new Emitter();
  /** @type {number[]} */
  const heard = [];
  const off = emitter.on('news', (value) => heard.push(value));
  const next = emitter.once('news');
  emitter.emit('news', 1);
  off();
  emitter.emit('news', 2);
  assert.deepEqual(heard, [1]);
  assert.equal(await next, 1);
});
