//! Numbers in the groups in which people say them, with a pause between: 13855501234 as 幺三八，五五五零，幺二三四.
//! Telephone numbers by the national numbering plan: a mobile as 3-4-4, a fixed line as its area code (three digits
//! for 010 and 02x, four for the others) and 4-4 or 3-4.

use std::ops::Range;

use super::numbers::{digit, digit_spoken};
use super::sounding::digit_by_ear;

/// What a telephone number is by its digits alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Telephone {
    /// Eleven digits from 13 to 19.
    Mobile,
    /// A fixed line with its area code, of so many digits.
    Fixed { area: usize },
    /// A fixed line without its area code: seven or eight digits.
    Local,
    /// 400 and 800: ten digits.
    Service,
}

/// The kind of telephone number that `digits` (ASCII) can be; nothing when they are too few, too many, or begin as
/// none does.
pub fn telephone(digits: &str) -> Option<Telephone> {
    let bytes = digits.as_bytes();
    if !bytes.iter().all(u8::is_ascii_digit) {
        return None;
    }
    match bytes {
        [b'1', b'3'..=b'9', ..] => (bytes.len() == 11).then_some(Telephone::Mobile),
        [b'0', b'1' | b'2', ..] => (bytes.len() == 11).then_some(Telephone::Fixed { area: 3 }),
        [b'0', b'3'..=b'9', ..] => {
            matches!(bytes.len(), 11 | 12).then_some(Telephone::Fixed { area: 4 })
        }
        [b'4' | b'8', b'0', b'0', ..] if bytes.len() == 10 => Some(Telephone::Service),
        [b'2'..=b'9', ..] => matches!(bytes.len(), 7 | 8).then_some(Telephone::Local),
        _ => None,
    }
}

/// Where the groups of `digits` (ASCII) lie. What is no telephone number is cut in fours from its end; what has six
/// digits or less is one group.
pub fn groups(digits: &str) -> Vec<Range<usize>> {
    let length = digits.len();
    let lengths = match telephone(digits) {
        Some(Telephone::Mobile) => vec![3, 4, 4],
        Some(Telephone::Fixed { area }) => vec![area, length - area - 4, 4],
        Some(Telephone::Service) => vec![3, 3, 4],
        _ if length < 7 => vec![length],
        _ => {
            let first = length % 4;
            let fours = std::iter::repeat_n(4, length / 4);
            std::iter::once(first).filter(|n| *n > 0).chain(fours).collect()
        }
    };
    let mut start = 0;
    let ranges = lengths.into_iter().filter(|n| *n > 0).map(|n| {
        start += n;
        start - n..start
    });
    ranges.collect()
}

/// The digits of a text read out one by one, 1 as 幺, with a comma between the groups: the voice pauses there.
pub fn spoken_groups(text: &str) -> String {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let spoken = groups(&digits).into_iter().map(|group| {
        let figures = digits.get(group).unwrap_or_default().bytes();
        figures.map(|figure| digit_spoken(figure - b'0', true)).collect::<String>()
    });
    spoken.collect::<Vec<String>>().join("，")
}

/// A stretch of digits as a recogniser writes them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Heard {
    /// What surely is digits.
    pub digits: String,
    /// The same with the characters at both ends that only sound as digits: 要 as 1, 酒 as 9.
    pub wider: [String; 3],
    /// Bytes of the text.
    pub range: Range<usize>,
}

impl Heard {
    /// The reading that has `length` digits, the surest first.
    pub fn of_length(&self, length: usize) -> Option<&str> {
        let all = std::iter::once(&self.digits).chain(&self.wider);
        all.map(String::as_str).find(|digits| digits.len() == length)
    }

    /// The reading that is a whole telephone number, the surest first.
    pub fn telephone(&self) -> Option<&str> {
        let all = std::iter::once(&self.digits).chain(&self.wider);
        all.map(String::as_str).find(|digits| telephone(digits).is_some())
    }
}

/// The stretches of digits of a text, single ones too. 洞, 拐 and 勾 are the digits of the radio; what merely sounds
/// as a digit is one between digits; 三个八 is 888 and 一个九 is 9; pauses and hyphens between digits part nothing.
pub fn heard_digits(text: &str) -> Vec<Heard> {
    let chars: Vec<(usize, char)> = text.char_indices().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let end = run_end(&chars, at);
        if let Some(heard) = end.and_then(|end| run(text, &chars, at..end)) {
            found.push(heard);
        }
        at = end.unwrap_or(at + 1);
    }
    found
}

fn sure(c: char) -> Option<u8> {
    match c {
        '洞' => Some(0),
        '拐' => Some(7),
        '勾' => Some(9),
        _ => digit(c),
    }
}

fn is_pause(c: char) -> bool {
    matches!(c, ' ' | ',' | '，' | '-' | '、' | '—' | '–' | '.' | '。' | '…')
}

/// The end of the run that begins at character `at`; nothing when none does.
fn run_end(chars: &[(usize, char)], at: usize) -> Option<usize> {
    let here = |n: usize| chars.get(n).map(|&(_, c)| c);
    let digit_like =
        |n: usize| here(n).is_some_and(|c| sure(c).is_some() || digit_by_ear(c).is_some());
    if !digit_like(at) {
        return None;
    }
    let mut end = at;
    loop {
        let times = here(end).and_then(sure).filter(|n| (1..=6).contains(n));
        if times.is_some() && here(end + 1) == Some('个') && here(end + 2).and_then(sure).is_some()
        {
            end += 3;
        } else if digit_like(end) {
            end += 1;
        } else {
            let pauses = (end..).take_while(|n| here(*n).is_some_and(is_pause)).count();
            if pauses == 0 || here(end + pauses).is_none_or(|c| sure(c).is_none()) {
                return Some(end);
            }
            end += pauses;
        }
    }
}

fn run(text: &str, chars: &[(usize, char)], span: Range<usize>) -> Option<Heard> {
    let mut read: Vec<(char, bool)> = Vec::new();
    let mut at = span.start;
    while let Some(&(_, c)) = chars.get(at).filter(|_| at < span.end) {
        let repeated = (chars.get(at + 1).map(|x| x.1) == Some('个') && at + 2 < span.end)
            .then(|| Some((sure(c)?, sure(chars.get(at + 2)?.1)?)))
            .flatten();
        match (repeated, sure(c), digit_by_ear(c)) {
            (Some((times, figure)), ..) => {
                let figure = (char::from(b'0' + figure), true);
                read.extend(std::iter::repeat_n(figure, usize::from(times)));
                at += 2;
            }
            (None, Some(figure), _) => read.push((char::from(b'0' + figure), true)),
            (None, None, Some(figure)) => read.push((char::from(b'0' + figure), false)),
            (None, None, None) => {}
        }
        at += 1;
    }
    let first = read.iter().position(|(_, sure)| *sure)?;
    let last = read.iter().rposition(|(_, sure)| *sure)? + 1;
    let digits = |range: Range<usize>| -> String {
        read.get(range).unwrap_or_default().iter().map(|(figure, _)| *figure).collect()
    };
    let (head, tail) = (first.saturating_sub(1), (last + 1).min(read.len()));
    let start = chars.get(span.start)?.0;
    let end = chars.get(span.end).map_or(text.len(), |(end, _)| *end);
    Some(Heard {
        digits: digits(first..last),
        wider: [digits(head..last), digits(first..tail), digits(head..tail)],
        range: start..end,
    })
}
