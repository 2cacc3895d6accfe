//! Whose turn it is, as scripts of steps and what comes of them.
//!
//! `q10` and `v10` are ten quiet or voiced steps of 32 ms, `d0` is the recogniser's answer to job 0, `u0` that it
//! understood nothing, `b` and `e` the beginning and end of our own sound, `f` the end of the stream.

use huiyin::speech::turn::{Effect, JobId, STEP_MS};
use huiyin::speech::{Heard, Listening, Turn, VAD_STEP};
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
            Effect::StopOurSound => format!("stop @{now}"),
            Effect::Decode { job, pcm } => {
                assert!(!pcm.is_empty(), "nothing to decode");
                format!("decode {} @{now}", job.0)
            }
            Effect::Words { text, start_ms, end_ms, .. } => {
                format!("{text} {start_ms}-{end_ms} @{now}")
            }
            Effect::Unclear { start_ms, end_ms } => format!("unclear {start_ms}-{end_ms} @{now}"),
            Effect::Silent => format!("silent @{now}"),
        };
        self.log.extend(self.turn.drain().map(written));
    }

    fn steps(&mut self, count: u64, probability: f32) {
        for _ in 0..count {
            self.turn.step(&[0; VAD_STEP], probability);
            self.now_ms += STEP_MS;
            self.take();
        }
    }

    fn play(&mut self, script: &str) {
        for word in script.split_whitespace() {
            let number = word[1..].parse().unwrap_or(0);
            match &word[..1] {
                "q" => self.steps(number, 0.0),
                "v" => self.steps(number, 0.9),
                "d" => {
                    let text = format!("words{number}");
                    let heard = Heard::Words { text, confidence: 1.0, complete: false };
                    self.turn.decoded(JobId(number), heard);
                }
                "u" => self.turn.decoded(JobId(number), Heard::Unclear),
                "b" => self.turn.ours(true),
                "e" => self.turn.ours(false),
                _ => {
                    self.turn.finish();
                }
            }
            self.take();
        }
    }
}

fn play(listening: Listening, script: &str) -> Vec<String> {
    let mut line = Line::new(listening);
    line.play(script);
    line.log
}

#[test]
fn turns_by_the_table() {
    let started = "started 288";
    let table: [(&str, &str, &[&str]); 9] = [
        ("decoded before the endpoint", "q10 v10 q6 d0 q9", &[
            started, "decode 0 @832", "words0 288-640 @1120",
        ]),
        ("decoded after the endpoint", "q10 v10 q20 d0", &[
            started, "decode 0 @832", "words0 288-640 @1280",
        ]),
        ("not understood", "q10 v10 q15 u0", &[started, "decode 0 @832", "unclear 288-640 @1120"]),
        ("going on drops the look ahead", "q10 v10 q8 v5 d0 q15 d1", &[
            started, "decode 0 @832", "decode 1 @1248", "words1 288-1056 @1536",
        ]),
        ("a decode while they speak ends nothing", "q10 v10 q6 d0 v10 q15 d1", &[
            started, "decode 0 @832", "decode 1 @1344", "words1 288-1152 @1632",
        ]),
        ("speaking again while we decide is the same turn", "q10 v10 q15 v5 d0 q7 d1 q20", &[
            started, "decode 0 @832", "decode 1 @1472", "words1 288-1280 @2016",
        ]),
        ("a click is nothing", "q10 v2 q30", &[]),
        ("the stream ends in a word", "q10 v10 f d0", &[
            started, "decode 0 @640", "words0 288-640 @640",
        ]),
        ("an unknown job is ignored", "q10 v10 q15 d7", &[started, "decode 0 @832"]),
    ];
    for (name, script, expected) in table {
        assert_eq!(play(Listening::SHORT, script), expected, "{name}");
    }
}

#[test]
fn patience_ends_once_and_not_under_our_sound() {
    assert_eq!(play(Listening::SHORT, "q400"), ["silent @6016"]);
    assert_eq!(play(Listening::SHORT, "b q400"), Vec::<String>::new());
    assert_eq!(play(Listening::SHORT, "b q100 e q190"), ["silent @9216"]);
    assert_eq!(play(Listening::OVERHEARD, "q400"), Vec::<String>::new());
}

#[test]
fn their_voice_stops_ours_only_where_it_may() {
    let script = "b q10 v10";
    assert_eq!(play(Listening::SHORT, script), ["started 288", "stop @576"]);
    let deaf = Listening { barge_in: false, ..Listening::SHORT };
    assert_eq!(play(deaf, script), ["started 288"]);
    assert_eq!(play(Listening::SHORT, "q10 v10"), ["started 288"], "nothing of ours to stop");
}

proptest! {
    #[test]
    fn every_turn_ends_once_and_in_order(steps in prop::collection::vec((any::<bool>(), 1_u64..40), 1..40)) {
        let mut line = Line::new(Listening::OPEN);
        let (mut started, mut ended, mut last_end) = (0, 0, 0);
        for (voiced, count) in steps {
            let letter = if voiced { 'v' } else { 'q' };
            line.play(&format!("{letter}{count}"));
            let newest = line.log.iter().rev().find_map(|e| e.strip_prefix("decode ")?.split(' ').next());
            if let Some(job) = newest.map(str::to_owned) {
                line.play(&format!("d{job}"));
            }
        }
        line.play("q60");
        for entry in &line.log {
            if entry.starts_with("started") {
                started += 1;
            } else if entry.starts_with("words") {
                ended += 1;
                let span = entry.split(' ').nth(1).unwrap().split_once('-').unwrap();
                let (start, end): (u64, u64) = (span.0.parse().unwrap(), span.1.parse().unwrap());
                prop_assert!(last_end <= start && start < end, "{:?}", line.log);
                last_end = end;
            }
            prop_assert!(started >= ended, "{:?}", line.log);
        }
    }
}
