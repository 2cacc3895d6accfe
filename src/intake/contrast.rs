//! One part of what was read back put right: 不是白龙桥镇，是汤溪镇; 是三十六号不是二十六号; 把十点改成九点.

use super::text::is_silent;
use crate::language::sounding::find_sounding;
use crate::language::{parse_numeral, to_spoken};

/// What is wrong and what is right, as said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Contrast<'a> {
    pub denied: &'a str,
    pub meant: &'a str,
}

const CHANGES: [&str; 8] =
    ["改成", "改为", "换成", "更正为", "应该是", "应该为", "应当是", "错了是"];
/// Before the wrong part, and no part of it.
const OPENINGS: [&str; 10] =
    ["不对", "不是的", "不是", "错了", "你把", "请把", "把", "将", "那个", "说错了"];
/// After the right part.
const CLOSINGS: [&str; 8] = ["才对", "的", "了", "吧", "啊", "呢", "哦", "呀"];
/// By ear a part is the one meant from this likeness on.
const EAR_MIN: f32 = 0.8;

/// The wrong and the right part, where an utterance names both.
pub fn contrast(text: &str) -> Option<Contrast<'_>> {
    let change = CHANGES.iter().find_map(|word| text.split_once(word));
    let (denied, meant) = match (not_but(text), change) {
        (Some(both), _) => both,
        (None, Some(both)) => both,
        (None, None) => return None,
    };
    let (denied, meant) = (opened(denied), closed(first_clause(meant)));
    let denied = closed(denied.rsplit(is_break).next().unwrap_or_default());
    (!denied.is_empty() && !meant.is_empty()).then_some(Contrast { denied, meant })
}

/// 不是 A 是 B, and 是 B 不是 A.
fn not_but(text: &str) -> Option<(&str, &str)> {
    const NOT: &str = "不是";
    let at = text.find(NOT)?;
    let (before, after) = (text.get(..at)?, text.get(at + NOT.len()..)?);
    if let Some((_, meant)) = before.rsplit_once('是') {
        let denied = after.split(is_break).next().unwrap_or_default();
        return Some((denied, meant.trim_end_matches('而')));
    }
    let (denied, meant) = after.split_once('是')?;
    let denied = ["而", "应该", "就", "要", "不"].iter().fold(denied, |d, w| d.trim_end_matches(w));
    Some((denied, meant))
}

fn is_break(c: char) -> bool {
    is_silent(c) && c != '-' && c != ' '
}

fn first_clause(words: &str) -> &str {
    let words = words.trim_start_matches(is_silent);
    words.split(is_break).next().unwrap_or_default()
}

fn opened(mut words: &str) -> &str {
    words = words.trim_matches(is_silent);
    while let Some(rest) = OPENINGS.iter().find_map(|word| words.strip_prefix(word)) {
        words = rest.trim_start_matches(is_silent);
    }
    words
}

fn closed(mut words: &str) -> &str {
    words = words.trim_matches(is_silent);
    while let Some(rest) = CLOSINGS.iter().find_map(|word| words.strip_suffix(word)) {
        words = rest.trim_end_matches(is_silent);
    }
    words
}

/// `value` with its wrong part put right, as `text` tells it; nothing when the words name no part of it. A number
/// alone (不对，是三十六号) stands for the number before the same word.
pub fn corrected_words(value: &str, text: &str) -> Option<String> {
    if let Some(Contrast { denied, meant }) = contrast(text)
        && let Some(part) = part_of(value, denied)
    {
        return Some(value.replacen(part, meant, 1));
    }
    let meant = contrast(text).map_or(closed(opened(text)), |contrast| contrast.meant);
    let meant = meant.strip_prefix('是').unwrap_or(meant);
    let (_, unit) = numbered(meant)?;
    let from = value.find(unit)?;
    let before = value.get(..from)?;
    let number = before.trim_end_matches(is_numeric);
    let old = value.get(number.len()..from + unit.len())?;
    (old.len() > unit.len()).then(|| value.replacen(old, meant, 1))
}

/// The part of `value` that `denied` means: the very words, the same with its numeral written the other way, or by ear.
fn part_of<'a>(value: &'a str, denied: &str) -> Option<&'a str> {
    let written = [denied.to_owned(), latin(denied), han(denied)];
    let found = written.iter().find_map(|words| {
        let at = value.find(words.as_str())?;
        value.get(at..at + words.len())
    });
    found.or_else(|| value.get(find_sounding(value, denied, EAR_MIN)?))
}

fn is_numeric(c: char) -> bool {
    c.is_ascii_digit() || "零〇一二两三四五六七八九十百".contains(c)
}

/// 三十六号 as 三十六 and 号: a numeral and at most two characters that name its kind.
fn numbered(words: &str) -> Option<(&str, &str)> {
    let at = words.find(|c: char| !is_numeric(c))?;
    let (number, unit) = words.split_at(at);
    (!number.is_empty() && unit.chars().count() <= 2).then_some((number, unit))
}

/// 二十六号 as 26号.
fn latin(words: &str) -> String {
    match numbered(words).and_then(|(number, unit)| Some((parse_numeral(number)?, unit))) {
        Some((number, unit)) => format!("{number}{unit}"),
        None => words.to_owned(),
    }
}

/// 26号 as 二十六号.
fn han(words: &str) -> String {
    match numbered(words).and_then(|(number, unit)| Some((parse_numeral(number)?, unit))) {
        Some((number, unit)) => format!("{}{unit}", to_spoken(number)),
        None => words.to_owned(),
    }
}
