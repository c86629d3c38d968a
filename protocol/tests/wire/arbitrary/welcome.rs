//! The answer to `hello`.

use proptest::{collection::vec, prelude::*};
use tidewire_protocol::{
    frame::{Behind, ChannelState, ResumeOutcome, ResumeStatus, Welcome, WelcomeLimits},
    model::channels::ChannelType,
};

use super::{
    id, mark,
    model::{totals, user},
    one_of, position, seq, time,
};

prop_compose! {
    pub(crate) fn welcome()(
        connection_id in id(),
        user in user(),
        unread in totals(),
        inbox in seq(),
        channels in vec(channel_state(), 0..4),
        heartbeat_seconds in any::<u64>(),
        limits in welcome_limits(),
        server_time in time(),
        resume in resume_outcome(),
    ) -> Welcome {
        Welcome { connection_id, user, unread, inbox, channels, heartbeat_seconds, limits, server_time, resume }
    }
}

prop_compose! {
    fn channel_state()(
        id in id(),
        kind in one_of(ChannelType::ALL),
        seq in seq(),
        mark in mark(),
        last_read_seq in seq(),
        unread_count in any::<i64>(),
        mention_count in any::<i64>(),
        revision in any::<i64>(),
        muted in any::<bool>(),
    ) -> ChannelState {
        ChannelState { id, kind, seq, mark, last_read_seq, unread_count, mention_count, revision, muted }
    }
}

prop_compose! {
    fn welcome_limits()(
        frame_bytes in any::<usize>(),
        message_chars in any::<usize>(),
        commands_per_window in any::<u32>(),
        command_window_ms in any::<u64>(),
    ) -> WelcomeLimits {
        WelcomeLimits { frame_bytes, message_chars, commands_per_window, command_window_ms }
    }
}

prop_compose! {
    fn resume_outcome()(
        status in one_of(&[ResumeStatus::Fresh, ResumeStatus::Resumed]),
        behind in vec((id(), position()), 0..4),
        forked in vec(id(), 0..4),
        gone in vec(id(), 0..4),
        inbox_behind in any::<bool>(),
    ) -> ResumeOutcome {
        let behind = behind.into_iter()
            .map(|(channel, at)| Behind { channel, seq: at.seq, mark: at.mark })
            .collect();
        ResumeOutcome { status, behind, forked, gone, inbox_behind }
    }
}
