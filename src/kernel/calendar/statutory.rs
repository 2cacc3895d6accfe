//! The holidays that the law gives every year (全国年节及纪念日放假办法, as amended for 2014 and for 2025), for years whose
//! arrangement of days off and make-up days is not published yet.

use crate::kernel::Day;

/// The festivals of one year that follow the moon or the sun.
struct Festivals {
    year: i32,
    /// 农历正月初一: month and day.
    spring: (u32, u32),
    /// 清明, a solar term: day of April.
    tombs: u32,
    /// 农历五月初五.
    boats: (u32, u32),
    /// 农历八月十五.
    moon: (u32, u32),
}

/// Checked against the lunar tables of the package `chinese-days` 1.5.7.
const FESTIVALS: &[Festivals] = &[
    Festivals { year: 2024, spring: (2, 10), tombs: 4, boats: (6, 10), moon: (9, 17) },
    Festivals { year: 2025, spring: (1, 29), tombs: 4, boats: (5, 31), moon: (10, 6) },
    Festivals { year: 2026, spring: (2, 17), tombs: 5, boats: (6, 19), moon: (9, 25) },
    Festivals { year: 2027, spring: (2, 6), tombs: 5, boats: (6, 9), moon: (9, 15) },
    Festivals { year: 2028, spring: (1, 26), tombs: 4, boats: (5, 28), moon: (10, 3) },
    Festivals { year: 2029, spring: (2, 13), tombs: 4, boats: (6, 16), moon: (9, 22) },
    Festivals { year: 2030, spring: (2, 3), tombs: 5, boats: (6, 5), moon: (9, 12) },
];

/// From this year on the eve of the Spring Festival and 2 May are holidays (国务院令第795号).
const THIRTEEN_DAYS: i32 = 2025;

/// The table knows the year's moving festivals. Without it only the fixed dates are told.
pub(super) fn knows(year: i32) -> bool {
    FESTIVALS.iter().any(|festivals| festivals.year == year)
}

/// The name of the holiday on that day.
pub(super) fn holiday(day: Day) -> Option<&'static str> {
    let date = (day.month(), day.day());
    let fixed = match date {
        (1, 1) => Some("元旦"),
        (5, 1) => Some("劳动节"),
        (5, 2) if day.year() >= THIRTEEN_DAYS => Some("劳动节"),
        (10, 1..=3) => Some("国庆节"),
        _ => None,
    };
    fixed.or_else(|| moving(day))
}

fn moving(day: Day) -> Option<&'static str> {
    let date = (day.month(), day.day());
    let festivals = FESTIVALS.iter().find(|festivals| festivals.year == day.year())?;
    let first = Day::new(day.year(), festivals.spring.0, festivals.spring.1)?;
    // The eve counts from 2025 on; 初一 to 初三 always.
    let eve = if day.year() >= THIRTEEN_DAYS { -1 } else { 0 };
    if (eve..=2).contains(&(day.days() - first.days())) {
        return Some("春节");
    }
    if date == (4, festivals.tombs) {
        return Some("清明");
    }
    if date == festivals.boats {
        return Some("端午");
    }
    (date == festivals.moon).then_some("中秋")
}
