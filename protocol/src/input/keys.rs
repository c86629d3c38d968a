//! Reading how a request names something: by an id, or somebody by their number.

use serde_json::Value;

use super::{Fields, whole};
use crate::id::UserKey;

impl Fields<'_> {
    /// An id of any typed kind.
    pub fn id<T: std::str::FromStr>(&mut self, field: &str) -> Option<T> {
        let before = self.errors.len();
        let id = self.optional_id(field);
        self.required(field, id, before)
    }

    pub fn optional_id<T: std::str::FromStr>(&mut self, field: &str) -> Option<T> {
        match self.string(field)?.parse() {
            Ok(id) => Some(id),
            Err(_) => self.fail(field, "id", "must be a UUID"),
        }
    }

    pub fn user_key(&mut self, field: &str) -> Option<UserKey> {
        let before = self.errors.len();
        let key = match self.value(field) {
            Some(value) => self.read_user_key(field, value),
            None => None,
        };
        self.required(field, key, before)
    }

    pub fn optional_user_key(&mut self, field: &str) -> Option<UserKey> {
        let value = self.value(field)?;
        self.read_user_key(field, value)
    }

    pub fn user_keys(&mut self, field: &str, min: usize, max: usize) -> Option<Vec<UserKey>> {
        let before = self.errors.len();
        let keys = self.optional_user_keys(field, max);
        let keys = self.required(field, keys, before)?;
        if keys.len() < min {
            return self.fail(field, "count", format!("must have {min} to {max} entries"));
        }
        Some(keys)
    }

    pub fn optional_user_keys(&mut self, field: &str, max: usize) -> Option<Vec<UserKey>> {
        let items = self.array(field, max)?;
        let keys: Vec<_> = items
            .iter()
            .enumerate()
            .map(|(i, item)| self.read_user_key(&format!("{field}[{i}]"), item))
            .collect();
        keys.into_iter().collect()
    }

    fn read_user_key(&mut self, field: &str, value: &Value) -> Option<UserKey> {
        let key = match value {
            Value::Number(number) => whole(number).filter(|n| *n > 0).map(UserKey::Number),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        if key.is_none() {
            return self.fail(field, "id", "must be a user id or a user number");
        }
        key
    }
}
