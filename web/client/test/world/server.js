/**
 * A real server for tests: its own data directory, a free port on loopback, people with tokens.
 *
 * @module
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** @typedef {{user: string, token: string}} Person */

export const BINARY = process.env['TIDEWIRE_BIN'] ?? '';

/** Why tests that need a server are left out; a setting of CI turns that into a failure. */
export const SKIP = BINARY ? false : 'TIDEWIRE_BIN does not name a server';
const isStrict = process.env['CI'] === 'true' || process.env['TIDEWIRE_TEST_REQUIRE_ALL'] === '1';
if (SKIP && isStrict) throw new Error(SKIP);

export class Server {
  #folder;
  #env;
  /** @type {import('node:child_process').ChildProcess | null} */
  #process = null;
  #address = '127.0.0.1:0';
  /** @type {Person[]} */
  people = [];

  /**
   * @param {string} folder
   * @param {{[name: string]: string}} settings
   */
  constructor(folder, settings) {
    this.#folder = folder;
    this.#env = {
      PATH: process.env['PATH'] ?? '',
      TIDEWIRE_DATA_DIR: join(folder, 'data'),
      TIDEWIRE_PUBLIC_URL: 'http://tidewire.test',
      TIDEWIRE_RATE_LIMITS: 'off',
      TIDEWIRE_DRAIN_SECONDS: '0',
      TIDEWIRE_LOG: 'error',
      ...settings,
    };
  }

  /**
   * @param {number} people
   * @param {{[name: string]: string}} [settings]
   */
  static async start(people, settings = {}) {
    const server = new Server(await mkdtemp(join(tmpdir(), 'tidewire-client-')), settings);
    if (people > 0) await server.#seed(people);
    await server.start();
    return server;
  }

  get url() {
    return `http://${this.#address}`;
  }

  get port() {
    return Number(this.#address.split(':')[1]);
  }

  /** Starts the process, again on the port that it had. */
  async start() {
    const env = { ...this.#env, TIDEWIRE_LISTEN: this.#address };
    const child = spawn(BINARY, ['serve'], { env, cwd: this.#folder, stdio: ['ignore', 'pipe', 'inherit'] });
    this.#process = child;
    for await (const line of createInterface({ input: child.stdout })) {
      const address = /listening on http:\/\/(\S+)/.exec(line)?.[1];
      if (!address) continue;
      this.#address = address;
      return;
    }
    throw new Error('the server ended before it listened');
  }

  /** @param {'SIGTERM' | 'SIGKILL'} [signal] */
  async stop(signal = 'SIGTERM') {
    const child = this.#process;
    this.#process = null;
    if (!child || child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  /** Keeps a copy of all there is, to go back to. */
  async backUp() {
    await this.stop();
    await cp(join(this.#folder, 'data'), join(this.#folder, 'copy'), { recursive: true });
    await this.start();
  }

  /** Goes back to the copy. */
  async restore() {
    await this.stop();
    await rm(join(this.#folder, 'data'), { recursive: true });
    await cp(join(this.#folder, 'copy'), join(this.#folder, 'data'), { recursive: true });
    await this.start();
  }

  async dispose() {
    await this.stop('SIGKILL');
    await rm(this.#folder, { recursive: true, force: true });
  }

  /**
   * Asks over REST, and answers `data`.
   *
   * @param {Person} person
   * @param {string} method
   * @param {string} path
   * @param {object} [body]
   * @returns {Promise<Record<string, unknown>>}
   */
  async ask(person, method, path, body) {
    const response = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: { Authorization: `Bearer ${person.token}`, 'Content-Type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const answer = /** @type {{data?: Record<string, unknown>}} */ (await response.json());
    if (!answer.data) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
    return answer.data;
  }

  /**
   * A group of all people, opened by the first.
   *
   * @param {string} name
   */
  async group(name) {
    const [first, ...others] = this.people;
    if (!first) throw new Error('there is nobody');
    const memberIds = others.map(({ user }) => user);
    const { channel } = await this.ask(first, 'POST', '/chat/channels/group', { name, memberIds });
    return /** @type {{id: string}} */ (channel).id;
  }

  /**
   * All messages of a channel, ascending.
   *
   * @param {Person} person
   * @param {string} channelId
   */
  async messages(person, channelId) {
    /** @type {import('../../src/types.js').Message[]} */
    const all = [];
    for (let hasMore = true; hasMore;) {
      const after = all.at(-1)?.seq ?? 0;
      const path = `/chat/channels/${channelId}/messages?afterSeq=${after}&limit=200`;
      const page = /** @type {import('../../src/types.js').HistoryPage} */ (
        /** @type {unknown} */ (await this.ask(person, 'GET', path)));
      all.push(...page.items);
      hasMore = page.pagination.hasMore;
    }
    return all;
  }

  /** @param {number} people */
  async #seed(people) {
    const out = join(this.#folder, 'people.jsonl');
    const args = ['admin', 'seed', '--users', `${people}`, '--channels', '0', '--members', '1', '--out', out];
    const child = spawn(BINARY, args, { env: this.#env, cwd: this.#folder, stdio: ['ignore', 'ignore', 'inherit'] });
    const [code] = /** @type {[number]} */ (await once(child, 'exit'));
    if (code !== 0) throw new Error(`seeding ended with ${code}`);
    const lines = (await readFile(out, 'utf8')).trim().split('\n').slice(1);
    this.people = lines.map((line) => /** @type {Person} */ (JSON.parse(line)));
  }
}
