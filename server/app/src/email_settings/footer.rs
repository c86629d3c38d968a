//! The sizes of a footer.

use tidewire_protocol::{ErrorCode, model::email_settings::ChangeFooter};

use crate::Result;

const HTML_BYTES_MAX: usize = 16 * 1024;
const TEXT_BYTES_MAX: usize = 4 * 1024;

/// Refuses with 413 what is too large.
pub(super) fn require_sizes(change: &ChangeFooter) -> Result<()> {
    let bytes = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    if bytes(&change.html) > HTML_BYTES_MAX || bytes(&change.text) > TEXT_BYTES_MAX {
        return Err(ErrorCode::PayloadTooLarge.into());
    }
    Ok(())
}
