//! A TCP proxy on loopback that can be told to misbehave.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinSet,
};

const CHUNK_BYTES: usize = 16 * 1024;

/// What a proxy does to all its connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// Everything passes.
    Fair,
    /// Each piece passes after a while.
    Slow(Duration),
    /// Connections are open, and nothing passes.
    Stuck,
    /// Connections end, and new ones are accepted and ended.
    Cut,
}

/// A way to one address at a time. Dropping it ends its connections.
pub struct Proxy {
    address: SocketAddr,
    target: watch::Sender<SocketAddr>,
    weather: watch::Sender<Weather>,
    /// Held for its drop, which ends everything.
    _tasks: JoinSet<()>,
}

impl Proxy {
    /// A proxy to `target`, in fair weather.
    ///
    /// # Panics
    ///
    /// If loopback has no free port.
    pub async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("loopback has free ports");
        let address = listener.local_addr().expect("a bound socket has an address");
        let (target, aim) = watch::channel(target);
        let (weather, seen) = watch::channel(Weather::Fair);
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, aim, seen));
        Self { address, target, weather, _tasks: tasks }
    }

    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }

    /// Connections that are made from now on go to `target`.
    pub fn lead_to(&self, target: SocketAddr) {
        self.target.send_replace(target);
    }
}

async fn accept(
    listener: TcpListener,
    target: watch::Receiver<SocketAddr>,
    weather: watch::Receiver<Weather>,
) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((client, _)) = listener.accept().await else { continue };
        connections.spawn(carry(client, *target.borrow(), weather.clone()));
        while connections.try_join_next().is_some() {}
    }
}

async fn carry(client: TcpStream, target: SocketAddr, mut weather: watch::Receiver<Weather>) {
    if *weather.borrow() == Weather::Cut {
        return;
    }
    let Ok(server) = TcpStream::connect(target).await else { return };
    let (client_reads, client_writes) = client.into_split();
    let (server_reads, server_writes) = server.into_split();
    let there = pass(client_reads, server_writes, weather.clone());
    let back = pass(server_reads, client_writes, weather.clone());
    tokio::select! {
        () = there => {}
        () = back => {}
        // An error means that the proxy is gone.
        _ = weather.wait_for(|weather| *weather == Weather::Cut) => {}
    }
}

async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut weather: watch::Receiver<Weather>,
) {
    let mut chunk = vec![0; CHUNK_BYTES];
    while let Ok(count @ 1..) = from.read(&mut chunk).await {
        if weather.wait_for(|weather| *weather != Weather::Stuck).await.is_err() {
            return;
        }
        let pause = match *weather.borrow() {
            Weather::Slow(pause) => pause,
            Weather::Fair | Weather::Stuck | Weather::Cut => Duration::ZERO,
        };
        tokio::time::sleep(pause).await;
        if to.write_all(&chunk[..count]).await.is_err() {
            return;
        }
    }
}
