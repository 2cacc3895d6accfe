//! To a person: the hand-over, the wait, nobody on duty, and the ticket's number when no person can be had.

use super::contract::{Effect, HandOverReason, Outcome, Understood};
use super::hearing;
use super::lines::Line;
use super::machine::Dialogue;
use super::mouth::Phrase;
use super::number::{Dictation, Then};
use super::spoken::{spoken_digits, spoken_number};
use super::state::{Ask, Close, State, Wait};
use super::tries::{Failing, Tries};
use crate::intake::Emergency;
use crate::kernel::{Moment, Slot, TicketId};

/// Announcements follow each other no faster than this, however fast the queue moves.
const ANNOUNCE_GAP_MS: u64 = 8_000;

impl Dialogue {
    /// The caller wants a person. Who already waits is told so.
    pub(super) fn person(&mut self, now: Moment) {
        self.keep_held();
        match &self.state {
            State::Waiting(wait) => self.reassure(now, *wait),
            State::Asking { ask: Ask::Callback(wait), .. } => self.wait_on(now, *wait),
            _ => self.hand_over(now, HandOverReason::Asked, None),
        }
    }

    pub(super) fn hand_over(
        &mut self,
        now: Moment,
        reason: HandOverReason,
        emergency: Option<Emergency>,
    ) {
        let mut phrases = Vec::new();
        if matches!(self.state, State::New) {
            phrases.push(self.statement(Line::Notice, &[]).heard());
        }
        phrases.push(self.hand_over_phrase(reason, emergency));
        self.turn(now, phrases);
        self.save();
        self.queued = true;
        self.mute = reason == HandOverReason::Silent;
        let known = [HandOverReason::Asked, HandOverReason::Ticket, HandOverReason::Promised];
        self.explains = !known.contains(&reason);
        self.effect(Effect::HandOver { reason, emergency });
        self.state = State::Waiting(Wait::new(now, emergency));
    }

    /// The citizen who chose a callback is on the line: what they told is on the ticket already.
    pub(super) fn called_back(&mut self, now: Moment, ticket: TicketId) {
        if !matches!(self.state, State::New) {
            return;
        }
        self.ticket = Some(ticket);
        self.saved = Some(self.draft.clone());
        self.word_left = true;
        self.number_asked = true;
        self.hand_over(now, HandOverReason::Promised, None);
    }

    fn hand_over_phrase(&self, reason: HandOverReason, emergency: Option<Emergency>) -> Phrase {
        if let Some(emergency) = emergency {
            let line = match emergency {
                Emergency::SelfHarm => Line::EmergencySelfHarm,
                _ => Line::Emergency,
            };
            let number = hearing::spoken_emergency(emergency);
            return self.statement(line, &[("number", &number)]).heard();
        }
        let line = match reason {
            HandOverReason::Asked | HandOverReason::Emergency => Line::HandOverAsked,
            HandOverReason::Ticket => Line::HandOverTicket,
            HandOverReason::Silent => Line::HandOverSilent,
            HandOverReason::Unclear => Line::HandOverUnclear,
            HandOverReason::Unanswered => Line::HandOverUnanswered,
            HandOverReason::Unhelped => Line::HandOverUnhelped,
            HandOverReason::Overloaded => Line::HandOverOverloaded,
            HandOverReason::AgentLost => Line::HandOverLost,
            HandOverReason::Promised => Line::HandOverPromised,
            HandOverReason::PassedOn => Line::HandOverPassed,
        };
        self.statement(line, &[])
    }

    /// Somebody is in danger. Who already waits for that reason hears the number again.
    pub(super) fn emergency(&mut self, now: Moment, emergency: Emergency, u: &Understood) {
        self.keep_held();
        self.draft.merge(&u.reading, &u.utterance);
        match &self.state {
            State::Waiting(wait) if wait.emergency == Some(emergency) => {
                self.save();
                let phrase = self.hand_over_phrase(HandOverReason::Emergency, Some(emergency));
                if !self.mouth.is_speaking() {
                    self.turn(now, vec![phrase]);
                }
            }
            _ => self.hand_over(now, HandOverReason::Emergency, Some(emergency)),
        }
    }

    /// The place in the queue, as the hotline reports it.
    pub(super) fn queued(&mut self, now: Moment, position: u32, estimate_s: Option<u32>) {
        let news = Some((position, estimate_s));
        match &mut self.state {
            State::Waiting(wait) => {
                let moved = wait.position.is_none_or(|(before, _)| before != position);
                let first = wait.position.is_none();
                wait.position = news;
                let wait = *wait;
                if first || (moved && now.since(wait.told_at) >= ANNOUNCE_GAP_MS) {
                    self.tell_position(now, wait);
                }
            }
            State::Asking { ask: Ask::Callback(wait), .. } => wait.position = news,
            _ => {}
        }
    }

    /// Tells where the caller stands, after what is being said.
    fn tell_position(&mut self, now: Moment, mut wait: Wait) {
        let phrase = match wait.position {
            Some((position, estimate)) => {
                let position = spoken_number(u64::from(position));
                match estimate {
                    Some(seconds) => {
                        let minutes = spoken_number(u64::from(seconds.div_ceil(60).max(1)));
                        let values =
                            [("position", position.as_str()), ("minutes", minutes.as_str())];
                        self.statement(Line::PositionEstimate, &values)
                    }
                    None => self.statement(Line::Position, &[("position", &position)]),
                }
            }
            None => Phrase::statement(self.prompts.text(Line::Hold, wait.told, &[])),
        };
        wait.told += 1;
        wait.told_at = now;
        self.state = State::Waiting(wait);
        let says = self.mouth.say(now, vec![phrase]);
        self.speak(says);
    }

    /// Time to say something again; a long wait is offered to end with a callback.
    pub(super) fn announce(&mut self, now: Moment, wait: Wait) {
        let long = now.since(wait.since) >= self.manner.offer_after_ms;
        if long && !wait.offered && wait.emergency.is_none() && self.number.is_some() {
            let offer = Ask::Callback(Wait { offered: true, ..wait });
            return self.ask(now, Vec::new(), offer, Line::OfferCallback, &[]);
        }
        self.tell_position(now, wait);
    }

    /// Answers a caller who speaks while waiting: the line is not dead.
    pub(super) fn reassure(&mut self, now: Moment, wait: Wait) {
        if !self.mouth.is_speaking() {
            self.tell_position(now, wait);
        }
    }

    /// Back from the offer of a callback to the queue.
    pub(super) fn wait_on(&mut self, now: Moment, wait: Wait) {
        if self.mouth.hush() {
            self.effect(Effect::Hush);
        }
        self.tell_position(now, wait);
    }

    /// What a waiting caller tells still goes onto the ticket.
    pub(super) fn heard_waiting(&mut self, now: Moment, wait: Wait, u: &Understood) {
        self.draft.merge(&u.reading, &u.utterance);
        let news = self.saved.as_ref() != Some(&self.draft);
        self.save();
        self.state = State::Waiting(wait);
        if !news {
            return self.reassure(now, wait);
        }
        let noted = self.statement(Line::Noted, &[]);
        self.turn(now, vec![noted]);
    }

    pub(super) fn callback_wanted(&mut self, now: Moment) {
        self.register(now, Close::Callback);
    }

    /// No person can be had. The ticket is kept, and what is not told yet may be told to the robot.
    pub(super) fn nobody(&mut self, now: Moment) {
        let wait = match &self.state {
            State::Waiting(wait) | State::Asking { ask: Ask::Callback(wait), .. } => *wait,
            _ => return,
        };
        self.queued = false;
        if let Some(emergency) = wait.emergency {
            let number = hearing::spoken_emergency(emergency);
            let phrase = self.statement(Line::EmergencyNobody, &[("number", &number)]).heard();
            return self.close(now, phrase, Outcome::Registered);
        }
        let untold = self.draft.missing().contains(&Slot::Narrative);
        if untold && !self.deaf && !std::mem::replace(&mut self.word_left, true) {
            return self.ask_to_leave_word(now);
        }
        self.register(now, Close::Nobody);
    }

    /// After what is being said, so that the caller hears why a person was looked for.
    fn ask_to_leave_word(&mut self, now: Moment) {
        let ask = Ask::LeaveWord;
        let text = self.text(Line::LeaveWord, &[]);
        let question = Phrase::question(text, ask.expect(), ask.patience_ms(&self.manner));
        if self.explains {
            let says = self.mouth.say(now, vec![question]);
            self.speak(says);
        } else {
            self.turn(now, vec![question]);
        }
        self.state = State::Asking { ask, tries: Tries::default() };
    }

    pub(super) fn word_left(&mut self, now: Moment, tries: Tries, u: Understood) {
        let before = self.draft.clone();
        self.draft.merge(&u.reading, &u.utterance);
        if self.draft == before {
            return self.ask_again(now, Ask::LeaveWord, tries, Failing::Unclear);
        }
        self.register(now, Close::Nobody);
    }

    /// No person is waited for any more; `callback`: one calls back instead.
    pub(super) fn leave_queue(&mut self, callback: bool) {
        if std::mem::take(&mut self.queued) {
            self.effect(Effect::LeaveQueue { callback });
        }
    }

    /// Ends the call with a ticket: its number is told once it is stored, not before. Nobody can call back without
    /// a number that is right.
    pub(super) fn register(&mut self, now: Moment, close: Close) {
        self.save();
        self.leave_queue(close == Close::Callback);
        let then = Then::Register(close);
        if let Some(number) = self.untested_number() {
            let number = Dictation::told(number, then);
            return self.read_number_back(now, number);
        }
        if self.draft.get(Slot::Number).is_none() && !self.number_asked && close != Close::Bye {
            return self.ask_number(now, then);
        }
        match self.ticket {
            Some(ticket) => self.tell_ticket(now, ticket, close),
            None => {
                if self.mouth.hush() {
                    self.effect(Effect::Hush);
                }
                self.state = State::Saving { until: now + self.manner.store_ms, close };
            }
        }
    }

    pub(super) fn stored(&mut self, now: Moment, ticket: TicketId) {
        self.ticket = Some(ticket);
        if let State::Saving { close, .. } = self.state {
            self.tell_ticket(now, ticket, close);
        }
    }

    fn tell_ticket(&mut self, now: Moment, ticket: TicketId, close: Close) {
        let line = match (close, self.draft.get(Slot::Number)) {
            (Close::Nobody, Some(_)) if self.deaf => Line::NobodyOverloaded,
            (Close::Nobody, Some(_)) => Line::NobodyRegistered,
            (Close::Callback | Close::Bye, Some(_)) => Line::CallbackRegistered,
            (_, None) => Line::NobodyNoNumber,
        };
        let number = spoken_digits(&ticket.0.to_string());
        let phrase = self.statement(line, &[("ticket", &number)]);
        self.close(now, phrase, Outcome::Registered);
    }

    pub(super) fn not_stored(&mut self, now: Moment) {
        let sorry = self.statement(Line::NotStored, &[]);
        self.close(now, sorry, Outcome::Failed);
    }

    pub(super) fn agent_reached(&mut self) {
        if !self.queued {
            return;
        }
        self.queued = false;
        if self.mouth.hush() {
            self.effect(Effect::Hush);
        }
        self.mouth.close();
        self.state = State::Talking;
    }

    pub(super) fn agent_gone(&mut self, now: Moment, reason: HandOverReason) {
        if matches!(self.state, State::Talking) {
            self.hand_over(now, reason, None);
        }
    }

    /// Words cannot be heard from here on. Who was asked something is handed to people; what belongs to ending the
    /// call with a ticket goes on with keys.
    pub(super) fn overloaded(&mut self, now: Moment) {
        if matches!(self.state, State::New | State::Asking { .. } | State::LookingUp { .. }) {
            self.deaf = true;
        }
        match self.state.clone() {
            State::Asking { ask: Ask::LeaveWord, .. } => self.register(now, Close::Nobody),
            State::Asking { ask: Ask::Number(dictation), .. } => {
                self.number_by_keys(now, dictation);
            }
            State::Asking { ask: Ask::NumberKeys(_), .. } => {}
            State::Asking { ask: ask @ (Ask::Callback(_) | Ask::NumberBack(_)), mut tries } => {
                tries.unclear = tries.unclear.max(1);
                self.ask_again(now, ask, tries, Failing::Unclear);
            }
            State::New | State::Asking { .. } | State::LookingUp { .. } => {
                self.hand_over(now, HandOverReason::Overloaded, None);
            }
            _ => {}
        }
    }

    /// Somebody else must conduct this talk; words can be heard all the same.
    pub(super) fn busy(&mut self, now: Moment) {
        if matches!(self.state, State::New | State::Asking { .. }) {
            self.hand_over(now, HandOverReason::Overloaded, None);
        }
    }

    /// 再见: what was told for a ticket is kept.
    pub(super) fn bye(&mut self, now: Moment, u: &Understood) {
        let answered =
            self.answered || matches!(self.state, State::Asking { ask: Ask::Helped, .. });
        match &self.state {
            State::Closing { outcome, .. } => {
                let outcome = *outcome;
                self.end(outcome);
            }
            State::Saving { .. } | State::New | State::Talking | State::Ended => {}
            State::Asking { .. } | State::LookingUp { .. } | State::Waiting(_) => {
                self.keep_held();
                self.draft.merge(&u.reading, &u.utterance);
                if self.saved.is_some() {
                    return self.register(now, Close::Bye);
                }
                let outcome = if answered { Outcome::Answered } else { Outcome::Abandoned };
                self.goodbye(now, outcome);
            }
        }
    }
}
