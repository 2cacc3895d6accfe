//! The hotline at its edges: people who hang up at the wrong moment, lines that break, a stop, a restart.

use std::sync::Arc;

use huiyin::call::{EndReason, Failure};
use huiyin::acd::{Agent, AgentState};
use huiyin::desk::{Actor, Ticket, TicketEvent, TicketState};
use huiyin::dialogue::{Manner, Prompts, SayId, Understood};
use huiyin::hotline::admission::Rules;
use huiyin::hotline::{
    Ack, CallbackRules, Command, Effect, Fact, Hotline, Input, Job, Measured, Outside, Party,
    PendingSurvey, Restored, SaidHow, Setup,
};
use huiyin::kernel::evidence::Source;
use huiyin::kernel::limits::CALLS_MAX;
use huiyin::kernel::{
    AgentId, CallId, Civil, Filled, LegId, Moment, Pii, Slot, SurveyId, TicketId, VerificationId,
};
use huiyin::speech::Speaker;
use huiyin::survey::campaign::Origin;
use huiyin::survey::verify::Outcome;
use proptest::prelude::*;

#[path = "hotline/assist.rs"]
mod assist;
#[path = "hotline/joining.rs"]
mod joining;
#[path = "hotline/promised.rs"]
mod promised;

const CALL: CallId = CallId(1);
const CALLER: LegId = LegId(2);
const BEGINS: Civil = Civil { year: 2026, month: 11, day: 23, hour: 10, minute: 0, second: 0 };

struct Desk {
    hotline: Hotline,
    now: Moment,
    stored: Vec<Ack>,
}

impl Desk {
    fn new(agents: u64, restored: Restored) -> Desk {
        let agents = (1..=agents).map(|id| {
            let uri = format!("sip:{id}@desk.example");
            Agent::new(AgentId(id), id.to_string(), uri).on_duty()
        });
        let setup = Setup {
            prompts: Arc::new(Prompts::builtin().unwrap()),
            manner: Manner::default(),
            queue: Default::default(),
            agents: agents.collect(),
            outside: vec![outside("110"), outside("water")],
            callbacks: CallbackRules::default(),
            admission: Rules { guess: 3, most: 3, recognisers: 1 },
        };
        Desk { hotline: Hotline::new(setup, restored), now: Moment::ZERO, stored: Vec::new() }
    }

    fn give(&mut self, input: Input) -> Vec<String> {
        let wall = BEGINS.wall().plus_ms(self.now.ms as i64);
        self.hotline.handle(self.now, wall, input);
        let effects: Vec<Effect> = self.hotline.drain().collect();
        effects.iter().filter_map(|effect| self.written(effect)).collect()
    }

    fn written(&mut self, effect: &Effect) -> Option<String> {
        match effect {
            Effect::Answer { call, .. } => Some(format!("answer {call}")),
            Effect::Refuse { leg, code } => Some(format!("refuse {leg} {code}")),
            Effect::Dial { leg, party: Party::Agent { agent, .. }, .. } => {
                Some(format!("dial {leg} {agent}"))
            }
            Effect::Dial { leg, party: Party::Outside(outside), .. } => {
                Some(format!("dial {leg} {}", outside.code))
            }
            Effect::Dial { call, leg, .. } => Some(format!("dial {leg} for {call}")),
            Effect::HangUp { leg } => Some(format!("hang up {leg}")),
            Effect::Join { leg, .. } => Some(format!("join {leg}")),
            Effect::Leave { .. } => Some("part".into()),
            Effect::Understand { .. } => Some("understand".into()),
            Effect::Close { call } => Some(format!("close {call}")),
            Effect::Keep { fact: Fact::CallEnded { call, outcome, .. }, .. } => {
                Some(format!("{call} ended {outcome}"))
            }
            Effect::Keep { fact: Fact::SurveyEnded { survey, outcome, .. }, .. } => {
                Some(format!("{survey} ended {outcome}"))
            }
            Effect::Keep { fact: Fact::SurveyDue { survey, .. }, .. } => {
                Some(format!("{survey} due"))
            }
            Effect::Keep { ack: Some(ack), .. } => {
                self.stored.push(*ack);
                None
            }
            _ => None,
        }
    }

    /// What is said, and the fields of the ticket that is kept.
    fn said(&mut self, input: Input) -> (Vec<(SayId, String)>, Option<Ticket>) {
        let wall = BEGINS.wall().plus_ms(self.now.ms as i64);
        self.hotline.handle(self.now, wall, input);
        let (mut said, mut kept) = (Vec::new(), None);
        for effect in self.hotline.drain() {
            match effect {
                Effect::Say { say, .. } => said.push((say.id, say.text)),
                Effect::Keep { fact: Fact::Ticket { ticket, .. }, ack } => {
                    self.stored.extend(ack);
                    kept = Some(ticket);
                }
                _ => {}
            }
        }
        (said, kept)
    }

    /// Time passes, and what is kept for a dial is kept at once.
    fn later(&mut self, ms: u64) -> Vec<String> {
        self.now = self.now + ms;
        let mut effects = self.give(Input::Tick);
        let dials = self.stored.extract_if(.., |ack| matches!(ack, Ack::Dial { .. }));
        for ack in dials.collect::<Vec<_>>() {
            effects.extend(self.give(Input::Stored(ack)));
        }
        effects
    }

    fn call(&mut self, leg: u64) {
        let number = Some(Pii::new("13900000000".to_owned()));
        self.give(Input::Invited { leg: LegId(leg), number });
        self.give(Input::LegUp { leg: LegId(leg) });
    }

    /// A caller who presses 0 for a person.
    fn call_for_a_person(&mut self, leg: u64) -> Vec<String> {
        self.call(leg);
        self.give(Input::Key { call: CallId(leg / 2), key: '0', at_ms: 1 })
    }

    fn end(&mut self, leg: LegId, reason: EndReason) -> Vec<String> {
        self.give(Input::LegEnded { leg, reason })
    }

    fn agent(&self, id: u64) -> &'static str {
        self.hotline.queue().agent(AgentId(id)).unwrap().state.key()
    }
}

fn outside(code: &str) -> Outside {
    let uri = format!("sip:{code}@city.example");
    Outside { code: code.into(), name: code.into(), uri, trunk: false, refer: false }
}

fn desk(agents: u64) -> Desk {
    Desk::new(agents, Restored::default())
}

const PEER: EndReason = EndReason::HungUpByPeer;

#[test]
fn the_caller_hangs_up_while_the_agent_rings() {
    let mut desk = desk(1);
    assert_eq!(desk.call_for_a_person(2), ["dial L1 A1"]);
    assert_eq!(desk.end(CALLER, PEER), ["hang up L1", "close C1"]);
    assert_eq!(desk.agent(1), "idle");
    // The agent picks up while our hanging up is on its way.
    assert_eq!(desk.give(Input::LegUp { leg: LegId(1) }), ["hang up L1"]);
    assert!(desk.end(LegId(1), EndReason::HungUpByUs).is_empty());
    assert_eq!(desk.give(Input::MediaClosed { call: CALL }), ["C1 ended abandoned"]);
    assert!(desk.give(Input::MediaClosed { call: CALL }).is_empty());
    assert_eq!(desk.hotline.calls(), 0);
}

#[test]
fn a_lost_agent_gives_the_caller_back_to_the_front() {
    let mut desk = desk(1);
    desk.call_for_a_person(2);
    assert_eq!(desk.give(Input::LegUp { leg: LegId(1) }), ["join L1"]);
    desk.call_for_a_person(4);
    let failed = EndReason::Failed(Failure::Network);
    assert_eq!(desk.end(LegId(1), failed), ["part"]);
    let waiting: Vec<CallId> = desk.hotline.queue().waiting().collect();
    assert_eq!(waiting, [CALL, CallId(2)]);
    assert_eq!(desk.later(30_000), ["dial L3 A1"], "after the agent has written up");
    assert_eq!(desk.give(Input::LegUp { leg: LegId(3) }), ["join L3"]);
    assert_eq!(desk.end(LegId(3), PEER), ["part", "hang up L2", "close C1"]);
    assert_eq!(desk.give(Input::MediaClosed { call: CALL }), ["C1 ended handed_over"]);
}

#[test]
fn a_stop_ends_all_and_rings_nobody() {
    let mut desk = desk(1);
    desk.call_for_a_person(2);
    desk.call_for_a_person(4);
    desk.call(6);
    let stopped = desk.give(Input::Stop);
    assert!(!stopped.iter().any(|e| e.starts_with("dial")), "{stopped:?}");
    for leg in ["hang up L1", "hang up L2", "hang up L4", "hang up L6"] {
        assert!(stopped.iter().any(|e| e == leg), "{leg}: {stopped:?}");
    }
    for call in 1..=3 {
        let ended = desk.give(Input::MediaClosed { call: CallId(call) });
        assert_eq!(ended, [format!("C{call} ended interrupted")]);
    }
    let refused = desk.give(Input::Invited { leg: LegId(8), number: None });
    assert_eq!(refused, ["refuse L8 503"]);
    assert_eq!(desk.agent(1), "idle");
}

#[test]
fn sound_that_ends_by_itself_ends_the_call() {
    let mut desk = desk(0);
    desk.call(2);
    let ended = desk.give(Input::MediaClosed { call: CALL });
    assert_eq!(ended, ["hang up L2", "close C1", "C1 ended abandoned"]);
}

#[test]
fn a_call_whose_sound_never_closes_ends_all_the_same() {
    let mut desk = desk(0);
    desk.call(2);
    desk.end(CALLER, PEER);
    assert_eq!(desk.hotline.deadline(), Some(Moment::from_ms(8_000)));
    assert!(desk.later(7_999).is_empty());
    assert_eq!(desk.later(1), ["C1 ended abandoned"]);
    assert_eq!(desk.hotline.deadline(), None);
}

#[test]
fn last_words_are_kept_and_understood_before_the_end() {
    let mut desk = desk(0);
    desk.call(2);
    desk.end(CALLER, PEER);
    let words = |call| Input::Words {
        call,
        speaker: Speaker::Caller,
        text: "路灯坏了".into(),
        start_ms: 1,
        end_ms: 2,
        confidence: 1.0,
    };
    assert_eq!(desk.give(words(CALL)), ["understand"]);
    assert!(desk.give(Input::MediaClosed { call: CALL }).is_empty());
    let utterance = huiyin::speech::Utterance {
        call: CALL,
        index: 0,
        speaker: Speaker::Caller,
        text: "路灯坏了".into(),
        start_ms: 1,
        end_ms: 2,
        confidence: 1.0,
    };
    let understood = Understood { utterance, reading: Default::default(), hits: Vec::new() };
    let ended = desk.give(Input::Understood { call: CALL, understood });
    assert_eq!(ended, ["C1 ended abandoned"]);
    assert!(desk.give(words(CALL)).is_empty());
}

fn closed(id: u64) -> Ticket {
    let mut ticket = Ticket::open(TicketId(id), CallId(id), BEGINS.wall());
    let value = format!("1380000{id:04}");
    let source = Source::Signalling;
    let filled = Filled { value, code: None, evidence: Vec::new(), source };
    ticket.fields.insert(Slot::Number, filled);
    let event = TicketEvent::Closed { result: "办结".into() };
    ticket.apply(event, Actor::desk("x"), BEGINS.wall()).unwrap();
    ticket
}

fn restored(surveys: u64) -> Restored {
    let due = BEGINS.wall();
    let pending = (1..=surveys).map(|id| PendingSurvey {
        survey: SurveyId(id),
        ticket: TicketId(id),
        origin: Origin::Closed,
        graded: false,
        dispute: None,
        verified: false,
        attempts: Vec::new(),
        due,
    });
    Restored {
        next_call: 10,
        next_survey: 10,
        next_verification: 1,
        last_ticket: 10,
        tickets: (1..=surveys).map(closed).collect(),
        surveys: pending.collect(),
        callbacks: Default::default(),
        owners: Vec::new(),
    }
}

#[test]
fn a_restart_takes_callbacks_up_on_its_lines() {
    let mut desk = Desk::new(0, restored(3));
    assert_eq!(desk.later(0), ["dial L1 for C10", "dial L3 for C11"]);
    assert!(desk.later(1_000).is_empty(), "no third line");
    let busy = desk.end(LegId(1), EndReason::Busy);
    assert_eq!(busy, ["close C10"]);
    assert_eq!(desk.later(0), ["dial L5 for C12"], "S3's turn");
    let closed = desk.give(Input::MediaClosed { call: CallId(10) });
    assert_eq!(closed, ["S1 ended line_busy", "S1 due", "C10 ended busy"]);
}

#[test]
fn nobody_is_called_about_a_ticket_that_is_open_again() {
    let mut desk = Desk::new(0, restored(1));
    let reopen = Command::Reopen { ticket: TicketId(1), why: "x".into(), by: "x".into() };
    assert_eq!(desk.give(Input::Command { token: 1, command: reopen }), ["S1 ended reopened"]);
    assert!(desk.later(86_400_000).is_empty());
    let close = Command::CloseTicket { ticket: TicketId(1), result: "x".into(), by: "x".into() };
    assert_eq!(desk.give(Input::Command { token: 2, command: close }), ["S10 due"]);
}

#[test]
fn a_ticket_is_closed_once_however_the_staff_press() {
    assert_eq!(closed(1).state, TicketState::Closed { result: "办结".into() });
    let mut desk = Desk::new(0, restored(1));
    let close = Command::CloseTicket { ticket: TicketId(1), result: "x".into(), by: "x".into() };
    assert!(desk.give(Input::Command { token: 2, command: close }).is_empty());
}

#[test]
fn a_caller_beyond_what_can_be_followed_goes_to_people_at_once() {
    let mut desk = desk(1);
    for leg in [2, 4, 6] {
        desk.call(leg);
    }
    assert_eq!(desk.hotline.conversing(), 3);
    desk.give(Input::Invited { leg: LegId(8), number: None });
    assert_eq!(desk.give(Input::LegUp { leg: LegId(8) }), ["dial L1 A1"]);
    assert_eq!(desk.hotline.conversing(), 3, "who waits for a person needs no recogniser");
    desk.end(LegId(2), PEER);
    desk.later(3_000);
    desk.give(Input::Invited { leg: LegId(10), number: None });
    assert!(desk.give(Input::LegUp { leg: LegId(10) }).is_empty(), "there is room again");
}

#[test]
fn beyond_what_can_be_followed_with_nobody_on_duty_the_call_is_the_ticket() {
    for number in [Some("13900000000"), None] {
        let mut desk = desk(0);
        // The last of them leaves a few words.
        for leg in [2, 4, 6, 10] {
            desk.call(leg);
        }
        let number = number.map(|number| Pii::new(number.to_owned()));
        let known = number.is_some();
        desk.give(Input::Invited { leg: LegId(8), number });
        let (mut said, mut kept) = desk.said(Input::LegUp { leg: LegId(8) });
        let call = CallId(5);
        if !known {
            let asked = said.last().is_some_and(|(_, text)| text.contains("键盘上输入"));
            assert!(asked, "the number is typed: {said:?}");
            for key in "13855501234#".chars() {
                let typed = desk.said(Input::Key { call, key, at_ms: 1 });
                kept = typed.1.or(kept);
                said.extend(typed.0);
            }
        }
        assert!(said.iter().any(|(_, text)| text.contains("来电比较多")), "{said:?}");
        for ack in std::mem::take(&mut desk.stored) {
            said.extend(desk.said(Input::Stored(ack)).0);
        }
        let (last, text) = said.last().cloned().unwrap();
        assert!(text.contains("来电已经登记"), "{said:?}");
        let stands = kept.and_then(|ticket| ticket.fields.get(&Slot::Number).cloned());
        assert!(stands.is_some(), "a number to call back");
        let heard = Input::Said {
            call,
            say: last,
            how: SaidHow::Completed,
            said: text,
            unsaid: String::new(),
            start_ms: 1,
            end_ms: 2,
        };
        desk.give(heard);
        assert_eq!(desk.give(Input::MediaClosed { call }), ["C5 ended registered"]);
    }
}

#[test]
fn the_first_beyond_leaves_word_where_nobody_is_on_duty() {
    let mut desk = desk(0);
    for leg in [2, 4, 6] {
        desk.call(leg);
    }
    let number = Some(Pii::new("13900000000".to_owned()));
    desk.give(Input::Invited { leg: LegId(8), number });
    let (said, _) = desk.said(Input::LegUp { leg: LegId(8) });
    assert!(said.iter().any(|(_, text)| text.contains("来电比较多")), "{said:?}");
    assert!(said.last().is_some_and(|(_, text)| text.contains("请您说一下")), "{said:?}");
}

#[test]
fn who_asks_hears_whether_a_call_would_be_taken() {
    let mut desk = desk(1);
    assert!(desk.hotline.takes_calls());
    for leg in (2..).step_by(2).take(CALLS_MAX) {
        assert!(desk.hotline.takes_calls());
        desk.call(leg);
    }
    assert!(!desk.hotline.takes_calls(), "all lines are in use");
    let leg = LegId(2 * CALLS_MAX as u64 + 2);
    let refused = desk.give(Input::Invited { leg, number: None });
    assert_eq!(refused, [format!("refuse {leg} 503")]);
    desk.end(CALLER, PEER);
    desk.give(Input::MediaClosed { call: CALL });
    assert!(desk.hotline.takes_calls());
    desk.give(Input::Stop);
    assert!(!desk.hotline.takes_calls());
}

#[test]
fn callbacks_leave_room_for_those_who_call() {
    let mut desk = Desk::new(0, restored(2));
    desk.call(2);
    assert_eq!(desk.later(1).len(), 1, "one talk is kept free");
    assert!(desk.later(1).is_empty());
    desk.end(CALLER, PEER);
    assert_eq!(desk.later(1).len(), 1);
}

fn load() -> impl Strategy<Value = Measured> {
    let job = (0_u32..3_000, 0_u32..3_000, any::<bool>());
    let job = job.prop_map(|(waited_ms, took_ms, awaited)| Job { waited_ms, took_ms, awaited });
    let jobs = prop::collection::vec(job, 0..9);
    jobs.prop_map(|jobs| Measured { jobs, frames: 100, late: 0 })
}

fn anything() -> impl Strategy<Value = Input> {
    let leg = || (0_u64..12).prop_map(LegId);
    let call = || (0_u64..6).prop_map(CallId);
    let agent = || (0_u64..4).prop_map(AgentId);
    let ticket = || prop_oneof![Just(TicketId(7)), Just(TicketId(2_611_230_001))];
    let reason = prop_oneof![Just(PEER), Just(EndReason::Busy), Just(EndReason::MediaTimeout)];
    let say = (call(), 0_u64..9, any::<bool>()).prop_map(|(call, say, whole)| Input::Said {
        call,
        say: SayId(say),
        how: if whole { SaidHow::Completed } else { SaidHow::Interrupted },
        said: "您".into(),
        unsaid: if whole { String::new() } else { "好".into() },
        start_ms: 5,
        end_ms: 3,
    });
    let keys = prop::sample::select(vec!['0', '1', '2', '5', '*', '#']);
    let command = prop_oneof![
        agent().prop_map(|agent| Command::AgentReady { agent }),
        agent().prop_map(|agent| Command::AgentAway { agent, reason: "rest".into() }),
        ticket().prop_map(|ticket| Command::CloseTicket {
            ticket,
            result: "x".into(),
            by: "x".into()
        }),
        ticket().prop_map(|ticket| Command::Reopen { ticket, why: "x".into(), by: "x".into() }),
        Just(Command::CloseVerification {
            verification: VerificationId(9),
            outcome: Outcome::Confirmed,
            result: "x".into(),
            by: "x".into()
        }),
    ];
    prop_oneof![
        3 => leg().prop_map(|leg| Input::Invited { leg, number: None }),
        4 => leg().prop_map(|leg| Input::LegUp { leg }),
        3 => (leg(), reason).prop_map(|(leg, reason)| Input::LegEnded { leg, reason }),
        3 => (call(), keys).prop_map(|(call, key)| Input::Key { call, key, at_ms: 1 }),
        1 => call().prop_map(|call| Input::Unclear { call }),
        1 => call().prop_map(|call| Input::Overloaded { call }),
        2 => call().prop_map(|call| Input::Silent { call }),
        2 => say,
        2 => (call(), ticket()).prop_map(|(call, ticket)| Input::Stored(Ack::Ticket { call, ticket })),
        2 => call().prop_map(|call| Input::MediaClosed { call }),
        2 => load().prop_map(Input::Load),
        2 => command.prop_map(|command| Input::Command { token: 1, command }),
        3 => Just(Input::Tick),
    ]
}

proptest! {
    #[test]
    fn whatever_comes_every_call_ends_and_the_clock_goes_on(
        steps in prop::collection::vec((0_u64..20_000, anything()), 1..100),
    ) {
        let mut desk = desk(3);
        for (ms, input) in steps {
            desk.now = desk.now + ms;
            desk.give(input);
            desk.give(Input::Tick);
            desk.give(Input::Tick);
            let later = desk.hotline.deadline().is_none_or(|at| at > desk.now);
            prop_assert!(later, "the clock stands still");
        }
        desk.give(Input::Stop);
        desk.later(8_000);
        prop_assert_eq!(desk.hotline.calls(), 0);
        let talking = desk.hotline.queue().agents().any(|a| {
            matches!(a.state, AgentState::Ringing { .. } | AgentState::Talking { .. })
        });
        prop_assert!(!talking);
    }
}
