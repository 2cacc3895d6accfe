//! What is said to the robot itself: commands, yes and no, a grade; and dangers that another number answers.

use super::IntakeError;
use super::clues::Clues;
use super::lexicon::{Match, Rule, rules};
use super::reading::{Command, Doubt, Emergency, Grade, Undispatched};
use super::safety::{self, Margins, Net};
use super::text::Text;

/// In a longer story people are spoken of, not asked for.
const PERSON_CHARS_MAX: usize = 30;
const PROGRESS_CHARS_MAX: usize = 60;

/// What is heard before everything else.
#[derive(Clone, Copy, Default)]
pub(super) struct Urgent {
    pub command: Option<Command>,
    pub emergency: Option<Emergency>,
    pub doubt: Option<Doubt>,
    /// A rule speaks for what is in doubt, and the net is not against it.
    pub doubt_by_rule: bool,
    /// The command is the net's, not a rule's; the emergency is.
    pub command_guessed: bool,
    pub emergency_guessed: bool,
}

impl Urgent {
    /// A rule says that a person is wanted.
    fn wants_person(&mut self, margin: f32) {
        let bars = safety::PERSON;
        self.command = (margin >= bars.agreed).then_some(Command::Person);
        if self.command.is_none() && self.doubt.is_none() {
            (self.doubt, self.doubt_by_rule) = (Some(Doubt::Person), margin >= bars.doubt);
        }
    }
}

pub(super) struct Answers {
    net: Net,
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
            net: Net::shipped()?,
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

    pub(super) fn with_net(self, net: Net) -> Answers {
        Answers { net, ..self }
    }

    /// Rules first; what they do not know the net may, surely or in doubt.
    pub(super) fn urgent(&self, text: &Text<'_>) -> Urgent {
        let margins = self.net.margins(text.str());
        let mut urgent = Urgent::default();
        self.danger(text, &margins, &mut urgent);
        let said = text.sounding(&text.whole());
        let short = said <= PERSON_CHARS_MAX;
        if let Some((rule, _)) = best(&self.commands, text) {
            urgent.command = rule.key;
            // 听不懂，叫人来 asks for more than to hear it again.
            let again = matches!(rule.key, Some(Command::Repeat | Command::Slower));
            let wanted = again && short && margins.person >= safety::PERSON.sure;
            if wanted && self.person.find(text).is_some() {
                urgent.command = Some(Command::Person);
            }
            if rule.key == Some(Command::Person) {
                urgent.wants_person(margins.person);
            }
            return urgent;
        }
        if short && self.person.find(text).is_some() {
            urgent.wants_person(margins.person);
            return urgent;
        }
        urgent.command = (said <= PROGRESS_CHARS_MAX).then(|| self.progress.find(text)).flatten();
        if urgent.command.is_none() && short {
            if margins.person >= safety::PERSON.sure {
                (urgent.command, urgent.command_guessed) = (Some(Command::Person), true);
            } else if margins.person >= safety::PERSON.doubt && !self.answers(text) {
                urgent.doubt = urgent.doubt.or(Some(Doubt::Person));
            }
        }
        urgent
    }

    fn danger(&self, text: &Text<'_>, margins: &Margins, urgent: &mut Urgent) {
        let (margin, bars) = (margins.danger, safety::DANGER);
        match self.emergencies.find(text) {
            Some(kind) if margin >= bars.agreed => urgent.emergency = Some(kind),
            Some(kind) => {
                urgent.doubt = Some(Doubt::Danger(kind));
                urgent.doubt_by_rule = margin >= bars.doubt;
            }
            None if margin >= bars.sure => {
                (urgent.emergency, urgent.emergency_guessed) = (Some(margins.kind), true);
            }
            None if margin >= bars.doubt => urgent.doubt = Some(Doubt::Danger(margins.kind)),
            None => {}
        }
    }

    /// 对的 asks for nobody.
    fn answers(&self, text: &Text<'_>) -> bool {
        self.yes_no(text).is_some() || self.grade(text).is_some()
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
