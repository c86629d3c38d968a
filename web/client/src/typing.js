/**
 * Who is writing in a channel, and how often one says that oneself is.
 *
 * @module
 */

/** The server hears it at most that often. */
const INTERVAL_MS = 3_000;

export class Typists {
  /** @type {Map<string, ReturnType<typeof setTimeout>>} */
  #timers = new Map();
  #changed;

  /** @param {(ids: readonly string[]) => void} changed */
  constructor(changed) {
    this.#changed = changed;
  }

  /** @returns {readonly string[]} */
  get ids() {
    return [...this.#timers.keys()];
  }

  /**
   * @param {string} userId
   * @param {number} expiresInMs
   */
  take(userId, expiresInMs) {
    const before = this.#timers.get(userId);
    clearTimeout(before);
    this.#timers.set(userId, setTimeout(() => this.drop(userId), expiresInMs));
    if (before === undefined) this.#changed(this.ids);
  }

  /** @param {string} userId who has sent, or stopped */
  drop(userId) {
    clearTimeout(this.#timers.get(userId));
    if (this.#timers.delete(userId)) this.#changed(this.ids);
  }

  clear() {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}

/** Decides which of many key strokes are told. */
export class TypingNotice {
  #toldAtMs = Number.NEGATIVE_INFINITY;

  /** @param {number} nowMs */
  isDue(nowMs) {
    if (nowMs - this.#toldAtMs < INTERVAL_MS) return false;
    this.#toldAtMs = nowMs;
    return true;
  }

  /** What was written is sent: the next stroke begins anew. */
  reset() {
    this.#toldAtMs = Number.NEGATIVE_INFINITY;
  }
}
