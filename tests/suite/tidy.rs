//! Holds the source to the laws of the house: the doors between rooms, machines without a world, bounds, sizes.
//! The tables, with their reasons, are in `tidy/tables.rs`. A fault is printed as `file:line: rule: what`.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

#[path = "tidy/lexer.rs"]
mod lexer;
#[path = "tidy/rules.rs"]
mod rules;
#[path = "tidy/tables.rs"]
mod tables;

use rules::{hosts, lengths, places, queues, source_faults};
use tables::{DOORS, Exception};

/// A rule that was broken.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    pub file: String,
    pub line: usize,
    pub rule: Rule,
    pub what: String,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    Door,
    World,
    Clock,
    Serde,
    Unsafe,
    Panic,
    Queue,
    Length,
    Doc,
    Place,
    Host,
}

impl Rule {
    const ALL: [Rule; 11] = [
        Rule::Door,
        Rule::World,
        Rule::Clock,
        Rule::Serde,
        Rule::Unsafe,
        Rule::Panic,
        Rule::Queue,
        Rule::Length,
        Rule::Doc,
        Rule::Place,
        Rule::Host,
    ];

    fn exceptions(self) -> &'static [Exception] {
        match self {
            Rule::World => tables::WORLD_EXCEPTIONS,
            Rule::Clock => tables::CLOCK_EXCEPTIONS,
            Rule::Serde => tables::SERDE_EXCEPTIONS,
            Rule::Unsafe => tables::UNSAFE_EXCEPTIONS,
            Rule::Queue => tables::QUEUE_EXCEPTIONS,
            Rule::Length => tables::LENGTH_EXCEPTIONS,
            Rule::Door | Rule::Panic | Rule::Doc | Rule::Place | Rule::Host => &[],
        }
    }

    fn says(self) -> &'static str {
        match self {
            Rule::Door => "the room has no door there (DOORS)",
            Rule::World => "a machine or data room touches the world (WORLD_EXCEPTIONS)",
            Rule::Clock => "only the runtime owns a clock (CLOCK_EXCEPTIONS)",
            Rule::Serde => "serialised forms stay at the edges (SERDE_EXCEPTIONS)",
            Rule::Unsafe => {
                "unsafe code stands only where a C library is called (UNSAFE_EXCEPTIONS)"
            }
            Rule::Panic => "the program answers a fault with an error",
            Rule::Queue => "a queue's bound is a line of kernel/limits.rs (QUEUE_EXCEPTIONS)",
            Rule::Length => "too long: divide it",
            Rule::Doc => "a file begins with //! and what it is for",
            Rule::Place => "a place on somebody's machine",
            Rule::Host => "packages are named, their registry is the user's own choice",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.file, self.line, self.what, self.rule.says())
    }
}

fn covers(exception: &Exception, fault: &Fault) -> bool {
    let (place, what, _) = exception;
    let here =
        if place.ends_with('/') { fault.file.starts_with(place) } else { fault.file == *place };
    here && (*what == "*" || *what == fault.what)
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Files under `folder` with their text, named from the root, in order. What is no text is left out.
fn texts(folder: &str) -> Vec<(String, String)> {
    let mut files = Vec::new();
    walk(&root().join(folder), &mut files);
    files.sort();
    files
        .into_iter()
        .filter_map(|path| {
            let name = path.strip_prefix(root()).ok()?.to_string_lossy().replace('\\', "/");
            Some((name, std::fs::read_to_string(&path).ok()?))
        })
        .collect()
}

fn walk(path: &Path, files: &mut Vec<PathBuf>) {
    if path.is_file() {
        files.push(path.to_owned());
    }
    for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
        walk(&entry.path(), files);
    }
}

fn rust(folder: &str) -> Vec<(String, String)> {
    texts(folder).into_iter().filter(|(name, _)| name.ends_with(".rs")).collect()
}

fn limits() -> String {
    std::fs::read_to_string(root().join("src/kernel/limits.rs")).unwrap()
}

/// What git keeps: everything but what `.gitignore` names, git's own folder, and the lock file.
fn kept_texts() -> Vec<(String, String)> {
    let ignored = std::fs::read_to_string(root().join(".gitignore")).unwrap();
    let ignored: Vec<&str> = ignored.lines().map(|line| line.trim_matches('/')).collect();
    let entries = std::fs::read_dir(root()).unwrap().flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name != ".git" && name != "Cargo.lock" && !ignored.contains(&name.as_str()))
        .flat_map(|name| match name.as_str() {
            "models" => texts("models/manifest.toml"),
            name => texts(name),
        })
        .filter(|(name, _)| !name.ends_with(".log"))
        .collect()
}

static FAULTS: LazyLock<Vec<Fault>> = LazyLock::new(all_faults);

fn all_faults() -> Vec<Fault> {
    let limits = limits();
    let mut faults = Vec::new();
    for (file, text) in rust("src") {
        faults.extend(source_faults(&file, &text));
        faults.extend(queues(&file, &text, &limits));
        faults.extend(lengths(&file, &text));
    }
    for (file, text) in rust("tests").into_iter().chain(rust("benches")) {
        faults.extend(lengths(&file, &text));
    }
    for (file, text) in kept_texts() {
        faults.extend(places(&file, &text));
        faults.extend(hosts(&file, &text));
    }
    faults
}

#[test]
fn the_source_keeps_the_laws_of_the_house() {
    let excused = |fault: &Fault| fault.rule.exceptions().iter().any(|e| covers(e, fault));
    let left: Vec<String> = FAULTS.iter().filter(|f| !excused(f)).map(Fault::to_string).collect();
    assert!(left.is_empty(), "{} faults:\n{}", left.len(), left.join("\n"));
}

#[test]
fn no_exception_stands_without_need() {
    let idle: Vec<String> = Rule::ALL
        .iter()
        .flat_map(|rule| rule.exceptions().iter().map(move |exception| (*rule, exception)))
        .filter(|(rule, e)| !FAULTS.iter().any(|fault| fault.rule == *rule && covers(e, fault)))
        .map(|(rule, (place, what, why))| format!("{place}: {rule:?} {what} ({why})"))
        .collect();
    assert!(idle.is_empty(), "take these out of tidy/tables.rs:\n{}", idle.join("\n"));
}

#[test]
fn every_room_has_a_line_among_the_doors() {
    let rooms: BTreeSet<String> = rust("src")
        .into_iter()
        .map(|(file, _)| rules::module(&file).into_iter().next().unwrap_or_default())
        .filter(|room| !room.is_empty())
        .collect();
    let listed: BTreeSet<String> = DOORS.iter().map(|(room, ..)| (*room).to_owned()).collect();
    assert_eq!(rooms, listed);
    for (room, doors, why) in DOORS {
        assert!(!why.is_empty(), "{room} needs a reason");
        for door in *doors {
            let to = door.split("::").next().unwrap();
            assert!(listed.contains(to) && to != *room, "{room} has a door to nowhere: {door}");
        }
    }
}

#[test]
fn rooms_that_depend_on_each_other_are_in_no_circle() {
    // Taken away one by one: a room all of whose doors lead to rooms taken away before.
    let mut left: Vec<_> = DOORS.iter().collect();
    while !left.is_empty() {
        let names: Vec<&str> = left.iter().map(|(room, ..)| *room).collect();
        let waits =
            |doors: &[&str]| doors.iter().any(|d| names.contains(&d.split("::").next().unwrap()));
        left.retain(|(_, doors, _)| waits(doors));
        assert!(left.len() < names.len(), "a circle among {names:?}");
    }
}

#[test]
fn every_test_file_is_part_of_the_suite() {
    let mounted: String = rust("tests/suite").into_iter().map(|(_, text)| text).collect();
    for (file, _) in rust("tests/suite") {
        let inner = file.trim_start_matches("tests/suite/");
        let name = inner.trim_end_matches(".rs");
        let here = mounted.contains(&format!("mod {name};"))
            || mounted.contains(&format!("#[path = \"{inner}\"]"));
        assert!(here || inner == "main.rs", "{file} runs nowhere: mount it in tests/suite/main.rs");
    }
}

/// The rules that a piece of source breaks in a file, exceptions counted.
fn broken(file: &str, text: &str) -> Vec<(Rule, usize, String)> {
    let text = format!("//! A file.\n{text}");
    let mut faults = source_faults(file, &text);
    faults.extend(queues(file, &text, "pub const LINES: usize = 8;"));
    faults.extend(lengths(file, &text));
    faults.retain(|fault| !fault.rule.exceptions().iter().any(|e| covers(e, fault)));
    faults.into_iter().map(|fault| (fault.rule, fault.line, fault.what)).collect()
}

fn breaks(file: &str, text: &str, rule: Rule, line: usize, what: &str) {
    assert_eq!(broken(file, text), [(rule, line, what.to_owned())], "in {file}:\n{text}");
}

fn keeps(file: &str, text: &str) {
    assert_eq!(broken(file, text), [], "in {file}:\n{text}");
}

#[test]
fn a_door_that_is_not_there_is_seen() {
    let door = |text, line, what| breaks("src/desk/queue.rs", text, Rule::Door, line, what);
    door("use crate::media::Frame;", 2, "media::Frame");
    door("use crate::kernel::limits;\nuse crate::{desk::Agent,\n    media};", 4, "media");
    door("fn f(x: crate::store::Store) {}", 2, "store::Store");
    door("fn f() { select! { x = crate::engine::new() => {} } }", 2, "engine::new");
    door("use super::super::media::{self as sound};", 2, "media");
    keeps(
        "src/desk/queue.rs",
        "use crate::kernel::{CallId, limits::{LINES, self}};\nuse super::agent::Agent;",
    );
    keeps(
        "src/desk/queue.rs",
        "// crate::media\n/* /* crate::media */ crate::call */ const T: &str = \"crate::media::X\";",
    );
    breaks("src/call/leg.rs", "use crate::media::{Codec, Frame};", Rule::Door, 2, "media::Frame");
    breaks("src/call/leg.rs", "use crate::media::*;", Rule::Door, 2, "media::*");
    breaks("src/runtime/serve.rs", "use crate::sim::World;", Rule::Door, 2, "sim::World");
    breaks(
        "src/kernel/id.rs",
        "use crate::language::toneless;",
        Rule::Door,
        2,
        "language::toneless",
    );
    keeps("src/cli/sim.rs", "use huiyin::sim::World;");
}

#[test]
fn a_machine_that_touches_the_world_is_seen() {
    let world = |text, what| breaks("src/hotline/talk.rs", text, Rule::World, 2, what);
    world("use std::{collections::BTreeMap, fs};", "std::fs");
    world("use std::time::{Duration, Instant};", "std::time::Instant");
    world("use std::net::{IpAddr, UdpSocket};", "std::net::UdpSocket");
    world("async fn f() { tokio::spawn(g()); }", "tokio");
    world("fn f() -> u8 { rand::random() }", "rand");
    world("fn f() { std::thread::sleep(d) }", "std::thread");
    keeps(
        "src/hotline/talk.rs",
        "use std::{collections::BTreeMap, net::SocketAddr, time::Duration};",
    );
    keeps("src/runtime/shell.rs", "use std::fs;");
    keeps("src/media/wav.rs", "use std::fs;");
    breaks("src/media/wav.rs", "use std::thread;", Rule::World, 2, "std::thread");
}

#[test]
fn a_clock_outside_the_shell_is_seen() {
    breaks(
        "src/store/write.rs",
        "fn f() { let t = SystemTime::now(); }",
        Rule::Clock,
        2,
        "SystemTime::now",
    );
    breaks(
        "src/engine/onnx.rs",
        "fn f() { std::time::Instant::now(); }",
        Rule::Clock,
        2,
        "Instant::now",
    );
    keeps("src/runtime/clock.rs", "fn f() { std::time::Instant::now(); }");
}

#[test]
fn serde_unsafe_and_panics_are_seen() {
    breaks("src/desk/ticket.rs", "#[derive(serde::Serialize)]\nstruct T;", Rule::Serde, 2, "serde");
    breaks("src/desk/ticket.rs", "use toml::Value;", Rule::Serde, 2, "toml");
    keeps("src/config.rs", "use serde::Deserialize;");
    breaks("src/media/rtp.rs", "fn f() {\n    unsafe { g() }\n}", Rule::Unsafe, 3, "unsafe");
    for (text, what) in [
        ("fn f() { x.unwrap(); }", "unwrap"),
        ("fn f() { x\n.expect(\"it\"); }", "expect"),
        ("fn f() { panic!(\"no\"); }", "panic!"),
        ("fn f() { todo!() }", "todo!"),
        ("fn f() { unreachable!() }", "unreachable!"),
    ] {
        let line = 2 + text.matches('\n').count();
        breaks("src/desk/ticket.rs", text, Rule::Panic, line, what);
    }
    keeps("src/desk/ticket.rs", "#[cfg(test)]\nmod tests { fn f() { x.unwrap(); } }\nfn g() {}");
    keeps(
        "src/desk/ticket.rs",
        "fn f() { x.unwrap_or_default(); ask.expect(); let s = r#\"panic!(\"\"#; }",
    );
}

#[test]
fn a_queue_without_a_bound_is_seen() {
    let queue = |text, what| breaks("src/runtime/shell.rs", text, Rule::Queue, 2, what);
    queue("fn f() { let (a, b) = mpsc::unbounded_channel(); }", "unbounded_channel");
    queue("fn f() { let (a, b) = std::sync::mpsc::channel(); }", "");
    queue("fn f() { let (a, b) = broadcast::channel::<Vec<u8>>(64); }", "64");
    queue("fn f() { let (a, b) = sync_channel(OTHER); }", "OTHER");
    keeps(
        "src/runtime/shell.rs",
        "fn f() { mpsc::channel::<u8>(limits::LINES); broadcast::channel(LINES); }",
    );
    keeps(
        "src/runtime/shell.rs",
        "fn f() { oneshot::channel::<u8>(); watch::channel(0); line.channel(7); }",
    );
}

#[test]
fn a_long_file_and_a_long_function_are_seen() {
    let body = |lines: usize| {
        format!(
            "fn f<T>(x: [T; 2]) -> T\nwhere\n    T: Copy,\n{{\n{}}}\n",
            "    g();\n".repeat(lines)
        )
    };
    keeps("src/desk/ticket.rs", &body(65));
    breaks("src/desk/ticket.rs", &body(66), Rule::Length, 2, "function f: 71 lines of at most 70");
    keeps("src/desk/ticket.rs", &"\n".repeat(599));
    breaks("src/desk/ticket.rs", &"\n".repeat(600), Rule::Length, 601, "601 lines of at most 600");
    keeps("src/desk/ticket.rs", "trait T { fn f(&self) -> [u8; 2]; }\n");
}

#[test]
fn a_file_that_says_nothing_of_itself_is_seen() {
    let faults = source_faults("src/desk/mod.rs", "use std::fmt;\n");
    assert_eq!(faults.iter().map(|f| (f.rule, f.line)).collect::<Vec<_>>(), [(Rule::Doc, 1)]);
}

#[test]
fn places_and_hosts_of_one_machine_are_seen() {
    let slash = "/";
    for folder in ["work", "root", "home", "Users", "mnt"] {
        let text = format!("first\npath = \"{slash}{folder}{slash}x\"\n");
        let faults = places("run", &text);
        assert_eq!(faults.len(), 1, "{text}");
        assert_eq!((faults[0].line, faults[0].what.clone()), (2, format!("{slash}{folder}")));
    }
    assert_eq!(
        places("run", "../work/x, https://example.org/home/, /workers/, src/root/x, 和/或"),
        []
    );
    let faults = hosts("run", &format!("curl https://{}.org/simple\n", "pypi"));
    assert_eq!(faults.iter().map(|f| (f.rule, f.line)).collect::<Vec<_>>(), [(Rule::Host, 1)]);
    assert_eq!(hosts("run", "registry = \"pypi\"\n"), []);
}
