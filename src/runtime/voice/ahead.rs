//! Rendering ahead of the calls: what is sure to be said, rendered once, on one thread that gives way to the living.

use std::ops::ControlFlow;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::cache::Sounds;
use super::store::SoundStore;
use crate::runtime::pool::Load;
use crate::speech::{SpeechError, Tts};

/// What is to be rendered ahead, clause by clause (`super::clauses`), each once, the most wanted first.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Plan {
    pub clauses: Vec<String>,
    /// So many of them, from the first on, stay in memory.
    pub pinned: usize,
}

/// What became of a plan.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Progress {
    pub clauses: usize,
    /// They were on disk already.
    pub found: usize,
    pub rendered: usize,
    /// They hold nothing that can be said, or could not be rendered.
    pub failed: usize,
    /// Not rendered: the bound of the disk is reached.
    pub left: usize,
    /// Of all that is there now.
    pub samples: usize,
}

/// How often a renderer that gives way looks whether the machine is idle again.
const GIVE_WAY: Duration = Duration::from_millis(20);

/// Carries out a plan. `wait` is asked at every piece of sound and between clauses: it may hold the rendering up, and a
/// `Break` ends it. `tell` hears of the progress after every clause.
pub(super) fn carry_out(
    voice: &mut dyn Tts,
    sounds: &Sounds,
    plan: &Plan,
    wait: &mut dyn FnMut() -> ControlFlow<()>,
    tell: &mut dyn FnMut(&Progress),
) -> ControlFlow<(), Progress> {
    let mut progress = Progress { clauses: plan.clauses.len(), ..Progress::default() };
    let bound = sounds.store().map_or(u64::MAX, SoundStore::bytes_max);
    let mut bytes = 0;
    sounds.release();
    // First what is there, so that callers have it soon.
    let mut missing = Vec::new();
    for (place, clause) in plan.clauses.iter().enumerate() {
        if wait().is_break() {
            return ControlFlow::Break(());
        }
        let Some(samples) = sounds.index(voice, clause) else {
            missing.push((place, clause));
            continue;
        };
        bytes += SoundStore::bytes_of(samples);
        progress.found += 1;
        progress.samples += samples;
        if place < plan.pinned {
            sounds.pin(clause);
        }
        tell(&progress);
    }
    for (place, clause) in missing {
        if bytes >= bound {
            progress.left += 1;
            continue;
        }
        match render(voice, sounds, clause, wait)? {
            Some(samples) => {
                bytes += SoundStore::bytes_of(samples);
                progress.rendered += 1;
                progress.samples += samples;
            }
            None => progress.failed += 1,
        }
        if place < plan.pinned {
            sounds.pin(clause);
        }
        tell(&progress);
    }
    ControlFlow::Continue(progress)
}

/// Renders one clause into memory and onto the disk; its length, or `None` when it cannot be said.
fn render(
    voice: &mut dyn Tts,
    sounds: &Sounds,
    clause: &str,
    wait: &mut dyn FnMut() -> ControlFlow<()>,
) -> ControlFlow<(), Option<usize>> {
    wait()?;
    // Said to a caller in the meantime.
    let ready = match sounds.look(clause) {
        super::cache::Sound::Ready(sound) => Some(sound),
        _ => None,
    };
    let sound = match ready {
        Some(sound) => sound,
        None => {
            let mut whole = Vec::new();
            let mut stopped = false;
            let result = voice.speak(clause, &mut |piece| {
                whole.extend_from_slice(piece);
                let go_on = wait();
                stopped = go_on.is_break();
                go_on
            });
            match result {
                _ if stopped => return ControlFlow::Break(()),
                Ok(()) => Arc::new(whole),
                // Only punctuation, or only what the voice has no sound for: the front end has told of it.
                Err(SpeechError::Unspeakable(_)) => return ControlFlow::Continue(None),
                Err(error) => {
                    tracing::error!(%error, "a clause could not be rendered ahead");
                    return ControlFlow::Continue(None);
                }
            }
        }
    };
    if let Err(error) = sounds.keep(voice, clause, &sound) {
        tracing::warn!(%error, "rendered sound could not be kept on disk");
    }
    ControlFlow::Continue(Some(sound.len()))
}

#[derive(Default)]
struct Task {
    plan: Option<Plan>,
    /// What it gives way to.
    before: Vec<Load>,
    closed: bool,
}

#[derive(Default)]
struct Shared {
    task: Mutex<Task>,
    wake: Condvar,
}

impl Shared {
    // Holds no half-made task: setting one cannot panic midway.
    fn lock(&self) -> MutexGuard<'_, Task> {
        self.task.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next plan; `None` at the end.
    fn next(&self) -> Option<Plan> {
        let mut task = self.lock();
        loop {
            if task.closed {
                return None;
            }
            if let Some(plan) = task.plan.take() {
                return Some(plan);
            }
            task = self.wake.wait(task).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Returns when nobody who comes first has work; `Break` when this plan is given up.
    fn give_way(&self) -> ControlFlow<()> {
        let mut task = self.lock();
        loop {
            if task.closed || task.plan.is_some() {
                return ControlFlow::Break(());
            }
            if task.before.iter().all(Load::is_idle) {
                return ControlFlow::Continue(());
            }
            let waited = self.wake.wait_timeout(task, GIVE_WAY);
            task = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// The thread that renders ahead. Another plan replaces the one under way.
pub(super) struct Ahead {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Ahead {
    pub fn start(mut voice: Box<dyn Tts>, sounds: Arc<Sounds>) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let body = {
            let shared = shared.clone();
            move || {
                while let Some(plan) = shared.next() {
                    let wait = &mut || shared.give_way();
                    let done = carry_out(voice.as_mut(), &sounds, &plan, wait, &mut |_| {});
                    if let ControlFlow::Continue(progress) = done {
                        report(&progress);
                    }
                }
            }
        };
        let thread = std::thread::Builder::new().name("tts-ahead".into()).spawn(body)?;
        Ok(Ahead { shared, thread: Some(thread) })
    }

    pub fn set(&self, plan: Plan, before: Vec<Load>) {
        let mut task = self.shared.lock();
        task.plan = Some(plan);
        task.before = before;
        drop(task);
        self.shared.wake.notify_all();
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.wake.notify_all();
        if let Some(thread) = self.thread.take() {
            // A panic of it has been printed; there is nobody left to tell.
            let _ = thread.join();
        }
    }
}

fn report(progress: &Progress) {
    let Progress { clauses, found, rendered, failed, left, .. } = *progress;
    tracing::info!(clauses, found, rendered, failed, left, "what is sure to be said is rendered");
    if left > 0 {
        tracing::warn!(left, "the cache of rendered speech is full; raise voice.cache_mb");
    }
}
