//! The record of what citizens answered, as a chain: every record carries the SHA-256 (FIPS 180-4) of the one before, so
//! that altering, removing, inserting or exchanging one breaks the chain at that place. What a chain cannot show by itself
//! is that its end was cut off, or that all of it was written anew: for that its [`Head`] is published.
//!
//! The bytes of a record are its number, the hash before, its kind, its subject and its body, each but the last ended by
//! a line feed, in UTF-8; hashes are written as 64 small hexadecimal digits. So a record is recomputed with
//! `printf '%s\n%s\n%s\n%s\n%s' SEQ PREV KIND SUBJECT BODY | sha256sum`.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use super::error::SurveyError;

/// A SHA-256, written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Digest([u8; 32]);

impl Digest {
    pub fn of(bytes: &[u8]) -> Digest {
        Digest(Sha256::digest(bytes).into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = SurveyError;

    fn from_str(text: &str) -> Result<Digest, SurveyError> {
        let wrong = || SurveyError::Digest(text.to_owned());
        let digits = text.as_bytes();
        if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(wrong());
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| wrong())?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
        }
        Ok(Digest(bytes))
    }
}

/// Where a chain ends: so many records, and the hash of the last; all zeros before the first. Written `12:9f86d0…`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Head {
    pub count: u64,
    pub hash: Digest,
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.count, self.hash)
    }
}

impl FromStr for Head {
    type Err = SurveyError;

    fn from_str(text: &str) -> Result<Head, SurveyError> {
        let read = || {
            let (count, hash) = text.split_once(':')?;
            Some(Head { count: count.parse().ok()?, hash: hash.parse().ok()? })
        };
        read().ok_or_else(|| SurveyError::Head(text.to_owned()))
    }
}

/// One record of the chain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// From 1, without a gap.
    pub seq: u64,
    /// `answer`, `attempt` …: what the body tells.
    pub kind: String,
    /// Which row of that kind: `12/3`.
    pub subject: String,
    /// [`Body`]'s lines.
    pub body: String,
    pub prev: Digest,
    pub hash: Digest,
}

impl Record {
    /// The record that continues a chain which ends at `head`.
    pub fn after(head: Head, kind: &str, subject: &str, body: String) -> Record {
        let mut record = Record {
            seq: head.count + 1,
            kind: kind.to_owned(),
            subject: subject.to_owned(),
            body,
            prev: head.hash,
            hash: Digest::default(),
        };
        record.hash = record.sum();
        record
    }

    /// What its hash must be.
    pub fn sum(&self) -> Digest {
        let Record { seq, kind, subject, body, prev, hash: _ } = self;
        Digest::of(format!("{seq}\n{prev}\n{kind}\n{subject}\n{body}").as_bytes())
    }

    pub const fn head(&self) -> Head {
        Head { count: self.seq, hash: self.hash }
    }
}

/// The canonical text of a row: a line `name=value` for every field that has a value, in the order given. A backslash in
/// a value is doubled and a line feed becomes `\n`, so that two different rows never have one text.
#[derive(Clone, Debug, Default)]
pub struct Body(String);

impl Body {
    pub fn new() -> Body {
        Body::default()
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: impl fmt::Display) -> Body {
        let value = value.to_string().replace('\\', "\\\\").replace('\n', "\\n");
        if !self.0.is_empty() {
            self.0.push('\n');
        }
        self.0.push_str(name);
        self.0.push('=');
        self.0.push_str(&value);
        self
    }

    #[must_use]
    pub fn maybe(self, name: &str, value: Option<impl fmt::Display>) -> Body {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    pub fn text(self) -> String {
        self.0
    }
}

/// Where and how a chain is broken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Broken {
    /// Record `expected` should come and `found` does: something was removed, inserted or exchanged.
    Order { expected: u64, found: u64 },
    /// The record's own bytes do not give its hash.
    Altered { seq: u64 },
    /// It does not carry the hash of the record before: one of the two was replaced.
    Unlinked { seq: u64 },
    /// The published head is of a record that is not there any more.
    Cut { count: u64, wanted: u64 },
    /// The record of the published head has another hash: the chain was written anew.
    Rewritten { seq: u64 },
}

impl Broken {
    /// The first record that is not as it was.
    pub const fn seq(&self) -> u64 {
        match self {
            Broken::Order { expected, .. } => *expected,
            Broken::Altered { seq } | Broken::Unlinked { seq } | Broken::Rewritten { seq } => *seq,
            Broken::Cut { count, .. } => *count + 1,
        }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Broken::Order { expected, found } => write!(
                f,
                "record {expected} is expected and record {found} follows: one was removed, inserted or exchanged"
            ),
            Broken::Altered { seq } => {
                write!(f, "record {seq} was altered: its bytes do not give its hash")
            }
            Broken::Unlinked { seq } => write!(
                f,
                "record {seq} does not continue the one before: one of the two was replaced"
            ),
            Broken::Cut { count, wanted } => write!(
                f,
                "the chain ends with record {count}, and the published head is of record {wanted}: its end was cut off"
            ),
            Broken::Rewritten { seq } => write!(
                f,
                "record {seq} has not the hash that was published: the chain was written anew"
            ),
        }
    }
}

/// Checks a chain record by record, in the order of their numbers.
#[derive(Clone, Debug, Default)]
pub struct Check {
    head: Head,
    published: Option<Head>,
}

impl Check {
    /// `published`: a head that was given out earlier and must still be passed.
    pub fn new(published: Option<Head>) -> Check {
        Check { head: Head::default(), published }
    }

    pub fn next(&mut self, record: &Record) -> Result<(), Broken> {
        let seq = record.seq;
        let expected = self.head.count + 1;
        if seq != expected {
            return Err(Broken::Order { expected, found: seq });
        }
        if record.prev != self.head.hash {
            return Err(Broken::Unlinked { seq });
        }
        if record.hash != record.sum() {
            return Err(Broken::Altered { seq });
        }
        if self.published.is_some_and(|head| head.count == seq && head.hash != record.hash) {
            return Err(Broken::Rewritten { seq });
        }
        self.head = record.head();
        Ok(())
    }

    /// Where the chain ends, once all of it was passed.
    pub fn finish(self) -> Result<Head, Broken> {
        match self.published.filter(|head| head.count > self.head.count) {
            Some(head) => Err(Broken::Cut { count: self.head.count, wanted: head.count }),
            None => Ok(self.head),
        }
    }
}
