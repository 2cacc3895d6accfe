//! What is wrong with a file that people write: where, and the way out.

use std::fmt;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Gravity {
    /// The file is not used with it.
    Error,
    /// It may be meant.
    Warning,
}

/// One fault of one file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    pub gravity: Gravity,
    pub file: String,
    /// From 1; 0 when it concerns the file as a whole.
    pub line: usize,
    /// `limit.yellow`; empty when it concerns no one field.
    pub field: String,
    pub problem: String,
    /// What to do about it.
    pub mend: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        let gravity = match self.gravity {
            Gravity::Error => "error",
            Gravity::Warning => "warning",
        };
        write!(f, ": {gravity}: ")?;
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        write!(f, "{}; {}", self.problem, self.mend)
    }
}

/// All faults of a file. Never empty as an error.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Faults(pub Vec<Fault>);

impl Faults {
    pub fn errors(&self) -> usize {
        self.0.iter().filter(|fault| fault.gravity == Gravity::Error).count()
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, fault) in self.0.iter().enumerate() {
            if n > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

/// Gathers the faults of one file, by the place in its text.
#[derive(Clone, Debug)]
pub struct Finder {
    file: String,
    starts: Vec<usize>,
    faults: Vec<Fault>,
}

impl Finder {
    pub fn new(file: &str, text: &str) -> Finder {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1));
        Finder { file: file.to_owned(), starts: starts.collect(), faults: Vec::new() }
    }

    /// The line, from 1, in which the byte stands.
    pub fn line(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset)
    }

    pub fn wrong(&mut self, offset: usize, field: &str, problem: &str, mend: &str) {
        let line = self.line(offset);
        self.add(Gravity::Error, line, field, problem, mend);
    }

    pub fn add(&mut self, gravity: Gravity, line: usize, field: &str, problem: &str, mend: &str) {
        self.faults.push(Fault {
            gravity,
            file: self.file.clone(),
            line,
            field: field.to_owned(),
            problem: problem.to_owned(),
            mend: mend.to_owned(),
        });
    }

    pub fn is_clean(&self) -> bool {
        self.faults.is_empty()
    }

    /// In the order of lines.
    pub fn faults(mut self) -> Faults {
        self.faults.sort_by_key(|fault| fault.line);
        Faults(self.faults)
    }
}
