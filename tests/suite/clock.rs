//! The law's clock: deadlines of the packs that ship, by hand and against a slow count; pauses, extensions, lights; what
//! is wrong with a pack.

use huiyin::desk::clock::{
    self, ClockError, Deadline, Duty, Event, Extension, Light, Limit, Outcome, Pack, Pause, SHIPPED, Span, Step, Unit,
    check, deadline, explain, headline,
};
use huiyin::kernel::{Calendar, Civil, Day, Wall};

use crate::calendar::published;

#[path = "clock/command.rs"]
mod command;
#[path = "clock/faulty.rs"]
mod faulty;
#[path = "clock/oracle.rs"]
mod oracle;

/// 2026-09-29 16:30, with seconds or without.
fn at(text: &str) -> Wall {
    let (day, time) = text.split_once(' ').unwrap_or((text, "00:00"));
    let day = Day::parse(day).unwrap_or_else(|| panic!("{text} has no day"));
    let parts: Vec<u32> = time.split(':').map(|part| part.parse().unwrap()).collect();
    let second = parts.get(2).copied().unwrap_or(0);
    Civil { year: day.year(), month: day.month(), day: day.day(), hour: parts[0], minute: parts[1], second }.wall()
}

fn shipped(code: &str) -> Pack {
    Pack::shipped(code).unwrap_or_else(|| panic!("no pack {code}")).unwrap_or_else(|faults| panic!("{faults}"))
}

fn all() -> Vec<Pack> {
    SHIPPED.iter().map(|(file, text)| Pack::parse(file, text).unwrap()).collect()
}

/// Every limit of every pack can be paused and extended, whatever its source says of it.
fn stretchable(mut pack: Pack) -> Pack {
    let rule = shipped("petition").limit("close").unwrap().extension.clone();
    for limit in &mut pack.limits {
        limit.pauses = vec!["wait".to_owned()];
        limit.extension = rule.clone();
    }
    pack
}

fn pause(from: &str, to: &str) -> Pause {
    Pause { kind: "wait".to_owned(), from: at(from), to: (!to.is_empty()).then(|| at(to)) }
}

fn told(pack: &Pack, limit: &str, start: &str, pauses: &[Pause], extensions: &[Extension]) -> String {
    let deadline = run(pack, limit, start, pauses, extensions).unwrap();
    let due = clock::due(pack, &deadline).unwrap_or_else(|| "held".to_owned());
    let mark = if deadline.is_provisional() { " provisional" } else { "" };
    format!("{due}{mark}")
}

fn run(
    pack: &Pack,
    limit: &str,
    start: &str,
    pauses: &[Pause],
    extensions: &[Extension],
) -> Result<Deadline, ClockError> {
    deadline(pack, pack.limit(limit)?, at(start), &published(), pauses, extensions)
}

#[test]
fn the_packs_that_ship_are_whole() {
    for (file, pack) in SHIPPED.iter().map(|(file, _)| *file).zip(all()) {
        assert_eq!(file.strip_suffix(".toml"), Some(pack.code.as_str()));
        assert_eq!(check(&pack).to_string(), "");
        for limit in &pack.limits {
            assert!(limit.pauses.iter().all(|kind| pack.pauses.iter().any(|pause| pause.code == *kind)));
        }
    }
    assert!(Pack::shipped("nowhere").is_none());
}

#[test]
fn the_packs_hold_the_figures_of_their_sources() {
    for (pack, limit, figures) in [
        ("zhejiang-2017", "dispatch", "派单：当日，自收到起，至派单"),
        ("zhejiang-2017", "sign", "签收：2 小时，自派单起，至签收或提出异议"),
        ("zhejiang-2017", "simple-transfer", "转办（简易程序）：3 个工作日，自登记起，至转办或答复或办结"),
        ("zhejiang-2017", "simple-close", "办结（简易程序）：7 个工作日，自登记起，至办结"),
        ("zhejiang-2017", "ordinary-transfer", "转办（普通程序）：5 个工作日，自登记起，至转办或答复或办结"),
        ("zhejiang-2017", "ordinary-inform", "告知（普通程序）：5 个工作日，自转办起，至告知或答复或办结"),
        ("zhejiang-2017", "ordinary-close", "办结（普通程序）：30 日，自登记起，至办结"),
        ("hotan-2021", "consultation-answer", "答复（咨询）：当日，自收到起，至答复或办结"),
        ("hotan-2021", "ordinary-answer", "答复（一般事项）：3 个工作日，自派单起，至答复或办结"),
        ("hotan-2021", "complex-answer", "答复（复杂事项）：7 个工作日，自派单起，至答复或办结"),
        ("xintang-quick-response", "acknowledge", "接应：30 秒，自收到起，至接应或派单"),
        ("xintang-quick-response", "dispatch", "下达处置指令：1 分钟，自收到起，至派单"),
        ("xintang-quick-response", "confirm", "回电核实：2 分钟，自收到起，至核实或到场或办结"),
        ("xintang-quick-response", "arrive", "到场：5 分钟，自收到起，至到场或办结"),
        ("petition", "dispatch", "登记转送：15 日，自收到起，至派单或办结"),
        ("petition", "objection", "提出异议：5 个工作日，自派单起，至提出异议或受理或答复或办结"),
        ("petition", "close", "办结：60 日，自受理起，至办结"),
        ("petition", "review", "复查：30 日，自申请复查起，至复查答复"),
        ("petition", "re-review", "复核：30 日，自申请复核起，至复核答复"),
        ("jinan", "close", "办结：5 个工作日，自派单起，至办结"),
        ("beijing-draft", "danger-answer", "处置答复（危险紧急）：2 小时，自收到起，至答复或办结"),
    ] {
        assert_eq!(headline(shipped(pack).limit(limit).unwrap()), figures, "{pack}");
    }
    for (pack, limit, most) in [("hotan-2021", "ordinary-answer", "10 days"), ("petition", "close", "30 days")] {
        let rule = shipped(pack).limit(limit).unwrap().extension.clone().unwrap();
        assert_eq!((rule.most.to_string().as_str(), rule.times, rule.told), (most, 1, true));
    }
}

#[test]
fn deadlines_fall_where_they_were_counted_by_hand() {
    for (pack, limit, start, due) in [
        // Around the clock: over midnight, the new year, the leap day.
        ("zhejiang-2017", "sign", "2026-09-29 16:30", "2026-09-29（周二）18:30"),
        ("zhejiang-2017", "sign", "2024-12-31 23:00", "2025-01-01（周三）01:00"),
        ("zhejiang-2017", "sign", "2024-02-28 22:30", "2024-02-29（周四）00:30"),
        ("xintang-quick-response", "acknowledge", "2024-12-31 23:59:45", "2025-01-01（周三）00:00:15"),
        ("xintang-quick-response", "arrive", "2026-10-01 00:00", "2026-10-01（周四）00:05"),
        // The same day, also on days off and from midnight to the last second.
        ("zhejiang-2017", "dispatch", "2026-10-03 09:00", "2026-10-03（周六）24:00"),
        ("zhejiang-2017", "dispatch", "2026-02-28 23:59:59", "2026-02-28（周六）24:00"),
        ("zhejiang-2017", "dispatch", "2026-03-01 00:00", "2026-03-01（周日）24:00"),
        // Working days over 国庆节, with the make-up Saturday.
        ("zhejiang-2017", "simple-transfer", "2026-09-29 16:30", "2026-10-09（周五）24:00"),
        ("zhejiang-2017", "simple-close", "2026-09-29 16:30", "2026-10-14（周三）24:00"),
        ("hotan-2021", "ordinary-answer", "2026-10-03 10:00", "2026-10-10（周六）24:00"),
        ("hotan-2021", "ordinary-answer", "2025-09-30 18:00", "2025-10-11（周六）24:00"),
        // A start on a make-up Saturday before 春节, on a Sunday, at midnight.
        ("hotan-2021", "ordinary-answer", "2026-02-14 09:00", "2026-02-26（周四）24:00"),
        ("hotan-2021", "ordinary-answer", "2026-11-22 12:00", "2026-11-25（周三）24:00"),
        ("hotan-2021", "ordinary-answer", "2026-11-23 00:00", "2026-11-26（周四）24:00"),
        ("hotan-2021", "ordinary-answer", "2026-11-22 23:59:59", "2026-11-25（周三）24:00"),
        // Over the leap day, and over the year's end with a Sunday that is worked.
        ("jinan", "close", "2024-02-26 08:00", "2024-03-04（周一）24:00"),
        ("jinan", "close", "2024-02-29 08:00", "2024-03-07（周四）24:00"),
        ("jinan", "close", "2025-12-31 17:00", "2026-01-08（周四）24:00"),
        ("jinan", "close", "2024-12-31 17:00", "2025-01-08（周三）24:00"),
        // 30 days end on National Day and move behind the holiday; 60 days over the leap day.
        ("zhejiang-2017", "ordinary-close", "2026-09-01 10:00", "2026-10-08（周四）24:00"),
        ("zhejiang-2017", "ordinary-close", "2026-03-02 10:00", "2026-04-01（周三）24:00"),
        ("petition", "close", "2024-01-01 10:00", "2024-03-01（周五）24:00"),
        ("petition", "close", "2023-12-31 10:00", "2024-02-29（周四）24:00"),
        ("petition", "dispatch", "2026-02-05 10:00", "2026-02-24（周二）24:00"),
        ("beijing-draft", "ordinary-answer", "2026-09-25 10:00", "2026-10-02（周五）24:00"),
        // A year without an arrangement.
        ("jinan", "close", "2026-12-30 10:00", "2027-01-07（周四）24:00 provisional"),
        ("zhejiang-2017", "sign", "2026-12-31 23:00", "2027-01-01（周五）01:00"),
    ] {
        assert_eq!(told(&shipped(pack), limit, start, &[], &[]), due, "{pack} {limit} from {start}");
    }
}

#[test]
fn the_arithmetic_is_told_step_by_step() {
    let pack = shipped("zhejiang-2017");
    let lines = |limit: &str, start: &str| {
        let deadline = run(&pack, limit, start, &[], &[]).unwrap();
        explain(&pack, pack.limit(limit).unwrap(), &deadline)
    };
    assert_eq!(
        lines("simple-close", "2026-09-29 16:30"),
        [
            "起算：2026-09-29（周二）16:30 登记",
            "次日起计：2026-09-29（周二）当日不计入",
            "计入：2026-09-30（周三） 第 1 个工作日",
            "跳过：2026-10-01（周四）至2026-10-07（周三） 国庆节放假",
            "计入：2026-10-08（周四）至2026-10-09（周五） 第 2–3 个工作日",
            "计入：2026-10-10（周六） 第 4 个工作日（国庆节调休上班）",
            "跳过：2026-10-11（周日） 周末",
            "计入：2026-10-12（周一）至2026-10-14（周三） 第 5–7 个工作日",
            "到期：2026-10-14（周三）24:00",
            "黄灯：2026-10-13（周二）00:00起",
            "依据：浙江2017：简易程序七个工作日内办结（据原文）",
        ]
    );
    let doubtful = lines("simple-close", "2026-12-30 10:00").join("\n");
    assert!(doubtful.contains("注意：2027 年放假调休安排尚未公布"), "{doubtful}");
    assert!(doubtful.contains("到期：2027-01-11（周一）24:00【暂定】"), "{doubtful}");
    let moved = lines("ordinary-close", "2026-09-01 10:00").join("\n");
    assert!(moved.contains("顺延：2026-10-01（周四）非工作日，顺延至 2026-10-08（周四）（民法典第二百零三条）"), "{moved}");
}

#[test]
fn a_pause_takes_its_days_or_its_hours_and_nothing_else() {
    let zhejiang = stretchable(shipped("zhejiang-2017"));
    let jinan = stretchable(shipped("jinan"));
    for (pack, limit, start, pauses, due) in [
        (&zhejiang, "sign", "2026-11-23 10:00", vec![pause("2026-11-23 11:00", "2026-11-23 14:15")], "2026-11-23（周一）15:15"),
        // Before it begins, around its beginning, over each other, at the very end.
        (&zhejiang, "sign", "2026-11-23 10:00", vec![pause("2026-11-23 08:00", "2026-11-23 09:00")], "2026-11-23（周一）12:00"),
        (&zhejiang, "sign", "2026-11-23 10:00", vec![pause("2026-11-23 08:00", "2026-11-23 10:30")], "2026-11-23（周一）12:30"),
        (
            &zhejiang,
            "sign",
            "2026-11-23 10:00",
            vec![pause("2026-11-23 10:45", "2026-11-23 11:15"), pause("2026-11-23 10:30", "2026-11-23 11:00")],
            "2026-11-23（周一）12:45",
        ),
        (&zhejiang, "sign", "2026-11-23 10:00", vec![pause("2026-11-23 12:00", "2026-11-23 13:00")], "2026-11-23（周一）12:00"),
        (&zhejiang, "sign", "2026-11-23 10:00", vec![pause("2026-11-23 11:00", "")], "held"),
        (&zhejiang, "sign", "2026-11-23 10:00", vec![pause("2026-11-23 12:00", "")], "2026-11-23（周一）12:00"),
        // Days: the one on which it begins is lost, the one on which it ends is not.
        (&jinan, "close", "2026-11-23 10:00", vec![], "2026-11-30（周一）24:00"),
        (&jinan, "close", "2026-11-23 10:00", vec![pause("2026-11-24 09:00", "2026-11-26 16:00")], "2026-12-02（周三）24:00"),
        (&jinan, "close", "2026-11-23 10:00", vec![pause("2026-11-24 09:00", "2026-11-24 23:59")], "2026-11-30（周一）24:00"),
        (&jinan, "close", "2026-11-23 10:00", vec![pause("2026-11-28 09:00", "2026-11-29 16:00")], "2026-11-30（周一）24:00"),
        (&jinan, "close", "2026-11-23 10:00", vec![pause("2026-11-30 23:00", "2026-12-01 01:00")], "2026-12-01（周二）24:00"),
        (&jinan, "close", "2026-11-23 10:00", vec![pause("2026-11-30 23:00", "")], "held"),
        (&jinan, "close", "2026-11-23 10:00", vec![pause("2026-12-01 00:00", "")], "2026-11-30（周一）24:00"),
        (&zhejiang, "dispatch", "2026-11-23 10:00", vec![pause("2026-11-23 11:00", "2026-11-25 09:00")], "2026-11-25（周三）24:00"),
        // It lasts into the days that a limit moves to.
        (&zhejiang, "ordinary-close", "2026-09-01 10:00", vec![pause("2026-10-05 10:00", "2026-10-09 10:00")], "2026-10-09（周五）24:00"),
    ] {
        assert_eq!(told(pack, limit, start, &pauses, &[]), due, "{limit} from {start}, {pauses:?}");
    }
    // A pause that the limit does not name is none of its business.
    let own = shipped("jinan");
    assert_eq!(told(&own, "close", "2026-11-23 10:00", &[pause("2026-11-24 09:00", "")], &[]), "2026-11-30（周一）24:00");
    let backward = run(&jinan, "close", "2026-11-23", &[pause("2026-11-26 09:00", "2026-11-25 09:00")], &[]);
    assert!(matches!(backward, Err(ClockError::PauseBackward { .. })));
}

fn extension(by: &str, asked: &str) -> Extension {
    Extension { by: Span::parse(by).unwrap(), asked: at(asked), told: Some(at(asked)) }
}

#[test]
fn an_extension_counts_on_from_the_limits_last_day() {
    let (petition, hotan) = (shipped("petition"), shipped("hotan-2021"));
    for (pack, limit, start, by, asked, due) in [
        (&petition, "close", "2024-01-01 10:00", "30 days", "2024-02-20 09:00", "2024-04-01（周一）24:00"),
        (&petition, "close", "2024-01-01 10:00", "1 day", "2024-03-01 23:59:59", "2024-03-04（周一）24:00"),
        // The limit's own last day is 1 October; the ten days are counted from there, not from the day it moves to.
        (&hotan, "ordinary-answer", "2026-09-28 10:00", "10 days", "2026-09-30 10:00", "2026-10-19（周一）24:00"),
        (&hotan, "complex-answer", "2026-11-23 10:00", "4 days", "2026-12-02 10:00", "2026-12-07（周一）24:00"),
    ] {
        assert_eq!(told(pack, limit, start, &[], &[extension(by, asked)]), due, "{limit} from {start} by {by}");
    }
    let steps = run(&petition, "close", "2024-01-01 10:00", &[], &[extension("30 days", "2024-02-20 09:00")]).unwrap().steps;
    assert!(steps.contains(&Step::Extended { by: Span::parse("30 days").unwrap(), asked: at("2024-02-20 09:00") }));
}

#[test]
fn an_extension_against_the_rule_is_refused() {
    let (petition, start) = (shipped("petition"), "2024-01-01 10:00");
    let refused = |limit: &str, extensions: &[Extension]| run(&petition, limit, start, &[], extensions).unwrap_err().to_string();
    let good = extension("30 days", "2024-02-20 09:00");
    for (limit, extensions, want) in [
        ("review", vec![good], "review cannot be extended"),
        ("close", vec![extension("30 days", "2024-03-02 00:00")], "asked for too late: at 2024-03-02（周六）00:00"),
        ("close", vec![extension("31 days", "2024-02-20 09:00")], "extended by 31 days in all; the most is 30 days"),
        ("close", vec![extension("10 working days", "2024-02-20 09:00")], "given in days, not as 10 working days"),
        ("close", vec![extension("10 days", "2024-02-20 09:00"); 2], "extended 2 times; the most is 1"),
        ("close", vec![Extension { told: None, ..good }], "only when the citizen has been told"),
    ] {
        let told = refused(limit, &extensions);
        assert!(told.contains(want), "{told}");
    }
    // Asked for three working days ahead, where a pack wants it so.
    let mut strict = shipped("hotan-2021");
    for limit in &mut strict.limits {
        if let Some(rule) = &mut limit.extension {
            rule.ahead = Span::parse("1 working day");
        }
    }
    let asked = |asked| run(&strict, "ordinary-answer", "2026-11-23 10:00", &[], &[extension("1 day", asked)]);
    assert!(asked("2026-11-25 23:59").is_ok());
    assert!(matches!(asked("2026-11-26 00:00"), Err(ClockError::ExtensionLate { .. })));
    assert!(matches!(petition.limit("nothing"), Err(ClockError::NoLimit { .. })));
}

#[test]
fn lights_follow_from_the_deadline_and_the_moment_alone() {
    let pack = shipped("hotan-2021");
    let complex = run(&pack, "complex-answer", "2026-11-23 10:00", &[], &[]).unwrap();
    // Seven working days: to Wednesday 2 December; yellow when five of them are over.
    for (now, light) in [
        ("2026-11-23 10:00", Light::Green),
        ("2026-11-30 23:59:59", Light::Green),
        ("2026-12-01 00:00", Light::Yellow),
        ("2026-12-02 23:59:59", Light::Yellow),
        ("2026-12-03 00:00", Light::Red),
        ("2027-12-03 00:00", Light::Red),
    ] {
        assert_eq!(complex.light(at(now)), light, "{now}");
    }
    assert_eq!(complex.next_change(at("2026-11-23 10:00")), Some(at("2026-12-01 00:00")));
    assert_eq!(complex.next_change(at("2026-12-01 00:00")), Some(at("2026-12-03 00:00")));
    assert_eq!(complex.next_change(at("2026-12-03 00:00")), None);
    assert_eq!(complex.outcome(at("2026-12-02 23:59:59")), Outcome::InTime);
    assert_eq!(complex.outcome(at("2026-12-03 00:00:01")), Outcome::Late { ms: 1000 });
    let pack = stretchable(pack);
    let held = run(&pack, "complex-answer", "2026-11-23 10:00", &[pause("2026-11-25 10:00", "")], &[]).unwrap();
    assert_eq!((held.light(at("2030-01-01")), held.next_change(at("2030-01-01"))), (Light::Held, None));
    let lines = explain(&pack, pack.limit("complex-answer").unwrap(), &held).join("\n");
    assert!(lines.contains("暂无到期时间：wait自 2026-11-25（周三）10:00 起，尚未结束"), "{lines}");
}

#[test]
fn a_pack_may_end_its_days_earlier() {
    let mut pack = shipped("zhejiang-2017");
    pack.day_ends = 18 * 60;
    for (limit, start, due) in [
        ("dispatch", "2026-11-23 17:59", "2026-11-23（周一）18:00"),
        ("dispatch", "2026-11-23 18:00", "2026-11-24（周二）18:00"),
        ("simple-transfer", "2026-11-23 20:00", "2026-11-26（周四）18:00"),
    ] {
        assert_eq!(told(&pack, limit, start, &[], &[]), due, "{limit} from {start}");
    }
    // Nobody is late for a pause that begins when the day's work is over.
    let mut pack = stretchable(pack);
    pack.off_day_moves = false;
    assert_eq!(told(&pack, "dispatch", "2026-11-23 10:00", &[pause("2026-11-23 19:00", "")], &[]), "2026-11-23（周一）18:00");
}
