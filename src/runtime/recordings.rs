//! Where recordings lie, and the threads that write them.

use std::path::{Path, PathBuf};

use crate::kernel::CallId;
use crate::media::record::{self, Tape};
use crate::store::recording_path;

#[derive(Clone, Debug)]
pub struct Recordings {
    dir: PathBuf,
}

impl Recordings {
    pub fn new(data_dir: &Path) -> Self {
        Recordings { dir: data_dir.join("recordings") }
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    pub fn path_of(&self, call: CallId) -> PathBuf {
        recording_path(&self.dir, call)
    }

    /// Opens the recording of a call. A disk that fails costs the recording, never the call; `None` then.
    pub fn begin(&self, call: CallId) -> Option<Tape> {
        let opened = record::open(&self.path_of(call)).and_then(|(tape, recorder)| {
            let name = format!("record-{call}");
            let writer = move || {
                if let Err(error) = recorder.run() {
                    tracing::error!(%call, %error, "a recording stopped");
                }
            };
            let path = self.path_of(call);
            std::thread::Builder::new()
                .name(name)
                .spawn(writer)
                .map_err(|source| crate::media::MediaError::Io { path, source })?;
            Ok(tape)
        });
        match opened {
            Ok(tape) => Some(tape),
            Err(error) => {
                tracing::error!(%call, %error, "a call is not recorded");
                None
            }
        }
    }

    /// Makes the headers of recordings true whose writer was killed.
    pub fn repair(&self) {
        let Ok(entries) = std::fs::read_dir(&self.dir) else { return };
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.extension().is_some_and(|e| e == "wav")
                && let Err(error) = record::repair(&path)
            {
                tracing::warn!(file = %path.display(), %error, "a recording could not be repaired");
            }
        }
    }
}
