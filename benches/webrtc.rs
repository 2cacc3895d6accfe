//! `cargo bench --bench webrtc [-- LEGS …]`: what a browser's leg costs beside a plain RTP leg: packets in and out, jitter buffer,
//! reports; for the browser also ICE's checks and the protection. The house runs on one core, as a process of its own; the peers
//! run beside it. Rounds of both kinds alternate, so that both meet the same machine.
//!
//! Prints for each kind the house's share of its core (the median of the rounds), their ratio, and what a handshake costs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../tests/suite/browser_peer.rs"]
mod browser_peer;

use std::io::{BufRead, BufReader, Lines, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use huiyin::call::ice::{Credentials, FRAGMENT, PASSWORD};
use huiyin::call::sdp::browser::{Local, answer};
use huiyin::call::sdp::{Codecs, Direction, Negotiated};
use huiyin::media::rtp::Sender;
use huiyin::media::srtp::Outbound;
use huiyin::media::{Codec, Frame};
use huiyin::runtime::clock::{SystemClock, rhythm};
use huiyin::runtime::rtp_socket::{Identity, PortRange, RtpSession};

use browser_peer::Peer;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const FRAME: Duration = Duration::from_millis(20);
/// Of a round, after as many of settling.
const SECONDS: u64 = 6;
const ROUNDS: usize = 3;
/// A browser checks so often, in frames.
const CHECK_EVERY: usize = 125;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    if let Some(at) = arguments.iter().position(|a| a == "--house") {
        let (legs, browser) = (arguments[at + 1].parse().unwrap(), arguments[at + 2] == "browser");
        return runtime.block_on(house(legs, browser));
    }
    let mut steps: Vec<usize> = arguments.iter().filter_map(|a| a.parse().ok()).collect();
    if steps.is_empty() {
        steps = vec![100];
    }
    for legs in steps {
        let (mut plain, mut browser, mut opening) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            plain.push(runtime.block_on(measure(legs, false)).0);
            let (share, opened) = runtime.block_on(measure(legs, true));
            browser.push(share);
            opening.push(opened);
        }
        let (plain, browser, opening) = (median(plain), median(browser), median(opening));
        println!(
            "{legs} legs: plain RTP {:.2} % of a core, browser {:.2} %, {:.2} times as much; {:.2} ms to open a leg",
            plain * 100.0,
            browser * 100.0,
            browser / plain,
            opening * 1e3 / legs as f64,
        );
    }
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

/// One caller.
struct Caller {
    peer: Peer,
    sender: Sender,
    protection: Option<Outbound>,
    check: Vec<u8>,
    _conn: Option<dtls::conn::DTLSConn>,
}

impl Caller {
    async fn send(&mut self, frame: &Frame, tick: usize) {
        let packet = self.sender.audio(frame).unwrap();
        let packet = match &mut self.protection {
            Some(protection) => protection.rtp(&packet).unwrap(),
            None => packet,
        };
        let _ = self.peer.socket.try_send(&packet);
        if tick.is_multiple_of(CHECK_EVERY) && !self.check.is_empty() {
            let _ = self.peer.socket.try_send(&self.check);
        }
        let mut scrap = [0; 2048];
        while self.peer.socket.try_recv(&mut scrap).is_ok() {}
    }
}

/// The house's share of its core while all talk, and the processor seconds in which all legs were opened.
async fn measure(legs: usize, browser: bool) -> (f64, f64) {
    let mut house = start_house(legs, browser);
    let mut to = house.stdin.take().unwrap();
    let mut lines = BufReader::new(house.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "ready");
    let before = cpu(&house);
    let mut callers = Vec::with_capacity(legs);
    for seed in 0..legs as u64 {
        callers.push(caller(seed, browser, &mut to, &mut lines).await);
    }
    let opened = cpu(&house) - before;
    talk(&mut callers, SECONDS).await;
    let (before, begun) = (cpu(&house), Instant::now());
    talk(&mut callers, SECONDS).await;
    let share = (cpu(&house) - before) / begun.elapsed().as_secs_f64();
    let _ = house.kill();
    let _ = house.wait();
    (share, opened)
}

async fn caller(
    seed: u64,
    browser: bool,
    to: &mut impl Write,
    lines: &mut Lines<BufReader<ChildStdout>>,
) -> Caller {
    let peer = Peer::new().await;
    let sender = Sender::new(seed, Codec::Pcma, 8);
    if !browser {
        writeln!(to, "{}", peer.socket.local_addr().unwrap().port()).unwrap();
        let port: u16 = lines.next().unwrap().unwrap().parse().unwrap();
        peer.socket.connect(SocketAddr::new(HERE, port)).await.unwrap();
        return Caller { peer, sender, protection: None, check: Vec::new(), _conn: None };
    }
    writeln!(to, "{}", peer.offer().replace("\r\n", "|")).unwrap();
    let answer = lines.next().unwrap().unwrap().replace('|', "\r\n");
    let check = peer.find(&answer).await;
    let (protection, _, conn) = peer.shake().await.unwrap();
    assert_eq!(lines.next().unwrap().unwrap(), "open");
    Caller { peer, sender, protection: Some(protection), check, _conn: Some(conn) }
}

/// Every 20 ms a packet of each caller, spread over the 20 ms.
async fn talk(callers: &mut [Caller], seconds: u64) {
    let begun = Instant::now();
    let frame: Frame = std::array::from_fn(|n| (6_000.0 * (n as f64 * 0.3).sin()) as i16);
    let size = callers.len().div_ceil(10);
    for tick in 0..(seconds * 50) as usize {
        for (group, some) in callers.chunks_mut(size).enumerate() {
            let due = begun + FRAME * tick as u32 + FRAME * group as u32 / 10;
            tokio::time::sleep_until(due.into()).await;
            for caller in some {
                caller.send(&frame, tick).await;
            }
        }
    }
}

fn start_house(legs: usize, browser: bool) -> Child {
    Command::new("taskset")
        .args(["-c", "0"])
        .arg(std::env::current_exe().unwrap())
        .args(["--house", &legs.to_string(), if browser { "browser" } else { "plain" }])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("taskset, of the Debian package util-linux")
}

/// Processor seconds that the process has used.
fn cpu(process: &Child) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.id())).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    // utime and stime, 14 and 15 of proc(5), in hundredths.
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

/// The measured process.
async fn house(legs: usize, browser: bool) {
    let clock = SystemClock::start();
    let identity = Identity::new().unwrap();
    let ports = PortRange::new(28000..=28000 + 2 * legs as u16 + 1).unwrap().permit_nat(true);
    println!("ready");
    let mut input = std::io::stdin().lines();
    for _ in 0..legs {
        let line = input.next().unwrap().unwrap();
        let mut rtp = ports.session(HERE).unwrap();
        if browser {
            open(&mut rtp, &line, &clock, &identity).await;
        } else {
            println!("{}", rtp.port());
            rtp.agree(&plain(line.parse().unwrap()));
        }
        tokio::spawn(flow(rtp, clock.clone()));
    }
    std::future::pending().await
}

async fn open(rtp: &mut RtpSession, offer: &str, clock: &SystemClock, identity: &Identity) {
    let mut chance = [0; FRAGMENT + PASSWORD];
    getrandom::fill(&mut chance).unwrap();
    let ice = Credentials::new(chance);
    let local = Local {
        addr: SocketAddr::new(HERE, rtp.port()),
        session: 1,
        codecs: &Codecs::default(),
        ice: &ice,
        fingerprint: identity.fingerprint(),
    };
    let (text, accord) = answer(&offer.replace('|', "\r\n"), &local).unwrap();
    println!("{}", text.replace("\r\n", "|"));
    rtp.open(clock, ice, &accord, identity.clone()).await.unwrap();
    println!("open");
}

fn plain(port: u16) -> Negotiated {
    Negotiated {
        remote: SocketAddr::new(HERE, port),
        rtcp_port: port + 1,
        codec: Codec::Pcma,
        payload_type: 8,
        dtmf: Some(126),
        comfort: None,
        direction: Direction::SendRecv,
        ptime_ms: 20,
        keys: None,
    }
}

/// What a call's task does with a leg, and nothing else: what came goes back.
async fn flow(mut rtp: RtpSession, clock: SystemClock) {
    let mut tick = rhythm(FRAME);
    loop {
        tick.tick().await;
        let now = clock.now();
        let heard = rtp.heard(now);
        rtp.send(now, &heard);
    }
}
