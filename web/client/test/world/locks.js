/**
 * Web Locks for tests: exclusive locks, granted in the order they were asked for.
 *
 * @module
 */

/** @import { Locks } from '../../src/tabs.js' */

/** @implements {Locks} */
export class FakeLocks {
  /** @type {Map<string, Promise<void>>} */
  #tails = new Map();

  /**
   * @param {string} name
   * @param {{signal?: AbortSignal}} options
   * @param {() => Promise<void>} held
   */
  async request(name, { signal }, held) {
    const before = this.#tails.get(name) ?? Promise.resolve();
    const turn = before.then(async () => {
      if (!signal?.aborted) await held();
    });
    this.#tails.set(name, turn.catch(() => {}));
    await turn;
    signal?.throwIfAborted();
  }
}
