//! News as bytes between nodes: a version, who sent it, a head in `MessagePack`, and behind it the JSON
//! of what is shown, which stays as it is from the node that made it to every socket.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tidewire_protocol::{
    Position,
    id::{ChannelId, ConnectionId, NodeId, UserId},
};
use uuid::Uuid;

use super::{News, UserNews};
use crate::{
    auth::throttle::{Attempt, Outcome},
    fanout::{
        entry::{Effect, LogEntry},
        mailbox::EphemeralKey,
        outgoing::Outgoing,
    },
    news, presence,
};

/// Nodes of another version ignore what they cannot read: the sweep brings it.
const VERSION: u8 = 1;
const HEAD_AT: usize = 17;

/// Bytes that are no news of this version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("news that cannot be read")]
pub(super) struct Unreadable;

#[derive(Serialize, Deserialize)]
enum Head {
    Entry { channel: ChannelId, position: Position, ord: u64, effect: Effect },
    Ephemeral { channel: ChannelId, key: EphemeralKey, except: UserId },
    Event { user: UserId },
    Joined { user: UserId, channel: ChannelId, have: u64 },
    Left { user: UserId, channel: ChannelId },
    FiguresMoved { user: UserId, channel: ChannelId },
    InboxMoved { user: UserId, seq: u64 },
    Connections { user: UserId, node: NodeId, connections: Vec<ConnectionId>, asks: bool },
    SignIn { attempt: Attempt, outcome: Outcome },
    Forgot { account: [u8; 32] },
    Presence(presence::News),
    Rights(news::News),
}

/// # Panics
///
/// Never: a head has a known shape.
pub(super) fn encode(origin: NodeId, news: &News) -> Bytes {
    let (head, shown) = split(news);
    let shown = shown.map_or(&[][..], |outgoing| outgoing.payload());
    let mut bytes = Vec::with_capacity(HEAD_AT + 160 + shown.len());
    bytes.push(VERSION);
    bytes.extend_from_slice(origin.uuid().as_bytes());
    head.serialize(&mut rmp_serde::Serializer::new(&mut bytes)).expect("a head has a known shape");
    bytes.extend_from_slice(shown);
    bytes.into()
}

fn split(news: &News) -> (Head, Option<&Outgoing>) {
    match news {
        News::Entry(entry) => {
            let LogEntry { channel, position, ord, ref effect, ref outgoing } = **entry;
            (Head::Entry { channel, position, ord, effect: effect.clone() }, Some(outgoing))
        }
        News::Ephemeral { channel, key, frame, except } => {
            (Head::Ephemeral { channel: *channel, key: *key, except: *except }, Some(frame))
        }
        News::User { user, news } => {
            let user = *user;
            match *news {
                UserNews::Event(ref frame) => (Head::Event { user }, Some(frame)),
                UserNews::Joined { channel, have } => (Head::Joined { user, channel, have }, None),
                UserNews::Left { channel } => (Head::Left { user, channel }, None),
                UserNews::FiguresMoved { channel } => (Head::FiguresMoved { user, channel }, None),
                UserNews::InboxMoved { seq } => (Head::InboxMoved { user, seq }, None),
                UserNews::Connections { node, ref connections, asks } => {
                    let connections = connections.clone();
                    (Head::Connections { user, node, connections, asks }, None)
                }
            }
        }
        News::SignIn { attempt, outcome } => {
            (Head::SignIn { attempt: *attempt, outcome: *outcome }, None)
        }
        News::Forgot { account } => (Head::Forgot { account: *account }, None),
        News::Presence(news) => (Head::Presence(*news), None),
        News::Rights(news) => (Head::Rights(*news), None),
    }
}

/// Who sent these bytes.
pub(super) fn origin(bytes: &[u8]) -> Option<NodeId> {
    let origin = bytes.get(1..HEAD_AT)?;
    (bytes[0] == VERSION).then(|| Uuid::from_slice(origin).ok().map(NodeId::new))?
}

pub(super) fn decode(bytes: &Bytes) -> Result<News, Unreadable> {
    origin(bytes).ok_or(Unreadable)?;
    let mut rest = &bytes[HEAD_AT..];
    let head = Head::deserialize(&mut rmp_serde::Deserializer::new(&mut rest));
    let shown = Outgoing::from_payload(bytes.slice(bytes.len() - rest.len()..));
    Ok(match head.map_err(|_| Unreadable)? {
        Head::Entry { channel, position, ord, effect } => {
            News::Entry(LogEntry { channel, position, ord, effect, outgoing: shown }.into())
        }
        Head::Ephemeral { channel, key, except } => {
            News::Ephemeral { channel, key, frame: shown.into(), except }
        }
        Head::Event { user } => News::User { user, news: UserNews::Event(shown.into()) },
        Head::Joined { user, channel, have } => {
            News::User { user, news: UserNews::Joined { channel, have } }
        }
        Head::Left { user, channel } => News::User { user, news: UserNews::Left { channel } },
        Head::FiguresMoved { user, channel } => {
            News::User { user, news: UserNews::FiguresMoved { channel } }
        }
        Head::InboxMoved { user, seq } => News::User { user, news: UserNews::InboxMoved { seq } },
        Head::Connections { user, node, connections, asks } => {
            News::User { user, news: UserNews::Connections { node, connections, asks } }
        }
        Head::SignIn { attempt, outcome } => News::SignIn { attempt, outcome },
        Head::Forgot { account } => News::Forgot { account },
        Head::Presence(news) => News::Presence(news),
        Head::Rights(news) => News::Rights(news),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tidewire_protocol::{
        Mark,
        event::{Empty, Event},
        id::{SessionId, TenantId},
        model::{accounts::RevocationReason, org_settings::SettingKey, presence::PresenceStatus},
    };

    use super::*;

    fn all() -> Vec<News> {
        let (user, channel) = (UserId::new(Uuid::from_u128(1)), ChannelId::new(Uuid::from_u128(2)));
        let position = Position { seq: 9, mark: Mark::of_entry(Uuid::from_u128(77)) };
        let event = Event::Behind(Empty {});
        let entry = |effect| {
            let outgoing = Outgoing::entry(channel, position, &event);
            News::Entry(LogEntry { channel, position, ord: 7, effect, outgoing }.into())
        };
        let of_user = |news| News::User { user, news };
        let effects = [
            Effect::Message { sender: user, mentions: vec![user] },
            Effect::Deleted { seq: 3 },
            Effect::MembersAdded(vec![user]),
            Effect::MemberRemoved(user),
            Effect::Nothing,
        ];
        let keys = [
            EphemeralKey::Typing(channel, user),
            EphemeralKey::Read(channel, user),
            EphemeralKey::Presence(user),
        ];
        let frame = || Outgoing::plain(&event).into();
        let ephemeral = |key| News::Ephemeral { channel, key, frame: frame(), except: user };
        let tenant_id = TenantId::new(Uuid::from_u128(3));
        let session_id = SessionId::new(Uuid::from_u128(4));
        let reason = RevocationReason::RefreshReuse;
        let mut all: Vec<News> = effects.into_iter().map(entry).collect();
        all.extend(keys.into_iter().map(ephemeral));
        all.extend([
            of_user(UserNews::Event(frame())),
            of_user(UserNews::Joined { channel, have: 5 }),
            of_user(UserNews::Left { channel }),
            of_user(UserNews::FiguresMoved { channel }),
            of_user(UserNews::InboxMoved { seq: 12 }),
            of_user(UserNews::Connections {
                node: NodeId::new(Uuid::from_u128(8)),
                connections: vec![ConnectionId::new(Uuid::from_u128(9))],
                asks: true,
            }),
            News::Forgot { account: [9; 32] },
            News::SignIn {
                attempt: Attempt::new("acme", "ann@acme.example", Some([127, 0, 0, 1].into())),
                outcome: Outcome::Wrong,
            },
            News::Presence(presence::News {
                node: NodeId::new(Uuid::from_u128(6)),
                user,
                status: PresenceStatus::Away,
                last_seen_ms: None,
            }),
            News::Rights(news::News::UserChanged { tenant_id, user_id: user }),
            News::Rights(news::News::TenantChanged { tenant_id }),
            News::Rights(news::News::SettingChanged { tenant_id, key: SettingKey::ChatEnabled }),
            News::Rights(news::News::SessionRevoked {
                tenant_id,
                user_id: user,
                session_id,
                reason,
            }),
        ]);
        all
    }

    #[test]
    fn what_is_sent_is_what_is_read() {
        let node = NodeId::new(Uuid::from_u128(5));
        for news in all() {
            let bytes = encode(node, &news);
            assert_eq!(origin(&bytes), Some(node));
            assert_eq!(format!("{:?}", decode(&bytes).unwrap()), format!("{news:?}"));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_news_or_refused(
            which in any::<prop::sample::Index>(),
            cut in any::<prop::sample::Index>(),
            noise in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let all = all();
            let mut bytes = encode(NodeId::new(Uuid::nil()), &all[which.index(all.len())]).to_vec();
            bytes.truncate(cut.index(bytes.len()));
            bytes.extend(noise);
            drop(decode(&bytes.into()));
        }

        #[test]
        fn another_version_is_refused(version in any::<u8>()) {
            for news in all() {
                let mut bytes = encode(NodeId::new(Uuid::nil()), &news).to_vec();
                bytes[0] = version;
                prop_assert_eq!(decode(&bytes.into()).is_ok(), version == VERSION);
            }
        }
    }
}
