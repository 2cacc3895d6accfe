//! A question is answered from the knowledge base, and nothing of what was said reaches the log.

use super::process::{Service, alone, call, models, words};
use super::wire::sounds;

const NUMBER: &str = "13812345678";

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_answered_with_its_source_and_the_log_says_nothing_of_it() {
    let _alone = alone().await;
    if !models() {
        return;
    }
    let service = Service::start("").await;
    let script = [
        "--from",
        NUMBER,
        "--say",
        "我想问一下身份证丢了去哪里补",
        "--reply",
        "对吗|对的|不是=>对的",
        "--reply",
        "帮助|有帮助=>有帮助",
        "--reply",
        "别的事=>没有了，谢谢",
        "--patience-s",
        "15",
    ];
    let report = call(&service, &script).await;
    assert_eq!(report["answered"], true, "{report}");
    let kept = service.ended(1, 20).await;
    assert_eq!(kept["outcome"], "answered", "{kept}");
    let robot = words(&kept, "speaker", "robot");
    assert!(robot.contains("以上依据是") && robot.contains("身份证"), "{robot}");
    let heard = words(&report, "who", "them");
    assert!(sounds(&heard, "通话会录音"), "the caller heard: {heard}");
    assert!(
        sounds(&heard, "派出所户籍窗口") && sounds(&heard, "中华人民共和国"),
        "the caller heard: {heard}"
    );
    let turns = report["turns"].as_array().unwrap();
    assert!(turns.iter().any(|t| t["latency_ms"].as_u64().is_some_and(|ms| ms > 0)), "{report}");
    service.calm();
    says_nothing(&service.log(), &kept);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_names_neither_a_number_nor_spoken_digits_nor_a_tickets_words() {
    let _alone = alone().await;
    if !models() {
        return;
    }
    let service = Service::start("").await;
    let script = [
        "--from",
        NUMBER,
        "--say",
        "我要投诉工地噪音，我的电话是一三八一二三四五六七八。",
        "--dtmf",
        "13812345678",
        "--dtmf",
        "0",
        "--patience-s",
        "15",
    ];
    let report = call(&service, &script).await;
    assert_eq!(report["answered"], true, "{report}");
    let kept = service.ended(1, 30).await;
    assert!(!words(&kept, "speaker", "caller").is_empty(), "{kept}");
    let log = service.log();
    assert!(log.contains("DEBUG"), "the log is on: {log}");
    says_nothing(&log, &kept);
    if let Some(id) = kept["ticket_id"].as_i64() {
        let ticket = service.get(&format!("tickets/{id}")).await;
        for field in ticket["fields"].as_array().unwrap() {
            let value = field["value"].as_str().unwrap();
            let telling = value.chars().count() >= 4;
            assert!(!telling || !log.contains(value), "{} is in the log: {value}", field["slot"]);
        }
    }
}

/// Neither the number nor any turn of the call stands in the log.
fn says_nothing(log: &str, call: &serde_json::Value) {
    for number in [NUMBER, "12345678", "一三八一二三四五六七八"] {
        let line = log.lines().find(|line| line.contains(number));
        assert_eq!(line, None, "the log tells a number");
    }
    for turn in call["turns"].as_array().unwrap() {
        let text = turn["text"].as_str().unwrap();
        let line = log.lines().find(|line| text.chars().count() >= 2 && line.contains(text));
        assert_eq!(line, None, "the log tells what was said");
    }
}
