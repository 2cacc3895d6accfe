//! What the caller's words to an agent bring: proposals for blank fields, items of the knowledge base, and nothing written but by
//! a person.

use std::sync::Arc;

use huiyin::desk::{Actor, DeskError, Ticket};
use huiyin::dialogue::Understood;
use huiyin::hotline::{Command, Effect, Fact, Input};
use huiyin::intake::Reading;
use huiyin::kernel::evidence::Source;
use huiyin::kernel::{AgentId, Evidence, Filled, LegId, Slot, TicketId};
use huiyin::knowledge::{Hit, Item};
use huiyin::speech::{Speaker, Utterance};

use super::{CALL, Desk, desk};

fn spoken(value: &str, utterance: u32) -> Filled {
    let evidence = vec![Evidence { utterance, start_ms: 10, end_ms: 20, confidence: 0.9 }];
    Filled { value: value.into(), code: None, evidence, source: Source::Spoken }
}

/// What an input makes be kept.
fn facts(desk: &mut Desk, input: Input) -> Vec<Fact> {
    let wall = super::BEGINS.wall().plus_ms(desk.now.ms as i64);
    desk.hotline.handle(desk.now, wall, input);
    let kept = desk.hotline.drain().filter_map(|effect| match effect {
        Effect::Keep { fact, .. } => Some(fact),
        _ => None,
    });
    kept.collect()
}

fn ticket_of(facts: &[Fact]) -> Option<Ticket> {
    facts.iter().rev().find_map(|fact| match fact {
        Fact::Ticket { ticket, .. } => Some(ticket.clone()),
        _ => None,
    })
}

/// A caller who talks with agent 1; the ticket as it stands.
fn talking() -> (Desk, Ticket) {
    let mut desk = desk(1);
    desk.call(2);
    let key = Input::Key { call: CALL, key: '0', at_ms: 1 };
    let before = facts(&mut desk, key);
    let taken = facts(&mut desk, Input::LegUp { leg: LegId(1) });
    let ticket = ticket_of(&taken).or(ticket_of(&before)).expect("who is handed on has a ticket");
    (desk, ticket)
}

fn words(desk: &mut Desk, speaker: Speaker, text: &str) -> Vec<String> {
    let text = text.to_owned();
    desk.give(Input::Words { call: CALL, speaker, text, start_ms: 10, end_ms: 20, confidence: 0.9 })
}

fn understood(
    desk: &mut Desk,
    index: u32,
    told: Vec<(Slot, Filled)>,
    confidence: f32,
) -> Vec<Fact> {
    let utterance = Utterance {
        call: CALL,
        index,
        speaker: Speaker::Caller,
        text: "…".into(),
        start_ms: 10,
        end_ms: 20,
        confidence: 0.9,
    };
    let item = Arc::new(Item { id: "permit".into(), ..Item::default() });
    let hits = vec![Hit { item, score: 1.0, confidence }];
    let reading = Reading { facts: told, ..Reading::default() };
    let understood = Understood { utterance, reading, hits };
    facts(desk, Input::Understood { call: CALL, understood })
}

/// The number that the next words get.
fn next_index(desk: &mut Desk) -> u32 {
    let text = "嗯".to_owned();
    let said = Input::Words {
        call: CALL,
        speaker: Speaker::Agent,
        text,
        start_ms: 1,
        end_ms: 2,
        confidence: 1.0,
    };
    let told = facts(desk, said).into_iter().find_map(|fact| match fact {
        Fact::Turn { utterance, .. } => Some(utterance.index + 1),
        _ => None,
    });
    told.unwrap()
}

#[test]
fn words_to_an_agent_bring_proposals_for_blank_fields_and_items() {
    let (mut desk, ticket) = talking();
    let index = next_index(&mut desk);
    assert!(!words(&mut desk, Speaker::Agent, "您在哪里？").contains(&"understand".to_owned()));
    let index = index + 1;
    assert_eq!(words(&mut desk, Speaker::Caller, "白龙桥镇"), ["understand"]);
    let number = ticket.fields.contains_key(&Slot::Number);
    assert!(number, "the caller's number stands on it");
    let told = vec![
        (Slot::Place, spoken("白龙桥镇", index)),
        (Slot::Number, spoken("13900000001", index)),
    ];
    let kept = understood(&mut desk, index, told, 0.8);
    let [Fact::Assist { call, utterance, facts, hits, .. }] = kept.as_slice() else {
        panic!("{kept:?}")
    };
    assert_eq!((*call, *utterance), (CALL, index));
    assert_eq!(facts.as_slice(), [(Slot::Place, spoken("白龙桥镇", index))], "no field twice");
    assert_eq!(hits.as_slice(), [("permit".to_owned(), 0.8)]);
    // What is unlikely and tells nothing is not shown.
    words(&mut desk, Speaker::Caller, "好的");
    assert_eq!(understood(&mut desk, index + 1, Vec::new(), 0.1), []);
}

#[test]
fn a_proposal_fills_a_blank_field_and_never_one_that_a_person_has_filled() {
    let (mut desk, ticket) = talking();
    let by = Actor::agent(AgentId(1));
    let accept = |value: &str| {
        let filled = spoken(value, 3);
        let by = by.clone();
        Input::Command {
            token: 1,
            command: Command::Accept { ticket: ticket.id, slot: Slot::Place, filled, by },
        }
    };
    let kept = facts(&mut desk, accept("白龙桥镇"));
    let filled = ticket_of(&kept).unwrap().fields[&Slot::Place].clone();
    assert_eq!(filled, spoken("白龙桥镇", 3), "with the words that it rests on");
    let edit = Command::EditField {
        ticket: ticket.id,
        slot: Slot::Place,
        value: "乾西乡".into(),
        by: "李晓".into(),
    };
    let typed = facts(&mut desk, Input::Command { token: 2, command: edit });
    assert_eq!(ticket_of(&typed).unwrap().fields[&Slot::Place].value, "乾西乡");
    let wall = super::BEGINS.wall();
    desk.hotline.handle(desk.now, wall, accept("白龙桥镇"));
    let effects: Vec<Effect> = desk.hotline.drain().collect();
    let refused = effects.iter().any(|effect| {
        matches!(
            effect,
            Effect::Reply { result: Err(DeskError::Refused { code: "not_blank", .. }), .. }
        )
    });
    assert!(refused, "{effects:?}");
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Keep { .. })));
    let nobody =
        Command::Accept { ticket: TicketId(1), slot: Slot::Place, filled: spoken("x", 1), by };
    let unknown = desk.give(Input::Command { token: 3, command: nobody });
    assert!(unknown.is_empty());
}

#[test]
fn what_is_being_said_is_shown_and_the_talk_does_not_take_it_for_words() {
    let (mut desk, _) = talking();
    let so_far =
        |call| Input::SoFar { call, speaker: Speaker::Caller, text: "我家楼下".into() };
    let kept = facts(&mut desk, so_far(CALL));
    assert!(matches!(kept.as_slice(), [Fact::SoFar { call: CALL, .. }]), "{kept:?}");
    assert!(facts(&mut desk, so_far(huiyin::kernel::CallId(99))).is_empty());
}
