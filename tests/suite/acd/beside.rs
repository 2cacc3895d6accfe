//! Agents beside another: asked, supervising, taking a caller who is passed on.

use huiyin::acd::Whom;

use super::*;

const C1: CallId = CallId(1);
const C2: CallId = CallId(2);

fn enqueue(queue: &mut Acd, ms: u64, call: CallId) -> Vec<String> {
    give(queue, ms, Input::Enqueue { call, ask: Ask::default() })
}

fn state(queue: &Acd, agent: AgentId) -> &'static str {
    queue.agent(agent).unwrap().state.key()
}

fn talking(agents: u64) -> Acd {
    let mut queue = queue(agents);
    enqueue(&mut queue, 0, C1);
    give(&mut queue, 1, Input::Answered { agent: A1 });
    queue
}

fn ask(whom: Whom) -> Input {
    Input::Ask { call: C1, whom }
}

#[test]
fn who_is_asked_has_no_other_caller_and_is_idle_again_afterwards() {
    let mut queue = talking(2);
    assert!(give(&mut queue, 2, ask(Whom::Agent(A2))).contains(&"ring A2 C1".to_owned()));
    enqueue(&mut queue, 3, C2);
    assert!(queue.waits(C2), "one call an agent");
    give(&mut queue, 4, Input::Answered { agent: A2 });
    assert_eq!(state(&queue, A2), "talking");
    let spared = give(&mut queue, 5, Input::Spare { agent: A2 });
    assert!(spared.contains(&"ring A2 C2".to_owned()), "{spared:?}");
    assert_eq!(state(&queue, A1), "talking");
}

#[test]
fn who_is_busy_is_not_asked_and_a_group_gives_the_one_idle_the_longest() {
    let mut queue = talking(2);
    give(&mut queue, 2, ask(Whom::Agent(A2)));
    let refused = queue.handle(Moment::from_ms(3), wall(3), ask(Whom::Agent(A2)));
    assert_eq!(refused, Err(AcdError::NotFree { agent: A2, state: "ringing" }));
    let code = queue.plan().groups.first().unwrap().code.clone();
    let refused = queue.handle(Moment::from_ms(3), wall(3), ask(Whom::Group(code.clone())));
    assert_eq!(refused, Err(AcdError::NobodyFree { group: code.clone() }));
    let mut queue = talking(3);
    queue.drain().for_each(drop);
    assert!(give(&mut queue, 2, ask(Whom::Group(code))).contains(&"ring A2 C1".to_owned()));
}

#[test]
fn a_caller_who_is_passed_on_is_the_others() {
    let mut queue = talking(2);
    give(&mut queue, 2, ask(Whom::Agent(A2)));
    give(&mut queue, 3, Input::Answered { agent: A2 });
    give(&mut queue, 4, Input::Pass { from: A1, to: Some(A2) });
    assert_eq!((state(&queue, A1), state(&queue, A2)), ("wrap_up", "talking"));
    give(&mut queue, 5, Input::Finished { agent: A2 });
    assert_eq!(state(&queue, A2), "wrap_up");
}

#[test]
fn a_passed_caller_who_is_not_taken_rings_at_the_first_again_or_waits_in_front() {
    let mut queue = talking(2);
    give(&mut queue, 2, ask(Whom::Agent(A2)));
    give(&mut queue, 3, Input::Pass { from: A1, to: Some(A2) });
    enqueue(&mut queue, 4, C2);
    let missed = give(&mut queue, 20_000, Input::Tick);
    assert!(missed.starts_with(&["stop A2 C1".to_owned()]), "{missed:?}");
    assert!(missed.contains(&"ring A1 C1".to_owned()), "{missed:?}");
    assert!(missed.contains(&"ring A2 C2".to_owned()), "{missed:?}");

    let mut queue = talking(2);
    give(&mut queue, 2, ask(Whom::Agent(A2)));
    give(&mut queue, 3, Input::Pass { from: A1, to: Some(A2) });
    give(&mut queue, 4, Input::Away { agent: A1, reason: "rest".into() });
    enqueue(&mut queue, 5, C2);
    let missed = give(&mut queue, 20_000, Input::Tick);
    assert!(missed.contains(&"ring A2 C1".to_owned()), "before who came later: {missed:?}");
}

#[test]
fn a_supervisor_is_rung_off_duty_and_is_nobody_who_could_take_callers() {
    let mut queue = talking(2);
    give(&mut queue, 2, Input::Away { agent: A2, reason: "rest".into() });
    assert!(
        give(&mut queue, 3, Input::Attend { agent: A2, call: C1 }).contains(&"ring A2 C1".into())
    );
    give(&mut queue, 4, Input::Answered { agent: A2 });
    give(&mut queue, 5, Input::Away { agent: A1, reason: "rest".into() });
    give(&mut queue, 6, Input::Finished { agent: A1 });
    give(&mut queue, 60_000, Input::Tick);
    let alone = enqueue(&mut queue, 60_001, C2);
    assert!(alone.iter().any(|effect| effect.starts_with("nobody")), "{alone:?}");
    give(&mut queue, 60_002, Input::Spare { agent: A2 });
    assert_eq!(state(&queue, A2), "away");
}

#[test]
fn a_telephone_beside_that_is_not_answered_stops() {
    let mut queue = talking(2);
    give(&mut queue, 2, ask(Whom::Agent(A2)));
    let stopped = give(&mut queue, 20_000, Input::Tick);
    assert!(stopped.contains(&"stop A2 C1".to_owned()), "{stopped:?}");
    assert_eq!(state(&queue, A2), "idle");
    assert_eq!(queue.deadline(), None);
}
