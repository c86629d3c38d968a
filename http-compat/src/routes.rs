//! Handlers, a file for each noun. Where they stand and who may reach them is on the routing page.

pub(crate) mod accounts;
pub(crate) mod audit;
pub(crate) mod channel_members;
pub(crate) mod channels;
pub(crate) mod devices;
pub(crate) mod email_settings;
pub(crate) mod email_verification;
pub(crate) mod health;
pub(crate) mod messages;
pub(crate) mod notification_preferences;
pub(crate) mod notification_templates;
pub(crate) mod notifications;
pub(crate) mod org_settings;
pub(crate) mod own_profile;
pub(crate) mod passwords;
pub(crate) mod permissions;
pub(crate) mod preferences;
pub(crate) mod presence;
pub(crate) mod profiles;
pub(crate) mod service_tokens;
pub(crate) mod sessions;
pub(crate) mod tenants;
pub(crate) mod tickets;
pub(crate) mod unread;
pub(crate) mod unsubscribe;
pub(crate) mod users;
