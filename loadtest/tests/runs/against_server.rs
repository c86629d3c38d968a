//! A faithful server passes; a server that breaks any promise fails the run, and the report says
//! which.

use crate::{
    generator::{self, Outcome},
    server::{Behaviour, ODD_ONE, Server},
};

fn run(server: &Server, arguments: &str) -> Outcome {
    let seed = server.seed.path().display();
    generator::run(server.address, &format!("{arguments} --seed {seed}"))
}

/// One channel of five, and ten messages one after the other. What does not come is not waited for
/// as long as otherwise.
fn fan_out(behaviour: Behaviour) -> Outcome {
    let server = Server::start(1, 5, behaviour);
    run(&server, "fan-out --members 5 --windows 1 --window 10 --patience 3")
}

#[test]
fn a_faithful_server_passes_every_scenario_in_both_codecs() {
    let server = Server::start(4, 5, Behaviour::Faithful);
    for codec in ["json", "msgpack"] {
        let load = format!("--channels 4 --members 5 --codec {codec}");
        let fan_out = run(&server, &format!("fan-out {load} --windows 3"));
        fan_out.assert_exact();
        assert_eq!(fan_out.count("/counts/delivered"), 4 * 3 * 5);
        let chat = run(&server, &format!("chat {load} --rate 100 --duration 1 --warmup 0"));
        chat.assert_exact();
        assert_eq!(chat.count("/counts/delivered"), 5 * chat.count("/counts/acknowledged"));
        assert_eq!(chat.count("/latency_us/answered/count"), chat.count("/counts/sent"));
        let closed = run(&server, &format!("chat {load} --closed --senders 7 --duration 0.3"));
        closed.assert_exact();
        assert!(closed.count("/counts/sent") >= 7);
        run(&server, &format!("connect --hold 0.1 --codec {codec}")).assert_exact();
    }
}

#[test]
fn members_of_one_channel_on_several_workers_are_all_accounted_for() {
    let server = Server::start(2, 5, Behaviour::Faithful);
    let outcome = run(
        &server,
        "chat --channels 2 --members 5 --workers 3 --rate 100 --duration 1 --warmup 0",
    );
    outcome.assert_exact();
    assert_eq!(outcome.count("/counts/delivered"), 5 * outcome.count("/counts/sent"));
}

#[test]
fn a_loss_that_only_one_of_several_workers_can_see_fails_the_run() {
    let server = Server::start(1, 5, Behaviour::Loses);
    let outcome =
        run(&server, "fan-out --members 5 --windows 1 --window 10 --workers 5 --patience 3");
    assert_eq!((outcome.status, outcome.faults("by_seq")), (1, [1, 0, 0]));
    assert_eq!(outcome.faults("by_stamp"), [1, 0, 0]);
}

#[test]
fn a_lost_message_fails_the_run() {
    let outcome = fan_out(Behaviour::Loses);
    assert_eq!((outcome.status, outcome.faults("by_seq")), (1, [1, 0, 0]));
    assert_eq!(outcome.faults("by_stamp"), [1, 0, 0]);
}

#[test]
fn a_doubled_message_fails_the_run() {
    let outcome = fan_out(Behaviour::Doubles);
    assert_eq!((outcome.status, outcome.faults("by_seq")), (1, [0, 1, 0]));
    assert_eq!(outcome.faults("by_stamp"), [0, 1, 0]);
}

#[test]
fn a_reordered_message_fails_the_run() {
    let outcome = fan_out(Behaviour::Reorders);
    assert_eq!((outcome.status, outcome.faults("by_seq")), (1, [0, 0, 1]));
    assert_eq!(outcome.faults("by_stamp"), [0, 0, 1]);
}

#[test]
fn a_wrong_message_under_the_right_number_fails_the_run() {
    let outcome = fan_out(Behaviour::Substitutes);
    assert_eq!((outcome.status, outcome.faults("by_seq")), (1, [0, 0, 0]));
    assert_eq!(outcome.faults("by_stamp"), [1, 1, 0]);
}

#[test]
fn a_refused_send_fails_the_run_and_is_not_expected() {
    let outcome = fan_out(Behaviour::Refuses);
    assert_eq!((outcome.status, outcome.count("/counts/refused/UNAVAILABLE")), (1, 1));
    assert_eq!((outcome.faults("by_seq"), outcome.faults("by_stamp")), ([0; 3], [0; 3]));
    assert_eq!(outcome.count("/counts/acknowledged"), 9);
}

#[test]
fn a_message_that_was_refused_and_still_arrives_fails_the_run() {
    let outcome = fan_out(Behaviour::RefusesAndDelivers);
    assert_eq!((outcome.status, outcome.count("/counts/unacknowledged")), (1, 5));
}

#[test]
fn a_send_without_an_answer_fails_the_run() {
    let outcome = fan_out(Behaviour::SwallowsTheAnswer);
    assert_eq!((outcome.status, outcome.count("/counts/unanswered")), (1, 1));
}

#[test]
fn a_collapsed_queue_fails_the_run() {
    let outcome = fan_out(Behaviour::Collapses);
    assert_eq!((outcome.status, outcome.count("/counts/behind")), (1, 1));
}

#[test]
fn a_connection_that_ends_fails_the_run() {
    let outcome = fan_out(Behaviour::HangsUp);
    let ended = outcome.report["counts"]["ended"].as_object().expect("reasons");
    assert_eq!((outcome.status, ended.len()), (1, 1), "{}", outcome.report);
    assert_eq!(outcome.faults("by_seq")[0], 10 + 1 - ODD_ONE);
}

#[test]
fn nobody_welcome_is_no_result() {
    let outcome = fan_out(Behaviour::RefusesHello);
    assert_eq!((outcome.status, outcome.report.is_null()), (2, true));
    assert!(outcome.errors.contains("TOKEN_INVALID"), "{}", outcome.errors);
}

#[test]
fn a_seed_of_another_shape_is_no_result() {
    let server = Server::start(2, 4, Behaviour::Faithful);
    let outcome = run(&server, "fan-out --channels 2 --members 3");
    assert_eq!(outcome.status, 2);
    assert!(outcome.errors.contains("--members"), "{}", outcome.errors);
}
