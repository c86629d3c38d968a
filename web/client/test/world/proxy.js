/**
 * A bad network: a TCP proxy on loopback that cuts connections, delays and truncates what passes.
 *
 * @module
 */

import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/**
 * What happens to one connection after so many bytes from the server.
 *
 * @typedef {object} Fate
 * @property {number} bytes that pass before it happens
 * @property {'cut' | 'truncate' | 'delay'} what `cut`: both sides are reset; `truncate`: one byte short
 *   of what came, then both are reset; `delay`: everything behind it waits
 * @property {number} [delayMs]
 */

export class Proxy {
  #target;
  /** @type {import('node:net').Server} */
  #server;
  /** @type {Set<() => void>} */
  #cuts = new Set();
  /** @type {Fate[]} of the connections to come, in their order */
  fates = [];
  /** Connections so far. */
  count = 0;
  isDown = false;

  /** @param {() => number} target the port behind it */
  constructor(target) {
    this.#target = target;
    this.#server = createServer((client) => this.#pass(client));
  }

  /** @param {() => number} target */
  static async start(target) {
    const proxy = new Proxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get url() {
    const { port } = /** @type {import('node:net').AddressInfo} */ (this.#server.address());
    return `http://127.0.0.1:${port}`;
  }

  /** Cuts all connections there are. */
  cut() {
    for (const cut of [...this.#cuts]) cut();
  }

  /** Cuts, and lets nobody in until `up`. */
  down() {
    this.isDown = true;
    this.cut();
  }

  up() {
    this.isDown = false;
  }

  async stop() {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.cut();
    await closed;
  }

  /** @param {import('node:net').Socket} client */
  #pass(client) {
    client.on('error', () => {});
    if (this.isDown) {
      client.resetAndDestroy();
      return;
    }
    this.count += 1;
    const fate = this.fates.shift() ?? null;
    const server = connect(this.#target(), '127.0.0.1');
    const cut = () => {
      this.#cuts.delete(cut);
      client.resetAndDestroy();
      server.destroy();
    };
    this.#cuts.add(cut);
    server.on('error', cut).on('close', () => this.#cuts.has(cut) && client.end());
    client.on('close', cut);
    client.pipe(server);
    follow(server, client, fate, cut);
  }
}

/**
 * @param {import('node:net').Socket} server
 * @param {import('node:net').Socket} client
 * @param {Fate | null} fate
 * @param {() => void} cut
 */
function follow(server, client, fate, cut) {
  let left = fate?.bytes ?? Number.POSITIVE_INFINITY;
  /** @type {Promise<void>} */
  let passed = Promise.resolve();
  server.on('data', (chunk) => {
    const isReached = chunk.length > left;
    left -= chunk.length;
    if (!fate || !isReached) {
      passed = passed.then(() => void client.write(chunk));
      return;
    }
    left = Number.POSITIVE_INFINITY;
    if (fate.what === 'delay') {
      const { delayMs = 0 } = fate;
      passed = passed.then(() => new Promise((resolve) => setTimeout(resolve, delayMs)));
      passed = passed.then(() => void client.write(chunk));
      return;
    }
    const part = fate.what === 'truncate' ? chunk.subarray(0, chunk.length - 1) : Buffer.alloc(0);
    passed = passed.then(() => void client.write(part, () => cut()));
  });
}
