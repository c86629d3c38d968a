/**
 * A client for Tidewire servers, for browsers and Node.
 *
 * @module
 */

/** @typedef {import('./options.js').ClientOptions} ClientOptions */
/** @typedef {import('./options.js').TabOptions} TabOptions */
/** @typedef {import('./client.js').ClientEvents} ClientEvents */
/** @typedef {import('./channel_copy.js').ChannelEvents} ChannelEvents */
/** @typedef {import('./channel_list.js').ChannelListEvents} ChannelListEvents */
/** @typedef {import('./channel_list.js').ChannelList} ChannelList */
/** @typedef {import('./channel.js').Channel} Channel */
/** @typedef {import('./notifications.js').Notifications} Notifications */
/** @typedef {import('./people.js').People} People */
/** @typedef {import('./presence.js').Presence} Presence */
/** @typedef {import('./outbox.js').Sending} Sending */
/** @typedef {import('./link.js').LinkState} LinkState */
/** @typedef {import('./link.js').Ending} Ending */
/** @typedef {import('./store.js').Store} Store */
/** @typedef {import('./codec.js').MessagePack} MessagePack */
/** @typedef {import('./types.js').CallOptions} CallOptions */
/** @typedef {import('./types.js').ChannelInfo} ChannelInfo */
/** @typedef {import('./types.js').ChannelMember} ChannelMember */
/** @typedef {import('./types.js').EventFrame} EventFrame */
/** @typedef {import('./types.js').Figures} Figures */
/** @typedef {import('./types.js').Json} Json */
/** @typedef {import('./types.js').Message} Message */
/** @typedef {import('./types.js').Notification} Notification */
/** @typedef {import('./types.js').OutboxItem} OutboxItem */
/** @typedef {import('./types.js').PresenceItem} PresenceItem */
/** @typedef {import('./types.js').Tokens} Tokens */
/** @typedef {import('./types.js').UnreadTotals} UnreadTotals */
/** @typedef {import('./types.js').User} User */
/** @typedef {import('./types.js').UserRef} UserRef */

export { Tidewire, signIn } from './client.js';
export { TidewireError } from './errors.js';
export { indexedDbStore } from './indexed_db.js';
