//! The rules themselves: a file's name and text in, faults out.

use super::lexer::{Named, Token, arguments, functions, lex, paths, without_tests};
use super::tables::{
    CLOCK_ROOMS, DOORS, FILE_LINES_MAX, FUNCTION_LINES_MAX, MACHINES, SERDE, WORLD,
};
use super::{Fault, Rule};

/// The segments of the module that a file of `src` is; none for the crate's own roots.
pub fn module(file: &str) -> Vec<String> {
    let inner = file.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
    match inner {
        "lib" | "main" => Vec::new(),
        inner => inner.split('/').map(str::to_owned).collect(),
    }
}

fn fault(file: &str, line: usize, rule: Rule, what: impl Into<String>) -> Fault {
    Fault { file: file.to_owned(), line, rule, what: what.into() }
}

/// Outside of `#[cfg(test)]`: doors, the world, clocks, serde, unsafe, panics and the file's own word.
pub fn source_faults(file: &str, text: &str) -> Vec<Fault> {
    let tokens = without_tests(&lex(text));
    let module = module(file);
    let room = module.first().map_or("", String::as_str);
    let mut faults = Vec::new();
    if !text.starts_with("//! ") {
        faults.push(fault(file, 1, Rule::Doc, "no //!"));
    }
    for named in paths(&tokens) {
        let Named { line, path } = &named;
        if let Some(what) = missing_door(room, &module, path) {
            faults.push(fault(file, *line, Rule::Door, what));
        }
        let name = path.join("::");
        let under = |what: &&&str| name == **what || name.starts_with(&format!("{what}::"));
        if let Some(what) = WORLD.iter().find(under).filter(|_| MACHINES.contains(&room)) {
            faults.push(fault(file, *line, Rule::World, *what));
        }
        if let Some(what) = SERDE.iter().find(under) {
            faults.push(fault(file, *line, Rule::Serde, *what));
        }
        let clock = ["Instant::now", "SystemTime::now"].into_iter().find(|now| name.ends_with(now));
        if let Some(what) = clock.filter(|_| !CLOCK_ROOMS.contains(&room)) {
            faults.push(fault(file, *line, Rule::Clock, what));
        }
    }
    faults.extend(bare_faults(file, &tokens));
    faults
}

/// The room that a path leads to without a door.
fn missing_door(room: &str, module: &[String], path: &[&str]) -> Option<String> {
    let inside = absolute(module, path)?;
    let to = inside.first()?.as_str();
    let (_, doors, _) = DOORS.iter().find(|(name, ..)| *name == room)?;
    if to == room || to == "kernel" || !DOORS.iter().any(|(name, ..)| *name == to) {
        return None;
    }
    let named = inside.join("::");
    let open = |door: &&&str| named == **door || named.starts_with(&format!("{door}::"));
    doors.iter().find(open).is_none().then_some(named)
}

/// A path from the crate's root, where it leads into this crate.
fn absolute(module: &[String], path: &[&str]) -> Option<Vec<String>> {
    let (first, mut rest) = path.split_first()?;
    let mut whole = match *first {
        "crate" | "huiyin" => Vec::new(),
        "super" => module[..module.len().saturating_sub(1)].to_vec(),
        _ => return None,
    };
    while let Some(("super", after)) = rest.split_first().map(|(first, after)| (*first, after)) {
        whole.pop();
        rest = after;
    }
    whole.extend(rest.iter().map(|segment| (*segment).to_owned()));
    Some(whole)
}

fn bare_faults(file: &str, tokens: &[Token<'_>]) -> Vec<Fault> {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text);
    let mut faults = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).map_or("", &text);
        let rule = match token.text {
            "unsafe" => Some((Rule::Unsafe, "unsafe".to_owned())),
            // A method of our own with this name takes no text.
            "expect" if before == "." && text(at + 1) == "(" && text(at + 2).ends_with('"') => {
                Some((Rule::Panic, "expect".to_owned()))
            }
            "unwrap" if before == "." => Some((Rule::Panic, "unwrap".to_owned())),
            "panic" | "todo" | "unimplemented" | "unreachable" if text(at + 1) == "!" => {
                Some((Rule::Panic, format!("{}!", token.text)))
            }
            _ => None,
        };
        faults.extend(rule.map(|(rule, what)| fault(file, token.line, rule, what)));
    }
    faults
}

/// Queues whose bound is no line of `limits`, the text of `kernel/limits.rs`.
pub fn queues(file: &str, text: &str, limits: &str) -> Vec<Fault> {
    let tokens = lex(text);
    let limits = lex(limits);
    let is_limit =
        |name: &str| limits.windows(2).any(|w| w[0].text == "const" && w[1].text == name);
    let word = |at: Option<usize>| at.and_then(|at| tokens.get(at)).map_or("", |token| token.text);
    let mut faults = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if !matches!(token.text, "channel" | "sync_channel" | "unbounded_channel") {
            continue;
        }
        let (before, from) = (word(at.checked_sub(1)), word(at.checked_sub(2)));
        let other = before == "." || before == "fn" || matches!(from, "oneshot" | "watch");
        let Some(open) = opening(&tokens, at + 1).filter(|_| !other) else { continue };
        let bound = arguments(&tokens, open);
        let bounded = bound.last().is_some_and(|name| is_limit(name.text));
        if token.text == "unbounded_channel" {
            faults.push(fault(file, token.line, Rule::Queue, token.text));
        } else if !bounded {
            let what: String = bound.iter().map(|token| token.text).collect();
            faults.push(fault(file, token.line, Rule::Queue, what));
        }
    }
    faults
}

/// Where the arguments of a call open, past its `::<...>`.
fn opening(tokens: &[Token<'_>], mut at: usize) -> Option<usize> {
    if tokens.get(at)?.text == "::" {
        let mut depth = 0;
        loop {
            at += 1;
            match tokens.get(at)?.text {
                "<" => depth += 1,
                ">" => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
        at += 1;
    }
    (tokens.get(at)?.text == "(").then_some(at)
}

pub fn lengths(file: &str, text: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    let lines = text.lines().count();
    if lines > FILE_LINES_MAX {
        let what = format!("{lines} lines of at most {FILE_LINES_MAX}");
        faults.push(fault(file, lines, Rule::Length, what));
    }
    for function in functions(&lex(text)) {
        if function.lines > FUNCTION_LINES_MAX {
            let what = format!(
                "function {}: {} lines of at most {FUNCTION_LINES_MAX}",
                function.name, function.lines
            );
            faults.push(fault(file, function.line, Rule::Length, what));
        }
    }
    faults
}

/// Absolute paths into the folders where people keep their work.
pub fn places(file: &str, text: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for folder in ["work", "root", "home", "Users", "mnt"] {
            let place = format!("/{folder}");
            let found = line.match_indices(&place).any(|(at, _)| {
                let before = line[..at].chars().next_back();
                let after = line[at + place.len()..].chars().next();
                let inside = |c: char| c.is_alphanumeric() || "._-/{}*$~".contains(c);
                !before.is_some_and(inside)
                    && !after.is_some_and(|c| c.is_alphanumeric() || c == '_')
            });
            if found {
                faults.push(fault(file, number + 1, Rule::Place, place));
            }
        }
    }
    faults
}

/// Hosts of package registries. In pieces here, so that this file does not name them itself.
const HOSTS: &[(&str, &str)] = &[
    ("pypi", ".org"),
    ("pythonhosted", ".org"),
    ("npmjs", ".org"),
    ("npmjs", ".com"),
    ("index.crates", ".io"),
    ("static.crates", ".io"),
    ("deb.debian", ".org"),
];

pub fn hosts(file: &str, text: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for (name, end) in HOSTS {
            let host = format!("{name}{end}");
            if line.contains(&host) {
                faults.push(fault(file, number + 1, Rule::Host, host));
            }
        }
    }
    faults
}
