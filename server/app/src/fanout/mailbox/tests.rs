use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use tidewire_protocol::{
    Mark,
    close_code::CloseCode,
    event::NotificationRemoved,
    frame::{EventRead, ServerFrame},
    id::NotificationId,
    limits::MAILBOX_ENTRY_BYTES_MAX,
};
use uuid::Uuid;

use super::*;
use crate::fanout::{entry::Effect, outgoing::Outgoing};

const CHANNEL: ChannelId = ChannelId::new(Uuid::from_u128(1));
const OTHER: ChannelId = ChannelId::new(Uuid::from_u128(2));

/// A wire that takes as much as it is told to.
#[derive(Default)]
struct Pipe {
    taken: Mutex<Vec<u8>>,
    room: AtomicUsize,
}

impl Wire for Pipe {
    fn try_write(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        let bytes: Vec<u8> = buffers.iter().flat_map(|buffer| buffer.iter().copied()).collect();
        let count = bytes.len().min(self.room.load(Ordering::Relaxed));
        if count == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.room.fetch_sub(count, Ordering::Relaxed);
        self.taken.lock().unwrap().extend_from_slice(&bytes[..count]);
        Ok(count)
    }
}

impl Pipe {
    fn open(&self, room: usize) {
        self.room.store(room, Ordering::Relaxed);
    }

    /// The entries of channels on the wire, as (name, channel, seq).
    fn events(&self) -> Vec<(String, ChannelId, u64)> {
        let of_channel = |event: EventRead| Some((event.event, event.channel?, event.seq?));
        self.read().into_iter().filter_map(of_channel).collect()
    }

    /// The entries of the inbox on the wire, as (name, seq).
    fn inbox(&self) -> Vec<(String, u64)> {
        let of_inbox = |event: EventRead| Some((event.event, event.inbox?));
        self.read().into_iter().filter_map(of_inbox).collect()
    }

    fn read(&self) -> Vec<EventRead> {
        let taken = self.taken.lock().unwrap();
        let mut rest = taken.as_slice();
        let mut events = Vec::new();
        while !rest.is_empty() {
            let (header, length) = match rest[1] {
                126 => (4, usize::from(u16::from_be_bytes([rest[2], rest[3]]))),
                short => (2, usize::from(short)),
            };
            let payload = &rest[header..header + length];
            if let Ok(ServerFrame::Event(event)) = Codec::Json.decode_server(payload) {
                events.push(event);
            }
            rest = &rest[header + length..];
        }
        events
    }
}

fn entry(channel: ChannelId, seq: u64) -> Arc<LogEntry> {
    let position = Position { seq, mark: Mark::START };
    let event = Event::ChannelUpdated(tidewire_protocol::event::ChannelUpdated {
        name: Some("x".repeat(4_000)),
        ..Default::default()
    });
    let outgoing = Outgoing::entry(channel, position, &event);
    Arc::new(LogEntry { channel, position, ord: seq, effect: Effect::Nothing, outgoing })
}

fn mailbox(room: usize) -> (Arc<Pipe>, Mailbox) {
    let pipe = Arc::new(Pipe::default());
    pipe.open(room);
    let mailbox = Mailbox::new(Codec::Json, pipe.clone());
    (pipe, mailbox)
}

/// What a client that pages when told to ends up having of a channel.
fn applied(events: &[(String, ChannelId, u64)], channel: ChannelId) -> Result<u64, String> {
    let mut have = 0;
    for (name, of, seq) in events.iter().filter(|event| event.1 == channel) {
        if name == "channel.behind" {
            have = have.max(*seq);
        } else if *seq == have + 1 {
            have = *seq;
        } else {
            return Err(format!("{name} {of} {seq} after {have}"));
        }
    }
    Ok(have)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_the_wire_takes_every_entry_comes_once_in_order_or_is_said_to_be_missing(
        rooms in prop::collection::vec(0..60_000_usize, 1..12),
        burst in 1..40_u64,
    ) {
        let (pipe, mailbox) = mailbox(0);
        mailbox.release([], [(CHANNEL, 0), (OTHER, 0)], 0);
        let mut seq = 0;
        for room in rooms {
            for _ in 0..burst {
                seq += 1;
                mailbox.deliver(&Run::single(entry(CHANNEL, seq)), None);
                mailbox.deliver(&Run::single(entry(OTHER, seq)), None);
            }
            pipe.open(room);
            mailbox.drain();
        }
        pipe.open(usize::MAX);
        prop_assert_eq!(mailbox.drain(), Drained::Empty);
        let events = pipe.events();
        prop_assert_eq!(applied(&events, CHANNEL), Ok(seq));
        prop_assert_eq!(applied(&events, OTHER), Ok(seq));
    }
}

#[test]
fn a_reader_that_stops_costs_bounded_memory_and_is_told_where_to_page() {
    let (pipe, mailbox) = mailbox(0);
    mailbox.release([], [(CHANNEL, 0)], 0);
    for seq in 1..=2_000 {
        mailbox.deliver(&Run::single(entry(CHANNEL, seq)), None);
        let waiting = mailbox.lock().queue.as_ref().map_or(0, |queue| queue.bytes());
        assert!(waiting <= MAILBOX_ENTRY_BYTES_MAX + 64 * 1024, "{waiting}");
    }
    pipe.open(usize::MAX);
    assert_eq!(mailbox.drain(), Drained::Empty);
    assert_eq!(
        pipe.events().last().map(|event| (event.0.as_str(), event.2)),
        Some(("channel.behind", 2_000))
    );
    mailbox.deliver(&Run::single(entry(CHANNEL, 2_001)), None);
    assert_eq!(applied(&pipe.events(), CHANNEL), Ok(2_001));
}

#[test]
fn entries_wait_for_the_snapshot_and_are_merged_with_it() {
    let (pipe, mailbox) = mailbox(usize::MAX);
    mailbox.follow(CHANNEL, 0);
    for seq in 4..=7 {
        mailbox.deliver(&Run::single(entry(CHANNEL, seq)), None);
    }
    assert_eq!(pipe.events(), []);
    let snapshot: Vec<_> =
        (1..=5).map(|seq| entry(CHANNEL, seq).outgoing.bytes(Codec::Json).clone()).collect();
    let passed = mailbox.release(snapshot, [(CHANNEL, 5)], 0);
    assert_eq!(passed.iter().map(|entry| entry.position.seq).collect::<Vec<_>>(), [6, 7]);
    assert_eq!(applied(&pipe.events(), CHANNEL), Ok(7));
}

#[test]
fn control_is_never_shed_and_ephemeral_frames_replace_one_another() {
    let (pipe, mailbox) = mailbox(0);
    mailbox.release([], [(CHANNEL, 0)], 0);
    let reply = outgoing::frame(0x1, b"{\"id\":1,\"ok\":true,\"data\":{}}");
    mailbox.control(reply.clone());
    for n in 0..10_000_u128 {
        let key = EphemeralKey::Typing(CHANNEL, UserId::new(Uuid::from_u128(n)));
        mailbox.ephemeral(key, &outgoing::frame(0x1, format!("{{\"n\":{n}}}").as_bytes()));
    }
    assert!(mailbox.lock().queue.as_ref().map_or(0, |queue| queue.len()) <= 1_024);
    pipe.open(usize::MAX);
    mailbox.drain();
    assert!(pipe.taken.lock().unwrap().starts_with(&reply));
}

#[test]
fn who_was_sent_away_while_signing_in_is_not_let_in_by_the_answer() {
    let (pipe, mailbox) = mailbox(0);
    mailbox.finish(outgoing::close(CloseCode::Replaced));
    let answer = outgoing::frame(0x1, b"{\"id\":1,\"ok\":true,\"data\":{}}");
    assert!(mailbox.release([answer], [(CHANNEL, 0)], 0).is_empty());
    assert!(!mailbox.is_open());
    pipe.open(usize::MAX);
    assert_eq!(mailbox.drain(), Drained::Finished);
    assert_eq!(*pipe.taken.lock().unwrap(), outgoing::close(CloseCode::Replaced));
}

#[test]
fn nothing_follows_the_close_frame() {
    let (pipe, mailbox) = mailbox(0);
    mailbox.release([], [(CHANNEL, 0)], 0);
    mailbox.finish(outgoing::close(tidewire_protocol::close_code::CloseCode::Restart));
    mailbox.deliver(&Run::single(entry(CHANNEL, 1)), None);
    mailbox.control(outgoing::ping());
    pipe.open(usize::MAX);
    assert_eq!(mailbox.drain(), Drained::Finished);
    assert_eq!(
        *pipe.taken.lock().unwrap(),
        outgoing::close(tidewire_protocol::close_code::CloseCode::Restart)
    );
}

#[test]
fn entries_of_the_inbox_come_once_and_collapse_like_any_others() {
    let frame = |seq: u64| {
        let id = NotificationId::new(Uuid::from_u128(seq.into()));
        let event = Event::NotificationRemoved(NotificationRemoved { id });
        Arc::new(Outgoing::inbox(seq, &event))
    };
    let (pipe, mailbox) = mailbox(usize::MAX);
    for seq in 3..=6 {
        mailbox.deliver_inbox(seq, &frame(seq));
    }
    assert_eq!(pipe.inbox(), [], "the snapshot has not gone out");
    mailbox.release([], [], 4);
    mailbox.deliver_inbox(6, &frame(6));
    mailbox.deliver_inbox(7, &frame(7));
    let removed = |seq| ("notification.removed".to_owned(), seq);
    assert_eq!(pipe.inbox(), [removed(5), removed(6), removed(7)]);
    pipe.open(0);
    for seq in 8..20_000 {
        mailbox.deliver_inbox(seq, &frame(seq));
    }
    pipe.open(usize::MAX);
    assert_eq!(mailbox.drain(), Drained::Empty);
    assert_eq!(pipe.inbox().last(), Some(&("inbox.behind".to_owned(), 19_999)));
}
