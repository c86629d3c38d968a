//! The answer to `hello`: where every channel stands, and what a returning client has missed.
//!
//! The connection is attached first and holds live entries back; then storage is read; then both are
//! merged by seq and the connection is let go. So nothing is missed between snapshot and stream, and
//! nothing comes twice.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use tidewire_protocol::{
    ErrorCode,
    command::{Hello, Resume},
    event::Event,
    frame::{
        Behind, ChannelState, EventFrame, Reply, ResumeOutcome, ResumeStatus, Welcome,
        WelcomeLimits,
    },
    id::{ChannelId, TenantId, UserId},
    limits::{
        COMMAND_WINDOW_MS, COMMANDS_PER_WINDOW_MAX, FRAME_BYTES_MAX, HEARTBEAT_INTERVAL_MS,
        MESSAGE_CHARS_MAX, RESUME_ENTRIES_MAX, RESUME_ENTRIES_PER_CHANNEL_MAX,
    },
    model::{unread::UnreadTotals, users::User},
    position::Position,
};
use tidewire_storage::{
    Conn,
    entries::{self, Entry},
    inbox, notifications,
    unread::{self, Standing},
    users as stored_users,
};

use crate::{
    Actor, App, Result, catch_up,
    fanout::{connection::Connection, entry::LogEntry, outgoing, topic::Topic},
    notifications::view,
    presence,
};

/// Attaches a connection that has said hello and sends the answer, the missed entries and whatever
/// came in meanwhile. On an error the connection is still held, follows nothing, and nothing was sent.
pub async fn start(
    app: &App,
    actor: &Actor,
    connection: &Arc<Connection>,
    id: u64,
    hello: &Hello,
) -> Result<()> {
    let (tenant, user) = (actor.tenant_id(), actor.user_id());
    let channels = unread::channels_of(&mut app.db.read().await?, tenant, user).await?;
    let follow = |channel: &ChannelId| app.fanout.follow(connection, tenant, *channel);
    let topics: Vec<Arc<Topic>> = channels.iter().map(follow).collect();
    app.fanout.bus().settled().await;
    let snapshot = match snapshot(app, actor, hello.resume.as_ref()).await {
        Ok(snapshot) => snapshot,
        Err(error) => {
            for topic in &topics {
                topic.detach(connection);
            }
            return Err(error);
        }
    };
    release(app, connection, id, hello, snapshot, &topics);
    Ok(())
}

/// What storage says, read after the connection was attached.
struct Snapshot {
    user: User,
    standings: Vec<Standing>,
    missed: Missed,
    /// The missed entries, ready to go out.
    entries: Vec<LogEntry>,
    inbox: InboxSnapshot,
}

/// Where the person's inbox stands, and what the client has missed of it.
struct InboxSnapshot {
    head: u64,
    unread: i64,
    missed: Vec<(u64, Event)>,
}

async fn snapshot(app: &App, actor: &Actor, resume: Option<&Resume>) -> Result<Snapshot> {
    let conn = &mut app.db.read().await?;
    let (tenant, user) = (actor.tenant_id(), actor.user_id());
    let standings = unread::standings(conn, tenant, user).await?;
    let mut missed = match resume {
        Some(resume) => missed(conn, tenant, resume, &standings).await?,
        None => Missed::nothing(&standings),
    };
    let entries = catch_up::view(app, conn, tenant, &missed.rows).await?;
    let (inbox, behind) =
        inbox_snapshot(app, conn, (tenant, user), resume.map(|resume| resume.inbox)).await?;
    missed.outcome.inbox_behind = behind;
    let user = stored_users::by_id(conn, tenant, user).await?.ok_or(ErrorCode::SessionRevoked)?;
    Ok(Snapshot { user, standings, missed, entries, inbox })
}

/// Answers also whether the client must read the notifications again: it has missed too many, or
/// some that were forgotten since, or it knows another inbox than this one.
async fn inbox_snapshot(
    app: &App,
    conn: &mut Conn,
    owner: (TenantId, UserId),
    known: Option<u64>,
) -> Result<(InboxSnapshot, bool)> {
    let head = inbox::head(conn, owner).await?;
    let unread = notifications::unread(conn, owner).await?;
    let known = known.unwrap_or(head);
    let mut entries = Vec::new();
    if known < head && head - known <= RESUME_ENTRIES_PER_CHANNEL_MAX as u64 {
        entries = inbox::after(conn, owner, known, (head - known) as usize).await?;
    }
    let is_whole = known == head || entries.first().is_some_and(|first| first.seq == known + 1);
    if !is_whole {
        entries.clear();
    }
    let missed = view::events(app, conn, owner.0, &entries).await?;
    Ok((InboxSnapshot { head, unread, missed }, !is_whole))
}

/// The answer to `hello` first, the missed entries after it, then what was held.
fn release(
    app: &App,
    connection: &Arc<Connection>,
    id: u64,
    hello: &Hello,
    snapshot: Snapshot,
    topics: &[Arc<Topic>],
) {
    let Snapshot { user, standings, missed, entries, inbox } = snapshot;
    for channel in connection.user().replace(&standings) {
        app.fanout.owing().reload(connection.user_id(), channel);
    }
    let welcome = Welcome {
        connection_id: connection.id(),
        user,
        unread: UnreadTotals::new(standings.iter().map(Standing::unread).sum(), inbox.unread),
        inbox: inbox.head,
        channels: missed.moved,
        heartbeat_seconds: HEARTBEAT_INTERVAL_MS / 1_000,
        limits: LIMITS,
        server_time: app.clock.now(),
        resume: missed.outcome,
    };
    let codec = connection.codec();
    let first = outgoing::data(codec, &Reply::ok(id, welcome));
    let frames = entries.iter().map(|entry| entry.outgoing.bytes(codec).clone());
    let of_inbox = inbox
        .missed
        .iter()
        .map(|(seq, event)| outgoing::data(codec, &EventFrame::inbox(*seq, event)));
    let heads: HashMap<ChannelId, u64> =
        standings.iter().map(|standing| (standing.channel_id, standing.head.seq)).collect();
    presence::join(app, connection, hello.presence);
    let frames = std::iter::once(first).chain(frames).chain(of_inbox);
    connection.release(&app.fanout, frames, heads.clone(), inbox.head);
    if connection.user().begin_inbox(inbox.head, inbox.unread) {
        app.fanout.owing().read_inbox(connection.user_id());
    }
    for topic in topics {
        match heads.get(&topic.channel()) {
            Some(head) => topic.start_at(app, *head),
            // Left between the two readings.
            None => topic.detach(connection),
        }
    }
}

const LIMITS: WelcomeLimits = WelcomeLimits {
    frame_bytes: FRAME_BYTES_MAX,
    message_chars: MESSAGE_CHARS_MAX,
    commands_per_window: COMMANDS_PER_WINDOW_MAX,
    command_window_ms: COMMAND_WINDOW_MS,
};

struct Missed {
    /// Rows of all channels, each channel's in order.
    rows: Vec<Entry>,
    moved: Vec<ChannelState>,
    outcome: ResumeOutcome,
}

impl Missed {
    /// A client that knows nothing has missed nothing.
    fn nothing(standings: &[Standing]) -> Self {
        Self {
            rows: Vec::new(),
            moved: standings.iter().filter(|standing| standing.head.seq > 0).map(state).collect(),
            outcome: ResumeOutcome {
                status: ResumeStatus::Fresh,
                behind: Vec::new(),
                forked: Vec::new(),
                gone: Vec::new(),
                inbox_behind: false,
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
            // Its log has not moved, but a marker or a setting may have.
            Some(known) if *known == standing.head && standing.is_plain() => {}
            Some(known) if *known == standing.head => missed.moved.push(state(standing)),
            Some(known) => {
                missed.moved.push(state(standing));
                missed.add(conn, tenant, standing, *known).await?;
            }
            // An empty direct channel is known to whoever opened it, and to nobody else yet.
            None if standing.head.seq == 0 => {}
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
        let room = RESUME_ENTRIES_MAX - self.rows.len();
        let count = (standing.head.seq - known.seq) as usize;
        if count > RESUME_ENTRIES_PER_CHANNEL_MAX.min(room) {
            let Position { seq, mark } = standing.head;
            self.outcome.behind.push(Behind { channel, seq, mark });
            return Ok(());
        }
        let key = (tenant, channel);
        self.rows.extend(entries::range(conn, key, known.seq, standing.head.seq, count).await?);
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
