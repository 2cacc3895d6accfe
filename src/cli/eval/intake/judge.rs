//! One row held against what the intake makes of it.

use huiyin::intake::category::Ranking;
use huiyin::intake::{Doubt, Draft, Intake, MatterType, Reading, place_parts};
use huiyin::kernel::{CallId, Civil, Filled, Slot};
use huiyin::language::comparable;
use huiyin::speech::{Speaker, Utterance};

use super::super::clock::Clock;
use super::report::{Outcome, Report};
use super::rows::Row;

pub struct Judge {
    intake: Intake,
    verbose: bool,
}

const NOW: Civil = Civil { year: 2026, month: 11, day: 22, hour: 10, minute: 0, second: 0 };

impl Judge {
    pub fn new(intake: Intake, verbose: bool) -> Judge {
        Judge { intake, verbose }
    }

    pub fn row(&self, row: &Row, words: &str, report: &mut Report) {
        let said = Utterance {
            call: CallId(1),
            index: 0,
            speaker: Speaker::Caller,
            text: words.to_owned(),
            start_ms: 0,
            end_ms: 1000 + 200 * words.chars().count() as u64,
            confidence: 1.0,
        };
        let clock = Clock::start();
        let reading = self.intake.read(&said, row.now.unwrap_or(NOW), None);
        let took = clock.took();
        let mut draft = Draft::new(None);
        draft.merge(&reading, &said);
        let mut wrong: Vec<String> = Vec::new();
        let counts = [row.set.as_str(), "all"].map(str::to_owned);
        for (n, set) in counts.iter().enumerate().filter(|(n, set)| *n == 1 || !set.is_empty()) {
            let mut notes = Vec::new();
            let count = report.set(set);
            count.row(took);
            self.fields(row, &draft, &reading, count, &mut notes);
            self.matter(row, &reading, count, &mut notes);
            self.category(row, words, count, &mut notes);
            self.calls(row, &reading, count, &mut notes);
            if n == 1 {
                wrong = notes;
            }
        }
        if self.verbose && !wrong.is_empty() {
            eprintln!("{}: {} | {words}", row.line, wrong.join(", "));
        }
    }

    fn fields(
        &self,
        row: &Row,
        draft: &Draft,
        reading: &Reading,
        count: &mut super::report::Count,
        notes: &mut Vec<String>,
    ) {
        for (field, meant) in &row.fields {
            let slot = if matches!(*field, "place_code" | "detail") {
                Some(Slot::Place)
            } else {
                Slot::from_key(field)
            };
            let found = slot.and_then(|slot| draft.get(slot));
            let outcome = held(field, meant, found);
            if outcome != Outcome::Right {
                let stands = found.map(|f| (f.value.clone(), f.code.clone()));
                notes.push(format!("{field} {meant:?} {stands:?}"));
            }
            count.field(field, outcome);
        }
        if !row.options.is_empty() {
            let offered: Vec<&str> =
                reading.place_options.iter().map(|d| d.code.as_str()).collect();
            let all = row.options.iter().all(|code| offered.contains(&code.as_str()));
            let outcome = match (offered.is_empty(), all) {
                (true, _) => Outcome::Missed,
                (false, true) => Outcome::Right,
                (false, false) => Outcome::Wrong,
            };
            count.field("place_options", outcome);
        }
    }

    fn matter(
        &self,
        row: &Row,
        reading: &Reading,
        count: &mut super::report::Count,
        notes: &mut Vec<String>,
    ) {
        let Some(meant) = row.matter else { return };
        let found: Vec<MatterType> = reading.matters.iter().map(|(matter, _)| *matter).collect();
        count.matter(meant.key(), &found.iter().map(|m| m.key()).collect::<Vec<_>>());
        if found.first() != Some(&meant) {
            notes.push(format!(
                "{} for {}",
                found.first().map_or("nothing", |m| m.key()),
                meant.key()
            ));
        }
    }

    fn category(
        &self,
        row: &Row,
        words: &str,
        count: &mut super::report::Count,
        notes: &mut Vec<String>,
    ) {
        let taxonomy = self.intake.categories().taxonomy();
        let meant = match &row.topic {
            Some(code) => taxonomy.entries().iter().position(|entry| entry.code == *code),
            None if !row.names.is_empty() => {
                taxonomy.find(&row.names.iter().map(String::as_str).collect::<Vec<_>>())
            }
            None => None,
        };
        let Some(meant) = meant else { return };
        let Ranking { levels } = self.intake.categories().rank(row.title.as_deref(), words);
        let mut at = Some(meant);
        while let Some((entry, found)) = at.and_then(|n| Some((n, taxonomy.entries().get(n)?))) {
            let ranked = levels.get(found.level - 1).map(Vec::as_slice).unwrap_or_default();
            let place = ranked.iter().position(|(n, _)| *n == entry);
            let name = |n: usize| taxonomy.entries().get(n).map_or("", |e| e.name.as_str());
            let first = ranked.first().map_or("", |(n, _)| name(*n));
            count.category(found.level, name(entry), first, place);
            if place != Some(0) {
                notes.push(format!("l{} {first} for {}", found.level, name(entry)));
            }
            at = found.parent;
        }
    }

    fn calls(
        &self,
        row: &Row,
        reading: &Reading,
        count: &mut super::report::Count,
        notes: &mut Vec<String>,
    ) {
        let meant = row.emergency.map(|e| e.key());
        let found = reading.emergency.map(|e| e.key());
        let danger = matches!(reading.doubt, Some(Doubt::Danger(_)));
        if meant != found || danger {
            let asked = if danger { ", asked" } else { "" };
            notes.push(format!("emergency {found:?} for {meant:?}{asked}"));
        }
        count.emergencies.add(meant, found, danger);
        let (meant, found) = (row.command.as_deref(), reading.command.map(|c| c.key()));
        let person = reading.doubt == Some(Doubt::Person);
        if meant != found || person {
            let asked = if person { ", asked" } else { "" };
            notes.push(format!("command {found:?} for {meant:?}{asked}"));
        }
        count.command(meant, found, person);
        let (meant, found) = (row.undispatched.as_deref(), reading.undispatched.map(|u| u.key()));
        if meant != found {
            notes.push(format!("undispatched {found:?} for {meant:?}"));
        }
        count.undispatched.add(meant, found, false);
    }
}

/// Whether a field stands as it was meant. A place is held against its code down to township, a number and a time
/// against theirs; free words are right where either holds the other.
fn held(field: &str, meant: &str, found: Option<&Filled>) -> Outcome {
    let Some(found) = found else { return Outcome::Missed };
    let code = found.code.as_deref().unwrap_or_default();
    let stands = match field {
        "place_code" | "number" | "time" => code,
        "detail" => place_parts(&found.value, found.code.is_some()).1,
        _ => found.value.as_str(),
    };
    let right = match field {
        "place_code" => code.get(..9).unwrap_or(code) == meant.get(..9).unwrap_or(meant),
        "number" => code == meant || found.value == meant,
        "time" => code.starts_with(meant),
        _ => {
            let (a, b) = (comparable(stands), comparable(meant));
            !a.is_empty() && (a.contains(&b) || b.contains(&a))
        }
    };
    match (right, stands.is_empty()) {
        (true, _) => Outcome::Right,
        (false, true) => Outcome::Missed,
        (false, false) => Outcome::Wrong,
    }
}
