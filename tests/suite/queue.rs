//! Who waits for whom.

use huiyin::desk::queue::{Effect, Input, Priority, Queue, Rules};
use huiyin::desk::{Agent, AgentState, DeskError};
use huiyin::kernel::{AgentId, CallId, Moment};
use proptest::prelude::*;

const A1: AgentId = AgentId(1);
const A2: AgentId = AgentId(2);

fn queue(idle: u64) -> Queue {
    let agents = (1..=idle).map(|id| Agent {
        id: AgentId(id),
        name: id.to_string(),
        uri: format!("sip:{id}@desk.example"),
        state: AgentState::Idle { since: Moment::ZERO },
    });
    Queue::new(Rules::default(), agents)
}

fn give(queue: &mut Queue, ms: u64, input: Input) -> Vec<String> {
    queue.handle(Moment::from_ms(ms), input).unwrap();
    let written = |effect| match effect {
        Effect::Ring { agent, call } => Some(format!("ring {agent} {call}")),
        Effect::StopRinging { agent, call } => Some(format!("stop {agent} {call}")),
        Effect::Waiting { call, position, agents } => {
            Some(format!("waiting {call} {position}/{agents}"))
        }
        Effect::NobodyOnDuty { call } => Some(format!("nobody {call}")),
        Effect::Full { call } => Some(format!("full {call}")),
        Effect::Agent { .. } => None,
    };
    queue.drain().filter_map(written).collect()
}

fn enqueue(call: u64, priority: Priority) -> Input {
    Input::Enqueue { call: CallId(call), priority }
}

fn order(queue: &Queue) -> Vec<u64> {
    queue.waiting().map(|call| call.0).collect()
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
    assert_eq!(queue.agent(A1).unwrap().state, AgentState::Away);
    assert_eq!(give(&mut queue, 31_000, Input::Failed { agent: A2 }), ["nobody C1"]);
}

#[test]
fn a_caller_whose_agent_was_lost_waits_again_while_the_agent_writes_up() {
    let mut queue = queue(1);
    give(&mut queue, 0, enqueue(1, Priority::Ordinary));
    give(&mut queue, 1, Input::Answered { agent: A1 });
    give(&mut queue, 2, enqueue(2, Priority::Ordinary));
    give(&mut queue, 3, Input::Finished { agent: A1 });
    give(&mut queue, 3, enqueue(1, Priority::Returned));
    assert_eq!(order(&queue), [1, 2]);
    assert_eq!(give(&mut queue, 4, Input::Ready { agent: A1 })[0], "ring A1 C1");
}

#[test]
fn unknown_agents_are_refused() {
    let (mut queue, agent) = (queue(1), AgentId(99));
    for input in [
        Input::Answered { agent },
        Input::Failed { agent },
        Input::Finished { agent },
        Input::Ready { agent },
        Input::Away { agent },
    ] {
        assert_eq!(queue.handle(Moment::ZERO, input), Err(DeskError::NoAgent(agent)));
    }
    assert!(give(&mut queue, 0, Input::Leave { call: CallId(7) }).is_empty());
}

fn inputs() -> impl Strategy<Value = Input> {
    let agent = || (1_u64..4).prop_map(AgentId);
    let call = || (1_u64..8).prop_map(CallId);
    let priority = prop_oneof![Just(Priority::Emergency), Just(Priority::Ordinary)];
    prop_oneof![
        4 => (call(), priority).prop_map(|(call, priority)| Input::Enqueue { call, priority }),
        1 => call().prop_map(|call| Input::Leave { call }),
        2 => agent().prop_map(|agent| Input::Answered { agent }),
        1 => agent().prop_map(|agent| Input::Failed { agent }),
        2 => agent().prop_map(|agent| Input::Finished { agent }),
        2 => agent().prop_map(|agent| Input::Ready { agent }),
        1 => agent().prop_map(|agent| Input::Away { agent }),
        2 => Just(Input::Tick),
    ]
}

proptest! {
    #[test]
    fn nobody_waits_beside_an_idle_agent_and_nobody_is_in_two_places(
        steps in prop::collection::vec((0_u64..20_000, inputs()), 1..120),
    ) {
        let (mut queue, mut now) = (queue(3), 0);
        for (ms, input) in steps {
            now += ms;
            give(&mut queue, now, input.clone());
            let idle = queue.agents().any(|a| matches!(a.state, AgentState::Idle { .. }));
            let mut calls: Vec<CallId> = queue.waiting().collect();
            prop_assert!(calls.is_empty() || !idle, "{input:?}");
            calls.extend(queue.agents().filter_map(|a| match a.state {
                AgentState::Ringing { call, .. } | AgentState::Talking { call } => Some(call),
                _ => None,
            }));
            let places = calls.len();
            calls.sort_unstable();
            calls.dedup();
            prop_assert_eq!(calls.len(), places, "{:?}", input);
            if input == Input::Tick {
                let later = queue.deadline().is_none_or(|at| at > Moment::from_ms(now));
                prop_assert!(later, "the clock stands still");
            }
        }
    }
}
