//! Names of hosts, and addresses of pages.

use super::Fields;
use crate::limits::{HOST_CHARS_MAX, URL_CHARS_MAX};

/// The name of a host, in lower case.
pub fn host_name(fields: &mut Fields<'_>, field: &str) -> Option<String> {
    let text = fields.optional_line(field, 1, HOST_CHARS_MAX)?.to_ascii_lowercase();
    if is_host_name(&text) { Some(text) } else { not_a_host(fields, field) }
}

pub(crate) fn not_a_host<T>(fields: &mut Fields<'_>, field: &str) -> Option<T> {
    fields.fail(field, "host", "must be the name of a host")
}

/// Labels of letters, digits and inner hyphens. A name whose last label is a number would be read as
/// an address by half of the world.
pub(crate) fn is_host_name(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = text.rsplit('.').next().unwrap_or_default();
    let is_number = last.starts_with("0x") || last.bytes().all(|b| b.is_ascii_digit());
    text.split('.').all(is_label) && !is_number
}

pub fn https_url(fields: &mut Fields<'_>, field: &str) -> Option<String> {
    let text = fields.optional_printable(field, 1, URL_CHARS_MAX)?;
    let rest = text.strip_prefix("https://");
    let authority = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    let (host, port) = authority.split_once(':').unwrap_or((authority, "443"));
    if is_host_name(&host.to_ascii_lowercase()) && port.parse::<u16>().is_ok() {
        Some(text)
    } else {
        fields.fail(field, "url", "must be an https:// address")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_and_no_address_in_disguise() {
        for good in ["mail.example", "localhost", "a-b.c1", "xn--bcher-kva.example"] {
            assert!(is_host_name(good), "{good}");
        }
        let long = format!("{}.example", "a".repeat(64));
        for bad in [
            "",
            ".",
            "a..b",
            "a.",
            "-a.b",
            "a-.b",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "a b",
            "a/b",
            "a@b",
            "[::1]",
            "https://a",
            "a:25",
            "ä.example",
            &long,
        ] {
            assert!(!is_host_name(bad), "{bad}");
        }
    }
}
