/**
 * The tokens of a sign-in: the access token is renewed before it ends, once however many ask.
 *
 * @module
 */

/** @import { Environment } from './environment.js' */
/** @import { Tokens } from './types.js' */
import { clientError } from './errors.js';
import { refresh, ticket } from './http.js';

/** A token that ends so soon is renewed first. */
const MARGIN_MS = 60_000;

export class Session {
  #env;
  #url;
  /** @type {Tokens | null} */
  #tokens;
  /** @type {Promise<Tokens> | null} */
  #refreshing = null;
  #told;

  /**
   * @param {Environment} env
   * @param {string} url
   * @param {Tokens | null} tokens
   * @param {(tokens: Tokens) => void} told hears of renewed tokens
   */
  constructor(env, url, tokens, told) {
    this.#env = env;
    this.#url = url;
    this.#tokens = tokens;
    this.#told = told;
  }

  get tokens() {
    return this.#tokens;
  }

  /**
   * Takes tokens that somebody else renewed, or that a person got by signing in again.
   *
   * @param {Tokens} tokens
   */
  adopt(tokens) {
    this.#tokens = tokens;
  }

  /** An access token that is good for a while. */
  async accessToken() {
    const tokens = this.#need();
    if (!this.#isEnding(tokens)) return tokens.accessToken;
    return tokens.refreshToken ? (await this.renew()).accessToken : tokens.accessToken;
  }

  /** Whether another access token can be had. */
  get isRenewable() {
    return Boolean(this.#tokens?.refreshToken);
  }

  /** Exchanges the refresh token. Everybody who asks meanwhile gets the same answer. */
  renew() {
    this.#refreshing ??= this.#exchange().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  /** A ticket for opening a socket. */
  async ticket() {
    return ticket(this.#env, this.#url, await this.accessToken());
  }

  async #exchange() {
    const { refreshToken } = this.#need();
    if (!refreshToken) throw clientError('NO_TOKENS', 'There is no refresh token.', false);
    const tokens = await refresh(this.#env, this.#url, refreshToken);
    this.#tokens = tokens;
    this.#told(tokens);
    return tokens;
  }

  #need() {
    if (!this.#tokens) throw clientError('NO_TOKENS', 'Nobody is signed in.', false);
    return this.#tokens;
  }

  /** @param {Tokens} tokens */
  #isEnding(tokens) {
    const expiresAt = tokens.expiresAt ?? expiryOf(tokens.accessToken);
    return expiresAt !== null && expiresAt - this.#env.now() < MARGIN_MS;
  }
}

/**
 * When an access token ends, as it says itself. Nothing is verified here: that is the server's part.
 *
 * @param {string} token
 * @returns {number | null} milliseconds since the epoch
 */
export function expiryOf(token) {
  const claims = token.split('.')[1];
  if (!claims) return null;
  try {
    /** @type {unknown} */
    const read = JSON.parse(atob(claims.replaceAll('-', '+').replaceAll('_', '/')));
    const isTold = typeof read === 'object' && read !== null && 'exp' in read;
    return isTold && typeof read.exp === 'number' ? read.exp * 1000 : null;
  } catch {
    return null;
  }
}
