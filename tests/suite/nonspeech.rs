//! Nothing is heard where nobody speaks: tones, music, noise and what else a line brings, through the whole ear.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::PathBuf;

use huiyin::dialogue::Expect;
use huiyin::engine::models::ModelDir;
use huiyin::engine::silero::SileroModel;
use huiyin::engine::whisper::WhisperModel;
use huiyin::engine::whisper_guard::is_echo;
use huiyin::media::level::{LineNoise, dbov};
use huiyin::media::progress::ProgressDetector;
use huiyin::media::{FRAME_SAMPLES, Frame, FrameKind, Front, Progress, Signal};
use huiyin::runtime::hearing::Hearing;
use huiyin::speech::Listening;

#[path = "nonspeech/clips.rs"]
mod clips;
#[path = "nonspeech/ear.rs"]
mod ear;
#[path = "nonspeech/synth.rs"]
mod synth;

use clips::{Clip, Sort, clips};

fn data() -> PathBuf {
    env::var_os("HUIYIN_TEST_DATA").map_or_else(|| PathBuf::from("../shared/data"), PathBuf::from)
}

fn model(name: &str) -> Option<PathBuf> {
    match ModelDir::locate(None).and_then(|d| d.path_of(name)) {
        Ok(path) => Some(path),
        Err(e) => {
            eprintln!("skipped: {e}");
            None
        }
    }
}

/// The 8 kHz WAV files of a folder of the test data, in the order of their names; at most `count`, spread evenly.
fn recordings(folder: &str, count: usize) -> Vec<(String, Vec<i16>)> {
    let Ok(entries) = fs::read_dir(data().join(folder)) else {
        eprintln!("skipped: no recordings in {}", data().join(folder).display());
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries.map(|e| e.unwrap().path()).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "wav"));
    paths.sort();
    let every = (paths.len() / count).max(1);
    let chosen = paths.iter().step_by(every).take(count);
    chosen
        .map(|path| {
            let reader = hound::WavReader::open(path).unwrap();
            assert_eq!(reader.spec().sample_rate, 8000, "{}", path.display());
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, reader.into_samples().map(Result::unwrap).collect())
        })
        .collect()
}

/// Made and recorded sounds without a word in them.
fn without_words() -> Vec<Clip> {
    let mut all = clips();
    let recorded = recordings("tones", usize::MAX);
    all.extend(recorded.into_iter().map(|(name, pcm)| Clip { name, sort: Sort::Tone, pcm }));
    all
}

/// What the detector says frame by frame, and every signal it has named.
fn progress(pcm: &[i16]) -> (Vec<Progress>, Vec<Signal>) {
    let mut detector = ProgressDetector::new();
    let mut signals = Vec::new();
    let states = pcm.as_chunks::<FRAME_SAMPLES>().0.iter().map(|frame| {
        let state = detector.hear(frame);
        signals.extend(detector.signal().filter(|signal| signals.last() != Some(signal)));
        state
    });
    (states.collect(), signals)
}

fn part(states: &[Progress], of: impl Fn(&Progress) -> bool) -> f32 {
    states.iter().filter(|state| of(state)).count() as f32 / states.len().max(1) as f32
}

#[test]
fn signals_of_the_network_are_told_apart() {
    let expected = BTreeMap::from([
        ("ring-back", Signal::RingBack),
        ("soft ring-back", Signal::RingBack),
        ("loud ring-back", Signal::RingBack),
        ("ring-back of North America", Signal::RingBack),
        ("ring-back of Europe", Signal::RingBack),
        ("busy", Signal::Busy),
        ("busy of North America", Signal::Busy),
        ("congestion", Signal::Congestion),
        ("call waiting", Signal::CallWaiting),
        ("dial tone", Signal::Dial),
        ("dial tone of North America", Signal::Dial),
        ("special information", Signal::Information),
        ("fax calls", Signal::FaxCalling),
        ("fax answers", Signal::FaxAnswering),
        ("cn_ringback_450", Signal::RingBack),
        ("cn_busy_450", Signal::Busy),
        ("cn_congestion_450", Signal::Congestion),
        ("cn_callwaiting_450", Signal::CallWaiting),
        ("cn_dial_450", Signal::Dial),
        ("cn_vacant_450", Signal::Information),
    ]);
    let mut seen = 0;
    for clip in without_words() {
        let (_, signals) = progress(&clip.pcm);
        let wanted: Vec<Signal> = expected.get(clip.name.as_str()).copied().into_iter().collect();
        assert_eq!(signals, wanted, "{}", clip.name);
        seen += wanted.len();
    }
    assert!(seen >= 14, "{seen}");
}

#[test]
fn a_signal_holds_through_its_silences_and_is_then_forgotten() {
    let mut front = Front::new();
    let ringing = synth::pcm(&synth::at_level(synth::cadence(&[450.0], 1.0, 4.0, 10.0), -20.0));
    let mut last_ms = 0;
    for (index, frame) in ringing.as_chunks::<FRAME_SAMPLES>().0.iter().enumerate() {
        front.hear(frame, FrameKind::Heard);
        if index * 20 > 3000 {
            assert_eq!(front.signal(), Some(Signal::RingBack), "after {} ms", index * 20);
        }
        last_ms = index * 20;
    }
    assert!(last_ms > 9_000);
    let mut quiet_ms = 0;
    while front.signal().is_some() {
        front.hear(&[0; FRAME_SAMPLES], FrameKind::Heard);
        quiet_ms += 20;
        assert!(quiet_ms < 10_000);
    }
}

fn beeps(pcm: &[i16]) -> bool {
    let mut front = Front::new();
    pcm.as_chunks::<FRAME_SAMPLES>().0.iter().any(|frame| {
        front.hear(frame, FrameKind::Heard);
        front.beeps()
    })
}

#[test]
fn the_beep_of_a_recording_machine_is_no_signal_no_key_and_no_voice() {
    for hertz in [550.0, 800.0, 1000.0, 1400.0] {
        let tone = synth::at_level(synth::cadence(&[hertz], 0.4, 0.6, 1.0), -20.0);
        assert!(beeps(&synth::pcm(&tone)), "{hertz} Hz");
    }
    for hertz in [350.0, 425.0, 450.0] {
        let tone = synth::at_level(synth::cadence(&[hertz], 0.4, 0.6, 1.0), -20.0);
        assert!(!beeps(&synth::pcm(&tone)), "the network's {hertz} Hz");
    }
    for key in "0123456789*#".chars() {
        let tone = huiyin::media::tones::key_tone(huiyin::media::Key::try_from(key).unwrap(), 400);
        assert!(!beeps(&tone), "the key {key}");
    }
    for (name, pcm) in recordings("speech8k/wav", 150) {
        assert!(!beeps(&pcm), "{name}");
    }
}

#[test]
fn music_is_taken_for_music_and_a_voice_never() {
    // A slide, a vibrato or a beat without pitch keeps no peak in its place: these are the recogniser's guard to refuse.
    const WITHOUT_STEADY_PITCH: [&str; 4] = ["strings, high", "erhu, low", "erhu, high", "drums"];
    for clip in clips().iter().filter(|clip| clip.sort == Sort::Music) {
        let (states, _) = progress(&clip.pcm);
        let found = part(&states, |s| matches!(s, Progress::Music | Progress::Tone(_)));
        let wanted = if WITHOUT_STEADY_PITCH.contains(&clip.name.as_str()) { 0.0 } else { 0.4 };
        assert!(found >= wanted, "{}: {found}", clip.name);
    }
    for (name, pcm) in recordings("speech8k/wav", 150) {
        let (states, signals) = progress(&pcm);
        assert!(states.iter().all(|s| s.may_be_voice()), "{name}");
        assert!(signals.is_empty(), "{name}: {signals:?}");
        let mut front = Front::new();
        pcm.as_chunks::<FRAME_SAMPLES>().0.iter().for_each(|frame| {
            front.hear(frame, FrameKind::Heard);
        });
        // Less may be the silence after the last word, in which nobody is near.
        for ms in [1000, 2000, 8000] {
            assert!(!front.was_no_voice(ms), "{name}, the last {ms} ms");
        }
    }
}

#[test]
fn a_voice_over_a_hum_is_never_closed_out() {
    let hum = clips().into_iter().find(|clip| clip.name == "hum and harmonics").unwrap().pcm;
    for (name, mut pcm) in recordings("speech8k/wav", 40) {
        let gain = 10f32.powf((dbov(&pcm) - 6.0 - dbov(&hum)) / 20.0);
        for (sample, hum) in pcm.iter_mut().zip(hum.iter().cycle()) {
            *sample = (f32::from(*sample) + gain * f32::from(*hum)) as i16;
        }
        let (states, _) = progress(&pcm);
        assert!(part(&states, |s| s.may_be_voice()) > 0.99, "{name}");
    }
}

fn front_of(frames: impl Iterator<Item = (Frame, FrameKind)>) -> Vec<huiyin::media::front::Step> {
    let mut front = Front::new();
    frames.filter_map(|(frame, kind)| front.hear(&frame, kind)).collect()
}

#[test]
fn offset_and_hum_go_and_the_voice_band_stays() {
    let tone = |hertz: f32, offset: f32| {
        let sound = synth::at_level(synth::cadence(&[hertz], 1.0, 0.0, 1.0), -20.0);
        let frames: Vec<Frame> = sound
            .as_chunks::<FRAME_SAMPLES>()
            .0
            .iter()
            .map(|frame| frame.map(|s| (s + offset).round() as i16))
            .collect();
        let steps = front_of(frames.into_iter().map(|frame| (frame, FrameKind::Heard)));
        let settled: Vec<i16> = steps.iter().skip(16).flat_map(|step| step.pcm).collect();
        dbov(&settled)
    };
    for (hertz, least, most) in
        [(50.0, -40.0, -30.0), (100.0, -24.0, -22.0), (300.0, -20.5, -19.5), (3000.0, -20.5, -19.5)]
    {
        let level = tone(hertz, 3000.0);
        assert!((least..=most).contains(&level), "{hertz} Hz: {level}");
    }
}

#[test]
fn what_was_invented_for_long_is_no_voice() {
    let mut noise = LineNoise::new(5, -20.0);
    let kinds = [(FrameKind::Heard, 20), (FrameKind::Concealed, 10), (FrameKind::Heard, 20)];
    let frames = kinds.into_iter().flat_map(|(kind, count)| std::iter::repeat_n(kind, count));
    let steps = front_of(frames.map(|kind| (noise.frame(), kind)));
    let closed: Vec<usize> = (0..steps.len()).filter(|&i| !steps[i].may_be_voice).collect();
    // From the fourth lost frame on, 460 ms, until the first that came again, 600 ms.
    assert_eq!(closed.first(), Some(&14));
    assert_eq!(closed.last(), Some(&17));
}

#[test]
fn the_noise_of_a_line_is_the_floor() {
    let mut noise = LineNoise::new(9, -50.0);
    let frames: Vec<Frame> = (0..200).map(|_| noise.frame()).collect();
    let steps = front_of(frames.into_iter().map(|frame| (frame, FrameKind::Heard)));
    assert!(steps.iter().skip(20).all(|step| step.over_floor_db < 6.0));
    for (name, pcm) in recordings("speech8k/wav", 10) {
        let frames = pcm.as_chunks::<FRAME_SAMPLES>().0.iter();
        let steps = front_of(frames.map(|frame| (*frame, FrameKind::Heard)));
        let over = steps.iter().filter(|step| step.over_floor_db > 15.0).count();
        assert!(4 * over > steps.len(), "{name}: {over} of {}", steps.len());
    }
}

/// The far side of a room: read sentences backwards, over each other, at the level of a line's noise.
fn babble() -> Vec<Clip> {
    let voices = recordings("speech8k/wav", 12);
    (0..voices.len() / 4)
        .map(|group| {
            let mut sum = vec![0.0; synth::samples(7.0)];
            for (at, (_, pcm)) in voices.iter().skip(group * 4).take(4).enumerate() {
                let backwards: Vec<f32> = pcm.iter().rev().map(|s| f32::from(*s)).collect();
                synth::add_at(&mut sum, at * 3000, &backwards);
            }
            let mut pcm = synth::pcm(&synth::at_level(sum, -58.0));
            LineNoise::new(group as u64, -58.0).add(&mut pcm);
            Clip { name: format!("far voices {group}"), sort: Sort::Far, pcm }
        })
        .collect()
}

#[test]
fn what_was_told_beforehand_is_believed_only_when_it_is_sure() {
    let hint = Hearing::builtin().unwrap().of(Expect::YesNo).hint;
    for (text, logprob, echo) in [
        ("转人工。", -0.7, true),
        ("轉人工", -0.8, true),
        ("转人工。", -0.1, false),
        ("有帮助。没帮助。", -0.9, true),
        ("对", -0.9, false),
        ("我家楼下很吵", -0.9, false),
        ("", -0.9, false),
    ] {
        assert_eq!(is_echo(text, logprob, &hint), echo, "{text} {logprob}");
    }
    assert!(!is_echo("转人工", -0.9, ""), "nothing was told");
}

#[test]
fn nothing_is_said_into_silence() {
    let (Some(whisper), Some(network)) = (model("whisper-base"), model("silero")) else { return };
    let silero = SileroModel::load(&network).unwrap();
    let mut asr = WhisperModel::load(&whisper).unwrap().recogniser().unwrap();
    let hearing = Hearing::builtin().unwrap();
    let mut all = without_words();
    all.extend(babble());
    assert!(all.len() >= 60);
    let mut tally: BTreeMap<Sort, [usize; 5]> = BTreeMap::new();
    let mut said = Vec::new();
    for clip in &all {
        for (expect, listening) in
            [(Expect::Open, Listening::OPEN), (Expect::YesNo, Listening::SHORT)]
        {
            let expected = hearing.of(expect);
            let heard =
                ear::listen(&clip.pcm, &mut silero.stream(), &mut asr, &expected, listening);
            let row = tally.entry(clip.sort).or_default();
            let counts = [1, heard.started, heard.dropped, heard.unclear, heard.words.len()];
            row.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
            said.extend(heard.words.iter().map(|words| format!("{}: {words}", clip.name)));
        }
    }
    eprintln!("sort: listened, turns begun, dropped, asked again, words");
    tally.iter().for_each(|(sort, row)| eprintln!("{sort:?}: {row:?}"));
    // Voices far from the telephone are voices: a syllable of theirs may come through, no more.
    let (far, invented): (Vec<_>, Vec<_>) =
        said.iter().partition(|words| words.starts_with("far "));
    assert!(invented.is_empty(), "{invented:#?}");
    assert!(far.len() <= 1, "{far:#?}");
    let asked_again: usize = tally.values().map(|row| row[3]).sum();
    assert!(asked_again * 33 <= 2 * all.len(), "asked again {asked_again} times");
}
