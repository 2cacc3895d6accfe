//! The one transition function.

use super::event::TicketEvent;
use super::state::TicketState;
use super::{DeskError, Ticket};

use TicketEvent as E;
use TicketState as S;

impl Ticket {
    /// Where `event` leads from here, or why it cannot be now.
    pub(super) fn next(&self, event: &TicketEvent) -> Result<TicketState, DeskError> {
        if let Some((field, words)) = event.needed()
            && words.trim().is_empty()
        {
            return Err(match event {
                E::Closed { .. } => DeskError::NoResult,
                _ => DeskError::NoWords { field, wanted: event.wanted() },
            });
        }
        self.beside(event)?;
        let next = match (&self.state, event) {
            (S::Draft, E::Carried { state, .. }) if self.heads.is_empty() => {
                Some((**state).clone())
            }
            (S::Draft, E::Interrupted) => Some(S::Interrupted),
            (S::Draft | S::Interrupted | S::Registered, E::Registered) => Some(S::Registered),
            (
                S::Draft | S::Interrupted | S::Registered | S::Handling { .. },
                E::Taken { agent },
            ) => Some(S::Handling { agent: *agent }),
            (
                S::Draft | S::Interrupted | S::Registered | S::Handling { .. },
                E::Told { ground, .. },
            ) => Some(S::Told { ground: *ground }),
            (S::Interrupted | S::Registered | S::Handling { .. }, E::Dispatched { to }) => {
                Some(S::Dispatched { to: to.clone() })
            }
            (
                S::Draft
                | S::Interrupted
                | S::Registered
                | S::Handling { .. }
                | S::Answered { .. }
                | S::Merged { .. },
                E::Closed { result },
            ) => Some(S::Closed { result: result.clone() }),
            (
                S::Interrupted
                | S::Registered
                | S::Handling { .. }
                | S::Dispatched { .. }
                | S::Signed { .. }
                | S::Working { .. }
                | S::Objected { .. }
                | S::Answered { .. },
                E::Merged { into, .. },
            ) => Some(S::Merged { into: *into }),
            (S::Closed { .. }, E::CalledBack { survey }) => Some(S::CalledBack { survey: *survey }),
            (S::Closed { .. } | S::CalledBack { .. } | S::Told { .. }, E::Archived { .. }) => {
                Some(S::Archived)
            }
            (
                S::Closed { .. }
                | S::CalledBack { .. }
                | S::Archived
                | S::Told { .. }
                | S::Merged { .. },
                E::Reopened { .. },
            ) => Some(S::Registered),
            _ => self.of_unit(event).or_else(|| self.stays(event)),
        };
        next.ok_or(DeskError::NotNow {
            ticket: self.id,
            state: self.state.key(),
            wanted: event.wanted(),
        })
    }

    /// Between its dispatch and its answer.
    fn of_unit(&self, event: &TicketEvent) -> Option<TicketState> {
        let next = match (&self.state, event) {
            (S::Dispatched { to }, E::Signed { member }) => {
                let mut to = to.clone();
                to.member = member.clone().or(to.member);
                S::Signed { to, overruled: false }
            }
            (S::Signed { to, overruled }, E::Assigned { member }) => {
                let to = to.clone().to_member(member);
                S::Signed { to, overruled: *overruled }
            }
            (S::Working { to, overruled }, E::Assigned { member }) => {
                let to = to.clone().to_member(member);
                S::Working { to, overruled: *overruled }
            }
            (S::Signed { to, .. } | S::Working { to, .. }, E::Transferred { to: unit, .. }) => {
                let mut to = to.clone();
                to.with.retain(|other| other.code != unit.code);
                to.owner = unit.clone();
                to.member = None;
                S::Working { to, overruled: false }
            }
            (S::Signed { to, overruled } | S::Working { to, overruled }, E::Worked { .. }) => {
                S::Working { to: to.clone(), overruled: *overruled }
            }
            (S::Dispatched { to }, E::Objected { why })
            | (
                S::Signed { to, overruled: false } | S::Working { to, overruled: false },
                E::Objected { why },
            ) => S::Objected { to: to.clone(), why: why.clone() },
            (S::Objected { .. }, E::ObjectionDecided { upheld: true, .. }) => S::Registered,
            (S::Objected { to, .. }, E::ObjectionDecided { upheld: false, .. }) => {
                S::Signed { to: to.clone(), overruled: true }
            }
            (S::Signed { to, .. } | S::Working { to, .. }, E::Answered { words }) => {
                S::Answered { to: to.clone(), words: words.clone() }
            }
            _ => return None,
        };
        Some(next)
    }

    /// What may happen without leading elsewhere.
    fn stays(&self, event: &TicketEvent) -> Option<TicketState> {
        let owned = self.state.assignment().is_some();
        let may = match event {
            // The robot may take down more than the desk has waited for.
            E::Drafted { .. } | E::Edited { .. } => self.state.is_open(),
            E::Marked { mark, .. } if mark.is_review() => {
                !self.state.is_open() || matches!(self.state, S::Answered { .. })
            }
            E::Marked { .. } => self.state.is_open(),
            E::Paused { .. } => self.state.is_open() || matches!(self.state, S::Closed { .. }),
            E::Resumed { .. } => true,
            E::ExtensionAsked { .. } => owned && !matches!(self.state, S::Objected { .. }),
            E::Convened { .. } => owned,
            E::Supervised { .. } => self.state.is_open() && self.state != S::Draft,
            // What was begun can be ended, wherever the ticket has come to.
            E::ExtensionDecided { .. }
            | E::Adjourned { .. }
            | E::SupervisionAnswered { .. }
            | E::SupervisionLifted { .. } => true,
            E::Disputed { .. } => matches!(self.state, S::Closed { .. } | S::CalledBack { .. }),
            E::Verified { .. } => true,
            E::Joined { .. } => self.state.is_open() && self.state != S::Draft,
            E::Sealed { .. } | E::IdentityOpened { .. } => true,
            _ => false,
        };
        may.then(|| self.state.clone())
    }

    /// What stands beside the state: an extension that waits, a supervision, a meeting, a pause.
    fn beside(&self, event: &TicketEvent) -> Result<(), DeskError> {
        let unfit = |what| Err(DeskError::Unfit { ticket: self.id, what });
        match event {
            E::ExtensionAsked { .. } if self.extension.is_some() => {
                unfit("an extension has been asked for and is not decided yet")
            }
            E::ExtensionDecided { .. } if self.extension.is_none() => {
                unfit("no extension waits for a decision")
            }
            E::Supervised { .. } if self.supervision.is_some() => unfit("it is supervised already"),
            E::SupervisionAnswered { .. } | E::SupervisionLifted { .. }
                if self.supervision.is_none() =>
            {
                unfit("it is not supervised")
            }
            E::Convened { forum, .. } if self.forums.contains_key(forum) => {
                unfit("such a meeting is under way already")
            }
            E::Convened { units, .. } if units.is_empty() => {
                unfit("nobody is named to work on it together with")
            }
            E::Adjourned { forum, .. } if !self.forums.contains_key(forum) => {
                unfit("no such meeting is under way")
            }
            E::Paused { kind, .. } if self.is_paused(kind) => {
                unfit("its clock stands for that reason already")
            }
            E::Resumed { kind } if !self.is_paused(kind) => {
                unfit("its clock does not stand for that reason")
            }
            E::Merged { into, .. } if *into == self.id => {
                unfit("a ticket is not merged into itself")
            }
            E::Merged { .. } if !self.merged.is_empty() => {
                unfit("others were merged into it; merge the other one into this")
            }
            E::Joined { ticket } if *ticket == self.id || self.merged.contains(ticket) => {
                unfit("that ticket is part of it already")
            }
            E::Disputed { verification, .. } if self.disputes.contains(verification) => {
                unfit("that verification is open already")
            }
            E::Verified { verification, .. } if !self.disputes.contains(verification) => {
                unfit("no such verification is open")
            }
            E::Sealed { secret, .. } if *secret == self.secret => {
                unfit("its secrecy is as wanted already")
            }
            E::IdentityOpened { .. } if !self.secret => unfit("it is not secret"),
            _ => Ok(()),
        }
    }
}

impl super::Assignment {
    fn to_member(mut self, member: &str) -> Self {
        self.member = Some(member.to_owned());
        self
    }
}
