//! Conversations as text. A line that begins with `>` is an input, `?` asks for the machine's state, the lines
//! after an input are all its effects in order. A saying is written by its prompt's key and wording: `say more/0`;
//! `say more/0 X` asks that its slots hold X.

use std::sync::Arc;

use huiyin::dialogue::{Line, Prompts, Say, SayId, Understood};
use huiyin::intake::{Command, Doubt, Emergency, Grade, MatterType, Reading, Topic, Undispatched};
use huiyin::kernel::evidence::Source;
use huiyin::kernel::{CallId, Filled, Slot};
use huiyin::knowledge::{Citation, Hit, Item};
use huiyin::speech::{Speaker, Utterance};

/// Prompts whose text is their key, so that a script can name them: `key/wording|value|value`.
pub fn prompts() -> Arc<Prompts> {
    let mut files = [("dialogue.toml", String::new()), ("survey.toml", String::new())];
    for line in Line::ALL {
        let slots: String = line.slots().iter().map(|slot| format!("|{{{slot}}}")).collect();
        let wordings = [0, 1].map(|n| format!("\"{}/{n}{slots}\"", line.key())).join(", ");
        for (file, text) in &mut files {
            if *file == line.file() {
                text.push_str(&format!("{} = [{wordings}]\n", line.key()));
            }
        }
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(f, t)| (*f, t.as_str())).collect();
    Arc::new(Prompts::parse(&files).unwrap())
}

/// What the caller's telephone plays.
#[derive(Default, Debug)]
pub struct Player {
    pub playing: Vec<Say>,
}

impl Player {
    pub fn say(&mut self, say: &Say) {
        self.playing.push(say.clone());
    }

    pub fn hush(&mut self) {
        self.playing.retain(|say| say.must_be_heard);
    }

    /// All is played: the last one's id.
    pub fn finish(&mut self) -> Option<SayId> {
        let last = self.playing.last().map(|say| say.id);
        self.playing.clear();
        last
    }

    /// The caller's voice stops the saying number `at`, half way.
    pub fn cut(&mut self, at: usize) -> Option<(SayId, String, String)> {
        let at = at.min(self.playing.len().checked_sub(1)?);
        let say = self.playing.get(at)?.clone();
        if say.must_be_heard {
            return None;
        }
        self.playing.clear();
        let half = say.text.chars().count() / 2;
        let said: String = say.text.chars().take(half).collect();
        let unsaid: String = say.text.chars().skip(half).collect();
        Some((say.id, said, unsaid))
    }
}

/// `TEXT | flag flag=value …` as an utterance with its reading.
pub fn understood(index: u32, row: &str) -> Understood {
    let (text, flags) = row.split_once('|').unwrap_or((row, ""));
    let text = text.trim().to_owned();
    let start_ms = u64::from(index) * 10_000;
    let utterance = Utterance {
        call: CallId(1),
        index,
        speaker: Speaker::Caller,
        text: text.clone(),
        start_ms,
        end_ms: start_ms + 1_500,
        confidence: 0.9,
    };
    let mut u = Understood { utterance, reading: Reading::default(), hits: Vec::new() };
    for flag in flags.split_whitespace() {
        let (name, value) = flag.split_once('=').unwrap_or((flag, ""));
        apply(&mut u, name, value);
    }
    u
}

fn apply(u: &mut Understood, name: &str, value: &str) {
    let (value, extra) = value.split_once(':').unwrap_or((value, ""));
    let filled = |value: &str, code: &str| Filled {
        value: value.to_owned(),
        code: (!code.is_empty()).then(|| code.to_owned()),
        evidence: vec![u.utterance.evidence()],
        source: Source::Spoken,
    };
    match name {
        "sure" => u.utterance.confidence = value.parse().expect(value),
        "yes" => u.reading.yes_no = Some(true),
        "no" => u.reading.yes_no = Some(false),
        "question" => u.reading.asks_question = true,
        "grade" => u.reading.grade = Some(Grade::from_key(value).expect(value)),
        "emergency" => u.reading.emergency = Some(Emergency::from_key(value).expect(value)),
        "doubt" => {
            let doubt = match value {
                "person" => Doubt::Person,
                kind => Doubt::Danger(Emergency::from_key(kind).expect(kind)),
            };
            u.reading.doubt = Some(doubt);
        }
        "hit" => u.hits.push(Hit {
            item: item(value),
            score: 0.5,
            confidence: extra.parse().expect(extra),
        }),
        "matter" => {
            let kind = MatterType::from_key(value).expect(value);
            u.reading.matter = Some((kind, extra.parse().expect(extra)));
            let fact = filled(kind.label(), kind.key());
            u.reading.facts.push((Slot::MatterType, fact));
        }
        "undispatched" => {
            u.reading.undispatched = Some(Undispatched::from_key(value).expect(value))
        }
        "topic" => u.reading.topics.push(Topic {
            code: "030101".into(),
            name: value.to_owned(),
            group: "环境保护".into(),
            confidence: 0.8,
        }),
        "tells" => {
            let fact = filled(&u.utterance.text, "");
            u.reading.facts.push((Slot::Narrative, fact));
        }
        other => match (Slot::from_key(other), Command::from_key(other)) {
            (Some(slot), _) => {
                // A place's detail stands after a space.
                let fact = filled(&value.replace('_', " "), extra);
                u.reading.facts.push((slot, fact));
            }
            (None, Some(command)) => u.reading.command = Some(command),
            (None, None) => panic!("no flag is called {other}"),
        },
    }
}

pub fn item(id: &str) -> Arc<Item> {
    Arc::new(Item {
        id: id.to_owned(),
        title: format!("{id}的办理"),
        spoken: format!("{id}这样办"),
        source: Citation {
            name: "《某某条例》".into(),
            article: "第五条".into(),
            date: "2021".into(),
        },
        ..Item::default()
    })
}

/// A saying as a script writes it.
pub fn written(say: &Say) -> String {
    let mut parts = say.text.split('|');
    let key = parts.next().unwrap_or_default();
    let values: String = parts.filter(|v| !v.is_empty()).map(|v| format!(" {v}")).collect();
    format!("say {key}{values}")
}

/// One step of a script: the input, its line number, and what must follow.
pub struct Step<'a> {
    pub line: usize,
    pub input: &'a str,
    pub state: Option<&'a str>,
    pub expected: Vec<&'a str>,
}

pub fn steps(script: &str) -> Vec<Step<'_>> {
    let mut steps: Vec<Step<'_>> = Vec::new();
    for (number, row) in script.lines().enumerate() {
        let row = row.trim();
        if let Some(input) = row.strip_prefix('>') {
            let input = input.trim();
            steps.push(Step { line: number + 1, input, state: None, expected: Vec::new() });
        } else if let Some(step) = steps.last_mut() {
            match row.strip_prefix('?') {
                Some(state) => step.state = Some(state.trim()),
                None if row.is_empty() || row.starts_with('#') => {}
                None => step.expected.push(row),
            }
        }
    }
    steps
}

/// What is wrong with a step: the script's name and line, unless `got` is what the step expects. An expected
/// saying may leave out its values.
pub fn check(name: &str, step: &Step<'_>, got: &[String], state: &str) -> Result<(), String> {
    let same = step.expected.len() == got.len()
        && step.expected.iter().zip(got).all(|(want, got)| {
            got == want || got.strip_prefix(want).is_some_and(|rest| rest.starts_with(' '))
        });
    let place = format!("{name}, line {}: > {}", step.line, step.input);
    if !same {
        return Err(format!(
            "{place}\n  expected {:?}\n  got      {got:?}\n  in {state}",
            step.expected
        ));
    }
    match step.state {
        Some(expected) if expected != state => {
            Err(format!("{place}: in {state}, not in {expected}"))
        }
        _ => Ok(()),
    }
}

/// Fails with everything that is wrong.
pub fn all_right(results: impl IntoIterator<Item = Result<(), String>>) {
    let wrong: Vec<String> = results.into_iter().filter_map(Result::err).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
