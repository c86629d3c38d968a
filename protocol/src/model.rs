//! The shapes that REST and the socket share: a file for each noun. Unknown values are `null`, never
//! left out; ids are text; instants are RFC 3339.

pub mod accounts;
pub mod audit;
pub mod channels;
pub mod devices;
pub mod digests;
pub mod email_settings;
pub mod email_verification;
pub mod health;
pub mod messages;
pub mod notification_decisions;
pub mod notification_preferences;
pub mod notification_templates;
pub mod notifications;
pub mod org_settings;
pub mod own_profile;
pub mod pages;
pub mod passwords;
pub mod permissions;
pub mod preferences;
pub mod presence;
pub mod profiles;
pub mod service_tokens;
pub mod tenants;
pub mod tickets;
pub mod unread;
pub mod users;

/// An enum whose values are `lower_snake` words on the wire and in columns. Where two of them share a
/// name, one is described `as` another.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident $(as $described:ident)? { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
                 serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)+ }

        impl $name {
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }

        // Not derived: the derive does not see through this macro to the words.
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                use utoipa::openapi::schema::{ObjectBuilder, Type};
                let words = Self::ALL.iter().map(|value| value.word());
                ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build().into()
            }
        }

        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                [$(stringify!($described),)? stringify!($name)][0].into()
            }
        }

        impl $crate::input::Word for $name {
            fn from_word(word: &str) -> Option<Self> {
                Self::from_word(word)
            }

            fn words() -> Vec<&'static str> {
                Self::ALL.iter().map(|value| value.word()).collect()
            }
        }
    };
}
pub(crate) use words;
