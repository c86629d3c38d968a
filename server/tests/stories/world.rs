//! A running server with four people, three of them in one group.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tidewire_protocol::{frame::EventRead, id::ChannelId};
use tidewire_testkit::{Client, Filling, Installation, Server, TestDb};

const BINARY: &str = env!("CARGO_BIN_EXE_tidewire");
const FILLING: Filling = Filling { people: 4, channels: 1, members: 3 };

pub(crate) struct World {
    pub installation: Installation,
    pub server: Server,
}

impl World {
    pub(crate) async fn new(db: TestDb) -> Self {
        let installation = Installation::new(BINARY, db, FILLING);
        let server = installation.start().await;
        Self { installation, server }
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The group of the first three; the first owns it.
    pub(crate) fn group(&self) -> ChannelId {
        self.installation.channels[0]
    }

    pub(crate) fn id(&self, person: usize) -> Value {
        json!(self.installation.people[person].id)
    }

    pub(crate) fn token(&self, person: usize) -> &str {
        &self.installation.people[person].token
    }

    /// A connection of a person who knows nothing yet.
    pub(crate) async fn client(&self, person: usize) -> Client {
        Client::hello(self.address(), self.token(person)).await.0
    }
}

/// A message as `chat.send` answers it.
pub(crate) async fn say(client: &mut Client, channel: &Value, content: &str) -> Value {
    let data = json!({ "channelId": channel, "content": content });
    let mut answer = client.call("chat.send", data).await.unwrap();
    answer["message"].take()
}

/// A REST operation over the socket; answers its data.
pub(crate) async fn rest(client: &mut Client, method: &str, path: &str, body: Value) -> Value {
    let mut call = json!({ "method": method, "path": path });
    if !body.is_null() {
        call["body"] = body;
    }
    client.call("call", call).await.unwrap()["data"].take()
}

/// Everything that was on its way to the client when this was called.
pub(crate) async fn everything(client: &mut Client) -> Vec<EventRead> {
    client.call("ping", json!({})).await.unwrap();
    client.arrived().collect()
}
