use proptest::prelude::*;
use tidewire_protocol::model::users::Role;

use super::*;
use crate::{mail::AccountMail, templates};

const NOW: Timestamp = Timestamp::from_ms(1_738_311_330_000);
const URL: &str = "https://tide.example:8443";

fn recipient(name: &str) -> Recipient {
    Recipient { address: "anna@acme.example".to_owned(), name: name.to_owned() }
}

fn invitation(tenant: &str, inviter: &str, name: &str) -> AccountMail {
    AccountMail::Invitation {
        to: recipient(name),
        tenant_name: tenant.to_owned(),
        inviter_name: inviter.to_owned(),
        token: "t".repeat(43),
        expires_at: NOW,
    }
}

/// In the built-in words.
fn letter(mail: &AccountMail) -> Letter {
    templates::render(None, mail.template(), &mail.values(URL)).into()
}

fn plain_frame() -> Frame {
    Frame { from: no_reply(URL), reply_to: None, footer: None }
}

fn framed(mail: &AccountMail, frame: &Frame) -> Result<String, SendError> {
    let id = (Uuid::from_u128(7), URL);
    let message = message(mail.to(), &letter(mail), frame, id, NOW)?;
    Ok(String::from_utf8(message.formatted()).unwrap())
}

fn text(mail: &AccountMail) -> String {
    framed(mail, &plain_frame()).unwrap()
}

/// The names of the headers, in order.
fn headers(text: &str) -> Vec<&str> {
    let (head, _) = text.split_once("\r\n\r\n").unwrap();
    head.split("\r\n")
        .filter(|line| !line.starts_with([' ', '\t']))
        .map(|line| line.split_once(':').unwrap().0)
        .collect()
}

#[test]
fn an_invitation_names_its_sender_and_carries_the_link_in_both_parts() {
    let text = text(&invitation("Acme", "Ada Lovelace", "Zoë Ørsted"));
    for expected in [
        "From: Tidewire <no-reply@tide.example>\r\n",
        "Subject: Ada Lovelace invites you to Acme\r\n",
        "To: =?utf-8?b?",
        "Auto-Submitted: auto-generated\r\n",
        "Date: Fri, 31 Jan 2025 08:15:30 +0000\r\n",
        "Message-ID: <00000000000000000000000000000007@tide.example>\r\n",
        "Content-Type: text/plain",
        "Content-Type: text/html",
        "2025-01-31 08:15 UTC",
    ] {
        assert!(text.contains(expected), "{expected} in\n{text}");
    }
    let unfolded = text.replace("=\r\n", "").replace("=3D", "=");
    let link = format!("{URL}/accept-invitation?token={}", "t".repeat(43));
    assert_eq!(unfolded.matches(&link).count(), 3, "once as text, as href and as its label");
    assert!(text.lines().all(|line| line.len() <= 998));
}

#[test]
fn markup_in_names_is_shown_and_not_run() {
    let name = "<img src=x onerror=\"x\">&'";
    let html = html(&letter(&invitation(name, name, name)), None);
    assert!(!html.contains("<img"), "{html}");
    assert!(html.contains("&lt;img src=x onerror=&quot;x&quot;&gt;&amp;&#39;"));
}

/// One of each.
fn all() -> [AccountMail; 9] {
    let (to, tenant_name, token) = (recipient("Anna"), "Acme".to_owned(), "x".repeat(43));
    let address = Some("192.0.2.1".parse().unwrap());
    let expires_at = NOW;
    [
        AccountMail::EmailVerification { to: to.clone(), token: token.clone(), expires_at },
        AccountMail::PasswordReset { to: to.clone(), token, expires_at, address },
        AccountMail::PasswordChanged {
            to: to.clone(),
            tenant_name: tenant_name.clone(),
            at: NOW,
            address: None,
        },
        AccountMail::NewDevice {
            to: to.clone(),
            tenant_name: tenant_name.clone(),
            device: Some("Phone".to_owned()),
            at: NOW,
            address,
        },
        AccountMail::SessionRevoked { to: to.clone(), tenant_name: tenant_name.clone(), at: NOW },
        invitation("Acme", "Ada", "Anna"),
        AccountMail::RoleChanged {
            to: to.clone(),
            tenant_name: tenant_name.clone(),
            actor_name: "Ada".to_owned(),
            old: Role::User,
            new: Role::TenantAdmin,
        },
        AccountMail::Deactivated { to: to.clone(), tenant_name: tenant_name.clone() },
        AccountMail::Activated { to, tenant_name },
    ]
}

#[test]
fn every_mail_is_a_mail_without_an_empty_place() {
    for mail in all() {
        let text = text(&mail);
        assert!(text.contains("To: Anna <anna@acme.example>\r\n"), "{text}");
        let letter = letter(&mail);
        for part in [&letter.subject, &letter.html, &letter.text] {
            assert!(!part.contains(['{', '}']) && !part.contains("  "), "{part}");
        }
        let read: AccountMail = serde_json::from_value(serde_json::json!(mail)).unwrap();
        assert!(read == mail, "what waits in the outbox is read as it was");
    }
}

#[test]
fn account_mails_say_who_when_and_where() {
    let letters = all().map(|mail| letter(&mail));
    for (n, expected) in [
        (1, "Somebody asked from the address 192.0.2.1 for a new password"),
        (2, "your account at Acme was changed at 2025-01-31 08:15 UTC."),
        (3, "at 2025-01-31 08:15 UTC from the address 192.0.2.1 on a device"),
        (3, "not seen before, Phone."),
        (4, "was ended at 2025-01-31 08:15 UTC, because its key was used a second time."),
        (6, "Ada has changed your role at Acme from user to administrator."),
    ] {
        for part in [&letters[n].html, &letters[n].text] {
            assert!(part.contains(expected), "{part}");
        }
    }
    for (n, path) in [(0, "/verify-email"), (1, "/reset-password"), (5, "/accept-invitation")] {
        let letter = &letters[n];
        let token = if n == 5 { "t" } else { "x" }.repeat(43);
        let link = format!("{URL}{path}?token={token}");
        assert!(letter.text.contains(&format!("\n\n{link}\n\n")), "{}", letter.text);
        assert!(letter.html.contains(&format!("<p><a href=\"{link}\">{link}</a></p>")));
    }
    assert!(letters[8].text.contains(&format!("\n\n{URL}/\n\n")));
}

#[test]
fn an_address_that_is_none_is_refused() {
    for address in ["", "anna", "a@b\r\nBcc: eve@evil.example", "a@b, c@d", "a b@c"] {
        let to = Recipient { address: address.to_owned(), name: "x".to_owned() };
        let mail = AccountMail::SessionRevoked { to, tenant_name: String::new(), at: NOW };
        assert!(framed(&mail, &plain_frame()).is_err(), "{address}");
    }
}

#[test]
fn a_tenants_name_reply_address_and_footer_are_around_the_letter() {
    let footer = Footer {
        html: "<b>Acme</b>".to_owned(),
        text: "Acme".to_owned(),
        address: Some("1 <Main> Street".to_owned()),
    };
    let from = Mailbox::new(Some("Acme\r\nBcc: eve@evil.example".to_owned()), no_reply(URL).email);
    let reply_to = Some("help@acme.example".parse().unwrap());
    let text = framed(&invitation("A", "B", "C"), &Frame { from, reply_to, footer: Some(footer) })
        .unwrap();
    assert!(!headers(&text).contains(&"Bcc"), "{text}");
    for expected in [
        "Reply-To: help@acme.example\r\n",
        "\r\nAcme\r\n1 <Main> Street\r\n",
        "<div><b>Acme</b></div>",
        "1 &lt;Main&gt; Street",
    ] {
        assert!(text.contains(expected), "{expected} in\n{text}");
    }
}

#[test]
fn the_host_of_an_address_has_no_port() {
    for (url, expected) in [
        ("https://tide.example", "tide.example"),
        ("https://tide.example:8443/x", "tide.example"),
        ("http://localhost:8080", "localhost"),
        ("tide.example", "tide.example"),
    ] {
        assert_eq!(host(url), expected);
    }
}

proptest! {
    /// Names and titles can be anything at all: the headers stay the ones that are meant.
    #[test]
    fn no_text_adds_a_header(
        tenant in "\\PC{0,60}|[\r\n:a-zA-Z ]{0,40}",
        inviter in "\\PC{0,60}|.{0,40}",
        name in "\\PC{0,60}|(?s:.{0,40})|a\r\nBcc: eve@evil.example",
    ) {
        let expected = [
            "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version",
            "Content-Type",
        ];
        let text = text(&invitation(&tenant, &inviter, &name));
        prop_assert_eq!(headers(&text), expected, "{}", text);
        prop_assert!(text.is_ascii());
    }
}
