/**
 * A server that says what a test wants: for refusals, ends and events that a real one cannot be made to
 * produce at will.
 *
 * @module
 */

import { once } from 'node:events';
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

/** @typedef {import('ws').WebSocket} Peer */
/** @typedef {{id?: number, op: string, data: Record<string, unknown>}} Command */
/** @typedef {{ok: true, data: object} | {ok: false, code: string, retryable?: boolean, details?: object}} Reply */
/** @typedef {{status: number, headers?: {[name: string]: string}, body?: object}} Answer */

export const ME = '00000000-0000-7000-8000-000000000001';

export class Stub {
  #http = createServer((request, response) => void this.#rest(request, response));
  #sockets = new WebSocketServer(/** @type {import('ws').ServerOptions} */ ({
    noServer: true, closeTimeout: 500, handleProtocols: (/** @type {Set<string>} */ offered) => this.#choose(offered),
  }));
  /** @type {Peer[]} those that are connected */
  peers = [];
  /** @type {Command[]} */
  commands = [];
  /** @type {{offered: string[]}[]} */
  openings = [];
  /** @type {string[]} */
  requests = [];
  /** @type {Answer[]} refusals of the openings to come */
  refusals = [];
  /** @type {(command: Command) => Reply | null} a reply of the test's own */
  reply = () => null;
  /** @type {(path: string, body: Record<string, unknown>) => Answer | null} */
  answer = () => null;
  /** @type {Record<string, unknown>} in each welcome */
  welcome = {};

  static async start() {
    const stub = new Stub();
    stub.#http.on('upgrade', (request, socket, head) => stub.#upgrade(request, socket, head));
    stub.#http.listen(0, '127.0.0.1');
    await once(stub.#http, 'listening');
    return stub;
  }

  get url() {
    const { port } = /** @type {import('node:net').AddressInfo} */ (this.#http.address());
    return `http://127.0.0.1:${port}`;
  }

  /** @param {object} event */
  send(event) {
    for (const peer of this.peers) peer.send(JSON.stringify(event));
  }

  /** @param {number} code */
  close(code) {
    for (const peer of this.peers) peer.close(code);
  }

  /** @param {string} op */
  said(op) {
    return this.commands.filter((command) => command.op === op);
  }

  async stop() {
    for (const peer of this.peers) {
      peer.resume();
      peer.terminate();
    }
    this.#http.closeAllConnections();
    this.#http.close();
    await once(this.#http, 'close');
  }

  /** @param {Set<string>} offered */
  #choose(offered) {
    return offered.has('tidewire.v1.json') ? 'tidewire.v1.json' : false;
  }

  /**
   * @param {import('node:http').IncomingMessage} request
   * @param {import('node:stream').Duplex} socket
   * @param {Buffer} head
   */
  #upgrade(request, socket, head) {
    const offered = `${request.headers['sec-websocket-protocol'] ?? ''}`.split(/, */);
    this.openings.push({ offered });
    const refusal = this.refusals.shift();
    if (refusal) {
      const headers = Object.entries(refusal.headers ?? {}).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.end(`HTTP/1.1 ${refusal.status} Refused\r\n${headers.join('')}Content-Length: 0\r\n\r\n`);
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (peer) => this.#greet(peer));
  }

  /** @param {Peer} peer */
  #greet(peer) {
    this.peers.push(peer);
    peer.on('close', () => {
      this.peers = this.peers.filter((other) => other !== peer);
    });
    peer.on('message', (data) => {
      const command = /** @type {Command} */ (JSON.parse(String(data)));
      this.commands.push(command);
      if (command.id !== undefined) peer.send(JSON.stringify(frame(command.id, this.#answerOf(command))));
    });
  }

  /** @param {Command} command @returns {Reply} */
  #answerOf(command) {
    const own = this.reply(command);
    if (own) return own;
    if (command.op === 'hello') return { ok: true, data: this.#welcome(command) };
    if (command.op === 'call') return { ok: true, data: { status: 200, data: callData(command) } };
    return { ok: true, data: { items: [] } };
  }

  /** @param {Command} command */
  #welcome({ data }) {
    const nothing = { email: 0, tasks: 0, chat: 0, notifications: 0, total: 0 };
    const status = data['resume'] ? 'resumed' : 'fresh';
    const outcome = { status, behind: [], forked: [], gone: [], inboxBehind: false };
    return {
      connectionId: ME,
      user: { id: ME, number: 1, displayName: 'Ada Lovelace', version: 1 },
      unread: nothing,
      inbox: 0,
      channels: [],
      heartbeatSeconds: 25,
      limits: { frameBytes: 65_536, messageChars: 4_000, commandsPerWindow: 60, commandWindowMs: 10_000 },
      serverTime: '2026-01-01T00:00:00.000Z',
      resume: outcome,
      ...this.welcome,
    };
  }

  /**
   * @param {import('node:http').IncomingMessage} request
   * @param {import('node:http').ServerResponse} response
   */
  async #rest(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(/** @type {Buffer} */ (chunk));
    const text = Buffer.concat(chunks).toString();
    const path = request.url ?? '';
    this.requests.push(path);
    const body = /** @type {Record<string, unknown>} */ (text ? JSON.parse(text) : {});
    const { status, headers, body: answer } = this.answer(path, body) ?? { status: 404 };
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
    response.end(JSON.stringify(answer ?? {}));
  }
}

/** @param {Command} command */
function callData({ data }) {
  if (data['path'] === '/api/v1/chat/unread-count') return { total: 0, byChannel: [] };
  return { items: [], pagination: { hasMore: false } };
}

/** @param {number} id @param {Reply} reply */
function frame(id, reply) {
  if (reply.ok) return { id, ok: true, data: reply.data };
  const { code, retryable = false, details = null } = reply;
  return { id, ok: false, error: { code, message: 'No.', details, retryable } };
}
