//! Real telephones (baresip) on one call: hold, three, passing on, supervisors. Everybody says a pure tone of their own, and what each
//! has heard is read from the tones in their recording.

use std::collections::BTreeSet;
use std::f64::consts::TAU;
use std::path::Path;
use std::time::{Duration, Instant};

use huiyin::media::wav;
use serde_json::{Value, json};

use super::baresip::{Telephone, installed};
use super::process::{LOOK_AGAIN, Service, alone};
use super::wire::ready;

/// Above the notes of the music; everybody's own, in hertz.
pub const CALLER: u32 = 1_830;
const AGENT: u32 = 2_210;
pub const ASKED: u32 = 2_570;
pub const BOSS: u32 = 2_930;
const TONES: [u32; 4] = [CALLER, AGENT, ASKED, BOSS];
pub const LOUD: f64 = 6_000.0;
/// Half a second.
const WINDOW: usize = 4_000;
/// Seconds until the caller says anything.
const QUIET_S: u64 = 12;
/// Seconds that everybody is left to talk in each constellation.
pub const WHILE_S: u64 = 2;

pub async fn tone(number: &str, hertz: u32) -> Telephone {
    let sample = |n: u32| LOUD * (TAU * f64::from(hertz) * f64::from(n) / 8_000.0).sin();
    // A caller lets the robot greet them first.
    let quiet = if hertz == CALLER { 8_000 * QUIET_S as usize } else { 0 };
    let sound = (0..8_000 * 120).map(|n| sample(n) as i16);
    let sound: Vec<i16> = std::iter::repeat_n(0, quiet).chain(sound).collect();
    let folder = tempfile::tempdir().unwrap();
    Telephone::that_says(folder, number, ";answermode=auto", &sound).await
}

/// The amplitude of this tone in the window (Goertzel).
fn amplitude(window: &[i16], hertz: u32) -> f64 {
    let step = 2.0 * (TAU * f64::from(hertz) / 8_000.0).cos();
    let (mut one, mut two) = (0.0, 0.0);
    for sample in window {
        (one, two) = (f64::from(*sample) + step * one - two, one);
    }
    (one * one + two * two - step * one * two).max(0.0).sqrt() * 2.0 / window.len() as f64
}

/// Whom one heard, window by window, each constellation once. What is between clearly there and clearly not is no constellation: the
/// window lies across a change.
fn heard_in(samples: &[i16]) -> BTreeSet<Vec<u32>> {
    let windows = samples.chunks_exact(WINDOW).filter_map(|window| {
        let levels: Vec<(u32, f64)> =
            TONES.iter().map(|hertz| (*hertz, amplitude(window, *hertz))).collect();
        let clear = levels.iter().all(|(_, level)| !(LOUD * 0.03..LOUD * 0.7).contains(level));
        let there = levels.iter().filter(|(_, level)| *level >= LOUD * 0.7);
        clear.then(|| there.map(|(hertz, _)| *hertz).collect())
    });
    windows.collect()
}

pub async fn heard(telephone: Telephone, keep: &Path) -> (BTreeSet<Vec<u32>>, Vec<i16>) {
    let samples = wav::read(&telephone.heard(keep).await).unwrap();
    (heard_in(&samples), samples)
}

/// The loudest that this tone ever was.
pub fn loudest(samples: &[i16], hertz: u32) -> f64 {
    samples.chunks_exact(WINDOW).map(|w| amplitude(w, hertz)).fold(0.0, f64::max)
}

pub async fn post(service: &Service, path: &str, body: Value) -> Value {
    let to = format!("http://{}/api/{path}", service.console);
    let reply = reqwest::Client::new().post(to).json(&body).send().await.unwrap();
    let status = reply.status();
    let told: Value = reply.json().await.unwrap();
    assert!(status.is_success(), "/api/{path}: {status} {told}");
    told
}

async fn act(service: &Service, act: &str, body: Value) {
    post(service, &format!("agents/801/talk/{act}"), body).await;
}

fn recorded(service: &Service) -> u64 {
    std::fs::metadata(service.recording(1)).map_or(0, |file| file.len()) / (8_000 * 4)
}

/// Until so much more of the call is recorded.
pub async fn goes_on(service: &Service, seconds: u64) {
    lasts(service, recorded(service) + seconds + 1).await;
}

/// Until so much of it is.
async fn lasts(service: &Service, seconds: u64) {
    let deadline = Instant::now() + Duration::from_secs(20 + seconds);
    while recorded(service) < seconds {
        let late = Instant::now() >= deadline;
        assert!(!late, "the recording does not grow: {}", service.get("calls/1").await);
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

pub async fn state(service: &Service, index: usize, wanted: &str) {
    service.until("agents", 30, |agents| agents["agents"][index]["state"] == wanted).await;
}

fn desk(phones: &[(u64, &Telephone, bool)], more: &str) -> String {
    let agents = phones.iter().map(|(id, phone, on_duty)| {
        let at = phone.sip;
        format!(
            "[[agents]]\nid = {id}\nname = \"{id}\"\nuri = \"sip:{id}@{at}\"\non_duty = {on_duty}\n"
        )
    });
    format!("{}{more}", agents.collect::<String>())
}

/// The caller presses 0 and is with agent 801.
async fn with_an_agent(service: &Service) -> Telephone {
    let mut caller = tone("13900001830", CALLER).await;
    caller.order("dial", &format!("sip:12345@{}", service.sip)).await;
    service.asked(1).await;
    caller.order("sndcode", "0").await;
    state(service, 0, "talking").await;
    lasts(service, QUIET_S + WHILE_S).await;
    caller
}

fn is_part(parties: &Value, agent: u64, part: &str) -> bool {
    let parties = parties["parties"].as_array().unwrap();
    parties.iter().any(|p| p["agent"] == agent && p["part"] == part && !p["up_at"].is_null())
}

pub async fn part(service: &Service, agent: u64, part: &str) {
    service.until("parties", 30, |parties| is_part(parties, agent, part)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_holds_asks_makes_three_and_leaves_the_caller_with_the_third() {
    let _alone = alone().await;
    if !installed() || !ready() {
        return;
    }
    let agent = tone("801", AGENT).await;
    let asked = tone("110", ASKED).await;
    let outside =
        format!("[[outside]]\ncode = \"110\"\nname = \"110\"\nuri = \"sip:110@{}\"\n", asked.sip);
    let service = Service::start(&desk(&[(801, &agent, true)], &outside)).await;
    let mut caller = with_an_agent(&service).await;
    goes_on(&service, WHILE_S).await;
    act(&service, "hold", json!({})).await;
    state(&service, 0, "hold").await;
    goes_on(&service, WHILE_S).await;
    act(&service, "resume", json!({})).await;
    state(&service, 0, "talking").await;
    act(&service, "ask", json!({ "to": "outside:110" })).await;
    let up = |parties: &Value| {
        parties["parties"]
            .as_array()
            .unwrap()
            .iter()
            .any(|p| p["code"] == "110" && !p["up_at"].is_null())
    };
    service.until("parties", 30, up).await;
    state(&service, 0, "hold").await;
    goes_on(&service, WHILE_S).await;
    act(&service, "join", json!({})).await;
    goes_on(&service, WHILE_S).await;
    act(&service, "pass", json!({})).await;
    state(&service, 0, "wrap_up").await;
    goes_on(&service, WHILE_S).await;
    caller.order("hangup", "").await;
    let call = service.ended(1, 30).await;
    assert_eq!(call["outcome"], "handed_over", "{call}");
    service.until("parties", 10, |parties| parties["parties"] == json!([])).await;
    let folder = service.folder.path();
    let (by_caller, samples) = heard(caller, folder).await;
    for constellation in [vec![AGENT], vec![AGENT, ASKED], vec![ASKED]] {
        assert!(
            by_caller.contains(&constellation),
            "{constellation:?}: the caller heard {by_caller:?}"
        );
    }
    assert!(loudest(&samples, CALLER) < LOUD * 0.03, "the caller heard themselves");
    let (by_agent, _) = heard(agent, folder).await;
    for constellation in [vec![CALLER], vec![], vec![ASKED], vec![CALLER, ASKED]] {
        assert!(
            by_agent.contains(&constellation),
            "{constellation:?}: the agent heard {by_agent:?}"
        );
    }
    let (by_asked, _) = heard(asked, folder).await;
    for constellation in [vec![AGENT], vec![CALLER, AGENT], vec![CALLER]] {
        assert!(
            by_asked.contains(&constellation),
            "{constellation:?}: who was asked heard {by_asked:?}"
        );
    }
    service.calm();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_listens_whispers_and_takes_over_and_the_caller_hears_no_whisper() {
    let _alone = alone().await;
    if !installed() || !ready() {
        return;
    }
    let agent = tone("801", AGENT).await;
    let boss = tone("809", BOSS).await;
    let service = Service::start(&desk(&[(801, &agent, true), (809, &boss, false)], "")).await;
    let mut caller = with_an_agent(&service).await;
    for what in ["listens", "whispers"] {
        post(&service, "calls/1/watch", json!({ "at": 809, "part": what })).await;
        part(&service, 809, what).await;
        goes_on(&service, WHILE_S).await;
    }
    // Until here the caller has heard nothing of them; the recording says the same of our end.
    let so_far = wav::channels(&service.recording(1)).unwrap_or_default();
    post(&service, "agents/809/take-over", json!({})).await;
    part(&service, 809, "serves").await;
    state(&service, 0, "wrap_up").await;
    goes_on(&service, WHILE_S).await;
    caller.order("hangup", "").await;
    service.ended(1, 30).await;
    state(&service, 1, "wrap_up").await;
    let folder = service.folder.path();
    let (by_caller, _) = heard(caller, folder).await;
    assert!(by_caller.contains(&vec![AGENT]) && by_caller.contains(&vec![BOSS]), "{by_caller:?}");
    assert!(!by_caller.contains(&vec![AGENT, BOSS]), "the caller heard a whisper: {by_caller:?}");
    let (by_agent, _) = heard(agent, folder).await;
    assert!(
        by_agent.contains(&vec![CALLER]) && by_agent.contains(&vec![CALLER, BOSS]),
        "{by_agent:?}"
    );
    let (by_boss, _) = heard(boss, folder).await;
    assert!(
        by_boss.contains(&vec![CALLER, AGENT]) && by_boss.contains(&vec![CALLER]),
        "{by_boss:?}"
    );
    if let Some(ours) = so_far.get(1) {
        let whisper = loudest(ours, BOSS);
        assert!(whisper < LOUD * 0.03, "the caller was sent a whisper of {whisper}");
    }
    let deeds = service.get("audit").await;
    for action in ["listened_in", "whispered", "taken_over"] {
        let written = |deed: &&Value| deed["action"] == action && deed["object"] == "call 1";
        assert_eq!(deeds["audit"].as_array().unwrap().iter().filter(written).count(), 1, "{deeds}");
    }
    service.calm();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_telephone_holds_and_passes_on_by_its_own_keys() {
    let _alone = alone().await;
    if !installed() || !ready() {
        return;
    }
    let mut agent = tone("801", AGENT).await;
    let asked = tone("802", ASKED).await;
    let service = Service::start(&desk(&[(801, &agent, true), (802, &asked, true)], "")).await;
    let mut caller = with_an_agent(&service).await;
    agent.order("hold", "").await;
    state(&service, 0, "hold").await;
    agent.order("resume", "").await;
    state(&service, 0, "talking").await;
    agent.order("transfer", "sip:802@127.0.0.1").await;
    state(&service, 1, "talking").await;
    state(&service, 0, "wrap_up").await;
    part(&service, 802, "serves").await;
    goes_on(&service, WHILE_S).await;
    caller.order("hangup", "").await;
    service.ended(1, 30).await;
    let folder = service.folder.path();
    let (by_caller, _) = heard(caller, folder).await;
    assert!(by_caller.contains(&vec![AGENT]) && by_caller.contains(&vec![ASKED]), "{by_caller:?}");
    assert!(!by_caller.contains(&vec![AGENT, ASKED]), "{by_caller:?}");
    let (by_asked, _) = heard(asked, folder).await;
    assert!(by_asked.contains(&vec![CALLER]), "{by_asked:?}");
    service.calm();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_telephone_passes_nobody_on_to_whom_we_do_not_know() {
    let _alone = alone().await;
    if !installed() || !ready() {
        return;
    }
    let mut agent = tone("801", AGENT).await;
    let service = Service::start(&desk(&[(801, &agent, true)], "")).await;
    let caller = with_an_agent(&service).await;
    agent.order("transfer", "sip:13911112222@127.0.0.1").await;
    // It is refused (603). This telephone hangs up then; nobody was called.
    state(&service, 0, "wrap_up").await;
    let call = service.ended(1, 30).await;
    assert_eq!(call["outcome"], "handed_over", "{call}");
    assert!(!service.log().contains("13911112222"), "a number is in the log");
    drop(caller);
    service.calm();
}
