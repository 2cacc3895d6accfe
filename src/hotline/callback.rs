//! 回访: every closed ticket's citizen is called back, and those of samples, within the calling window, on a bounded number
//! of lines and at a bounded rate.
//!
//! - `left.rs`: the rules, and what a restart finds.
//! - `quiet.rs`: numbers, and those that are not called any more.
//! - `room.rs`: lines, the rate, and who is busy.
//! - `samples.rs`: samples of running and of repeat cases.
//! - `verification.rs`: what follows an unhappy answer.
//!
//! Nobody is dialled before the attempt is kept, so that no crash makes it one more than is allowed.

mod left;
mod quiet;
mod room;
mod samples;
mod verification;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

pub use left::{CallbackRules, CallbacksLeft, window_of};
use quiet::number_of;
pub(super) use quiet::plain_number;

use super::{Ack, Direction, Effect, Fact, Hotline, Party, Restored, Talk};
use crate::call::EndReason;
use crate::desk::{Actor, DeskError, Ticket, TicketEvent, TicketState};
use crate::dialogue::spoken_number;
use crate::kernel::{CallId, CampaignId, Moment, Pii, SurveyId, TicketId, VerificationId, Wall};
use crate::survey::campaign::{Origin, Plan};
use crate::survey::schedule::{Made, Next, next_attempt};
use crate::survey::verify::Verification;
use crate::survey::{self, Survey, SurveyOutcome, VerifyReason};

const MINUTE_MS: u64 = 60_000;

#[derive(Debug)]
struct Callback {
    ticket: TicketId,
    origin: Origin,
    attempts: Vec<Wall>,
    due: Wall,
    /// The grade is on record: a restart does not ask again.
    graded: bool,
    /// What a restart found unhappy about the answers.
    dispute: Option<VerifyReason>,
    /// A verification was opened; there is one a callback.
    verified: bool,
    /// The attempt under way.
    call: Option<CallId>,
}

#[derive(Debug)]
pub(super) struct Callbacks {
    next_survey: u64,
    next_verification: u64,
    next_campaign: u64,
    pending: BTreeMap<SurveyId, Callback>,
    /// Those of `pending` that are not being called, by their moment.
    queue: BTreeSet<(Wall, SurveyId)>,
    verifications: BTreeMap<VerificationId, Verification>,
    announced: BTreeMap<CampaignId, Plan>,
    /// Drawn, and not on record yet.
    drawn: BTreeMap<CampaignId, Vec<TicketId>>,
    /// Drawn and on record, and not planned.
    unplanned: Vec<(CampaignId, TicketId)>,
    /// Their tickets are being loaded.
    fetching: bool,
    /// Wanted by hand and on record before the restart, and not planned.
    wanted: Vec<(SurveyId, TicketId)>,
    /// Announced, due, and waiting for their population.
    sampled: BTreeSet<CampaignId>,
    /// The first closed case of each citizen and category.
    first_cases: BTreeMap<(Pii<String>, String), TicketId>,
    do_not_call: BTreeSet<Pii<String>>,
    /// Callbacks to a number within the last two days.
    dialled: BTreeMap<Pii<String>, Vec<Wall>>,
    /// Callbacks begun within the last minute.
    recent: VecDeque<Moment>,
}

impl Callbacks {
    pub(super) fn restore(restored: &Restored) -> Self {
        let mut pending = BTreeMap::new();
        for survey in &restored.surveys {
            let callback = Callback {
                ticket: survey.ticket,
                origin: survey.origin,
                attempts: survey.attempts.clone(),
                due: survey.due,
                graded: survey.graded,
                dispute: survey.dispute,
                verified: survey.verified,
                call: None,
            };
            pending.insert(survey.survey, callback);
        }
        let left = &restored.callbacks;
        let mut dialled: BTreeMap<Pii<String>, Vec<Wall>> = BTreeMap::new();
        for (number, at) in &left.dialled {
            dialled.entry(plain_number(number.reveal())).or_default().push(*at);
        }
        let first_cases: BTreeMap<(Pii<String>, String), TicketId> = left
            .first_cases
            .iter()
            .map(|(number, category, ticket)| {
                ((plain_number(number.reveal()), category.clone()), *ticket)
            })
            .collect();
        Callbacks {
            next_survey: restored.next_survey.max(1),
            next_verification: restored.next_verification.max(1),
            next_campaign: left.next_campaign.max(1),
            queue: pending.iter().map(|(survey, c)| (c.due, *survey)).collect(),
            pending,
            verifications: left.verifications.iter().map(|v| (v.id, v.clone())).collect(),
            announced: left.announced.iter().cloned().collect(),
            drawn: BTreeMap::new(),
            unplanned: left.unplanned.clone(),
            fetching: false,
            wanted: left.wanted.clone(),
            sampled: BTreeSet::new(),
            first_cases,
            do_not_call: left.do_not_call.iter().map(|n| plain_number(n.reveal())).collect(),
            dialled,
            recent: VecDeque::new(),
        }
    }

    /// Tickets that somebody is to be called about, or an answer of is being looked into.
    fn about(&self) -> impl Iterator<Item = TicketId> {
        let called = self.pending.values().map(|callback| callback.ticket);
        called.chain(self.verifications.values().map(|verification| verification.ticket))
    }

    /// Somebody is about to be called about this ticket.
    fn is_asked(&self, ticket: TicketId) -> bool {
        self.pending.values().any(|callback| callback.ticket == ticket)
    }

    fn take(&mut self, survey: SurveyId) -> Option<Callback> {
        let callback = self.pending.remove(&survey)?;
        self.queue.remove(&(callback.due, survey));
        Some(callback)
    }
}

impl Hotline {
    pub(super) fn callbacks_deadline(&self) -> Option<Moment> {
        if self.stopping {
            return None;
        }
        let dial = (self.lines_free() > 0).then(|| self.first_due()).flatten().map(|(due, _)| {
            let free = self.rate_allows();
            free.map_or(self.moment_of(due), |free| free.max(self.moment_of(due)))
        });
        dial.into_iter().chain(self.samples_deadline()).min()
    }

    pub(super) fn callbacks_about(&self) -> impl Iterator<Item = TicketId> {
        self.callbacks.about()
    }

    /// The moment at which the wall shows `at`; now where it has passed.
    fn moment_of(&self, at: Wall) -> Moment {
        self.now + at.unix_ms.saturating_sub(self.wall.unix_ms).max(0) as u64
    }

    /// The ticket is closed: its citizen is due a call, if there is a number to call.
    pub(super) fn plan_callback(&mut self, ticket: TicketId) {
        // What was to be asked while it ran is asked now that it is closed.
        self.drop_planned(ticket, "superseded");
        if !self.waits_for_sample(ticket) {
            let due = self.wall.plus_ms(self.setup.callbacks.delay_ms);
            self.plan_survey(ticket, Origin::Closed, due);
        }
    }

    /// Staff want this citizen called, whatever became of the ticket.
    pub(super) fn callback_by_hand(
        &mut self,
        ticket: TicketId,
        why: String,
        by: String,
    ) -> Result<(), DeskError> {
        let found = self.tickets.get(&ticket).ok_or(DeskError::NoTicket(ticket))?;
        let refuse = |code, problem: &str| {
            Err(DeskError::Refused { code, problem: format!("{ticket}: {problem}") })
        };
        if number_of(found).is_none() {
            return refuse("no_number", "nobody can be called: the ticket has no number");
        }
        if !may_ask(found, Origin::ByHand) {
            return refuse(
                "not_now",
                "the citizen is still telling it; call back when the call is over",
            );
        }
        if self.callbacks.is_asked(ticket) {
            return refuse(
                "not_now",
                "a callback is planned already; look at the page of callbacks",
            );
        }
        let at = self.wall;
        let survey = SurveyId(self.callbacks.next_survey);
        self.keep(Fact::CallbackAsked { survey, ticket, why, by, at });
        self.plan_survey(ticket, Origin::ByHand, at);
        Ok(())
    }

    fn plan_survey(&mut self, ticket: TicketId, origin: Origin, not_before: Wall) {
        let survey = SurveyId(self.callbacks.next_survey);
        self.callbacks.next_survey += 1;
        self.plan_numbered(survey, ticket, origin, not_before);
    }

    fn plan_numbered(
        &mut self,
        survey: SurveyId,
        ticket: TicketId,
        origin: Origin,
        not_before: Wall,
    ) {
        let callback = Callback {
            ticket,
            origin,
            attempts: Vec::new(),
            due: not_before,
            graded: false,
            dispute: None,
            verified: false,
            call: None,
        };
        self.plan_attempt(survey, callback, not_before);
    }

    fn plan_attempt(&mut self, survey: SurveyId, mut callback: Callback, not_before: Wall) {
        let at = self.wall;
        let ticket = callback.ticket;
        let found = self.tickets.get(&ticket);
        if found.is_none() {
            return self.survey_over(survey, ticket, callback.origin, "no_ticket");
        }
        if !found.is_some_and(|t| may_ask(t, callback.origin)) {
            // Handled again since: the next closing plans the next callback.
            return self.survey_over(survey, ticket, callback.origin, "reopened");
        }
        let Some(number) = found.and_then(number_of).map(|n| plain_number(n.reveal())) else {
            return self.survey_over(survey, ticket, callback.origin, "no_number");
        };
        if self.callbacks.do_not_call.contains(&number) {
            return self.survey_over(survey, ticket, callback.origin, "do_not_call");
        }
        match self.next_attempt(&callback.attempts, &number, not_before.max(at)) {
            Next::At(due) => {
                let attempt = callback.attempts.len() as u32 + 1;
                let origin = callback.origin;
                self.keep(Fact::SurveyDue { survey, ticket, origin, attempt, due, at });
                callback.due = due;
                callback.call = None;
                self.callbacks.queue.insert((due, survey));
                self.callbacks.pending.insert(survey, callback);
            }
            Next::GiveUp(reason) => self.survey_over(survey, ticket, callback.origin, reason.key()),
        }
    }

    fn next_attempt(&self, own: &[Wall], number: &Pii<String>, not_before: Wall) -> Next {
        let rules = &self.setup.callbacks;
        let others: Vec<Wall> = self
            .callbacks
            .dialled
            .get(number)
            .map(|dialled| dialled.iter().filter(|at| !own.contains(at)).copied().collect())
            .unwrap_or_default();
        let made = Made { own, others: &others };
        next_attempt(not_before, made, &rules.window, &rules.calendar)
    }

    /// The ticket is open again: nobody is called about it until it is closed once more.
    pub(super) fn drop_callbacks(&mut self, ticket: TicketId) {
        self.drop_planned(ticket, "reopened");
    }

    fn drop_planned(&mut self, ticket: TicketId, outcome: &str) {
        let planned = |c: &Callback| c.ticket == ticket && c.call.is_none();
        let pending = self.callbacks.pending.iter().filter(|(_, c)| planned(c));
        let dropped: Vec<(SurveyId, Origin)> =
            pending.map(|(survey, c)| (*survey, c.origin)).collect();
        for (survey, origin) in dropped {
            self.survey_over(survey, ticket, origin, outcome);
        }
    }

    fn survey_over(&mut self, survey: SurveyId, ticket: TicketId, origin: Origin, outcome: &str) {
        self.callbacks.take(survey);
        let outcome = outcome.to_owned();
        let at = self.wall;
        self.keep(Fact::SurveyEnded {
            survey,
            ticket,
            origin,
            outcome,
            attempt: 0,
            last: true,
            at,
        });
    }

    pub(super) fn dial_due_callbacks(&mut self) {
        let (now, wall) = (self.now, self.wall);
        self.draw_due_samples();
        while self.callbacks.recent.front().is_some_and(|begun| now.since(*begun) >= MINUTE_MS) {
            self.callbacks.recent.pop_front();
        }
        while self.lines_free() > 0 && self.rate_allows().is_none() {
            let Some((_, survey)) = self.first_due().filter(|(due, _)| *due <= wall) else {
                return;
            };
            self.dial_citizen(survey);
        }
    }

    /// Dials, or finds that it is not the time any more.
    fn dial_citizen(&mut self, survey: SurveyId) {
        let at = self.wall;
        let Some(mut callback) = self.callbacks.take(survey) else { return };
        let ticket = callback.ticket;
        if callback.graded {
            return self.graded_before(survey, callback);
        }
        let Some(found) = self.tickets.get(&ticket) else {
            return self.survey_over(survey, ticket, callback.origin, "no_ticket");
        };
        let Some(number) = number_of(found) else {
            return self.survey_over(survey, ticket, callback.origin, "no_number");
        };
        let plain = plain_number(number.reveal());
        // The lines may have been taken until the window closed, or the service may have stood still.
        let open = self.next_attempt(&callback.attempts, &plain, at) == Next::At(at);
        if !open || self.callbacks.do_not_call.contains(&plain) || !may_ask(found, callback.origin)
        {
            return self.plan_attempt(survey, callback, at);
        }
        let machine = self.talk_of(survey, found);
        let id = CallId(self.next_call);
        self.next_call += 1;
        callback.attempts.push(at);
        callback.call = Some(id);
        let attempt = callback.attempts.len() as u32;
        self.callbacks.pending.insert(survey, callback);
        self.callbacks.recent.push_back(self.now);
        let dialled = self.callbacks.dialled.entry(plain.clone()).or_default();
        dialled.retain(|made| at.civil().days() - made.civil().days() < 2);
        dialled.push(at);
        let leg = self.next_leg();
        let talk =
            Talk::Callback { survey, machine: Box::new(machine), begun: false, missed: None };
        self.add_call(id, Direction::Callback, leg, talk, Some(ticket));
        if let Some(call) = self.calls.get_mut(&id) {
            call.number = Some(plain);
        }
        let direction = Direction::Callback;
        self.keep(Fact::CallStarted { call: id, direction, number: Some(number), at });
        self.tell_state(id, "dialling");
        let fact = Fact::SurveyDialled { survey, ticket, call: id, attempt, at };
        self.effect(Effect::Keep { fact, ack: Some(Ack::Dial { call: id }) });
    }

    fn talk_of(&self, survey: SurveyId, ticket: &Ticket) -> Survey {
        let day = ticket.opened.civil();
        let spoken = |n: u32| spoken_number(u64::from(n));
        Survey::new(survey::Setup {
            survey,
            matter: survey::Matter {
                ticket: ticket.id,
                running: ticket.state.is_open(),
                words: Pii::new(ticket.subject()),
                when: format!("{}月{}日", spoken(day.month), spoken(day.day)),
            },
            prompts: self.setup.prompts.clone(),
            manner: self.setup.manner,
        })
    }

    /// The attempt is on record: now it is made.
    pub(super) fn dial_stored(&mut self, id: CallId) {
        let wall = self.wall;
        let Some(call) = self.calls.get(&id).filter(|call| call.ending.is_none() && !call.up)
        else {
            return;
        };
        let (leg, ticket) = (call.leg, call.ticket);
        let rules = &self.setup.callbacks;
        let number = ticket.and_then(|ticket| self.tickets.get(&ticket)).and_then(number_of);
        match number.filter(|_| rules.window.allows(wall, &rules.calendar)) {
            Some(number) => {
                self.effect(Effect::Dial { call: id, leg, party: Party::Citizen { number } });
            }
            None => {
                self.legs.remove(&leg);
                self.begin_ending(id, Some("window_closed"));
                self.attempt_over(id, None, "window_closed");
            }
        }
    }

    /// The service stopped between the grade and the end of the talk: what was answered holds.
    fn graded_before(&mut self, survey: SurveyId, callback: Callback) {
        let (ticket, origin, dispute) = (callback.ticket, callback.origin, callback.dispute);
        self.callbacks.pending.insert(survey, callback);
        if let Some(reason) = dispute {
            self.open_verification(survey, reason);
        }
        self.survey_over(survey, ticket, origin, SurveyOutcome::Complete.key());
        self.called_back(ticket, survey);
    }

    /// Only a closed ticket ends with its callback; one that runs goes on.
    fn called_back(&mut self, ticket: TicketId, survey: SurveyId) {
        let closed = |t: &Ticket| matches!(t.state, TicketState::Closed { .. });
        if self.tickets.get(&ticket).is_some_and(closed) {
            self.change_ticket(ticket, TicketEvent::CalledBack { survey }, Actor::system());
        }
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
                if let Some(callback) = self.callbacks.pending.get_mut(&survey) {
                    callback.graded |= answer.grade().is_some();
                }
                self.keep(Fact::SurveyAnswer { survey, call: id, answer, at });
            }
            survey::Effect::Verify { reason } => self.open_verification(survey, reason),
            survey::Effect::Finish(outcome) => self.attempt_over(id, Some(outcome), outcome.key()),
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

    /// One attempt is over: final, or to be made again. Without an outcome it was not made; `key` tells why.
    fn attempt_over(&mut self, id: CallId, outcome: Option<SurveyOutcome>, key: &str) {
        let at = self.wall;
        let Some(call) = self.calls.get_mut(&id) else { return };
        call.survey_outcome = outcome;
        let Talk::Callback { survey, begun, .. } = &call.talk else { return };
        let survey = *survey;
        let why = if *begun { "别再打" } else { "拒接来电" };
        let number = call.number.clone();
        let again = outcome.is_none_or(|outcome| !outcome.is_final());
        let Some(callback) = self.callbacks.take(survey) else { return };
        let (ticket, origin) = (callback.ticket, callback.origin);
        let attempt = callback.attempts.len() as u32;
        // Graded, and gone before the goodbye: that is no reason to ask again.
        let (again, key) = match again && callback.graded {
            true => (false, SurveyOutcome::Complete.key()),
            false => (again, key),
        };
        let outcome_key = key.to_owned();
        let last = !again;
        self.keep(Fact::SurveyEnded {
            survey,
            ticket,
            origin,
            outcome: outcome_key,
            attempt,
            last,
            at,
        });
        if outcome == Some(SurveyOutcome::Declined)
            && let Some(number) = number
        {
            self.stop_calling(number, Some(survey), "citizen".into(), why.to_owned());
        }
        if again {
            self.plan_attempt(survey, callback, at);
        } else {
            self.called_back(ticket, survey);
        }
    }
}

/// A citizen may be asked about the ticket as it stands.
fn may_ask(ticket: &Ticket, origin: Origin) -> bool {
    match (&ticket.state, origin) {
        (TicketState::Draft | TicketState::Told { .. } | TicketState::Merged { .. }, _) => false,
        (TicketState::Closed { .. }, _) => true,
        (_, origin) => origin != Origin::Closed,
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
