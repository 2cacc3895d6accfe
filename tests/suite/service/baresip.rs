//! baresip, a telephone as people have it, calls the service: a file is what it says, a file is what it hears, and both
//! are judged.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use huiyin::media::wav;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::process::{LOOK_AGAIN, Service, alone, models, say, transcribe, words};
use super::wire::sounds;

const MODULES: &str = "/usr/lib/baresip/modules";
const PATIENCE: Duration = Duration::from_secs(20);
/// Samples until the robot has greeted the caller and asked what it is about.
const GREETING: usize = 8000 * 9;

pub fn installed() -> bool {
    let found = Path::new(MODULES).join("sndfile.so").is_file();
    if !found {
        eprintln!("skipped: baresip with its sndfile module is not installed");
    }
    found
}

fn free() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], crate::wire_sip::free_port()))
}

pub struct Telephone {
    pub sip: SocketAddr,
    child: Child,
    control: TcpStream,
    folder: tempfile::TempDir,
}

impl Telephone {
    /// What it says is `words`, spoken after the greeting, and then nothing.
    async fn start(words: &str) -> Telephone {
        Telephone::of("13900005555", "", words).await
    }

    /// The telephone of a number; `account` is what baresip's account of it says more. One without words is silent.
    pub async fn of(number: &str, account: &str, words: &str) -> Telephone {
        let folder = tempfile::tempdir().unwrap();
        let words = match words {
            "" => Vec::new(),
            words => wav::read(&say(words, folder.path(), "words.wav").await).unwrap(),
        };
        let after = vec![0; 8000 * 90];
        let sound = [&after[..GREETING], &words, &after].concat();
        Telephone::that_says(folder, number, account, &sound).await
    }

    /// One that says this.
    pub async fn that_says(
        folder: tempfile::TempDir,
        number: &str,
        account: &str,
        sound: &[i16],
    ) -> Telephone {
        let (sip, mut control) = (free(), free());
        // baresip takes the port after its SIP port for TLS.
        while control.port() == sip.port() + 1 {
            control = free();
        }
        let path = folder.path().display();
        wav::write(&folder.path().join("says.wav"), sound).unwrap();
        let modules: String = ["g711", "aufile", "aubridge", "sndfile"]
            .map(|name| format!("module {name}.so\n"))
            .concat();
        let text = format!(
            "sip_listen {sip}\nctrl_tcp_listen {control}\naudio_player aubridge,nobody\n\
             audio_source aufile,{path}/says.wav\naudio_alert aubridge,nobody\n\
             rtp_ports 42000-43000\nsnd_path {path}\nmodule_path {MODULES}\n{modules}\
             module_app account.so\nmodule_app menu.so\nmodule_app ctrl_tcp.so\n"
        );
        std::fs::write(folder.path().join("config"), text).unwrap();
        let account = format!("<sip:{number}@127.0.0.1>;regint=0{account}\n");
        std::fs::write(folder.path().join("accounts"), account).unwrap();
        std::fs::write(folder.path().join("contacts"), "").unwrap();
        let mut command = Command::new("baresip");
        command.arg("-4").arg("-f").arg(folder.path()).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let child = command.spawn().unwrap();
        let deadline = Instant::now() + PATIENCE;
        let control = loop {
            match TcpStream::connect(control).await {
                Ok(stream) => break stream,
                Err(error) => assert!(Instant::now() < deadline, "no control port: {error}"),
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        };
        Telephone { sip, child, control, folder }
    }

    /// One command, as a netstring of JSON.
    pub async fn order(&mut self, command: &str, params: &str) {
        let json = format!("{{\"command\":\"{command}\",\"params\":\"{params}\"}}");
        let netstring = format!("{}:{json},", json.len());
        self.control.write_all(netstring.as_bytes()).await.unwrap();
    }

    /// What came from the other side, once the telephone is put away and its file is whole.
    pub async fn heard(mut self, keep: &Path) -> PathBuf {
        self.order("quit", "").await;
        tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("baresip ends").unwrap();
        let files = std::fs::read_dir(self.folder.path()).unwrap().flatten();
        let mut files = files.map(|file| file.path());
        let file = files.find(|path| path.to_string_lossy().ends_with("-dec.wav"));
        let kept = keep.join(format!("heard-{}.wav", self.sip.port()));
        std::fs::copy(file.expect("a file of what was heard"), &kept).unwrap();
        kept
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn baresip_asks_and_hears_the_answer() {
    let _alone = alone().await;
    if !installed() || !models() {
        return;
    }
    let service = Service::start("").await;
    let mut telephone = Telephone::start("老板拖欠工资怎么办？").await;
    telephone.order("dial", &format!("sip:12345@{}", service.sip)).await;
    service.asked(1).await;
    // Which words are heard in a synthetic voice is measured elsewhere; here they must arrive, and be replied to.
    let replied = |call: &Value| {
        let speakers: Vec<&Value> =
            call["turns"].as_array().into_iter().flatten().map(|turn| &turn["speaker"]).collect();
        let caller = speakers.iter().position(|speaker| *speaker == "caller");
        caller.is_some_and(|at| speakers[at..].iter().any(|speaker| *speaker == "robot"))
    };
    let asked = service.until("calls/1", 60, replied).await;
    let words_heard = words(&asked, "speaker", "caller");
    assert!(sounds(&words_heard, "拖欠工资"), "the service heard: {words_heard}");
    telephone.order("sndcode", "0").await;
    let call = service.ended(1, 60).await;
    assert_eq!(call["outcome"], "registered", "the key 0 leads to a person, none is there: {call}");
    let ticket = service.get(&format!("tickets/{}", call["ticket_id"])).await;
    assert_eq!(ticket["state"], "registered", "{ticket}");
    let heard = telephone.heard(service.folder.path()).await;
    let text = transcribe(&heard).await;
    assert!(sounds(&text, "通话会录音"), "baresip heard: {text}");
    assert!(sounds(&text, "登记"), "baresip heard: {text}");
    service.calm();
}
