//! Session timers (RFC 4028) and provisional responses that must arrive (RFC 3262) with sipp at the other end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use huiyin::call::leg::Failure;
use huiyin::call::session::Wishes;
use huiyin::call::{EndReason, ReinviteAnswer, SignalEvent, SipConfig, sdp};
use huiyin::kernel::LegId;

use super::wire_races::quick;
use super::wire_sip::{Line, Sipp, dial, installed, local};

/// Sessions of two seconds.
fn hasty() -> SipConfig {
    SipConfig { session: Wishes { interval_s: 2, min_s: 2 }, ..quick() }
}

/// Answers whoever calls and whoever changes the session, until the call ends.
async fn answered(line: &mut Line) -> EndReason {
    loop {
        match line.next().await {
            SignalEvent::Invite { leg, sdp, .. } => line.answer(leg, &sdp.unwrap()).await,
            SignalEvent::Reinvite { leg, sdp } => {
                let (sdp, _) = sdp::answer(&sdp.unwrap(), &local(1)).unwrap();
                line.line.answer_reinvite(leg, ReinviteAnswer::Accept { sdp }).await.unwrap();
            }
            SignalEvent::Ended { reason, .. } => return reason,
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_callers_session_is_kept_or_ended() {
    if !installed("sipp") {
        return;
    }
    for (scenario, reason) in [
        ("caller_wants_timer", EndReason::HungUpByPeer),
        ("caller_forgets_timer", EndReason::Failed(Failure::SessionExpired)),
        ("caller_refreshes", EndReason::HungUpByPeer),
    ] {
        let mut line = Line::open_with(hasty()).await;
        let sipp = Sipp::calls(scenario, "u1", &line);
        assert_eq!(answered(&mut line).await, reason, "{scenario}");
        sipp.done().await;
        line.close().await;
    }
}

#[tokio::test]
async fn our_call_asks_again_and_refreshes() {
    if !installed("sipp") {
        return;
    }
    let mut line = Line::open_with(hasty()).await;
    let sipp = Sipp::waits("callee_wants_timer", "u1").await;
    line.line.dial(LegId(9), dial(sipp.uri("u1"))).await.unwrap();
    assert!(matches!(line.next().await, SignalEvent::Ringing { .. }));
    assert!(matches!(line.next().await, SignalEvent::Answered { .. }));
    // The re-INVITE goes out by itself at half of four seconds, and then it hangs up.
    assert_eq!(line.ended().await, EndReason::HungUpByPeer);
    sipp.done().await;
    line.close().await;
}

#[tokio::test]
async fn a_caller_requires_that_ringing_arrives() {
    if !installed("sipp") {
        return;
    }
    let mut line =
        Line::open_with(SipConfig { listen: super::wire_sip::LOOPBACK, ..SipConfig::default() })
            .await;
    let sipp = Sipp::calls("caller_needs_100rel", "u1", &line);
    let (leg, offer) = line.invited().await;
    let (text, _) = sdp::answer(&offer, &local(0)).unwrap();
    line.line.ring(leg, Some(text)).await.unwrap();
    // It has to wait until the description before it is acknowledged.
    line.answer(leg, &offer).await;
    assert!(matches!(line.next().await, SignalEvent::Confirmed { .. }));
    assert_eq!(line.ended().await, EndReason::HungUpByPeer);
    sipp.done().await;
    line.close().await;
}

#[tokio::test]
async fn a_telephone_requires_that_its_ringing_arrives() {
    if !installed("sipp") {
        return;
    }
    let mut line = Line::open_with(quick()).await;
    let sipp = Sipp::waits("callee_needs_100rel", "u1").await;
    line.line.dial(LegId(9), dial(sipp.uri("u1"))).await.unwrap();
    let SignalEvent::Early { sdp: early, .. } = line.next().await else {
        panic!("early media was expected")
    };
    assert_eq!(sdp::accept(&early, &local(0)).unwrap().remote.port(), 6_000);
    // The answer has been given early: the 200 has none.
    let SignalEvent::Answered { sdp, .. } = line.next().await else {
        panic!("an answer was expected")
    };
    assert_eq!(sdp, early);
    line.line.hang_up(LegId(9), EndReason::HungUpByUs).await.unwrap();
    assert_eq!(line.ended().await, EndReason::HungUpByUs);
    sipp.done().await;
    line.close().await;
}
