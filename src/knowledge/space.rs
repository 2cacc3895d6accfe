//! Bags of sounds or characters, flat in memory, for many texts.

use std::collections::HashMap;

/// What one text is a bag of, as hashes; how much each counts beside what rarity gives it.
pub(super) type Features = Vec<(u64, f32)>;

/// Texts as unit vectors over features that are weighted by how few items hold them (inverse document frequency;
/// Spärck Jones, 1972), compared by the cosine of their angle.
pub(super) struct Space {
    places: HashMap<u64, u32>,
    weights: Vec<f32>,
    /// Of a feature that no item holds: mostly talk around the matter. It counts, but less than a telling one.
    unknown: f32,
    /// Where each text's part of `held` begins, and one end more.
    starts: Vec<u32>,
    /// Features of all texts in order, each text's by place.
    held: Vec<(u32, f32)>,
    /// Where each item's texts begin, and one end more.
    items: Vec<u32>,
}

/// One text made ready to be compared.
#[derive(Clone, Default, Debug)]
pub(super) struct Bag {
    /// By place; of length 1 together with what is unknown.
    held: Vec<(u32, f32)>,
    /// The share of the weight, 0 to 1, that the base's own features have.
    pub known: f32,
}

impl Space {
    /// One list of texts an item.
    pub(super) fn new<'t, T>(
        items: impl Iterator<Item = T> + Clone,
        features: fn(&str) -> Features,
    ) -> Space
    where
        T: Iterator<Item = &'t str>,
    {
        let mut places: HashMap<u64, u32> = HashMap::new();
        let mut holders: Vec<u32> = Vec::new();
        // For each feature the last item that was seen to hold it.
        let mut seen: Vec<u32> = Vec::new();
        let mut count = 0_u32;
        for texts in items.clone() {
            count += 1;
            for (feature, _) in texts.flat_map(features) {
                let next = holders.len() as u32;
                let place = *places.entry(feature).or_insert(next) as usize;
                if place == holders.len() {
                    holders.push(0);
                    seen.push(0);
                }
                if seen[place] != count {
                    seen[place] = count;
                    holders[place] += 1;
                }
            }
        }
        let total = count as f32 + 1.0;
        let weights = holders.iter().map(|n| (total / *n as f32).ln()).collect();
        let unknown = total.ln() * 0.5;
        let empty = Space {
            places,
            weights,
            unknown,
            starts: Vec::new(),
            held: Vec::new(),
            items: Vec::new(),
        };
        empty.filled(items, features)
    }

    /// Other texts, weighed by what this space's features weigh.
    pub(super) fn beside<'t, T>(
        &self,
        items: impl Iterator<Item = T>,
        features: fn(&str) -> Features,
    ) -> Space
    where
        T: Iterator<Item = &'t str>,
    {
        let empty = Space {
            places: self.places.clone(),
            weights: self.weights.clone(),
            unknown: self.unknown,
            starts: Vec::new(),
            held: Vec::new(),
            items: Vec::new(),
        };
        empty.filled(items, features)
    }

    fn filled<'t, T>(
        mut self,
        items: impl Iterator<Item = T>,
        features: fn(&str) -> Features,
    ) -> Space
    where
        T: Iterator<Item = &'t str>,
    {
        (self.starts, self.items) = (vec![0], vec![0]);
        for texts in items {
            for text in texts {
                let bag = self.bag(features(text));
                self.held.extend(bag.held);
                self.starts.push(self.held.len() as u32);
            }
            self.items.push(self.starts.len() as u32 - 1);
        }
        self
    }

    pub(super) fn bag(&self, mut features: Features) -> Bag {
        features.sort_unstable_by_key(|(feature, _)| *feature);
        let (mut held, mut unknown) = (Vec::with_capacity(features.len()), 0.0_f32);
        for same in features.chunk_by(|a, b| a.0 == b.0) {
            let times: f32 = same.iter().map(|(_, w)| w).sum();
            match same.first().and_then(|(feature, _)| self.places.get(feature)) {
                Some(place) => held.push((*place, times * self.weight(*place))),
                None => unknown += (times * self.unknown).powi(2),
            }
        }
        held.sort_unstable_by_key(|(place, _)| *place);
        let known: f32 = held.iter().map(|(_, w)| w * w).sum();
        let length = (known + unknown).sqrt();
        if length > 0.0 {
            held.iter_mut().for_each(|(_, w)| *w /= length);
        }
        Bag { held, known: if length > 0.0 { known / (known + unknown) } else { 0.0 } }
    }

    /// The largest cosine with one of the item's texts, 0 to 1.
    pub(super) fn nearest(&self, said: &Bag, item: usize) -> f32 {
        let (Some(from), Some(to)) = (self.items.get(item), self.items.get(item + 1)) else {
            return 0.0;
        };
        let starts = self.starts.get(*from as usize..=*to as usize).unwrap_or_default();
        let texts = starts
            .windows(2)
            .map(|w| self.held.get(w[0] as usize..w[1] as usize).unwrap_or_default());
        texts.map(|text| shared(&said.held, text, |a, b| a * b)).fold(0.0, f32::max)
    }

    /// The share of what was said, 0 to 1, that the item's texts hold among them. For a space with one text an item.
    pub(super) fn covered(&self, said: &Bag, item: usize) -> f32 {
        let (Some(from), Some(to)) = (self.starts.get(item), self.starts.get(item + 1)) else {
            return 0.0;
        };
        let text = self.held.get(*from as usize..*to as usize).unwrap_or_default();
        shared(&said.held, text, |said, _| said * said)
    }

    fn weight(&self, place: u32) -> f32 {
        self.weights.get(place as usize).copied().unwrap_or_default()
    }

    /// For each feature the items that hold it. For a space with one text an item.
    pub(super) fn holders(&self) -> Holders {
        let mut starts = vec![0_u32; self.weights.len() + 1];
        for (place, _) in &self.held {
            starts[*place as usize + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut next = starts.clone();
        let mut items = vec![0_u32; self.held.len()];
        for (item, window) in self.starts.windows(2).enumerate() {
            for (place, _) in
                self.held.get(window[0] as usize..window[1] as usize).unwrap_or_default()
            {
                let at = &mut next[*place as usize];
                items[*at as usize] = item as u32;
                *at += 1;
            }
        }
        Holders { count: self.starts.len().saturating_sub(1), starts, items }
    }

    /// About the bytes that it takes.
    pub(super) fn bytes(&self) -> usize {
        self.held.len() * 8 + self.starts.len() * 4 + self.items.len() * 4 + self.places.len() * 24
    }
}

fn shared(said: &[(u32, f32)], text: &[(u32, f32)], of: impl Fn(f32, f32) -> f32) -> f32 {
    let (mut sum, mut a, mut b) = (0.0, 0, 0);
    while let (Some((p, x)), Some((q, y))) = (said.get(a), text.get(b)) {
        if p == q {
            sum += of(*x, *y);
        }
        a += usize::from(p <= q);
        b += usize::from(q <= p);
    }
    sum
}

/// Inverted lists: the items of each feature.
pub(super) struct Holders {
    /// How many items there are.
    count: usize,
    starts: Vec<u32>,
    items: Vec<u32>,
}

impl Holders {
    /// Items that share the most with what was said: the rarest features first, as long as no more than `entries_max` list entries are
    /// read (the frequent ones tell items hardly apart, and their lists are the long ones).
    pub(super) fn likely(&self, said: &Bag, many: usize, entries_max: usize) -> Vec<u32> {
        let mut telling = said.held.clone();
        telling.sort_by(|a, b| b.1.total_cmp(&a.1));
        let mut sums = vec![0.0_f32; self.count];
        let mut touched = Vec::new();
        let mut read = 0;
        for (place, weight) in telling {
            let place = place as usize;
            let (Some(from), Some(to)) = (self.starts.get(place), self.starts.get(place + 1))
            else {
                continue;
            };
            let list = self.items.get(*from as usize..*to as usize).unwrap_or_default();
            read += list.len();
            if read > entries_max && !touched.is_empty() {
                break;
            }
            for item in list {
                if let Some(sum) = sums.get_mut(*item as usize) {
                    if *sum == 0.0 {
                        touched.push(*item);
                    }
                    *sum += weight * weight;
                }
            }
        }
        let sum = |item: &u32| sums.get(*item as usize).copied().unwrap_or_default();
        if touched.len() > many {
            touched.select_nth_unstable_by(many, |a, b| sum(b).total_cmp(&sum(a)));
            touched.truncate(many);
        }
        touched
    }

    pub(super) fn bytes(&self) -> usize {
        (self.items.len() + self.starts.len()) * 4
    }
}
