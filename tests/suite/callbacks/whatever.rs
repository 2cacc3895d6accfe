//! Whatever staff, citizens and crashes do: nobody is called outside hours, too often or against their will.

use std::collections::BTreeMap;

use huiyin::call::EndReason;
use huiyin::desk::{Actor, Ticket, TicketEvent};
use huiyin::hotline::{CallbackRules, Command, Fact, Input, Restored};
use huiyin::kernel::{Moment, Pii, Rng, TicketId, VerificationId, Wall};
use huiyin::store::Store;
use huiyin::survey::campaign::{Plan, Repeats, Stratum};
use huiyin::survey::verify::Outcome;

use super::{BEGINS, DAY, Dialled, HOUR, World, over, plan, ticket};

fn any_rules(rng: &mut Rng) -> CallbackRules {
    CallbackRules {
        lines: 1 + rng.below(4) as usize,
        per_minute: 1 + rng.below(5) as usize,
        repeats: *rng.pick(&[Repeats::Called, Repeats::Sampled]).unwrap(),
        ..CallbackRules::default()
    }
}

/// Three citizens with four tickets each, so that numbers meet.
fn crowd() -> Restored {
    let tickets = (1..=12).map(|id| {
        let category = ["噪声", "路灯"][(id % 2) as usize];
        ticket(id, &format!("1380000{:04}", id % 3), category)
    });
    Restored { next_call: 100, last_ticket: 12, tickets: tickets.collect(), ..Restored::default() }
}

fn any_step(world: &mut World, rng: &mut Rng) {
    let ticket = TicketId(1 + rng.below(12));
    let by = || "李".to_owned();
    match rng.below(12) {
        0..4 => {
            let _ =
                world.command(Command::CloseTicket { ticket, result: "已办".into(), by: by() });
        }
        4 => {
            let _ = world.command(Command::Reopen { ticket, why: "x".into(), by: by() });
        }
        5 => {
            let _ = world.command(Command::CallBack { ticket, why: "x".into(), by: by() });
        }
        6 => {
            let stratum = *rng.pick(&Stratum::ALL).unwrap();
            let draw_at = world.wall().plus_ms(1 + rng.below(DAY) as i64);
            let plan = Plan { draw_at, ..plan(stratum, 50, 0) };
            let _ = world.command(Command::AnnounceCampaign { plan });
        }
        7 => {
            let verification = VerificationId(1 + rng.below(6));
            let outcome = *rng.pick(&Outcome::ALL).unwrap();
            let result = "x".to_owned();
            let close = Command::CloseVerification { verification, outcome, result, by: by() };
            let _ = world.command(close);
        }
        8 if rng.chance(0.05) => {
            let number = Pii::new(format!("1380000{:04}", rng.below(3)));
            let quiet = Command::DoNotCall { number, on: true, why: "x".into(), by: by() };
            let _ = world.command(quiet);
        }
        _ => {
            let open = world.dialled.iter().filter(|d| !over(world, d.call)).copied();
            let open: Vec<Dialled> = open.collect();
            let Some(Dialled { call, leg, .. }) = rng.pick(&open).copied() else { return };
            if rng.chance(0.5) {
                let reason = *rng.pick(&[EndReason::Busy, EndReason::NoAnswer]).unwrap();
                return world.give(Input::LegEnded { leg, reason });
            }
            world.give(Input::LegUp { leg });
            for n in 0..rng.below(4) {
                let key = *rng.pick(&['1', '2', '3', '4', '5']).unwrap();
                world.give(Input::Key { call, key, at_ms: n + 1 });
            }
            world.give(Input::LegEnded { leg, reason: EndReason::HungUpByPeer });
        }
    }
}

/// What must hold of everything that became true, over all restarts.
fn holds(seed: u64, facts: &[Fact], dialled: &[Dialled]) {
    let number = |ticket: TicketId| ticket.0 % 3;
    let quiet: BTreeMap<u64, Wall> = facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::DoNotCall { number, at, .. } => {
                Some((number.reveal()[7..].parse().unwrap(), *at))
            }
            _ => None,
        })
        .collect();
    let mut days: BTreeMap<(u64, i64), u32> = BTreeMap::new();
    for call in dialled {
        let local = call.at.civil();
        assert!((9..20).contains(&local.hour), "seed {seed}: dialled at {local}");
        let today = days.entry((number(call.ticket), local.days())).or_insert(0);
        *today += 1;
        assert!(*today <= 2, "seed {seed}: {today} calls to one number on {local}");
        let asked_not = quiet.get(&number(call.ticket));
        assert!(asked_not.is_none_or(|at| call.at <= *at), "seed {seed}: 别再打 was not heeded");
    }
    let (mut made, mut ended, mut verified) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for fact in facts {
        match fact {
            Fact::SurveyDialled { survey, .. } => *made.entry(*survey).or_insert(0) += 1,
            Fact::SurveyEnded { survey, last: true, .. } => *ended.entry(*survey).or_insert(0) += 1,
            Fact::VerificationOpened { survey, .. } => *verified.entry(*survey).or_insert(0) += 1,
            _ => {}
        }
    }
    assert!(made.values().all(|attempts| *attempts <= 3), "seed {seed}: {made:?}");
    assert!(ended.values().all(|ends| *ends == 1), "seed {seed}: {ended:?}");
    assert!(verified.values().all(|opened| *opened == 1), "seed {seed}: {verified:?}");
}

#[test]
fn no_citizen_is_called_outside_hours_too_often_or_against_their_will() {
    let mut calls = 0;
    for seed in 0..400 {
        let mut rng = Rng::new(seed);
        let mut world = World::new(any_rules(&mut rng), crowd());
        for _ in 0..80 {
            any_step(&mut world, &mut rng);
            world.later(rng.below(4 * HOUR));
        }
        holds(seed, &world.facts, &world.dialled);
        calls += world.dialled.len();
    }
    assert!(calls > 2_000, "{calls}");
}

/// The service is killed at any moment: what was not kept did not happen, what was is taken up and nothing is done twice.
#[tokio::test]
async fn a_killed_service_goes_on_where_the_store_ends() {
    for seed in 0..30 {
        let mut rng = Rng::new(seed);
        let rules = any_rules(&mut rng);
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("huiyin.db")).await.unwrap();
        let begun: Vec<Fact> = crowd().tickets.into_iter().flat_map(told).collect();
        store.keep(&begun).await.unwrap();
        let (mut facts, mut dialled, mut now) = (Vec::new(), Vec::new(), Moment::ZERO);
        for _ in 0..4 {
            let at = BEGINS.wall().plus_ms(now.ms as i64);
            store.mark_interrupted(at).await.unwrap();
            let mut world = World::new(rules.clone(), store.restore().await.unwrap());
            world.now = now;
            let all: Vec<TicketId> = (1..=12).map(TicketId).collect();
            for ticket in store.load_tickets(&all).await.unwrap() {
                world.shelf.insert(ticket.id, ticket);
            }
            for _ in 0..rng.below(30) {
                any_step(&mut world, &mut rng);
                world.later(rng.below(4 * HOUR));
            }
            // Of what was not waited for, the last may be lost.
            let waited = world.facts.iter().rposition(|fact| {
                matches!(fact, Fact::SurveyDialled { .. } | Fact::CampaignDrawn { .. })
            });
            let least = waited.map_or(0, |last| last + 1);
            let kept = least + rng.below((world.facts.len() - least + 1) as u64) as usize;
            store.keep(&world.facts[..kept]).await.unwrap();
            facts.extend_from_slice(&world.facts[..kept]);
            dialled.append(&mut world.dialled);
            now = world.now + rng.below(DAY);
        }
        holds(seed, &facts, &dialled);
        let findings = store.audit_surveys(None).await.unwrap().findings;
        assert_eq!(findings, [], "seed {seed}");
    }
}

/// How a registered ticket came to be.
fn told(ticket: Ticket) -> Vec<Fact> {
    let at = BEGINS.wall();
    let mut facts = vec![
        Fact::CallStarted {
            call: ticket.call,
            direction: huiyin::hotline::Direction::Inbound,
            number: None,
            at,
        },
        Fact::CallEnded { call: ticket.call, outcome: "registered".into(), at },
    ];
    let mut again = Ticket::open(ticket.id, ticket.call, at);
    for event in [TicketEvent::Drafted { fields: ticket.fields }, TicketEvent::Registered] {
        let entry = again.apply(event, Actor::robot(), at).unwrap();
        facts.push(Fact::Ticket { ticket: again.clone(), entry });
    }
    facts
}
