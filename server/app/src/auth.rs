//! Proving who somebody is: passwords, tokens, live sessions, and waiting after failures.

pub mod key;
pub mod one_time_token;
pub mod password;
pub mod refresh_token;
pub mod seal;
pub mod session;
pub mod throttle;
pub mod token;
