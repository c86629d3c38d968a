//! On a stream in memory and a clock that stands still: every moment is exact.

use std::{future::pending, time::Duration};

use axum::{extract::Extension, routing::get};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex},
    task::JoinHandle,
};

use super::*;
use crate::listener::{Limits, places::Places};

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: tidewire\r\n\r\n";
const TIMEOUTS: Timeouts = Timeouts {
    head: Duration::from_secs(10),
    idle: Duration::from_secs(75),
    write_stall: Duration::from_secs(30),
    stop: Duration::from_secs(5),
};

struct Peer {
    stream: DuplexStream,
    served: JoinHandle<()>,
    stop: CancellationToken,
    start: Instant,
}

#[expect(clippy::disallowed_methods, reason = "a test's own task")]
fn connect(router: Router) -> Peer {
    let limits = Limits {
        connections_max: 1,
        connections_per_address_max: 1,
        trusted_proxies: Vec::new(),
        timeouts: TIMEOUTS,
    };
    let address = SocketAddr::from(([192, 0, 2, 7], 4242));
    let place = Places::new(&limits).take(address.ip()).unwrap();
    let stop = CancellationToken::new();
    let (stream, ours) = duplex(4096);
    let connections = Arc::new(Connections::new(router, TIMEOUTS, stop.clone()));
    let served = tokio::spawn(connections.run(ours, address, place));
    Peer { stream, served, stop, start: Instant::now() }
}

impl Peer {
    async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// Reads one answer whose body is `body`.
    async fn expect(&mut self, body: &str) -> String {
        let mut read = Vec::new();
        while !read.ends_with(body.as_bytes()) {
            assert!(self.stream.read_buf(&mut read).await.unwrap() > 0, "ended before {body}");
        }
        String::from_utf8(read).unwrap()
    }

    /// Reads to the end of the stream: what came, and how many seconds after the start it ended.
    async fn rest(mut self) -> (String, u64) {
        let mut read = Vec::new();
        self.stream.read_to_end(&mut read).await.unwrap();
        (String::from_utf8(read).unwrap(), self.start.elapsed().as_secs())
    }
}

fn hello() -> Router {
    Router::new().route("/", get(async || "hello"))
}

fn slow(answer: Duration) -> Router {
    let handler = async move || {
        sleep(answer).await;
        "late"
    };
    Router::new().route("/", get(handler))
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_says_nothing_is_not_waited_for() {
    assert_eq!(connect(hello()).rest().await, (String::new(), 10));
}

#[tokio::test(start_paused = true)]
async fn a_head_that_trickles_in_is_cut_off() {
    let mut peer = connect(hello());
    for byte in &GET[..10] {
        peer.send(&[*byte]).await;
        sleep(Duration::from_millis(900)).await;
    }
    assert_eq!(peer.rest().await, (String::new(), 10));
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_kept_longer_than_a_head_is_waited_for() {
    let mut peer = connect(hello());
    for _ in 0..2 {
        peer.send(GET).await;
        peer.expect("hello").await;
        sleep(Duration::from_secs(74)).await;
    }
    peer.send(GET).await;
    peer.expect("hello").await;
    assert_eq!(peer.rest().await, (String::new(), 2 * 74 + 75));
}

#[tokio::test(start_paused = true)]
async fn after_an_idle_time_a_head_has_its_own_time() {
    let mut peer = connect(hello());
    peer.send(GET).await;
    peer.expect("hello").await;
    sleep(Duration::from_secs(70)).await;
    peer.send(&GET[..5]).await;
    assert_eq!(peer.rest().await, (String::new(), 80));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_being_answered_is_not_cut_off() {
    let mut peer = connect(slow(Duration::from_mins(10)));
    peer.send(GET).await;
    peer.expect("late").await;
    assert_eq!(peer.start.elapsed().as_secs(), 600);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_nothing_is_not_waited_for() {
    let large = Router::new().route("/", get(async || "x".repeat(1 << 20)));
    let mut peer = connect(large);
    peer.send(GET).await;
    let served = &mut peer.served;
    served.await.unwrap();
    assert_eq!(peer.start.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_little_at_a_time_is_served() {
    let large = Router::new().route("/", get(async || "x".repeat(1 << 16)));
    let mut peer = connect(large);
    peer.send(GET).await;
    let mut buffer = [0; 4096];
    let mut read = 0;
    while read < 1 << 16 {
        sleep(Duration::from_secs(29)).await;
        let piece = peer.stream.read(&mut buffer).await.unwrap();
        assert!(piece > 0, "cut off after {read} bytes");
        read += piece;
    }
}

#[tokio::test(start_paused = true)]
async fn at_the_stop_an_idle_connection_ends_at_once() {
    let mut peer = connect(hello());
    peer.send(GET).await;
    peer.expect("hello").await;
    peer.stop.cancel();
    assert_eq!(peer.rest().await, (String::new(), 0));
}

#[tokio::test(start_paused = true)]
async fn at_the_stop_a_running_request_is_finished() {
    let mut peer = connect(slow(Duration::from_secs(3)));
    peer.send(GET).await;
    sleep(Duration::from_secs(1)).await;
    peer.stop.cancel();
    let (answer, seconds) = peer.rest().await;
    assert!(answer.contains("connection: close") && answer.ends_with("late"), "{answer}");
    assert_eq!(seconds, 3);
}

#[tokio::test(start_paused = true)]
async fn after_the_stop_an_endless_request_is_cut_off() {
    let endless = Router::new().route("/", get(async || pending::<String>().await));
    let mut peer = connect(endless);
    peer.send(GET).await;
    sleep(Duration::from_secs(1)).await;
    peer.stop.cancel();
    assert_eq!(peer.rest().await, (String::new(), 6));
}

#[tokio::test(start_paused = true)]
async fn a_request_carries_the_address_of_its_peer() {
    let handler = async |Extension(PeerAddr(address)): Extension<PeerAddr>| address.to_string();
    let mut peer = connect(Router::new().route("/", get(handler)));
    peer.send(GET).await;
    peer.expect("192.0.2.7:4242").await;
}

#[tokio::test(start_paused = true)]
async fn a_head_that_is_somewhat_too_large_reaches_the_router() {
    let mut peer = connect(hello());
    let value = "x".repeat(HEADER_BYTES_MAX + 1);
    peer.send(format!("GET / HTTP/1.1\r\nHost: tidewire\r\nX: {value}\r\n\r\n").as_bytes()).await;
    peer.expect("hello").await;
}

#[tokio::test(start_paused = true)]
async fn a_head_without_end_is_refused() {
    let mut peer = connect(hello());
    let (mut reading, mut writing) = tokio::io::split(peer.stream);
    let endless = async {
        writing.write_all(b"GET / HTTP/1.1\r\nHost: tidewire\r\nX: ").await?;
        loop {
            writing.write_all(&[b'x'; 1024]).await?;
        }
    };
    let answer = async {
        let mut answer = String::new();
        reading.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let (ended, answer): (std::io::Result<()>, _) = tokio::join!(endless, answer);
    assert!(ended.is_err());
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    (&mut peer.served).await.unwrap();
}
