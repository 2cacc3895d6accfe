//! Figures as words, by what they stand for: dates, times, telephone and ticket numbers, money, shares, spans, units.

use super::numbers::{digit, digit_spoken, to_spoken};
use super::written::{Said, Scan};

/// What begins with a digit at `at`.
pub(super) fn said(scan: &Scan, at: usize) -> Option<Said> {
    let fresh = !scan.before(at).is_some_and(|c| c.is_ascii_digit());
    // 3-2-501 begins at its 3, but 电话:0571 begins after the colon.
    let tail = scan.before(at).is_some_and(|c| "-./:".contains(c))
        && at >= 2
        && scan.at(at - 2).is_some_and(|c| c.is_ascii_digit());
    let whole = fresh && !tail;
    None.or_else(|| if whole { date(scan, at) } else { None })
        .or_else(|| if fresh { clock(scan, at) } else { None })
        .or_else(|| if fresh { telephone(scan, at) } else { None })
        .or_else(|| if whole { chain(scan, at) } else { None })
        .or_else(|| if fresh { fraction(scan, at) } else { None })
        .or_else(|| quantity(scan, at))
}

/// A sign or a currency before a number: -5℃, ¥12.5.
pub(super) fn signed(scan: &Scan, at: usize) -> Option<Said> {
    let sign = scan.at(at)?;
    let number = Number::read(scan, at + 1)?;
    let end = at + 1 + number.chars;
    match sign {
        '¥' | '$' | '€' | '£' => {
            let scale = scan.count(end, |c| matches!(c, '十' | '百' | '千' | '万' | '亿'));
            let name = match sign {
                '$' => "美元",
                '€' => "欧元",
                '£' => "英镑",
                _ if scan.at(end + scale) == Some('元') => "",
                _ => "元",
            };
            let scale_text = scan.text(end, scale);
            let amount = number.cardinal(scale_text.starts_with(['万', '千', '亿']) || scale == 0);
            Some(Said::one(1 + number.chars + scale, format!("{amount}{scale_text}{name}")))
        }
        '-' | '−' => {
            let degrees = ["℃", "°C", "°", "度", "摄氏度"].iter().any(|u| scan.goes_on(end, u));
            let before = scan.before(at);
            let free = before.is_none_or(|c| c.is_whitespace() || "(,，:：;；、。=[".contains(c));
            let cold =
                degrees && !before.is_some_and(|c| c.is_ascii_digit() || "℃°C度".contains(c));
            (free || cold).then(|| Said::one(1, if degrees { "零下" } else { "负" }))
        }
        _ => None,
    }
}

/// Digits with commas and a point.
struct Number {
    chars: usize,
    /// Without commas.
    whole: String,
    fraction: String,
}

impl Number {
    fn read(scan: &Scan, at: usize) -> Option<Number> {
        let mut chars = scan.digits(at);
        if chars == 0 {
            return None;
        }
        let mut whole = scan.text(at, chars);
        if chars <= 3 && !whole.starts_with('0') {
            while scan.at(at + chars) == Some(',') && scan.digits(at + chars + 1) == 3 {
                whole.push_str(&scan.text(at + chars + 1, 3));
                chars += 4;
            }
        }
        let mut fraction = String::new();
        if scan.at(at + chars) == Some('.') {
            let length = scan.digits(at + chars + 1);
            if (1..=9).contains(&length) {
                fraction = scan.text(at + chars + 1, length);
                chars += 1 + length;
            }
        }
        Some(Number { chars, whole, fraction })
    }

    /// As a quantity: 十二点五. `counted`: a measure word follows, so 2 is 两. Beyond fifteen digits one by one.
    fn cardinal(&self, counted: bool) -> String {
        let whole = match self.whole.parse::<u64>() {
            Ok(2) if counted && self.fraction.is_empty() => "两".to_owned(),
            Ok(value) if self.whole.len() <= 15 => to_spoken(value),
            _ => one_by_one(&self.whole, false),
        };
        let fraction = self.fraction.trim_end_matches('0');
        if fraction.is_empty() {
            return whole;
        }
        format!("{whole}点{}", one_by_one(fraction, false))
    }
}

fn one_by_one(digits: &str, telephone: bool) -> String {
    digits.chars().filter_map(digit).map(|d| digit_spoken(d, telephone)).collect()
}

fn value(scan: &Scan, at: usize, chars: usize) -> Option<u64> {
    scan.text(at, chars).parse().ok()
}

/// 2026-11-22, 2026/11/22, 2026.11.22, 2026-11.
fn date(scan: &Scan, at: usize) -> Option<Said> {
    if scan.digits(at) != 4 || !(1900..2200).contains(&value(scan, at, 4)?) {
        return None;
    }
    let mark = scan.at(at + 4).filter(|c| matches!(c, '-' | '/' | '.'))?;
    let months = scan.digits(at + 5);
    let month = value(scan, at + 5, months).filter(|m| (1..=12).contains(m) && months <= 2)?;
    let year = one_by_one(&scan.text(at, 4), false);
    let head = format!("{year}年{}月", to_spoken(month));
    let day_at = at + 5 + months + 1;
    let days = scan.digits(day_at);
    if scan.at(day_at - 1) == Some(mark) && (1..=2).contains(&days) {
        let day = value(scan, day_at, days).filter(|d| (1..=31).contains(d))?;
        let named = matches!(scan.at(day_at + days), Some('日' | '号'));
        let tail = if named { "" } else { "日" };
        return Some(Said::one(day_at + days - at, format!("{head}{}{tail}", to_spoken(day))));
    }
    // 2026.11 is a number, 2026-11 a month; 2026-11月 names its month already.
    if months == 2 && mark == '-' && !matches!(scan.at(day_at - 1), Some('月' | '年' | '-' | '/'))
    {
        return Some(Said::one(5 + months, head));
    }
    None
}

/// 10:30, 22:05:09; a ratio (3:1) is 三比一.
fn clock(scan: &Scan, at: usize) -> Option<Said> {
    let hours = scan.digits(at);
    let narrow_colon = scan.at(at + hours) == Some(':');
    let minutes = scan.digits(at + hours + 1);
    if !narrow_colon || hours > 2 || minutes == 0 || scan.before(at) == Some(':') {
        return None;
    }
    let hour = value(scan, at, hours)?;
    let minute = value(scan, at + hours + 1, minutes)?;
    let ratio = scan.follows(at, "比例") || scan.follows(at, "比分") || scan.follows(at, "比例为");
    if minutes != 2 || hour > 24 || minute > 59 || ratio {
        let text = format!("{}比{}", to_spoken(hour), to_spoken(minute));
        return Some(Said::one(hours + 1 + minutes, text));
    }
    let mut chars = hours + 3;
    let mut spoken = format!("{}点", if hour == 2 { "两".to_owned() } else { to_spoken(hour) });
    let second_at = at + chars + 1;
    let seconds = scan.at(at + chars) == Some(':') && scan.digits(second_at) == 2;
    if minute > 0 || seconds {
        spoken.push_str(&two_digits(minute));
        spoken.push('分');
    }
    if seconds {
        spoken.push_str(&two_digits(value(scan, second_at, 2)?));
        spoken.push('秒');
        chars += 3;
    }
    // 10:30分 is said once.
    let named = spoken.chars().last().filter(|c| scan.at(at + chars) == Some(*c) && *c != '点');
    Some(Said::one(chars + usize::from(named.is_some()), spoken))
}

fn two_digits(value: u64) -> String {
    if (1..10).contains(&value) { format!("零{}", to_spoken(value)) } else { to_spoken(value) }
}

/// 0571-87654321, 400-123-4567, 138-0000-0000, 138 0000 0000, +86-138...: one by one, in the groups of the ear.
fn telephone(scan: &Scan, at: usize) -> Option<Said> {
    let first = scan.digits(at);
    let head = scan.text(at, first);
    let join = |c: Option<char>| matches!(c, Some('-' | ' '));
    let second_at = at + first + 1;
    let second = if join(scan.at(at + first)) { scan.digits(second_at) } else { 0 };
    let third_at = second_at + second + 1;
    let third = if second > 0 && join(scan.at(third_at - 1)) { scan.digits(third_at) } else { 0 };
    let area = head.starts_with('0') && (3..=4).contains(&first) && (7..=8).contains(&second);
    let free = (head == "400" || head == "800") && second == 3 && third == 4;
    let mobile = head.starts_with('1') && (first, second, third) == (3, 4, 4);
    if area {
        let mut parts = vec![(first + 1, one_by_one(&head, true))];
        parts.extend(groups(&scan.text(second_at, second)));
        let mut chars = first + 1 + second;
        // An extension: 0571-87654321-801, 转801.
        if scan.at(third_at - 1) == Some('-') && (1..=5).contains(&third) {
            parts.push((third + 1, format!("转{}", one_by_one(&scan.text(third_at, third), true))));
            chars += third + 1;
        }
        return Some(Said { chars, parts });
    }
    if free || mobile {
        let parts = vec![
            (first + 1, one_by_one(&head, true)),
            (second + 1, one_by_one(&scan.text(second_at, second), true)),
            (third, one_by_one(&scan.text(third_at, third), true)),
        ];
        return Some(Said { chars: first + second + third + 2, parts });
    }
    None
}

/// Digits in groups that can be written down: 3-4-4 for a mobile number, else fours.
fn groups(digits: &str) -> Vec<(usize, String)> {
    let sizes: &[usize] = match digits.len() {
        0..=6 => &[6],
        7 => &[3, 4],
        10 => &[3, 3, 4],
        11 => &[3, 4, 4],
        18 => &[6, 4, 4, 4],
        _ => &[4],
    };
    let mut rest = digits;
    let mut parts = Vec::new();
    for n in 0.. {
        let size = sizes.get(n).or(sizes.last()).copied().unwrap_or(4).clamp(1, rest.len().max(1));
        let (group, tail) = rest.split_at_checked(size).unwrap_or((rest, ""));
        parts.push((group.len(), one_by_one(group, true)));
        rest = tail;
        if rest.is_empty() {
            break;
        }
    }
    parts
}

/// Figures joined by hyphens: 3-5个 is a span, 3-2-501室 a place, 20261122-000123 a ticket.
fn chain(scan: &Scan, at: usize) -> Option<Said> {
    let mut parts = vec![(at, scan.digits(at))];
    let mut end = at + scan.digits(at);
    while scan.at(end) == Some('-') && scan.digits(end + 1) > 0 {
        let length = scan.digits(end + 1);
        parts.push((end + 1, length));
        end += 1 + length;
    }
    let (first, second) = match parts.as_slice() {
        [_] | [] => return None,
        [first, second] => (*first, *second),
        _ => return Some(joined(scan, &parts, "杠")),
    };
    // 3-5.5, 3-5%, 3-10:30: the figures say it themselves, and the dash between them is 到.
    let goes_on = matches!(scan.at(end), Some('.' | ':' | ',')) && scan.digits(end + 1) > 0;
    if goes_on || scan.at(end) == Some('%') {
        return None;
    }
    let place = ["室", "幢", "栋", "单元", "座", "房", "号楼"].iter().any(|u| scan.goes_on(end, u));
    let texts = [first, second].map(|(start, length)| scan.text(start, length));
    let zero = texts.iter().any(|t| t.len() > 1 && t.starts_with('0'));
    let [Ok(low), Ok(high)] =
        [0, 1].map(|n| texts.get(n).map(String::as_str).unwrap_or_default().parse::<u64>())
    else {
        return Some(joined(scan, &parts, ""));
    };
    let counted = measured(scan, end);
    if !counted && (first.1 > 4 || second.1 > 4) {
        return Some(joined(scan, &parts, ""));
    }
    if place || zero || low >= high {
        return Some(joined(scan, &parts, "杠"));
    }
    // 2024-2026年: both are years.
    let years = first.1 == 4
        && second.1 == 4
        && (1900..2200).contains(&low)
        && (1900..2200).contains(&high)
        && !counted_by(scan, end, COUNTED_NOT_YEARS);
    let say = |n: u64| match n {
        _ if years => one_by_one(&n.to_string(), false),
        2 if counted => "两".to_owned(),
        n => to_spoken(n),
    };
    Some(Said::one(end - at, format!("{}到{}", say(low), say(high))))
}

const COUNTED_NOT_YEARS: &str = "元 人 个 米 平 户 件 份 万 天 公 ㎡";

/// Parts of a place or a ticket number; with an empty `mark` only a breath lies between.
fn joined(scan: &Scan, parts: &[(usize, usize)], mark: &str) -> Said {
    let mut said: Vec<(usize, String)> = Vec::new();
    for (n, &(start, length)) in parts.iter().enumerate() {
        let text = scan.text(start, length);
        let short = length <= 2 && !text.starts_with('0') && !mark.is_empty();
        let mut spoken = match text.parse::<u64>() {
            Ok(value) if short => vec![(length, to_spoken(value))],
            _ => groups(&text),
        };
        if n > 0
            && let Some((chars, first)) = spoken.first_mut()
        {
            *chars += 1;
            first.insert_str(0, mark);
        }
        said.append(&mut spoken);
    }
    Said { chars: said.iter().map(|(chars, _)| chars).sum(), parts: said }
}

/// 1/3 is 三分之一, where it can be a share.
fn fraction(scan: &Scan, at: usize) -> Option<Said> {
    let above = scan.digits(at);
    let below = scan.digits(at + above + 1);
    if scan.at(at + above) != Some('/') || scan.before(at) == Some('/') || below == 0 || below > 3 {
        return None;
    }
    let (numerator, denominator) = (value(scan, at, above)?, value(scan, at + above + 1, below)?);
    let more = scan.at(at + above + 1 + below) == Some('/');
    (numerator < denominator && !more && numerator > 0).then(|| {
        Said::one(
            above + 1 + below,
            format!("{}分之{}", to_spoken(denominator), to_spoken(numerator)),
        )
    })
}

/// Written units and how they are said. The longer forms stand first.
const UNITS: &str = "\
    km/h=公里每小时 m/s=米每秒 kWh=千瓦时 kwh=千瓦时 km²=平方公里 km2=平方公里 Mbps=兆 m²=平方米 \
    m2=平方米 m³=立方米 m3=立方米 min=分钟 kW=千瓦 km=公里 KM=公里 kg=公斤 KG=公斤 mm=毫米 cm=厘米 \
    mg=毫克 ml=毫升 mL=毫升 dB=分贝 db=分贝 °C=摄氏度 °c=摄氏度 ㎡=平方米 ㎥=立方米 ㎞=公里 ㎏=公斤 \
    ㎝=厘米 ㎜=毫米 ㎎=毫克 ℃=摄氏度 °=度 m=米 g=克 t=吨 L=升 h=小时 s=秒 V=伏 W=瓦";

/// The unit written at `at`: its characters, and how it is said.
fn unit_at(scan: &Scan, at: usize) -> Option<(usize, &'static str)> {
    UNITS.split(' ').filter_map(|pair| pair.split_once('=')).find_map(|(unit, name)| {
        let length = unit.chars().count();
        let lettered = unit.ends_with(|c: char| c.is_ascii_alphabetic());
        let goes_on = scan.at(at + length).is_some_and(|c| c.is_ascii_alphanumeric());
        (scan.goes_on(at, unit) && !(lettered && goes_on)).then_some((length, name))
    })
}

/// Measure words and what else makes a number a quantity; before these 2 is 两.
const MEASURES: &str = "\
    个 位 名 人 次 天 年 周 小时 分钟 秒 件 份 张 本 种 套 台 辆 家 户 条 项 处 间 只 头 米 公里 千米 \
    厘米 毫米 平方 平米 立方 公斤 千克 斤 克 吨 升 元 块 万 千 亿 倍 点 岁 代 者 边 步 段 场 遍 趟 轮 批 \
    页 把 片 棵 根 支 枚 瓶 袋 箱 包 桶 度 亩 公顷 侧 端 工作日 多 余 美元 港元 欧元 篇 笔";

fn measured(scan: &Scan, at: usize) -> bool {
    counted_by(scan, at, MEASURES) || unit_at(scan, at).is_some()
}

fn counted_by(scan: &Scan, at: usize, words: &str) -> bool {
    let at = at + usize::from(scan.at(at) == Some(' '));
    words.split(' ').any(|word| scan.goes_on(at, word))
}

/// Words after which digits are read one by one.
const CUES: &str = "\
    电话 热线 号码 拨打 致电 拨 编号 单号 尾号 验证码 卡号 账号 帐号 证号 工号 邮编 密码 代码 车牌 手机 \
    手机号 微信 传真 短信 工单 座机 编码 受理号 流水号 户号 转 分机 排队号";

/// A number by itself, with what follows it: 12345, 110, 2026年, 12.5%, 3km, 501室, 2个.
fn quantity(scan: &Scan, at: usize) -> Option<Said> {
    let number = Number::read(scan, at)?;
    let end = at + number.chars;
    if scan.at(end) == Some('%') || scan.at(end) == Some('‰') {
        let share = if scan.at(end) == Some('%') { "百分之" } else { "千分之" };
        let amount = if number.whole == "100" && share == "百分之" {
            "百".to_owned()
        } else {
            number.cardinal(false)
        };
        return Some(Said::one(number.chars + 1, format!("{share}{amount}")));
    }
    if let Some((length, name)) = unit_at(scan, end) {
        let chars = number.chars + length;
        let counted = !name.ends_with('度');
        return Some(Said::one(chars, format!("{}{name}", number.cardinal(counted))));
    }
    let plain = number.fraction.is_empty() && number.whole.len() == number.chars;
    if plain && let Some(telephone) = read_out(scan, at, &number.whole) {
        let parts = if telephone {
            groups(&number.whole)
        } else {
            vec![(number.chars, one_by_one(&number.whole, false))]
        };
        return Some(Said { chars: number.chars, parts });
    }
    if number.whole.len() > 15 {
        let mut parts = groups(&number.whole);
        let extra = number.chars - number.whole.len();
        if let Some((chars, last)) = parts.last_mut() {
            *chars += extra;
            if !number.fraction.is_empty() {
                *last = format!("{last}点{}", one_by_one(&number.fraction, false));
            }
        }
        return Some(Said { chars: number.chars, parts });
    }
    // 2~3天: what is counted stands after the other end of the span.
    let span = usize::from(matches!(scan.at(end), Some('~' | '–' | '—' | '至' | '到')));
    let after = end + span * (span + scan.digits(end + span));
    let counted = counted_by(scan, after, MEASURES) && !named(scan, after);
    let ordinal = scan.before(at) == Some('第');
    Some(Said::one(number.chars, number.cardinal(counted && !ordinal)))
}

/// 2年级, 2人民路: the measure word is the beginning of a name, and 2 stays 二.
fn named(scan: &Scan, end: usize) -> bool {
    scan.goes_on(end, "年级") || scan.goes_on(end, "人民")
}

/// Whether a plain run of digits is read one by one: `Some(true)` as on the telephone (幺), `Some(false)` as a year.
fn read_out(scan: &Scan, at: usize, digits: &str) -> Option<bool> {
    let length = digits.len();
    let end = at + length;
    let counted = measured(scan, end);
    if length == 1 {
        return None;
    }
    let century = length == 4
        && (digits.starts_with("19") || digits.starts_with("20") || digits.starts_with("21"));
    let span = matches!(scan.at(end), Some('-' | '~' | '—' | '–' | '至' | '到'))
        && scan.digits(end + 1) == 4;
    // 国发[2012]42号: the year of a document.
    let bracketed = scan.before(at).is_some_and(|c| "[〔(【".contains(c))
        && scan.at(end).is_some_and(|c| "]〕)】".contains(c));
    if century
        && (bracketed
            || ["年", "届", "版"].iter().any(|u| scan.goes_on(end, u))
            || span && scan.goes_on(end + 5, "年"))
    {
        return Some(false);
    }
    if digits.starts_with('0') {
        return Some(true);
    }
    let lettered = length >= 3 && scan.before(at).is_some_and(|c| c.is_ascii_alphabetic());
    let country = scan.before(at) == Some('+');
    if lettered || country || scan.at(end) == Some('*') || scan.before(at) == Some('*') {
        return Some(true);
    }
    if scan.before(at) == Some('第') || counted && length < 16 {
        return None;
    }
    let mut cue_at = at;
    while scan.before(cue_at).is_some_and(|c| " :：是为“\"(-".contains(c)) {
        cue_at -= 1;
    }
    let cued = CUES.split(' ').any(|cue| scan.follows(cue_at, cue));
    let titled =
        length >= 3 && counted_by(scan, end, "热线 电话 平台 客服 室 房 国道 省道 路公交 路车");
    let letters = length >= 3 && scan.at(end).is_some_and(|c| c.is_ascii_alphabetic());
    (cued || titled || letters || service_number(digits) || length >= 7).then_some(true)
}

/// The numbers of public services: 110, 12345, 95588, 118114.
fn service_number(digits: &str) -> bool {
    match digits.len() {
        3 => ["110", "114", "119", "120", "122"].contains(&digits),
        5 if digits.ends_with("000") => digits == "10000",
        5 => ["100", "101", "11", "12", "95", "96"].iter().any(|head| digits.starts_with(head)),
        6 => ["118", "125", "95", "96"].iter().any(|head| digits.starts_with(head)),
        _ => false,
    }
}
