//! The page from which citizens call, as a browser's requests see it: who is let in, how often, and what is told of the call.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use huiyin::console::public::{CALLS, Callers};
use huiyin::console::telephones::{Followed, Placed, Refused, Ring, Telephones};
use huiyin::hotline::Fact;
use huiyin::kernel::limits::{OFFER_BYTES_MAX, PHONE_EVENTS};
use huiyin::kernel::{AgentId, CallId, LegId, Moment, Wall};
use huiyin::speech::{Speaker, Utterance};
use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::CancellationToken;

use crate::public_page::{Page, page_with};

/// A line that takes calls as it is told, and remembers what was asked of it.
struct Fake {
    answers: Mutex<Vec<Result<Placed, Refused>>>,
    asked: Mutex<Vec<String>>,
    feed: broadcast::Sender<Fact>,
    over: CancellationToken,
    call: CallId,
}

fn placed() -> Placed {
    Placed { key: "the-key".into(), answer: "v=0 answer".into() }
}

impl Fake {
    fn new(answers: Vec<Result<Placed, Refused>>) -> Arc<Fake> {
        let (feed, _) = broadcast::channel(PHONE_EVENTS);
        let (answers, asked) = (Mutex::new(answers), Mutex::default());
        Arc::new(Fake { answers, asked, feed, over: CancellationToken::new(), call: CallId(1) })
    }

    fn note(&self, what: String) {
        self.asked.lock().unwrap().push(what);
    }
}

#[async_trait]
impl Telephones for Fake {
    async fn call(&self, offer: String, from: IpAddr) -> Result<Placed, Refused> {
        self.note(format!("call {offer} {from}"));
        self.answers.lock().unwrap().pop().unwrap_or(Ok(placed()))
    }

    fn follow(&self, key: &str) -> Option<Followed> {
        let (facts, over) = (self.feed.subscribe(), self.over.child_token());
        (key == "the-key").then_some(Followed { call: self.call, facts, over })
    }

    async fn hang_up(&self, key: &str) {
        self.note(format!("hang up {key}"));
    }

    fn sign_in(&self, _: AgentId) -> mpsc::Receiver<Ring> {
        mpsc::channel(PHONE_EVENTS).1
    }

    async fn pick_up(&self, _: AgentId, _: LegId, _: String) -> Result<String, Refused> {
        Err(Refused::Over)
    }

    async fn put_down(&self, _: AgentId, _: LegId) {}

    async fn hold(&self, _: AgentId, _: LegId, _: bool) {}
}

/// A line that takes every call.
pub fn line() -> huiyin::console::telephones::Line {
    let line: Arc<dyn Telephones> = Fake::new(vec![]);
    Some(line)
}

async fn served(line: &Arc<Fake>, proxies: &[&str]) -> Page {
    page_with(proxies, Some(line.clone())).await
}

async fn call(page: &Page, kind: &str, body: String, forwarded: &str) -> reqwest::Response {
    let request = page.http.post(format!("http://{}/calls", page.at)).header("content-type", kind);
    request.header("x-forwarded-for", forwarded).body(body).send().await.unwrap()
}

#[tokio::test]
async fn a_call_is_a_request_with_an_offer_and_its_answer_says_how_to_end_it() {
    let line = Fake::new(vec![]);
    let page = served(&line, &[]).await;
    let reply = call(&page, "application/sdp", "v=0 offer".into(), "").await;
    assert_eq!(reply.status(), 201);
    assert_eq!(reply.headers()["content-type"], "application/sdp");
    assert_eq!(reply.headers()["location"], "/calls/the-key");
    assert_eq!(reply.text().await.unwrap(), "v=0 answer");
    let end = format!("http://{}/calls/the-key", page.at);
    assert_eq!(page.http.delete(end).send().await.unwrap().status(), 200);
    assert_eq!(*line.asked.lock().unwrap(), ["call v=0 offer 127.0.0.1", "hang up the-key"]);
    page.stop().await;
}

#[tokio::test]
async fn what_cannot_be_a_call_is_refused_in_words() {
    let line = Fake::new(vec![Err(Refused::Late), Err(Refused::Full), Err(Refused::Offer)]);
    let page = served(&line, &[]).await;
    for (kind, body, status, words) in [
        ("text/plain", "v=0".to_owned(), 415, "用不了"),
        ("application/json", "{}".to_owned(), 415, "用不了"),
        ("application/sdp", "x".repeat(OFFER_BYTES_MAX + 1), 413, ""),
        ("application/sdp", "v=0".to_owned(), 422, "用不了"),
        ("application/sdp", "v=0".to_owned(), 503, "都在忙"),
        ("application/sdp", "v=0".to_owned(), 503, "都在忙"),
    ] {
        let reply = call(&page, kind, body, "").await;
        assert_eq!(reply.status(), status, "{kind}");
        let text = reply.text().await.unwrap();
        assert!(text.contains(words), "{kind} {status}: {text}");
    }
    let words = format!("http://{}/calls/no-such-key/words", page.at);
    assert_eq!(page.http.get(words).send().await.unwrap().status(), 404);
    page.stop().await;
}

#[tokio::test]
async fn who_calls_too_often_waits_and_a_neighbour_does_not() {
    let line = Fake::new(vec![]);
    let page = served(&line, &["127.0.0.1"]).await;
    for n in 0..CALLS.wrong {
        let reply = call(&page, "application/sdp", "v=0".into(), "192.0.2.1").await;
        assert_eq!(reply.status(), 201, "{n}");
    }
    let reply = call(&page, "application/sdp", "v=0".into(), "192.0.2.1").await;
    assert_eq!(reply.status(), 429);
    assert!(reply.headers().contains_key("retry-after"));
    assert!(reply.text().await.unwrap().contains("请过10分钟再试"));
    let other = call(&page, "application/sdp", "v=0".into(), "192.0.2.2").await;
    assert_eq!(other.status(), 201);
    page.stop().await;
    let mut callers = Callers::default();
    let address = "192.0.2.1".parse().unwrap();
    (0..CALLS.wrong).for_each(|_| callers.ask(Moment::ZERO, address).unwrap());
    let locked = callers.ask(Moment::from_ms(1_000), address).unwrap_err();
    assert_eq!(locked.wait_ms, CALLS.within_ms - 1_000);
    callers.ask(Moment::from_ms(CALLS.within_ms), address).unwrap();
}

#[tokio::test]
async fn the_page_has_one_script_and_says_so_and_is_not_there_without_a_line() {
    let line = Fake::new(vec![]);
    let page = served(&line, &[]).await;
    let get = async |at: SocketAddr, path: &str| {
        page.http.get(format!("http://{at}{path}")).send().await.unwrap()
    };
    let reply = get(page.at, "/call").await;
    let policy = reply.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("script-src 'self'; connect-src 'self'"), "{policy}");
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    let body = reply.text().await.unwrap();
    assert_eq!(body.matches("<script").count(), 1, "{body}");
    assert!(body.contains("src=\"/call.js\"") && body.contains("aria-live"), "{body}");
    let front = get(page.at, "/").await;
    let policy = front.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(!policy.contains("script"), "the other pages have none: {policy}");
    assert!(front.text().await.unwrap().contains("href=\"/call\""));
    let without = page_with(&[], None).await;
    assert_eq!(get(without.at, "/call").await.status(), 404);
    assert_eq!(call(&without, "application/sdp", "v=0".into(), "").await.status(), 404);
    assert!(!get(without.at, "/").await.text().await.unwrap().contains("/call"));
    without.stop().await;
    page.stop().await;
}

fn answer(call: u64, text: &str) -> Fact {
    match turn(call, text) {
        Fact::Turn { utterance, latency_ms, cut_short, at } => {
            let utterance = Utterance { speaker: Speaker::Robot, ..utterance };
            Fact::Turn { utterance, latency_ms, cut_short, at }
        }
        other => other,
    }
}

fn turn(call: u64, text: &str) -> Fact {
    let utterance = Utterance {
        call: CallId(call),
        index: 0,
        speaker: Speaker::Caller,
        text: text.into(),
        start_ms: 0,
        end_ms: 1,
        confidence: 1.0,
    };
    Fact::Turn { utterance, latency_ms: None, cut_short: false, at: Wall::from_ms(0) }
}

async fn say(page: &Page, what: &str, kind: &str, body: Vec<u8>) -> (u16, String) {
    let request = page.http.post(format!("http://{}/calls/the-key/{what}", page.at));
    let reply = request.header("content-type", kind).body(body).send().await.unwrap();
    (reply.status().as_u16(), reply.text().await.unwrap())
}

#[tokio::test]
async fn a_thumb_for_an_answer_is_kept_with_the_call_and_the_last_one_counts() {
    let line = Fake::new(vec![]);
    let page = served(&line, &[]).await;
    let thumb = |idx: u32, up: bool| format!("{{\"utterance\":{idx},\"up\":{up}}}").into_bytes();
    let json = "application/json";
    assert_eq!(say(&page, "thumb", json, thumb(2, true)).await.0, 404, "nobody has called yet");
    call(&page, "application/sdp", "v=0".into(), "").await;
    assert_eq!(say(&page, "thumb", json, thumb(2, true)).await.0, 200);
    assert_eq!(say(&page, "thumb", json, thumb(2, false)).await.0, 200);
    assert_eq!(say(&page, "thumb", json, thumb(1, true)).await.0, 404, "the caller's own words");
    assert_eq!(say(&page, "thumb", json, b"{}".to_vec()).await.0, 422);
    assert_eq!(say(&page, "thumb", "text/plain", thumb(2, true)).await.0, 422);
    let other = format!("http://{}/calls/another/thumb", page.at);
    let request = page.http.post(other).header("content-type", json).body(thumb(2, true));
    assert_eq!(request.send().await.unwrap().status(), 404);
    let kept = page.store.thumbs(CallId(1)).await.unwrap();
    assert_eq!(kept.len(), 1, "of an answer one counts: {kept:?}");
    assert!(!kept[0].up && kept[0].utterance == 2 && kept[0].text.contains("什么地方"));
    let (down, ups, downs) = page.store.thumbs_down(Wall::from_ms(0), 9).await.unwrap();
    assert_eq!((down.len(), ups, downs), (1, 0, 1));
    for _ in 2..huiyin::kernel::limits::THUMBS_PER_CALL {
        assert_eq!(say(&page, "thumb", json, thumb(2, true)).await.0, 200);
    }
    assert_eq!(say(&page, "thumb", json, thumb(2, true)).await.0, 429);
    page.stop().await;
}

/// A picture with a place and words in its metadata.
fn telling_jpeg() -> Vec<u8> {
    let picture = image::RgbImage::from_fn(64, 32, |x, y| image::Rgb([x as u8 * 4, y as u8 * 8, 90]));
    let mut jpeg = Vec::new();
    image::codecs::jpeg::JpegEncoder::new(&mut jpeg).encode_image(&picture).unwrap();
    // APP1 with Exif: orientation 6, turned a quarter; then a comment.
    let exif: &[u8] = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let segment = |marker: u8, content: &[u8]| {
        let length = (content.len() as u16 + 2).to_be_bytes();
        [&[0xff, marker], &length[..], content].concat()
    };
    let more = [segment(0xe1, exif), segment(0xfe, b"GPS 29.0791 119.6474")].concat();
    [&jpeg[..2], &more, &jpeg[2..]].concat()
}

#[tokio::test]
async fn a_photo_is_made_anew_and_what_is_none_is_refused() {
    let line = Fake::new(vec![]);
    let page = served(&line, &[]).await;
    let sent = telling_jpeg();
    assert!(sent.windows(3).any(|three| three == b"GPS"));
    assert_eq!(say(&page, "photo", "image/jpeg", sent.clone()).await.0, 404, "nobody has called");
    call(&page, "application/sdp", "v=0".into(), "").await;
    let mut bomb = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bomb.extend([0, 1, 0, 0, 0, 1, 0, 0, 8, 2, 0, 0, 0, 0, 0, 0, 0]);
    for (what, body) in [
        ("a page that says it is a photo", b"<html><script>alert(1)</script>".to_vec()),
        ("nothing", Vec::new()),
        ("a GIF", b"GIF89a\x01\0\x01\0\0\0\0;".to_vec()),
        ("a head of JPEG before something else", [b"\xff\xd8\xff\xe0", &[0x41; 4000][..]].concat()),
        ("65,536 by 65,536 pixels", bomb),
        ("SVG", b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec()),
    ] {
        let (status, text) = say(&page, "photo", "image/jpeg", body).await;
        assert_eq!(status, 415, "{what}: {text}");
        assert!(text.contains("不是照片"), "{what}: {text}");
    }
    let huge = vec![0xff; huiyin::kernel::limits::PHOTO_BYTES_MAX + 1];
    assert_eq!(say(&page, "photo", "image/jpeg", huge).await.0, 413);
    assert!(page.commands.lock().unwrap().is_empty(), "nothing of that was told");
    assert_eq!(say(&page, "photo", "image/jpeg", sent).await.0, 201);
    let kept = page.store.photos(CallId(1)).await.unwrap();
    let shown: Vec<_> = kept.iter().map(|photo| (photo.n, photo.width, photo.height)).collect();
    assert_eq!(shown, [(1, 32, 64)], "upright");
    let path = huiyin::store::photo_path(page.folder.path(), CallId(1), 1);
    let file = std::fs::read(path).unwrap();
    assert!(file.starts_with(b"\xff\xd8\xff"));
    for told in [&b"GPS"[..], b"Exif", b"29.0791"] {
        assert!(!file.windows(told.len()).any(|part| part == told), "{told:?} is still in it");
    }
    let png = {
        let mut png = std::io::Cursor::new(Vec::new());
        image::RgbaImage::new(3000, 10).write_to(&mut png, image::ImageFormat::Png).unwrap();
        png.into_inner()
    };
    assert_eq!(say(&page, "photo", "image/png", png.clone()).await.0, 201);
    assert_eq!(page.store.photos(CallId(1)).await.unwrap()[1].width, 2048, "made smaller");
    assert_eq!(say(&page, "photo", "image/png", png.clone()).await.0, 201);
    assert_eq!(say(&page, "photo", "image/png", png).await.0, 429, "three are enough");
    page.stop().await;
}

#[tokio::test]
async fn the_words_of_this_call_alone_are_told_until_its_end() {
    let line = Fake::new(vec![]);
    let page = served(&line, &[]).await;
    let words = format!("http://{}/calls/the-key/words", page.at);
    let mut stream = page.http.get(words).send().await.unwrap();
    assert_eq!(stream.status(), 200);
    line.feed.send(turn(8, "别人的话")).unwrap();
    let (call, speaker, text) = (CallId(1), Speaker::Caller, "我的……".to_owned());
    line.feed.send(Fact::SoFar { call, speaker, text, at: Wall::from_ms(0) }).unwrap();
    line.feed.send(turn(1, "我的话")).unwrap();
    line.feed.send(answer(1, "身份证补领，到就近的窗口办。")).unwrap();
    let mut told = String::new();
    while !told.contains("到就近的窗口办") {
        told.push_str(&String::from_utf8_lossy(&stream.chunk().await.unwrap().unwrap()));
    }
    line.over.cancel();
    let ended = |call| Fact::CallEnded {
        call: CallId(call),
        outcome: "answered".into(),
        at: Wall::from_ms(0),
    };
    while !told.contains("event: over") {
        told.push_str(&String::from_utf8_lossy(&stream.chunk().await.unwrap().unwrap()));
    }
    line.feed.send(ended(8)).unwrap();
    line.feed.send(turn(1, "最后的话")).unwrap();
    line.feed.send(ended(1)).unwrap();
    while let Some(more) = stream.chunk().await.unwrap() {
        told.push_str(&String::from_utf8_lossy(&more));
    }
    assert!(told.contains("最后的话") && told.ends_with("event: ended\ndata: {}\n\n"), "{told}");
    assert!(!told.contains("别人的话"), "{told}");
    let partial = told.find("event: so_far").unwrap();
    assert!(partial < told.find("event: turn").unwrap());
    assert!(told.contains("\"answer\":\"身份证补领\"") && told.contains("\"source\":\"办事指南 2026\""));
    page.stop().await;
}
