//! A citizen calls from a real browser: Chromium with a file for a microphone. What it hears is taken from the page's own sound.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use huiyin::media::wav;
use serde_json::Value;

use super::process::{Service, alone, models, say, transcribe, words};
use super::wire::sounds;
use crate::console::browser::{Browser, chromium};

/// Seconds until the robot has greeted the caller and asked what it is about.
const GREETING_S: usize = 9;
const PUBLIC: &str = "[public]\nbind = \"127.0.0.1:0\"\n";

/// When the words are said.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    /// After so many seconds, and never again.
    Once(usize),
    /// With so many seconds of silence before and after, over and over.
    Always(usize),
}

/// A microphone that says this from the moment when it is first used.
async fn microphone(text: &str, when: When, folder: &Path, name: &str) -> Vec<String> {
    let spoken = wav::read(&say(text, folder, &format!("{name}-words.wav")).await).unwrap();
    let (before, after, how) = match when {
        When::Once(seconds) => (seconds, 240, "%noloop"),
        When::Always(seconds) => (seconds, seconds, ""),
    };
    let sound = [&vec![0; 8000 * before][..], &spoken, &vec![0; 8000 * after]].concat();
    let file: PathBuf = folder.join(format!("{name}.wav"));
    wav::write(&file, &sound).unwrap();
    vec![
        "--use-fake-device-for-media-stream".into(),
        "--use-fake-ui-for-media-stream".into(),
        format!("--use-file-for-fake-audio-capture={}{how}", file.display()),
        "--allow-loopback-in-peer-connection".into(),
    ]
}

/// Keeps what an `audio` element of the page plays.
fn listen(element: &str) -> String {
    LISTEN.replace("#sound", element)
}

const LISTEN: &str = "(() => {
    const context = new AudioContext({ sampleRate: 8000 });
    const ear = context.createScriptProcessor(1024, 1, 1);
    window.heard = [];
    ear.onaudioprocess = (event) => window.heard.push(new Float32Array(event.inputBuffer.getChannelData(0)));
    context.createMediaStreamSource(document.querySelector('#sound').srcObject).connect(ear);
    ear.connect(context.destination);
    window.ear = [context, ear];
    return true;
})()";

/// What was kept, as a WAV.
async fn heard(browser: &mut Browser, file: &Path) {
    let taken = "(() => {
        const all = new Int16Array(window.heard.length * 1024);
        window.heard.forEach((part, at) => part.forEach((x, n) => { all[at * 1024 + n] = x * 32767; }));
        const bytes = new Uint8Array(all.buffer);
        let text = '';
        for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096));
        return btoa(text);
    })()";
    let taken = browser.value(taken).await;
    let bytes = STANDARD.decode(taken.as_str().unwrap()).unwrap();
    let samples: Vec<i16> =
        bytes.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
    wav::write(file, &samples).unwrap();
}

pub fn ready() -> Option<PathBuf> {
    let program = chromium()?;
    models().then_some(program)
}

/// What the robot said after the caller's first words.
fn reply(call: &Value) -> Option<String> {
    let turns = call["turns"].as_array()?;
    let caller = turns.iter().position(|turn| turn["speaker"] == "caller")?;
    let reply = turns[caller..].iter().find(|turn| turn["speaker"] == "robot")?;
    reply["text"].as_str().map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_citizen_calls_from_the_browser_is_understood_and_hears_the_answer() {
    let _alone = alone().await;
    let Some(program) = ready() else { return };
    let service = Service::start(PUBLIC).await;
    let folder = service.folder.path().to_owned();
    let page = service.public.unwrap();
    let arguments =
        microphone("老板拖欠工资怎么办？", When::Once(GREETING_S), &folder, "citizen").await;
    let mut browser = Browser::start_with(&program, &arguments).await;
    browser.open(&format!("http://{page}/call")).await;
    browser.value("document.querySelector('#start').click()").await;
    browser.until("document.querySelector('#sound').srcObject !== null").await;
    browser.value(&listen("#sound")).await;
    browser.until("document.querySelector('#state').textContent.includes('已接通')").await;
    service.asked(1).await;
    let answered = service.until("calls/1", 60, |call| reply(call).is_some()).await;
    let asked = words(&answered, "speaker", "caller");
    assert!(sounds(&asked, "拖欠工资"), "the service heard: {asked}");
    // The page shows the words of both as they were heard.
    let shown = format!("document.querySelector('#words').innerText.includes({:?})", asked.trim());
    browser.until(&shown).await;
    assert!(browser.text().await.contains("录音"), "what the robot said is shown too");
    // A key leads to a person; none is there, so the service registers, says so and hangs up.
    browser.value("document.querySelector('#pad [data-key=\"0\"]').click()").await;
    let call = service.ended(1, 90).await;
    assert_eq!(call["outcome"], "registered", "{call}");
    browser.until("document.querySelector('#state').textContent.includes('通话已结束')").await;
    let kept = folder.join("heard.wav");
    heard(&mut browser, &kept).await;
    let text = transcribe(&kept).await;
    assert!(sounds(&text, "通话会录音"), "the browser heard: {text}");
    let reply = reply(&call).unwrap();
    let part: String = reply.chars().filter(|c| c.is_alphanumeric()).take(8).collect();
    assert!(sounds(&text, &part), "the browser heard: {text}; the answer was: {reply}");
    let recorded = wav::channels(&service.recording(1)).unwrap();
    assert!(recorded.len() == 2 && recorded[0].len() > 10 * 8000, "the recording is whole");

    // A browser that is gone without a word ends its call; one that hangs up does so at once.
    browser.value("document.querySelector('#start').click()").await;
    service.asked(2).await;
    browser.value("document.querySelector('#stop').click()").await;
    service.ended(2, 10).await;
    browser.value("document.querySelector('#start').click()").await;
    service.asked(3).await;
    browser.close().await;
    let call = service.ended(3, 40).await;
    assert!(call["outcome"].is_string(), "{call}");
    service.calm();
}

const DESK: &str = "[[agents]]\nid = 801\nname = \"张敏\"\nuri = \"browser\"\n[queue]\nwrap_up_s = 0\n\
    [public]\nbind = \"127.0.0.1:0\"\n";

/// The last two seconds of what was heard are sound throughout: no block of 128 ms in them is silent.
const MUSIC: &str = "window.heard.length > 16 && window.heard.slice(-16).every((block) =>
    block.reduce((sum, x) => sum + x * x, 0) / block.length > 1e-7)";

pub async fn agent_talks(service: &Service, seconds: u64) {
    let talks = |agents: &Value| agents["agents"][0]["state"] == "talking";
    service.until("agents", seconds, talks).await;
}

/// Opens the agent's page with the telephone in the browser on.
pub async fn agents_page(service: &Service, program: &Path) -> Browser {
    let folder = service.folder.path();
    let words = microphone("您好，我是工作人员张敏。", When::Always(4), folder, "agent").await;
    let mut agent = Browser::start_with(program, &words).await;
    agent.open(&format!("http://{}/agents/801", service.console)).await;
    agent.until("document.querySelector('#phone-on') !== null").await;
    agent.value("document.querySelector('#phone-on').click()").await;
    agent.until("document.querySelector('#phone-state').textContent.includes('已就绪')").await;
    agent.until("document.querySelector('#phone-microphone').options.length > 0").await;
    agent
}

pub async fn answer(service: &Service, agent: &mut Browser) {
    let rings = |agents: &Value| agents["agents"][0]["state"] == "ringing";
    service.until("agents", 60, rings).await;
    agent.until("!document.querySelector('#phone-answer').hidden").await;
    let press = "document.dispatchEvent(new KeyboardEvent('keydown', { key: 'j', altKey: true }))";
    agent.value(press).await;
    agent.until("document.querySelector('#phone-state').textContent.includes('通话中')").await;
    agent.value(&listen("#phone-sound")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_answers_in_the_browser_and_both_hear_each_other() {
    let _alone = alone().await;
    let Some(program) = ready() else { return };
    let service = Service::start(DESK).await;
    let folder = service.folder.path().to_owned();
    let mut agent = agents_page(&service, &program).await;
    let saying = microphone("我家门口的路灯坏了三天了。", When::Once(40), &folder, "citizen").await;
    let mut citizen = Browser::start_with(&program, &saying).await;
    citizen.open(&format!("http://{}/call", service.public.unwrap())).await;
    citizen.value("document.querySelector('#start').click()").await;
    citizen.until("document.querySelector('#sound').srcObject !== null").await;
    citizen.value(&listen("#sound")).await;
    service.asked(1).await;
    citizen.value("document.querySelector('#pad [data-key=\"0\"]').click()").await;
    answer(&service, &mut agent).await;
    agent_talks(&service, 20).await;
    let both = |call: &Value| {
        let said = |who| words(call, "speaker", who);
        sounds(&said("caller"), "路灯坏了") && sounds(&said("agent"), "工作人员")
    };
    service.until("calls/1", 90, both).await;
    // Held, the citizen hears music without a pause.
    agent.value("document.querySelector('#phone-hold').click()").await;
    citizen.until(MUSIC).await;
    agent.value("document.querySelector('#phone-hold').click()").await;
    agent
        .until("document.querySelector('#phone-hold').getAttribute('aria-pressed') === 'false'")
        .await;
    let (by_citizen, by_agent) = (folder.join("by-citizen.wav"), folder.join("by-agent.wav"));
    heard(&mut citizen, &by_citizen).await;
    heard(&mut agent, &by_agent).await;
    let text = transcribe(&by_citizen).await;
    assert!(sounds(&text, "工作人员张敏"), "the citizen heard: {text}");
    let text = transcribe(&by_agent).await;
    assert!(sounds(&text, "路灯坏了"), "the agent heard: {text}");
    // The page is loaded anew in mid-call: the citizen waits at the front, and is answered again.
    agent.value("location.reload()").await;
    service.until("agents", 30, |agents| agents["agents"][0]["state"] != "talking").await;
    assert!(service.get("calls/1").await["ended_at"].is_null(), "the citizen is still there");
    agent.until("document.querySelector('#phone-answer') !== null").await;
    answer(&service, &mut agent).await;
    agent_talks(&service, 20).await;
    agent.value("document.querySelector('#phone-hang-up').click()").await;
    let call = service.ended(1, 60).await;
    assert_eq!(call["outcome"], "handed_over", "{call}");
    citizen.close().await;
    agent.close().await;
    service.calm();
}
