//! Names, numbers and words of callers. A [`Pii`] prints masked whatever prints it; only `reveal` shows it.

use std::fmt;

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Pii<T>(T);

impl<T> Pii<T> {
    pub const fn new(value: T) -> Self {
        Pii(value)
    }

    /// The value itself: for the store, the voice and authorised pages, never for a log.
    pub const fn reveal(&self) -> &T {
        &self.0
    }

    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T: AsRef<str>> Pii<T> {
    /// `138****0000` for a number, `王**` for a name.
    pub fn masked(&self) -> String {
        mask(self.0.as_ref())
    }
}

impl<T> fmt::Debug for Pii<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl<T> fmt::Display for Pii<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Keeps the first three and last four of eight or more characters, else the first alone.
pub fn mask(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    if chars.len() >= 8 {
        let head: String = chars.iter().take(3).collect();
        let tail: String = chars.iter().skip(chars.len() - 4).collect();
        format!("{head}****{tail}")
    } else {
        let head: String = chars.iter().take(1).collect();
        format!("{head}{}", "*".repeat(chars.len().saturating_sub(1)))
    }
}
