//! The API as its callers see it: a story for each feature, with its refusals beside it.

#[cfg(test)]
mod house;

mod accounts;
mod changes_of_users;
mod channels;
mod email_settings;
mod health;
mod messages;
mod notification_templates;
mod notifications;
mod org_settings;
mod profiles;
mod service_tokens;
mod tenants;
mod unread;
mod users;
#[cfg(test)]
mod walk;
