//! Email addresses: what was typed, and the key under which two spellings are the same person.

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use tidewire_protocol::{
    input::FieldError,
    limits::{EMAIL_CHARS_MAX, EMAIL_CHARS_MIN},
};

const LOCAL_BYTES_MAX: usize = 64;

/// An address that mail can be sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailAddress {
    /// As typed.
    pub typed: String,
    /// Local part in lower case, domain as lower-case A-labels (RFC 5890).
    pub key: String,
}

impl EmailAddress {
    /// Reads an address. The local part must be an ASCII dot-atom (RFC 5322), the domain already in
    /// its normal form but for case: look-alikes such as full-width letters are refused, not mapped.
    pub fn parse(text: &str) -> Option<Self> {
        let typed = text.trim();
        let (local, domain) = typed.split_once('@')?;
        let key = format!("{}@{}", local_key(local)?, domain_key(domain)?);
        let sizes = EMAIL_CHARS_MIN..=EMAIL_CHARS_MAX;
        (sizes.contains(&typed.chars().count()) && sizes.contains(&key.len()))
            .then(|| Self { typed: typed.to_owned(), key })
    }

    /// [`EmailAddress::parse`] for a field of a request.
    pub fn parse_field(field: &str, text: &str) -> Result<Self, FieldError> {
        Self::parse(text).ok_or_else(|| FieldError::new(field, "email", "must be an email address"))
    }

    /// The part before the `@`, as typed.
    pub fn local_part(&self) -> &str {
        self.typed.split_once('@').map_or("", |(local, _)| local)
    }

    /// The part after the `@`, as domains are compared.
    pub fn domain(&self) -> &str {
        self.key.split_once('@').map_or("", |(_, domain)| domain)
    }

    /// For an envelope: the local part as typed, the domain as the name system knows it.
    pub fn deliverable(&self) -> String {
        format!("{}@{}", self.local_part(), self.domain())
    }
}

/// The first letter and the domain.
pub(crate) fn masked(email: &str) -> String {
    match email.split_once('@') {
        Some((local, domain)) => format!("{}***@{domain}", local.get(..1).unwrap_or_default()),
        None => "***".to_owned(),
    }
}

fn local_key(local: &str) -> Option<String> {
    let is_atom = |atom: &str| {
        !atom.is_empty()
            && atom
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b))
    };
    (local.len() <= LOCAL_BYTES_MAX && local.split('.').all(is_atom))
        .then(|| local.to_ascii_lowercase())
}

/// A domain in the form that domains are compared in.
pub(crate) fn domain_key(domain: &str) -> Option<String> {
    let uts46 = Uts46::new();
    let (deny, hyphens) = (AsciiDenyList::STD3, Hyphens::Check);
    let key = uts46.to_ascii(domain.as_bytes(), deny, hyphens, DnsLength::Verify).ok()?;
    let (shown, valid) = uts46.to_unicode(key.as_bytes(), deny, hyphens);
    let typed = lower(domain)?;
    (valid.is_ok() && (typed == *key || typed == shown)).then(|| key.into_owned())
}

/// Lower case; `None` when a letter that is not ASCII would become one that is, such as the Kelvin
/// sign.
fn lower(domain: &str) -> Option<String> {
    let mut lower = String::with_capacity(domain.len());
    for c in domain.chars() {
        if c.is_ascii() {
            lower.push(c.to_ascii_lowercase());
        } else if c.to_lowercase().any(|mapped| mapped.is_ascii()) {
            return None;
        } else {
            lower.extend(c.to_lowercase());
        }
    }
    Some(lower)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(text: &str) -> Option<String> {
        EmailAddress::parse(text).map(|address| address.key)
    }

    #[test]
    fn spellings_of_one_address_have_one_key() {
        for (typed, expected) in [
            (" Anna.Smith@Example.COM ", "anna.smith@example.com"),
            ("o'brien@example.com", "o'brien@example.com"),
            ("anna+news@example.com", "anna+news@example.com"),
            ("x@Bücher.example", "x@xn--bcher-kva.example"),
            ("x@XN--BCHER-KVA.example", "x@xn--bcher-kva.example"),
            ("a@b", "a@b"),
        ] {
            assert_eq!(key(typed).as_deref(), Some(expected), "{typed}");
        }
        assert_ne!(key("a.nna@example.com"), key("anna@example.com"), "dots are not folded");
    }

    #[test]
    fn look_alikes_and_odd_forms_are_refused() {
        for bad in [
            "anna",
            "@example.com",
            "anna@",
            "an na@example.com",
            "\"anna\"@example.com",
            "änna@example.com",
            "ａnna@example.com",
            "anna@ｅxample.com",
            "anna@\u{212a}elvin.example",
            "\u{212a}elvin@example.com",
            "anna@exam\u{ad}ple.com",
            "anna@exam\u{200b}ple.com",
            "an\u{200b}na@example.com",
            "anna\0@example.com",
            "anna@example.com\nbcc: x@example.com",
            "anna@@example.com",
            "anna@bert@example.com",
            ".anna@example.com",
            "an..na@example.com",
            "anna@example..com",
            "anna@.example.com",
            "anna@example.com.",
            "anna@-example.com",
            "anna@[192.0.2.1]",
            "anna@exa_mple.com",
            "anna,bert@example.com",
            "<anna@example.com>",
            "anna@example.com>",
            &format!("{}@example.com", "a".repeat(65)),
            &format!("a@{}.com", "b".repeat(64)),
        ] {
            assert_eq!(key(bad), None, "{bad}");
        }
    }

    #[test]
    fn mail_goes_to_the_local_part_as_typed() {
        let address = EmailAddress::parse("Anna@Bücher.example").unwrap();
        assert_eq!(address.deliverable(), "Anna@xn--bcher-kva.example");
        assert_eq!(address.local_part(), "Anna");
    }

    proptest! {
        #[test]
        fn a_key_is_its_own_key_and_plain_ascii(text in "\\PC{0,12}@\\PC{0,20}|[a-zA-Z.]{1,9}@[a-zA-ZäßÖ.-]{1,12}") {
            if let Some(found) = key(&text) {
                prop_assert!(found.bytes().all(|b| b.is_ascii_graphic()));
                prop_assert_eq!(key(&found), Some(found.clone()));
                prop_assert!(key(&text.to_ascii_uppercase()).is_none_or(|upper| upper == found));
            }
        }
    }
}
