//! Rust source as tokens with their lines. Comments and the insides of literals are gone, the insides of macros are not:
//! a parser would leave `select!` and `html!` unopened.

/// One identifier, number, literal, lifetime, `::`, or other sign.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Token<'a> {
    pub line: usize,
    pub text: &'a str,
}

impl Token<'_> {
    pub fn is_word(&self) -> bool {
        self.text.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && !self.text.ends_with(['"', '\'', '#'])
    }
}

pub fn lex(source: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let (mut rest, mut line) = (source, 1);
    while let Some(first) = rest.chars().next() {
        let gap = gap(rest);
        let length = match gap {
            0 => piece(rest, first),
            _ => gap,
        };
        let (text, after) = rest.split_at(length);
        if gap == 0 {
            tokens.push(Token { line, text });
        }
        line += text.matches('\n').count();
        rest = after;
    }
    tokens
}

/// Bytes of white space or of one comment.
fn gap(rest: &str) -> usize {
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if !rest.starts_with("/*") {
        return rest.len() - rest.trim_start().len();
    }
    let mut depth = 0;
    for (at, _) in rest.char_indices() {
        let tail = &rest[at..];
        if tail.starts_with("/*") {
            depth += 1;
        } else if rest[..at].ends_with("*/") && at > 3 {
            depth -= 1;
            if depth == 0 {
                return at;
            }
        }
    }
    rest.len()
}

fn piece(rest: &str, first: char) -> usize {
    if let Some(length) = literal(rest) {
        return length;
    }
    let word =
        |text: &str| text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    match first {
        '\'' => 1 + word(&rest[1..]),
        c if c.is_alphanumeric() || c == '_' => word(rest),
        ':' if rest.starts_with("::") => 2,
        c => c.len_utf8(),
    }
}

/// Bytes of the string or character that begins here.
fn literal(rest: &str) -> Option<usize> {
    let (head, tail) = rest.split_at(rest.find(|c| !"bcr".contains(c))?);
    let body = match head {
        "r" | "br" | "cr" => {
            let hashes = tail.find(|c| c != '#')?;
            let close = format!("\"{}", &tail[..hashes]);
            let inside = tail[hashes..].strip_prefix('"')?;
            hashes + 1 + inside.find(&close)? + close.len()
        }
        "" | "b" | "c" if tail.starts_with('"') => closed(tail, '"')?,
        "" | "b" if tail.starts_with('\'') => {
            let mut inside = tail[1..].chars();
            let escaped = inside.next()? == '\\';
            if !escaped && inside.next()? != '\'' {
                return None;
            }
            closed(tail, '\'')?
        }
        _ => return None,
    };
    Some(head.len() + body)
}

fn closed(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return Some(at + c.len_utf8()),
            _ => {}
        }
    }
    None
}

/// A path of two segments or more and the line of its last one. `use` trees are taken apart.
#[derive(Debug, PartialEq)]
pub struct Named<'a> {
    pub line: usize,
    pub path: Vec<&'a str>,
}

pub fn paths<'a>(tokens: &[Token<'a>]) -> Vec<Named<'a>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let begins = token.is_word() && tokens.get(at + 1).is_some_and(|next| next.text == "::");
        at = if begins { tree(tokens, at, &[], &mut found) } else { at + 1 };
    }
    found
}

/// Reads on from `at`; the answer is the place after the path.
fn tree<'a>(
    tokens: &[Token<'a>],
    mut at: usize,
    before: &[&'a str],
    found: &mut Vec<Named<'a>>,
) -> usize {
    let mut path = before.to_vec();
    let mut line = 0;
    while let Some(token) = tokens.get(at) {
        line = token.line;
        if token.text == "{" {
            at += 1;
            while let Some(token) = tokens.get(at).filter(|token| token.text != "}") {
                at = match token.text {
                    "as" => at + 2,
                    "*" | "{" => tree(tokens, at, &path, found),
                    _ if token.is_word() => tree(tokens, at, &path, found),
                    _ => at + 1,
                };
            }
            return at + 1;
        }
        if !token.is_word() && token.text != "*" {
            break;
        }
        // `{self, ...}` names what stands before the brace.
        if token.text != "self" || path.is_empty() {
            path.push(token.text);
        }
        at += 1;
        if tokens.get(at).is_none_or(|next| next.text != "::") {
            break;
        }
        at += 1;
    }
    found.push(Named { line, path });
    at
}

/// A function with a body: its name, first line and lines.
#[derive(Debug, PartialEq)]
pub struct Function<'a> {
    pub name: &'a str,
    pub line: usize,
    pub lines: usize,
}

pub fn functions<'a>(tokens: &[Token<'a>]) -> Vec<Function<'a>> {
    let mut found = Vec::new();
    for (at, pair) in tokens.windows(2).enumerate() {
        if pair[0].text != "fn" || !pair[1].is_word() {
            continue;
        }
        let end = (at..tokens.len()).scan(0_i32, |depth, at| {
            *depth += nesting(tokens[at].text);
            Some((at, *depth))
        });
        // The end of the body, or of a declaration that has none.
        let closing = end
            .filter(|(_, depth)| *depth == 0)
            .map(|(at, _)| tokens[at])
            .find(|token| matches!(token.text, "}" | ";"));
        if let Some(closing) = closing.filter(|closing| closing.text == "}") {
            found.push(Function {
                name: pair[1].text,
                line: pair[0].line,
                lines: closing.line - pair[0].line + 1,
            });
        }
    }
    found
}

fn nesting(sign: &str) -> i32 {
    match sign {
        "(" | "[" | "{" => 1,
        ")" | "]" | "}" => -1,
        _ => 0,
    }
}

/// What stands between the parentheses that open at `at`.
pub fn arguments<'t, 'a>(tokens: &'t [Token<'a>], at: usize) -> &'t [Token<'a>] {
    let mut depth = 0;
    for (end, token) in tokens.iter().enumerate().skip(at) {
        depth += nesting(token.text);
        if depth == 0 {
            return tokens.get(at + 1..end).unwrap_or_default();
        }
    }
    &[]
}

/// The tokens without the items that only tests see.
pub fn without_tests<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        let marked = tokens[at..].iter().map(|token| token.text).take(MARK.len()).eq(MARK);
        if !marked {
            kept.push(tokens[at]);
            at += 1;
            continue;
        }
        let mut depth = 0;
        let end = tokens.iter().skip(at).position(|token| {
            depth += nesting(token.text);
            depth == 0 && matches!(token.text, "}" | ";")
        });
        at += end.map_or(tokens.len(), |end| end + 1);
    }
    kept
}
