//! `huiyin eval turns`: a service of its own as a process beside us, with a folder of its own, and callers who say every
//! utterance of a manifest once and measure what they hear.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use huiyin::dialogue::{Line, Prompts};
use huiyin::kernel::CallId;
use huiyin::runtime::phone::caller::{Conversation, Round, interview_all};
use huiyin::runtime::phone::interview::Clip;
use huiyin::runtime::phone::turns::{Figures, Kept, Turn, judge};
use huiyin::runtime::rtp_socket::PortRange;
use huiyin::store::{Store, TurnRow};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::cli::demo::process::Child;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Rows: {"wav": "relative/path", "text": "…"} (or "file" for "wav").
    manifest: PathBuf,
    /// Conversations at once.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    calls: u16,
    /// Only the first so many rows.
    #[arg(long)]
    limit: Option<usize>,
    /// Utterances of one call before the caller hangs up and dials again.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=100))]
    turns: u16,
    /// Of the line's noise and the callers' chances.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The service's data folder, kept: new, of an earlier run, or filled by `huiyin voice prepare`. Without it a temporary
    /// one, in which everything is rendered anew.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    /// With --json: every turn too, as "turns".
    #[arg(long)]
    rows: bool,
}

/// The service's configuration and store in its folder.
const CONFIG: &str = "eval.toml";
const STORE: &str = "huiyin.db";
/// A service that is up is given this long to render what it renders ahead; then it has work beside the calls.
const SETTLE: Duration = Duration::from_secs(60);
/// It has settled when it wants less than this share of a processor for a second.
const SETTLED: f64 = 0.15;
/// Ticks of the processor clock a second, as /proc counts them (proc_pid_stat(5)).
const TICKS: f64 = 100.0;
/// Calls that one question to the store brings; more than were made.
const ALL_CALLS: i64 = 1_000_000;

#[derive(Debug, Serialize)]
struct Report {
    #[serde(flatten)]
    figures: Figures,
    /// Processor time of the service from the first dialling to the last BYE, for each answered call, in seconds.
    cpu_per_call: Option<f64>,
    /// The same for each second of a call.
    cpu_per_call_second: Option<f64>,
    /// The same for each second by the clock: processors busy.
    cpu_busy: Option<f64>,
    /// Processors that the service's threads were ready for and did not get, on average: more than a little and the latencies
    /// are not the service's own.
    cpu_waited: Option<f64>,
    /// Processors that everything else kept busy meanwhile, ourselves included.
    others_busy: Option<f64>,
    calls: usize,
    calls_at_once: u16,
    /// Not answered, by reason.
    refused: BTreeMap<&'static str, usize>,
    /// Answered calls that were handed to people because the machine did not keep up.
    overloaded: usize,
    /// What became of the answered calls.
    outcomes: BTreeMap<String, usize>,
    /// Nothing was rendered ahead any more when the first call came; else that is in the processor time.
    settled: bool,
    /// Rows in which nobody speaks, and rows that no call came to.
    no_speech: usize,
    not_said: usize,
    /// Share of the calls' time in which their callers spoke.
    speech_share: f64,
    seconds: f64,
    /// Of our own frames, those that went out more than 20 ms late: many mean that the measurement was disturbed.
    late_frames: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    turns: Vec<Turn>,
}

pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let mut samples = super::read_manifest(&args.manifest)?;
    samples.truncate(args.limit.unwrap_or(usize::MAX));
    let rows = samples.len();
    let clips = samples.into_iter().enumerate();
    let clips: Vec<Arc<Clip>> = clips
        .filter_map(|(number, sample)| Clip::new(number, sample.pcm, sample.text).map(Arc::new))
        .collect();
    anyhow::ensure!(!clips.is_empty(), "{}: no row has speech in it", args.manifest.display());
    let data = Folder::open(args.data.as_deref())?;
    let mut service = Service::start(&data.path).await?;
    let stop = CancellationToken::new();
    let stopper = tokio::spawn({
        let stop = stop.clone();
        async move {
            crate::cli::serve::stop_signal().await;
            eprintln!("huiyin: ending the calls");
            stop.cancel();
        }
    });
    let settled =
        tokio::select! { settled = service.settle() => settled, () = stop.cancelled() => false };
    let round = Round {
        to: format!("sip:12345@{}", service.sip),
        ip: [127, 0, 0, 1].into(),
        ports: PortRange::new(24_000..=25_999)?,
        callers: usize::from(args.calls),
        turns: usize::from(args.turns),
        seed: args.seed,
    };
    let before = Spent::now(&service);
    let outcome = interview_all(&round, &clips, &stop, tell).await;
    let spent = Spent::now(&service).since(&before);
    service.child.stop().await;
    stopper.abort();
    let mut report = report(&args, &data.path, &outcome?, &spent).await?;
    report.settled = settled;
    report.no_speech = rows - clips.len();
    report.not_said = clips.len() - report.figures.n;
    print(&args, report)?;
    Ok(if stop.is_cancelled() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn tell(conversation: &Conversation) {
    let Conversation { from, asked, ended, duration_ms, .. } = conversation;
    let seconds = *duration_ms as f64 / 1000.0;
    eprintln!("huiyin: call {from}: {} utterances, {seconds:.1} s, {ended}", asked.len());
}

/// The folder of the service's data.
struct Folder {
    path: PathBuf,
    temporary: bool,
}

impl Folder {
    fn open(given: Option<&Path>) -> anyhow::Result<Folder> {
        let (path, temporary) = match given {
            Some(path) => (path.to_path_buf(), false),
            None => {
                let name = format!("huiyin-eval-{}", std::process::id());
                (std::env::temp_dir().join(name), true)
            }
        };
        std::fs::create_dir_all(&path).with_context(|| format!("the folder {}", path.display()))?;
        let ours = path.join(CONFIG).exists();
        anyhow::ensure!(
            ours || !path.join(STORE).exists(),
            "--data {}: this is the data of a service; the callers of a measurement do not belong there, give another folder",
            path.display()
        );
        Ok(Folder { path, temporary })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.temporary {
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

/// The service under measurement: `huiyin serve` with its defaults, but for where it listens and writes.
struct Service {
    child: Child,
    sip: String,
}

impl Service {
    async fn start(data: &Path) -> anyhow::Result<Service> {
        let config = data.join(CONFIG);
        let dir = data.to_string_lossy();
        let text = format!(
            "[data]\ndir = {dir:?}\n\n[sip]\nbind = \"127.0.0.1:0\"\nrtp_ports = \"26000-27999\"\n\n\
             [console]\nbind = \"127.0.0.1:0\"\n"
        );
        std::fs::write(&config, text).with_context(|| format!("{}", config.display()))?;
        eprintln!("huiyin: starting a service of its own");
        let mut child = Child::start_apart(&["serve", "--config", &config.to_string_lossy()])?;
        let sip = child.ready("sip").await.context("the service did not start")?;
        Ok(Service { child, sip })
    }

    /// Waits until it has rendered ahead what it says to everybody.
    async fn settle(&mut self) -> bool {
        let began = Instant::now();
        let second = Duration::from_secs(1);
        let wanted = |service: &Service| Some(service.cpu()? + service.waited()?);
        let Some(mut before) = wanted(self) else { return false };
        while began.elapsed() < SETTLE {
            tokio::time::sleep(second).await;
            let Some(now) = wanted(self) else { return false };
            if now - before < SETTLED {
                eprintln!("huiyin: it settled after {} s", began.elapsed().as_secs());
                return true;
            }
            before = now;
        }
        eprintln!("huiyin: it is still busy after {} s; calling it now", SETTLE.as_secs());
        false
    }

    /// Seconds of processor time so far; `None` where the system does not tell.
    fn cpu(&self) -> Option<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()?)).ok()?;
        // The name in parentheses may hold anything; behind it user and system time are the 12th and 13th field.
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
        let user: f64 = fields.next()?.parse().ok()?;
        let system: f64 = fields.next()?.parse().ok()?;
        Some((user + system) / TICKS)
    }

    /// Seconds so far in which its threads could have run and others did: the second number of schedstat, in nanoseconds.
    fn waited(&self) -> Option<f64> {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id()?)).ok()?;
        let waited = |task: std::fs::DirEntry| {
            let stat = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
            stat.split_whitespace().nth(1)?.parse::<f64>().ok()
        };
        Some(tasks.flatten().filter_map(waited).sum::<f64>() / 1e9)
    }
}

/// Seconds of processor time: the service's, what it waited for, and everybody's; and by the clock.
struct Spent {
    began: Instant,
    clock: f64,
    service: Option<f64>,
    waited: Option<f64>,
    all: Option<f64>,
}

impl Spent {
    fn now(service: &Service) -> Spent {
        let (cpu, waited, all) = (service.cpu(), service.waited(), Spent::everybody());
        Spent { began: Instant::now(), clock: 0.0, service: cpu, waited, all }
    }

    fn since(self, before: &Spent) -> Spent {
        let less = |after: Option<f64>, before: Option<f64>| Some(after? - before?);
        Spent {
            began: before.began,
            clock: (self.began - before.began).as_secs_f64(),
            service: less(self.service, before.service),
            waited: less(self.waited, before.waited),
            all: less(self.all, before.all),
        }
    }

    /// User, nice and system time of all processors together (proc_stat(5)).
    fn everybody() -> Option<f64> {
        let stat = std::fs::read_to_string("/proc/stat").ok()?;
        let fields = stat.lines().next()?.split_whitespace().skip(1).take(3);
        let ticks: f64 = fields.filter_map(|field| field.parse::<f64>().ok()).sum();
        Some(ticks / TICKS)
    }
}

/// The service has ended: what it wrote down, call by call.
async fn kept(data: &Path) -> anyhow::Result<BTreeMap<String, Kept>> {
    let store = Store::open(&data.join(STORE)).await?;
    let mut kept = BTreeMap::new();
    for call in store.calls(i64::MAX, ALL_CALLS).await? {
        let turns = store.turns(CallId(call.id as u64)).await?;
        if let Some(number) = call.number.clone() {
            // The newest first: an earlier run's callers had the same numbers.
            kept.entry(number).or_insert(Kept { call, turns });
        }
    }
    store.close().await;
    Ok(kept)
}

/// What callers are told when the machine does not keep up, up to its first slot.
fn overload_texts() -> anyhow::Result<Vec<String>> {
    const SLOT: &str = "{}";
    let prompts = Prompts::builtin()?;
    let lines = [Line::HandOverOverloaded, Line::NobodyOverloaded];
    let text = |line| prompts.text(line, 0, &[("ticket", SLOT)]);
    let begin = |text: String| text.split(SLOT).next().unwrap_or_default().to_owned();
    Ok(lines.into_iter().map(text).map(begin).collect())
}

async fn report(
    args: &Args,
    data: &Path,
    conversations: &[Conversation],
    spent: &Spent,
) -> anyhow::Result<Report> {
    let kept = kept(data).await?;
    let overload = overload_texts()?;
    let mut turns = Vec::new();
    let mut refused = BTreeMap::new();
    let mut outcomes = BTreeMap::new();
    let (mut calls, mut overloaded) = (0, 0);
    let (mut spoken_ms, mut call_ms, mut late_frames) = (0, 0, 0);
    for conversation in conversations {
        if !conversation.answered {
            *refused.entry(conversation.ended).or_default() += 1;
            continue;
        }
        calls += 1;
        let kept = kept.get(&conversation.from);
        if let Some(kept) = kept {
            let outcome = kept.call.outcome.clone();
            *outcomes.entry(outcome.unwrap_or_else(|| "none".into())).or_default() += 1;
            let told = |turn: &TurnRow| overload.iter().any(|text| turn.text.starts_with(text));
            overloaded += usize::from(kept.turns.iter().any(told));
        }
        turns.extend(judge(conversation, kept));
        spoken_ms += conversation.asked.iter().map(|a| a.end_ms - a.start_ms).sum::<u64>();
        call_ms += conversation.duration_ms;
        late_frames += conversation.late_frames;
    }
    turns.sort_by_key(|turn| turn.row);
    let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
    Ok(Report {
        figures: Figures::of(&turns),
        cpu_per_call: spent.service.map(|cpu| share(cpu, calls as f64)),
        cpu_per_call_second: spent.service.map(|cpu| share(cpu, call_ms as f64 / 1000.0)),
        cpu_busy: spent.service.map(|cpu| share(cpu, spent.clock)),
        cpu_waited: spent.waited.map(|waited| share(waited.max(0.0), spent.clock)),
        others_busy: spent.service.zip(spent.all).map(|(cpu, all)| share(all - cpu, spent.clock)),
        calls,
        calls_at_once: args.calls,
        refused,
        overloaded,
        outcomes,
        settled: false,
        no_speech: 0,
        not_said: 0,
        speech_share: share(spoken_ms as f64, call_ms as f64),
        seconds: spent.clock,
        late_frames,
        turns,
    })
}

fn print(args: &Args, mut report: Report) -> anyhow::Result<()> {
    if args.json {
        if !args.rows {
            report.turns.clear();
        }
        println!("{}", serde_json::to_string(&report)?);
        return Ok(());
    }
    report.turns.iter().for_each(print_turn);
    let f = &report.figures;
    println!("{}", summary(f));
    println!(
        "{} calls, {} at once, callers spoke {:.0} % of the time; refused {:?}, overloaded {}, outcomes {:?}",
        report.calls,
        report.calls_at_once,
        report.speech_share * 100.0,
        report.refused,
        report.overloaded,
        report.outcomes
    );
    if let Some(parts) = f.parts_p50_ms {
        println!(
            "median of a reply's parts: {} ms to the end that is found, {} to its words, {} to the first sample, {} to the ear",
            parts.to_end_found, parts.to_words, parts.to_sample, parts.to_ear
        );
    }
    if let (Some(call), Some(second)) = (report.cpu_per_call, report.cpu_per_call_second) {
        let waited = report.cpu_waited.unwrap_or_default();
        let others = report.others_busy.unwrap_or_default();
        println!(
            "CPU: {call:.2} s a call, {second:.3} s a second of a call; {waited:.2} processors wanted and not had, {others:.1} busy with others"
        );
    }
    println!(
        "{} rows without speech, {} not said, {} late frames of ours, {:.0} s",
        report.no_speech, report.not_said, report.late_frames, report.seconds
    );
    Ok(())
}

fn summary(f: &Figures) -> String {
    let ms = |value: Option<u64>| value.map_or("–".into(), |ms| format!("{ms} ms"));
    format!(
        "{} utterances, {} replies: latency {} median, {} P95; {} cut off, {} missed, {} stale; \
         {} barge-ins: {} median, {} P95; {} not understood",
        f.n,
        f.replies,
        ms(f.p50_ms),
        ms(f.p95_ms),
        f.cut_offs,
        f.missed,
        f.stale,
        f.barge_ins,
        ms(f.barge_in_p50_ms),
        ms(f.barge_in_p95_ms),
        f.not_understood
    )
}

fn print_turn(turn: &Turn) {
    let latency = turn.latency_ms.map_or("–".into(), |ms| ms.to_string());
    let mut notes = Vec::new();
    notes.extend(turn.cut_off.map(|how| format!("cut off: {how}")));
    notes.extend(turn.missed.then(|| "missed".to_owned()));
    notes.extend(turn.filled.then(|| "请稍等".to_owned()));
    notes.extend(turn.stale.map(|why| format!("stale: {why}")));
    notes.extend(turn.barge_in_ms.map(|ms| format!("barge-in {ms} ms")));
    let (row, call, at) = (turn.row, &turn.call, turn.start_ms as f64 / 1000.0);
    println!(
        "{row:>4}  {call} {at:>5.1} s  {latency:>5}  {}  {}  → {}",
        notes.join(", "),
        turn.heard,
        turn.reply
    );
}
