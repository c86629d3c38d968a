use std::net::{Ipv4Addr, SocketAddr};

use hickory_resolver::proto::{
    op::{Message, ResponseCode},
    rr::{RData, Record, rdata::TXT},
};
use proptest::prelude::*;
use serde_json::json;
use tidewire_testkit::on_both_engines;
use tokio::net::UdpSocket;

use super::*;
use crate::{
    jobs::check_dns::check_due,
    testing::{House, START, code, input},
};

fn wanted() -> Wanted {
    Wanted {
        domain: Some("acme.example".to_owned()),
        dkim_selector: Some("s1".to_owned()),
        dmarc_policy: DmarcPolicy::Quarantine,
        spf_include: Some("_spf.mail.example".to_owned()),
    }
}

fn found(record: &str) -> Finding {
    Finding { record: Some(record.to_owned()), at: START }
}

fn statuses(findings: &Findings, age_ms: i64) -> [DnsStatus; 3] {
    let seen = view(&wanted(), None, findings, (Some(START), START.plus_ms(age_ms)));
    [seen.spf.status, seen.dkim.status, seen.dmarc.status]
}

#[test]
fn guidance_is_what_to_put_into_dns() {
    let shown = |report_to| view(&wanted(), report_to, &Findings::default(), (Some(START), START));
    let seen = shown(None);
    let expected = |check: DnsCheck| (check.host.unwrap(), check.expected);
    let record = |text: &str| Some(text.to_owned());
    let spf = ("acme.example".to_owned(), record("v=spf1 include:_spf.mail.example ~all"));
    assert_eq!(expected(seen.spf), spf);
    assert_eq!(expected(seen.dkim), ("s1._domainkey.acme.example".to_owned(), None));
    let dmarc = ("_dmarc.acme.example".to_owned(), record("v=DMARC1; p=quarantine"));
    assert_eq!(expected(seen.dmarc), dmarc);
    let reported = shown(Some("help@acme.example")).dmarc.expected;
    assert_eq!(reported, record("v=DMARC1; p=quarantine; rua=mailto:help@acme.example"));
}

#[test]
fn records_are_verified_different_late_or_missing() {
    use DnsStatus::{Failed, Pending, Verified};
    let right = Findings {
        spf: Some(found("v=spf1 ip4:192.0.2.1 include:_spf.mail.example -all")),
        dkim: Some(found("v=DKIM1; k=rsa; p=AAAA")),
        dmarc: Some(found("v=DMARC1;p=quarantine")),
    };
    assert_eq!(statuses(&right, 0), [Verified; 3]);
    let different = Findings {
        spf: Some(found("v=spf1 include:_spf.mail.example.evil ~all")),
        dkim: Some(found("hello")),
        dmarc: Some(found("v=DMARC1; p=none")),
    };
    assert_eq!(statuses(&different, 0), [Failed; 3]);
    let missing = Some(Finding { record: None, at: START });
    let missing = Findings { spf: missing.clone(), dkim: missing.clone(), dmarc: missing };
    assert_eq!(statuses(&missing, PENDING_MS - 1), [Pending; 3]);
    assert_eq!(statuses(&missing, PENDING_MS), [Failed; 3]);
    assert_eq!(statuses(&Findings::default(), PENDING_MS), [Pending; 3], "never asked");
    let nothing = view(&Wanted::default(), None, &right, (None, START));
    assert_eq!(nothing.spf.status, DnsStatus::NotConfigured);
}

proptest! {
    #[test]
    fn no_record_disturbs_the_comparison(record in "\\PC{0,80}") {
        statuses(&Findings { spf: Some(found(&record)), ..Findings::default() }, 0);
    }
}

/// A name server that knows the SPF record of `acme.example` and nothing else.
async fn name_server() -> SocketAddr {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = socket.local_addr().unwrap();
    #[expect(clippy::disallowed_methods, reason = "a server of a test")]
    tokio::spawn(async move {
        let mut buffer = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            let answer = answer(&Message::from_vec(&buffer[..length]).unwrap());
            socket.send_to(&answer.to_vec().unwrap(), from).await.unwrap();
        }
    });
    address
}

fn answer(question: &Message) -> Message {
    let mut answer = Message::response(question.metadata.id, question.metadata.op_code);
    let query = question.queries[0].clone();
    if query.name().to_ascii() == "acme.example." {
        let texts = ["v=spf1 include:", "_spf.mail.example ~all"].map(str::to_owned);
        let record = RData::TXT(TXT::new(texts.to_vec()));
        answer.answers.push(Record::from_rdata(query.name().clone(), 60, record));
    } else {
        answer.metadata.response_code = ResponseCode::NXDomain;
    }
    answer.queries.push(query);
    answer
}

on_both_engines! {
    async fn dns_is_asked_when_the_domain_was_changed_and_until_all_is_there(db: TestDb) {
        let name_server = name_server().await;
        let house = House::with(&db, |config| config.mail.name_server = Some(name_server)).await;
        let ada = house.admin().await;
        let sent = json!({
            "domain": "Acme.example", "dkimSelector": "s1", "dmarcPolicy": "quarantine",
            "spfInclude": "_spf.mail.example",
        });
        let saved = change_deliverability(&house.app, &ada, input(sent), &Expected::Any).await;
        assert_eq!(saved.unwrap().value.spf.status, DnsStatus::Pending);
        assert_eq!(check_due(&house.app).await.unwrap(), 1);
        let seen = deliverability(&house.app, &ada).await.unwrap();
        assert_eq!(seen.version, 1, "an answer is no change of the settings");
        let spf = seen.value.spf;
        assert_eq!(spf.status, DnsStatus::Verified);
        assert_eq!(spf.found.as_deref(), Some("v=spf1 include:_spf.mail.example ~all"));
        assert_eq!((seen.value.dkim.status, seen.value.dkim.checked_at), (DnsStatus::Pending, Some(START)));
        assert_eq!(check_due(&house.app).await.unwrap(), 0, "asked again later");
        house.app.clock.advance(PENDING_MS);
        assert_eq!(check_due(&house.app).await.unwrap(), 1);
        let seen = deliverability(&house.app, &ada).await.unwrap();
        assert_eq!(seen.value.dkim.status, DnsStatus::Failed);
        assert_eq!(house.count("select count(*) from outbox where kind = 'check_dns' and state = 'done'").await, 1);
    }

    async fn a_newer_version_has_its_own_question(db: TestDb) {
        let name_server = name_server().await;
        let house = House::with(&db, |config| config.mail.name_server = Some(name_server)).await;
        let ada = house.admin().await;
        let change = async |domain: &str, expected| {
            let change = input(json!({ "domain": domain }));
            change_deliverability(&house.app, &ada, change, &expected).await
        };
        change("one.example", Expected::Any).await.unwrap();
        change("two.example", Expected::OneOf(vec![1])).await.unwrap();
        let stale = change("three.example", Expected::OneOf(vec![1])).await;
        assert_eq!(code(stale), "PRECONDITION_FAILED");
        assert_eq!(check_due(&house.app).await.unwrap(), 2);
        let waiting = "select count(*) from outbox where kind = 'check_dns' and state = 'queued'";
        assert_eq!(house.count(waiting).await, 1, "the older question is done with");
    }
}
