//! 查进度 and 催办: how an earlier ticket stands. Looked up by the number calling, or by the ticket's number, which is said or
//! typed, read back, and for another's ticket needs the last four digits of its contact number. Told in one sentence; the
//! caller may have it urged, and may always have a person.

use std::ops::Range;

use super::contract::{Effect, HandOverReason, Outcome, Understood};
use super::hearing;
use super::lines::Line;
use super::machine::Dialogue;
use super::mouth::Phrase;
use super::spoken::{spoken_digits, spoken_number};
use super::state::{Ask, Opening, State};
use super::tries::{Failing, Tries};
use crate::desk::standing::{Found, Query};
use crate::desk::{Standing, Step};
use crate::intake::{Draft, corrected_number};
use crate::kernel::{Moment, Pii, TicketId, Wall};
use crate::language::groups::heard_digits;

/// `YYMMDD` and four digits.
const TICKET_DIGITS: usize = 10;
const LAST_DIGITS: usize = 4;
/// After so many failed read-backs a person does it better.
const READ_BACKS_MAX: u8 = 3;
/// So often the last four digits may be told for one ticket.
const LAST_FOUR_MAX: u8 = 2;
/// In all of one call: who guesses does not go on with another ticket.
const LAST_FOUR_CALL_MAX: u8 = 4;
/// Between two keys of a number passes less.
const KEYS_GAP_MS: u64 = 5_000;
/// Who wants more than to know.
const URGES: [&str; 5] = ["催", "加急", "快点", "快一点", "赶紧"];

/// A ticket's number being taken down.
#[derive(Clone, Debug, Default)]
pub(super) struct TicketDigits {
    pub(super) digits: String,
    read_backs: u8,
    /// The last key.
    typed_at: Option<Moment>,
}

/// The last four digits of a contact number being asked for.
#[derive(Clone, Debug)]
pub(super) struct LastFour {
    ticket: TicketId,
    /// How often they were told.
    rounds: u8,
    typed: String,
    typed_at: Option<Moment>,
}

impl LastFour {
    const fn new(ticket: TicketId, rounds: u8) -> LastFour {
        LastFour { ticket, rounds, typed: String::new(), typed_at: None }
    }
}

/// What is being looked up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Asked {
    /// Whatever is the number's that calls.
    Own,
    Ticket(TicketId),
    /// With the last four digits, told so often.
    LastFour(TicketId, u8),
}

/// Ten digits whose first six are a day.
fn is_ticket(digits: &str) -> bool {
    let part = |range: Range<usize>| -> Option<u32> { digits.get(range)?.parse().ok() };
    digits.len() == TICKET_DIGITS
        && digits.bytes().all(|b| b.is_ascii_digit())
        && part(2..4).is_some_and(|month| (1..=12).contains(&month))
        && part(4..6).is_some_and(|day| (1..=31).contains(&day))
}

/// A whole ticket's number among the words, in one run or in several.
fn whole_ticket(text: &str) -> Option<String> {
    let runs = heard_digits(text);
    let whole = runs.iter().find_map(|run| run.of_length(TICKET_DIGITS).filter(|d| is_ticket(d)));
    let joined: String = runs.iter().map(|run| run.digits.as_str()).collect();
    whole.map(str::to_owned).or_else(|| Some(joined).filter(|digits| is_ticket(digits)))
}

fn urges(u: &Understood) -> bool {
    let words = hearing::words(u);
    URGES.iter().any(|urge| words.contains(urge))
}

/// 十一月二十日.
fn spoken_day(at: Wall) -> String {
    let day = at.civil();
    let number = |n: u32| spoken_number(u64::from(n));
    format!("{}月{}日", number(day.month), number(day.day))
}

impl Dialogue {
    /// The caller asks how an earlier ticket stands.
    pub(super) fn progress(&mut self, now: Moment, u: &Understood) {
        self.urging |= urges(u);
        if let Some(digits) = whole_ticket(&u.utterance.text) {
            let told = TicketDigits { digits, ..TicketDigits::default() };
            return self.read_ticket_back(now, told);
        }
        match &self.number {
            Some(_) => self.look_up(now, Asked::Own, None),
            None => self.ask_ticket(now, Vec::new()),
        }
    }

    fn ask_ticket(&mut self, now: Moment, before: Vec<Phrase>) {
        let ask = Ask::TicketNumber(TicketDigits::default());
        self.ask(now, before, ask, Line::AskTicket, &[]);
    }

    fn look_up(&mut self, now: Moment, asked: Asked, last_four: Option<String>) {
        self.hush();
        let ticket = match asked {
            Asked::Own => None,
            Asked::Ticket(ticket) | Asked::LastFour(ticket, _) => Some(ticket),
        };
        let (number, last_four) = (self.number.clone(), last_four.map(Pii::new));
        self.effect(Effect::LookUp(Query { number, ticket, last_four }));
        self.state = State::LookingUp { until: now + self.manner.store_ms, asked };
    }

    fn read_ticket_back(&mut self, now: Moment, mut told: TicketDigits) {
        told.read_backs += 1;
        if told.read_backs > READ_BACKS_MAX {
            return self.hand_over(now, HandOverReason::Unclear, None);
        }
        let spoken = spoken_digits(&told.digits);
        self.ask(now, Vec::new(), Ask::TicketBack(told), Line::TicketBack, &[("ticket", &spoken)]);
    }

    /// Words after the ticket's number was asked for: all of it, a piece of it, or that it is not known.
    pub(super) fn ticket_heard(
        &mut self,
        now: Moment,
        told: TicketDigits,
        tries: Tries,
        u: Understood,
    ) {
        if let Some(digits) = whole_ticket(&u.utterance.text) {
            return self.read_ticket_back(now, TicketDigits { digits, typed_at: None, ..told });
        }
        let heard: String =
            heard_digits(&u.utterance.text).into_iter().map(|run| run.digits).collect();
        let begun = if told.typed_at.is_some() || is_ticket(&told.digits) {
            ""
        } else {
            told.digits.as_str()
        };
        let joined = format!("{begun}{heard}");
        if is_ticket(&joined) {
            let told = TicketDigits { digits: joined, typed_at: None, ..told };
            return self.read_ticket_back(now, told);
        }
        if heard.len() >= 2 && joined.len() < TICKET_DIGITS {
            let told = TicketDigits { digits: joined, typed_at: None, ..told };
            self.ask(now, Vec::new(), Ask::TicketNumber(told), Line::TicketGoOn, &[]);
            return self.keep_tries(tries);
        }
        let lost = heard.is_empty() && (hearing::is_unknown(&u) || u.reading.yes_no == Some(false));
        if lost {
            return self.offer_person(now, Vec::new());
        }
        let anew = TicketDigits { digits: String::new(), typed_at: None, ..told };
        self.ask_again(now, Ask::TicketNumber(anew), tries, Failing::Unclear);
    }

    /// Words after it was read back: yes, no, or put right in part.
    pub(super) fn ticket_back_heard(
        &mut self,
        now: Moment,
        told: TicketDigits,
        tries: Tries,
        u: Understood,
    ) {
        let corrected = whole_ticket(&u.utterance.text)
            .or_else(|| corrected_number(&told.digits, &u.utterance.text))
            .filter(|digits| is_ticket(digits) && *digits != told.digits);
        match (corrected, u.reading.yes_no) {
            (Some(digits), _) => self.read_ticket_back(now, TicketDigits { digits, ..told }),
            (None, Some(yes)) if !hearing::is_doubtful(&u) => {
                self.yes_no(now, Ask::TicketBack(told), yes);
            }
            (None, _) => self.ask_again(now, Ask::TicketBack(told), tries, Failing::Unclear),
        }
    }

    pub(super) fn ticket_agreed(&mut self, now: Moment, told: &TicketDigits, yes: bool) {
        if yes {
            return self.look_up_digits(now, &told.digits);
        }
        let anew = TicketDigits { digits: String::new(), typed_at: None, ..*told };
        self.ask(now, Vec::new(), Ask::TicketNumber(anew), Line::TicketCorrect, &[]);
    }

    fn look_up_digits(&mut self, now: Moment, digits: &str) {
        match digits.parse() {
            Ok(number) => self.look_up(now, Asked::Ticket(TicketId(number)), None),
            Err(_) => self.ask_ticket(now, Vec::new()),
        }
    }

    pub(super) fn last_four_heard(
        &mut self,
        now: Moment,
        asked: LastFour,
        tries: Tries,
        u: Understood,
    ) {
        let runs = heard_digits(&u.utterance.text);
        let four = runs.iter().rev().find_map(|run| run.of_length(LAST_DIGITS));
        // Who says the whole number has said its end.
        let end = || {
            let all: String = runs.iter().map(|run| run.digits.as_str()).collect();
            all.len().checked_sub(LAST_DIGITS).and_then(|at| all.get(at..)).map(str::to_owned)
        };
        match four.map(str::to_owned).or_else(end) {
            Some(four) => self.last_four_told(now, &asked, four),
            None if hearing::keeps_number_back(&u) => self.offer_person(now, Vec::new()),
            None => self.ask_again(now, Ask::LastFour(asked), tries, Failing::Unclear),
        }
    }

    fn last_four_told(&mut self, now: Moment, asked: &LastFour, four: String) {
        self.last_fours += 1;
        self.look_up(now, Asked::LastFour(asked.ticket, asked.rounds + 1), Some(four));
    }

    /// A key while digits are asked for. False when it is no part of them.
    pub(super) fn progress_key(&mut self, now: Moment, ask: &Ask, tries: Tries, key: char) -> bool {
        let digit = key.is_ascii_digit();
        match ask.clone() {
            Ask::TicketNumber(told) => {
                let typed = if told.typed_at.is_some() { told.digits.as_str() } else { "" };
                // No ticket's number begins with 0: it means a person, as everywhere.
                if !digit || (typed.is_empty() && key == '0') {
                    return false;
                }
                let digits = format!("{typed}{key}");
                if digits.len() < TICKET_DIGITS {
                    let told = TicketDigits { digits, typed_at: Some(now), ..told };
                    return self.await_digit(now, Ask::TicketNumber(told), tries);
                }
                if is_ticket(&digits) {
                    self.look_up_digits(now, &digits);
                } else {
                    let anew = TicketDigits { digits: String::new(), typed_at: None, ..told };
                    self.ask_again(now, Ask::TicketNumber(anew), tries, Failing::Unclear);
                }
                true
            }
            Ask::LastFour(mut asked) if digit => {
                asked.typed.push(key);
                asked.typed_at = Some(now);
                if asked.typed.len() < LAST_DIGITS {
                    return self.await_digit(now, Ask::LastFour(asked), tries);
                }
                let four = std::mem::take(&mut asked.typed);
                self.last_four_told(now, &asked, four);
                true
            }
            _ => false,
        }
    }

    fn await_digit(&mut self, now: Moment, ask: Ask, tries: Tries) -> bool {
        self.hush();
        self.mouth.wait(now, KEYS_GAP_MS);
        self.state = State::Asking { ask, tries };
        true
    }

    /// The last key is not long ago: the next one is waited for.
    pub(super) fn is_typing(&mut self, now: Moment, ask: &Ask) -> bool {
        let typed_at = match ask {
            Ask::TicketNumber(told) => told.typed_at,
            Ask::LastFour(asked) => asked.typed_at,
            _ => None,
        };
        let typing = typed_at.is_some_and(|at| now.since(at) < KEYS_GAP_MS);
        if typing {
            self.mouth.wait(now, KEYS_GAP_MS);
        }
        typing
    }

    /// What is asked again after silence: what was typed of it is forgotten.
    pub(super) fn without_typed(ask: Ask) -> Ask {
        match ask {
            Ask::TicketNumber(told) if told.typed_at.is_some() => {
                Ask::TicketNumber(TicketDigits { digits: String::new(), typed_at: None, ..told })
            }
            Ask::LastFour(asked) => Ask::LastFour(LastFour::new(asked.ticket, asked.rounds)),
            ask => ask,
        }
    }

    /// The store has answered. An answer that nobody waits for any more is none.
    pub(super) fn looked_up(&mut self, now: Moment, found: Found) {
        let State::LookingUp { asked, .. } = self.state else { return };
        match (found, asked) {
            (Found::Ticket { standing, others }, _) => self.tell_standing(now, &standing, others),
            (Found::Nothing | Found::Locked, Asked::Own) => {
                let none = self.statement(Line::ProgressNoneOwn, &[]);
                self.ask_ticket(now, vec![none]);
            }
            (Found::Nothing, _) => self.not_told(now, Line::ProgressNone),
            (Found::Locked, _) if self.last_fours >= LAST_FOUR_CALL_MAX => {
                self.not_told(now, Line::ProgressLocked);
            }
            (Found::Locked, Asked::Ticket(ticket)) => {
                let ask = Ask::LastFour(LastFour::new(ticket, 0));
                self.ask(now, Vec::new(), ask, Line::AskLastFour, &[]);
            }
            (Found::Locked, Asked::LastFour(ticket, rounds)) if rounds < LAST_FOUR_MAX => {
                let ask = Ask::LastFour(LastFour::new(ticket, rounds));
                self.ask(now, Vec::new(), ask, Line::LastFourWrong, &[]);
            }
            (Found::Locked, Asked::LastFour(..)) => self.not_told(now, Line::ProgressLocked),
            (Found::Failed, _) => self.not_told(now, Line::ProgressFailed),
        }
    }

    /// Says why nothing is told, and offers a person.
    pub(super) fn not_told(&mut self, now: Moment, why: Line) {
        let why = self.statement(why, &[]);
        self.offer_person(now, vec![why]);
    }

    fn offer_person(&mut self, now: Moment, before: Vec<Phrase>) {
        self.ask(now, before, Ask::ProgressPerson, Line::ProgressPerson, &[]);
    }

    fn tell_standing(&mut self, now: Moment, standing: &Standing, others: usize) {
        self.answered = true;
        self.rephrased = false;
        // The words were about a matter that has its ticket.
        if self.saved.is_none() {
            self.draft = Draft::new(self.number.clone());
        }
        let mut told = vec![self.standing_phrase(standing)];
        if let Some(due) = standing.due.filter(|_| standing.is_open()) {
            told.push(self.statement(Line::ProgressDue, &[("due", &spoken_day(due))]));
        }
        if others > 0 {
            let count = spoken_number(others as u64);
            told.push(self.statement(Line::ProgressOthers, &[("count", &count)]));
        }
        let urging = std::mem::take(&mut self.urging);
        if !standing.is_open() {
            return self.ask(now, told, Ask::Request(Opening::More), Line::More, &[]);
        }
        if urging {
            return self.urge(now, standing.ticket, told);
        }
        self.ask(now, told, Ask::Urge(standing.ticket), Line::AskUrge, &[]);
    }

    fn standing_phrase(&self, standing: &Standing) -> Phrase {
        let (step, at) = standing.now();
        let matter = self.text(Line::ProgressMatter, &[]);
        let matter = matter.trim_end_matches('。').to_owned();
        let subject = standing.subject.clone().unwrap_or(matter);
        let (opened, day) = (spoken_day(standing.opened), spoken_day(at));
        let unit = standing.unit.as_deref().unwrap_or_default();
        let line = match (step, unit.is_empty()) {
            (Step::Registered, _) => Line::ProgressRegistered,
            (Step::Dispatched, true) => Line::ProgressDispatched,
            (Step::Dispatched, false) => Line::ProgressDispatchedTo,
            (Step::Signed, true) => Line::ProgressSigned,
            (Step::Signed, false) => Line::ProgressSignedBy,
            (Step::Handling, _) => Line::ProgressHandling,
            (Step::Extended, _) => Line::ProgressExtended,
            (Step::Answered, _) => Line::ProgressAnswered,
            (Step::Closed | Step::CalledBack, _) => Line::ProgressClosed,
            (Step::Reopened, _) => Line::ProgressReopened,
            (Step::Told, _) => Line::ProgressTold,
            (Step::Merged, _) => Line::ProgressMerged,
        };
        let values = [
            ("opened", opened.as_str()),
            ("subject", subject.as_str()),
            ("day", day.as_str()),
            ("unit", unit),
        ];
        self.statement(line, &values)
    }

    /// Notes that the caller urges it, and offers a person.
    pub(super) fn urge(&mut self, now: Moment, ticket: TicketId, mut before: Vec<Phrase>) {
        self.effect(Effect::Urge { ticket });
        before.push(self.statement(Line::Urged, &[]));
        self.offer_person(now, before);
    }

    pub(super) fn no_urge(&mut self, now: Moment) {
        self.ask(now, Vec::new(), Ask::Request(Opening::More), Line::More, &[]);
    }

    /// After the offer of a person.
    pub(super) fn person_offered(&mut self, now: Moment, wanted: bool) {
        if wanted {
            return self.hand_over(now, HandOverReason::Asked, None);
        }
        self.answered = true;
        self.no_urge(now);
    }

    /// The asking about a ticket has failed, or the caller says no more.
    pub(super) fn progress_given_up(&mut self, now: Moment, failing: Failing) {
        match failing {
            Failing::Silent if self.answered => self.goodbye(now, Outcome::Answered),
            Failing::Silent => self.hand_over(now, HandOverReason::Silent, None),
            Failing::Unclear => self.hand_over(now, HandOverReason::Unclear, None),
        }
    }

    /// Words that name another ticket instead of answering.
    pub(super) fn other_ticket(&mut self, now: Moment, ask: &Ask, u: &Understood) -> bool {
        if !matches!(ask, Ask::Urge(_) | Ask::ProgressPerson | Ask::Request(Opening::More)) {
            return false;
        }
        let told = whole_ticket(&u.utterance.text).filter(|_| self.answered);
        if let Some(digits) = told {
            let told = TicketDigits { digits, ..TicketDigits::default() };
            self.read_ticket_back(now, told);
            return true;
        }
        false
    }
}
