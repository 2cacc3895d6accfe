//! The knowledge editor: draft, review by another, publish, withdraw; what could not be answered, and drafts made of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use crate::console::house::{House, NUMBER, house, noon, turn};
use huiyin::hotline::{Direction, Fact, Why};
use huiyin::kernel::CallId;
use huiyin::knowledge::editing::{Entry, Refused, Served, Stage, Step};
use huiyin::knowledge::{
    Base, BigramEncoder, Column, Encoder, Grain, Item, Library, Rule, cluster,
};
use huiyin::runtime::library::entries;
use huiyin::speech::Speaker;
use huiyin::store::Store;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

async fn version(house: &House, id: &str) -> i64 {
    house.json(&format!("/api/knowledge/{id}")).await["version"].as_i64().unwrap()
}

/// Posts as of the version that is there; the status and the body.
async fn post(house: &House, id: &str, what: &str, body: Value) -> (u16, Value) {
    let version = version(house, id).await;
    let reply = house.post(&format!("/api/knowledge/{id}/{what}?version={version}"), body).await;
    (reply.status().as_u16(), reply.json().await.unwrap())
}

fn whole() -> Value {
    json!({
        "by": "李晓", "title": "老年优待证办理", "region": "3307",
        "asks": "老年证怎么办\n办老年证要什么\n老人优待证去哪里领\n满六十岁办什么证",
        "spoken": "年满六十周岁的，带身份证到社区办理。", "full": "年满六十周岁的，带身份证到社区办理。",
        "source.name": "老年人权益保障法", "source.date": "2018-12-29", "topic": "养老", "keywords": "老年证",
        "valid_from": "2026-01-01", "valid_until": "", "documents": "身份证",
    })
}

async fn new_item(house: &House) {
    let body = json!({ "id": "senior-card", "title": "老年证", "by": "李晓" });
    let reply = house.post("/api/knowledge", body.clone()).await;
    assert_eq!(reply.status(), 200);
    assert_eq!(reply.json::<Value>().await.unwrap()["page"], "/knowledge/senior-card");
    assert_eq!(
        house.post("/api/knowledge", body).await.json::<Value>().await.unwrap()["code"],
        "exists"
    );
}

/// Waits until what is served is as wanted.
async fn served(library: &Library, id: &str, wanted: Option<&str>) {
    for _ in 0..500 {
        if library.base().get(id).map(|item| item.title.clone()).as_deref() == wanted {
            return;
        }
        tokio::task::yield_now().await;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{id} is not served as {wanted:?}");
}

#[tokio::test]
async fn a_draft_is_reviewed_by_another_and_published_into_the_running_search() {
    let house = house().await;
    new_item(&house).await;
    let page = house.page("/knowledge/senior-card").await;
    for shown in ["草稿", "还没有发布", "没有填写", "审核通过", "id=\"field-spoken\""]
    {
        assert!(page.contains(shown), "{shown}");
    }
    let (status, error) =
        post(&house, "senior-card", "steps/review", json!({ "by": "王敏" })).await;
    assert_eq!((status, error["code"].as_str()), (422, Some("faults")));
    assert_eq!(post(&house, "senior-card", "draft", whole()).await.0, 200);
    let shown = house.json("/api/knowledge/senior-card").await;
    assert_eq!(shown["faults"], json!([]));
    assert_eq!(shown["fields"]["valid_from"], "2026-01-01");
    for own in ["李晓", " 李 晓 "] {
        let (status, error) =
            post(&house, "senior-card", "steps/review", json!({ "by": own })).await;
        assert_eq!((status, error["code"].as_str()), (409, Some("own_draft")), "{own}");
    }
    let (status, error) =
        post(&house, "senior-card", "steps/publish", json!({ "by": "王敏" })).await;
    assert_eq!((status, error["code"].as_str()), (409, Some("not_now")));
    assert_eq!(post(&house, "senior-card", "steps/review", json!({ "by": "王敏" })).await.0, 200);
    assert!(house.library.base().get("senior-card").is_none());
    assert_eq!(post(&house, "senior-card", "steps/publish", json!({ "by": "李晓" })).await.0, 200);
    served(&house.library, "senior-card", Some("老年优待证办理")).await;
    let hits = house.library.nearest("老年证怎么办", 1).unwrap();
    assert_eq!(hits[0].item.id, "senior-card");

    let history = house.json("/api/knowledge/senior-card").await["history"].clone();
    let steps: Vec<&str> =
        history.as_array().unwrap().iter().map(|e| e["step"].as_str().unwrap()).collect();
    assert_eq!(steps, ["write", "write", "review", "publish"]);
    let changes = history[1]["changes"].as_array().unwrap();
    assert!(changes.contains(&json!(["title", "老年证", "老年优待证办理"])), "{changes:?}");
    let page = house.page("/knowledge/senior-card").await;
    for shown in ["已发布", "编辑发布的版本", "审核人", "王敏", "停用", "2026-01-01"]
    {
        assert!(page.contains(shown), "{shown}");
    }

    // A restart serves the same.
    let store = Store::open(&house.folder.path().join("huiyin.db")).await.unwrap();
    let entries = entries(&store).await.unwrap();
    let files = Base::new(Vec::new(), Vec::new());
    let again = Library::open(files, &entries, Arc::new(BigramEncoder), None).unwrap();
    assert_eq!(again.base().get("senior-card").unwrap().asks.len(), 4);
}

#[tokio::test]
async fn an_item_of_the_files_can_be_changed_withdrawn_and_taken_up_again() {
    let house = house().await;
    let page = house.page("/knowledge").await;
    for shown in ["身份证补领", "居住证办理", "已发布", "3307", "办事指南"] {
        assert!(page.contains(shown), "{shown}");
    }
    let edit = json!({ "by": "李晓", "title": "身份证丢失补领" });
    assert_eq!(post(&house, "id-card", "draft", edit).await.0, 200);
    // The draft is not served, and what is served has not changed.
    assert_eq!(house.library.base().get("id-card").unwrap().title, "身份证补领");
    assert_eq!(post(&house, "id-card", "steps/review", json!({ "by": "王敏" })).await.0, 200);
    assert_eq!(post(&house, "id-card", "steps/publish", json!({ "by": "王敏" })).await.0, 200);
    served(&house.library, "id-card", Some("身份证丢失补领")).await;
    let why = json!({ "by": "王敏", "why": "办法改了" });
    assert_eq!(post(&house, "id-card", "steps/withdraw", why).await.0, 200);
    served(&house.library, "id-card", None).await;
    assert!(house.page("/knowledge/id-card").await.contains("办法改了"));
    assert!(house.page("/knowledge?stage=withdrawn").await.contains("身份证丢失补领"));
    assert!(!house.page("/knowledge?stage=published").await.contains("身份证丢失补领"));
    let again = json!({ "by": "李晓", "title": "身份证补办" });
    assert_eq!(post(&house, "id-card", "draft", again).await.0, 200);
    assert_eq!(post(&house, "id-card", "steps/review", json!({ "by": "王敏" })).await.0, 200);
    assert_eq!(post(&house, "id-card", "steps/publish", json!({ "by": "王敏" })).await.0, 200);
    served(&house.library, "id-card", Some("身份证补办")).await;
}

#[tokio::test]
async fn nobody_overwrites_what_they_have_not_seen_and_bad_input_says_so() {
    let house = house().await;
    let send = async |path: &str, body: Value| {
        let reply = house.post(path, body).await;
        (
            reply.status().as_u16(),
            reply.json::<Value>().await.unwrap()["code"].as_str().unwrap_or_default().to_owned(),
        )
    };
    let edit = json!({ "by": "李晓", "title": "一" });
    assert_eq!(send("/api/knowledge/id-card/draft?version=0", edit.clone()).await.0, 200);
    let cases = [
        ("/api/knowledge/id-card/draft?version=0", edit.clone(), (409, "stale")),
        ("/api/knowledge/id-card/steps/review?version=0", json!({ "by": "王敏" }), (409, "stale")),
        (
            "/api/knowledge/id-card/draft?version=1",
            json!({ "by": "", "title": "二" }),
            (422, "empty"),
        ),
        (
            "/api/knowledge/id-card/draft?version=1",
            json!({ "by": "李晓", "titel": "二" }),
            (422, "bad_body"),
        ),
        (
            "/api/knowledge/id-card/draft?version=1",
            json!({ "by": "李晓", "id": "other" }),
            (422, "bad_body"),
        ),
        (
            "/api/knowledge/id-card/draft?version=1",
            json!({ "by": "李晓", "valid_until": "明年" }),
            (422, "bad_day"),
        ),
        (
            "/api/knowledge/id-card/draft?version=1",
            json!({ "by": "李晓", "title": "一" }),
            (409, "same"),
        ),
        ("/api/knowledge/id-card/draft?version=x", edit.clone(), (400, "bad_query")),
        ("/api/knowledge/nobody/draft?version=0", edit, (404, "not_found")),
        (
            "/api/knowledge/id-card/steps/burn?version=1",
            json!({ "by": "李晓" }),
            (404, "not_found"),
        ),
        ("/api/knowledge", json!({ "id": "身份证", "title": "a", "by": "b" }), (422, "bad_id")),
        ("/api/knowledge", json!({ "id": "id-card", "title": "a", "by": "b" }), (422, "exists")),
        (
            "/api/questions/draft",
            json!({ "members": "x", "id": "a", "title": "a", "by": "b" }),
            (422, "bad_body"),
        ),
    ];
    for (path, body, (status, code)) in cases {
        assert_eq!(send(path, body.clone()).await, (status, code.to_owned()), "{path} {body}");
    }
    for path in ["/knowledge/nobody", "/api/knowledge/nobody"] {
        assert_eq!(house.get(path).await.status(), 404, "{path}");
    }
}

fn asked(call: u64, index: u32, text: &str, why: Why) -> Vec<Fact> {
    let at = noon().plus_ms(call as i64);
    vec![
        Fact::CallStarted { call: CallId(call), direction: Direction::Inbound, number: None, at },
        turn(call, index, Speaker::Caller, text, None),
        Fact::Unanswered { call: CallId(call), utterance: index, why, at },
    ]
}

#[tokio::test]
async fn questions_without_an_answer_are_put_together_and_become_a_draft() {
    let house = house().await;
    assert!(house.page("/questions").await.contains("没有未答的问题"));
    let secret = format!("宠物狗证怎么办理我电话{NUMBER}");
    for facts in [
        asked(1, 1, "宠物狗证怎么办理", Why::Refused),
        asked(2, 1, "充电桩安装找谁", Why::WrongConfirm),
        asked(3, 3, "宠物狗证在哪办理", Why::Person),
        asked(4, 1, &secret, Why::Unhelped),
    ] {
        house.store.keep(&facts).await.unwrap();
    }
    house.record();
    let clusters = house.json("/api/questions").await["clusters"].clone();
    assert_eq!(clusters.as_array().unwrap().len(), 2, "{clusters}");
    assert_eq!((clusters[0]["count"].as_i64(), clusters[1]["count"].as_i64()), (Some(3), Some(1)));
    assert!(clusters[0]["nearest"][0]["id"].is_string());
    let page = house.page("/questions").await;
    assert!(!page.contains(NUMBER) && !clusters.to_string().contains(NUMBER));
    for shown in [
        "没有答案",
        "转了人工",
        "猜错了事项",
        "答了没解决",
        "data-play=\"1\" data-start=\"700\"",
        "138****8000",
    ] {
        assert!(page.contains(shown), "{shown}");
    }
    let members: Vec<String> = clusters[0]["questions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|q| format!("{}:{}", q["call"], q["idx"]))
        .collect();
    let body = json!({ "members": members.join(","), "id": "dog-licence", "title": "养犬登记", "by": "李晓" });
    let reply = house.post("/api/questions/draft", body).await;
    assert_eq!(reply.json::<Value>().await.unwrap()["page"], "/knowledge/dog-licence");
    let made = house.json("/api/knowledge/dog-licence").await;
    assert_eq!(made["stage"], "draft");
    assert_eq!(made["fields"]["asks"], "宠物狗证怎么办理\n宠物狗证在哪办理");
    assert_eq!(house.json("/api/questions").await["clusters"].as_array().unwrap().len(), 1);
    assert_eq!(
        house.post("/api/questions/dismiss", json!({ "members": "2:1" })).await.status(),
        200
    );
    assert_eq!(house.json("/api/questions").await["clusters"], json!([]));
}

#[tokio::test]
async fn staff_see_which_item_was_told_with_its_source_and_date() {
    let house = house().await;
    let at = noon();
    let facts = vec![
        Fact::CallStarted { call: CallId(1), direction: Direction::Inbound, number: None, at },
        turn(1, 1, Speaker::Caller, "身份证丢了怎么补", None),
        turn(1, 2, Speaker::Robot, "身份证补领，到就近的窗口办。", Some(500)),
        turn(1, 3, Speaker::Robot, "请问这样说清楚了吗？", None),
    ];
    house.store.keep(&facts).await.unwrap();
    let page = house.page("/calls/1").await;
    assert_eq!(page.matches("href=\"/knowledge/id-card\"").count(), 1);
    let told = page.split("href=\"/knowledge/id-card\"").nth(1).unwrap();
    assert!(
        told.starts_with(">身份证补领</a> · 依据：办事指南 2026"),
        "{}",
        told.chars().take(60).collect::<String>()
    );
}

#[test]
fn steps_lead_only_where_they_may() {
    let files = Base::new(Vec::new(), Vec::new());
    let good = Item { title: "一".into(), ..item("a") };
    let draft = Entry::new(good.clone(), "甲");
    let reviewed = draft.take(Step::Review, "乙", &files, &files).unwrap().0;
    let published = reviewed.take(Step::Publish, "丙", &files, &files).unwrap().0;
    let withdrawn = published.take(Step::Withdraw, "丙", &files, &files).unwrap().0;
    let stages = [&draft, &reviewed, &published, &withdrawn].map(|entry| entry.stage);
    assert_eq!(stages, [Stage::Draft, Stage::Reviewed, Stage::Published, Stage::Withdrawn]);
    assert_eq!(
        (&published.served, &withdrawn.served),
        (&Served::Own(Box::new(good.clone())), &Served::Nothing)
    );
    let steps = [Step::Review, Step::Return, Step::Publish, Step::Withdraw, Step::Discard];
    let allowed = [
        (&draft, [true, false, false, false, true]),
        (&reviewed, [false, true, true, false, true]),
        (&published, [false, false, false, true, false]),
        (&withdrawn, [false, false, false, false, false]),
    ];
    for (entry, may) in allowed {
        for (step, may) in steps.iter().zip(may) {
            let taken = entry.take(step.clone(), "丁", &files, &files);
            assert_eq!(taken.is_ok(), may, "{:?} {}", entry.stage, step.key());
        }
    }
    // Who wrote on a draft at any time does not review it; a new draft has new authors.
    let more = Item { title: "二".into(), ..good.clone() };
    let both = draft.take(Step::Write(Box::new(more.clone())), "乙", &files, &files).unwrap().0;
    for by in ["甲", "乙"] {
        assert_eq!(both.take(Step::Review, by, &files, &files), Err(Refused::OwnDraft));
    }
    let next = published.take(Step::Write(Box::new(more)), "乙", &files, &files).unwrap().0;
    assert!(next.take(Step::Review, "甲", &files, &files).is_ok());
    // While it is written, the old one is served.
    assert_eq!(next.served, Served::Own(Box::new(good)));
}

fn item(id: &str) -> Item {
    let mut item = Item { id: id.into(), ..Item::default() };
    for (column, text) in [
        (Column::Title, "老年证"),
        (Column::Asks, "一\n二\n三\n四"),
        (Column::Spoken, "去社区。"),
        (Column::Full, "去社区。"),
        (Column::SourceName, "法"),
        (Column::SourceDate, "2020"),
        (Column::Topic, "养老"),
        (Column::Keywords, "老年证"),
    ] {
        column.set(&mut item, text).unwrap();
    }
    item
}

#[test]
fn the_same_questions_are_put_together_in_the_same_way() {
    let words = [
        "社保卡怎么补办",
        "路灯坏了找谁",
        "社保卡怎么补半",
        "社保卡在哪补办",
        "路灯坏了找谁修",
        "下雨吗",
    ];
    let words = words.map(str::to_owned);
    let once = cluster(&words, &BigramEncoder).unwrap();
    assert_eq!(once, cluster(&words, &BigramEncoder).unwrap());
    let members: Vec<&[usize]> = once.iter().map(|c| c.members.as_slice()).collect();
    // 补半 is heard for 补办: by sound they are one.
    assert_eq!(members, [&[0, 2, 3][..], &[1, 4], &[5]]);
    assert!(once.iter().all(|c| c.members.contains(&c.centre)));
    assert_eq!(cluster(&[], &BigramEncoder).unwrap(), []);
}

/// Prints how well the clusters of the development set's questions are those of their items, by grain: of the pairs that
/// are put together how many belong so, and the other way round. `GRAIN` is taken from it.
#[test]
#[ignore = "measures; prints a table"]
fn fit_the_bound_of_clusters() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/cache");
    let folder = std::env::var_os("HUIYIN_MODELS").map_or(folder, std::path::PathBuf::from);
    let encoder = huiyin::engine::encoder::UseEncoder::load(&folder).unwrap();
    let (mut words, mut items) = (Vec::new(), Vec::new());
    for line in include_str!("../data/knowledge-dev.jsonl").lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        if let (Some(text), Some(item)) = (line["text"].as_str(), line["item"].as_str()) {
            words.push(text.to_owned());
            items.push(item.to_owned());
        }
    }
    for encoder in [&Once::new(&encoder) as &dyn Encoder, &BigramEncoder] {
        let grains =
            [0.3, 0.5, 0.7].iter().flat_map(|m| (24..=60).step_by(4).map(move |near| (*m, near)));
        for (meaning, near) in grains {
            let grain = Grain { meaning, near_min: near as f32 / 100.0 };
            let clusters = huiyin::knowledge::cluster_at(&words, encoder, grain).unwrap();
            let mut place = vec![0; words.len()];
            for (n, cluster) in clusters.iter().enumerate() {
                cluster.members.iter().for_each(|member| place[*member] = n);
            }
            let (mut both, mut put, mut belong) = (0u32, 0u32, 0u32);
            for a in 0..words.len() {
                for b in 0..a {
                    let (together, same) = (place[a] == place[b], items[a] == items[b]);
                    put += u32::from(together);
                    belong += u32::from(same);
                    both += u32::from(together && same);
                }
            }
            let (right, found) = (
                f64::from(both) / f64::from(put.max(1)),
                f64::from(both) / f64::from(belong.max(1)),
            );
            println!(
                "{} {meaning} {near}: {} clusters, right {right:.3}, found {found:.3}",
                encoder.name(),
                clusters.len()
            );
        }
    }
}

/// Encodes each text once.
struct Once<'e>(&'e dyn Encoder, std::sync::Mutex<std::collections::HashMap<String, Vec<f32>>>);

impl<'e> Once<'e> {
    fn new(encoder: &'e dyn Encoder) -> Self {
        Once(encoder, std::sync::Mutex::default())
    }
}

impl Encoder for Once<'_> {
    fn encode(&self, text: &str) -> Result<Vec<f32>, huiyin::knowledge::KnowledgeError> {
        let mut known = self.1.lock().unwrap();
        if let Some(point) = known.get(text) {
            return Ok(point.clone());
        }
        let point = self.0.encode(text)?;
        known.insert(text.to_owned(), point.clone());
        Ok(point)
    }

    fn dimensions(&self) -> usize {
        self.0.dimensions()
    }

    fn name(&self) -> &str {
        self.0.name()
    }
}

/// Counts how often it is asked.
struct Counting(std::sync::atomic::AtomicUsize);

impl Encoder for Counting {
    fn encode(&self, text: &str) -> Result<Vec<f32>, huiyin::knowledge::KnowledgeError> {
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        BigramEncoder.encode(text)
    }

    fn dimensions(&self) -> usize {
        BigramEncoder.dimensions()
    }

    fn name(&self) -> &str {
        BigramEncoder.name()
    }
}

#[test]
fn a_new_item_costs_its_own_wordings_and_a_torn_cache_is_mended() {
    let folder = tempfile::tempdir().unwrap();
    let counting = Arc::new(Counting(0.into()));
    let asked = || counting.0.swap(0, std::sync::atomic::Ordering::Relaxed);
    let cache = || Some(folder.path().to_path_buf());
    let files = || Base::new(vec![item("a")], Vec::new());
    let library = Library::open(files(), &[], counting.clone(), cache()).unwrap();
    assert_eq!(asked(), 5);
    let mut more = item("b");
    Column::Asks.set(&mut more, "五\n六\n七\n八").unwrap();
    let draft = Entry::new(more, "甲");
    let empty = Base::new(Vec::new(), Vec::new());
    let entry = draft.take(Step::Review, "乙", &empty, &empty).unwrap().0;
    let entry = entry.take(Step::Publish, "乙", &empty, &empty).unwrap().0;
    library.renew(std::slice::from_ref(&entry)).unwrap();
    assert_eq!(asked(), 4, "the title is the same, the wordings are new");
    drop(library);
    Library::open(files(), std::slice::from_ref(&entry), counting.clone(), cache()).unwrap();
    assert_eq!(asked(), 0);
    let file = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, &bytes[..bytes.len() - 5]).unwrap();
    Library::open(files(), std::slice::from_ref(&entry), counting.clone(), cache()).unwrap();
    assert_eq!(asked(), 1, "only the torn record");
    Library::open(files(), std::slice::from_ref(&entry), counting.clone(), cache()).unwrap();
    assert_eq!(asked(), 0, "and it is mended");
}

#[test]
fn every_key_of_the_editor_has_a_name_in_chinese() {
    let texts: toml::Table = toml::from_str(include_str!("../../src/console/texts.toml")).unwrap();
    let names = texts["names"].as_table().unwrap();
    let steps = ["write", "review", "return", "publish", "withdraw", "discard"];
    let keys = (Column::ALL.map(|c| ("knowledge_field", c.key())).into_iter())
        .chain(Stage::ALL.map(|s| ("knowledge_stage", s.key())))
        .chain(Rule::ALL.map(|r| ("knowledge_fault", r.key())))
        .chain(Why::ALL.map(|w| ("unanswered", w.key())))
        .chain(steps.map(|s| ("knowledge_step", s)));
    for (table, key) in keys {
        let name = names[table].as_table().unwrap().get(key).and_then(toml::Value::as_str);
        assert!(name.is_some_and(|name| !name.is_ascii()), "[names.{table}] has no {key}");
    }
}
