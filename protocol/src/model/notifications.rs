//! What people were notified of: their inbox, and what modules raise.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::{
    notification_decisions::{OutcomeKind, Reason, RuleAsked},
    notification_preferences::{Channel, Priority},
    pages::{PagePagination, PageQuery},
    users::UserRef,
    words,
};
use crate::{
    Timestamp,
    id::{DecisionId, NotificationId, UserKey},
    input::{Fields, Input},
    limits::{
        ACTION_URL_CHARS_MAX, DEDUPE_KEY_CHARS_MAX, EMIT_DATA_BYTES_MAX, EMIT_USERS_MAX,
        EVENT_KEY_CHARS_MAX,
    },
    notification_event::{EventKey, Module},
};

/// Something that somebody was told of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    pub id: NotificationId,
    pub event_key: EventKey,
    pub module: Module,
    pub title: String,
    pub body: String,
    /// The event's variables.
    #[schema(value_type = Object)]
    pub data: Map<String, Value>,
    /// A path of the program, beginning with one slash.
    pub action_url: Option<String>,
    pub priority: Priority,
    /// Whose act it was.
    pub actor: Option<UserRef>,
    /// How often it has happened; repeats within five minutes are put together while unread.
    pub count: i64,
    pub is_read: bool,
    pub read_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// `GET /notifications`: which of them.
#[derive(Debug, Clone, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct NotificationsQuery {
    #[param(ignore)]
    pub page: PageQuery,
    /// Only those that are not read.
    #[param(required = false, default = false)]
    pub unread: bool,
    #[param(inline)]
    pub module: Option<Module>,
    #[param(min_length = 1, max_length = 64)]
    pub event_key: Option<String>,
}

impl Input for NotificationsQuery {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let page = PageQuery::read(fields);
        let unread = fields.optional_bool("unread").unwrap_or(false);
        let module = fields.optional_word("module");
        let event_key = fields.optional_printable("eventKey", 1, EVENT_KEY_CHARS_MAX);
        Some(Self { page: page?, unread, module, event_key })
    }
}

/// A page of somebody's notifications, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotificationsPage {
    pub items: Vec<Notification>,
    pub pagination: PagePagination,
    pub unread_count: i64,
}

/// `GET /notifications/unread-count`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UnreadNotifications {
    pub count: i64,
}

/// What marking one read answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotificationRead {
    pub notification: Notification,
    pub unread_count: i64,
}

/// `POST /notifications/mark-all-read`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct MarkAllRead {
    /// Only those that were created at or before it; absent means now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Timestamp>,
}

impl Input for MarkAllRead {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { before: fields.optional_time("before") })
    }
}

/// What marking all read answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AllMarkedRead {
    pub updated: u64,
    pub unread_count: i64,
}

/// What dismissing one answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotificationDismissed {
    pub dismissed: bool,
    pub id: NotificationId,
    pub unread_count: i64,
}

/// `POST /notifications/emit`: a module raises an event for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EmitNotification {
    /// Of the modules `sales`, `tasks` and `system`.
    #[schema(value_type = EventKey)]
    pub event_key: String,
    #[schema(min_items = 1, max_items = 500)]
    pub user_ids: Vec<UserKey>,
    /// The event's variables: at most 8 KiB as JSON, texts, numbers and truth values.
    #[schema(value_type = Object)]
    pub data: Map<String, Value>,
    #[schema(min_length = 1, max_length = 500)]
    pub action_url: Option<String>,
    /// Whatever carries the same key within 24 hours is not raised again.
    #[schema(min_length = 1, max_length = 128)]
    pub dedupe_key: Option<String>,
}

impl Input for EmitNotification {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let event_key = fields.printable("eventKey", 1, EVENT_KEY_CHARS_MAX);
        let user_ids = fields.user_keys("userIds", 1, EMIT_USERS_MAX);
        let data = read_data(fields);
        let action_url = read_action_url(fields);
        let dedupe_key = fields.optional_printable("dedupeKey", 1, DEDUPE_KEY_CHARS_MAX);
        Some(Self {
            event_key: event_key?,
            user_ids: user_ids?,
            data: data?,
            action_url,
            dedupe_key,
        })
    }
}

fn read_data(fields: &mut Fields<'_>) -> Option<Map<String, Value>> {
    let data = match fields.value("data") {
        None => return fields.fail("data", "required", "is required"),
        Some(Value::Object(data)) => data,
        Some(_) => return fields.fail("data", "type", "must be an object"),
    };
    let nested = |value: &Value| matches!(value, Value::Object(_) | Value::Array(_));
    if data.values().any(nested) {
        return fields.fail("data", "flat", "must hold texts, numbers and truth values");
    }
    if serde_json::to_vec(data).map_or(usize::MAX, |text| text.len()) > EMIT_DATA_BYTES_MAX {
        return fields.fail(
            "data",
            "size",
            format!("must be at most {EMIT_DATA_BYTES_MAX} bytes as JSON"),
        );
    }
    Some(data.clone())
}

/// A path of the program: nothing that leads to another host, however a browser reads it.
fn read_action_url(fields: &mut Fields<'_>) -> Option<String> {
    let url = fields.optional_printable("actionUrl", 1, ACTION_URL_CHARS_MAX)?;
    let is_path = url.starts_with('/') && !url.starts_with("//") && !url.contains('\\');
    if is_path {
        return Some(url);
    }
    fields.fail("actionUrl", "path", "must be a path that begins with one slash")
}

/// What raising an event answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Emitted {
    /// How many people are told, or would be: what is decided for each comes after the answer.
    pub accepted: u64,
    pub skipped: Vec<EmitSkipped>,
    /// The key was used before, so nothing was raised.
    pub duplicate: bool,
}

words! {
    /// Why an event was not raised for somebody.
    EmitSkipReason {
        UnknownUser = "unknown_user",
        NotActive = "not_active",
        NotAdministrator = "not_administrator",
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EmitSkipped {
    /// As it was named.
    pub user_id: UserKey,
    pub reason: EmitSkipReason,
}

/// `GET /notifications/:id/trace`: why it went where it went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotificationTrace {
    pub notification_id: NotificationId,
    pub event_key: EventKey,
    pub decisions: Vec<TracedDecision>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TracedDecision {
    pub channel: Channel,
    pub outcome: OutcomeKind,
    /// Until when it is held.
    pub until: Option<Timestamp>,
    pub decided_at: Timestamp,
    /// In the order in which they were asked; the last one decided.
    pub rules: Vec<RuleAsked>,
    pub deliveries: Vec<Delivery>,
}

words! {
    /// How far a delivery has come.
    DeliveryStatus {
        Queued = "queued",
        Delivered = "delivered",
        Failed = "failed",
        /// Nobody needed it any more.
        Canceled = "canceled",
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Delivery {
    pub attempt: i64,
    pub status: DeliveryStatus,
    pub at: Timestamp,
    pub reason: Option<String>,
}

/// `GET /notifications/decisions`: which of them.
#[derive(Debug, Clone, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct DecisionsQuery {
    #[param(ignore)]
    pub page: PageQuery,
    #[param(min_length = 1, max_length = 64)]
    pub event_key: Option<String>,
    #[param(inline)]
    pub outcome: Option<OutcomeKind>,
    /// From this instant on.
    #[param(value_type = Option<String>, format = DateTime)]
    pub from: Option<Timestamp>,
    /// Before this instant.
    #[param(value_type = Option<String>, format = DateTime)]
    pub to: Option<Timestamp>,
}

impl Input for DecisionsQuery {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let page = PageQuery::read(fields);
        let event_key = fields.optional_printable("eventKey", 1, EVENT_KEY_CHARS_MAX);
        let outcome = fields.optional_word("outcome");
        let (from, to) = (fields.optional_time("from"), fields.optional_time("to"));
        if from.zip(to).is_some_and(|(from, to)| from > to) {
            return fields.fail("to", "order", "must not be before from");
        }
        Some(Self { page: page?, event_key, outcome, from, to })
    }
}

/// What was decided for one channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DecisionListed {
    pub id: DecisionId,
    pub event_key: EventKey,
    pub channel: Channel,
    pub outcome: OutcomeKind,
    pub reason: Reason,
    /// `null` for what is not in the inbox, or no longer.
    pub notification_id: Option<NotificationId>,
    pub decided_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::input::parse;

    fn emit(change: impl FnOnce(&mut Value)) -> Result<EmitNotification, Vec<String>> {
        let mut body = json!({
            "eventKey": "tasks.assigned", "userIds": [5], "data": { "taskTitle": "Ring Ann" },
        });
        change(&mut body);
        parse(body.as_object().unwrap())
            .map_err(|errors| errors.into_iter().map(|error| error.rule).collect())
    }

    #[test]
    fn a_link_leads_nowhere_else() {
        for bad in ["//evil", "https://evil", "javascript:alert(1)", "/\\evil", "tasks/5"] {
            let refused = emit(|body| body["actionUrl"] = json!(bad));
            assert_eq!(refused.unwrap_err(), ["path"], "{bad}");
        }
        let good = emit(|body| body["actionUrl"] = json!("/tasks/5?tab=1#top")).unwrap();
        assert_eq!(good.action_url.as_deref(), Some("/tasks/5?tab=1#top"));
    }

    #[test]
    fn variables_are_flat_and_few() {
        let long = "x".repeat(EMIT_DATA_BYTES_MAX);
        for (bad, rule) in [
            (json!([]), "type"),
            (json!({ "a": {} }), "flat"),
            (json!({ "a": [1] }), "flat"),
            (json!({ "a": long }), "size"),
        ] {
            assert_eq!(emit(|body| body["data"] = bad).unwrap_err(), [rule]);
        }
        assert_eq!(emit(|body| drop(body["data"].take())).unwrap_err(), ["required"]);
    }

    #[test]
    fn nobody_and_a_crowd_are_refused() {
        for count in [0, EMIT_USERS_MAX + 1] {
            let people: Vec<_> = (1..=count).collect();
            assert!(emit(|body| body["userIds"] = json!(people)).is_err(), "{count}");
        }
    }
}
