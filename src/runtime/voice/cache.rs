//! Rendered sound in memory, and what of it lies on disk.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::store::{SoundKey, SoundStore};
use crate::speech::Tts;

/// Sound is held up to this many samples: 32 MiB, 35 minutes.
const SAMPLES_MAX: usize = 16 << 20;
/// Of these at most so many for good.
const PINNED_MAX: usize = SAMPLES_MAX / 2;

#[derive(Default)]
struct Entry {
    sound: Option<Arc<Vec<i16>>>,
    /// Where it lies on disk.
    kept: Option<SoundKey>,
    pinned: bool,
    /// Higher is later.
    used: u64,
}

impl Entry {
    fn samples(&self) -> usize {
        self.sound.as_ref().map_or(0, |sound| sound.len())
    }
}

/// By text. What is pinned stays; of the rest that goes first which was not used for longest.
#[derive(Default)]
struct Cache {
    entries: HashMap<String, Entry>,
    samples: usize,
    pinned: usize,
    uses: u64,
}

impl Cache {
    fn use_of(&mut self) -> u64 {
        self.uses += 1;
        self.uses
    }

    fn get(&mut self, text: &str) -> Option<Arc<Vec<i16>>> {
        let used = self.use_of();
        let entry = self.entries.get_mut(text)?;
        entry.used = used;
        entry.sound.clone()
    }

    fn put(&mut self, text: &str, sound: Arc<Vec<i16>>) {
        let used = self.use_of();
        let entry = self.entries.entry(text.to_owned()).or_default();
        self.samples = self.samples - entry.samples() + sound.len();
        entry.sound = Some(sound);
        entry.used = used;
        while self.samples > SAMPLES_MAX && self.drop_oldest() {}
    }

    fn drop_oldest(&mut self) -> bool {
        let held = self.entries.iter().filter(|(_, e)| e.sound.is_some() && !e.pinned);
        let Some((text, _)) = held.min_by_key(|(_, entry)| entry.used) else { return false };
        let text = text.clone();
        if let Some(entry) = self.entries.get_mut(&text) {
            self.samples -= entry.samples();
            entry.sound = None;
            if entry.kept.is_none() {
                self.entries.remove(&text);
            }
        }
        true
    }

    /// The disk does not have it after all.
    fn forget(&mut self, text: &str) {
        if let Some(entry) = self.entries.get_mut(text) {
            entry.kept = None;
            if entry.sound.is_none() {
                self.entries.remove(text);
            }
        }
    }

    fn pin(&mut self, text: &str) {
        let Some(entry) = self.entries.get_mut(text) else { return };
        let samples = entry.samples();
        if !entry.pinned && samples > 0 && self.pinned + samples <= PINNED_MAX {
            entry.pinned = true;
            self.pinned += samples;
        }
    }

    /// Nothing is pinned, and nothing is known of the disk.
    fn release(&mut self) {
        self.pinned = 0;
        for entry in self.entries.values_mut() {
            entry.pinned = false;
            entry.kept = None;
        }
        self.entries.retain(|_, entry| entry.sound.is_some());
    }
}

/// How soon a text can be heard.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Sound {
    Ready(Arc<Vec<i16>>),
    OnDisk,
    Unknown,
}

/// All rendered sound: memory in front, the disk behind it.
pub(super) struct Sounds {
    cache: Mutex<Cache>,
    store: Option<SoundStore>,
}

impl Sounds {
    pub fn new(store: Option<SoundStore>) -> Self {
        Sounds { cache: Mutex::default(), store }
    }

    // A thread that panicked holds no half-made entry: nothing here panics midway.
    fn lock(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn store(&self) -> Option<&SoundStore> {
        self.store.as_ref()
    }

    /// Looks into memory only, so a frame task may ask.
    pub fn look(&self, text: &str) -> Sound {
        let mut cache = self.lock();
        match cache.get(text) {
            Some(sound) => Sound::Ready(sound),
            None if cache.entries.get(text).is_some_and(|e| e.kept.is_some()) => Sound::OnDisk,
            None => Sound::Unknown,
        }
    }

    /// Looks whether the disk has it whole, and remembers that; in memory only while there is room. Its length. Blocks.
    pub fn index(&self, voice: &dyn Tts, text: &str) -> Option<usize> {
        let key = SoundKey::of(voice, text);
        let sound = self.store.as_ref()?.load(&key)?;
        let samples = sound.len();
        let mut cache = self.lock();
        if cache.samples + samples <= SAMPLES_MAX {
            cache.put(text, Arc::new(sound));
        }
        cache.entries.entry(text.to_owned()).or_default().kept = Some(key);
        Some(samples)
    }

    /// From memory, or from where it is known to lie on disk. Blocks.
    pub fn fetch(&self, text: &str) -> Option<Arc<Vec<i16>>> {
        let key = {
            let mut cache = self.lock();
            if let Some(sound) = cache.get(text) {
                return Some(sound);
            }
            cache.entries.get(text)?.kept.clone()?
        };
        self.read(text, key)
    }

    /// From memory or disk, for a text of which the disk may know although we do not. Blocks.
    pub fn find(&self, voice: &dyn Tts, text: &str) -> Option<Arc<Vec<i16>>> {
        if let Sound::Ready(sound) = self.look(text) {
            return Some(sound);
        }
        self.store.as_ref()?;
        self.read(text, SoundKey::of(voice, text))
    }

    fn read(&self, text: &str, key: SoundKey) -> Option<Arc<Vec<i16>>> {
        let found = self.store.as_ref().and_then(|store| store.load(&key));
        let mut cache = self.lock();
        let Some(sound) = found.map(Arc::new) else {
            cache.forget(text);
            return None;
        };
        cache.put(text, sound.clone());
        if let Some(entry) = cache.entries.get_mut(text) {
            entry.kept = Some(key);
        }
        Some(sound)
    }

    /// Into memory alone: what is said to one caller is of no use to others, and is not written down.
    pub fn put(&self, text: &str, sound: Arc<Vec<i16>>) {
        self.lock().put(text, sound);
    }

    /// Onto the disk too. Blocks.
    pub fn keep(&self, voice: &dyn Tts, text: &str, sound: &Arc<Vec<i16>>) -> std::io::Result<()> {
        self.put(text, sound.clone());
        let Some(store) = &self.store else { return Ok(()) };
        let key = SoundKey::of(voice, text);
        if store.put(&key, sound)?
            && let Some(entry) = self.lock().entries.get_mut(text)
        {
            entry.kept = Some(key);
        }
        Ok(())
    }

    /// Stays in memory, as long as what stays so is within its bound.
    pub fn pin(&self, text: &str) {
        self.lock().pin(text);
    }

    /// Another plan begins: what the last one kept in memory for good may go.
    pub fn release(&self) {
        self.lock().release();
    }
}
