//! Wordings with slots, and the files that hold them.

use huiyin::language::wording::{Entry, Fault, Wording, entries};

#[test]
fn wordings_are_cut_at_their_slots() {
    let slots = ["day", "unit"];
    let wording = Wording::read("您好，{day}由{unit}答复", &slots).unwrap();
    assert_eq!(wording.slots().collect::<Vec<_>>(), ["day", "unit"]);
    assert_eq!(wording.filled(|slot| if slot == "day" { "明天" } else { "" }), "您好，明天由答复");
    assert_eq!(wording.fixed(), None);
    assert_eq!(Wording::read("您好", &slots).unwrap().fixed(), Some("您好"));
    assert_eq!(Wording::read("{day", &slots), Err(Fault::OpenBrace));
    assert_eq!(Wording::read("{}", &slots), Err(Fault::UnknownSlot(String::new())));
    let entry = |line, key: &str, texts: &[&str]| Entry {
        line,
        key: key.to_owned(),
        texts: texts.iter().map(|text| (*text).to_owned()).collect(),
    };
    assert_eq!(
        entries("# 一\na = \"甲\"\nb = [\"乙\", \"丙\"]\nc = [\"丁\", \" \"]\n").unwrap(),
        [entry(2, "a", &["甲"]), entry(3, "b", &["乙", "丙"]), entry(4, "c", &[])]
    );
    assert!(entries("a = 1").is_err());
}
