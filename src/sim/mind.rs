//! Understanding, as the runtime's meaning thread does it: the real intake and the real search.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::world::SimError;
use crate::dialogue::Understood;
use crate::intake::{Gazetteer, Intake};
use crate::kernel::{Civil, Slot};
use crate::knowledge::{Base, BigramEncoder, Hit, Index};
use crate::language::address::Row;
use crate::speech::Utterance;

/// As in the runtime.
const HITS: usize = 3;
/// The divisions that the world's citizens speak of.
const DIVISIONS: &[(&str, &str)] = &[
    ("33", "浙江省"),
    ("3307", "金华市"),
    ("330702", "婺城区"),
    ("330702001", "城东街道"),
    ("330702103", "白龙桥镇"),
];

pub(super) struct Mind {
    intake: Intake,
    index: Index,
    /// What was searched before: the same words find the same.
    found: BTreeMap<String, Vec<Hit>>,
}

impl Mind {
    pub fn new() -> Result<Mind, SimError> {
        let rows = DIVISIONS
            .iter()
            .map(|(code, name)| Row { code: (*code).to_owned(), name: (*name).to_owned() });
        let gazetteer = Arc::new(Gazetteer::from_rows(rows));
        let base = Arc::new(Base::builtin()?);
        Ok(Mind {
            intake: Intake::new(gazetteer, "3307")?,
            index: Index::build(base, &BigramEncoder)?,
            found: BTreeMap::new(),
        })
    }

    pub fn understand(
        &mut self,
        utterance: Utterance,
        now: Civil,
        asked: Option<Slot>,
    ) -> Result<Understood, SimError> {
        let reading = self.intake.read(&utterance, now, asked);
        let hits = match self.found.get(&utterance.text) {
            Some(hits) => hits.clone(),
            None => {
                let hits = self.index.search(&utterance.text, &BigramEncoder, HITS)?;
                self.found.insert(utterance.text.clone(), hits.clone());
                hits
            }
        };
        Ok(Understood { utterance, reading, hits })
    }
}
