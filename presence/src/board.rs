//! Presence that several nodes share, in Redis.
//!
//! Each node has one hash with the people who are on it, and the hash expires unless the node renews
//! it: one write for all of them. So a node that dies takes its people along, and an idle connection
//! costs nothing.

use std::sync::Arc;

use futures_util::future::try_join_all;
use redis::{RedisResult, aio::ConnectionLike, cmd};
use tidewire_protocol::{
    id::{NodeId, UserId},
    limits::{PRESENCE_LEASE_MS, PRESENCE_SEEN_KEPT_SECONDS},
    model::presence::PresenceStatus,
};
use uuid::Uuid;

use crate::roster::Change;

/// Fields in one command.
const BATCH: usize = 500;
/// A field of every node's hash, so that it is there without people too.
const HELD: &str = "held";

/// One node's view of the board.
#[derive(Debug, Clone)]
pub struct Board {
    prefix: Arc<str>,
    node: NodeId,
}

/// What one node says of one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said {
    pub node: NodeId,
    pub user: UserId,
    pub status: PresenceStatus,
}

impl Board {
    pub const fn new(prefix: Arc<str>, node: NodeId) -> Self {
        Self { prefix, node }
    }

    fn people_on(&self, node: NodeId) -> String {
        format!("{}:presence:{node}", self.prefix)
    }

    fn nodes_key(&self) -> String {
        format!("{}:presence:nodes", self.prefix)
    }

    fn seen(&self, user: UserId) -> String {
        format!("{}:presence:seen:{user}", self.prefix)
    }

    /// Says who all is on this node, and that nobody else is.
    pub async fn claim(
        &self,
        redis: &mut impl ConnectionLike,
        people: &[(UserId, PresenceStatus)],
    ) -> RedisResult<()> {
        let key = self.people_on(self.node);
        cmd("DEL").arg(&key).exec_async(redis).await?;
        cmd("HSET").arg(&key).arg(HELD).arg(1).exec_async(redis).await?;
        cmd("SADD")
            .arg(self.nodes_key())
            .arg(self.node.uuid().as_bytes())
            .exec_async(redis)
            .await?;
        self.renew(redis).await?;
        self.set(redis, people.iter().copied()).await
    }

    /// Stays alive for another term; `false` when the term was over and all has to be claimed anew.
    pub async fn renew(&self, redis: &mut impl ConnectionLike) -> RedisResult<bool> {
        let key = self.people_on(self.node);
        cmd("PEXPIRE").arg(key).arg(PRESENCE_LEASE_MS).query_async(redis).await
    }

    /// Says what has changed on this node.
    pub async fn note(
        &self,
        redis: &mut (impl ConnectionLike + Clone),
        changes: &[Change],
    ) -> RedisResult<()> {
        let here = changes.iter().filter(|change| change.status != PresenceStatus::Offline);
        self.set(redis, here.map(|change| (change.user, change.status))).await?;
        let gone: Vec<&Change> =
            changes.iter().filter(|change| change.status == PresenceStatus::Offline).collect();
        for some in gone.chunks(BATCH) {
            let mut command = cmd("HDEL");
            command.arg(self.people_on(self.node));
            for change in some {
                command.arg(change.user.uuid().as_bytes());
            }
            command.exec_async(redis).await?;
        }
        let all_seen = gone.into_iter().map(|change| {
            let mut redis = redis.clone();
            let mut command = cmd("SET");
            command.arg(self.seen(change.user)).arg(change.last_seen_ms);
            command.arg("EX").arg(PRESENCE_SEEN_KEPT_SECONDS);
            async move { command.exec_async(&mut redis).await }
        });
        try_join_all(all_seen).await.map(drop)
    }

    async fn set(
        &self,
        redis: &mut impl ConnectionLike,
        people: impl Iterator<Item = (UserId, PresenceStatus)>,
    ) -> RedisResult<()> {
        let people: Vec<_> = people.collect();
        for some in people.chunks(BATCH) {
            let mut command = cmd("HSET");
            command.arg(self.people_on(self.node));
            for (user, status) in some {
                command.arg(user.uuid().as_bytes()).arg(status.word());
            }
            command.exec_async(redis).await?;
        }
        Ok(())
    }

    /// The other nodes whose term is not over.
    pub async fn nodes(&self, redis: &mut impl ConnectionLike) -> RedisResult<Vec<NodeId>> {
        let known: Vec<Vec<u8>> = cmd("SMEMBERS").arg(self.nodes_key()).query_async(redis).await?;
        let mut alive = Vec::new();
        for member in known {
            let Ok(node) = Uuid::from_slice(&member).map(NodeId::new) else { continue };
            if node == self.node {
                continue;
            }
            if cmd("EXISTS").arg(self.people_on(node)).query_async(redis).await? {
                alive.push(node);
            } else {
                cmd("SREM").arg(self.nodes_key()).arg(member).exec_async(redis).await?;
            }
        }
        Ok(alive)
    }

    /// What the other nodes say of some people; who is said nothing of is offline there.
    pub async fn read(
        &self,
        redis: &mut impl ConnectionLike,
        nodes: &[NodeId],
        users: &[UserId],
    ) -> RedisResult<Vec<Said>> {
        let mut said = Vec::new();
        for node in nodes {
            for some in users.chunks(BATCH) {
                let mut command = cmd("HMGET");
                command.arg(self.people_on(*node));
                for user in some {
                    command.arg(user.uuid().as_bytes());
                }
                let words: Vec<Option<String>> = command.query_async(redis).await?;
                let statuses = words.into_iter().map(|word| PresenceStatus::from_word(&word?));
                let known = some.iter().zip(statuses);
                said.extend(known.filter_map(|(user, status)| {
                    Some(Said { node: *node, user: *user, status: status? })
                }));
            }
        }
        Ok(said)
    }

    /// When people were last here, in milliseconds since the epoch, as far as it is known.
    pub async fn last_seen(
        &self,
        redis: &mut (impl ConnectionLike + Clone),
        users: &[UserId],
    ) -> RedisResult<Vec<Option<i64>>> {
        try_join_all(users.iter().map(|user| {
            let mut redis = redis.clone();
            let key = self.seen(*user);
            async move { cmd("GET").arg(key).query_async(&mut redis).await }
        }))
        .await
    }
}
