/**
 * REST without a socket: signing in, refreshing, tickets.
 *
 * @module
 */

/** @import { ErrorBody, Json } from './types.js' */
/** @import { Environment } from './environment.js' */
import { retryAfterMs } from './backoff.js';
import { TidewireError, clientError } from './errors.js';

const TIMEOUT_MS = 20_000;

/** @typedef {Pick<Environment, 'fetch' | 'now'>} Http */

/**
 * @typedef {object} HttpRequest
 * @property {string} method
 * @property {string} path below `/api/v1`
 * @property {Json} [body]
 * @property {string | null} [token]
 */

/**
 * Asks and answers `data`.
 *
 * @param {Http} env
 * @param {string} url the server's address
 * @param {HttpRequest} wanted
 * @returns {Promise<Json>}
 */
export async function ask(env, url, wanted) {
  const response = await send(env, `${url}/api/v1${wanted.path}`, wanted);
  const answer = await envelope(response);
  if (response.ok && answer.data !== undefined) return answer.data;
  const retryAfter = retryAfterMs(response.headers.get('retry-after'), env.now());
  const { status } = response;
  throw new TidewireError(answer.error ?? unknownError(status), { status, retryAfterMs: retryAfter });
}

/**
 * @param {Http} env
 * @param {string} url
 * @param {HttpRequest} wanted
 */
async function send(env, url, { method, body, token }) {
  /** @type {{[name: string]: string}} */
  const headers = {};
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (token) headers['Authorization'] = `Bearer ${token}`;
  const text = body === undefined ? {} : { body: JSON.stringify(body) };
  try {
    return await env.fetch(url, { method, headers, signal: AbortSignal.timeout(TIMEOUT_MS), ...text });
  } catch (error) {
    throw clientError('NETWORK', error instanceof Error ? error.message : 'The request failed.');
  }
}

/**
 * @param {Response} response
 * @returns {Promise<{data?: Json, error?: ErrorBody}>}
 */
async function envelope(response) {
  try {
    /** @type {unknown} */
    const answer = await response.json();
    return typeof answer === 'object' && answer !== null ? answer : {};
  } catch {
    // A proxy in between may answer with a page; the status has to do.
    return {};
  }
}

/**
 * @param {number} status
 * @returns {ErrorBody}
 */
function unknownError(status) {
  const retryable = status >= 500 || status === 429 || status === 408;
  return { code: `HTTP_${status}`, message: `The server answered ${status}.`, details: null, retryable };
}

/** @typedef {object} SignInData
 * @property {string} accessToken
 * @property {string} refreshToken
 * @property {number} expiresIn seconds
 */

/**
 * Signs a person in. The answer is what `tokens` of a client takes.
 *
 * @param {Http} env
 * @param {string} url
 * @param {{tenantSlug: string, email: string, password: string, deviceName?: string}} who
 */
export async function login(env, url, who) {
  const data = await ask(env, url, { method: 'POST', path: '/auth/login', body: { ...who } });
  return tokensOf(env, data);
}

/**
 * @param {Http} env
 * @param {string} url
 * @param {string} refreshToken
 */
export async function refresh(env, url, refreshToken) {
  const body = { refreshToken };
  return tokensOf(env, await ask(env, url, { method: 'POST', path: '/auth/refresh', body }));
}

/**
 * A ticket, good once and for 30 seconds.
 *
 * @param {Http} env
 * @param {string} url
 * @param {string} token
 */
export async function ticket(env, url, token) {
  const data = await ask(env, url, { method: 'POST', path: '/realtime/ticket', token });
  return /** @type {{ticket: string}} */ (data).ticket;
}

/**
 * @param {Http} env
 * @param {Json} data
 */
function tokensOf(env, data) {
  const { accessToken, refreshToken, expiresIn } = /** @type {SignInData} */ (data);
  return { accessToken, refreshToken, expiresAt: env.now() + expiresIn * 1000 };
}
