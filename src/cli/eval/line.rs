//! The bad line over which recordings are heard before they are recognised.

use huiyin::engine::eval::Sample;
use huiyin::media::degrade;
use huiyin::media::network::{Conditions, Loss};

#[derive(Debug, clap::Args)]
pub struct Line {
    /// Share of the packets that the line loses, 0 to 0.9: each recording is coded in G.711, sent in packets of 20 ms, put in
    /// order and concealed as in a call.
    #[arg(long, default_value_t = 0.0, value_parser = share)]
    loss: f64,
    /// Packets lost in a row on average; each by itself where this is not given.
    #[arg(long, value_parser = clap::value_parser!(u8).range(2..=20))]
    burst: Option<u8>,
    /// Every packet comes evenly up to so much earlier or later, as with `netem delay 100ms 60ms`.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=200))]
    jitter_ms: u64,
    /// The same seed loses the same packets.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..=0.9).contains(share));
    share.ok_or_else(|| "give a share from 0 to 0.9, like 0.1".into())
}

impl Line {
    /// What the samples sound like at its other end; untouched where the line is good.
    pub fn carry<'a>(&self, samples: impl Iterator<Item = &'a mut Sample>) -> anyhow::Result<()> {
        if self.loss == 0.0 && self.jitter_ms == 0 {
            return Ok(());
        }
        let conditions = Conditions {
            loss: self.losses(),
            delay_ms: self.jitter_ms + 10,
            jitter_ms: self.jitter_ms,
            duplicate: 0.0,
        };
        for (number, sample) in samples.enumerate() {
            let seed = self.seed.wrapping_mul(1_000_003).wrapping_add(number as u64);
            sample.pcm = degrade::over(&sample.pcm, conditions, seed)?;
        }
        Ok(())
    }

    fn losses(&self) -> Loss {
        match self.burst {
            None => Loss::Random(self.loss),
            Some(burst) => {
                // In the bad state all is lost; it is held for `burst` packets and for `loss` of the time.
                let ends = 1.0 / f64::from(burst);
                Loss::Bursts { begins: ends * self.loss / (1.0 - self.loss), ends, lost: 1.0 }
            }
        }
    }
}
