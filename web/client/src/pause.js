/**
 * A wait that can be cut short.
 *
 * @module
 */

export class Pause {
  /** @type {(() => void) | null} */
  #wake = null;

  /**
   * @param {number} ms
   * @returns {Promise<void>}
   */
  sleep(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.wake(), ms);
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = null;
        resolve();
      };
    });
  }

  /** Ends the wait now. */
  wake() {
    this.#wake?.();
  }
}
