//! Callbacks instead of waiting, and who had a caller's matter.

use super::*;

/// One agent who talks, and a second caller who was offered a callback and took it.
fn promised() -> Desk {
    let mut desk = desk(1);
    desk.call_for_a_person(2);
    desk.give(Input::LegUp { leg: LegId(1) });
    desk.call_for_a_person(4);
    store(&mut desk);
    for _ in 0..8 {
        desk.later(20_000);
    }
    desk.give(Input::Key { call: CallId(2), key: '1', at_ms: 160_000 });
    let gone = desk.end(LegId(4), PEER);
    assert_eq!(gone, ["close C2"]);
    assert_eq!(desk.give(Input::MediaClosed { call: CallId(2) }), ["C2 ended registered"]);
    let waiting: Vec<CallId> = desk.hotline.queue().waiting().collect();
    assert_eq!(waiting, [CallId(2)], "the place is kept");
    desk
}

fn store(desk: &mut Desk) {
    for ack in std::mem::take(&mut desk.stored) {
        desk.give(Input::Stored(ack));
    }
}

/// The agent has written up: it is the turn of who was promised a callback.
fn their_turn(desk: &mut Desk) {
    desk.end(LegId(1), PEER);
    desk.give(Input::MediaClosed { call: CALL });
    assert_eq!(desk.later(30_000), ["dial L3 for C3"]);
    assert_eq!(desk.agent(1), "ringing", "kept for them");
}

#[test]
fn who_chose_a_callback_is_called_in_their_turn_and_gets_the_agent() {
    let mut desk = promised();
    their_turn(&mut desk);
    assert_eq!(desk.give(Input::LegUp { leg: LegId(3) }), ["dial L5 A1"]);
    assert_eq!(desk.give(Input::LegUp { leg: LegId(5) }), ["join L5"]);
    assert_eq!(desk.agent(1), "talking");
    assert_eq!(desk.end(LegId(5), PEER), ["part", "hang up L3", "close C3"]);
    assert_eq!(desk.give(Input::MediaClosed { call: CallId(3) }), ["C3 ended handed_over"]);
    assert!(desk.later(3_600_000).is_empty(), "nobody is called again");
}

#[test]
fn who_is_not_reached_is_called_once_more() {
    let mut desk = promised();
    their_turn(&mut desk);
    assert_eq!(desk.end(LegId(3), EndReason::NoAnswer), ["close C3"]);
    assert_eq!(desk.agent(1), "idle");
    assert_eq!(desk.give(Input::MediaClosed { call: CallId(3) }), ["C3 ended no_answer"]);
    assert_eq!(desk.later(300_000), ["dial L5 for C4"]);
    desk.end(LegId(5), EndReason::Busy);
    assert_eq!(desk.hotline.queue().waiting().count(), 0);
    assert!(desk.later(3_600_000).iter().all(|effect| !effect.starts_with("dial")));
}

#[test]
fn nobody_is_called_about_a_matter_that_somebody_has_taken_up() {
    let mut desk = promised();
    let ticket = TicketId(2_611_230_002);
    let close = Command::CloseTicket { ticket, result: "已办".into(), by: "李".into() };
    desk.give(Input::Command { token: 1, command: close });
    desk.end(LegId(1), PEER);
    let after = desk.later(30_000);
    assert!(!after.contains(&"dial L3 for C3".to_owned()), "{after:?}");
    assert_eq!((desk.agent(1), desk.hotline.queue().waiting().count()), ("idle", 0));
}

#[test]
fn a_stop_lets_promises_go() {
    let mut desk = promised();
    desk.give(Input::Stop);
    assert_eq!(desk.hotline.queue().waiting().count(), 0);
}

#[test]
fn who_calls_back_reaches_who_had_their_matter() {
    let mut desk = desk(2);
    assert_eq!(desk.call_for_a_person(2), ["dial L1 A1"]);
    desk.give(Input::LegUp { leg: LegId(1) });
    desk.end(LegId(1), PEER);
    desk.give(Input::MediaClosed { call: CALL });
    // A1 writes up, A2 is free.
    assert!(desk.call_for_a_person(4).is_empty(), "waits for A1, for a while");
    assert_eq!(desk.later(20_000), ["dial L3 A2"]);
}
