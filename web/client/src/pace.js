/**
 * Keeps a connection below the server's limit of commands, so that nothing is refused for haste.
 *
 * @module
 */

/** Commands kept free for what must not wait, such as pings. */
const RESERVE = 4;
/** Time on the way may squeeze a window. */
const SLACK_MS = 500;

export class Pace {
  /** @type {number[]} when the commands of the window were sent */
  #sent = [];
  #count;
  #windowMs;

  /** @param {{commandsPerWindow: number, commandWindowMs: number}} limits */
  constructor(limits) {
    this.#count = Math.max(1, limits.commandsPerWindow - RESERVE);
    this.#windowMs = limits.commandWindowMs + SLACK_MS;
  }

  /**
   * Takes a place for a command.
   *
   * @param {number} nowMs
   * @returns {number} how long the command has to wait, in milliseconds
   */
  take(nowMs) {
    const earlier = this.#sent.length >= this.#count ? this.#sent.shift() : undefined;
    const due = earlier === undefined ? nowMs : Math.max(nowMs, earlier + this.#windowMs);
    this.#sent.push(due);
    return due - nowMs;
  }
}
