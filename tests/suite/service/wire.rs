//! Calls over the wire as any exchange makes them: sipp over UDP and TCP, keys both ways, silence, and trouble.

use huiyin::language::find_sounding;
use huiyin::media::wav;
use tokio::net::UdpSocket;

use super::caller::{Caller, Plan};
use super::process::{Service, alone, installed, models, say, transcribe, words};

/// What was heard sounds like this somewhere.
pub fn sounds(heard: &str, text: &str) -> bool {
    find_sounding(heard, text, 0.75).is_some()
}

pub fn ready() -> bool {
    installed("sipp") && models()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_is_greeted_over_udp_and_tcp() {
    let _alone = alone().await;
    if !ready() {
        return;
    }
    let service = Service::start("").await;
    for (id, transport) in [(1, "u1"), (2, "t1")] {
        let plan = Plan { transport, stay_ms: 9_000, ..Plan::default() };
        let mut caller = Caller::call(&service, plan).await;
        caller.done().await;
        let call = service.ended(id, 20).await;
        assert_eq!(call["outcome"], "abandoned", "{call}");
        assert!(words(&call, "speaker", "robot").contains("录音"), "{call}");
        assert!(call["audio"].is_string(), "{call}");
        let heard = service.folder.path().join(format!("heard-{transport}.wav"));
        caller.write(&heard);
        let seconds = wav::read(&heard).unwrap().len() / 8000;
        assert!((7..=10).contains(&seconds), "{seconds} s of sound in 9 s of call");
        let text = transcribe(&heard).await;
        assert!(sounds(&text, "通话会录音"), "over {transport} the caller heard: {text}");
        let kept = wav::channels(&service.recording(id)).unwrap();
        assert!(kept.len() == 2 && kept[0].len() > 7 * 8000, "the recording is whole");
    }
    service.calm();
}

/// What the caller was told and what is kept once a key asked for a person and nobody is on duty.
async fn nobody_on_duty(service: &Service, id: i64, caller: &Caller) -> serde_json::Value {
    let call = service.ended(id, 20).await;
    assert!(words(&call, "speaker", "robot").contains("现在没有工作人员在线"), "{call}");
    let ticket = service.get(&format!("tickets/{}", call["ticket_id"])).await;
    assert_eq!(ticket["state"], "registered", "{ticket}");
    let fields = ticket["fields"].as_array().unwrap();
    assert!(fields.iter().any(|field| field["source"] == "signalling"), "{ticket}");
    let heard = service.folder.path().join("heard.wav");
    caller.write(&heard);
    let text = transcribe(&heard).await;
    assert!(sounds(&text, "没有工作人员在线"), "the caller heard: {text}");
    call
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_0_goes_to_a_person_as_an_rtp_event_and_as_an_info() {
    let _alone = alone().await;
    if !ready() {
        return;
    }
    let service = Service::start("").await;
    let word = say("工地晚上施工，噪音太大。", service.folder.path(), "word.wav").await;
    let mut caller = Caller::call(&service, Plan { stay_ms: 60_000, ..Plan::default() }).await;
    caller.remote().await;
    caller.press('0');
    let told = |call: &serde_json::Value| words(call, "speaker", "robot").contains("我来登记");
    service.until("calls/1", 40, told).await;
    caller.say(&wav::read(&word).unwrap());
    caller.done().await;
    let call = nobody_on_duty(&service, 1, &caller).await;
    assert_eq!(call["outcome"], "registered", "{call}");

    let plan = Plan { info_ms: Some(1_000), stay_ms: 18_000, ..Plan::default() };
    let mut caller = Caller::call(&service, plan).await;
    caller.done().await;
    nobody_on_duty(&service, 2, &caller).await;
    service.calm();
}

/// Throws at the ports of the service what no telephone sends.
async fn throw_garbage(service: &Service) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let hostile: [&[u8]; 6] = [
        b"\x00\xff\xfe garbage \x80\x80",
        b"INVITE sip:12345@127.0.0.1 SIP/2.0\r\n\r\n",
        b"INVITE sip:\r\nVia: \r\nFrom: <\r\nCSeq: x INVITE\r\nContent-Length: 99999999\r\n\r\n",
        b"BYE sip:12345@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKx\r\n\
          From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\nCall-ID: no-such\r\nCSeq: 1 BYE\r\n\r\n",
        b"SIP/2.0 200 OK\r\nCall-ID: nothing\r\n\r\n",
        b"\r\n\r\n",
    ];
    for message in hostile {
        socket.send_to(message, service.sip).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_and_a_strangers_sound_do_not_disturb_a_call_and_silence_ends_with_a_person() {
    let _alone = alone().await;
    if !ready() {
        return;
    }
    let service = Service::start("").await;
    let folder = service.folder.path();
    let speech = say("我要投诉噪音，我要投诉噪音。", folder, "stranger.wav").await;
    let mut caller = Caller::call(&service, Plan { stay_ms: 46_000, ..Plan::default() }).await;
    let sound = caller.remote().await;
    throw_garbage(&service).await;
    // The caller's own sound must be what the service has latched on to before a stranger speaks.
    service.asked(1).await;
    stranger(sound, &wav::read(&speech).unwrap()).await;
    caller.done().await;
    let call = service.ended(1, 20).await;
    assert_eq!(words(&call, "speaker", "caller"), "", "a stranger's words were taken: {call}");
    let robot = words(&call, "speaker", "robot");
    assert!(robot.contains("请问您想咨询什么"), "asked again: {robot}");
    assert!(robot.contains("我在听"), "asked again twice: {robot}");
    assert!(robot.contains("现在没有工作人员在线"), "then to a person, but none is there: {robot}");
    let ticket = service.get(&format!("tickets/{}", call["ticket_id"])).await;
    assert_eq!(ticket["state"], "registered", "{ticket}");
    let heard = folder.join("heard.wav");
    caller.write(&heard);
    let text = transcribe(&heard).await;
    assert!(sounds(&text, "没有工作人员在线"), "the caller heard: {text}");
    service.calm();
}

/// Sends speech to the call's port from a port that belongs to nobody on the call.
async fn stranger(to: std::net::SocketAddr, samples: &[i16]) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut sender = huiyin::media::rtp::Sender::new(99, huiyin::media::Codec::Pcma, 8);
    let mut tick = tokio::time::interval(std::time::Duration::from_millis(20));
    for frame in samples.as_chunks::<{ huiyin::media::FRAME_SAMPLES }>().0 {
        tick.tick().await;
        socket.send_to(&sender.audio(frame).unwrap(), to).await.unwrap();
        socket.send_to(b"not even RTP", to).await.unwrap();
    }
}
