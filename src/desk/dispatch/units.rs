//! 承办单位: units on four levels, and which of them a rule means at a place.

use std::collections::BTreeMap;

/// 省, 市, 县(市、区), 乡镇(街道).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Level {
    Province,
    City,
    County,
    Township,
}

impl Level {
    pub const ALL: [Level; 4] = [Level::Province, Level::City, Level::County, Level::Township];

    pub const fn key(self) -> &'static str {
        match self {
            Level::Province => "province",
            Level::City => "city",
            Level::County => "county",
            Level::Township => "township",
        }
    }

    pub fn from_key(key: &str) -> Option<Level> {
        Level::ALL.into_iter().find(|level| level.key() == key)
    }

    /// Digits of a division's code on this level.
    pub const fn digits(self) -> usize {
        match self {
            Level::Province => 2,
            Level::City => 4,
            Level::County => 6,
            Level::Township => 9,
        }
    }

    pub fn of_place(code: &str) -> Option<Level> {
        Level::ALL.into_iter().find(|level| level.digits() == code.len())
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unit {
    /// `police-330702`, or as the file names it.
    pub code: String,
    /// 婺城区公安分局.
    pub name: String,
    pub kind: String,
    pub level: Level,
    /// The divisions that it serves, all of its own level.
    pub places: Vec<String>,
    /// 网格员 and others who may be named for a ticket; empty: anybody whom the unit names.
    pub members: Vec<String>,
}

/// Whom a rule names.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Target {
    /// A unit by its code, wherever the case is.
    Unit(String),
    /// The unit of a kind that serves the case's place on a level: `police@county`.
    Kind { kind: String, level: Level },
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Target::Unit(code) => f.write_str(code),
            Target::Kind { kind, level } => write!(f, "{kind}@{}", level.key()),
        }
    }
}

/// A kind of unit that stands once in every division of its levels.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Kind {
    pub(super) code: String,
    pub(super) name: String,
    /// In a 街道, where it differs: 办事处 for 人民政府.
    pub(super) street_name: String,
    pub(super) levels: Vec<Level>,
}

/// All units, and the divisions of the jurisdiction.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Directory {
    divisions: BTreeMap<String, String>,
    kinds: Vec<Kind>,
    units: Vec<Unit>,
}

impl Directory {
    /// `own`: units that are named one by one; they stand in the place of their kind's.
    pub(super) fn new(
        divisions: BTreeMap<String, String>,
        kinds: Vec<Kind>,
        own: Vec<Unit>,
    ) -> Directory {
        let mut units = own;
        let named = units.len();
        for kind in &kinds {
            for (code, name) in &divisions {
                let Some(level) = Level::of_place(code).filter(|level| kind.levels.contains(level))
                else {
                    continue;
                };
                let taken = units.iter().take(named).any(|unit| {
                    unit.kind == kind.code && unit.level == level && unit.places.contains(code)
                });
                if !taken {
                    units.push(kind.unit_of(&divisions, code, name, level));
                }
            }
        }
        Directory { divisions, kinds, units }
    }

    pub(super) fn units(&self) -> &[Unit] {
        &self.units
    }

    pub(super) fn has_kind(&self, code: &str) -> bool {
        self.kinds.iter().any(|kind| kind.code == code)
    }

    pub(super) fn kind_codes(&self) -> Vec<&str> {
        self.kinds.iter().map(|kind| kind.code.as_str()).collect()
    }

    pub(super) fn division(&self, code: &str) -> Option<&str> {
        self.divisions.get(code).map(String::as_str)
    }

    /// The smallest division that an address names, below the one above it where that is named too. Nothing where
    /// several bear the name and the address does not tell which.
    pub(super) fn place_of(&self, address: &str) -> Option<&str> {
        let mut named: Vec<&str> = self
            .divisions
            .iter()
            .filter(|(_, name)| address.contains(name.as_str()))
            .map(|(code, _)| code.as_str())
            .collect();
        let deepest = named.iter().map(|code| code.len()).max()?;
        let parent_named = |code: &&str| {
            named
                .iter()
                .any(|above| above.len() < code.len() && above.len() > 4 && code.starts_with(above))
        };
        let below: Vec<&str> = named
            .iter()
            .copied()
            .filter(|code| code.len() == deepest)
            .filter(parent_named)
            .collect();
        if let [one] = below.as_slice() {
            return Some(one);
        }
        named.retain(|code| code.len() == deepest);
        <[&str; 1]>::try_from(named).ok().map(|[one]| one)
    }

    /// The smallest divisions: those that hold no other.
    pub(super) fn leaves(&self) -> Vec<&str> {
        let holds = |code: &str| {
            let mut after = self.divisions.range(code.to_owned()..).skip(1);
            after.next().is_some_and(|(next, _)| next.starts_with(code))
        };
        self.divisions.keys().map(String::as_str).filter(|code| !holds(code)).collect()
    }

    pub(super) fn unit(&self, code: &str) -> Option<&Unit> {
        self.units.iter().find(|unit| unit.code == code)
    }

    /// The unit meant for a case at `place`; `None` where the place is not known well enough, or nobody is there.
    pub(super) fn resolve(&self, target: &Target, place: &str) -> Option<&Unit> {
        match target {
            Target::Unit(code) => self.unit(code),
            Target::Kind { kind, level } => {
                let division = place.get(..level.digits())?;
                self.units.iter().find(|unit| {
                    unit.kind == *kind
                        && unit.level == *level
                        && unit.places.iter().any(|p| p == division)
                })
            }
        }
    }
}

impl Kind {
    fn unit_of(
        &self,
        divisions: &BTreeMap<String, String>,
        code: &str,
        name: &str,
        level: Level,
    ) -> Unit {
        let (stem, own) = match name.strip_suffix("街道") {
            Some(_) if !self.street_name.is_empty() => (name, &self.street_name),
            _ => (name, &self.name),
        };
        // 婺城区白龙桥镇人民政府: towns of one name are in many counties.
        let above =
            code.get(..6).filter(|_| level == Level::Township).and_then(|code| divisions.get(code));
        Unit {
            code: format!("{}-{code}", self.code),
            name: format!("{}{stem}{own}", above.map_or("", String::as_str)),
            kind: self.code.clone(),
            level,
            places: vec![code.to_owned()],
            members: Vec::new(),
        }
    }
}
