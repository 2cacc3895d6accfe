//! The arithmetic in Chinese, for `huiyin rules` and the pages of staff.

use super::count::Deadline;
use super::step::{Skip, Step};
use super::{Limit, Pack};
use crate::kernel::calendar::Doubt;
use crate::kernel::{Day, Wall};

const WEEKDAYS: [&str; 7] = ["周一", "周二", "周三", "周四", "周五", "周六", "周日"];

/// 2026-09-29（周二）16:30, with seconds where there are any.
pub fn moment(at: Wall) -> String {
    let civil = at.civil();
    let seconds = if civil.second == 0 { String::new() } else { format!(":{:02}", civil.second) };
    format!("{}{:02}:{:02}{seconds}", day(civil.day()), civil.hour, civil.minute)
}

/// When a limit is over: 2026-10-10（周六）24:00. `None` while the clock stands.
pub fn due(pack: &Pack, deadline: &Deadline) -> Option<String> {
    let at = deadline.at?;
    Some(match deadline.last_day {
        Some(last) => format!("{}{:02}:{:02}", day(last), pack.day_ends / 60, pack.day_ends % 60),
        None => moment(at),
    })
}

/// What the limit is: 签收：2 小时，自派单起，至签收或提出异议.
pub fn headline(limit: &Limit) -> String {
    let stops: Vec<&str> = limit.stops.iter().map(|event| event.chinese()).collect();
    let (within, starts) = (limit.within.chinese(), limit.starts.chinese());
    format!("{}：{within}，自{starts}起，至{}", limit.name, stops.join("或"))
}

/// Every step of the arithmetic on a line of its own, then the lights and the article.
pub fn explain(pack: &Pack, limit: &Limit, deadline: &Deadline) -> Vec<String> {
    let mut lines: Vec<String> =
        deadline.steps.iter().map(|step| line(pack, limit, deadline, step)).collect();
    if let Some(yellow) = deadline.yellow {
        lines.push(format!("黄灯：{}起", moment(yellow)));
    }
    if let Some(rule) = &limit.extension {
        let ahead = match rule.ahead {
            None => "期限届满前提出".to_owned(),
            Some(ahead) => format!("期限届满 {} 前提出", ahead.chinese()),
        };
        let told = if rule.told { "，并向市民说明理由" } else { "" };
        let article = &rule.article;
        lines.push(format!(
            "可延期：最多 {} 次，共不超过 {}，{ahead}{told}（{article}）",
            rule.times,
            rule.most.chinese()
        ));
    }
    lines.push(format!("依据：{}（{}）", limit.article, limit.basis.chinese()));
    if !limit.note.is_empty() {
        lines.push(format!("说明：{}", limit.note));
    }
    lines
}

fn line(pack: &Pack, limit: &Limit, deadline: &Deadline, step: &Step) -> String {
    match step {
        Step::Starts { at, event } => format!("起算：{} {}", moment(*at), event.chinese()),
        Step::DayAfter { day: first } => format!("次日起计：{}当日不计入", day(*first)),
        Step::AfterHours { day: next } => format!("当日已结束，顺延一日：{}", day(*next)),
        Step::Counts { from, to, first, last, working } => {
            let unit = if *working { "个工作日" } else { "日" };
            let nth = if first == last { first.to_string() } else { format!("{first}–{last}") };
            format!("计入：{} 第 {nth} {unit}", days(*from, *to))
        }
        Step::MakeUp { day: at, nth, of } => {
            format!("计入：{} 第 {nth} 个工作日（{of}调休上班）", day(*at))
        }
        Step::Skips { from, to, why } => {
            format!("跳过：{} {}", days(*from, *to), why_not(pack, why))
        }
        Step::Runs { from, to } => format!("连续计时：{} 至 {}", moment(*from), moment(*to)),
        Step::Held { from, to, kind } => {
            let to = to.map_or_else(|| "今".to_owned(), moment);
            format!("暂停计时：{} 至 {to}，{}", moment(*from), pause_name(pack, kind))
        }
        Step::Extended { by, asked } => {
            let article = limit.extension.as_ref().map_or("", |rule| rule.article.as_str());
            format!("延期：{}（{} 申请；{article}）", by.chinese(), moment(*asked))
        }
        Step::Moves { from, to } => {
            format!("顺延：{}非工作日，顺延至 {}（民法典第二百零三条）", day(*from), day(*to))
        }
        Step::Doubtful(doubt) => doubtful(*doubt),
        Step::Due { .. } => {
            let mark = if deadline.is_provisional() { "【暂定】" } else { "" };
            format!("到期：{}{mark}", due(pack, deadline).unwrap_or_default())
        }
        Step::Waits { since, kind } => {
            format!("暂无到期时间：{}自 {} 起，尚未结束", pause_name(pack, kind), moment(*since))
        }
    }
}

fn why_not(pack: &Pack, why: &Skip) -> String {
    match why {
        Skip::Weekend => "周末".to_owned(),
        Skip::Holiday(name) => format!("{name}放假"),
        Skip::Paused(kind) => format!("暂停计时，{}", pause_name(pack, kind)),
    }
}

fn doubtful(doubt: Doubt) -> String {
    match doubt {
        Doubt::Unpublished { year } => {
            format!("注意：{year} 年放假调休安排尚未公布，按法定节假日推算，日期为暂定")
        }
        Doubt::FixedOnly { year } => {
            format!(
                "注意：{year} 年放假调休安排尚未公布，农历节日亦无数据，仅按固定日期的法定节假日推算，日期为暂定"
            )
        }
    }
}

fn pause_name<'a>(pack: &'a Pack, kind: &'a str) -> &'a str {
    pack.pauses.iter().find(|pause| pause.code == kind).map_or(kind, |pause| pause.name.as_str())
}

fn day(day: Day) -> String {
    let weekday = WEEKDAYS.get(day.weekday() as usize - 1).copied().unwrap_or_default();
    format!("{day}（{weekday}）")
}

fn days(from: Day, to: Day) -> String {
    if from == to { day(from) } else { format!("{}至{}", day(from), day(to)) }
}
