//! The REST view of the operations. There is no rule here: a request is read, its caller is
//! identified, an operation is called, and what it answers is written down.

pub mod address;
pub mod authenticate;

mod access_log;
mod admission;
mod answer;
mod body;
mod cors;
mod docs;
mod head;
mod idempotency;
mod json;
mod openapi;
mod path;
mod preconditions;
mod problem;
mod query;
mod rate_limit;
mod request_id;
mod routes;
mod routing;
mod security_headers;
mod surface;

use axum::Router;
use http::HeaderValue;
use tidewire_app::{
    App,
    permission::Permission::{
        AuditRead, ChatCreateGroup, ChatRead, ChatWrite, EmailSettingsManage, EmailSettingsRead,
        HealthRead, NotificationsEmit, ProfilesManage, ProfilesRead, ServiceTokensManage,
        SessionsManage, SettingsManage, SettingsRead, TemplatesManage, TemplatesRead,
        TokensIntrospect, UsersCreate, UsersDeactivate, UsersDelete, UsersRead, UsersUpdate,
    },
    rate_limit::Class,
};
use tidewire_protocol::limits::{PREFERENCES_BODY_BYTES_MAX, TEMPLATES_BODY_BYTES_MAX};
use utoipa_axum::routes;

pub use address::PeerAddr;
pub use authenticate::PreAuthenticated;
pub use problem::Problem;

use address::Network;
use admission::{administering, holding, probe, public, serving, signed_in};
use routes::{
    accounts, audit, channel_members, channels, devices, email_settings, email_verification,
    health, messages, notification_preferences, notification_templates, notifications,
    org_settings, own_profile, passwords, permissions, preferences, presence, profiles,
    service_tokens, sessions, tenants, tickets, unread, unsubscribe, users,
};
use routing::Page;

/// What the operator decides about this mouth.
#[derive(Clone, Default)]
pub struct Options {
    /// Origins whose pages may call, exactly as browsers send them.
    pub allowed_origins: Vec<HeaderValue>,
    /// Peers whose forwarding header is believed.
    pub trusted_proxies: Vec<Network>,
    /// Leaves out the description of the API, and the page that shows it.
    pub description_hidden: bool,
    /// Routes of the process itself, such as the socket's: they share all that surrounds the
    /// others, and answer a [`Problem`] as the others do.
    pub more: Router<App>,
}

/// Everything that is served over HTTP, except the socket and the page.
pub fn router(app: App, options: &Options) -> Router {
    let mut page = routes(Page::new(&app, &options.trusted_proxies));
    let mut more = options.more.clone();
    if !options.description_hidden {
        let description = routes!(openapi::document);
        page = page.at("/api/v1/openapi.json", public(Class::Document), description);
        more = more.merge(docs::routes());
    }
    surface::wrap(page, more, app, &options.allowed_origins)
}

/// The routing page: where, who, how often, what.
#[rustfmt::skip]
fn routes(page: Page) -> Page {
    about_notifications(page)
        // accounts
        .at("/api/v1/auth/login",      public(Class::Login).credentials(),    routes!(accounts::login))
        .at("/api/v1/auth/refresh",    public(Class::Refresh).credentials(),  routes!(accounts::refresh))
        .at("/api/v1/auth/me",         signed_in(Class::Read).credentials(),  routes!(accounts::me))
        .at("/.well-known/jwks.json",  public(Class::Document),               routes!(accounts::jwks))

        // oneself
        .at("/api/v1/auth/me/profile",     signed_in(Class::Read),  routes!(own_profile::profile))
        .at("/api/v1/auth/me/profile",     signed_in(Class::Write), routes!(own_profile::change_profile))
        .at("/api/v1/auth/me/preferences", signed_in(Class::Read),  routes!(preferences::preferences))
        .at("/api/v1/auth/me/preferences", signed_in(Class::Write).body_bytes(PREFERENCES_BODY_BYTES_MAX), routes!(preferences::change_preferences))

        // sessions
        .at("/api/v1/auth/logout",        signed_in(Class::Write).credentials(), routes!(sessions::logout))
        .at("/api/v1/auth/logout-all",    signed_in(Class::Write).credentials(), routes!(sessions::logout_all))
        .at("/api/v1/auth/sessions",      signed_in(Class::Read).credentials(),  routes!(sessions::list))
        .at("/api/v1/auth/sessions/{id}", signed_in(Class::Write).credentials(), routes!(sessions::end))

        // passwords, and proofs of an address
        .at("/api/v1/auth/password/forgot",      public(Class::Forgot).credentials(),       routes!(passwords::forgot))
        .at("/api/v1/auth/password/reset",       public(Class::OneTimeToken).credentials(), routes!(passwords::reset))
        .at("/api/v1/auth/password/change",      signed_in(Class::Write).credentials(),     routes!(passwords::change))
        .at("/api/v1/auth/verify-email/{token}", public(Class::OneTimeToken).credentials(), routes!(email_verification::verify))
        .at("/api/v1/auth/verify-email/resend",  signed_in(Class::Write).credentials(),     routes!(email_verification::resend))

        // tenants
        .at("/api/v1/tenants/register",          public(Class::Register),  routes!(tenants::register))
        .at("/api/v1/tenants/me",                signed_in(Class::Read),   routes!(tenants::me))
        .at("/api/v1/tenants/by-slug/{slug}",    public(Class::BySlug),    routes!(tenants::by_slug))
        .at("/api/v1/tenants/check-slug/{slug}", public(Class::CheckSlug), routes!(tenants::check_slug))

        // users
        .at("/api/v1/users",                        holding(UsersCreate, Class::Write),                     routes!(users::create))
        .at("/api/v1/users",                        holding(UsersRead, Class::Read).or_services(UsersRead), routes!(users::list))
        .at("/api/v1/users/me",                     signed_in(Class::Read),                                 routes!(users::me))
        .at("/api/v1/users/profiles",               holding(UsersRead, Class::Read),                        routes!(profiles::assignable))
        .at("/api/v1/users/{id}",                   signed_in(Class::Read).or_services(UsersRead),          routes!(users::get))
        .at("/api/v1/users/{id}",                   holding(UsersUpdate, Class::Write),                     routes!(users::update))
        .at("/api/v1/users/{id}",                   holding(UsersDeactivate, Class::Write),                 routes!(users::deactivate))
        .at("/api/v1/users/{id}/activate",          holding(UsersDeactivate, Class::Write),                 routes!(users::activate))
        .at("/api/v1/users/{id}/permanent",         holding(UsersDelete, Class::Write),                     routes!(users::delete))
        .at("/api/v1/users/{id}/revoke-sessions",   holding(SessionsManage, Class::Write),                  routes!(users::revoke_sessions))
        .at("/api/v1/users/{id}/resend-invitation", administering(UsersCreate, Class::Write),               routes!(users::resend_invitation))
        .at("/api/v1/users/accept-invitation",      public(Class::OneTimeToken),                            routes!(users::accept_invitation))
        .at("/api/v1/users/invitations/{token}",    public(Class::OneTimeToken),                            routes!(users::invitation))
        .at("/api/v1/permissions/me",               signed_in(Class::Read),                                 routes!(permissions::me))

        // profiles
        .at("/api/v1/profiles",               holding(ProfilesRead, Class::Read),    routes!(profiles::list))
        .at("/api/v1/profiles",               holding(ProfilesManage, Class::Write), routes!(profiles::create))
        .at("/api/v1/profiles/permissions",   holding(ProfilesRead, Class::Read),    routes!(profiles::catalogue))
        .at("/api/v1/profiles/{id}",          holding(ProfilesRead, Class::Read),    routes!(profiles::get))
        .at("/api/v1/profiles/{id}",          holding(ProfilesManage, Class::Write), routes!(profiles::update))
        .at("/api/v1/profiles/{id}",          holding(ProfilesManage, Class::Write), routes!(profiles::deactivate))
        .at("/api/v1/profiles/{id}/activate", holding(ProfilesManage, Class::Write), routes!(profiles::activate))

        // what a company decides
        .at("/api/v1/org-settings",                        holding(SettingsRead, Class::Read),    routes!(org_settings::all))
        .at("/api/v1/org-settings/by-category/{category}", holding(SettingsRead, Class::Read),    routes!(org_settings::of_category))
        .at("/api/v1/org-settings/{key}",                  holding(SettingsRead, Class::Read),    routes!(org_settings::get))
        .at("/api/v1/org-settings/{key}",                  holding(SettingsManage, Class::Write), routes!(org_settings::set))
        // email settings
        .at("/api/v1/settings/email/smtp",           holding(EmailSettingsManage, Class::Read),  routes!(email_settings::smtp))
        .at("/api/v1/settings/email/smtp",           holding(EmailSettingsManage, Class::Write).credentials(), routes!(email_settings::save_smtp))
        .at("/api/v1/settings/email/smtp/test",      holding(EmailSettingsManage, Class::Write), routes!(email_settings::test_smtp))
        .at("/api/v1/settings/email/sender",         holding(EmailSettingsRead, Class::Read),    routes!(email_settings::sender))
        .at("/api/v1/settings/email/sender",         holding(EmailSettingsManage, Class::Write), routes!(email_settings::change_sender))
        .at("/api/v1/settings/email/tracking",       holding(EmailSettingsRead, Class::Read),    routes!(email_settings::tracking))
        .at("/api/v1/settings/email/tracking",       holding(EmailSettingsManage, Class::Write), routes!(email_settings::change_tracking))
        .at("/api/v1/settings/email/compliance",     holding(EmailSettingsRead, Class::Read),    routes!(email_settings::compliance))
        .at("/api/v1/settings/email/compliance",     holding(EmailSettingsManage, Class::Write), routes!(email_settings::change_compliance))
        .at("/api/v1/settings/email/footer",         holding(EmailSettingsRead, Class::Read),    routes!(email_settings::footer))
        .at("/api/v1/settings/email/footer",         holding(EmailSettingsManage, Class::Write), routes!(email_settings::change_footer))
        .at("/api/v1/settings/email/deliverability", holding(EmailSettingsRead, Class::Read),    routes!(email_settings::deliverability))
        .at("/api/v1/settings/email/deliverability", holding(EmailSettingsManage, Class::Write), routes!(email_settings::change_deliverability))
        .at("/api/v1/settings/email/status",         holding(EmailSettingsRead, Class::Read),    routes!(email_settings::status))

        // the audit log
        .at("/api/v1/audit-log", holding(AuditRead, Class::Read), routes!(audit::list))

        // service tokens
        .at("/api/v1/service-tokens",      holding(ServiceTokensManage, Class::Write).shown_once(), routes!(service_tokens::create))
        .at("/api/v1/service-tokens",      holding(ServiceTokensManage, Class::Read),               routes!(service_tokens::list))
        .at("/api/v1/service-tokens/{id}", holding(ServiceTokensManage, Class::Write),              routes!(service_tokens::revoke))
        .at("/api/v1/auth/introspect",     serving(TokensIntrospect).credentials(),                 routes!(service_tokens::introspect))

        // the socket, and who is there
        .at("/api/v1/realtime/ticket", signed_in(Class::Ticket).credentials(), routes!(tickets::issue))
        .at("/api/v1/presence",        holding(UsersRead, Class::Read),        routes!(presence::query))

        // channels
        .at("/api/v1/chat/users",                  holding(ChatRead, Class::Read),         routes!(channels::people))
        .at("/api/v1/chat/channels",               holding(ChatRead, Class::Read),         routes!(channels::list))
        .at("/api/v1/chat/channels/direct",        holding(ChatWrite, Class::Write),       routes!(channels::open_direct))
        .at("/api/v1/chat/channels/group",         holding(ChatCreateGroup, Class::Write), routes!(channels::create_group))
        .at("/api/v1/chat/channels/{id}",          holding(ChatRead, Class::Read),         routes!(channels::get))
        .at("/api/v1/chat/channels/{id}",          holding(ChatWrite, Class::Write),       routes!(channels::update))
        .at("/api/v1/chat/channels/{id}/settings", holding(ChatRead, Class::Write),        routes!(channel_members::set_settings))

        // channel members
        .at("/api/v1/chat/channels/{id}/members",          holding(ChatWrite, Class::Write), routes!(channel_members::add))
        .at("/api/v1/chat/channels/{id}/members/{userId}", holding(ChatWrite, Class::Write), routes!(channel_members::remove))
        .at("/api/v1/chat/channels/{id}/members/{userId}", holding(ChatWrite, Class::Write), routes!(channel_members::set_role))

        // messages
        .at("/api/v1/chat/channels/{id}/messages",             holding(ChatRead, Class::Read),      routes!(messages::history))
        .at("/api/v1/chat/channels/{id}/messages",             holding(ChatWrite, Class::ChatSend), routes!(messages::send))
        .at("/api/v1/chat/channels/{id}/messages/{messageId}", holding(ChatWrite, Class::Write),    routes!(messages::edit))
        .at("/api/v1/chat/channels/{id}/messages/{messageId}", holding(ChatWrite, Class::Write),    routes!(messages::delete))

        // unread
        .at("/api/v1/chat/channels/{id}/read",   holding(ChatRead, Class::Read),  routes!(unread::mark_read))
        .at("/api/v1/chat/channels/{id}/unread", holding(ChatRead, Class::Write), routes!(unread::mark_unread))
        .at("/api/v1/chat/unread-count",         holding(ChatRead, Class::Read),  routes!(unread::count))

        // health
        .at("/api/v1/health",          probe(),                          routes!(health::health))
        .at("/api/v1/health/system",   probe(),                          routes!(health::system))
        .at("/api/v1/health/live",     probe(),                          routes!(health::live))
        .at("/api/v1/health/ready",    probe(),                          routes!(health::ready))
        .at("/api/v1/health/services", holding(HealthRead, Class::Read), routes!(health::services))
}

/// What people are told, what they want to be told, and in which words.
#[rustfmt::skip]
fn about_notifications(page: Page) -> Page {
    page
        // what people were told of
        .at("/api/v1/notifications",               signed_in(Class::Read),  routes!(notifications::list))
        .at("/api/v1/notifications/unread-count",  signed_in(Class::Read),  routes!(notifications::unread_count))
        .at("/api/v1/notifications/mark-all-read", signed_in(Class::Write), routes!(notifications::mark_all_read))
        .at("/api/v1/notifications/decisions",     signed_in(Class::Read),  routes!(notifications::decisions))
        .at("/api/v1/notifications/emit",          serving(NotificationsEmit), routes!(notifications::emit))
        .at("/api/v1/notifications/{id}",          signed_in(Class::Write), routes!(notifications::dismiss))
        .at("/api/v1/notifications/{id}/read",     signed_in(Class::Write), routes!(notifications::mark_read))
        .at("/api/v1/notifications/{id}/trace",    signed_in(Class::Read),  routes!(notifications::trace))
        .at("/api/v1/notifications/analytics/digest/settings", signed_in(Class::Read),  routes!(notifications::digest))
        .at("/api/v1/notifications/analytics/digest/settings", signed_in(Class::Write), routes!(notifications::change_digest))

        // what people can be pushed to
        .at("/api/v1/notifications/devices",      signed_in(Class::Write), routes!(devices::register))
        .at("/api/v1/notifications/devices",      signed_in(Class::Read),  routes!(devices::devices))
        .at("/api/v1/notifications/devices/{id}", signed_in(Class::Write), routes!(devices::remove))
        .at("/api/v1/notifications/push/keys",    signed_in(Class::Read),  routes!(devices::keys))

        // leaving a kind of mails
        .at("/api/v1/email/unsubscribe/{token}", public(Class::OneTimeToken),           routes!(unsubscribe::page))
        .at("/api/v1/email/unsubscribe/{token}", public(Class::OneTimeToken).or_form(), routes!(unsubscribe::leave))

        // what people choose to be notified of, and when they want quiet
        .at("/api/v1/notifications/preferences",             signed_in(Class::Read),                                  routes!(notification_preferences::effective))
        .at("/api/v1/notifications/preferences",             signed_in(Class::Write).body_bytes(PREFERENCES_BODY_BYTES_MAX), routes!(notification_preferences::set))
        .at("/api/v1/notifications/preferences/catalog",     signed_in(Class::Read),                                  routes!(notification_preferences::catalog))
        .at("/api/v1/notifications/preferences/dnd",         signed_in(Class::Read),                                  routes!(notification_preferences::dnd))
        .at("/api/v1/notifications/preferences/dnd",         signed_in(Class::Write).body_bytes(PREFERENCES_BODY_BYTES_MAX), routes!(notification_preferences::change_dnd))
        .at("/api/v1/notifications/preferences/dnd/pause",   signed_in(Class::Write).body_bytes(PREFERENCES_BODY_BYTES_MAX), routes!(notification_preferences::pause_dnd))
        .at("/api/v1/notifications/preferences/dnd/pause",   signed_in(Class::Write),                                 routes!(notification_preferences::resume_dnd))
        .at("/api/v1/notifications/preferences/dnd/preview", signed_in(Class::Read),                                  routes!(notification_preferences::preview_dnd))

        // what notifications say
        .at("/api/v1/notifications/templates",                holding(TemplatesRead, Class::Read),                                    routes!(notification_templates::templates))
        .at("/api/v1/notifications/templates/{id}",           holding(TemplatesRead, Class::Read),                                    routes!(notification_templates::template))
        .at("/api/v1/notifications/templates/{id}/customize", holding(TemplatesManage, Class::Write).body_bytes(TEMPLATES_BODY_BYTES_MAX), routes!(notification_templates::customize_template))
        .at("/api/v1/notifications/templates/{id}/preview",   holding(TemplatesRead, Class::Read).body_bytes(TEMPLATES_BODY_BYTES_MAX),    routes!(notification_templates::preview_template))
        .at("/api/v1/notifications/templates/{id}/override",  holding(TemplatesManage, Class::Write),                                 routes!(notification_templates::reset_template))
}

#[cfg(test)]
mod tests;
