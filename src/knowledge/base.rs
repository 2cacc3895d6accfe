//! A base: all items of one or several folders of TOML files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::check::LoadErrors;
use super::item::Item;
use super::read;

/// Where a base comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// It ships with the program.
    Shipped,
    /// A folder with the folders in it, or one single file.
    Folder(PathBuf),
}

impl Origin {
    /// What a setting or an argument names: a path, or `builtin`.
    pub fn named(name: &Path) -> Origin {
        if name.as_os_str() == "builtin" { Origin::Shipped } else { Origin::Folder(name.into()) }
    }
}

/// Items, and what callers say that no item answers.
#[derive(Clone, Debug, Default)]
pub struct Base {
    items: Vec<Arc<Item>>,
    outside: Vec<String>,
}

impl Base {
    /// Reads every `*.toml` of a folder and the folders in it, in the order of their names (or one single file).
    ///
    /// # Errors
    /// Everything that is wrong in any of the files, with file, line, field and how to mend.
    pub fn load(path: &Path) -> Result<Base, LoadErrors> {
        Base::of(&[Origin::Folder(path.into())])
    }

    /// The base that ships with the program.
    ///
    /// # Errors
    /// As [`Base::load`].
    pub fn builtin() -> Result<Base, LoadErrors> {
        Base::of(&[Origin::Shipped])
    }

    /// Several bases as one: that of the province, and those of cities and departments over it ("1+N"). Ids are unique
    /// among all; within one base and region each way of asking belongs to one item.
    ///
    /// # Errors
    /// As [`Base::load`], and what one base replaces of another that is not there.
    pub fn of(origins: &[Origin]) -> Result<Base, LoadErrors> {
        let reading = read::bases(origins);
        if reading.errors.is_empty() {
            Ok(Base::new(reading.items, reading.outside))
        } else {
            Err(LoadErrors(reading.errors))
        }
    }

    /// A base of items made elsewhere: an import, a test.
    pub fn new(items: Vec<Item>, outside: Vec<String>) -> Base {
        Base { items: items.into_iter().map(Arc::new).collect(), outside }
    }

    /// The same of items that others hold too.
    pub fn shared(items: Vec<Arc<Item>>, outside: Vec<String>) -> Base {
        Base { items, outside }
    }

    pub fn items(&self) -> &[Arc<Item>] {
        &self.items
    }

    /// Examples of what is no question to the base: complaints, requests for help, small talk.
    pub fn outside(&self) -> &[String] {
        &self.outside
    }

    pub fn get(&self, id: &str) -> Option<&Arc<Item>> {
        self.items.iter().find(|item| item.id == id)
    }
}
