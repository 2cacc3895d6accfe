//! The process killed in the middle of a call, the caller gone in the middle of a word: what was said so far is kept.

use huiyin::media::wav;

use super::caller::{Caller, Plan};
use super::process::{Service, alone, say, words};
use super::wire::ready;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_when_the_service_is_killed_in_the_middle_of_a_call() {
    let _alone = alone().await;
    if !ready() {
        return;
    }
    let mut service = Service::start("").await;
    let folder = service.folder.clone();
    let speech = "我要投诉，我家旁边的工地每天半夜还在施工，噪音太大，吵得睡不着觉。";
    let speech = wav::read(&say(speech, folder.path(), "complaint.wav").await).unwrap();
    let caller = Caller::call(&service, Plan::default()).await;
    service.asked(1).await;
    caller.say(&speech);
    let before = service.until("calls/1", 60, |call| !call["ticket_id"].is_null()).await;
    let path = format!("tickets/{}", before["ticket_id"]);
    let draft = service.get(&path).await;
    assert_eq!(draft["state"], "draft", "{draft}");
    let said = words(&before, "speaker", "caller");
    assert!(!said.is_empty(), "{before}");
    service.kill();
    service.calm();
    drop(caller);

    let service = Service::start_in(folder, "").await;
    let after = service.get("calls/1").await;
    assert_eq!(
        (&after["state"], &after["outcome"]),
        (&"interrupted".into(), &"interrupted".into())
    );
    let turns = before["turns"].as_array().unwrap();
    let kept = after["turns"].as_array().unwrap();
    assert!(turns.iter().all(|turn| kept.contains(turn)), "{before} {after}");
    let ticket = service.get(&path).await;
    assert_eq!(ticket["state"], "interrupted", "{ticket}");
    assert_eq!(ticket["fields"], draft["fields"]);
    let sides = wav::channels(&service.recording(1)).unwrap();
    assert!(sides.len() == 2 && sides[0].len() > 8 * 8000, "{} samples", sides[0].len());
    assert!(hound::WavReader::open(service.recording(1)).is_ok());
    assert!(after["audio"].is_string(), "{after}");

    let mut caller = Caller::call(&service, Plan { stay_ms: 4_000, ..Plan::default() }).await;
    caller.done().await;
    let next = service.ended(2, 20).await;
    assert!(words(&next, "speaker", "robot").contains("您好"), "{next}");
    assert_eq!(service.get("calls/1").await["turns"], after["turns"]);
    service.calm();
}

#[tokio::test(flavor = "multi_thread")]
async fn words_are_kept_when_the_caller_hangs_up_in_the_middle_of_one() {
    let _alone = alone().await;
    if !ready() {
        return;
    }
    let service = Service::start("").await;
    let folder = service.folder.clone();
    let speech = "我要投诉，我家旁边的工地每天半夜还在施工，噪音太大，吵得睡不着觉。";
    let speech = wav::read(&say(speech, folder.path(), "complaint.wav").await).unwrap();
    // Hangs up by itself two seconds into the sentence.
    let mut caller = Caller::call(&service, Plan { stay_ms: 14_000, ..Plan::default() }).await;
    let from = caller.remote().await;
    assert!(from.ip().is_loopback());
    let silence = vec![0; 8000 * 12];
    caller.say(&silence);
    caller.say(&speech);
    caller.done().await;
    let call = service.ended(1, 30).await;
    assert_eq!(call["outcome"], "abandoned", "{call}");
    let said = words(&call, "speaker", "caller");
    assert!(!said.is_empty(), "the words so far are kept: {call}");
    assert!(call["ended_at"].is_i64());
    assert!(wav::channels(&service.recording(1)).is_ok());
    service.calm();

    // And while the robot is speaking, and before anything is heard.
    for (id, stay_ms) in [(2, 2_500), (3, 20)] {
        let mut caller = Caller::call(&service, Plan { stay_ms, ..Plan::default() }).await;
        caller.done().await;
        let call = service.ended(id, 20).await;
        assert_eq!(call["outcome"], "abandoned", "{call}");
    }
    service.calm();
}
