//! How a tenant's mail is sent, what stands in it, and what DNS says of it: one section each, with a
//! version of its own.

mod compliance;
mod deliverability;
mod footer;
mod sender;
mod smtp;
mod status;
mod tracking;

use super::words;

pub use compliance::{ChangeCompliance, Compliance, ComplianceData};
pub use deliverability::{
    ChangeDeliverability, Deliverability, DeliverabilityData, DmarcPolicy, DnsCheck, DnsStatus,
};
pub use footer::{ChangeFooter, Footer, FooterData};
pub use sender::{ChangeSender, Sender, SenderData};
pub use smtp::{SaveSmtp, Smtp, SmtpData, SmtpSecurity, SmtpTestCode, SmtpTested};
pub use status::{
    CheckCode, CheckStatus, EmailStatus, LastTest, MailQueue, MailTransport, ReadinessCheck,
};
pub use tracking::{ChangeTracking, Tracking, TrackingData};

words! {
    /// A part of the settings that is saved by itself.
    EmailSection {
        Smtp = "smtp",
        Sender = "sender",
        Tracking = "tracking",
        Compliance = "compliance",
        Footer = "footer",
        Deliverability = "deliverability",
    }
}
