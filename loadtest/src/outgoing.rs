//! The frames that a client sends.

use tidewire_protocol::{
    Mark, Position, Timestamp,
    codec::Codec,
    command::{ClientInfo, Command, Hello},
    event::{Event, MessageData},
    frame::{ClientFrame, EventFrame},
    id::{ChannelId, MessageId, UserId},
    model::{
        messages::{Message, MessageType, SendMessage},
        users::{UserRef, UserRefStatus},
    },
};
use uuid::Uuid;

use crate::incoming::HELLO_ID;

pub(crate) fn hello(codec: Codec) -> Vec<u8> {
    let client = ClientInfo {
        name: Some("tidewire-loadtest".to_owned()),
        version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        platform: None,
    };
    let hello = Hello { client: Some(client), ..Hello::default() };
    command(codec, HELLO_ID, &Command::Hello(Box::new(hello)))
}

/// A durable message.
pub(crate) fn send(codec: Codec, id: u64, channel_id: ChannelId, message: SendMessage) -> Vec<u8> {
    command(codec, id, &Command::ChatSend { channel_id, message })
}

fn command(codec: Codec, id: u64, command: &Command) -> Vec<u8> {
    codec.encode(&ClientFrame { id: Some(id), op: command.op().to_owned(), data: command.data() })
}

/// The event that a server would make of the message: what the floor hands to everybody as it is.
pub(crate) fn made_up_event(
    codec: Codec,
    channel_id: ChannelId,
    seq: u64,
    message: SendMessage,
    now: Timestamp,
) -> Vec<u8> {
    let id = Uuid::from_u128(u128::from(seq));
    let event = Event::MessageCreated(MessageData {
        message: Message {
            id: MessageId::new(id),
            channel_id,
            seq,
            kind: MessageType::Text,
            sender: Some(made_up_sender()),
            content: Some(message.content),
            mentions: Vec::new(),
            client_message_id: message.client_message_id,
            created_at: now,
            edited_at: None,
            deleted_at: None,
        },
    });
    let position = Position { seq, mark: Mark::of_entry(id) };
    codec.encode(&EventFrame::entry(channel_id, position, &event))
}

fn made_up_sender() -> UserRef {
    UserRef {
        id: UserId::new(Uuid::nil()),
        number: 1,
        display_name: "Load Tester".to_owned(),
        first_name: "Load".to_owned(),
        last_name: "Tester".to_owned(),
        email: None,
        avatar: None,
        status: UserRefStatus::Active,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        incoming::{Decoder, Entry, Incoming},
        payload::Stamp,
        setup::made_up_channel,
    };

    #[test]
    fn a_made_up_event_reads_like_a_servers() {
        let stamp = Stamp { run: 1, sender: 2, number: 3, intended_ns: 4 };
        for codec in Codec::ALL {
            let message = SendMessage {
                content: stamp.content(128),
                client_message_id: Some(stamp.client_message_id(0)),
                mentions: Vec::new(),
            };
            let channel = made_up_channel(0);
            let event = made_up_event(codec, channel, 9, message, Timestamp::from_ms(0));
            let mut decoder = Decoder::new(codec);
            for _ in 0..2 {
                let entry = Entry { channel, seq: 9, stamp: Some(stamp), bytes: event.len() };
                assert_eq!(decoder.read(&event), Incoming::Entry(entry), "{codec:?}");
            }
        }
    }
}
