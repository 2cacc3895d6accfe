//! Rendered sound on disk, so that a restart does not render it again: a file for each clause, named by the hash of the
//! voice and of what it says. A file that is not whole is no file.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

use crate::speech::Tts;
use crate::speech::engine::SAMPLE_RATE;

const MAGIC: &[u8; 4] = b"HYS1";
/// Magic, rate, samples (both little-endian 32 bits), SHA-256 of the samples.
const HEADER: usize = 4 + 4 + 4 + 32;
/// The longest clause that is believed: five minutes.
const SAMPLES_MAX: usize = 300 * SAMPLE_RATE as usize;
const ENDING: &str = ".sound";
const UNFINISHED: &str = ".part";
/// An unfinished file of this age belongs to nobody any more.
const ABANDONED: Duration = Duration::from_secs(3600);

/// Names one clause in one voice: 32 hexadecimal digits.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SoundKey(String);

impl SoundKey {
    /// Another voice, another version of it, or another way to read the text: another key.
    pub fn of(voice: &dyn Tts, text: &str) -> SoundKey {
        let mut hash = Sha256::new();
        for part in [voice.name(), &voice.form(text)] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        SoundKey(hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect())
    }
}

/// A folder of rendered sound, shared by the processes that use it.
pub struct SoundStore {
    folder: PathBuf,
    bytes_max: u64,
    written: AtomicU64,
}

impl SoundStore {
    /// Makes the folder where it is not there. At most `bytes_max` are kept in it.
    pub fn open(folder: &Path, bytes_max: u64) -> io::Result<SoundStore> {
        fs::create_dir_all(folder)?;
        let store =
            SoundStore { folder: folder.to_path_buf(), bytes_max, written: AtomicU64::new(0) };
        store.sweep()?;
        Ok(store)
    }

    /// The sound, when the file is there and whole; it then counts as used now.
    pub fn load(&self, key: &SoundKey) -> Option<Vec<i16>> {
        let mut file = File::open(self.path(key)).ok()?;
        let mut head = [0; HEADER];
        file.read_exact(&mut head).ok()?;
        let samples = samples_of(&head)?;
        let mut data = Vec::with_capacity(samples * 2);
        // One byte more than there must be tells a file that goes on.
        (&file).take(samples as u64 * 2 + 1).read_to_end(&mut data).ok()?;
        if data.len() != samples * 2 || head[HEADER - 32..] != *Sha256::digest(&data) {
            return None;
        }
        let _ = file.set_modified(SystemTime::now());
        Some(data.as_chunks::<2>().0.iter().map(|pair| i16::from_le_bytes(*pair)).collect())
    }

    /// Writes the sound, then drops what was not used for longest until the bound holds. False: it is longer than all that
    /// may be kept.
    pub fn put(&self, key: &SoundKey, sound: &[i16]) -> io::Result<bool> {
        let bytes = Self::bytes_of(sound.len());
        if sound.len() > SAMPLES_MAX || bytes > self.bytes_max {
            return Ok(false);
        }
        let data: Vec<u8> = sound.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        // Written beside and renamed, so that nobody reads half a file; the name keeps two writers apart.
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let unfinished = format!("{}.{}-{number}{UNFINISHED}", key.0, std::process::id());
        let unfinished = self.folder.join(unfinished);
        let written =
            write(&unfinished, &data).and_then(|()| fs::rename(&unfinished, self.path(key)));
        if let Err(error) = written {
            let _ = fs::remove_file(&unfinished);
            return Err(error);
        }
        self.trim(key)?;
        Ok(true)
    }

    /// What a sound of so many samples takes on disk.
    pub const fn bytes_of(samples: usize) -> u64 {
        (HEADER + 2 * samples) as u64
    }

    pub const fn bytes_max(&self) -> u64 {
        self.bytes_max
    }

    /// What all files take.
    pub fn bytes(&self) -> io::Result<u64> {
        Ok(self.files(ENDING)?.iter().map(|file| file.bytes).sum())
    }

    fn path(&self, key: &SoundKey) -> PathBuf {
        self.folder.join(format!("{}{ENDING}", key.0))
    }

    fn trim(&self, newest: &SoundKey) -> io::Result<()> {
        let mut files = self.files(ENDING)?;
        let mut bytes: u64 = files.iter().map(|file| file.bytes).sum();
        if bytes <= self.bytes_max {
            return Ok(());
        }
        let newest = self.path(newest);
        files.sort_by_key(|file| file.used);
        for file in files.iter().filter(|file| file.path != newest) {
            if bytes <= self.bytes_max {
                break;
            }
            fs::remove_file(&file.path)?;
            bytes -= file.bytes;
        }
        Ok(())
    }

    /// Takes away what writers left that did not come to their end.
    fn sweep(&self) -> io::Result<()> {
        let now = SystemTime::now();
        for file in self.files(UNFINISHED)? {
            if now.duration_since(file.used).is_ok_and(|age| age > ABANDONED) {
                fs::remove_file(&file.path)?;
            }
        }
        Ok(())
    }

    /// Our own files; what else lies in the folder is not ours to count or to remove.
    fn files(&self, ending: &str) -> io::Result<Vec<Kept>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let stem = name.to_str().and_then(|name| name.strip_suffix(ending));
            if !stem.is_some_and(is_ours) {
                continue;
            }
            // Gone since: another process has trimmed.
            let Ok(about) = entry.metadata() else { continue };
            let used = about.modified()?;
            files.push(Kept { path: entry.path(), bytes: about.len(), used });
        }
        Ok(files)
    }
}

struct Kept {
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
}

fn is_ours(stem: &str) -> bool {
    let key = stem.split('.').next().unwrap_or_default();
    key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// `None`: not our file, or of another rate, or of a length that cannot be.
fn samples_of(head: &[u8; HEADER]) -> Option<usize> {
    let (magic, rest) = head.split_first_chunk::<4>()?;
    let (rate, rest) = rest.split_first_chunk::<4>()?;
    let (samples, _) = rest.split_first_chunk::<4>()?;
    let samples = u32::from_le_bytes(*samples) as usize;
    let right = magic == MAGIC && u32::from_le_bytes(*rate) == SAMPLE_RATE;
    (right && samples <= SAMPLES_MAX).then_some(samples)
}

fn write(path: &Path, data: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(MAGIC)?;
    file.write_all(&SAMPLE_RATE.to_le_bytes())?;
    file.write_all(&(data.len() as u32 / 2).to_le_bytes())?;
    file.write_all(&Sha256::digest(data))?;
    file.write_all(data)
}
