//! What is wrong with a file of rules: where, and the way out.

use std::fmt;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Gravity {
    /// The file is not used with it, or a case would have no owner or two.
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
    /// `rule.places`; empty when it concerns no one field.
    pub field: String,
    pub problem: String,
    /// What to do about it.
    pub mend: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
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

/// All faults of a file, in the order of its lines. Never empty as an error.
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
