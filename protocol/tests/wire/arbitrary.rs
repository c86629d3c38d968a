//! Strategies for everything that a frame can hold, in the form that reading brings it to.
//!
//! Those of common leaves are boxed: unboxed, the strategy of a channel would not fit a test's stack.

pub(crate) mod command;
pub(crate) mod event;
pub(crate) mod model;
pub(crate) mod welcome;

use proptest::{collection::btree_map, prelude::*};
use serde_json::{Map, Value};
use tidewire_protocol::{
    Mark, Position, Timestamp, codec::Codec, id::UserKey, limits::INTEGER_MAX,
};
use unicode_normalization::UnicodeNormalization as _;
use uuid::Uuid;

pub(crate) fn codec() -> impl Strategy<Value = Codec> {
    prop::sample::select(Codec::ALL.to_vec())
}

pub(crate) fn id<T: From<Uuid> + std::fmt::Debug>() -> impl Strategy<Value = T> {
    any::<u128>().prop_map(|bits| Uuid::from_u128(bits).into())
}

pub(crate) fn user_key() -> impl Strategy<Value = UserKey> {
    prop_oneof![id().prop_map(UserKey::Id), (1..=i64::MAX).prop_map(UserKey::Number)]
}

pub(crate) fn mark() -> impl Strategy<Value = Mark> {
    any::<i64>().prop_map(Mark::from_i64)
}

pub(crate) fn seq() -> impl Strategy<Value = u64> {
    0..=INTEGER_MAX as u64
}

pub(crate) fn position() -> impl Strategy<Value = Position> {
    (seq(), mark()).prop_map(|(seq, mark)| Position { seq, mark })
}

/// Up to the last millisecond of the year 2200.
pub(crate) fn time() -> BoxedStrategy<Timestamp> {
    (0..7_289_654_400_000_i64).prop_map(Timestamp::from_ms).boxed()
}

/// A single line as reading leaves it: trimmed, in NFC, without control characters.
pub(crate) fn line() -> impl Strategy<Value = String> {
    "\\PC{1,20}"
        .prop_map(|text| text.trim().nfc().collect())
        .prop_filter("not blank", |text: &String| !text.is_empty())
}

/// Anything a text can hold.
pub(crate) fn text() -> BoxedStrategy<String> {
    any::<String>().boxed()
}

/// One of the words of a closed set.
pub(crate) fn one_of<T: Copy + std::fmt::Debug + 'static>(
    all: &'static [T],
) -> impl Strategy<Value = T> {
    prop::sample::select(all)
}

pub(crate) fn maybe<S>(strategy: S) -> BoxedStrategy<Option<S::Value>>
where
    S: Strategy + 'static,
    S::Value: Clone,
{
    prop::option::of(strategy).boxed()
}

pub(crate) fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i32>().prop_map(|quarters| Value::from(f64::from(quarters) / 4.0)),
        text().prop_map(Value::from),
    ]
}

/// A key, sometimes one that `serde_json` gives a meaning of its own.
fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        9 => text(),
        1 => Just("$serde_json::private::RawValue".to_owned()),
        1 => Just("$serde_json::private::Number".to_owned()),
    ]
}

pub(crate) fn object(
    value: impl Strategy<Value = Value>,
) -> impl Strategy<Value = Map<String, Value>> {
    btree_map(key(), value, 0..6).prop_map(Map::from_iter)
}

pub(crate) fn json() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(4, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            object(inner).prop_map(Value::Object),
        ]
    })
}
