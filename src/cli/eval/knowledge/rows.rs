//! The rows of a file of questions.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use huiyin::knowledge::Base;
use serde_json::Value;

pub const FORMAT: &str = r#"The file: one JSON object a line.
  {"text": "身份证丢了怎么补", "item": "id-card-lost"}
  {"wav": "calls/0017.wav", "item": null, "near": "night-work", "region": "330702", "kind": "complaint"}
  text    the caller's words; or wav, the path of a recording beside the file: then detector, turns and recogniser hear it
  item    id of the item that answers it, or null: out of the base's scope, nothing may be answered
  also    ids of other items that answer it as well
  near    where item is null: the id of the item that it is easily taken for, or true. It counts as a near miss.
  region  division code of the caller: 33, 3307, 330702
  kind    any word; the report has a line for each
  said    where text is what a recogniser made of it, as --keep-heard writes it: the words that were said. Then text may be empty

With --json one object:
  n, in_scope, out_of_scope, near_misses   rows
  recall_at_1, recall_at_3                 the item is first, among the first three; of those in scope
  wrong_answer_rate                        told outright and wrong, of all rows; questions back do not count
  answered_or_confirmed_rate               told outright or asked whether it is meant, and right; of those in scope
  out_of_scope_refused, near_misses_refused  not told an answer, of those out of scope, of near misses
  out_of_scope_asked                       of those out of scope: asked back whether some item is meant
  cpu_ms, cpu_ms_p95                       processor time of encoding, search and decision, a row
  decisions                                answered_right, answered_wrong, confirmed_right, confirmed_wrong, offered_with,
                                           offered_without (two or three named, the right one among them or not), handed_on
  calibration                              for tenths of confidence: rows, mean confidence, share that was right
  kinds                                    for each kind the shares again"#;

/// One question.
#[derive(Clone, Debug)]
pub struct Row {
    pub line: usize,
    pub text: Option<String>,
    pub wav: Option<PathBuf>,
    /// The item that answers it; none for what is out of scope.
    pub item: Option<String>,
    /// Others that answer it as well.
    pub also: Vec<String>,
    /// Out of scope and easily taken for an item.
    pub near: bool,
    pub region: Option<String>,
    pub kind: String,
    /// The row as it stands in the file.
    value: Value,
}

impl Row {
    /// Its words are what a recogniser made of others already.
    pub fn is_heard(&self) -> bool {
        self.value.get("said").is_some()
    }

    /// The row again with what was heard as its words, and its words as what was said.
    pub fn heard(&self, words: &str) -> Value {
        let mut value = self.value.clone();
        if let Value::Object(fields) = &mut value {
            if let Some(said) = &self.text {
                fields.entry("said").or_insert_with(|| said.as_str().into());
            }
            fields.insert("text".into(), words.into());
        }
        value
    }

    /// Whether this item answers it.
    pub fn is_answered_by(&self, id: &str) -> bool {
        self.item.as_deref() == Some(id) || self.also.iter().any(|other| other == id)
    }
}

pub fn read(file: &Path, base: &Base) -> anyhow::Result<Vec<Row>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{}", file.display()))?;
    let mut rows = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let at = || format!("{}:{}", file.display(), number + 1);
        let value: Value = serde_json::from_str(line).with_context(at)?;
        rows.push(row(&value, number + 1, file, base).with_context(at)?);
    }
    ensure!(
        !rows.is_empty(),
        "{}: no rows; write one JSON object a line, see --help",
        file.display()
    );
    Ok(rows)
}

fn row(value: &Value, line: usize, file: &Path, base: &Base) -> anyhow::Result<Row> {
    let string = |name: &str| -> anyhow::Result<Option<String>> {
        match value.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if !text.trim().is_empty() => Ok(Some(text.clone())),
            Some(_) => bail!("{name}: is no text; write it in quotes, or leave it out"),
        }
    };
    let unheard = value.get("said").is_some() && value.get("text").is_some_and(|text| text == "");
    let text = if unheard { Some(String::new()) } else { string("text")? };
    let wav = string("wav")?;
    ensure!(
        text.is_some() || wav.is_some(),
        "text: is missing; give the caller's words, or \"wav\" with the path of a recording"
    );
    ensure!(
        value.get("item").is_some(),
        "item: is missing; name the item's id, or null where none answers"
    );
    let item = string("item")?;
    let near = match value.get("near") {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::Bool(true)) => true,
        Some(_) => string("near")?.is_some(),
    };
    let also = match value.get("also") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(ids)) if item.is_some() => {
            ids.iter().map(|id| id.as_str().unwrap_or_default().to_owned()).collect()
        }
        Some(_) => bail!(
            "also: is no list of ids beside an item; write [\"id-card-renew\"], or leave it out"
        ),
    };
    for id in item.iter().chain(&also) {
        known(id, base)?;
    }
    Ok(Row {
        line,
        text,
        wav: wav.map(|wav| file.parent().unwrap_or(Path::new(".")).join(wav)),
        near: near && item.is_none(),
        item,
        also,
        region: string("region")?,
        kind: string("kind")?.unwrap_or_default(),
        value: value.clone(),
    })
}

fn known(id: &str, base: &Base) -> anyhow::Result<()> {
    ensure!(
        base.get(id).is_some(),
        "{id:?} is not in the base; name an id of the base (`huiyin kb check`), or give the base with --base"
    );
    Ok(())
}
