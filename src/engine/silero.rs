//! Voice activity by Silero VAD at 8 kHz.
//!
//! Source: <https://github.com/snakers4/silero-vad>, `OnnxWrapper`: each step takes 256 new samples after the last 32 of the
//! step before, and hands a recurrent state of 2 × 128 on. The weights are those of the package's ONNX file ([`file`]), the network
//! is written out in [`network`].

mod file;
mod network;

use std::path::Path;
use std::sync::Arc;

use network::{INPUT, Network, State};

use crate::speech::{SpeechError, VAD_STEP, Vad};

const NAME: &str = "silero";
/// Samples of the step before that each step begins with.
const CONTEXT: usize = INPUT - VAD_STEP;

/// The network, loaded once for all streams.
#[derive(Clone)]
pub struct SileroModel {
    network: Arc<Network>,
}

impl SileroModel {
    /// `network` is `silero_vad.onnx`.
    pub fn load(network: &Path) -> Result<SileroModel, SpeechError> {
        let place = network.display();
        if !network.is_file() {
            return Err(SpeechError::ModelMissing { model: NAME, detail: place.to_string() });
        }
        let broken = |what: String| SpeechError::ModelBroken {
            model: NAME,
            detail: format!("{place}: {what}; `huiyin models fetch` brings it anew"),
        };
        let bytes = std::fs::read(network).map_err(|error| broken(error.to_string()))?;
        let network = Network::read(&bytes).map_err(|error| broken(error.to_string()))?;
        Ok(SileroModel { network: Arc::new(network) })
    }

    /// A detector for one stream of sound.
    pub fn stream(&self) -> SileroVad {
        SileroVad { network: self.network.clone(), state: State::NEW, input: [0.0; INPUT] }
    }
}

/// One stream's state.
pub struct SileroVad {
    network: Arc<Network>,
    state: State,
    /// The last samples of the step before, then this step's; −1 to 1.
    input: [f32; INPUT],
}

impl Vad for SileroVad {
    fn step(&mut self, pcm: &[i16; VAD_STEP]) -> f32 {
        self.input.copy_within(VAD_STEP.., 0);
        for (to, from) in self.input[CONTEXT..].iter_mut().zip(pcm) {
            *to = f32::from(*from) / 32768.0;
        }
        // The shapes are the network's own; they were seen to fit when it was read.
        self.network.step(&self.input, &mut self.state).unwrap_or(0.0)
    }

    fn reset(&mut self) {
        self.state = State::NEW;
        self.input = [0.0; INPUT];
    }
}
