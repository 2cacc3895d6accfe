//! A telephone number that was read back and is put right in part: 不对，最后四位是八八九九; 第三位是五; 不是三是五.

use std::ops::Range;

use super::contrast::contrast;
use crate::language::groups::{Heard, Telephone, groups, heard_digits, telephone};
use crate::language::numbers::digit;

/// Which digits of a number are spoken of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    /// 最后四位; without a count as many as are told.
    Tail(Option<usize>),
    /// 前三位, 开头.
    Head(Option<usize>),
    /// 中间, 中间四位.
    Middle,
    /// 第三位, counted from 0.
    Digit(usize),
    /// 倒数第二位, counted from 0 at the end.
    FromEnd(usize),
    /// 第二组, counted from 0.
    Group(usize),
    /// 最后一组.
    LastGroup,
}

const TAILS: [&str; 12] = [
    "最后面",
    "最后边",
    "最后",
    "末尾",
    "后面",
    "后边",
    "结尾",
    "尾号",
    "尾数",
    "最末",
    "后",
    "末",
];
const HEADS: [&str; 9] = ["最前面", "开头", "打头", "前面", "前边", "最前", "区号", "前", "头"];
const MIDDLES: [&str; 5] = ["正中间", "最中间", "中间", "当中", "中段"];
const COUNTERS: [&str; 9] = ["位数字", "位数", "位", "个数字", "个数", "个号", "个", "组", "段"];

/// `digits` put right as `text` tells it; the same digits when the words only say them again; nothing when the words
/// tell no digits, or what they tell makes no telephone number of a telephone number.
pub fn corrected_number(digits: &str, text: &str) -> Option<String> {
    let told = by_place(digits, text)
        .or_else(|| whole(text))
        .or_else(|| by_contrast(digits, text))
        .or_else(|| by_group(digits, text))?;
    (telephone(&told).is_some() || telephone(digits).is_none()).then_some(told)
}

/// A whole number among the words, but not the one that is denied.
pub fn whole(text: &str) -> Option<String> {
    let denied = contrast(text).and_then(|both| whole_in(both.denied));
    let found = heard_digits(text).into_iter().filter_map(|run| run.telephone().map(str::to_owned));
    found.rev().find(|number| number.len() > 8 && Some(number) != denied.as_ref())
}

fn whole_in(words: &str) -> Option<String> {
    heard_digits(words).iter().find_map(|run| run.telephone().map(str::to_owned))
}

fn by_place(digits: &str, text: &str) -> Option<String> {
    let places = places(text);
    let mut told = digits.to_owned();
    let mut changed = false;
    for (n, (place, range)) in places.iter().enumerate() {
        let end = places.get(n + 1).map_or(text.len(), |(_, next)| next.start);
        let words = text.get(range.end..end)?;
        let run = meant_run(words)?;
        told = put(&told, *place, &run)?;
        changed = true;
    }
    changed.then_some(told)
}

/// The digits that are right: after the last 是 that is no 不是.
fn meant_run(words: &str) -> Option<Heard> {
    let padded = format!("它{words}");
    let meant = contrast(&padded).map(|both| both.meant.to_owned());
    let in_meant = meant.and_then(|meant| heard_digits(&meant).into_iter().next());
    in_meant.or_else(|| heard_digits(words).into_iter().next())
}

fn put(digits: &str, place: Place, run: &Heard) -> Option<String> {
    let length = digits.len();
    let all = groups(digits);
    let given = |count: usize| run.of_length(count).map(str::to_owned);
    let (range, new) = match place {
        Place::Tail(Some(n)) => (length.checked_sub(n)?..length, given(n)?),
        Place::Tail(None) => {
            let new = given(4).unwrap_or_else(|| run.digits.clone());
            (length.checked_sub(new.len())?..length, new)
        }
        Place::Head(Some(n)) => (0..n, given(n)?),
        Place::Head(None) => {
            let first = all.first()?.len();
            let new = given(first).unwrap_or_else(|| run.digits.clone());
            (0..new.len(), new)
        }
        Place::Middle => {
            let middle = all.get(1).filter(|_| all.len() == 3)?.clone();
            let new = given(middle.len())?;
            (middle, new)
        }
        Place::Digit(n) => (n..n + 1, given(1)?),
        Place::FromEnd(n) => {
            let at = length.checked_sub(n + 1)?;
            (at..at + 1, given(1)?)
        }
        Place::Group(n) => {
            let group = all.get(n)?.clone();
            let new = given(group.len())?;
            (group, new)
        }
        Place::LastGroup => {
            let group = all.last()?.clone();
            let new = given(group.len())?;
            (group, new)
        }
    };
    replaced(digits, range, &new)
}

fn replaced(digits: &str, range: Range<usize>, new: &str) -> Option<String> {
    let (before, after) = (digits.get(..range.start)?, digits.get(range.end..)?);
    Some(format!("{before}{new}{after}"))
}

/// The places that a text speaks of, in order, with their bytes.
fn places(text: &str) -> Vec<(Place, Range<usize>)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        match place_at(text.get(at..).unwrap_or_default()) {
            Some((place, length)) => {
                found.push((place, at..at + length));
                at += length;
            }
            None => at += c.len_utf8(),
        }
    }
    found
}

fn place_at(text: &str) -> Option<(Place, usize)> {
    let from_end = text.strip_prefix("倒数第");
    if let Some(rest) = from_end.or_else(|| text.strip_prefix('第')) {
        let (count, rest) = count(rest)?;
        let (counter, rest) = counter(rest)?;
        let index = count.checked_sub(1)?;
        let place = match (counter, from_end) {
            ("组" | "段", None) => Place::Group(index),
            ("组" | "段", Some(_)) => Place::LastGroup,
            (_, None) => Place::Digit(index),
            (_, Some(_)) => Place::FromEnd(index),
        };
        return Some((place, text.len() - rest.len()));
    }
    let tail = TAILS.iter().find_map(|word| Some((*word, text.strip_prefix(word)?)));
    let head = HEADS.iter().find_map(|word| Some((*word, text.strip_prefix(word)?)));
    let middle = MIDDLES.iter().find_map(|word| text.strip_prefix(word));
    let (word, rest) = tail.or(head).or(middle.map(|rest| ("中间", rest)))?;
    let rest = rest.trim_start_matches(['的', '那', '这']);
    let counted = count(rest).and_then(|(n, rest)| counter(rest).map(|(c, rest)| (n, c, rest)));
    // 后 and 前 alone are half of 之后 and 以前.
    if counted.is_none() && word.chars().count() == 1 {
        return None;
    }
    let (n, group, rest) = match counted {
        Some((_, "组" | "段", rest)) => (None, true, rest),
        Some((n, _, rest)) => (Some(n), false, rest),
        None => (None, false, rest),
    };
    let place = match (tail.is_some(), head.is_some(), group) {
        (true, _, true) => Place::LastGroup,
        (true, _, false) => Place::Tail(n),
        (_, true, true) => Place::Group(0),
        (_, true, false) => Place::Head(n),
        _ if group || n.is_none_or(|n| n >= 3) => Place::Middle,
        _ => return None,
    };
    Some((place, text.len() - rest.len()))
}

/// One numeral up to nine.
fn count(text: &str) -> Option<(usize, &str)> {
    let c = text.chars().next()?;
    Some((usize::from(digit(c)?), text.get(c.len_utf8()..)?))
}

fn counter(text: &str) -> Option<(&'static str, &str)> {
    COUNTERS.iter().find_map(|word| Some((*word, text.strip_prefix(word)?)))
}

/// 不是三是五: the wrong digits stand in the number once, or one group of it is nearest to them.
fn by_contrast(digits: &str, text: &str) -> Option<String> {
    let both = contrast(text)?;
    let denied = heard_digits(both.denied).into_iter().next()?.digits;
    let run = heard_digits(both.meant).into_iter().next()?;
    let meant = run.of_length(denied.len()).unwrap_or(&run.digits).to_owned();
    let all = groups(digits);
    let group = all.iter().find(|group| digits.get((*group).clone()) == Some(denied.as_str()));
    let once = || {
        let mut at = digits.match_indices(denied.as_str()).map(|(at, _)| at..at + denied.len());
        at.next().filter(|_| at.next().is_none())
    };
    let range = group.cloned().or_else(once);
    match range {
        Some(range) => replaced(digits, range, &meant),
        None => nearest_group(digits, &meant),
    }
}

/// 不对，八八九九: the group that it is likeliest to stand for.
fn by_group(digits: &str, text: &str) -> Option<String> {
    if contrast(text).is_some() {
        return None;
    }
    let runs = heard_digits(text);
    let [run] = runs.as_slice() else { return None };
    let whole = run.digits.len() > 8;
    if whole && telephone(digits) != Some(Telephone::Local) {
        return None;
    }
    [3, 4].into_iter().find_map(|n| nearest_group(digits, run.of_length(n)?))
}

fn nearest_group(digits: &str, told: &str) -> Option<String> {
    if told.len() < 3 {
        return None;
    }
    let differing = |range: &Range<usize>| {
        let old = digits.get(range.clone()).unwrap_or_default();
        old.bytes().zip(told.bytes()).filter(|(a, b)| a != b).count()
    };
    let all = groups(digits);
    let mut near: Vec<(usize, Range<usize>)> = all
        .into_iter()
        .filter(|group| group.len() == told.len())
        .map(|group| (differing(&group), group))
        .collect();
    near.sort_by_key(|(differing, _)| *differing);
    let (least, group) = near.first().cloned()?;
    let alone = near.get(1).is_none_or(|(next, _)| *next > least);
    (alone && least * 2 <= told.len()).then(|| replaced(digits, group, told)).flatten()
}
