//! When: the words of time in an utterance, and the date or rhythm they mean.

use std::ops::Range;

use super::IntakeError;
use super::lexicon::rows;
use super::text::{Text, is_silent};
use super::when::{Date, Each, Part, Piece, When, day_of, plus_months};
use crate::kernel::{Civil, Filled, Slot};
use crate::language::numbers::parse_numeral;

/// A date without a year that lies further ahead was last year's.
const AHEAD_DAYS_MAX: i64 = 180;
/// What stands between two pieces of one expression is at most this long.
const GAP_MAX: usize = 5;

/// A word of the table: the pieces it means, relative to now.
#[derive(Clone, Copy)]
enum Word {
    Day(i64),
    Week(i64),
    Month(i64),
    Year(i64),
    /// A day of every year: month and day.
    Feast(u32, u32),
    Part(Part),
    Each(Each),
    Open,
    Now,
    Since,
}

pub(super) struct Times {
    /// The longest word first.
    words: Vec<(&'static str, Vec<Word>)>,
    links: Vec<&'static str>,
}

struct Found {
    span: Range<usize>,
    pieces: Vec<Piece>,
}

impl Times {
    pub(super) fn new() -> Result<Times, IntakeError> {
        const TABLE: &str = "times.tsv";
        let (mut words, mut links) = (Vec::new(), Vec::new());
        for (line, cells) in rows(TABLE, include_str!("times.tsv"), 2)? {
            let [value, list, ..] = cells.as_slice() else { continue };
            if *value == "link" {
                links.extend(list.split_whitespace());
                continue;
            }
            let parsed: Option<Vec<Word>> = value.split('+').map(word).collect();
            let Some(parsed) = parsed else {
                let detail = format!("{value:?} is no value of this table");
                return Err(IntakeError::Table { table: TABLE, line, detail });
            };
            words.extend(list.split_whitespace().map(|w| (w, parsed.clone())));
        }
        words.sort_by_key(|(word, _)| std::cmp::Reverse(word.len()));
        links.sort_by_key(|link: &&str| std::cmp::Reverse(link.len()));
        Ok(Times { words, links })
    }

    /// The fullest expression of time in the words; of equals the first.
    pub(super) fn find(
        &self,
        text: &Text<'_>,
        now: Civil,
        asked: Option<Slot>,
    ) -> Option<(Filled, Range<usize>)> {
        let found = self.scan(text, now, asked == Some(Slot::Time));
        let mut best: Option<(When, Range<usize>)> = None;
        for (when, span) in self.groups(text, &found) {
            let vague = best.is_none() && asked == Some(Slot::Time) && when.is_vague();
            if vague || when.weight() > best.as_ref().map_or(0, |(b, _)| b.weight()) {
                best = Some((when, span));
            }
        }
        let (when, span) = best?;
        let code = when.code(now);
        Some((text.filled(text.slice(&span), code, &span, when.confidence()), span))
    }

    fn scan(&self, text: &Text<'_>, now: Civil, asked: bool) -> Vec<Found> {
        let mut found: Vec<Found> = Vec::new();
        let mut at = 0;
        while at < text.len() {
            let last = found.last();
            let beside = last.is_some_and(|f| {
                f.span.end + GAP_MAX > at && self.links(text, f.span.end, at).is_some()
            });
            let reader = Reader { text, now, at, beside, asked };
            let read = reader.read().or_else(|| self.word_at(text, at, now));
            match read {
                Some(read) if read.span.end > at => {
                    at = read.span.end;
                    found.push(read);
                }
                _ => at += 1,
            }
        }
        found
    }

    fn word_at(&self, text: &Text<'_>, at: usize, now: Civil) -> Option<Found> {
        let after = text.after(at);
        let (word, meaning) = self.words.iter().find(|(word, _)| after.starts_with(word))?;
        let pieces = meaning.iter().map(|word| word.piece(now)).collect();
        Some(Found { span: at..at + word.chars().count(), pieces })
    }

    /// Pieces side by side, joined.
    fn groups(&self, text: &Text<'_>, found: &[Found]) -> Vec<(When, Range<usize>)> {
        let mut groups: Vec<(When, Range<usize>)> = Vec::new();
        for Found { span, pieces } in found {
            if let Some((when, whole)) = groups.last_mut()
                && let Some(to) = self.links(text, whole.end, span.start)
            {
                let mut joined = when.clone();
                if pieces.iter().all(|piece| joined.add(piece, to)) {
                    *when = joined;
                    whole.end = span.end;
                    continue;
                }
            }
            let mut when = When::default();
            for piece in pieces {
                when.add(piece, false);
            }
            groups.push((when, span.clone()));
        }
        groups
    }

    /// Whether only linking words stand between, and whether 到 is among them.
    fn links(&self, text: &Text<'_>, from: usize, to: usize) -> Option<bool> {
        if to < from || to - from > GAP_MAX {
            return None;
        }
        let between = text.slice(&(from..to));
        let mut rest = between;
        while !rest.is_empty() {
            let link = self.links.iter().find_map(|link| rest.strip_prefix(link));
            rest = link.or_else(|| rest.strip_prefix(is_silent))?;
        }
        Some(between.contains('到') || between.contains('至'))
    }
}

fn word(value: &str) -> Option<Word> {
    let (kind, detail) = value.split_once(':').unwrap_or((value, ""));
    Some(match kind {
        "day" => Word::Day(detail.parse().ok()?),
        "week" => Word::Week(detail.parse().ok()?),
        "month" => Word::Month(detail.parse().ok()?),
        "year" => Word::Year(detail.parse().ok()?),
        "feast" => {
            let (month, day) = detail.split_once('-')?;
            Word::Feast(month.parse().ok()?, day.parse().ok()?)
        }
        "part" => Word::Part(Part::of_key(detail)?),
        "each" => Word::Each(Each::of_key(detail)?),
        "open" => Word::Open,
        "now" => Word::Now,
        "since" => Word::Since,
        _ => return None,
    })
}

impl Word {
    fn piece(self, now: Civil) -> Piece {
        match self {
            Word::Day(days) => Piece::Date(Date::Day(now.plus_days(days))),
            Word::Week(weeks) => Piece::Date(Date::Week(monday(now).plus_days(7 * weeks))),
            Word::Month(months) => {
                let (year, month) = plus_months(now, months);
                Piece::Date(Date::Month(year, month))
            }
            Word::Year(years) => Piece::Date(Date::Year(plus_months(now, 12 * years).0)),
            // 国庆 in November is past, and in September it is still last year's.
            Word::Feast(month, day) => {
                let this = Civil { month, day, ..now };
                Piece::Date(Date::Day(if this.days() > now.days() {
                    Civil { year: now.year - 1, ..this }
                } else {
                    this
                }))
            }
            Word::Part(part) => Piece::Part(part),
            Word::Each(each) => Piece::Each(each),
            Word::Open => Piece::Open,
            Word::Now => Piece::Now,
            Word::Since => Piece::Since,
        }
    }
}

fn monday(now: Civil) -> Civil {
    now.plus_days(1 - i64::from(now.weekday()))
}

/// Reads what is made of numbers, from one character on.
struct Reader<'a> {
    text: &'a Text<'a>,
    now: Civil,
    at: usize,
    /// Another piece of time stands right before.
    beside: bool,
    /// The robot asked when.
    asked: bool,
}

impl Reader<'_> {
    fn read(&self) -> Option<Found> {
        let read = self
            .date()
            .or_else(|| self.weekday())
            .or_else(|| self.clock())
            .or_else(|| self.length());
        let (end, pieces) = read?;
        Some(Found { span: self.at..end, pieces })
    }

    fn starts(&self, at: usize, word: &str) -> Option<usize> {
        self.text.after(at).starts_with(word).then(|| at + word.chars().count())
    }

    fn starts_any(&self, at: usize, words: &[&str]) -> Option<usize> {
        words.iter().find_map(|word| self.starts(at, word))
    }

    /// A number of at most four characters, and where it ends.
    fn number(&self, at: usize) -> Option<(u32, usize)> {
        let numeric = |c: &char| c.is_ascii_digit() || "零〇一二两三四五六七八九十".contains(*c);
        let chars = self.text.chars.get(at..)?;
        let length = chars.iter().take_while(|c| numeric(c)).count();
        let digits: String = chars.get(..length.min(4))?.iter().collect();
        let inside = at.checked_sub(1).and_then(|n| self.text.chars.get(n)).is_some_and(numeric);
        if length == 0 || length > 4 || inside {
            return None;
        }
        Some((u32::try_from(parse_numeral(&digits)?).ok()?, at + length))
    }

    /// 2026年11月20号, 11月20号, 十一月, 20号.
    fn date(&self) -> Option<(usize, Vec<Piece>)> {
        let (first, end) = self.number(self.at)?;
        let year = self.starts(end, "年").filter(|_| (2000..2100).contains(&first));
        let year_said = year.and_then(|_| i32::try_from(first).ok());
        let (month, end) = match year {
            None => (first, end),
            Some(end) => match self.number(end) {
                Some((month, end)) if self.starts(end, "月").is_some() => (month, end),
                _ => return Some((end, vec![Piece::Date(Date::Year(year_said?))])),
            },
        };
        let Some(end) = self.starts_any(end, &["月份", "月"]).filter(|_| (1..=12).contains(&month))
        else {
            return self.day_alone(month, end);
        };
        let day = self
            .number(end)
            .and_then(|(day, end)| Some((day, self.starts_any(end, &["号", "日"])?)));
        let year = year_said.unwrap_or_else(|| self.year_of(month, day.map_or(1, |(day, _)| day)));
        match day {
            Some((day, end)) => {
                Some((end, vec![Piece::Date(Date::Day(day_of(year, month, day)?))]))
            }
            None => Some((end, vec![Piece::Date(Date::Month(year, month))])),
        }
    }

    /// This year, or last year for a date far ahead: people report what was.
    fn year_of(&self, month: u32, day: u32) -> i32 {
        let ahead = day_of(self.now.year, month, day).map_or(0, |d| d.days() - self.now.days());
        if ahead > AHEAD_DAYS_MAX { self.now.year - 1 } else { self.now.year }
    }

    /// 20号 alone is a day only where no house can be meant: beside another word of time, or as an answer to when.
    fn day_alone(&self, day: u32, end: usize) -> Option<(usize, Vec<Piece>)> {
        let end = self.starts_any(end, &["号", "日"])?;
        let house = self
            .starts_any(end, &["楼", "线", "门", "院", "车", "桥", "店", "地", "厂", "栋", "码"])
            .is_some();
        let before = self.text.before(self.at);
        let street =
            before.ends_with(['路', '街', '巷', '弄', '道', '村', '栋', '区', '幢', '苑', '园']);
        let timed =
            ["那天", "开始", "早上", "上午", "下午", "晚上", "凌晨", "中午", "左右", "以来"];
        let sure = self.asked || self.beside || self.starts_any(end, &timed).is_some();
        if house || street || !sure {
            return None;
        }
        let today =
            day_of(self.now.year, self.now.month, day).filter(|d| d.days() <= self.now.days() + 1);
        let date = today.or_else(|| {
            let (year, month) = plus_months(self.now, -1);
            day_of(year, month, day)
        })?;
        Some((end, vec![Piece::Date(Date::Day(date))]))
    }

    /// 上周五, 这个星期天, 周三, 每周五.
    fn weekday(&self) -> Option<(usize, Vec<Piece>)> {
        let weeks = [("上上", -2), ("上", -1), ("这", 0), ("本", 0), ("下", 1)];
        let (mut at, mut pieces) = (self.at, Vec::new());
        if let Some(end) = self.starts(at, "每") {
            at = end;
            pieces.push(Piece::Each(Each::Week));
        } else if let Some((end, week)) =
            weeks.iter().find_map(|(w, n)| Some((self.starts(at, w)?, *n)))
        {
            at = end;
            pieces.push(Piece::Date(Date::Week(monday(self.now).plus_days(7 * week))));
        }
        let at = self.starts(at, "个").unwrap_or(at);
        let at = self.starts_any(at, &["星期", "礼拜", "周"])?;
        let named = ["一", "二", "三", "四", "五", "六", "日", "天", "末"];
        let digits = ["1", "2", "3", "4", "5", "6", "7"];
        let place = named.iter().position(|d| self.starts(at, d).is_some());
        let place = place.or_else(|| digits.iter().position(|d| self.starts(at, d).is_some()))?;
        // 周一 but not 周一百; 周末 is Saturday.
        let day = match place {
            8 => 6,
            7 => 7,
            place => u32::try_from(place).ok()? + 1,
        };
        pieces.push(Piece::Weekday(day));
        Some((at + 1, pieces))
    }

    /// 十点, 十点半, 10点20分, 22:00, 三点一刻.
    fn clock(&self) -> Option<(usize, Vec<Piece>)> {
        let (hour, end) = self.number(self.at).filter(|(hour, _)| *hour <= 24)?;
        if let Some(end) = self.starts_any(end, &[":", "："]) {
            let (minute, end) = self.number(end).filter(|(minute, _)| *minute < 60)?;
            return Some((end, vec![Piece::Clock(hour % 24, minute)]));
        }
        let end =
            self.starts(end, "点").or_else(|| self.starts(end, "时").filter(|_| self.beside))?;
        let tails =
            [("半", 30), ("一刻", 15), ("三刻", 45), ("钟", 0), ("整", 0), ("多", 0), ("左右", 0)];
        if let Some((end, minute)) =
            tails.iter().find_map(|(t, m)| Some((self.starts(end, t)?, *m)))
        {
            let end = self.starts(end, "钟").unwrap_or(end);
            return Some((end, vec![Piece::Clock(hour, minute)]));
        }
        let minute_at = end;
        if let Some((minute, end)) = self.number(end).filter(|(minute, _)| *minute < 60) {
            let tail = self.starts(end, "分");
            if tail.is_some() || self.beside || end - minute_at > 1 {
                return Some((tail.unwrap_or(end), vec![Piece::Clock(hour, minute)]));
            }
        }
        // 一点 in 慢一点, 两点 in 两点建议: a clock only where the words around tell.
        let before = self.text.before(self.at);
        let placed = ["在", "从", "到"].iter().any(|w| before.ends_with(w)) && hour > 1;
        (self.beside || self.asked || placed).then(|| (end, vec![Piece::Clock(hour, 0)]))
    }

    /// 三天前, 半个月前, 两个小时以前; 三个月了, 半年多.
    fn length(&self) -> Option<(usize, Vec<Piece>)> {
        let (count, at) = match self.starts(self.at, "半") {
            Some(at) => (None, at),
            None => self.number(self.at).map(|(count, at)| (Some(i64::from(count)), at))?,
        };
        let at = self.starts(at, "多").unwrap_or(at);
        let at = self.starts(at, "个").unwrap_or(at);
        let at = self.starts(at, "多").unwrap_or(at);
        let units = [
            ("分钟", 'm'),
            ("小时", 'h'),
            ("钟头", 'h'),
            ("天", 'D'),
            ("星期", 'W'),
            ("礼拜", 'W'),
            ("周", 'W'),
            ("月", 'M'),
            ("年", 'Y'),
        ];
        let (at, unit) =
            units.iter().find_map(|(word, unit)| Some((self.starts(at, word)?, *unit)))?;
        let after = self.starts_any(at, &["多", "左右"]).unwrap_or(at);
        if let Some(end) = self.starts_any(after, &["之前", "以前", "前"]) {
            return Some((end, vec![self.ago(count, unit)?]));
        }
        let lasting = ["了", "都没", "没有", "以来", "没", "都"]
            .iter()
            .any(|w| self.starts(after, w).is_some());
        (lasting || after > at).then(|| (after, vec![Piece::Lasting(duration(count, unit))]))
    }

    fn ago(&self, count: Option<i64>, unit: char) -> Option<Piece> {
        let now = self.now;
        let minutes = |n: i64| {
            Piece::At(crate::kernel::Wall::from_ms(now.wall().unix_ms - n * 60_000).civil())
        };
        let days = |n: i64| Piece::Date(Date::Day(now.plus_days(-n)));
        let months = |n: i64| {
            let (year, month) = plus_months(now, -n);
            Piece::Date(Date::Month(year, month))
        };
        Some(match (unit, count) {
            ('m', Some(n)) => minutes(n),
            ('h', Some(n)) => minutes(n * 60),
            ('h', None) => minutes(30),
            ('D', Some(n)) => days(n),
            ('W', Some(n)) => days(7 * n),
            ('M', Some(n)) => months(n),
            ('M', None) => days(15),
            ('Y', Some(n)) => Piece::Date(Date::Year(plus_months(now, -12 * n).0)),
            ('Y', None) => months(6),
            _ => return None,
        })
    }
}

/// ISO 8601: P3M, PT2H; half a month is P15D, half a year P6M.
fn duration(count: Option<i64>, unit: char) -> String {
    match (unit, count) {
        ('m', Some(n)) => format!("PT{n}M"),
        ('h', Some(n)) => format!("PT{n}H"),
        ('m' | 'h', None) => "PT30M".to_owned(),
        ('M', None) => "P15D".to_owned(),
        ('Y', None) => "P6M".to_owned(),
        ('W', None) => "P3D".to_owned(),
        ('D', None) => "PT12H".to_owned(),
        (unit, Some(n)) => format!("P{n}{unit}"),
        (unit, None) => format!("P1{unit}"),
    }
}
