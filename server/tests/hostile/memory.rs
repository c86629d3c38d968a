//! Hostility costs the server no memory that stays.

use std::fs;

use tidewire_protocol::{codec::Codec, limits::FRAME_BYTES_MAX};
use tidewire_testkit::{
    Server,
    socket::{
        Frame,
        opcode::{CONTINUATION, PING, TEXT},
    },
};

use crate::{
    house::{House, is_served},
    unreadable,
};

/// What thousands of hostile connections may leave behind: an allocator's slack, not their traces.
const GROWTH_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// How much memory a process holds.
/// What was allocated; pages of the program itself come in as they are run.
fn resident_bytes(server: &Server) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<u64>().unwrap() * 1024
}

#[tokio::test]
async fn thousands_of_hostile_connections_leave_nothing_behind() {
    let house = House::patient().await;
    let mut witness = house.client(1).await;
    let wrongs = unreadable::all();
    let round = async || {
        for wrong in &wrongs {
            let mut client = house.stranger(wrong.codec).await;
            client.socket.send(&wrong.bytes).await;
            assert_eq!(client.closed().await, Some(wrong.code));
        }
    };
    for _ in 0..10 {
        round().await;
    }
    let before = resident_bytes(&house.server);
    for _ in 0..80 {
        round().await;
    }
    let growth = resident_bytes(&house.server).saturating_sub(before);
    assert!(growth <= GROWTH_BYTES_MAX, "{growth} bytes more");
    is_served(&mut witness).await;
}

/// Sixty-four mebibytes on one connection, none of which are ever a whole message.
#[tokio::test]
async fn fragments_without_end_are_not_collected() {
    let house = House::patient().await;
    let mut witness = house.client(1).await;
    let before = resident_bytes(&house.server);
    let mut empty = house.stranger(Codec::Json).await;
    empty.socket.send(&Frame::fragment(TEXT, "").masked()).await;
    let mebibyte = Frame::fragment(CONTINUATION, "").masked().repeat(1024 * 1024 / 6);
    for _ in 0..32 {
        empty.socket.send(&mebibyte).await;
    }
    let mut full = house.stranger(Codec::Json).await;
    full.socket.send(&Frame::fragment(TEXT, vec![b' '; FRAME_BYTES_MAX]).masked()).await;
    full.socket.send(&Frame::fragment(CONTINUATION, "").masked()).await;
    full.socket.message(PING, b"still here").await;
    assert_eq!(full.socket.frame().await.map(|frame| frame.opcode), Some(0xA));
    for _ in 0..32 {
        full.socket
            .send(&Frame::fragment(CONTINUATION, vec![b' '; FRAME_BYTES_MAX]).masked())
            .await;
    }
    assert_eq!(full.closed().await, Some(1009));
    let growth = resident_bytes(&house.server).saturating_sub(before);
    assert!(growth <= GROWTH_BYTES_MAX, "{growth} bytes more");
    is_served(&mut witness).await;
}

/// Everybody announces the largest frame and sends one byte of it.
#[tokio::test]
async fn an_announced_length_is_not_allocated() {
    let house = House::patient().await;
    let before = resident_bytes(&house.server);
    let head = Frame::new(TEXT, vec![b' '; FRAME_BYTES_MAX]).masked();
    let mut clients = Vec::new();
    for _ in 0..500 {
        let mut client = house.stranger(Codec::Json).await;
        client.socket.send(&Frame::new(PING, "").masked()).await;
        client.socket.send(&head[..15]).await;
        assert_eq!(client.socket.frame().await.map(|frame| frame.opcode), Some(0xA));
        clients.push(client);
    }
    let growth = resident_bytes(&house.server).saturating_sub(before);
    assert!(growth <= GROWTH_BYTES_MAX, "{growth} bytes more");
}
