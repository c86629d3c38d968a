//! The commands of the bus, to one Redis server or to a cluster. A cluster's channels are sharded, so
//! that a message reaches the node that serves it and no other.

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::try_join_all;
use redis::{
    AsyncConnectionConfig, Client, Cmd, Pipeline, ProtocolVersion, PushInfo, RedisFuture,
    RedisResult, Value,
    aio::{ConnectionLike, MultiplexedConnection, SendError},
    cluster::ClusterClientBuilder,
    cluster_async::ClusterConnection,
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(2);
const COMMANDS_IN_ONE_WRITE: usize = 1_024;

/// A message for the subscribers of a channel.
pub(super) struct Parcel {
    pub(super) channel: String,
    pub(super) bytes: Bytes,
}

/// A connection; cheap to clone.
#[derive(Clone)]
pub enum Server {
    Single(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Server {
    /// Connects to what answers at the client's address; `push` gets what the server says unasked.
    pub(super) async fn connect(
        client: &Client,
        push: impl Fn(PushInfo) + Clone + Send + Sync + 'static,
    ) -> RedisResult<Self> {
        let single = {
            let push = push.clone();
            let config = AsyncConnectionConfig::new()
                .set_connection_timeout(Some(CONNECT_TIMEOUT))
                .set_response_timeout(Some(RESPONSE_TIMEOUT))
                .set_pipeline_buffer_size(COMMANDS_IN_ONE_WRITE)
                .set_push_sender(move |info: PushInfo| -> Result<(), SendError> {
                    push(info);
                    Ok(())
                });
            client.get_multiplexed_async_connection_with_config(&config).await?
        };
        if !is_cluster(&mut single.clone()).await {
            return Ok(Self::Single(single));
        }
        let cluster = ClusterClientBuilder::new([client.get_connection_info().clone()])
            .use_protocol(ProtocolVersion::RESP3)
            .connection_timeout(CONNECT_TIMEOUT)
            .response_timeout(RESPONSE_TIMEOUT)
            .push_sender(move |info: PushInfo| -> Result<(), SendError> {
                push(info);
                Ok(())
            })
            .build()?;
        Ok(Self::Cluster(cluster.get_async_connection().await?))
    }

    pub(super) async fn subscribe(&self, channels: &[String]) -> RedisResult<()> {
        match self.clone() {
            Self::Single(mut server) => {
                redis::cmd("SUBSCRIBE").arg(channels).exec_async(&mut server).await
            }
            Self::Cluster(cluster) => {
                let one_by_one = channels.iter().map(|channel| {
                    let mut cluster = cluster.clone();
                    async move { cluster.ssubscribe(channel).await }
                });
                try_join_all(one_by_one).await.map(drop)
            }
        }
    }

    pub(super) async fn unsubscribe(&self, channels: &[String]) -> RedisResult<()> {
        match self.clone() {
            Self::Single(mut server) => {
                redis::cmd("UNSUBSCRIBE").arg(channels).exec_async(&mut server).await
            }
            Self::Cluster(cluster) => {
                let one_by_one = channels.iter().map(|channel| {
                    let mut cluster = cluster.clone();
                    async move { cluster.sunsubscribe(channel).await }
                });
                try_join_all(one_by_one).await.map(drop)
            }
        }
    }

    pub(super) async fn publish(&self, parcels: &[Parcel]) -> RedisResult<()> {
        match self.clone() {
            Self::Single(mut server) => {
                let mut pipe = Pipeline::with_capacity(parcels.len());
                for Parcel { channel, bytes } in parcels {
                    pipe.cmd("PUBLISH").arg(channel).arg(&bytes[..]).ignore();
                }
                pipe.exec_async(&mut server).await
            }
            Self::Cluster(cluster) => {
                let one_by_one = parcels.iter().map(|Parcel { channel, bytes }| {
                    let mut cluster = cluster.clone();
                    async move {
                        redis::cmd("SPUBLISH")
                            .arg(channel)
                            .arg(&bytes[..])
                            .exec_async(&mut cluster)
                            .await
                    }
                });
                try_join_all(one_by_one).await.map(drop)
            }
        }
    }
}

impl ConnectionLike for Server {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::Single(server) => server.req_packed_command(command),
            Self::Cluster(cluster) => cluster.req_packed_command(command),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        commands: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::Single(server) => server.req_packed_commands(commands, offset, count),
            Self::Cluster(cluster) => cluster.req_packed_commands(commands, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::Single(server) => server.get_db(),
            Self::Cluster(cluster) => cluster.get_db(),
        }
    }
}

/// A server that does not say is taken for a single one.
async fn is_cluster(server: &mut MultiplexedConnection) -> bool {
    let said: RedisResult<String> = redis::cmd("INFO").arg("cluster").query_async(server).await;
    said.is_ok_and(|text| text.contains("cluster_enabled:1"))
}
