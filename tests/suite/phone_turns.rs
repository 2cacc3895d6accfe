//! What is measured of a conversation: speech found by level, onsets and stops in what the caller got, the caller's
//! turns, and the judgement of a turn by the sound and by what the service wrote down.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use huiyin::kernel::Wall;
use huiyin::media::level::{LineNoise, dbov};
use huiyin::media::{FRAME_MS, Frame, SAMPLES_PER_MS};
use huiyin::runtime::phone::caller::Conversation;
use huiyin::runtime::phone::interview::{Ask, Asked, Clip, Interview};
use huiyin::runtime::phone::measure::{Track, speech_span};
use huiyin::runtime::phone::turns::{Figures, Kept, Turn, judge, percentile};
use huiyin::store::{CallRow, TurnRow};
use proptest::prelude::*;

/// A sound of syllables, four a second: a tone that rises and falls.
fn voice(ms: u64, amplitude: f32) -> Vec<i16> {
    let turn = std::f32::consts::TAU / 8_000.0;
    let sample = |at: usize| {
        let syllable = 0.55 - 0.45 * (at as f32 * 4.0 * turn).cos();
        (amplitude * syllable * (at as f32 * 220.0 * turn).sin()) as i16
    };
    (0..ms as usize * SAMPLES_PER_MS).map(sample).collect()
}

/// Pieces of (milliseconds, amplitude of a voice) over the noise of a line.
fn sound(pieces: &[(u64, f32)], noise_dbov: f32) -> Vec<i16> {
    let mut pcm: Vec<i16> = Vec::new();
    for (ms, amplitude) in pieces {
        pcm.extend(voice(*ms, *amplitude));
    }
    LineNoise::new(7, noise_dbov).add(&mut pcm);
    pcm
}

#[test]
fn speech_is_found_without_its_padding() {
    // Pieces, noise, where speech begins and ends.
    type Row<'a> = (&'a str, &'a [(u64, f32)], f32, Option<(u64, u64)>);
    let table: &[Row] = &[
        ("nothing", &[(2_000, 0.0)], -70.0, None),
        ("a noisy line", &[(2_000, 0.0)], -55.0, None),
        (
            "padding on both sides",
            &[(500, 0.0), (2_000, 8_000.0), (700, 0.0)],
            -60.0,
            Some((500, 2_500)),
        ),
        ("no padding at all", &[(1_500, 8_000.0)], -60.0, Some((0, 1_500))),
        (
            "a pause within",
            &[(300, 0.0), (1_000, 8_000.0), (900, 0.0), (500, 8_000.0), (400, 0.0)],
            -60.0,
            Some((300, 2_700)),
        ),
        (
            "a soft last syllable",
            &[(400, 0.0), (1_000, 8_000.0), (250, 900.0), (600, 0.0)],
            -62.0,
            Some((400, 1_650)),
        ),
        (
            "a click before and after",
            &[
                (200, 0.0),
                (20, 8_000.0),
                (400, 0.0),
                (2_000, 8_000.0),
                (300, 0.0),
                (20, 8_000.0),
                (300, 0.0),
            ],
            -60.0,
            Some((620, 2_620)),
        ),
        ("a noisy street", &[(500, 0.0), (2_000, 8_000.0), (500, 0.0)], -38.0, Some((500, 2_500))),
    ];
    for (name, pieces, noise, expected) in table {
        let found = speech_span(&sound(pieces, *noise));
        let Some((start, end)) = expected else {
            assert_eq!(found, None, "{name}");
            continue;
        };
        let found = found.unwrap_or_else(|| panic!("{name}: nothing was found"));
        // A syllable rises and falls within its 250 ms: its edges are soft.
        assert!(found.start_ms.abs_diff(*start) <= 60, "{name}: {found:?}, not {expected:?}");
        assert!(found.end_ms.abs_diff(*end) <= 60, "{name}: {found:?}, not {expected:?}");
    }
}

proptest! {
    #[test]
    fn padding_moves_speech_and_changes_nothing_else(
        before in 0u64..2_000, after in 0u64..2_000, amplitude in 1_500f32..25_000.0,
    ) {
        let (before, after) = (before / 10 * 10, after / 10 * 10);
        let pcm = sound(&[(300, 0.0), (1_500, amplitude), (300, 0.0)], -75.0);
        let silent = |ms: u64| vec![0; ms as usize * SAMPLES_PER_MS];
        let padded = [silent(before), pcm.clone(), silent(after)].concat();
        let (alone, padded) = (speech_span(&pcm).unwrap(), speech_span(&padded).unwrap());
        prop_assert!(padded.start_ms.abs_diff(alone.start_ms + before) <= 30);
        prop_assert!(padded.end_ms.abs_diff(alone.end_ms + before) <= 30);
    }
}

/// A track of (milliseconds, sound or not) at the level of comfort noise.
fn track(pieces: &[(u64, bool)]) -> Track {
    let mut track = Track::default();
    let mut comfort = LineNoise::new(3, -66.0);
    for (ms, sounds) in pieces {
        for _ in 0..ms / FRAME_MS {
            let mut frame = comfort.frame();
            if *sounds {
                frame = std::array::from_fn(|at| if at % 16 < 8 { 3_000 } else { -3_000 });
            }
            track.put(&frame);
        }
    }
    track
}

#[test]
fn sound_begins_and_stops_where_it_does() {
    let quiet = false;
    let sounds = true;
    let spoken =
        track(&[(1_000, quiet), (600, sounds), (300, quiet), (600, sounds), (2_000, quiet)]);
    assert_eq!(spoken.onset(0, 10_000), Some(1_000));
    assert_eq!(spoken.onset(0, 1_000), None, "the end is not included");
    assert_eq!(spoken.onset(1_200, 1_800), None, "what sounds already does not begin");
    assert_eq!(spoken.onset(1_200, 10_000), Some(1_900));
    assert_eq!(spoken.stop(1_200), Some(2_500), "a breath between sentences is no stop");
    assert_eq!(spoken.stop(3_000), Some(3_000), "quiet already");
    assert_eq!(spoken.stop(500), Some(2_500));
    assert!(!spoken.is_sounding());
    assert_eq!(spoken.quiet_ms(), 2_000);
    let click = track(&[(1_000, quiet), (40, sounds), (1_000, quiet)]);
    assert_eq!(click.onset(0, 10_000), None, "a click is no beginning");
    let endless = track(&[(100, quiet), (3_000, sounds)]);
    assert_eq!(endless.stop(500), None);
    assert!(endless.is_sounding());
}

fn clip(number: usize) -> Arc<Clip> {
    let pcm = sound(&[(400, 0.0), (1_500, 8_000.0), (600, 0.0)], -65.0);
    Arc::new(Clip::new(number, pcm, format!("第{number}句")).unwrap())
}

/// The other end of an interview: greets for 2 s, replies 700 ms after the caller has been quiet for 1 s.
struct Other {
    speaks_ms: u64,
    heard: Track,
    spoken: bool,
    answers: bool,
}

impl Other {
    fn frame(&mut self, ours: &Frame) -> Frame {
        self.heard.put(ours);
        if self.heard.is_sounding() {
            self.spoken = true;
            self.speaks_ms = 0;
        }
        if self.answers && self.spoken && self.heard.quiet_ms() >= 1_000 {
            self.spoken = false;
            self.speaks_ms = 4_000;
        }
        let sounds = self.speaks_ms > 0;
        self.speaks_ms = self.speaks_ms.saturating_sub(FRAME_MS);
        std::array::from_fn(|at| if sounds && at % 16 < 8 { 3_000 } else { 0 })
    }
}

fn talk(answers: bool) -> (Vec<Asked>, Track, Track, u64) {
    let ask = |number: usize, barge_in_ms| Ask { clip: clip(number), barge_in_ms };
    let asks = [ask(0, None), ask(1, Some(1_500)), ask(2, None)];
    let mut caller = Interview::new(asks, 5);
    let mut other = Other { speaks_ms: 2_000, heard: Track::default(), spoken: false, answers };
    let mut theirs = other.frame(&[0; 160]);
    while !caller.is_done() {
        assert!(caller.now_ms() < 120_000, "the caller never hangs up");
        let ours = caller.frame(&theirs);
        assert!(dbov(&ours) > -70.0, "the line is never dead");
        theirs = other.frame(&ours);
    }
    let end_ms = caller.now_ms();
    let (asked, left, got) = caller.end();
    assert!(left.is_empty());
    (asked, got, other.heard, end_ms)
}

#[test]
fn a_caller_waits_speaks_is_answered_and_interrupts() {
    let (asked, got, sent, _) = talk(true);
    assert_eq!(asked.iter().map(|asked| asked.clip.number).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(asked.iter().map(|asked| asked.barge_in).collect::<Vec<_>>(), [false, true, false]);
    for asked in &asked {
        let began = sent.onset(asked.start_ms.saturating_sub(200), asked.end_ms).unwrap();
        assert!(began.abs_diff(asked.start_ms) <= 80, "{began} for {}", asked.start_ms);
    }
    assert!(asked[0].start_ms >= 2_900, "the greeting is heard out");
    let reply = got.onset(asked[0].end_ms, u64::MAX).unwrap();
    let into = asked[1].start_ms - reply;
    assert!((1_400..1_800).contains(&into), "interrupted {into} ms into the reply");
    let reply = got.onset(asked[1].end_ms, u64::MAX).unwrap();
    assert!(asked[2].start_ms >= reply + 4_000 + 900, "the next reply is heard out");
}

#[test]
fn a_caller_whom_nobody_answers_goes_on_and_hangs_up() {
    let (asked, _, _, end_ms) = talk(false);
    assert_eq!(asked.len(), 3);
    assert!(asked.windows(2).all(|two| two[1].start_ms - two[0].end_ms >= 6_000));
    assert!(end_ms >= asked[2].end_ms + 6_000);
    assert!(asked.iter().all(|asked| !asked.barge_in), "there was nothing to interrupt");
}

const BEGAN: i64 = 1_000_000;

/// A turn of the service's record; positions begin with the call.
fn row(
    idx: i64,
    speaker: &str,
    start_ms: i64,
    end_ms: i64,
    at_ms: i64,
    cut_short: bool,
) -> TurnRow {
    TurnRow {
        call_id: 1,
        idx,
        speaker: speaker.into(),
        text: format!("{speaker}{idx}"),
        start_ms,
        end_ms,
        confidence: 1.0,
        latency_ms: None,
        cut_short,
        at: BEGAN + at_ms,
    }
}

fn judged(asked: &[(u64, u64, bool)], theirs: &[(u64, bool)], turns: Vec<TurnRow>) -> Vec<Turn> {
    let asked = asked.iter().enumerate().map(|(number, (start_ms, end_ms, barge_in))| Asked {
        clip: clip(number),
        start_ms: *start_ms,
        end_ms: *end_ms,
        barge_in: *barge_in,
    });
    let conversation = Conversation {
        from: "13900000001".into(),
        answered: true,
        ended: "hung_up_by_us",
        began: Wall::from_ms(BEGAN),
        duration_ms: theirs.iter().map(|(ms, _)| ms).sum(),
        asked: asked.collect(),
        theirs: track(theirs),
        late_frames: 0,
    };
    let call = CallRow {
        id: 1,
        direction: "inbound".into(),
        number: Some("13900000001".into()),
        state: "ended".into(),
        outcome: None,
        started_at: BEGAN,
        ended_at: None,
        ticket_id: None,
        secret: false,
    };
    judge(&conversation, Some(&Kept { call, turns }))
}

/// The greeting, which ends at 2 s, fixes the clocks.
fn greeting() -> TurnRow {
    row(0, "robot", 0, 2_000, 2_000, false)
}

#[test]
fn an_answered_turn_is_measured_and_taken_apart() {
    let turns = vec![
        greeting(),
        row(1, "caller", 4_000, 6_050, 6_700, false),
        row(2, "robot", 6_740, 8_700, 8_700, false),
    ];
    let seen = judged(
        &[(4_000, 6_000, false)],
        &[(2_000, true), (4_800, false), (2_000, true), (3_000, false)],
        turns,
    );
    let turn = &seen[0];
    assert_eq!(
        (turn.latency_ms, turn.cut_off, turn.missed, turn.stale),
        (Some(800), None, false, None)
    );
    assert_eq!(
        (turn.heard.as_str(), turn.reply.as_str(), turn.filled),
        ("caller1", "robot2", false)
    );
    let parts = turn.parts.unwrap();
    assert_eq!(
        (parts.to_end_found, parts.to_words, parts.to_sample, parts.to_ear),
        (50, 650, 40, 60)
    );
}

#[test]
fn what_goes_wrong_is_told_apart() {
    let reply: &[(u64, bool)] = &[(2_000, true), (4_800, false), (2_000, true), (6_000, false)];
    let nothing: &[(u64, bool)] = &[(2_000, true), (12_000, false)];
    let into: &[(u64, bool)] = &[(2_000, true), (3_000, false), (2_000, true), (7_000, false)];
    let words = |start, end, at| row(1, "caller", start, end, at, false);
    let says = |start, end| row(2, "robot", start, end, end, false);
    type Row<'a> =
        (&'a str, &'a [(u64, bool)], Vec<TurnRow>, (Option<&'a str>, bool, Option<&'a str>));
    let table: Vec<Row> = vec![
        (
            "well answered",
            reply,
            vec![words(4_000, 6_000, 6_700), says(6_720, 8_700)],
            (None, false, None),
        ),
        ("not heard", nothing, vec![words(4_000, 6_000, 6_700)], (None, true, None)),
        (
            "spoken into",
            into,
            vec![words(4_000, 4_600, 4_900), says(4_950, 7_000)],
            (Some("spoken into"), false, None),
        ),
        (
            "taken in parts",
            reply,
            vec![words(4_000, 4_700, 6_000), words(5_000, 6_000, 6_700), says(6_720, 8_700)],
            (Some("taken in parts"), false, None),
        ),
        (
            "decided early",
            reply,
            vec![words(4_000, 5_400, 5_700), says(6_720, 8_700)],
            (Some("decided on early"), false, None),
        ),
        (
            "an answer to earlier words",
            reply,
            vec![words(4_000, 6_000, 7_400), says(6_720, 8_700)],
            (None, false, Some("begun before the words were known")),
        ),
    ];
    for (name, theirs, mut turns, (cut_off, missed, stale)) in table {
        turns.insert(0, greeting());
        let seen = judged(&[(4_000, 6_000, false)], theirs, turns);
        assert_eq!(
            (seen[0].cut_off, seen[0].missed, seen[0].stale),
            (cut_off, missed, stale),
            "{name}"
        );
    }
    let dropped = vec![
        greeting(),
        words(4_000, 6_000, 6_700),
        row(2, "robot", 6_720, 7_300, 7_300, true),
        row(3, "robot", 7_400, 9_000, 9_000, false),
    ];
    let seen = judged(&[(4_000, 6_000, false)], reply, dropped);
    assert_eq!(seen[0].stale, Some("dropped for another"));
    let filled =
        vec![greeting(), words(4_000, 6_000, 7_600), row(2, "robot", 7_900, 9_000, 9_000, false)];
    let seen = judged(
        &[(4_000, 6_000, false)],
        &[(2_000, true), (4_800, false), (800, true), (200, false), (1_200, true), (5_000, false)],
        filled,
    );
    assert_eq!((seen[0].filled, seen[0].latency_ms, seen[0].stale), (true, Some(800), None));
    assert_eq!(seen[0].reply, "robot2");
}

#[test]
fn an_interruption_is_timed_to_our_last_sound() {
    // What the caller got, whether the saying was cut, the time it took.
    type Row<'a> = (&'a [(u64, bool)], bool, Option<u64>);
    let table: [Row; 4] = [
        (&[(5_200, true), (9_000, false)], true, Some(200)),
        // It was at its end anyway.
        (&[(5_200, true), (9_000, false)], false, None),
        // A breath, and it goes on.
        (&[(4_800, true), (400, false), (600, true), (9_000, false)], true, Some(800)),
        // Nothing to stop.
        (&[(4_800, true), (9_000, false)], true, None),
    ];
    for (theirs, cut, took_ms) in table {
        let turns = vec![
            row(0, "robot", 0, 5_200, 5_200, cut),
            row(1, "caller", 5_000, 7_000, 7_700, false),
        ];
        let seen = judged(&[(5_000, 7_000, true)], theirs, turns);
        assert_eq!(seen[0].barge_in_ms, took_ms, "{theirs:?}");
        assert_eq!(seen[0].cut_off, None, "our own sound that goes on does not cut the caller off");
    }
}

#[test]
fn figures_are_nearest_rank_and_rates_are_of_all() {
    let turn = |latency_ms, missed| Turn { latency_ms, missed, ..Turn::default() };
    let mut turns: Vec<Turn> = (1..=19).map(|at| turn(Some(at * 100), false)).collect();
    turns.push(turn(None, true));
    let figures = Figures::of(&turns);
    assert_eq!((figures.n, figures.replies, figures.missed), (20, 19, 1));
    assert_eq!((figures.p50_ms, figures.p95_ms), (Some(1_000), Some(1_900)));
    assert!((figures.missed_rate - 0.05).abs() < 1e-9);
    assert_eq!(figures.barge_in_p95_ms, None);
    assert_eq!(percentile::<u64>(vec![], 95), None);
    assert_eq!(percentile(vec![3, 1, 2], 95), Some(3));
    assert_eq!(percentile(vec![3, 1, 2], 50), Some(2));
}

#[test]
fn a_bad_row_is_named_with_its_field() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("rows.jsonl");
    huiyin::media::wav::write(&folder.path().join("a.wav"), &voice(500, 8_000.0)).unwrap();
    let good = r#"{"wav": "a.wav", "text": "你好"}"#;
    let table = [
        ("", "no rows"),
        ("no object", "line 2"),
        (r#"{"text": "你好"}"#, "line 2: the field \"wav\" is missing"),
        (r#"{"file": "a.wav"}"#, "line 2: the field \"text\" is missing"),
        (r#"{"wav": "b.wav", "text": "你好"}"#, "line 2"),
    ];
    for (row, expected) in table {
        let rows = if row.is_empty() { String::new() } else { format!("{good}\n{row}\n") };
        std::fs::write(&manifest, rows).unwrap();
        let program =
            std::env::var_os("HUIYIN_TEST_BIN").unwrap_or(env!("CARGO_BIN_EXE_huiyin").into());
        let mut command = std::process::Command::new(program);
        let output = command.args(["eval", "turns"]).arg(&manifest).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && told.contains(expected), "{row}: {told}");
    }
}
