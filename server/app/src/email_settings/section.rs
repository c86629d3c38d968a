//! The sections that are nothing but settings, with the rules of each.

use serde::{Serialize, de::DeserializeOwned};
use tidewire_protocol::{
    ErrorCode, Timestamp,
    input::FieldError,
    model::email_settings::{
        ChangeCompliance, ChangeFooter, ChangeSender, ChangeTracking, Compliance, EmailSection,
        Footer, Sender, Tracking,
    },
};

use super::footer;
use crate::{Error, Result, email_address::EmailAddress, mail::html};

const PHYSICAL_ADDRESS_CHARS_MIN: usize = 10;

/// A section of the email settings.
pub trait Section: Clone + Default + Serialize + DeserializeOwned + Send + Sync {
    type Change: Send;

    const SECTION: EmailSection;
    /// What the audit log calls a change.
    const ACTION: &'static str;

    fn set_updated_at(&mut self, at: Option<Timestamp>);

    /// What can be said of a change without knowing what it falls upon.
    fn check(change: Self::Change) -> Result<Self::Change> {
        Ok(change)
    }

    fn apply(change: Self::Change, section: &mut Self);

    /// What can be said of the outcome, with the compliance settings beside it.
    fn judge(&self, _before: &Self, _compliance: &Compliance) -> Result<()> {
        Ok(())
    }
}

impl Section for Sender {
    type Change = ChangeSender;

    const SECTION: EmailSection = EmailSection::Sender;
    const ACTION: &'static str = "email_settings.sender_updated";

    fn set_updated_at(&mut self, at: Option<Timestamp>) {
        self.updated_at = at;
    }

    fn check(change: ChangeSender) -> Result<ChangeSender> {
        let mut errors = Vec::new();
        let from_email = deliverable("fromEmail", change.from_email, &mut errors);
        let reply_to = deliverable("replyTo", change.reply_to, &mut errors);
        if errors.is_empty() {
            Ok(ChangeSender { from_email, reply_to, ..change })
        } else {
            Err(errors.into())
        }
    }

    fn apply(change: ChangeSender, sender: &mut Self) {
        change.apply(sender);
    }
}

/// The address in the form that mail servers take.
#[expect(clippy::option_option, reason = "absent and null differ")]
fn deliverable(
    field: &str,
    sent: Option<Option<String>>,
    errors: &mut Vec<FieldError>,
) -> Option<Option<String>> {
    let Some(text) = sent? else { return Some(None) };
    match EmailAddress::parse_field(field, &text) {
        Ok(email) => Some(Some(email.deliverable())),
        Err(error) => {
            errors.push(error);
            None
        }
    }
}

impl Section for Tracking {
    type Change = ChangeTracking;

    const SECTION: EmailSection = EmailSection::Tracking;
    const ACTION: &'static str = "email_settings.tracking_updated";

    fn set_updated_at(&mut self, at: Option<Timestamp>) {
        self.updated_at = at;
    }

    fn apply(change: ChangeTracking, tracking: &mut Self) {
        change.apply(tracking);
    }

    fn judge(&self, before: &Self, compliance: &Compliance) -> Result<()> {
        let enabled = (self.open_tracking && !before.open_tracking)
            || (self.click_tracking && !before.click_tracking);
        if enabled && compliance.gdpr_enabled && !compliance.consent_confirmed {
            return Err(ErrorCode::ConsentRequired.into());
        }
        Ok(())
    }
}

impl Section for Compliance {
    type Change = ChangeCompliance;

    const SECTION: EmailSection = EmailSection::Compliance;
    const ACTION: &'static str = "email_settings.compliance_updated";

    fn set_updated_at(&mut self, at: Option<Timestamp>) {
        self.updated_at = at;
    }

    fn apply(change: ChangeCompliance, compliance: &mut Self) {
        change.apply(compliance);
    }

    fn judge(&self, _: &Self, _: &Compliance) -> Result<()> {
        let address = self.physical_address.as_deref().unwrap_or_default();
        if self.can_spam_enabled && address.chars().count() < PHYSICAL_ADDRESS_CHARS_MIN {
            return Err(Error::invalid_field(
                "physicalAddress",
                "length",
                "must have 10 to 300 characters while canSpamEnabled is true",
            ));
        }
        Ok(())
    }
}

impl Section for Footer {
    type Change = ChangeFooter;

    const SECTION: EmailSection = EmailSection::Footer;
    const ACTION: &'static str = "email_settings.footer_updated";

    fn set_updated_at(&mut self, at: Option<Timestamp>) {
        self.updated_at = at;
    }

    fn check(change: ChangeFooter) -> Result<ChangeFooter> {
        footer::require_sizes(&change)?;
        Ok(ChangeFooter { html: change.html.as_deref().map(html::cleaned), ..change })
    }

    fn apply(change: ChangeFooter, footer: &mut Self) {
        change.apply(footer);
    }

    fn judge(&self, _: &Self, compliance: &Compliance) -> Result<()> {
        if compliance.can_spam_enabled && !self.show_unsubscribe {
            return Err(ErrorCode::UnsubscribeRequired.into());
        }
        Ok(())
    }
}
