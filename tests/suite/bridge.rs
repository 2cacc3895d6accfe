//! The people on a call: who hears whom after each step, and what holds whatever happens.

use std::collections::{BTreeMap, BTreeSet};

use huiyin::bridge::{Bridge, Down, Effect, Input, Part, Stage, Told, Who};
use huiyin::kernel::limits::BRIDGE_LEGS;
use huiyin::kernel::{AgentId, LegId};
use proptest::prelude::*;

const CALLER: LegId = LegId(2);
/// The agent who serves, who is asked, the supervisor, and somebody outside.
const SERVER: LegId = LegId(1);
const ASKED: LegId = LegId(3);
const BOSS: LegId = LegId(5);
const OUT: LegId = LegId(7);

fn agent(id: u64) -> Who {
    Who::Agent(AgentId(id))
}

fn outside() -> Who {
    Who::Outside("110".into())
}

fn ring(leg: LegId, who: Who, part: Part) -> Input {
    Input::Ring { leg, who, part }
}

fn give(bridge: &mut Bridge, input: Input) -> Vec<Effect> {
    bridge.handle(input).unwrap();
    bridge.drain().collect()
}

fn told(effects: &[Effect]) -> Vec<Told> {
    let told = effects.iter().filter_map(|effect| match effect {
        Effect::Told(told) => Some(told.clone()),
        _ => None,
    });
    told.collect()
}

fn up(bridge: &mut Bridge, leg: LegId, who: Who, part: Part) -> Vec<Effect> {
    let mut effects = give(bridge, ring(leg, who, part));
    effects.extend(give(bridge, Input::Up { leg }));
    effects
}

/// A caller whom agent 1 has.
fn served() -> Bridge {
    let mut bridge = Bridge::new(CALLER);
    let effects = up(&mut bridge, SERVER, agent(1), Part::Serves);
    assert!(effects.contains(&Effect::Music { on: false }), "{effects:?}");
    bridge
}

/// `caller hears …; server hears …`, by the names of the legs.
fn hears(bridge: &Bridge) -> String {
    let name = |leg: LegId| match leg {
        CALLER => "caller",
        SERVER => "agent",
        ASKED => "asked",
        BOSS => "boss",
        OUT => "out",
        _ => "?",
    };
    let hearing = bridge.hearing();
    let line = |leg: LegId| {
        let heard: Vec<&str> = hearing.heard_by(leg).iter().map(|leg| name(*leg)).collect();
        format!("{}: {}", name(leg), heard.join(" "))
    };
    hearing.legs().map(line).collect::<Vec<_>>().join("; ")
}

/// What follows the beginning of a talk, and who hears whom then.
type Row<'a> = (&'a str, &'a [Input], &'a str);

fn hold_true(table: &[Row]) {
    for (name, steps, wanted) in table {
        let mut bridge = served();
        for step in *steps {
            give(&mut bridge, step.clone());
        }
        assert_eq!(hears(&bridge), *wanted, "{name}");
    }
}

#[test]
fn who_hears_whom_among_three() {
    hold_true(&[
        ("a talk", &[], "caller: agent; agent: caller"),
        ("held", &[Input::Hold { on: true }], "caller: ; agent: "),
        (
            "taken back",
            &[Input::Hold { on: true }, Input::Hold { on: false }],
            "caller: agent; agent: caller",
        ),
        ("asked, rings", &[ring(ASKED, agent(2), Part::Asked)], "caller: ; agent: "),
        (
            "asked, talks apart",
            &[ring(ASKED, agent(2), Part::Asked), Input::Up { leg: ASKED }],
            "caller: ; agent: asked; asked: agent",
        ),
        (
            "three",
            &[ring(ASKED, agent(2), Part::Asked), Input::Up { leg: ASKED }, Input::Join],
            "caller: agent asked; agent: caller asked; asked: caller agent",
        ),
        (
            "three, and the agent leaves",
            &[ring(OUT, outside(), Part::Asked), Input::Up { leg: OUT }, Input::Join, Input::Pass],
            "caller: out; out: caller",
        ),
        (
            "three, and the agent hangs up",
            &[
                ring(OUT, outside(), Part::Asked),
                Input::Up { leg: OUT },
                Input::Join,
                Input::Down { leg: SERVER, how: Down::HungUp },
            ],
            "caller: out; out: caller",
        ),
    ]);
}

#[test]
fn who_hears_whom_when_a_caller_is_passed_on() {
    hold_true(&[
        (
            "held in a talk of three, who is left",
            &[
                ring(ASKED, agent(2), Part::Asked),
                Input::Up { leg: ASKED },
                Input::Join,
                Input::Hold { on: true },
            ],
            "caller: asked; agent: ; asked: caller",
        ),
        (
            "called off",
            &[ring(ASKED, agent(2), Part::Asked), Input::Up { leg: ASKED }, Input::CallOff],
            "caller: agent; agent: caller",
        ),
        (
            "asked and not reached",
            &[
                ring(ASKED, agent(2), Part::Asked),
                Input::Down { leg: ASKED, how: Down::NotReached },
            ],
            "caller: agent; agent: caller",
        ),
        ("passed on unanswered", &[ring(ASKED, agent(2), Part::Asked), Input::Pass], "caller: "),
        (
            "passed on, answered",
            &[ring(ASKED, agent(2), Part::Asked), Input::Pass, Input::Up { leg: ASKED }],
            "caller: asked; asked: caller",
        ),
    ]);
}

#[test]
fn who_hears_whom_when_a_supervisor_is_there() {
    hold_true(&[
        (
            "listened to",
            &[ring(BOSS, agent(9), Part::Listens), Input::Up { leg: BOSS }],
            "caller: agent; agent: caller; boss: caller agent",
        ),
        (
            "whispered to",
            &[
                ring(BOSS, agent(9), Part::Listens),
                Input::Up { leg: BOSS },
                Input::Turn { who: agent(9), part: Part::Whispers },
            ],
            "caller: agent; agent: caller boss; boss: caller agent",
        ),
        (
            "whispered to while held",
            &[
                ring(BOSS, agent(9), Part::Whispers),
                Input::Up { leg: BOSS },
                Input::Hold { on: true },
            ],
            "caller: ; agent: boss; boss: caller",
        ),
        (
            "whispered to while somebody is asked",
            &[
                ring(BOSS, agent(9), Part::Whispers),
                Input::Up { leg: BOSS },
                ring(ASKED, agent(2), Part::Asked),
                Input::Up { leg: ASKED },
            ],
            "caller: ; agent: asked boss; boss: caller agent asked; asked: agent",
        ),
        (
            "barged in",
            &[ring(BOSS, agent(9), Part::Barges), Input::Up { leg: BOSS }],
            "caller: agent boss; agent: caller boss; boss: caller agent",
        ),
        (
            "taken over",
            &[
                ring(BOSS, agent(9), Part::Listens),
                Input::Up { leg: BOSS },
                Input::TakeOver { who: agent(9) },
            ],
            "caller: boss; boss: caller",
        ),
    ]);
}

#[test]
fn what_becomes_of_the_caller_is_told() {
    let missed = Told::Missed { who: agent(2) };
    let passed = |up| Told::Passed { from: agent(1), to: agent(2), up };
    let asked = ring(ASKED, agent(2), Part::Asked);
    let (server_down, asked_down) =
        (|how| Input::Down { leg: SERVER, how }, |how| Input::Down { leg: ASKED, how });
    let table: Vec<(&str, Vec<Input>, Vec<Told>)> = vec![
        ("hung up", vec![server_down(Down::HungUp)], vec![Told::Done { who: agent(1) }]),
        ("broke", vec![server_down(Down::Broke)], vec![Told::Lost { who: agent(1) }]),
        (
            "passed on and missed",
            vec![asked.clone(), Input::Pass, asked_down(Down::NotReached)],
            vec![passed(false), missed],
        ),
        (
            "hung up while the other rings: meant so",
            vec![asked.clone(), server_down(Down::HungUp)],
            vec![passed(false)],
        ),
        (
            "broke while the other rings: not meant so",
            vec![asked.clone(), server_down(Down::Broke)],
            vec![
                Told::Left { who: agent(2), part: Part::Asked, up: false },
                Told::Lost { who: agent(1) },
            ],
        ),
        (
            "broke in the talk apart",
            vec![asked.clone(), Input::Up { leg: ASKED }, server_down(Down::Broke)],
            vec![Told::Answered { who: agent(2), part: Part::Asked }, passed(true)],
        ),
        (
            "given up to the queue",
            vec![asked, Input::GiveUp],
            vec![
                Told::Left { who: agent(2), part: Part::Asked, up: false },
                Told::GaveUp { who: agent(1) },
            ],
        ),
    ];
    for (name, steps, wanted) in table {
        let mut bridge = served();
        let effects: Vec<Effect> =
            steps.into_iter().flat_map(|step| give(&mut bridge, step)).collect();
        assert_eq!(told(&effects), wanted, "{name}");
    }
}

#[test]
fn what_does_not_fit_is_refused_and_changes_nothing() {
    let mut bridge = served();
    give(&mut bridge, ring(ASKED, agent(2), Part::Asked));
    let before = hears(&bridge);
    for (input, code) in [
        (Input::Join, "not_up"),
        (ring(OUT, outside(), Part::Asked), "asked_already"),
        (ring(LegId(9), agent(2), Part::Listens), "on_it"),
        (ring(LegId(9), agent(8), Part::Serves), "on_it"),
        (Input::TakeOver { who: agent(2) }, "not_on_it"),
        (Input::Turn { who: agent(9), part: Part::Listens }, "not_on_it"),
    ] {
        let refused = bridge.handle(input.clone()).unwrap_err();
        assert_eq!(refused.code(), code, "{input:?}");
        assert_eq!(bridge.drain().count(), 0, "{input:?}");
        assert_eq!(hears(&bridge), before);
    }
    let mut alone = Bridge::new(CALLER);
    for input in [Input::Hold { on: true }, Input::Pass, ring(BOSS, agent(9), Part::Listens)] {
        assert_eq!(alone.handle(input).unwrap_err().code(), "nobody_serves");
    }
    let mut full = served();
    for id in 0..BRIDGE_LEGS as u64 - 2 {
        give(&mut full, ring(LegId(11 + 2 * id), agent(20 + id), Part::Listens));
    }
    let refused = full.handle(ring(LegId(99), agent(99), Part::Listens)).unwrap_err();
    assert_eq!(refused.code(), "bridge_full");
}

#[derive(Clone, Debug)]
enum Step {
    Ring(u64, Part),
    Up(usize),
    Down(usize, Down),
    Drop(u64),
    Hold(bool),
    Join,
    Pass,
    CallOff,
    GiveUp,
    Turn(u64, Part),
    TakeOver(u64),
    Release,
}

fn steps() -> impl Strategy<Value = Step> {
    let part = prop::sample::select(&Part::ALL[..]);
    let down = prop::sample::select(&[Down::HungUp, Down::Broke, Down::NotReached][..]);
    prop_oneof![
        6 => (1..8u64, part.clone()).prop_map(|(who, part)| Step::Ring(who, part)),
        8 => (0..8usize).prop_map(Step::Up),
        3 => (0..8usize, down).prop_map(|(at, how)| Step::Down(at, how)),
        1 => (1..8u64).prop_map(Step::Drop),
        2 => any::<bool>().prop_map(Step::Hold),
        2 => Just(Step::Join),
        2 => Just(Step::Pass),
        1 => Just(Step::CallOff),
        1 => Just(Step::GiveUp),
        2 => (1..8u64, part).prop_map(|(who, part)| Step::Turn(who, part)),
        1 => (1..8u64).prop_map(Step::TakeOver),
        1 => Just(Step::Release),
    ]
}

/// What a world around the bridge knows.
#[derive(Default)]
struct World {
    next: u64,
    /// Legs that ring or talk, and those whose sound is in.
    there: BTreeSet<LegId>,
    inside: BTreeSet<LegId>,
    music: bool,
    stages: BTreeMap<LegId, Stage>,
}

impl World {
    fn take(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::HangUp { leg } => assert!(self.there.remove(&leg), "{leg} hung up twice"),
                Effect::Enter { leg } => assert!(self.inside.insert(leg), "{leg} is in twice"),
                Effect::Leave { leg } => assert!(self.inside.remove(&leg), "{leg} was not in"),
                Effect::Music { on } => self.music = on,
                Effect::Party { party, stage } => {
                    let before = self.stages.insert(party.leg, stage);
                    assert_ne!(before, Some(Stage::Gone), "{} comes back", party.leg);
                }
                Effect::Hears(_) | Effect::Told(_) => {}
            }
        }
    }

    fn check(&self, bridge: &Bridge) {
        let parties = bridge.parties();
        let legs: BTreeSet<LegId> = parties.iter().map(|party| party.leg).collect();
        assert_eq!(legs, self.there, "who is there is there, and nobody else");
        let whos: BTreeSet<&Who> = parties.iter().map(|party| &party.who).collect();
        assert_eq!(whos.len(), parties.len(), "nobody is on it twice");
        let count = |part| parties.iter().filter(|party| party.part == part).count();
        assert!(count(Part::Serves) <= 1 && count(Part::Asked) <= 1, "{parties:?}");
        assert!(parties.len() < BRIDGE_LEGS);
        let up = parties.iter().filter(|party| party.up);
        assert_eq!(up.map(|party| party.leg).collect::<BTreeSet<_>>(), self.inside);
        let hearing = bridge.hearing();
        let caller = hearing.heard_by(CALLER);
        if bridge.owns() {
            assert_eq!(self.music, caller.is_empty(), "music, or somebody");
        }
        for party in parties {
            let heard_by = |leg| hearing.heard_by(leg).contains(&party.leg);
            let others = parties.iter().filter(|other| other.leg != party.leg);
            match party.part {
                Part::Listens => {
                    assert!(!heard_by(CALLER) && !others.clone().any(|o| heard_by(o.leg)))
                }
                Part::Whispers => {
                    assert!(!heard_by(CALLER), "the caller never hears a whisper");
                    let mut ears = others.filter(|other| heard_by(other.leg));
                    assert!(ears.all(|other| other.part == Part::Serves));
                }
                Part::Asked => assert!(!heard_by(CALLER), "apart is apart"),
                _ => {}
            }
            assert!(!hearing.heard_by(party.leg).contains(&party.leg), "nobody hears themselves");
            assert!(party.up || hearing.heard_by(party.leg).is_empty());
        }
    }
}

fn input(world: &mut World, bridge: &Bridge, step: Step) -> Option<Input> {
    let at = |at: usize| bridge.parties().get(at).map(|party| party.leg);
    Some(match step {
        Step::Ring(who, part) => {
            world.next += 2;
            ring(LegId(world.next - 1), agent(who), part)
        }
        Step::Up(index) => Input::Up { leg: at(index)? },
        Step::Down(index, how) => Input::Down { leg: at(index)?, how },
        Step::Drop(who) => Input::Drop { who: agent(who) },
        Step::Hold(on) => Input::Hold { on },
        Step::Join => Input::Join,
        Step::Pass => Input::Pass,
        Step::CallOff => Input::CallOff,
        Step::GiveUp => Input::GiveUp,
        Step::Turn(who, part) => Input::Turn { who: agent(who), part },
        Step::TakeOver(who) => Input::TakeOver { who: agent(who) },
        Step::Release => Input::Release,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Whatever is done, in any order: see [`World::check`]; and after the end of the call every leg is down.
    #[test]
    fn nobody_is_left_hanging_and_nobody_hears_who_listens(
        steps in prop::collection::vec(steps(), 0..60)
    ) {
        let (mut world, mut bridge) = (World::default(), Bridge::new(CALLER));
        for step in steps {
            let Some(input) = input(&mut world, &bridge, step) else { continue };
            let before = world.there.clone();
            match &input {
                Input::Ring { leg, .. } => {
                    world.there.insert(*leg);
                }
                Input::Down { leg, .. } => {
                    world.there.remove(leg);
                }
                _ => {}
            }
            let done = bridge.handle(input).is_ok();
            let effects: Vec<Effect> = bridge.drain().collect();
            if !done {
                prop_assert!(effects.is_empty(), "{effects:?}");
                world.there = before;
            }
            world.take(effects);
            world.check(&bridge);
        }
        bridge.handle(Input::End).unwrap();
        world.inside.clear();
        world.take(bridge.drain().collect());
        world.check(&bridge);
        prop_assert!(world.there.is_empty(), "{:?}", world.there);
        prop_assert!(world.stages.values().all(|stage| *stage == Stage::Gone));
    }
}
