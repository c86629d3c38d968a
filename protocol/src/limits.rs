//! Every maximum that a client can meet, with its unit in its name. Request rates are configuration
//! and live with the server.

// frames and bodies
pub const FRAME_BYTES_MAX: usize = 64 * 1024;
/// The first frame of a client that the upgrade signed in: as many positions as a resume may name.
pub const HELLO_BYTES_MAX: usize = 1024 * 1024;
pub const NESTING_MAX: usize = 32;
pub const BODY_BYTES_MAX: usize = 256 * 1024;
pub const AUTH_BODY_BYTES_MAX: usize = 16 * 1024;
pub const HEADER_BYTES_MAX: usize = 16 * 1024;
pub const URL_BYTES_MAX: usize = 8 * 1024;
/// The largest integer that every JSON reader holds exactly.
pub const INTEGER_MAX: i64 = (1 << 53) - 1;
/// The largest number that a profile can have.
pub const PROFILE_ID_MAX: i64 = (1 << 31) - 1;

// connections
pub const HELLO_TIMEOUT_MS: u64 = 10_000;
pub const HEARTBEAT_INTERVAL_MS: u64 = 25_000;
pub const HEARTBEAT_TIMEOUT_MS: u64 = 60_000;
pub const WRITE_STALL_TIMEOUT_MS: u64 = 30_000;
pub const CONNECTIONS_PER_USER_MAX: usize = 20;
pub const COMMANDS_PER_WINDOW_MAX: u32 = 60;
pub const COMMAND_WINDOW_MS: u64 = 10_000;
pub const COMMANDS_IN_FLIGHT_MAX: usize = 64;
pub const MAILBOX_ENTRY_BYTES_MAX: usize = 1024 * 1024;
pub const MAILBOX_EPHEMERAL_KEYS_MAX: usize = 512;
pub const MAILBOX_CONTROL_BYTES_MAX: usize = 4 * 1024 * 1024;
pub const DRAIN_STEP_MS_MAX: u64 = 10;
pub const TICKET_LIFETIME_MS: i64 = 30_000;
pub const UNREAD_COALESCE_MS: u64 = 100;

// resume
pub const RESUME_CHANNELS_MAX: usize = 10_000;
pub const RESUME_ENTRIES_PER_CHANNEL_MAX: usize = 100;
pub const RESUME_ENTRIES_MAX: usize = 1_000;

// bus and catch-up
pub const SWEEP_INTERVAL_MS: u64 = 5_000;
pub const SWEEP_OVERLAP_MS: i64 = 15_000;
pub const GAP_GRACE_MS: u64 = 20;
pub const CATCH_UP_ENTRIES_MAX: usize = 500;

// the log
pub const LOG_QUEUE_MAX: usize = 8_192;
pub const LOG_BATCH_MAX: usize = 1_024;

// pages
pub const PAGE_LIMIT_DEFAULT: u32 = 20;
pub const PAGE_LIMIT_MAX: u32 = 100;
pub const PAGE_DEPTH_MAX: u64 = 100_000;
pub const HISTORY_LIMIT_DEFAULT: u32 = 50;
pub const HISTORY_LIMIT_MAX: u32 = 200;
pub const AUDIT_LIMIT_DEFAULT: u32 = 50;
pub const AUDIT_LIMIT_MAX: u32 = 200;
pub const PEOPLE_LIMIT_DEFAULT: u32 = 500;
pub const PEOPLE_LIMIT_MAX: u32 = 1_000;
pub const CURSOR_CHARS_MAX: usize = 512;

// people
pub const NAME_CHARS_MAX: usize = 80;
pub const EMAIL_CHARS_MIN: usize = 3;
pub const EMAIL_CHARS_MAX: usize = 254;
/// What a company asks for unless it decides otherwise.
pub const PASSWORD_CHARS_MIN: usize = 10;
/// No company may ask for less.
pub const PASSWORD_CHARS_LEAST: usize = 8;
pub const PASSWORD_CHARS_MAX: usize = 128;
pub const PASSWORD_BYTES_MAX: usize = 512;
pub const COMPANY_NAME_CHARS_MAX: usize = 120;
pub const SERVICE_TOKENS_MAX: i64 = 20;
pub const SERVICE_PERMISSIONS_MAX: usize = 20;
pub const SERVICE_TOKEN_DAYS_DEFAULT: i64 = 90;
pub const SERVICE_TOKEN_DAYS_MAX: i64 = 365;
pub const PROFILES_MAX: i64 = 100;
pub const PROFILE_DESCRIPTION_CHARS_MAX: usize = 500;
pub const PROFILE_PERMISSIONS_MAX: usize = 200;
pub const LOGIN_MESSAGE_CHARS_MAX: usize = 300;
pub const ALLOWED_DOMAINS_MAX: usize = 50;
pub const URL_CHARS_MAX: usize = 2_048;
pub const HOST_CHARS_MAX: usize = 253;
pub const CUSTOM_PREFERENCES_BYTES_MAX: usize = 8 * 1024;
pub const CUSTOM_PREFERENCES_NESTING_MAX: usize = 5;
pub const PREFERENCES_BODY_BYTES_MAX: usize = 16 * 1024;
pub const SLUG_CHARS_MIN: usize = 3;
pub const SLUG_CHARS_MAX: usize = 48;
pub const DEVICE_NAME_CHARS_MAX: usize = 80;
pub const SEARCH_CHARS_MAX: usize = 100;

// chat
pub const MESSAGE_CHARS_MAX: usize = 4_000;
pub const CLIENT_MESSAGE_ID_CHARS_MIN: usize = 8;
pub const CLIENT_MESSAGE_ID_CHARS_MAX: usize = 64;
pub const MENTIONS_MAX: usize = 20;
pub const CHANNEL_NAME_CHARS_MAX: usize = 80;
pub const CHANNEL_DESCRIPTION_CHARS_MAX: usize = 500;
pub const GROUP_CREATE_MEMBERS_MAX: usize = 255;
pub const GROUP_ADD_MEMBERS_MAX: usize = 100;
pub const GROUP_MEMBERS_MAX: usize = 10_000;
pub const GROUPS_PER_USER_MAX: usize = 1_000;
pub const CHANNEL_PREVIEW_MEMBERS_MAX: usize = 20;
/// In larger channels, nobody is told how far others have read.
pub const READ_RECEIPT_MEMBERS_MAX: i64 = 256;
pub const TYPING_INTERVAL_MS: u64 = 3_000;
pub const TYPING_EXPIRY_MS: u64 = 6_000;

// presence
pub const PRESENCE_WATCH_MAX: usize = 1_000;
pub const PRESENCE_QUERY_MAX: usize = 200;
pub const PRESENCE_AWAY_AFTER_MS: u64 = 5 * 60_000;
pub const PRESENCE_LEAVE_GRACE_MS: u64 = 30_000;
pub const PRESENCE_LEASE_MS: u64 = 25_000;
pub const PRESENCE_RENEW_MS: u64 = 5_000;
pub const PRESENCE_SEEN_KEPT_SECONDS: u64 = 30 * 86_400;

// idempotency
pub const IDEMPOTENCY_KEY_CHARS_MAX: usize = 255;
pub const IDEMPOTENCY_LIFETIME_MS: i64 = 24 * 3_600_000;

// notifications
pub const DEVICES_MAX: usize = 20;
pub const DEVICE_ENDPOINT_CHARS_MAX: usize = 2_048;
pub const DEVICE_KEY_CHARS_MAX: usize = 256;
pub const DEVICE_TOKEN_CHARS_MAX: usize = 4_096;
pub const DEVICE_LABEL_CHARS_MAX: usize = 80;
pub const EVENT_KEY_CHARS_MAX: usize = 64;
pub const EMIT_USERS_MAX: usize = 500;
pub const EMIT_DATA_BYTES_MAX: usize = 8 * 1024;
pub const DEDUPE_KEY_CHARS_MAX: usize = 128;
pub const DEDUPE_LIFETIME_MS: i64 = 24 * 3_600_000;
pub const ACTION_URL_CHARS_MAX: usize = 500;
pub const INBOX_NOTIFICATIONS_MAX: i64 = 2_000;
/// Repeats of an unread notification within this time are put together.
pub const REPEAT_WINDOW_MS: i64 = 5 * 60_000;
pub const INBOX_KEPT_MS: i64 = 30 * 86_400_000;
pub const DECISIONS_KEPT_MS: i64 = 30 * 86_400_000;
/// 30 days.
pub const DND_PAUSE_MINUTES_MAX: i64 = 30 * 24 * 60;
pub const DND_PREVIEW_DAYS_DEFAULT: i64 = 7;
pub const DND_PREVIEW_DAYS_MAX: i64 = 14;

// templates
pub const TEMPLATE_SUBJECT_CHARS_MAX: usize = 200;
pub const TEMPLATE_BODY_BYTES_MAX: usize = 64 * 1024;
pub const TEMPLATE_TEXT_BYTES_MAX: usize = 32 * 1024;
pub const TEMPLATE_DATA_BYTES_MAX: usize = 16 * 1024;
/// How deep blocks stand in one another.
pub const TEMPLATE_DEPTH_MAX: usize = 5;
/// Of a rendered text.
pub const TEMPLATE_OUTPUT_BYTES_MAX: usize = 256 * 1024;
/// Bodies of requests about templates.
pub const TEMPLATES_BODY_BYTES_MAX: usize = 128 * 1024;
