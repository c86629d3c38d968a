//! How many connections a person may have, over all nodes: the newest stay.
//!
//! Whoever comes has its node tell the others which connections of that person it holds, and they say
//! what they hold; each closes those of its own that are too many. While the bus is away, each node
//! counts alone.

use tidewire_protocol::{
    close_code::CloseCode,
    id::{ConnectionId, NodeId, UserId},
    limits::CONNECTIONS_PER_USER_MAX,
};

use super::{
    bus::{News, TopicKey, UserNews},
    live_user::LiveUser,
};
use crate::App;

/// What a node said longer ago may be over: with each newcomer all of them say it again.
const FRESH_MS: i64 = 5_000;

/// A connection of this person has been registered here.
pub fn came(app: &App, user: UserId) {
    if let Some(live) = app.fanout.live_user(user) {
        say(app, &live, true);
        make_room(app, &live);
    }
}

/// Another node says what it holds, and asks for the same if somebody has just come there.
pub(super) fn hear(
    app: &App,
    live: &LiveUser,
    node: NodeId,
    connections: Vec<ConnectionId>,
    asks: bool,
) {
    live.note_elsewhere(node, connections, app.clock.now().ms());
    if asks {
        say(app, live, false);
    }
    make_room(app, live);
}

fn say(app: &App, live: &LiveUser, asks: bool) {
    let connections = live.connections().iter().map(|connection| connection.id()).collect();
    let news = UserNews::Connections { node: app.fanout.node_id(), connections, asks };
    let user = live.user_id();
    app.fanout.bus().publish(TopicKey::User(user), &News::User { user, news });
}

/// Ids are in the order of time.
fn make_room(app: &App, live: &LiveUser) {
    let here = live.connections();
    let mut all = live.elsewhere(app.clock.now().ms() - FRESH_MS);
    all.extend(here.iter().map(|connection| connection.id()));
    all.sort_unstable();
    let surplus = &all[..all.len().saturating_sub(CONNECTIONS_PER_USER_MAX)];
    for connection in here.iter().filter(|connection| surplus.contains(&connection.id())) {
        connection.close(CloseCode::Replaced);
    }
}
