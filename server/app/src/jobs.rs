//! What a node does without being asked.

pub(crate) mod answer_forgotten;
pub(crate) mod check_dns;
pub(crate) mod expire;
pub(crate) mod purge_expired;
pub(crate) mod send_mail;
