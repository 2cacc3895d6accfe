//! `cargo bench --bench media [-- LEGS …]`: how many one-leg calls a core carries: playback, jitter buffer, detector, turn machine and
//! recording on, the recogniser off. The house runs on one core, as a process of its own, with the service's own call task; the
//! callers run beside it, speak 35 % of the time, and count the packets that come a whole frame later than they should.
//!
//! Prints, for each number of legs, the house's share of its core, the late packets, the lost ones, and the legs at 50 %.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use huiyin::call::sdp::{Direction, Negotiated};
use huiyin::dialogue::{Expect, Say, SayId};
use huiyin::engine::models::ModelDir;
use huiyin::engine::silero::SileroModel;
use huiyin::hotline::Input;
use huiyin::kernel::{CallId, LegId};
use huiyin::media::rtp::Sender;
use huiyin::media::{Codec, FRAME_SAMPLES, Frame};
use huiyin::runtime::call_task::{self, CallHandle, MediaCommand};
use huiyin::runtime::clock::SystemClock;
use huiyin::runtime::engines::{SpeechEngines, load_voice};
use huiyin::runtime::hearing::Hearing;
use huiyin::runtime::recogniser::Recogniser;
use huiyin::runtime::recordings::Recordings;
use huiyin::runtime::rtp_socket::PortRange;
use huiyin::runtime::shell::Message;
use huiyin::runtime::voice::Voice;
use huiyin::speech::{Asr, Expected, Heard, SpeechError, Tts, VAD_STEP, Vad};
use ort::session::Session;
use ort::value::TensorRef;
use tokio::sync::mpsc;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const STATEMENT: &str =
    "身份证丢了，可以到就近的派出所办理补领，带上户口簿，现场拍照采集指纹就可以。";
/// Seconds of a measurement, after as many of settling.
const SECONDS: u64 = 8;
/// Of 20 frames so many in a row are speech.
const SPEECH: usize = 7;
const FRAME: Duration = Duration::from_millis(20);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(at) = arguments.iter().position(|a| a == "--house") {
        return house(arguments[at + 1].parse().unwrap(), arguments[at + 2].parse().unwrap());
    }
    let mut steps: Vec<usize> = arguments.iter().filter_map(|a| a.parse().ok()).collect();
    if steps.is_empty() {
        steps = vec![100, 200, 400, 600];
    }
    let speech = speech();
    detectors(&speech);
    let mut at_half: Option<f64> = None;
    for legs in steps {
        let run = measure(legs, &speech);
        println!(
            "{legs:>5} legs: {:>5.1} % of a core, {} of {} packets late, {} lost",
            run.share * 100.0,
            run.late,
            run.received,
            run.lost
        );
        if run.late == 0 && run.lost == 0 {
            at_half = Some(legs as f64 * 0.5 / run.share);
        }
    }
    match at_half {
        Some(legs) => println!(
            "{legs:.0} legs at 50 % of a core, from the last run in which nothing was late"
        ),
        None => println!(
            "in every run something was late: the machine is busy, or does not carry so many"
        ),
    }
}

/// A step of the detector of ours, and of the same network in ONNX Runtime where its library is (`ORT_DYLIB_PATH`, or beside the
/// models): the median of rounds that alternate.
fn detectors(speech: &[Frame]) {
    const ROUNDS: usize = 15;
    let models = ModelDir::locate(None).unwrap();
    let network = models.path_of("silero").unwrap();
    let pcm: Vec<i16> = speech.iter().flatten().copied().collect();
    let steps = pcm.as_chunks::<VAD_STEP>().0;
    let mut ours = SileroModel::load(&network).unwrap().stream();
    let library = std::env::var_os("ORT_DYLIB_PATH").map(PathBuf::from);
    let library = library.unwrap_or_else(|| models.path().join("onnxruntime/libonnxruntime.so"));
    let mut theirs = library.is_file().then(|| session(&network, &library));
    let (mut one, mut other) = (Vec::new(), Vec::new());
    let time = |step: &mut dyn FnMut(&[i16; VAD_STEP])| {
        let begun = Instant::now();
        steps.iter().for_each(step);
        begun.elapsed().as_secs_f64() * 1e6 / steps.len() as f64
    };
    for _ in 0..ROUNDS {
        one.push(time(&mut |step| {
            std::hint::black_box(ours.step(step));
        }));
        if let Some(session) = &mut theirs {
            other.push(time(&mut |step| run(session, step)));
        }
    }
    let median = |mut times: Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times.get(times.len() / 2).map_or("not there".to_owned(), |time| format!("{time:.1} µs"))
    };
    println!("a step of the detector: {}; in ONNX Runtime: {}", median(one), median(other));
}

fn session(network: &Path, library: &Path) -> Session {
    let environment = ort::init_from(library).unwrap().with_telemetry(false).build().unwrap();
    let builder = Session::builder(&environment).unwrap();
    let builder = builder.with_intra_threads(1).unwrap().with_inter_threads(1).unwrap();
    builder.with_intra_op_spinning(false).unwrap().commit_from_file(network).unwrap()
}

fn run(session: &mut Session, step: &[i16; VAD_STEP]) {
    let mut input = [0.0; 32 + VAD_STEP];
    for (to, from) in input[32..].iter_mut().zip(step) {
        *to = f32::from(*from) / 32768.0;
    }
    let (state, rate) = ([0.0_f32; 256], [8000_i64]);
    let outputs = session.run(ort::inputs![
        "input" => TensorRef::from_array_view(([1, 32 + VAD_STEP], &input[..])).unwrap(),
        "state" => TensorRef::from_array_view(([2, 1, 128], &state[..])).unwrap(),
        "sr" => TensorRef::from_array_view(([(); 0].map(|()| 0_i64), &rate[..])).unwrap(),
    ]);
    std::hint::black_box(outputs.unwrap()["output"].try_extract_tensor::<f32>().unwrap().1[0]);
}

struct Run {
    /// Of one core.
    share: f64,
    received: u64,
    late: u64,
    lost: u64,
}

/// A caller as the house sees them.
struct Caller {
    socket: UdpSocket,
    sender: Sender,
    /// The first packet's arrival and number.
    first: Option<(Instant, u16)>,
    received: u64,
    late: u64,
    highest: u16,
}

impl Caller {
    fn take(&mut self, now: Instant, counting: bool) {
        let mut packet = [0; 2048];
        while let Ok(length) = self.socket.recv(&mut packet) {
            if length < 12 || !counting {
                continue;
            }
            let number = u16::from_be_bytes([packet[2], packet[3]]);
            let (begun, from) = *self.first.get_or_insert((now, number));
            let ahead = u32::from(number.wrapping_sub(from));
            self.received += 1;
            self.highest = number;
            // One packet that comes early makes all others look late, so a frame and its neighbour are allowed.
            self.late += u64::from(now > begun + FRAME * (ahead + 2));
        }
    }

    fn lost(&self) -> u64 {
        let expected =
            self.first.map_or(0, |(_, from)| u64::from(self.highest.wrapping_sub(from)) + 1);
        expected.saturating_sub(self.received)
    }
}

fn measure(legs: usize, speech: &[Frame]) -> Run {
    let sockets: Vec<UdpSocket> = (0..legs).map(|_| UdpSocket::bind((HERE, 0)).unwrap()).collect();
    let mut house = start_house(legs);
    let mut to = house.stdin.take().unwrap();
    for socket in &sockets {
        writeln!(to, "{}", socket.local_addr().unwrap().port()).unwrap();
    }
    let mut lines = BufReader::new(house.stdout.take().unwrap()).lines();
    let mut callers: Vec<Caller> = sockets
        .into_iter()
        .zip(0..)
        .map(|(socket, seed)| {
            let port: u16 = lines.next().unwrap().unwrap().parse().unwrap();
            socket.set_nonblocking(true).unwrap();
            socket.connect((HERE, port)).unwrap();
            let sender = Sender::new(seed, Codec::Pcma, 8);
            Caller { socket, sender, first: None, received: 0, late: 0, highest: 0 }
        })
        .collect();
    talk(&mut callers, speech, SECONDS, false);
    let before = cpu(&house);
    let begun = Instant::now();
    talk(&mut callers, speech, SECONDS, true);
    let share = (cpu(&house) - before) / begun.elapsed().as_secs_f64();
    let _ = house.kill();
    let _ = house.wait();
    let _ = std::fs::remove_dir_all(folder(house.id()));
    Run {
        share,
        received: callers.iter().map(|c| c.received).sum(),
        late: callers.iter().map(|c| c.late).sum(),
        lost: callers.iter().map(Caller::lost).sum(),
    }
}

/// Every 20 ms a packet of each caller, spread over the 20 ms, and all that has come is taken.
fn talk(callers: &mut [Caller], speech: &[Frame], seconds: u64, counting: bool) {
    let begun = Instant::now();
    let quiet: Frame = std::array::from_fn(|i| if i % 3 == 0 { 4 } else { -2 });
    let groups = 10;
    let size = callers.len().div_ceil(groups);
    for tick in 0..(seconds * 50) as usize {
        for (group, some) in callers.chunks_mut(size).enumerate() {
            let due = begun + FRAME * tick as u32 + FRAME * group as u32 / groups as u32;
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            for (index, caller) in some.iter_mut().enumerate() {
                // Speech in stretches of 2.8 s among 5.2 s of quiet, each caller at a time of their own.
                let place = tick + (group * 131 + index) * 37;
                let frame = match (place / 20) % 20 < SPEECH {
                    true => &speech[place % speech.len()],
                    false => &quiet,
                };
                let packet = caller.sender.audio(frame).unwrap();
                let _ = caller.socket.send(&packet);
                caller.take(Instant::now(), counting);
            }
        }
    }
}

fn start_house(legs: usize) -> Child {
    let me = std::env::current_exe().unwrap();
    Command::new("taskset")
        .args(["-c", "0"])
        .arg(me)
        .args(["--house", &legs.to_string(), "24000"])
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

fn speech() -> Vec<Frame> {
    let models = ModelDir::locate(None).expect("the models; `huiyin models fetch` brings them");
    let mut voice = load_voice(&models).unwrap();
    let mut pcm: Vec<i16> = Vec::new();
    voice
        .speak(STATEMENT, &mut |piece| {
            pcm.extend_from_slice(piece);
            ControlFlow::Continue(())
        })
        .unwrap();
    pcm.as_chunks::<FRAME_SAMPLES>().0.to_vec()
}

/// A recogniser that never has heard anything: what is measured is the sound's way.
struct Deaf;

impl Asr for Deaf {
    fn recognise(&mut self, _: &[i16], _: &Expected, _: bool) -> Result<Heard, SpeechError> {
        Ok(Heard::Unclear)
    }
}

/// The measured process: reads the callers' ports, prints its own, and talks until it is killed.
fn house(legs: usize, first_port: u16) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let models = ModelDir::locate(None).unwrap();
        let voice = load_voice(&models).unwrap();
        let engines = Arc::new(SpeechEngines {
            recogniser: Recogniser::start(vec![Box::new(Deaf)]).unwrap(),
            voice: Voice::start(vec![Box::new(voice.clone())], Box::new(voice), None).unwrap(),
            vad: SileroModel::load(&models.path_of("silero").unwrap()).unwrap(),
            hearing: Hearing::builtin().unwrap(),
        });
        let folder = folder(std::process::id());
        std::fs::create_dir_all(folder.join("recordings")).unwrap();
        let recordings = Recordings::new(&folder);
        let ports =
            PortRange::new(first_port..=first_port + 2 * legs as u16 + 1).unwrap().permit_nat(true);
        let (hotline, mut told) = mpsc::channel(4096);
        let mut handles: Vec<CallHandle> = Vec::with_capacity(legs);
        let mut input = std::io::stdin().lines();
        for call in 1..=legs as u64 {
            let port: u16 = input.next().unwrap().unwrap().parse().unwrap();
            let mut rtp = ports.session(HERE).unwrap();
            println!("{}", rtp.port());
            rtp.agree(&Negotiated {
                remote: SocketAddr::new(HERE, port),
                rtcp_port: port + 1,
                codec: Codec::Pcma,
                payload_type: 8,
                dtmf: Some(101),
                comfort: None,
                direction: Direction::SendRecv,
                ptime_ms: 20,
                keys: None,
            });
            let handle = call_task::start(call_task::Setup {
                call: CallId(call),
                leg: LegId(call),
                rtp,
                engines: engines.clone(),
                recorder: recordings.begin(CallId(call)),
                clock: SystemClock::start(),
                hotline: hotline.clone(),
                moment: "".into(),
                ringing: call_task::Ringing::Inbound,
            });
            handle.send(MediaCommand::Say(say(1)));
            handles.push(handle);
        }
        // A statement without end: when one has been said the next begins.
        while let Some(message) = told.recv().await {
            if let Message::Input(Input::Said { call, say: id, .. }) = message {
                handles[call.0 as usize - 1].send(MediaCommand::Say(say(id.0 + 1)));
            }
        }
    });
}

/// Where a house of this process number records.
fn folder(process: u32) -> PathBuf {
    std::env::temp_dir().join(format!("huiyin-bench-{process}"))
}

fn say(id: u64) -> Say {
    Say {
        id: SayId(id),
        text: STATEMENT.into(),
        expect: Expect::Nothing,
        must_be_heard: true,
        patience_ms: 0,
    }
}
