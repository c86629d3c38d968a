//! What the coordinator and its workers tell each other: JSON lines over the workers' standard input
//! and output.

use std::io::{self, BufRead as _, BufReader, Read, Write};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{accounting::Acknowledged, tally::Tally};

/// In this order, each once.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Order {
    Go {
        run: u32,
        start_ns: u64,
    },
    /// What all workers together have sent: wait until it has arrived.
    Expect(Acknowledged),
    Finish,
}

/// Progress at any time; the others in this order.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum News {
    Progress(Progress),
    Connected {
        nanoseconds: u64,
    },
    Sent(Acknowledged),
    /// Everything expected has arrived, or patience is at its end.
    Drained,
    Done(Box<Tally>),
    /// The run cannot go on.
    Failed(String),
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Progress {
    pub(crate) connected: u64,
    pub(crate) sent: u64,
    pub(crate) delivered: u64,
}

pub(crate) fn tell(to: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    to.write_all(&line)?;
    to.flush()
}

/// Everything that the other side says, until it hangs up.
pub(crate) fn listen<T: DeserializeOwned>(to: impl Read) -> impl Iterator<Item = io::Result<T>> {
    BufReader::new(to).lines().map(|line| Ok(serde_json::from_str(&line?)?))
}
