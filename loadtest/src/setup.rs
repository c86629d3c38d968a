//! Who takes part: the users of a seed file, how they form channels, which worker holds which of
//! them, and from which loopback address each connects.

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    net::{IpAddr, Ipv4Addr},
    ops::Range,
    path::Path,
};

use anyhow::{Context as _, ensure};
use serde::Deserialize;
use tidewire_protocol::id::ChannelId;
use uuid::Uuid;

/// One address has 28,000 ephemeral ports on a Linux with its defaults.
const CONNECTIONS_PER_SOURCE: usize = 20_000;

/// What `tidewire admin seed` wrote.
#[derive(Debug, Default)]
pub(crate) struct Seed {
    pub(crate) channels: Vec<ChannelId>,
    pub(crate) tokens: Vec<String>,
}

#[derive(Deserialize)]
struct SeedHead {
    channels: Vec<ChannelId>,
}

#[derive(Deserialize)]
struct SeedUser {
    token: String,
}

impl Seed {
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
        let mut lines = BufReader::new(file).lines();
        let head = lines.next().context("the seed file is empty")??;
        let SeedHead { channels } =
            serde_json::from_str(&head).context("the first line of the seed file")?;
        let tokens = lines
            .map(|line| Ok(serde_json::from_str::<SeedUser>(&line?)?.token))
            .collect::<anyhow::Result<_>>()
            .context("a user of the seed file")?;
        Ok(Self { channels, tokens })
    }
}

/// How users form channels: channel `c` has the `members` users from `c * members` on, in a circle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) users: usize,
    pub(crate) channels: usize,
    pub(crate) members: usize,
}

impl Shape {
    pub(crate) fn check(self) -> anyhow::Result<Self> {
        let Self { users, channels, members } = self;
        ensure!(users > 0, "there is nobody to connect");
        ensure!(members <= users, "{members} members need as many users, and there are {users}");
        ensure!(channels == 0 || members > 0, "a channel needs members");
        Ok(self)
    }

    pub(crate) fn first_member_of(self, channel: usize) -> usize {
        channel * self.members % self.users
    }

    pub(crate) fn contains(self, channel: usize, user: usize) -> bool {
        let distance = user + self.users - self.first_member_of(channel);
        distance % self.users < self.members
    }

    pub(crate) fn channels_of(self, user: usize) -> impl Iterator<Item = usize> {
        (0..self.channels).filter(move |&channel| self.contains(channel, user))
    }
}

/// Channels for a target that knows none by itself.
pub(crate) fn made_up_channel(channel: usize) -> ChannelId {
    ChannelId::new(Uuid::from_u128(channel as u128 + 1))
}

/// One of several workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) index: usize,
    pub(crate) count: usize,
}

impl Share {
    /// The connections of this worker, of `all`.
    pub(crate) fn of(self, all: usize) -> Range<usize> {
        let start = |index| all * index / self.count;
        start(self.index)..start(self.index + 1)
    }
}

impl std::str::FromStr for Share {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (index, count) = text.split_once('/').ok_or("must be i/n")?;
        match (index.parse(), count.parse()) {
            (Ok(index), Ok(count)) if index < count => Ok(Self { index, count }),
            _ => Err("must be i/n with i below n"),
        }
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

/// The address that a connection leaves from: the system's choice, or `127.0.0.x`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Source(Option<u8>);

impl Source {
    /// Spreads `connections` over `sources` loopback addresses if the target is on loopback.
    pub(crate) fn of(connection: usize, sources: usize, target: IpAddr) -> Self {
        let spread = sources > 1 && matches!(target, IpAddr::V4(address) if address.is_loopback());
        Self(spread.then(|| 1 + (connection % sources) as u8))
    }

    pub(crate) fn address(self) -> Option<IpAddr> {
        self.0.map(|last| Ipv4Addr::new(127, 0, 0, last).into())
    }
}

/// How many source addresses so many connections need.
pub(crate) const fn sources_needed(connections: usize) -> usize {
    connections.div_ceil(CONNECTIONS_PER_SOURCE)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_channel_has_its_members_in_a_circle(
            users in 1..40_usize, channels in 0..20_usize, members in 1..40_usize,
        ) {
            prop_assume!(members <= users);
            let shape = Shape { users, channels, members };
            for channel in 0..channels {
                let expected: Vec<_> =
                    (0..members).map(|k| (channel * members + k) % users).collect();
                for user in 0..users {
                    let contained = expected.contains(&user);
                    prop_assert_eq!(shape.contains(channel, user), contained);
                    prop_assert_eq!(shape.channels_of(user).any(|c| c == channel), contained);
                }
            }
        }

        #[test]
        fn shares_cover_everything_once(all in 0..1_000_usize, count in 1..9_usize) {
            let covered: Vec<_> =
                (0..count).flat_map(|index| Share { index, count }.of(all)).collect();
            prop_assert_eq!(covered, (0..all).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_seed_file_is_read_line_by_line() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let id = made_up_channel(0);
        writeln!(file, r#"{{"tenant":"load","channels":["{id}"]}}"#).unwrap();
        writeln!(file, r#"{{"user":"{id}","token":"a.b.c"}}"#).unwrap();
        let seed = Seed::read(file.path()).unwrap();
        assert_eq!((seed.channels, seed.tokens), (vec![id], vec!["a.b.c".to_owned()]));
    }

    #[test]
    fn only_loopback_targets_are_reached_from_other_addresses() {
        let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
        assert_eq!(Source::of(5, 1, loopback).address(), None);
        assert_eq!(Source::of(5, 3, loopback).address(), Some(Ipv4Addr::new(127, 0, 0, 3).into()));
        assert_eq!(Source::of(5, 3, Ipv4Addr::new(10, 0, 0, 1).into()).address(), None);
    }

    #[test]
    fn a_share_is_written_as_it_is_read() {
        assert_eq!("1/3".parse::<Share>().map(|share| share.to_string()), Ok("1/3".to_owned()));
        for bad in ["3/3", "x/1", "1", ""] {
            assert!(bad.parse::<Share>().is_err(), "{bad}");
        }
    }
}
