//! The callbacks of `tests/data/callbacks.tsv`, their words read by the real intake: each must come to its outcome, and
//! to the answers that count, whatever is on the line.

use std::collections::BTreeMap;
use std::sync::Arc;

use huiyin::dialogue::{Expect, Understood};
use huiyin::intake::{Gazetteer, Intake};
use huiyin::kernel::{CallId, Civil, Pii};
use huiyin::speech::{Speaker, Utterance};
use huiyin::survey::{Effect, Input, OnLine, SurveyOutcome, Value, check_tables};

use super::{Line, script};

const TABLE: &str = include_str!("../../data/callbacks.tsv");
const NOW: Civil = Civil { year: 2026, month: 11, day: 22, hour: 10, minute: 0, second: 0 };

struct Case<'a> {
    name: &'a str,
    steps: Vec<&'a str>,
    outcome: SurveyOutcome,
    answers: &'a str,
}

fn cases() -> Vec<Case<'static>> {
    let rows = TABLE.lines().filter(|row| !row.starts_with('#') && !row.trim().is_empty());
    let case = |row: &'static str| {
        let cells: Vec<&str> = row.split('\t').collect();
        let [name, steps, outcome, answers] = cells[..] else { panic!("four fields: {row}") };
        let outcome = SurveyOutcome::from_key(outcome).unwrap_or_else(|| panic!("{row}"));
        Case { name, steps: steps.split(" / ").collect(), outcome, answers: answers.trim() }
    };
    rows.map(case).collect()
}

fn heard(line: &Line, intake: &Intake, words: &str, ms: u64, confidence: f32) -> Input {
    let end_ms = line.now.ms;
    let utterance = Utterance {
        call: CallId(1),
        index: line.heard,
        speaker: Speaker::Caller,
        text: words.to_owned(),
        start_ms: end_ms.saturating_sub(ms),
        end_ms,
        confidence,
    };
    let reading = intake.read(&utterance, NOW, None);
    Input::Heard(Understood { utterance, reading, hits: Vec::new() })
}

/// One step. Before it everything that was said is heard to its end, as a patient citizen does.
fn step(line: &mut Line, intake: &Intake, step: &str) -> Vec<Effect> {
    let (word, rest) = step.split_once(':').unwrap_or((step, ""));
    let mut effects = Vec::new();
    let early = matches!(word, "early" | "earlytone" | "missed");
    if !early && line.survey.state_name() == "new" {
        effects.extend(line.give(Input::Begin));
    }
    if !early && let Some(said) = line.read("said") {
        effects.extend(line.give(said));
    }
    line.heard += 1;
    let ms = 150 * step.chars().count() as u64;
    let input = match word {
        "key" => Input::Key { key: rest.chars().next().unwrap(), at_ms: line.now.ms },
        "silence" => Input::Silent,
        "noise" => Input::Unclear,
        "bad" => heard(line, intake, rest, ms, 0.4),
        "long" => {
            line.now = line.now + 9_000;
            heard(line, intake, rest, 9_000, 0.9)
        }
        "early" => Input::OnLine(OnLine::Words(Pii::new(rest.to_owned()))),
        "earlytone" | "busytone" => Input::OnLine(OnLine::Busy),
        "missed" => Input::Missed { status: rest.parse().ok() },
        "beep" => Input::OnLine(OnLine::Beep),
        "fax" => Input::OnLine(OnLine::Fax),
        "hangup" => Input::HungUp,
        _ => heard(line, intake, step, ms, 0.9),
    };
    effects.extend(line.give(input));
    effects
}

/// The last answer to each question, as the table writes it.
fn counted(line: &Line) -> String {
    let mut last = BTreeMap::new();
    for answer in &line.answers {
        let value = match answer.value() {
            Value::Reason => answer.words().map(|w| w.reveal().clone()).unwrap_or_default(),
            value => value.key().to_owned(),
        };
        last.insert(answer.question(), format!("{}={value}", answer.question().key()));
    }
    last.into_values().collect::<Vec<_>>().join(" ")
}

fn play(case: &Case<'_>, intake: &Intake) -> Result<(), String> {
    let mut line = Line::new(script::prompts());
    let mut effects = Vec::new();
    for written in &case.steps {
        if line.survey.state_name() == "ended" {
            return Err(format!("{}: over before {written}", case.name));
        }
        effects.extend(step(&mut line, intake, written));
    }
    // Nothing but goodbye is left to be said.
    if let Some(said) = line.read("said") {
        effects.extend(line.give(said));
    }
    let outcomes: Vec<SurveyOutcome> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Finish(outcome) => Some(*outcome),
            _ => None,
        })
        .collect();
    let got = (outcomes, line.survey.state_name(), counted(&line));
    let expected = (vec![case.outcome], "ended", case.answers.to_owned());
    let told = effects.iter().filter(|e| matches!(e, Effect::Say(_))).count();
    if got != expected {
        return Err(format!("{}:\n  expected {expected:?}\n  got      {got:?}", case.name));
    }
    let early = case.steps.iter().all(|s| s.starts_with("early") || s.starts_with("missed"));
    if early && told > 0 {
        return Err(format!("{}: something was said though nobody picked up", case.name));
    }
    Ok(())
}

#[test]
fn every_case_comes_to_its_outcome() {
    let intake = Intake::new(Arc::new(Gazetteer::default()), "3307").unwrap();
    let cases = cases();
    assert!(cases.len() >= 60, "{} cases", cases.len());
    script::all_right(cases.iter().map(|case| play(case, &intake)));
    for outcome in SurveyOutcome::ALL {
        assert!(cases.iter().any(|case| case.outcome == outcome), "no case ends {}", outcome.key());
    }
}

#[test]
fn the_tables_can_be_read() {
    check_tables().unwrap();
    assert_eq!(Line::new(script::prompts()).survey.expects(), Expect::Nothing);
}
