//! What labelled examples teach: a plane for each entry that has examples, over words, meaning and likeness to names.

use super::grams::Grams;
use super::super::linear::{self, Features, Linear};
use super::read::Example;
use super::{Categories, Sight};

/// A level with fewer labelled rows, or fewer kinds of them, is not learned.
const ROWS_MIN: usize = 10;
const CLASSES_MIN: usize = 2;
/// The parts of a point by their lengths.
const GRAMS: f32 = 1.0;
const NEAR: f32 = 0.5;
const WORDS: f32 = 0.5;
/// An entry without any example lies this far on the wrong side of its plane.
const UNSEEN: f32 = -1.0;

pub(super) struct Learned {
    head: Grams,
    text: Grams,
    /// Level 1 first.
    levels: Vec<Option<Level>>,
}

struct Level {
    /// Entries that have examples.
    classes: Vec<usize>,
    planes: Linear,
    sharpness: f32,
}

impl Learned {
    pub fn of(categories: &Categories, examples: &[Example], sights: &[Sight]) -> Learned {
        let head = |e: &'_ Example| e.title.clone().unwrap_or_else(|| e.text.clone());
        let heads: Vec<String> = examples.iter().map(head).collect();
        let mut learned = Learned {
            head: Grams::of(heads.iter().map(String::as_str)),
            text: Grams::of(examples.iter().map(|e| e.text.as_str())),
            levels: Vec::new(),
        };
        for level in 1..=categories.taxonomy.depth() {
            let points = examples.iter().zip(sights).filter_map(|(example, sight)| {
                let names: Vec<&str> =
                    example.names.iter().take(level).map(String::as_str).collect();
                let entry =
                    (names.len() == level).then(|| categories.taxonomy.find(&names)).flatten()?;
                let point = learned.point(
                    categories,
                    sight,
                    level,
                    example.title.as_deref(),
                    &example.text,
                );
                Some((entry, point))
            });
            let points: Vec<(usize, Features)> = points.collect();
            let level = Level::of(&points, learned.width());
            learned.levels.push(level);
        }
        learned
    }

    fn width(&self) -> usize {
        self.head.len() + self.text.len()
    }

    fn point(
        &self,
        categories: &Categories,
        sight: &Sight,
        level: usize,
        title: Option<&str>,
        text: &str,
    ) -> Features {
        let mut dense = Vec::new();
        if let Some(views) = &sight.views {
            dense.extend_from_slice(&views.head);
            dense.extend_from_slice(&views.whole);
            dense.extend_from_slice(&views.middle);
        }
        for reading in categories.near(sight, level) {
            dense.extend(reading.iter().map(|x| x * NEAR));
        }
        dense.extend(categories.words_at(sight, level).iter().map(|x| x * WORDS));
        let mut sparse = Vec::new();
        self.head.place(title.unwrap_or(text), 0, GRAMS, &mut sparse);
        self.text.place(text, self.head.len() as u32, GRAMS, &mut sparse);
        Features { dense, sparse }
    }

    /// Logits of the level's entries; `None` where the level was not learned.
    pub fn scores(
        &self,
        categories: &Categories,
        sight: &Sight,
        level: usize,
        title: Option<&str>,
        text: &str,
    ) -> Option<Vec<(usize, f32)>> {
        let learned = self.levels.get(level.checked_sub(1)?)?.as_ref()?;
        let margins = learned.planes.margins(&self.point(categories, sight, level, title, text));
        let margin = |entry: usize| {
            let class = learned.classes.iter().position(|c| *c == entry);
            class.and_then(|class| margins.get(class)).copied().unwrap_or(UNSEEN)
        };
        let entries = categories.entries_at(level);
        Some(entries.into_iter().map(|entry| (entry, learned.sharpness * margin(entry))).collect())
    }
}

impl Level {
    fn of(points: &[(usize, Features)], width: usize) -> Option<Level> {
        let mut classes: Vec<usize> = points.iter().map(|(entry, _)| *entry).collect();
        classes.sort_unstable();
        classes.dedup();
        if points.len() < ROWS_MIN || classes.len() < CLASSES_MIN {
            return None;
        }
        let class = |entry: usize| classes.iter().position(|c| *c == entry).unwrap_or(0);
        let labels: Vec<usize> = points.iter().map(|(entry, _)| class(*entry)).collect();
        let rows: Vec<&Features> = points.iter().map(|(_, point)| point).collect();
        let planes = Linear::train(&rows, &labels, classes.len(), width);
        let sharpness = linear::sharpness(&rows, &labels, classes.len(), width);
        Some(Level { classes, planes, sharpness })
    }
}
