//! Who may do what, without any console: the pause of those who guess, and how long a login lasts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::IpAddr;

use huiyin::access::{Lifetime, Lockout, PER_ACCOUNT, PER_ADDRESS, Session, State};
use huiyin::kernel::{Moment, Wall};
use proptest::prelude::*;

fn address(n: u32) -> IpAddr {
    IpAddr::from(n.to_be_bytes())
}

#[test]
fn the_pause_doubles_up_to_its_bound_and_ends_with_the_right_password() {
    let mut lockout = Lockout::default();
    let mut now = Moment::from_ms(1_000_000);
    // From ever new addresses, so that only the account is counted.
    let mut from = 0;
    let mut ask = |lockout: &mut Lockout, now| {
        from += 1;
        lockout.ask(now, "lixiao", address(from))
    };
    for _ in 0..PER_ACCOUNT.free {
        assert_eq!(ask(&mut lockout, now), Ok(()));
    }
    let mut pause = PER_ACCOUNT.first_ms;
    for _ in 0..10 {
        let lock = ask(&mut lockout, now).unwrap_err();
        assert_eq!((lock.wait_ms, lock.refused), (pause, 1));
        assert_eq!(ask(&mut lockout, now + pause - 1).unwrap_err().refused, 2);
        now = now + pause;
        assert_eq!(ask(&mut lockout, now), Ok(()));
        pause = (pause * 2).min(PER_ACCOUNT.longest_ms);
    }
    assert_eq!(pause, PER_ACCOUNT.longest_ms);
    // Others are not kept waiting, and the right password ends it.
    assert_eq!(lockout.ask(now, "wangmin", address(9_999)), Ok(()));
    now = now + pause;
    assert_eq!(lockout.ask(now, "lixiao", address(9_998)), Ok(()));
    lockout.right("lixiao", address(9_998));
    for n in 0..PER_ACCOUNT.free {
        assert_eq!(lockout.ask(now, "lixiao", address(20_000 + n)), Ok(()));
    }
    assert!(lockout.ask(now, "lixiao", address(30_000)).is_err());
}

#[test]
fn an_address_that_guesses_at_many_names_is_stopped() {
    let mut lockout = Lockout::default();
    let now = Moment::from_ms(5);
    let tried = (0..10_000).filter(|n| lockout.ask(now, &format!("name{n}"), address(7)).is_ok());
    assert_eq!(tried.count() as u32, PER_ADDRESS.free);
    let six = |n: u64| format!("2001:db8::{n:x}").parse::<IpAddr>().unwrap();
    let tried = (0..10_000).filter(|n| lockout.ask(now, &format!("six{n}"), six(*n)).is_ok());
    assert_eq!(tried.count() as u32, PER_ADDRESS.free, "one IPv6 network is one address");
    // A day later all is forgotten.
    let later = now + PER_ADDRESS.forgets_ms;
    for n in 0..PER_ADDRESS.free {
        assert_eq!(lockout.ask(later, &format!("late{n}"), address(7)), Ok(()));
    }
}

#[test]
fn a_flood_of_names_does_not_wash_out_the_one_that_is_guessed_at() {
    let mut lockout = Lockout::default();
    let now = Moment::from_ms(5);
    for n in 0..PER_ACCOUNT.free {
        lockout.ask(now, "lixiao", address(n)).unwrap();
    }
    for n in 0..20_000 {
        let _ = lockout.ask(now + 1, &format!("x{n}"), address(100 + n));
    }
    assert!(lockout.ask(now + 2, "lixiao", address(90_000)).is_err());
}

proptest! {
    /// However it is tried, within an hour one account is guessed at no oftener than the pauses allow.
    #[test]
    fn an_account_is_guessed_at_seldom(steps in prop::collection::vec((0u64..20_000, 0u32..50), 1..400)) {
        let mut lockout = Lockout::default();
        let mut now = Moment::from_ms(1);
        let mut passed = 0u32;
        let mut spent = 0u64;
        for (wait, from) in steps {
            now = now + wait;
            spent += wait;
            passed += u32::from(lockout.ask(now, "lixiao", address(from)).is_ok());
        }
        let (mut most, mut pauses, mut pause) = (PER_ACCOUNT.free, 0, PER_ACCOUNT.first_ms);
        while pauses + pause <= spent {
            pauses += pause;
            pause = (pause * 2).min(PER_ACCOUNT.longest_ms);
            most += 1;
        }
        prop_assert!(passed <= most, "{passed} passed in {spent} ms, {most} may");
    }

    #[test]
    fn a_session_ends_by_quiet_and_by_age(begun in 0i64..1_000_000, quiet in 0i64..100_000_000, older in 0i64..100_000_000) {
        let lifetime = Lifetime::default();
        let seen = Wall::from_ms(begun + older);
        let now = seen.plus_ms(quiet);
        let session = Session { begun: Wall::from_ms(begun), seen };
        let state = session.state(now, lifetime, true);
        let over = older + quiet >= lifetime.whole_ms;
        let wanted = match (over, quiet >= lifetime.idle_ms, quiet >= lifetime.noted_ms) {
            (true, _, _) => State::Over,
            (false, true, _) => State::Idle,
            (false, false, true) => State::Due,
            (false, false, false) => State::Live,
        };
        prop_assert_eq!(state, wanted);
        // What an open page asks by itself keeps nobody logged in.
        prop_assert_ne!(session.state(now, lifetime, false), State::Due);
    }
}
