//! Whose push services browsers may name: the server calls whatever a subscription says.

use std::str::FromStr;

use url::Host;

const HOST_BYTES_MAX: usize = 253;

/// A host, or all hosts below one: `push.example.com` or `*.push.example.com`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushHost {
    domain: String,
    below: bool,
}

/// A text that is neither a host nor `*.` and a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a host")]
pub struct InvalidHost;

impl FromStr for PushHost {
    type Err = InvalidHost;

    fn from_str(text: &str) -> Result<Self, InvalidHost> {
        let (domain, below) = text.strip_prefix("*.").map_or((text, false), |rest| (rest, true));
        let labels_are_good = domain.len() <= HOST_BYTES_MAX
            && domain.split('.').all(|label| {
                let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
                !label.is_empty() && label.bytes().all(allowed)
            });
        // An address would not be resolved, and so not be judged.
        match Host::parse(domain) {
            Ok(Host::Domain(domain)) if labels_are_good => Ok(Self { domain, below }),
            _ => Err(InvalidHost),
        }
    }
}

impl PushHost {
    /// Whether a host, in lower case, is meant.
    pub(super) fn contains(&self, host: &str) -> bool {
        match host.strip_suffix(&self.domain) {
            Some("") => !self.below,
            Some(labels) => self.below && labels.ends_with('.') && labels.len() > 1,
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_matched_at_the_borders_of_its_labels() {
        let one: PushHost = "Push.example".parse().unwrap();
        assert!(one.contains("push.example"));
        let below: PushHost = "*.push.example".parse().unwrap();
        assert!(below.contains("a.push.example") && below.contains("a.b.push.example"));
        for stranger in [
            "push.example",
            "apush.example",
            ".push.example",
            "push.example.evil.example",
            "a.push.example.",
            "push.example.",
        ] {
            assert!(!below.contains(stranger), "{stranger}");
            assert!(stranger == "push.example" || !one.contains(stranger), "{stranger}");
        }
    }

    #[test]
    fn what_is_no_host_is_not_taken_for_one() {
        for wrong in [
            "",
            "*",
            "*.",
            "*.*.example",
            "a..b",
            ".a",
            "a.",
            "127.0.0.1",
            "0x7f.1",
            "[::1]",
            "::1",
            "https://push.example",
            "push.example:443",
            "push.example/x",
            "u@push.example",
            "a b",
        ] {
            assert_eq!(wrong.parse::<PushHost>(), Err(InvalidHost), "{wrong}");
        }
    }
}
