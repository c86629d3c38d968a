/**
 * The shapes that travel on the wire, as REST and the socket share them. This module has no values.
 *
 * @module
 */

/** @typedef {null | boolean | number | string | JsonArray | JsonObject} Json */
/** @typedef {Json[]} JsonArray */
/** @typedef {{[key: string]: Json}} JsonObject */

/** @typedef {'online' | 'away' | 'offline'} PresenceStatus */
/** @typedef {'all' | 'mentions' | 'none'} ChannelNotify */
/** @typedef {'owner' | 'admin' | 'member'} ChannelRole */

/**
 * A person, as everybody in the company sees it.
 *
 * @typedef {object} UserRef
 * @property {string} id
 * @property {number} number counts from 1 in each company
 * @property {string} displayName
 * @property {string} firstName
 * @property {string} lastName
 * @property {string | null} email
 * @property {string | null} avatar
 * @property {'pending' | 'active' | 'inactive' | 'deleted'} status
 */

/**
 * The person who is signed in.
 *
 * @typedef {object} User
 * @property {string} id
 * @property {number} number
 * @property {string} email
 * @property {string} firstName
 * @property {string} lastName
 * @property {string} displayName
 * @property {'user' | 'manager' | 'tenant_admin' | 'super'} role
 * @property {number | null} profileId
 * @property {string | null} profileName
 * @property {'pending' | 'active' | 'inactive'} status
 * @property {boolean} emailVerified
 * @property {string | null} phone
 * @property {string | null} avatar
 * @property {string | null} timezone
 * @property {string | null} locale
 * @property {string | null} lastLoginAt
 * @property {string | null} invitedAt
 * @property {string | null} invitationExpiresAt
 * @property {string | null} deactivatedAt
 * @property {string} createdAt
 * @property {string} updatedAt
 * @property {number} version
 */

/**
 * `content` is `null` once deleted; `sender` is `null` for system messages.
 *
 * @typedef {object} Message
 * @property {string} id
 * @property {string} channelId
 * @property {number} seq of the entry that created it
 * @property {'text' | 'system'} type
 * @property {UserRef | null} sender
 * @property {string | null} content plain text, to be shown as text
 * @property {UserRef[]} mentions
 * @property {string | null} clientMessageId told to the sender alone
 * @property {string} createdAt
 * @property {string | null} editedAt
 * @property {string | null} deletedAt
 */

/**
 * A channel as REST shows it to one of its members.
 *
 * @typedef {object} ChannelInfo
 * @property {string} id
 * @property {'direct' | 'group'} type
 * @property {string | null} name
 * @property {string | null} description
 * @property {UserRef[]} members both people, or the first 20
 * @property {number} memberCount
 * @property {ChannelRole} role
 * @property {Message | null} lastMessage
 * @property {string | null} lastMessageAt
 * @property {number} lastSeq
 * @property {number} lastReadSeq
 * @property {number} unreadCount
 * @property {boolean} muted
 * @property {ChannelNotify} notify
 * @property {boolean} archived
 * @property {UserRef | null} createdBy
 * @property {string} createdAt
 */

/**
 * @typedef {object} ChannelMember
 * @property {UserRef} user
 * @property {ChannelRole} role
 * @property {string} joinedAt
 * @property {number} lastReadSeq
 * @property {string | null} lastReadAt
 */

/**
 * Where a channel stands for the person, as `hello` answers it.
 *
 * @typedef {object} ChannelState
 * @property {string} id
 * @property {'direct' | 'group'} type
 * @property {number} seq
 * @property {string} mark
 * @property {number} lastReadSeq
 * @property {number} unreadCount
 * @property {number} mentionCount
 * @property {number} revision
 * @property {boolean} muted
 */

/**
 * What is left to read in a channel. Ordered by (`revision`, `lastReadSeq`, `seq`).
 *
 * @typedef {object} Figures
 * @property {number} seq the head that they were computed at
 * @property {number} lastReadSeq
 * @property {number} unreadCount
 * @property {number} mentionCount
 * @property {number} revision raised by marking unread
 */

/** @typedef {Figures & {id: string}} ChannelFigures */

/**
 * @typedef {object} UnreadTotals
 * @property {number} email
 * @property {number} tasks
 * @property {number} chat
 * @property {number} notifications
 * @property {number} total
 */

/** The last entry somebody has of a log: a `seq`, and the random mark of that entry.
 * @typedef {[seq: number, mark: string]} Position */

/**
 * @typedef {object} PresenceItem
 * @property {string} userId
 * @property {number} userNumber
 * @property {PresenceStatus} status
 * @property {string | null} lastSeenAt
 */

/**
 * @typedef {object} Notification
 * @property {string} id
 * @property {string} eventKey
 * @property {string} module
 * @property {string} title
 * @property {string} body
 * @property {JsonObject} data
 * @property {string | null} actionUrl a path
 * @property {'low' | 'normal' | 'high' | 'critical'} priority
 * @property {UserRef | null} actor
 * @property {number} count how often it happened
 * @property {boolean} isRead
 * @property {string | null} readAt
 * @property {string} createdAt
 * @property {string} updatedAt
 */

/**
 * @typedef {object} Limits
 * @property {number} frameBytes
 * @property {number} messageChars
 * @property {number} commandsPerWindow
 * @property {number} commandWindowMs
 */

/**
 * @typedef {object} ResumeOutcome
 * @property {'fresh' | 'resumed'} status
 * @property {{channel: string, seq: number, mark: string}[]} behind
 * @property {string[]} forked
 * @property {string[]} gone
 * @property {boolean} inboxBehind the missed entries of the inbox do not follow
 */

/**
 * The answer to `hello`.
 *
 * @typedef {object} Welcome
 * @property {string} connectionId
 * @property {User} user
 * @property {UnreadTotals} unread
 * @property {number} inbox the last entry of the inbox
 * @property {ChannelState[]} channels
 * @property {number} heartbeatSeconds
 * @property {Limits} limits
 * @property {string} serverTime
 * @property {ResumeOutcome} resume
 */

/**
 * A part of a channel's history, ascending after a seq.
 *
 * @typedef {object} HistoryPage
 * @property {Message[]} items
 * @property {{limit: number, nextCursor: string | null, hasMore: boolean}} pagination
 * @property {number} lastSeq the head of the channel when the page was read
 */

/**
 * @typedef {object} ErrorBody
 * @property {string} code what to branch on
 * @property {string} message
 * @property {JsonObject | null} details
 * @property {boolean} retryable
 */

/**
 * An event as it comes. `channel`, `seq` and `mark` are there on entries of a channel's log, `inbox` on
 * entries of the person's inbox.
 *
 * @typedef {object} EventFrame
 * @property {string} event
 * @property {string} [channel]
 * @property {number} [seq]
 * @property {string} [mark]
 * @property {number} [inbox]
 * @property {Json} data
 */

/** @typedef {{id: number, ok: true, data: Json} | {id: number, ok: false, error: ErrorBody}} ReplyFrame */

/**
 * What signs a person in.
 *
 * @typedef {object} Tokens
 * @property {string} accessToken
 * @property {string | null} [refreshToken] without it, the session is over when the access token is
 * @property {number | null} [expiresAt] milliseconds since the epoch; read from the token when left out
 */

/**
 * @typedef {object} CallOptions
 * @property {{[name: string]: string | number | boolean}} [query]
 * @property {Json} [body]
 * @property {{[name: string]: string}} [headers] such as `Idempotency-Key` or `If-Match`
 */

/**
 * A message that was written and is not acknowledged yet.
 *
 * @typedef {object} OutboxItem
 * @property {string} clientMessageId
 * @property {string} channelId
 * @property {string} content
 * @property {string[]} mentions
 * @property {string} createdAt
 * @property {'queued' | 'failed'} state failed: the server refused it for good
 * @property {ErrorBody | null} error
 */

export {};
