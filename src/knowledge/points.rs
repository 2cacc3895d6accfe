//! The points of a base's texts and the items near to a point.
//!
//! A small base is compared whole. A large one is divided into lists around centres (inverted file; Sivic and Zisserman, 2003), of
//! which the nearest few are read, with a byte a dimension: what is found is compared by those bytes, half a per cent off at most.

use ndarray::{ArrayView2, Axis};

/// Up to so many points are kept as they are and all compared.
const EXACT_MAX: usize = 8_192;
/// Of the lists the nearest so many are read.
const PROBES: usize = 24;
/// Points a centre that it is found from, rounds of finding, and points that are compared with all centres at once.
const SAMPLE: usize = 64;
const ROUNDS: usize = 8;
const BLOCK: usize = 4_096;

/// Points of all items, an item's one after the other.
pub(super) struct Points {
    dimensions: usize,
    /// Where each item's points begin, and one end more.
    firsts: Vec<u32>,
    store: Store,
}

enum Store {
    Whole(Vec<f32>),
    Listed(Lists),
}

/// Points by list, in bytes.
struct Lists {
    /// One after the other, each of length 1.
    centres: Vec<f32>,
    /// Where each list begins, and one end more.
    starts: Vec<u32>,
    rows: Vec<i8>,
    /// What a row's bytes are multiplied by.
    scales: Vec<f32>,
    /// The item of each row.
    items: Vec<u32>,
    /// Where each point stands among the rows.
    places: Vec<u32>,
}

/// A point that is sought, ready for both stores.
pub(super) struct Query {
    point: Vec<f32>,
    bytes: Vec<i8>,
    scale: f32,
}

impl Query {
    pub(super) fn new(point: Vec<f32>) -> Query {
        let mut bytes = Vec::with_capacity(point.len());
        let scale = quantise(&point, &mut bytes);
        Query { point, bytes, scale }
    }

    pub(super) fn dot(&self, point: &[f32]) -> f32 {
        dot(&self.point, point)
    }
}

impl Points {
    /// `points`: one after the other, of so many dimensions each. `counts`: how many each item has.
    pub(super) fn new(
        points: Vec<f32>,
        dimensions: usize,
        counts: impl Iterator<Item = usize>,
    ) -> Points {
        let mut firsts = vec![0];
        let mut end = 0;
        for count in counts {
            end += count as u32;
            firsts.push(end);
        }
        let store = if end as usize <= EXACT_MAX {
            Store::Whole(points)
        } else {
            Store::Listed(Lists::new(&points, dimensions, &firsts))
        };
        Points { dimensions, firsts, store }
    }

    /// The items that have points near to one of these; `None` where all are to be looked at.
    pub(super) fn likely(&self, queries: &[Query], many: usize) -> Option<Vec<u32>> {
        let Store::Listed(lists) = &self.store else { return None };
        let items = self.firsts.len().saturating_sub(1);
        Some(pulp::Arch::new().dispatch(|| lists.likely(queries, items, many)))
    }

    /// How near the item's nearest point is to the nearest of these, and its nearest three on average.
    pub(super) fn nearness(&self, queries: &[Query], item: usize) -> (f32, f32) {
        let (Some(from), Some(to)) = (self.firsts.get(item), self.firsts.get(item + 1)) else {
            return (0.0, 0.0);
        };
        let mut best = [0.0_f32; 3];
        let of =
            |point: u32| queries.iter().map(|q| self.near(q, point as usize)).fold(0.0, f32::max);
        for point in *from..*to {
            let mut near = of(point);
            for kept in &mut best {
                if near > *kept {
                    std::mem::swap(kept, &mut near);
                }
            }
        }
        let many = best.len().min((to - from).max(1) as usize) as f32;
        (best[0], best.iter().sum::<f32>() / many)
    }

    fn near(&self, query: &Query, point: usize) -> f32 {
        let width = self.dimensions;
        match &self.store {
            Store::Whole(points) => {
                let point = points.get(point * width..(point + 1) * width).unwrap_or_default();
                pulp::Arch::new().dispatch(|| dot(&query.point, point))
            }
            Store::Listed(lists) => pulp::Arch::new().dispatch(|| lists.near(query, width, point)),
        }
    }

    /// About the bytes that they take.
    pub(super) fn bytes(&self) -> usize {
        let store = match &self.store {
            Store::Whole(points) => points.len() * 4,
            Store::Listed(l) => l.rows.len() + l.centres.len() * 4 + l.scales.len() * 12,
        };
        store + self.firsts.len() * 4
    }
}

impl Lists {
    fn new(points: &[f32], width: usize, firsts: &[u32]) -> Lists {
        let count = points.len() / width.max(1);
        let many = (count as f64).sqrt() as usize;
        let Ok(all) = ArrayView2::from_shape((count, width), points) else {
            return Lists::empty();
        };
        let centres = centres(all, many.max(1));
        let nearest = nearest(all, &centres, width);
        let mut starts = vec![0_u32; many.max(1) + 1];
        for list in &nearest {
            starts[*list as usize + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut next = starts.clone();
        let mut places = Vec::with_capacity(count);
        // Which point stands where.
        let mut order = vec![0_u32; count];
        for (point, list) in nearest.iter().enumerate() {
            let at = &mut next[*list as usize];
            order[*at as usize] = point as u32;
            places.push(*at);
            *at += 1;
        }
        let mut lists = Lists {
            centres,
            starts,
            rows: Vec::new(),
            scales: Vec::new(),
            items: Vec::new(),
            places,
        };
        lists.rows.reserve_exact(count * width);
        for point in order {
            let from = point as usize * width;
            lists.scales.push(quantise(
                points.get(from..from + width).unwrap_or_default(),
                &mut lists.rows,
            ));
            lists
                .items
                .push(firsts.partition_point(|first| *first <= point).saturating_sub(1) as u32);
        }
        lists
    }

    fn empty() -> Lists {
        let none = Vec::new;
        Lists {
            centres: Vec::new(),
            starts: vec![0],
            rows: Vec::new(),
            scales: Vec::new(),
            items: none(),
            places: none(),
        }
    }

    #[inline(always)]
    fn likely(&self, queries: &[Query], items: usize, many: usize) -> Vec<u32> {
        let mut best = vec![0.0_f32; items];
        let mut touched: Vec<u32> = Vec::new();
        for query in queries {
            let width = query.point.len();
            let mut lists: Vec<(f32, usize)> = self
                .centres
                .chunks_exact(width.max(1))
                .enumerate()
                .map(|(list, centre)| (dot(&query.point, centre), list))
                .collect();
            let probes = PROBES.min(lists.len());
            if probes < lists.len() {
                lists.select_nth_unstable_by(probes, |a, b| b.0.total_cmp(&a.0));
            }
            for (_, list) in lists.into_iter().take(probes) {
                let (from, to) = (self.starts[list] as usize, self.starts[list + 1] as usize);
                let rows = self.rows.get(from * width..to * width).unwrap_or_default();
                for ((row, scale), item) in
                    rows.chunks_exact(width).zip(&self.scales[from..to]).zip(&self.items[from..to])
                {
                    let near = product(&query.bytes, row) as f32 * scale * query.scale;
                    if let Some(kept) = best.get_mut(*item as usize)
                        && near > *kept
                    {
                        if *kept == 0.0 {
                            touched.push(*item);
                        }
                        *kept = near;
                    }
                }
            }
        }
        let near = |item: &u32| best.get(*item as usize).copied().unwrap_or_default();
        if touched.len() > many {
            touched.select_nth_unstable_by(many, |a, b| near(b).total_cmp(&near(a)));
            touched.truncate(many);
        }
        touched
    }

    #[inline(always)]
    fn near(&self, query: &Query, width: usize, point: usize) -> f32 {
        let Some(row) = self.places.get(point).map(|place| *place as usize) else { return 0.0 };
        let bytes = self.rows.get(row * width..(row + 1) * width).unwrap_or_default();
        product(&query.bytes, bytes) as f32
            * self.scales.get(row).copied().unwrap_or_default()
            * query.scale
    }
}

/// Spherical k-means (Dhillon and Modha, 2001) over a sample taken evenly: the same points give the same centres.
fn centres(all: ArrayView2<'_, f32>, many: usize) -> Vec<f32> {
    let (count, width) = all.dim();
    let take = |wanted: usize| -> Vec<usize> {
        let wanted = wanted.clamp(1, count.max(1));
        (0..wanted).map(|n| n * count / wanted).collect()
    };
    let sample = all.select(Axis(0), &take(many * SAMPLE));
    let mut centres = all.select(Axis(0), &take(many)).into_raw_vec_and_offset().0;
    for _ in 0..ROUNDS {
        let mut sums = vec![0.0_f32; many * width];
        for (point, list) in sample.outer_iter().zip(nearest(sample.view(), &centres, width)) {
            let from = list as usize * width;
            for (sum, x) in sums.iter_mut().skip(from).take(width).zip(point) {
                *sum += x;
            }
        }
        for (centre, sum) in centres.chunks_exact_mut(width).zip(sums.chunks_exact_mut(width)) {
            super::encoder::normalize(sum);
            // A centre that no point is nearest to stays where it was.
            if sum.iter().any(|x| *x != 0.0) {
                centre.copy_from_slice(sum);
            }
        }
    }
    centres
}

/// For each point its nearest centre.
fn nearest(points: ArrayView2<'_, f32>, centres: &[f32], width: usize) -> Vec<u32> {
    let Ok(centres) = ArrayView2::from_shape((centres.len() / width.max(1), width), centres) else {
        return vec![0; points.nrows()];
    };
    let mut nearest = Vec::with_capacity(points.nrows());
    for block in points.axis_chunks_iter(Axis(0), BLOCK) {
        for row in block.dot(&centres.t()).outer_iter() {
            let best = row.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
            nearest.push(best.map_or(0, |(list, _)| list as u32));
        }
    }
    nearest
}

/// Appends the point in bytes; what they are to be multiplied by.
fn quantise(point: &[f32], bytes: &mut Vec<i8>) -> f32 {
    let largest = point.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
    if largest == 0.0 {
        bytes.extend(point.iter().map(|_| 0));
        return 0.0;
    }
    let to = 127.0 / largest;
    bytes.extend(point.iter().map(|x| (x * to).round() as i8));
    1.0 / to
}

/// Side by side in lanes, which the compiler turns into vectors.
const LANES: usize = 32;

#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a, b) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut lanes = [0.0_f32; LANES];
    for (x, y) in a.0.iter().zip(b.0) {
        for ((lane, x), y) in lanes.iter_mut().zip(x).zip(y) {
            *lane += x * y;
        }
    }
    let rest: f32 = a.1.iter().zip(b.1).map(|(x, y)| x * y).sum();
    lanes.iter().sum::<f32>() + rest
}

/// Cannot overflow: even 100,000 dimensions stay below 2^31. Wrapping says so to the compiler, which vectors need.
#[inline(always)]
fn product(a: &[i8], b: &[i8]) -> i32 {
    a.iter()
        .zip(b)
        .fold(0_i32, |sum, (x, y)| sum.wrapping_add(i32::from(*x).wrapping_mul(i32::from(*y))))
}
