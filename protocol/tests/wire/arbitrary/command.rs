//! Every command, with data that keeps its rules.

use proptest::{
    collection::{btree_map, vec},
    prelude::*,
};
use tidewire_protocol::{
    command::{Call, ClientInfo, Command, Hello, Resume},
    limits::{HISTORY_LIMIT_MAX, INTEGER_MAX},
    model::{
        channels::{CreateGroup, OpenDirect},
        messages::{EditMessage, HistoryQuery, SendMessage},
        notifications::MarkAllRead,
        presence::PresenceStatus,
        unread::MarkRead,
    },
};

use super::{id, json, line, maybe, object, position, scalar, seq, time, user_key};

/// Each of the operations with equal weight.
pub(crate) fn command() -> impl Strategy<Value = Command> {
    prop_oneof![5 => of_a_channel(), 3 => of_the_user(), 2 => of_notifications(), 2 => large()]
}

fn of_a_channel() -> impl Strategy<Value = Command> {
    prop_oneof![
        (id(), send()).prop_map(|(channel_id, message)| Command::ChatSend { channel_id, message }),
        (id(), id(), content()).prop_map(|(channel_id, message_id, content)| Command::ChatEdit {
            channel_id,
            message_id,
            edit: EditMessage { content }
        }),
        (id(), id())
            .prop_map(|(channel_id, message_id)| Command::ChatDelete { channel_id, message_id }),
        (id(), mark_read()).prop_map(|(channel_id, read)| Command::ChatRead { channel_id, read }),
        (id(), history())
            .prop_map(|(channel_id, query)| Command::ChatHistory { channel_id, query }),
        id().prop_map(|channel_id| Command::ChatTyping { channel_id }),
        maybe(id()).prop_map(|channel_id| Command::Activity { channel_id }),
        user_key().prop_map(|user_id| Command::ChatDirect(OpenDirect { user_id })),
        create_group().prop_map(Command::ChatGroup),
    ]
}

fn of_the_user() -> impl Strategy<Value = Command> {
    prop_oneof![
        Just(Command::Ping),
        printable().prop_map(|token| Command::AuthRefresh { token }),
        settable().prop_map(|status| Command::PresenceSet { status }),
        vec(user_key(), 1..9).prop_map(|user_ids| Command::PresenceWatch { user_ids }),
        vec(user_key(), 1..9).prop_map(|user_ids| Command::PresenceUnwatch { user_ids }),
    ]
}

fn of_notifications() -> impl Strategy<Value = Command> {
    prop_oneof![
        id().prop_map(|id| Command::NotificationsRead { id }),
        id().prop_map(|id| Command::NotificationsDismiss { id }),
        maybe(time()).prop_map(|before| Command::NotificationsReadAll(MarkAllRead { before })),
        printable().prop_map(|canonical_id| Command::EntityWatch { canonical_id }),
        printable().prop_map(|canonical_id| Command::EntityUnwatch { canonical_id }),
    ]
}

fn large() -> impl Strategy<Value = Command> {
    prop_oneof![
        hello().prop_map(|hello| Command::Hello(Box::new(hello))),
        call().prop_map(|call| Command::Call(Box::new(call))),
    ]
}

fn printable() -> impl Strategy<Value = String> {
    "[!-~]{1,64}"
}

fn content() -> impl Strategy<Value = String> {
    "[\\PC\n\r\t]{1,200}".prop_filter("not blank", |text| !text.trim().is_empty())
}

fn settable() -> impl Strategy<Value = PresenceStatus> {
    prop_oneof![Just(PresenceStatus::Online), Just(PresenceStatus::Away)]
}

prop_compose! {
    fn send()(
        content in content(),
        client_message_id in maybe("[A-Za-z0-9_-]{8,64}"),
        mentions in vec(user_key(), 0..20),
    ) -> SendMessage {
        SendMessage { content, client_message_id, mentions }
    }
}

prop_compose! {
    fn mark_read()(seq in maybe(seq()), revision in maybe(0..=INTEGER_MAX)) -> MarkRead {
        MarkRead { seq, revision }
    }
}

fn history() -> impl Strategy<Value = HistoryQuery> {
    let start = prop_oneof![
        Just((None, None)),
        printable().prop_map(|cursor| (Some(cursor), None)),
        seq().prop_map(|after| (None, Some(after))),
    ];
    (start, 1..=HISTORY_LIMIT_MAX).prop_map(|((cursor, after_seq), limit)| HistoryQuery {
        cursor,
        after_seq,
        limit,
    })
}

prop_compose! {
    fn create_group()(
        name in line(),
        member_ids in vec(user_key(), 1..9),
        description in maybe(line()),
    ) -> CreateGroup {
        CreateGroup { name, member_ids, description }
    }
}

prop_compose! {
    fn client_info()(
        name in maybe(line()),
        version in maybe(line()),
        platform in maybe(line()),
    ) -> ClientInfo {
        ClientInfo { name, version, platform }
    }
}

prop_compose! {
    fn hello()(
        token in maybe(printable()),
        client in maybe(client_info()),
        device_id in maybe(printable()),
        presence in maybe(settable()),
        resume in maybe((btree_map(id(), position(), 0..6), seq())),
    ) -> Hello {
        let resume = resume.map(|(channels, inbox)| Resume { channels, inbox });
        Hello { token, client, device_id, presence, resume }
    }
}

prop_compose! {
    fn call()(
        method in "[A-Z]{1,16}",
        path in printable(),
        query in object(scalar()),
        body in json(),
        headers in object(scalar()),
    ) -> Call {
        Call { method, path, query, body: Some(body).filter(|body| !body.is_null()), headers }
    }
}
