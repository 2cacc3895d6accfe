//! The voice on its own threads, and the cache of what it has rendered.

use std::collections::{HashMap, VecDeque};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;

use super::pool::{Full, Pool};
use crate::kernel::limits::{SPEECH_CHUNKS, TTS_QUEUE};
use crate::speech::Tts;

/// Rendered sound is kept up to this many samples (32 MiB, 35 minutes), the oldest dropped first.
const CACHE_SAMPLES: usize = 16 << 20;
/// Pieces handed to a listener are at most this long: 200 ms.
const PIECE: usize = 1600;

#[derive(Default)]
struct Cache {
    sound: HashMap<String, Arc<Vec<i16>>>,
    order: VecDeque<String>,
    samples: usize,
}

impl Cache {
    fn put(&mut self, text: String, sound: Arc<Vec<i16>>) {
        if self.sound.contains_key(&text) {
            return;
        }
        self.samples += sound.len();
        self.order.push_back(text.clone());
        self.sound.insert(text, sound);
        while self.samples > CACHE_SAMPLES {
            let Some(oldest) = self.order.pop_front() else { return };
            if let Some(gone) = self.sound.remove(&oldest) {
                self.samples -= gone.len();
            }
        }
    }
}

struct TtsJob {
    text: String,
    /// `None`: only render it into the cache.
    to: Option<mpsc::Sender<Vec<i16>>>,
}

/// Voices, one a thread, with a cache of what they have rendered.
pub struct Voice {
    pool: Pool<TtsJob>,
    cache: Arc<Mutex<Cache>>,
}

impl Voice {
    pub fn start(engines: Vec<Box<dyn Tts>>) -> std::io::Result<Self> {
        let cache = Arc::new(Mutex::new(Cache::default()));
        let workers = engines
            .into_iter()
            .map(|mut engine| {
                let cache = cache.clone();
                move |job: TtsJob| render(engine.as_mut(), &cache, job)
            })
            .collect();
        Ok(Voice { pool: Pool::start("tts", TTS_QUEUE, workers)?, cache })
    }

    /// The sound of one sentence, in pieces as they are rendered. The channel closes at its end; dropping the receiver
    /// stops the rendering.
    pub fn speak(&self, sentence: &str) -> Result<mpsc::Receiver<Vec<i16>>, Full> {
        let (to, sound) = mpsc::channel(SPEECH_CHUNKS);
        if let Some(ready) = self.cached(sentence) {
            // One piece: what is ready does not need a worker to pass it on.
            let _ = to.try_send(ready.as_ref().clone());
            return Ok(sound);
        }
        // A caller waits for this, nobody for what is rendered ahead.
        let job = TtsJob { text: sentence.into(), to: Some(to) };
        self.pool.push_before(job, |later| later.to.is_none())?;
        Ok(sound)
    }

    /// Renders ahead what will be said. Dropped when the voice is busy.
    pub fn prepare(&self, sentence: &str) {
        if self.cached(sentence).is_none() && self.pool.waiting() < TTS_QUEUE / 2 {
            let _ = self.pool.push(TtsJob { text: sentence.into(), to: None });
        }
    }

    fn cached(&self, sentence: &str) -> Option<Arc<Vec<i16>>> {
        let cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.sound.get(sentence).cloned()
    }
}

fn render(engine: &mut dyn Tts, cache: &Mutex<Cache>, job: TtsJob) {
    let needless = match &job.to {
        Some(to) => to.is_closed(),
        None => {
            let cache = cache.lock().unwrap_or_else(PoisonError::into_inner);
            cache.sound.contains_key(&job.text)
        }
    };
    if needless {
        return;
    }
    let mut whole = Vec::new();
    let mut heard = true;
    let result = engine.speak(&job.text, &mut |piece| {
        whole.extend_from_slice(piece);
        if let Some(to) = &job.to {
            for part in piece.chunks(PIECE) {
                // Waits for a slow player; a player that is gone ends the rendering.
                if to.blocking_send(part.to_vec()).is_err() {
                    heard = false;
                    return ControlFlow::Break(());
                }
            }
        }
        ControlFlow::Continue(())
    });
    match result {
        Ok(()) if heard => {
            let mut cache = cache.lock().unwrap_or_else(PoisonError::into_inner);
            cache.put(job.text, Arc::new(whole));
        }
        Ok(()) => {}
        Err(error) => tracing::error!(%error, "a sentence could not be spoken"),
    }
}

/// Cuts a text into sentences: the unit of rendering, of caching, and of knowing what was said when we are interrupted.
pub fn sentences(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, c) in text.char_indices() {
        if matches!(c, '。' | '！' | '？' | '；' | '\n') {
            let end = at + c.len_utf8();
            parts.push(text[start..end].trim());
            start = end;
        }
    }
    parts.push(text[start..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}
