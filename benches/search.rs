//! `cargo bench --bench search [-- ITEMS]`: how fast a large knowledge base is searched, and what that costs in what is found.
//!
//! The base is made from the shipped one: each item several hundred times over, its texts misheard and their points moved by noise, from
//! a seed, until there are 100,000 items (or ITEMS) with about 600,000 points. Callers ask with texts that are misheard once more.
//! Prints milliseconds of processor time a search (median and P95; the encoding of the question is not in it), the share of the whole
//! comparison's first and first three that are found, the time of building, and the memory that the index takes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

use huiyin::engine::encoder::UseEncoder;
use huiyin::engine::models::ModelDir;
use huiyin::kernel::Rng;
use huiyin::knowledge::{Base, Context, Encoder, Hit, Index, Item, KnowledgeError};
use huiyin::language::misheard;

const ITEMS: usize = 100_000;
const QUESTIONS: usize = 300;
/// Of which so many are compared with every item too.
const COMPARED: usize = 60;
/// Errors a character in the copies of an item, and in the questions.
const COPIES: f64 = 0.35;
const ASKED: f64 = 0.15;
/// How far a copy's point lies from its original's, and a question's from the text that it was made from: about cosine 0.8.
const NOISE: f64 = 0.75;

fn main() {
    let items = std::env::args().filter_map(|a| a.parse().ok()).next().unwrap_or(ITEMS);
    let models = ModelDir::locate(None).unwrap();
    let encoder = UseEncoder::load(models.path()).unwrap();
    let mut invented = Invented::new(&encoder);
    let base = Arc::new(invented.base(items));
    let questions = invented.questions(&base);
    let began = Instant::now();
    let index = Index::build(base.clone(), &invented).unwrap();
    let points: usize = base.items().iter().map(|item| 1 + item.asks.len()).sum();
    println!(
        "{} items, {points} points: built in {:.1} s, of which points were made in {:.1} s; {} MB",
        base.items().len(),
        began.elapsed().as_secs_f64(),
        invented.spent().as_secs_f64(),
        index.bytes() / 1_000_000
    );
    measure(&index, &invented, &questions);
}

fn measure(index: &Index, encoder: &Invented, questions: &[String]) {
    let context = Context::default();
    let ids = |hits: &[Hit]| hits.iter().map(|hit| hit.item.id.clone()).collect::<Vec<_>>();
    let (mut times, mut found) = (Vec::new(), Vec::new());
    for question in questions {
        let encoding = encoder.spent();
        let clock = cpu();
        let hits = index.search_in(question, context, encoder, 3).unwrap();
        times.push((cpu() - clock).saturating_sub(encoder.spent() - encoding));
        found.push(ids(&hits));
    }
    times.sort();
    let ms = |at: usize| times[(times.len() * at / 100).min(times.len() - 1)].as_secs_f64() * 1e3;
    println!(
        "{} questions: {:.2} ms of processor time median, {:.2} P95",
        questions.len(),
        ms(50),
        ms(95)
    );
    // The whole comparison takes seconds a question: fewer questions, on every core.
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let many = questions.len().min(COMPARED);
    let began = Instant::now();
    let wholes: Vec<Vec<String>> = std::thread::scope(|scope| {
        let parts = questions[..many].chunks(many.div_ceil(cores)).map(|part| {
            scope.spawn(|| {
                let whole = |q: &String| index.search_whole(q, context, encoder, 3).unwrap();
                part.iter().map(|q| ids(&whole(q))).collect::<Vec<_>>()
            })
        });
        let parts: Vec<_> = parts.collect();
        parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
    });
    let first = found.iter().zip(&wholes).filter(|(f, w)| f.first() == w.first()).count();
    let among = found.iter().zip(&wholes).flat_map(|(f, w)| w.iter().filter(|id| f.contains(id)));
    let wanted: usize = wholes.iter().map(Vec::len).sum();
    println!(
        "recall of the whole comparison's first {:.3}, first three {:.3}, of {many} questions that took {:.1} s to compare with everything",
        first as f64 / many as f64,
        among.count() as f64 / wanted as f64,
        began.elapsed().as_secs_f64(),
    );
}

/// This thread's: the first number of schedstat, in nanoseconds.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(stat.split_whitespace().next().unwrap().parse().unwrap())
}

/// Knows the point of every text that it made, by what the text was made from.
struct Invented {
    points: Vec<Vec<f32>>,
    /// By a text's hash: the original's place.
    origins: HashMap<u64, u32>,
    shipped: Base,
    rng: Rng,
    spent: std::sync::Mutex<Duration>,
}

impl Invented {
    fn new(encoder: &UseEncoder) -> Invented {
        let shipped = Base::builtin().unwrap();
        let mut invented = Invented {
            points: Vec::new(),
            origins: HashMap::new(),
            rng: Rng::new(12345),
            spent: std::sync::Mutex::default(),
            shipped: shipped.clone(),
        };
        let texts =
            shipped.items().iter().flat_map(|item| std::iter::once(&item.title).chain(&item.asks));
        for text in texts.chain(shipped.outside()) {
            invented.origins.insert(hash(text), invented.points.len() as u32);
            invented.points.push(encoder.encode(text).unwrap());
        }
        invented
    }

    fn spent(&self) -> Duration {
        *self.spent.lock().unwrap()
    }

    /// Another text of the same origin.
    fn other(&mut self, text: &str, rate: f64) -> String {
        let origin = self.origins[&hash(text)];
        let other = misheard(text, rate, &mut self.rng);
        self.origins.entry(hash(&other)).or_insert(origin);
        other
    }

    fn base(&mut self, items: usize) -> Base {
        let shipped = self.shipped.clone();
        let made = (0..items).map(|n| {
            let of = &shipped.items()[n % shipped.items().len()];
            Item {
                id: format!("{}-{n}", of.id),
                title: self.other(&of.title, COPIES),
                asks: of.asks.iter().take(5).map(|ask| self.other(ask, COPIES)).collect(),
                keywords: of
                    .keywords
                    .iter()
                    .map(|word| misheard(word, COPIES, &mut self.rng))
                    .collect(),
                spoken: misheard(&of.spoken, COPIES, &mut self.rng),
                ..(**of).clone()
            }
        });
        let made: Vec<Item> = made.collect();
        Base::new(made, shipped.outside().to_vec())
    }

    fn questions(&mut self, base: &Base) -> Vec<String> {
        (0..QUESTIONS)
            .map(|_| {
                let item = self.rng.pick(base.items()).unwrap().clone();
                let ask = self.rng.pick(&item.asks).unwrap().clone();
                self.other(&ask, ASKED)
            })
            .collect()
    }
}

impl Encoder for Invented {
    /// The original's point and noise that the text itself is the seed of. What the search has tidied or respelt is taken for the
    /// question that it most likely comes from: its noise is another, its origin unknown.
    fn encode(&self, text: &str) -> Result<Vec<f32>, KnowledgeError> {
        let clock = cpu();
        let seed = hash(text);
        let mut rng = Rng::new(seed);
        let origin = self.origins.get(&seed).copied();
        let origin = origin.unwrap_or_else(|| rng.below(self.points.len() as u64) as u32);
        let mut point = self.points[origin as usize].clone();
        let spread = NOISE / (point.len() as f64).sqrt();
        point.iter_mut().for_each(|x| *x += (rng.normal() * spread) as f32);
        let length = point.iter().map(|x| x * x).sum::<f32>().sqrt();
        point.iter_mut().for_each(|x| *x /= length);
        *self.spent.lock().unwrap() += cpu() - clock;
        Ok(point)
    }

    fn dimensions(&self) -> usize {
        self.points[0].len()
    }

    fn name(&self) -> &str {
        "use-multilingual-3"
    }
}

fn hash(text: &str) -> u64 {
    // The search takes punctuation away before it encodes.
    let mut hasher = DefaultHasher::new();
    text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().hash(&mut hasher);
    hasher.finish()
}
