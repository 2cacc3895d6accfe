//! A base: all items of a folder of TOML files.

use std::path::Path;
use std::sync::Arc;

use super::check::LoadErrors;
use super::item::Item;
use super::read;

/// The items of one folder and what callers say that no item answers.
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
        let reading = read::folder(path);
        if reading.errors.is_empty() {
            Ok(Base::new(reading.items, reading.outside))
        } else {
            Err(LoadErrors(reading.errors))
        }
    }

    /// The base that ships with the program.
    pub fn builtin() -> Result<Base, LoadErrors> {
        let reading = read::texts(super::shipped::FILES);
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
