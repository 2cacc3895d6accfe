//! One way to write the same words, so that texts can be compared: no punctuation, one width, one case, one way of
//! numbers.

use super::numbers::{digit, parse_numeral};
use super::simplify::simplified;

/// Full-width forms as their plain ASCII characters.
pub fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => {
            u32::from(c).checked_sub(0xfee0).and_then(char::from_u32).unwrap_or(c)
        }
        '\u{3000}' | '\u{a0}' => ' ',
        '￥' => '¥',
        _ => c,
    }
}

/// A text for comparison: Simplified, lower case, without punctuation and spaces, numbers in Latin digits
/// (三百二十五 and 325, 百分之十 and 10%, 三点五 and 3.5 come out alike).
pub fn comparable(text: &str) -> String {
    let plain = simplified(text);
    let chars: Vec<char> = plain.chars().map(narrow).flat_map(char::to_lowercase).collect();
    let mut out = String::with_capacity(plain.len());
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let length = chars.iter().skip(at).take_while(|c| is_number(**c)).count();
        if length == 0 {
            let between = at > 0 && chars.get(at - 1).is_some_and(|c| is_number(*c));
            let point = between
                && matches!(c, '.' | ':')
                && chars.get(at + 1).is_some_and(|c| is_number(*c));
            if point {
                out.push('点');
            } else if c.is_alphanumeric() {
                out.push(c);
            }
            at += 1;
            continue;
        }
        let (number, length) = number(chars.get(at..).unwrap_or_default());
        let percent = percentage(chars.get(at + length..).unwrap_or_default());
        if percent.is_some() {
            out.push_str("百分之");
        }
        out.push_str(&number);
        at += length;
        if let Some(fraction) = percent.filter(|f| !f.is_empty()) {
            out.push('点');
            out.push_str(&fraction);
            at += 1 + fraction.chars().count();
        }
    }
    out
}

/// Where a percent sign follows a number: its digits after the point, maybe none.
fn percentage(rest: &[char]) -> Option<String> {
    if rest.first() == Some(&'%') {
        return Some(String::new());
    }
    let fraction: String =
        rest.strip_prefix(&['.'])?.iter().take_while(|c| c.is_ascii_digit()).collect();
    (!fraction.is_empty() && rest.get(1 + fraction.len()) == Some(&'%')).then_some(fraction)
}

/// The number that `chars` begin with, in Latin digits, and how many characters it takes.
fn number(chars: &[char]) -> (String, usize) {
    let run: Vec<char> = chars
        .iter()
        .enumerate()
        .take_while(|(n, c)| {
            // 1,200: the comma belongs to the number.
            is_number(**c)
                || (**c == ','
                    && *n > 0
                    && chars.get(n + 1..n + 4).is_some_and(|d| d.iter().all(char::is_ascii_digit)))
        })
        .map(|(_, c)| *c)
        .collect();
    let plain: String = run.iter().filter(|c| **c != ',').collect();
    let all_digits = plain.chars().all(|c| digit(c).is_some());
    let folded = match parse_numeral(&plain) {
        Some(value) if !all_digits => value.to_string(),
        _ => plain.chars().map(|c| digit(c).map_or(c, |d| char::from(b'0' + d))).collect(),
    };
    (folded, run.len())
}

fn is_number(c: char) -> bool {
    digit(c).is_some() || matches!(c, '十' | '百' | '千' | '万' | '亿')
}

/// Character error rate of `hypothesis` against `reference`, both made [`comparable`]: edits per character of the
/// reference, so more than 1 where much was invented. An empty reference gives 0 or, where something was heard, 1.
pub fn character_error_rate(reference: &str, hypothesis: &str) -> f32 {
    let reference: Vec<char> = comparable(reference).chars().collect();
    let hypothesis: Vec<char> = comparable(hypothesis).chars().collect();
    if reference.is_empty() {
        return if hypothesis.is_empty() { 0.0 } else { 1.0 };
    }
    edits(&reference, &hypothesis) as f32 / reference.len() as f32
}

/// The fewest characters to put in, take out or change that make one text of the other (Levenshtein, 1966).
pub fn edits(from: &[char], to: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (n, wanted) in from.iter().enumerate() {
        let mut diagonal = n;
        let mut before = n + 1;
        if let Some(first) = row.first_mut() {
            *first = before;
        }
        for (cell, heard) in row.iter_mut().skip(1).zip(to) {
            let best = (diagonal + usize::from(wanted != heard)).min(before + 1).min(*cell + 1);
            diagonal = *cell;
            *cell = best;
            before = best;
        }
    }
    row.last().copied().unwrap_or(0)
}
