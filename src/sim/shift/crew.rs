//! How people of a shift behave, and who they are.

use std::sync::Arc;

use crate::acd::{Agent, Ask, Group, Named, Need, Overflow, Plan, Priority, Rules};
use crate::kernel::{AgentId, Pii, Rng};

/// Chances are of 1, times are means in milliseconds.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Manner {
    /// One skill, one group, no wrap-up.
    pub alike: bool,
    pub pick_up_ms: u64,
    pub rejects: f64,
    pub misses: f64,
    /// An agent's line breaks during a talk.
    pub breaks_line: f64,
    /// A caller's line breaks, or they hang up, at some moment of their wait.
    pub patience_ms: Option<u64>,
    /// Takes a callback when they are told their place.
    pub takes_callback: f64,
    pub citizen_answers: f64,
    /// Between two breaks of an agent.
    pub break_every_ms: Option<u64>,
    /// Ends the wrap-up before its limit.
    pub ends_wrap_up: f64,
}

impl Manner {
    pub const fn plain() -> Manner {
        Manner {
            alike: true,
            pick_up_ms: 0,
            rejects: 0.0,
            misses: 0.0,
            breaks_line: 0.0,
            patience_ms: None,
            takes_callback: 0.0,
            citizen_answers: 1.0,
            break_every_ms: None,
            ends_wrap_up: 0.0,
        }
    }

    pub const fn lively() -> Manner {
        Manner {
            alike: false,
            pick_up_ms: 4_000,
            rejects: 0.03,
            misses: 0.04,
            breaks_line: 0.05,
            patience_ms: Some(240_000),
            takes_callback: 0.15,
            citizen_answers: 0.7,
            break_every_ms: Some(2_400_000),
            ends_wrap_up: 0.6,
        }
    }
}

const ENGLISH: &str = "language:en";
const DIALECT: &str = "dialect:jinhua";
const LABOUR: &str = "劳动保障";

pub(super) fn plan(manner: Manner) -> Arc<Plan> {
    if manner.alike {
        let rules = Rules { wrap_up_ms: 0, ..Rules::default() };
        return Arc::new(Plan { rules, ..Plan::default() });
    }
    let group = |code: &str, topics: &[&str], overflow| Group {
        code: code.into(),
        name: code.into(),
        topics: topics.iter().map(|topic| (*topic).to_owned()).collect(),
        hours: Vec::new(),
        weekdays: Vec::new(),
        overflow,
        wrap_up_ms: None,
    };
    let to_first = vec![Overflow { group: 1, after_ms: 20_000 }];
    Arc::new(Plan {
        groups: vec![
            group("labour", &[LABOUR], to_first),
            group("first", &[], vec![Overflow { group: 2, after_ms: 60_000 }]),
            group("site", &["无"], Vec::new()),
        ],
        skills: vec![Named::new(ENGLISH, "英语"), Named::new(DIALECT, "金华话")],
        ..Plan::default()
    })
}

/// A tenth in the group for labour, another at the other site; every eighth knows English.
pub(super) fn agents(count: u32, alike: bool) -> Vec<Agent> {
    let agent = |n: u32| {
        let id = u64::from(n);
        let agent = Agent::new(AgentId(id), n.to_string(), format!("sip:{n}@desk.example"));
        if alike {
            return agent.on_duty();
        }
        let group = match n % 10 {
            0 => "labour",
            1 => "site",
            _ => "first",
        };
        let english = (n % 8 == 0).then(|| (ENGLISH.to_owned(), 1 + (n % 5) as u8));
        let dialect = (n % 3 == 0).then(|| (DIALECT.to_owned(), 1 + (n % 4) as u8));
        Agent {
            groups: vec![group.to_owned()],
            skills: english.into_iter().chain(dialect).collect(),
            ..agent.on_duty()
        }
    };
    (1..=count).map(agent).collect()
}

/// What kind of caller: those of one kind and priority are served in the order of their coming.
pub(super) fn ask(rng: &mut Rng, alike: bool) -> (u64, Ask) {
    if alike {
        return (0, Ask::default());
    }
    let kind = rng.below(100);
    let need = match kind {
        0..4 => Need { must: vec![(ENGLISH.into(), 3)], ..Need::default() },
        4..14 => Need { wish: Some((DIALECT.into(), 2)), ..Need::default() },
        14..24 => Need { topics: vec![LABOUR.into()], ..Need::default() },
        _ => Need::default(),
    };
    let kind = [4, 14, 24].iter().filter(|bound| kind >= **bound).count() as u64;
    let priority = if rng.chance(0.02) { Priority::Emergency } else { Priority::Ordinary };
    // Some call again, and reach who had their matter.
    let caller = rng.chance(0.3).then(|| Pii::new(format!("139{:08}", rng.below(300))));
    (kind, Ask { priority, need, caller })
}
