use serde_json::json;

use super::*;
use crate::model::{channels::CreateGroup, messages::SendMessage};

fn read<I: Input>(value: &Value) -> Result<I, Vec<FieldError>> {
    parse(value.as_object().expect("an object"))
}

fn rules(errors: &[FieldError]) -> Vec<(&str, &str)> {
    errors.iter().map(|error| (error.field.as_str(), error.rule.as_str())).collect()
}

#[test]
fn every_failing_field_is_named() {
    let errors =
        read::<CreateGroup>(&json!({"name": "  ", "memberIds": [1, "x", 0], "description": 5}))
            .unwrap_err();
    assert_eq!(
        rules(&errors),
        [
            ("name", "length"),
            ("memberIds[1]", "id"),
            ("memberIds[2]", "id"),
            ("description", "type")
        ]
    );
}

#[test]
fn missing_fields_are_named_once() {
    let errors = read::<CreateGroup>(&json!({})).unwrap_err();
    assert_eq!(rules(&errors), [("name", "required"), ("memberIds", "required")]);
}

#[test]
fn names_are_normalised_and_content_is_not() {
    let group = read::<CreateGroup>(&json!({"name": " Cafe\u{301} ", "memberIds": [2]})).unwrap();
    assert_eq!(group.name, "Café");
    let message = read::<SendMessage>(&json!({"content": " Cafe\u{301}\r\n"})).unwrap();
    assert_eq!(message.content, " Cafe\u{301}\r\n");
}

#[test]
fn content_is_counted_in_characters_and_must_not_be_blank() {
    assert!(read::<SendMessage>(&json!({"content": "🦀".repeat(4_000)})).is_ok());
    for bad in ["", " \n\t", "a\u{0}b", "\u{7}"] {
        assert!(read::<SendMessage>(&json!({"content": bad})).is_err(), "{bad:?}");
    }
    assert!(read::<SendMessage>(&json!({"content": "x".repeat(4_001)})).is_err());
}

#[test]
fn an_integer_may_be_written_with_a_fraction_of_nothing() {
    let drafts = [json!(5), json!(5.0), json!(5e0)];
    for number in drafts {
        let group = read::<CreateGroup>(&json!({ "name": "x", "memberIds": [number] })).unwrap();
        assert_eq!(group.member_ids, [crate::id::UserKey::Number(5)]);
    }
    for number in [json!(5.5), json!(1e300), json!(9_007_199_254_740_993.0)] {
        assert!(read::<CreateGroup>(&json!({ "name": "x", "memberIds": [number] })).is_err());
    }
}
