//! Reply latency of the service against the plain sequence (`plain.rs`): real calls to both, in turn, with the same
//! recordings, measured by the same caller in the sound it gets. The plain sequence says the first sentence of what the
//! service replied.
//!
//! `cargo bench --bench turn [-- N]`: N recordings (8), of `../shared/data/speech8k` (`HUIYIN_TEST_DATA` names another folder
//! beside it) or, without it, of our own voice. Prints a line each, then the medians and their ratio.

mod plain;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use huiyin::config::Config;
use huiyin::engine::models::ModelDir;
use huiyin::kernel::CallId;
use huiyin::media::wav;
use huiyin::runtime::engines::load_voice;
use huiyin::runtime::phone::caller::{Conversation, Round, interview_all};
use huiyin::runtime::phone::interview::Clip;
use huiyin::runtime::phone::turns::{Kept, Turn, judge, percentile};
use huiyin::runtime::rtp_socket::PortRange;
use huiyin::runtime::serve::serve;
use huiyin::runtime::voice::sentences;
use huiyin::speech::Tts;
use huiyin::store::Store;
use plain::{Plain, Talk};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

const CLIPS: usize = 8;
const SPOKEN: &[&str] = &[
    "请问身份证丢了去哪里补办",
    "我想问一下公积金怎么提取",
    "小区门口的路灯坏了三天了",
    "营业执照要怎么办理",
    "楼下的烧烤店每天晚上油烟很大",
    "孩子上小学需要准备什么材料",
    "公交车站牌被人撞倒了",
    "怎么申请廉租房的补贴",
];
/// Speech rendered ahead is bounded here, so that the rendering ends before the calls begin.
const RENDERED_BYTES: u64 = 24 << 20;
const SETTLE: Duration = Duration::from_secs(300);
const KEPT: Duration = Duration::from_secs(20);

fn main() -> anyhow::Result<()> {
    let count = std::env::args().filter_map(|arg| arg.parse().ok()).next().unwrap_or(CLIPS);
    let models = ModelDir::locate(None)?;
    if let Err(error) = models.path_of("whisper-base") {
        println!("no measurement: {error}");
        return Ok(());
    }
    let clips = clips(&models, count)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = runtime.block_on(compare(&models, &clips));
    runtime.shutdown_timeout(Duration::from_secs(1));
    result
}

fn clips(models: &ModelDir, count: usize) -> anyhow::Result<Vec<Arc<Clip>>> {
    let data = std::env::var_os("HUIYIN_TEST_DATA");
    let folder =
        data.map_or_else(|| PathBuf::from("../shared/data"), PathBuf::from).join("speech8k");
    let manifest = folder.join("manifest.jsonl");
    let sounds = match std::fs::read_to_string(&manifest) {
        Ok(rows) => recorded(&folder, &rows, count)?,
        Err(_) => spoken(models, count)?,
    };
    let clips = sounds.into_iter().enumerate();
    Ok(clips.filter_map(|(at, (pcm, text))| Clip::new(at, pcm, text).map(Arc::new)).collect())
}

type Sound = (Vec<i16>, String);

fn recorded(folder: &Path, rows: &str, count: usize) -> anyhow::Result<Vec<Sound>> {
    let row = |row: &str| {
        let row: serde_json::Value = serde_json::from_str(row)?;
        let file = row["file"].as_str().or(row["wav"].as_str()).context("a row without a file")?;
        let text = row["text"].as_str().unwrap_or_default();
        Ok((wav::read(&folder.join(file))?, text.to_owned()))
    };
    rows.lines().take(count).map(row).collect()
}

fn spoken(models: &ModelDir, count: usize) -> anyhow::Result<Vec<Sound>> {
    let mut voice = load_voice(models)?;
    let mut say = |text: &&str| {
        let mut pcm = vec![0; 4_000];
        voice.speak(text, &mut |piece| {
            pcm.extend_from_slice(piece);
            ControlFlow::Continue(())
        })?;
        pcm.extend([0; 4_000]);
        Ok((pcm, (*text).to_owned()))
    };
    SPOKEN.iter().cycle().take(count).map(&mut say).collect()
}

/// Both services, and the way to what ours wrote down.
struct Bench {
    ours: String,
    plain: String,
    talk: Talk,
    data: PathBuf,
    ports: PortRange,
}

async fn compare(models: &ModelDir, clips: &[Arc<Clip>]) -> anyhow::Result<()> {
    let data = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("turn");
    let mut config = Config::load(None)?;
    config.data_dir = data.clone();
    config.sip.bind = ([127, 0, 0, 1], 0).into();
    config.sip.rtp_ports = 26_000..=26_099;
    config.console.bind = ([127, 0, 0, 1], 0).into();
    config.voice_cache_bytes = RENDERED_BYTES;
    let (stop, stopped) = oneshot::channel::<()>();
    let (ready, is_ready) = oneshot::channel();
    let service = tokio::spawn(serve(
        config,
        async {
            let _ = stopped.await;
        },
        |listening| {
            let _ = ready.send(listening.sip);
        },
    ));
    let ours = format!("sip:12345@{}", is_ready.await.context("the service did not start")?);
    let talk = Talk::default();
    let plain = Plain::start(models, talk.clone()).await?;
    let uri = plain.uri();
    let plain_service = tokio::spawn(plain.serve());
    settle().await;
    let ports = PortRange::new(24_000..=24_099)?;
    let bench = Bench { ours, plain: uri, talk, data, ports };
    bench.run(clips).await?;
    plain_service.abort();
    let _ = stop.send(());
    service.await?
}

/// Waits until nothing is rendered ahead any more.
async fn settle() {
    let began = std::time::Instant::now();
    let mut before = cpu_ticks();
    while began.elapsed() < SETTLE {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = cpu_ticks();
        if now.zip(before).is_none_or(|(now, before)| now - before < 15) {
            return;
        }
        before = now;
    }
    println!("still rendering ahead; the figures are disturbed by it");
}

/// Processor time of this process (proc_pid_stat(5)).
fn cpu_ticks() -> Option<u64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

impl Bench {
    async fn run(&self, clips: &[Arc<Clip>]) -> anyhow::Result<()> {
        let (mut ours, mut plain) = (Vec::new(), Vec::new());
        println!(
            "row   ours  plain  (ms from the end of the caller's speech to the first sound of the reply)"
        );
        for clip in clips {
            let turn = self.ask_ours(clip).await?;
            let first = sentences(&turn.reply).first().map(|sentence| (*sentence).to_owned());
            if let Ok(mut replies) = self.talk.replies.lock() {
                replies.clear();
                replies.extend(first);
            }
            let conversation = self.ask(&self.plain, clip).await?;
            let plainly = judge(&conversation, None).into_iter().next().unwrap_or_default();
            let show = |turn: &Turn| match (turn.latency_ms, turn.cut_off) {
                (Some(ms), _) => ms.to_string(),
                (None, Some(_)) => "cut".into(),
                (None, None) => "–".into(),
            };
            println!("{:>3}  {:>5}  {:>5}  {}", turn.row, show(&turn), show(&plainly), turn.reply);
            ours.extend(turn.latency_ms);
            plain.extend(plainly.latency_ms);
        }
        let both =
            |percent| percentile(ours.clone(), percent).zip(percentile(plain.clone(), percent));
        let (median, plain_median) = both(50).context("nothing was answered")?;
        let (late, plain_late) = both(95).context("nothing was answered")?;
        println!(
            "median: ours {median} ms ({} replies), plain {plain_median} ms ({} replies), ratio {:.2}",
            ours.len(),
            plain.len(),
            median as f64 / plain_median as f64
        );
        println!(
            "P95: ours {late} ms, plain {plain_late} ms, ratio {:.2}",
            late as f64 / plain_late as f64
        );
        Ok(())
    }

    async fn ask(&self, to: &str, clip: &Arc<Clip>) -> anyhow::Result<Conversation> {
        let round = Round {
            to: to.to_owned(),
            ip: [127, 0, 0, 1].into(),
            ports: self.ports.clone(),
            callers: 1,
            turns: 1,
            seed: clip.number as u64,
        };
        let never = CancellationToken::new();
        let conversations =
            interview_all(&round, std::slice::from_ref(clip), &never, |_| {}).await?;
        conversations.into_iter().next_back().context("no call came about")
    }

    async fn ask_ours(&self, clip: &Arc<Clip>) -> anyhow::Result<Turn> {
        let conversation = self.ask(&self.ours, clip).await?;
        let kept =
            tokio::time::timeout(KEPT, self.kept()).await.context("a call was not kept")??;
        let turns = judge(&conversation, Some(&kept));
        turns.into_iter().next().context("nothing was said in a call")
    }

    /// The newest call, once it has ended.
    async fn kept(&self) -> anyhow::Result<Kept> {
        let store = Store::open(&self.data.join("huiyin.db")).await?;
        loop {
            let call = store.calls(i64::MAX, 1).await?.pop();
            if let Some(call) = call.filter(|call| call.ended_at.is_some()) {
                let turns = store.turns(CallId(call.id as u64)).await?;
                store.close().await;
                return Ok(Kept { call, turns });
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}
