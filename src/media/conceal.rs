//! Packet-loss concealment in the manner of ITU-T Recommendation G.711, Appendix I (09/99): the last pitch periods are
//! repeated, from the second 10 ms on ever softer, and after 60 ms there is silence. When speech comes back the two are
//! overlapped.
//!
//! One thing differs: Appendix I delays all output by 3.75 ms so that it can bend the end of the last good frame. Here
//! nothing is delayed; the step between the last good sample and the repeated period is spread over a quarter period.

/// Samples kept of what was heard: three of the longest periods and a quarter.
const HISTORY: usize = 390;
/// 200 to 66 Hz.
const PITCH_MIN: usize = 40;
const PITCH_MAX: usize = 120;
/// Samples compared when the period is sought: 20 ms.
const WINDOW: usize = 160;
/// 10 ms.
const STEP: usize = 80;
/// Silence from here on: 60 ms.
const FADED: usize = 480;
/// Added to the overlap for each further 10 ms that were lost: 4 ms.
const OVERLAP_STEP: usize = 32;

/// Remembers what was heard and invents what was not.
#[derive(Clone, Debug)]
pub struct Concealer {
    history: [f32; HISTORY],
    /// Samples invented since the last good one.
    lost: usize,
    /// What the invention is made of; meaningful while `lost` is not 0.
    source: Repeater,
}

impl Default for Concealer {
    fn default() -> Self {
        // Nothing was heard yet: as after a long loss.
        Concealer { history: [0.0; HISTORY], lost: FADED, source: Repeater::default() }
    }
}

impl Concealer {
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the invention has faded to silence.
    pub fn faded(&self) -> bool {
        self.lost >= FADED
    }

    /// Whether what was given out last was heard, not invented.
    pub fn is_whole(&self) -> bool {
        self.lost == 0
    }

    /// `length` samples that lead from what was heard to `behind`, the sound after a gap: what was before is continued,
    /// what comes is continued backwards, and one fades into the other with their power held.
    pub fn bridge(&self, length: usize, behind: &[f32]) -> Vec<i16> {
        let mut before = Repeater::new(&self.history);
        let period = backward_period(behind, before.period);
        let forward: Vec<f32> = (0..length).map(|age| before.next(age)).collect();
        let backward = backwards(behind, period, length);
        let alike = likeness(&forward, &backward).clamp(0.0, 1.0);
        let mix = |index: usize| {
            let weight = (index + 1) as f32 / (length + 1) as f32;
            let rest = 1.0 - weight;
            let power = weight * weight + rest * rest + 2.0 * weight * rest * alike;
            round((forward[index] * rest + backward[index] * weight) / power.sqrt())
        };
        (0..length).map(mix).collect()
    }

    /// Samples of a bridge were given out.
    pub fn bridged(&mut self, samples: &[i16]) {
        self.remember(samples);
    }

    /// Samples that arrived, in order. The first ones after a loss are overlapped with the invention, in place.
    pub fn heard(&mut self, samples: &mut [i16]) {
        if self.lost > 0 && !samples.is_empty() {
            let steps = (self.lost / STEP).saturating_sub(1);
            let overlap = (self.source.period / 4 + steps * OVERLAP_STEP).clamp(8, STEP);
            let overlap = overlap.min(samples.len());
            for (index, sample) in samples.iter_mut().take(overlap).enumerate() {
                let weight = (index + 1) as f32 / (overlap + 1) as f32;
                let invented = self.invent(index);
                *sample = round(f32::from(*sample) * weight + invented * (1.0 - weight));
            }
            self.lost = 0;
        }
        self.remember(samples);
    }

    /// Fills `out` with what may have been said.
    pub fn conceal(&mut self, out: &mut [i16]) {
        if self.lost == 0 {
            self.source = Repeater::new(&self.history);
        }
        for sample in out.iter_mut() {
            *sample = round(self.invent(0));
            self.lost = (self.lost + 1).min(FADED);
        }
        self.remember(out);
    }

    /// The next invented sample; `ahead` more than `lost` have been taken from the source.
    fn invent(&mut self, ahead: usize) -> f32 {
        let age = self.lost + ahead;
        let gain = match age {
            0..STEP => 1.0,
            STEP..FADED => 1.0 - (age - STEP) as f32 / (FADED - STEP) as f32,
            _ => return 0.0,
        };
        self.source.next(age) * gain
    }

    fn remember(&mut self, samples: &[i16]) {
        let fresh = samples.len().min(HISTORY);
        self.history.copy_within(fresh.., 0);
        let start = samples.len() - fresh;
        for (slot, &sample) in self.history[HISTORY - fresh..].iter_mut().zip(&samples[start..]) {
            *slot = f32::from(sample);
        }
    }
}

/// Repeats the last one, two, then three periods of a copy of the history.
#[derive(Clone, Debug)]
struct Repeater {
    past: [f32; HISTORY],
    period: usize,
    /// Periods in the loop.
    periods: usize,
    /// Place in the loop.
    phase: usize,
    /// From the last good sample to the loop's own beginning, spread over a quarter period.
    step: f32,
    /// What was heard went from here to there; the step leads nowhere beyond.
    range: (f32, f32),
    /// Samples for which the former loop is still mixed in, and where it stands.
    blend: Option<(usize, usize, usize)>,
}

impl Default for Repeater {
    fn default() -> Self {
        Repeater {
            past: [0.0; HISTORY],
            period: PITCH_MIN,
            periods: 1,
            phase: 0,
            step: 0.0,
            range: (0.0, 0.0),
            blend: None,
        }
    }
}

impl Repeater {
    fn new(history: &[f32; HISTORY]) -> Self {
        let period = pitch(history);
        Repeater {
            past: *history,
            period,
            periods: 1,
            phase: 0,
            step: history[HISTORY - 1] - history[HISTORY - 1 - period],
            range: range(history),
            blend: None,
        }
    }

    fn next(&mut self, age: usize) -> f32 {
        let periods = (age / STEP + 1).min(3);
        if periods != self.periods {
            // The same place within a period, further back; the former loop is faded over a quarter period.
            self.blend = Some((self.period / 4, self.periods, self.phase));
            self.periods = periods;
            self.phase %= self.period;
        }
        let quarter = self.period / 4;
        let mut value = self.looped(self.periods, self.phase);
        self.phase = (self.phase + 1) % (self.periods * self.period);
        if let Some((left, periods, phase)) = self.blend {
            let weight = left as f32 / (quarter + 1) as f32;
            value = value * (1.0 - weight) + self.looped(periods, phase) * weight;
            let phase = (phase + 1) % (periods * self.period);
            self.blend = (left > 1).then_some((left - 1, periods, phase));
        }
        if age < quarter {
            value += self.step * (1.0 - (age + 1) as f32 / (quarter + 1) as f32);
        }
        value.clamp(self.range.0, self.range.1)
    }

    /// A sample of the loop, whose last quarter period leads into its beginning.
    fn looped(&self, periods: usize, phase: usize) -> f32 {
        let span = periods * self.period;
        let quarter = self.period / 4;
        let index = HISTORY - span + phase;
        let value = self.past[index];
        let left = span - phase;
        if left > quarter {
            return value;
        }
        let weight = (quarter - left + 1) as f32 / (quarter + 1) as f32;
        value * (1.0 - weight) + self.past[index - span] * weight
    }
}

/// The period of the sound after a gap, where there is enough of it to tell; else that of the sound before.
fn backward_period(behind: &[f32], before: usize) -> usize {
    if behind.len() < WINDOW + PITCH_MAX {
        return before.min(behind.len());
    }
    best_lag(PITCH_MIN..=PITCH_MAX, |lag| (&behind[..WINDOW], &behind[lag..lag + WINDOW])).0
}

/// `length` samples that end where `behind` begins, made of its first period; the step to it is spread over a quarter.
fn backwards(behind: &[f32], period: usize, length: usize) -> Vec<f32> {
    let quarter = period / 4;
    let step = match behind.get(period) {
        Some(next) => behind[0] - next,
        None => 0.0,
    };
    let (low, high) = range(behind);
    let sample = |index: usize| {
        let back = length - index;
        let value = behind[period - 1 - (back - 1) % period];
        let weight = 1.0 - (back as f32 / (quarter + 1) as f32).min(1.0);
        (value + step * weight).clamp(low, high)
    };
    (0..length).map(sample).collect()
}

/// The least and the greatest sample.
fn range(samples: &[f32]) -> (f32, f32) {
    samples
        .iter()
        .fold((f32::MAX, f32::MIN), |(low, high), &sample| (low.min(sample), high.max(sample)))
}

/// 1 for the same shape, 0 for none in common.
fn likeness(one: &[f32], other: &[f32]) -> f32 {
    let (mut product, mut energy, mut own) = (0.0f32, 0.0f32, 0.0f32);
    for (a, b) in one.iter().zip(other) {
        product += a * b;
        energy += b * b;
        own += a * a;
    }
    product / (energy * own).sqrt().max(1.0)
}

/// The lag at which the last 20 ms are most like what was before, by normalised cross-correlation.
fn pitch(history: &[f32; HISTORY]) -> usize {
    let recent = &history[HISTORY - WINDOW..];
    best_lag(PITCH_MIN..=PITCH_MAX, |lag| (recent, &history[HISTORY - WINDOW - lag..HISTORY - lag]))
        .0
}

/// The lag whose two stretches are most alike, and how much: 1 is the same shape, 0 none.
pub(super) fn best_lag<'a>(
    lags: impl Iterator<Item = usize>,
    stretches: impl Fn(usize) -> (&'a [f32], &'a [f32]),
) -> (usize, f32) {
    let mut best = (PITCH_MIN, 0.0);
    for lag in lags {
        let (one, other) = stretches(lag);
        let alike = likeness(one, other);
        if alike > best.1 {
            best = (lag, alike);
        }
    }
    best
}

/// To the nearest sample, saturating.
pub(super) fn round(value: f32) -> i16 {
    value.round() as i16
}
