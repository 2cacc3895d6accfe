//! What is on the line that is no voice: the network's tones, ringing tunes, hold music.
//!
//! Every 32 ms the peaks of the last 64 ms of sound are followed from one look to the next. In music most of the power
//! lies in peaks that keep their place; a voice's peaks glide, even in a level tone of Mandarin. The share of such steady
//! power over two seconds tells one from the other. A sound of one or two steady peaks and nothing else is a tone.
//!
//! The detector is slow to call something music and slow to take it back, and it errs towards the voice: a caller with
//! music behind them must be heard.

use std::collections::VecDeque;

use super::cadence::{Cadence, Signal};
use super::floor::NoiseFloor;
use super::spectrum::{self, Peak, WINDOW};
use super::{Frame, RATE};

/// An utterance that is nowhere louder than this, nor stands out of the noise by so many dB, is somebody else's, far from
/// the telephone.
const FAR_DBOV: f32 = -48.0;
const FAR_OVER_FLOOR_DB: f32 = 8.0;
/// Samples from one look to the next: 32 ms.
pub const STEP: usize = 256;
const STEP_MS: u64 = STEP as u64 * 1000 / RATE as u64;
/// Softer than this there is nothing to tell.
const QUIET_DBOV: f32 = -55.0;
/// A peak is the same as before within this share of its frequency, or this many Hz.
const SAME_SHARE: f32 = 0.006;
const SAME_HERTZ: f32 = 5.0;
/// It is steady once found again so often, without having wandered further than that twice over.
const STEADY_LOOKS: u32 = 2;
/// Looks that are weighed together: 2 s.
const MEMORY: usize = 63;
/// The latest of them must not have a voice's way: somebody who answers after a ringing tune is heard at once.
const LATE: usize = 8;
const LATE_MIN: f32 = 0.25;
/// Nor may they stand out of the music by so many dB: somebody speaks over it.
const OVER_MUSIC_DB: f32 = 6.0;
/// How fast the music's own level is followed, a look.
const MUSIC_LEVEL_RATE: f32 = 0.05;
/// Looks that are kept to tell what a whole utterance was: 28 s.
const HISTORY: usize = 875;
/// An utterance with a larger mean share of steady power than this is none, whatever was before it.
const STEADY_ALONE: f32 = 0.45;
/// Looks that stand out less than this from what is always there, in dB, say nothing: a line that hums is no music.
const OVER_FLOOR_DB: f32 = 2.0;
/// Peaks this near to a multiple of these, in Hz, are the hum of the mains or of a mobile telephone, up to the limit.
const HUM_WIDTH: f32 = 2.5;
const HUMS: [f32; 2] = [50.0, 216.7];
const HUM_HERTZ_MAX: f32 = 1_100.0;
/// Fewer looks with sound among them say nothing.
const MEMORY_MIN: usize = 24;
/// Above this mean share of steady power it is music, below the other no longer. Of 381 read sentences the steadiest two
/// seconds lie at 0.39; of ten minutes of hold music 99 % lie above 0.38.
const MUSIC_BEGINS: f32 = 0.42;
const MUSIC_ENDS: f32 = 0.28;
/// The share of one peak, or of two, in a tone.
const TONE_ONE: f32 = 0.8;
const TONE_TWO: f32 = 0.88;
/// The weaker of two has at least this much.
const TONE_SECOND: f32 = 0.12;
/// Where the network's own tones lie: 450 Hz in China, 400 to 480 Hz elsewhere (ITU-T E.180 Supplement 2).
const NETWORK_HERTZ: std::ops::Range<f32> = 340.0..500.0;
/// Looks that a tone lasts before it counts.
const TONE_LOOKS: u32 = 7;

/// What is on the line just now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Progress {
    Silence,
    /// A voice, or any sound that is none of the others.
    Sound,
    /// A tone, with what it says if its rhythm has told already.
    Tone(Option<Signal>),
    Music,
}

impl Progress {
    /// Whether somebody may be speaking.
    pub fn may_be_voice(self) -> bool {
        matches!(self, Progress::Silence | Progress::Sound)
    }
}

#[derive(Clone, Copy, Debug)]
struct Track {
    hertz: f32,
    began_hertz: f32,
    looks: u32,
}

/// Or of which this part lies in music or tones, and which is so much steadier than a voice.
const OTHER_PART: f32 = 0.5;
const STEADY_IN_MUSIC: f32 = 0.32;

/// What is remembered of one look.
#[derive(Clone, Copy, Debug)]
struct Look {
    amplitude: f32,
    steady: f32,
    /// It lay in music or in a tone.
    other: bool,
    /// It is as loud, or stands out as far, as somebody at the telephone.
    near: bool,
}

/// Follows one leg's sound.
#[derive(Clone, Debug)]
pub struct ProgressDetector {
    window: [f32; WINDOW],
    /// Samples since the last look.
    fresh: usize,
    tracks: Vec<Track>,
    /// Shares of steady power, `None` for looks without sound.
    memory: VecDeque<Option<f32>>,
    history: VecDeque<Look>,
    music_dbov: Option<f32>,
    tone: Option<(f32, u32)>,
    /// The tone is one frequency alone.
    single: bool,
    cadence: Cadence,
    floor: NoiseFloor,
    over_floor_db: f32,
    music: bool,
    now: Progress,
}

impl Default for ProgressDetector {
    fn default() -> Self {
        Self::new()
    }
}

impl ProgressDetector {
    pub fn new() -> Self {
        ProgressDetector {
            window: [0.0; WINDOW],
            fresh: 0,
            tracks: Vec::with_capacity(spectrum::PEAKS_MAX),
            memory: VecDeque::with_capacity(MEMORY),
            history: VecDeque::with_capacity(HISTORY),
            music_dbov: None,
            tone: None,
            single: false,
            cadence: Cadence::default(),
            floor: NoiseFloor::new(),
            over_floor_db: 0.0,
            music: false,
            now: Progress::Silence,
        }
    }

    /// The next 20 ms, as they came from the line.
    pub fn hear(&mut self, frame: &Frame) -> Progress {
        for &sample in frame {
            self.window[WINDOW - STEP + self.fresh] = f32::from(sample);
            self.fresh += 1;
            if self.fresh == STEP {
                self.look();
                self.window.copy_within(STEP.., 0);
                self.fresh = 0;
            }
        }
        self.now
    }

    pub fn now(&self) -> Progress {
        self.now
    }

    /// The network's signal, in the silences of its rhythm too.
    pub fn signal(&self) -> Option<Signal> {
        self.cadence.signal()
    }

    /// One frequency sounds that is none of the network's nor a telephone key: what a recording machine says it begins
    /// with.
    pub fn beeps(&self) -> bool {
        self.single
            && self.tone.is_some_and(|(hertz, looks)| {
                looks >= TONE_LOOKS && !NETWORK_HERTZ.contains(&hertz)
            })
    }

    /// The mean share of steady power of late, 0 to 1; `None` where there was too little sound to tell.
    pub fn steadiness(&self) -> Option<f32> {
        mean(self.memory.iter(), MEMORY_MIN)
    }

    /// Whether the last `ms` of sound, which somebody took for an utterance, were tones, music or far away, and
    /// no voice.
    pub fn was_no_voice(&self, ms: u64) -> bool {
        let count = (ms.div_ceil(STEP_MS) as usize).clamp(1, HISTORY);
        let (mut sum, mut other, mut steady, mut near) = (0.0f32, 0.0f32, 0.0f32, true);
        for (index, look) in self.history.iter().rev().take(count).enumerate() {
            // By amplitude, so that somebody who speaks over music counts for more than the music between their words.
            sum += look.amplitude;
            other += if look.other { look.amplitude } else { 0.0 };
            steady += look.steady * look.amplitude;
            near = look.near || (near && index > 0);
        }
        let (other, steady) = (other / sum.max(1.0), steady / sum.max(1.0));
        !near || steady >= STEADY_ALONE || (other >= OTHER_PART && steady >= STEADY_IN_MUSIC)
    }

    fn late_is_music(&self, level: f32) -> bool {
        let over = self.music_dbov.is_some_and(|music| level > music + OVER_MUSIC_DB);
        let steady = mean(self.memory.iter().rev().take(LATE), 1);
        !over && steady.is_none_or(|share| share >= LATE_MIN)
    }

    /// How many dB the last look stands out of the line's noise.
    pub fn over_floor_db(&self) -> f32 {
        self.over_floor_db
    }

    fn look(&mut self) {
        let power: f32 = self.window.iter().map(|s| s * s).sum::<f32>() / WINDOW as f32;
        let level = 10.0 * (power / 32_768.0f32.powi(2)).max(1e-13).log10();
        self.over_floor_db = self.floor.step(level);
        let loud = level >= QUIET_DBOV;
        let peaks = if loud { spectrum::peaks(&spectrum::power(&self.window)) } else { Vec::new() };
        let steady = self.follow(&peaks);
        if self.memory.len() == MEMORY {
            self.memory.pop_front();
        }
        let tells = loud && self.over_floor_db >= OVER_FLOOR_DB;
        self.memory.push_back(tells.then_some(steady));
        let sure = self.follow_tone(&peaks);
        self.cadence.step(self.tone.map(|(hertz, _)| hertz));
        self.weigh_music(level);
        if self.history.len() == HISTORY {
            self.history.pop_front();
        }
        let near = level >= FAR_DBOV || self.over_floor_db >= FAR_OVER_FLOOR_DB;
        let other = self.music || sure;
        self.history.push_back(Look { amplitude: power.sqrt(), steady, other, near });
        self.now = if !loud {
            Progress::Silence
        } else if sure {
            Progress::Tone(self.cadence.signal())
        } else if self.music && self.late_is_music(level) {
            Progress::Music
        } else {
            Progress::Sound
        };
    }

    /// Finds the peaks of the look before again. The share of power in those that stay.
    fn follow(&mut self, peaks: &[Peak]) -> f32 {
        let mut steady = 0.0f32;
        let tracks = peaks.iter().map(|peak| {
            let tolerance = (SAME_SHARE * peak.hertz).max(SAME_HERTZ);
            let nearest = self.tracks.iter().min_by(|a, b| {
                (a.hertz - peak.hertz).abs().total_cmp(&(b.hertz - peak.hertz).abs())
            });
            let same = nearest.filter(|track| {
                (track.hertz - peak.hertz).abs() <= tolerance
                    && (track.began_hertz - peak.hertz).abs() <= 2.0 * tolerance
            });
            let (began_hertz, looks) =
                same.map_or((peak.hertz, 0), |track| (track.began_hertz, track.looks + 1));
            if looks >= STEADY_LOOKS && !is_hum(peak.hertz) {
                steady += peak.share;
            }
            Track { hertz: peak.hertz, began_hertz, looks }
        });
        self.tracks = tracks.collect();
        // Neighbours' lobes overlap a little.
        steady.min(1.0)
    }

    /// Whether a tone has sounded for long enough to be no vowel.
    fn follow_tone(&mut self, peaks: &[Peak]) -> bool {
        self.single = peaks.first().is_some_and(|one| one.share >= TONE_ONE);
        let pure = match peaks {
            [one, ..] if one.share >= TONE_ONE => Some(one.hertz),
            [one, two, ..] if one.share + two.share >= TONE_TWO && two.share >= TONE_SECOND => {
                Some(one.hertz.min(two.hertz))
            }
            _ => None,
        };
        self.tone = pure.map(|hertz| match self.tone {
            Some((before, looks)) if (before - hertz).abs() <= SAME_HERTZ => (hertz, looks + 1),
            _ => (hertz, 1),
        });
        self.tone.is_some_and(|(_, looks)| looks >= TONE_LOOKS)
    }

    fn weigh_music(&mut self, level: f32) {
        self.music = match self.steadiness() {
            Some(share) if self.music => share >= MUSIC_ENDS,
            Some(share) => share >= MUSIC_BEGINS,
            None => self.music && self.memory.iter().any(Option::is_some),
        };
        self.music_dbov = match self.music_dbov {
            _ if !self.music => None,
            Some(before) => Some(before + MUSIC_LEVEL_RATE * (level - before)),
            None => Some(level),
        };
    }
}

fn is_hum(hertz: f32) -> bool {
    let beside = |base: f32| (hertz - base * (hertz / base).round()).abs();
    hertz < HUM_HERTZ_MAX && HUMS.into_iter().any(|base| beside(base) < HUM_WIDTH)
}

/// The mean of those that tell, if there are at least so many.
fn mean<'a>(shares: impl Iterator<Item = &'a Option<f32>>, least: usize) -> Option<f32> {
    let (count, sum) =
        shares.flatten().fold((0usize, 0.0f32), |(count, sum), share| (count + 1, sum + share));
    (count >= least).then(|| sum / count as f32)
}
