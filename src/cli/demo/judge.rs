//! Whether a call came out right, from what the service kept and what its peers heard; and its summary in prose.

use serde_json::{Value, json};

fn turns<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value[key].as_array().into_iter().flatten()
}

fn said_by<'a>(object: &'a Value, speaker: &str) -> impl Iterator<Item = &'a str> {
    turns(object, "turns")
        .filter(move |turn| turn["speaker"] == speaker)
        .filter_map(|turn| turn["text"].as_str())
}

fn field<'a>(object: &'a Value, slot: &str) -> Option<&'a Value> {
    turns(&object["ticket"], "fields").find(|field| field["slot"] == slot)
}

/// Reply latencies as the caller's telephone measured them in the sound it got.
pub fn latencies(heard: &Value) -> Value {
    let mut all: Vec<u64> =
        turns(heard, "turns").filter_map(|turn| turn["latency_ms"].as_u64()).collect();
    all.sort_unstable();
    let at = |share: f64| {
        let index = (all.len() as f64 * share).ceil() as usize;
        all.get(index.saturating_sub(1)).copied()
    };
    json!({ "n": all.len(), "p50": at(0.5), "p95": at(0.95) })
}

/// The grade that counts, beside the answers it stands in: the last one given.
pub fn with_grade(mut survey: Value) -> Value {
    let last = turns(&survey, "answers").filter(|answer| answer["question"] == "satisfied").last();
    survey["grade"] = last.map_or(Value::Null, |answer| answer["value"].clone());
    survey
}

struct Wrong(Vec<String>);

impl Wrong {
    fn unless(&mut self, right: bool, what: &str) {
        if !right {
            self.0.push(what.to_owned());
        }
    }
}

/// What holds of every call.
fn common(object: &Value) -> Wrong {
    let mut wrong = Wrong(Vec::new());
    wrong.unless(
        object["outcome"] == object["wanted"],
        &format!(
            "call {} ended as {} instead of {}",
            object["call_id"], object["outcome"], object["wanted"]
        ),
    );
    wrong.unless(said_by(object, "caller").count() > 0, "nothing of the caller was understood");
    wrong.unless(object["latency_ms"]["n"] != 0, "no reply latency could be measured");
    let seconds = object["recording"]["seconds"].as_u64().unwrap_or(0);
    wrong.unless(seconds >= 5, "the recording is shorter than five seconds");
    let heard = turns(object, "heard_by_caller")
        .any(|turn| turn["who"] == "them" && turn["text"].as_str().is_some_and(|t| !t.is_empty()));
    wrong.unless(heard, "the caller heard no words");
    wrong
}

pub fn answered(object: &Value) -> Vec<String> {
    let mut wrong = common(object);
    wrong.unless(
        said_by(object, "robot").any(|text| text.contains("录音")),
        "the robot did not say that the call is recorded",
    );
    wrong.unless(
        said_by(object, "robot").any(|text| text.contains("依据")),
        "the robot did not name the source of its answer",
    );
    wrong.unless(object["ticket"].is_null(), "an answered question made a ticket");
    wrong.0
}

pub fn handed_over(object: &Value) -> Vec<String> {
    let mut wrong = common(object);
    for slot in ["number", "matter_type", "category", "place", "time", "narrative"] {
        match field(object, slot) {
            None => wrong.0.push(format!("the ticket has no {slot}")),
            Some(field) => {
                let proven = field["evidence"].as_array().is_some_and(|e| !e.is_empty());
                wrong.unless(
                    proven || field["source"] == "signalling",
                    &format!("{slot} stands without evidence"),
                );
            }
        }
    }
    let code = field(object, "place").and_then(|place| place["code"].as_str()).unwrap_or("");
    wrong.unless(code.len() == 9, "the place is not known down to township");
    wrong.unless(said_by(object, "agent").count() > 0, "nothing of the agent was understood");
    let agent_heard = turns(object, "heard_by_agent").any(|turn| turn["who"] == "them");
    wrong.unless(agent_heard, "the agent did not hear the caller");
    wrong.0
}

pub fn called_back(object: &Value) -> Vec<String> {
    let mut wrong = common(object);
    let answers = || turns(&object["survey"], "answers");
    let grade = &object["survey"]["grade"];
    wrong.unless(grade == "dissatisfied", &format!("the grade is {grade} instead of dissatisfied"));
    wrong.unless(
        answers().all(|answer| !answer["words"].is_null() || !answer["pressed"].is_null()),
        "an answer stands without words or key",
    );
    wrong.unless(answers().any(|answer| answer["question"] == "reason"), "the reason was not kept");
    let open = turns(object, "verifications").any(|v| v["closed_at"].is_null());
    wrong.unless(open, "no verification was opened");
    wrong.0
}

/// The call's result in prose.
pub fn print(object: &Value) {
    let latency = &object["latency_ms"];
    println!(
        "—— 第 {} 通：{}；应答时延中位数 {} 毫秒，P95 {} 毫秒（{} 次，按来电人听到的声音测量）；录音 {} 秒：{}",
        object["call_id"],
        object["outcome"].as_str().unwrap_or("?"),
        latency["p50"],
        latency["p95"],
        latency["n"],
        object["recording"]["seconds"],
        object["recording"]["path"].as_str().unwrap_or("?"),
    );
    for field in turns(&object["ticket"], "fields") {
        let evidence = turns(field, "evidence")
            .map(|e| {
                format!(
                    "第{}句 {}–{} 毫秒 {:.2}",
                    e["utterance"],
                    e["start_ms"],
                    e["end_ms"],
                    e["confidence"].as_f64().unwrap_or(0.0)
                )
            })
            .collect::<Vec<_>>()
            .join("；");
        let source =
            if evidence.is_empty() { field["source"].as_str().unwrap_or("") } else { &evidence };
        let code = field["code"].as_str().map(|code| format!(" [{code}]")).unwrap_or_default();
        println!(
            "   {:<12} {}{code}  （{source}）",
            field["slot"].as_str().unwrap_or(""),
            field["value"].as_str().unwrap_or(""),
        );
    }
    for answer in turns(&object["survey"], "answers") {
        let words = answer["words"].as_str().or(answer["pressed"].as_str()).unwrap_or("");
        println!(
            "   回访 {} = {}  「{words}」 {} 毫秒处",
            answer["question"], answer["value"], answer["start_ms"]
        );
    }
    for verification in turns(object, "verifications") {
        println!(
            "   核实任务 {}：工单 {}，原因 {}",
            verification["id"], verification["ticket_id"], verification["reason"]
        );
    }
}
