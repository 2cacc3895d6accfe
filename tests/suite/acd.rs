//! Who waits for whom.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use huiyin::acd::{
    Acd, AcdError, Agent, AgentState, Ask, Effect, Input, NO_ANSWER, Need, Plan, Priority, Record,
};
use huiyin::kernel::{AgentId, CallId, Civil, Moment, Pii, Wall};
use proptest::prelude::*;

#[path = "acd/beside.rs"]
mod beside;
#[path = "acd/files.rs"]
mod files;
#[path = "acd/numbers.rs"]
mod numbers;
#[path = "acd/shift.rs"]
mod shift;

const A1: AgentId = AgentId(1);
const A2: AgentId = AgentId(2);
/// A Monday morning.
const BEGINS: Civil = Civil { year: 2026, month: 11, day: 23, hour: 10, minute: 0, second: 0 };

fn agent(id: u64) -> Agent {
    Agent::new(AgentId(id), id.to_string(), format!("sip:{id}@desk.example")).on_duty()
}

fn skilled(id: u64, groups: &[&str], skills: &[(&str, u8)]) -> Agent {
    Agent {
        groups: groups.iter().map(|code| (*code).to_owned()).collect(),
        skills: skills.iter().map(|(skill, level)| ((*skill).to_owned(), *level)).collect(),
        ..agent(id)
    }
}

fn queue(idle: u64) -> Acd {
    Acd::new(Arc::new(Plan::default()), (1..=idle).map(agent))
}

/// Early and late, two languages; callers about labour first to those who know of it.
fn plan() -> Arc<Plan> {
    let text = r#"
        [[groups]]
        code = "labour"
        name = "劳动保障"
        topics = ["劳动保障"]
        overflow = [{ group = "day", after_s = 20 }]
        [[groups]]
        code = "day"
        name = "日班"
        hours = ["07:00-22:00"]
        overflow = [{ group = "night", after_s = 60 }]
        [[groups]]
        code = "night"
        name = "夜班"
        hours = ["22:00-07:00"]
        [[skills]]
        code = "language:en"
        name = "英语"
    "#;
    Arc::new(Plan::parse("plan.toml", text).unwrap())
}

fn wall(ms: u64) -> Wall {
    BEGINS.wall().plus_ms(ms as i64)
}

fn give(queue: &mut Acd, ms: u64, input: Input) -> Vec<String> {
    queue.handle(Moment::from_ms(ms), wall(ms), input).unwrap();
    queue.drain().filter_map(written).collect()
}

fn written(effect: Effect) -> Option<String> {
    match effect {
        Effect::Ring { agent, call } => Some(format!("ring {agent} {call}")),
        Effect::StopRinging { agent, call } => Some(format!("stop {agent} {call}")),
        Effect::CallBack { agent, call } => Some(format!("call back {call} for {agent}")),
        Effect::GivenUp { call } => Some(format!("given up {call}")),
        Effect::Waiting { call, position, agents, estimate_s } => {
            let estimate = estimate_s.map(|s| format!(" {s} s")).unwrap_or_default();
            Some(format!("waiting {call} {position}/{agents}{estimate}"))
        }
        Effect::NobodyOnDuty { call } => Some(format!("nobody {call}")),
        Effect::Full { call } => Some(format!("full {call}")),
        Effect::Agent { .. } | Effect::Record(_) => None,
    }
}

fn enqueue(call: u64, priority: Priority) -> Input {
    Input::Enqueue { call: CallId(call), ask: Ask { priority, ..Ask::default() } }
}

fn about(call: u64, topic: &str, must: &[(&str, u8)]) -> Input {
    let must = must.iter().map(|(skill, level)| ((*skill).to_owned(), *level)).collect();
    let need = Need { must, wish: None, topics: vec![topic.to_owned()] };
    Input::Enqueue { call: CallId(call), ask: Ask { need, ..Ask::default() } }
}

fn from(call: u64, number: &str) -> Input {
    let caller = Some(Pii::new(number.to_owned()));
    Input::Enqueue { call: CallId(call), ask: Ask { caller, ..Ask::default() } }
}

fn order(queue: &Acd) -> Vec<u64> {
    queue.waiting().map(|call| call.0).collect()
}

fn away(agent: AgentId) -> Input {
    Input::Away { agent, reason: "rest".into() }
}

#[test]
fn priority_goes_before_arrival_and_urgency_may_rise() {
    let mut queue = queue(1);
    give(&mut queue, 0, enqueue(1, Priority::Ordinary));
    for call in 2..=4 {
        give(&mut queue, call, enqueue(call, Priority::Ordinary));
    }
    give(&mut queue, 5, enqueue(5, Priority::Emergency));
    assert_eq!(order(&queue), [5, 2, 3, 4]);
    give(&mut queue, 6, enqueue(4, Priority::Emergency));
    assert_eq!(order(&queue), [5, 4, 2, 3], "it has become urgent");
    give(&mut queue, 7, enqueue(4, Priority::Ordinary));
    assert_eq!(order(&queue), [5, 4, 2, 3], "nobody moves down");
}

#[test]
fn an_unanswered_ring_goes_to_the_next_and_back_to_the_front() {
    let mut queue = queue(2);
    assert_eq!(give(&mut queue, 0, enqueue(1, Priority::Ordinary)), ["ring A1 C1"]);
    assert_eq!(give(&mut queue, 15_000, Input::Tick), ["stop A1 C1", "ring A2 C1"]);
    assert_eq!(give(&mut queue, 15_001, Input::Failed { agent: A2 }), ["ring A1 C1"]);
    let gone = give(&mut queue, 30_002, Input::Tick);
    assert_eq!(gone, ["stop A1 C1", "ring A2 C1"], "the second time A1 goes off duty");
    assert_eq!(queue.agent(A1).unwrap().state, AgentState::away(NO_ANSWER));
    assert_eq!(give(&mut queue, 31_000, Input::Failed { agent: A2 }), ["nobody C1"]);
}

#[test]
fn a_caller_whose_agents_line_broke_stands_before_all_ordinary_ones() {
    let mut queue = queue(1);
    give(&mut queue, 0, enqueue(1, Priority::Ordinary));
    give(&mut queue, 1, Input::Answered { agent: A1 });
    give(&mut queue, 2, enqueue(2, Priority::Ordinary));
    assert_eq!(give(&mut queue, 3, Input::Lost { agent: A1 }), ["waiting C1 1/1"]);
    assert_eq!(order(&queue), [1, 2]);
    assert_eq!(
        give(&mut queue, 4, enqueue(1, Priority::Returned)),
        ["waiting C1 1/1"],
        "told anew"
    );
    assert_eq!(queue.agent(A1).unwrap().state.key(), "wrap_up");
    assert_eq!(give(&mut queue, 4, Input::Ready { agent: A1 })[0], "ring A1 C1");
}

#[test]
fn who_has_waited_too_long_goes_before_promises_and_behind_those_who_were_served() {
    let mut queue = queue(1);
    give(&mut queue, 0, enqueue(1, Priority::Ordinary));
    give(&mut queue, 1, Input::Answered { agent: A1 });
    give(&mut queue, 2, enqueue(2, Priority::Ordinary));
    give(&mut queue, 3, enqueue(3, Priority::Promised));
    assert_eq!(order(&queue), [3, 2]);
    let long = queue.plan().rules.long_ms;
    give(&mut queue, 2 + long, Input::Tick);
    assert_eq!(order(&queue), [2, 3]);
    give(&mut queue, 3 + long, enqueue(4, Priority::Returned));
    assert_eq!(order(&queue), [4, 2, 3]);
}

#[test]
fn topics_find_their_group_which_overflows_in_time() {
    let agents = [skilled(1, &["labour"], &[]), skilled(2, &["day"], &[])];
    let mut queue = Acd::new(plan(), agents);
    assert_eq!(give(&mut queue, 0, about(1, "劳动保障", &[])), ["ring A1 C1"]);
    assert_eq!(
        give(&mut queue, 1, about(2, "劳动保障", &[])),
        ["waiting C2 1/1"],
        "A2 is not of it"
    );
    assert_eq!(give(&mut queue, 2, about(3, "噪声", &[])), ["ring A2 C3"]);
    give(&mut queue, 3, Input::Failed { agent: A2 });
    assert_eq!(queue.deadline(), Some(Moment::from_ms(15_000)), "A1's telephone");
    give(&mut queue, 4, Input::Answered { agent: A1 });
    give(&mut queue, 5, Input::Answered { agent: A2 });
    give(&mut queue, 6, Input::Finished { agent: A2 });
    assert!(give(&mut queue, 7, Input::Ready { agent: A2 }).is_empty(), "20 s are not over");
    assert_eq!(give(&mut queue, 20_001, Input::Tick)[0], "ring A2 C2");
}

#[test]
fn a_closed_or_empty_group_overflows_at_once_and_somebody_is_better_than_nobody() {
    let night = [skilled(1, &["night"], &[])];
    let mut queue = Acd::new(plan(), night);
    assert_eq!(give(&mut queue, 0, about(1, "噪声", &[])), ["ring A1 C1"], "the day has nobody");
    let mut queue = Acd::new(plan(), [skilled(1, &["day"], &[])]);
    let evening = 13 * 3_600_000;
    assert_eq!(
        give(&mut queue, evening, about(1, "噪声", &[])),
        ["ring A1 C1"],
        "nor has the night"
    );
}

#[test]
fn a_language_is_waited_for_and_less_of_it_will_do_in_time() {
    let agents = [skilled(1, &["day"], &[]), skilled(2, &["day"], &[("language:en", 2)])];
    let mut queue = Acd::new(plan(), agents);
    let english = [("language:en", 4)];
    // Nobody on duty has level 4: the best there is will do at once.
    assert_eq!(give(&mut queue, 0, about(1, "", &english)), ["ring A2 C1"]);
    assert_eq!(
        give(&mut queue, 1, about(2, "", &[("language:ru", 1)])),
        ["ring A1 C2"],
        "nobody has it"
    );
    let agents = [
        skilled(1, &["day"], &[]),
        skilled(2, &["day"], &[("language:en", 3)]),
        skilled(3, &["day"], &[("language:en", 4)]),
    ];
    let mut queue = Acd::new(plan(), agents);
    assert_eq!(give(&mut queue, 0, about(1, "", &english)), ["ring A3 C1"]);
    assert_eq!(give(&mut queue, 1, about(2, "", &english)), ["waiting C2 1/1"]);
    assert_eq!(give(&mut queue, 2, Input::Answered { agent: AgentId(3) }), [""; 0]);
    assert_eq!(give(&mut queue, 30_001, Input::Tick)[0], "ring A2 C2", "level 3 will do");
}

#[test]
fn who_comes_back_reaches_who_had_the_matter() {
    let mut queue = queue(2);
    give(&mut queue, 0, from(1, "13900000000"));
    give(&mut queue, 1, Input::Answered { agent: A1 });
    give(&mut queue, 2, Input::Finished { agent: A1 });
    assert!(give(&mut queue, 3, from(2, "13900000000"))[0].starts_with("waiting"), "A1 writes up");
    assert_eq!(
        give(&mut queue, 4, Input::Ready { agent: A1 })[0],
        "ring A1 C2",
        "not A2, who is idle longer"
    );
    give(&mut queue, 5, Input::Answered { agent: A1 });
    assert_eq!(give(&mut queue, 6, from(3, "13900000000")), ["waiting C3 1/1"]);
    let wait = queue.plan().rules.owner_wait_ms;
    assert_eq!(give(&mut queue, 6 + wait, Input::Tick)[0], "ring A2 C3", "not for ever");
    give(&mut queue, 7 + wait, Input::Answered { agent: A2 });
    let later = queue.plan().rules.owner_for_ms + 10_000_000;
    for agent in [A1, A2] {
        give(&mut queue, later, Input::Finished { agent });
        give(&mut queue, later, Input::Ready { agent });
    }
    assert_eq!(
        give(&mut queue, later + 1, from(4, "13900000000")),
        ["ring A1 C4"],
        "idle the longest"
    );
}

#[test]
fn a_promised_callback_keeps_its_place() {
    let mut queue = queue(1);
    give(&mut queue, 0, enqueue(1, Priority::Ordinary));
    give(&mut queue, 1, Input::Answered { agent: A1 });
    for call in 2..=3 {
        give(&mut queue, call, enqueue(call, Priority::Ordinary));
    }
    give(&mut queue, 5, Input::Promise { call: CallId(2) });
    give(&mut queue, 6, Input::Leave { call: CallId(2) });
    assert_eq!(order(&queue), [2, 3], "hanging up is no leaving");
    give(&mut queue, 7, Input::Finished { agent: A1 });
    let back = give(&mut queue, 8, Input::Ready { agent: A1 });
    assert_eq!(back, ["call back C2 for A1"]);
    let reached = Input::Reached { call: CallId(2), line: CallId(9) };
    assert_eq!(give(&mut queue, 9, reached), ["ring A1 C9"]);
    give(&mut queue, 10, Input::Answered { agent: A1 });
    assert_eq!(queue.agent(A1).unwrap().state, AgentState::Talking { call: CallId(9) });
}

#[test]
fn who_is_not_reached_is_called_again_and_then_given_up() {
    let mut queue = queue(1);
    give(&mut queue, 0, enqueue(1, Priority::Ordinary));
    assert_eq!(
        give(&mut queue, 1, Input::Promise { call: CallId(1) }),
        ["stop A1 C1", "call back C1 for A1"]
    );
    give(&mut queue, 2, Input::Unreached { call: CallId(1) });
    assert_eq!(queue.agent(A1).unwrap().state.key(), "idle", "not kept for nobody");
    let retry = queue.plan().rules.callback_retry_ms;
    assert_eq!(queue.deadline(), Some(Moment::from_ms(2 + retry)));
    assert_eq!(give(&mut queue, 2 + retry, Input::Tick), ["call back C1 for A1"]);
    let late = 2 + retry + queue.plan().rules.callback_ms;
    assert_eq!(give(&mut queue, late, Input::Tick), ["stop A1 C1", "given up C1"]);
    assert!(order(&queue).is_empty());
}

#[test]
fn waits_are_estimated_from_the_talks_that_were_seen() {
    let mut queue = queue(1);
    for call in 1..=5 {
        let at = call * 100_000;
        give(&mut queue, at, enqueue(call, Priority::Ordinary));
        give(&mut queue, at + 1, Input::Answered { agent: A1 });
        give(&mut queue, at + 50_001, Input::Finished { agent: A1 });
        give(&mut queue, at + 60_001, Input::Ready { agent: A1 });
    }
    give(&mut queue, 700_000, enqueue(6, Priority::Ordinary));
    assert_eq!(give(&mut queue, 700_001, enqueue(7, Priority::Ordinary)), ["waiting C7 1/1 60 s"]);
    assert_eq!(give(&mut queue, 700_002, enqueue(8, Priority::Ordinary)), ["waiting C8 2/1 120 s"]);
}

#[test]
fn agents_hold_write_up_with_a_code_and_leave_when_they_are_done() {
    let mut queue = queue(1);
    let state = |queue: &Acd| queue.agent(A1).unwrap().state.key();
    give(&mut queue, 0, enqueue(1, Priority::Ordinary));
    give(&mut queue, 1, Input::Answered { agent: A1 });
    give(&mut queue, 2, Input::Hold { agent: A1 });
    assert_eq!(state(&queue), "hold");
    give(&mut queue, 3, Input::Resume { agent: A1 });
    give(&mut queue, 4, away(A1));
    assert_eq!(state(&queue), "talking", "the talk is finished first");
    give(&mut queue, 5, Input::Code { agent: A1, code: "answered".into() });
    give(&mut queue, 10, Input::Finished { agent: A1 });
    assert_eq!(state(&queue), "wrap_up");
    let limit = queue.deadline().unwrap();
    queue.handle(limit, wall(limit.ms), Input::Tick).unwrap();
    let records: Vec<Record> = queue
        .drain()
        .filter_map(|effect| match effect {
            Effect::Record(record) => Some(record),
            _ => None,
        })
        .collect();
    let code = Some("answered".to_owned());
    let wrap_up_ms = queue.plan().rules.wrap_up_ms;
    assert_eq!(records, [Record::WrappedUp { call: CallId(1), agent: A1, code, wrap_up_ms }]);
    assert_eq!(queue.agent(A1).unwrap().state, AgentState::away("rest"));
}

#[test]
fn what_is_not_known_is_refused_and_changes_nothing() {
    let (mut queue, agent) = (queue(1), AgentId(99));
    let give_to = |queue: &mut Acd, input| queue.handle(Moment::ZERO, wall(0), input);
    for input in [
        Input::Answered { agent },
        Input::Failed { agent },
        Input::Finished { agent },
        Input::Lost { agent },
        Input::Hold { agent },
        Input::Ready { agent },
        away(agent),
    ] {
        assert_eq!(give_to(&mut queue, input), Err(AcdError::NoAgent(agent)));
    }
    let refused = give_to(&mut queue, Input::Away { agent: A1, reason: "fishing".into() });
    let error = refused.unwrap_err().to_string();
    assert!(error.contains("fishing") && error.contains("meal"), "{error}");
    let refused = give_to(&mut queue, Input::Code { agent: A1, code: "answered".into() });
    assert!(matches!(refused, Err(AcdError::NothingToWrapUp { .. })), "{refused:?}");
    assert_eq!(queue.agent(A1).unwrap().state.key(), "idle");
    assert!(give(&mut queue, 0, Input::Leave { call: CallId(7) }).is_empty());
}

fn inputs() -> impl Strategy<Value = Input> {
    let agent = || (1_u64..6).prop_map(AgentId);
    let call = || (1_u64..10).prop_map(CallId);
    let priority = prop_oneof![
        1 => Just(Priority::Emergency),
        1 => Just(Priority::Returned),
        4 => Just(Priority::Ordinary)
    ];
    let must = prop::option::weighted(0.3, (Just("language:en".to_owned()), 1_u8..6));
    let wish = prop::option::weighted(0.2, (Just("language:en".to_owned()), 1_u8..6));
    let topic = prop_oneof!["劳动保障", "噪声"];
    let number = prop::option::of((0_u64..3).prop_map(|n| Pii::new(format!("1390000000{n}"))));
    let ask =
        (priority, must, wish, topic, number).prop_map(|(priority, must, wish, topic, caller)| {
            let must = must.into_iter().collect();
            Ask { priority, need: Need { must, wish, topics: vec![topic] }, caller }
        });
    prop_oneof![
        8 => (call(), ask).prop_map(|(call, ask)| Input::Enqueue { call, ask }),
        2 => call().prop_map(|call| Input::Leave { call }),
        2 => call().prop_map(|call| Input::Promise { call }),
        1 => call().prop_map(|call| Input::Withdraw { call }),
        2 => (call(), 20_u64..30).prop_map(|(call, line)| Input::Reached { call, line: CallId(line) }),
        1 => call().prop_map(|call| Input::Unreached { call }),
        4 => agent().prop_map(|agent| Input::Answered { agent }),
        2 => agent().prop_map(|agent| Input::Failed { agent }),
        1 => agent().prop_map(|agent| Input::Hold { agent }),
        1 => agent().prop_map(|agent| Input::Resume { agent }),
        4 => agent().prop_map(|agent| Input::Finished { agent }),
        2 => agent().prop_map(|agent| Input::Lost { agent }),
        4 => agent().prop_map(|agent| Input::Ready { agent }),
        2 => agent().prop_map(away),
        3 => Just(Input::Tick),
    ]
}

fn crew() -> Vec<Agent> {
    vec![
        skilled(1, &["labour"], &[("language:en", 2)]),
        skilled(2, &["labour", "day"], &[]),
        skilled(3, &["day"], &[("language:en", 5)]),
        skilled(4, &["night"], &[]),
        skilled(5, &[], &[]),
    ]
}

/// Where every caller is by what the queue has said, as somebody who only hears it knows it.
#[derive(Default)]
struct Known {
    here: BTreeSet<CallId>,
    rung: BTreeMap<AgentId, CallId>,
}

impl Known {
    fn hears(&mut self, queue: &Acd, effect: &Effect) -> Result<(), TestCaseError> {
        match effect {
            Effect::Record(Record::Entered { call, .. }) => {
                self.here.insert(*call);
            }
            Effect::Record(Record::Reached { call, line }) => {
                prop_assert!(self.here.remove(call));
                self.here.insert(*line);
            }
            Effect::Record(Record::Left { call, why, .. }) => {
                prop_assert!(self.here.remove(call), "{call} leaves twice: {why:?}");
            }
            Effect::Record(Record::Ended { call, .. }) => {
                self.here.remove(call);
            }
            Effect::Ring { agent, call } | Effect::CallBack { agent, call } => {
                let before = self.rung.insert(*agent, *call);
                prop_assert!(queue.agent(*agent).is_some());
                prop_assert!(self.here.contains(call), "{call} is not here; before it {before:?}");
            }
            _ => {}
        }
        Ok(())
    }
}

fn holds(queue: &Acd, known: &Known, input: &Input) -> Result<(), TestCaseError> {
    let waiting: Vec<CallId> = queue.waiting().collect();
    for call in &waiting {
        for agent in queue.agents() {
            let idle = matches!(agent.state, AgentState::Idle { .. });
            let takes = queue.may_take(*call, agent.id);
            prop_assert!(!(idle && takes), "{} is idle beside {call} after {input:?}", agent.id);
        }
    }
    let mut places = waiting;
    places.extend(queue.agents().filter_map(|agent| agent.state.serves()));
    let all = places.len();
    let places: BTreeSet<CallId> = places.into_iter().collect();
    prop_assert_eq!(places.len(), all, "somebody is in two places after {:?}", input);
    prop_assert_eq!(&places, &known.here, "somebody is lost after {:?}", input);
    Ok(())
}

proptest! {
    #[test]
    fn nobody_is_idle_beside_a_caller_and_nobody_is_lost_or_in_two_places(
        steps in prop::collection::vec((0_u64..20_000, inputs()), 1..150),
        backwards in prop::collection::vec(any::<bool>(), 150),
    ) {
        let (mut queue, mut now) = (Acd::new(plan(), crew()), 100_000_u64);
        let mut known = Known::default();
        queue.handle(Moment::from_ms(now), wall(now), Input::Tick).unwrap();
        for ((ms, input), back) in steps.into_iter().zip(backwards) {
            // A clock that is set back now and then.
            let at = if back { now.saturating_sub(ms) } else { now + ms };
            now = now.max(at);
            // The wall clock goes its own way: through the night and back.
            queue.handle(Moment::from_ms(at), wall(at * 50), input.clone()).unwrap();
            for effect in queue.drain().collect::<Vec<_>>() {
                known.hears(&queue, &effect)?;
            }
            holds(&queue, &known, &input)?;
            if input == Input::Tick {
                let later = queue.deadline().is_none_or(|next| next > Moment::from_ms(now));
                prop_assert!(later, "the clock stands still");
            }
        }
    }

    #[test]
    fn among_equals_who_came_first_is_rung_first(
        steps in prop::collection::vec((0_u64..9_000, 0_u32..6), 1..150),
    ) {
        let (mut queue, mut now, mut next) = (queue(2), 0, 1_u64);
        let mut rung = Vec::new();
        for (ms, what) in steps {
            now += ms;
            let agent = AgentId(1 + u64::from(what % 2));
            let input = match what {
                0 | 1 => { next += 1; enqueue(next, Priority::Ordinary) }
                2 | 3 => Input::Answered { agent },
                _ => Input::Finished { agent },
            };
            for input in [input, Input::Ready { agent }] {
                queue.handle(Moment::from_ms(now), wall(now), input).unwrap();
                rung.extend(queue.drain().filter_map(|effect| match effect {
                    Effect::Ring { call, .. } => Some(call),
                    _ => None,
                }));
            }
        }
        let mut in_order = rung.clone();
        in_order.sort_unstable();
        prop_assert_eq!(rung, in_order);
    }

    #[test]
    fn a_restart_loses_nobody(
        steps in prop::collection::vec((0_u64..20_000, inputs()), 1..80),
        pause in 0_u64..10_000_000,
    ) {
        let (mut queue, mut now) = (Acd::new(plan(), crew()), 0);
        for (ms, input) in steps {
            now += ms;
            queue.handle(Moment::from_ms(now), wall(now), input).unwrap();
        }
        let mut before: Vec<CallId> = queue.waiting().collect();
        before.extend(queue.agents().filter_map(|agent| agent.state.serves()));
        before.sort_unstable();
        let snapshot = queue.snapshot();
        let order: Vec<CallId> = snapshot.callers.iter().map(|caller| caller.call).collect();
        // Another process, another clock.
        let (start, at) = (Moment::from_ms(5), wall(now + pause));
        let mut again = Acd::restore(plan(), crew(), snapshot, start, at);
        prop_assert_eq!(again.waiting().collect::<Vec<_>>(), order);
        again.handle(start, at, Input::Tick).unwrap();
        let left = again.drain().filter_map(|effect| match effect {
            Effect::Record(Record::Left { call, .. }) => Some(call),
            _ => None,
        });
        let mut after: Vec<CallId> = left.collect();
        after.extend(again.waiting());
        after.extend(again.agents().filter_map(|agent| agent.state.serves()));
        after.sort_unstable();
        prop_assert_eq!(after, before);
    }
}
