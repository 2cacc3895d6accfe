//! The knowledge base: what is wrong with its files, what is found for what callers say, and what is not answered.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use huiyin::engine::encoder::UseEncoder;
use huiyin::knowledge::{Base, Encoder, check};

pub const GOOD: &str = r#"
topic = "户籍证件"

[[item]]
id = "id-card"
title = "身份证补领"
asks = ["身份证丢了怎么补", "补身份证去哪里", "身份证掉了", "补身份证多少钱"]
spoken = "到就近的派出所补领。"
full = "到就近的派出所补领，六十日内发证。"
source = { name = "居民身份证法", article = "第十一条", date = "2011-10-29" }
keywords = ["身份证"]
"#;

pub fn repo(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

pub fn shipped() -> Arc<Base> {
    Arc::new(Base::load(&repo("knowledge/zh-CN")).unwrap_or_else(|e| panic!("{e}")))
}

/// The sentence encoder, or `None` with a message where its model is not installed.
pub fn universal() -> Option<UseEncoder> {
    let folder =
        std::env::var_os("HUIYIN_MODELS").map_or_else(|| repo("models/cache"), PathBuf::from);
    if !UseEncoder::FILES.iter().all(|file| folder.join(file).is_file()) {
        eprintln!(
            "skipped: the sentence encoder is not in {}; `huiyin models fetch` brings it",
            folder.display()
        );
        return None;
    }
    Some(UseEncoder::load(&folder).unwrap())
}

pub fn load(text: &str) -> Result<Base, huiyin::knowledge::LoadErrors> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("base.toml"), text).unwrap();
    Base::load(folder.path())
}

#[test]
fn a_good_file_is_read_whole() {
    let base = load(GOOD).unwrap();
    let item = base.get("id-card").unwrap();
    assert_eq!(item.topic, "户籍证件");
    assert_eq!(item.asks.len(), 4);
    assert_eq!(item.source.date, "2011-10-29");
    assert_eq!(item.region, "");
}

/// Each row spoils the good file in one place: what is replaced, by what, the line and field named, and words of the
/// problem and of the way out.
const SPOILT: &[(&str, &str, usize, &str, &str, &str)] = &[
    ("title = \"身份证补领\"", "title = 身份证", 6, "", "not valid TOML", "mend the line"),
    ("full = ", "# full = ", 4, "full", "is missing", "add `full"),
    ("title = \"身份证补领\"", "title = \"\"", 6, "title", "is empty", "add `title"),
    ("keywords = [\"身份证\"]", "keywords = []", 11, "keywords", "is empty", "add `keywords"),
    ("\"身份证掉了\", ", "", 7, "asks", "3 ways of asking", "at least 4"),
    ("\"身份证掉了\"", "\"\"", 7, "asks", "empty text", "remove"),
    ("\"身份证掉了\"", "\"补身份证去哪里\"", 7, "asks", "twice", "remove"),
    ("asks = [", "asks = 5 # [", 7, "asks", "is a number, not a list", "asks = ["),
    ("id = \"id-card\"", "id = \"身份证\"", 5, "id", "is not an id", "a-z"),
    (
        "date = \"2011-10-29\"",
        "date = \"2011-13-01\"",
        10,
        "source.date",
        "is not a date",
        "YYYY-MM-DD",
    ),
    (
        "date = \"2011-10-29\"",
        "date = \"2023-02-29\"",
        10,
        "source.date",
        "is not a date",
        "YYYY-MM-DD",
    ),
    (
        "date = \"2011-10-29\"",
        "date = 2011-10-29",
        10,
        "source.date",
        "a date without quotes",
        "date = \"…\"",
    ),
    (", date = \"2011-10-29\"", "", 10, "source.date", "is missing", "add `date"),
    ("source = {", "sources = {", 10, "sources", "not a known key", "rename it to `source`"),
    ("full = ", "answer = \"1\"\nfull = ", 9, "answer", "not a known key", "the keys here are"),
    ("topic = \"户籍证件\"", "", 4, "topic", "is missing", "head of the file"),
    ("到就近的派出所补领。\"", "您要补领吗？\"", 8, "spoken", "question", "statement"),
    ("title = ", "region = \"3\"\ntitle = ", 6, "region", "not a division code", "2, 4, 6 or 9"),
];

#[test]
fn a_bad_file_says_file_line_field_and_how_to_mend() {
    for (good, bad, line, field, problem, mend) in SPOILT {
        let text = GOOD.replacen(good, bad, 1);
        assert_ne!(text, GOOD, "{good} is not in the file");
        let errors = load(&text).expect_err(bad).0;
        let found = errors.iter().any(|e| {
            e.line == *line
                && e.field == *field
                && e.problem.contains(problem)
                && e.mend.contains(mend)
                && e.file.ends_with("base.toml")
        });
        assert!(found, "{bad}: wanted line {line}, {field}, {problem}, {mend}; got {errors:#?}");
    }
}

#[test]
fn a_spoken_answer_has_a_bound() {
    let long = "好".repeat(121);
    let errors = load(&GOOD.replace("到就近的派出所补领。\"", &format!("{long}\""))).unwrap_err().0;
    assert_eq!((errors[0].field.as_str(), errors[0].line), ("spoken", 8));
    assert!(errors[0].problem.contains("121"));
}

#[test]
fn all_errors_of_all_files_come_at_once() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.toml"), GOOD).unwrap();
    std::fs::write(folder.path().join("b.toml"), GOOD.replace("身份证补领", "补领身份证")).unwrap();
    std::fs::write(folder.path().join("c.toml"), "topic = \n").unwrap();
    std::fs::write(folder.path().join("d.toml"), [0xff, 0xfe]).unwrap();
    std::fs::write(folder.path().join("e.txt"), "not read").unwrap();
    let report = check(folder.path());
    assert_eq!((report.files, report.items), (4, 1));
    let text = report.to_string();
    for expected in ["b.toml:5: id: `id-card` is already the id", "a.toml:5", "c.toml:1", "UTF-8"] {
        assert!(text.contains(expected), "{expected} is not in\n{text}");
    }
    assert!(Base::load(folder.path()).is_err());
}

#[test]
fn an_empty_or_missing_folder_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    assert!(check(folder.path()).to_string().contains("no .toml file"));
    assert!(check(&folder.path().join("nowhere")).to_string().contains("cannot be read"));
}

#[test]
fn the_shipped_base_is_good() {
    let base = shipped();
    assert!(base.items().len() >= 60, "{} items", base.items().len());
    for item in base.items() {
        assert!(item.spoken.ends_with('。'), "{}: {}", item.id, item.spoken);
        let sentences = item.spoken.matches('。').count();
        assert!((1..=4).contains(&sentences), "{} has {sentences} sentences", item.id);
        assert!(
            !item.spoken.contains('《') && !item.spoken.contains('（'),
            "{} cannot be read aloud",
            item.id
        );
    }
}

#[test]
fn the_encoder_equals_its_reference() {
    let Some(encoder) = universal() else { return };
    let reference = std::fs::read_to_string(repo("tests/data/use-reference.jsonl")).unwrap();
    let mut rows = 0;
    for line in reference.lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let (text, scale) = (row["text"].as_str().unwrap(), row["scale"].as_f64().unwrap() as f32);
        let want: Vec<f32> = row["bytes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|b| b.as_i64().unwrap() as f32 * scale)
            .collect();
        let got = encoder.encode(text).unwrap();
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
        let cosine = dot(&want, &got) / (dot(&want, &want) * dot(&got, &got)).sqrt();
        assert!(cosine > 0.9999, "{text}: {cosine}");
        rows += 1;
    }
    assert!(rows >= 20);
}

#[test]
fn a_missing_or_broken_model_says_which_file() {
    let folder = tempfile::tempdir().unwrap();
    let message = |folder: &Path| UseEncoder::load(folder).err().unwrap().to_string();
    assert!(message(folder.path()).contains("sp.model"));
    std::fs::create_dir(folder.path().join("use")).unwrap();
    for file in UseEncoder::FILES {
        std::fs::write(folder.path().join(file), b"not a model").unwrap();
    }
    assert!(message(folder.path()).contains("is not the expected model"));
}
