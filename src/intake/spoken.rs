//! A telephone number as callers dictate it in one go: in groups, with a group said again, put right, or named by its
//! place: 一三三，五八九二，九九零，不是，五八九二，六九零四.

use std::ops::Range;

use crate::language::groups::{Telephone, telephone};
use crate::language::numbers::spoken_digits;

/// Between two groups of one number stand at most so many bytes of other words.
const GAP_BYTES: usize = 30;
/// Words that take back what was said before them.
const WRONG: [&str; 8] = ["不对", "不是", "错了", "说错", "搞错", "应该是", "哦不", "啊不"];
/// Words that say it again.
const AGAIN: [&str; 4] = ["对", "就是", "也就是", "我再说"];
/// Words that may stand between two groups.
const BETWEEN: [&str; 20] = [
    "后面三个是",
    "后面四个是",
    "后面三位是",
    "后面四位是",
    "最后四位是",
    "后面是",
    "然后",
    "呃",
    "嗯",
    "额",
    "那个",
    "啊",
    "哦",
    "中间是",
    "再",
    "最后是",
    "尾号是",
    "尾号",
    "是",
    "的",
];

/// A whole mobile number made of several groups; its digits and bytes. `None` where no group needed putting together.
pub(super) fn mobile(text: &str) -> Option<(String, Range<usize>)> {
    let runs = spoken_digits(text);
    (0..runs.len()).find_map(|first| {
        let start = runs.get(first)?.range.start;
        if !runs.get(first)?.digits.starts_with('1') {
            return None;
        }
        let mut groups: Vec<String> = Vec::new();
        let mut end = start;
        let mut whole: Option<(String, Range<usize>)> = None;
        for run in runs.get(first..)? {
            let gap = text.get(end..run.range.start)?;
            match (groups.is_empty(), link(gap)) {
                (true, _) => groups.push(run.digits.clone()),
                (_, Some(link)) => join(&mut groups, &run.digits, link),
                (_, None) => break,
            }
            end = run.range.end;
            let digits = groups.concat();
            if telephone(&digits) == Some(Telephone::Mobile) {
                whole = Some((digits, start..end));
            } else if digits.len() > 11 {
                break;
            }
        }
        whole
    })
}

#[derive(Clone, Copy, PartialEq)]
enum Link {
    Next,
    Wrong,
    Again,
}

/// What the words between two groups say; `None` where they are no part of a number.
fn link(gap: &str) -> Option<Link> {
    if gap.len() > GAP_BYTES {
        return None;
    }
    let mut kind = Link::Next;
    let mut rest = gap.trim_start_matches(|c: char| !c.is_alphanumeric());
    while !rest.is_empty() {
        let step = |words: &[&str]| words.iter().find_map(|word| rest.strip_prefix(word));
        rest = if let Some(after) = step(&WRONG) {
            kind = Link::Wrong;
            after
        } else if let Some(after) = step(&AGAIN) {
            kind = if kind == Link::Wrong { kind } else { Link::Again };
            after
        } else {
            step(&BETWEEN)?
        };
        rest = rest.trim_start_matches(|c: char| !c.is_alphanumeric());
    }
    Some(kind)
}

fn join(groups: &mut Vec<String>, digits: &str, link: Link) {
    match link {
        Link::Next => groups.push(digits.to_owned()),
        Link::Wrong => {
            // 五八九二 is said again: from there on it is told anew. Else the last group was wrong.
            let again = groups
                .iter()
                .rposition(|group| digits.starts_with(group.as_str()) && group.len() >= 3);
            groups.truncate(again.unwrap_or(groups.len().saturating_sub(1)));
            groups.push(digits.to_owned());
        }
        Link::Again => {
            // 零二二，八，对，零二二八: the same digits in one piece.
            let said = (0..groups.len())
                .any(|n| groups.get(n..).is_some_and(|tail| tail.concat() == digits));
            if !said {
                groups.push(digits.to_owned());
            }
        }
    }
}
