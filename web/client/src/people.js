/**
 * The newest that is known of people. Messages and channels carry people as they were when they were
 * written; names and pictures are looked up here.
 *
 * @module
 */

/** @import { EventFrame, UserRef } from './types.js' */
import { Emitter } from './emitter.js';

/** @typedef {{changed: UserRef}} PeopleEvents */

/** @extends {Emitter<PeopleEvents>} */
export class People extends Emitter {
  /** @type {Map<string, {user: UserRef, version: number}>} */
  #known = new Map();

  /**
   * A person as they are now.
   *
   * @param {UserRef} user as they were
   * @returns {UserRef}
   */
  current(user) {
    return this.#known.get(user.id)?.user ?? user;
  }

  /** @param {EventFrame} frame `user.updated` @internal */
  take(frame) {
    const told = /** @type {{user: UserRef, version: number}} */ (/** @type {unknown} */ (frame.data));
    if (told.version < (this.#known.get(told.user.id)?.version ?? 0)) return;
    this.#known.set(told.user.id, { user: told.user, version: told.version });
    this.emit('changed', told.user);
  }

  /** @internal */
  clear() {
    this.#known.clear();
  }
}
