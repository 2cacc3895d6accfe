//! The ticket's transitions as a table.

use std::collections::BTreeMap;

use huiyin::desk::{DeskError, Ticket, TicketEvent, TicketState};
use huiyin::kernel::evidence::Source;
use huiyin::kernel::{AgentId, CallId, Filled, Slot, SurveyId, TicketId, Wall};

fn filled(value: &str, source: Source) -> Filled {
    Filled { value: value.into(), code: None, evidence: Vec::new(), source }
}

fn event(name: &str) -> TicketEvent {
    let by = || "班长".to_owned();
    match name {
        "drafted" => TicketEvent::Drafted { fields: BTreeMap::new() },
        "registered" => TicketEvent::Registered,
        "interrupted" => TicketEvent::Interrupted,
        "taken" => TicketEvent::Taken { agent: AgentId(1) },
        "edited" => {
            let filled = filled("x", Source::Staff);
            TicketEvent::Edited { slot: Slot::Demand, filled, by: by() }
        }
        "closed" => TicketEvent::Closed { result: "办结".into(), by: by() },
        "called_back" => TicketEvent::CalledBack { survey: SurveyId(1) },
        _ => TicketEvent::Reopened { by: by(), why: "未解决".into() },
    }
}

fn state(name: &str) -> TicketState {
    match name {
        "draft" => TicketState::Draft,
        "interrupted" => TicketState::Interrupted,
        "registered" => TicketState::Registered,
        "handling" => TicketState::Handling { agent: AgentId(1) },
        "closed" => TicketState::Closed { result: "办结".into() },
        _ => TicketState::CalledBack { survey: SurveyId(1) },
    }
}

fn ticket(name: &str) -> Ticket {
    let mut ticket = Ticket::open(TicketId(2_611_220_001), CallId(1), Wall::default());
    ticket.state = state(name);
    ticket
}

const EVENTS: [&str; 8] = [
    "drafted",
    "registered",
    "interrupted",
    "taken",
    "edited",
    "closed",
    "called_back",
    "reopened",
];

/// From each state, by [`EVENTS`]: where it leads; `-`: refused.
const TABLE: [(&str, [&str; 8]); 6] = [
    ("draft", ["draft", "registered", "interrupted", "handling", "draft", "closed", "-", "-"]),
    (
        "interrupted",
        ["interrupted", "registered", "-", "handling", "interrupted", "closed", "-", "-"],
    ),
    ("registered", ["registered", "registered", "-", "handling", "registered", "closed", "-", "-"]),
    ("handling", ["handling", "-", "-", "handling", "handling", "closed", "-", "-"]),
    ("closed", ["-", "-", "-", "-", "-", "-", "called_back", "registered"]),
    ("called_back", ["-", "-", "-", "-", "-", "-", "-", "registered"]),
];

#[test]
fn every_event_in_every_state() {
    for (from, row) in TABLE {
        for (name, to) in EVENTS.into_iter().zip(row) {
            let mut ticket = ticket(from);
            let before = ticket.clone();
            let result = ticket.apply(&event(name), Wall::from_ms(1));
            if to == "-" {
                assert!(matches!(result, Err(DeskError::NotNow { .. })), "{from} {name}");
                assert_eq!(ticket, before, "{from} {name}: a refused event changes nothing");
            } else {
                assert_eq!(result, Ok(()), "{from} {name}");
                assert_eq!(ticket.state, state(to), "{from} {name}");
            }
        }
    }
}

#[test]
fn a_result_is_wanted_for_closing() {
    let event = TicketEvent::Closed { result: " ".into(), by: "x".into() };
    assert_eq!(ticket("registered").apply(&event, Wall::default()), Err(DeskError::NoResult));
}

#[test]
fn what_staff_wrote_stays_and_the_robot_may_take_back_its_own() {
    let mut ticket = ticket("draft");
    let draft = |fields: &[(Slot, &str)]| TicketEvent::Drafted {
        fields: fields.iter().map(|(s, v)| (*s, filled(v, Source::Spoken))).collect(),
    };
    let at = Wall::default();
    ticket.apply(&draft(&[(Slot::Place, "a"), (Slot::Time, "b")]), at).unwrap();
    let by = "x".to_owned();
    let edited = TicketEvent::Edited { slot: Slot::Place, filled: filled("c", Source::Staff), by };
    ticket.apply(&edited, at).unwrap();
    ticket.apply(&draft(&[(Slot::Place, "d")]), at).unwrap();
    assert_eq!(ticket.fields[&Slot::Place].value, "c");
    assert!(!ticket.fields.contains_key(&Slot::Time));
}
