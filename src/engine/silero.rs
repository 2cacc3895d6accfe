//! Voice activity by Silero VAD at 8 kHz.
//!
//! Source: <https://github.com/snakers4/silero-vad>, `OnnxWrapper`: each step takes 256 new samples after the last 32 of the
//! step before, and hands a recurrent state of 2 × 1 × 128 on.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;

use ort::session::Session;
use ort::value::TensorRef;

use super::onnx;
use crate::speech::{SAMPLE_RATE, SpeechError, VAD_STEP, Vad};

const NAME: &str = "silero";
/// Samples of the step before that each step begins with.
const CONTEXT: usize = 32;
const STATE: usize = 2 * 128;
/// More sessions than this gain nothing: a step takes a fraction of a millisecond in 32.
const SESSIONS_MAX: usize = 8;

/// The network, loaded once for all streams.
pub struct SileroModel {
    pool: Arc<Pool>,
}

/// A session runs one step at a time, so there are as many as can run at once; a stream takes whichever is free.
struct Pool {
    sessions: Vec<Mutex<Session>>,
    next: AtomicUsize,
}

impl SileroModel {
    /// `network` is `silero_vad.onnx`, `library` is ONNX Runtime's shared library.
    pub fn load(network: &Path, library: &Path) -> Result<SileroModel, SpeechError> {
        let count = thread::available_parallelism().map_or(1, |n| n.get().min(SESSIONS_MAX));
        let mut sessions = Vec::with_capacity(count);
        for _ in 0..count {
            sessions.push(Mutex::new(onnx::session(NAME, network, library)?));
        }
        let pool = Arc::new(Pool { sessions, next: AtomicUsize::new(0) });
        let model = SileroModel { pool };
        // A network of another shape is found out here and not in the first call.
        model
            .stream()
            .run(&[0; VAD_STEP])
            .map_err(|e| SpeechError::ModelBroken { model: NAME, detail: e.to_string() })?;
        Ok(model)
    }

    /// A detector for one stream of sound.
    pub fn stream(&self) -> SileroVad {
        SileroVad {
            pool: Arc::clone(&self.pool),
            state: [0.0; STATE],
            input: [0.0; CONTEXT + VAD_STEP],
            failed: false,
        }
    }
}

impl Pool {
    /// A free session, or the next in turn when all are busy.
    fn session(&self) -> Option<MutexGuard<'_, Session>> {
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        let count = self.sessions.len();
        for i in 0..count {
            match self.sessions[(first + i) % count].try_lock() {
                Ok(guard) => return Some(guard),
                // A session keeps nothing between steps, so a panic elsewhere has not spoilt it.
                Err(TryLockError::Poisoned(guard)) => return Some(guard.into_inner()),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        let session = self.sessions.get(first % count.max(1))?;
        Some(session.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// One stream's state.
pub struct SileroVad {
    pool: Arc<Pool>,
    state: [f32; STATE],
    /// The last samples of the step before, then this step's; −1 to 1.
    input: [f32; CONTEXT + VAD_STEP],
    failed: bool,
}

impl SileroVad {
    fn run(&mut self, pcm: &[i16; VAD_STEP]) -> Result<f32, ort::Error> {
        self.input.copy_within(VAD_STEP.., 0);
        for (to, from) in self.input[CONTEXT..].iter_mut().zip(pcm) {
            *to = f32::from(*from) / 32768.0;
        }
        let Some(mut session) = self.pool.session() else {
            return Ok(0.0);
        };
        let rate = [i64::from(SAMPLE_RATE)];
        let outputs = session.run(ort::inputs![
            "input" => TensorRef::from_array_view(([1, CONTEXT + VAD_STEP], &self.input[..]))?,
            "state" => TensorRef::from_array_view(([2, 1, STATE / 2], &self.state[..]))?,
            "sr" => TensorRef::from_array_view(([(); 0].map(|()| 0_i64), &rate[..]))?,
        ])?;
        let (_, state) = outputs["stateN"].try_extract_tensor::<f32>()?;
        if state.len() != STATE {
            return Err(ort::Error::new(format!("a state of {} numbers", state.len())));
        }
        self.state.copy_from_slice(state);
        let (_, probability) = outputs["output"].try_extract_tensor::<f32>()?;
        Ok(probability.first().copied().unwrap_or(0.0))
    }
}

impl Vad for SileroVad {
    /// A step that fails counts as silence and is told once a stream: the call must go on.
    fn step(&mut self, pcm: &[i16; VAD_STEP]) -> f32 {
        match self.run(pcm) {
            Ok(probability) => probability,
            Err(e) => {
                if !self.failed {
                    tracing::error!(error = %e, "voice activity detection fails");
                    self.failed = true;
                }
                0.0
            }
        }
    }

    fn reset(&mut self) {
        self.state = [0.0; STATE];
        self.input = [0.0; CONTEXT + VAD_STEP];
    }
}
