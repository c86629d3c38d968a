//! The answer to `hello`: where every channel stands, and what a returning client has missed.
//!
//! The connection is attached first and holds live entries back; then storage is read; then both are
//! merged by seq and the connection is let go. So nothing is missed between snapshot and stream, and
//! nothing comes twice.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use bytes::Bytes;
use tidewire_protocol::{
    command::{Hello, Resume},
    frame::{Behind, ChannelState, Reply, ResumeOutcome, ResumeStatus, Welcome, WelcomeLimits},
    id::{ChannelId, TenantId, UserKey},
    limits::{
        COMMAND_WINDOW_MS, COMMANDS_PER_WINDOW_MAX, FRAME_BYTES_MAX, HEARTBEAT_INTERVAL_MS,
        MESSAGE_CHARS_MAX, RESUME_ENTRIES_MAX, RESUME_ENTRIES_PER_CHANNEL_MAX,
    },
    model::unread::UnreadTotals,
    position::Position,
};
use tidewire_storage::{
    Conn,
    entries::{self, Entry},
    unread::{self, Standing},
};

use crate::{
    Actor, App, Result, catch_up,
    fanout::{connection::Connection, outgoing},
    presence, users,
};

/// Attaches a connection that has said hello and sends the answer, the missed entries and whatever
/// came in meanwhile. On an error the connection is still held, and nothing was sent.
pub async fn start(
    app: &App,
    actor: &Actor,
    connection: &Arc<Connection>,
    id: u64,
    hello: &Hello,
) -> Result<()> {
    let (tenant, user) = (actor.tenant_id(), actor.user_id());
    let shown = users::get(app, actor, UserKey::Id(user)).await?.user;
    let mut conn = app.db.read().await?;
    let channels = unread::channels_of(&mut conn, tenant, user).await?;
    let topics: Vec<_> =
        channels.iter().map(|channel| app.fanout.follow(connection, tenant, *channel)).collect();
    let standings = unread::standings(&mut conn, tenant, user).await?;
    let missed = match &hello.resume {
        Some(resume) => missed(&mut conn, tenant, resume, &standings).await?,
        None => Missed::nothing(&standings),
    };
    drop(conn);
    let entries = catch_up::view(app, tenant, &missed.entries).await?;
    connection.user().replace(&standings);
    let welcome = Welcome {
        connection_id: connection.id(),
        user: shown,
        unread: UnreadTotals::of_chat(standings.iter().map(Standing::unread).sum()),
        channels: missed.moved,
        heartbeat_seconds: HEARTBEAT_INTERVAL_MS / 1_000,
        limits: LIMITS,
        server_time: app.clock.now(),
        resume: missed.outcome,
    };
    let codec = connection.codec();
    let first: Bytes = outgoing::data(codec, &Reply::ok(id, welcome));
    let frames = entries.iter().map(|entry| entry.outgoing.bytes(codec).clone());
    let positions = standings.iter().map(|standing| (standing.channel_id, standing.head.seq));
    presence::join(app, connection, hello.presence);
    connection.release(&app.fanout, std::iter::once(first).chain(frames), positions);
    let heads: HashMap<ChannelId, u64> =
        standings.iter().map(|standing| (standing.channel_id, standing.head.seq)).collect();
    for topic in topics {
        match heads.get(&topic.channel()) {
            Some(head) => topic.start_at(app, *head),
            // Left between the two readings.
            None => topic.detach(connection),
        }
    }
    Ok(())
}

const LIMITS: WelcomeLimits = WelcomeLimits {
    frame_bytes: FRAME_BYTES_MAX,
    message_chars: MESSAGE_CHARS_MAX,
    commands_per_window: COMMANDS_PER_WINDOW_MAX,
    command_window_ms: COMMAND_WINDOW_MS,
};

struct Missed {
    /// Rows of all channels, each channel's in order.
    entries: Vec<Entry>,
    moved: Vec<ChannelState>,
    outcome: ResumeOutcome,
}

impl Missed {
    /// A client that knows nothing has missed nothing.
    fn nothing(standings: &[Standing]) -> Self {
        Self {
            entries: Vec::new(),
            moved: standings.iter().map(state).collect(),
            outcome: ResumeOutcome {
                status: ResumeStatus::Fresh,
                behind: Vec::new(),
                forked: Vec::new(),
                gone: Vec::new(),
            },
        }
    }
}

async fn missed(
    conn: &mut Conn,
    tenant: TenantId,
    resume: &Resume,
    standings: &[Standing],
) -> Result<Missed> {
    let mut missed = Missed { moved: Vec::new(), ..Missed::nothing(&[]) };
    missed.outcome.status = ResumeStatus::Resumed;
    for standing in standings {
        match resume.channels.get(&standing.channel_id) {
            Some(known) if *known == standing.head => {}
            Some(known) => {
                missed.moved.push(state(standing));
                missed.add(conn, tenant, standing, *known).await?;
            }
            None => missed.moved.push(state(standing)),
        }
    }
    let present: HashSet<ChannelId> =
        standings.iter().map(|standing| standing.channel_id).collect();
    missed.outcome.gone =
        resume.channels.keys().filter(|channel| !present.contains(*channel)).copied().collect();
    Ok(missed)
}

impl Missed {
    /// What one channel has beyond `known`. The client's own last entry is read with the rest: its mark
    /// tells whether this is still the log that the client knows.
    async fn add(
        &mut self,
        conn: &mut Conn,
        tenant: TenantId,
        standing: &Standing,
        known: Position,
    ) -> Result<()> {
        let channel = standing.channel_id;
        if known.seq > standing.head.seq || !same_log(conn, tenant, channel, known).await? {
            self.outcome.forked.push(channel);
            return Ok(());
        }
        let room = RESUME_ENTRIES_MAX - self.entries.len();
        let count = (standing.head.seq - known.seq) as usize;
        if count > RESUME_ENTRIES_PER_CHANNEL_MAX.min(room) {
            let Position { seq, mark } = standing.head;
            self.outcome.behind.push(Behind { channel, seq, mark });
            return Ok(());
        }
        let key = (tenant, channel);
        self.entries.extend(entries::range(conn, key, known.seq, standing.head.seq, count).await?);
        Ok(())
    }
}

async fn same_log(
    conn: &mut Conn,
    tenant: TenantId,
    channel: ChannelId,
    known: Position,
) -> Result<bool> {
    Ok(entries::mark_at(conn, tenant, channel, known.seq).await? == Some(known.mark))
}

fn state(standing: &Standing) -> ChannelState {
    ChannelState {
        id: standing.channel_id,
        kind: standing.kind,
        seq: standing.head.seq,
        mark: standing.head.mark,
        last_read_seq: standing.read_seq,
        unread_count: standing.unread(),
        mention_count: standing.mentions as i64,
        revision: standing.revision,
        muted: standing.muted,
    }
}
