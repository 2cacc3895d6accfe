//! `huiyin account`: who may log in to the console. It works on the store itself, also while the service runs; every change
//! is written into the audit.

use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail, ensure};
use huiyin::access::{Account, Posting, Role, SALT_BYTES, checked_name, checked_password, hashed};
use huiyin::config::Config;
use huiyin::kernel::{AgentId, Pii, Wall};
use huiyin::store::{Deed, Keys, NewAccount, Store};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Make an account; its password is asked for, or read from a file or the standard input.
    Add(Add),
    /// Print the accounts: name, role, what it is bound to, how it stands.
    List(Place),
    /// Nobody logs in with it any more; who is logged in is logged out.
    Disable(One),
    /// The opposite.
    Enable(One),
    /// Set another password; the owner sets one of their own at the next login.
    Passwd(Passwd),
    /// Take the second factor away, for somebody who has lost their telephone.
    TotpReset(One),
}

/// Where the store lies.
#[derive(Debug, clap::Args)]
struct Place {
    /// Settings (TOML) whose data folder is used.
    #[arg(long, short)]
    config: Option<PathBuf>,
    /// The data folder; goes before the configuration's.
    #[arg(long)]
    data: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct One {
    name: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, clap::Args)]
struct Passwd {
    #[command(flatten)]
    one: One,
    /// A file whose first line is the password.
    #[arg(long)]
    password_file: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct Add {
    #[command(flatten)]
    with: Passwd,
    /// caller_public, agent, desk, unit, supervisor, auditor or admin.
    #[arg(long)]
    role: Role,
    /// As they sign; the name where it is left out.
    #[arg(long)]
    display: Option<String>,
    /// Code of the unit, for the role unit.
    #[arg(long)]
    unit: Option<String>,
    /// Work number, for the role agent.
    #[arg(long)]
    agent: Option<u64>,
}

pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    match args.verb {
        Verb::Add(args) => add(args).await?,
        Verb::List(place) => list(&place).await?,
        Verb::Disable(one) => disable(&one, true).await?,
        Verb::Enable(one) => disable(&one, false).await?,
        Verb::Passwd(args) => passwd(&args).await?,
        Verb::TotpReset(one) => {
            let (store, keys) = found(&one).await?;
            store.forget_second(keys.account.id, "", now()).await?;
            note(&store, "second_reset", &keys.account.name, "").await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn now() -> Wall {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Wall::from_ms(since.as_millis() as i64)
}

impl Place {
    async fn open(&self) -> anyhow::Result<(Config, Store)> {
        let config = Config::load(self.config.as_deref())?;
        let folder = self.data.clone().unwrap_or_else(|| config.data_dir.clone());
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("the data folder {} cannot be made", folder.display()))?;
        let store = Store::open(&folder.join("huiyin.db")).await?;
        Ok((config, store))
    }
}

async fn found(one: &One) -> anyhow::Result<(Store, Keys)> {
    let (_, store) = one.place.open().await?;
    let name = checked_name(&one.name)?;
    let keys = store.account_named(&name).await?;
    let keys = keys
        .with_context(|| format!("there is no account {name}; `huiyin account list` shows them"))?;
    Ok((store, keys))
}

async fn note(store: &Store, action: &str, name: &str, detail: &str) -> anyhow::Result<()> {
    let object = format!("account {name}");
    let (actor, role, address) = ("system", "", "");
    let deed = Deed { at: now(), actor, role, address, action, object: &object, detail };
    Ok(store.write_down(&deed).await?)
}

/// From the file, the terminal (twice, unseen) or the standard input.
fn password(file: Option<&PathBuf>) -> anyhow::Result<Pii<String>> {
    let text = if let Some(file) = file {
        let text = std::fs::read_to_string(file);
        text.with_context(|| format!("{} cannot be read", file.display()))?
    } else if std::io::stdin().is_terminal() {
        let first = rpassword::prompt_password("Password: ")?;
        ensure!(first == rpassword::prompt_password("Again: ")?, "the two passwords differ");
        first
    } else {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line)?;
        line
    };
    Ok(Pii::new(text.lines().next().unwrap_or_default().to_owned()))
}

fn kept(config: &Config, name: &str, password: &Pii<String>) -> anyhow::Result<String> {
    checked_password(name, password.reveal())?;
    let mut salt = [0u8; SALT_BYTES];
    getrandom::fill(&mut salt).context("the operating system gives no randomness")?;
    Ok(hashed(password, &salt, config.console.cost)?)
}

async fn add(args: Add) -> anyhow::Result<()> {
    let one = &args.with.one;
    let (config, store) = one.place.open().await?;
    let name = checked_name(&one.name)?;
    let agent = args.agent.map(AgentId);
    if let Some(agent) = agent {
        let known = config.agents.iter().any(|one| one.id == agent);
        ensure!(
            known,
            "there is no agent {}; agents are listed in the configuration under [[agents]]",
            agent.0
        );
    }
    if let Some(unit) = &args.unit {
        let rules = huiyin::runtime::dispatching::rules(
            config.dispatch_rules.as_deref(),
            &config.intake,
        )?;
        let known = rules.unit(unit).is_some();
        ensure!(
            known,
            "there is no unit with the code {unit:?}; `huiyin rules explain` shows them"
        );
    }
    let posting = Posting::new(args.role, args.unit, agent)?;
    let password = password(args.with.password_file.as_ref())?;
    let password = kept(&config, &name, &password)?;
    let display = args.display.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let new = NewAccount {
        name: &name,
        display: display.unwrap_or(&name),
        posting: &posting,
        password: &password,
        // Who stands at the machine sets it for themselves.
        must_change: false,
    };
    if store.add_account(&new, now()).await?.is_none() {
        bail!(
            "there is an account {name} already; `huiyin account passwd {name}` sets its password"
        );
    }
    note(&store, "account_added", &name, args.role.key()).await?;
    println!("{name} {}", args.role);
    Ok(())
}

async fn list(place: &Place) -> anyhow::Result<()> {
    let (_, store) = place.open().await?;
    for Account { name, display, posting, disabled, has_second_factor, .. } in
        store.accounts().await?
    {
        let bound =
            posting.unit().map(str::to_owned).or(posting.agent().map(|agent| agent.to_string()));
        let second = if has_second_factor { "totp" } else { "-" };
        let stands = if disabled { "disabled" } else { "active" };
        println!(
            "{name}\t{}\t{}\t{stands}\t{second}\t{display}",
            posting.role(),
            bound.as_deref().unwrap_or("-")
        );
    }
    Ok(())
}

async fn disable(one: &One, disabled: bool) -> anyhow::Result<()> {
    let (store, keys) = found(one).await?;
    store.disable_account(keys.account.id, disabled, now()).await?;
    let action = if disabled { "account_disabled" } else { "account_enabled" };
    note(&store, action, &keys.account.name, "").await
}

async fn passwd(args: &Passwd) -> anyhow::Result<()> {
    let (store, keys) = found(&args.one).await?;
    let config = Config::load(args.one.place.config.as_deref())?;
    let password = password(args.password_file.as_ref())?;
    let kept = kept(&config, &keys.account.name, &password)?;
    store.set_password(keys.account.id, &kept, true, "", now()).await?;
    note(&store, "password_set", &keys.account.name, "").await
}
