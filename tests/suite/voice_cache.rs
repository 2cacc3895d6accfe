//! Rendered speech: kept on disk, rendered ahead, handed out clause by clause; and the pool of threads behind it.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, SystemTime};

use huiyin::dialogue::Prompts;
use huiyin::knowledge::Base;
use huiyin::runtime::pool::Pool;
use huiyin::runtime::voice::{
    Plan, SoundKey, SoundStore, Voice, clauses, plan, render_all, sentences,
};
use huiyin::speech::{SpeechError, Tts};
use proptest::prelude::*;

const MIB: u64 = 1 << 20;
/// 100 ms: what stands between two clauses.
const COMMA: usize = 800;

/// Says every character as 40 samples of its number, and writes down what it was asked for.
struct Reader {
    name: &'static str,
    asked: Arc<Mutex<Vec<String>>>,
    /// Told before each rendering, which then waits for an answer.
    gate: Option<(mpsc::Sender<()>, mpsc::Receiver<()>)>,
}

impl Reader {
    fn new(name: &'static str) -> (Reader, Arc<Mutex<Vec<String>>>) {
        let asked = Arc::new(Mutex::default());
        (Reader { name, asked: asked.clone(), gate: None }, asked)
    }

    fn plain() -> Box<dyn Tts> {
        Box::new(Reader::new("reader/1").0)
    }
}

impl Tts for Reader {
    fn speak(
        &mut self,
        text: &str,
        sink: &mut dyn FnMut(&[i16]) -> ControlFlow<()>,
    ) -> Result<(), SpeechError> {
        self.asked.lock().unwrap().push(text.to_owned());
        if let Some((begun, go_on)) = &self.gate {
            begun.send(()).unwrap();
            go_on.recv().unwrap();
        }
        let sound = said(text);
        if sound.is_empty() {
            return Err(SpeechError::Unspeakable("no words".into()));
        }
        for piece in sound.chunks(100) {
            if sink(piece).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn name(&self) -> &str {
        self.name
    }
}

fn said(text: &str) -> Vec<i16> {
    let words = text.chars().filter(|c| c.is_alphanumeric());
    words.flat_map(|c| [(u32::from(c) % 30_000) as i16; 40]).collect()
}

/// The clauses with their silences.
fn said_in_clauses(sentence: &str) -> Vec<i16> {
    let parts: Vec<Vec<i16>> = clauses(sentence).into_iter().map(said).collect();
    parts.join(&[0i16; COMMA][..])
}

fn store(folder: &Path) -> SoundStore {
    SoundStore::open(folder, MIB).unwrap()
}

fn plan_of(texts: &[&str]) -> Plan {
    Plan { clauses: texts.iter().map(|&text| text.to_owned()).collect(), pinned: 1 }
}

fn hear(voice: &Voice, sentence: &str) -> Vec<i16> {
    let mut sound = voice.speak(sentence).unwrap();
    let mut whole = Vec::new();
    while let Some(piece) = sound.blocking_recv() {
        whole.extend(piece);
    }
    whole
}

fn only_file(folder: &Path) -> std::path::PathBuf {
    let mut files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let file = files.next().unwrap();
    assert_eq!(files.next(), None);
    file
}

const GREETING: &str = "您好请讲您的事情。";

#[test]
fn what_was_rendered_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (mut reader, asked) = Reader::new("reader/1");
    let first = render_all(&mut reader, store(folder.path()), &plan_of(&[GREETING]), |_| {});
    assert_eq!((first.found, first.rendered), (0, 1));
    let again = render_all(&mut reader, store(folder.path()), &plan_of(&[GREETING]), |_| {});
    assert_eq!((again.found, again.rendered, again.samples), (1, 0, said(GREETING).len()));
    assert_eq!(asked.lock().unwrap().len(), 1);
    let (reader, asked) = Reader::new("reader/1");
    let voice = Voice::start(vec![Box::new(reader)], Reader::plain(), Some(store(folder.path())));
    assert_eq!(hear(&voice.unwrap(), GREETING), said(GREETING));
    assert!(asked.lock().unwrap().is_empty(), "rendered although it lay on disk");
}

#[test]
fn a_file_that_is_not_whole_is_rendered_again() {
    let folder = tempfile::tempdir().unwrap();
    let (mut reader, _) = Reader::new("reader/1");
    render_all(&mut reader, store(folder.path()), &plan_of(&[GREETING]), |_| {});
    let file = only_file(folder.path());
    let whole = std::fs::read(&file).unwrap();
    let flipped = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        bytes
    };
    let longer = [&whole[..], &[0, 0]].concat();
    let mut broken =
        vec![Vec::new(), whole[..20].to_vec(), whole[..whole.len() - 1].to_vec(), longer];
    broken.extend([0, 4, 8, 11, 12, 44, whole.len() - 1].map(flipped));
    for bytes in broken {
        std::fs::write(&file, &bytes).unwrap();
        let progress = render_all(&mut reader, store(folder.path()), &plan_of(&[GREETING]), |_| {});
        assert_eq!((progress.found, progress.rendered), (0, 1), "{} bytes", bytes.len());
        assert!(std::fs::read(&file).unwrap() == whole);
    }
    // Broken while it is known to be good: the caller hears the sentence all the same.
    std::fs::write(&file, &whole[..50]).unwrap();
    let voice = Voice::start(vec![Reader::plain()], Reader::plain(), Some(store(folder.path())));
    assert_eq!(hear(&voice.unwrap(), GREETING), said(GREETING));
}

#[test]
fn the_key_is_of_the_voice_and_the_text() {
    let (one, _) = Reader::new("reader/1");
    let (two, _) = Reader::new("reader/2");
    let keys = [
        SoundKey::of(&one, GREETING),
        SoundKey::of(&two, GREETING),
        SoundKey::of(&one, "您好请讲您的事情！"),
        SoundKey::of(&one, ""),
    ];
    assert_eq!(keys.iter().collect::<HashSet<_>>().len(), keys.len());
    assert_eq!(SoundKey::of(&one, " 您好  请讲 "), SoundKey::of(&one, "您好 请讲"));
}

/// 16 KiB and a header a sound: the bound of 40 KiB holds two.
#[test]
fn the_bound_holds_and_nothing_foreign_is_touched() {
    let folder = tempfile::tempdir().unwrap();
    let foreign = ["notes.txt", "0123.sound", "not-a-key-at-all-but-just-as-long.sound"];
    foreign.iter().for_each(|name| std::fs::write(folder.path().join(name), [7; 9000]).unwrap());
    let store = SoundStore::open(folder.path(), 40 * 1024).unwrap();
    let (reader, _) = Reader::new("reader/1");
    let key = |text| SoundKey::of(&reader, text);
    let sound = vec![5; 8192];
    let age = |text: &str, seconds| {
        let name = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().path());
        let newest = name.max_by_key(|path| path.metadata().unwrap().modified().unwrap()).unwrap();
        assert!(!foreign.iter().any(|name| newest.ends_with(name)), "{text}");
        let file = std::fs::File::options().write(true).open(newest).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(seconds)).unwrap();
    };
    for name in foreign {
        let file = std::fs::File::options().write(true).open(folder.path().join(name)).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    }
    assert!(store.put(&key("甲"), &sound).unwrap());
    age("甲", 300);
    assert!(store.put(&key("乙"), &sound).unwrap());
    age("乙", 200);
    // Used again: now the other one is the oldest.
    assert_eq!(store.load(&key("甲")), Some(sound.clone()));
    assert!(store.put(&key("丙"), &sound).unwrap());
    assert!(store.bytes().unwrap() <= 40 * 1024);
    assert_eq!(store.load(&key("乙")), None);
    assert_eq!(store.load(&key("甲")), Some(sound.clone()));
    assert_eq!(store.load(&key("丙")), Some(sound));
    assert!(!store.put(&key("丁"), &vec![5; 30_000]).unwrap(), "longer than all that is kept");
    foreign.iter().for_each(|name| assert!(folder.path().join(name).is_file(), "{name} is gone"));
}

#[test]
fn what_does_not_fit_is_left_and_the_most_wanted_stays() {
    let folder = tempfile::tempdir().unwrap();
    let texts: Vec<String> = (0..40).map(|n| "说".repeat(100 + n)).collect();
    let plan = Plan { clauses: texts.clone(), pinned: 0 };
    let bound = 64 * 1024;
    let (mut reader, _) = Reader::new("reader/1");
    for _ in 0..2 {
        let store = SoundStore::open(folder.path(), bound).unwrap();
        let progress = render_all(&mut reader, store, &plan, |_| {});
        assert!(progress.left > 0 && progress.found + progress.rendered > 5, "{progress:?}");
        let store = SoundStore::open(folder.path(), bound).unwrap();
        assert!(store.bytes().unwrap() <= bound);
        let kept = texts.iter().filter(|t| store.load(&SoundKey::of(&reader, t)).is_some()).count();
        assert!(kept + 1 >= progress.found + progress.rendered, "{kept} kept of {progress:?}");
    }
}

#[test]
fn clauses_that_are_ready_need_no_voice() {
    let (mut reader, asked) = Reader::new("reader/1");
    let (begun, begins) = mpsc::channel();
    let (go_on, goes_on) = mpsc::channel();
    reader.gate = Some((begun, goes_on));
    let voice = Voice::start(vec![Box::new(reader)], Reader::plain(), None).unwrap();
    go_on.send(()).unwrap();
    assert_eq!(hear(&voice, "您的诉求已经登记，"), said("您的诉求已经登记，"));
    begins.recv().unwrap();
    // The first clause comes although the voice stands still before the second.
    let mut sound = voice.speak("您的诉求已经登记，工单号是一二三四。").unwrap();
    begins.recv().unwrap();
    assert_eq!(sound.try_recv().unwrap(), said("您的诉求已经登记，"));
    go_on.send(()).unwrap();
    let mut rest = Vec::new();
    while let Some(piece) = sound.blocking_recv() {
        rest.extend(piece);
    }
    assert_eq!(rest, [vec![0; COMMA], said("工单号是一二三四。")].concat());
    assert_eq!(*asked.lock().unwrap(), ["您的诉求已经登记，", "工单号是一二三四。"]);
    // Now both are there.
    let whole = "您的诉求已经登记，工单号是一二三四。";
    assert_eq!(hear(&voice, whole), said_in_clauses(whole));
    assert_eq!(asked.lock().unwrap().len(), 2);
}

#[test]
fn what_is_said_to_one_caller_is_not_written_down() {
    let folder = tempfile::tempdir().unwrap();
    let voice = Voice::start(vec![Reader::plain()], Reader::plain(), Some(store(folder.path())));
    let voice = voice.unwrap();
    assert!(!hear(&voice, "您的工单号是一二三四五六。").is_empty());
    assert_eq!(store(folder.path()).bytes().unwrap(), 0);
}

#[test]
fn rendering_ahead_gives_way() {
    let folder = tempfile::tempdir().unwrap();
    let (mut reader, asked) = Reader::new("reader/1");
    let (begun, begins) = mpsc::channel();
    let (go_on, goes_on) = mpsc::channel();
    reader.gate = Some((begun, goes_on));
    let voice = Voice::start(vec![Reader::plain()], Box::new(reader), Some(store(folder.path())));
    let voice = voice.unwrap();
    // Somebody is being heard.
    let (heard, hears) = mpsc::channel::<()>();
    let busy = Pool::start("asr", 4, vec![move |()| hears.recv().unwrap()]).unwrap();
    busy.push(()).unwrap();
    voice.render_ahead(plan_of(&[GREETING, "再见。"]), vec![busy.load()]);
    // Callers are spoken to meanwhile, and nothing is rendered ahead.
    assert_eq!(hear(&voice, "请问您有什么事？"), said("请问您有什么事？"));
    assert!(!busy.load().is_idle() && asked.lock().unwrap().is_empty());
    heard.send(()).unwrap();
    for _ in 0..2 {
        begins.recv().unwrap();
        go_on.send(()).unwrap();
    }
    // Another plan shows that the first one is done.
    voice.render_ahead(plan_of(&["好的。"]), Vec::new());
    begins.recv().unwrap();
    assert_eq!(*asked.lock().unwrap(), [GREETING, "再见。", "好的。"]);
    go_on.send(()).unwrap();
    drop(voice);
    let kept = store(folder.path());
    let (reader, _) = Reader::new("reader/1");
    assert_eq!(kept.load(&SoundKey::of(&reader, GREETING)), Some(said(GREETING)));
}

/// The order in which one worker does these jobs, the first of which it began before the others came.
fn order(push: impl FnOnce(&Pool<(u32, u32)>)) -> Vec<u32> {
    let (done, order) = mpsc::channel();
    let (open, gate) = mpsc::channel::<()>();
    let first = AtomicBool::new(true);
    let (began, begins) = mpsc::channel();
    let worker = move |(job, turns): (u32, u32)| {
        if first.swap(false, Ordering::Relaxed) {
            began.send(()).unwrap();
            gate.recv().unwrap();
        }
        done.send(job).unwrap();
        (turns > 1).then(|| (job, turns - 1))
    };
    let pool = Pool::start_in_turns("test", 8, vec![worker]).unwrap();
    pool.push((0, 1)).unwrap();
    begins.recv().unwrap();
    push(&pool);
    let load = pool.load();
    assert!(!load.is_idle());
    open.send(()).unwrap();
    drop(pool);
    assert!(load.is_idle());
    order.into_iter().collect()
}

#[test]
fn who_comes_first_overtakes_who_can_wait() {
    let can_wait = |job: &(u32, u32)| job.0 >= 10;
    let done = order(|pool| {
        for job in [10, 1, 11, 2, 3] {
            let job = (job, 1);
            if can_wait(&job) { pool.push(job) } else { pool.push_before(job, can_wait) }.unwrap();
        }
        assert_eq!(pool.waiting(), 5);
    });
    assert_eq!(done, [0, 1, 2, 3, 10, 11]);
}

#[test]
fn jobs_of_many_turns_take_turns() {
    let done = order(|pool| {
        pool.push((1, 3)).unwrap();
        pool.push((2, 2)).unwrap();
        pool.push((3, 1)).unwrap();
    });
    assert_eq!(done, [0, 1, 2, 3, 1, 2, 1]);
}

#[test]
fn a_full_pool_says_so_and_counts_only_what_it_took() {
    let done = order(|pool| {
        for job in 1..=8 {
            pool.push((job, 1)).unwrap();
        }
        assert!(pool.push((9, 1)).is_err());
        assert!(pool.push_before((10, 1), |_| true).is_err());
        pool.purge(|job| job.0 % 2 == 0);
        assert_eq!(pool.waiting(), 4);
    });
    assert_eq!(done, [0, 1, 3, 5, 7]);
}

#[test]
fn a_sentence_is_cut_at_commas_and_not_too_short() {
    for (sentence, parts) in [
        ("您好，这里是一二三四五热线。", vec!["您好，这里是一二三四五热线。"]),
        ("您的诉求已经登记，工单号是一。", vec!["您的诉求已经登记，", "工单号是一。"]),
        ("您说的地点是人民路，对吗？", vec!["您说的地点是人民路，", "对吗？"]),
        ("请说对的，或者不是。", vec!["请说对的，或者不是。"]),
        ("一共要交一千二百元，。", vec!["一共要交一千二百元，。"]),
        ("", vec![]),
    ] {
        assert_eq!(clauses(sentence), parts);
    }
}

proptest! {
    #[test]
    fn nothing_is_lost_between_clauses(text in "[您好请说对的，，、。？ab1 ]{0,60}") {
        for sentence in sentences(&text) {
            prop_assert_eq!(clauses(sentence).concat(), sentence);
            for clause in clauses(sentence).iter().rev().skip(1) {
                prop_assert!(clause.chars().filter(|c| c.is_alphanumeric()).count() >= 6);
            }
        }
    }
}

#[test]
fn the_plan_holds_prompts_first_and_every_answer() {
    let (prompts, base) = (Prompts::builtin().unwrap(), Base::builtin().unwrap());
    let plan = plan(&prompts, &base);
    let all: HashSet<&str> = plan.clauses.iter().map(String::as_str).collect();
    assert_eq!(all.len(), plan.clauses.len(), "a clause stands twice");
    let pinned: HashSet<&str> = plan.clauses[..plan.pinned].iter().map(String::as_str).collect();
    let texts: Vec<&str> = prompts.fixed().collect();
    let fixed = texts.iter().flat_map(|text| sentences(text)).flat_map(clauses);
    fixed.for_each(|clause| assert!(pinned.contains(clause), "{clause}"));
    let spoken = base.items().iter().flat_map(|item| sentences(&item.spoken)).flat_map(clauses);
    spoken.for_each(|clause| assert!(all.contains(clause), "{clause}"));
    for clause in
        ["您现在排在第三位，", "大约要等五分钟，", "请马上拨打幺幺九。", "工作人员会给您回电，"]
    {
        assert!(pinned.contains(clause), "{clause}");
    }
    assert!(plan.clauses.iter().all(|clause| !clause.contains('ꙮ') && !clause.contains('{')));
}
