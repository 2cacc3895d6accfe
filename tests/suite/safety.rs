//! The net behind the rules: its file, its training, and what it makes of words that no rule knows.

use std::sync::{Arc, LazyLock};

use huiyin::intake::safety::{Heard, Net, Row, judged, train};
use huiyin::intake::{Command, Doubt, Emergency, Gazetteer, Intake, Reading};

use super::intake::{NOW, said};

fn read(text: &str) -> Reading {
    static INTAKE: LazyLock<Intake> =
        LazyLock::new(|| Intake::new(Arc::new(Gazetteer::empty()), "3307").unwrap());
    INTAKE.read(&said(text), NOW, None)
}

fn rows() -> Vec<Row> {
    let dangers =
        ["仓库烧着了", "厨房烧着了快来", "车子烧着了", "阳台烧着了", "柴房烧着了呀", "山上烧着了"];
    let people =
        ["我要找个人说话", "找个人来接", "叫个人来接", "给我找个人", "换个人来接", "喊个人来接"];
    let others = [
        "身份证怎么补办",
        "居住证怎么办理",
        "护照怎么补办",
        "路灯坏了没人修",
        "垃圾没人收",
        "井盖坏了没人修",
    ];
    let of = |texts: [&'static str; 6], heard: Heard| {
        texts.into_iter().map(move |text| Row { text: text.to_owned(), heard })
    };
    of(dangers, Heard::Danger(Emergency::Fire))
        .chain(of(people, Heard::Person))
        .chain(of(others, Heard::Other))
        .collect()
}

#[test]
fn a_net_learns_its_rows_and_is_the_same_every_time() {
    let net = train(&rows());
    assert_eq!(net, train(&rows()));
    let (fire, person, other) =
        (net.margins("店里烧着了"), net.margins("找个人说"), net.margins("驾照怎么补办"));
    assert!(fire.danger > 0.0 && fire.person < 0.0, "{fire:?}");
    assert!(person.person > 0.0 && person.danger < 0.0, "{person:?}");
    assert!(other.person < 0.0 && other.danger < 0.0, "{other:?}");
    assert_eq!(fire.kind, Emergency::Fire);
    assert_eq!(judged(&rows(), 3).len(), rows().len());
}

#[test]
fn a_net_reads_back_and_a_damaged_one_does_not() {
    let bytes = train(&rows()).bytes();
    assert_eq!(Net::read(&bytes).unwrap().bytes(), bytes);
    for length in [0, 7, 8, 20, bytes.len() - 1] {
        let error = Net::read(&bytes[..length]).unwrap_err().to_string();
        assert!(error.contains("huiyin safety train"), "{length}: {error}");
    }
    let mut other = bytes.clone();
    other[7] = 9;
    assert!(Net::read(&other).is_err(), "a form of another version");
    let mut long = bytes.clone();
    long.push(0);
    assert!(Net::read(&long).is_err(), "longer than it says");
}

#[test]
fn the_shipped_net_is_small_and_whole() {
    let net = Net::shipped().unwrap();
    assert!(net.bytes().len() < 300_000);
    assert!(net.features() > 1_000);
}

#[test]
fn words_that_no_rule_knows_are_transferred_or_asked_about() {
    let danger = |r: &Reading| r.emergency.is_some() || matches!(r.doubt, Some(Doubt::Danger(_)));
    for text in [
        "我不想等天亮了",
        "你听，外面噼啪响，隔壁的柴房着了",
        "孩子鼻子里塞了电池，疼得直叫",
        "我前面的车突然翻了好几圈",
    ] {
        assert!(danger(&read(text)), "{text}");
    }
    let person = |r: &Reading| r.command == Some(Command::Person) || r.doubt == Some(Doubt::Person);
    for text in ["又转回来了，我要找人", "你后面有没有人", "申请人工"] {
        assert!(person(&read(text)), "{text}");
    }
    for text in [
        "身份证丢了怎么补办",
        "工地晚上施工太吵了",
        "公积金怎么提取",
        "人工湖的水发臭了",
        "我住江边",
        "对的",
        "不是",
    ] {
        let reading = read(text);
        assert!(!danger(&reading) && !person(&reading), "{text}: {:?}", reading.doubt);
    }
}

#[test]
fn who_says_no_to_a_person_is_not_asked() {
    for text in ["不用转人工", "不要人工，你说就行"] {
        let reading = read(text);
        assert_eq!((reading.command, reading.doubt), (None, None), "{text}");
    }
}

/// How many rows of a set hold, and those of them that are not right.
fn wrong(rows: &str, of: &[&str], right: impl Fn(&Reading) -> bool) -> (usize, Vec<String>) {
    let rows = rows.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let wanted = |row: &serde_json::Value| {
        ["kind", "emergency", "command"]
            .iter()
            .any(|key| of.contains(&row[*key].as_str().unwrap_or("")))
    };
    let texts: Vec<String> =
        rows.filter(wanted).map(|row| row["text"].as_str().unwrap().to_owned()).collect();
    (texts.len(), texts.into_iter().filter(|text| !right(&read(text))).collect())
}

const DANGERS: [&str; 5] = ["fire", "medical", "crime", "traffic", "self_harm"];

#[test]
fn dangers_and_the_wish_for_a_person_are_missed_no_more_often_than_is_told() {
    let emergencies = include_str!("../data/emergencies-fresh.jsonl");
    let persons = include_str!("../data/person-fresh.jsonl");
    let urgent = include_str!("../data/urgent-fresh.jsonl");
    let danger = |r: &Reading| r.emergency.is_some() || matches!(r.doubt, Some(Doubt::Danger(_)));
    let person = |r: &Reading| {
        r.command == Some(Command::Person) || r.doubt == Some(Doubt::Person) || danger(r)
    };
    // What README says of these sets, read without an encoder.
    for (name, (of, missed), may) in [
        ("emergencies-fresh", wrong(emergencies, &DANGERS, danger), 2),
        ("person-fresh", wrong(persons, &["person"], person), 3),
        ("urgent-fresh, dangers", wrong(urgent, &DANGERS, danger), 1),
        ("urgent-fresh, persons", wrong(urgent, &["person"], person), 1),
    ] {
        assert!(of >= 100 && missed.len() <= may, "{name}: {} of {of}: {missed:?}", missed.len());
    }
    let (of, alarms) = wrong(emergencies, &["none"], |r| r.emergency.is_none());
    assert!(of > 100 && alarms.is_empty(), "{} near misses: {alarms:?}", alarms.len());
}

#[test]
fn the_rules_alone_hear_the_same_dangers_and_commands() {
    let intake = Intake::new(Arc::new(Gazetteer::empty()), "3307").unwrap();
    for line in include_str!("../data/urgent-fresh.jsonl").lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let utterance = said(row["text"].as_str().unwrap());
        let (alone, whole) = (intake.urgent(&utterance), intake.read(&utterance, NOW, None));
        let of = |r: &Reading| (r.emergency, r.command, r.doubt, r.doubt_by_rule);
        assert_eq!(of(&alone), of(&whole), "{row}");
    }
}
