//! A caller: sipp for the signalling, a socket of ours for the sound, so that a test hears what the caller hears and
//! says what it wants when it wants.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use huiyin::media::codec::g711::Law;
use huiyin::media::dtmf::KeySender;
use huiyin::media::rtp::Sender;
use huiyin::media::{Codec, FRAME_SAMPLES, Frame, Key, SILENCE};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

use super::process::{LOOK_AGAIN, Service};

const KEY_PAYLOAD: u8 = 96;
const DONE: Duration = Duration::from_secs(90);

/// Which telephone calls, and for how long it stays.
pub struct Plan {
    /// sipp's `u1` or `t1`.
    pub transport: &'static str,
    pub number: &'static str,
    pub stay_ms: u64,
    /// The key 0 goes out in an INFO after so long.
    pub info_ms: Option<u64>,
}

impl Default for Plan {
    fn default() -> Self {
        Plan { transport: "u1", number: "13800001234", stay_ms: 60_000, info_ms: None }
    }
}

#[derive(Default)]
struct Sound {
    /// What goes out, a frame each 20 ms; silence when there is nothing.
    ours: std::collections::VecDeque<Frame>,
    keys: KeySender,
    heard: Vec<i16>,
    /// Where the service's sound comes from.
    remote: Option<SocketAddr>,
}

pub struct Caller {
    sipp: tokio::process::Child,
    sound: Arc<Mutex<Sound>>,
    mouth: JoinHandle<()>,
    folder: tempfile::TempDir,
}

fn data(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/sipp").join(name);
    let path =
        std::env::var_os("HUIYIN_TEST_SIPP").map_or(path, |dir| PathBuf::from(dir).join(name));
    std::fs::read_to_string(path).unwrap()
}

impl Caller {
    pub async fn call(service: &Service, plan: Plan) -> Caller {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let info =
            plan.info_ms.map(|ms| data("service_info.xml").replace("[info_ms]", &ms.to_string()));
        let text = data("service_caller.xml")
            .replace("[info]", &info.unwrap_or_default())
            .replace("[sound_port]", &socket.local_addr().unwrap().port().to_string())
            .replace("[number]", plan.number)
            .replace("[stay_ms]", &plan.stay_ms.to_string());
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("caller.xml");
        std::fs::write(&file, text).unwrap();
        let mut command = tokio::process::Command::new("sipp");
        command.current_dir(folder.path()).arg("-sf").arg(&file);
        command.args(["-i", "127.0.0.1", "-t", plan.transport, "-m", "1", "-nostdin"]);
        command.args(["-timeout", "100s", "-trace_err"]).arg(service.sip.to_string());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let sipp = command.kill_on_drop(true).spawn().unwrap();
        let sound = Arc::new(Mutex::new(Sound::default()));
        let mouth = tokio::spawn(flow(socket, sound.clone()));
        Caller { sipp, sound, mouth, folder }
    }

    /// Says this, after all that was to be said before.
    pub fn say(&self, samples: &[i16]) {
        let mut sound = self.sound.lock().unwrap();
        for chunk in samples.chunks(FRAME_SAMPLES) {
            let mut frame = SILENCE;
            frame[..chunk.len()].copy_from_slice(chunk);
            sound.ours.push_back(frame);
        }
    }

    /// Presses a key as an RTP event.
    pub fn press(&self, key: char) {
        self.sound.lock().unwrap().keys.press(Key::try_from(key).unwrap(), 120).unwrap();
    }

    pub fn heard(&self) -> Vec<i16> {
        self.sound.lock().unwrap().heard.clone()
    }

    /// Where the service's sound comes from, once it does.
    pub async fn remote(&self) -> SocketAddr {
        let deadline = Instant::now() + DONE;
        loop {
            if let Some(remote) = self.sound.lock().unwrap().remote {
                return remote;
            }
            assert!(Instant::now() < deadline, "the service sends no sound");
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Writes down what was heard.
    pub fn write(&self, path: &std::path::Path) {
        huiyin::media::wav::write(path, &self.heard()).unwrap();
    }

    /// Fails unless the signalling went through to its end.
    pub async fn done(&mut self) {
        let status =
            tokio::time::timeout(DONE, self.sipp.wait()).await.expect("sipp ends").unwrap();
        self.mouth.abort();
        let mut errors = String::new();
        for entry in std::fs::read_dir(self.folder.path()).unwrap().flatten() {
            if entry.file_name().to_string_lossy().contains("errors") {
                errors = std::fs::read_to_string(entry.path()).unwrap_or_default();
            }
        }
        assert!(status.success(), "sipp ended with {status}: {errors}");
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.mouth.abort();
    }
}

/// Sends a frame every 20 ms as soon as the service is heard, and keeps what comes.
async fn flow(socket: UdpSocket, sound: Arc<Mutex<Sound>>) {
    let mut tick = tokio::time::interval(Duration::from_millis(20));
    let mut sender = Sender::new(7, Codec::Pcma, 8);
    let mut packet = [0; 2048];
    loop {
        tokio::select! {
            received = socket.recv_from(&mut packet) => {
                let Ok((len, from)) = received else { return };
                let mut sound = sound.lock().unwrap();
                sound.remote = Some(from);
                if len > 12 && packet[1] & 0x7f == 8 {
                    Law::A.decode(&packet[12..len], &mut sound.heard);
                }
            }
            _ = tick.tick() => {
                let (bytes, to) = {
                    let mut sound = sound.lock().unwrap();
                    let Some(to) = sound.remote else { continue };
                    let bytes = match sound.keys.tick(sender.timestamp()) {
                        Some(event) => sender.event(KEY_PAYLOAD, &event),
                        None => sender.audio(&sound.ours.pop_front().unwrap_or(SILENCE)),
                    };
                    (bytes.unwrap(), to)
                };
                let _ = socket.send_to(&bytes, to).await;
            }
        }
    }
}
