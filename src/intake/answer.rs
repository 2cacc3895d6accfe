//! What is said to the robot itself: commands, yes and no, a grade; and dangers that another number answers.

use super::IntakeError;
use super::clues::Clues;
use super::lexicon::{Match, Rule, rules};
use super::reading::{Command, Emergency, Grade, Undispatched};
use super::text::Text;

/// In a longer story people are spoken of, not asked for.
const PERSON_CHARS_MAX: usize = 30;
const PROGRESS_CHARS_MAX: usize = 60;

pub(super) struct Answers {
    commands: Vec<Rule<Option<Command>>>,
    person: Clues<Command>,
    progress: Clues<Command>,
    emergencies: Clues<Emergency>,
    undispatched: Clues<Undispatched>,
    yes_no: Vec<Rule<Option<bool>>>,
    grades: Vec<Rule<Grade>>,
}

impl Answers {
    pub(super) fn new() -> Result<Answers, IntakeError> {
        let command = |key: &str| match key {
            "deny" => Some(None),
            key => Command::from_key(key).map(Some),
        };
        let yes_no = |key: &str| match key {
            "yes" => Some(Some(true)),
            "no" => Some(Some(false)),
            "neither" => Some(None),
            _ => None,
        };
        Ok(Answers {
            commands: rules("commands.tsv", include_str!("commands.tsv"), command)?,
            person: Clues::new("person.tsv", include_str!("person.tsv"), Command::from_key)?,
            progress: Clues::new("progress.tsv", include_str!("progress.tsv"), Command::from_key)?,
            emergencies: Clues::new(
                "emergencies.tsv",
                include_str!("emergencies.tsv"),
                Emergency::from_key,
            )?,
            undispatched: Clues::new(
                "undispatched.tsv",
                include_str!("undispatched.tsv"),
                Undispatched::from_key,
            )?,
            yes_no: rules("answers.tsv", include_str!("answers.tsv"), yes_no)?,
            grades: rules("grades.tsv", include_str!("grades.tsv"), Grade::from_key)?,
        })
    }

    pub(super) fn command(&self, text: &Text<'_>) -> Option<Command> {
        if let Some((rule, _)) = best(&self.commands, text) {
            return rule.key;
        }
        let said = text.sounding(&text.whole());
        let person = (said <= PERSON_CHARS_MAX).then(|| self.person.find(text)).flatten();
        person.or_else(|| (said <= PROGRESS_CHARS_MAX).then(|| self.progress.find(text)).flatten())
    }

    pub(super) fn emergency(&self, text: &Text<'_>) -> Option<Emergency> {
        self.emergencies.find(text)
    }

    pub(super) fn undispatched(&self, text: &Text<'_>) -> Option<Undispatched> {
        self.undispatched.find(text)
    }

    pub(super) fn yes_no(&self, text: &Text<'_>) -> Option<bool> {
        best(&self.yes_no, text).and_then(|(rule, _)| rule.key)
    }

    pub(super) fn grade(&self, text: &Text<'_>) -> Option<Grade> {
        best(&self.grades, text).map(|(rule, _)| rule.key)
    }
}

/// The heaviest rule that holds; of equals the one that explains most of the words, then the surer.
fn best<'a, K>(rules: &'a [Rule<K>], text: &Text<'_>) -> Option<(&'a Rule<K>, Match)> {
    let found = rules.iter().filter_map(|rule| Some((rule, rule.find(text)?)));
    found.max_by(|(a, x), (b, y)| {
        let explained = |m: &Match| m.span.len() as f32 * m.likeness;
        a.weight
            .total_cmp(&b.weight)
            .then(explained(x).total_cmp(&explained(y)))
            .then(y.span.start.cmp(&x.span.start))
    })
}
