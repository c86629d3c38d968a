//! The listener on real sockets.
#![expect(clippy::unwrap_used, reason = "a step that fails fails its test")]

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, extract::Request, routing::get};
use http::{StatusCode, header};
use tidewire_app::tasks::Tasks;
use tidewire_server::listener::{self, Limits, Reclaimed, Timeouts};
use tidewire_testkit::{DEADLINE, eventually};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::{Semaphore, mpsc},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: tidewire\r\n\r\n";
/// Longer than any test.
const LONG: Duration = Duration::from_hours(1);
const SHORT: Duration = Duration::from_millis(50);

struct Served {
    address: SocketAddr,
    tasks: Tasks,
    stop: CancellationToken,
}

fn limits() -> Limits {
    Limits {
        connections_max: 100,
        connections_per_address_max: 100,
        trusted_proxies: Vec::new(),
        timeouts: Timeouts { head: LONG, idle: LONG, write_stall: LONG, stop: LONG },
    }
}

fn serve(router: Router, limits: Limits) -> Served {
    let listener = listener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let address = listener.local_addr().unwrap();
    let (tasks, stop) = (Tasks::default(), CancellationToken::new());
    tasks.spawn(listener::serve(listener, router, limits, tasks.clone(), stop.clone()));
    Served { address, tasks, stop }
}

fn hello() -> Router {
    Router::new().route("/", get(async || "hello"))
}

impl Served {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// A connection over which one request was answered.
    async fn used_connection(&self) -> TcpStream {
        let mut stream = self.connect().await;
        stream.write_all(GET).await.unwrap();
        let mut read = Vec::new();
        while !read.ends_with(b"hello") {
            assert!(within(stream.read_buf(&mut read)).await.unwrap() > 0, "refused");
        }
        stream
    }

    /// The whole answer to a request over a new connection, which ends after it.
    async fn ask_once(&self) -> String {
        let mut stream = self.connect().await;
        let request = b"GET / HTTP/1.1\r\nHost: tidewire\r\nConnection: close\r\n\r\n";
        stream.write_all(request).await.unwrap();
        rest(&mut stream).await
    }
}

async fn within<T>(waited_for: impl Future<Output = T>) -> T {
    timeout(DEADLINE, waited_for).await.expect("something happens in time")
}

async fn rest(stream: &mut TcpStream) -> String {
    let mut read = String::new();
    within(stream.read_to_string(&mut read)).await.unwrap();
    read
}

#[tokio::test]
async fn a_half_head_is_cut_off() {
    let mut limits = limits();
    limits.timeouts.head = SHORT;
    let mut half = serve(hello(), limits).connect().await;
    half.write_all(&GET[..10]).await.unwrap();
    assert_eq!(rest(&mut half).await, "");
}

#[tokio::test]
async fn an_idle_connection_is_closed_in_the_end() {
    let mut limits = limits();
    limits.timeouts.idle = SHORT;
    let served = serve(hello(), limits);
    assert_eq!(rest(&mut served.used_connection().await).await, "");
}

#[tokio::test]
async fn one_connection_too_many_is_told_to_come_back() {
    let served = serve(hello(), Limits { connections_max: 2, ..limits() });
    let first = served.used_connection().await;
    let _second = served.used_connection().await;
    let refused = served.ask_once().await;
    assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
    assert!(refused.contains("\r\nRetry-After: "), "{refused}");
    let body: serde_json::Value =
        serde_json::from_str(refused.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(body["error"]["code"], "UNAVAILABLE");
    drop(first);
    eventually("there is a place again", async || {
        served.ask_once().await.ends_with("hello").then_some(())
    })
    .await;
}

#[tokio::test]
async fn one_address_cannot_take_all_places() {
    let served = serve(hello(), Limits { connections_per_address_max: 1, ..limits() });
    let _held = served.used_connection().await;
    assert!(served.ask_once().await.starts_with("HTTP/1.1 503 "));
    let other = tokio::net::TcpSocket::new_v4().unwrap();
    other.bind(SocketAddr::from(([127, 0, 0, 2], 0))).unwrap();
    let mut other = other.connect(served.address).await.unwrap();
    other.write_all(GET).await.unwrap();
    let mut start = [0; 12];
    within(other.read_exact(&mut start)).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 200");
}

#[tokio::test]
async fn at_the_stop_requests_are_finished_and_nobody_is_let_in() {
    let (running, mut is_running) = mpsc::channel(1);
    let gate = Arc::new(Semaphore::new(0));
    let inner_gate = Arc::clone(&gate);
    let handler = async move || {
        running.send(()).await.unwrap();
        inner_gate.acquire().await.unwrap().forget();
        "finished"
    };
    let served = serve(Router::new().route("/", get(handler)), limits());
    let mut stream = served.connect().await;
    stream.write_all(GET).await.unwrap();
    within(is_running.recv()).await.unwrap();
    served.stop.cancel();
    eventually("the socket is closed", async || {
        TcpStream::connect(served.address).await.is_err().then_some(())
    })
    .await;
    gate.add_permits(1);
    assert!(rest(&mut stream).await.ends_with("finished"));
    assert!(served.tasks.stop(DEADLINE).await, "every task ended");
}

#[tokio::test]
async fn an_upgrade_gives_the_socket_back_with_its_place() {
    let (upgraded, mut connections) = mpsc::channel(1);
    let handler = async move |request: Request| {
        #[expect(clippy::disallowed_methods, reason = "a test's own task")]
        tokio::spawn(async move {
            let connection = hyper::upgrade::on(request).await.unwrap();
            upgraded.send(listener::reclaim(connection).unwrap()).await.unwrap_or_default();
        });
        let headers = [(header::CONNECTION, "upgrade"), (header::UPGRADE, "echo")];
        (StatusCode::SWITCHING_PROTOCOLS, headers)
    };
    let served =
        serve(Router::new().route("/", get(handler)), Limits { connections_max: 1, ..limits() });
    let mut peer = served.connect().await;
    let request = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nearly";
    peer.write_all(request).await.unwrap();
    let Reclaimed { mut stream, read, place } = within(connections.recv()).await.unwrap();
    assert_eq!(&read[..], b"early");
    stream.write_all(b"late").await.unwrap();
    drop(stream);
    assert!(rest(&mut peer).await.ends_with("late"));
    assert!(served.ask_once().await.starts_with("HTTP/1.1 503 "), "the place is still taken");
    drop(place);
    eventually("there is a place again", async || {
        served.ask_once().await.starts_with("HTTP/1.1 101 ").then_some(())
    })
    .await;
}
