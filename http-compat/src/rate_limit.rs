//! What an answer says about its limits.

use http::{HeaderMap, HeaderName};
use tidewire_app::rate_limit::Standing;

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

pub(crate) const RATE_LIMIT_HEADERS: [HeaderName; 3] = [LIMIT, REMAINING, RESET];

pub(crate) fn write(headers: &mut HeaderMap, standing: Standing) {
    headers.insert(LIMIT, standing.limit.into());
    headers.insert(REMAINING, standing.remaining.into());
    headers.insert(RESET, standing.reset_seconds.into());
}
