//! How often somebody may ask: one table of classes, each with its own buckets by key.
//!
//! A bucket is a GCRA whose burst is the whole limit: after a pause the full number passes at once,
//! and then it refills evenly over the window. That approximates a sliding window with two words per
//! key; in the worst case up to twice the limit passes within one window.

mod bucket;

use std::{net::IpAddr, sync::Arc, time::Duration};

use tidewire_protocol::{
    ErrorCode,
    id::{ChannelId, ServiceTokenId, SessionId, TenantId, UserId},
};

use crate::{
    App, Error,
    actor::{Identity, Service},
    clock::Clock,
    config::Config,
};
use bucket::Buckets;

/// How often the buckets of those who went quiet are forgotten.
const TIDY_INTERVAL: Duration = Duration::from_secs(10);

macro_rules! classes {
    ($($(#[$doc:meta])* $name:ident $word:literal $count:literal per $seconds:literal;)+) => {
        /// What kind of request it is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Class { $($(#[$doc])* $name,)+ }

        impl Class {
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The class's name in the configuration.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }
        }

        /// The limits of all classes.
        #[derive(Debug, Clone)]
        pub struct Rates([Rate; Class::ALL.len()]);

        impl Default for Rates {
            fn default() -> Self {
                Self([$(Rate { count: $count, seconds: $seconds },)+])
            }
        }
    };
}

#[rustfmt::skip]
classes! {
    /// Signing in, by address.
    Login             "login"                 20 per 60;
    /// Refreshing tokens, by address.
    Refresh           "refresh"               60 per 60;
    /// Refreshing tokens, by session.
    RefreshSession    "refresh_session"       30 per 60;
    /// Forgotten passwords, by account.
    ForgotAccount     "forgot_account"         5 per 3_600;
    /// Forgotten passwords, by address.
    Forgot            "forgot"                20 per 3_600;
    /// Asking for the verification mail again, by user.
    VerificationMail  "verification_mail"      3 per 3_600;
    /// Presenting a one-time token, by address.
    OneTimeToken      "one_time_token"        20 per 60;
    /// Sending an invitation again, by the invited person.
    ResendInvitation  "resend_invitation"      3 per 3_600;
    /// Registering a company, by address.
    Register          "register"               5 per 3_600;
    /// Looking a company up for its sign-in page, by address.
    BySlug            "by_slug"               60 per 60;
    /// Asking whether a slug is free, by address.
    CheckSlug         "check_slug"            30 per 60;
    /// Fetching a public document, by address.
    Document          "document"              60 per 60;
    /// Reading, by user.
    Read              "read"                 600 per 60;
    /// Searching, by user.
    Search            "search"                60 per 60;
    /// Changing something, by user.
    Write             "write"                120 per 60;
    /// Tickets for sockets, by user.
    Ticket            "ticket"                30 per 60;
    /// Sending messages, by user.
    ChatSend          "chat_send"             60 per 60;
    /// Sending messages in one channel, by user.
    ChatSendInChannel "chat_send_in_channel"  20 per 10;
    /// Storing single events, by user or service.
    Events            "events"               600 per 60;
    /// Storing batches of events, by user or service.
    EventBatch        "event_batch"           60 per 60;
    /// Requests that reach the payment provider, by tenant.
    Provider          "provider"              10 per 60;
    /// Trying the mail server, by tenant.
    SmtpTest          "smtp_test"              5 per 600;
    /// Anything, by service.
    Service           "service"            1_200 per 60;
    /// Anything, by tenant.
    Everything        "everything"        12_000 per 60;
}

/// A number of requests in a window of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    pub count: u32,
    pub seconds: u32,
}

impl Rates {
    pub const fn get(&self, class: Class) -> Rate {
        self.0[class as usize]
    }

    /// Sets the limit of one class. Zero counts as one: a class is not closed by its limit.
    pub const fn set(&mut self, class: Class, rate: Rate) {
        self.0[class as usize] = rate;
    }
}

/// Whose bucket a request draws from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Key {
    /// Made by [`Key::address`] only, so that an IPv6 network is one key.
    Address(IpAddr),
    /// SHA-256 of a tenant and an email key.
    Account([u8; 32]),
    Session(SessionId),
    User(UserId),
    Member(UserId, ChannelId),
    Tenant(TenantId),
    Service(ServiceTokenId),
}

impl Key {
    /// An IPv4 address for itself, an IPv6 address with its whole /64.
    pub fn address(address: IpAddr) -> Self {
        Self::Address(match address.to_canonical() {
            IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & !u128::from(u64::MAX)).into()),
            v4 @ IpAddr::V4(_) => v4,
        })
    }
}

/// Where a caller stands in a class after a request that was allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub limit: u32,
    pub remaining: u32,
    /// Until the whole limit is there again.
    pub reset_seconds: u64,
}

impl Standing {
    /// The one that leaves less.
    pub fn tighter(self, other: Self) -> Self {
        if other.remaining < self.remaining { other } else { self }
    }
}

/// The limit was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exceeded {
    pub standing: Standing,
    pub retry_after_seconds: u64,
}

impl From<Exceeded> for Error {
    fn from(exceeded: Exceeded) -> Self {
        Self::new(ErrorCode::RateLimited).with_retry_after(exceeded.retry_after_seconds)
    }
}

/// `None` where rates are lifted.
pub type Checked = Result<Option<Standing>, Exceeded>;

/// All buckets of one node; cheap to clone.
#[derive(Clone)]
pub struct RateLimits(Option<Arc<[Buckets]>>);

impl RateLimits {
    pub fn new(config: &Config, clock: &Clock) -> Self {
        if config.rate_limits { Self::with(&config.rates, clock) } else { Self(None) }
    }

    fn with(rates: &Rates, clock: &Clock) -> Self {
        Self(Some(Class::ALL.iter().map(|class| Buckets::new(rates.get(*class), clock)).collect()))
    }

    /// Draws one request of `class` from the bucket of `key`.
    pub fn check(&self, class: Class, key: &Key) -> Checked {
        self.0.as_ref().map(|classes| classes[class as usize].draw(key)).transpose()
    }

    /// Draws from the user's bucket, then from the tenant's: a user at the limit costs the tenant
    /// nothing.
    pub fn check_user(&self, class: Class, identity: &Identity) -> Checked {
        let user = self.check(class, &Key::User(identity.user_id))?;
        let tenant = self.check(Class::Everything, &Key::Tenant(identity.tenant_id))?;
        Ok(tightest(user, tenant))
    }

    /// As [`RateLimits::check_user`] for a service.
    pub fn check_service(&self, service: &Service) -> Checked {
        let own = self.check(Class::Service, &Key::Service(service.id))?;
        let tenant = self.check(Class::Everything, &Key::Tenant(service.tenant_id))?;
        Ok(tightest(own, tenant))
    }

    /// As [`RateLimits::check_user`] for sending into a channel.
    pub fn check_chat_send(&self, identity: &Identity, channel_id: ChannelId) -> Checked {
        let key = Key::Member(identity.user_id, channel_id);
        let in_channel = self.check(Class::ChatSendInChannel, &key)?;
        Ok(tightest(in_channel, self.check_user(Class::ChatSend, identity)?))
    }
}

fn tightest(a: Option<Standing>, b: Option<Standing>) -> Option<Standing> {
    a.zip(b).map(|(a, b)| a.tighter(b))
}

/// Forgets the buckets that are full again, until the node stops; without it the keys of one-time
/// visitors would stay.
pub async fn tidy(app: App) {
    let Some(classes) = &app.rate_limits.0 else { return };
    let mut ticks = tokio::time::interval(TIDY_INTERVAL);
    loop {
        ticks.tick().await;
        classes.iter().for_each(Buckets::tidy);
    }
}

#[cfg(test)]
mod tests {
    use tidewire_protocol::Timestamp;
    use uuid::Uuid;

    use super::*;

    const NOBODY: UserId = UserId::new(Uuid::nil());

    fn limits() -> (RateLimits, Clock) {
        let clock = Clock::manual(Timestamp::from_ms(1_700_000_000_000));
        (RateLimits::with(&Rates::default(), &clock), clock)
    }

    #[test]
    fn a_limit_is_reached_and_refills() {
        let (limits, clock) = limits();
        let key = Key::User(NOBODY);
        for remaining in (0..20).rev() {
            let standing = limits.check(Class::Login, &key).unwrap().unwrap();
            assert_eq!((standing.limit, standing.remaining), (20, remaining));
        }
        let exceeded = limits.check(Class::Login, &key).unwrap_err();
        assert_eq!((exceeded.retry_after_seconds, exceeded.standing.remaining), (3, 0));
        clock.advance(3_000);
        assert!(limits.check(Class::Login, &key).is_ok());
        assert!(limits.check(Class::Login, &key).is_err());
    }

    #[test]
    fn classes_and_keys_do_not_share() {
        let (limits, _) = limits();
        let key = Key::User(NOBODY);
        while limits.check(Class::Login, &key).is_ok() {}
        assert!(limits.check(Class::Refresh, &key).is_ok());
        assert!(limits.check(Class::Login, &Key::User(UserId::new(Uuid::max()))).is_ok());
    }

    #[test]
    fn one_switch_lifts_all() {
        let limits = RateLimits(None);
        for _ in 0..100 {
            assert_eq!(limits.check(Class::Register, &Key::User(NOBODY)), Ok(None));
        }
    }

    #[test]
    fn an_ipv6_network_is_one_key() {
        let key = |text: &str| Key::address(text.parse().unwrap());
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
        assert_ne!(key("192.0.2.2"), key("192.0.2.1"));
    }
}
