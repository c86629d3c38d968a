/**
 * Frames to bytes and back: JSON, or MessagePack with the very same keys.
 *
 * @module
 */

/** @import { EventFrame, Json, ReplyFrame } from './types.js' */
import { clientError } from './errors.js';

/** @typedef {{id?: number, op: string, data: object}} CommandFrame */
/** @typedef {EventFrame | ReplyFrame} ServerFrame */

/**
 * @typedef {object} Codec
 * @property {'tidewire.v1.json' | 'tidewire.v1.msgpack'} subprotocol
 * @property {(frame: CommandFrame) => string | Uint8Array<ArrayBuffer>} encode
 * @property {(data: unknown) => ServerFrame} decode
 */

/**
 * What `@msgpack/msgpack` exports, as far as it is needed.
 *
 * @typedef {object} MessagePack
 * @property {(value: unknown) => Uint8Array} encode
 * @property {(bytes: Uint8Array) => unknown} decode
 */

/** @type {Codec} */
export const json = {
  subprotocol: 'tidewire.v1.json',
  encode: (frame) => JSON.stringify(frame),
  decode(data) {
    if (typeof data !== 'string') throw unreadable();
    /** @type {unknown} */
    const frame = JSON.parse(data);
    return asFrame(frame);
  },
};

/**
 * @param {MessagePack} implementation such as the module `@msgpack/msgpack`
 * @returns {Codec}
 */
export function messagePack(implementation) {
  return {
    subprotocol: 'tidewire.v1.msgpack',
    // What is left out and what is `undefined` are one thing, as in JSON.
    encode: (frame) => new Uint8Array(implementation.encode(withoutUndefined(frame))),
    decode(data) {
      if (data instanceof ArrayBuffer) return asFrame(implementation.decode(new Uint8Array(data)));
      if (data instanceof Uint8Array) return asFrame(implementation.decode(data));
      throw unreadable();
    },
  };
}

/**
 * @param {unknown} value
 * @returns {unknown}
 */
function withoutUndefined(value) {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(entries.map(([key, inner]) => [key, withoutUndefined(inner)]));
}

/**
 * @param {unknown} value
 * @returns {ServerFrame}
 */
function asFrame(value) {
  if (typeof value !== 'object' || value === null) throw unreadable();
  const isEvent = 'event' in value && typeof value.event === 'string';
  const isReply = 'id' in value && typeof value.id === 'number' && 'ok' in value;
  if (!isEvent && !isReply) throw unreadable();
  return /** @type {ServerFrame} */ (value);
}

function unreadable() {
  return clientError('UNREADABLE', 'The server sent what is no frame.', false);
}

/**
 * How many bytes a text takes in a frame.
 *
 * @param {Json | object} value
 */
export function jsonBytes(value) {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}
