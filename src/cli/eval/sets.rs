//! `huiyin eval sets`: short answers to questions that expect one of a set, as the service hears and understands them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use huiyin::engine::closed::DOUBT;
use huiyin::engine::models::ModelDir;
use huiyin::engine::silero::SileroModel;
use huiyin::engine::whisper::WhisperModel;
use huiyin::intake::{Gazetteer, Intake};
use huiyin::kernel::{CallId, Civil};
use huiyin::language::comparable;
use huiyin::media::wav;
use huiyin::runtime::engines::load_voice;
use huiyin::runtime::hearing::{Hearing, KEYS};
use huiyin::speech::turn::Effect;
use huiyin::speech::{Asr, Expected, Heard, Listening, Speaker, Turn, Utterance, VAD_STEP, Vad};

use super::answers::{Answer, synthesise};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Rows {"wav": "relative/path", "text": "…", "expect": "yes_no|grade|number|time"} and maybe a "set" to count them under. Rows
    /// whose words are no answer of the set are counted by themselves: they must not be taken for one.
    #[arg(required_unless_present = "synthesise")]
    manifest: Option<PathBuf>,
    /// Let our own voice say every answer of the sets instead, over a telephone line: many rates, pitches and levels.
    #[arg(long, conflicts_with = "manifest")]
    synthesise: bool,
    /// White noise on the synthesised line, so far under the voice.
    #[arg(long, value_name = "DB")]
    noise_db: Option<f64>,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only every so many of the answers.
    #[arg(long, default_value_t = 1)]
    every: usize,
    /// Print the rows that were not heard right.
    #[arg(long)]
    verbose: bool,
    #[arg(long)]
    json: bool,
}

/// What became of one answer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Outcome {
    /// Understood as what was said, and sure.
    Accepted,
    /// Understood as what was said, and to be confirmed.
    Doubtful,
    /// Understood as another answer, and to be confirmed: the caller says no.
    DoubtfulWrong,
    /// Understood as another answer, and sure.
    WrongAccepted,
    /// Understood as no answer, or unclear: asked again.
    AskedAgain,
    /// The ear took no notice.
    Lost,
}

#[derive(Clone, Default, Debug)]
struct Count {
    n: usize,
    accepted: usize,
    doubtful: usize,
    doubtful_wrong: usize,
    wrong_accepted: usize,
    asked_again: usize,
    lost: usize,
}

impl Count {
    fn add(&mut self, outcome: Outcome) {
        self.n += 1;
        *match outcome {
            Outcome::Accepted => &mut self.accepted,
            Outcome::Doubtful => &mut self.doubtful,
            Outcome::DoubtfulWrong => &mut self.doubtful_wrong,
            Outcome::WrongAccepted => &mut self.wrong_accepted,
            Outcome::AskedAgain => &mut self.asked_again,
            Outcome::Lost => &mut self.lost,
        } += 1;
    }

    fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "n": self.n, "accepted": self.accepted, "doubtful": self.doubtful, "doubtful_wrong": self.doubtful_wrong,
            "wrong_accepted": self.wrong_accepted, "asked_again": self.asked_again, "lost": self.lost,
        })
    }
}

pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let models = ModelDir::locate(None)?;
    let hearing = Hearing::builtin()?;
    let answers = match &args.manifest {
        Some(manifest) => read(manifest)?,
        None => synthesise(&hearing, &load_voice(&models)?, args.seed, args.noise_db, args.every)?,
    };
    let whisper = WhisperModel::load(&models.path_of("whisper-base")?)?;
    let mut asr = whisper.recogniser()?;
    let vad = SileroModel::load(&models.path_of("silero")?)?;
    let intake = Intake::new(Arc::new(Gazetteer::empty()), "33")?;
    let (mut sets, mut inside, mut outside) =
        (BTreeMap::<&str, Count>::new(), Count::default(), Count::default());
    let mut times = Vec::new();
    for answer in &answers {
        let expected = hearing.named(&answer.expect);
        let heard = listen(answer, &expected, &vad, &mut asr, &mut times)?;
        let truth = meaning(&intake, &answer.expect, &answer.text);
        let outcome = judge(&intake, answer, truth.as_deref(), heard.as_ref());
        sets.entry(&answer.set).or_default().add(outcome);
        if truth.is_some() { &mut inside } else { &mut outside }.add(outcome);
        if args.verbose && outcome != Outcome::Accepted {
            eprintln!("{} {} {}: {outcome:?} {heard:?}", answer.set, answer.expect, answer.text);
        }
    }
    print(&args, &sets, &inside, &outside, times);
    Ok(ExitCode::SUCCESS)
}

fn read(manifest: &Path) -> anyhow::Result<Vec<Answer>> {
    let text =
        std::fs::read_to_string(manifest).with_context(|| format!("{}", manifest.display()))?;
    let folder = manifest.parent().unwrap_or(Path::new("."));
    let mut answers = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let at = || format!("{} line {}", manifest.display(), number + 1);
        let row: serde_json::Value = serde_json::from_str(line).with_context(at)?;
        let field = |name: &str| {
            let value = row[name].as_str();
            value.with_context(|| format!("{}: the field {name:?} is missing", at()))
        };
        let expect = match field("expect")? {
            "date" => "time",
            other => other,
        };
        anyhow::ensure!(
            KEYS.contains(&expect),
            "{}: \"expect\" is {expect:?}; use one of {}",
            at(),
            KEYS.join(", ")
        );
        let path = field("wav").or_else(|_| field("file"))?;
        answers.push(Answer {
            set: row["set"].as_str().unwrap_or(expect).to_owned(),
            expect: expect.to_owned(),
            text: field("text")?.to_owned(),
            pcm: wav::read(&folder.join(path))?,
        });
    }
    anyhow::ensure!(!answers.is_empty(), "{}: no rows", manifest.display());
    Ok(answers)
}

/// The sound through the detector and the turn machine, as a call's. Of several turns the words are joined. `None` when no turn came of
/// it.
fn listen(
    answer: &Answer,
    expected: &Expected,
    vad: &SileroModel,
    asr: &mut impl Asr,
    times: &mut Vec<Duration>,
) -> anyhow::Result<Option<Heard>> {
    let dictated = matches!(answer.expect.as_str(), "number" | "time" | "place");
    let listening = if dictated { Listening::DICTATED } else { Listening::SHORT };
    let mut stream = vad.stream();
    let mut turn = Turn::new(0, listening);
    let mut heard = None;
    let mut follow = |turn: &mut Turn| -> anyhow::Result<bool> {
        let effects: Vec<Effect> = turn.drain().collect();
        for effect in &effects {
            match effect {
                Effect::Decode { job, pcm, last } => {
                    let start = Instant::now();
                    let made = asr.recognise(pcm, expected, *last)?;
                    times.push(start.elapsed());
                    turn.decoded(*job, made);
                }
                Effect::Words { text, confidence, .. } => {
                    heard = Some(joined(heard.take(), text, *confidence));
                }
                Effect::Unclear { .. } => heard = Some(heard.take().unwrap_or(Heard::Unclear)),
                _ => {}
            }
        }
        Ok(!effects.is_empty())
    };
    for step in answer.pcm.as_chunks::<VAD_STEP>().0 {
        turn.step(step, stream.step(step));
        while follow(&mut turn)? {}
    }
    turn.finish();
    while follow(&mut turn)? {}
    Ok(heard)
}

fn joined(before: Option<Heard>, text: &str, confidence: f32) -> Heard {
    match before {
        Some(Heard::Words { text: first, confidence: c, .. }) => Heard::Words {
            text: format!("{first}{text}"),
            confidence: c.min(confidence),
            complete: false,
        },
        _ => Heard::Words { text: text.to_owned(), confidence, complete: false },
    }
}

/// What the talk understands these words as, in answer to this question; `None` for no answer.
fn meaning(intake: &Intake, expect: &str, text: &str) -> Option<String> {
    let said = Utterance {
        call: CallId(1),
        index: 0,
        speaker: Speaker::Caller,
        text: text.to_owned(),
        start_ms: 0,
        end_ms: 1000,
        confidence: 1.0,
    };
    let now = Civil { year: 2026, month: 11, day: 20, hour: 12, minute: 0, second: 0 };
    let reading = intake.read(&said, now, None);
    if let Some(command) = reading.command {
        return Some(command.key().to_owned());
    }
    let whole = comparable(text);
    match expect {
        "yes_no" => reading.yes_no.map(|yes| if yes { "yes" } else { "no" }.to_owned()),
        "grade" => reading.grade.map(|grade| grade.key().to_owned()),
        "number" => {
            (whole.len() >= 7 && whole.bytes().all(|b| b.is_ascii_digit())).then_some(whole)
        }
        _ => reading.fact(huiyin::kernel::Slot::Time).map(|_| whole),
    }
}

fn judge(intake: &Intake, answer: &Answer, truth: Option<&str>, heard: Option<&Heard>) -> Outcome {
    let (text, confidence) = match heard {
        None => return Outcome::Lost,
        Some(Heard::Unclear) => return Outcome::AskedAgain,
        Some(Heard::Words { text, confidence, .. }) => (text, confidence),
    };
    let understood = meaning(intake, &answer.expect, text);
    let sure = *confidence >= DOUBT;
    match (truth, understood) {
        // Not an answer, and heard as none: what was to be heard.
        (None, None) => Outcome::Accepted,
        (_, None) => Outcome::AskedAgain,
        (truth, Some(understood)) => match (truth == Some(understood.as_str()), sure) {
            (true, true) => Outcome::Accepted,
            (true, false) => Outcome::Doubtful,
            (false, false) => Outcome::DoubtfulWrong,
            (false, true) => Outcome::WrongAccepted,
        },
    }
}

fn print(
    args: &Args,
    sets: &BTreeMap<&str, Count>,
    inside: &Count,
    outside: &Count,
    mut times: Vec<Duration>,
) {
    times.sort();
    let at = |percent: usize| {
        let index = (times.len() * percent / 100).min(times.len().saturating_sub(1));
        times.get(index).map_or(0, |time| time.as_millis() as u64)
    };
    let share = |part: usize| part as f64 / inside.n.max(1) as f64;
    let accuracy = share(inside.accepted);
    if args.json {
        let rows: BTreeMap<_, _> = sets.iter().map(|(name, count)| (name, count.json())).collect();
        let object = serde_json::json!({
            "accuracy": accuracy,
            "accuracy_confirmed": share(inside.accepted + inside.doubtful),
            "answers": inside.json(),
            "outside": outside.json(),
            "lost": inside.lost + outside.lost,
            "p50_ms": at(50),
            "p95_ms": at(95),
            "sets": rows,
        });
        println!("{object}");
        return;
    }
    for (name, count) in sets {
        println!(
            "{name:>10}: {:>3} answers, {} accepted, {} doubtful, {} doubtful and wrong, {} wrong, {} asked again, {} lost",
            count.n,
            count.accepted,
            count.doubtful,
            count.doubtful_wrong,
            count.wrong_accepted,
            count.asked_again,
            count.lost
        );
    }
    println!(
        "{} answers: {:.3} accepted right, {:.3} with those confirmed; {} wrong, {} asked again, {} lost; {} others: {} taken for an answer; {} ms median, {} ms P95",
        inside.n,
        accuracy,
        share(inside.accepted + inside.doubtful),
        inside.wrong_accepted,
        inside.asked_again,
        inside.lost,
        outside.n,
        outside.wrong_accepted,
        at(50),
        at(95)
    );
}
