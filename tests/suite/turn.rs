//! Whose turn it is, as scripts of steps and what comes of them.
//!
//! `q10` and `v10` are ten quiet or voiced steps of 32 ms, `w10` voiced but soft ones; `d0` is the recogniser's answer to
//! job 0 (`d0=对`: these words), `c0=对` one of the answers asked for, `u0` that it understood nothing, `s0` that it was too
//! busy to look ahead; `tell`, `ask`, `notice` and `end` the beginning and end of our own sound, `finish` the stream's end.

use huiyin::speech::turn::{Closing, Effect, JobId, STEP_MS, closing};
use huiyin::speech::{Heard, Listening, Saying, Turn, VAD_STEP};
use proptest::prelude::*;

struct Line {
    turn: Turn,
    now_ms: u64,
    log: Vec<String>,
}

impl Line {
    fn new(listening: Listening) -> Line {
        Line { turn: Turn::new(0, listening), now_ms: 0, log: Vec::new() }
    }

    fn take(&mut self) {
        let now = self.now_ms;
        let written = |effect| match effect {
            Effect::Started { at_ms } => format!("started {at_ms}"),
            Effect::HoldOurSound => format!("hold @{now}"),
            Effect::ReleaseOurSound => format!("release @{now}"),
            Effect::StopOurSound => format!("stop @{now}"),
            Effect::Decode { job, pcm, last } => {
                assert!(!pcm.is_empty(), "nothing to decode");
                let how = if last { "decode" } else { "look" };
                format!("{how} {} @{now}", job.0)
            }
            Effect::Hurry { job } => format!("hurry {} @{now}", job.0),
            Effect::Words { text, start_ms, end_ms, .. } => {
                format!("{text} {start_ms}-{end_ms} @{now}")
            }
            Effect::Unclear { start_ms, end_ms } => format!("unclear {start_ms}-{end_ms} @{now}"),
            Effect::Silent => format!("silent @{now}"),
        };
        self.log.extend(self.turn.drain().map(written));
    }

    fn steps(&mut self, count: u64, probability: f32, amplitude: i16) {
        for _ in 0..count {
            self.turn.step(&[amplitude; VAD_STEP], probability);
            self.now_ms += STEP_MS;
            self.take();
        }
    }

    fn play(&mut self, script: &str) {
        for word in script.split_whitespace() {
            match word {
                "tell" => self.turn.ours(Some(Saying::Statement)),
                "ask" => self.turn.ours(Some(Saying::Question)),
                "notice" => self.turn.ours(Some(Saying::Notice)),
                "end" => self.turn.ours(None),
                "finish" => {
                    self.turn.finish();
                }
                _ => self.play_one(word),
            }
            self.take();
        }
    }

    fn play_one(&mut self, word: &str) {
        let (number, text) = word[1..].split_once('=').unwrap_or((&word[1..], "words"));
        let number = number.parse().unwrap();
        let words = |complete| Heard::Words { text: text.into(), confidence: 1.0, complete };
        match &word[..1] {
            "q" => self.steps(number, 0.0, 0),
            "v" => self.steps(number, 0.9, 3_000),
            "w" => self.steps(number, 0.9, 300),
            "d" => self.turn.decoded(JobId(number), words(false)),
            "c" => self.turn.decoded(JobId(number), words(true)),
            "u" => self.turn.decoded(JobId(number), Heard::Unclear),
            "s" => self.turn.skipped(JobId(number)),
            other => panic!("no such word: {other}"),
        }
    }
}

fn play(listening: Listening, script: &str) -> Vec<String> {
    let mut line = Line::new(listening);
    line.play(script);
    line.log
}

type Table<'a> = &'a [(&'a str, &'a str, &'a [&'a str])];

fn check(listening: Listening, table: Table) {
    for (name, script, expected) in table {
        assert_eq!(play(listening, script), *expected, "{name}: {script}");
    }
}

const STARTED: &str = "started 288";

#[test]
fn turns_by_the_table() {
    let table: Table = &[
        (
            "decoded before the endpoint",
            "q10 v10 q6 d0 q9",
            &[STARTED, "look 0 @704", "words 288-640 @1056"],
        ),
        (
            "decoded after the endpoint",
            "q10 v10 q20 d0",
            &[STARTED, "look 0 @704", "hurry 0 @1056", "words 288-640 @1280"],
        ),
        (
            "not understood",
            "q10 v10 q13 u0",
            &[STARTED, "look 0 @704", "hurry 0 @1056", "unclear 288-640 @1056"],
        ),
        (
            "going on drops the look ahead",
            "q10 v10 q8 v5 d0 q13 d1",
            &[STARTED, "look 0 @704", "look 1 @1120", "hurry 1 @1472", "words 288-1056 @1472"],
        ),
        (
            "a decode while they speak ends nothing",
            "q10 v10 q6 d0 v10 q13 d1",
            &[STARTED, "look 0 @704", "look 1 @1216", "hurry 1 @1568", "words 288-1152 @1568"],
        ),
        (
            "speaking again while we decide is the same turn",
            "q10 v10 q15 v5 d0 q7 d1 q20",
            &[STARTED, "look 0 @704", "hurry 0 @1056", "look 1 @1344", "words 288-1280 @1888"],
        ),
        (
            "a click in the pause is nothing",
            "q10 v10 q6 d0 v1 q6",
            &[STARTED, "look 0 @704", "words 288-640 @1056"],
        ),
        (
            "too busy to look ahead",
            "q10 v10 q3 s0 q10 d1",
            &[STARTED, "look 0 @704", "decode 1 @1056", "words 288-640 @1056"],
        ),
        ("a click is nothing", "q10 v2 q30", &[]),
        (
            "the stream ends in a word",
            "q10 v10 finish d0",
            &[STARTED, "decode 0 @640", "words 288-640 @640"],
        ),
        ("an unknown job is ignored", "q10 v10 q12 d7", &[STARTED, "look 0 @704"]),
    ];
    check(Listening::SHORT, table);
}

#[test]
fn words_say_when_a_turn_is_over() {
    let table: Table = &[
        (
            "one of the answers",
            "q10 v10 q3 c0=对的 q20",
            &[STARTED, "look 0 @704", "对的 288-640 @896"],
        ),
        (
            "a whole request",
            "q10 v10 q3 d0=身份证怎么办 q20",
            &[STARTED, "look 0 @704", "身份证怎么办 288-640 @992"],
        ),
        (
            "it may be all",
            "q10 v10 q3 d0=小区停水 q20",
            &[STARTED, "look 0 @704", "小区停水 288-640 @1056"],
        ),
        (
            "more must come",
            "q10 v10 q3 d0=我想问一下 q40",
            &[STARTED, "look 0 @704", "我想问一下 288-640 @1312"],
        ),
        (
            "more must come, as late words tell",
            "q10 v10 q20 d0=因为 q20",
            &[STARTED, "look 0 @704", "hurry 0 @1056", "因为 288-640 @1312"],
        ),
        (
            "the words come late",
            "q10 v10 q20 c0=对的",
            &[STARTED, "look 0 @704", "hurry 0 @1056", "对的 288-640 @1280"],
        ),
        (
            "who has paused for long is given it again",
            "q10 v10 q14 v10 q3 d1=小区停水 q30",
            &[STARTED, "look 0 @704", "hurry 0 @1056", "look 1 @1472", "小区停水 288-1408 @1984"],
        ),
    ];
    check(Listening::OPEN, table);
    let slow: Table = &[(
        "who was cut off once is waited for",
        "q10 v10 q16 d0 q4 v10 q3 d1 q40",
        &[
            STARTED,
            "look 0 @704",
            "hurry 0 @1056",
            "words 288-640 @1152",
            "started 1248",
            "look 1 @1664",
            "words 1248-1600 @2208",
        ],
    )];
    check(Listening::OPEN, slow);
    let place: Table = &[
        (
            "a place in parts",
            "q10 v10 q3 d0=浦东新区 q40",
            &[STARTED, "look 0 @704", "浦东新区 288-640 @1696"],
        ),
        (
            "digits that are all there",
            "q10 v10 q3 c0=13812345678 q40",
            &[STARTED, "look 0 @704", "13812345678 288-640 @896"],
        ),
    ];
    check(Listening::DICTATED, place);
}

#[test]
fn endings() {
    let table = [
        ("我想问一下身份证丢了怎么办？", false, Closing::Finished),
        ("你们几点上班吗", false, Closing::Finished),
        ("就是因为", false, Closing::Unfinished),
        ("我要投诉，", false, Closing::Unfinished),
        ("对", false, Closing::Finished),
        ("我对", false, Closing::Unfinished),
        ("小区停水三天了", false, Closing::Open),
        ("", false, Closing::Open),
        ("浦东新区", false, Closing::Open),
        ("浦东新区", true, Closing::Unfinished),
        ("三号楼", true, Closing::Finished),
    ];
    for (text, dictated, expected) in table {
        assert_eq!(closing(text, dictated), expected, "{text}");
    }
}

#[test]
fn patience_ends_once_and_not_under_our_sound() {
    assert_eq!(play(Listening::SHORT, "q400"), ["silent @6016"]);
    assert_eq!(play(Listening::SHORT, "tell q400"), Vec::<String>::new());
    assert_eq!(play(Listening::SHORT, "tell q100 end q190"), ["silent @9216"]);
    assert_eq!(play(Listening::OVERHEARD, "q400"), Vec::<String>::new());
}

#[test]
fn their_voice_holds_ours_and_stops_it_when_they_mean_it() {
    let held: &[&str] = &["hold @352", STARTED];
    let table: Table = &[
        ("they go on", "tell q10 v12", &[held, &["stop @704"]].concat()),
        ("a cough", "tell q10 v2 q9", &["hold @352", "release @480"]),
        ("a click", "tell q10 v1 q9", &["hold @352", "release @448"]),
        (
            "嗯 while we tell something",
            "tell q10 v6 q8 d0=嗯 q20",
            &[held, &["look 0 @576", "release @768"]].concat(),
        ),
        (
            "嗯, recognised at once",
            "tell q10 v6 q4 d0=嗯 q20",
            &[held, &["look 0 @576", "release @640"]].concat(),
        ),
        (
            "not 嗯 but no",
            "tell q10 v6 q10 d0=不对 end q10",
            &[held, &["look 0 @576", "release @768", "stop @832", "不对 288-512 @864"]].concat(),
        ),
        (
            "noise that is not words",
            "tell q10 v8 q10 u0 q20",
            &[held, &["look 0 @640", "release @832"]].concat(),
        ),
        (
            "more text than the sound can hold",
            "tell q10 v6 q10 d0=谢谢大家的观看 q20",
            &[held, &["look 0 @576", "release @768"]].concat(),
        ),
        (
            "an answer before the question's end",
            "ask q10 v6 q10 c0=对 end q10",
            &[held, &["look 0 @576", "stop @832", "对 288-512 @832"]].concat(),
        ),
        (
            "nothing that could be an answer",
            "ask q10 v6 q10 u0 q20",
            &[held, &["look 0 @576", "release @832"]].concat(),
        ),
        (
            "an answer that is late",
            "ask q10 v6 q40 d0=对 end q1",
            &[
                held,
                &["look 0 @576", "hurry 0 @928", "release @1536", "stop @1792", "对 288-512 @1792"],
            ]
            .concat(),
        ),
        (
            "a notice",
            "notice q10 v12 q13 d0",
            &[STARTED, "look 0 @768", "hurry 0 @1120", "words 288-704 @1120"],
        ),
        ("nothing of ours", "q10 v12", &[STARTED]),
        ("our sound ends while held", "tell q10 v6 end", &[held, &["release @512"]].concat()),
    ];
    check(Listening::SHORT, table);
    let deaf = Listening { barge_in: false, ..Listening::SHORT };
    assert_eq!(play(deaf, "tell q10 v20"), [STARTED]);
}

#[test]
fn an_echo_of_ours_holds_us_twice() {
    let log = play(Listening::SHORT, "tell q10 w4 q12 w4 q12 w4 q12 v12");
    let holds = log.iter().filter(|entry| entry.starts_with("hold")).count();
    assert_eq!(holds, 3, "the echo twice, the caller once: {log:?}");
    assert!(log.last().is_some_and(|entry| entry.starts_with("stop")), "{log:?}");
}

fn tracks() -> impl Strategy<Value = Vec<(bool, u64)>> {
    prop::collection::vec((any::<bool>(), 1_u64..60), 1..40)
}

/// The job that was asked for last.
fn newest(log: &[String]) -> Option<String> {
    let asked = |e: &String| {
        let job = e.strip_prefix("look ").or(e.strip_prefix("decode "))?;
        Some(job.split(' ').next()?.to_owned())
    };
    log.iter().rev().find_map(asked)
}

/// Plays the track; every decode is answered `lag` stretches later.
fn follow(line: &mut Line, steps: &[(bool, u64)], answer: &str) {
    for (voiced, count) in steps {
        let letter = if *voiced { 'v' } else { 'q' };
        line.play(&format!("{letter}{count}"));
        if let Some(job) = newest(&line.log) {
            line.play(&answer.replace('#', &job));
        }
    }
    line.play("q60");
    if let Some(job) = newest(&line.log) {
        line.play(&answer.replace('#', &job));
    }
}

fn is_words(entry: &str) -> bool {
    entry.starts_with("words") || entry.starts_with("unclear")
}

fn span(entry: &str) -> (u64, u64) {
    let (start, end) = entry.split(' ').nth(1).unwrap().split_once('-').unwrap();
    (start.parse().unwrap(), end.parse().unwrap())
}

proptest! {
    /// Every stretch of voice that begins a turn is told of once, in order, whoever speaks.
    #[test]
    fn no_turn_is_lost_and_none_is_told_twice(steps in tracks(), unclear in any::<bool>()) {
        let mut line = Line::new(Listening::OPEN);
        follow(&mut line, &steps, if unclear { "u#" } else { "d#" });
        let told: Vec<(u64, u64)> =
            line.log.iter().filter(|e| is_words(e)).map(|e| span(e)).collect();
        for pair in told.windows(2) {
            prop_assert!(pair[0].1 <= pair[1].0, "{:?}", line.log);
        }
        let mut at = 0;
        for (voiced, count) in &steps {
            let (from, to) = (at, at + count * STEP_MS);
            at = to;
            if *voiced && *count >= 3 {
                let holding = told.iter().filter(|(start, end)| *start < to && from < *end);
                prop_assert!(holding.count() >= 1, "{from}-{to} is lost: {:?}", line.log);
            }
        }
        let started = line.log.iter().filter(|e| e.starts_with("started")).count();
        prop_assert_eq!(started, told.len(), "{:?}", line.log);
    }

    /// Whatever is said into our sound: a hold is followed by a release or a stop, which also comes alone, and long speech
    /// always has the word.
    #[test]
    fn what_is_held_is_released_or_stopped(
        steps in tracks(),
        ask in any::<bool>(),
        answer in prop::sample::select(vec!["d#", "u#", "d#=嗯", "c#=对"]),
    ) {
        let mut line = Line::new(Listening::OPEN);
        line.play(if ask { "ask" } else { "tell" });
        follow(&mut line, &steps, answer);
        line.play("end");
        let mut held = false;
        for entry in &line.log {
            match entry.split(' ').next().unwrap() {
                "hold" => {
                    prop_assert!(!held, "held twice: {:?}", line.log);
                    held = true;
                }
                "release" => {
                    prop_assert!(held, "released and not held: {:?}", line.log);
                    held = false;
                }
                "stop" => held = false,
                _ => {}
            }
        }
        prop_assert!(!held, "held for ever: {:?}", line.log);
        // What came back twice is taken for our echo for a second.
        let spoke = steps.iter().any(|(voiced, count)| *voiced && *count >= 48);
        let stopped = line.log.iter().any(|e| e.starts_with("stop"));
        prop_assert!(stopped || !spoke, "{:?}", line.log);
    }
}
