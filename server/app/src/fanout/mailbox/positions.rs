//! What a connection has of each channel: the rule that gives every entry once and in order.

use tidewire_protocol::{
    id::ChannelId,
    position::{Step, step},
};

/// The last entry that went out, by channel; sorted, because most connections follow few channels.
#[derive(Debug, Default)]
pub(super) struct Positions(Vec<(ChannelId, u64)>);

/// What to do with offered entries.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Send those with a seq of at least `from`.
    Deliver { from: u64 },
    /// Some before these are missing: the client must page.
    Behind,
    /// All are known, or the channel is not followed.
    Known,
}

impl Positions {
    /// Judges entries `first..=last` and remembers the answer.
    pub(super) fn offer(&mut self, channel: ChannelId, first: u64, last: u64) -> Verdict {
        let Some(have) = self.find(channel) else {
            return Verdict::Known;
        };
        let verdict = match step(*have, first) {
            Step::Next => Verdict::Deliver { from: first },
            Step::Known if last > *have => Verdict::Deliver { from: *have + 1 },
            Step::Known => return Verdict::Known,
            Step::Gap { .. } => Verdict::Behind,
        };
        *have = last;
        verdict
    }

    fn find(&mut self, channel: ChannelId) -> Option<&mut u64> {
        let index = self.0.binary_search_by_key(&channel, |(channel, _)| *channel).ok()?;
        Some(&mut self.0[index].1)
    }

    pub(super) fn stand_at(&mut self, channel: ChannelId, have: u64) {
        match self.0.binary_search_by_key(&channel, |(channel, _)| *channel) {
            Ok(index) => self.0[index].1 = self.0[index].1.max(have),
            Err(index) => self.0.insert(index, (channel, have)),
        }
    }

    /// Begins a channel that is not followed yet.
    pub(super) fn begin_at(&mut self, channel: ChannelId, have: u64) {
        if let Err(index) = self.0.binary_search_by_key(&channel, |(channel, _)| *channel) {
            self.0.insert(index, (channel, have));
        }
    }

    pub(super) fn forget(&mut self, channel: ChannelId) {
        if let Ok(index) = self.0.binary_search_by_key(&channel, |(channel, _)| *channel) {
            self.0.remove(index);
        }
    }

    pub(super) fn channels(&self) -> Vec<ChannelId> {
        self.0.iter().map(|(channel, _)| *channel).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    proptest! {
        #[test]
        fn whatever_is_offered_arrives_once_and_in_order(
            start in 0..10_u64,
            offers in prop::collection::vec((1..40_u64, 0..5_u64), 0..60),
        ) {
            let channel = ChannelId::new(Uuid::nil());
            let mut positions = Positions::default();
            positions.stand_at(channel, start);
            let mut have = start;
            for (first, more) in offers {
                let last = first + more;
                match positions.offer(channel, first, last) {
                    Verdict::Deliver { from } => {
                        prop_assert_eq!(from, have + 1);
                        have = last;
                    }
                    Verdict::Behind => {
                        prop_assert!(first > have + 1);
                        have = last;
                    }
                    Verdict::Known => prop_assert!(last <= have),
                }
            }
        }
    }

    #[test]
    fn a_channel_that_is_not_followed_gives_nothing() {
        let mut positions = Positions::default();
        let channel = ChannelId::new(Uuid::nil());
        assert_eq!(positions.offer(channel, 1, 1), Verdict::Known);
        positions.stand_at(channel, 0);
        positions.forget(channel);
        assert_eq!(positions.offer(channel, 1, 1), Verdict::Known);
    }
}
