//! Whether what Whisper wrote can be believed. It always writes something: on noise, on half a word, on silence.

use crate::language::simplified;
use crate::speech::Heard;

/// Mean log-probability of the text tokens under which a result is a guess. On telephone speech nearly all usable results
/// lie above, and most of what is written for noise lies below.
pub const LOGPROB_MIN: f32 = -1.3;
/// Under this, a result that is a stock phrase is taken for an invention.
const LOGPROB_STOCK: f32 = -0.6;
/// Under this, a result that only says again what was told beforehand is taken for an invention. Words that were told and
/// are spoken come out surely: of 39 spoken answers, clean and at 10 dB, 37 lie above; all echoes over music
/// and 5 of 7 over other words lie below.
const LOGPROB_ECHO: f32 = -0.5;
/// A stock phrase is also an invention when less than this part of the sound is loud enough to be a voice.
const ACTIVE_MIN: f32 = 0.25;
/// Nobody says more characters a second, after a start of a few.
const CHARS_PER_SECOND_MAX: f32 = 9.0;
const CHARS_FREE: f32 = 4.0;

/// What Whisper learnt from subtitles and writes when nobody speaks, one a line.
const STOCK: &str = include_str!("whisper_stock.txt");

/// Mean log-probability to confidence, straight lines between the points. Confidence is the part of the characters that is
/// right: a monotone fit to 190 read utterances at 8 kHz, 90 of them with white noise at 10 and 3 dB.
const CALIBRATION: [(f32, f32); 9] = [
    (-1.3, 0.18),
    (-1.0, 0.30),
    (-0.75, 0.44),
    (-0.55, 0.55),
    (-0.45, 0.68),
    (-0.33, 0.78),
    (-0.22, 0.89),
    (-0.15, 0.94),
    (0.0, 0.98),
];

/// A raw result and what is known about the sound it came from.
#[derive(Clone, Debug)]
pub struct Raw<'a> {
    pub text: &'a str,
    /// Mean over the text tokens, natural logarithm.
    pub logprob: f32,
    pub seconds: f32,
    /// The part of the sound that is loud enough to be a voice, 0 to 1.
    pub active: f32,
}

/// Believes it or not.
pub fn judge(raw: &Raw) -> Heard {
    let text = simplified(raw.text.trim());
    let letters = text.chars().filter(|c| c.is_alphanumeric()).count();
    if letters == 0 || raw.logprob < LOGPROB_MIN || raw.logprob.is_nan() {
        return Heard::Unclear;
    }
    if letters as f32 > CHARS_FREE + CHARS_PER_SECOND_MAX * raw.seconds {
        return Heard::Unclear;
    }
    if is_loop(&text) {
        return Heard::Unclear;
    }
    if is_stock(&text) && (raw.logprob < LOGPROB_STOCK || raw.active < ACTIVE_MIN) {
        return Heard::Unclear;
    }
    Heard::Words { text: text.into_owned(), confidence: confidence(raw.logprob), complete: false }
}

/// Whether a result is nothing but a piece of what the recogniser was told before. A hint makes its words likely, and most
/// of all where there is nothing to be heard: over hold music it is 转人工 that comes out.
pub fn is_echo(text: &str, logprob: f32, hint: &str) -> bool {
    let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    let said = letters(&simplified(text.trim()));
    let sure = logprob >= LOGPROB_ECHO;
    !sure && said.chars().nth(1).is_some() && letters(hint).contains(&said)
}

/// Rises with the mean log-probability, from 0 to 1.
pub fn confidence(logprob: f32) -> f32 {
    let mut below = CALIBRATION[0];
    if logprob <= below.0 {
        return below.1;
    }
    for point in CALIBRATION {
        if logprob <= point.0 && point.0 > below.0 {
            let part = (logprob - below.0) / (point.0 - below.0);
            return below.1 + part * (point.1 - below.1);
        }
        below = point;
    }
    below.1
}

/// A decoder that has lost its way writes the same few characters again and again. People repeat themselves too (喂喂喂, 对对对对,
/// 一一一一 in a number), so the shorter the piece the more of it is needed.
pub fn is_loop(text: &str) -> bool {
    let chars: Vec<char> = text.chars().filter(|c| c.is_alphanumeric()).collect();
    (1..=chars.len() / 3).any(|unit| {
        let needed = match unit {
            1 => 9,
            2 => 6,
            3..=5 => 4,
            _ => 3,
        };
        let run = unit * (needed - 1);
        let mut same = 0;
        chars.iter().zip(chars.iter().skip(unit)).any(|(a, b)| {
            same = if a == b { same + 1 } else { 0 };
            same >= run
        })
    })
}

/// Whether stock phrases make up most of the text.
pub fn is_stock(text: &str) -> bool {
    let letters = |t: &str| -> Vec<char> { t.chars().filter(|c| c.is_alphanumeric()).collect() };
    let text = letters(text);
    let mut covered = vec![false; text.len()];
    let lines = STOCK.lines().map(str::trim);
    for phrase in lines.filter(|l| !l.is_empty() && !l.starts_with('#')) {
        let phrase = letters(phrase);
        for at in 0..text.len() {
            if text[at..].starts_with(&phrase) {
                covered[at..at + phrase.len()].fill(true);
            }
        }
    }
    let count = covered.iter().filter(|c| **c).count();
    count > 0 && 2 * count >= text.len()
}
