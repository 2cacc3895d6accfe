//! Cuts a stream into messages by their Content-Length (RFC 3261 18.3). What follows a message whose length cannot
//! be known is lost: the stream is broken.

use super::message::{Message, Text};
use super::too_long;

/// The bytes of one stream so far.
#[derive(Clone, Debug, Default)]
pub struct Framer {
    buffer: Vec<u8>,
    broken: Option<Vec<u8>>,
}

impl Framer {
    pub fn new() -> Self {
        Framer::default()
    }

    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Whether no message is half here.
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// The head that broke the stream, for an answer before it is closed.
    pub fn broken(&mut self) -> Option<Vec<u8>> {
        self.broken.take()
    }

    /// The next whole message. A ping (RFC 5626) is a message; other empty lines before a message are skipped
    /// (RFC 3261 7.5).
    pub fn next_message(&mut self) -> Option<Vec<u8>> {
        if self.broken.is_some() {
            return None;
        }
        if self.buffer.starts_with(super::PING) {
            return Some(self.buffer.drain(..super::PING.len()).collect());
        }
        let blank = self.buffer.iter().take_while(|byte| b"\r\n".contains(byte)).count();
        if blank == self.buffer.len() {
            return None;
        }
        self.buffer.drain(..blank);
        let Some(head) = find(&self.buffer, b"\r\n\r\n").map(|at| at + 4) else {
            if too_long(self.buffer.len()) {
                self.broken = Some(std::mem::take(&mut self.buffer));
            }
            return None;
        };
        let text = Text::of(self.buffer.get(..head).unwrap_or_default());
        let length = Message::read(&text).body_length();
        match length {
            Some(length) if !too_long(head.saturating_add(length)) => {
                let whole = head + length;
                (self.buffer.len() >= whole).then(|| self.buffer.drain(..whole).collect())
            }
            _ => {
                self.buffer.truncate(head);
                self.broken = Some(std::mem::take(&mut self.buffer));
                None
            }
        }
    }
}

pub fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}
