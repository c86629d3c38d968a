//! Coming back: one round trip, exactly what was missed, and the truth about what cannot be had.
#![expect(clippy::unwrap_used, reason = "a step that fails fails its test")]

mod visits;

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use serde_json::json;
use tidewire_protocol::{
    codec::Codec,
    frame::{ChannelState, Welcome},
};
use tidewire_testkit::{Client, Filling, Installation, Replica, TestDb, on_both_engines};
use tokio::task::JoinSet;

use visits::{
    CODECS, come_and_go, come_back, copy_database, knowing, mark_of_last, page, pair, pair_in, say,
    write_on, written,
};

const BINARY: &str = env!("CARGO_BIN_EXE_tidewire");

on_both_engines! {
    async fn two_thousand_channels_resume_in_one_round_trip(db: TestDb) {
        let installation = Installation::new(BINARY, db, pair_in(2_000));
        let server = installation.start().await;
        let (reader, mut writer) = pair(&installation, server.address()).await;
        say(&mut writer, &installation.channels, 1).await;
        for codec in CODECS {
            let mut replica = Replica::default();
            let welcome = come_back(codec, server.address(), &reader, &mut replica, true).await.1;
            assert_eq!(welcome.channels.len(), 2_000);
            let moved: Vec<_> = installation.channels.iter().step_by(100).copied().collect();
            say(&mut writer, &moved, 3).await;
            let (entries, welcome) = come_back(codec, server.address(), &reader, &mut replica, false).await;
            assert_eq!(entries, 60);
            let told: BTreeSet<_> = welcome.channels.iter().map(|state| state.id).collect();
            assert!(moved.iter().all(|channel| told.contains(channel)));
            let is_due = |state: &ChannelState| moved.contains(&state.id) || state.unread_count > 0;
            assert!(welcome.channels.iter().all(is_due), "what moved, and what is unread");
            let outcome = welcome.resume;
            assert_eq!((outcome.behind, outcome.forked, outcome.gone), (vec![], vec![], vec![]));
            let (entries, welcome) = come_back(codec, server.address(), &reader, &mut replica, false).await;
            assert_eq!(entries, 0, "nothing moved");
            assert!(welcome.channels.iter().all(|state| state.unread_count > 0));
        }
    }

    async fn more_than_a_hundred_missed_entries_are_paged(db: TestDb) {
        let installation = Installation::new(BINARY, db, pair_in(2));
        let server = installation.start().await;
        let (reader, mut writer) = pair(&installation, server.address()).await;
        let [many, few] = installation.channels[..] else { panic!("two channels") };
        say(&mut writer, &[many], 101).await;
        say(&mut writer, &[few], 100).await;
        for codec in CODECS {
            let mut replica = knowing(&installation.channels);
            let (entries, welcome) = come_back(codec, server.address(), &reader, &mut replica, false).await;
            assert_eq!((entries, replica.entries(few).len()), (100, 100));
            assert_eq!(welcome.resume.behind.len(), 1);
            let behind = replica.take_behind();
            assert_eq!(behind[0].0, many);
            assert_eq!(page(&mut writer, behind[0]).await, (1..=101).collect::<Vec<_>>());
            assert_eq!(Some(replica.position(many).unwrap().mark), mark_of_last(&mut writer, many).await);
            let (entries, _) = come_back(codec, server.address(), &reader, &mut replica, false).await;
            assert_eq!(entries, 0, "the head that was told is the head");
        }
    }

    async fn more_than_a_thousand_missed_entries_are_paged(db: TestDb) {
        let installation = Installation::new(BINARY, db, pair_in(13));
        let server = installation.start().await;
        let (reader, mut writer) = pair(&installation, server.address()).await;
        say(&mut writer, &installation.channels, 90).await;
        let mut replica = knowing(&installation.channels);
        let (entries, _) = come_back(Codec::Json, server.address(), &reader, &mut replica, false).await;
        assert_eq!(entries, 990, "eleven whole channels");
        let behind = replica.take_behind();
        assert_eq!(behind.len(), 2);
        for channel in behind {
            assert_eq!(page(&mut writer, channel).await.len(), 90);
        }
        say(&mut writer, &installation.channels, 1).await;
        let (entries, _) = come_back(Codec::Json, server.address(), &reader, &mut replica, false).await;
        assert_eq!(entries, 13);
    }

    async fn a_channel_that_one_was_removed_from_is_gone(db: TestDb) {
        let installation = Installation::new(BINARY, db, pair_in(2));
        let server = installation.start().await;
        let address = server.address();
        let (mut owner, _) = Client::hello(address, &installation.people[0].token).await;
        let removed = installation.people[1].clone();
        say(&mut owner, &installation.channels, 1).await;
        let mut replica = knowing(&installation.channels);
        come_back(Codec::Json, address, &removed, &mut replica, false).await;
        let [left, kept] = installation.channels[..] else { panic!("two channels") };
        let path = format!("/api/v1/chat/channels/{left}/members/{}", removed.id);
        owner.call("call", json!({ "method": "DELETE", "path": path })).await.unwrap();
        say(&mut owner, &[left, kept], 2).await;
        let (entries, welcome) = come_back(Codec::Json, address, &removed, &mut replica, false).await;
        assert_eq!((entries, replica.entries(kept).len()), (2, 3));
        assert_eq!(welcome.resume.gone, [left]);
        assert!(welcome.channels.iter().all(|state| state.id == kept));
    }

    async fn whoever_comes_and_goes_while_others_write_sees_every_entry_once(db: TestDb) {
        let installation = Installation::new(BINARY, db, Filling { people: 8, channels: 3, members: 8 });
        let server = installation.start().await;
        let address = server.address();
        let done = Arc::new(AtomicBool::new(false));
        let mut writers = JoinSet::new();
        for person in &installation.people[..2] {
            writers.spawn(write_on(address, person.clone(), installation.channels.clone(), Arc::clone(&done)));
        }
        let mut readers = JoinSet::new();
        for (person, seed) in installation.people[2..].iter().zip(1..) {
            readers.spawn(come_and_go(address, person.clone(), installation.channels.clone(), seed));
        }
        let replicas = readers.join_all().await;
        done.store(true, Ordering::Relaxed);
        writers.join_all().await;
        for (mut replica, person) in replicas {
            come_back(Codec::Json, address, &person, &mut replica, false).await;
            let (mut client, _) = Client::hello(address, &person.token).await;
            for (channel, known, head) in replica.take_behind() {
                assert_eq!(page(&mut client, (channel, known, head)).await.len() as u64, head.seq - known);
            }
            for channel in &installation.channels {
                let last = mark_of_last(&mut client, *channel).await;
                assert_eq!(Some(replica.position(*channel).unwrap().mark), last);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_was_restored_and_written_on_is_told_from_the_one_that_was_known() {
    let installation = Installation::new(BINARY, TestDb::sqlite(), pair_in(3));
    let reader = installation.people[0].clone();
    let mut replica = knowing(&installation.channels);
    let [longer, shorter, same] = installation.channels[..] else { panic!("three channels") };
    let saved = tempfile::tempdir().unwrap();
    let database = PathBuf::from(installation.database().url().trim_start_matches("sqlite://"));

    written(&installation, &mut replica, &[(longer, 2), (shorter, 2), (same, 2)]).await;
    copy_database(&database, &saved.path().join("tidewire.db"));
    written(&installation, &mut replica, &[(longer, 3), (shorter, 3)]).await;
    copy_database(&saved.path().join("tidewire.db"), &database);
    written(&installation, &mut Replica::default(), &[(longer, 4), (shorter, 1)]).await;

    let server = installation.start().await;
    for codec in CODECS {
        let mut copy = replica.known();
        let (mut client, welcome) =
            Client::resume_in(codec, server.address(), &reader.token, copy.take()).await;
        let welcome: Welcome = serde_json::from_value(welcome).unwrap();
        let forked: BTreeSet<_> = welcome.resume.forked.into_iter().collect();
        assert_eq!(forked, BTreeSet::from([longer, shorter]));
        client.call("ping", json!({})).await.unwrap();
        assert!(client.arrived().all(|event| event.seq.is_none()), "nothing of a forked log");
    }
    let mut anew = knowing(&[longer, shorter]);
    let (entries, _) = come_back(Codec::Json, server.address(), &reader, &mut anew, false).await;
    assert_eq!(entries, 6 + 3);
}
