//! An agent who does not answer, and one who is busy: the caller stays in the queue and hears so.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use super::caller::{Caller, Plan};
use super::process::{Service, alone, huiyin, models, words};
use super::wire::ready;

/// An agent's telephone: rings for so long before it is answered.
struct Agent {
    child: Child,
    at: String,
}

impl Agent {
    fn start(ring_ms: &str) -> Agent {
        let mut command = huiyin(&["phone", "--listen", "127.0.0.1:0", "--json"]);
        command.args(["--ring-ms", ring_ms, "--rtp-ports", "25000-25399"]);
        command.args(["--opening", "您好，我是话务员。", "--patience-s", "4"]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.next().unwrap().unwrap();
        let at = line.strip_prefix("ready sip=").unwrap().to_owned();
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Agent { child, at }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn desk(agents: &[(u64, &str)]) -> String {
    let agents = agents.iter().map(|(id, at)| {
        format!("[[agents]]\nid = {id}\nname = \"张敏\"\nuri = \"sip:{id}@{at}\"\n")
    });
    format!("{}[queue]\nring_s = 5\nposition_every_s = 10\n", agents.collect::<String>())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_who_does_not_answer_leaves_the_caller_in_the_queue_with_a_ticket() {
    let _alone = alone().await;
    if !ready() {
        return;
    }
    let agent = Agent::start("60000");
    let service = Service::start(&desk(&[(801, &agent.at)])).await;
    let mut caller = Caller::call(&service, Plan { stay_ms: 40_000, ..Plan::default() }).await;
    caller.remote().await;
    caller.press('0');
    let ringing = |agents: &serde_json::Value| agents["agents"][0]["state"] == "ringing";
    service.until("agents", 30, ringing).await;
    service.until("agents", 20, |agents| !ringing(agents)).await;
    // Rung in vain, the caller is not lost: still on the line, waiting or told what happens next.
    let calls = service.get("calls").await;
    assert_eq!(calls["live"][0]["id"], 1, "{calls}");
    caller.done().await;
    let call = service.ended(1, 20).await;
    let robot = words(&call, "speaker", "robot");
    let told = ["请稍等", "不要挂机", "没有工作人员在线"].iter().any(|text| robot.contains(text));
    assert!(told, "the caller was told: {robot}");
    let ticket = service.get(&format!("tickets/{}", call["ticket_id"])).await;
    assert_eq!(ticket["state"], "registered", "{ticket}");
    service.calm();
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_only_agent_talks_the_next_caller_hears_the_position() {
    let _alone = alone().await;
    if !ready() {
        return;
    }
    if !models() {
        return;
    }
    let agent = Agent::start("500");
    let service = Service::start(&desk(&[(801, &agent.at)])).await;
    let mut first = Caller::call(&service, Plan { stay_ms: 45_000, ..Plan::default() }).await;
    first.remote().await;
    first.press('0');
    service.until("agents", 40, |agents| agents["agents"][0]["state"] == "talking").await;
    let mut second = Caller::call(&service, Plan { stay_ms: 30_000, ..Plan::default() }).await;
    second.remote().await;
    second.press('0');
    let waiting = service
        .until("calls/2", 40, |call| words(call, "speaker", "robot").contains("排在第"))
        .await;
    assert_eq!(waiting["ended_at"], serde_json::Value::Null, "{waiting}");
    second.done().await;
    first.done().await;
    let call = service.ended(1, 20).await;
    assert_eq!(call["outcome"], "handed_over", "{call}");
    let call = service.ended(2, 20).await;
    let ticket = service.get(&format!("tickets/{}", call["ticket_id"])).await;
    assert_eq!(ticket["state"], "registered", "{ticket}");
    service.calm();
}
