//! What is wrong with a base's files: file, line, field and how to mend, all at once.

use std::fmt;
use std::path::{Path, PathBuf};

use super::base::Origin;
use super::read;

/// One thing that is wrong in one file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LoadError {
    pub file: PathBuf,
    /// From 1; 0 when it concerns the file as a whole.
    pub line: usize,
    /// `asks`, `source.date`; empty when it concerns no one field.
    pub field: String,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub mend: String,
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if !self.field.is_empty() {
            write!(f, ": {}", self.field)?;
        }
        write!(f, ": {}; {}", self.problem, self.mend)
    }
}

/// Everything that is wrong with a base, in the order of files and lines. Never empty as an error.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LoadErrors(pub Vec<LoadError>);

impl fmt::Display for LoadErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, error) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for LoadErrors {}

/// What `huiyin kb check` shows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// TOML files read.
    pub files: usize,
    /// Items without any error.
    pub items: usize,
    /// Ways of asking in them.
    pub asks: usize,
    pub errors: Vec<LoadError>,
}

impl Report {
    pub fn is_good(&self) -> bool {
        self.errors.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for error in &self.errors {
            writeln!(f, "{error}")?;
        }
        write!(
            f,
            "{} files, {} good items, {} ways of asking, ",
            self.files, self.items, self.asks
        )?;
        match self.errors.len() {
            0 => f.write_str("no errors"),
            1 => f.write_str("1 error"),
            n => write!(f, "{n} errors"),
        }
    }
}

/// Reads a base as [`super::Base::load`] does and tells everything about it, good or bad.
pub fn check(path: &Path) -> Report {
    check_all(&[Origin::Folder(path.into())])
}

/// The same for several bases together, as [`super::Base::of`] reads them.
pub fn check_all(origins: &[Origin]) -> Report {
    report(read::bases(origins))
}

/// The same for a folder as it would be with these files in it, each by its name and text, in place of those it has.
pub fn check_with(folder: &Path, texts: &[(String, String)]) -> Report {
    report(read::folder_with(folder, texts))
}

fn report(reading: read::Reading) -> Report {
    Report {
        files: reading.files,
        items: reading.items.len(),
        asks: reading.items.iter().map(|item| item.asks.len()).sum(),
        errors: reading.errors,
    }
}
