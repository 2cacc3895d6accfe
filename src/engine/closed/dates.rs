//! Days and times of day as callers say them: the wordings of the date set.

use crate::language::to_spoken;

const DAYS: [&str; 10] =
    ["今天", "昨天", "前天", "大前天", "明天", "后天", "昨晚", "今早", "今晚", "前晚"];
const PARTS: [&str; 8] = ["早上", "上午", "中午", "下午", "傍晚", "晚上", "半夜", "凌晨"];
const WEEKS: [&str; 9] =
    ["星期", "周", "礼拜", "上星期", "上周", "上个星期", "上礼拜", "这周", "这个星期"];
const WEEKDAYS: [&str; 7] = ["一", "二", "三", "四", "五", "六", "天"];
const MONTHS_BEFORE: [&str; 2] = ["上个月", "这个月"];
/// Days of each month, a leap year's.
const LENGTHS: [u64; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// Every wording: 今天, 昨天下午, 昨晚十点, 下午三点半, 上周五, 三月五号, 十二月二十五日, 上个月八号.
pub fn dates() -> Vec<String> {
    let mut all: Vec<String> = Vec::with_capacity(2400);
    all.extend(DAYS.iter().map(|day| day.to_string()));
    for part in PARTS {
        all.push(part.to_string());
        all.extend(DAYS.iter().take(6).map(|day| format!("{day}{part}")));
    }
    for hour in 1..=12 {
        let hour = if hour == 2 { "两".to_owned() } else { to_spoken(hour) };
        for half in ["点", "点半", "点多", "点钟"] {
            all.push(format!("{hour}{half}"));
            all.extend(PARTS.iter().map(|part| format!("{part}{hour}{half}")));
            all.extend(["昨晚", "今早", "今晚"].iter().map(|day| format!("{day}{hour}{half}")));
        }
        for (day, part) in DAYS.iter().take(3).flat_map(|day| PARTS.map(|part| (day, part))) {
            all.push(format!("{day}{part}{hour}点"));
        }
    }
    for week in WEEKS {
        all.extend(WEEKDAYS.iter().map(|day| format!("{week}{day}")));
    }
    all.extend(
        ["星期日", "周日", "上周日", "上星期日", "上周", "上个星期", "这周", "上个月", "这个月"]
            .map(String::from),
    );
    for (month, length) in (1..).zip(LENGTHS) {
        let month = to_spoken(month);
        all.push(format!("{month}月"));
        for day in 1..=length {
            all.extend(["号", "日"].map(|name| format!("{month}月{}{name}", to_spoken(day))));
        }
    }
    for day in 1..=31 {
        let day = to_spoken(day);
        all.push(format!("{day}号"));
        all.extend(MONTHS_BEFORE.iter().map(|month| format!("{month}{day}号")));
    }
    all
}
