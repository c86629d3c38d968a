//! What every message of a load generator says: who sent it, which of the sender's it is, and when it
//! was meant to leave.

use std::fmt;

/// The beginning of a message's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// Tells this run's messages from those of others in the same database.
    pub(crate) run: u32,
    /// The number of the sender's connection, over all workers.
    pub(crate) sender: u32,
    /// 1, 2, 3 … for each sender and channel.
    pub(crate) number: u64,
    /// Nanoseconds since the Unix epoch.
    pub(crate) intended_ns: u64,
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { run, sender, number, intended_ns } = self;
        write!(f, "load {run} {sender} {number} {intended_ns}")
    }
}

impl Stamp {
    /// The content of `bytes` bytes, or of the stamp's length if that is more.
    pub(crate) fn content(&self, bytes: usize) -> String {
        let mut content = self.to_string();
        if content.len() < bytes {
            content.push(' ');
            content.extend(std::iter::repeat_n('x', bytes - content.len()));
        }
        content
    }

    pub(crate) fn parse(content: &str) -> Option<Self> {
        let mut words = content.strip_prefix("load ")?.split(' ');
        Some(Self {
            run: words.next()?.parse().ok()?,
            sender: words.next()?.parse().ok()?,
            number: words.next()?.parse().ok()?,
            intended_ns: words.next()?.parse().ok()?,
        })
    }

    /// An id under which a repeated send is the same message.
    pub(crate) fn client_message_id(&self, channel: u32) -> String {
        format!("load-{}-{}-{channel}-{}", self.run, self.sender, self.number)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_stamp_survives_in_a_content_of_the_wanted_size(
            run: u32, sender: u32, number: u64, intended_ns: u64, bytes in 0..4_000_usize,
        ) {
            let stamp = Stamp { run, sender, number, intended_ns };
            let content = stamp.content(bytes);
            prop_assert_eq!(Stamp::parse(&content), Some(stamp));
            prop_assert_eq!(content.len(), bytes.max(stamp.to_string().len()));
        }

        #[test]
        fn what_people_write_is_no_stamp(content: String) {
            prop_assert_eq!(Stamp::parse(&content), None);
        }
    }
}
