/**
 * How long to wait before the next attempt: random, growing, never less than the server asked for.
 *
 * @module
 */

/** @typedef {{firstMs: number, maxMs: number}} BackoffLimits */

/** @type {BackoffLimits} */
export const BACKOFF = { firstMs: 500, maxMs: 60_000 };

export class Backoff {
  #failures = 0;
  /** @type {() => number} */
  #random;
  /** @type {BackoffLimits} */
  #limits;

  /**
   * @param {() => number} random from 0 to 1
   * @param {BackoffLimits} [limits]
   */
  constructor(random, limits = BACKOFF) {
    this.#random = random;
    this.#limits = limits;
  }

  /** After an attempt that worked. */
  reset() {
    this.#failures = 0;
  }

  /**
   * The wait after one more failure. All clients of a dead server fail at once; that each waits a
   * random part of a growing time, half of it at least, spreads their return.
   *
   * @param {number | null} [askedMs] what the server asked for
   */
  next(askedMs = null) {
    const { firstMs, maxMs } = this.#limits;
    const ceiling = Math.min(maxMs, firstMs * 2 ** Math.min(this.#failures, 30));
    this.#failures += 1;
    const wait = ceiling * (0.5 + this.#random() / 2);
    if (askedMs === null) return Math.round(wait);
    // The server gave a place in its queue; a little later than that is still behind the others.
    return Math.round(Math.max(0, askedMs) + this.#random() * Math.min(firstMs, 1000));
  }
}

/**
 * `Retry-After`, in seconds or as a date.
 *
 * @param {string | null | undefined} header
 * @param {number} nowMs
 * @returns {number | null} milliseconds
 */
export function retryAfterMs(header, nowMs) {
  if (header === null || header === undefined || header.trim() === '') return null;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? null : Math.max(0, date - nowMs);
}
