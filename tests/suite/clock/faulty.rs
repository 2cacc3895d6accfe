//! Packs that cannot be read, and packs that can but make no sense.

use super::*;

const GOOD: &str = r#"code = "mine"
name = "我市"
source = "一份文件"
last_day_off = "moves"
without = ["dispatch", "sign", "objection", "objection_decision", "callback", "verification"]
[[procedure]]
code = "plain"
name = "一般"
[[pause]]
code = "wait"
name = "等待补充材料"
article = "第一条"
basis = "read"
[[limit]]
code = "close"
name = "办结"
duty = "close"
within = "5 working days"
starts = "registered"
stops = ["closed"]
pauses = ["wait"]
yellow = "1 working day"
extension = { most = "5 working days", told = true, article = "第二条" }
article = "第三条"
basis = "read"
"#;

/// `GOOD` with a line in the place of another.
fn with(line: &str, other: &str) -> String {
    assert!(GOOD.contains(line), "{line}");
    GOOD.replace(line, other)
}

#[test]
fn a_pack_that_cannot_be_read_names_line_field_and_way_out() {
    assert!(Pack::parse("mine.toml", GOOD).is_ok());
    for (line, other, wants) in [
        ("code = \"mine\"", "code = \"My Pack\"", ["mine.toml:1: error: code", "`My Pack` is no code", "small letters"]),
        ("name = \"我市\"", "name = \"\"", ["mine.toml:2: error: name", "is empty", "write it out"]),
        ("source = \"一份文件\"\n", "", ["mine.toml:1: error", "missing field `source`", "lists every table"]),
        ("\"moves\"", "\"goes\"", ["mine.toml:4: error: last_day_off", "`goes` is neither", "a day off"]),
        ("\"sign\",", "\"sing\",", ["mine.toml:5: error: without", "`sing` is not known", "write one of acknowledge, dispatch, sign"]),
        ("last_day_off", "day_ends = \"25:00\"\nlast_day_off", ["mine.toml:4: error: day_ends", "`25:00` is no time of day", "24:00"]),
        ("duty = \"close\"", "duty = \"finish\"", ["mine.toml:17: error: limit.duty", "`finish` is not known", "close"]),
        ("\"5 working days\"\nstarts", "\"5 wd\"\nstarts", ["mine.toml:18: error: limit.within", "`5 wd` is no length of time", "same day"]),
        ("\"5 working days\"\nstarts", "\"0 days\"\nstarts", ["mine.toml:18: error: limit.within", "`0 days` is no length", "10 days"]),
        ("\"5 working days\"\nstarts", "\"5000 days\"\nstarts", ["mine.toml:18: error: limit.within", "`5000 days`", "2 hours"]),
        ("\"registered\"", "\"register\"", ["mine.toml:19: error: limit.starts", "`register` is not known", "registered"]),
        ("[\"closed\"]", "[]", ["mine.toml:20: error: limit.stops", "is empty", "at least one event"]),
        ("pauses = [\"wait\"]", "pauses = [\"weit\"]", ["mine.toml:21: error: limit.pauses", "`weit` is no [[pause]]", "wait"]),
        ("yellow = ", "yelow = ", ["mine.toml:22: error", "unknown field `yelow`", "zhejiang-2017.toml"]),
        ("\"5 working days\", told", "\"same day\", told", ["mine.toml:23: error: limit.extension.most", "is no length", "10 days"]),
        ("told = true", "told = true, times = 0", ["mine.toml:23: error: limit.extension.times", "is 0", "leave the whole"]),
        ("\"read\"\n[[limit]]", "\"heard\"\n[[limit]]", ["mine.toml:13: error: pause.basis", "`heard` is not known", "read, cited, ours"]),
        ("code = \"close\"", "code = close", ["mine.toml:15: error", "", "lists every table"]),
    ] {
        let told = Pack::parse("mine.toml", &with(line, other)).unwrap_err().to_string();
        assert!(wants.iter().all(|want| told.contains(want)), "{told}\nwant {wants:?}");
    }
    let twice = format!("{GOOD}{}", &GOOD[GOOD.find("[[limit]]").unwrap()..]);
    let told = Pack::parse("mine.toml", &twice).unwrap_err().to_string();
    assert!(told.starts_with("mine.toml:27: error: limit.code: `close` is in line 15 already"), "{told}");
    let calling = |line: &str| {
        let calling = "[calling]\nopens = \"09:00\"\ncloses = \"20:00\"\nper_day = 2\nin_all = 3\nspacing = \"2 hours\"\narticle = \"a\"\nbasis = \"ours\"\n";
        let key = line.split(' ').next().unwrap();
        let lines: Vec<&str> = calling.lines().map(|old| if old.starts_with(key) { line } else { old }).collect();
        Pack::parse("mine.toml", &format!("{GOOD}{}\n", lines.join("\n"))).map_err(|faults| faults.to_string())
    };
    assert!(calling("opens = \"09:00\"").is_ok());
    for (line, want) in [
        ("closes = \"08:00\"", "mine.toml:28: error: calling.closes: is not after `opens`"),
        ("in_all = 1", "mine.toml:30: error: calling.in_all: 1 calls in all and 2 a day do not fit"),
        ("spacing = \"2 days\"", "mine.toml:31: error: calling.spacing: is in days"),
    ] {
        assert!(calling(line).unwrap_err().starts_with(want), "{line}: {:?}", calling(line));
    }
}

#[test]
fn a_pack_that_makes_no_sense_is_found_out() {
    let found = |text: &str| check(&Pack::parse("mine.toml", text).unwrap_or_else(|faults| panic!("{faults}"))).to_string();
    assert_eq!(found(GOOD), "");
    for (line, other, want) in [
        ("[\"closed\"]", "[\"registered\"]", "mine.toml:15: error: limit.stops: `close` is met by the event that starts it"),
        ("\"registered\"", "\"called_back\"", "mine.toml:15: error: limit.stops: `close` starts with called_back, and all its stops come before"),
        ("\"1 working day\"", "\"5 working days\"", "mine.toml:15: error: limit.yellow: `close` would be yellow from its start"),
        ("\"1 working day\"", "\"70 days\"", "mine.toml:15: error: limit.yellow"),
        ("yellow = \"1 working day\"\n", "", "mine.toml:15: warning: limit.yellow: `close` has no yellow light"),
        ("told = true", "ahead = \"5 working days\", told = true", "mine.toml:15: error: limit.extension.ahead: `close` could never be extended"),
        ("duty = \"close\"", "duty = \"inform\"", "mine.toml:7: error: procedure: nothing ends a matter of `plain`"),
        ("\"sign\", ", "", "mine.toml:7: warning: procedure: `plain` has no limit for sign: nothing will ever be late"),
        ("pauses = [\"wait\"]\n", "", "mine.toml:10: warning: pause: no limit heeds the pause `wait`"),
        ("[\"dispatch\", ", "[\"dispatch\", \"close\", ", "mine.toml:1: error: without: close is named here and limited by `close`"),
    ] {
        let told = found(&with(line, other));
        assert!(told.contains(want), "{told}\nwant {want}");
    }
    let limit = &GOOD[GOOD.find("[[limit]]").unwrap()..];
    let both = format!("{GOOD}{}", limit.replace("\"close\"\nname", "\"end\"\nname"));
    assert!(found(&both).contains("mine.toml:27: error: limit.duty: `end` and `close` (line 15) both limit close"), "{}", found(&both));
    let longer = format!("{GOOD}{}", limit.replace("\"close\"", "\"inform\"").replace("5 working days\"\nstarts", "90 days\"\nstarts"));
    assert!(found(&longer).contains("mine.toml:27: error: limit.within: `inform` (90 days) may take longer than `close`"), "{}", found(&longer));
}

#[test]
fn a_length_of_time_is_read_as_it_is_written() {
    for text in ["30 seconds", "1 minute", "2 hours", "same day", "1 day", "10 days", "5 working days", "1 working day"] {
        assert_eq!(Span::parse(text).map(|span| span.to_string()).as_deref(), Some(text));
    }
    for text in ["", "day", "2", "2  hours", "-1 days", "+1 days", "1.5 hours", "2 weeks", "1 same day", "0 days", "99999999999 days", "４ days"] {
        assert_eq!(Span::parse(text), None, "{text}");
    }
    assert_eq!(Span::parse(" 1 days "), Some(Span { amount: 1, unit: Unit::Day }));
    for (duty, event) in [("close", "closed"), ("sign", "signed"), ("re_review", "re_reviewed")] {
        assert_eq!(Duty::of(duty).map(Duty::key), Some(duty));
        assert_eq!(Event::of(event).map(Event::key), Some(event));
    }
}
