//! The command line: verbs, their help, their exit codes.

mod account;
mod demo;
mod eval;
mod knowledge;
mod models;
mod phone;
mod rules;
mod rules_packs;
mod rules_ticket;
mod safety;
mod serve;
mod sim;
mod staffing;
mod survey;
mod taxonomy;
mod voice;

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Parser, Subcommand};
use huiyin::kernel::{Day, Wall};
use tracing_subscriber::EnvFilter;

/// 回音: the voice hotline for 12345 lines that answers, hands over and calls back.
#[derive(Debug, Parser)]
#[command(name = "huiyin", version, about, long_about = None, arg_required_else_help = true)]
struct Cli {
    /// What to log: error, warn, info, debug, or a filter like huiyin::call=debug. Callers' numbers and words are masked.
    #[arg(long, global = true, env = "HUIYIN_LOG", default_value = "warn")]
    log: String,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run the service: SIP line, console, store.
    Serve(serve::Args),
    /// Make and keep the accounts of the console.
    Account(account::Args),
    /// Play three calls between processes on this machine: answered, handed over, called back.
    Demo(demo::Args),
    /// Place a call with a scripted caller and report what was said and how fast the answers came.
    Call(phone::CallArgs),
    /// Be a scripted telephone that answers calls: an agent's, a citizen's.
    Phone(phone::PhoneArgs),
    /// Measure the ear.
    Eval(eval::EvalArgs),
    /// Render a text with our own voice into a WAV.
    Say(eval::SayArgs),
    /// Print the turns and words of a recording.
    Transcribe(eval::TranscribeArgs),
    /// Play days of calls in virtual time and check that all held that must hold.
    Sim(sim::Args),
    /// Plan the agents of the next week, half-hour by half-hour, from what happened (Erlang C), as CSV.
    Staffing(staffing::Args),
    /// Fetch, check and list the models.
    Models(models::Args),
    /// Check and search the knowledge base.
    Kb(knowledge::Args),
    /// Check a taxonomy of matters.
    Taxonomy(taxonomy::Args),
    /// Check rules of dispatch and rule packs, and explain: whom a case goes to, when a limit ends.
    Rules(rules::Args),
    /// Audit the record of callbacks, and draw samples again.
    Survey(survey::Args),
    /// Train and try the net behind the rules for dangers and the wish for a person.
    Safety(safety::Args),
    /// Render ahead what is sure to be said.
    Voice(voice::Args),
}

pub fn main() -> ExitCode {
    let cli = Cli::parse();
    start_log(&cli.log);
    let result = match cli.verb {
        Verb::Serve(args) => block_on(serve::run(args)),
        Verb::Account(args) => block_on(account::run(args)),
        Verb::Demo(args) => block_on(demo::run(args)),
        Verb::Call(args) => block_on(phone::call(args)),
        Verb::Phone(args) => block_on(phone::phone(args)),
        Verb::Eval(args) => eval::eval(args),
        Verb::Say(args) => eval::say(args),
        Verb::Transcribe(args) => eval::transcribe(args),
        Verb::Sim(args) => sim::run(args),
        Verb::Staffing(args) => block_on(staffing::run(args)),
        Verb::Models(args) => models::run(args),
        Verb::Kb(args) => knowledge::run(args),
        Verb::Taxonomy(args) => taxonomy::run(args),
        Verb::Rules(args) => rules::run(args),
        Verb::Survey(args) => block_on(survey::run(args)),
        Verb::Safety(args) => safety::run(args),
        Verb::Voice(args) => voice::run(args),
    };
    result.unwrap_or_else(|error| {
        eprintln!("huiyin: {}", message(&error));
        ExitCode::FAILURE
    })
}

/// The error and its causes, each once: many of ours tell their cause already.
fn message(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if !text.contains(&cause) {
            let between = if text.is_empty() { "" } else { ": " };
            text = format!("{text}{between}{cause}");
        }
    }
    text
}

/// The day in China.
fn today() -> Day {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Wall::from_ms(now.as_millis() as i64).civil().day()
}

fn block_on(run: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let code = runtime.block_on(run);
    // A thread that still reads the terminal or renders a sentence must not hold the end.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    code
}

fn start_log(filter: &str) {
    let filter = format!("{filter},{}", huiyin::call::LOG_SILENCE);
    let filter =
        EnvFilter::try_new(&filter).unwrap_or_else(|_| EnvFilter::new("warn,rsipstack=off"));
    // Colours are for people: a file gets plain text.
    let colours = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours);
    log.with_writer(std::io::stderr).init();
}
