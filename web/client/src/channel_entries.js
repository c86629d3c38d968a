/**
 * What an entry of a channel's log does to what is known of the channel.
 *
 * @module
 */

/** @import { ChannelInfo, ChannelMember, EventFrame, Message, UserRef } from './types.js' */
/** @import { Entry } from './timeline.js' */

/** Stands for a message of which nothing is left. */
const VANISHED = '00000000-0000-0000-0000-000000000000';

/** @type {{[event: string]: 'created' | 'changed'}} */
const KINDS = {
  'chat.message.created': 'created',
  'chat.message.updated': 'changed',
  'chat.message.deleted': 'changed',
};

/**
 * An entry as a timeline takes it.
 *
 * @param {EventFrame & {seq: number}} frame
 * @returns {Entry}
 */
export function entryOf(frame) {
  const kind = KINDS[frame.event] ?? 'other';
  if (kind === 'other') return { seq: frame.seq, kind, message: null };
  const { message } = /** @type {{message: Message}} */ (/** @type {unknown} */ (frame.data));
  if (message.id === VANISHED) return { seq: frame.seq, kind: 'other', message: null };
  return { seq: frame.seq, kind, message };
}

/**
 * The channel's description after an entry.
 *
 * @param {ChannelInfo} info
 * @param {EventFrame} frame
 * @param {string | null} me
 * @returns {ChannelInfo}
 */
export function describe(info, frame, me) {
  const data = /** @type {unknown} */ (frame.data);
  switch (frame.event) {
    case 'chat.message.created':
    case 'chat.message.updated':
    case 'chat.message.deleted':
      return withLast(info, /** @type {{message: Message}} */ (data).message, frame);
    case 'chat.channel.updated': {
      const { name, description, archived } = /** @type {Partial<ChannelInfo>} */ (data);
      return {
        ...info,
        name: name ?? info.name,
        description: description === undefined ? info.description : description,
        archived: archived ?? info.archived,
      };
    }
    case 'chat.member.added':
      return withMembers(info, /** @type {{members: ChannelMember[]}} */ (data).members);
    case 'chat.member.removed':
      return without(info, /** @type {{user: UserRef}} */ (data).user);
    case 'chat.member.updated': {
      const { member } = /** @type {{member: ChannelMember}} */ (data);
      return member.user.id === me ? { ...info, role: member.role } : info;
    }
    default:
      return info;
  }
}

/**
 * @param {ChannelInfo} info
 * @param {Message} message
 * @param {EventFrame} frame
 * @returns {ChannelInfo}
 */
function withLast(info, message, frame) {
  const last = info.lastMessage?.seq ?? 0;
  if (message.id === VANISHED || message.seq < last) return info;
  if (frame.event !== 'chat.message.created') {
    return message.seq === last ? { ...info, lastMessage: message } : info;
  }
  return { ...info, lastMessage: message, lastMessageAt: message.createdAt };
}

/**
 * @param {ChannelInfo} info
 * @param {ChannelMember[]} added
 */
function withMembers(info, added) {
  const known = new Set(info.members.map((user) => user.id));
  const users = added.map((member) => member.user).filter((user) => !known.has(user.id));
  const memberCount = info.memberCount + added.length;
  return { ...info, members: [...info.members, ...users].slice(0, 20), memberCount };
}

/**
 * @param {ChannelInfo} info
 * @param {UserRef} gone
 */
function without(info, gone) {
  const members = info.members.filter((user) => user.id !== gone.id);
  return { ...info, members, memberCount: Math.max(0, info.memberCount - 1) };
}
