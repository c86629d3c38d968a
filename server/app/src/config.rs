//! What an operator decides about the rules; read from the environment by the binary.

use std::path::PathBuf;

use crate::rate_limit::Rates;

/// The settings of one node that operations look at.
#[derive(Clone)]
pub struct Config {
    /// Where the embedded database, the keys and the dev mailbox live.
    pub data_dir: PathBuf,
    /// The address that links in mails start with, without a trailing slash.
    pub public_url: String,
    /// Whether strangers may register a company.
    pub registration_open: bool,
    /// Off for load tests: no request is ever refused for its rate.
    pub rate_limits: bool,
    /// How many requests of each class are allowed.
    pub rates: Rates,
    /// The most members a group may have.
    pub group_members_max: usize,
    /// 32 bytes that every key of this installation is derived from; the same on all its nodes.
    pub secret: Secret,
    /// For the tests of tests: what the bus loses stays lost.
    pub skips_catch_up: bool,
}

/// Key material that never shows itself in logs.
#[derive(Clone)]
pub struct Secret(pub [u8; 32]);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}
