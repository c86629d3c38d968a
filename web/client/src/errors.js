/**
 * What can go wrong, as one error with a code.
 *
 * @module
 */

/** @import { ErrorBody, JsonObject } from './types.js' */

/** A refusal by the server, or one of the codes that the client adds: `OFFLINE`, `CLOSED`, `TIMEOUT`. */
export class TidewireError extends Error {
  /**
   * @param {ErrorBody} body
   * @param {{status?: number, retryAfterMs?: number | null}} [more]
   */
  constructor(body, more = {}) {
    super(`${body.code}: ${body.message}`);
    this.name = 'TidewireError';
    /** @type {string} what to branch on */
    this.code = body.code;
    /** @type {JsonObject | null} */
    this.details = body.details;
    /** @type {boolean} whether the same may work later */
    this.retryable = body.retryable;
    /** @type {number | null} of HTTP, if it was asked over HTTP */
    this.status = more.status ?? null;
    /** @type {number | null} the server's word on when to come back */
    this.retryAfterMs = more.retryAfterMs ?? retryAfterOf(body.details);
  }

  /** @returns {ErrorBody} */
  get body() {
    const { code, details, retryable } = this;
    return { code, message: this.message.slice(code.length + 2), details, retryable };
  }
}

/** @param {JsonObject | null} details */
function retryAfterOf(details) {
  const seconds = details?.['retryAfterSeconds'];
  return typeof seconds === 'number' ? seconds * 1000 : null;
}

/**
 * @param {'OFFLINE' | 'CLOSED' | 'TIMEOUT' | 'UNREADABLE' | 'NETWORK' | 'NO_TOKENS'} code
 * @param {string} message
 * @param {boolean} [retryable]
 */
export function clientError(code, message, retryable = true) {
  return new TidewireError({ code, message, details: null, retryable });
}

/**
 * Any failure as one of ours.
 *
 * @param {unknown} error
 */
export function asTidewireError(error) {
  if (error instanceof TidewireError) return error;
  return clientError('NETWORK', error instanceof Error ? error.message : String(error));
}
