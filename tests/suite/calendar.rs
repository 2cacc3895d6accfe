//! The calendar of working days: the package's years, one's own file, the days by law, and every fault of a file.

use huiyin::kernel::calendar::Doubt;
use huiyin::kernel::{Calendar, Day, DayKind};
use proptest::prelude::*;

/// The arrangements of 2024 to 2026, so that the tests need no package: `from` to `to`, the make-up days.
const YEARS: &str = r#"
name = "2024 to 2026"
years = [2024, 2025, 2026]
holiday = [
    { name = "元旦", from = "2024-01-01" },
    { name = "春节", from = "2024-02-10", to = "2024-02-17", work = ["2024-02-04", "2024-02-18"] },
    { name = "清明", from = "2024-04-04", to = "2024-04-06", work = ["2024-04-07"] },
    { name = "劳动节", from = "2024-05-01", to = "2024-05-05", work = ["2024-04-28", "2024-05-11"] },
    { name = "端午", from = "2024-06-10" },
    { name = "中秋", from = "2024-09-15", to = "2024-09-17", work = ["2024-09-14"] },
    { name = "国庆节", from = "2024-10-01", to = "2024-10-07", work = ["2024-09-29", "2024-10-12"] },
    { name = "元旦", from = "2025-01-01" },
    { name = "春节", from = "2025-01-28", to = "2025-02-04", work = ["2025-01-26", "2025-02-08"] },
    { name = "清明", from = "2025-04-04", to = "2025-04-06" },
    { name = "劳动节", from = "2025-05-01", to = "2025-05-05", work = ["2025-04-27"] },
    { name = "端午", from = "2025-05-31", to = "2025-06-02" },
    { name = "国庆节", from = "2025-10-01", to = "2025-10-05", work = ["2025-09-28", "2025-10-11"] },
    { name = "中秋", from = "2025-10-06" },
    { name = "国庆节", from = "2025-10-07", to = "2025-10-08" },
"#;

fn day(text: &str) -> Day {
    Day::parse(text).unwrap_or_else(|| panic!("{text} is no day"))
}

/// 2024 to 2026, with the file that ships as an example for the last.
pub fn published() -> Calendar {
    let own = format!("{}]\n", YEARS.replace("2025, 2026]", "2025]"));
    let below = Calendar::read("years.toml", &own).unwrap();
    let text = include_str!("../../rules/calendars/2026.toml");
    Calendar::read("2026.toml", text).unwrap().over(below)
}

/// The package's file, where it is installed.
fn package() -> Option<Calendar> {
    let models = std::env::var_os("HUIYIN_MODELS").map_or_else(
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models/cache"),
        Into::into,
    );
    let file = models.join("chinese-days/chinese-days.json");
    let Ok(text) = std::fs::read_to_string(&file) else {
        eprintln!("passed over: chinese-days is not installed; `huiyin models fetch` brings it");
        return None;
    };
    Some(Calendar::read("chinese-days.json", &text).unwrap())
}

#[test]
fn days_are_worked_and_off_as_the_arrangements_say() {
    let calendar = published();
    for (at, kind) in [
        ("2024-02-09", "works"), // the eve was an ordinary Friday that year
        ("2024-02-10", "off 春节"),
        ("2024-02-18", "works for 春节"),
        ("2024-02-29", "works"),
        ("2024-03-02", "weekend"),
        ("2024-09-14", "works for 中秋"),
        ("2024-12-31", "works"),
        ("2025-01-01", "off 元旦"),
        ("2025-01-26", "works for 春节"),
        ("2025-01-28", "off 春节"),
        ("2025-10-06", "off 中秋"),
        ("2025-10-08", "off 国庆节"),
        ("2025-10-09", "works"),
        ("2025-10-11", "works for 国庆节"),
        ("2026-02-14", "works for 春节"),
        ("2026-02-23", "off 春节"),
        ("2026-05-09", "works for 劳动节"),
        ("2026-09-20", "works for 国庆节"),
        ("2026-10-10", "works for 国庆节"),
        ("2026-10-11", "weekend"),
    ] {
        let told = match calendar.kind(day(at)) {
            DayKind::Working => "works".to_owned(),
            DayKind::MakeUp { of } => format!("works for {of}"),
            DayKind::Weekend => "weekend".to_owned(),
            DayKind::Holiday { name } => format!("off {name}"),
        };
        assert_eq!(told, kind, "{at}");
    }
    assert_eq!(calendar.published().collect::<Vec<_>>(), [2024, 2025, 2026]);
}

#[test]
fn the_package_says_the_same_of_every_day() {
    let Some(package) = package() else { return };
    let own = published();
    let mut at = day("2024-01-01");
    while at <= day("2026-12-31") {
        assert_eq!(package.kind(at), own.kind(at), "{at}");
        at = at.plus(1).unwrap();
    }
    assert!((2004..=2026).all(|year| package.is_published(year)));
    assert_eq!(package.doubt(2026), None);
    assert_eq!(package.doubt(2027), Some(Doubt::Unpublished { year: 2027 }));
    assert_eq!(package.doubt(2031), Some(Doubt::FixedOnly { year: 2031 }));
}

#[test]
fn working_days_of_a_year_are_as_many_as_the_arrangement_leaves() {
    // 365 less the weekends and the weekdays off, with the make-up days; counted by hand from the notices.
    let calendar = published();
    for (year, working) in [(2024, 251), (2025, 248), (2026, 248)] {
        let days = (0..366).filter_map(|n| Day::new(year, 1, 1)?.plus(n));
        let worked = days.filter(|day| day.year() == year && calendar.is_working(*day)).count();
        assert_eq!(worked, working, "{year}");
    }
}

#[test]
fn the_days_by_law_stand_in_for_a_year_that_is_not_published() {
    // Each statutory day of the table must be a day off of the published arrangement that it was made without.
    let (law, published) = (Calendar::default(), published());
    let mut at = day("2024-01-01");
    let mut holidays = [0; 3];
    while at <= day("2026-12-31") {
        if let DayKind::Holiday { name } = law.kind(at) {
            let DayKind::Holiday { name: real } = published.kind(at) else {
                panic!("{at} {name} is worked")
            };
            assert_eq!(name, real, "{at}");
            holidays[usize::try_from(at.year() - 2024).unwrap()] += 1;
        }
        at = at.plus(1).unwrap();
    }
    assert_eq!(holidays, [11, 13, 13]);
    for (at, name) in [
        ("2027-01-01", "元旦"),
        ("2027-02-05", "春节"),
        ("2027-02-08", "春节"),
        ("2028-01-25", "春节"),
        ("2028-10-03", "国庆节"), // 中秋 falls on it
        ("2029-04-04", "清明"),
        ("2030-06-05", "端午"),
        ("2030-09-12", "中秋"),
        ("2040-10-02", "国庆节"),
    ] {
        assert_eq!(law.kind(day(at)), DayKind::Holiday { name: name.into() }, "{at}");
    }
    assert_eq!(law.kind(day("2027-02-09")), DayKind::Working);
    assert_eq!(law.kind(day("2027-02-13")), DayKind::Weekend);
    assert_eq!(law.doubt(2026), Some(Doubt::Unpublished { year: 2026 }));
}

#[test]
fn a_regions_own_holidays_lie_over_the_countrys() {
    let text = "name = \"自治区\"\n[[holiday]]\nname = \"古尔邦节\"\nfrom = \"2026-05-27\"\n";
    let calendar = Calendar::read("region.toml", text).unwrap().over(published());
    assert_eq!(calendar.kind(day("2026-05-27")), DayKind::Holiday { name: "古尔邦节".into() });
    assert_eq!(calendar.kind(day("2026-05-28")), DayKind::Working);
    assert_eq!(calendar.kind(day("2026-10-10")), DayKind::MakeUp { of: "国庆节".into() });
    assert!(calendar.is_published(2026));
    assert_eq!(calendar.sources().last().map(String::as_str), Some("自治区"));
    // A whole year forgets what lay below.
    let whole = include_str!("../../rules/calendars/2026.toml");
    let calendar = Calendar::read("2026.toml", whole).unwrap().over(calendar);
    assert_eq!(calendar.kind(day("2026-05-27")), DayKind::Working);
}

#[test]
fn a_faulty_calendar_names_the_line_the_field_and_the_way_out() {
    let head = "name = \"x\"\n[[holiday]]\nname = \"元旦\"\n";
    for (text, wants) in [
        ("name = \"x\"\n", ["c.toml:1: error: holiday", "is missing", "[[holiday]]"]),
        ("name = \n", ["c.toml:1: error", "", "a calendar has `name`"]),
        (
            "name = \"x\"\nyear = [2026]\n",
            ["c.toml:2: error", "unknown field `year`", "`years = [2026]`"],
        ),
        (
            &format!("{head}from = \"2026-1-1\"\n"),
            ["c.toml:4: error: holiday.from", "`2026-1-1` is no day", "YYYY-MM-DD"],
        ),
        (
            &format!("{head}from = \"2026-02-29\"\n"),
            ["c.toml:4: error: holiday.from", "is no day", "YYYY-MM-DD"],
        ),
        (
            &format!("{head}from = \"2026-01-03\"\nto = \"2026-01-01\"\n"),
            ["c.toml:5: error: holiday.to", "are -1 days", "the last day off"],
        ),
        (
            &format!("{head}from = \"2026-01-01\"\nwork = [\"2026-01-05\"]\n"),
            [
                "c.toml:5: error: holiday.work",
                "2026-01-05 is no Saturday or Sunday",
                "mend the date",
            ],
        ),
        (
            &format!("{head}from = \"2026-01-03\"\nwork = [\"2026-01-03\"]\n"),
            ["c.toml:5: error: holiday.work", "2026-01-03 is given twice", "once"],
        ),
        (
            &format!("years = [2026]\n{head}from = \"2026-01-01\"\n"),
            ["c.toml:1: error: years", "2026-05-01 is no holiday", "take the year out"],
        ),
        ("{\"holidays\": {}", ["c.toml:1: error", "not the calendar's JSON", "chinese-days.json"]),
        (
            "{\"holidays\": {},\n\"workdays\": {\n\"2026-13-01\": \"a,b,1\"}}",
            ["c.toml:3: error: workdays", "`2026-13-01` is no day", "YYYY-MM-DD"],
        ),
        (
            "{\"holidays\": {}, \"workdays\": {}}",
            ["c.toml:1: error: holidays", "holds no whole year", "国庆节"],
        ),
    ] {
        let told = Calendar::read("c.toml", text).unwrap_err().to_string();
        assert!(wants.iter().all(|want| told.contains(want)), "{told}\nfor:\n{text}");
    }
}

fn some_day() -> impl Strategy<Value = Day> {
    (0_i64..3 * 365 + 1).prop_map(|n| day("2024-01-01").plus(n).unwrap())
}

proptest! {
    #[test]
    fn so_many_working_days_ahead_and_back_is_where_one_was(from in some_day(), n in 0_u32..200) {
        let calendar = published();
        let ahead = calendar.working_after(from, n).unwrap();
        let back = calendar.working_before(ahead, n).unwrap();
        if calendar.is_working(from) {
            prop_assert_eq!(back, from);
        } else if n > 0 {
            // From a day off one comes back to the working day after which the first counted one came.
            prop_assert!(back < from || n == 0);
            prop_assert_eq!(calendar.working_after(back, 1), calendar.working_after(from, 1));
        }
        prop_assert!(n == 0 || calendar.is_working(ahead));
    }

    #[test]
    fn between_two_days_lie_as_many_working_days_as_were_counted(from in some_day(), n in 1_u32..120) {
        let calendar = published();
        let ahead = calendar.working_after(from, n).unwrap();
        let days = (from.days() + 1..=ahead.days()).filter_map(Day::from_days);
        prop_assert_eq!(days.filter(|day| calendar.is_working(*day)).count(), n as usize);
        prop_assert!(calendar.working_after(from.plus(1).unwrap(), n).unwrap() >= ahead);
    }

    #[test]
    fn a_day_knows_its_number_and_its_weekday(n in -25_000_i64..47_000) {
        let at = Day::from_days(n).unwrap();
        prop_assert_eq!(at.days(), n);
        prop_assert_eq!(at.plus(7).map(Day::weekday), Some(at.weekday()));
        prop_assert_eq!(at.start().civil().day(), at);
        prop_assert_eq!(at.start().civil().weekday(), at.weekday());
        prop_assert_eq!(at.start().plus_ms(-1).civil().day().plus(1), Some(at));
    }
}
