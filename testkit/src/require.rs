//! What a machine lacks is skipped on a desk and a failure where everything must run.

use std::env;

/// Says that `part` is skipped since `missing` is not installed.
///
/// # Panics
///
/// Where everything must run: `CI=true` or `TIDEWIRE_TEST_REQUIRE_ALL=1`.
pub(crate) fn skip(part: &str, missing: &str) {
    assert!(!everything(), "{missing} is required here but not installed: {part}");
    #[expect(clippy::print_stderr, reason = "a skipped part must be seen")]
    {
        eprintln!("skipped: {part} ({missing} is not installed)");
    }
}

#[expect(clippy::disallowed_methods, reason = "tests are steered by the environment")]
fn everything() -> bool {
    env::var("CI").is_ok_and(|value| value == "true")
        || env::var("TIDEWIRE_TEST_REQUIRE_ALL").is_ok_and(|value| value == "1")
}
