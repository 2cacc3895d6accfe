//! The voice on its own threads, and what it has rendered: in memory, on disk, and ahead of the calls.
//!
//! The unit is the clause: what stands between two commas is rendered by itself, so that the first words sound while the
//! others are made, and a sentence with a number in it has only that number to wait for.

mod ahead;
mod cache;
mod plan;
mod store;

use std::collections::{HashSet, VecDeque};
use std::ops::ControlFlow;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::pool::{Full, Load, Pool};
use crate::kernel::limits::{SPEECH_CHUNKS, TTS_QUEUE};
use crate::speech::Tts;
use crate::speech::engine::SAMPLE_RATE;

use ahead::Ahead;
pub use ahead::{Plan, Progress};
use cache::{Sound, Sounds};
pub use plan::plan;
pub use store::{SoundKey, SoundStore};

/// Pieces handed to a listener are at most this long: 200 ms.
const PIECE: usize = 1600;
/// Silence between two clauses of a sentence, besides what their own ends have: 100 ms.
const COMMA: usize = SAMPLE_RATE as usize / 10;
/// Fewer characters do not stand alone: 您好 belongs to what follows.
const CLAUSE_CHARS_MIN: usize = 6;

/// A sentence, or what is left of it.
struct Task {
    clauses: VecDeque<String>,
    /// Something of the sentence has been handed out.
    begun: bool,
    to: mpsc::Sender<Vec<i16>>,
}

impl Task {
    /// Hands out what is ready, from the next clause on, without waiting.
    fn send_ready(&mut self, sounds: &Sounds) {
        while let Some(clause) = self.clauses.front() {
            let Sound::Ready(sound) = sounds.look(clause) else { return };
            if self.to.try_send(self.piece(&sound)).is_err() {
                return;
            }
            self.begun = true;
            self.clauses.pop_front();
        }
    }

    /// Hands out a whole clause; false when nobody listens. Waits for a slow listener.
    fn send(&mut self, sound: &[i16]) -> bool {
        let sent = self.to.blocking_send(self.piece(sound)).is_ok();
        self.begun = true;
        sent
    }

    /// A clause with the silence before it.
    fn piece(&self, sound: &[i16]) -> Vec<i16> {
        let mut piece = Vec::with_capacity(COMMA + sound.len());
        if self.begun {
            piece.resize(COMMA, 0);
        }
        piece.extend_from_slice(sound);
        piece
    }
}

/// Voices, one a thread, with what they have rendered.
pub struct Voice {
    // Dropped in this order: who hands work on ends before who takes it.
    ahead: Ahead,
    reader: Pool<Task>,
    pool: Arc<Pool<Task>>,
    sounds: Arc<Sounds>,
}

impl Voice {
    /// `engines` speak to callers; `ahead` renders what [`Voice::render_ahead`] is told; without a store nothing outlives
    /// the process.
    pub fn start(
        engines: Vec<Box<dyn Tts>>,
        ahead: Box<dyn Tts>,
        store: Option<SoundStore>,
    ) -> std::io::Result<Self> {
        let sounds = Arc::new(Sounds::new(store));
        let workers = engines
            .into_iter()
            .map(|mut engine| {
                let sounds = sounds.clone();
                move |task: Task| speak_clause(engine.as_mut(), &sounds, task)
            })
            .collect();
        let pool = Arc::new(Pool::start_in_turns("tts", TTS_QUEUE, workers)?);
        let read = {
            let (sounds, pool) = (sounds.clone(), pool.clone());
            move |task: Task| read(&sounds, &pool, task)
        };
        Ok(Voice {
            ahead: Ahead::start(ahead, sounds.clone())?,
            reader: Pool::start("sounds", TTS_QUEUE, vec![read])?,
            pool,
            sounds,
        })
    }

    /// The sound of one sentence, in pieces as they are there. The channel closes at its end; dropping the receiver stops
    /// the rendering. What is in memory needs no thread to pass it on.
    pub fn speak(&self, sentence: &str) -> Result<mpsc::Receiver<Vec<i16>>, Full> {
        let (to, sound) = mpsc::channel(SPEECH_CHUNKS);
        let clauses = clauses(sentence).into_iter().map(str::to_owned).collect();
        let mut task = Task { clauses, begun: false, to };
        task.send_ready(&self.sounds);
        if task.clauses.is_empty() {
            return Ok(sound);
        }
        let unknown = |clause: &String| self.sounds.look(clause) == Sound::Unknown;
        if task.clauses.iter().any(unknown) {
            // Whoever hears something already can wait a little longer than whoever hears nothing.
            self.pool.push_before(task, |other| other.begun)?;
        } else {
            self.reader.push(task)?;
        }
        Ok(sound)
    }

    /// Renders what will be said, in the background: never while this voice has callers to speak to, or any of `before` has
    /// work. Another plan replaces the one under way.
    pub fn render_ahead(&self, plan: Plan, mut before: Vec<Load>) {
        before.extend([self.pool.load(), self.reader.load()]);
        self.ahead.set(plan, before);
    }
}

/// Renders what of the plan is not in the store, and waits for nobody; `tell` hears of the progress after every clause.
pub fn render_all(
    voice: &mut dyn Tts,
    store: SoundStore,
    plan: &Plan,
    mut tell: impl FnMut(&Progress),
) -> Progress {
    let sounds = Sounds::new(Some(store));
    let go_on = &mut || ControlFlow::Continue(());
    match ahead::carry_out(voice, &sounds, plan, go_on, &mut tell) {
        ControlFlow::Continue(progress) => progress,
        ControlFlow::Break(()) => Progress::default(),
    }
}

/// The next clause; what is left of the task then waits for its next turn.
fn speak_clause(engine: &mut dyn Tts, sounds: &Sounds, mut task: Task) -> Option<Task> {
    let clause = task.clauses.pop_front()?;
    if task.to.is_closed() {
        return None;
    }
    let heard = match sounds.find(engine, &clause) {
        Some(sound) => task.send(&sound),
        None => render(engine, sounds, &clause, &mut task),
    };
    (heard && !task.clauses.is_empty()).then_some(task)
}

/// Renders a clause to its listener and into memory; false when nobody listens any more.
fn render(engine: &mut dyn Tts, sounds: &Sounds, clause: &str, task: &mut Task) -> bool {
    let mut whole = Vec::new();
    let mut heard = !task.begun || task.to.blocking_send(vec![0; COMMA]).is_ok();
    task.begun = true;
    let result = engine.speak(clause, &mut |piece| {
        whole.extend_from_slice(piece);
        for part in piece.chunks(PIECE) {
            // Waits for a slow player; a player that is gone ends the rendering.
            if task.to.blocking_send(part.to_vec()).is_err() {
                heard = false;
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    });
    match result {
        Ok(()) if heard => sounds.put(clause, Arc::new(whole)),
        Ok(()) => {}
        // The rest of the sentence is still worth hearing.
        Err(error) => tracing::error!(%error, "a clause could not be spoken"),
    }
    heard
}

/// Hands out a sentence that lies on disk; one that does not after all is rendered.
fn read(sounds: &Sounds, voices: &Pool<Task>, mut task: Task) {
    while let Some(clause) = task.clauses.pop_front() {
        let Some(sound) = sounds.fetch(&clause) else {
            task.clauses.push_front(clause);
            if let Err(error) = voices.push_before(task, |other| other.begun) {
                tracing::error!(%error, "the rest of a sentence is not said");
            }
            return;
        };
        if !task.send(&sound) {
            return;
        }
    }
}

/// Cuts a text into sentences: the unit of knowing what was said when we are interrupted.
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

/// Cuts a sentence after its commas: the unit of rendering and of caching. Together they are the sentence.
pub fn clauses(sentence: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut words) = (0, 0);
    for (at, c) in sentence.char_indices() {
        words += usize::from(c.is_alphanumeric());
        let end = at + c.len_utf8();
        let more = sentence[end..].contains(char::is_alphanumeric);
        if c == '，' && words >= CLAUSE_CHARS_MIN && more {
            parts.push(&sentence[start..end]);
            (start, words) = (end, 0);
        }
    }
    if start < sentence.len() {
        parts.push(&sentence[start..]);
    }
    parts
}

/// The clauses of these texts, each once, in their order.
fn distinct<'a>(texts: impl Iterator<Item = &'a str>, seen: &mut HashSet<String>) -> Vec<String> {
    let clauses = texts.flat_map(sentences).flat_map(clauses);
    clauses.map(str::to_owned).filter(|clause| seen.insert(clause.clone())).collect()
}
