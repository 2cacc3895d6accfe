//! What of a ticket's life its clock sees, and which limits run by it.
//!
//! - The matter is received when the ticket is opened. A reopened one is received and registered anew.
//! - An objection that is upheld takes back what the dispatch began: the next unit has its own time, and the desk has to
//!   dispatch again within the pack's limit for that, from the decision on.
//! - Who was told that a matter is not dispatched has had the echo: nobody calls back.
//! - When a ticket is closed, told or merged, nothing that was to be done before runs any more; whether it was done in time
//!   stays told. A merged ticket's clock is that of the other.

use super::event::TicketEvent;
use crate::desk::clock::{Duty, Event, Limit};
use crate::kernel::Wall;

/// One thing that the clock sees.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sign {
    Event(Event),
    /// The objection was upheld: the dispatch did not count.
    TakenBack,
    /// Nothing is to be done before the end any more.
    Over,
    /// Archived: nobody is called back any more either.
    Filed,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seen {
    pub sign: Sign,
    pub at: Wall,
}

/// How one run of a limit ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    Met(Event, Wall),
    /// It was taken back, or overtaken.
    Void(Wall),
}

/// A limit from its start to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Run {
    pub start: Wall,
    /// `None` while it runs.
    pub end: Option<End>,
    /// Which of the trail started it, and which ended it: moments may be the same.
    first: usize,
    last: usize,
}

impl Run {
    const fn begun(start: Wall, first: usize) -> Run {
        Run { start, end: None, first, last: usize::MAX }
    }

    fn ended(&mut self, end: End, last: usize) {
        self.end = Some(end);
        self.last = last;
    }

    /// What happened after so many of the trail happened while it ran.
    pub const fn holds(&self, seen: usize) -> bool {
        self.first < seen && seen <= self.last
    }
}

/// What the clock sees of an event, in this order. The first event of all is also the receipt.
pub(super) fn signs(event: &TicketEvent) -> Vec<Sign> {
    use Sign::{Event as S, Filed, Over, TakenBack};
    use TicketEvent as E;
    match event {
        E::Registered => vec![S(Event::Registered)],
        E::Told { .. } => {
            vec![S(Event::Informed), S(Event::Answered), Over]
        }
        E::Dispatched { .. } => vec![S(Event::Dispatched)],
        E::Signed { .. } => vec![S(Event::Signed)],
        E::Transferred { .. } => vec![S(Event::Transferred)],
        E::Marked { mark, .. } => vec![S(mark.clock())],
        E::Objected { .. } => vec![S(Event::Objected)],
        E::ObjectionDecided { upheld: true, .. } => vec![S(Event::ObjectionDecided), TakenBack],
        E::ObjectionDecided { upheld: false, .. } => vec![S(Event::ObjectionDecided)],
        E::Answered { .. } => vec![S(Event::Answered)],
        E::Closed { .. } => vec![S(Event::Closed), Over],
        E::CalledBack { .. } => vec![S(Event::CalledBack)],
        E::Disputed { .. } => vec![S(Event::Disputed)],
        E::Verified { .. } => vec![S(Event::Verified)],
        E::Reopened { .. } => {
            vec![S(Event::Reopened), Over, S(Event::Received), S(Event::Registered)]
        }
        E::Merged { .. } => vec![Over],
        E::Archived { .. } => vec![Filed],
        E::Drafted { .. }
        | E::Carried { .. }
        | E::Interrupted
        | E::Taken { .. }
        | E::Edited { .. }
        | E::Assigned { .. }
        | E::Worked { .. }
        | E::Paused { .. }
        | E::Resumed { .. }
        | E::ExtensionAsked { .. }
        | E::ExtensionDecided { .. }
        | E::Convened { .. }
        | E::Adjourned { .. }
        | E::Supervised { .. }
        | E::SupervisionAnswered { .. }
        | E::SupervisionLifted { .. }
        | E::Joined { .. }
        | E::Sealed { .. }
        | E::IdentityOpened { .. } => Vec::new(),
    }
}

/// Registered since it was received last.
pub(super) fn is_registered(trail: &[Seen]) -> bool {
    let mut back = trail.iter().rev().map(|seen| seen.sign);
    let begins = |sign: &Sign| matches!(sign, Sign::Event(Event::Received | Event::Registered));
    back.find(begins) == Some(Sign::Event(Event::Registered))
}

/// The runs of a limit along a trail, in their order; only the last can be open. A limit that runs is not started again.
pub fn runs(limit: &Limit, trail: &[Seen]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (n, Seen { sign, at }) in trail.iter().enumerate() {
        let open = runs.last_mut().filter(|run| run.end.is_none());
        match (sign, open) {
            (Sign::Event(event), Some(run)) if limit.stops.contains(event) => {
                run.ended(End::Met(*event, *at), n);
            }
            (Sign::Event(event), None) if limit.starts == *event => {
                runs.push(Run::begun(*at, n));
            }
            (Sign::TakenBack, Some(run)) if begins_with_dispatch(limit.starts) => {
                run.ended(End::Void(*at), n);
            }
            (Sign::TakenBack, None) if limit.duty == Duty::Dispatch => {
                runs.push(Run::begun(*at, n));
            }
            (Sign::Over, Some(run)) if is_before_the_end(limit.duty) => {
                run.ended(End::Void(*at), n);
            }
            (Sign::Filed, Some(run)) if limit.duty == Duty::Callback => {
                run.ended(End::Void(*at), n);
            }
            _ => {}
        }
    }
    runs
}

const fn begins_with_dispatch(event: Event) -> bool {
    matches!(
        event,
        Event::Dispatched
            | Event::Signed
            | Event::Accepted
            | Event::Transferred
            | Event::Informed
            | Event::Confirmed
            | Event::Arrived
    )
}

/// What is to be done before a matter is closed.
const fn is_before_the_end(duty: Duty) -> bool {
    match duty {
        Duty::Acknowledge
        | Duty::Dispatch
        | Duty::Sign
        | Duty::Transfer
        | Duty::Objection
        | Duty::ObjectionDecision
        | Duty::Inform
        | Duty::Confirm
        | Duty::Arrive
        | Duty::Answer
        | Duty::Close => true,
        Duty::Callback
        | Duty::Verification
        | Duty::ReviewRequest
        | Duty::Review
        | Duty::ReReviewRequest
        | Duty::ReReview => false,
    }
}

/// 信访人's own limits put nobody else under pressure.
pub(crate) const fn is_the_citizens(duty: Duty) -> bool {
    matches!(duty, Duty::ReviewRequest | Duty::ReReviewRequest)
}

/// A right that may be used, not something that must be done: the light of a unit does not turn red for not objecting.
pub(crate) const fn is_a_right(duty: Duty) -> bool {
    matches!(duty, Duty::Objection)
}
