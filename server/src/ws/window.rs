//! How many commands a connection may send: 60 in 10 seconds.

use tidewire_protocol::limits::{COMMAND_WINDOW_MS, COMMANDS_PER_WINDOW_MAX};

/// Who keeps sending after being refused this many times over is closed.
const PATIENCE: u32 = 2;

/// A fixed window; small, because every connection has one.
#[derive(Debug, Default)]
pub struct Window {
    began_ms: i64,
    count: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Allow,
    /// Answer with an error.
    Refuse {
        retry_after_seconds: u64,
    },
    /// Close: the peer does not listen.
    Close,
}

impl Window {
    /// Judges one command.
    pub fn judge(&mut self, now_ms: i64) -> Verdict {
        if now_ms - self.began_ms >= COMMAND_WINDOW_MS as i64 {
            *self = Self { began_ms: now_ms, count: 0 };
        }
        self.count += 1;
        if self.count <= COMMANDS_PER_WINDOW_MAX {
            Verdict::Allow
        } else if self.count <= COMMANDS_PER_WINDOW_MAX * PATIENCE {
            let left_ms = (self.began_ms + COMMAND_WINDOW_MS as i64 - now_ms) as u64;
            Verdict::Refuse { retry_after_seconds: left_ms.div_ceil(1_000) }
        } else {
            Verdict::Close
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixty_first_command_waits_and_a_flood_is_closed() {
        let mut window = Window::default();
        let verdicts: Vec<_> = (0..121).map(|n| window.judge(100_000 + n)).collect();
        assert!(verdicts[..60].iter().all(|verdict| *verdict == Verdict::Allow));
        assert_eq!(verdicts[60], Verdict::Refuse { retry_after_seconds: 10 });
        assert_eq!(verdicts[120], Verdict::Close);
        assert_eq!(window.judge(110_000), Verdict::Allow);
    }
}
