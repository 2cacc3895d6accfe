//! What citizens are told by text message: in what words, to which numbers, at what hours, how often it is tried.

use huiyin::desk::{Standing, Step};
use huiyin::kernel::{Civil, TicketId, Wall};
use huiyin::notice::{GiveUp, Hours, Messages, Retry, STEPS, Then, Values, mobile};
use proptest::prelude::*;

const KNOWN: Values<'_> = Values {
    ticket: "2611220001",
    hotline: "12345",
    day: "11月22日",
    unit: "婺城区综合执法局",
    due: "11月25日",
    page: "https://12345.example.cn/",
};

fn at(day: u32, hour: u32, minute: u32) -> Wall {
    Civil { year: 2026, month: 11, day, hour, minute, second: 0 }.wall()
}

#[test]
fn mobile_numbers_are_told_and_no_others() {
    for (number, wanted) in [
        ("13900008899", Some("13900008899")),
        ("+8613900008899", Some("13900008899")),
        ("+86 139-0000-8899", Some("13900008899")),
        ("008613900008899", Some("13900008899")),
        ("8613900008899", Some("13900008899")),
        ("013900008899", Some("13900008899")),
        ("057982311234", None),
        ("0579-82311234", None),
        ("82311234", None),
        ("12345", None),
        ("4008001234", None),
        ("1390000889", None),
        ("139000088990", None),
        ("10900008899", None),
        ("+1390000889900", None),
        ("anonymous", None),
        ("", None),
    ] {
        assert_eq!(mobile(number).as_deref(), wanted, "{number}");
    }
}

#[test]
fn texts_say_what_is_known_and_nothing_else() {
    let messages = Messages::builtin().unwrap();
    let least = Values { unit: "", due: "", page: "", ..KNOWN };
    assert_eq!(messages.kinds().count(), STEPS.len(), "every step has its text");
    for kind in messages.kinds() {
        for values in [KNOWN, least, Values { due: "", ..KNOWN }] {
            let text = messages.text(kind, &values).unwrap();
            assert!(text.contains("2611220001") && text.contains("12345"), "{kind}: {text}");
            assert!(!text.contains(['{', '}']) && text.ends_with('。'), "{kind}: {text}");
            assert!(text.chars().count() <= 134, "{kind} takes three segments: {text}");
        }
    }
    for kind in ["drafted", "taken", "edited", "objected", "sealed", ""] {
        assert_eq!(messages.text(kind, &KNOWN), None, "{kind}");
    }
    let dispatched = |values| messages.text("dispatched", &values).unwrap();
    assert!(dispatched(KNOWN).contains("婺城区综合执法局办理，将在11月25日前答复"));
    assert!(!dispatched(Values { due: "", ..KNOWN }).contains("答复"));
    assert!(dispatched(least).contains("承办单位"));
}

#[test]
fn faults_of_the_texts_name_file_line_and_the_way_out() {
    for (text, wanted) in [
        ("registred = \"x\"", "line 1: no step of a ticket is called \"registred\""),
        ("# x\nclosed = []", "line 2: closed has no text"),
        ("closed = [\"好\", \" \"]", "line 1: closed has no text"),
        ("closed = \"{name}您好\"", "the slot {name}, which it cannot fill; it can fill: ticket"),
        ("closed = \"{ticket\"", "opens a slot that it does not close"),
        ("\nclosed = \"{unit}办结\"", "line 2: the last wording of closed needs {unit}"),
        ("closed = [\"办结\", \"{due}\"]", "needs {due}, which not every ticket has"),
        ("closed = 1", "messages.toml"),
        ("= 1", "messages.toml"),
    ] {
        let error = Messages::parse("x/messages.toml", text).unwrap_err().to_string();
        assert!(error.contains(wanted) && error.contains("x/messages.toml"), "{text}: {error}");
    }
    let long = format!("closed = \"{}\"", "好".repeat(135));
    let error = Messages::parse("m", &long).unwrap_err().to_string();
    assert!(error.contains("135 characters, at most 134"), "{error}");
    let none = Messages::load(std::path::Path::new("no-such-folder")).unwrap_err().to_string();
    assert!(none.contains("no-such-folder") && none.contains("messages.toml"), "{none}");
}

#[test]
fn messages_are_sent_by_day() {
    let hours = Hours::default();
    for (now, wanted) in [
        (at(22, 8, 0), at(22, 8, 0)),
        (at(22, 20, 59), at(22, 20, 59)),
        (at(22, 21, 0), at(23, 8, 0)),
        (at(22, 23, 59), at(23, 8, 0)),
        (at(23, 0, 0), at(23, 8, 0)),
        (at(23, 7, 59), at(23, 8, 0)),
        (at(30, 22, 0), Civil { month: 12, ..at(1, 8, 0).civil() }.wall()),
    ] {
        assert_eq!(hours.from(now).civil(), wanted.civil(), "{}", now.civil());
        assert_eq!(hours.is_open(now), now == wanted);
    }
    assert!(Hours::new("00:00", "24:00").unwrap().is_open(at(22, 23, 59)));
    for (from, to, wanted) in [
        ("8:00", "21:00", "\"8:00\" is not a time of day"),
        ("08:00", "24:01", "\"24:01\""),
        ("08:60", "21:00", "\"08:60\""),
        ("21:00", "08:00", "from 21:00 to 08:00"),
        ("08:00", "08:00", "not after it"),
    ] {
        let error = Hours::new(from, to).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    }
}

#[test]
fn attempts_grow_apart_and_end() {
    let retry = Retry { attempts: 5, keep_ms: 24 * 3_600_000 };
    let (born, now) = (at(22, 9, 0), at(22, 9, 1));
    let seconds = |attempt, after| match retry.after(attempt, born, now, after) {
        Then::At(next) => (next.unix_ms - now.unix_ms) / 1000,
        Then::GiveUp(_) => -1,
    };
    assert_eq!([1, 2, 3, 4, 5].map(|n| seconds(n, None)), [30, 60, 120, 240, -1]);
    assert_eq!(seconds(1, Some(600_000)), 600, "as long as the other side asks");
    assert_eq!(seconds(1, Some(i64::MAX)), 3600, "but not for ever");
    assert_eq!(seconds(1, Some(-5)), 30);
    let late = at(23, 8, 59);
    assert_eq!(retry.after(1, born, late.plus_ms(45_000), None), Then::GiveUp(GiveUp::Old));
    assert!(!retry.is_old(born, at(23, 9, 0)) && retry.is_old(born, at(23, 9, 1)));
    let long = Retry { attempts: 100, ..Retry::default() };
    assert_eq!(long.after(60, born, now, None), Then::At(now.plus_ms(3_600_000)));
}

proptest! {
    #[test]
    fn whatever_the_hours_a_message_goes_out_within_them(
        from in 0_u32..1439, length in 1_u32..1440, now in 0_i64..10_000_000_000
    ) {
        let clock = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
        let hours = Hours::new(&clock(from), &clock((from + length).min(1440))).unwrap();
        let now = Wall::from_ms(now * 1000 + 7);
        let next = hours.from(now);
        prop_assert!(next >= now && hours.is_open(next));
        prop_assert!(next.unix_ms - now.unix_ms <= 24 * 3_600_000);
        prop_assert_eq!(hours.from(next), next);
    }
}

#[test]
fn a_standing_is_the_fold_of_the_events_that_concern_the_citizen() {
    let id = TicketId(2_611_220_001);
    let events = [
        ("drafted", at(22, 9, 0)),
        ("registered", at(22, 9, 2)),
        ("taken", at(22, 9, 3)),
        ("edited", at(22, 9, 4)),
        ("taken", at(22, 9, 5)),
        ("dispatched", at(22, 10, 0)),
        ("objected", at(22, 11, 0)),
        ("signed", at(22, 12, 0)),
        ("closed", at(24, 9, 0)),
    ];
    let standing = Standing::new(id, at(22, 9, 0), events);
    let steps: Vec<Step> = standing.steps.iter().map(|(step, _)| *step).collect();
    let wanted = [Step::Registered, Step::Handling, Step::Dispatched, Step::Signed, Step::Closed];
    assert_eq!(steps, wanted);
    assert_eq!(standing.steps[1].1, at(22, 9, 3), "its first time");
    assert_eq!((standing.now(), standing.is_open()), ((Step::Closed, at(24, 9, 0)), false));
    let none = Standing::new(id, at(22, 9, 0), []);
    assert_eq!((none.now(), none.is_open()), ((Step::Registered, at(22, 9, 0)), true));
}
