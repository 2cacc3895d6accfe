//! How an item comes to be served: drafted by one person, reviewed by another, published, withdrawn.
//!
//! What is served stays served while a new draft is being written. An item of a base's files needs no entry here until
//! somebody edits it.

use std::sync::Arc;

use super::base::Base;
use super::columns::{Column, differences};
use super::item::Item;
use super::rules::{self, Fault, Rule};

/// Where an item stands on its way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// 草稿.
    Draft,
    /// 已审.
    Reviewed,
    /// 已发布.
    Published,
    /// 停用.
    Withdrawn,
}

impl Stage {
    pub const ALL: [Stage; 4] = [Stage::Draft, Stage::Reviewed, Stage::Published, Stage::Withdrawn];

    pub const fn key(self) -> &'static str {
        match self {
            Stage::Draft => "draft",
            Stage::Reviewed => "reviewed",
            Stage::Published => "published",
            Stage::Withdrawn => "withdrawn",
        }
    }

    pub fn from_key(key: &str) -> Option<Stage> {
        Stage::ALL.into_iter().find(|stage| stage.key() == key)
    }
}

/// What callers get.
#[derive(Clone, PartialEq, Debug)]
pub enum Served {
    /// The item of the files; nothing where they have none.
    Filed,
    /// This one, in place of the files'.
    Own(Box<Item>),
    /// Nothing, whatever the files have.
    Nothing,
}

/// An item under an editor's hand.
#[derive(Clone, PartialEq, Debug)]
pub struct Entry {
    pub id: String,
    pub stage: Stage,
    /// What is being written or has been reviewed and is not published yet.
    pub draft: Option<Box<Item>>,
    pub served: Served,
    /// Who wrote on the draft, each once.
    pub authors: Vec<String>,
    pub reviewer: Option<String>,
}

/// What somebody does.
#[derive(Clone, PartialEq, Debug)]
pub enum Step {
    /// Write the draft. Its id stays the entry's.
    Write(Box<Item>),
    Review,
    /// Back to the author.
    Return,
    Publish,
    /// Callers get it no longer.
    Withdraw,
    /// Throw the draft away.
    Discard,
}

impl Step {
    pub const fn key(&self) -> &'static str {
        match self {
            Step::Write(_) => "write",
            Step::Review => "review",
            Step::Return => "return",
            Step::Publish => "publish",
            Step::Withdraw => "withdraw",
            Step::Discard => "discard",
        }
    }

    /// The steps that are no writing.
    pub fn from_key(key: &str) -> Option<Step> {
        [Step::Review, Step::Return, Step::Publish, Step::Withdraw, Step::Discard]
            .into_iter()
            .find(|step| step.key() == key)
    }
}

/// Why a step was not taken.
#[derive(Clone, PartialEq, Debug)]
pub enum Refused {
    /// It cannot be done where the item stands.
    NotNow,
    /// Who wrote a draft does not review it.
    OwnDraft,
    /// The draft is not good yet.
    Faults(Vec<Fault>),
    /// Nothing would change.
    Same,
}

/// A field that a step changed: before, after.
pub type Change = (Column, String, String);

impl Entry {
    /// An item that nobody has edited yet.
    pub fn filed(id: &str) -> Entry {
        Entry {
            id: id.to_owned(),
            stage: Stage::Published,
            draft: None,
            served: Served::Filed,
            authors: Vec::new(),
            reviewer: None,
        }
    }

    /// A draft of an item that is not there yet.
    pub fn new(item: Item, by: &str) -> Entry {
        Entry {
            stage: Stage::Draft,
            authors: vec![name(by)],
            draft: Some(Box::new(item.clone())),
            ..Entry::filed(&item.id)
        }
    }

    /// What an editor sees: the draft, else what is served. `base` holds the files' items.
    pub fn shown<'a>(&'a self, base: &'a Base) -> Option<&'a Item> {
        let filed = || base.get(&self.id).map(|item| &**item);
        match (&self.draft, &self.served) {
            (Some(draft), _) => Some(draft),
            (None, Served::Own(item)) => Some(item),
            // What was withdrawn can be taken up again.
            (None, Served::Filed | Served::Nothing) => filed(),
        }
    }

    /// Takes a step. `base` holds the files' items, `served` what is served now, which a draft must go together with.
    /// The entry as it then stands, and the fields that changed.
    ///
    /// # Errors
    /// Why the step is not taken; the entry stays as it was.
    pub fn take(
        &self,
        step: Step,
        by: &str,
        base: &Base,
        served: &Base,
    ) -> Result<(Entry, Vec<Change>), Refused> {
        let mut next = self.clone();
        let by = name(by);
        match (step, self.stage) {
            (Step::Write(item), _) => return self.written(item, by, base),
            (Step::Review, Stage::Draft) => {
                if self.authors.contains(&by) {
                    return Err(Refused::OwnDraft);
                }
                let faults = self.draft.as_deref().map(|item| faults_among(item, served));
                match faults {
                    Some(faults) if faults.is_empty() => {}
                    Some(faults) => return Err(Refused::Faults(faults)),
                    None => return Err(Refused::NotNow),
                }
                next.stage = Stage::Reviewed;
                next.reviewer = Some(by);
            }
            (Step::Return, Stage::Reviewed) => {
                next.stage = Stage::Draft;
                next.reviewer = None;
            }
            (Step::Publish, Stage::Reviewed) => {
                let Some(item) = next.draft.take() else { return Err(Refused::NotNow) };
                // What others have published since the review may not go together with it.
                let faults = faults_among(&item, served);
                if !faults.is_empty() {
                    return Err(Refused::Faults(faults));
                }
                next.served = Served::Own(item);
                next.stage = Stage::Published;
            }
            (Step::Withdraw, Stage::Published) => {
                // What was served is kept as a draft, so that it can be taken up again.
                next.draft = self.shown(base).cloned().map(Box::new);
                next.served = Served::Nothing;
                next.stage = Stage::Withdrawn;
                next.authors = vec![by];
                next.reviewer = None;
            }
            (Step::Discard, Stage::Draft | Stage::Reviewed) => {
                next.draft = None;
                next.reviewer = None;
                next.authors.clear();
                next.stage = match self.served {
                    Served::Nothing => Stage::Withdrawn,
                    Served::Own(_) | Served::Filed => Stage::Published,
                };
            }
            _ => return Err(Refused::NotNow),
        }
        Ok((next, Vec::new()))
    }

    fn written(
        &self,
        mut item: Box<Item>,
        by: String,
        base: &Base,
    ) -> Result<(Entry, Vec<Change>), Refused> {
        item.id.clone_from(&self.id);
        let before = self.shown(base).cloned().unwrap_or_default();
        let changes = differences(&before, &item);
        if changes.is_empty() && self.draft.is_some() {
            return Err(Refused::Same);
        }
        let under_way = matches!(self.stage, Stage::Draft | Stage::Reviewed);
        let mut authors = if under_way { self.authors.clone() } else { Vec::new() };
        if !authors.contains(&by) {
            authors.push(by);
        }
        let next = Entry {
            stage: Stage::Draft,
            draft: Some(item),
            reviewer: None,
            authors,
            ..self.clone()
        };
        Ok((next, changes))
    }

    /// Whether neither callers nor editors have anything of it.
    pub fn is_empty(&self, base: &Base) -> bool {
        self.draft.is_none() && matches!(self.served, Served::Filed) && base.get(&self.id).is_none()
    }
}

/// A signature as it is compared: 王 敏 and 王敏 are one person.
fn name(by: &str) -> String {
    by.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

/// What is wrong with an item by itself and beside those that are served: as checks of a base see it.
pub fn faults_among(item: &Item, served: &Base) -> Vec<Fault> {
    let mut faults = rules::faults(item);
    let beside = served.items().iter().filter(|other| {
        other.id != item.id && other.region == item.region && other.base == item.base
    });
    for other in beside {
        if let Some(ask) = item.asks.iter().find(|ask| other.asks.contains(ask)) {
            faults.push(Fault {
                field: Column::Asks.key(),
                rule: Rule::Asked,
                problem: format!("`{ask}` is already asked in the item {}", other.id),
                mend: "keep each way of asking in one item only".into(),
            });
        }
    }
    for id in &item.replaces {
        let wide = served.get(id).is_some_and(|wide| {
            wide.region != item.region && item.region.starts_with(&wide.region)
        });
        if !wide && *id != item.id {
            faults.push(Fault {
                field: Column::Replaces.key(),
                rule: Rule::Replaces,
                problem: format!("`{id}` is no item of a wider place"),
                mend: "an item replaces only those of the divisions above its own".into(),
            });
        }
    }
    faults
}

/// A good id for an item that is made from a caller's words.
pub fn id_of_words(call: i64, utterance: i64) -> String {
    format!("asked-{call}-{utterance}")
}

/// The base as callers get it: the files' items, and over them what editors have published and withdrawn.
pub fn overlaid(base: &Base, entries: &[Entry]) -> Base {
    let of = |id: &str| entries.iter().find(|entry| entry.id == id);
    let mut items = Vec::with_capacity(base.items().len());
    for item in base.items() {
        match of(&item.id).map(|entry| &entry.served) {
            None | Some(Served::Filed) => items.push(Arc::clone(item)),
            Some(Served::Own(own)) => items.push(Arc::new((**own).clone())),
            Some(Served::Nothing) => {}
        }
    }
    for entry in entries {
        if let Served::Own(own) = &entry.served
            && base.get(&entry.id).is_none()
        {
            items.push(Arc::new((**own).clone()));
        }
    }
    Base::shared(items, base.outside().to_vec())
}
