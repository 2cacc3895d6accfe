//! `huiyin call` and `huiyin phone`.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{ArgMatches, CommandFactory, FromArgMatches};
use huiyin::call::{SipConfig, SipStack};
use huiyin::config::Recogniser;
use huiyin::engine::models::ModelDir;
use huiyin::media::wav;
use huiyin::runtime::clock::SystemClock;
use huiyin::runtime::engines::SpeechEngines;
use huiyin::runtime::phone::script::{Pace, Persona, Rule, Step};
use huiyin::runtime::phone::{CallReport, Phone, Turn, leg_ids};
use huiyin::runtime::rtp_socket::PortRange;

/// What the scripted person says. Steps are taken in the order given, one each time the other side has finished speaking;
/// a reply whose pattern was heard goes before them.
#[derive(Debug, clap::Args)]
pub struct ScriptArgs {
    /// Play this WAV (8 to 48 kHz, mono or stereo). Repeatable.
    #[arg(long, value_name = "FILE")]
    wav: Vec<PathBuf>,
    /// Speak this with our own voice. Repeatable.
    #[arg(long, value_name = "TEXT")]
    say: Vec<String>,
    /// Press these keys. Repeatable.
    #[arg(long, value_name = "KEYS")]
    dtmf: Vec<String>,
    /// When one of the patterns was heard, say the text: '哪里|地点=>在白龙桥镇'; also =>keys:5, =>wav:FILE, =>hangup. Each once. Repeatable.
    #[arg(long, value_name = "PATTERN|PATTERN=>TEXT")]
    reply: Vec<String>,
    /// Speak first, as soon as the call is up.
    #[arg(long, value_name = "TEXT")]
    opening: Option<String>,
    /// Quiet of the other side before it is our turn, in milliseconds.
    #[arg(long, default_value_t = 900)]
    gap_ms: u64,
    /// Hang up when both sides have been quiet for so long, in seconds.
    #[arg(long, default_value_t = 20)]
    patience_s: u64,
    /// Write what was heard to this WAV (left: we, right: they).
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Print one JSON object a call.
    #[arg(long)]
    json: bool,
    /// With --json: print every turn as a line of its own as it is heard.
    #[arg(long)]
    live: bool,
    /// Our own address.
    #[arg(long, default_value = "127.0.0.1")]
    ip: IpAddr,
    /// Ports for sound.
    #[arg(long, default_value = "20000-20999")]
    rtp_ports: String,
}

#[derive(Debug, clap::Args)]
pub struct CallArgs {
    /// Whom to call: sip:12345@127.0.0.1
    #[arg(long)]
    to: String,
    /// The number shown.
    #[arg(long, default_value = "13800000000")]
    from: String,
    #[command(flatten)]
    script: ScriptArgs,
}

#[derive(Debug, clap::Args)]
pub struct PhoneArgs {
    /// Where to be reached (UDP and TCP).
    #[arg(long, default_value = "127.0.0.1:5080")]
    listen: SocketAddr,
    /// How long it rings before it is answered, in milliseconds.
    #[arg(long, default_value_t = 1000)]
    ring_ms: u64,
    /// End after so many calls; 0 never.
    #[arg(long, default_value_t = 0)]
    calls: u32,
    #[command(flatten)]
    script: ScriptArgs,
}

/// Steps in the order in which --wav, --say and --dtmf stood on the command line.
fn steps(verb: &str) -> anyhow::Result<Vec<Step>> {
    let matches = super::Cli::command().get_matches();
    let Some(matches) = matches.subcommand_matches(verb) else { return Ok(Vec::new()) };
    let args = ScriptArgs::from_arg_matches(matches)?;
    let mut steps = Vec::new();
    let mut add = |name: &str, found: Vec<Step>| {
        steps.extend(indices(matches, name).into_iter().zip(found));
    };
    add("wav", args.wav.into_iter().map(Step::Wav).collect());
    add("say", args.say.into_iter().map(Step::Say).collect());
    add("dtmf", args.dtmf.into_iter().map(Step::Keys).collect());
    steps.sort_by_key(|(index, _)| *index);
    Ok(steps.into_iter().map(|(_, step)| step).collect())
}

fn indices(matches: &ArgMatches, name: &str) -> Vec<usize> {
    matches.indices_of(name).map(Iterator::collect).unwrap_or_default()
}

impl ScriptArgs {
    /// Checks all that can be checked before the call, so that nobody is called in vain.
    fn persona(&self, verb: &str) -> anyhow::Result<Persona> {
        let steps = steps(verb)?;
        let rules = self.reply.iter().map(|text| Rule::parse(text).map_err(anyhow::Error::msg));
        let rules: Vec<Rule> = rules.collect::<Result<_, _>>()?;
        for step in steps.iter().chain(rules.iter().map(|rule| &rule.step)) {
            match step {
                Step::Wav(path) => {
                    wav::read(path)?;
                }
                Step::Keys(keys) => {
                    huiyin::media::Key::parse_all(keys)?;
                }
                Step::Say(_) | Step::HangUp => {}
            }
        }
        if let Some(path) = self.record.as_ref().filter(|path| path.exists()) {
            anyhow::bail!("--record {}: this file exists; name a new one", path.display());
        }
        let opening = self.opening.clone().map(Step::Say);
        Ok(Persona { opening, rules, steps: steps.into() })
    }

    async fn phone(&self, listen: SocketAddr, user: &str) -> anyhow::Result<Phone> {
        let models = ModelDir::locate(None)?;
        let engines = Arc::new(SpeechEngines::load(&models, &Recogniser::default(), 1, 1, None)?);
        let sip = SipConfig { listen, user: user.to_owned(), ..SipConfig::default() };
        let (line, signals) = SipStack::start(sip, leg_ids()).await?;
        let ports = self
            .rtp_ports
            .split_once('-')
            .and_then(|(from, to)| Some(from.parse::<u16>().ok()?..=to.parse::<u16>().ok()?));
        let ports = ports.ok_or_else(|| {
            anyhow::anyhow!("--rtp-ports {}: give two ports like 20000-20999", self.rtp_ports)
        })?;
        Ok(Phone {
            line,
            signals,
            engines,
            ports: PortRange::new(ports)?,
            ip: self.ip,
            clock: SystemClock::start(),
            pace: Pace {
                gap_ms: self.gap_ms,
                patience_ms: self.patience_s * 1000,
                ..Pace::default()
            },
            record: self.record.clone(),
        })
    }

    fn show(&self, turn: &Turn) {
        if self.json {
            if self.live {
                print_json(turn);
            }
            return;
        }
        let who = if turn.who == "me" { "我" } else { "对方" };
        let latency = turn.latency_ms.map(|ms| format!("  ({ms} ms)")).unwrap_or_default();
        println!("[{:>6.1}s] {who}：{}{latency}", turn.start_ms as f64 / 1000.0, turn.text);
    }

    fn report(&self, report: &CallReport) {
        if self.json {
            return print_json(report);
        }
        println!("通话结束：{}，{:.1} 秒", report.ended, report.duration_ms as f64 / 1000.0);
        let mut latencies = report.latencies_ms();
        latencies.sort_unstable();
        if let Some(median) = latencies.get(latencies.len() / 2) {
            println!("应答时延中位数 {median} ms（{} 次）", latencies.len());
        }
    }
}

fn print_json(value: &impl serde::Serialize) {
    match serde_json::to_string(value) {
        Ok(line) => println!("{line}"),
        Err(error) => eprintln!("huiyin: the report cannot be written: {error}"),
    }
}

pub async fn call(args: CallArgs) -> anyhow::Result<ExitCode> {
    let persona = args.script.persona("call")?;
    let mut phone = args.script.phone((args.script.ip, 0).into(), &args.from).await?;
    let report = phone.call(&args.to, &args.from, persona, |turn| args.script.show(turn)).await?;
    args.script.report(&report);
    phone.line.shutdown(Duration::from_secs(2)).await;
    Ok(if report.answered { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

pub async fn phone(args: PhoneArgs) -> anyhow::Result<ExitCode> {
    let persona = args.script.persona("phone")?;
    let mut phone = args.script.phone(args.listen, "phone").await?;
    println!("ready sip={}", phone.line.listening());
    let mut answered = 0;
    let ring = Duration::from_millis(args.ring_ms);
    while args.calls == 0 || answered < args.calls {
        let report = tokio::select! {
            report = phone.answer(ring, persona.clone(), |turn| args.script.show(turn)) => report?,
            () = super::serve::stop_signal() => break,
        };
        args.script.report(&report);
        answered += 1;
    }
    phone.line.shutdown(Duration::from_secs(2)).await;
    Ok(ExitCode::SUCCESS)
}
