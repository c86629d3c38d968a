//! What a well-behaved client keeps of the channels it follows, and the rules it lives by: every
//! entry once, in order, without gaps.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tidewire_protocol::{
    Position,
    frame::{EventRead, Welcome},
    id::ChannelId,
    position::{Step, step},
};

/// A client's copy of its channels' logs.
#[derive(Debug, Default)]
pub struct Replica {
    channels: BTreeMap<ChannelId, Copy>,
    /// Channels to page: after which seq, and up to where.
    behind: BTreeMap<ChannelId, (u64, Position)>,
    left: BTreeMap<ChannelId, Copy>,
}

#[derive(Debug)]
struct Copy {
    position: Position,
    entries: Vec<EventRead>,
}

impl Replica {
    /// Takes the answer to `hello`. Channels that are new stand where the server says.
    ///
    /// # Panics
    ///
    /// If it is no such answer.
    pub fn welcome(&mut self, welcome: &Value) -> Welcome {
        let welcome: Welcome = serde_json::from_value(welcome.clone()).expect("an answer to hello");
        for state in &welcome.channels {
            let position = Position { seq: state.seq, mark: state.mark };
            self.channels.entry(state.id).or_insert(Copy { position, entries: Vec::new() });
        }
        for behind in &welcome.resume.behind {
            self.note_behind(behind.channel, Position { seq: behind.seq, mark: behind.mark });
        }
        for channel in welcome.resume.gone.iter().chain(&welcome.resume.forked) {
            self.leave(*channel);
        }
        welcome
    }

    /// The copy stands at the head from now on; what is missing before it has to be paged.
    fn note_behind(&mut self, channel: ChannelId, head: Position) {
        let copy = self.channels.get_mut(&channel).expect("a channel that is known");
        let known = std::mem::replace(&mut copy.position, head).seq;
        assert!(known < head.seq, "behind {head:?}, where it has been already");
        self.behind.entry(channel).or_insert((known, head)).1 = head;
    }

    /// Knows a channel from its beginning on.
    pub fn begin(&mut self, channel: ChannelId) {
        self.channels
            .entry(channel)
            .or_insert(Copy { position: Position::START, entries: Vec::new() });
    }

    /// Takes an event; those that are no entry of a log are passed over.
    ///
    /// # Panics
    ///
    /// If an entry comes twice, too early, or of a channel that this client does not know.
    pub fn take(&mut self, event: EventRead) {
        let (Some(channel), Some(seq), Some(mark)) = (event.channel, event.seq, event.mark) else {
            return;
        };
        let position = Position { seq, mark };
        if event.event == "channel.behind" {
            return self.note_behind(channel, position);
        }
        let copy = self.channels.get_mut(&channel);
        let copy = copy.unwrap_or_else(|| panic!("an entry of an unknown channel: {event:?}"));
        let have = copy.position.seq;
        assert_eq!(step(have, seq), Step::Next, "after {have} came {event:?}");
        copy.position = position;
        copy.entries.push(event);
    }

    /// The client is not in a channel any more; what came stays to be looked at.
    pub fn leave(&mut self, channel: ChannelId) {
        if let Some(copy) = self.channels.remove(&channel) {
            self.left.insert(channel, copy);
        }
        self.behind.remove(&channel);
    }

    /// The channels whose entries did not come: those after a seq, up to and with a position.
    pub fn take_behind(&mut self) -> Vec<(ChannelId, u64, Position)> {
        let behind = std::mem::take(&mut self.behind);
        behind.into_iter().map(|(channel, (known, head))| (channel, known, head)).collect()
    }

    /// Where this copy of a channel ends.
    pub fn position(&self, channel: ChannelId) -> Option<Position> {
        self.channels.get(&channel).map(|copy| copy.position)
    }

    /// The entries that came, in their order.
    pub fn entries(&self, channel: ChannelId) -> &[EventRead] {
        let copy = self.channels.get(&channel).or_else(|| self.left.get(&channel));
        copy.map_or(&[], |copy| &copy.entries)
    }

    /// What `resume` in `hello` takes.
    pub fn known(&self) -> Value {
        let channels: BTreeMap<_, _> = self
            .channels
            .iter()
            .map(|(channel, copy)| (channel.to_string(), copy.position))
            .collect();
        json!({ "channels": channels, "inbox": 0 })
    }
}
