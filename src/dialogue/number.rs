//! The number to call back: asked for where none is known, taken down in as many pieces as the caller gives it, read
//! back in groups, put right in part, typed where hearing does not do, and on the draft only once it is agreed to.

use super::contract::Understood;
use super::hearing;
use super::lines::Line;
use super::machine::Dialogue;
use super::state::{Ask, Close, State};
use super::tries::{Failing, Tries};
use crate::intake::{Draft, corrected_number, whole_number};
use crate::kernel::evidence::Source;
use crate::kernel::{Evidence, Filled, Moment, Slot};
use crate::language::groups::{heard_digits, spoken_groups, telephone};

/// After so many failed read-backs the number is typed.
const READ_BACKS_MAX: u8 = 2;
/// After so many in all there is no number to be got.
const SAID_MAX: u8 = 4;
/// Between two keys of a number passes less.
const KEYS_GAP_MS: u64 = 5_000;
/// The longest telephone number.
const DIGITS_MAX: usize = 12;

/// A number being taken down.
#[derive(Clone, Debug)]
pub(super) struct Dictation {
    /// What is known of it; not a whole number yet, or one that the caller denied, while it is asked for.
    pub(super) digits: String,
    evidence: Vec<Evidence>,
    /// How often it was read back.
    read_backs: u8,
    /// The last key.
    typed_at: Option<Moment>,
    then: Then,
}

/// What goes on once the number is settled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Then {
    TakeDown,
    Register(Close),
}

impl Dictation {
    pub(super) const fn new(then: Then) -> Dictation {
        Dictation {
            digits: String::new(),
            evidence: Vec::new(),
            read_backs: 0,
            typed_at: None,
            then,
        }
    }

    pub(super) const fn then(&self) -> Then {
        self.then
    }

    /// The call ends with a ticket once the number is settled.
    pub(super) const fn registers(&self) -> bool {
        matches!(self.then, Then::Register(_))
    }

    /// From a number that was told unasked.
    pub(super) fn told(filled: &Filled, then: Then) -> Dictation {
        let digits = filled.code.clone().unwrap_or_else(|| filled.value.clone());
        Dictation { digits, evidence: filled.evidence.clone(), ..Dictation::new(then) }
    }

    /// With what these words added or put right.
    fn with(self, digits: String, u: &Understood) -> Dictation {
        let mut evidence = self.evidence;
        evidence.push(u.utterance.evidence());
        Dictation { digits, evidence, ..self }
    }

    /// Said anew as a whole.
    fn anew(self, digits: String, u: &Understood) -> Dictation {
        Dictation { evidence: Vec::new(), ..self }.with(digits, u)
    }
}

impl Dialogue {
    /// Asks for the number to call back; a caller who cannot be heard types it.
    pub(super) fn ask_number(&mut self, now: Moment, then: Then) {
        self.number_asked = true;
        let dictation = Dictation::new(then);
        if self.deaf {
            return self.number_by_keys(now, dictation);
        }
        self.ask(now, Vec::new(), Ask::Number(dictation), Line::AskNumber, &[]);
    }

    /// A number that the caller said without being asked, until it was read back.
    pub(super) fn untested_number(&self) -> Option<&Filled> {
        let number = self.draft.get(Slot::Number)?;
        let spoken = number.source == Source::Spoken && !self.draft.is_confirmed(Slot::Number);
        spoken.then_some(number)
    }

    pub(super) fn number_by_keys(&mut self, now: Moment, dictation: Dictation) {
        let ask =
            Ask::NumberKeys(Dictation { digits: String::new(), evidence: Vec::new(), ..dictation });
        self.ask(now, Vec::new(), ask, Line::NumberKeys, &[]);
    }

    pub(super) fn read_number_back(&mut self, now: Moment, mut dictation: Dictation) {
        let typing = matches!(self.state, State::Asking { ask: Ask::NumberKeys(_), .. });
        match dictation.read_backs {
            0..READ_BACKS_MAX => {}
            // Said although keys were asked for: this telephone may have none.
            READ_BACKS_MAX..SAID_MAX if typing => {}
            SAID_MAX.. => return self.number_given_up(now, dictation.then),
            _ => return self.number_by_keys(now, dictation),
        }
        dictation.read_backs += 1;
        let number = spoken_groups(&dictation.digits);
        let ask = Ask::NumberBack(dictation);
        self.ask(now, Vec::new(), ask, Line::NumberBack, &[("telephone", &number)]);
    }

    /// Words after the number was asked for: all of it, a piece of it, or that there is none.
    pub(super) fn number_heard(
        &mut self,
        now: Moment,
        dictation: Dictation,
        tries: Tries,
        u: Understood,
    ) {
        let words = hearing::words(&u);
        let told = u.reading.fact(Slot::Number).and_then(|fact| fact.code.clone());
        let corrected = || {
            let denied = telephone(&dictation.digits).is_some();
            denied.then(|| corrected_number(&dictation.digits, &u.utterance.text)).flatten()
        };
        if let Some(digits) = whole_number(&u.utterance.text).or(told) {
            return self.read_number_back(now, dictation.anew(digits, &u));
        }
        if let Some(digits) = corrected() {
            return self.read_number_back(now, dictation.with(digits, &u));
        }
        if hearing::means_this_number(&words) && self.number.is_some() {
            self.restore_number();
            return self.number_settled(now, dictation.then);
        }
        let heard: String =
            heard_digits(&u.utterance.text).into_iter().map(|run| run.digits).collect();
        let begun =
            if telephone(&dictation.digits).is_some() { "" } else { dictation.digits.as_str() };
        let joined = format!("{begun}{heard}");
        if telephone(&joined).is_some() {
            return self.read_number_back(now, dictation.with(joined, &u));
        }
        let typing = matches!(self.state, State::Asking { ask: Ask::NumberKeys(_), .. });
        let piece = heard.len() >= 3 && joined.len() < DIGITS_MAX && joined.starts_with(['0', '1']);
        if piece && !typing {
            let dictation = dictation.with(joined, &u);
            self.ask(now, Vec::new(), Ask::Number(dictation), Line::NumberGoOn, &[]);
            return self.keep_tries(tries);
        }
        if heard.is_empty() && hearing::keeps_number_back(&u) {
            return self.number_given_up(now, dictation.then);
        }
        let again = if typing { Ask::NumberKeys(dictation) } else { Ask::Number(dictation) };
        self.ask_again(now, again, tries, Failing::Unclear);
    }

    /// Words after the number was read back.
    pub(super) fn number_back_heard(
        &mut self,
        now: Moment,
        dictation: Dictation,
        tries: Tries,
        u: Understood,
    ) {
        let corrected = corrected_number(&dictation.digits, &u.utterance.text);
        match (corrected, u.reading.yes_no) {
            (Some(digits), _) if digits != dictation.digits => {
                self.read_number_back(now, dictation.with(digits, &u));
            }
            (_, Some(_)) | (Some(_), None) if hearing::is_doubtful(&u) => {
                self.ask_again(now, Ask::NumberBack(dictation), tries, Failing::Unclear);
            }
            (Some(_), None) | (_, Some(true)) => self.number_confirmed(now, dictation),
            (_, Some(false)) => self.number_denied(now, dictation),
            (None, None) => {
                self.ask_again(now, Ask::NumberBack(dictation), tries, Failing::Unclear)
            }
        }
    }

    /// A number told unasked was none to call back on, when another one is known; else it is asked for again.
    pub(super) fn number_denied(&mut self, now: Moment, dictation: Dictation) {
        if !self.number_asked && self.number.is_some() {
            return self.number_given_up(now, dictation.then);
        }
        if dictation.read_backs >= READ_BACKS_MAX {
            return self.number_by_keys(now, dictation);
        }
        self.number_asked = true;
        self.ask(now, Vec::new(), Ask::Number(dictation), Line::NumberCorrect, &[]);
    }

    pub(super) fn number_confirmed(&mut self, now: Moment, dictation: Dictation) {
        let Dictation { digits, evidence, then, .. } = dictation;
        let source = if evidence.is_empty() { Source::Keys } else { Source::Spoken };
        let filled = Filled { value: digits.clone(), code: Some(digits), evidence, source };
        self.draft.replace(Slot::Number, filled);
        self.draft.confirm(Slot::Number);
        self.number_settled(now, then);
    }

    /// No number could be got: the one that the network gave stands, if it gave one.
    pub(super) fn number_given_up(&mut self, now: Moment, then: Then) {
        self.number_asked = true;
        self.restore_number();
        self.number_settled(now, then);
    }

    fn restore_number(&mut self) {
        match Draft::new(self.number.clone()).get(Slot::Number) {
            Some(number) => self.draft.replace(Slot::Number, number.clone()),
            None => self.draft.clear(Slot::Number),
        }
        self.draft.confirm(Slot::Number);
    }

    fn number_settled(&mut self, now: Moment, then: Then) {
        match then {
            Then::TakeDown => self.take_down(now),
            Then::Register(close) => self.register(now, close),
        }
    }

    /// A key while a number is asked for. False when it is no part of a number.
    pub(super) fn number_key(&mut self, now: Moment, ask: &Ask, tries: Tries, key: char) -> bool {
        let (Ask::Number(dictation) | Ask::NumberKeys(dictation)) = ask else {
            return false;
        };
        let typing = matches!(ask, Ask::NumberKeys(_));
        let mut typed = Dictation { evidence: Vec::new(), ..dictation.clone() };
        if !typing {
            typed.digits.clear();
        }
        match key {
            '#' if telephone(&typed.digits).is_some() => self.number_confirmed(now, typed),
            key if key.is_ascii_digit() && typed.digits.len() < DIGITS_MAX => {
                typed.digits.push(key);
                typed.typed_at = Some(now);
                self.await_key(now);
                self.state = State::Asking { ask: Ask::NumberKeys(typed), tries };
            }
            // Too short, too long, or mistyped: from the beginning.
            _ => {
                let anew = Dictation { digits: String::new(), typed_at: None, ..typed };
                self.ask_again(now, Ask::NumberKeys(anew), tries, Failing::Unclear);
            }
        }
        true
    }

    /// A key stops what is being said, as the voice does, and the next one is waited for.
    fn await_key(&mut self, now: Moment) {
        self.hush();
        self.mouth.wait(now, KEYS_GAP_MS);
    }

    /// Quiet after some keys: a whole number is taken, half a one is waited for.
    pub(super) fn keys_pause(&mut self, now: Moment, dictation: Dictation, tries: Tries) {
        if telephone(&dictation.digits).is_some() {
            return self.number_confirmed(now, dictation);
        }
        if dictation.typed_at.is_some_and(|at| now.since(at) < KEYS_GAP_MS) {
            return self.mouth.wait(now, KEYS_GAP_MS);
        }
        let typed = Dictation { digits: String::new(), typed_at: None, ..dictation };
        self.ask_again(now, Ask::NumberKeys(typed), tries, Failing::Silent);
    }

    /// The caller wants to be called on another number than the one that calls. False where that is no answer.
    pub(super) fn other_number(&mut self, now: Moment, u: &Understood) -> bool {
        let then = match &self.state {
            State::Asking { ask: Ask::Callback(_), .. } => Then::Register(Close::Callback),
            State::Closing { outcome: super::contract::Outcome::Registered, .. } => {
                Then::Register(Close::Callback)
            }
            State::Asking { ask: Ask::LeaveWord, .. } => Then::Register(Close::Nobody),
            State::Asking { ask: Ask::Fill(_) | Ask::PlaceBack, .. } => Then::TakeDown,
            _ => return false,
        };
        let told = u.reading.fact(Slot::Number).filter(|_| !matches!(then, Then::TakeDown));
        if let Some(number) = told {
            let number = Dictation::told(number, then);
            self.draft.merge(&u.reading, &u.utterance);
            self.leave_queue(matches!(then, Then::Register(Close::Callback)));
            self.read_number_back(now, number);
            return true;
        }
        let wanted = hearing::wants_other_number(u);
        if wanted {
            self.draft.merge(&u.reading, &u.utterance);
            if let Then::Register(close) = then {
                self.leave_queue(close == Close::Callback);
            }
            self.ask_number(now, then);
        }
        wanted
    }
}
