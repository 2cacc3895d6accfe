//! `huiyin serve`.

use std::path::PathBuf;
use std::process::ExitCode;

use huiyin::config::Config;
use huiyin::runtime::serve::serve;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Settings (TOML); without it the built-in ones: SIP on 127.0.0.1:5060, console on 127.0.0.1:8012, data in ./data.
    #[arg(long, short)]
    config: Option<PathBuf>,
    /// Folder for the store and the recordings; goes before the configuration's.
    #[arg(long)]
    data: Option<PathBuf>,
}

pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let mut config = Config::load(args.config.as_deref())?;
    if let Some(data) = args.data {
        config.data_dir = data;
    }
    serve(config, stop_signal(), |listening| {
        eprintln!(
            "huiyin: SIP on {} (UDP and TCP), console on {}://{}/",
            listening.sip,
            if listening.console_tls { "https" } else { "http" },
            listening.console
        );
        if let Some(tls) = listening.tls {
            eprintln!("huiyin: SIP over TLS on {tls}");
        }
        if let Some(own) = &listening.own {
            let how = if own.fresh { "made just now" } else { "made by an earlier start" };
            eprintln!(
                "huiyin: its certificate is our own, {how}; no authority vouches for it, so compare its SHA-256 fingerprint:\n\
                 huiyin: {}",
                own.fingerprint
            );
        }
        if let Some(own) = &listening.console_own {
            eprintln!("huiyin: the console's certificate is our own, SHA-256 {}", own.fingerprint);
        }
        if let Some(public) = listening.public {
            eprintln!("huiyin: page for citizens on http://{public}/");
        }
        // For whoever started us and waits for it.
        let tls = listening.tls.map(|tls| format!(" tls={tls}")).unwrap_or_default();
        let public = listening.public.map(|public| format!(" public={public}")).unwrap_or_default();
        println!("ready sip={} console={}{tls}{public}", listening.sip, listening.console);
    })
    .await?;
    Ok(ExitCode::SUCCESS)
}

/// Ctrl-C, or SIGTERM from a service manager.
pub async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}
