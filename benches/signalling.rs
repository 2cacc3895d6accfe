//! CPU time per INVITE…BYE: the telephone line of this program with somebody who answers at once, against sipp's own
//! server, under the same load from sipp's own client, one after the other in one run.
//!
//! `cargo bench --bench signalling [-- calls a second]`. CPU is that of the process under load, from /proc. The load runs
//! for longer than RFC 3261's 64*T1, in which a server remembers its transactions, before the first window is measured.

use std::io::{BufRead, BufReader, Write};
use std::net::UdpSocket;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use huiyin::call::{
    Direction, LOG_SILENCE, LegIds, LocalMedia, SignalEvent, SipConfig, SipStack, sdp,
};
use huiyin::kernel::LegId;

const RATE: u64 = 200;
/// 64*T1 and a little.
const WARM_S: u64 = 34;
const WINDOW_S: u64 = 8;
const WINDOWS: usize = 3;

type Fault = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let first = arguments.next();
    let result = match first.as_deref() {
        Some("answer") => answer(),
        other => compare(other.and_then(|rate| rate.parse().ok()).unwrap_or(RATE)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// The process under load: prints its port and answers whoever calls until its standard input is closed.
fn answer() -> Result<(), Fault> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(format!("info,{LOG_SILENCE}")))
        .init();
    // As the service has it: a thread of its own (`runtime/telephone.rs`).
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let next = AtomicU64::new(1);
        let ids: LegIds = Arc::new(move || LegId(next.fetch_add(1, Ordering::Relaxed)));
        let listen = ([127, 0, 0, 1], 0).into();
        let config = SipConfig { listen, rate_per_source: 100_000, ..SipConfig::default() };
        let (line, mut events) = SipStack::start(config, ids).await?;
        println!("{}", line.listening().port());
        std::io::stdout().flush()?;
        let local = LocalMedia {
            addr: ([127, 0, 0, 1], 40_000).into(),
            session: 1,
            version: 1,
            direction: Direction::SendRecv,
            terms: Default::default(),
        };
        let answering = line.clone();
        tokio::spawn(async move {
            while let Some(event) = events.recv().await {
                let SignalEvent::Invite { leg, sdp: Some(offer), .. } = event else { continue };
                let line = answering.clone();
                // As the service does: a command to the line is a task, its owner goes on.
                tokio::spawn(async move {
                    match sdp::answer(&offer, &local) {
                        Ok((text, _)) => line.answer(leg, text).await,
                        Err(error) => line.reject(leg, error.status()).await,
                    }
                });
            }
        });
        tokio::task::spawn_blocking(|| std::io::stdin().lines().for_each(drop)).await?;
        Ok(())
    })
}

/// A server under load, ended when it is dropped.
struct Server {
    child: Child,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ours() -> Result<Server, Fault> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg("answer")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut line)?;
    Ok(Server { port: line.trim().parse()?, child })
}

fn sipps() -> Result<Server, Fault> {
    let port = UdpSocket::bind("127.0.0.1:0")?.local_addr()?.port();
    let child = quiet("sipp")
        .args(["-sn", "uas", "-i", "127.0.0.1", "-p", &port.to_string(), "-nostdin"])
        .spawn()
        .map_err(|error| format!("sipp cannot be run ({error}): install sip-tester"))?;
    // It has its port a moment later; the load is repeated until it has.
    Ok(Server { child, port })
}

fn quiet(program: &str) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.current_dir(std::env::temp_dir());
    command
}

/// Microseconds of CPU per call, by window.
fn load(server: &Server, rate: u64) -> Result<Vec<f64>, Fault> {
    let seconds = WARM_S + WINDOW_S * WINDOWS as u64 + 2;
    let local = UdpSocket::bind("127.0.0.1:0")?.local_addr()?.port();
    let mut client = quiet("sipp")
        .args(["-sn", "uac", "-i", "127.0.0.1", "-p", &local.to_string(), "-nostdin"])
        .args(["-r", &rate.to_string(), "-m", &(rate * seconds).to_string(), "-l", "2000"])
        .arg(format!("127.0.0.1:{}", server.port))
        .spawn()
        .map_err(|error| format!("sipp cannot be run ({error}): install sip-tester"))?;
    let began = Instant::now();
    std::thread::sleep(Duration::from_secs(WARM_S));
    let mut windows = Vec::new();
    for _ in 0..WINDOWS {
        let (at, before) = (Instant::now(), cpu_ns(server.child.id())?);
        std::thread::sleep(Duration::from_secs(WINDOW_S));
        let spent = cpu_ns(server.child.id())?.saturating_sub(before);
        windows.push(spent as f64 / 1_000.0 / (at.elapsed().as_secs_f64() * rate as f64));
    }
    if !client.wait()?.success() {
        return Err("calls of the load failed: the figures mean nothing".into());
    }
    let took = began.elapsed().as_secs_f64();
    if took > seconds as f64 * 1.1 {
        return Err(
            format!("the load took {took:.0} s instead of {seconds}: too slow a machine").into()
        );
    }
    Ok(windows)
}

/// All threads of a process.
fn cpu_ns(pid: u32) -> Result<u64, Fault> {
    let mut sum = 0;
    for task in std::fs::read_dir(format!("/proc/{pid}/task"))? {
        // A thread may end while we look.
        let text = std::fs::read_to_string(task?.path().join("schedstat")).unwrap_or_default();
        sum += text.split(' ').next().and_then(|ns| ns.parse::<u64>().ok()).unwrap_or(0);
    }
    Ok(sum)
}

fn compare(rate: u64) -> Result<(), Fault> {
    println!(
        "CPU per INVITE…BYE at {rate} calls a second, {WINDOWS} windows of {WINDOW_S} s after {WARM_S} s of load"
    );
    let mut medians = Vec::new();
    for (name, start) in
        [("sipp -sn uas", sipps as fn() -> Result<Server, Fault>), ("huiyin", ours)]
    {
        let server = start()?;
        let mut windows = load(&server, rate)?;
        windows.sort_by(f64::total_cmp);
        let median = windows[WINDOWS / 2];
        println!(
            "{name:>14}: {median:6.1} µs (from {:.1} to {:.1})",
            windows[0],
            windows[WINDOWS - 1]
        );
        medians.push(median);
    }
    println!("{:>14}: {:.2}", "ratio", medians[1] / medians[0]);
    Ok(())
}
