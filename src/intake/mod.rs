//! What the caller's words mean for a ticket: commands, emergencies, answers, matter type, topic, and the facts of
//! a draft, each pointing at the words it came from. Pure code on data; only [`Gazetteer::load`] reads files.
//!
//! [`Intake::read`] reads one utterance without memory; [`Draft::merge`] holds what a call has told so far.

mod against;
mod answer;
pub mod category;
mod clues;
mod contrast;
mod dictation;
mod draft;
mod faithful;
mod lexicon;
mod linear;
mod matter;
mod narrative;
mod person;
mod place;
mod reading;
pub mod safety;
mod spoken;
mod summary;
mod text;
mod time;
mod when;

use std::sync::Arc;

pub use crate::language::address::{AddressError, Division, Gazetteer, Level};
pub use contrast::{Contrast, contrast, corrected_words};
pub use dictation::{corrected_number, whole as whole_number};
pub use matter::examples as matter_examples;
pub use faithful::{Unfaithful, faithful};
pub use draft::{Draft, NARRATIVE_CHARS_MAX, place_is_precise_to_township, place_parts};
pub use reading::{Command, Doubt, Emergency, Grade, MatterType, Reading, Topic, Undispatched};
pub use summary::{Clause, SUMMARY_CHARS_MAX};

use crate::kernel::{Civil, Slot};
use crate::speech::Utterance;
use category::{Categories, Taxonomy};
use text::Text;

/// An utterance with a command is no more than the command up to this length.
const COMMAND_CHARS_MAX: usize = 12;

/// A word table of this room cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    #[error("{table} line {line}: {detail}")]
    Table { table: &'static str, line: usize, detail: String },
    #[error("the taxonomy: {0}")]
    Taxonomy(#[from] category::Faults),
    #[error("home region {0:?} is not a division code of 2, 4 or 6 digits, like 3307")]
    Home(String),
}

/// Reads utterances for one hotline. Holds no memory of a call: one serves all of them.
pub struct Intake {
    fillers: lexicon::Fillers,
    answers: answer::Answers,
    matters: matter::Matters,
    categories: Categories,
    people: person::People,
    places: place::Places,
    times: time::Times,
    narratives: narrative::Narratives,
    parties: against::Parties,
    summaries: summary::Summaries,
}

impl Intake {
    /// `home` is the code of the hotline's own region: 33 (province), 3307 (city) or 330702 (district).
    pub fn new(gazetteer: Arc<Gazetteer>, home: &str) -> Result<Intake, IntakeError> {
        let digits = home.bytes().all(|b| b.is_ascii_digit());
        if !digits || !matches!(home.len(), 2 | 4 | 6) {
            return Err(IntakeError::Home(home.to_owned()));
        }
        Ok(Intake {
            fillers: lexicon::Fillers::new()?,
            answers: answer::Answers::new()?,
            matters: matter::Matters::new()?,
            categories: Categories::new(Taxonomy::builtin()?),
            people: person::People::new()?,
            places: place::Places::new(gazetteer, home)?,
            times: time::Times::new()?,
            narratives: narrative::Narratives::new()?,
            parties: against::Parties::new()?,
            summaries: summary::Summaries::new()?,
        })
    }

    /// Dangers, commands and the wish for a person alone. No encoder is asked, so this waits for nothing; [`Intake::read`] finds the
    /// same of them.
    pub fn urgent(&self, u: &Utterance) -> Reading {
        let urgent = self.answers.urgent(&Text::of(u, &self.fillers));
        Reading {
            command: urgent.command,
            command_guessed: urgent.command_guessed,
            emergency: urgent.emergency,
            emergency_guessed: urgent.emergency_guessed,
            doubt: urgent.doubt,
            doubt_by_rule: urgent.doubt_by_rule,
            ..Reading::default()
        }
    }

    /// Reads one utterance of the caller. `now` is the clock on the wall (relative times count from it);
    /// `asked` is the field that the robot's last question asked for, if any: an answer may be much shorter
    /// than a fact told unasked.
    pub fn read(&self, u: &Utterance, now: Civil, asked: Option<Slot>) -> Reading {
        let text = Text::of(u, &self.fillers);
        let urgent = self.answers.urgent(&text);
        let answer::Urgent { command, emergency, doubt, doubt_by_rule, .. } = urgent;
        // 帮我转人工 asks the robot, not the government.
        let told = command.is_none_or(|command| command == Command::Progress)
            || text.sounding(&text.whole()) > COMMAND_CHARS_MAX;
        // An answer to 在什么地方 is like everything that happens at places.
        let open =
            matches!(asked, None | Some(Slot::Narrative | Slot::Category | Slot::MatterType));
        let (topics, topic_at) = match told {
            true => self.categories.topics(&text, open),
            false => (Vec::new(), None),
        };
        let matters = if told { self.matters.matters(&text, open) } else { Vec::new() };
        let mut reading = Reading {
            command,
            command_guessed: urgent.command_guessed,
            emergency_guessed: urgent.emergency_guessed,
            emergency,
            doubt,
            doubt_by_rule,
            undispatched: self.answers.undispatched(&text),
            yes_no: self.answers.yes_no(&text),
            grade: self.answers.grade(&text),
            asks_question: self.matters.asks_question(&text),
            topics,
            matter: matters
                .first()
                .copied()
                .filter(|(_, confidence)| *confidence >= matter::CONFIDENCE_MIN),
            matters,
            ..Reading::default()
        };
        let mut taken = Vec::new();
        let time = self.times.find(&text, now, asked);
        let found = [
            (Slot::Number, self.people.number(&text, asked)),
            (Slot::Caller, self.people.caller(&text, asked)),
            // 说慢一点 is no one o'clock.
            (Slot::Time, time.filter(|(fact, _)| told || fact.code.is_some())),
        ];
        for (slot, (fact, span)) in
            found.into_iter().filter_map(|(slot, found)| Some((slot, found?)))
        {
            reading.facts.push((slot, fact));
            taken.push(span);
        }
        if told {
            let matter = reading.matter.map(|(matter, _)| matter);
            let against = self.parties.find(&text, matter, reading.asks_question, &taken);
            reading.facts.extend(against.map(|fact| (Slot::Against, fact)));
        }
        let answers = command.is_none() && reading.emergency.is_none() && !reading.asks_question;
        let place = self.places.find(&text, asked.filter(|_| answers), &taken);
        reading.place_options = place.options;
        if let Some((fact, span)) = place.fact {
            reading.facts.push((Slot::Place, fact));
            taken.push(span);
        }
        reading.facts.extend(self.matters.facts(&text, reading.matter));
        reading.facts.extend(category::fact(&text, &reading.topics, topic_at));
        let story = self.narratives.find(&text, &reading, asked, &taken);
        reading.facts.extend(story);
        reading.clauses = self.clauses(&text, &reading, &taken);
        reading.facts.sort_by_key(|(slot, _)| *slot);
        reading
    }

    /// With other categories than the shipped ones, or with what tells these better.
    pub fn with_categories(self, categories: Categories) -> Intake {
        Intake { categories, ..self }
    }

    /// With types of matters told by the meaning of what was said too. Blocks while the sentences that teach them are encoded.
    ///
    /// # Errors
    /// A table of ours that cannot be read.
    pub fn with_points(self, points: Arc<dyn category::Points>) -> Result<Intake, IntakeError> {
        Ok(Intake { matters: self.matters.taught(points)?, ..self })
    }

    /// With another net behind the rules for dangers and the wish for a person than the shipped one.
    pub fn with_net(self, net: safety::Net) -> Intake {
        Intake { answers: self.answers.with_net(net), ..self }
    }

    pub fn categories(&self) -> &Categories {
        &self.categories
    }

    /// The pieces that a summary may be made of.
    fn clauses(
        &self,
        text: &Text<'_>,
        reading: &Reading,
        taken: &[std::ops::Range<usize>],
    ) -> Vec<Clause> {
        if reading.fact(Slot::Narrative).is_none() {
            return Vec::new();
        }
        let evidence = |slot| reading.fact(slot).and_then(|fact| fact.evidence.first().copied());
        // A time and a place tell of the matter; a number and a name do not.
        let named = [Slot::Number, Slot::Caller].map(evidence);
        let is_named = |span: &std::ops::Range<usize>| {
            let at = text.evidence(span, 1.0);
            named.iter().flatten().any(|e| (e.start_ms, e.end_ms) == (at.start_ms, at.end_ms))
        };
        let drop: Vec<_> = taken.iter().filter(|span| is_named(span)).cloned().collect();
        let heart = evidence(Slot::Category).or(evidence(Slot::MatterType));
        self.summaries
            .clauses(text, &summary::Marks { drop: &drop, heart, demand: evidence(Slot::Demand) })
    }

    /// The matter's name for a topic code of the taxonomy: 施工噪声 for 0101.
    pub fn topic_name(&self, code: &str) -> Option<&str> {
        self.categories.taxonomy().get(code).map(|entry| entry.name.as_str())
    }
}

/// Code and name of every leaf of the taxonomy that ships, in its order.
pub fn taxonomy() -> Result<Vec<(String, String)>, IntakeError> {
    let taxonomy = Taxonomy::builtin()?;
    let leaves = taxonomy.entries().iter().filter(|entry| entry.is_leaf);
    Ok(leaves.map(|leaf| (leaf.code.clone(), leaf.name.clone())).collect())
}
