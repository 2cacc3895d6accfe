//! Telephones that are called back: sipp for the signalling, a socket of ours for the sound. What they do is written as
//! steps, such as `rings answers listens says:WORDS key:4 hangs_up`.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use huiyin::media::codec::g711::Law;
use huiyin::media::dtmf::KeySender;
use huiyin::media::music::Music;
use huiyin::media::rtp::Sender;
use huiyin::media::{Codec, FRAME_SAMPLES, Frame, Key, SILENCE};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

const KEY_PAYLOAD: u8 = 101;
/// What is spoken on a loop-free line is far louder than its comfort noise.
const LOUD: f64 = 300.0;
/// The other side has spoken for so many frames, and then been quiet for so many: 400 ms and 1.2 s.
const SPOKEN: u32 = 20;
const QUIET: u32 = 60;

/// WAVs by the words that are spoken in them.
pub type Voices = HashMap<String, Arc<Vec<i16>>>;

/// What the telephone puts on the line, one after the other.
#[derive(Clone, Debug)]
enum Sound {
    /// Waits until the other side has spoken and is quiet.
    Listen,
    Play(Arc<Vec<i16>>),
    Key(char),
    Music(u32),
}

pub struct Callee {
    _sipp: tokio::process::Child,
    sound: Option<JoinHandle<()>>,
    _folder: tempfile::TempDir,
}

impl Drop for Callee {
    fn drop(&mut self) {
        if let Some(sound) = &self.sound {
            sound.abort();
        }
    }
}

impl Callee {
    /// Starts a telephone that does these steps once it is called on `sip`.
    pub fn start(steps: &str, sip: SocketAddr, voices: &Voices) -> Callee {
        let folder = tempfile::tempdir().unwrap();
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        let port = socket.local_addr().unwrap().port();
        let file = folder.path().join("callee.xml");
        std::fs::write(&file, scenario(steps, port)).unwrap();
        let sounds: VecDeque<Sound> =
            steps.split_whitespace().filter_map(|s| sound(s, voices)).collect();
        // A telephone without a sound of its own is deaf and mute: keys in its signalling do.
        let sound = (!sounds.is_empty()).then(|| {
            let socket = UdpSocket::from_std(socket).unwrap();
            tokio::spawn(flow(socket, sounds))
        });
        Callee { _sipp: sipp(&file, folder.path(), sip), sound, _folder: folder }
    }
}

fn sipp(file: &Path, folder: &Path, sip: SocketAddr) -> tokio::process::Child {
    let mut command = tokio::process::Command::new("sipp");
    command.current_dir(folder).arg("-sf").arg(file).args(["-i", "127.0.0.1", "-t", "u1"]);
    command.args(["-p", &sip.port().to_string(), "-m", "1", "-nostdin", "-timeout", "300s"]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.kill_on_drop(true).spawn().unwrap()
}

fn sound(step: &str, voices: &Voices) -> Option<Sound> {
    let (word, rest) = step.split_once(':').unwrap_or((step, ""));
    match word {
        "listens" => Some(Sound::Listen),
        "says" => {
            let words = voices.get(rest).unwrap_or_else(|| panic!("{rest} was not spoken before"));
            Some(Sound::Play(words.clone()))
        }
        "presses" => Some(Sound::Key(rest.chars().next().unwrap())),
        "tunes" => Some(Sound::Music(rest.parse::<u32>().unwrap() / 20)),
        "beeps" => Some(Sound::Play(Arc::new(tone(1_000.0, rest.parse().unwrap())))),
        "busy_tone" => Some(Sound::Play(Arc::new(busy_tone()))),
        _ => None,
    }
}

/// The words that a telephone says.
pub fn spoken(steps: &str) -> impl Iterator<Item = &str> {
    steps.split_whitespace().filter_map(|step| step.strip_prefix("says:"))
}

fn tone(hertz: f64, ms: usize) -> Vec<i16> {
    let sample =
        |at: usize| (8_000.0 * (std::f64::consts::TAU * hertz * at as f64 / 8_000.0).sin()) as i16;
    (0..ms * 8).map(sample).collect()
}

/// China's: 450 Hz, 350 ms on and off (GB/T 3380).
fn busy_tone() -> Vec<i16> {
    let burst = [tone(450.0, 350), vec![0; 350 * 8]].concat();
    burst.repeat(12)
}

// ---- the signalling ----

const ANSWER: &str = "v=0\n      o=callee 53655765 2353687637 IN IP[local_ip_type] [local_ip]\n      s=-\n      \
     c=IN IP[media_ip_type] [media_ip]\n      t=0 0\n      m=audio SOUND RTP/AVP 8 101\n      \
     a=rtpmap:8 PCMA/8000\n      a=rtpmap:101 telephone-event/8000\n      a=fmtp:101 0-15\n";

/// The scenario of these steps; steps of sound have no part in it.
fn scenario(steps: &str, sound_port: u16) -> String {
    let sdp = ANSWER.replace("SOUND", &sound_port.to_string());
    let mut parts = vec![
        "<recv request=\"INVITE\"><action>\
         <ereg regexp=\"[0-9]+\" search_in=\"hdr\" header=\"CSeq:\" check_it=\"true\" assign_to=\"3\"/>\
         <ereg regexp=\".*\" search_in=\"hdr\" header=\"From:\" check_it=\"true\" assign_to=\"2\"/>\
         <ereg regexp=\"sip:[^;&gt;]*\" search_in=\"hdr\" header=\"Contact:\" check_it=\"true\" assign_to=\"4\"/>\
         </action></recv>"
            .to_owned(),
    ];
    let (mut number, mut answered) = (1, false);
    for step in steps.split_whitespace() {
        let (word, rest) = step.split_once(':').unwrap_or((step, ""));
        match word {
            "rings" => parts.push(response("180 Ringing", None)),
            "early" => parts.push(response("183 Session Progress", Some(&sdp))),
            "waits" => parts.push(format!("<pause milliseconds=\"{rest}\"/>")),
            "answers" => {
                answered = true;
                parts.push(response("200 OK", Some(&sdp)));
                parts.push("<recv request=\"ACK\"/>".to_owned());
            }
            "refuses" => {
                parts.push(response(&format!("{rest} No"), None));
                parts.push("<recv request=\"ACK\"/>".to_owned());
            }
            // Sent in the signalling: it comes whatever is being said.
            "key" => {
                number += 1;
                let body = format!("Signal={rest}\n      Duration=160\n");
                parts.push(request("INFO", number, Some(&body)));
                parts.push("<recv response=\"200\"/>".to_owned());
            }
            "hangs_up" => {
                number += 1;
                parts.push(request("BYE", number, None));
                parts.push("<recv response=\"200\"/>".to_owned());
                answered = false;
            }
            "is_cancelled" => {
                parts.push("<recv request=\"CANCEL\"/>".to_owned());
                parts.push(agreed());
                parts.push(
                    response("487 Request Terminated", None)
                        .replace("[last_CSeq:]", "CSeq: [$3] INVITE"),
                );
                parts.push("<recv request=\"ACK\"/>".to_owned());
            }
            _ => {}
        }
    }
    if answered {
        parts.push("<recv request=\"BYE\"/>".to_owned());
        parts.push(agreed());
    }
    let body = parts.join("\n");
    format!(
        "<?xml version=\"1.0\" encoding=\"ISO-8859-1\" ?>\n<!DOCTYPE scenario SYSTEM \"sipp.dtd\">\n\
         <scenario name=\"callee\">\n{body}\n<Reference variables=\"2,3,4\"/>\n</scenario>\n"
    )
}

fn message(first: &str, headers: &str, body: Option<(&str, &str)>) -> String {
    let body = match body {
        Some((kind, text)) => {
            format!("Content-Type: {kind}\n      Content-Length: [len]\n\n      {text}\n")
        }
        None => "Content-Length: 0\n\n".to_owned(),
    };
    format!("<![CDATA[\n      {first}\n      {headers}\n      {body}    ]]>")
}

/// To our INVITE.
fn response(status: &str, sdp: Option<&str>) -> String {
    let headers = "[last_Via:]\n      [last_From:]\n      [last_To:];tag=[pid]sipp[call_number]\n      \
         [last_Call-ID:]\n      [last_CSeq:]\n      \
         Contact: <sip:[local_ip]:[local_port];transport=[transport]>";
    let sdp = sdp.map(|sdp| ("application/sdp", sdp));
    let text = message(&format!("SIP/2.0 {status}"), headers, sdp);
    let again = if status.starts_with('1') { "" } else { " retrans=\"500\"" };
    format!("<send{again}>{text}</send>")
}

/// To a CANCEL or a BYE.
fn agreed() -> String {
    let headers = "[last_Via:]\n      [last_From:]\n      [last_To:]\n      [last_Call-ID:]\n      \
         [last_CSeq:]";
    format!("<send>{}</send>", message("SIP/2.0 200 OK", headers, None))
}

fn request(method: &str, number: u32, body: Option<&str>) -> String {
    let headers = format!(
        "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n      \
         From: <sip:callee@[local_ip]:[local_port]>;tag=[pid]sipp[call_number]\n      To: [$2]\n      \
         Call-ID: [call_id]\n      CSeq: {number} {method}\n      Max-Forwards: 70"
    );
    let first = format!("{method} [$4] SIP/2.0");
    let text = message(&first, &headers, body.map(|body| ("application/dtmf-relay", body)));
    format!("<send retrans=\"500\">{text}</send>")
}

// ---- the sound ----

#[derive(Default)]
struct Ear {
    spoken: u32,
    quiet: u32,
}

impl Ear {
    fn hear(&mut self, samples: &[i16]) {
        let power: f64 = samples.iter().map(|s| f64::from(*s).powi(2)).sum();
        let loud = (power / samples.len().max(1) as f64).sqrt() > LOUD;
        if loud {
            self.spoken += 1;
            self.quiet = 0;
        } else if self.spoken >= SPOKEN {
            self.quiet += 1;
        }
    }

    fn our_turn(&mut self) -> bool {
        let ours = self.quiet >= QUIET;
        if ours {
            *self = Ear::default();
        }
        ours
    }
}

/// What goes out next, a frame each 20 ms; silence when there is nothing.
struct Mouth {
    steps: VecDeque<Sound>,
    frames: VecDeque<Frame>,
    keys: KeySender,
    music: Option<(Music, u32)>,
}

impl Mouth {
    fn go_on(&mut self, ear: &mut Ear) {
        if !self.frames.is_empty() || self.music.is_some() || !self.keys.is_idle() {
            return;
        }
        match self.steps.front().cloned() {
            Some(Sound::Listen) if !ear.our_turn() => return,
            Some(Sound::Listen) | None => {}
            Some(Sound::Play(samples)) => {
                for chunk in samples.chunks(FRAME_SAMPLES) {
                    let mut frame = SILENCE;
                    frame[..chunk.len()].copy_from_slice(chunk);
                    self.frames.push_back(frame);
                }
            }
            Some(Sound::Key(key)) => self.keys.press(Key::try_from(key).unwrap(), 120).unwrap(),
            Some(Sound::Music(frames)) => self.music = Some((Music::new(1), frames)),
        }
        self.steps.pop_front();
    }

    fn frame(&mut self) -> Frame {
        match &mut self.music {
            Some((music, left)) if *left > 0 => {
                *left -= 1;
                music.frame()
            }
            _ => {
                self.music = None;
                self.frames.pop_front().unwrap_or(SILENCE)
            }
        }
    }
}

/// Puts the steps on the line as soon as the service is heard.
async fn flow(socket: UdpSocket, steps: VecDeque<Sound>) {
    let mut tick = tokio::time::interval(Duration::from_millis(20));
    let mut sender = Sender::new(7, Codec::Pcma, 8);
    let mut mouth = Mouth { steps, frames: VecDeque::new(), keys: KeySender::new(), music: None };
    let (mut ear, mut remote, mut heard) = (Ear::default(), None, Vec::new());
    let mut packet = [0; 2048];
    loop {
        tokio::select! {
            received = socket.recv_from(&mut packet) => {
                let Ok((length, from)) = received else { continue };
                remote = Some(from);
                if length > 12 && packet[1] & 0x7f == 8 {
                    heard.clear();
                    Law::A.decode(&packet[12..length], &mut heard);
                    ear.hear(&heard);
                }
            }
            _ = tick.tick() => {
                let Some(to) = remote else { continue };
                mouth.go_on(&mut ear);
                let bytes = match mouth.keys.tick(sender.timestamp()) {
                    Some(event) => sender.event(KEY_PAYLOAD, &event),
                    None => sender.audio(&mouth.frame()),
                };
                let _ = socket.send_to(&bytes.unwrap(), to).await;
            }
        }
    }
}
