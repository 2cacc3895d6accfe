//! The search: what is found for what callers say, who may hear of which item, what is decided, and how a large base is searched.

use std::sync::Arc;

use huiyin::kernel::{Day, Rng};
use huiyin::knowledge::{
    Bars, Base, BigramEncoder, Citation, Context, Decision, Encoder, Hit, Index, Item,
    KnowledgeError, Library, decide,
};
use huiyin::language::{blurred, character_error_rate, misheard, toneless};
use proptest::prelude::*;

use crate::knowledge::{GOOD, load, repo, shipped, universal};

/// One row of a set.
struct Row {
    text: String,
    /// The items that answer it; none where none should.
    items: Vec<String>,
}

fn rows(file: &str) -> Vec<Row> {
    let text = std::fs::read_to_string(repo(file)).unwrap();
    let row = |line: &str| {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let also = row["also"].as_array().into_iter().flatten();
        let items = row["item"].as_str().into_iter().chain(also.filter_map(|id| id.as_str()));
        Row {
            text: row["text"].as_str().unwrap().to_owned(),
            items: items.map(str::to_owned).collect(),
        }
    };
    text.lines().map(row).collect()
}

/// Shares: right first hits and right ones among three of what is answerable, wrong answers of all, and what is answered or asked
/// about rightly.
#[derive(Default, Debug)]
struct Rates {
    first: f32,
    among: f32,
    wrong: f32,
    told: f32,
}

fn rates(index: &Index, encoder: &dyn Encoder, file: &str, noise: f64) -> Rates {
    let set = rows(file);
    let mut rng = Rng::new(7);
    let (mut r, mut inside) = (Rates::default(), 0.0);
    for row in &set {
        let hits = index.search(&misheard(&row.text, noise, &mut rng), encoder, 3).unwrap();
        let right = |hit: &Hit| row.items.contains(&hit.item.id);
        let decision = decide(&hits, &Bars::default());
        r.wrong += f32::from(matches!(&decision, Decision::Answer(hit) if !right(hit)));
        if row.items.is_empty() {
            continue;
        }
        inside += 1.0;
        r.first += f32::from(hits.first().is_some_and(right));
        r.among += f32::from(hits.iter().any(right));
        let told =
            matches!(&decision, Decision::Answer(hit) | Decision::Confirm(hit) if right(hit));
        r.told += f32::from(told);
    }
    let all = set.len() as f32;
    Rates {
        first: r.first / inside,
        among: r.among / inside,
        wrong: r.wrong / all,
        told: r.told / inside,
    }
}

/// Files, errors a character; least right first, among three, most wrong answers, least told: a little below what was measured.
const FLOORS: &[(&str, f64, f32, f32, f32, f32)] = &[
    ("tests/data/knowledge-dev.jsonl", 0.0, 0.84, 0.93, 0.04, 0.8),
    ("tests/data/knowledge-dev.jsonl", 0.17, 0.78, 0.88, 0.04, 0.72),
    ("tests/data/knowledge-held.jsonl", 0.0, 0.78, 0.89, 0.04, 0.76),
    ("tests/data/knowledge-held.jsonl", 0.17, 0.72, 0.84, 0.04, 0.68),
];

#[test]
fn the_encoder_finds_what_callers_mean_and_seldom_answers_wrongly() {
    let Some(encoder) = universal() else { return };
    let index = Index::build(shipped(), &encoder).unwrap();
    for (file, noise, first, among, wrong, told) in FLOORS {
        let r = rates(&index, &encoder, file, *noise);
        eprintln!("universal, {file} at {noise}: {r:?}");
        assert!(
            r.first >= *first && r.among >= *among && r.wrong <= *wrong && r.told >= *told,
            "{file} at {noise}: {r:?}"
        );
    }
    let lost = index.search("喂你好，我身份证丢了，想问问怎么补办", &encoder, 3).unwrap();
    assert_eq!(lost[0].item.id, "id-card-lost");
    let bars = Bars::default();
    assert!(matches!(decide(&lost, &bars), Decision::Answer(_)), "{}", lost[0].confidence);
    for complaint in ["工地晚上施工太吵", "我要投诉，晚上十一点多了工地还在施工，吵得睡不着"]
    {
        let hits = index.search(complaint, &encoder, 1).unwrap();
        assert!(
            hits[0].confidence < bars.answer,
            "{complaint}: {} {}",
            hits[0].item.id,
            hits[0].confidence
        );
    }
}

#[test]
fn bigrams_alone_find_most_and_seldom_answer_wrongly() {
    let index = Index::build(shipped(), &BigramEncoder).unwrap();
    let r = rates(&index, &BigramEncoder, "tests/data/knowledge-dev.jsonl", 0.0);
    eprintln!("bigrams: {r:?}");
    assert!(r.first >= 0.7 && r.wrong <= 0.05, "{r:?}");
}

/// What is heard and what is read.
const RESPELT: &[(&str, &str)] = &[
    ("公鸡金怎么提取", "公积金怎么提取"),
    ("公积金怎么提取", "公积金怎么提取"),
    ("我的设保卡丢了", "我的社保卡丢了"),
    ("先生证丢了去哪里补办", "身份证丢了去哪里补办"),
    ("身份政丢了去哪里补办", "身份证丢了去哪里补办"),
    ("居住正怎么办里", "居住证怎么办理"),
    ("结婚等记要带什么", "结婚登记要带什么"),
];

#[test]
fn what_sounds_like_the_bases_words_is_read_as_them() {
    let index = Index::build(shipped(), &BigramEncoder).unwrap();
    let wrong: Vec<String> = RESPELT
        .iter()
        .map(|(heard, read)| (index.respelt(heard), *read))
        .filter(|(got, read)| got != read)
        .map(|(got, read)| format!("{got}, not {read}"))
        .collect();
    // 先生证 sounds too unlike 身份证 to be read so: that must stay the hint's work.
    assert!(wrong.len() <= 1, "{wrong:?}");
}

#[test]
fn respelling_keeps_length_and_sound() {
    let index = Index::build(shipped(), &BigramEncoder).unwrap();
    let mut rng = Rng::new(3);
    for row in rows("tests/data/knowledge-dev.jsonl").iter().step_by(3) {
        let plain: String =
            misheard(&row.text, 0.2, &mut rng).chars().filter(|c| c.is_alphanumeric()).collect();
        let respelt: String =
            index.respelt(&plain).chars().filter(|c| c.is_alphanumeric()).collect();
        let sound = |text: &str| -> Vec<String> {
            toneless(text).iter().map(|s| blurred(s.pinyin)).collect()
        };
        let (before, after) = (sound(&plain), sound(&respelt));
        // Fillers are taken away; nothing is added.
        assert!(after.len() <= before.len(), "{plain}: {respelt}");
        let digits = |text: &str| text.chars().filter(char::is_ascii).collect::<String>();
        assert_eq!(digits(&plain), digits(&respelt));
    }
}

#[test]
fn mishearing_has_its_rate_and_its_seed() {
    let texts: Vec<String> =
        rows("tests/data/knowledge-dev.jsonl").into_iter().map(|row| row.text).collect();
    for rate in [0.05, 0.17, 0.3] {
        let (mut rng, mut errors, mut characters) = (Rng::new(11), 0.0, 0.0);
        for _ in 0..4 {
            for text in &texts {
                let many = text.chars().filter(|c| c.is_alphanumeric()).count() as f64;
                errors +=
                    f64::from(character_error_rate(text, &misheard(text, rate, &mut rng)) as f32)
                        * many;
                characters += many;
            }
        }
        let got = errors / characters;
        assert!((got - rate).abs() < 0.15 * rate + 0.01, "{rate}: {got}");
    }
    let same = |seed| misheard("公积金怎么提取啊，我想买房子", 0.3, &mut Rng::new(seed));
    assert_eq!(same(5), same(5));
    assert_eq!(misheard("公积金怎么提取", 0.0, &mut Rng::new(1)), "公积金怎么提取");
}

fn hit(id: &str, confidence: f32) -> Hit {
    Hit { item: Arc::new(Item { id: id.to_owned(), ..Item::default() }), score: 0.0, confidence }
}

/// Confidences of the hits, and what follows: `a` answers the first, `c` asks about it, `o` offers so many, `-` nothing.
const DECIDED: &[(&[f32], &str)] = &[
    (&[], "-"),
    (&[0.05], "-"),
    (&[0.95, 0.02], "a1"),
    (&[0.9], "a1"),
    (&[0.8, 0.15], "a1"),
    (&[0.6, 0.3], "c1"),
    (&[0.5, 0.3], "c1"),
    (&[0.3, 0.2, 0.15], "o3"),
    (&[0.3, 0.2, 0.05], "o2"),
    (&[0.3, 0.05, 0.05], "-"),
    (&[0.2, 0.1, 0.02], "-"),
];

#[test]
fn confidences_decide() {
    let bars = Bars { answer: 0.75, confirm: 0.4, offer: 0.4, offered: 0.1 };
    for (confidences, expected) in DECIDED {
        let hits: Vec<Hit> =
            confidences.iter().zip(["a", "b", "c"]).map(|(c, id)| hit(id, *c)).collect();
        let decision = decide(&hits, &bars);
        let kind = match &decision {
            Decision::Answer(_) => "a",
            Decision::Confirm(_) => "c",
            Decision::Offer(_) => "o",
            Decision::Person => "-",
        };
        let many = decision.hits().len();
        let got = if many == 0 { kind.to_owned() } else { format!("{kind}{many}") };
        assert_eq!(got, *expected, "{confidences:?}");
    }
}

#[test]
fn silence_finds_nothing() {
    let index = Index::build(Arc::new(load(GOOD).unwrap()), &BigramEncoder).unwrap();
    for text in ["", " ", "，。！？", "\u{0}"] {
        assert!(index.search(text, &BigramEncoder, 3).unwrap().is_empty());
    }
}

#[test]
fn an_index_is_searched_with_its_own_encoder() {
    struct Other;
    impl Encoder for Other {
        fn encode(&self, _: &str) -> Result<Vec<f32>, KnowledgeError> {
            Ok(vec![1.0])
        }
        fn dimensions(&self) -> usize {
            2
        }
        fn name(&self) -> &str {
            "other"
        }
    }
    let base = Arc::new(load(GOOD).unwrap());
    assert!(matches!(
        Index::build(base.clone(), &Other),
        Err(KnowledgeError::Dimensions { got: 1, want: 2, .. })
    ));
    let index = Index::build(base, &BigramEncoder).unwrap();
    assert!(matches!(index.search("身份证", &Other, 1), Err(KnowledgeError::OtherEncoder { .. })));
}

#[test]
fn points_are_kept_and_a_spoilt_cache_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let score = || {
        let (base, cache) = (load(GOOD).unwrap(), folder.path().to_path_buf());
        let library = Library::open(base, &[], Arc::new(BigramEncoder), Some(cache)).unwrap();
        library.nearest("身份证丢了", 1).unwrap()[0].score
    };
    let fresh = score();
    let file = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    assert_eq!(score(), fresh);
    for spoilt in [&b"short"[..], &[0_u8; 30_000][..]] {
        std::fs::write(&file, spoilt).unwrap();
        assert_eq!(score(), fresh);
    }
}

fn item(id: &str, region: &str, from: &str, until: &str, replaces: &[&str]) -> Item {
    Item {
        id: id.to_owned(),
        title: "身份证补领".into(),
        region: region.to_owned(),
        asks: vec!["身份证丢了怎么补".into(), format!("身份证掉了{id}")],
        spoken: "到派出所补领。".into(),
        full: "到派出所补领。".into(),
        source: Citation {
            name: "居民身份证法".into(),
            article: String::new(),
            date: "2011".into(),
        },
        topic: "户籍".into(),
        keywords: vec!["身份证".into()],
        valid_from: Day::parse(from),
        valid_until: Day::parse(until),
        replaces: replaces.iter().map(|id| (*id).to_owned()).collect(),
        ..Item::default()
    }
}

/// A province's item, a city's that stands in for it until the end of 2026, a district's beside it, and one of last year.
fn layered() -> Index {
    let items = vec![
        item("province", "33", "", "", &[]),
        item("city", "3307", "2026-01-01", "2026-12-31", &["province"]),
        item("district", "330702", "2026-06-01", "", &[]),
        item("old", "33", "2025-01-01", "2025-12-31", &[]),
    ];
    Index::build(Arc::new(Base::new(items, Vec::new())), &BigramEncoder).unwrap()
}

/// The caller's region, the day, and whom they may hear of; the item for the nearest place comes first.
const LAYERS: &[(&str, &str, &[&str])] = &[
    ("330702", "2026-11-22", &["district", "city"]),
    ("330702103", "2026-11-22", &["district", "city"]),
    ("330702", "2026-02-01", &["city"]),
    ("3307", "2026-11-22", &["city"]),
    ("3307", "2026-12-31", &["city"]),
    ("3307", "2027-01-01", &["province"]),
    ("3301", "2026-11-22", &["province"]),
    ("33", "2026-11-22", &["province"]),
    ("33", "2025-07-01", &["province", "old"]),
    ("44", "2026-11-22", &[]),
];

#[test]
fn the_nearest_valid_item_answers() {
    let index = layered();
    for (region, day, expected) in LAYERS {
        let context = Context { region, today: Day::parse(day) };
        let hits = index.search_in("身份证丢了怎么补", context, &BigramEncoder, 9).unwrap();
        let mut got: Vec<&str> = hits.iter().map(|hit| hit.item.id.as_str()).collect();
        let depth = |hit: &Hit| hit.item.region.len();
        assert_eq!(
            hits.first().map(depth),
            hits.iter().map(depth).max(),
            "{region} {day}: {got:?}"
        );
        let mut expected = expected.to_vec();
        got.sort_unstable();
        expected.sort_unstable();
        assert_eq!(got, expected, "{region} {day}");
    }
    // Of a caller from anywhere nobody knows whom the city's item concerns: the wider one goes first.
    let context = Context { region: "", today: Day::parse("2026-11-22") };
    let hits = index.search_in("身份证丢了怎么补", context, &BigramEncoder, 9).unwrap();
    assert_eq!(hits[0].item.id, "province");
    assert!(hits.iter().all(|hit| hit.item.id != "old"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is replaced by whatever: nobody hears of an item that does not hold for them today.
    #[test]
    fn what_does_not_hold_is_never_found(
        specs in proptest::collection::vec((0_usize..5, 1_u32..13, 0_u32..13, proptest::collection::vec(0_usize..8, 0..3)), 1..8),
        asks in proptest::collection::vec((0_usize..5, 1_u32..13), 1..6),
    ) {
        const REGIONS: [&str; 5] = ["", "33", "3307", "330702", "3301"];
        let id = |n: usize| format!("item-{n}");
        let items: Vec<Item> = specs
            .iter()
            .enumerate()
            .map(|(n, (region, from, long, replaces))| {
                let until = if *long == 0 { String::new() } else { format!("2026-{:02}-28", (from + long).min(12)) };
                let replaces: Vec<String> = replaces.iter().filter(|r| **r != n).map(|r| id(*r)).collect();
                let replaces: Vec<&str> = replaces.iter().map(String::as_str).collect();
                item(&id(n), REGIONS[*region], &format!("2026-{from:02}-01"), &until, &replaces)
            })
            .collect();
        let index = Index::build(Arc::new(Base::new(items.clone(), Vec::new())), &BigramEncoder).unwrap();
        for (region, month) in asks {
            let (region, today) = (REGIONS[region], Day::new(2026, month, 15).unwrap());
            let context = Context { region, today: Some(today) };
            for hit in index.search_in("身份证丢了怎么补", context, &BigramEncoder, 20).unwrap() {
                prop_assert!(hit.item.holds_on(today));
                prop_assert!(region.is_empty() || hit.item.holds_in(region));
                let replaced = items.iter().any(|other| {
                    other.replaces.contains(&hit.item.id) && other.holds_on(today) && !region.is_empty() && other.holds_in(region)
                });
                prop_assert!(!replaced, "{} at {region} in month {month}", hit.item.id);
            }
        }
    }
}

/// A base so large that it is searched through lists, of the shipped one's texts, misheard.
fn large() -> Arc<Base> {
    let mut rng = Rng::new(5);
    let shipped = shipped();
    let items = (0..1_800).filter_map(|n| {
        let of = shipped.items().get(n % shipped.items().len())?;
        let mut other = |text: &String| format!("{}{}", misheard(text, 0.25, &mut rng), n % 97);
        let asks = of.asks.iter().take(5).map(&mut other).collect();
        let keywords = vec![other(&of.title)];
        Some(Item {
            id: format!("{}-{n}", of.id),
            title: other(&of.title),
            asks,
            keywords,
            ..(**of).clone()
        })
    });
    Arc::new(Base::new(items.collect(), shipped.outside().to_vec()))
}

#[test]
fn a_large_base_is_searched_nearly_as_if_whole() {
    let base = large();
    let index = Index::build(base.clone(), &BigramEncoder).unwrap();
    let mut rng = Rng::new(9);
    let (mut found, mut wanted) = (0, 0);
    for n in 0..60 {
        let item = &base.items()[n * 29 % base.items().len()];
        let text = misheard(rng.pick(&item.asks).unwrap(), 0.15, &mut rng);
        let context = Context::default();
        let hits = index.search_in(&text, context, &BigramEncoder, 3).unwrap();
        let whole = index.search_whole(&text, context, &BigramEncoder, 3).unwrap();
        wanted += whole.len();
        found += whole
            .iter()
            .filter(|w| hits.iter().any(|h| h.score >= w.score - 1e-6 && h.item.id == w.item.id))
            .count();
    }
    let recall = found as f32 / wanted as f32;
    assert!(recall >= 0.95, "{recall}");
}
