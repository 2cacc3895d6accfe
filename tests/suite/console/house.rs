//! A console over a store in a temporary folder, filled by facts, on a port of its own.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use huiyin::access::{Cost, Role};
use huiyin::acd::{Agent, Plan};
use huiyin::console::telephones::Line;
use huiyin::console::{self, Console, Doors, Knowledge, Machine, Tls};
use huiyin::desk::{Actor, DeskError, Role as Part, Ticket, TicketEvent};
use huiyin::hotline::{Command, Direction, Fact, Photo};
use huiyin::intake::Grade;
use huiyin::kernel::evidence::Source;
use huiyin::kernel::{
    AgentId, CallId, Evidence, Filled, Pii, Slot, SurveyId, TicketId, VerificationId, Wall,
};
use huiyin::knowledge::{Base, BigramEncoder, Citation, Item, Library};
use huiyin::runtime::library::Publisher;
use huiyin::speech::{Speaker, Utterance};
use huiyin::store::{Store, photo_path, recording_path};
use huiyin::survey::campaign::Origin;
use huiyin::survey::{Answer, Given, Value};
use tokio::sync::{broadcast, oneshot};

pub const NUMBER: &str = "13800138000";
pub const TICKET: u64 = 2_611_220_001;
pub const HOSTILE: &str = "<script>alert('x')</script><img src=x onerror=alert(1)> 工地半夜打桩";

/// What the hotline answers to commands; `None`: nothing in time.
pub type Reply = Arc<dyn Fn(&Command) -> Option<Result<(), DeskError>> + Send + Sync>;

pub struct House {
    pub at: SocketAddr,
    pub store: Store,
    pub feed: broadcast::Sender<Fact>,
    pub commands: Arc<Mutex<Vec<Command>>>,
    pub http: reqwest::Client,
    pub folder: tempfile::TempDir,
    pub library: Arc<Library>,
    stop: Option<oneshot::Sender<()>>,
    served: Option<tokio::task::JoinHandle<Result<(), console::ConsoleError>>>,
}

pub fn dispatch() -> huiyin::desk::dispatch::Rules {
    use huiyin::desk::dispatch::{BUILTIN, Category, Rules};
    let topics = huiyin::intake::taxonomy().unwrap();
    let categories: Vec<Category> =
        topics.into_iter().map(|(code, name)| Category { code, name }).collect();
    Rules::parse(BUILTIN.0, BUILTIN.1, &categories).unwrap()
}

pub async fn house() -> House {
    build(None, Arc::new(|_| Some(Ok(())))).await
}

pub async fn build(token: Option<&str>, reply: Reply) -> House {
    let doors = Doors { cost: CHEAP, ..Doors::default() };
    with_doors(token, reply, doors, None).await
}

/// Passwords are worth nothing here.
pub const CHEAP: Cost = Cost { memory_kib: 8, passes: 1 };

pub async fn with_doors(
    token: Option<&str>,
    reply: Reply,
    doors: Doors,
    tls: Option<Tls>,
) -> House {
    whole(token, reply, doors, tls, None).await
}

/// With a line for browsers.
pub async fn with_line(line: Line) -> House {
    let doors = Doors { cost: CHEAP, ..Doors::default() };
    whole(None, Arc::new(|_| Some(Ok(()))), doors, None, line).await
}

/// With a live feed that holds so many facts for a slow reader.
pub async fn with_feed(facts: usize) -> House {
    let doors = Doors { cost: CHEAP, ..Doors::default() };
    fed(None, Arc::new(|_| Some(Ok(()))), doors, (None, None), facts).await
}

async fn whole(
    token: Option<&str>,
    reply: Reply,
    doors: Doors,
    tls: Option<Tls>,
    telephones: Line,
) -> House {
    fed(token, reply, doors, (tls, telephones), 8).await
}

async fn fed(
    token: Option<&str>,
    reply: Reply,
    doors: Doors,
    (tls, telephones): (Option<Tls>, Line),
    facts: usize,
) -> House {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("huiyin.db")).await.unwrap();
    let recordings = folder.path().join("recordings");
    std::fs::create_dir_all(&recordings).unwrap();
    let (feed, _) = broadcast::channel(facts);
    let commands = Arc::new(Mutex::new(Vec::new()));
    let kept = commands.clone();
    let library = Arc::new(library());
    // What is published is searched when the service has had time to take it up.
    let publisher = Publisher::start(store.clone(), library.clone(), |_| {});
    let listener = console::listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let at = listener.local_addr().unwrap();
    let console = Console {
        store: store.clone(),
        feed: feed.clone(),
        commands: Arc::new(move |command| {
            let answer = reply(&command);
            kept.lock().unwrap().push(command);
            Box::pin(async move { answer })
        }),
        recordings,
        agents: vec![agent(1, "李晓"), agent(2, "王敏")],
        plan: std::sync::Arc::new(Plan::default()),
        dispatch: Arc::new(dispatch()),
        machine: token
            .map(|token| Machine { token: Pii::new(token.to_owned()), role: Role::Supervisor }),
        doors: doors.clone(),
        tls,
        knowledge: Knowledge { library: library.clone(), published: publisher.waker() },
        outside: Vec::new(),
        telephones,
    };
    let (stop, stopped) = oneshot::channel::<()>();
    let served = tokio::spawn(console::serve(listener, console, async move {
        let _ = stopped.await;
    }));
    let http = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(10))
        .build()
        .unwrap();
    House {
        at,
        store,
        feed,
        commands,
        http,
        folder,
        library,
        stop: Some(stop),
        served: Some(served),
    }
}

impl House {
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.at)
    }

    pub async fn get(&self, path: &str) -> reqwest::Response {
        self.http.get(self.url(path)).send().await.unwrap()
    }

    pub async fn json(&self, path: &str) -> serde_json::Value {
        let response = self.get(path).await;
        assert_eq!(response.status(), 200, "{path}");
        response.json().await.unwrap()
    }

    pub async fn page(&self, path: &str) -> String {
        let response = self.get(path).await;
        assert_eq!(response.status(), 200, "{path}");
        response.text().await.unwrap()
    }

    pub async fn post(&self, path: &str, body: serde_json::Value) -> reqwest::Response {
        self.http.post(self.url(path)).json(&body).send().await.unwrap()
    }

    /// The recording of call 1: its bytes are known, its content is one second of a tone in stereo.
    pub fn record(&self) -> Vec<u8> {
        let path = recording_path(&self.folder.path().join("recordings"), CallId(1));
        let spec = hound::WavSpec {
            channels: 2,
            sample_rate: 8000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(&path, spec).unwrap();
        for n in 0..40_000 {
            let tone = (f64::from(n) * 0.35).sin() * 8000.0;
            writer.write_sample(tone as i16).unwrap();
            writer.write_sample((tone / 2.0) as i16).unwrap();
        }
        writer.finalize().unwrap();
        std::fs::read(path).unwrap()
    }

    /// The citizen of call 1 has sent a photo.
    pub async fn photograph(&self) {
        let picture = image::RgbImage::from_fn(640, 480, |x, y| {
            image::Rgb([(x / 3) as u8, (y / 2) as u8, 120])
        });
        let path = photo_path(&self.folder.path().join("recordings"), CallId(1), 1);
        picture.save(path).unwrap();
        let photo = Photo { n: 1, width: 640, height: 480, sha256: "0".repeat(64) };
        let fact = Fact::Photo { call: CallId(1), photo, at: noon() };
        self.store.keep(&[fact]).await.unwrap();
    }

    /// Stops the console and waits for it.
    pub async fn stop(&mut self) {
        let _ = self.stop.take().unwrap().send(());
        let served = self.served.take().unwrap();
        tokio::time::timeout(Duration::from_secs(5), served)
            .await
            .expect("the console does not stop")
            .unwrap()
            .unwrap();
    }
}

/// Two items of files: one for everywhere, one for a city.
pub fn library() -> Library {
    let item = |id: &str, region: &str, title: &str, asks: [&str; 4]| Item {
        id: id.into(),
        title: title.into(),
        region: region.into(),
        asks: asks.map(str::to_owned).to_vec(),
        spoken: format!("{title}，到就近的窗口办。"),
        full: format!("{title}，到就近的窗口办。"),
        source: Citation {
            name: "办事指南".into(), date: "2026".into(), ..Citation::default()
        },
        topic: "户籍证件".into(),
        keywords: vec![title.into()],
        ..Item::default()
    };
    let card = ["身份证丢了怎么补", "补身份证去哪里", "身份证掉了", "补身份证多少钱"];
    let permit = ["居住证怎么办", "办居住证要什么材料", "居住证去哪里办", "居住证多久能拿到"];
    let items =
        vec![item("id-card", "", "身份证补领", card), item("permit", "3307", "居住证办理", permit)];
    Library::open(Base::new(items, Vec::new()), &[], Arc::new(BigramEncoder), None).unwrap()
}

fn agent(id: u64, name: &str) -> Agent {
    let uri = format!("sip:{id}@127.0.0.1");
    Agent::new(AgentId(id), name, uri)
}

/// Today at noon in China, so that the figures of the day count it.
pub fn noon() -> Wall {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let today = Wall::from_ms(now.as_millis() as i64).civil();
    huiyin::kernel::Civil { hour: 12, minute: 0, second: 0, ..today }.wall()
}

pub fn turn(call: u64, index: u32, speaker: Speaker, text: &str, latency: Option<u64>) -> Fact {
    let start_ms = u64::from(index) * 700;
    let utterance = Utterance {
        call: CallId(call),
        index,
        speaker,
        text: text.into(),
        start_ms,
        end_ms: start_ms + 600,
        confidence: 0.91,
    };
    Fact::Turn { utterance, latency_ms: latency, cut_short: false, at: noon() }
}

pub fn spoken(value: &str, code: Option<&str>, utterance: u32) -> Filled {
    let start_ms = u64::from(utterance) * 700;
    Filled {
        value: value.into(),
        code: code.map(str::to_owned),
        evidence: vec![Evidence { utterance, start_ms, end_ms: start_ms + 600, confidence: 0.91 }],
        source: Source::Spoken,
    }
}

pub fn fields() -> BTreeMap<Slot, Filled> {
    let number = Filled {
        value: NUMBER.into(),
        code: None,
        evidence: Vec::new(),
        source: Source::Signalling,
    };
    BTreeMap::from([
        (Slot::Number, number),
        (Slot::MatterType, spoken("投诉", Some("complaint"), 1)),
        (Slot::Category, spoken("夜间施工噪声", Some("noise.construction"), 1)),
        (Slot::Place, spoken("金华市婺城区白龙桥镇", Some("330702103"), 3)),
        (Slot::Time, spoken("昨晚十点", Some("2026-11-21T22:00"), 1)),
        (Slot::Narrative, spoken(HOSTILE, None, 1)),
    ])
}

pub fn ticket() -> Ticket {
    let mut ticket = Ticket::open(TicketId(TICKET), CallId(1), noon());
    happens(&mut ticket, TicketEvent::Drafted { fields: fields() }, Actor::robot(), noon());
    ticket
}

/// Something happens to a ticket: the fact that tells it.
pub fn happens(ticket: &mut Ticket, event: TicketEvent, by: Actor, at: Wall) -> Fact {
    let entry = ticket.apply(event, by, at).unwrap();
    Fact::Ticket { ticket: ticket.clone(), entry }
}

/// A complaint that is being told: call 1, its words, its ticket, agent 1 rung for it.
pub fn complaint() -> Vec<Fact> {
    let at = noon();
    let call = CallId(1);
    let mut ticket = Ticket::open(TicketId(TICKET), CallId(1), at);
    let told = TicketEvent::Drafted { fields: fields() };
    let drafted = happens(&mut ticket, told, Actor::robot(), at);
    let registered = happens(&mut ticket, TicketEvent::Registered, Actor::robot(), at);
    vec![
        Fact::CallStarted {
            call,
            direction: Direction::Inbound,
            number: Some(Pii::new(NUMBER.into())),
            at,
        },
        turn(1, 0, Speaker::Robot, "您好，我是智能话务员，通话会录音，请问您有什么事？", Some(0)),
        turn(1, 1, Speaker::Caller, HOSTILE, None),
        turn(1, 2, Speaker::Robot, "请问是在什么地方？", Some(640)),
        turn(1, 3, Speaker::Caller, "金华白龙桥镇，我电话是13800138000", None),
        drafted,
        Fact::CallState { call, state: "waiting".into(), at },
        registered,
        Fact::AgentState {
            agent: AgentId(1),
            state: "ringing",
            call: Some(call),
            reason: None,
            at,
        },
    ]
}

/// What follows: the talk, the closing, an unhappy callback (call 2), its verification.
pub fn aftermath() -> Vec<Fact> {
    let at = noon().plus_ms(60_000);
    let (agent, survey, id) = (AgentId(1), SurveyId(1), TicketId(TICKET));
    let mut ticket = ticket();
    happens(&mut ticket, TicketEvent::Registered, Actor::robot(), noon());
    let closed = TicketEvent::Closed { result: "已责令停工整改".into() };
    let mut facts = vec![
        happens(&mut ticket, TicketEvent::Taken { agent }, Actor::agent(agent), at),
        happens(&mut ticket, closed, Actor::new(Part::Agent, "A1 李晓"), at),
    ];
    let words = "还是吵，你们打13800138000问问";
    let heard = turn(2, 1, Speaker::Caller, words, None);
    let Fact::Turn { utterance, .. } = &heard else { panic!() };
    let grade = Answer::new(Value::Satisfied(Grade::Dissatisfied), Given::spoken(utterance));
    let solved = Answer::new(Value::Solved(false), Given::Key { key: '2', at_ms: 300 });
    let call = CallId(2);
    facts.extend([
        Fact::CallEnded { call: CallId(1), outcome: "handed_over".into(), at },
        Fact::AgentState { agent, state: "idle", call: None, reason: None, at },
        Fact::SurveyDue { survey, ticket: id, origin: Origin::Closed, attempt: 1, due: at, at },
        Fact::CallStarted {
            call,
            direction: Direction::Callback,
            number: Some(Pii::new(NUMBER.into())),
            at,
        },
        Fact::SurveyDialled { survey, ticket: id, call, attempt: 1, at },
        Fact::SurveyStarted { survey, call, at },
        Fact::Key { call, key: Pii::new('2'), at_ms: 300, at },
        heard,
        Fact::SurveyAnswer { survey, call, answer: solved, at },
        Fact::SurveyAnswer { survey, call, answer: grade, at },
        Fact::VerificationOpened {
            verification: VerificationId(1),
            survey,
            ticket: id,
            reason: "unhappy".into(),
            due: Some(at.plus_ms(5 * 86_400_000)),
            at,
        },
        Fact::VerificationAssigned {
            verification: VerificationId(1),
            unit: "回访核实组".into(),
            by: "system".into(),
            at,
        },
        Fact::SurveyEnded {
            survey,
            ticket: id,
            origin: Origin::Closed,
            outcome: "complete".into(),
            attempt: 1,
            last: true,
            at: at.plus_ms(20_000),
        },
        Fact::CallEnded { call, outcome: "complete".into(), at: at.plus_ms(20_000) },
    ]);
    facts
}
