//! The built-in words of every event, in the syntax in which companies write their own.

mod of_events;

use tidewire_protocol::model::{
    notification_preferences::Channel, notification_templates::Wording,
};

use super::{About, TemplateId};

/// What is said of an event in the app and by push, and by mail.
struct Texts {
    note: Option<Note>,
    mail: Mail,
}

struct Note {
    title: &'static str,
    line: &'static str,
}

/// A link stands between what opens a mail and what closes it. None of the words has a character that
/// means something in HTML.
struct Mail {
    subject: &'static str,
    opening: &'static str,
    /// The variable that holds it.
    link: Option<&'static str>,
    closing: &'static str,
}

impl TemplateId {
    /// The words that there are without anybody's doing.
    pub(crate) fn built_in(self) -> Wording {
        let texts = match self.about {
            About::Event(event) => of_events::of(event),
            About::Digest => return digest(),
        };
        match self.channel {
            Channel::Email => texts.mail.wording(),
            Channel::InApp | Channel::Push => {
                texts.note.expect("what goes over a channel has words for it").wording()
            }
        }
    }
}

impl Note {
    fn wording(&self) -> Wording {
        let (subject, body) = (Some(self.title.to_owned()), self.line.to_owned());
        Wording { subject, body, body_text: None }
    }
}

const HTML: &str = "\
<p>Hello {{recipientName}},</p>
<p>OPENING</p>
LINK<p>CLOSING</p>
";
const HTML_LINK: &str = "{{#if URL}}<p><a href=\"{{URL}}\">{{URL}}</a></p>\n{{/if}}";
const PLAIN: &str = "\
Hello {{recipientName}},

OPENING

LINKCLOSING
";
const PLAIN_LINK: &str = "{{#if URL}}{{URL}}\n\n{{/if}}";

impl Mail {
    fn wording(&self) -> Wording {
        Wording {
            subject: Some(self.subject.to_owned()),
            body: self.in_frame(HTML, HTML_LINK),
            body_text: Some(self.in_frame(PLAIN, PLAIN_LINK)),
        }
    }

    fn in_frame(&self, frame: &str, link: &str) -> String {
        let link = self.link.map(|name| link.replace("URL", name));
        frame
            .replace("LINK", &link.unwrap_or_default())
            .replace("OPENING", self.opening)
            .replace("CLOSING", self.closing)
    }
}

fn digest() -> Wording {
    Wording {
        subject: Some("{{count}} new notifications".to_owned()),
        body: DIGEST_HTML.to_owned(),
        body_text: Some(DIGEST_PLAIN.to_owned()),
    }
}

const DIGEST_HTML: &str = "\
<p>Hello {{recipientName}},</p>
<p>This is what has happened since the last mail:</p>
<ul>
{{#each items}}<li>{{#if items.url}}<a href=\"{{items.url}}\">{{items.title}}</a>{{else}}\
{{items.title}}{{/if}}{{#if items.text}}<br>{{items.text}}{{/if}}</li>
{{/each}}</ul>
{{#if more}}<p>And {{more}} more.</p>
{{/if}}{{#if actionUrl}}<p><a href=\"{{actionUrl}}\">{{actionUrl}}</a></p>
{{/if}}<p>You can choose in your preferences how often this mail comes.</p>
";

const DIGEST_PLAIN: &str = "\
Hello {{recipientName}},

This is what has happened since the last mail:

{{#each items}}- {{items.title}}{{#if items.text}}
  {{items.text}}{{/if}}{{#if items.url}}
  {{items.url}}{{/if}}
{{/each}}
{{#if more}}And {{more}} more.

{{/if}}{{#if actionUrl}}{{actionUrl}}

{{/if}}You can choose in your preferences how often this mail comes.
";
