//! Short names of tenants, as they stand in addresses.

use tidewire_protocol::{
    limits::{SLUG_CHARS_MAX, SLUG_CHARS_MIN},
    model::tenants::SlugReason,
};

/// Names that mean something else on an installation, sorted.
const RESERVED: &[&str] = &[
    "admin",
    "api",
    "app",
    "assets",
    "auth",
    "billing",
    "cdn",
    "core",
    "dashboard",
    "docs",
    "health",
    "help",
    "internal",
    "login",
    "mail",
    "me",
    "new",
    "null",
    "operator",
    "platform",
    "public",
    "root",
    "signup",
    "static",
    "status",
    "super",
    "support",
    "system",
    "test",
    "undefined",
    "ws",
    "www",
];

/// As it would be stored.
pub(super) fn normalise(typed: &str) -> String {
    typed.trim().to_ascii_lowercase()
}

/// Letters, digits and single hyphens inside. Without double hyphens no slug can pose as an
/// internationalised name (`xn--`).
pub(super) fn check(slug: &str) -> Result<(), SlugReason> {
    let is_well_formed = (SLUG_CHARS_MIN..=SLUG_CHARS_MAX).contains(&slug.len())
        && slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && slug.split('-').all(|part| !part.is_empty());
    if !is_well_formed {
        Err(SlugReason::Invalid)
    } else if RESERVED.binary_search(&slug).is_ok() {
        Err(SlugReason::Reserved)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_names_are_sorted_for_the_search() {
        assert!(RESERVED.is_sorted());
    }

    #[test]
    fn slugs_are_short_plain_and_free_of_double_hyphens() {
        for good in ["acme", "a1b", "a-b-c", "123", &"a".repeat(48), "apis"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "ab",
            "-abc",
            "abc-",
            "a--b",
            "xn--abc",
            "Acme",
            "a_b",
            "äcme",
            "a b",
            &"a".repeat(49),
        ] {
            assert_eq!(check(bad), Err(SlugReason::Invalid), "{bad}");
        }
        assert_eq!(check(&normalise(" WWW ")), Err(SlugReason::Reserved));
        // Reserved, but too short to be a slug in the first place.
        assert_eq!(check("me"), Err(SlugReason::Invalid));
    }
}
