//! Chinese numerals and values, both ways: 三百二十五, 一万二, 两千零八, and digits read out one by one.

use std::ops::Range;

use super::normalise::narrow;
use super::sounding::digit_by_ear;

/// Digits that were read out one by one: a telephone number, an identity number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DigitRun {
    /// `13800000000`.
    pub digits: String,
    /// Bytes of the text.
    pub range: Range<usize>,
}

/// A number within a text: 三百二十五, 3.5万, 两.
#[derive(Clone, PartialEq, Debug)]
pub struct Numeral {
    pub value: f64,
    /// Bytes of the text.
    pub range: Range<usize>,
}

/// A digit character of any kind: `3`, `３`, 三, 幺, 〇, 两.
pub fn digit(c: char) -> Option<u8> {
    Some(match c {
        '零' | '〇' | '○' => 0,
        '一' | '幺' | '壹' => 1,
        '二' | '两' | '贰' => 2,
        '三' | '叁' => 3,
        '四' | '肆' => 4,
        '五' | '伍' => 5,
        '六' | '陆' => 6,
        '七' | '柒' => 7,
        '八' | '捌' => 8,
        '九' | '玖' => 9,
        _ => return u8::try_from(narrow(c).to_digit(10)?).ok(),
    })
}

fn unit(c: char) -> Option<u64> {
    Some(match c {
        '十' | '拾' => 10,
        '百' | '佰' => 100,
        '千' | '仟' => 1_000,
        '万' => 10_000,
        '亿' => 100_000_000,
        _ => return None,
    })
}

/// The digit character as it is read one by one, 1 as 幺 (on the telephone) or 一.
pub fn digit_spoken(digit: u8, telephone: bool) -> char {
    const DIGITS: [char; 10] = ['零', '一', '二', '三', '四', '五', '六', '七', '八', '九'];
    match (digit, telephone) {
        (1, true) => '幺',
        _ => DIGITS.get(usize::from(digit)).copied().unwrap_or('零'),
    }
}

/// A value as a cardinal: 12 is 十二, 2000 两千, 10005 一万零五, 0 零.
pub fn to_spoken(value: u64) -> String {
    let mut spoken = String::new();
    speak(value, true, &mut spoken);
    spoken
}

/// `first`: nothing of the number was said yet.
fn speak(value: u64, first: bool, spoken: &mut String) {
    const UNITS: [(u64, char); 5] =
        [(100_000_000, '亿'), (10_000, '万'), (1_000, '千'), (100, '百'), (10, '十')];
    let Some(&(size, name)) = UNITS.iter().find(|(size, _)| value >= *size) else {
        spoken.push(digit_spoken(u8::try_from(value).unwrap_or(0), false));
        return;
    };
    let (count, rest) = (value / size, value % size);
    match count {
        1 if size == 10 && first => {}
        2 if size >= 1_000 && first => spoken.push('两'),
        _ => speak(count, first, spoken),
    }
    spoken.push(name);
    if rest > 0 {
        if rest < size / 10 {
            spoken.push('零');
        }
        speak(rest, false, spoken);
    }
}

/// The value of a whole numeral: with units (三百二十五, 一万二, 3万5, 十) or digit by digit (二零二六, 幺二三).
/// `None` where any character is none of a numeral, it is malformed, or beyond `u64`.
pub fn parse_numeral(text: &str) -> Option<u64> {
    let chars: Vec<char> = text.chars().collect();
    parse(&chars)
}

fn parse(chars: &[char]) -> Option<u64> {
    if chars.is_empty() {
        return None;
    }
    if chars.iter().all(|&c| digit(c).is_some()) {
        return chars
            .iter()
            .try_fold(0_u64, |sum, &c| sum.checked_mul(10)?.checked_add(u64::from(digit(c)?)));
    }
    let mut sum = Sum::default();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let (value, length) = literal(chars.get(at..)?)?;
        match (unit(c), value) {
            (Some(unit), _) => sum.unit(unit)?,
            (None, 0) if length == 1 => sum.zero()?,
            (None, value) => sum.digit(value)?,
        }
        at += length;
    }
    sum.end()
}

/// A digit character, or all the Latin digits that follow each other, and how many characters they are.
fn literal(chars: &[char]) -> Option<(u64, usize)> {
    let latin = chars.iter().take_while(|c| narrow(**c).is_ascii_digit()).count();
    if latin > 1 {
        return Some((parse(chars.get(..latin)?)?, latin));
    }
    let c = *chars.first()?;
    if unit(c).is_some() {
        return Some((0, 1));
    }
    Some((u64::from(digit(c)?), 1))
}

/// A numeral with units, read from left to right.
#[derive(Default)]
struct Sum {
    /// What 万 and 亿 closed.
    closed: u64,
    /// The section of at most four digits being read.
    section: u64,
    digit: Option<u64>,
    /// The unit last heard in this section; 0 before any.
    section_unit: u64,
    /// The unit last heard, or 0 after 零: what a trailing digit counts against (一万二 is 12,000).
    last_unit: u64,
    /// 万 was closed and no 亿 since.
    has_wan: bool,
}

impl Sum {
    fn digit(&mut self, value: u64) -> Option<()> {
        self.digit.is_none().then(|| self.digit = Some(value))
    }

    fn zero(&mut self) -> Option<()> {
        self.last_unit = 0;
        self.digit.is_none().then_some(())
    }

    fn unit(&mut self, unit: u64) -> Option<()> {
        self.last_unit = unit;
        if unit < 10_000 {
            if self.section_unit != 0 && unit >= self.section_unit {
                return None;
            }
            let count = match self.digit.take() {
                Some(count) if count < 10 => count,
                None if unit == 10 && self.section == 0 => 1,
                _ => return None,
            };
            self.section = self.section.checked_add(count * unit)?;
            self.section_unit = unit;
            return Some(());
        }
        let section = self.section.checked_add(self.digit.take().unwrap_or(0))?;
        (self.section, self.section_unit) = (0, 0);
        if unit == 10_000 {
            if section == 0 || self.has_wan {
                return None;
            }
            self.closed = self.closed.checked_add(section.checked_mul(unit)?)?;
            self.has_wan = true;
        } else {
            self.closed = self.closed.checked_add(section).filter(|v| *v > 0)?.checked_mul(unit)?;
            self.has_wan = false;
        }
        Some(())
    }

    fn end(mut self) -> Option<u64> {
        if let Some(value) = self.digit.take() {
            let worth = if value < 10 && self.last_unit >= 100 { self.last_unit / 10 } else { 1 };
            self.section = self.section.checked_add(value.checked_mul(worth)?)?;
        }
        self.closed.checked_add(self.section)
    }
}

/// Words that hold a numeral character and mean no number.
const NO_NUMBERS: [&str; 44] = [
    "一下",
    "一起",
    "一直",
    "一般",
    "一定",
    "一些",
    "一样",
    "一共",
    "一旦",
    "一切",
    "一致",
    "一律",
    "一边",
    "一再",
    "一向",
    "一会",
    "一来",
    "一带",
    "一线",
    "一体",
    "一味",
    "一方面",
    "一系列",
    "一百八十度",
    "统一",
    "万一",
    "唯一",
    "同一",
    "之一",
    "逐一",
    "十分",
    "十足",
    "四川",
    "三亚",
    "四处",
    "四周",
    "三轮",
    "五保",
    "五险",
    "七夕",
    "八卦",
    "九江",
    "六安",
    "二手",
];

/// The numbers of a text, in order. 一 in 一起 or 统一 is none; 三四十 and other malformed ones are left out.
pub fn numerals(text: &str) -> Vec<Numeral> {
    let chars: Vec<(usize, char)> = text.char_indices().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(&(start, c)) = chars.get(at) {
        if let Some(word) =
            NO_NUMBERS.iter().find(|w| text.get(start..).is_some_and(|t| t.starts_with(**w)))
        {
            at += word.chars().count();
            continue;
        }
        if digit(c).is_none() && unit(c).is_none() {
            at += 1;
            continue;
        }
        let end =
            chars.iter().skip(at).position(|&(_, c)| !numeric(c)).map_or(chars.len(), |n| at + n);
        let run: Vec<char> =
            chars.get(at..end).unwrap_or_default().iter().map(|&(_, c)| c).collect();
        match (1..=run.len()).rev().find_map(|n| Some((run_value(run.get(..n)?)?, n))) {
            Some((value, length))
                if length == run.len() || run.get(length).is_some_and(|c| is_point(*c)) =>
            {
                let end = chars.get(at + length).map_or(text.len(), |&(end, _)| end);
                found.push(Numeral { value, range: start..end });
                at += length;
            }
            _ => at = end,
        }
    }
    found
}

fn is_point(c: char) -> bool {
    matches!(narrow(c), '.' | '点' | ',')
}

fn numeric(c: char) -> bool {
    digit(c).is_some() || unit(c).is_some() || is_point(c)
}

/// 三点五, 3.5万, 1,200, or what [`parse`] reads.
fn run_value(run: &[char]) -> Option<f64> {
    let plain: Vec<char> = run.iter().copied().filter(|c| narrow(*c) != ',').collect();
    if plain.len() < run.len() && !well_grouped(run) {
        return None;
    }
    if let Some(value) = parse(&plain) {
        return Some(value as f64);
    }
    let point = plain.iter().position(|c| is_point(*c))?;
    let whole = parse(plain.get(..point)?)?;
    let rest = plain.get(point + 1..)?;
    let scale = rest.last().and_then(|c| unit(*c)).filter(|u| *u >= 10_000);
    let fraction = if scale.is_some() { rest.get(..rest.len() - 1)? } else { rest };
    if fraction.is_empty() || fraction.len() > 9 || fraction.iter().any(|c| digit(*c).is_none()) {
        return None;
    }
    let places = i32::try_from(fraction.len()).ok()?;
    let value = whole as f64 + parse(fraction)? as f64 / 10_f64.powi(places);
    Some(value * scale.unwrap_or(1) as f64)
}

/// Commas stand before every three digits.
fn well_grouped(run: &[char]) -> bool {
    let text: String = run.iter().map(|c| narrow(*c)).collect();
    let whole = text.split('.').next().unwrap_or_default();
    let mut groups = whole.split(',');
    groups.next().is_some_and(|g| (1..=3).contains(&g.len()))
        && groups.all(|g| g.len() == 3 && g.bytes().all(|b| b.is_ascii_digit()))
}

/// Digits read out one by one, as a recogniser writes them: 幺三八零零, 138 0000, 一三八，零零. Runs of two digits and more;
/// 三百二十五 is none. Single spaces, commas and hyphens between groups belong to the run; so does 三个八 after three
/// digits (888), and a character between digits that sounds as one (要, 灵, 久).
pub fn spoken_digits(text: &str) -> Vec<DigitRun> {
    let chars: Vec<(usize, char)> = text.char_indices().collect();
    let mut runs = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let (digits, end) = digit_run(&chars, at);
        let before = at.checked_sub(1).and_then(|n| chars.get(n)).and_then(|&(_, c)| unit(c));
        let after = chars.get(end).and_then(|&(_, c)| unit(c));
        if digits.len() >= 2 && before.is_none() && after.is_none() {
            let start = chars.get(at).map_or(0, |&(start, _)| start);
            let end = chars.get(end).map_or(text.len(), |&(end, _)| end);
            runs.push(DigitRun { digits, range: start..end });
        }
        at = end.max(at + 1);
    }
    runs
}

/// The digits that begin at character `at`, and where they end.
fn digit_run(chars: &[(usize, char)], at: usize) -> (String, usize) {
    let here = |n: usize| chars.get(n).map(|&(_, c)| c);
    let digit_at = |n: usize| here(n).and_then(digit);
    let group = |n: usize| (n..).take_while(|&n| digit_at(n).is_some()).count();
    let mut digits = String::new();
    let mut end = at;
    // A leading 要 is 幺 only before the ten further digits of a mobile number.
    if here(at).is_some_and(|c| "要妖腰".contains(c)) && group(at + 1) == 10 {
        digits.push('1');
        end += 1;
    }
    while let Some(c) = here(end) {
        let done = digits.len();
        if let Some(value) = digit(c) {
            let repeats = usize::from(value);
            if let (true, Some('个'), Some(times)) =
                (done >= 3 && (2..=6).contains(&repeats), here(end + 1), digit_at(end + 2))
            {
                digits.extend(std::iter::repeat_n(char::from(b'0' + times), repeats));
                end += 3;
            } else {
                digits.push(char::from(b'0' + value));
                end += 1;
            }
        } else if done >= 2 && group(end + 1) >= 2 && is_separator(c) {
            end += 1;
        } else if let (true, Some(value)) = (done >= 2 && group(end + 1) >= 2, digit_by_ear(c)) {
            digits.push(char::from(b'0' + value));
            end += 1;
        } else {
            break;
        }
    }
    (digits, end)
}

fn is_separator(c: char) -> bool {
    matches!(narrow(c), ' ' | ',' | '-' | '、' | '—' | '–' | '.' | '。')
}
