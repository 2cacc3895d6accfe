//! How far a sound stands out of the noise that is always there.

/// Steps of 32 ms in a block, and blocks that are remembered: the softest moment of the last 3 s is the floor.
const BLOCK: u32 = 16;
const BLOCKS: usize = 6;
/// How fast the smoothed level follows, a step: about 100 ms in all, so that one soft step is no floor.
const SMOOTHING: f32 = 0.35;
/// Softer than any line's noise; digital silence does not pull the floor lower.
const LOWEST_DBOV: f32 = -75.0;

/// The noise floor by minimum statistics (after Martin, 2001), over steps of 32 ms.
#[derive(Clone, Copy, Debug)]
pub struct NoiseFloor {
    smoothed: Option<f32>,
    softest: f32,
    steps: u32,
    blocks: [f32; BLOCKS],
    next: usize,
}

impl Default for NoiseFloor {
    fn default() -> Self {
        Self::new()
    }
}

impl NoiseFloor {
    pub fn new() -> Self {
        NoiseFloor {
            smoothed: None,
            softest: f32::MAX,
            steps: 0,
            blocks: [f32::MAX; BLOCKS],
            next: 0,
        }
    }

    /// The level of the next step in dBov. How many dB it lies above the floor, never less than 0.
    pub fn step(&mut self, dbov: f32) -> f32 {
        let level = dbov.max(LOWEST_DBOV);
        let before = self.smoothed.unwrap_or(level);
        let smoothed = before + SMOOTHING * (level - before);
        self.smoothed = Some(smoothed);
        self.softest = self.softest.min(smoothed);
        self.steps += 1;
        if self.steps == BLOCK {
            self.blocks[self.next] = self.softest;
            self.next = (self.next + 1) % BLOCKS;
            (self.softest, self.steps) = (f32::MAX, 0);
        }
        (level - self.dbov()).max(0.0)
    }

    /// The floor in dBov.
    pub fn dbov(&self) -> f32 {
        let softest = self.blocks.iter().copied().fold(self.softest, f32::min);
        if softest == f32::MAX { self.smoothed.unwrap_or(LOWEST_DBOV) } else { softest }
    }
}
