//! Which signal of the telephone network a tone is: by its frequencies and its rhythm.
//!
//! China's figures are those of GB/T 3380 and YDN 065: 450 Hz, and 950 + 1400 + 1800 Hz; other countries' are in ITU-T
//! E.180 Supplement 2. Fax tones: ITU-T T.30. Rhythms are taken with a tolerance of a fifth and one step of 32 ms.

/// Milliseconds of one step.
const STEP_MS: u64 = 32;
/// A rhythm is forgotten after so long without a tone.
const FORGET_MS: u64 = 7_000;
/// A tone that goes on for longer has no rhythm.
const STEADY_MS: u64 = 2_600;
/// A fax's tone is at least this long.
const FAX_MS: u64 = 350;

/// What a tone says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signal {
    /// The line is free: dial.
    Dial,
    /// It rings at the other end.
    RingBack,
    Busy,
    /// No way through the network.
    Congestion,
    /// Somebody else calls the one who was called.
    CallWaiting,
    /// The number does not exist or is out of service: three rising tones, or China's three short and one long.
    Information,
    /// A fax machine calls.
    FaxCalling,
    /// A fax machine or a modem answers.
    FaxAnswering,
}

/// One rhythm: frequencies, milliseconds on and off, how often it must have come.
struct Rhythm {
    signal: Signal,
    hertz: (f32, f32),
    on: (u64, u64),
    off: (u64, u64),
    times: u32,
}

/// The lower frequency counts where there are two.
const RHYTHMS: [Rhythm; 5] = [
    Rhythm {
        signal: Signal::RingBack,
        hertz: (390.0, 490.0),
        on: (780, 2_450),
        off: (1_600, 6_100),
        times: 1,
    },
    Rhythm {
        signal: Signal::CallWaiting,
        hertz: (390.0, 490.0),
        on: (280, 500),
        off: (3_100, 6_100),
        times: 1,
    },
    Rhythm {
        signal: Signal::Busy,
        hertz: (390.0, 490.0),
        on: (200, 560),
        off: (200, 560),
        times: 2,
    },
    Rhythm {
        signal: Signal::Congestion,
        hertz: (390.0, 490.0),
        on: (570, 850),
        off: (570, 850),
        times: 2,
    },
    Rhythm {
        signal: Signal::Information,
        hertz: (390.0, 490.0),
        on: (60, 190),
        off: (25, 150),
        times: 3,
    },
];
/// The three tones and the tolerance of each, in Hz (ITU-T E.180 5.5).
const INFORMATION: [f32; 3] = [950.0, 1400.0, 1800.0];
const INFORMATION_WIDTH: f32 = 50.0;
const INFORMATION_MS: (u64, u64) = (200, 480);

/// Listens to one step after the other: the tone that sounds in it, if one does.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cadence {
    /// The tone that sounds, or the last one.
    hertz: f32,
    on_ms: u64,
    off_ms: u64,
    sounding: bool,
    /// How often each rhythm has come without a break.
    times: [u32; RHYTHMS.len()],
    /// How many of the three tones have come in their order.
    information: usize,
    known: Option<Signal>,
}

impl Cadence {
    /// The frequency of the tone of this step, the lower of two.
    pub fn step(&mut self, tone: Option<f32>) {
        match (tone, self.sounding) {
            (Some(hertz), true) if (hertz - self.hertz).abs() < 20.0 => self.go_on(),
            (Some(hertz), sounding) => {
                if sounding {
                    self.ended();
                    self.off_ms = 0;
                }
                self.begun(hertz);
            }
            (None, true) => {
                self.ended();
                self.off_ms = STEP_MS;
            }
            (None, false) => self.quiet(),
        }
    }

    /// The signal that is on the line, in the silences of its rhythm too; `None` for no tone or one that is not known yet.
    pub fn signal(&self) -> Option<Signal> {
        self.known
    }

    fn begun(&mut self, hertz: f32) {
        let same = (hertz - self.hertz).abs() < 20.0;
        let off_ms = self.off_ms;
        let on_ms = self.on_ms;
        for (rhythm, times) in RHYTHMS.iter().zip(&mut self.times) {
            let fits =
                same && within(on_ms, rhythm.on) && within(off_ms, rhythm.off) && rhythm.has(hertz);
            *times = if fits { *times + 1 } else { 0 };
            if *times >= rhythm.times {
                self.known = Some(rhythm.signal);
            }
        }
        (self.hertz, self.on_ms, self.off_ms, self.sounding) = (hertz, STEP_MS, 0, true);
    }

    fn go_on(&mut self) {
        self.on_ms += STEP_MS;
        let near = |hertz: f32| (self.hertz - hertz).abs() < 25.0;
        if self.on_ms >= STEADY_MS && within_hertz(self.hertz, (340.0, 490.0)) {
            self.known = Some(Signal::Dial);
        } else if self.on_ms >= FAX_MS && near(1100.0) {
            self.known = Some(Signal::FaxCalling);
        } else if self.on_ms >= FAX_MS && near(2100.0) {
            self.known = Some(Signal::FaxAnswering);
        }
    }

    fn ended(&mut self) {
        self.sounding = false;
        let fits = INFORMATION
            .get(self.information)
            .is_some_and(|hertz| (self.hertz - hertz).abs() <= INFORMATION_WIDTH)
            && within(self.on_ms, INFORMATION_MS);
        self.information = if fits { self.information + 1 } else { 0 };
        if self.information == INFORMATION.len() {
            self.information = 0;
            self.known = Some(Signal::Information);
        }
    }

    fn quiet(&mut self) {
        self.off_ms += STEP_MS;
        // Of the first burst of ringing its length and the long silence after it say enough.
        let first = &RHYTHMS[0];
        if self.off_ms >= first.off.0 && within(self.on_ms, first.on) && first.has(self.hertz) {
            self.known = Some(Signal::RingBack);
        }
        if self.off_ms >= FORGET_MS {
            *self = Cadence::default();
        }
    }
}

impl Rhythm {
    fn has(&self, hertz: f32) -> bool {
        within_hertz(hertz, self.hertz)
    }
}

fn within(value: u64, range: (u64, u64)) -> bool {
    (range.0..=range.1).contains(&value)
}

fn within_hertz(value: f32, range: (f32, f32)) -> bool {
    (range.0..=range.1).contains(&value)
}
