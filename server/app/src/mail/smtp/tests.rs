use lettre::message::Mailbox;
use tidewire_testkit::{MailBehaviour, MailServer};

use super::*;

fn message() -> Message {
    Message::builder()
        .from("Tidewire <no-reply@tide.example>".parse::<Mailbox>().unwrap())
        .to("anna@acme.example".parse::<Mailbox>().unwrap())
        .subject("Hello")
        .body(".a line with a dot\r\n".to_owned())
        .unwrap()
}

/// A server with how it wants to be spoken to.
struct Peer {
    mails: MailServer,
    server: Server,
    authorities: Authorities,
}

impl Peer {
    fn start(behaviour: MailBehaviour, security: SmtpSecurity) -> Option<Self> {
        let mails = MailServer::start(behaviour)?;
        let authorities = Authorities::parse(&std::fs::read(mails.ca_file()).unwrap()).unwrap();
        let server = Server {
            host: "localhost".to_owned(),
            port: mails.port(),
            security,
            login: None,
            deadline: Duration::from_secs(20),
        };
        Some(Self { mails, server, authorities })
    }

    fn with_login(mut self, password: &str) -> Self {
        let username = MailServer::USERNAME.to_owned();
        self.server.login = Some(Login { username, password: password.to_owned() });
        self
    }

    async fn deliver(&self) -> Result<(), Failure> {
        let addresses = [SocketAddr::from(([127, 0, 0, 1], self.server.port))];
        let sending = Sending {
            server: &self.server,
            addresses: &addresses,
            hello: "tide.example",
            authorities: &self.authorities,
        };
        sending.deliver(&message()).await
    }
}

#[tokio::test]
async fn a_mail_goes_over_tls_with_a_login() {
    let ways = [
        (MailBehaviour::Starttls, SmtpSecurity::Starttls),
        (MailBehaviour::Tls, SmtpSecurity::Tls),
    ];
    for (behaviour, security) in ways {
        let Some(peer) = Peer::start(behaviour, security) else { return };
        let peer = peer.with_login(MailServer::PASSWORD);
        assert_eq!(peer.deliver().await, Ok(()), "{behaviour:?}");
        let mail = peer.mails.mails().remove(0);
        assert!(mail.tls, "{behaviour:?}");
        assert_eq!(mail.login.as_deref(), Some(MailServer::USERNAME));
        assert_eq!(mail.from, "no-reply@tide.example");
        assert_eq!(mail.to, ["anna@acme.example"]);
        assert!(mail.text.contains("\r\n.a line with a dot\r\n"), "{}", mail.text);
    }
}

#[tokio::test]
async fn a_server_without_tls_gets_a_mail_only_where_that_was_decided() {
    let Some(plain) = Peer::start(MailBehaviour::Plain, SmtpSecurity::None) else { return };
    assert_eq!(plain.deliver().await, Ok(()));
    assert!(!plain.mails.mails()[0].tls);
    let server = Server { security: SmtpSecurity::Tls, ..plain.server.clone() };
    assert_eq!(Peer { server, ..plain }.deliver().await, Err(Failure::Tls));
}

#[tokio::test]
async fn an_offer_of_starttls_that_is_gone_is_never_answered_in_plain_text() {
    let Some(peer) = Peer::start(MailBehaviour::Stripped, SmtpSecurity::Starttls) else { return };
    let peer = peer.with_login(MailServer::PASSWORD);
    assert_eq!(peer.deliver().await, Err(Failure::Tls));
    assert!(!peer.mails.saw("login") && !peer.mails.saw("mail"));
}

#[tokio::test]
async fn a_certificate_for_another_name_or_of_a_stranger_is_refused() {
    let Some(peer) = Peer::start(MailBehaviour::Misnamed, SmtpSecurity::Starttls) else { return };
    assert_eq!(peer.deliver().await, Err(Failure::Tls));
    let ways = [
        (MailBehaviour::Starttls, SmtpSecurity::Starttls),
        (MailBehaviour::Tls, SmtpSecurity::Tls),
    ];
    for (behaviour, security) in ways {
        let Some(peer) = Peer::start(behaviour, security) else { return };
        let stranger = Peer { authorities: Authorities::default(), ..peer };
        assert_eq!(stranger.deliver().await, Err(Failure::Tls), "{behaviour:?}");
        assert!(!stranger.mails.saw("login"));
    }
}

#[tokio::test]
async fn what_a_server_refuses_is_told_apart() {
    let Some(peer) = Peer::start(MailBehaviour::Starttls, SmtpSecurity::Starttls) else { return };
    assert_eq!(peer.with_login("wrong").deliver().await, Err(Failure::Login));
    for (behaviour, code) in [(MailBehaviour::Busy, 450), (MailBehaviour::Refusing, 550)] {
        let Some(peer) = Peer::start(behaviour, SmtpSecurity::None) else { return };
        let failure = peer.deliver().await.unwrap_err();
        assert_eq!(failure, Failure::Rejected(code));
        assert_eq!(failure.is_permanent(), code == 550);
        assert!(!failure.to_string().contains("acme"), "{failure}");
    }
}

#[tokio::test]
async fn one_that_says_nothing_is_not_waited_for() {
    let Some(peer) = Peer::start(MailBehaviour::Silent, SmtpSecurity::None) else { return };
    let server = Server { deadline: Duration::from_millis(50), ..peer.server.clone() };
    let peer = Peer { server, ..peer };
    assert_eq!(peer.deliver().await, Err(Failure::Unreachable));
    let nobody = Server { port: 1, deadline: Duration::from_secs(20), ..peer.server.clone() };
    assert_eq!(Peer { server: nobody, ..peer }.deliver().await, Err(Failure::Unreachable));
}

#[test]
fn only_certificates_are_authorities() {
    for bad in ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        assert_eq!(Authorities::parse(bad.as_bytes()).err(), Some(InvalidCertificates), "{bad}");
    }
}
