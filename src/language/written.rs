//! Written text to spoken words: a scanner that walks over the text once and says each piece as a person would.
//! Figures are in [`super::figures`].

use std::ops::Range;

use super::figures;
use super::normalise::narrow;

/// A piece of the text, in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Token {
    /// Words: Chinese characters and upper-case letters.
    Say { text: Range<usize>, spoken: String },
    /// Silence of strength 0 to 3.
    Stop { text: Range<usize>, pause: u8, kind: StopKind },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum StopKind {
    /// A clause ends here.
    Ends,
    /// A bracket or quotation mark that belongs to what follows.
    Opens,
    Within,
}

/// What a rule made of some characters: how many it took, and what is said for them.
pub(super) struct Said {
    pub chars: usize,
    /// Parts with the characters each covers; a breath lies between parts.
    pub parts: Vec<(usize, String)>,
}

impl Said {
    pub fn one(chars: usize, spoken: impl Into<String>) -> Said {
        Said { chars, parts: vec![(chars, spoken.into())] }
    }
}

/// The text as characters of plain width.
pub(super) struct Scan {
    chars: Vec<char>,
    /// Where each character begins in the text; one more for the end.
    starts: Vec<usize>,
}

impl Scan {
    pub fn new(text: &str) -> Scan {
        // 3，100元 are two numbers, 3,100元 is one: the full-width comma stays.
        let chars = text.chars().map(|c| if c == '，' { c } else { narrow(c) }).collect();
        let starts = text.char_indices().map(|(start, _)| start).chain([text.len()]).collect();
        Scan { chars, starts }
    }

    pub fn at(&self, at: usize) -> Option<char> {
        self.chars.get(at).copied()
    }

    pub fn before(&self, at: usize) -> Option<char> {
        self.at(at.checked_sub(1)?)
    }

    pub fn from(&self, at: usize) -> &[char] {
        self.chars.get(at..).unwrap_or_default()
    }

    /// Whether the text goes on with `words` at `at`.
    pub fn goes_on(&self, at: usize, words: &str) -> bool {
        words.chars().enumerate().all(|(n, c)| self.at(at + n) == Some(c))
    }

    /// Whether `words` stand just before `at`.
    pub fn follows(&self, at: usize, words: &str) -> bool {
        at.checked_sub(words.chars().count()).is_some_and(|start| self.goes_on(start, words))
    }

    pub fn count(&self, at: usize, is: impl Fn(char) -> bool) -> usize {
        self.from(at).iter().take_while(|c| is(**c)).count()
    }

    pub fn digits(&self, at: usize) -> usize {
        self.count(at, |c| c.is_ascii_digit())
    }

    pub fn text(&self, at: usize, chars: usize) -> String {
        self.from(at).iter().take(chars).collect()
    }

    fn range(&self, at: usize, chars: usize) -> Range<usize> {
        let end = self.starts.last().copied().unwrap_or(0);
        let place = |n: usize| self.starts.get(n).copied().unwrap_or(end);
        place(at)..place(at + chars)
    }
}

/// All tokens of a text. Every Chinese character is within a `Say`.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let scan = Scan::new(text);
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = scan.at(at) {
        if let Some(said) = said(&scan, at, c) {
            push_said(&scan, at, &said, &mut tokens);
            at += said.chars.max(1);
            continue;
        }
        let (pause, kind) = stop(&scan, at, c);
        tokens.push(Token::Stop { text: scan.range(at, 1), pause, kind });
        at += 1;
    }
    tokens
}

fn push_said(scan: &Scan, at: usize, said: &Said, tokens: &mut Vec<Token>) {
    let mut start = at;
    for (n, (chars, spoken)) in said.parts.iter().enumerate() {
        if n > 0 {
            let text = scan.range(start, 0);
            tokens.push(Token::Stop { text, pause: 1, kind: StopKind::Within });
        }
        tokens.push(Token::Say { text: scan.range(start, *chars), spoken: spoken.clone() });
        start += chars;
    }
}

fn said(scan: &Scan, at: usize, c: char) -> Option<Said> {
    if is_han(c) {
        return Some(Said::one(1, if c == '〇' { '零' } else { c }));
    }
    if c.is_ascii_alphabetic() {
        return link(scan, at).or_else(|| letters(scan, at));
    }
    if c.is_ascii_digit() {
        return link(scan, at).or_else(|| figures::said(scan, at));
    }
    figures::signed(scan, at).or_else(|| symbol(scan, at, c))
}

/// Ideographs with a syllable of their own, the compatibility ones and 〇 included.
pub(super) fn is_han(c: char) -> bool {
    matches!(c, '〇' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

/// Web and mail addresses are not for the ear.
fn link(scan: &Scan, at: usize) -> Option<Said> {
    if scan.before(at).is_some_and(|c| c.is_ascii_alphanumeric()) {
        return None;
    }
    let part = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(c);
    let mut length = scan.count(at, part);
    while length > 0 && scan.at(at + length - 1).is_some_and(|c| ".,;:!?)('".contains(c)) {
        length -= 1;
    }
    let text = scan.text(at, length).to_ascii_lowercase();
    if text.starts_with("http://") || text.starts_with("https://") || text.starts_with("www.") {
        return Some(Said::one(length, "相关网址"));
    }
    let host = text.split(['/', '?', ':']).next().unwrap_or_default();
    let top = host.rsplit('.').next().unwrap_or_default();
    if !host.contains('.') || !["cn", "com", "net", "org", "gov", "edu", "info"].contains(&top) {
        return None;
    }
    Some(Said::one(length, if host.contains('@') { "相关邮箱" } else { "相关网址" }))
}

/// Latin words that are said, not spelt.
const LATIN_WORDS: [(&str, &str); 5] =
    [("wifi", "歪发"), ("wi-fi", "歪发"), ("ok", "欧克"), ("email", "邮箱"), ("e-mail", "邮箱")];

/// Letters are spelt one by one.
fn letters(scan: &Scan, at: usize) -> Option<Said> {
    let length = scan.count(at, |c| c.is_ascii_alphabetic());
    if !scan.before(at).is_some_and(|c| c.is_ascii_alphabetic()) {
        for (word, spoken) in LATIN_WORDS {
            let n = word.len();
            let ends = !scan.at(at + n).is_some_and(|c| c.is_ascii_alphabetic());
            if ends && scan.text(at, n).eq_ignore_ascii_case(word) {
                return Some(Said::one(n, spoken));
            }
        }
    }
    (length > 0).then(|| Said::one(1, scan.text(at, 1).to_ascii_uppercase()))
}

/// Signs that are words: + between figures, # on the keys.
fn symbol(scan: &Scan, at: usize, c: char) -> Option<Said> {
    let figure_before = scan.before(at).is_some_and(|c| c.is_ascii_digit());
    let figure_after = scan.at(at + 1).is_some_and(|c| c.is_ascii_digit());
    let key = scan.at(at + 1) == Some('键') || scan.follows(at, "按") || scan.follows(at, "按下");
    let word = match c {
        '+' if figure_after => "加",
        '=' if figure_after => "等于",
        '×' | '*' if figure_before && figure_after => "乘",
        '>' if figure_after => "大于",
        '<' if figure_after => "小于",
        '≥' => "大于等于",
        '≤' => "小于等于",
        '±' if figure_after => "正负",
        '&' => "和",
        '#' if figure_before && scan.at(at + 1).is_some_and(is_han) => "号",
        '#' if key => "井号",
        '*' if key => "星号",
        // 138****0000: a masked number.
        '*' if figure_before || scan.before(at) == Some('*') => return masked(scan, at),
        '/' if per(scan, at) => "每",
        '-' | '~' | '–' | '—' if to(scan, at, c) => "到",
        '№' => "号",
        '①'..='⑳' => return enclosed(c, '①'),
        'Ⅰ'..='Ⅻ' => return enclosed(c, 'Ⅰ'),
        '㈠'..='㈩' => return enclosed(c, '㈠'),
        _ => return None,
    };
    Some(Said::one(1, word))
}

fn enclosed(c: char, first: char) -> Option<Said> {
    let value = u64::from(u32::from(c).checked_sub(u32::from(first))?) + 1;
    Some(Said::one(1, super::numbers::to_spoken(value)))
}

fn masked(scan: &Scan, at: usize) -> Option<Said> {
    let mut start = at;
    while start > 0 && scan.at(start - 1) == Some('*') {
        start -= 1;
    }
    let stars = scan.count(start, |c| c == '*');
    let between = scan.before(start).is_some_and(|c| c.is_ascii_digit())
        && scan.at(start + stars).is_some_and(|c| c.is_ascii_alphanumeric());
    between.then(|| Said::one(1, "星"))
}

/// 元/月: the slash between a unit and what it is counted by.
fn per(scan: &Scan, at: usize) -> bool {
    let unit = ["元", "次", "度", "吨", "公里", "米", "人", "公斤", "件", "%"]
        .iter()
        .any(|u| scan.follows(at, u));
    let by = [
        "月",
        "年",
        "天",
        "日",
        "人",
        "次",
        "小时",
        "平方米",
        "立方米",
        "度",
        "吨",
        "户",
        "个",
        "件",
        "公里",
        "㎡",
        "辆",
        "周",
    ];
    unit && by.iter().any(|b| scan.goes_on(at + 1, b))
}

/// 周一-周五, 3月-5月, 9点—17点: a single dash between two ends of a span.
fn to(scan: &Scan, at: usize, c: char) -> bool {
    if scan.at(at + 1) == Some(c) || scan.before(at) == Some(c) {
        return false;
    }
    let ends = |c: char| c.is_ascii_digit() || "%℃㎡年月日号点时分周天元岁级层楼米里".contains(c);
    let week = scan.follows(at.saturating_sub(1), "周") || scan.follows(at.saturating_sub(1), "期");
    let next = scan.at(at + 1);
    let begins = next.is_some_and(|c| c.is_ascii_digit() || "周星每¥".contains(c));
    begins && (week || scan.before(at).is_some_and(ends))
}

/// How long to be silent at a character that is not said.
fn stop(scan: &Scan, at: usize, c: char) -> (u8, StopKind) {
    use StopKind::{Ends, Opens, Within};
    match c {
        '，' | '。' | '；' | '：' | '？' | '！' | ',' | ';' | ':' | '?' | '!' | '…' | '｡'
        | '\n' => (3, Ends),
        '.' if !scan.at(at + 1).is_some_and(|c| c.is_ascii_alphanumeric()) => (3, Ends),
        '、' | '､' | '→' | '|' => (2, Within),
        '—' | '–' if scan.before(at) == Some(c) || scan.at(at + 1) == Some(c) => (2, Within),
        '(' | '[' | '{' | '【' | '〔' => (2, Opens),
        ')' | ']' | '}' | '】' | '〕' => (2, Within),
        '《' | '〈' | '“' | '‘' | '「' | '『' => (0, Opens),
        ' ' | '\t' | '/' | '-' | '—' | '–' | '~' | '_' | '@' | '\r' => (1, Within),
        _ => (0, Within),
    }
}
