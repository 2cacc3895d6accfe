//! `huiyin demo`: three calls between separate processes on this machine, over real SIP and RTP.
//!
//! The processes are this program's own verbs: `serve`, two `phone`s (an agent's and a citizen's), and a `call` for each
//! caller. What they say is a script; everything else is what happened.

mod judge;
pub(super) mod process;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};

use process::{Api, Child, say};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// End after the three calls; exit 0 only when all three came out right.
    #[arg(long)]
    once: bool,
    /// Print one JSON object a call instead of prose.
    #[arg(long)]
    json: bool,
    /// Where the console is to be reached.
    #[arg(long, default_value = "127.0.0.1:8012")]
    console: SocketAddr,
    /// Folder for this run's store and recordings; it must be new or empty.
    #[arg(long)]
    data: Option<PathBuf>,
}

/// The persons of the demo. The patterns are what they listen for, the texts what they answer.
const ASKS: &[&str] = &[
    "--from",
    "13800000001",
    "--reply",
    "请问您有|什么事|通话会录音|咨询什么=>你好，我想问一下，身份证丢了去哪里补？",
    "--reply",
    "对的|不是=>对的，没错。",
    "--reply",
    "帮助|有帮助=>有帮助，谢谢。",
    "--reply",
    "按键=>keys:1",
    "--reply",
    "别的事=>没有了，谢谢，再见。",
];
const COMPLAINS: &[&str] = &[
    "--from",
    "13800000002",
    "--reply",
    "工号|为您服务=>你好，工地晚上打桩声音太大，孩子没法睡觉，希望你们管一管。",
    "--reply",
    "会通知|马上联系|派人=>好的，谢谢你，麻烦你们了。",
    "--reply",
    "请问您有|什么事|通话会录音|咨询什么=>我要投诉，我家旁边的工地每天半夜还在施工，噪音太大，希望你们管一管。",
    "--reply",
    "什么地方|哪个区县=>在金华市婺城区白龙桥镇，临江路的工地。",
    "--reply",
    "什么时候|几点=>昨天晚上十一点开始的。",
    "--reply",
    "地点是|您说的地点=>对的，没错。",
    "--reply",
    "我再念一遍|地点我记的是=>没错，就是这里。",
    "--reply",
    "按键=>keys:1",
    "--patience-s",
    "40",
];
const AGENT: &[&str] = &[
    "--opening",
    "您好，我是八零一号话务员，很高兴为您服务。",
    "--reply",
    "打桩|声音|睡觉|工地=>您反映的情况我已经看到了，我们会通知城管部门马上到现场处理。",
    "--reply",
    "谢谢|麻烦=>不客气，再见。",
    "--reply",
    "再见=>hangup",
    "--gap-ms",
    "1200",
    "--patience-s",
    "6",
    "--calls",
    "1",
];
const CITIZEN: &[&str] = &[
    "--reply",
    "解决了吗|没解决|解决了=>没解决，昨天晚上还在施工。",
    "--reply",
    "什么原因|主要是什么=>噪音还是很大，没有人来处理。",
    "--reply",
    "说没解决|对吗|确认=>对的，没错。",
    "--reply",
    "说不满意|对吗|确认=>对的，没错。",
    "--reply",
    "满意吗|基本满意|非常满意=>不满意。",
    "--reply",
    "重新办理=>需要。",
    "--reply",
    "按键评价=>keys:4",
    "--patience-s",
    "25",
    "--calls",
    "1",
];

pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let data = data_folder(args.data.as_deref())?;
    let show = |line: String| {
        if args.json { eprintln!("{line}") } else { println!("{line}") }
    };
    show("启动坐席电话、市民电话和热线服务，正在载入模型……".into());
    let phone = ["phone", "--listen", "127.0.0.1:0", "--json", "--live"];
    let mut agent = Child::start(&[&phone[..], AGENT, &["--rtp-ports", "21000-21499"]].concat())?;
    let citizen_ports = ["--rtp-ports", "21500-21999"];
    let mut citizen = Child::start(&[&phone[..], CITIZEN, &citizen_ports].concat())?;
    let agent_at = agent.ready("sip").await?;
    let citizen_at = citizen.ready("sip").await?;
    let config = write_config(&data, args.console, &agent_at, &citizen_at)?;
    let config = config.to_string_lossy();
    let mut service = Child::start(&["serve", "--config", &config])?;
    let sip = service.ready("sip").await.context("the service did not start")?;
    let api = Api::new(args.console);
    show(format!("服务已就绪：SIP {sip}，控制台 http://{}/", args.console));

    let calls = Calls { api: &api, data: &data, sip: &sip, quiet: args.json };
    let mut right = true;
    for number in 1..=3 {
        let outcome = match number {
            1 => calls.answered().await,
            2 => calls.handed_over(&mut agent).await,
            _ => calls.called_back(&mut citizen).await,
        };
        let (object, wrong) = outcome?;
        right &= wrong.is_empty();
        if args.json {
            println!("{object}");
        } else {
            judge::print(&object);
        }
        for wrong in wrong {
            eprintln!("不符合预期：{wrong}");
        }
    }
    show(if right { "三通电话都符合预期。" } else { "有电话不符合预期。" }.into());
    if !args.once {
        show(format!("控制台仍在 http://{}/ ，按 Ctrl-C 结束。", args.console));
        super::serve::stop_signal().await;
    }
    service.stop().await;
    Ok(if right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The folder of this run. Without --data a new one below ./data, kept so that the recordings can be heard.
fn data_folder(given: Option<&Path>) -> anyhow::Result<PathBuf> {
    let dir = match given {
        Some(dir) => dir.to_path_buf(),
        None => {
            let now = huiyin::runtime::clock::SystemClock::start().wall().civil();
            let name = now.to_string().replace([':', ' '], "-");
            PathBuf::from("data").join(format!("demo-{name}"))
        }
    };
    std::fs::create_dir_all(&dir).with_context(|| format!("the folder {}", dir.display()))?;
    anyhow::ensure!(
        std::fs::read_dir(&dir)?.next().is_none(),
        "--data {}: the folder is not empty; give a new one",
        dir.display()
    );
    Ok(dir)
}

fn write_config(
    data: &Path,
    console: SocketAddr,
    agent: &str,
    citizen: &str,
) -> anyhow::Result<PathBuf> {
    let path = data.join("demo.toml");
    let dir = data.to_string_lossy();
    let text = format!(
        "[data]\ndir = {dir:?}\n\n[sip]\nbind = \"127.0.0.1:0\"\nrtp_ports = \"22000-22999\"\n\n\
         [console]\nbind = \"{console}\"\n\n\
         [outbound]\nroute = \"sip:{{number}}@{citizen}\"\n\n\
         # At once and at any hour: the demo's citizen does not sleep.\n\
         [callbacks]\ndelay_s = 1\nfrom = \"00:00\"\nto = \"24:00\"\n\n\
         [[agents]]\nid = 801\nname = \"张敏\"\nuri = \"sip:801@{agent}\"\n"
    );
    std::fs::write(&path, text).with_context(|| format!("{}", path.display()))?;
    Ok(path)
}

type Outcome = anyhow::Result<(Value, Vec<String>)>;

/// The three calls.
struct Calls<'a> {
    api: &'a Api,
    data: &'a Path,
    sip: &'a str,
    quiet: bool,
}

impl Calls<'_> {
    fn title(&self, text: &str) {
        if !self.quiet {
            println!("\n== {text} ==");
        }
    }

    /// Places a call and shows its words as the caller hears them; returns the caller's report.
    async fn place(&self, who: &str, script: &[&str]) -> anyhow::Result<Value> {
        let to = format!("sip:12345@{}", self.sip);
        let fixed = ["call", "--to", &to, "--json", "--live", "--rtp-ports", "20000-20499"];
        let mut caller = Child::start(&[&fixed[..], script].concat())?;
        caller.follow(|turn| say(self.quiet, who, "热线", turn)).await
    }

    async fn answered(&self) -> Outcome {
        self.title("第一通：咨询，机器人解答");
        let heard = self.place("来电人", ASKS).await?;
        let object = self.object(1, "answered", &heard, None).await?;
        let wrong = judge::answered(&object);
        Ok((object, wrong))
    }

    async fn handed_over(&self, agent: &mut Child) -> Outcome {
        self.title("第二通：投诉，转人工");
        let quiet = self.quiet;
        let (heard, agent_heard) = tokio::join!(
            self.place("来电人", COMPLAINS),
            agent.follow(|turn| say(quiet, "坐席", "坐席听到", turn))
        );
        let (heard, agent_heard) = (heard?, agent_heard?);
        let object = self.object(2, "handed_over", &heard, Some(&agent_heard)).await?;
        let wrong = judge::handed_over(&object);
        Ok((object, wrong))
    }

    async fn called_back(&self, citizen: &mut Child) -> Outcome {
        self.title("第三通：工单办结，自动回访");
        let ticket = self.api.get("tickets").await?["tickets"][0]["id"].clone();
        let body = json!({ "result": "城管已到现场劝停夜间施工。", "by": "801" });
        self.api.post(&format!("tickets/{ticket}/close"), &body).await?;
        let quiet = self.quiet;
        let follow = citizen.follow(|turn| say(quiet, "市民", "回访", turn));
        let heard = tokio::time::timeout(Duration::from_secs(180), follow)
            .await
            .context("the citizen was not called back in time")??;
        self.api.until("surveys", |v| v["surveys"][0]["state"] == "ended").await?;
        let mut object = self.object(3, "complete", &heard, None).await?;
        object["survey"] = judge::with_grade(self.api.get("surveys").await?["surveys"][0].clone());
        object["verifications"] = self.api.get("verifications").await?["verifications"].clone();
        let wrong = judge::called_back(&object);
        Ok((object, wrong))
    }

    /// What the service kept of a call, beside what its caller heard.
    async fn object(
        &self,
        call: u64,
        wanted: &str,
        heard: &Value,
        agent_heard: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let path = format!("calls/{call}");
        let kept = self.api.until(&path, |v| !v["ended_at"].is_null()).await?;
        let ticket = match kept["ticket_id"].as_i64() {
            Some(id) => self.api.get(&format!("tickets/{id}")).await?,
            None => Value::Null,
        };
        let recording = self.data.join("recordings").join(format!("C{call}.wav"));
        let seconds = huiyin::media::wav::read(&recording)?.len() / 8000;
        Ok(json!({
            "call_id": call,
            "wanted": wanted,
            "outcome": kept["outcome"],
            "turns": kept["turns"],
            "latency_ms": judge::latencies(heard),
            "ticket": ticket,
            "survey": Value::Null,
            "recording": { "path": recording, "seconds": seconds },
            "heard_by_caller": heard["turns"],
            "heard_by_agent": agent_heard.map_or(Value::Null, |v| v["turns"].clone()),
        }))
    }
}
