//! The rows of a file of utterances.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use huiyin::intake::{Command, Emergency, MatterType};
use huiyin::kernel::Civil;
use serde_json::Value;

pub const FORMAT: &str = r#"The file: one JSON object a line; every field but text is optional, and only what a row gives is judged.
  {"text": "婺城区白龙桥镇有个工地半夜打桩，我要投诉", "matter": "complaint", "topic": "0101", "place_code": "330702103"}
  {"text": "着火了", "emergency": "fire"}    {"text": "转人工", "command": "person"}    {"wav": "calls/0017.wav", "matter": "help"}
  text        the caller's words; or wav, the path of a recording beside the file: then detector, turns and recogniser hear it
  title       of a written appeal
  matter      consultation, help, suggestion, complaint, report or praise
  topic       code of the category in the taxonomy; or l1, l2, l3: its names from the first level down
  place_code  division code, judged down to township; detail: what follows the township; place_options: codes of which one is meant
  number, caller, against, demand, time (2026-11-21T22:00, or as much of it as is meant)
  now         the clock on the wall, 2026-11-22T10:00, which times count from
  emergency   fire, medical, crime, traffic, self_harm or none (also kind)
  command     person, repeat, slower, wait, bye, stop_calling, progress or none
  undispatched  court, petition_review, secret, not_government, unlawful or none
  set         rows are reported by it, "dev" and "held" say

With --json one object: "sets" with an object for each set, and "all". In each of them
  n                    rows
  fields               for each field n, right, wrong, missed, rate
  matter               n, top_1, top_2, confusion: for each true type the types that were found and how often
  category             for each level "1", "2", "3": n, top_1, top_3; and confusion of level 1
  emergencies          n, transferred at once (other of them as another danger), asked (one question: is somebody in danger?),
                       missed (neither), clear (rows without one), false_alarms (transferred), false_asked
  person               the same; and for every other command under commands
  undispatched         n, missed, other, clear, false_alarms
  cpu_ms, cpu_ms_p95   processor time of reading a row"#;

/// One utterance.
#[derive(Clone, Debug, Default)]
pub struct Row {
    pub line: usize,
    pub text: Option<String>,
    pub wav: Option<PathBuf>,
    pub title: Option<String>,
    pub set: String,
    pub now: Option<Civil>,
    pub matter: Option<MatterType>,
    pub topic: Option<String>,
    /// Names of the category from the first level down.
    pub names: Vec<String>,
    /// Fields of the draft by their keys, and what must stand in them.
    pub fields: Vec<(&'static str, String)>,
    pub options: Vec<String>,
    pub emergency: Option<Emergency>,
    pub command: Option<String>,
    pub undispatched: Option<String>,
}

/// Fields that a row may give and a draft may fill.
const FIELDS: [&str; 7] = ["place_code", "detail", "number", "caller", "against", "time", "demand"];

pub fn read(file: &Path) -> anyhow::Result<Vec<Row>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{}", file.display()))?;
    let mut rows = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let at = || format!("{}:{}", file.display(), number + 1);
        let value: Value = serde_json::from_str(line).with_context(at)?;
        rows.push(row(&value, number + 1, file).with_context(at)?);
    }
    ensure!(
        !rows.is_empty(),
        "{}: no rows; write one JSON object a line, see --help",
        file.display()
    );
    Ok(rows)
}

fn row(value: &Value, line: usize, file: &Path) -> anyhow::Result<Row> {
    let string = |name: &str| -> anyhow::Result<Option<String>> {
        match value.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.trim().to_owned())),
            Some(_) => bail!("{name}: is no text; write it in quotes, or leave it out"),
        }
    };
    let (text, wav) = (string("text")?, string("wav")?);
    ensure!(
        text.is_some() || wav.is_some(),
        "text: is missing; give the caller's words, or \"wav\" with the path of a recording"
    );
    let mut names = Vec::new();
    for level in ["l1", "l2", "l3"] {
        names.extend(string(level)?);
    }
    let mut fields = Vec::new();
    for name in FIELDS {
        fields.extend(string(name)?.map(|content| (name, content)));
    }
    let none = |key: &Option<String>| key.as_deref() == Some("none");
    // A question to the knowledge base has kinds of its own, and is an ordinary matter here.
    let kind = if value.get("item").is_some() { None } else { string("kind")? };
    let emergency = string("emergency")?.or(kind).filter(|key| key != "none");
    let command = string("command")?;
    let options = value
        .get("place_options")
        .and_then(Value::as_array)
        .map(|all| all.iter().filter_map(Value::as_str).map(str::to_owned).collect());
    let undispatched = string("undispatched")?;
    Ok(Row {
        line,
        text,
        wav: wav.map(|wav| file.parent().unwrap_or(Path::new(".")).join(wav)),
        title: string("title")?,
        set: string("set")?.unwrap_or_default(),
        now: string("now")?.map(|text| civil(&text)).transpose()?,
        matter: key(
            string("matter")?,
            "matter",
            MatterType::from_key,
            &MatterType::ALL.map(MatterType::key),
        )?,
        topic: string("topic")?,
        names,
        fields,
        options: options.unwrap_or_default(),
        emergency: key(
            emergency,
            "emergency",
            Emergency::from_key,
            &Emergency::ALL.map(Emergency::key),
        )?,
        command: if none(&command) { None } else { known_command(command)? },
        undispatched: if none(&undispatched) { None } else { undispatched },
    })
}

fn key<T>(
    given: Option<String>,
    field: &str,
    from: impl Fn(&str) -> Option<T>,
    keys: &[&str],
) -> anyhow::Result<Option<T>> {
    let Some(given) = given else { return Ok(None) };
    let known = from(&given);
    Ok(Some(known.with_context(|| format!("{field}: {given:?} is none of {}", keys.join(", ")))?))
}

fn known_command(given: Option<String>) -> anyhow::Result<Option<String>> {
    let command = key(given, "command", Command::from_key, &Command::ALL.map(Command::key))?;
    Ok(command.map(|command| command.key().to_owned()))
}

/// 2026-11-22T10:00.
fn civil(text: &str) -> anyhow::Result<Civil> {
    let numbers: Vec<i32> =
        text.split(['-', 'T', ':']).filter_map(|part| part.parse().ok()).collect();
    let [year, month, day, hour, minute] = numbers.as_slice() else {
        bail!("now: {text:?} is no time like 2026-11-22T10:00");
    };
    let small = |n: &i32| {
        u32::try_from(*n).with_context(|| format!("now: {text:?} is no time like 2026-11-22T10:00"))
    };
    Ok(Civil {
        year: *year,
        month: small(month)?,
        day: small(day)?,
        hour: small(hour)?,
        minute: small(minute)?,
        second: 0,
    })
}
