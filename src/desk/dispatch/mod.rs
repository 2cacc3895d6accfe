//! 派单: who is responsible for a case, by rules that are data, and why.
//!
//! A rule says for which categories, places, roads, words and times which unit is responsible, with whom, and on what
//! rule pack (the deadlines of a jurisdiction). Of several that fire the most particular counts: a higher `priority`
//! first, then one that names roads or words, then the smaller place, the finer category, the narrower time. Two of
//! the same strength are both shown. Nothing is ever dispatched by a rule alone: staff take a suggestion or leave it.
//!
//! The rule behind it: a clear owner gets the case directly, a street's case is copied to its district, else the
//! district decides (北京市接诉即办工作条例 §12, §14).

mod check;
mod hours;
mod learned;
mod read;
mod suggest;
mod units;

pub use check::check;
pub use hours::Occurred;
pub use learned::{Learned, NEIGHBOURS_MAX, Past, learned};
pub use suggest::{Decision, Miss, Suggestion, Verdict, Why};
pub use units::{Level, Target, Unit};

use crate::kernel::Civil;
pub use crate::kernel::{Fault, Faults, Gravity};
use hours::Times;
use units::Directory;

/// The rules of a sample city that ship with the program.
pub const BUILTIN: (&str, &str) =
    ("rules/zh-CN/dispatch.toml", include_str!("../../../rules/zh-CN/dispatch.toml"));

/// A category of the taxonomy that is in use: code and name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Category {
    pub code: String,
    pub name: String,
}

/// Deadlines and procedure of a jurisdiction, by name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pack {
    pub code: String,
    pub name: String,
    /// The document that it comes from.
    pub source: String,
    /// The rule pack that its deadlines are counted by: a code that ships, or a file. Empty: none.
    pub clock: String,
    /// Code of the procedure of that pack.
    pub procedure: String,
    /// Of its `[[pack]]` in the file, from 1.
    pub line: usize,
}

/// One rule as written. Empty lists and texts ask for nothing.
#[derive(Clone, PartialEq, Debug)]
pub struct Rule {
    pub id: String,
    /// Of its `[[rule]]` in the file, from 1.
    pub line: usize,
    /// Beginnings of category codes; an empty one is every category.
    pub categories: Vec<String>,
    /// Division codes; an empty one is every place.
    pub places: Vec<String>,
    /// Any of them in the words of the place.
    pub roads: Vec<String>,
    /// Any of them in the words of the matter or of the place.
    pub words: Vec<String>,
    /// None of them there.
    pub unless: Vec<String>,
    times: Times,
    pub to: Target,
    pub with: Vec<Target>,
    pub pack: String,
    pub priority: i64,
}

/// What a case must be known for; empty where it is not known.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Case<'a> {
    /// 0101.
    pub category: &'a str,
    /// Division code of 2, 4, 6 or 9 digits.
    pub place: &'a str,
    /// The place in words: 金华市婺城区白龙桥镇 临江路工地.
    pub address: &'a str,
    /// What the caller tells.
    pub words: &'a str,
    pub occurred: Occurred,
    pub registered: Civil,
}

/// A whole file of rules, checked in its parts: what it names is there.
#[derive(Clone, PartialEq, Debug)]
pub struct Rules {
    pub name: String,
    file: String,
    directory: Directory,
    packs: Vec<Pack>,
    default_pack: String,
    rules: Vec<Rule>,
    /// Who gets a copy of what goes to a street or a town.
    copy: Option<Target>,
    categories: Vec<Category>,
}

impl Rules {
    /// Reads a file's `text`; `file` names it in faults, `categories` are those of the taxonomy in use.
    ///
    /// # Errors
    /// Everything that makes the file unusable, each with its line. Conflicts and gaps are no such faults: [`check`]
    /// finds them.
    pub fn parse(file: &str, text: &str, categories: &[Category]) -> Result<Rules, Faults> {
        read::rules(file, text, categories)
    }

    /// No rule, no unit: staff decide everything.
    pub fn none() -> Rules {
        Rules {
            name: String::new(),
            file: String::new(),
            directory: Directory::default(),
            packs: Vec::new(),
            default_pack: String::new(),
            rules: Vec::new(),
            copy: None,
            categories: Vec::new(),
        }
    }

    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    pub fn units(&self) -> &[Unit] {
        self.directory.units()
    }

    /// The code of a category that is told by its name or code.
    pub fn category_of(&self, told: &str) -> Option<&str> {
        let found =
            self.categories.iter().find(|category| category.name == told || category.code == told);
        found.map(|category| category.code.as_str())
    }

    pub fn category_name(&self, code: &str) -> Option<&str> {
        self.categories
            .iter()
            .find(|category| category.code == code)
            .map(|category| category.name.as_str())
    }

    /// The smallest division of the jurisdiction that an address in words names.
    pub fn place_of(&self, address: &str) -> Option<&str> {
        self.directory.place_of(address)
    }

    /// A division of the jurisdiction: 婺城区 for 330702.
    pub fn place_name(&self, code: &str) -> Option<&str> {
        self.directory.division(code)
    }

    /// Those of the taxonomy in use.
    pub fn categories(&self) -> &[Category] {
        &self.categories
    }

    /// The file, for errors.
    pub fn file(&self) -> &str {
        &self.file
    }

    pub fn packs(&self) -> &[Pack] {
        &self.packs
    }

    pub fn pack(&self, code: &str) -> Option<&Pack> {
        self.packs.iter().find(|pack| pack.code == code)
    }

    /// The pack of a case that no rule gives one.
    pub fn default_pack(&self) -> Option<&Pack> {
        self.pack(&self.default_pack)
    }

    /// A unit by its code or its whole name.
    pub fn unit(&self, told: &str) -> Option<&Unit> {
        let by_name = || self.units().iter().find(|unit| unit.name == told);
        self.directory.unit(told).or_else(by_name)
    }

    /// Who gets a copy of what goes to `unit`: the district of a street or a town.
    pub fn copied_with(&self, unit: &Unit) -> Option<&Unit> {
        if unit.level != Level::Township {
            return None;
        }
        let place = unit.places.first()?;
        let copy = self.directory.resolve(self.copy.as_ref()?, place)?;
        (copy.code != unit.code).then_some(copy)
    }
}
