//! What waits for a slow wire, in order, within bounds.

use std::{collections::VecDeque, io::IoSlice};

use bytes::{Buf as _, Bytes};
use tidewire_protocol::{
    Position,
    codec::Codec,
    id::ChannelId,
    limits::{MAILBOX_ENTRY_BYTES_MAX, MAILBOX_EPHEMERAL_KEYS_MAX},
};

use super::{EphemeralKey, Stream, behind};

/// Frames merged into one write; Linux takes 1,024.
const SLICES_MAX: usize = 64;

#[derive(Default)]
pub(super) struct Queue {
    items: VecDeque<Item>,
    /// The first item is partly written: it can neither be replaced nor dropped.
    started: bool,
    entry_bytes: usize,
    control_bytes: usize,
    ephemeral: usize,
}

struct Item {
    class: Class,
    bytes: Bytes,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Control,
    Entries(Stream, Position),
    /// Stands for entries that were dropped.
    Behind(Stream),
    Ephemeral(EphemeralKey),
}

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.items.iter().map(|item| item.bytes.len()).sum()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    pub(super) const fn control_bytes(&self) -> usize {
        self.control_bytes
    }

    /// `started`: part of this frame is already on the wire.
    pub(super) fn push_control(&mut self, bytes: Bytes, started: bool) {
        self.started |= started;
        self.push(Class::Control, bytes);
    }

    /// Entries of which `written` bytes are already on the wire.
    pub(super) fn push_entries_from(
        &mut self,
        stream: Stream,
        head: Position,
        bytes: &Bytes,
        written: usize,
    ) {
        self.started |= written > 0;
        self.push(Class::Entries(stream, head), bytes.slice(written..));
    }

    /// Entries behind whatever waits. While a log is behind, later entries only move its position.
    pub(super) fn push_entries(
        &mut self,
        stream: Stream,
        head: Position,
        bytes: Bytes,
        codec: Codec,
    ) {
        if let Some(place) = self.place_of(Class::Behind(stream)) {
            self.items[place].bytes = behind(codec, stream, head);
            return;
        }
        self.push(Class::Entries(stream, head), bytes);
        if self.entry_bytes > MAILBOX_ENTRY_BYTES_MAX {
            self.collapse(codec);
        }
    }

    /// Replaces all waiting entries by the position of each log's last one.
    fn collapse(&mut self, codec: Codec) {
        let mut heads: Vec<(Stream, Position)> = Vec::new();
        for item in self.items.iter().skip(usize::from(self.started)) {
            if let Class::Entries(stream, head) = item.class {
                match heads.iter_mut().find(|(known, _)| *known == stream) {
                    Some((_, last)) => *last = head,
                    None => heads.push((stream, head)),
                }
            }
        }
        self.retain(|class| !matches!(class, Class::Entries(..)));
        for (stream, head) in heads {
            self.push(Class::Behind(stream), behind(codec, stream, head));
        }
    }

    pub(super) fn push_ephemeral(&mut self, key: EphemeralKey, bytes: Bytes) {
        if let Some(place) = self.place_of(Class::Ephemeral(key)) {
            self.items[place].bytes = bytes;
            return;
        }
        if self.ephemeral >= MAILBOX_EPHEMERAL_KEYS_MAX {
            self.shed_ephemeral();
        }
        self.push(Class::Ephemeral(key), bytes);
    }

    fn push(&mut self, class: Class, bytes: Bytes) {
        self.count(class, bytes.len(), true);
        self.items.push_back(Item { class, bytes });
    }

    fn count(&mut self, class: Class, length: usize, added: bool) {
        let (counter, amount) = match class {
            Class::Control | Class::Behind(_) => (&mut self.control_bytes, length),
            Class::Entries(..) => (&mut self.entry_bytes, length),
            Class::Ephemeral(_) => (&mut self.ephemeral, 1),
        };
        *counter = if added { *counter + amount } else { counter.saturating_sub(amount) };
    }

    /// Where an item of this class waits, unless it is partly written.
    fn place_of(&self, class: Class) -> Option<usize> {
        let from = usize::from(self.started);
        self.items.iter().skip(from).position(|item| item.class == class).map(|place| place + from)
    }

    fn retain(&mut self, mut keep: impl FnMut(Class) -> bool) {
        let mut place = 0;
        let started = self.started;
        let mut dropped = Vec::new();
        self.items.retain(|item| {
            let kept = (place == 0 && started) || keep(item.class);
            place += 1;
            if !kept {
                dropped.push((item.class, item.bytes.len()));
            }
            kept
        });
        for (class, length) in dropped {
            self.count(class, length, false);
        }
    }

    fn shed_ephemeral(&mut self) {
        self.retain(|class| !matches!(class, Class::Ephemeral(_)));
    }

    pub(super) fn drop_channel(&mut self, channel: ChannelId) {
        self.retain(|class| match class {
            Class::Entries(of, _) | Class::Behind(of) => of != Stream::Channel(channel),
            Class::Control | Class::Ephemeral(_) => true,
        });
    }

    /// The bytes to write next.
    pub(super) fn slices(&self) -> Vec<IoSlice<'_>> {
        self.items.iter().take(SLICES_MAX).map(|item| IoSlice::new(&item.bytes)).collect()
    }

    /// Forgets what the wire took.
    pub(super) fn advance(&mut self, mut written: usize) {
        while written > 0 {
            let Some(front) = self.items.front_mut() else { return };
            if written < front.bytes.len() {
                front.bytes.advance(written);
                self.started = true;
                return;
            }
            written -= front.bytes.len();
            self.started = false;
            if let Some(item) = self.items.pop_front() {
                self.forget(&item);
            }
        }
    }

    fn forget(&mut self, item: &Item) {
        self.count(item.class, item.bytes.len(), false);
    }
}
