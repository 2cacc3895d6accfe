//! A linear classifier: one against the rest, squared hinge loss, L2-regularised, by dual coordinate descent (Hsieh, Chang,
//! Lin, Keerthi, Sundararajan: "A Dual Coordinate Descent Method for Large-scale Linear SVM", ICML 2008).

use crate::kernel::Rng;

/// Weight of the losses against the length of the weights.
const COST: f32 = 1.0;
const ROUNDS_MAX: usize = 120;
/// The order of the rows is drawn anew every round; the same seed draws the same orders.
const SEED: u64 = 1;
/// No row may be pulled more than this any more.
const STILL: f32 = 0.02;
/// Parts into which the rows are dealt to find how sure a margin is.
const PARTS: usize = 3;
/// From a margin to a logit: these are tried.
const SHARPNESSES: [f32; 10] = [1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0];

/// A point: its dense part first, then the coordinates that are not zero.
#[derive(Clone, PartialEq, Debug, Default)]
pub(in crate::intake) struct Features {
    pub dense: Vec<f32>,
    /// Ascending.
    pub sparse: Vec<(u32, f32)>,
}

/// A plane between what is of a class and what is not.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Plane {
    dense: Vec<f32>,
    sparse: Vec<f32>,
    bias: f32,
}

/// A plane for each class.
#[derive(Clone, PartialEq, Debug, Default)]
pub(in crate::intake) struct Linear {
    planes: Vec<Plane>,
}

impl Linear {
    /// `sparse` is one more than the greatest sparse coordinate; `labels` are below `classes`, one for each row.
    pub fn train(rows: &[&Features], labels: &[usize], classes: usize, sparse: usize) -> Linear {
        let lengths: Vec<f32> = rows.iter().map(|row| row.length()).collect();
        let planes = (0..classes).map(|class| {
            let signs: Vec<f32> =
                labels.iter().map(|label| if *label == class { 1.0 } else { -1.0 }).collect();
            Plane::train(rows, &signs, &lengths, sparse)
        });
        Linear { planes: planes.collect() }
    }

    /// How far on its side of each class's plane the point lies; 1 is the margin.
    pub fn margins(&self, point: &Features) -> Vec<f32> {
        self.planes.iter().map(|plane| plane.side(point)).collect()
    }
}

impl Features {
    /// The square of its length, the constant coordinate included.
    pub fn length(&self) -> f32 {
        let dense: f32 = self.dense.iter().map(|x| x * x).sum();
        let sparse: f32 = self.sparse.iter().map(|(_, x)| x * x).sum();
        dense + sparse + 1.0
    }
}

impl Plane {
    /// `signs` are 1 for the rows of the class and -1 for the others; `lengths` are the rows' [`Features::length`].
    pub fn train(rows: &[&Features], signs: &[f32], lengths: &[f32], sparse: usize) -> Plane {
        let width = rows.first().map_or(0, |row| row.dense.len());
        let mut plane = Plane { dense: vec![0.0; width], sparse: vec![0.0; sparse], bias: 0.0 };
        let mut weights = vec![0.0_f32; rows.len()];
        let mut order: Vec<usize> = (0..rows.len()).collect();
        let mut rng = Rng::new(SEED);
        let slack = 0.5 / COST;
        for _ in 0..ROUNDS_MAX {
            shuffle(&mut order, &mut rng);
            let mut pull = 0.0_f32;
            for &n in &order {
                let (Some(row), Some(sign), Some(length), Some(weight)) =
                    (rows.get(n), signs.get(n), lengths.get(n), weights.get_mut(n))
                else {
                    continue;
                };
                let slope = sign * plane.side(row) - 1.0 + slack * *weight;
                let held = *weight <= 0.0 && slope >= 0.0;
                if held {
                    continue;
                }
                pull = pull.max(slope.abs());
                let new = (*weight - slope / (length + slack)).max(0.0);
                let step = (new - *weight) * sign;
                *weight = new;
                plane.add(row, step);
            }
            if pull < STILL {
                break;
            }
        }
        plane
    }

    /// How far on its side the point lies; 1 is the margin.
    pub fn side(&self, point: &Features) -> f32 {
        let dense: f32 = self.dense.iter().zip(&point.dense).map(|(w, x)| w * x).sum();
        let sparse =
            point.sparse.iter().filter_map(|(n, x)| Some(self.sparse.get(*n as usize)? * x));
        dense + sparse.sum::<f32>() + self.bias
    }

    /// The weights of the sparse coordinates, and the constant.
    pub fn weights(&self) -> (&[f32], f32) {
        (&self.sparse, self.bias)
    }

    fn add(&mut self, point: &Features, step: f32) {
        for (w, x) in self.dense.iter_mut().zip(&point.dense) {
            *w += step * x;
        }
        for (n, x) in &point.sparse {
            if let Some(w) = self.sparse.get_mut(*n as usize) {
                *w += step * x;
            }
        }
        self.bias += step;
    }
}

/// What turns margins into logits: the sharpness under which rows that were left out of the training are likeliest.
pub(in crate::intake) fn sharpness(
    rows: &[&Features],
    labels: &[usize],
    classes: usize,
    width: usize,
) -> f32 {
    let mut judged: Vec<(Vec<f32>, usize)> = Vec::new();
    for part in 0..PARTS {
        let (inside, outside): (Vec<usize>, Vec<usize>) =
            (0..rows.len()).partition(|n| n % PARTS != part);
        let pick = |all: &[usize]| -> (Vec<&Features>, Vec<usize>) {
            all.iter().filter_map(|n| Some((*rows.get(*n)?, *labels.get(*n)?))).unzip()
        };
        let (seen, seen_labels) = pick(&inside);
        let (left, left_labels) = pick(&outside);
        let planes = Linear::train(&seen, &seen_labels, classes, width);
        judged
            .extend(left.iter().zip(left_labels).map(|(row, label)| (planes.margins(row), label)));
    }
    let loss = |sharp: f32| -> f32 {
        let of = |(margins, label): &(Vec<f32>, usize)| {
            let all: f32 = margins.iter().map(|m| (sharp * m).exp()).sum();
            let own = margins.get(*label).copied().unwrap_or(-1.0);
            all.ln() - sharp * own
        };
        judged.iter().map(of).sum()
    };
    SHARPNESSES.into_iter().min_by(|a, b| loss(*a).total_cmp(&loss(*b))).unwrap_or(1.0)
}

/// Fisher and Yates.
fn shuffle(order: &mut [usize], rng: &mut Rng) {
    for last in (1..order.len()).rev() {
        order.swap(last, rng.below(last as u64 + 1) as usize);
    }
}
