//! The recogniser and the activity detector: their guards always, the networks themselves where the models are installed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::env;
use std::f32::consts::TAU;
use std::fs;
use std::path::{Path, PathBuf};

use huiyin::engine::eval::{self, Sample};
use huiyin::engine::models::ModelDir;
use huiyin::engine::resample::double;
use huiyin::engine::silero::SileroModel;
use huiyin::engine::whisper::WhisperModel;
use huiyin::engine::whisper_guard::{LOGPROB_MIN, Raw, confidence, is_loop, is_stock, judge};
use huiyin::speech::{Asr, Expected, Heard, SpeechError, VAD_STEP, Vad};

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

fn whisper() -> Option<WhisperModel> {
    Some(WhisperModel::load(&model("whisper-base")?).unwrap())
}

pub fn silero() -> Option<SileroModel> {
    Some(SileroModel::load(&model("silero")?).unwrap())
}

fn wav(path: &Path) -> Vec<i16> {
    let reader = hound::WavReader::open(path).unwrap();
    assert_eq!(reader.spec().sample_rate, 8000);
    reader.into_samples().map(Result::unwrap).collect()
}

fn tones() -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(data().join("tones")) else {
        eprintln!("skipped: no tones in {}", data().display());
        return Vec::new();
    };
    let paths = entries.map(|e| e.unwrap().path());
    paths.filter(|p| p.extension().is_some_and(|e| e == "wav")).collect()
}

/// `count` read sentences, spread evenly over all there are.
pub fn sentences(count: usize) -> Vec<Sample> {
    let folder = data().join("speech8k");
    let Ok(manifest) = fs::read_to_string(folder.join("manifest.jsonl")) else {
        eprintln!("skipped: no speech in {}", folder.display());
        return Vec::new();
    };
    let lines: Vec<&str> = manifest.lines().collect();
    let every = (lines.len() / count).max(1);
    let chosen = lines.into_iter().step_by(every).take(count);
    chosen
        .map(|line| {
            let it: serde_json::Value = serde_json::from_str(line).unwrap();
            Sample {
                pcm: wav(&folder.join(it["file"].as_str().unwrap())),
                text: it["text"].as_str().unwrap().to_string(),
            }
        })
        .collect()
}

fn raw(text: &str, logprob: f32) -> Raw<'_> {
    Raw { text, logprob, seconds: 3.0, active: 0.8 }
}

#[test]
fn words_come_out_simplified_and_with_a_confidence() {
    let Heard::Words { text, confidence, .. } = judge(&raw("我要補辦身份證", -0.2)) else {
        panic!("it is clear");
    };
    assert_eq!(text, "我要补办身份证");
    assert!((0.8..1.0).contains(&confidence));
}

#[test]
fn guesses_loops_and_inventions_are_unclear() {
    let too_much = "一二三四五六七八九十".repeat(4);
    let unclear = [
        raw("", -0.1),
        raw("，。", -0.1),
        raw("我要补办身份证", LOGPROB_MIN - 0.01),
        raw("我要补办身份证", f32::NAN),
        raw(&too_much, -0.1),
        raw("(再次 再次 再次 再次 再次 再次 再次)", -0.1),
        raw("字幕by索兰娅", -0.9),
        Raw { active: 0.1, ..raw("謝謝觀看", -0.2) },
    ];
    for it in unclear {
        assert_eq!(judge(&it), Heard::Unclear, "{it:?}");
    }
    assert_ne!(judge(&raw("谢谢观看", -0.2)), Heard::Unclear, "said clearly");
}

#[test]
fn people_may_repeat_themselves() {
    for text in
        ["喂喂喂喂", "对对对对对", "是是是，好的好的好的", "号码是八八八八八八八八", "谢谢谢谢谢谢"]
    {
        assert!(!is_loop(text), "{text}");
    }
    for text in [
        "宝宝宝宝宝宝宝宝宝宝",
        "再次再次再次再次再次再次",
        "我们先去找个小小的我们先去找个小小的我们先去找个小小的",
    ] {
        assert!(is_loop(text), "{text}");
    }
    assert!(is_stock("请不吝点赞 订阅 转发 打赏支持明镜与点点栏目"));
    assert!(!is_stock("我订阅转发的那个报纸这个月一直没有送到家里来"));
}

#[test]
fn confidence_rises_with_the_log_probability() {
    let values: Vec<f32> = (0..=300).map(|i| confidence(-3.0 + 0.01 * i as f32)).collect();
    assert!(values.is_sorted() && values.iter().all(|v| (0.0..=1.0).contains(v)));
    assert!(confidence(0.0) > 0.95 && confidence(-1.3) < 0.25);
}

#[test]
fn doubling_the_rate_keeps_a_tone_and_adds_no_image() {
    let tone = |hz: f32, rate: f32, n: usize| -> Vec<f32> {
        (0..n).map(|i| 0.5 * (TAU * hz * i as f32 / rate).sin()).collect()
    };
    for hz in [300.0, 1000.0, 3400.0] {
        let low: Vec<i16> = tone(hz, 8000.0, 800).iter().map(|s| (s * 32768.0) as i16).collect();
        let high = double(&low);
        assert_eq!(high.len(), 1600);
        let expected = tone(hz, 16000.0, 1600);
        // Away from the edges, where the filter sees the silence outside.
        let worst = (200..1400).map(|i| (high[i] - expected[i]).abs()).fold(0.0, f32::max);
        assert!(worst < 2e-3, "{hz} Hz: {worst}");
    }
    assert!(double(&[]).is_empty());
}

#[test]
fn what_is_no_model_is_an_error_that_names_the_file() {
    let scratch = tempfile::TempDir::new().unwrap();
    let path = scratch.path().join("ggml-base.bin");
    let e = WhisperModel::load(&path).err().unwrap();
    assert!(matches!(e, SpeechError::ModelMissing { .. }), "{e}");
    for content in [&b""[..], b"PK\x03\x04 not a model", b"lmgg"] {
        fs::write(&path, content).unwrap();
        let e = WhisperModel::load(&path).err().unwrap();
        assert!(matches!(e, SpeechError::ModelBroken { .. }), "{e}");
        assert!(e.to_string().contains("ggml-base.bin"), "{e}");
    }
    let Some(whole) = model("whisper-base") else {
        return;
    };
    // A file cut anywhere: whisper.cpp itself would end the process.
    let mut bytes = fs::read(whole).unwrap();
    for length in [4, 40, 60, 60_000, 400_000, 1_000_000, bytes.len() - 1] {
        fs::write(&path, &bytes[..length]).unwrap();
        let e = WhisperModel::load(&path).err().unwrap();
        assert!(matches!(e, SpeechError::ModelBroken { .. }), "{length}: {e}");
    }
    bytes[8..12].fill(0x7f);
    fs::write(&path, &bytes).unwrap();
    assert!(WhisperModel::load(&path).is_err());
}

/// `HUIYIN_EVAL=110` measures on that many sentences; a dozen serve to see that nothing is broken.
#[test]
fn read_speech_is_understood() {
    let Some(whisper) = whisper() else { return };
    let count = env::var("HUIYIN_EVAL").ok().and_then(|n| n.parse().ok());
    let samples = sentences(count.unwrap_or(12));
    if samples.is_empty() {
        return;
    }
    let report = eval::asr(&mut whisper.recogniser().unwrap(), &samples).unwrap();
    eprintln!("{report:?}");
    assert!(report.character_error_rate < 0.30, "{report:?}");
    assert!(report.unclear <= samples.len() / 10, "{report:?}");
}

#[test]
fn silence_and_scraps_are_unclear() {
    let Some(whisper) = whisper() else { return };
    let mut asr = whisper.recogniser().unwrap();
    for pcm in [vec![], vec![0; 40], vec![9000; 100], vec![0; 16_000], vec![i16::MAX; 1000]] {
        for last in [false, true] {
            assert_eq!(asr.recognise(&pcm, &Expected::anything(), last).unwrap(), Heard::Unclear);
        }
    }
}

#[test]
fn noise_is_unclear_even_when_the_detector_let_it_through() {
    let Some(whisper) = whisper() else { return };
    let mut asr = whisper.recogniser().unwrap();
    for name in ["cn_busy_450", "cn_dial_450", "dtmf_all_std", "white"] {
        let path = data().join("tones").join(format!("{name}.wav"));
        if !path.exists() {
            eprintln!("skipped: no {}", path.display());
            return;
        }
        assert_eq!(
            asr.recognise(&wav(&path), &Expected::anything(), true).unwrap(),
            Heard::Unclear,
            "{name}"
        );
    }
}

fn speech_steps(vad: &mut dyn Vad, pcm: &[i16]) -> Vec<f32> {
    let steps = pcm.as_chunks::<VAD_STEP>().0;
    steps.iter().map(|step| vad.step(step)).collect()
}

#[test]
fn no_tone_and_no_noise_is_taken_for_speech() {
    let Some(silero) = silero() else { return };
    for path in tones() {
        let steps = speech_steps(&mut silero.stream(), &wav(&path));
        let most = steps.iter().copied().fold(0.0, f32::max);
        assert!(most < 0.5, "{}: {most}", path.display());
    }
}

#[test]
fn speech_is_found_and_streams_do_not_disturb_each_other() {
    let Some(silero) = silero() else { return };
    let samples = sentences(4);
    let alone: Vec<Vec<f32>> =
        samples.iter().map(|s| speech_steps(&mut silero.stream(), &s.pcm)).collect();
    for steps in &alone {
        let active = steps.iter().filter(|p| **p > 0.5).count();
        assert!(active * 3 > steps.len(), "{active} of {}", steps.len());
    }
    std::thread::scope(|scope| {
        for (sample, expected) in samples.iter().zip(&alone) {
            let mut vad = silero.stream();
            scope.spawn(move || {
                assert_eq!(&speech_steps(&mut vad, &sample.pcm), expected);
                vad.reset();
                assert_eq!(&speech_steps(&mut vad, &sample.pcm), expected, "after reset");
            });
        }
    });
}
