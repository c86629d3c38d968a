//! Presence between nodes: what this one puts on the board, and what others have put there.

use std::collections::HashMap;

use redis::RedisResult;
use tidewire_presence::{
    board::{Board, Said},
    elsewhere::most_present,
    roster::Change,
};
use tidewire_protocol::{
    id::{NodeId, UserId},
    limits::PRESENCE_RENEW_MS,
    model::presence::PresenceStatus,
};

use super::{News, tell};
use crate::{
    App,
    fanout::bus::{self, TopicKey, redis::Server},
};

/// Ticks of a second between two renewals of this node's claim.
const RENEW_EVERY: u64 = PRESENCE_RENEW_MS / 1_000;
/// Ticks after which what is known of other nodes is read again, whatever was heard.
const READ_AGAIN_EVERY: u64 = 60;

/// The board, while there is one and it can be reached.
fn board(app: &App) -> Option<(Board, Server)> {
    let (server, prefix) = app.fanout.bus().shared()?;
    Some((Board::new(prefix, app.fanout.node_id()), server?))
}

/// What the other nodes say; what was heard last while they cannot be asked.
pub(super) async fn statuses(app: &App, users: &[UserId]) -> HashMap<UserId, PresenceStatus> {
    if users.is_empty() {
        return HashMap::new();
    }
    let Some(said) = read(app, users).await else {
        let elsewhere = app.presence.elsewhere();
        return users.iter().map(|user| (*user, elsewhere.status(*user))).collect();
    };
    let mut statuses = HashMap::new();
    for Said { user, status, .. } in said {
        let most = statuses.entry(user).or_insert(status);
        *most = most_present(*most, status);
    }
    statuses
}

pub(super) async fn last_seen(app: &App, users: &[UserId]) -> HashMap<UserId, i64> {
    let Some((board, mut server)) = board(app).filter(|_| !users.is_empty()) else {
        return HashMap::new();
    };
    match board.last_seen(&mut server, users).await {
        Ok(seen) => users.iter().zip(seen).filter_map(|(user, ms)| Some((*user, ms?))).collect(),
        Err(error) => {
            complain(&error);
            HashMap::new()
        }
    }
}

/// Takes what the other nodes say of people who are watched, once they are subscribed to.
pub(super) async fn read_again(app: &App, users: &[UserId]) {
    if users.is_empty() {
        return;
    }
    app.fanout.bus().settled().await;
    let Some(said) = read(app, users).await else { return };
    let mut of_user: HashMap<UserId, Vec<_>> = HashMap::new();
    for Said { node, user, status } in said {
        of_user.entry(user).or_default().push((node, status));
    }
    let mut elsewhere = app.presence.elsewhere();
    for user in users {
        elsewhere.replace(*user, of_user.remove(user).unwrap_or_default());
    }
}

async fn read(app: &App, users: &[UserId]) -> Option<Vec<Said>> {
    let (board, mut server) = board(app)?;
    let said = async {
        let nodes = board.nodes(&mut server).await?;
        board.read(&mut server, &nodes, users).await
    };
    said.await.inspect_err(complain).ok()
}

fn complain(error: &redis::RedisError) {
    tracing::warn!(%error, "the presence of other nodes cannot be asked");
}

/// Keeps this node's part of the board true, and what is known here of the rest.
#[derive(Default)]
pub(super) struct Keeper {
    ticks: u64,
    /// The board has what is true here.
    is_claimed: bool,
    /// Nodes that lived when looked at last.
    alive: Vec<NodeId>,
}

impl Keeper {
    /// To be called every second, with what has changed here since.
    pub(super) async fn keep(&mut self, app: &App, changes: &[Change]) {
        self.ticks += 1;
        let Some((board, mut server)) = board(app) else {
            self.is_claimed = false;
            return;
        };
        if let Err(error) = self.write(app, &board, &mut server, changes).await {
            complain(&error);
            self.is_claimed = false;
        }
    }

    async fn write(
        &mut self,
        app: &App,
        board: &Board,
        server: &mut Server,
        changes: &[Change],
    ) -> RedisResult<()> {
        let is_due = self.ticks.is_multiple_of(RENEW_EVERY);
        if self.is_claimed && is_due {
            self.is_claimed = board.renew(server).await?;
        }
        if self.is_claimed {
            board.note(server, changes).await?;
            for Change { user, status, last_seen_ms } in changes {
                say(app, *user, *status, *last_seen_ms);
            }
        } else {
            self.claim(app, board, server).await?;
        }
        if is_due {
            self.look_after_others(app, board, server).await?;
        }
        if self.ticks.is_multiple_of(READ_AGAIN_EVERY) {
            read_watched_again(app).await;
        }
        Ok(())
    }

    /// The board knows nothing of this node, and this node has missed what others said.
    async fn claim(&mut self, app: &App, board: &Board, server: &mut Server) -> RedisResult<()> {
        let everybody = app.presence.roster().everybody();
        board.claim(server, &everybody).await?;
        self.is_claimed = true;
        for (user, status) in everybody {
            say(app, user, status, None);
        }
        read_watched_again(app).await;
        Ok(())
    }

    /// Forgets nodes that are found dead twice: one that has only lost its claim comes back at once.
    async fn look_after_others(
        &mut self,
        app: &App,
        board: &Board,
        server: &mut Server,
    ) -> RedisResult<()> {
        let alive = board.nodes(server).await?;
        let before = std::mem::replace(&mut self.alive, alive);
        let trusted: Vec<NodeId> = before.into_iter().chain(self.alive.iter().copied()).collect();
        let stirred = app.presence.elsewhere().keep_nodes(&trusted);
        for user in stirred {
            tell(app, user, None);
        }
        Ok(())
    }
}

fn say(app: &App, user: UserId, status: PresenceStatus, last_seen_ms: Option<i64>) {
    let news = News { node: app.fanout.node_id(), user, status, last_seen_ms };
    app.fanout.bus().publish(TopicKey::Presence(user), &bus::News::Presence(news));
}

async fn read_watched_again(app: &App) {
    let users = app.presence.everybody_watched();
    read_again(app, &users).await;
    for user in users {
        tell(app, user, None);
    }
}
