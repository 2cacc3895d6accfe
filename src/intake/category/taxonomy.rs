//! A taxonomy of matters (事项分类): up to three levels, each entry with its code, its name, and the words of callers.

use std::fmt;

use super::read::Form;

/// Deeper taxonomies are refused.
pub const LEVELS_MAX: usize = 3;

/// One entry of a [`Taxonomy`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Entry {
    /// As the file gives it; else the names from the first level down, parted by `/`.
    pub code: String,
    /// As staff read it: 施工噪声.
    pub name: String,
    /// Place of the entry above in [`Taxonomy::entries`], always before this one.
    pub parent: Option<usize>,
    /// 1, 2 or 3.
    pub level: usize,
    /// What callers say when they mean it; and what only leans towards it.
    pub words: Vec<String>,
    pub hints: Vec<String>,
    /// Whole sentences about it, for likeness in meaning.
    pub like: Vec<String>,
    pub is_leaf: bool,
}

/// Entries in the file's order, every one after the one above it. Codes are unique, no name is empty.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Taxonomy {
    pub(super) entries: Vec<Entry>,
}

/// Where a taxonomy or a file of examples is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// From 1.
    pub line: usize,
    pub field: &'static str,
    /// What is wrong, and the way out.
    pub detail: String,
}

/// All that is wrong with a file.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub struct Faults {
    pub file: String,
    pub faults: Vec<Fault>,
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, fault) in self.faults.iter().enumerate() {
            let end = if n + 1 == self.faults.len() { "" } else { "\n" };
            write!(f, "{}:{}: {}: {}{end}", self.file, fault.line, fault.field, fault.detail)?;
        }
        Ok(())
    }
}

impl Taxonomy {
    /// The one that ships with the program.
    pub fn builtin() -> Result<Taxonomy, Faults> {
        Taxonomy::read(include_str!("../taxonomy.toml"), Form::Toml, "taxonomy.toml")
    }

    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub fn get(&self, code: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.code == code)
    }

    /// Deepest level that any entry has, 1 to 3.
    pub fn depth(&self) -> usize {
        self.entries.iter().map(|entry| entry.level).max().unwrap_or(1)
    }

    /// The entry above `entry` at `level`, or itself.
    pub(super) fn at_level(&self, mut entry: usize, level: usize) -> Option<usize> {
        loop {
            let found = self.entries.get(entry)?;
            if found.level == level {
                return Some(entry);
            }
            entry = found.parent?;
        }
    }

    /// Names from the first level down to `entry`, parted by `/`.
    pub fn path(&self, entry: usize) -> String {
        let mut names: Vec<&str> = Vec::new();
        let mut next = Some(entry);
        while let Some(found) = next.and_then(|n| self.entries.get(n)) {
            names.push(&found.name);
            next = found.parent;
        }
        names.reverse();
        names.join("/")
    }

    /// The entry of these names, from the first level down.
    pub fn find(&self, names: &[&str]) -> Option<usize> {
        let mut above = None;
        for name in names {
            above = self.entries.iter().position(|e| e.parent == above && e.name == *name);
            above?;
        }
        above
    }

    /// Adds an entry below `parent`; gives its place.
    pub(super) fn add(&mut self, entry: Entry) -> usize {
        let level = entry.parent.and_then(|p| self.entries.get(p)).map_or(0, |above| above.level);
        if let Some(above) = entry.parent.and_then(|p| self.entries.get_mut(p)) {
            above.is_leaf = false;
        }
        self.entries.push(Entry { level: level + 1, is_leaf: true, ..entry });
        self.entries.len() - 1
    }
}
