//! Two processes over one database and one Redis: what happens on one node is seen on the other.
#![expect(clippy::unwrap_used, reason = "a step that fails fails its test")]

use std::{net::SocketAddr, time::Duration};

use serde_json::{Value, json};
use tidewire_protocol::limits::CONNECTIONS_PER_USER_MAX;
use tidewire_testkit::{
    Client, Filling, Installation, Proxy, Redis, Replica, Server, Socket, TestDb, Weather,
    eventually,
};

const BINARY: &str = env!("CARGO_BIN_EXE_tidewire");
const FILLING: Filling = Filling { people: 4, channels: 1, members: 3 };
/// A node that dies is missed after its lease and two looks.
const CRASH_SEEN: Duration = Duration::from_secs(45);

struct World {
    redis: Redis,
    installation: Installation,
    one: Server,
    two: Server,
}

impl World {
    /// `None` where a counterpart is not installed.
    async fn begin() -> Option<Self> {
        let (redis, db) = (Redis::start()?, TestDb::postgres()?);
        let installation = Installation::new(BINARY, db, FILLING).with_redis(&redis.url());
        let (one, two) = (installation.start().await, installation.start().await);
        for node in [&one, &two] {
            says(node.address(), "ok").await;
        }
        Some(Self { redis, installation, one, two })
    }

    async fn on(&self, node: &Server, person: usize) -> Client {
        Client::hello(node.address(), &self.installation.people[person].token).await.0
    }

    fn group(&self) -> Value {
        json!(self.installation.channels[0])
    }

    fn id(&self, person: usize) -> Value {
        json!(self.installation.people[person].id)
    }
}

async fn rest(client: &mut Client, method: &str, path: &str) -> Value {
    client.call("call", json!({ "method": method, "path": path })).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_on_two_nodes_talk() {
    let Some(world) = World::begin().await else { return };
    let (mut ann, mut bob) = (world.on(&world.one, 0).await, world.on(&world.two, 1).await);
    let mut bobs_phone = world.on(&world.one, 1).await;
    ann.tell("chat.typing", json!({ "channelId": world.group() })).await;
    assert_eq!(bob.event_of("chat.typing").await.data["userId"], world.id(0));
    let data = json!({ "channelId": world.group(), "content": "over there?" });
    let sent = ann.call("chat.send", data).await.unwrap();
    let came = bob.event_of("chat.message.created").await;
    assert_eq!(came.data["message"]["id"], sent["message"]["id"]);
    // A node reads what another one wrote, at once.
    let history = bob.call("chat.history", json!({ "channelId": world.group() })).await.unwrap();
    assert_eq!(history["items"][0]["id"], sent["message"]["id"]);
    assert_eq!(bobs_phone.event_of("unread.changed").await.data["chat"], json!(1));
    bob.call("chat.read", json!({ "channelId": world.group() })).await.unwrap();
    while bobs_phone.event_of("unread.changed").await.data["chat"] != json!(0) {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ends_on_one_node_ends_on_the_other() {
    let Some(world) = World::begin().await else { return };
    let (mut ann, mut there) = (world.on(&world.one, 0).await, world.on(&world.two, 0).await);
    let (mut bob, mut replica) = (world.on(&world.two, 1).await, Replica::default());
    replica.begin(world.installation.channels[0]);
    let path = format!(
        "/api/v1/chat/channels/{}/members/{}",
        world.installation.channels[0], world.installation.people[1].id
    );
    rest(&mut ann, "DELETE", &path).await;
    bob.event_of("chat.channel.removed").await;
    let data = json!({ "channelId": world.group(), "content": "without bob" });
    ann.call("chat.send", data.clone()).await.unwrap();
    assert_eq!(bob.refused("chat.send", data).await, "NOT_FOUND");
    assert!(bob.arrived().all(|event| event.event != "chat.message.created"));
    // Whoever signs out over a socket loses it at once, like all others.
    ann.send("call", json!({ "method": "POST", "path": "/api/v1/auth/logout" })).await;
    assert_eq!(there.closed().await, Some(4410));
    assert_eq!(ann.closed().await, Some(4410));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_connection_too_many_replaces_the_oldest_wherever_it_is() {
    let Some(world) = World::begin().await else { return };
    let mut clients = Vec::new();
    for place in 0..CONNECTIONS_PER_USER_MAX {
        let node = if place % 2 == 0 { &world.one } else { &world.two };
        clients.push(world.on(node, 0).await);
    }
    let mut newest = world.on(&world.two, 0).await;
    assert_eq!(clients.remove(0).closed().await, Some(4409), "the oldest, on the other node");
    for client in &mut clients {
        client.call("ping", json!({})).await.unwrap();
    }
    newest.call("ping", json!({})).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_guesses_on_one_node_waits_on_the_other() {
    let Some(world) = World::begin().await else { return };
    let (mut ann, mut there) = (world.on(&world.one, 0).await, world.on(&world.two, 0).await);
    let wrong =
        json!({ "tenantSlug": "nobody", "email": "nobody@nowhere.example", "password": "wrong" });
    for _ in 0..5 {
        assert_eq!(post(world.one.address(), "/api/v1/auth/login", &wrong).await, 401);
    }
    // What ends the session comes to the other node after what was said of the guesses.
    ann.send("call", json!({ "method": "POST", "path": "/api/v1/auth/logout" })).await;
    assert_eq!(there.closed().await, Some(4410));
    assert_eq!(post(world.two.address(), "/api/v1/auth/login", &wrong).await, 429);
}

async fn post(address: SocketAddr, path: &str, body: &Value) -> u16 {
    let body = body.to_string();
    let mut socket = Socket::connect(address).await;
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    socket.send(head.as_bytes()).await;
    socket.send(body.as_bytes()).await;
    socket.answer().await.status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn presence_is_that_of_all_nodes_and_survives_the_death_of_one() {
    let Some(world) = World::begin().await else { return };
    let mut ann = world.on(&world.one, 0).await;
    let watched = json!({ "userIds": [world.id(1), world.id(2)] });
    let seen = ann.call("presence.watch", watched).await.unwrap();
    assert!(
        seen["items"].as_array().unwrap().iter().all(|item| item["status"] == json!("offline"))
    );
    let bob = world.on(&world.two, 1).await;
    shows(&mut ann, world.id(1), "online").await;
    let mut cyd = world.on(&world.two, 2).await;
    shows(&mut ann, world.id(2), "online").await;
    cyd.call("presence.set", json!({ "status": "away" })).await.unwrap();
    shows(&mut ann, world.id(2), "away").await;
    let _cyd_here = world.on(&world.one, 2).await;
    shows(&mut ann, world.id(2), "online").await;
    // Whoever comes later is told what holds now.
    let mut dan = world.on(&world.one, 3).await;
    let watched = json!({ "userIds": [world.id(0), world.id(1)] });
    let seen = dan.call("presence.watch", watched).await.unwrap();
    assert!(seen["items"].as_array().unwrap().iter().all(|item| item["status"] == json!("online")));
    // What Redis forgets, the nodes say again.
    assert_eq!(world.redis.ask("FLUSHALL").unwrap(), "OK");
    let query = json!({ "userIds": world.id(1) });
    let call = json!({ "method": "GET", "path": "/api/v1/presence", "query": query });
    eventually("bob is there again", async || {
        let answer = ann.call("call", call.clone()).await.unwrap();
        (answer["data"]["items"][0]["status"] == json!("online")).then_some(())
    })
    .await;
    let World { installation, two, one: _one, redis: _redis } = world;
    two.kill_9();
    let gone = tokio::time::timeout(CRASH_SEEN, async {
        loop {
            // The event may take longer than one waits for a single one.
            let query = json!({ "userIds": installation.people[1].id });
            let call = json!({ "method": "GET", "path": "/api/v1/presence", "query": query });
            let answer = ann.call("call", call).await.unwrap();
            if answer["data"]["items"][0]["status"] == json!("offline") {
                break;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    });
    gone.await.expect("the dead node's people go with it");
    shows(&mut dan, json!(installation.people[1].id), "offline").await;
    drop(bob);
}

/// The watcher is told that somebody is, by now, of this status.
async fn shows(watcher: &mut Client, user: Value, status: &str) {
    loop {
        let event = watcher.event_of("presence.changed").await;
        let items = event.data["items"].as_array().unwrap().clone();
        if items.iter().any(|item| item["userId"] == user && item["status"] == json!(status)) {
            return;
        }
    }
}

/// Requests are refused within two seconds, sockets stay, and all is well again by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_database_falls_silent_says_so_and_keeps_its_sockets() {
    let Some(db) = TestDb::postgres() else { return };
    let (scheme, rest) = db.url().split_once('@').unwrap();
    let (host, name) = rest.split_once('/').unwrap();
    let proxy = Proxy::to(host.parse().unwrap()).await;
    let url = format!("{scheme}@{}/{name}", proxy.address());
    let installation =
        Installation::new(BINARY, db, FILLING).with_environment(&[("DATABASE_URL", &url)]);
    let node = installation.start().await;
    let (mut ann, _) = Client::hello(node.address(), &installation.people[0].token).await;
    let data = json!({ "channelId": installation.channels[0], "content": "x", "clientMessageId": "sent-again-and-again" });
    for weather in [Weather::Stuck, Weather::Cut] {
        proxy.set(weather);
        let refused = ann.call("chat.send", data.clone()).await.unwrap_err();
        assert_eq!((refused.code.as_str(), refused.retryable), ("UNAVAILABLE", true));
        eventually("the node says so", async || {
            (health(node.address(), "/api/v1/health/ready").await == 503).then_some(())
        })
        .await;
        assert_eq!(health(node.address(), "/api/v1/health/live").await, 200);
        let refused =
            ann.call("chat.history", json!({ "channelId": installation.channels[0] })).await;
        assert_eq!(refused.unwrap_err().code, "UNAVAILABLE");
        proxy.set(Weather::Fair);
        eventually("the node is well again", async || {
            (health(node.address(), "/api/v1/health/ready").await == 200).then_some(())
        })
        .await;
        eventually("the socket works as before", async || {
            ann.call("chat.send", data.clone()).await.ok()
        })
        .await;
    }
    let history = ann.call("chat.history", json!({ "channelId": installation.channels[0] })).await;
    assert_eq!(history.unwrap()["items"].as_array().unwrap().len(), 1, "sent again, stored once");
}

async fn health(address: SocketAddr, path: &str) -> u16 {
    Socket::connect(address).await.request("GET", path, &[]).await.status
}

/// What a node says in Redis does not depend on how many connections are idle on it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_connections_cost_redis_nothing() {
    let Some(world) = World::begin().await else { return };
    let with_none = commands_in_a_while(&world).await;
    let mut idle = Vec::new();
    for person in (0..FILLING.people).cycle().take(60) {
        idle.push(world.on(&world.one, person).await);
    }
    let mut watcher = world.on(&world.two, 3).await;
    watcher.call("presence.watch", json!({ "userIds": [world.id(0)] })).await.unwrap();
    let query = json!({ "userIds": world.id(0) });
    let call = json!({ "method": "GET", "path": "/api/v1/presence", "query": query });
    eventually("everybody is there", async || {
        let answer = watcher.call("call", call.clone()).await.unwrap();
        (answer["data"]["items"][0]["status"] == json!("online")).then_some(())
    })
    .await;
    let with_many = commands_in_a_while(&world).await;
    assert!(with_many <= 2 * with_none, "{with_many} commands with sixty, {with_none} with none");
}

/// Long enough for what is done every few seconds, and the same for whatever is compared.
async fn commands_in_a_while(world: &World) -> u64 {
    let before = world.redis.commands_done();
    tokio::time::sleep(Duration::from_secs(6)).await;
    world.redis.commands_done() - before
}

/// News between nodes travel by TLS, and only to a server that somebody certifies whom the machine
/// trusts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_talk_over_tls_with_a_redis_that_they_trust_and_with_no_other() {
    let (Some(redis), Some(db)) = (Redis::over_tls(), TestDb::postgres()) else { return };
    let installation = Installation::new(BINARY, db, FILLING).with_redis(&redis.tls_url());
    let trusting = [("SSL_CERT_FILE", redis.ca_file().display().to_string())];
    let trusting = trusting.each_ref().map(|(name, value)| (*name, value.as_str()));
    let (one, two) =
        (installation.start_with(&trusting).await, installation.start_with(&trusting).await);
    for node in [&one, &two] {
        says(node.address(), "ok").await;
    }
    let (ann, bob) = (&installation.people[0], &installation.people[1]);
    let (mut ann, _) = Client::hello(one.address(), &ann.token).await;
    let (mut bob, _) = Client::hello(two.address(), &bob.token).await;
    let data = json!({ "channelId": installation.channels[0], "content": "in confidence" });
    ann.call("chat.send", data).await.unwrap();
    assert_eq!(
        bob.event_of("chat.message.created").await.data["message"]["content"],
        "in confidence"
    );
    let distrusting = installation.start().await;
    says(distrusting.address(), "degraded").await;
}

async fn says(address: SocketAddr, status: &str) {
    let expected = format!(r#""status":"{status}""#);
    eventually(&format!("a node is {status}"), async || {
        let mut socket = Socket::connect(address).await;
        let answer = socket.request("GET", "/api/v1/health/system", &[]).await;
        String::from_utf8_lossy(&answer.body).contains(&expected).then_some(())
    })
    .await;
}
