//! What the program refuses, with a message that says what is wrong and what to do.

use std::path::{Path, PathBuf};

use super::process::{Service, alone, call, configure, errors, huiyin, models, run, verb, words};

/// Fails unless the command ended with exit code 1 and a message that names all of these.
async fn refused(command: std::process::Command, names: &[&str]) {
    let output = run(command).await;
    let message = errors(&output);
    assert_eq!(output.status.code(), Some(1), "{message}");
    for name in names {
        assert!(message.contains(name), "{name} is not in the message: {message}");
    }
    assert!(!message.contains("panicked"), "{message}");
}

fn serve(config: &Path) -> std::process::Command {
    let mut command = huiyin(&["serve", "--config"]);
    command.arg(config);
    command
}

fn written(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

#[tokio::test]
async fn a_port_in_use_is_named_with_its_setting() {
    let _alone = alone().await;
    if !models() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let udp = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    for (taken, section) in [(udp.local_addr(), "sip"), (tcp.local_addr(), "console")] {
        let taken = taken.unwrap();
        let config = configure(folder.path(), "");
        let text = std::fs::read_to_string(&config).unwrap();
        let free = format!("[{section}]\nbind = \"127.0.0.1:0\"");
        let text = text.replace(&free, &format!("[{section}]\nbind = \"{taken}\""));
        std::fs::write(&config, text).unwrap();
        refused(serve(&config), &[&taken.port().to_string(), &format!("{section}.bind")]).await;
    }
}

#[tokio::test]
async fn a_data_folder_is_served_by_one_service() {
    let _alone = alone().await;
    if !models() {
        return;
    }
    let service = Service::start("").await;
    let config = service.folder.path().join("huiyin.toml");
    refused(serve(&config), &["data", "in use by another"]).await;
}

#[tokio::test]
async fn missing_models_are_named_with_the_way_to_get_them() {
    let folder = tempfile::tempdir().unwrap();
    let config = configure(folder.path(), "");
    for mut command in [serve(&config), huiyin(&["call", "--to", "sip:12345@127.0.0.1"])] {
        command.env("HUIYIN_MODELS", folder.path());
        refused(command, &["whisper", "huiyin models fetch"]).await;
    }
}

#[tokio::test]
async fn a_wrong_configuration_is_named_by_its_setting() {
    let folder = tempfile::tempdir().unwrap();
    let cases: [(&str, &[&str]); 7] = [
        ("[sip]\nbind = \"somewhere\"\n", &["sip.bind", "somewhere", "127.0.0.1:5060"]),
        ("[sip]\nrtp_ports = \"9-8\"\n", &["sip.rtp_ports", "16384-17407"]),
        ("[speech]\nrecognisers = 0\n", &["speech.recognisers", "0"]),
        ("[sip]\nbnid = \"x\"\n", &["huiyin.toml", "bnid"]),
        ("[sip\n", &["huiyin.toml", "line 1"]),
        ("[console]\nbind = \"0.0.0.0:8012\"\ntls = false\n", &["console.tls", "console.proxies"]),
        ("[console]\nsecond_factor = [\"root\"]\n", &["console.second_factor", "admin"]),
    ];
    for (text, names) in cases {
        let config = written(folder.path(), "huiyin.toml", text.as_bytes());
        refused(serve(&config), names).await;
    }
    refused(serve(&folder.path().join("none.toml")), &["none.toml", "--config"]).await;
}

const BASE: &str = "topic = \"证件\"\n\n[[item]]\nid = \"card\"\ntitle = \"\"\n";

#[tokio::test]
async fn a_knowledge_base_with_errors_is_refused_with_file_line_field_and_mend() {
    let _alone = alone().await;
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("base");
    std::fs::create_dir(&base).unwrap();
    written(&base, "cards.toml", BASE.as_bytes());
    let checked = verb(&["kb", "check", base.to_str().unwrap()]).await;
    let report = String::from_utf8(checked.stdout).unwrap();
    assert_eq!(checked.status.code(), Some(1), "{report}");
    for name in ["cards.toml:", "title", "asks"] {
        assert!(report.contains(name), "{name} is not in the report: {report}");
    }
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("knowledge/zh-CN");
    if shipped.is_dir() {
        let checked = verb(&["kb", "check", shipped.to_str().unwrap()]).await;
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
    }
    if models() {
        let config = configure(folder.path(), &format!("[knowledge]\npath = {base:?}\n"));
        refused(serve(&config), &["cards.toml:", "title", "asks"]).await;
    }
}

#[tokio::test]
async fn a_bad_wav_is_refused_before_anybody_is_called() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let whole = folder.join("whole.wav");
    huiyin::media::wav::write(&whole, &[0; 800]).unwrap();
    let whole = std::fs::read(whole).unwrap();
    let cases = [
        (folder.join("missing.wav"), "no such file"),
        (written(folder, "empty.wav", b""), "empty"),
        (written(folder, "text.wav", "这不是录音".as_bytes()), "not a WAV"),
        (written(folder, "broken.wav", &whole[..20]), "broken"),
    ];
    // Nobody listens there: a call would end otherwise, and later.
    let to = ["call", "--to", "sip:12345@127.0.0.1:1", "--wav"];
    for (path, what) in cases {
        let path = path.to_str().unwrap();
        refused(huiyin(&[&to[..], &[path]].concat()), &[path, what]).await;
    }
    let keys = huiyin(&["call", "--to", "sip:12345@127.0.0.1:1", "--dtmf", "12x"]);
    refused(keys, &["'x'", "telephone key"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stereo_wav_of_a_studio_is_played_as_it_is() {
    let _alone = alone().await;
    if !models() {
        return;
    }
    let service = Service::start("").await;
    let folder = service.folder.path();
    let said = super::process::say("我要投诉，工地晚上噪音太大。", folder, "said.wav").await;
    let samples = huiyin::media::wav::read(&said).unwrap();
    let studio = folder.join("studio.wav");
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: 44_100,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(&studio, spec).unwrap();
    for at in 0..samples.len() * 441 / 80 {
        let sample = samples[at * 80 / 441];
        writer.write_sample(sample).unwrap();
        writer.write_sample(sample / 2).unwrap();
    }
    writer.finalize().unwrap();
    let script = ["--wav", studio.to_str().unwrap(), "--dtmf", "0", "--patience-s", "12"];
    let report = call(&service, &script).await;
    assert_eq!(report["answered"], true, "{report}");
    let kept = service.ended(1, 30).await;
    let heard = words(&kept, "speaker", "caller");
    assert!(super::wire::sounds(&heard, "噪音太大"), "{heard}");
    service.calm();
}
