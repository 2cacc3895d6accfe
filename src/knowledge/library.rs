//! What is searched while the service runs: the bases' files with what editors have published over them, exchanged
//! whole when that changes.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::base::Base;
use super::cluster::{Cluster, cluster};
use super::editing::{Entry, overlaid};
use super::encoder::Encoder;
use super::error::KnowledgeError;
use super::item::Hit;
use super::known::Known;
use super::search::Index;
use crate::kernel::limits::QUESTIONS_REMEMBERED;

/// Shared by everybody who searches, edits or shows the knowledge.
pub struct Library {
    files: Arc<Base>,
    encoder: Arc<dyn Encoder>,
    /// Where encoded wordings are kept, so that only new ones are encoded.
    cache: Option<PathBuf>,
    index: RwLock<Arc<Index>>,
    /// Points of the questions that were put together last: the list is looked at again and again.
    questions: Mutex<HashMap<String, Vec<f32>>>,
}

/// An encoder that looks there first.
struct Remembering<'a> {
    inner: &'a dyn Encoder,
    points: &'a Mutex<HashMap<String, Vec<f32>>>,
}

impl Encoder for Remembering<'_> {
    fn encode(&self, text: &str) -> Result<Vec<f32>, KnowledgeError> {
        let lock = || self.points.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(point) = lock().get(text).cloned() {
            return Ok(point);
        }
        let point = self.inner.encode(text)?;
        let mut points = lock();
        if points.len() >= QUESTIONS_REMEMBERED {
            points.clear();
        }
        points.insert(text.to_owned(), point.clone());
        Ok(point)
    }

    fn dimensions(&self) -> usize {
        self.inner.dimensions()
    }

    fn name(&self) -> &str {
        self.inner.name()
    }
}

impl Library {
    /// The files' items under what editors have done so far. Blocks: it encodes what is not in the cache.
    ///
    /// # Errors
    /// The encoder's.
    pub fn open(
        files: Base,
        entries: &[Entry],
        encoder: Arc<dyn Encoder>,
        cache: Option<PathBuf>,
    ) -> Result<Library, KnowledgeError> {
        let index = build(&files, entries, encoder.as_ref(), cache.as_ref())?;
        let (index, questions) = (RwLock::new(Arc::new(index)), Mutex::default());
        Ok(Library { files: Arc::new(files), encoder, cache, index, questions })
    }

    /// Serves what editors have published now. Blocks, but not those who search: they have the old index until the new
    /// one is whole.
    ///
    /// # Errors
    /// The encoder's; the old index stays.
    pub fn renew(&self, entries: &[Entry]) -> Result<(), KnowledgeError> {
        let index = build(&self.files, entries, self.encoder.as_ref(), self.cache.as_ref())?;
        *self.index.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(index);
        Ok(())
    }

    /// The items of the bases' files, without what editors have done.
    pub fn files(&self) -> &Arc<Base> {
        &self.files
    }

    /// What is searched now.
    pub fn index(&self) -> Arc<Index> {
        Arc::clone(&self.index.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What is served now.
    pub fn base(&self) -> Arc<Base> {
        Arc::clone(self.index().base())
    }

    pub fn encoder(&self) -> &Arc<dyn Encoder> {
        &self.encoder
    }

    /// The items that are nearest to these words now. Blocks for the encoder.
    ///
    /// # Errors
    /// The encoder's.
    pub fn nearest(&self, words: &str, many: usize) -> Result<Vec<Hit>, KnowledgeError> {
        self.index().search(words, self.encoder.as_ref(), many)
    }

    /// Puts questions that mean the same together. Blocks for the encoder.
    ///
    /// # Errors
    /// The encoder's.
    pub fn clusters(&self, questions: &[String]) -> Result<Vec<Cluster>, KnowledgeError> {
        let encoder = Remembering { inner: self.encoder.as_ref(), points: &self.questions };
        cluster(questions, &encoder)
    }
}

fn build(
    files: &Base,
    entries: &[Entry],
    encoder: &dyn Encoder,
    cache: Option<&PathBuf>,
) -> Result<Index, KnowledgeError> {
    let base = Arc::new(overlaid(files, entries));
    let Some(folder) = cache else { return Index::build(base, encoder) };
    let known = Known::open(encoder, folder);
    let index = Index::build(base, &known)?;
    known.keep();
    Ok(index)
}
