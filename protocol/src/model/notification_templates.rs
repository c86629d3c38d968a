//! The texts of notifications: what a company may word itself, and what may stand in its words.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{
    ToSchema,
    openapi::schema::{ObjectBuilder, Schema, SchemaType, Type},
};

use super::{notification_preferences::Channel, users::UserRef, words};
use crate::{
    Timestamp,
    input::{Fields, Input},
    limits::TEMPLATE_SUBJECT_CHARS_MAX,
    notification_event::Module,
};

words! {
    /// What kind of value a variable has.
    VariableType { String = "string", Number = "number", Date = "date", Url = "url", }
}

/// `GET /notifications/templates`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TemplateList {
    pub modules: Vec<TemplateModule>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TemplateModule {
    pub module: Module,
    pub name: String,
    pub templates: Vec<TemplateSummary>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TemplateSummary {
    /// The event and the channel, with a dot between them.
    #[schema(example = "sales.lead_assigned.email")]
    pub id: String,
    /// An event of the catalogue, or `system.digest` for the mail that collects several.
    #[schema(example = "sales.lead_assigned")]
    pub event_key: String,
    pub channel: Channel,
    pub name: String,
    pub is_customized: bool,
    pub updated_at: Option<Timestamp>,
}

/// What a notification says, with places for its variables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Wording {
    /// The subject of a mail; otherwise the title.
    pub subject: Option<String>,
    /// HTML for a mail; otherwise plain text.
    #[schema(example = "<p>{{leadName}} is yours.</p>")]
    pub body: String,
    /// The plain part of a mail; `null` when it is made from the body.
    pub body_text: Option<String>,
}

/// Something that a text may name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TemplateVariable {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: VariableType,
    pub description: String,
    /// What the text is about: a mail that must reach people cannot be saved without it.
    pub required: bool,
    pub sample: String,
}

/// One text of a notification, as the company has it now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Template {
    #[schema(example = "sales.lead_assigned.email")]
    pub id: String,
    /// An event of the catalogue, or `system.digest` for the mail that collects several.
    #[schema(example = "sales.lead_assigned")]
    pub event_key: String,
    pub module: Module,
    pub channel: Channel,
    pub name: String,
    #[serde(flatten)]
    pub wording: Wording,
    pub variables: Vec<TemplateVariable>,
    pub is_customized: bool,
    pub defaults: Wording,
    pub version: i64,
    pub updated_at: Option<Timestamp>,
    pub updated_by: Option<UserRef>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TemplateData {
    pub template: Template,
}

/// What customizing answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CustomizedTemplate {
    pub template: Template,
    /// What its author may not have meant.
    pub warnings: Vec<String>,
}

/// `POST /notifications/templates/:id/customize`. The operation reads the syntax and knows the limits in
/// bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CustomizeTemplate {
    /// One line; a mail needs it.
    #[schema(min_length = 1, max_length = 200)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// At most 64 KB.
    #[schema(min_length = 1, example = "<p>{{leadName}} is yours.</p>")]
    pub body: String,
    /// For mails, at most 32 KB.
    #[schema(min_length = 1)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_text: Option<String>,
}

impl Input for CustomizeTemplate {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (subject, body) = (subject(fields), text(fields, "body"));
        let body_text = optional_text(fields, "bodyText");
        Some(Self { subject, body: body?, body_text })
    }
}

/// Line breaks are the operation's matter, which says where they stand.
fn subject(fields: &mut Fields<'_>) -> Option<String> {
    fields.value("subject")?;
    let text = fields.content("subject", TEMPLATE_SUBJECT_CHARS_MAX)?;
    Some(text.trim().to_owned())
}

fn text(fields: &mut Fields<'_>, field: &str) -> Option<String> {
    fields.content(field, usize::MAX).map(|text| text.replace("\r\n", "\n"))
}

fn optional_text(fields: &mut Fields<'_>, field: &str) -> Option<String> {
    fields.value(field)?;
    text(fields, field)
}

/// `POST /notifications/templates/:id/preview`: what is absent is taken from the text in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({ "data": { "leadName": "Harbour Masters Ltd" } }))]
pub struct PreviewTemplate {
    /// A draft, which only those may show who may save it.
    #[schema(min_length = 1, max_length = 200)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// A draft, which only those may show who may save it.
    #[schema(min_length = 1, example = "<p>{{leadName}} is yours.</p>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Values in the place of samples: strings, numbers, booleans; at most 16 KB.
    #[schema(schema_with = scalars)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Map<String, Value>>,
}

fn scalars() -> Schema {
    let scalar = [Type::String, Type::Number, Type::Boolean];
    let scalar = ObjectBuilder::new().schema_type(SchemaType::from_iter(scalar));
    let object =
        ObjectBuilder::new().schema_type(SchemaType::from_iter([Type::Object, Type::Null]));
    object.additional_properties(Some(scalar)).build().into()
}

impl Input for PreviewTemplate {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self {
            subject: subject(fields),
            body: optional_text(fields, "body"),
            data: data(fields),
        })
    }
}

fn data(fields: &mut Fields<'_>) -> Option<Map<String, Value>> {
    let Value::Object(data) = fields.value("data")? else {
        return fields.fail("data", "type", "must be an object");
    };
    if data.values().any(|value| value.is_null() || value.is_array() || value.is_object()) {
        return fields.fail("data", "type", "must hold strings, numbers and booleans only");
    }
    Some(data.clone())
}

/// A text with values in its places.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TemplatePreview {
    pub subject: Option<String>,
    /// Of a mail.
    pub html: Option<String>,
    pub text: String,
    pub used_variables: Vec<String>,
    /// Used, but not in the data that was sent; their samples stand in.
    pub missing_variables: Vec<String>,
}
