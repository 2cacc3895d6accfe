//! Agents hold, bring in and pass on; supervisors listen and take over: the caller is always with somebody, or on the way there.

use std::collections::{BTreeMap, BTreeSet};

use huiyin::bridge::Part;
use huiyin::desk::DeskError;
use huiyin::hotline::{Act, Toward};

use super::*;

const A1: AgentId = AgentId(1);
const A2: AgentId = AgentId(2);

/// Agent 1 talks with the caller, on leg 1.
fn talking(agents: u64) -> Desk {
    let mut desk = desk(agents);
    assert_eq!(desk.call_for_a_person(2), ["dial L1 A1"]);
    assert_eq!(desk.give(Input::LegUp { leg: LegId(1) }), ["join L1"]);
    desk
}

fn order(desk: &mut Desk, command: Command) -> Vec<String> {
    desk.give(Input::Command { token: 1, command })
}

fn act(desk: &mut Desk, act: Act) -> Vec<String> {
    order(desk, Command::Talk { agent: A1, act })
}

/// The code of the refusal.
fn refused(desk: &mut Desk, command: Command) -> Option<&'static str> {
    let wall = BEGINS.wall().plus_ms(desk.now.ms as i64);
    desk.hotline.handle(desk.now, wall, Input::Command { token: 1, command });
    let effects: Vec<Effect> = desk.hotline.drain().collect();
    effects.into_iter().find_map(|effect| match effect {
        Effect::Reply { result: Err(DeskError::Refused { code, .. }), .. } => Some(code),
        _ => None,
    })
}

/// Whether the caller hears music after this.
fn music(desk: &mut Desk, input: Input) -> Option<bool> {
    let wall = BEGINS.wall().plus_ms(desk.now.ms as i64);
    desk.hotline.handle(desk.now, wall, input);
    let music = desk.hotline.drain().filter_map(|effect| match effect {
        Effect::Music { on, .. } => Some(on),
        _ => None,
    });
    music.last()
}

#[test]
fn the_caller_hears_music_while_held_and_the_agent_is_on_hold() {
    let mut desk = talking(1);
    let hold = |act| Input::Command { token: 1, command: Command::Talk { agent: A1, act } };
    assert_eq!(music(&mut desk, hold(Act::Hold)), Some(true));
    assert_eq!(desk.agent(1), "hold");
    assert_eq!(music(&mut desk, hold(Act::Resume)), Some(false));
    assert_eq!(desk.agent(1), "talking");
    // The telephone's own key does the same.
    assert_eq!(music(&mut desk, Input::Held { leg: LegId(1), on: true }), Some(true));
    assert_eq!(desk.agent(1), "hold");
    // A line that breaks in the middle of it is a lost one all the same.
    assert_eq!(desk.end(LegId(1), EndReason::MediaTimeout), ["part"]);
    assert_eq!(desk.hotline.queue().waiting().collect::<Vec<_>>(), [CALL]);
}

#[test]
fn an_attended_transfer_leaves_the_caller_with_the_one_who_was_asked() {
    let mut desk = talking(2);
    assert_eq!(act(&mut desk, Act::Ask(Toward::Agent(A2))), ["dial L3 A2"]);
    assert_eq!((desk.agent(1), desk.agent(2)), ("hold", "ringing"));
    assert_eq!(desk.give(Input::LegUp { leg: LegId(3) }), ["join L3"]);
    assert_eq!(desk.agent(2), "talking");
    assert_eq!(act(&mut desk, Act::Pass), ["hang up L1", "part"]);
    assert_eq!((desk.agent(1), desk.agent(2)), ("wrap_up", "talking"));
    // From here on the caller is theirs: their lost line brings the caller to the front.
    assert_eq!(desk.end(LegId(3), EndReason::MediaTimeout), ["part"]);
    assert_eq!(desk.hotline.queue().waiting().collect::<Vec<_>>(), [CALL]);
}

#[test]
fn who_is_asked_and_does_not_answer_is_no_longer_rung_and_the_caller_is_with_the_agent() {
    let mut desk = talking(2);
    act(&mut desk, Act::Ask(Toward::Agent(A2)));
    assert_eq!(desk.later(15_000), ["hang up L3"]);
    assert_eq!((desk.agent(1), desk.agent(2)), ("talking", "idle"));
    act(&mut desk, Act::Ask(Toward::Agent(A2)));
    assert_eq!(act(&mut desk, Act::CallOff), ["hang up L5"]);
    assert_eq!((desk.agent(1), desk.agent(2)), ("talking", "idle"));
}

#[test]
fn a_blind_transfer_that_nobody_answers_rings_the_agent_again() {
    let mut desk = talking(2);
    let passed = act(&mut desk, Act::Transfer(Toward::Agent(A2)));
    assert_eq!(passed, ["dial L3 A2", "hang up L1", "part"]);
    assert_eq!((desk.agent(1), desk.agent(2)), ("wrap_up", "ringing"));
    assert_eq!(desk.later(15_000), ["hang up L3", "dial L5 A1"]);
    assert_eq!(desk.give(Input::LegUp { leg: LegId(5) }), ["join L5"]);
    assert_eq!((desk.agent(1), desk.agent(2)), ("talking", "idle"));
}

#[test]
fn it_goes_to_the_front_of_the_queue_where_the_agent_is_gone() {
    let mut desk = talking(3);
    act(&mut desk, Act::Transfer(Toward::Agent(A2)));
    order(&mut desk, Command::AgentAway { agent: A1, reason: "rest".into() });
    // The third is idle: rung at once, for somebody who waits before all others.
    assert_eq!(desk.later(15_000), ["hang up L3", "dial L5 A3"]);
    let mut desk = talking(2);
    act(&mut desk, Act::Transfer(Toward::Agent(A2)));
    order(&mut desk, Command::AgentAway { agent: A1, reason: "rest".into() });
    desk.later(15_000);
    order(&mut desk, Command::AgentAway { agent: A2, reason: "rest".into() });
    assert!(desk.hotline.queue().waiting().count() <= 1);
    assert!(desk.hotline.calls() == 1, "the caller is still there");
}

#[test]
fn outside_is_the_same_and_only_who_is_listed_is_called() {
    let mut desk = talking(1);
    let off_list = Command::Talk { agent: A1, act: Act::Ask(Toward::Outside("119".into())) };
    assert_eq!(refused(&mut desk, off_list), Some("not_listed"));
    // Three-party: 110 and the caller, and the agent may leave.
    assert_eq!(act(&mut desk, Act::Ask(Toward::Outside("110".into()))), ["dial L3 110"]);
    assert_eq!(desk.give(Input::LegUp { leg: LegId(3) }), ["join L3"]);
    assert!(act(&mut desk, Act::Join).is_empty());
    assert_eq!(desk.agent(1), "talking");
    assert_eq!(desk.end(LegId(1), PEER), ["part"]);
    assert_eq!(desk.agent(1), "wrap_up");
    assert_eq!(desk.end(LegId(3), PEER), ["part", "hang up L2", "close C1"]);
    assert_eq!(desk.give(Input::MediaClosed { call: CALL }), ["C1 ended handed_over"]);

    let mut desk = talking(1);
    let passed = act(&mut desk, Act::Transfer(Toward::Outside("water".into())));
    assert_eq!(passed, ["dial L3 water", "hang up L1", "part"]);
    assert_eq!(desk.end(LegId(3), EndReason::Busy), ["dial L5 A1"], "back to who had them");
}

#[test]
fn a_transfer_to_a_group_is_a_place_at_its_front() {
    let mut desk = talking(2);
    let group = desk.hotline.queue().plan().groups.first().unwrap().code.clone();
    let passed = act(&mut desk, Act::Transfer(Toward::Group(group)));
    assert_eq!(passed, ["hang up L1", "part", "dial L3 A2"]);
    let none = Command::Talk { agent: A1, act: Act::Transfer(Toward::Group("none".into())) };
    assert_eq!(refused(&mut desk, none), Some("nobody_serves"));
}

#[test]
fn a_supervisor_listens_off_duty_and_takes_over() {
    let mut desk = talking(2);
    order(&mut desk, Command::AgentAway { agent: A2, reason: "rest".into() });
    let watch = |part| Command::Watch { call: CALL, at: A2, part };
    assert_eq!(order(&mut desk, watch(Part::Listens)), ["dial L3 A2"]);
    assert_eq!(desk.give(Input::LegUp { leg: LegId(3) }), ["join L3"]);
    assert!(order(&mut desk, watch(Part::Whispers)).is_empty(), "no second telephone is rung");
    assert_eq!(order(&mut desk, Command::TakeOver { at: A2 }), ["hang up L1", "part"]);
    assert_eq!((desk.agent(1), desk.agent(2)), ("wrap_up", "talking"));
    assert_eq!(desk.end(CALLER, PEER), ["hang up L3", "close C1"]);
    assert_eq!(desk.agent(2), "wrap_up");
    desk.later(30_000);
    assert_eq!(desk.agent(2), "away", "as before");
    assert_eq!(refused(&mut desk, watch(Part::Listens)), Some("nobody_serves"));
}

#[test]
fn who_only_listened_is_away_again_and_the_end_of_the_talk_ends_it() {
    let mut desk = talking(2);
    order(&mut desk, Command::AgentAway { agent: A2, reason: "rest".into() });
    order(&mut desk, Command::Watch { call: CALL, at: A2, part: Part::Listens });
    desk.give(Input::LegUp { leg: LegId(3) });
    assert_eq!(order(&mut desk, Command::Unwatch { at: A2 }), ["hang up L3", "part"]);
    assert_eq!(desk.agent(2), "away");
    order(&mut desk, Command::Watch { call: CALL, at: A2, part: Part::Listens });
    desk.give(Input::LegUp { leg: LegId(5) });
    let ended = desk.end(LegId(1), PEER);
    assert_eq!(ended, ["part", "hang up L2", "hang up L5", "close C1"]);
    assert_eq!(desk.agent(2), "away");
}

#[test]
fn messages_are_kept_for_those_they_are_to() {
    let mut desk = desk(2);
    let to_all =
        Command::Message { to: None, text: " 今晚有暴雨 ".into(), by: "班长".into() };
    let wall = BEGINS.wall();
    desk.hotline.handle(desk.now, wall, Input::Command { token: 1, command: to_all });
    let kept: Vec<(AgentId, String)> = desk
        .hotline
        .drain()
        .filter_map(|effect| match effect {
            Effect::Keep { fact: Fact::AgentMessage { agent, text, .. }, .. } => {
                Some((agent, text))
            }
            _ => None,
        })
        .collect();
    assert_eq!(kept, [(A1, "今晚有暴雨".to_owned()), (A2, "今晚有暴雨".to_owned())]);
    let long = Command::Message { to: Some(A1), text: "字".repeat(501), by: "班长".into() };
    assert_eq!(refused(&mut desk, long), Some("bad_text"));
}

/// What may happen on a desk of three agents and two callers.
#[derive(Clone, Debug)]
enum Step {
    Act(u64, u8, u64),
    Watch(u64, u64, usize),
    Unwatch(u64),
    TakeOver(u64),
    Up(u64),
    Down(u64, bool),
    Ready(u64),
    Away(u64),
    Later(u64),
}

fn steps() -> impl Strategy<Value = Step> {
    let agent = 1..5u64;
    prop_oneof![
        5 => (agent.clone(), 0..9u8, 1..6u64).prop_map(|(a, act, to)| Step::Act(a, act, to)),
        2 => (1..3u64, agent.clone(), 0..3usize).prop_map(|(c, a, p)| Step::Watch(c, a, p)),
        1 => agent.clone().prop_map(Step::Unwatch),
        1 => agent.clone().prop_map(Step::TakeOver),
        6 => (0..6u64).prop_map(Step::Up),
        2 => (0..6u64, any::<bool>()).prop_map(|(leg, how)| Step::Down(leg, how)),
        2 => agent.clone().prop_map(Step::Ready),
        1 => agent.prop_map(Step::Away),
        3 => (0..40_000u64).prop_map(Step::Later),
    ]
}

fn act_of(act: u8, to: u64) -> Act {
    let toward = match to {
        1..=3 => Toward::Agent(AgentId(to)),
        4 => Toward::Outside("110".into()),
        _ => Toward::Group("all".into()),
    };
    match act {
        0 => Act::Hold,
        1 => Act::Resume,
        2 | 3 => Act::Ask(toward),
        4 => Act::Join,
        5 | 6 => Act::Pass,
        7 => Act::CallOff,
        _ => Act::Transfer(toward),
    }
}

/// Legs of the house: who is rung on them, until they are down.
#[derive(Default)]
struct Lines {
    rings: BTreeMap<LegId, Option<AgentId>>,
    up: BTreeSet<LegId>,
    music: BTreeMap<CallId, bool>,
    heard: BTreeMap<CallId, bool>,
    /// The robot has said something since people or music were heard.
    robot: BTreeSet<CallId>,
    ended: BTreeSet<CallId>,
}

impl Lines {
    fn take(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Dial { leg, party: Party::Agent { agent, .. }, .. } => {
                    let twice = self.rings.values().any(|other| *other == Some(agent));
                    assert!(!twice, "{agent} is rung twice");
                    self.rings.insert(leg, Some(agent));
                }
                Effect::Dial { leg, .. } => {
                    self.rings.insert(leg, None);
                }
                Effect::HangUp { leg } => {
                    self.rings.remove(&leg);
                    self.up.remove(&leg);
                }
                Effect::Music { call, on } => {
                    self.music.insert(call, on);
                    if on {
                        self.robot.remove(&call);
                    }
                }
                Effect::Say { call, .. } => {
                    self.robot.insert(call);
                }
                Effect::Hears { call, hearing } => {
                    let caller = LegId(call.0 * 2);
                    self.heard.insert(call, !hearing.heard_by(caller).is_empty());
                }
                Effect::Close { call } => {
                    self.ended.insert(call);
                }
                _ => {}
            }
        }
    }

    fn any(&self, at: u64) -> Option<LegId> {
        self.rings.keys().nth(at as usize % self.rings.len().max(1)).copied()
    }
}

fn step_of(step: Step, lines: &mut Lines) -> Option<Input> {
    let command = |command| Some(Input::Command { token: 1, command });
    match step {
        Step::Act(agent, act, to) => {
            command(Command::Talk { agent: AgentId(agent), act: act_of(act, to) })
        }
        Step::Watch(call, at, part) => command(Command::Watch {
            call: CallId(call),
            at: AgentId(at),
            part: [Part::Listens, Part::Whispers, Part::Barges][part],
        }),
        Step::Unwatch(at) => command(Command::Unwatch { at: AgentId(at) }),
        Step::TakeOver(at) => command(Command::TakeOver { at: AgentId(at) }),
        Step::Up(at) => {
            let leg = lines.any(at)?;
            lines.up.insert(leg);
            Some(Input::LegUp { leg })
        }
        Step::Down(at, hung_up) => {
            let leg = lines.any(at)?;
            lines.rings.remove(&leg);
            lines.up.remove(&leg);
            let reason = if hung_up { PEER } else { EndReason::MediaTimeout };
            Some(Input::LegEnded { leg, reason })
        }
        Step::Ready(agent) => command(Command::AgentReady { agent: AgentId(agent) }),
        Step::Away(agent) => {
            command(Command::AgentAway { agent: AgentId(agent), reason: "rest".into() })
        }
        Step::Later(_) => Some(Input::Tick),
    }
}

/// A caller who is on the line and whom nobody talks with waits in the queue, or somebody is rung for them, or the robot has them;
/// and hears music or the robot.
fn nobody_hangs_in_the_air(desk: &Desk, lines: &Lines) {
    let queue = desk.hotline.queue();
    for id in 1..=2 {
        let call = CallId(id);
        if lines.ended.contains(&call) || lines.heard.get(&call) == Some(&true) {
            continue;
        }
        let waits = queue.waits(call) || queue.agents().any(|a| a.state.serves() == Some(call));
        let outside = lines.rings.values().any(Option::is_none);
        let robot = lines.robot.contains(&call);
        assert!(waits || outside || robot, "{call} hangs in the air");
        assert!(robot || lines.music.get(&call) == Some(&true), "{call} hears nothing");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_people_do_no_caller_hangs_in_the_air_and_nobody_is_rung_twice(
        steps in prop::collection::vec(steps(), 1..60)
    ) {
        let (mut desk, mut lines) = (desk(4), Lines::default());
        let mut inputs = Vec::new();
        for id in 1..=2u64 {
            let leg = LegId(id * 2);
            inputs.push(Input::Invited { leg, number: Some(Pii::new(format!("1390000000{id}"))) });
            inputs.push(Input::LegUp { leg });
            inputs.push(Input::Key { call: CallId(id), key: '0', at_ms: 1 });
        }
        let wall = |now: Moment| BEGINS.wall().plus_ms(now.ms as i64);
        for input in inputs {
            desk.hotline.handle(desk.now, wall(desk.now), input);
            lines.take(desk.hotline.drain().collect());
        }
        for step in steps {
            if let Step::Later(ms) = step {
                desk.now = desk.now + ms;
            }
            let Some(input) = step_of(step, &mut lines) else { continue };
            desk.hotline.handle(desk.now, wall(desk.now), input);
            lines.take(desk.hotline.drain().collect());
            nobody_hangs_in_the_air(&desk, &lines);
        }
        for id in 1..=2u64 {
            let input = Input::LegEnded { leg: LegId(id * 2), reason: PEER };
            desk.hotline.handle(desk.now, wall(desk.now), input);
            lines.take(desk.hotline.drain().collect());
        }
        prop_assert!(lines.rings.is_empty(), "legs of ended calls: {:?}", lines.rings);
        let busy = desk.hotline.queue().agents().find(|agent| agent.state.serves().is_some());
        prop_assert!(busy.is_none(), "{busy:?}");
    }
}
