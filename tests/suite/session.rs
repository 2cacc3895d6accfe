//! The machines of RFC 4028 (session timers) and RFC 3262 (provisional responses that arrive) as tables.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use huiyin::call::reliable::{self, Rack, Reliable};
use huiyin::call::session::{Agreed, Asking, Effect, Input, Refresher, Said, Session, Wishes};
use huiyin::kernel::{Moment, Rng};
use proptest::prelude::*;

use Refresher::{Uac, Uas};

const WISHES: Wishes = Wishes { interval_s: 1_800, min_s: 90 };
const T1_MS: u64 = 500;

const fn at(ms: u64) -> Moment {
    Moment::from_ms(ms)
}

const fn said(
    interval_s: Option<u32>,
    refresher: Option<Refresher>,
    min_s: Option<u32>,
    supported: bool,
) -> Said {
    Said { interval_s, refresher, min_s, supported }
}

const fn agreed(interval_s: u32, refresher: Refresher, required: bool) -> Option<Agreed> {
    Some(Agreed { interval_s, refresher, required })
}

#[test]
fn what_a_message_says_is_read() {
    let rows = [
        (Some("1800"), None, &["timer"][..], said(Some(1800), None, None, true)),
        (Some("90;refresher=uac"), Some("90"), &[], said(Some(90), Some(Uac), Some(90), false)),
        (
            Some("90 ; Refresher = UAS"),
            None,
            &["100rel, TIMER"],
            said(Some(90), Some(Uas), None, true),
        ),
        (Some("99999999999;x=y"), None, &["replaces"], said(Some(u32::MAX), None, None, false)),
        (Some("soon;refresher=me"), Some(""), &["timers"], Said::default()),
        (None, Some("120;lr"), &["", "timer"], said(None, None, Some(120), true)),
    ];
    for (expires, min, supported, read) in rows {
        assert_eq!(
            Said::read(expires, min, supported.iter().copied()),
            read,
            "{expires:?} {min:?}"
        );
    }
}

/// RFC 4028 9 and its table 2, row by row.
#[test]
fn a_request_is_judged() {
    let rows = [
        // Nobody asks: we do where the peer can, and leave it to them.
        (said(None, None, None, false), Ok(None)),
        (said(None, None, None, true), Ok(agreed(1_800, Uac, true))),
        (said(None, None, Some(2_400), true), Ok(agreed(2_400, Uac, true))),
        // Who asks gets it; the refresher they named, or themselves.
        (said(Some(600), None, None, true), Ok(agreed(600, Uac, true))),
        (said(Some(600), Some(Uac), None, true), Ok(agreed(600, Uac, true))),
        (said(Some(600), Some(Uas), None, true), Ok(agreed(600, Uas, true))),
        // A proxy asked for somebody who knows no timers: the refreshing is ours.
        (said(Some(600), None, None, false), Ok(agreed(600, Uas, false))),
        // Longer than we like: shortened, but not below their least.
        (said(Some(7_200), Some(Uas), None, true), Ok(agreed(1_800, Uas, true))),
        (said(Some(7_200), Some(Uas), Some(3_600), true), Ok(agreed(3_600, Uas, true))),
        // Too short.
        (said(Some(89), Some(Uac), None, true), Err(90)),
        (said(Some(90), Some(Uac), None, true), Ok(agreed(90, Uac, true))),
        (said(Some(10), None, None, false), Ok(None)),
    ];
    for (said, judged) in rows {
        assert_eq!(Session::new(WISHES).judge(&said), judged, "{said:?}");
    }
}

/// Inputs with their times, and what comes of each.
fn play(rows: &[(u64, Input, &[Effect])]) -> Session {
    let mut session = Session::new(WISHES);
    for (ms, input, effects) in rows {
        session.handle(at(*ms), input.clone());
        assert_eq!(session.drain(), *effects, "{input:?} at {ms}");
    }
    session
}

#[test]
fn we_refresh_at_half_time_and_give_up_before_the_end() {
    let granted = || Input::Granted(said(Some(90), Some(Uac), None, true));
    let session = play(&[
        (0, granted(), &[]),
        (44_999, Input::Tick, &[]),
        (45_000, Input::Tick, &[Effect::Refresh]),
        // Under way: once is enough.
        (46_000, Input::Tick, &[]),
        (47_000, granted(), &[]),
        (91_999, Input::Tick, &[]),
        (92_000, Input::Tick, &[Effect::Refresh]),
        // Never answered: 90 s less a third.
        (106_999, Input::Tick, &[]),
        (107_000, Input::Tick, &[Effect::Expire]),
        (200_000, Input::Tick, &[]),
    ]);
    assert_eq!(session.deadline(), None);
}

#[test]
fn a_refusal_is_answered_by_its_kind() {
    let accepted = || Input::Accepted(agreed(600, Uas, true));
    let refused = |code, min_s| Input::Refused { code, min_s };
    // For the moment: again, and again.
    play(&[
        (0, accepted(), &[]),
        (300_000, Input::Tick, &[Effect::Refresh]),
        (300_100, refused(Some(491), None), &[]),
        (302_099, Input::Tick, &[]),
        (302_100, Input::Tick, &[Effect::Refresh]),
        (302_200, refused(Some(500), None), &[]),
        (304_200, Input::Tick, &[Effect::Refresh]),
    ]);
    // Too short: at once with what it asks for.
    let session = play(&[
        (0, accepted(), &[]),
        (300_000, Input::Tick, &[Effect::Refresh]),
        (300_100, refused(Some(422), Some(900)), &[]),
        (300_100, Input::Tick, &[Effect::Refresh]),
    ]);
    let asking = Asking { interval_s: 900, refresher: Some(Uac), min_s: 900 };
    assert_eq!(session.asking(), asking);
    // The peer knows the call no more.
    for code in [Some(408), Some(481), None] {
        play(&[
            (0, accepted(), &[]),
            (300_000, Input::Tick, &[Effect::Refresh]),
            (300_100, refused(code, None), &[Effect::Expire]),
            (999_000, Input::Tick, &[]),
        ]);
    }
}

#[test]
fn the_peer_refreshes_or_the_session_ends() {
    let accepted = || Input::Accepted(agreed(1_800, Uac, true));
    play(&[
        (0, accepted(), &[]),
        (900_000, accepted(), &[]),
        // 32 s before the end, a third being more.
        (2_667_999, Input::Tick, &[]),
        (2_668_000, Input::Tick, &[Effect::Expire]),
    ]);
    play(&[(0, accepted(), &[]), (1, Input::Over, &[]), (9_000_000, Input::Tick, &[])]);
    // A 2xx without a timer ends the timer, not the session.
    let none = Input::Granted(Said::default());
    play(&[(0, accepted(), &[]), (1, none, &[]), (9_000_000, Input::Tick, &[])]);
}

#[test]
fn what_we_ask_for_follows_what_is_agreed() {
    let mut session = Session::new(WISHES);
    let asking = |interval_s, refresher| Asking { interval_s, refresher, min_s: 90 };
    assert_eq!(session.asking(), asking(1_800, None));
    for (refresher, name) in [(Uas, Uac), (Uac, Uas)] {
        session.handle(at(0), Input::Accepted(agreed(600, refresher, true)));
        assert_eq!(session.asking(), asking(600, Some(name)), "our request: the roles change");
    }
}

proptest! {
    /// Whatever comes: a tick at the deadline moves it or ends it, a session expires once, and then is silent.
    #[test]
    fn a_session_never_hangs(seed in 0_u64..1 << 40) {
        let mut rng = Rng::new(seed);
        let (mut session, mut now) = (Session::new(WISHES), at(0));
        let mut running = false;
        for _ in 0..40 {
            now = now + rng.below(200_000);
            let interval_s = rng.chance(0.9).then(|| rng.below(2_000) as u32);
            let role = if rng.chance(0.5) { Uac } else { Uas };
            let input = match rng.below(5) {
                0 => Input::Accepted(interval_s.map(|s| Agreed { interval_s: s, refresher: role, required: true })),
                1 => Input::Granted(said(interval_s, Some(role), None, true)),
                2 => Input::Refused { code: [None, Some(422), Some(491), Some(481)][rng.below(4) as usize], min_s: interval_s },
                3 => Input::Over,
                _ => Input::Tick,
            };
            running = match &input {
                Input::Accepted(agreed) => agreed.is_some(),
                Input::Granted(said) => said.interval_s.is_some(),
                Input::Over => false,
                _ => running,
            };
            session.handle(now, input);
            let mut effects = session.drain();
            let mut ticks = 0;
            while let Some(due) = session.deadline().filter(|_| rng.chance(0.7)) {
                now = now.max(due);
                session.handle(now, Input::Tick);
                effects.extend(session.drain());
                prop_assert!(session.deadline().is_none_or(|next| next > now), "{due:?} again");
                ticks += 1;
                prop_assert!(ticks < 3, "a refresh, then the end");
            }
            let expired = effects.iter().filter(|effect| **effect == Effect::Expire).count();
            prop_assert!(expired <= usize::from(running), "{effects:?}");
            running &= expired == 0;
            prop_assert_eq!(session.deadline().is_some(), running);
        }
    }
}

fn rack(rseq: u32, cseq: u32, method: &str) -> Rack {
    Rack { rseq, cseq, method: method.to_owned() }
}

fn sends(rseq: u32, sdp: Option<&str>) -> Vec<reliable::Effect> {
    vec![reliable::Effect::Send { rseq, sdp: sdp.map(str::to_owned) }]
}

#[test]
fn a_rack_is_read() {
    assert_eq!(Rack::read("776656 1 INVITE"), Some(rack(776_656, 1, "INVITE")));
    for bad in ["", "1 INVITE", "1 2", "x 1 INVITE", "1 1 INVITE more", "-1 1 INVITE"] {
        assert_eq!(Rack::read(bad), None, "{bad}");
    }
}

#[test]
fn a_reliable_response_is_repeated_until_its_prack() {
    let mut reliable = Reliable::new(7, 100, T1_MS);
    let early = || reliable::Input::Send { sdp: Some("e".to_owned()) };
    reliable.handle(at(0), early());
    assert_eq!(reliable.drain(), sends(100, Some("e")));
    assert!(reliable.holds_answer());
    for due in [500, 1_500, 3_500] {
        assert_eq!(reliable.deadline(), Some(at(due)));
        reliable.handle(at(due), reliable::Input::Tick);
        assert_eq!(reliable.drain(), sends(100, Some("e")), "doubled each time");
    }
    for wrong in [rack(99, 7, "INVITE"), rack(100, 8, "INVITE"), rack(100, 7, "UPDATE")] {
        assert_eq!(reliable.prack(at(3_600), &wrong), 481);
        assert!(reliable.holds_answer());
    }
    // One at a time: the next waits, the latest counts.
    reliable.handle(at(3_600), reliable::Input::Send { sdp: Some("f".to_owned()) });
    reliable.handle(at(3_600), reliable::Input::Send { sdp: None });
    assert_eq!(reliable.drain(), []);
    assert_eq!(reliable.prack(at(3_700), &rack(100, 7, "INVITE")), 200);
    assert_eq!(reliable.drain(), sends(101, None));
    assert!(!reliable.holds_answer(), "180 without a description holds nobody up");
    assert_eq!(reliable.prack(at(3_800), &rack(100, 7, "INVITE")), 481, "once");
    assert_eq!(reliable.prack(at(3_800), &rack(101, 7, "INVITE")), 200);
    assert_eq!(reliable.deadline(), None);
}

#[test]
fn without_a_prack_it_is_given_up() {
    let mut reliable = Reliable::new(7, 1, T1_MS);
    reliable.handle(at(0), reliable::Input::Send { sdp: None });
    let mut sent = reliable.drain().len();
    let mut now = at(0);
    while let Some(due) = reliable.deadline() {
        now = due;
        reliable.handle(now, reliable::Input::Tick);
        let effects = reliable.drain();
        sent += effects.iter().filter(|e| matches!(e, reliable::Effect::Send { .. })).count();
        if reliable.deadline().is_none() {
            assert_eq!(effects, [reliable::Effect::GiveUp]);
        }
    }
    assert_eq!((now, sent), (at(64 * T1_MS), 7));
    reliable.handle(at(99_000), reliable::Input::Send { sdp: None });
    reliable.handle(at(99_001), reliable::Input::Over);
    assert_eq!(reliable.deadline(), None);
}
