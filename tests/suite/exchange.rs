//! Bases of several places, and bases to and from JSON, CSV and XLSX.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};

use huiyin::kernel::Day;
use huiyin::knowledge::exchange::{Mapping, export, import, toml};
use huiyin::knowledge::{
    Base, Citation, Column, Item, Origin, check_all, check_with, differences, faults,
};
use proptest::prelude::*;

fn repo(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn good(id: &str, region: &str) -> Item {
    Item {
        id: id.into(),
        title: "身份证补领".into(),
        region: region.into(),
        asks: (0..4).map(|n| format!("{id}怎么补{n}")).collect(),
        spoken: "到就近的派出所补领。".into(),
        full: "到就近的派出所补领。".into(),
        source: Citation {
            name: "居民身份证法".into(),
            date: "2011".into(),
            ..Citation::default()
        },
        topic: "户籍证件".into(),
        keywords: vec!["身份证".into()],
        ..Item::default()
    }
}

fn folder(files: &[(&str, String)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn origin(folder: &tempfile::TempDir) -> Origin {
    Origin::Folder(folder.path().into())
}

#[test]
fn an_item_holds_from_its_first_day_to_its_last() {
    let day = |text| Day::parse(text).unwrap();
    let cases: [(Option<&str>, Option<&str>, &str, bool); 8] = [
        (None, None, "2026-11-22", true),
        (Some("2026-11-22"), None, "2026-11-22", true),
        (Some("2026-11-22"), None, "2026-11-21", false),
        (None, Some("2026-11-22"), "2026-11-22", true),
        (None, Some("2026-11-22"), "2026-11-23", false),
        (Some("2026-01-01"), Some("2026-12-31"), "2026-02-28", true),
        (Some("2026-01-01"), Some("2026-12-31"), "2025-12-31", false),
        (Some("2026-01-01"), Some("2026-12-31"), "2027-01-01", false),
    ];
    for (from, until, today, holds) in cases {
        let (valid_from, valid_until) = (from.map(day), until.map(day));
        let item = Item { valid_from, valid_until, ..good("a", "") };
        assert_eq!(item.holds_on(day(today)), holds, "{from:?} to {until:?} on {today}");
    }
}

#[test]
fn the_head_of_a_folder_and_of_a_file_holds_for_the_items_that_say_nothing() {
    let item = |id: &str, more: &str| {
        let text = toml(&[&good(id, "")], &[], "");
        text.replace("[[item]]\n", &format!("[[item]]\n{more}"))
    };
    let head = "base = \"金华市\"\nregion = \"3307\"\ndepartment = \"市政府\"\n".to_owned();
    let base = folder(&[
        ("base.toml", head),
        ("a.toml", item("a", "")),
        (
            "b.toml",
            format!(
                "base = \"市人社局\"\ndepartment = \"市人社局\"\n{}",
                item("b", "region = \"330702\"\n")
            ),
        ),
    ]);
    let base = Base::load(base.path()).unwrap_or_else(|e| panic!("{e}"));
    let of = |id: &str| {
        let item = base.get(id).unwrap();
        (item.base.as_str(), item.region.as_str(), item.department.as_str())
    };
    assert_eq!(of("a"), ("金华市", "3307", "市政府"));
    assert_eq!(of("b"), ("市人社局", "330702", "市人社局"));
}

#[test]
fn a_city_may_stand_in_for_the_province_and_ask_in_the_same_words() {
    let wide = good("wide", "33");
    let near =
        Item { asks: wide.asks.clone(), replaces: vec!["wide".into()], ..good("near", "3307") };
    let province = folder(&[("a.toml", toml(&[&wide], &[], "省级"))]);
    let city = folder(&[("a.toml", toml(&[&near], &[], "金华市"))]);
    let both = Base::of(&[origin(&province), origin(&city)]).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(both.get("near").unwrap().replaces, ["wide"]);
    assert_eq!(both.get("wide").unwrap().base, "省级");

    let alone = Base::of(&[origin(&city)]).unwrap_err().to_string();
    assert!(alone.contains("`wide` is in none of these bases"), "{alone}");
    let twice = Base::of(&[origin(&province), origin(&province)]).unwrap_err().to_string();
    assert!(twice.contains("already the id"), "{twice}");

    let beside = Item { region: "44".into(), ..near };
    let other = folder(&[("a.toml", toml(&[&beside], &[], "广东省"))]);
    let error = Base::of(&[origin(&province), origin(&other)]).unwrap_err().to_string();
    assert!(error.contains("not for a wider place") && error.contains("replaces"), "{error}");
}

/// Spoils a good item in one place: the field that is named, and words of the problem.
#[test]
fn an_item_keeps_its_rules_wherever_it_was_written() {
    let day = Day::parse;
    type Spoil = Box<dyn Fn(&mut Item)>;
    let cases: Vec<(&str, &str, Spoil)> = vec![
        ("id", "not an id", Box::new(|i| i.id = "身份证".into())),
        ("id", "missing", Box::new(|i| i.id = String::new())),
        ("region", "not a division code", Box::new(|i| i.region = "330".into())),
        ("region", "ends with zeros", Box::new(|i| i.region = "330000".into())),
        ("asks", "3 ways", Box::new(|i| i.asks.truncate(3))),
        ("asks", "twice", Box::new(|i| i.asks.push(i.asks[0].clone()))),
        ("spoken", "121", Box::new(|i| i.spoken = "好".repeat(121))),
        ("spoken", "question", Box::new(|i| i.spoken = "要补吗？".into())),
        ("source.date", "not a date", Box::new(|i| i.source.date = "2023-02-29".into())),
        ("source.name", "missing", Box::new(|i| i.source.name = String::new())),
        ("keywords", "missing", Box::new(|i| i.keywords.clear())),
        (
            "valid_until",
            "before",
            Box::new(move |i| {
                (i.valid_from, i.valid_until) = (day("2026-02-01"), day("2026-01-31"))
            }),
        ),
        (
            "replaces",
            "itself",
            Box::new(|i| (i.region, i.replaces) = ("33".into(), vec![i.id.clone()])),
        ),
        ("replaces", "everywhere", Box::new(|i| i.replaces = vec!["other".into()])),
    ];
    assert_eq!(faults(&good("a", "")), []);
    for (field, problem, spoil) in cases {
        let mut item = good("a", "");
        spoil(&mut item);
        let found = faults(&item);
        let hit = found.iter().any(|f| f.field == field && f.problem.contains(problem));
        assert!(hit, "{field} {problem}: {found:?}");
    }
}

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => "[\u{4e00}-\u{9fa5}]{1,6}",
        1 => "[a-zA-Z0-9 ,;:=+@'\"<>&|#{}\\[\\]-]{1,6}",
        1 => Just("\\".to_owned()),
        1 => Just("\\n".to_owned()),
        1 => Just("\n".to_owned()),
        1 => Just("\t".to_owned()),
        1 => Just("_x0041_".to_owned()),
        1 => Just("\u{1f600}".to_owned()),
    ];
    prop::collection::vec(piece, 1..6).prop_map(|pieces| {
        let text = pieces.concat();
        let text = text.trim();
        if text.is_empty() { "空".to_owned() } else { text.to_owned() }
    })
}

fn list(least: usize) -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(text(), least..least + 4).prop_map(|entries| {
        // Each once, as every base has it.
        entries.into_iter().enumerate().map(|(n, entry)| format!("{entry}{n}")).collect()
    })
}

fn maybe_day() -> impl Strategy<Value = Option<Day>> {
    prop::option::of((2000i32..2090, 1u32..13, 1u32..29))
        .prop_map(|day| day.and_then(|(year, month, day)| Day::new(year, month, day)))
}

prop_compose! {
    fn any_item()(
        texts in prop::collection::vec(text(), 9),
        asks in list(4), documents in list(0), steps in list(0), keywords in list(1), replaces in 0usize..3,
        region in prop_oneof![Just("33"), Just("3307"), Just("330702"), Just("330702103")],
        (from, until) in (maybe_day(), maybe_day()),
    ) -> Item {
        let [title, full, place, hours, fee, limit, article, topic, department] = &texts[..] else { unreachable!() };
        let spoken: String = full.replace('\n', "").chars().take(100).collect();
        let (valid_from, valid_until) = match (from, until) {
            (Some(a), Some(b)) => (Some(a.min(b)), Some(a.max(b))),
            either => either,
        };
        Item {
            title: title.clone(), full: full.clone(), place: place.clone(), hours: hours.clone(), fee: fee.clone(),
            time_limit: limit.clone(), topic: topic.clone(), department: department.clone(),
            spoken: format!("{}好", spoken.trim()), asks, documents, steps, keywords,
            source: Citation { name: title.clone(), article: article.clone(), date: "2021-03-04".into() },
            replaces: (0..replaces).map(|n| format!("wide-{n}")).collect(),
            region: region.to_owned(), valid_from, valid_until,
            ..Item::default()
        }
    }
}

fn any_items() -> impl Strategy<Value = Vec<Item>> {
    prop::collection::vec(any_item(), 1..5).prop_map(|mut items| {
        for (n, item) in items.iter_mut().enumerate() {
            item.id = format!("item-{n}");
            item.asks.iter_mut().for_each(|ask| ask.push_str(&format!("第{n}项")));
        }
        items
    })
}

proptest! {
    #[test]
    fn what_is_exported_comes_back_as_it_was(items in any_items()) {
        let base = Base::new(items.clone(), vec!["路灯坏了".into(), "太吵了".into()]);
        for name in ["b.json", "b.csv", "b.xlsx"] {
            let path = Path::new(name);
            let bytes = export(&base, path).map_err(|e| TestCaseError::fail(e.to_string()))?;
            let back = import(path, &bytes, None, "").map_err(|e| TestCaseError::fail(format!("{name}: {e}")))?;
            for (own, other) in items.iter().zip(&back.items) {
                prop_assert_eq!(differences(own, other), vec![], "{}", name);
            }
            prop_assert_eq!(back.items.len(), items.len());
            if name != "b.csv" {
                prop_assert_eq!(&back.outside, base.outside());
            }
        }
    }

    #[test]
    fn what_is_written_as_toml_is_read_as_it_was(mut items in any_items()) {
        items.iter_mut().for_each(|item| item.replaces.clear());
        let all: Vec<&Item> = items.iter().collect();
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("a.toml"), toml(&all, &["路灯坏了".into()], "省级"))?;
        let base = Base::load(folder.path()).map_err(|e| TestCaseError::fail(e.to_string()))?;
        for (own, other) in items.iter().zip(base.items()) {
            let own = Item { base: "省级".into(), ..own.clone() };
            prop_assert_eq!(differences(&own, other), vec![]);
        }
        prop_assert_eq!(base.items().len(), items.len());
        prop_assert_eq!(base.outside(), ["路灯坏了".to_owned()]);
    }
}

#[test]
fn the_shipped_base_goes_out_and_comes_back_in_every_format() {
    let base = Base::builtin().unwrap();
    for name in ["b.json", "b.csv", "b.xlsx"] {
        let path = Path::new(name);
        let back =
            import(path, &export(&base, path).unwrap(), None, "").unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(back.items.len(), base.items().len(), "{name}");
        for (own, other) in base.items().iter().zip(&back.items) {
            assert_eq!(**own, *other, "{name}");
        }
        assert!(back.notes.left_out.is_empty() && back.notes.cut.is_empty());
    }
}

/// A CSV of one good item, spoilt in one place: the row and column that are named, and words of problem and way out.
#[test]
fn a_bad_cell_is_named_by_row_and_column_with_the_way_out() {
    let base = Base::new(vec![good("id-card", "33"), good("id-card-2", "33")], Vec::new());
    let csv = String::from_utf8(export(&base, Path::new("b.csv")).unwrap()).unwrap();
    let cases = [
        ("id-card,", "身份证,", "row 2, column id", "is not an id", "a-z"),
        ("id-card-2,", "id-card,", "row 6, column id", "already the id of row 2", "its own id"),
        (",33,", ",3300,", "row 2, column region", "ends with zeros", "leave trailing zeros out"),
        ("id-card怎么补0\n", "", "row 2, column asks", "3 ways of asking", "at least 4"),
        ("spoken,", "spokn,", "row 2, column spokn", "not a known column", "rename it to `spoken`"),
        ("title,", "spoken,", "row 1, column 5", "another column too", "its own name"),
        (",2011,", ",2011-13,", "row 2, column source.date", "is not a date", "YYYY"),
        (",2011,户籍证件,", ",2011,", "row 2", "cells instead of", "\"…\""),
    ];
    for (from, to, place, problem, mend) in cases {
        let spoilt = csv.replacen(from, to, 1);
        assert_ne!(spoilt, csv, "{from} is not in it");
        let errors =
            import(Path::new("guides.csv"), spoilt.as_bytes(), None, "").unwrap_err().to_string();
        let wanted = format!("guides.csv: {place}");
        let hit = errors
            .lines()
            .any(|l| l.starts_with(&wanted) && l.contains(problem) && l.contains(mend));
        assert!(hit, "{from} to {to}: wanted {place} {problem} {mend}, got\n{errors}");
    }
}

#[test]
fn a_file_that_is_none_says_so() {
    let cases: [(&str, &[u8], &str); 8] = [
        ("a.txt", b"", "ends in .json"),
        ("a.json", b"{\"id\": ", "a.json:1"),
        ("a.json", b"[{\"id\": \"a\"}, 5]", "row 2: is not an object"),
        ("a.jsonl", b"{\"id\": \"a\"}\n{\"id\": }\n", "a.jsonl:2"),
        ("a.json", b"{\"data\": []}", "row 1, column"),
        ("a.csv", b"id,title\na,\xff\n", "a.csv:2: is not UTF-8"),
        ("a.csv", b"id,title\n", "holds no item"),
        ("a.xlsx", b"PK no", "is no workbook"),
    ];
    for (name, bytes, expected) in cases {
        let error = import(Path::new(name), bytes, None, "").unwrap_err().to_string();
        assert!(error.contains(expected), "{name}: {error}");
    }
}

const FOREIGN: &str = "编码,名称,地区,材料,电话\n\
    A1,居住证办理（初次）,330700,照片；身份证；无,0579-1\n\
    A2,居住证办理,330000,无,无\n\
    A3,居住证办理,330000,照片,无\n\
    A1,落户,330000,照片,无\n\
    ,迁户,330000,照片,无\n";

const MAPPING: &str = r#"
blank = ["无"]
[fields.id]
from = "编码"
lower = true
prefix = "x-"
[fields.title]
from = "名称"
[fields.region]
from = "地区"
trim_zeros = true
[fields.documents]
from = "材料"
split = ["；"]
[fields.topic]
constant = "户籍证件"
[fields."source.name"]
constant = "办事指南"
[fields."source.date"]
constant = "2021"
[fields.keywords]
templates = ["{title|bare}"]
[fields.full]
join = "\n"
templates = ["{title}", "材料：{documents}", "电话：{电话}"]
[fields.asks]
templates = ["{title|plain}怎么办", "{title|plain}要什么材料", "办{title|plain}去哪里", "我想办{title|plain}"]
if_shared = ["{编码}{title}一", "{编码}{title}二", "{编码}{title}三", "{编码}{title}四"]
[fields.spoken]
join = ""
templates = ["{title|plain}可以办。", ["要带{documents.few}。", "要带{documents.count}样。"], "电话{电话}。"]
"#;

#[test]
fn a_mapping_makes_items_and_tells_what_was_left_out_and_cut() {
    let mapping = Mapping::read(Path::new("m.toml"), MAPPING).unwrap();
    let imported = import(Path::new("f.csv"), FOREIGN.as_bytes(), Some(&mapping), "").unwrap();
    let of = |id: &str| imported.items.iter().find(|item| item.id == id).unwrap();
    let first = of("x-a1");
    assert_eq!(
        (first.region.as_str(), first.documents.as_slice()),
        ("3307", &["照片".to_owned(), "身份证".into()][..])
    );
    assert_eq!(first.spoken, "居住证办理初次可以办。要带照片、身份证。电话0579-1。");
    assert_eq!(first.full, "居住证办理（初次）\n材料：照片、身份证\n电话：0579-1");
    assert_eq!(first.keywords, ["居住证办理"]);
    assert_eq!(first.asks[0], "居住证办理初次怎么办");
    assert_eq!(of("x-a2").spoken, "居住证办理可以办。");
    // Two items of one region with one title: the shared wordings lead to neither.
    assert_eq!(
        of("x-a2").asks,
        ["A2居住证办理一", "A2居住证办理二", "A2居住证办理三", "A2居住证办理四"]
    );
    let left: Vec<(usize, &str)> =
        imported.notes.left_out.iter().map(|row| (row.row, row.reasons[0].as_str())).collect();
    assert_eq!(left, [(5, "its id is that of row 2"), (6, "id is missing")]);
    let told = imported.notes.to_string();
    for line in [
        "5 rows, 3 items, 2 left out",
        "cut: asks: a wording that other items share: 2 items (rows 3, 4)",
        "same title in one region: 1 titles, 2 items",
    ] {
        assert!(told.contains(line), "{line} is not in\n{told}");
    }
}

#[test]
fn a_mapping_that_is_wrong_says_where() {
    let cases = [
        ("[fields.topic]", "[fields.topik]", "m.toml:", "use one of"),
        ("\"{title|bare}\"", "\"{title|loud}\"", "keywords", "no filter"),
        ("join = \"\\n\"", "join = 5", "m.toml:", "is not a mapping"),
        ("split = ", "splits = ", "m.toml:", "unknown field"),
    ];
    for (from, to, place, problem) in cases {
        let spoilt = MAPPING.replacen(from, to, 1);
        assert_ne!(spoilt, MAPPING);
        let error = Mapping::read(Path::new("m.toml"), &spoilt).unwrap_err().to_string();
        assert!(error.contains(place) && error.contains(problem), "{from}: {error}");
    }
    let mapping =
        Mapping::read(Path::new("m.toml"), &MAPPING.replace("from = \"编码\"", "from = \"编号\""))
            .unwrap();
    let error =
        import(Path::new("f.csv"), FOREIGN.as_bytes(), Some(&mapping), "").unwrap_err().to_string();
    assert!(error.contains("no column `编号`") && error.contains("fields.id"), "{error}");
}

#[test]
fn the_service_guides_all_come_in_by_the_shipped_mapping() {
    let data =
        std::env::var_os("HUIYIN_TEST_DATA").map_or_else(|| repo("../shared/data"), PathBuf::from);
    let file = data.join("text/guangdong-service-guides/policy.json");
    let Ok(bytes) = std::fs::read(&file) else {
        eprintln!("skipped: {} is not there", file.display());
        return;
    };
    let path = repo("knowledge/mappings/guangdong-service-guides.toml");
    let mapping = Mapping::read(&path, &std::fs::read_to_string(&path).unwrap()).unwrap();
    let imported = import(&file, &bytes, Some(&mapping), "").unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(imported.notes.rows, 2262);
    assert_eq!(imported.items.len(), 2262, "{}", imported.notes);
    let all: Vec<&Item> = imported.items.iter().collect();
    let folder = tempfile::tempdir().unwrap();
    let report = check_with(folder.path(), &[("guides.toml".into(), toml(&all, &[], "广东省"))]);
    assert!(report.is_good(), "{report}");
    assert_eq!(report.items, 2262);
    // What means nothing is nowhere.
    for item in &imported.items {
        assert!(Column::ALL.iter().all(|column| column.text(item) != "无"), "{}", item.id);
        assert!(!item.spoken.contains("无线下"), "{}", item.spoken);
    }
    assert!(check_all(&[Origin::Shipped]).is_good());
}
