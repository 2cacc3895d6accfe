//! What callers say, in tables: commands, answers, grades, matters, topics, times, names and numbers.

use std::sync::Arc;

use huiyin::intake::{Command, Emergency, Gazetteer, Grade, Intake, MatterType, Reading};
use huiyin::kernel::{CallId, Civil, Slot};
use huiyin::speech::{Speaker, Utterance};
use proptest::prelude::*;

/// Sunday.
pub const NOW: Civil = Civil { year: 2026, month: 11, day: 22, hour: 14, minute: 5, second: 0 };

/// A caller's words, five characters a second from 10 s on.
pub fn said(text: &str) -> Utterance {
    let end_ms = 10_000 + 200 * text.chars().count() as u64;
    let (call, speaker) = (CallId(1), Speaker::Caller);
    Utterance {
        call,
        index: 2,
        speaker,
        text: text.to_owned(),
        start_ms: 10_000,
        end_ms,
        confidence: 0.9,
    }
}

fn intake() -> Intake {
    Intake::new(Arc::new(Gazetteer::empty()), "3307").unwrap()
}

fn check<T: PartialEq + std::fmt::Debug>(rows: &[(&str, T)], read: impl Fn(&Reading) -> T) {
    let intake = intake();
    let wrong: Vec<String> = rows
        .iter()
        .filter_map(|(text, wanted)| {
            let got = read(&intake.read(&said(text), NOW, None));
            (got != *wanted).then(|| format!("{text}: {got:?}, not {wanted:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn commands_survive_the_recogniser() {
    use Command::*;
    check(
        &[
            ("转人工", Some(Person)),
            ("专人工", Some(Person)),
            ("转人公。", Some(Person)),
            ("撞人工", Some(Person)),
            ("转认工", Some(Person)),
            ("请帮我转接人工客服", Some(Person)),
            ("人工服务", Some(Person)),
            ("接线员", Some(Person)),
            ("我要找人", Some(Person)),
            ("找个人来跟我说话", Some(Person)),
            ("我不想跟机器人说话", Some(Person)),
            ("有没有人啊", Some(Person)),
            ("我要找人来修水管", None),
            ("派专人来处理一下", None),
            ("不要转人工", None),
            ("人工智能发展得怎么样", None),
            ("再说一遍", Some(Repeat)),
            ("在说一遍", Some(Repeat)),
            ("没听清楚", Some(Repeat)),
            ("你刚才说什么", Some(Repeat)),
            ("你说慢一点", Some(Slower)),
            ("太快了", Some(Slower)),
            ("开车慢一点不行吗这些渣土车", None),
            ("等一下", Some(Wait)),
            ("等我一下我找一下身份证", Some(Wait)),
            ("再见", Some(Bye)),
            ("好的谢谢再见", Some(Bye)),
            ("没有别的事了", Some(Bye)),
            ("以后别再打了", Some(StopCalling)),
            ("不要再给我打电话了别再打了", Some(StopCalling)),
            ("别打了", Some(StopCalling)),
            ("楼上天天打麻将", None),
        ],
        |r| r.command,
    );
}

#[test]
fn yes_is_no_less_than_no() {
    check(
        &[
            ("嗯", Some(true)),
            ("对", Some(true)),
            ("是的", Some(true)),
            ("好的", Some(true)),
            ("行", Some(true)),
            ("没错", Some(true)),
            ("嗯，对的", Some(true)),
            ("可以啊", Some(true)),
            ("是白龙桥镇", Some(true)),
            ("对的就是那里", Some(true)),
            ("解决了", Some(true)),
            ("已经处理好了，谢谢", Some(true)),
            ("不是", Some(false)),
            ("不对，是竹马乡", Some(false)),
            ("不用了，谢谢", Some(false)),
            ("没有", Some(false)),
            ("没有了", Some(false)),
            ("没解决", Some(false)),
            ("没有解决", Some(false)),
            ("还没解决呢", Some(false)),
            ("嗯，没解决", Some(false)),
            ("还是老样子", Some(false)),
            ("不可以", Some(false)),
            ("是不是", None),
            ("不知道", None),
            ("是这样的，我要投诉", None),
            ("对面的工地太吵", None),
            ("好像没有", None),
            ("解决了一部分", None),
            ("有火灾隐患", None),
        ],
        |r| r.yes_no,
    );
}

#[test]
fn grades_keep_their_negation() {
    use Grade::*;
    check(
        &[
            ("非常满意", Some(VerySatisfied)),
            ("分常满意", Some(VerySatisfied)),
            ("很满意", Some(VerySatisfied)),
            ("满意", Some(Satisfied)),
            ("满意的", Some(Satisfied)),
            ("挺好的", Some(Satisfied)),
            ("基本满意", Some(Basic)),
            ("鸡本满意", Some(Basic)),
            ("一般", Some(Basic)),
            ("还可以吧", Some(Basic)),
            ("不满意", Some(Dissatisfied)),
            ("部满意", Some(Dissatisfied)),
            ("不太满意", Some(Dissatisfied)),
            ("不是很满意", Some(Dissatisfied)),
            ("没有很满意", Some(Dissatisfied)),
            ("不怎么样", Some(Dissatisfied)),
            ("非常不满意", Some(VeryDissatisfied)),
            ("很不满意", Some(VeryDissatisfied)),
            ("一点都不满意", Some(VeryDissatisfied)),
            ("太差了", Some(VeryDissatisfied)),
            ("三分", Some(Basic)),
            ("嗯", None),
            ("昨天晚上", None),
        ],
        |r| r.grade,
    );
}

#[test]
fn danger_now_is_told_from_danger_in_general() {
    use Emergency::*;
    check(
        &[
            ("着火了快来人", Some(Fire)),
            ("楼下煤气泄漏了", Some(Fire)),
            ("有人晕倒了", Some(Medical)),
            ("有人拿着刀砍人", Some(Crime)),
            ("前面路口出车祸了", Some(Traffic)),
            ("我不想活了", Some(SelfHarm)),
            ("楼道里有火灾隐患", None),
            ("去年出过车祸怎么理赔", None),
            ("医保报销心梗的药吗", None),
            ("老板拖欠工资", None),
        ],
        |r| r.emergency,
    );
    assert_eq!(["119", "120", "110", "122", "110"], Emergency::ALL.map(Emergency::number));
}

#[test]
fn matter_types_come_from_the_words() {
    use MatterType::*;
    check(
        &[
            ("我想咨询一下公积金", Some(Consultation)),
            ("身份证丢了怎么补办", Some(Consultation)),
            ("社保怎么转移，需要什么材料", Some(Consultation)),
            ("请问营业执照在哪里办", Some(Consultation)),
            ("我要投诉楼下的烧烤店", Some(Complaint)),
            ("工地晚上施工太吵了睡不着", Some(Complaint)),
            ("老板拖欠工资三个月没发了", Some(Complaint)),
            ("小区门口乱停车把消防通道堵了", Some(Complaint)),
            ("我要举报有人偷排污水", Some(Report)),
            ("我举报一个赌博窝点", Some(Report)),
            ("我家停水了能不能来看看", Some(Help)),
            ("路灯坏了好几天没人修", Some(Help)),
            ("我建议在路口增加一个红绿灯", Some(Suggestion)),
            ("提个建议", Some(Suggestion)),
            ("我要表扬一下社区的工作人员", Some(Praise)),
            ("感谢派出所的民警帮我找回了孩子", Some(Praise)),
            ("嗯", None),
            ("白龙桥镇", None),
        ],
        |r| r.matter.map(|(matter, _)| matter),
    );
}

#[test]
fn questions_are_told_from_demands() {
    check(
        &[
            ("身份证丢了怎么补办", true),
            ("公交车几点末班", true),
            ("办居住证要什么材料", true),
            ("物业费涨价合法吗", true),
            ("退休金多少钱", true),
            ("我想问一下施工噪音怎么投诉", true),
            ("怎么没人管", false),
            ("能不能派人来看看", false),
            ("路灯什么时候能修好啊没人管", false),
            ("我要投诉工地施工", false),
            ("楼上漏水", false),
        ],
        |r| r.asks_question,
    );
}

#[test]
fn topics_come_from_the_taxonomy() {
    check(
        &[
            ("工地晚上施工太吵了", Some("施工噪声")),
            ("楼下跳广场舞放音响", Some("社会生活噪声")),
            ("隔壁饭店油烟太大", Some("餐饮油烟")),
            ("我们小区物业不作为", Some("物业服务")),
            ("停水两天了", Some("城市供水")),
            ("家里停电了", Some("电力供应")),
            ("天然气什么时候通", Some("燃气供应")),
            ("路灯坏了", Some("路灯照明")),
            ("井盖不见了", Some("井盖与管线")),
            ("有人违停占了盲道", Some("违法停车")),
            ("垃圾没人清", Some("垃圾清运与保洁")),
            ("老板拖欠工资", Some("拖欠工资")),
            ("医保怎么报销", Some("医疗保险")),
            ("社保断缴了怎么办", Some("社会保险")),
            ("公积金怎么提取", Some("住房公积金")),
            ("公鸡金怎么提取", Some("住房公积金")),
            ("身份证丢了", Some("身份证")),
            ("居住证怎么办", Some("户籍与居住证")),
            ("孩子入学", Some("教育")),
            ("楼顶违章搭建", Some("违法建设")),
            ("公交车半天不来", Some("公共汽车")),
            ("出租车拒载", Some("出租车与网约车")),
            ("门口有人占道经营", Some("市容占道")),
            ("小区里有流浪狗", Some("犬只与动物")),
            ("河里有人偷排污水", Some("水体污染")),
            ("健身房跑路了钱退不回来", Some("消费维权")),
            ("房产证怎么还没办下来", Some("不动产登记")),
            ("嗯", None),
        ],
        |r| r.topics.first().map(|t| t.name.clone()).as_deref().map(leak),
    );
}

fn leak(name: &str) -> &'static str {
    Box::leak(name.to_owned().into_boxed_str())
}

#[test]
fn times_count_from_now() {
    let rows = [
        ("昨晚十点", "2026-11-21T22:00"),
        ("每天晚上", "R/NI"),
        ("每天晚上十点以后还在施工", "R/22:00"),
        ("每天半夜十二点到凌晨三点", "R/00:00/03:00"),
        ("昨天下午三点半", "2026-11-21T15:30"),
        ("这几天", "../2026-11-22"),
        ("上周五", "2026-11-13"),
        ("周五晚上", "2026-11-20TNI"),
        ("11月20号", "2026-11-20"),
        ("十一月二十日晚上八点", "2026-11-20T20:00"),
        ("12月20号", "2026-12-20"),
        ("七月一号", "2026-07-01"),
        ("去年十二月", "2025-12"),
        ("上个月20号", "2026-10-20"),
        ("刚才", "2026-11-22T14:05"),
        ("半夜", "TNI"),
        ("昨晚一点多", "2026-11-22T01:00"),
        ("今天早上六点", "2026-11-22T06:00"),
        ("前天中午", "2026-11-20TMI"),
        ("两个小时前", "2026-11-22T12:05"),
        ("三天前的下午", "2026-11-19TAF"),
        ("已经三个月了", "P3M/2026-11-22"),
        ("从上周五开始每天晚上都在施工", "R/2026-11-13/NI"),
        ("每周五晚上八点", "R/W5T20:00"),
        ("晚上22:30", "T22:30"),
        ("从晚上十点到凌晨两点", "T22:00/02:00"),
        ("有两点建议", ""),
        ("慢一点", ""),
        ("临江路12号", ""),
        ("我要投诉", ""),
    ];
    let code = |r: &Reading| r.fact(Slot::Time).and_then(|f| f.code.clone()).unwrap_or_default();
    check(&rows.map(|(text, code)| (text, code.to_owned())), code);
}

#[test]
fn names_and_numbers_are_taken_whole_or_not_at_all() {
    let value = |slot| move |r: &Reading| r.fact(slot).map(|f| f.value.clone()).unwrap_or_default();
    let names = [
        ("我叫王建国", "王建国"),
        ("我叫李娜我要投诉", "李娜"),
        ("我姓王", "王"),
        ("我姓欧阳，欧阳先生", "欧阳先生"),
        ("免贵姓陈", "陈"),
        ("我是张女士", "张女士"),
        ("我叫他过来", ""),
        ("我是业主", ""),
        ("姓什么不想说", ""),
    ];
    check(&names.map(|(text, name)| (text, name.to_owned())), value(Slot::Caller));
    let numbers = [
        ("我的电话是幺三八零零幺三八零零零", "13800138000"),
        ("要三八零零一三八零零零", "13800138000"),
        ("138 0013 8000", "13800138000"),
        ("号码是零五七九八二三四五六七八", "057982345678"),
        ("座机八二三四五六七八", "82345678"),
        ("幺三八零零一三八零零", ""),
        ("三百二十五", ""),
        ("12345", ""),
    ];
    check(&numbers.map(|(text, digits)| (text, digits.to_owned())), value(Slot::Number));
}

#[test]
fn an_answer_may_be_shorter_than_a_fact() {
    let intake = intake();
    let fact = |text: &str, slot: Slot| {
        let reading = intake.read(&said(text), NOW, Some(slot));
        reading.fact(slot).map(|f| f.value.clone()).unwrap_or_default()
    };
    assert_eq!("王建国", fact("王建国", Slot::Caller));
    assert_eq!("", fact("不想说", Slot::Caller));
    assert_eq!("二十号", fact("二十号", Slot::Time));
    assert_eq!("一直", fact("一直都有", Slot::Time));
    assert_eq!("就在我们村口石桥", fact("就在我们村口石桥", Slot::Place));
    assert_eq!("", fact("不知道", Slot::Place));
    assert_eq!("", fact("转人工", Slot::Place));
    assert_eq!("物业", fact("物业费", Slot::Narrative).chars().take(2).collect::<String>());
}

#[test]
fn the_story_and_the_demand_keep_the_callers_words() {
    let read = intake().read(
        &said("嗯，你好，就是那个，我要投诉，我我家旁边的工地每天晚上施工，吵得睡不着，希望你们来管一管"),
        NOW,
        None,
    );
    let value = |slot| read.fact(slot).map(|f| f.value.clone()).unwrap_or_default();
    assert_eq!(
        "我要投诉，我家旁边的工地每天晚上施工，吵得睡不着，希望你们来管一管",
        value(Slot::Narrative)
    );
    assert_eq!("希望你们来管一管", value(Slot::Demand));
    assert_eq!("投诉", value(Slot::MatterType));
    assert_eq!("施工噪声", value(Slot::Category));
}

#[test]
fn evidence_is_where_the_words_were() {
    // Thirteen characters of 200 ms; the comma is silent, so twelve share the time.
    let read = intake().read(&said("我叫王建国，昨晚十点太吵了"), NOW, None);
    let evidence = |slot: Slot| {
        let evidence = read.fact(slot).map(|f| f.evidence.clone()).unwrap_or_default();
        (evidence[0].utterance, evidence[0].start_ms, evidence[0].end_ms)
    };
    let at = |n: u64| 10_000 + 2_600 * n / 12;
    let (utterance, start, end) = evidence(Slot::Caller);
    assert_eq!(2, utterance);
    assert_eq!((at(2), at(5)), (start, end));
    let (_, start, end) = evidence(Slot::Time);
    assert_eq!((at(5), at(9)), (start, end));
}

#[test]
fn a_home_that_is_no_region_is_refused() {
    for home in ["", "金华", "330", "330702103"] {
        let error = Intake::new(Arc::new(Gazetteer::empty()), home).err().unwrap().to_string();
        assert!(error.contains("3307"), "{error}");
    }
}

fn holds(reading: &Reading, u: &Utterance) -> Result<(), TestCaseError> {
    for (slot, filled) in &reading.facts {
        prop_assert!(!filled.evidence.is_empty(), "{slot:?} has no evidence");
        prop_assert!(!filled.value.is_empty(), "{slot:?} is empty");
        for e in &filled.evidence {
            prop_assert!(
                u.start_ms <= e.start_ms && e.start_ms <= e.end_ms && e.end_ms <= u.end_ms
            );
            prop_assert!((0.0..=1.0).contains(&e.confidence));
            prop_assert_eq!(u.index, e.utterance);
        }
    }
    Ok(())
}

const WORDS: [&str; 40] = [
    "转人工",
    "嗯",
    "不",
    "满意",
    "白龙桥",
    "婺城区",
    "，",
    "。",
    "昨晚",
    "十点",
    "每天",
    "到",
    "我姓",
    "王",
    "幺三八",
    "零",
    "号",
    "路",
    "希望",
    "怎么",
    "吗",
    "工地",
    "投诉",
    "没",
    "解决",
    "了",
    "三",
    "半",
    "月",
    "年",
    "前",
    "上",
    "周",
    "五",
    "的",
    "在",
    " ",
    "对",
    "12345",
    "A",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read(text in "\\PC{0,60}", slot in 0_usize..9) {
        let u = said(&text);
        holds(&intake().read(&u, NOW, Slot::ALL.get(slot).copied()), &u)?;
    }

    #[test]
    fn any_words_are_read(words in prop::collection::vec(0_usize..40, 0..40), slot in 0_usize..9) {
        let u = said(&words.iter().map(|w| WORDS[*w]).collect::<String>());
        holds(&intake().read(&u, NOW, Slot::ALL.get(slot).copied()), &u)?;
    }
}
