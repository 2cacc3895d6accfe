//! The service: everything wired together, from start to an orderly end.

use std::fs::{File, TryLockError};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::task::JoinHandle;

use super::browsers::Browsers;
use super::certificate::Own;
use super::clock::SystemClock;
use super::engines::{self, SpeechEngines};
use super::keeper::Keeper;
use super::library::{Publisher, entries};
use super::meaning::Meaning;
use super::openness::{self, Inside, Openness};
use super::outbox;
use super::recordings::Recordings;
use super::rewriting::Rewriting;
use super::rtp_socket::PortRange;
use super::shell::{Message, Parts, Shell};
use super::telephone::{LineThread, Telephone, leg_ids};
use super::voice::{SoundStore, plan};
use super::{deadlines, dispatching, doors, upkeep};
use crate::call::Signalling;
use crate::config::{Config, Sip};
use crate::console::{self, Console};
use crate::desk::Rulebook;
use crate::desk::dispatch::Rules;
use crate::dialogue::{Manner, Prompts};
use crate::engine::models::ModelDir;
use crate::hotline::{CallbackRules, Fact, Hotline, Input, Restored, Setup, window_of};
use crate::kernel::limits::{FEED_EVENTS, HOTLINE_INBOX};
use crate::knowledge::Library;
use crate::knowledge::editing::Entry;
use crate::store::Store;

/// Running calls get this long to say their last words when the service stops.
const STOP_DEADLINE: Duration = Duration::from_secs(8);

/// Serves until `stop` resolves. `ready` is called once with what is listening where.
pub async fn serve(
    config: Config,
    stop: impl Future<Output = ()>,
    ready: impl FnOnce(&Listening),
) -> anyhow::Result<()> {
    let clock = SystemClock::start();
    let _claim = claim(&config.data_dir)?;
    let (texts, manner) = (outbox::texts(&config)?, upkeep::Manner::of(&config)?);
    let rulebook = rulebook(&config)?;
    let store = openness::open(&config, &texts).await?.ruled_by(rulebook.clone());
    doors::reachable(&config.console, &store).await?;
    let Loaded { speech, meaning, prompts, library } = load(&config, &entries(&store).await?)?;
    let publisher = publisher(&store, &library, &speech, &prompts);
    let recordings = Recordings::new(&config.data_dir);
    let restored = restored(&store, &recordings, &clock).await?;
    let (moment, setup) = (prompts.moment().into(), setup(&config, prompts)?);
    let (inbox, messages) = mpsc::channel(HOTLINE_INBOX);
    let (feed, _) = broadcast::channel(FEED_EVENTS);
    let keeper = keeper(&store, &feed, &inbox);
    let ids = leg_ids();
    let browsers = Browsers::new(config.webrtc.clone(), ids.clone(), inbox.clone(), feed.clone())?;
    let calls = Arc::new(browsers.clone());
    let inside = inside(calls.clone(), &inbox, &library, &recordings);
    let open = Openness::prepare(&config, texts, &store, inside).await?;
    let Telephone { line, signals, own, renewal, thread } =
        Telephone::open(&config, &clock, ids).await?;
    let knowledge = console::Knowledge { library, published: publisher.waker() };
    let rules = rulebook.rules().clone();
    let staff = doors::tls(&config, &clock)?;
    let console =
        console(&config, store.clone(), feed.clone(), &inbox, &recordings, rules, knowledge);
    let console = Console { telephones: Some(calls), tls: staff.tls.clone(), ..console };
    let pages = Pages::serve(&config, console).await?;
    let listening = pages.listening(line.as_ref(), own, staff.own.clone(), open.at);
    let lasting = (renewal, staff.renewal(&config, &clock));
    let around = Around {
        pages,
        publisher,
        refreshing: refresh(store.clone(), rulebook.clone()),
        upkeep: upkeep::start(store.clone(), commands(inbox.clone()), clock.clone(), manner),
        open: open.begin(&clock, &feed),
        store: store.clone(),
        _line: thread,
    };
    let shell = Shell::new(Parts {
        hotline: Hotline::new(setup, restored).ruled_by(rulebook),
        rewriting: Rewriting::of(config.summary.as_ref(), &clock)?,
        clock,
        line: line.clone(),
        browsers,
        engines: speech,
        meaning,
        ports: ports(&config.sip)?,
        sip: config.sip,
        outbound: config.outbound,
        recordings,
        facts: keeper.facts.clone(),
        store,
        inbox: inbox.clone(),
        moment,
    });
    let mut shell = tokio::spawn(shell.run(messages, signals));
    ready(&listening);

    until_told(stop, &mut shell).await?;
    drop(lasting);
    end_calls(&inbox, &*line).await;
    around.end(shell, inbox, keeper).await;
    Ok(())
}

/// Until we are to stop; the hotline's task does not end before.
async fn until_told(
    stop: impl Future<Output = ()>,
    shell: &mut JoinHandle<()>,
) -> anyhow::Result<()> {
    tokio::select! {
        () = stop => Ok(()),
        ended = shell => {
            ended.context("the hotline's task failed")?;
            anyhow::bail!("the telephone line closed");
        }
    }
}

/// What runs beside the hotline.
struct Around {
    pages: Pages,
    publisher: Publisher,
    refreshing: JoinHandle<()>,
    upkeep: JoinHandle<()>,
    /// Ends when all else has.
    _line: LineThread,
    open: openness::Running,
    store: Store,
}

impl Around {
    /// Ends all in its order: what shows first, what keeps last.
    async fn end(self, shell: JoinHandle<()>, inbox: mpsc::Sender<Message>, keeper: Keeper) {
        let pages = self.pages.stop();
        self.publisher.stop();
        self.refreshing.abort();
        self.upkeep.abort();
        shell.abort();
        let _ = shell.await;
        drop(inbox);
        keeper.finish(Duration::from_secs(5)).await;
        self.open.finish().await;
        let _ = tokio::time::timeout(Duration::from_secs(2), pages).await;
        self.store.close().await;
    }
}

/// The console.
struct Pages {
    at: SocketAddr,
    tls: bool,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Pages {
    async fn serve(config: &Config, console: Console) -> anyhow::Result<Pages> {
        let listener = console::listen(config.console.bind).await?;
        let (at, tls) = (listener.local_addr()?, console.tls.is_some());
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let stopped = async move {
                let _ = stopped.await;
            };
            if let Err(error) = console::serve(listener, console, stopped).await {
                tracing::error!(%error, "the console is gone");
            }
        });
        Ok(Pages { at, tls, stop, task })
    }

    /// These, the line, and the page for citizens where there is one.
    fn listening(
        &self,
        line: &dyn Signalling,
        own: Option<Own>,
        staff_own: Option<Own>,
        public: Option<SocketAddr>,
    ) -> Listening {
        Listening {
            sip: line.listening(),
            tls: line.tls_listening(),
            own,
            console: self.at,
            console_tls: self.tls,
            console_own: staff_own,
            public,
        }
    }

    /// Nobody new is served; the task ends when those who are served are.
    fn stop(self) -> JoinHandle<()> {
        let _ = self.stop.send(());
        self.task
    }
}

fn ports(sip: &Sip) -> std::io::Result<PortRange> {
    let ports = PortRange::new(sip.rtp_ports.clone())?;
    Ok(ports.permit_nat(sip.nat).speak(sip.terms))
}

/// The data folder, made where it is not there, for this process alone: two services on one would call each other's
/// calls interrupted. The system gives the claim back however this process ends.
fn claim(data_dir: &Path) -> anyhow::Result<File> {
    std::fs::create_dir_all(data_dir)
        .with_context(|| format!("the data folder {} cannot be made", data_dir.display()))?;
    let path = data_dir.join("huiyin.lock");
    let file = File::create(&path).with_context(|| format!("{} cannot be made", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => anyhow::bail!(
            "the data folder {} is in use by another `huiyin serve`; stop that one, or choose another folder with \
             --data or `data.dir`",
            data_dir.display()
        ),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("{} cannot be locked", path.display()))
        }
    }
}

/// What deadlines are counted by.
pub fn rulebook(config: &Config) -> anyhow::Result<Arc<Rulebook>> {
    let rules = Arc::new(dispatching::rules(config.dispatch_rules.as_deref(), &config.intake)?);
    let models = ModelDir::locate(config.models_dir.as_deref())?;
    let calendar = deadlines::calendar(&models, &config.calendars)?;
    Ok(Arc::new(deadlines::rulebook(rules, calendar)?))
}

/// Brings the deadlines that were counted with another calendar or other rules up to date, beside the service.
fn refresh(store: Store, rulebook: Arc<Rulebook>) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        match deadlines::refresh(&store, &rulebook).await {
            Ok(0) => {}
            Ok(changed) => tracing::info!(changed, "deadlines were counted anew"),
            Err(error) => tracing::error!(%error, "deadlines stay as they were written"),
        }
    })
}

/// The wordings of the configuration, or those that ship.
pub fn prompts(config: &Config) -> anyhow::Result<Prompts> {
    Ok(match &config.prompts {
        Some(dir) => Prompts::load(dir)?,
        None => Prompts::builtin()?,
    })
}

struct Loaded {
    speech: Arc<SpeechEngines>,
    meaning: Meaning,
    prompts: Arc<Prompts>,
    library: Arc<Library>,
}

/// Everything that hears, understands and speaks; what is sure to be said is being rendered.
fn load(config: &Config, entries: &[Entry]) -> anyhow::Result<Loaded> {
    let models = ModelDir::locate(config.models_dir.as_deref())?;
    let sounds = Some(rendered(config)?);
    let (ear, many) = (&config.recogniser, config.recognisers);
    let speech = SpeechEngines::load(&models, ear, many, config.voices, sounds)?;
    let library = Arc::new(engines::library(config, &models, entries)?);
    let meaning = engines::meaning(config, &models, library.clone())?;
    let prompts = Arc::new(prompts(config)?);
    // Callers come first: theirs is the machine while anything of them is heard or spoken.
    speech.voice.render_ahead(plan(&prompts, &library.base()), vec![speech.recogniser.load()]);
    Ok(Loaded { speech: Arc::new(speech), meaning, prompts, library })
}

/// Serves what editors publish, and has the voice ready for it.
fn publisher(
    store: &Store,
    library: &Arc<Library>,
    speech: &Arc<SpeechEngines>,
    prompts: &Arc<Prompts>,
) -> Publisher {
    let (speech, prompts) = (speech.clone(), prompts.clone());
    Publisher::start(store.clone(), library.clone(), move |library| {
        speech.voice.render_ahead(plan(&prompts, &library.base()), vec![speech.recogniser.load()]);
    })
}

/// The rendered speech in the data folder.
pub fn rendered(config: &Config) -> anyhow::Result<SoundStore> {
    let folder = config.data_dir.join("voice");
    let store = SoundStore::open(&folder, config.voice_cache_bytes);
    store.with_context(|| format!("the folder {} cannot be used", folder.display()))
}

fn setup(config: &Config, prompts: Arc<Prompts>) -> anyhow::Result<Setup> {
    Ok(Setup {
        prompts,
        manner: Manner::default(),
        queue: config.queue.clone(),
        agents: config.agents.clone(),
        outside: config.outside.clone(),
        callbacks: callback_rules(config)?,
        admission: config.admission,
    })
}

/// The configured rules with the calendar, and with the hours and limits of a rule pack where one is named.
fn callback_rules(config: &Config) -> anyhow::Result<CallbackRules> {
    let models = ModelDir::locate(config.models_dir.as_deref())?;
    let calendar = deadlines::calendar(&models, &config.calendars)?;
    let pack = config.callback_pack.as_deref().map(deadlines::sound_pack).transpose()?;
    let calling = pack.as_ref().and_then(|pack| pack.calling.as_ref());
    let window = calling.map(window_of).transpose().context("callbacks.pack")?;
    Ok(CallbackRules {
        window: window.unwrap_or(config.callbacks.window),
        calendar: Arc::new(calendar),
        pack: pack.map(Arc::new),
        ..config.callbacks.clone()
    })
}

/// What the last run left, its open calls marked and their recordings mended.
async fn restored(
    store: &Store,
    recordings: &Recordings,
    clock: &SystemClock,
) -> anyhow::Result<Restored> {
    let left_over = store.mark_interrupted(clock.wall()).await?;
    if left_over > 0 {
        tracing::warn!(
            calls = left_over,
            "calls that the last run left open are marked as interrupted"
        );
        recordings.repair();
    }
    Ok(store.restore().await?)
}

/// Keeps facts, and tells the hotline which are kept.
fn keeper(store: &Store, feed: &broadcast::Sender<Fact>, inbox: &mpsc::Sender<Message>) -> Keeper {
    let acks = inbox.clone();
    Keeper::start(store.clone(), feed.clone(), move |ack| {
        let acks = acks.clone();
        tokio::spawn(async move {
            let _ = acks.send(Message::Input(Input::Stored(ack))).await;
        });
    })
}

/// Lets every call say its last words, as long as [`STOP_DEADLINE`] allows.
async fn end_calls(inbox: &mpsc::Sender<Message>, line: &dyn Signalling) {
    let (done, stopped) = oneshot::channel();
    let _ = inbox.send(Message::Stop { done }).await;
    if tokio::time::timeout(STOP_DEADLINE, stopped).await.is_err() {
        tracing::error!("some calls did not end in time; the next start marks them as interrupted");
    }
    line.shutdown(Duration::from_secs(3)).await;
}

/// Where the service can be reached.
#[derive(Clone, Debug)]
pub struct Listening {
    pub sip: SocketAddr,
    /// SIP over TLS.
    pub tls: Option<SocketAddr>,
    /// Its certificate, where it is one of our own.
    pub own: Option<Own>,
    pub console: SocketAddr,
    /// It speaks TLS.
    pub console_tls: bool,
    /// Its certificate, where it is one of our own.
    pub console_own: Option<Own>,
    /// The page for citizens, where there is one.
    pub public: Option<SocketAddr>,
}

fn console(
    config: &Config,
    store: Store,
    feed: broadcast::Sender<Fact>,
    inbox: &mpsc::Sender<Message>,
    recordings: &Recordings,
    dispatch: Arc<Rules>,
    knowledge: console::Knowledge,
) -> Console {
    Console {
        store,
        feed,
        commands: commands(inbox.clone()),
        recordings: recordings.dir().to_path_buf(),
        agents: config.agents.clone(),
        outside: config.outside.clone(),
        plan: config.queue.clone(),
        dispatch,
        machine: doors::machine(&config.console),
        doors: doors::doors(&config.console),
        tls: None,
        knowledge,
        telephones: None,
    }
}

/// What the page for citizens reaches of the house.
fn inside(
    calls: Arc<Browsers>,
    inbox: &mpsc::Sender<Message>,
    library: &Arc<Library>,
    recordings: &Recordings,
) -> Inside {
    let photos = recordings.dir().to_path_buf();
    Inside { calls, commands: commands(inbox.clone()), library: library.clone(), photos }
}

/// The console's way to the hotline: a command and its answer, within a deadline.
fn commands(inbox: mpsc::Sender<Message>) -> console::Commands {
    Arc::new(move |command| {
        let inbox = inbox.clone();
        Box::pin(async move {
            let (reply, answer) = oneshot::channel();
            inbox.send(Message::Command { command, reply }).await.ok()?;
            tokio::time::timeout(Duration::from_secs(5), answer).await.ok()?.ok()
        })
    })
}
