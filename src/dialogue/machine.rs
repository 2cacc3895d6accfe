//! The conversation machine: what happened is sorted here; what follows is in `request`, `filling` and `waiting`.

use std::collections::VecDeque;
use std::sync::Arc;

use super::contract::{Effect, HandOverReason, Input, Manner, Outcome, Setup, Understood};
use super::hearing;
use super::lines::Line;
use super::mouth::{Lapse, Mouth, Phrase};
use super::prompts::Prompts;
use super::say::{Expect, Say};
use super::state::{Ask, Opening, State};
use super::tries::{Failing, Tries};
use crate::intake::{Command, Draft};
use crate::kernel::{CallId, Moment, Pii, Slot, TicketId};

/// One caller's conversation with the robot. Begin with [`Input::Begin`]; after every `handle` drain the effects
/// and look at the deadline. Unless caller and agent talk, or all is over, there always is a deadline.
#[derive(Clone, Debug)]
pub struct Dialogue {
    pub(super) call: CallId,
    pub(super) number: Option<Pii<String>>,
    pub(super) prompts: Arc<Prompts>,
    pub(super) manner: Manner,
    pub(super) mouth: Mouth,
    pub(super) state: State,
    pub(super) draft: Draft,
    /// As last handed out for storing.
    pub(super) saved: Option<Draft>,
    pub(super) ticket: Option<TicketId>,
    /// The fields asked for: at most [`super::filling::QUESTIONS_MAX`].
    pub(super) questions: Vec<Slot>,
    /// How often the place was read back.
    pub(super) place_rounds: u8,
    /// A request was already asked for in other words.
    pub(super) rephrased: bool,
    /// Items that the caller said are not meant.
    pub(super) rejected: Vec<String>,
    pub(super) answered: bool,
    /// The caller is among those who wait for a person.
    pub(super) queued: bool,
    /// The caller was asked to leave word.
    pub(super) word_left: bool,
    /// The caller was asked for a number, or said no to giving one.
    pub(super) number_asked: bool,
    /// The recogniser has no room for this call: only keys can be heard.
    pub(super) deaf: bool,
    /// The caller was handed over for saying nothing.
    pub(super) mute: bool,
    /// What was said at the hand-over tells why: it is heard out even when nobody is there.
    pub(super) explains: bool,
    /// The ticket's number was told and not heard to its end: it is said again before goodbye.
    pub(super) owed: bool,
    /// How often the caller said that there is no danger, and that no person is wanted.
    pub(super) safe: u8,
    pub(super) unaided: u8,
    /// The time or a sum was read back with the place.
    pub(super) facts_told_back: bool,
    /// Who asks how a ticket stands wants it urged.
    pub(super) urging: bool,
    /// How often the last four digits of a ticket's contact number were told.
    pub(super) last_fours: u8,
    repeats: u8,
    effects: VecDeque<Effect>,
}

/// After that many 再说一遍 one after the other a person does it better.
const REPEATS_MAX: u8 = 3;

impl Dialogue {
    pub fn new(setup: Setup) -> Dialogue {
        let Setup { call, number, prompts, manner } = setup;
        Dialogue {
            call,
            draft: Draft::new(number.clone()),
            number,
            prompts,
            manner,
            mouth: Mouth::default(),
            state: State::New,
            saved: None,
            ticket: None,
            questions: Vec::new(),
            place_rounds: 0,
            rephrased: false,
            rejected: Vec::new(),
            answered: false,
            queued: false,
            word_left: false,
            number_asked: false,
            deaf: false,
            mute: false,
            explains: false,
            owed: false,
            safe: 0,
            unaided: 0,
            facts_told_back: false,
            urging: false,
            last_fours: 0,
            repeats: 0,
            effects: VecDeque::new(),
        }
    }

    /// Takes in what happened. `now` never runs backwards.
    pub fn handle(&mut self, now: Moment, input: Input) {
        if let Input::Stored { ticket } = input {
            return self.stored(now, ticket);
        }
        if matches!(self.state, State::Ended) {
            return;
        }
        match input {
            Input::Begin => self.begin(now),
            Input::CalledBack { ticket } => self.called_back(now, ticket),
            Input::Heard(understood) => self.heard(now, understood),
            Input::Unclear => self.unclear(now),
            Input::Key(key) => self.key(now, key),
            Input::Silent => self.silent(now),
            Input::SaidAll(say) => {
                if self.mouth.said(now, say) {
                    self.turn_said();
                }
            }
            Input::Interrupted { say, unsaid, .. } => self.mouth.interrupted(now, say, &unsaid),
            Input::Stored { .. } => {}
            Input::LookedUp(found) => self.looked_up(now, found),
            Input::Waiting { position, estimate_s } => self.queued(now, position, estimate_s),
            Input::AgentReached => self.agent_reached(),
            Input::AgentLost => self.agent_gone(now, HandOverReason::AgentLost),
            Input::PassedOn => self.agent_gone(now, HandOverReason::PassedOn),
            Input::AgentDone => {
                if matches!(self.state, State::Talking) {
                    self.end(Outcome::HandedOver);
                }
            }
            Input::NoAgents | Input::QueueFull => self.nobody(now),
            Input::Overloaded => self.overloaded(now),
            Input::Busy => self.busy(now),
            Input::HungUp => self.hung_up(),
            Input::Tick => self.tick(now),
        }
    }

    /// When [`Input::Tick`] is wanted.
    pub fn deadline(&self) -> Option<Moment> {
        match &self.state {
            State::Saving { until, .. } | State::LookingUp { until, .. } => Some(*until),
            State::Waiting(wait) => Some(wait.told_at + self.manner.announce_ms),
            State::Asking { .. } | State::Closing { .. } => self.mouth.deadline(),
            State::New | State::Talking | State::Ended => None,
        }
    }

    /// The effects since the last drain, in order.
    pub fn drain(&mut self) -> Vec<Effect> {
        self.effects.drain(..).collect()
    }

    /// The field that the question asked for, for `Intake::read`.
    pub fn asked(&self) -> Option<Slot> {
        match &self.state {
            State::Asking { ask, .. } => ask.slot(),
            _ => None,
        }
    }

    /// How to listen now.
    pub fn expects(&self) -> Expect {
        match &self.state {
            State::Asking { ask, .. } => ask.expect(),
            _ => Expect::Nothing,
        }
    }

    /// For pages and logs: `request`, `helped`, `fill`, `place_back`, `waiting`, `talking` …
    pub fn state_name(&self) -> &'static str {
        self.state.name()
    }

    pub fn call(&self) -> CallId {
        self.call
    }

    pub fn draft(&self) -> &Draft {
        &self.draft
    }

    /// The ticket's number once it is stored.
    pub fn ticket(&self) -> Option<TicketId> {
        self.ticket
    }

    // ---- what the other parts speak and do with ----

    pub(super) fn effect(&mut self, effect: Effect) {
        self.effects.push_back(effect);
    }

    pub(super) fn text(&self, line: Line, values: &[(&str, &str)]) -> String {
        self.prompts.text(line, 0, values)
    }

    pub(super) fn statement(&self, line: Line, values: &[(&str, &str)]) -> Phrase {
        Phrase::statement(self.text(line, values))
    }

    /// Stops what is being said, as far as it may be stopped.
    pub(super) fn hush(&mut self) {
        if self.mouth.hush() {
            self.effect(Effect::Hush);
        }
    }

    /// Says `phrases` instead of whatever is being said.
    pub(super) fn turn(&mut self, now: Moment, phrases: Vec<Phrase>) {
        self.hush();
        let says = self.mouth.say(now, phrases);
        self.speak(says);
    }

    pub(super) fn speak(&mut self, says: Vec<Say>) {
        self.effects.extend(says.into_iter().map(Effect::Say));
    }

    /// Asks `ask` after `before`, in `line`'s first wording.
    pub(super) fn ask(
        &mut self,
        now: Moment,
        before: Vec<Phrase>,
        ask: Ask,
        line: Line,
        values: &[(&str, &str)],
    ) {
        let text = self.text(line, values);
        let mut phrases = before;
        phrases.push(Phrase::question(text, ask.expect(), ask.patience_ms(&self.manner)));
        self.turn(now, phrases);
        self.state = State::Asking { ask, tries: Tries::default() };
    }

    /// Hands the draft out for storing unless it was so already.
    pub(super) fn save(&mut self) {
        if self.saved.as_ref() != Some(&self.draft) {
            self.saved = Some(self.draft.clone());
            self.effect(Effect::Save(self.draft.clone()));
        }
    }

    pub(super) fn close(&mut self, now: Moment, phrase: Phrase, outcome: Outcome) {
        self.turn(now, vec![phrase]);
        self.state = State::Closing { outcome, paused: false };
    }

    pub(super) fn end(&mut self, outcome: Outcome) {
        self.mouth.close();
        self.state = State::Ended;
        self.effect(Effect::HangUp { outcome });
    }

    // ---- sorting what happened ----

    fn begin(&mut self, now: Moment) {
        if matches!(self.state, State::New) {
            let notice = self.statement(Line::Notice, &[]).heard();
            self.ask(now, vec![notice], Ask::Request(Opening::First), Line::Open, &[]);
        }
    }

    fn turn_said(&mut self) {
        if let State::Closing { outcome, paused: false } = self.state {
            self.end(outcome);
        }
    }

    fn heard(&mut self, now: Moment, u: Understood) {
        if matches!(self.state, State::New | State::Talking) {
            return;
        }
        if self.mouth.in_statement() && hearing::is_back_channel(&u) {
            return self.go_on(now);
        }
        if let Some(emergency) = u.reading.emergency {
            return self.emergency(now, emergency, &u);
        }
        if self.doubts(now, &u) {
            return;
        }
        let repeats = std::mem::take(&mut self.repeats);
        if let Some((ask, tries)) = self.doubted_command(&u) {
            return self.ask_again(now, ask, tries, Failing::Unclear);
        }
        match u.reading.command {
            Some(Command::Person) => {
                self.draft.merge(&u.reading, &u.utterance);
                self.person(now);
            }
            Some(Command::Repeat | Command::Slower) => self.repeat(now, repeats),
            Some(Command::Wait) => self.take_your_time(now),
            Some(Command::Bye) => self.bye(now, &u),
            Some(Command::StopCalling | Command::Progress) | None => self.heard_matter(now, u),
        }
    }

    /// The question to put once more when a command that parts us was heard badly as the answer to it.
    fn doubted_command(&self, u: &Understood) -> Option<(Ask, Tries)> {
        let State::Asking { ask, tries } = &self.state else {
            return None;
        };
        let parts = u.reading.command.is_some_and(hearing::parts);
        let again =
            parts && hearing::is_doubtful(u) && ask.expect() == Expect::YesNo && tries.unclear == 0;
        again.then(|| (ask.clone(), *tries))
    }

    /// Words that are no command: by what was asked.
    pub(super) fn heard_matter(&mut self, now: Moment, u: Understood) {
        if self.other_number(now, &u) {
            return;
        }
        match self.state.clone() {
            State::Asking { ask, tries } => self.answered_with(now, ask, tries, u),
            State::Waiting(wait) => self.heard_waiting(now, wait, &u),
            State::Closing { outcome: Outcome::Answered, .. } if hearing::is_request(&u) => {
                self.request(now, Tries::default(), u);
            }
            State::Closing { outcome: Outcome::Registered, .. } if self.is_answerable(&u) => {
                self.owed = true;
                self.request(now, Tries::default(), u);
            }
            State::Closing { .. } => self.go_on(now),
            State::New
            | State::Saving { .. }
            | State::LookingUp { .. }
            | State::Talking
            | State::Ended => {}
        }
    }

    fn answered_with(&mut self, now: Moment, ask: Ask, tries: Tries, u: Understood) {
        if self.other_ticket(now, &ask, &u) {
            return;
        }
        match (&ask, u.reading.yes_no) {
            (Ask::TicketNumber(told), _) => self.ticket_heard(now, told.clone(), tries, u),
            (Ask::TicketBack(told), _) => self.ticket_back_heard(now, told.clone(), tries, u),
            (Ask::LastFour(asked), _) => self.last_four_heard(now, asked.clone(), tries, u),
            (Ask::Fill(slot), _) => self.filled(now, *slot, tries, u),
            (Ask::LeaveWord, _) => self.word_left(now, tries, u),
            (Ask::Doubt(held), answer) => {
                let held = (**held).clone();
                self.doubt_heard(now, held, tries, answer, u);
            }
            (Ask::PlaceBack, _) => self.place_heard(now, tries, u),
            (Ask::Number(dictation), _) => self.number_heard(now, dictation.clone(), tries, u),
            (Ask::NumberKeys(dictation), _) => self.number_heard(now, dictation.clone(), tries, u),
            (Ask::NumberBack(dictation), _) => {
                self.number_back_heard(now, dictation.clone(), tries, u);
            }
            (Ask::Request(Opening::More), answer) => self.more_heard(now, tries, answer, u),
            (Ask::Request(_), _) => self.request(now, tries, u),
            (Ask::Offer(items), _) => self.choice_heard(now, items.clone(), tries, u),
            (Ask::Urge(_) | Ask::ProgressPerson, None) if hearing::is_request(&u) => {
                self.request(now, tries, u);
            }
            (Ask::Confirm(_) | Ask::Helped, _) if hearing::is_request(&u) => {
                self.reject(&ask);
                self.request(now, tries, u);
            }
            (Ask::Helped, None) if hearing::is_thanks(&u) => self.helped(now),
            (Ask::Callback(wait), None) if hearing::is_request(&u) => {
                self.heard_waiting(now, *wait, &u);
            }
            (_, Some(yes)) if !hearing::is_doubtful(&u) => self.yes_no(now, ask, yes),
            (_, _) => self.ask_again(now, ask, tries, Failing::Unclear),
        }
    }

    /// A closed question answered, in words or with a key.
    pub(super) fn yes_no(&mut self, now: Moment, ask: Ask, yes: bool) {
        match (ask, yes) {
            (Ask::Confirm(item), true) => self.answer(now, &item),
            (ask @ Ask::Confirm(_), false) => {
                self.reject(&ask);
                self.rephrase(now);
            }
            (Ask::Helped, true) => self.helped(now),
            (Ask::Helped, false) => self.hand_over(now, HandOverReason::Unhelped, None),
            (Ask::PlaceBack, true) => self.place_confirmed(now),
            (Ask::PlaceBack, false) => self.place_wrong(now),
            (Ask::NumberBack(dictation), true) => self.number_confirmed(now, dictation),
            (Ask::NumberBack(dictation), false) => self.number_denied(now, dictation),
            (Ask::TicketBack(told), yes) => self.ticket_agreed(now, &told, yes),
            (Ask::Urge(ticket), true) => self.urge(now, ticket, Vec::new()),
            (Ask::Urge(_), false) => self.no_urge(now),
            (Ask::ProgressPerson, wanted) => self.person_offered(now, wanted),
            (Ask::Callback(_), true) => self.callback_wanted(now),
            (Ask::Callback(wait), false) => self.wait_on(now, wait),
            (Ask::Doubt(held), true) => self.doubt_confirmed(now, *held),
            (Ask::Doubt(held), false) => self.doubt_denied(now, *held),
            // An open question has no yes and no.
            (
                Ask::Request(_)
                | Ask::Offer(_)
                | Ask::Fill(_)
                | Ask::LeaveWord
                | Ask::Number(_)
                | Ask::NumberKeys(_)
                | Ask::TicketNumber(_)
                | Ask::LastFour(_),
                _,
            ) => {}
        }
    }

    fn key(&mut self, now: Moment, key: char) {
        if let State::Asking { ask, tries } = self.state.clone()
            && (self.number_key(now, &ask, tries, key) || self.progress_key(now, &ask, tries, key))
        {
            return;
        }
        if let State::Asking { ask: Ask::Offer(items), tries } = self.state.clone()
            && key.is_ascii_digit()
            && key != '0'
        {
            return self.choice_key(now, items, tries, key);
        }
        match (self.state.clone(), key) {
            (State::New | State::Talking | State::Ended, _) | (_, '#') => {}
            (_, '0') => self.person(now),
            (_, '*') => self.repeat(now, 0),
            (State::Asking { ask, .. }, '1') if ask.expect() == Expect::YesNo => {
                self.yes_no(now, ask, true)
            }
            (State::Asking { ask, .. }, '2') if ask.expect() == Expect::YesNo => {
                self.yes_no(now, ask, false)
            }
            (State::Asking { ask, tries }, _) => self.ask_again(now, ask, tries, Failing::Unclear),
            (
                State::Saving { .. }
                | State::LookingUp { .. }
                | State::Waiting(_)
                | State::Closing { .. },
                _,
            ) => {}
        }
    }

    fn unclear(&mut self, now: Moment) {
        match self.state.clone() {
            State::Asking { .. } | State::Closing { .. } if self.mouth.in_statement() => {
                self.go_on(now)
            }
            State::Asking { ask, tries } => self.ask_again(now, ask, tries, Failing::Unclear),
            State::Closing { .. } => self.go_on(now),
            State::New
            | State::Saving { .. }
            | State::LookingUp { .. }
            | State::Waiting(_)
            | State::Talking
            | State::Ended => {}
        }
    }

    fn silent(&mut self, now: Moment) {
        if self.mouth.is_speaking() {
            return;
        }
        match self.state.clone() {
            State::Asking { .. } if self.mouth.was_cut() => self.go_on(now),
            State::Asking { ask: Ask::NumberKeys(dictation), tries } => {
                self.keys_pause(now, dictation, tries);
            }
            State::Asking { ask, .. } if self.is_typing(now, &ask) => {}
            State::Asking { ask, tries } => {
                self.ask_again(now, Dialogue::without_typed(ask), tries, Failing::Silent);
            }
            State::Closing { outcome, paused: true } => self.unpause(now, outcome),
            State::Closing { outcome, .. } => self.end(outcome),
            State::New
            | State::Saving { .. }
            | State::LookingUp { .. }
            | State::Waiting(_)
            | State::Talking
            | State::Ended => {}
        }
    }

    /// A sound that was no turn: what it cut off is taken up again, what is still being said goes on. A goodbye
    /// that was cut short is enough; a ticket's number is not.
    fn go_on(&mut self, now: Moment) {
        match self.state {
            State::Closing { outcome, paused: true } => self.unpause(now, outcome),
            State::Closing {
                outcome: outcome @ (Outcome::Answered | Outcome::Abandoned), ..
            } if !self.mouth.is_speaking() => {
                self.end(outcome);
            }
            _ if self.mouth.was_cut() => {
                let says = self.mouth.resume(now);
                self.speak(says);
            }
            State::Closing { outcome, .. } if !self.mouth.is_speaking() => self.end(outcome),
            _ => {}
        }
    }

    /// The pencil is there: the last words once more.
    fn unpause(&mut self, now: Moment, outcome: Outcome) {
        self.state = State::Closing { outcome, paused: false };
        let says = self.mouth.repeat(now);
        self.speak(says);
    }

    fn repeat(&mut self, now: Moment, repeats: u8) {
        match &self.state {
            State::Asking { .. } | State::Closing { .. } if repeats >= REPEATS_MAX => {
                self.hand_over(now, HandOverReason::Unclear, None);
            }
            State::Asking { .. } | State::Closing { .. } => {
                self.repeats = repeats + 1;
                self.hush();
                if let State::Closing { paused, .. } = &mut self.state {
                    *paused = false;
                }
                let says = self.mouth.repeat(now);
                self.speak(says);
            }
            State::Waiting(wait) => self.reassure(now, *wait),
            State::New
            | State::Saving { .. }
            | State::LookingUp { .. }
            | State::Talking
            | State::Ended => {}
        }
    }

    fn take_your_time(&mut self, now: Moment) {
        let expect = match &mut self.state {
            State::Asking { ask, .. } => ask.expect(),
            // Into a goodbye: there is something more.
            State::Closing { outcome: Outcome::Answered | Outcome::Abandoned, .. } => {
                let ask = Ask::Request(Opening::GoOn);
                return self.ask(now, Vec::new(), ask, Line::GoOn, &[]);
            }
            State::Closing { paused, .. } => {
                *paused = true;
                Expect::Nothing
            }
            State::Waiting(wait) => {
                let wait = *wait;
                return self.reassure(now, wait);
            }
            _ => return,
        };
        self.hush();
        let text = self.text(Line::TakeYourTime, &[]);
        let says = self.mouth.aside(now, Phrase::question(text, expect, self.manner.wait_ms));
        self.speak(says);
    }

    fn tick(&mut self, now: Moment) {
        match self.state.clone() {
            State::Saving { until, .. } if now >= until => self.not_stored(now),
            State::LookingUp { until, .. } if now >= until => {
                self.not_told(now, Line::ProgressFailed);
            }
            State::Waiting(wait) => {
                self.mouth.lapse(now);
                if now >= wait.told_at + self.manner.announce_ms {
                    self.announce(now, wait);
                }
            }
            State::Asking { .. } => {
                if self.mouth.lapse(now) == Some(Lapse::Listening) {
                    self.silent(now);
                }
            }
            State::Closing { outcome, paused } => match self.mouth.lapse(now) {
                Some(Lapse::Playing) if paused => {}
                Some(_) if paused => self.unpause(now, outcome),
                Some(_) => self.end(outcome),
                None => {}
            },
            State::New
            | State::Saving { .. }
            | State::LookingUp { .. }
            | State::Talking
            | State::Ended => {}
        }
    }
}
