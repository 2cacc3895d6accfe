//! What the caller wants: an answer from the knowledge base, a ticket, or a person.

use super::choice::offered;
use super::contract::{HandOverReason, Outcome, Understood};
use super::hearing;
use super::lines::Line;
use super::machine::Dialogue;
use super::mouth::Phrase;
use super::spoken::spoken_digits;
use super::state::{Ask, Close, Opening, State};
use super::tries::{Failing, Tries};
use crate::intake::{Command, Draft, Undispatched};
use crate::kernel::{Moment, Slot};
use crate::knowledge::{Citation, Decision, Item, decide};

/// From this confidence on an answer wins over a ticket where the words ask for it.
const NEAR_CERTAIN: f32 = 0.85;
/// Shorter words without a matter type are no report of something.
const STORY_CHARS_MIN: usize = 8;

impl Dialogue {
    /// Words after an open question, or instead of the answer to another one.
    pub(super) fn request(&mut self, now: Moment, tries: Tries, u: Understood) {
        let left = u.hits.iter().filter(|hit| !self.rejected.contains(&hit.item.id));
        let decision = decide(&left.cloned().collect::<Vec<_>>(), &self.manner.bars);
        let acts = hearing::wants_action(&u).is_some_and(|(_, c)| c >= self.manner.matter_min);
        if hearing::is_greeting(&u) {
            return self.greeted(now, tries);
        }
        self.draft.merge(&u.reading, &u.utterance);
        let answered = matches!(decision, Decision::Answer(_)) && u.reading.asks_question;
        if let Some(why) = u.reading.undispatched.filter(|_| !answered) {
            return self.turn_away(now, why);
        }
        if u.reading.command == Some(Command::Progress) && !answered {
            return self.progress(now, &u);
        }
        match decision {
            Decision::Answer(hit)
                if !acts || u.reading.asks_question || asks_for_information(&u, hit.confidence) =>
            {
                self.answer(now, &hit.item);
            }
            _ if acts => self.take_down(now),
            Decision::Confirm(hit) => {
                let title = hit.item.title.clone();
                let ask = Ask::Confirm(hit.item);
                self.ask(now, Vec::new(), ask, Line::Confirm, &[("title", &title)]);
            }
            Decision::Offer(hits) => {
                self.offer(now, hits.into_iter().map(|hit| hit.item).collect());
            }
            _ if tells_a_story(&u) => self.take_down(now),
            _ => self.rephrase(now),
        }
    }

    /// Says that no unit is sent after it, and whose it is. The caller may want a person all the same.
    fn turn_away(&mut self, now: Moment, why: Undispatched) {
        let line = match why {
            Undispatched::Court => Line::UndispatchedCourt,
            Undispatched::PetitionReview => Line::UndispatchedPetitionReview,
            Undispatched::Secret => Line::UndispatchedSecret,
            Undispatched::NotGovernment => Line::UndispatchedNotGovernment,
            Undispatched::Unlawful => Line::UndispatchedUnlawful,
        };
        if self.saved.is_none() {
            self.draft = Draft::new(self.number.clone());
        }
        let told = self.statement(line, &[]);
        self.ask(now, vec![told], Ask::Request(Opening::More), Line::More, &[]);
    }

    /// A question that there is an answer to.
    pub(super) fn is_answerable(&self, u: &Understood) -> bool {
        let sure = u.hits.first().is_some_and(|hit| hit.confidence >= self.manner.bars.answer);
        sure && u.reading.asks_question
    }

    fn greeted(&mut self, now: Moment, mut tries: Tries) {
        if tries.count(Failing::Unclear) {
            return self.hand_over(now, HandOverReason::Unclear, None);
        }
        self.ask(now, Vec::new(), Ask::Request(Opening::GoOn), Line::GoOn, &[]);
        self.keep_tries(tries);
    }

    /// Asks for the request in other words once; then a person is the better listener.
    pub(super) fn rephrase(&mut self, now: Moment) {
        if std::mem::replace(&mut self.rephrased, true) {
            return self.hand_over(now, HandOverReason::Unanswered, None);
        }
        self.ask(now, Vec::new(), Ask::Request(Opening::Rephrase), Line::Rephrase, &[]);
    }

    /// Tells an item, names its source, and asks whether that helped.
    pub(super) fn answer(&mut self, now: Moment, item: &Item) {
        self.rephrased = false;
        let source = spoken_source(&item.source);
        let before = vec![
            self.statement(Line::Answer, &[("answer", &item.spoken)]),
            self.statement(Line::Source, &[("source", &source)]),
        ];
        self.ask(now, before, Ask::Helped, Line::Helped, &[]);
    }

    /// The answer helped: the matter is done with, and so is its draft.
    pub(super) fn helped(&mut self, now: Moment) {
        self.answered = true;
        if self.saved.is_none() {
            self.draft = Draft::new(self.number.clone());
        }
        self.rejected.clear();
        self.ask(now, Vec::new(), Ask::Request(Opening::More), Line::More, &[]);
    }

    pub(super) fn more_heard(
        &mut self,
        now: Moment,
        tries: Tries,
        answer: Option<bool>,
        u: Understood,
    ) {
        if hearing::is_request(&u) {
            return self.request(now, tries, u);
        }
        match answer {
            Some(false) => self.goodbye(now, Outcome::Answered),
            _ if hearing::is_thanks(&u) => self.goodbye(now, Outcome::Answered),
            Some(true) => self.ask(now, Vec::new(), Ask::Request(Opening::GoOn), Line::GoOn, &[]),
            None => self.request(now, tries, u),
        }
    }

    pub(super) fn goodbye(&mut self, now: Moment, outcome: Outcome) {
        if let (true, Some(ticket)) = (std::mem::take(&mut self.owed), self.ticket) {
            let number = spoken_digits(&ticket.0.to_string());
            let again = self.statement(Line::TicketAgain, &[("ticket", &number)]);
            return self.close(now, again, Outcome::Registered);
        }
        let goodbye = self.statement(Line::Goodbye, &[]);
        self.close(now, goodbye, outcome);
    }

    /// The item asked about is not the one meant.
    pub(super) fn reject(&mut self, ask: &Ask) {
        match ask {
            Ask::Confirm(item) => self.rejected.push(item.id.clone()),
            Ask::Offer(items) => self.rejected.extend(items.iter().map(|item| item.id.clone())),
            _ => {}
        }
    }

    /// Puts the same question again in other words, or gives up asking.
    pub(super) fn ask_again(&mut self, now: Moment, ask: Ask, mut tries: Tries, failing: Failing) {
        if tries.count(failing) || self.is_done_with(&ask, tries) {
            return self.give_up(now, ask, failing);
        }
        let count = match failing {
            Failing::Silent => tries.silent,
            Failing::Unclear => tries.unclear,
        };
        let line = match ask.again(failing, tries) {
            Line::PlaceBackAgain if self.facts_told_back => Line::PlaceTimeBackAgain,
            line => line,
        };
        let title = match &ask {
            Ask::Confirm(item) => item.title.clone(),
            _ => String::new(),
        };
        let place = self.place_value();
        let facts = self.facts_read_back();
        let number = match &ask {
            Ask::NumberBack(dictation) => spoken_digits(&dictation.digits),
            _ => String::new(),
        };
        let ticket = match &ask {
            Ask::TicketBack(told) => spoken_digits(&told.digits),
            _ => String::new(),
        };
        let values = [
            ("title", title.as_str()),
            ("place", place.as_str()),
            ("facts", facts.as_str()),
            ("telephone", number.as_str()),
            ("ticket", ticket.as_str()),
        ];
        let offered = match &ask {
            Ask::Offer(items) => offered(items),
            _ => Vec::new(),
        };
        let values: Vec<(&str, &str)> = values.into_iter().chain(offered).collect();
        let text = self.prompts.text(line, usize::from(count.saturating_sub(1)), &values);
        let question = Phrase::question(text, ask.expect(), ask.patience_ms(&self.manner));
        self.turn(now, vec![question]);
        self.state = State::Asking { ask, tries };
    }

    /// After an answer, and while waiting, two silences are an answer too.
    fn is_done_with(&self, ask: &Ask, tries: Tries) -> bool {
        let settled = match ask {
            Ask::Helped | Ask::Callback(_) => true,
            Ask::Urge(_) | Ask::ProgressPerson => self.answered,
            Ask::Request(Opening::More | Opening::GoOn) => self.answered,
            // Who said nothing before is asked to leave word once.
            Ask::LeaveWord if self.mute => return tries.silent >= 1,
            Ask::LeaveWord => true,
            _ => false,
        };
        settled && tries.silent >= 2
    }

    fn give_up(&mut self, now: Moment, ask: Ask, failing: Failing) {
        let reason = match failing {
            Failing::Silent => HandOverReason::Silent,
            Failing::Unclear => HandOverReason::Unclear,
        };
        match ask {
            Ask::Callback(wait) => self.wait_on(now, wait),
            Ask::LeaveWord => self.register(now, Close::Nobody),
            Ask::Doubt(held) => self.doubt_given_up(now, *held, reason),
            Ask::Number(dictation) if failing == Failing::Unclear => {
                self.number_by_keys(now, dictation);
            }
            Ask::Number(dictation) | Ask::NumberBack(dictation) | Ask::NumberKeys(dictation) => {
                self.number_given_up(now, dictation.then());
            }
            Ask::TicketNumber(_)
            | Ask::TicketBack(_)
            | Ask::LastFour(_)
            | Ask::Urge(_)
            | Ask::ProgressPerson => self.progress_given_up(now, failing),
            Ask::Helped if failing == Failing::Silent => self.goodbye(now, Outcome::Answered),
            Ask::Request(_) if self.answered => self.goodbye(now, Outcome::Answered),
            Ask::Request(_)
            | Ask::Confirm(_)
            | Ask::Offer(_)
            | Ask::Helped
            | Ask::Fill(_)
            | Ask::PlaceBack => {
                self.hand_over(now, reason, None);
            }
        }
    }

    pub(super) fn keep_tries(&mut self, kept: Tries) {
        if let State::Asking { tries, .. } = &mut self.state {
            *tries = kept;
        }
    }
}

/// 老板拖欠工资怎么办: a near-certain answer to what is asked, with no place or time of a case of the caller's own.
fn asks_for_information(u: &Understood, confidence: f32) -> bool {
    let own = [Slot::Place, Slot::Time].iter().any(|slot| u.reading.fact(*slot).is_some());
    confidence >= NEAR_CERTAIN && !own && hearing::asks_how(u)
}

/// Words that tell of something although their type could not be told: a ticket rather than a search.
fn tells_a_story(u: &Understood) -> bool {
    let reading = &u.reading;
    let told = reading.fact(Slot::Narrative).map_or(0, |n| n.value.chars().count());
    let about = !reading.topics.is_empty() || reading.fact(Slot::Place).is_some();
    !reading.asks_question && about && told >= STORY_CHARS_MIN
}

/// 《中华人民共和国居民身份证法》第十一条, without the brackets, which are not heard.
pub fn spoken_source(source: &Citation) -> String {
    let name = source.name.replace(['《', '》'], "");
    format!("{name}{}", source.article)
}
