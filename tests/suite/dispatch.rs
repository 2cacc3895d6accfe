//! Dispatch: the rules that ship, who gets a case and why, and what a check finds in a bad file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use huiyin::desk::dispatch::{
    BUILTIN, Case, Category, Decision, Gravity, Miss, Occurred, Past, Rules, Suggestion, check,
    learned,
};
use huiyin::kernel::{Civil, Wall};
use huiyin::language::pairs::sounded_pairs;

fn categories() -> Vec<Category> {
    let topics = huiyin::intake::taxonomy().unwrap();
    topics.into_iter().map(|(code, name)| Category { code, name }).collect()
}

fn shipped() -> Rules {
    Rules::parse(BUILTIN.0, BUILTIN.1, &categories()).unwrap_or_else(|faults| panic!("{faults}"))
}

fn day(month: u32, day: u32) -> Civil {
    Civil { year: 2026, month, day, hour: 10, minute: 0, second: 0 }
}

fn case<'a>(category: &'a str, place: &'a str, words: &'a str, time: &str) -> Case<'a> {
    Case {
        category,
        place,
        address: "",
        words,
        occurred: Occurred::of_code(time),
        registered: day(11, 22),
    }
}

fn clear(rules: &Rules, case: &Case<'_>) -> Suggestion {
    match rules.decide(case) {
        Decision::Clear(one) => one,
        other => panic!("{case:?}: {other:?}"),
    }
}

#[test]
fn rules_may_name_the_categories_of_ones_own_taxonomy() {
    use huiyin::config::IntakeFiles;
    use huiyin::runtime::dispatching;
    let folder = tempfile::tempdir().unwrap();
    let taxonomy = folder.path().join("matters.toml");
    let rules = folder.path().join("rules.toml");
    let shipped = include_str!("../../src/intake/taxonomy.toml");
    assert!(shipped.contains("code = \"0101\""));
    std::fs::write(&taxonomy, shipped.replace("code = \"0101\"", "code = \"a1\"")).unwrap();
    let sample = huiyin::desk::dispatch::BUILTIN.1;
    std::fs::write(&rules, sample.replace("\"0101\"", "\"a1\"")).unwrap();
    let own = IntakeFiles { taxonomy: Some(taxonomy), ..IntakeFiles::default() };
    let read = dispatching::rules(Some(&rules), &own);
    assert!(read.is_ok(), "{read:?}");
    let error = dispatching::rules(Some(&rules), &IntakeFiles::default()).unwrap_err();
    assert!(format!("{error:#}").contains("a1"), "{error:#}");
    assert!(dispatching::rules(None, &own).is_ok(), "the sample rules name what ships");
}

#[test]
fn shipped_rules_have_no_faults() {
    let faults = check(&shipped(), &categories());
    assert_eq!(0, faults.errors(), "{faults}");
}

/// Category, place, words, time; the owner's code and the rule.
const CASES: &[(&str, &str, &str, &str, &str, &str)] = &[
    ("0101", "330702103", "工地打桩", "", "enforcement-330702", "construction-noise"),
    (
        "0101",
        "330702103",
        "工地打桩",
        "2026-11-21T22:00",
        "enforcement-330702",
        "construction-noise-night",
    ),
    (
        "0101",
        "330702103",
        "工地打桩",
        "2026-11-21TNI",
        "enforcement-330702",
        "construction-noise-night",
    ),
    (
        "0101",
        "330702103",
        "工地打桩",
        "R/22:00/02:00",
        "enforcement-330702",
        "construction-noise-night",
    ),
    (
        "0101",
        "330702103",
        "工地打桩",
        "2026-11-21T10:00",
        "enforcement-330702",
        "construction-noise",
    ),
    (
        "0101",
        "330702103",
        "工地打桩",
        "2026-06-07T10:00",
        "enforcement-330702",
        "construction-noise-exams",
    ),
    ("0102", "330782001", "楼下跳广场舞太吵", "", "government-330782001", "square-dance"),
    ("0601", "330784100", "老板欠工资", "", "labour-330784", "wages"),
    ("0601", "330784100", "老板欠工资", "2026-12-20", "labour-330784", "wages-at-year-end"),
    ("0505", "3307", "公积金怎么提取", "", "fund-3307", "housing-fund"),
    ("1005", "330702103", "邻居吵架", "", "government-330702103", "disputes"),
];

#[test]
fn the_most_particular_rule_gives_the_owner() {
    let rules = shipped();
    for (category, place, words, time, owner, rule) in CASES {
        let one = clear(&rules, &case(category, place, words, time));
        assert_eq!(
            (*owner, *rule),
            (one.owner.code.as_str(), one.rule.as_str()),
            "{category} {words} {time}"
        );
        assert!(!one.why.category.is_empty() && one.line > 0);
    }
}

#[test]
fn a_streets_case_is_copied_to_its_district() {
    let rules = shipped();
    let one = clear(&rules, &case("1005", "330702001", "邻居吵架", ""));
    assert_eq!("婺城区城东街道办事处", one.owner.name);
    assert_eq!(
        ["centre-330702"],
        one.copied.iter().map(|u| u.code.as_str()).collect::<Vec<_>>().as_slice()
    );
    let county = clear(&rules, &case("0202", "330702001", "垃圾没人收", ""));
    assert!(county.copied.is_empty());
}

#[test]
fn a_road_in_the_place_counts_and_says_so() {
    let rules = shipped();
    let mut with_road = case("0301", "330702103", "路上有大坑", "");
    with_road.address = "浙江省金华市婺城区白龙桥镇 330国道旁";
    let one = clear(&rules, &with_road);
    assert_eq!("roads-national", one.rule);
    assert_eq!(vec!["国道".to_owned()], one.why.words);
}

#[test]
fn an_unknown_place_leaves_it_open_and_tells_what_is_missing() {
    let rules = shipped();
    let Decision::Open { near } = rules.decide(&case("0601", "", "老板欠工资", "")) else {
        panic!()
    };
    assert!(
        near.iter().any(|v| v.rule == "wages" && matches!(v.miss, Some(Miss::PlaceUnknown(_)))),
        "{near:?}"
    );
}

#[test]
fn an_unknown_hour_is_no_hour_of_the_night() {
    let rules = shipped();
    let verdicts = rules.explain(&case("0101", "330702103", "工地打桩", "2026-11-21"));
    let night = verdicts.iter().find(|v| v.rule == "construction-noise-night").unwrap();
    assert_eq!(Some(Miss::HoursUnknown), night.miss);
}

#[test]
fn staff_may_name_places_and_categories_in_words() {
    let rules = shipped();
    assert_eq!(Some("330702103"), rules.place_of("金华市婺城区白龙桥镇临江路12号"));
    assert_eq!(Some("330782002"), rules.place_of("义乌市江东街道"));
    // 城东街道 stands in three counties.
    assert_eq!(None, rules.place_of("城东街道"));
    assert_eq!(Some("0101"), rules.category_of("施工噪声"));
}

const HEAD: &str = r#"name = "t"
copy_townships_to = "centre@county"
[divisions]
"3307" = "甲市"
"330702" = "乙区"
"330702001" = "丙街道"
"330702002" = "丁街道"
[[kind]]
code = "centre"
name = "中心"
levels = ["city", "county"]
[[kind]]
code = "office"
name = "人民政府"
street_name = "办事处"
levels = ["township"]
[[pack]]
code = "plain"
name = "普通"
source = "甲市办法"
"#;

fn two() -> Vec<Category> {
    let one = |code: &str, name: &str| Category { code: code.into(), name: name.into() };
    vec![one("0101", "施工噪声"), one("0201", "市容")]
}

fn rule(lines: &str) -> String {
    format!("[[rule]]\n{lines}\n")
}

/// A rule's text and what is found in it: the field, and words of the fault.
const BROKEN: &[(&str, &str, &str)] = &[
    (
        "id = \"a\"\ncategories = [\"0999\"]\nto = \"centre@county\"",
        "rule.categories",
        "can never fire",
    ),
    (
        "id = \"a\"\ncategories = [\"*\"]\nplaces = [\"3399\"]\nto = \"centre@county\"",
        "rule.places",
        "not among",
    ),
    ("id = \"a\"\ncategories = [\"*\"]\nto = \"police@county\"", "rule.to", "no kind of unit"),
    ("id = \"a\"\ncategories = [\"*\"]\nto = \"centre@village\"", "rule.to", "no level"),
    ("id = \"a\"\ncategories = [\"*\"]\nto = \"office@county\"", "rule.to", "stands on that level"),
    ("id = \"a\"\ncategories = [\"*\"]\nto = \"nobody\"", "rule.to", "no unit"),
    (
        "id = \"a\"\ncategories = [\"*\"]\nto = \"centre@county\"\npack = \"x\"",
        "rule.pack",
        "no rule pack",
    ),
    (
        "id = \"a\"\ncategories = [\"*\"]\nto = \"centre@county\"\nhours = [\"08:00-08:00\"]",
        "rule.hours",
        "no time",
    ),
    (
        "id = \"a\"\ncategories = [\"*\"]\nto = \"centre@county\"\nhours = [\"25:00-26:00\"]",
        "rule.hours",
        "not like",
    ),
    (
        "id = \"a\"\ncategories = [\"*\"]\nto = \"centre@county\"\nseasons = [\"02-30..03-01\"]",
        "rule.seasons",
        "not like",
    ),
    (
        "id = \"a\"\ncategories = [\"*\"]\nto = \"centre@county\"\nweekdays = [8]",
        "rule.weekdays",
        "not like",
    ),
    (
        "id = \"a\"\ncategories = [\"*\"]\nto = \"centre@county\"\nwords = [\"夜间\"]\nunless = [\"夜\"]",
        "rule.words",
        "never fire",
    ),
    (
        "id = \"a\"\ncategories = [\"*\"]\nto = \"centre@county\"\ncolour = \"red\"",
        "rule.colour",
        "not a known key",
    ),
    ("categories = [\"*\"]\nto = \"centre@county\"", "rule.id", "is missing"),
    ("id = \"a\"\nto = \"centre@county\"", "rule.categories", "no category"),
    ("id = \"a\"\ncategories = [\"*\"]", "rule.to", "is missing"),
];

#[test]
fn what_a_rule_gets_wrong_is_told_with_its_line_and_field() {
    for (text, field, words) in BROKEN {
        let text = format!("{HEAD}{}", rule(text));
        let faults = Rules::parse("t.toml", &text, &two()).expect_err(&text);
        let fault = faults
            .0
            .iter()
            .find(|f| f.field == *field)
            .unwrap_or_else(|| panic!("{field}: {faults}"));
        assert!(fault.problem.contains(words), "{field}: {fault}");
        assert!(fault.line > 19 && !fault.mend.is_empty(), "{fault}");
        assert!(fault.to_string().starts_with(&format!("t.toml:{}: error: {field}: ", fault.line)));
    }
}

#[test]
fn broken_toml_is_told_with_its_line() {
    let faults = Rules::parse("t.toml", "name = \"t\"\nrule = [[[", &two()).expect_err("broken");
    assert!(faults.0.iter().any(|f| f.line == 2), "{faults}");
}

/// Rules, and what a check of the whole finds: gravity and words.
const WHOLES: &[(&[&str], Gravity, &str)] = &[
    (
        &[
            "id = \"a\"\ncategories = [\"*\"]\nto = \"centre@county\"",
            "id = \"b\"\ncategories = [\"*\"]\nto = \"office@township\"",
        ],
        Gravity::Error,
        "is as strong as `a`",
    ),
    (
        &[
            "id = \"z\"\ncategories = [\"*\"]\nto = \"centre@county\"",
            "id = \"a\"\ncategories = [\"0101\"]\nwords = [\"打桩\"]\nto = \"centre@county\"",
            "id = \"b\"\ncategories = [\"0101\"]\nwords = [\"挖机\"]\nto = \"office@township\"",
        ],
        Gravity::Warning,
        "where both \"打桩\" and \"挖机\" are said",
    ),
    (
        &["id = \"a\"\ncategories = [\"0101\"]\nto = \"centre@county\""],
        Gravity::Error,
        "nobody owns category 0201 市容 anywhere",
    ),
    (
        &[
            "id = \"z\"\ncategories = [\"0101\"]\nto = \"centre@county\"",
            "id = \"a\"\ncategories = [\"0201\"]\nplaces = [\"330702001\"]\nto = \"centre@county\"",
        ],
        Gravity::Error,
        "nobody owns category 0201 市容 in 330702002 丁街道",
    ),
    (
        &[
            "id = \"a\"\ncategories = [\"*\"]\nto = \"centre@county\"\npriority = 5",
            "id = \"b\"\ncategories = [\"0101\"]\nto = \"office@township\"",
        ],
        Gravity::Error,
        "`b` can never fire: `a` (line 21) always comes before it",
    ),
    (
        &[
            "id = \"z\"\ncategories = [\"*\"]\nto = \"centre@county\"",
            "id = \"a\"\ncategories = [\"0101\"]\nplaces = [\"330702001\"]\nto = \"office@township\"",
            "id = \"b\"\ncategories = [\"0101\"]\nplaces = [\"330702002\"]\nto = \"office@township\"",
            "id = \"c\"\ncategories = [\"0101\"]\nplaces = [\"330702\"]\nto = \"centre@city\"",
        ],
        Gravity::Error,
        "`c` can never fire",
    ),
    (
        &[
            "id = \"a\"\ncategories = [\"*\"]\nto = \"centre@county\"",
            "id = \"b\"\ncategories = [\"*\"]\nto = \"centre@county\"",
        ],
        Gravity::Error,
        "`b` can never fire",
    ),
];

#[test]
fn conflicts_gaps_and_dead_rules_are_found() {
    for (rules, gravity, words) in WHOLES {
        let text = format!("{HEAD}{}", rules.iter().map(|one| rule(one)).collect::<String>());
        let parsed =
            Rules::parse("t.toml", &text, &two()).unwrap_or_else(|faults| panic!("{faults}"));
        let faults = check(&parsed, &two());
        let found = faults.0.iter().find(|fault| fault.problem.contains(words));
        assert_eq!(Some(*gravity), found.map(|fault| fault.gravity), "{words}: {faults}");
        assert!(found.is_some_and(|fault| !fault.mend.is_empty()));
    }
}

#[test]
fn rules_that_only_share_a_part_of_their_time_conflict_there() {
    let night =
        "id = \"a\"\ncategories = [\"0101\"]\nhours = [\"22:00-06:00\"]\nto = \"centre@county\"";
    let early =
        "id = \"b\"\ncategories = [\"0101\"]\nhours = [\"05:00-09:00\"]\nto = \"office@township\"";
    let day =
        "id = \"b\"\ncategories = [\"0101\"]\nhours = [\"06:00-22:00\"]\nto = \"office@township\"";
    for (other, conflicts) in [(early, true), (day, false)] {
        let text = format!("{HEAD}{}{}", rule(night), rule(other));
        let parsed = Rules::parse("t.toml", &text, &two()).unwrap();
        let found = check(&parsed, &two()).0.iter().any(|f| f.problem.contains("as strong as"));
        assert_eq!(conflicts, found);
    }
}

#[test]
fn past_tickets_suggest_where_rules_do_not() {
    let texts = [
        (1, "0101", "工地半夜打桩吵得睡不着", "综合执法局"),
        (2, "0101", "夜里工地施工打桩太吵", "综合执法局"),
        (3, "0305", "自来水停了两天没水", "水务公司"),
    ];
    let features: Vec<Vec<u32>> = texts.iter().map(|(_, _, text, _)| sounded_pairs(text)).collect();
    let past: Vec<Past<'_>> = texts
        .iter()
        .zip(&features)
        .map(|((ticket, category, _, owner), features)| Past {
            ticket: *ticket,
            category,
            place: "330702103",
            owner,
            features,
        })
        .collect();
    // 公地 for 工地: by ear it is the same.
    let found = learned("", "330702103", &sounded_pairs("公地晚上打桩"), &past);
    assert_eq!("综合执法局", found[0].owner);
    assert!(found[0].share > 0.9 && found[0].tickets.len() == 2, "{found:?}");
    assert!(learned("", "", &sounded_pairs("医保卡怎么办"), &past).is_empty());
}

proptest::proptest! {
    #[test]
    fn no_code_and_no_file_makes_it_fall(code in "[0-9RPTW:/.\\-DNIMOAF年]{0,24}", text in "\\PC{0,200}") {
        let _ = Occurred::of_code(&code);
        let _ = Rules::parse("t.toml", &text, &two());
    }

    /// Whatever is told, whoever is suggested serves the place, and the reason names what fits.
    #[test]
    fn an_owner_serves_the_place(
        n in 0usize..75, place in "33070[1-9]00[1-9]|330702|3307|33|", words in "[工地夜间打桩物业停水路灯装修商铺]{0,12}", at in 0i64..4_000_000_000_000,
    ) {
        static RULES: std::sync::LazyLock<(Rules, Vec<Category>)> = std::sync::LazyLock::new(|| (shipped(), categories()));
        let (rules, categories) = &*RULES;
        let category = &categories[n % categories.len()].code;
        let case = Case {
            category, place: &place, address: "", words: &words,
            occurred: Occurred::default(), registered: Wall::from_ms(at).civil(),
        };
        let suggestions = match rules.decide(&case) {
            Decision::Clear(one) => vec![one],
            Decision::Tied(several) => several,
            Decision::Open { .. } => Vec::new(),
        };
        for one in suggestions {
            proptest::prop_assert!(one.owner.places.iter().any(|p| place.starts_with(p.as_str())));
            proptest::prop_assert!(category.starts_with(&one.why.category));
            proptest::prop_assert!(one.why.words.iter().all(|w| words.contains(w.as_str())));
            proptest::prop_assert!(one.with.iter().chain(&one.copied).all(|u| u.code != one.owner.code));
        }
    }
}
