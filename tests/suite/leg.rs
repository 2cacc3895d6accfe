//! The leg machine as a table: (state, input) gives (state, effects).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use huiyin::call::leg::{
    ACK_WAIT_MS, CLOSING_WAIT_MS, Change, Effect, EndReason, Failure, GLARE_TRIES, Input, Leg,
    REINVITE_WAIT_MS, Report, State,
};
use huiyin::kernel::{Moment, Rng};

const LONGEST_MS: u64 = 3_600_000;
const NOW: Moment = Moment::from_ms(1_000);
const LATER: Moment = Moment::from_ms(31_000);
const US: EndReason = EndReason::HungUpByUs;

type Row = (State, Input, State, Vec<Effect>);

fn sdp(text: &str) -> String {
    text.to_owned()
}

fn ended(reason: EndReason) -> (State, Effect) {
    (State::Ended { reason }, Effect::Report(Report::Ended { reason }))
}

fn answered() -> State {
    State::Answered { ack_by: LATER, then: None }
}

fn dialling() -> State {
    State::Dialling { give_up: LATER }
}

fn ringing() -> State {
    State::RingingThere { give_up: LATER }
}

fn cancelling(reason: EndReason) -> State {
    State::Cancelling { reason, until: NOW + CLOSING_WAIT_MS }
}

fn closing(reason: EndReason) -> State {
    State::Closing { reason, until: NOW + CLOSING_WAIT_MS }
}

fn talking(change: Change) -> State {
    State::Confirmed { since: NOW, change }
}

/// A row that ends the leg at once.
fn over(from: State, input: Input, mut effects: Vec<Effect>, reason: EndReason) -> Row {
    let (state, report) = ended(reason);
    effects.push(report);
    (from, input, state, effects)
}

/// A row in which nothing happens.
fn nothing(from: State, input: Input) -> Row {
    (from.clone(), input, from, vec![])
}

fn check(rows: Vec<Row>) {
    for (from, input, to, effects) in rows {
        let mut leg = Leg::in_state(from.clone(), LONGEST_MS);
        leg.handle(NOW, input.clone()).expect("accepted");
        assert_eq!(leg.state(), &to, "{from:?} on {input:?}");
        assert_eq!(leg.drain(), effects, "{from:?} on {input:?}");
    }
}

#[test]
fn an_inbound_leg_that_is_not_answered_yet() {
    let refused = |code| vec![Effect::SendRefusal { code }];
    for from in [State::Invited, State::RingingHere] {
        check(vec![
            (
                from.clone(),
                Input::Answer { sdp: sdp("a") },
                State::Answered { ack_by: NOW + ACK_WAIT_MS, then: None },
                vec![Effect::SendAnswer { sdp: sdp("a") }],
            ),
            (
                from.clone(),
                Input::Ring { early: Some(sdp("e")) },
                State::RingingHere,
                vec![Effect::SendRinging { early: Some(sdp("e")) }],
            ),
            over(from.clone(), Input::Reject { code: 486 }, refused(486), EndReason::Rejected(486)),
            over(from.clone(), Input::HangUp { reason: US }, refused(603), US),
            over(
                from.clone(),
                Input::HangUp { reason: EndReason::ServerStopped },
                refused(503),
                EndReason::ServerStopped,
            ),
            over(from.clone(), Input::PeerCancelled, vec![], EndReason::Cancelled),
            over(from.clone(), Input::PeerBye, vec![], EndReason::HungUpByPeer),
            nothing(from.clone(), Input::PeerAcked { sdp: None }),
            nothing(from.clone(), Input::ByeDone),
            nothing(from.clone(), Input::Tick),
        ]);
    }
    let rings = vec![Effect::SendRinging { early: None }];
    check(vec![
        (State::Invited, Input::Ring { early: None }, State::RingingHere, rings),
        // 180 once is enough.
        (State::RingingHere, Input::Ring { early: None }, State::RingingHere, vec![]),
    ]);
}

#[test]
fn an_inbound_leg_that_waits_for_its_ack() {
    let left = State::Answered { ack_by: LATER, then: Some(US) };
    let late = State::Answered { ack_by: NOW, then: None };
    let no_ack = EndReason::Failed(Failure::NoAck);
    check(vec![
        (
            answered(),
            Input::PeerAcked { sdp: Some(sdp("b")) },
            talking(Change::None),
            vec![Effect::Report(Report::Confirmed { sdp: Some(sdp("b")) })],
        ),
        // A BYE may only follow the ACK.
        (answered(), Input::HangUp { reason: US }, left.clone(), vec![]),
        (
            left.clone(),
            Input::PeerAcked { sdp: None },
            closing(US),
            vec![Effect::SendBye { reason: US }],
        ),
        nothing(left.clone(), Input::HangUp { reason: EndReason::MediaTimeout }),
        over(left, Input::PeerBye, vec![], US),
        // The CANCEL came too late: our 200 is out (RFC 3261 9.2).
        nothing(answered(), Input::PeerCancelled),
        over(answered(), Input::PeerBye, vec![], EndReason::HungUpByPeer),
        nothing(answered(), Input::Tick),
        (late, Input::Tick, closing(no_ack), vec![Effect::SendBye { reason: no_ack }]),
    ]);
}

#[test]
fn an_outbound_leg_that_is_not_answered_yet() {
    let no_reply = EndReason::Failed(Failure::NoReply);
    let bad_sdp = EndReason::Failed(Failure::BadSdp);
    check(vec![
        (dialling(), Input::PeerRinging, ringing(), vec![Effect::Report(Report::Ringing)]),
        (ringing(), Input::PeerRinging, ringing(), vec![]),
        over(dialling(), Input::HangUp { reason: US }, vec![Effect::Abandon], US),
        (ringing(), Input::HangUp { reason: US }, cancelling(US), vec![Effect::SendCancel]),
        over(State::Dialling { give_up: NOW }, Input::Tick, vec![Effect::Abandon], no_reply),
        (
            State::RingingThere { give_up: NOW },
            Input::Tick,
            cancelling(EndReason::NoAnswer),
            vec![Effect::SendCancel],
        ),
        over(dialling(), Input::PeerRefused { code: 408 }, vec![], no_reply),
        over(ringing(), Input::PeerRefused { code: 408 }, vec![], EndReason::NoAnswer),
    ]);
    for from in [dialling(), ringing()] {
        let refused =
            |code, reason| over(from.clone(), Input::PeerRefused { code }, vec![], reason);
        check(vec![
            (
                from.clone(),
                Input::PeerEarly { sdp: sdp("e") },
                ringing(),
                vec![Effect::Report(Report::Early { sdp: sdp("e") })],
            ),
            (
                from.clone(),
                Input::PeerAnswered { sdp: Some(sdp("b")) },
                talking(Change::None),
                vec![Effect::Report(Report::Answered { sdp: sdp("b") })],
            ),
            (
                from.clone(),
                Input::PeerAnswered { sdp: None },
                closing(bad_sdp),
                vec![Effect::SendBye { reason: bad_sdp }],
            ),
            refused(486, EndReason::Busy),
            refused(600, EndReason::Busy),
            refused(480, EndReason::NoAnswer),
            refused(603, EndReason::Rejected(603)),
            refused(404, EndReason::Rejected(404)),
            nothing(from.clone(), Input::Tick),
            over(
                from.clone(),
                Input::Broken { failure: Failure::Network },
                vec![],
                EndReason::Failed(Failure::Network),
            ),
        ]);
    }
}

#[test]
fn a_cancel_and_what_may_cross_it() {
    let from = || cancelling(EndReason::NoAnswer);
    let due = State::Cancelling { reason: US, until: NOW };
    check(vec![
        over(from(), Input::PeerRefused { code: 487 }, vec![], EndReason::NoAnswer),
        // The 200 crossed our CANCEL: the call exists and must be ended.
        (
            from(),
            Input::PeerAnswered { sdp: Some(sdp("b")) },
            closing(EndReason::NoAnswer),
            vec![Effect::SendBye { reason: EndReason::NoAnswer }],
        ),
        nothing(from(), Input::PeerRinging),
        nothing(from(), Input::HangUp { reason: US }),
        nothing(from(), Input::Tick),
        over(due, Input::Tick, vec![Effect::Abandon], US),
    ]);
}

#[test]
fn a_confirmed_leg() {
    let here = || talking(Change::None);
    let old = State::Confirmed { since: Moment::ZERO, change: Change::None };
    let digit = Effect::Report(Report::Digit { digit: '5' });
    check(vec![
        (here(), Input::PeerDigit { digit: '5' }, here(), vec![digit]),
        (here(), Input::SendDigit { digit: '1' }, here(), vec![Effect::SendDigit { digit: '1' }]),
        over(here(), Input::PeerBye, vec![], EndReason::HungUpByPeer),
        (here(), Input::HangUp { reason: US }, closing(US), vec![Effect::SendBye { reason: US }]),
        // A repeated ACK, a late CANCEL, a 200 again.
        nothing(here(), Input::PeerAcked { sdp: None }),
        nothing(here(), Input::PeerCancelled),
        nothing(here(), Input::PeerAnswered { sdp: None }),
        nothing(old, Input::Tick),
    ]);
    let mut leg = Leg::in_state(here(), 500);
    leg.handle(NOW + 500, Input::Tick).unwrap();
    assert_eq!(leg.drain(), [Effect::SendBye { reason: EndReason::TooLong }]);
}

#[test]
fn a_change_of_the_session() {
    let theirs = Change::Theirs { by: NOW + REINVITE_WAIT_MS };
    let refusal = |code| vec![Effect::SendReinviteRefusal { code }];
    let offer = Some(sdp("o"));
    check(vec![
        (
            talking(Change::None),
            Input::PeerReinvite { sdp: offer.clone() },
            talking(theirs),
            vec![Effect::Report(Report::Reinvite { sdp: offer.clone() })],
        ),
        (
            talking(theirs),
            Input::AnswerReinvite { sdp: sdp("a") },
            talking(Change::None),
            vec![Effect::SendReinviteAnswer { sdp: sdp("a") }],
        ),
        (talking(theirs), Input::RefuseReinvite { code: 488 }, talking(Change::None), refusal(488)),
        (
            talking(Change::None),
            Input::Reinvite { sdp: sdp("o") },
            talking(Change::Ours),
            vec![Effect::SendReinvite { sdp: sdp("o") }],
        ),
        // Glare (RFC 3261 14.2).
        (
            talking(Change::Ours),
            Input::PeerReinvite { sdp: offer },
            talking(Change::Ours),
            refusal(491),
        ),
        (talking(Change::Ours), Input::ReinviteDone, talking(Change::None), vec![]),
        (talking(Change::Theirs { by: NOW }), Input::Tick, talking(Change::None), refusal(488)),
    ]);
}

/// RFC 3261 14.1: both began to change the session at once.
#[test]
fn glare_is_waited_out() {
    let glare = || Input::ReinviteGlare { wait_ms: 700 };
    let begun = || {
        let mut leg = Leg::in_state(talking(Change::None), LONGEST_MS);
        leg.handle(NOW, Input::Reinvite { sdp: sdp("o") }).unwrap();
        assert_eq!(leg.drain(), [Effect::SendReinvite { sdp: sdp("o") }]);
        leg
    };
    let mut leg = begun();
    for _ in 0..GLARE_TRIES {
        leg.handle(NOW, glare()).unwrap();
        assert_eq!(leg.state(), &talking(Change::Again { at: NOW + 700 }));
        assert_eq!(leg.deadline(), Some(NOW + 700));
        leg.handle(NOW + 699, Input::Tick).unwrap();
        assert_eq!(leg.drain(), []);
        leg.handle(NOW + 700, Input::Tick).unwrap();
        assert_eq!(leg.drain(), [Effect::SendReinvite { sdp: sdp("o") }]);
    }
    leg.handle(NOW, glare()).unwrap();
    assert_eq!(leg.drain(), [Effect::ReinviteLost]);
    assert_eq!(leg.state(), &talking(Change::None));
    // Theirs comes while ours waits: theirs counts.
    let mut leg = begun();
    leg.handle(NOW, glare()).unwrap();
    let refused = leg.handle(NOW, Input::Reinvite { sdp: sdp("p") }).unwrap_err();
    assert_eq!(refused.command, "send a re-INVITE");
    leg.handle(NOW + 100, Input::PeerReinvite { sdp: None }).unwrap();
    let asked = Effect::Report(Report::Reinvite { sdp: None });
    assert_eq!(leg.drain(), [Effect::ReinviteLost, asked]);
    // A 491 to nothing of ours is nobody's.
    check(vec![nothing(talking(Change::None), glare())]);
}

#[test]
fn a_leg_that_is_closing_or_over() {
    let due = State::Closing { reason: US, until: NOW };
    let gone = State::Ended { reason: EndReason::Busy };
    check(vec![
        over(closing(US), Input::ByeDone, vec![], US),
        // Both hung up at once.
        over(closing(US), Input::PeerBye, vec![], US),
        over(closing(US), Input::Broken { failure: Failure::Network }, vec![], US),
        nothing(closing(US), Input::Tick),
        nothing(closing(US), Input::HangUp { reason: EndReason::ServerStopped }),
        nothing(closing(US), Input::PeerAcked { sdp: None }),
        over(due, Input::Tick, vec![], US),
        nothing(gone.clone(), Input::HangUp { reason: US }),
        nothing(gone.clone(), Input::PeerBye),
        nothing(gone, Input::PeerAnswered { sdp: None }),
    ]);
}

#[test]
fn commands_out_of_place_are_refused_by_name() {
    let cases = [
        (dialling(), Input::Answer { sdp: sdp("a") }, "answer", "dialling"),
        (ringing(), Input::Ring { early: None }, "ring", "ringing there"),
        (talking(Change::None), Input::Reject { code: 486 }, "reject", "confirmed"),
        (
            talking(Change::None),
            Input::AnswerReinvite { sdp: sdp("a") },
            "answer a re-INVITE",
            "confirmed",
        ),
        (talking(Change::Ours), Input::Reinvite { sdp: sdp("o") }, "send a re-INVITE", "confirmed"),
        (State::Invited, Input::SendDigit { digit: '1' }, "send a digit", "invited"),
        (State::Ended { reason: US }, Input::Answer { sdp: sdp("a") }, "answer", "ended"),
    ];
    for (from, input, command, state) in cases {
        let mut leg = Leg::in_state(from.clone(), LONGEST_MS);
        let refused = leg.handle(NOW, input).unwrap_err();
        assert_eq!((refused.command, refused.state), (command, state));
        assert_eq!(leg.state(), &from);
        assert!(leg.drain().is_empty());
    }
}

fn any_input(rng: &mut Rng) -> Input {
    let reason = EndReason::HungUpByUs;
    let text = sdp("s");
    match rng.below(23) {
        0 => Input::Ring { early: None },
        1 => Input::Answer { sdp: text },
        2 => Input::Reject { code: 486 },
        3 => Input::HangUp { reason },
        4 => Input::AnswerReinvite { sdp: text },
        5 => Input::RefuseReinvite { code: 488 },
        6 => Input::Reinvite { sdp: text },
        7 => Input::SendDigit { digit: '1' },
        8 => Input::PeerRinging,
        9 => Input::PeerEarly { sdp: text },
        10 => Input::PeerAnswered { sdp: Some(text) },
        11 => Input::PeerAnswered { sdp: None },
        12 => Input::PeerRefused { code: 486 },
        13 => Input::PeerCancelled,
        14 => Input::PeerAcked { sdp: None },
        15 => Input::PeerBye,
        16 => Input::ByeDone,
        17 => Input::PeerDigit { digit: '2' },
        18 => Input::PeerReinvite { sdp: None },
        19 => Input::ReinviteDone,
        20 => Input::Broken { failure: Failure::Protocol },
        21 => Input::ReinviteGlare { wait_ms: rng.below(4_000) },
        _ => Input::Tick,
    }
}

/// Whatever comes in whatever order: one end is reported, nothing is sent after it, and time alone ends every leg
/// that has been told to end.
#[test]
fn every_leg_ends_once() {
    for seed in 0..2_000 {
        let mut rng = Rng::new(seed);
        let mut now = Moment::ZERO;
        let mut leg = if rng.chance(0.5) {
            Leg::inbound(LONGEST_MS)
        } else {
            Leg::outbound(now, 30_000, LONGEST_MS)
        };
        let mut effects = Vec::new();
        for _ in 0..rng.below(24) {
            now = now + rng.below(2_000);
            leg.handle(now, any_input(&mut rng)).ok();
            effects.extend(leg.drain());
        }
        leg.handle(now, Input::HangUp { reason: US }).unwrap();
        while let Some(deadline) = leg.deadline() {
            now = now.max(deadline);
            leg.handle(now, Input::Tick).unwrap();
        }
        effects.extend(leg.drain());
        assert!(leg.is_over(), "seed {seed}: {:?}", leg.state());
        let is_end = |effect: &&Effect| matches!(effect, Effect::Report(Report::Ended { .. }));
        assert_eq!(effects.iter().filter(is_end).count(), 1, "seed {seed}");
        assert!(effects.last().is_some_and(|effect| is_end(&effect)), "seed {seed}");
    }
}
