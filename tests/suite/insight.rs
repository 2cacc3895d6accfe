//! Rates, intervals, plots and the documents that leave the house.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use calamine::{Data, Reader, Xlsx};
use huiyin::insight::{
    Bar, Count, Counts, Group, Head, Line, Measure, Period, Rate, SATISFIED, Service,
    ServiceRequest, Who, bars, by_key, by_period, csv_head, csv_rows, guarded, lines,
    requests_json, requests_xml, services_json, services_xml, stamp, total, when, wilson, xlsx,
};
use huiyin::kernel::{Civil, Day, Wall};
use proptest::prelude::*;

/// Hits, trials, low, high. The first four rows are method 3 of Newcombe 1998, table I; the rest were worked out with
/// 50 digits.
const WILSON: [(u64, u64, f64, f64); 11] = [
    (81, 263, 0.2553, 0.3662),
    (15, 148, 0.0624, 0.1605),
    (0, 20, 0.0, 0.1611),
    (1, 29, 0.0061, 0.1718),
    (0, 1, 0.0, 0.7935),
    (1, 1, 0.2065, 1.0),
    (8, 10, 0.4902, 0.9433),
    (35, 40, 0.7389, 0.9454),
    (50, 100, 0.4038, 0.5962),
    (9_529, 10_000, 0.9486, 0.9569),
    (1_000_000, 1_000_000, 0.999_996_2, 1.0),
];

#[test]
fn the_interval_is_wilsons() {
    for (hits, trials, low, high) in WILSON {
        let interval = wilson(hits, trials).unwrap();
        assert!((interval.low - low).abs() < 6e-5, "{hits}/{trials}: {interval:?}");
        assert!((interval.high - high).abs() < 6e-5, "{hits}/{trials}: {interval:?}");
    }
    assert_eq!(wilson(0, 0), None);
    assert_eq!(wilson(7, 5), wilson(5, 5));
}

proptest! {
    /// The bounds solve (x - p)² = z² x (1 - x) / n: the score test takes the share for possible up to there.
    #[test]
    fn the_bounds_are_where_the_score_test_turns(trials in 1u64..1_000_000, part in 0.0f64..=1.0) {
        let hits = ((trials as f64) * part).round() as u64;
        let (n, share) = (trials as f64, hits as f64 / trials as f64);
        let interval = wilson(hits, trials).unwrap();
        prop_assert!(0.0 <= interval.low && interval.low <= share);
        prop_assert!(share <= interval.high && interval.high <= 1.0);
        for bound in [interval.low, interval.high] {
            let left = (bound - share).powi(2) * n;
            let right = 1.959_963_984_540_054_f64.powi(2) * bound * (1.0 - bound);
            prop_assert!((left - right).abs() < 1e-6, "{left} {right}");
        }
        let other = wilson(trials - hits, trials).unwrap();
        prop_assert!((other.low + interval.high - 1.0).abs() < 1e-9);
    }
}

#[test]
fn a_rate_keeps_those_who_did_not_answer() {
    let rate = Rate::new(35, 40, 50);
    assert_eq!((rate.hits(), rate.answered(), rate.asked(), rate.unanswered()), (35, 40, 50, 10));
    assert_eq!(rate.share(), Some(0.875));
    assert_eq!(rate.non_response(), Some(0.2));
    let none = Rate::new(0, 0, 5);
    assert_eq!((none.share(), none.interval(), none.non_response()), (None, None, Some(1.0)));
    assert_eq!(Rate::default().non_response(), None);
    assert_eq!(Rate::new(9, 8, 7), Rate::new(7, 7, 7), "what contradicts itself is cut down");
    assert_eq!(rate.plus(none), Rate::new(35, 40, 55));
}

#[test]
fn periods_are_named_as_iso_8601_has_them() {
    for (day, week, month) in [
        ("2026-11-22", "2026-W47", "2026-11"),
        ("2026-11-23", "2026-W48", "2026-11"),
        ("2024-12-29", "2024-W52", "2024-12"),
        ("2024-12-30", "2025-W01", "2024-12"),
        ("2026-12-31", "2026-W53", "2026-12"),
        ("2027-01-03", "2026-W53", "2027-01"),
        ("2027-01-04", "2027-W01", "2027-01"),
        ("2024-02-29", "2024-W09", "2024-02"),
        ("2023-01-01", "2022-W52", "2023-01"),
    ] {
        let parsed = Day::parse(day).unwrap();
        assert_eq!(Period::Day.name(parsed), day);
        assert_eq!(Period::Week.name(parsed), week, "{day}");
        assert_eq!(Period::Month.name(parsed), month, "{day}");
    }
    for period in Period::ALL {
        assert_eq!(Period::of(period.key()), Some(period));
    }
    assert_eq!(Period::of("year"), None);
}

fn count(key: &str, day: &str, who: Who, hits: u64, answered: u64, asked: u64) -> Count {
    let rate = Rate::new(hits, answered, asked);
    let counts = Counts { satisfaction: rate, ..Counts::default() };
    Count { key: key.into(), day: Day::parse(day).unwrap().days(), who, counts }
}

#[test]
fn counts_are_put_together_by_group_and_time_with_robot_and_person_apart() {
    let counts = [
        count("police", "2026-11-21", Who::Robot, 3, 4, 5),
        count("police", "2026-11-22", Who::Person, 1, 2, 2),
        count("police", "2026-11-22", Who::Robot, 1, 1, 1),
        count("", "2026-11-23", Who::Robot, 0, 0, 3),
    ];
    let satisfied = |group: &Group, who| group.counts(who).of(Measure::Satisfaction);
    let units = by_key(&counts);
    assert_eq!(units.iter().map(|g| g.key.as_str()).collect::<Vec<_>>(), ["", "police"]);
    assert_eq!(satisfied(&units[1], Some(Who::Robot)), Rate::new(4, 5, 6));
    assert_eq!(satisfied(&units[1], Some(Who::Person)), Rate::new(1, 2, 2));
    assert_eq!(satisfied(&units[1], None), Rate::new(5, 7, 8));
    let weeks = by_period(&counts, Period::Week);
    assert_eq!(weeks.iter().map(|g| g.key.as_str()).collect::<Vec<_>>(), ["2026-W47", "2026-W48"]);
    assert_eq!(satisfied(&weeks[1], None), Rate::new(0, 0, 3));
    assert_eq!(satisfied(&total(&counts), None), Rate::new(5, 7, 11));
    assert_eq!(total(&counts).counts(None).of(Measure::Response), Rate::default());
    for who in Who::ALL {
        assert_eq!(Who::of(who.key()), Some(who));
    }
    for measure in Measure::ALL {
        assert_eq!(Measure::of(measure.key()), Some(measure));
    }
}

#[test]
fn the_grades_that_count_are_those_of_the_interview() {
    use huiyin::intake::Grade::{Basic, Dissatisfied, Satisfied, VeryDissatisfied, VerySatisfied};
    for (grade, counts) in [
        (VerySatisfied, true),
        (Satisfied, true),
        (Basic, true),
        (Dissatisfied, false),
        (VeryDissatisfied, false),
    ] {
        assert_eq!(SATISFIED.contains(&grade.key()), counts, "{grade:?}");
    }
}

/// Every element of an SVG or XML text is closed in its order; returns the names that occur.
fn well_formed(text: &str) -> Vec<String> {
    let (mut open, mut names) = (Vec::new(), Vec::new());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let end = at + rest[at..].find('>').expect("a tag ends");
        let tag = &rest[at + 1..end];
        rest = &rest[end + 1..];
        if tag.starts_with('?') {
            continue;
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "<{tag}>");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "</{name}>");
            continue;
        }
        let name = tag.trim_end_matches('/').split([' ', '\n']).next().unwrap().to_owned();
        names.push(name.clone());
        if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?} is not closed");
    names
}

const HEAD: Head<'_> =
    Head {
        id: "by-unit", title: "满意率 <按单位>", desc: "竖线为 95% 区间", file: false
    };

#[test]
fn bars_are_as_long_as_their_rates_and_tell_them_in_words() {
    let rows = [
        Bar { name: "婺城区公安分局".into(), rate: Rate::new(30, 40, 50) },
        Bar {
            name: "<script>alert(1)</script>单位名很长很长".into(), rate: Rate::new(0, 0, 3)
        },
    ];
    let svg = bars(HEAD, &rows);
    let names = well_formed(&svg);
    assert!(!names.iter().any(|name| name == "script" || name == "style"));
    for shown in [
        "role=\"img\"",
        "aria-labelledby=\"by-unit-title by-unit-desc\"",
        "满意率 &lt;按单位&gt;</title>",
        "<desc id=\"by-unit-desc\">竖线为 95% 区间</desc>",
        "婺城区公安分局：75.0%（30/40），95% 区间 59.8%–85.8%，未答 10",
        "无数据，未答 3",
    ] {
        assert!(svg.contains(shown), "{shown} is not in {svg}");
    }
    // 760 less names (190) and figures (150): 420, three quarters of which is 315.
    assert!(svg.contains("width=\"315.0\""), "{svg}");
    assert!(!svg.contains("style=") && !svg.contains("href"));
    let file = bars(Head { file: true, ..HEAD }, &rows);
    assert!(file.contains("<style>") && file.contains("prefers-color-scheme:dark"));
    well_formed(&file);
    well_formed(&bars(HEAD, &[]));
}

#[test]
fn lines_have_a_gap_where_nobody_answered() {
    let point = |hits, answered| Rate::new(hits, answered, answered);
    let days: Vec<String> = (1..=30).map(|day| format!("2026-11-{day:02}")).collect();
    let mut points: Vec<Rate> = (1..=30).map(|n| point(n, 30)).collect();
    points[9] = point(0, 0);
    let both = [
        Line { name: "满意率".into(), points: points.clone() },
        Line { name: "解决率".into(), points: vec![point(1, 1)] },
    ];
    let svg = lines(HEAD, &days, &both);
    let names = well_formed(&svg);
    let of = |wanted: &str| names.iter().filter(|name| *name == wanted).count();
    assert_eq!(of("polyline"), 3, "two stretches around the gap, and one of the other line");
    assert_eq!(of("polygon"), 3);
    assert_eq!(of("circle"), 30, "29 points and the mark of the legend");
    assert!(svg.contains("2026-11-30 满意率：100.0%（30/30）"));
    for (names, lines_of) in [(vec![], vec![]), (vec!["一".to_owned()], both.to_vec())] {
        well_formed(&lines(HEAD, &names, &lines_of));
    }
    assert!(!svg.contains("NaN") && !svg.contains("inf"));
}

#[test]
fn no_cell_is_a_formula() {
    for (given, wanted) in [
        ("=1+1", "'=1+1"),
        ("+8613800138000", "'+8613800138000"),
        ("-2", "'-2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("  =cmd|' /C calc'!A0", "'  =cmd|' /C calc'!A0"),
        ("\u{3000}=1", "'\u{3000}=1"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("\nx", "'\nx"),
        ("＝1", "'＝1"),
        ("＠x", "'＠x"),
        ("工地=半夜", "工地=半夜"),
        ("1-2", "1-2"),
        ("", ""),
        ("'=1", "'=1"),
    ] {
        assert_eq!(guarded(given), wanted, "{given:?}");
    }
}

#[test]
fn csv_and_workbook_hold_the_same_cells() {
    let columns = ["工单号", "诉求内容"];
    let rows = vec![
        vec!["2611220001".to_owned(), "=HYPERLINK(\"http://x\")".to_owned()],
        vec!["2611220002".to_owned(), "说\"好\"，\n第二行".to_owned()],
        vec!["2611220003".to_owned(), String::new()],
    ];
    let mut bytes = csv_head(&columns).unwrap();
    bytes.extend(csv_rows(&rows[..1]).unwrap());
    bytes.extend(csv_rows(&rows[1..]).unwrap());
    let text = String::from_utf8(bytes).unwrap();
    let text = text.strip_prefix('\u{feff}').expect("the mark of UTF-8");
    assert!(text.starts_with("工单号,诉求内容\r\n"), "{text}");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let read: Vec<Vec<String>> = reader
        .records()
        .map(|record| record.unwrap().iter().map(str::to_owned).collect())
        .collect();
    let guarded_rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| guarded(cell).into_owned()).collect())
        .collect();
    assert_eq!(read, guarded_rows);
    let book = xlsx("工单", &columns, &rows).unwrap();
    let mut book = Xlsx::new(std::io::Cursor::new(book)).unwrap();
    let sheet = book.worksheet_range("工单").unwrap();
    assert_eq!(sheet.get_size(), (4, 2));
    assert_eq!(sheet[(0, 1)], Data::String("诉求内容".into()));
    for (y, row) in guarded_rows.iter().enumerate() {
        for (x, cell) in row.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
            assert_eq!(sheet[(y + 1, x)], Data::String(cell.clone()));
        }
    }
    let formulas = book.worksheet_formula("工单").unwrap();
    assert!(formulas.used_cells().all(|(_, _, formula)| formula.is_empty()));
}

#[test]
fn a_text_too_long_for_a_cell_is_cut_and_says_so() {
    let long = "𠮷".repeat(20_000);
    let book = xlsx("工单", &["内容"], &[vec![long]]).unwrap();
    let mut book = Xlsx::new(std::io::Cursor::new(book)).unwrap();
    let sheet = book.worksheet_range("工单").unwrap();
    let Data::String(text) = &sheet[(1, 0)] else { panic!() };
    assert!(text.ends_with("…（截断）") && text.encode_utf16().count() <= 32_767);
}

fn request() -> ServiceRequest {
    ServiceRequest {
        id: 2_611_220_001,
        open: true,
        status_notes: "办理中".into(),
        service_code: "0101".into(),
        service_name: "夜间施工噪声".into(),
        description: "投诉：<夜间施工噪声>&".into(),
        agency_responsible: String::new(),
        requested: at(22, 9),
        updated: at(22, 10),
        expected: None,
        address: "金华市婺城区".into(),
        address_id: "330702".into(),
    }
}

fn at(day: u32, hour: u32) -> Wall {
    Civil { year: 2026, month: 11, day, hour, minute: 30, second: 5 }.wall()
}

#[test]
fn tickets_are_service_requests_of_georeport() {
    let json = requests_json(&[request()]);
    let one = &json[0];
    for (field, value) in [
        ("service_request_id", "2611220001"),
        ("status", "open"),
        ("status_notes", "办理中"),
        ("service_code", "0101"),
        ("service_name", "夜间施工噪声"),
        ("requested_datetime", "2026-11-22T09:30:05+08:00"),
        ("updated_datetime", "2026-11-22T10:30:05+08:00"),
        ("address_id", "330702"),
    ] {
        assert_eq!(one[field], value, "{field}");
    }
    for field in ["agency_responsible", "expected_datetime", "lat", "long", "zipcode"] {
        assert!(one.get(field).is_some_and(serde_json::Value::is_null), "{field}");
    }
    let xml = requests_xml(&[request()]);
    let names = well_formed(&xml);
    assert_eq!(&names[..2], ["service_requests", "request"]);
    assert_eq!(names.len(), 2 + one.as_object().unwrap().len(), "the same fields in both");
    assert!(xml.contains("<description>投诉：&lt;夜间施工噪声&gt;&amp;</description>"));
    assert!(
        xml.contains("<lat/>") && xml.starts_with("<?xml version=\"1.0\" encoding=\"utf-8\"?>")
    );
    let closed = ServiceRequest { open: false, expected: Some(at(30, 0)), ..request() };
    let json = requests_json(&[closed]);
    assert_eq!(json[0]["status"], "closed");
    assert_eq!(json[0]["expected_datetime"], "2026-11-30T00:30:05+08:00");
    let service =
        Service { code: "0101".into(), name: "噪声".into(), group: "生态环境".into() };
    let json = services_json(std::slice::from_ref(&service));
    assert_eq!((&json[0]["metadata"], &json[0]["group"]), (&false.into(), &"生态环境".into()));
    assert!(services_xml(&[service]).contains("<service_code>0101</service_code>"));
    assert_eq!(requests_json(&[]), serde_json::json!([]));
}

#[test]
fn moments_of_questions_are_read_with_their_zone() {
    let noon = Civil { year: 2026, month: 11, day: 22, hour: 12, minute: 0, second: 0 }.wall();
    for text in [
        "2026-11-22T12:00:00+08:00",
        "2026-11-22T12:00:00 08:00",
        "2026-11-22T12:00:00",
        "2026-11-22T04:00:00Z",
        "2026-11-21T23:30:00-04:30",
    ] {
        assert_eq!(when(text), Some(noon), "{text}");
    }
    assert_eq!(when("2026-11-22"), Some(noon.plus_ms(-12 * 3_600_000)));
    assert_eq!(when(&stamp(noon)), Some(noon));
    for text in [
        "",
        "2026-02-30",
        "2026-11-22T24:00:00Z",
        "2026-11-22T12:60:00Z",
        "2026-11-22T12:00Z",
        "2026-11-22 12:00:00",
        "2026-11-22T12:00:00+8",
        "2026-11-22T12:00:00X08:00",
        "二零二六年十一月",
    ] {
        assert_eq!(when(text), None, "{text}");
    }
}
