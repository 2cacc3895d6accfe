//! Who does what next to a ticket that they look at. They remember nothing: what they do follows from how it stands.

use crate::desk::dispatch::{Decision, Level};
use crate::desk::ticket::{Forum, Ground, Mark};
use crate::desk::{Actor, Order, Role, Rulebook, Ticket, TicketEvent, TicketState};
use crate::kernel::{AgentId, Rng, VerificationId};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Somebody's next step.
pub(super) type Deed = (Order, Actor);

fn event(event: TicketEvent, by: Actor) -> Deed {
    (Order::Event(event), by)
}

fn desk() -> Actor {
    Actor::desk("派单台")
}

fn supervisor() -> Actor {
    Actor::new(Role::Supervisor, "督办员")
}

fn unit_of(ticket: &Ticket) -> Actor {
    let name = ticket.assignment().map_or("单位", |to| to.owner.name.as_str());
    Actor::new(Role::Unit, name)
}

/// What is done about an open ticket. `packs`: what the rules of dispatch call their packs.
pub(super) fn next(ticket: &Ticket, book: &Rulebook, packs: &[String], rng: &mut Rng) -> Deed {
    if let Some(deed) = beside(ticket, rng) {
        return deed;
    }
    match &ticket.state {
        TicketState::Draft => event(TicketEvent::Registered, Actor::robot()),
        TicketState::Interrupted => event(TicketEvent::Registered, Actor::system()),
        TicketState::Registered | TicketState::Handling { .. } => {
            registered(ticket, book, packs, rng)
        }
        TicketState::Dispatched { .. } if rng.chance(0.08) => {
            event(TicketEvent::Objected { why: "不属本单位职责".into() }, unit_of(ticket))
        }
        TicketState::Dispatched { .. } => {
            event(TicketEvent::Signed { member: None }, unit_of(ticket))
        }
        TicketState::Objected { .. } => {
            let upheld = rng.chance(0.4);
            event(TicketEvent::ObjectionDecided { upheld, why: "按职责清单".into() }, desk())
        }
        TicketState::Signed { .. } | TicketState::Working { .. } => working(ticket, book, rng),
        TicketState::Answered { .. } => {
            event(TicketEvent::Closed { result: "已处理".into() }, unit_of(ticket))
        }
        TicketState::Told { .. } | TicketState::CalledBack { .. } => {
            event(TicketEvent::Archived { why: String::new() }, Actor::system())
        }
        // The service itself sees to these.
        TicketState::Closed { .. } | TicketState::Merged { .. } | TicketState::Archived => {
            event(TicketEvent::Archived { why: "期满".into() }, Actor::system())
        }
    }
}

/// What waits beside the state goes first.
fn beside(ticket: &Ticket, rng: &mut Rng) -> Option<Deed> {
    if let Some(verification) = ticket.disputes.iter().next().copied() {
        let outcome = if rng.chance(0.7) { "confirmed" } else { "overturned" }.to_owned();
        return Some(event(TicketEvent::Verified { verification, outcome }, supervisor()));
    }
    if ticket.extension.is_some() {
        let granted = rng.chance(0.8);
        let why = "情况复杂".to_owned();
        return Some(event(TicketEvent::ExtensionDecided { granted, why }, desk()));
    }
    if let Some(pause) = ticket.pauses.iter().find(|pause| pause.to.is_none())
        && rng.chance(0.5)
    {
        return Some(event(TicketEvent::Resumed { kind: pause.kind.clone() }, desk()));
    }
    if let Some(forum) = ticket.forums.keys().next().copied()
        && rng.chance(0.6)
    {
        let result = "形成一致意见".to_owned();
        return Some(event(TicketEvent::Adjourned { forum, result }, desk()));
    }
    let supervision = ticket.supervision.as_ref()?;
    let answered = !supervision.answer.is_empty();
    if answered && rng.chance(0.7) {
        return Some(event(TicketEvent::SupervisionLifted { why: "已整改".into() }, supervisor()));
    }
    let may = ticket.state.assignment().is_some();
    (!answered && may && rng.chance(0.5)).then(|| {
        event(TicketEvent::SupervisionAnswered { words: "正在加紧办理".into() }, unit_of(ticket))
    })
}

fn registered(ticket: &Ticket, book: &Rulebook, packs: &[String], rng: &mut Rng) -> Deed {
    if rng.chance(0.03) {
        let ground = Ground::Statutory;
        return event(TicketEvent::Told { ground, words: "请向法院提出".into() }, desk());
    }
    if ticket.agent.is_none() && rng.chance(0.15) {
        return event(TicketEvent::Taken { agent: AgentId(1) }, Actor::agent(AgentId(1)));
    }
    let units = book.rules().units();
    let any = |rng: &mut Rng| rng.pick(units).map(|unit| unit.code.clone()).unwrap_or_default();
    let unit = match book.decide(ticket) {
        Decision::Clear(one) if rng.chance(0.6) => one.owner.code,
        Decision::Tied(several) if !several.is_empty() && rng.chance(0.6) => {
            several.into_iter().next().map(|one| one.owner.code).unwrap_or_default()
        }
        // Every level has its share.
        _ => {
            let level = rng.pick(&Level::ALL).copied().unwrap_or(Level::City);
            let of_level: Vec<&str> = units
                .iter()
                .filter(|unit| unit.level == level)
                .map(|unit| unit.code.as_str())
                .collect();
            rng.pick(&of_level).map_or_else(|| any(rng), |code| (*code).to_owned())
        }
    };
    let with = if rng.chance(0.1) { vec![any(rng)] } else { Vec::new() };
    let pack = rng.pick(packs).cloned();
    (Order::Dispatch { unit, with, pack, member: None }, desk())
}

fn working(ticket: &Ticket, book: &Rulebook, rng: &mut Rng) -> Deed {
    let unit = unit_of(ticket);
    let words = || "已联系市民".to_owned();
    match rng.below(100) {
        0..40 => event(TicketEvent::Answered { words: "已办理，请查收".into() }, unit),
        40..50 => event(TicketEvent::Worked { note: "已现场查看".into() }, unit),
        50..56 => {
            let marks = [
                Mark::Acknowledged,
                Mark::Accepted,
                Mark::Informed,
                Mark::Confirmed,
                Mark::Arrived,
            ];
            let mark = rng.pick(&marks).copied().unwrap_or(Mark::Informed);
            event(TicketEvent::Marked { mark, words: words() }, unit)
        }
        56..62 => {
            let to = rng.pick(book.rules().units()).map(|unit| unit.code.clone());
            (Order::Transfer { unit: to.unwrap_or_default(), why: "属地办理".into() }, unit)
        }
        62..80 => {
            // More than any pack gives, now and then: it is refused.
            let amount = 1 + if rng.chance(0.2) { rng.below(40) } else { rng.below(10) } as u32;
            let told = rng.chance(0.9).then(|| "情况复杂，需要延期".to_owned());
            (Order::AskExtension { limit: None, amount, why: "情况复杂".into(), told }, unit)
        }
        80..86 => {
            let kinds: Vec<&str> = book
                .clock(ticket)
                .and_then(|clock| book.pack(&clock.pack))
                .map(|pack| pack.pauses.iter().map(|pause| pause.code.as_str()).collect())
                .unwrap_or_default();
            let kind = rng.pick(&kinds).copied().unwrap_or("none").to_owned();
            event(TicketEvent::Paused { kind, why: "等待听证".into() }, unit)
        }
        86..90 => {
            let forum = if rng.chance(0.5) { Forum::Joint } else { Forum::TaskForce };
            let other = rng.pick(book.rules().units()).map(|unit| unit.code.clone());
            let units = other.into_iter().collect();
            (Order::Convene { forum, units, why: "涉及多个单位".into() }, unit)
        }
        90..94 => event(TicketEvent::Objected { why: "不属本单位职责".into() }, unit),
        94..96 => event(TicketEvent::Assigned { member: "网格员王五".into() }, unit),
        // Out of turn: it must be refused, and change nothing.
        96..98 => event(TicketEvent::Archived { why: "误操作".into() }, Actor::system()),
        _ => event(TicketEvent::Verified { verification: VerificationId(0), outcome: words() }, desk()),
    }
}

/// How long it takes until somebody looks at the ticket again.
pub(super) fn wait_ms(ticket: &Ticket, rng: &mut Rng) -> i64 {
    let upto = match &ticket.state {
        TicketState::Draft | TicketState::Interrupted => 3 * MINUTE_MS,
        TicketState::Registered | TicketState::Handling { .. } => 5 * HOUR_MS,
        TicketState::Dispatched { .. } => 3 * HOUR_MS,
        TicketState::Objected { .. } => 2 * DAY_MS,
        TicketState::Signed { .. } | TicketState::Working { .. } => 4 * DAY_MS,
        _ => 2 * DAY_MS,
    };
    // Most things go quickly, some lie about: the square of an even draw, and now and then much longer.
    let share = rng.unit() * rng.unit();
    let slow = if rng.chance(0.05) { 6.0 } else { 1.0 };
    1 + (upto as f64 * share * slow) as i64
}
