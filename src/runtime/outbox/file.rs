//! For the demo and for gateways that read files: one line of JSON a message, appended and synced. A key that the file has
//! already is not written again, also after a restart; a line that a crash has torn is taken back first.

use std::collections::{HashSet, VecDeque};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::Carrier;
use crate::kernel::Wall;
use crate::kernel::limits::MESSAGE_FILE_KEYS;
use crate::notice::{Failed, Message};

/// Appends to one file.
#[derive(Clone)]
pub struct FileCarrier(Arc<Mutex<Lines>>);

struct Lines {
    file: File,
    /// The last keys in the file, the oldest first.
    order: VecDeque<String>,
    keys: HashSet<String>,
}

#[derive(Serialize)]
struct Line<'a> {
    key: String,
    to: &'a str,
    text: &'a str,
    at_ms: i64,
}

#[derive(Deserialize)]
struct Written {
    key: String,
}

impl FileCarrier {
    /// Opens the file, makes it where there is none. Blocks.
    pub fn open(path: &Path) -> std::io::Result<FileCarrier> {
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(path)?;
        let mut lines =
            Lines { file: file.try_clone()?, order: VecDeque::new(), keys: HashSet::new() };
        let mut reader = BufReader::new(&mut file);
        let (mut whole, mut line) = (0, Vec::new());
        loop {
            line.clear();
            let read = reader.read_until(b'\n', &mut line)?;
            if !line.ends_with(b"\n") {
                break;
            }
            whole += read as u64;
            // What others wrote into it is left alone.
            if let Ok(Written { key }) = serde_json::from_slice(&line) {
                lines.remember(key);
            }
        }
        lines.file.set_len(whole)?;
        lines.file.seek(SeekFrom::End(0))?;
        Ok(FileCarrier(Arc::new(Mutex::new(lines))))
    }
}

impl Lines {
    fn remember(&mut self, key: String) {
        if self.keys.insert(key.clone()) {
            self.order.push_back(key);
        }
        if self.order.len() > MESSAGE_FILE_KEYS
            && let Some(oldest) = self.order.pop_front()
        {
            self.keys.remove(&oldest);
        }
    }

    fn append(&mut self, message: &Message) -> Result<(), Failed> {
        let key = message.key.to_string();
        if self.keys.contains(&key) {
            return Ok(());
        }
        let (to, text) = (message.to.reveal(), message.text.reveal());
        let line = Line { key: key.clone(), to, text, at_ms: message.at.unix_ms };
        let mut line = serde_json::to_vec(&line)
            .map_err(|_| Failed::Ever { why: "the message makes no JSON".into() })?;
        line.push(b'\n');
        let broken =
            |error: std::io::Error| Failed::now(format!("messages.file: {}", error.kind()));
        self.file.write_all(&line).and_then(|()| self.file.sync_data()).map_err(broken)?;
        self.remember(key);
        Ok(())
    }
}

#[async_trait]
impl Carrier for FileCarrier {
    async fn send(&self, message: &Message, _now: Wall) -> Result<(), Failed> {
        let (lines, message) = (self.0.clone(), message.clone());
        let written = tokio::task::spawn_blocking(move || match lines.lock() {
            Ok(mut lines) => lines.append(&message),
            Err(_) => Err(Failed::now("the file's owner has failed")),
        });
        written.await.unwrap_or_else(|_| Err(Failed::now("the file's owner has failed")))
    }
}
