//! Changes of a part: what is left out stays, and `null` clears (RFC 7396).

use super::Fields;

/// Something that may be set, cleared by `null`, or left as it is by leaving it out.
pub fn nullable<'a, T>(
    fields: &mut Fields<'a>,
    field: &str,
    read: impl FnOnce(&mut Fields<'a>, &str) -> Option<T>,
) -> Option<Option<T>> {
    if fields.object().get(field)?.is_null() { Some(None) } else { read(fields, field).map(Some) }
}

/// Puts what was sent in the place of what was there.
pub fn put<T>(place: &mut T, sent: Option<T>) {
    if let Some(sent) = sent {
        *place = sent;
    }
}
