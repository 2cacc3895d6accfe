//! 回访: every closed ticket's citizen is called back, within the calling window, on a bounded number of lines.

use std::collections::BTreeMap;

use super::{Direction, Effect, Fact, Hotline, Party, Restored, Talk};
use crate::call::EndReason;
use crate::desk::{Actor, Ticket, TicketEvent, TicketState};
use crate::dialogue::spoken_number;
use crate::kernel::{CallId, Moment, Pii, Slot, SurveyId, TicketId, VerificationId, Wall};
use crate::survey::schedule::{Next, Window, next_attempt};
use crate::survey::{self, Survey, SurveyOutcome};

/// When and how citizens are called back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CallbackRules {
    /// From the ticket's closing to the first attempt.
    pub delay_ms: i64,
    /// Hours and spacing of attempts.
    pub window: Window,
    /// Callbacks at once, so that citizens who call in find a line.
    pub lines: usize,
}

#[derive(Debug)]
struct Callback {
    ticket: TicketId,
    attempts: Vec<Wall>,
    due: Wall,
    /// The attempt under way and how its talk ended, once it has.
    call: Option<CallId>,
    outcome: Option<SurveyOutcome>,
}

#[derive(Debug)]
pub(super) struct Callbacks {
    next_survey: u64,
    next_verification: u64,
    pending: BTreeMap<SurveyId, Callback>,
}

impl Callbacks {
    pub(super) fn restore(restored: &Restored) -> Self {
        let pending = restored.surveys.iter().map(|survey| {
            let callback = Callback {
                ticket: survey.ticket,
                attempts: survey.attempts.clone(),
                due: survey.due,
                call: None,
                outcome: None,
            };
            (survey.survey, callback)
        });
        Callbacks {
            next_survey: restored.next_survey.max(1),
            next_verification: restored.next_verification.max(1),
            pending: pending.collect(),
        }
    }
}

impl Hotline {
    pub(super) fn callbacks_deadline(&self) -> Option<Moment> {
        if self.lines_free() == 0 {
            return None;
        }
        let due = self.callbacks.pending.values().filter(|c| c.call.is_none()).map(|c| c.due);
        due.min().map(|due| self.now + due.unix_ms.saturating_sub(self.wall.unix_ms).max(0) as u64)
    }

    /// How many citizens may be dialled now. Those who call us go first: a talk is always kept free for them.
    fn lines_free(&self) -> usize {
        if self.stopping {
            return 0;
        }
        let running = |call: &&super::Call| call.ending.is_none();
        let calls = self.calls.values().filter(running);
        // A citizen who is being thanked is still on the line; one who is being rung will soon talk.
        let called = calls.filter(|call| call.direction == Direction::Callback);
        let (up, ringing) = called.partition::<Vec<_>, _>(|call| call.up);
        let lines = self.setup.callbacks.lines.saturating_sub(up.len() + ringing.len());
        let talks = self.setup.conversations.saturating_sub(1);
        lines.min(talks.saturating_sub(self.conversing() + ringing.len()))
    }

    /// The ticket is closed: its citizen is due a call, if there is a number to call.
    pub(super) fn plan_callback(&mut self, ticket: TicketId) {
        let survey = SurveyId(self.callbacks.next_survey);
        self.callbacks.next_survey += 1;
        let due = self.wall.plus_ms(self.setup.callbacks.delay_ms);
        self.plan_attempt(survey, ticket, Vec::new(), due);
    }

    fn plan_attempt(
        &mut self,
        survey: SurveyId,
        ticket: TicketId,
        attempts: Vec<Wall>,
        not_before: Wall,
    ) {
        let at = self.wall;
        let ticket_now = self.tickets.get(&ticket);
        let has_number = ticket_now.is_some_and(|t| number_of(t).is_some());
        let closed = |t: &Ticket| matches!(t.state, TicketState::Closed { .. });
        if !ticket_now.is_some_and(closed) {
            // Handled again since: the next closing plans the next callback.
            return self.survey_over(survey, ticket, "reopened");
        }
        let next = next_attempt(not_before.max(at), &attempts, &self.setup.callbacks.window);
        match next {
            Next::At(due) if has_number => {
                let attempt = attempts.len() as u32 + 1;
                self.keep(Fact::SurveyDue { survey, ticket, attempt, due, at });
                let callback = Callback { ticket, attempts, due, call: None, outcome: None };
                self.callbacks.pending.insert(survey, callback);
            }
            Next::At(_) => self.survey_over(survey, ticket, "no_number"),
            Next::GiveUp(reason) => self.survey_over(survey, ticket, reason.key()),
        }
    }

    /// The ticket is open again: nobody is called about it until it is closed once more.
    pub(super) fn drop_callbacks(&mut self, ticket: TicketId) {
        let planned = |c: &Callback| c.ticket == ticket && c.call.is_none();
        let pending = self.callbacks.pending.iter().filter(|(_, c)| planned(c));
        let dropped: Vec<SurveyId> = pending.map(|(survey, _)| *survey).collect();
        for survey in dropped {
            self.survey_over(survey, ticket, "reopened");
        }
    }

    fn survey_over(&mut self, survey: SurveyId, ticket: TicketId, outcome: &str) {
        self.callbacks.pending.remove(&survey);
        let outcome = outcome.to_owned();
        let at = self.wall;
        self.keep(Fact::SurveyEnded { survey, ticket, outcome, last: true, at });
    }

    pub(super) fn dial_due_callbacks(&mut self) {
        let wall = self.wall;
        let free = self.lines_free();
        if free == 0 {
            return;
        }
        let due: Vec<SurveyId> = self
            .callbacks
            .pending
            .iter()
            .filter(|(_, c)| c.call.is_none() && c.due <= wall)
            .map(|(id, _)| *id)
            .take(free)
            .collect();
        for survey in due {
            self.dial_citizen(survey);
        }
    }

    fn dial_citizen(&mut self, survey: SurveyId) {
        let at = self.wall;
        let id = CallId(self.next_call);
        let Some(callback) = self.callbacks.pending.get_mut(&survey) else { return };
        let ticket = callback.ticket;
        let Some(ticket) = self.tickets.get(&ticket) else {
            return self.survey_over(survey, ticket, "no_ticket");
        };
        let Some(number) = number_of(ticket) else {
            let ticket = ticket.id;
            return self.survey_over(survey, ticket, "no_number");
        };
        callback.attempts.push(at);
        callback.call = Some(id);
        callback.outcome = None;
        self.next_call += 1;
        let day = ticket.opened.civil();
        let spoken = |n: u32| spoken_number(u64::from(n));
        let machine = Survey::new(survey::Setup {
            survey,
            matter: survey::Matter {
                ticket: ticket.id,
                words: Pii::new(ticket.subject()),
                when: format!("{}月{}日", spoken(day.month), spoken(day.day)),
            },
            prompts: self.setup.prompts.clone(),
            manner: self.setup.manner,
        });
        let ticket = ticket.id;
        let leg = self.next_leg();
        let talk =
            Talk::Callback { survey, machine: Box::new(machine), begun: false, missed: None };
        self.add_call(id, Direction::Callback, leg, talk, Some(ticket));
        self.keep(Fact::CallStarted {
            call: id,
            direction: Direction::Callback,
            number: Some(number.clone()),
            at,
        });
        self.tell_state(id, "dialling");
        self.effect(Effect::Dial { call: id, leg, party: Party::Citizen { number } });
    }

    pub(super) fn callback_up(&mut self, id: CallId) {
        let at = self.wall;
        let Some(call) = self.calls.get_mut(&id) else { return };
        if let Talk::Callback { survey, begun, .. } = &mut call.talk {
            *begun = true;
            let survey = *survey;
            self.keep(Fact::SurveyStarted { survey, call: id, at });
            self.tell_survey(id, survey::Input::Begin);
        }
    }

    pub(super) fn callback_leg_ended(&mut self, id: CallId, reason: EndReason) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let Talk::Callback { begun, missed, .. } = &mut call.talk else { return };
        if *begun {
            return self.begin_ending(id, None);
        }
        // An announcement that is still being recognised says more than the refusal after it.
        *missed = Some(reason);
        self.begin_ending(id, Some(reason.key()));
    }

    /// Nobody picked up, and all that was on the line has been heard.
    pub(super) fn callback_missed(&mut self, id: CallId) {
        let talk = self.calls.get_mut(&id).map(|call| &mut call.talk);
        if let Some(Talk::Callback { missed, .. }) = talk
            && let Some(reason) = missed.take()
        {
            self.tell_survey(id, survey::Input::Missed { status: status_of(reason) });
        }
    }

    /// Of a talk that has ended nothing counts any more.
    pub(super) fn on_line(&mut self, id: CallId, heard: survey::OnLine) {
        let listens = self.calls.get(&id).is_some_and(|call| match &call.talk {
            Talk::Callback { missed, .. } => call.ending.is_none() || missed.is_some(),
            Talk::Robot(_) => false,
        });
        if listens {
            self.tell_survey(id, survey::Input::OnLine(heard));
        }
    }

    pub(super) fn tell_survey(&mut self, id: CallId, input: survey::Input) {
        let now = self.now;
        let Some(call) = self.calls.get_mut(&id) else { return };
        let Talk::Callback { machine, survey, .. } = &mut call.talk else { return };
        let survey = *survey;
        machine.handle(now, input);
        let effects = machine.drain();
        let state = machine.state_name();
        self.tell_state(id, state);
        for effect in effects {
            self.survey_effect(id, survey, effect);
        }
    }

    fn survey_effect(&mut self, id: CallId, survey: SurveyId, effect: survey::Effect) {
        let at = self.wall;
        let ended = self.calls.get(&id).is_none_or(|call| call.ending.is_some());
        match effect {
            survey::Effect::Say(say) if !ended => self.effect(Effect::Say { call: id, say }),
            survey::Effect::Hush if !ended => self.effect(Effect::Hush { call: id }),
            survey::Effect::Say(_) | survey::Effect::Hush => {}
            survey::Effect::Record(answer) => {
                self.keep(Fact::SurveyAnswer { survey, call: id, answer, at });
            }
            survey::Effect::Verify { reason } => self.open_verification(survey, reason.key()),
            survey::Effect::Finish(outcome) => self.attempt_over(id, outcome),
            survey::Effect::HangUp => {
                let outcome = self
                    .calls
                    .get(&id)
                    .and_then(|call| call.survey_outcome)
                    .map_or("ended", SurveyOutcome::key);
                self.outcome(id, outcome);
            }
        }
    }

    fn open_verification(&mut self, survey: SurveyId, reason: &str) {
        let Some(callback) = self.callbacks.pending.get(&survey) else { return };
        let ticket = callback.ticket;
        let verification = VerificationId(self.callbacks.next_verification);
        self.callbacks.next_verification += 1;
        let reason = reason.to_owned();
        let at = self.wall;
        let disputed = TicketEvent::Disputed { verification, reason: reason.clone() };
        self.change_ticket(ticket, disputed, Actor::system());
        self.keep(Fact::VerificationOpened { verification, survey, ticket, reason, at });
    }

    /// One attempt is over: final, or to be made again.
    fn attempt_over(&mut self, id: CallId, outcome: SurveyOutcome) {
        let at = self.wall;
        let survey = match self.calls.get_mut(&id) {
            Some(call) => {
                call.survey_outcome = Some(outcome);
                match &call.talk {
                    Talk::Callback { survey, .. } => *survey,
                    Talk::Robot(_) => return,
                }
            }
            None => return,
        };
        let again = !outcome.is_final();
        let Some(callback) = self.callbacks.pending.remove(&survey) else { return };
        let key = outcome.key().to_owned();
        let ticket = callback.ticket;
        self.keep(Fact::SurveyEnded { survey, ticket, outcome: key, last: !again, at });
        if again {
            self.plan_attempt(survey, ticket, callback.attempts, at);
        } else {
            self.change_ticket(ticket, TicketEvent::CalledBack { survey }, Actor::system());
        }
    }
}

/// The SIP status that says why nobody picked up; none where it was no refusal.
const fn status_of(reason: EndReason) -> Option<u16> {
    match reason {
        EndReason::Busy => Some(486),
        EndReason::NoAnswer => Some(480),
        EndReason::Rejected(status) => Some(status),
        _ => None,
    }
}

/// The number to call: what the caller said counts more than what the network said, and either stands there.
fn number_of(ticket: &Ticket) -> Option<Pii<String>> {
    let filled = ticket.fields.get(&Slot::Number)?;
    Some(Pii::new(filled.code.clone().unwrap_or_else(|| filled.value.clone())))
}
