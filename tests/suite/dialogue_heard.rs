//! The answers that our own questions name, and the everyday ones, are read by the real intake as what they are:
//! a question must not offer words that we do not understand.

use std::sync::Arc;

use huiyin::dialogue::{Dialogue, Effect, Input, Line, Manner, Prompts, Setup, Understood};
use huiyin::intake::{Command, Gazetteer, Grade, Intake};
use huiyin::kernel::{CallId, Civil, Moment, Pii, Slot, TicketId};
use huiyin::knowledge::{Bars, Base, BigramEncoder, Index};
use huiyin::language::address::Row;
use huiyin::speech::{Speaker, Utterance};

const NOW: Civil = Civil { year: 2026, month: 11, day: 22, hour: 10, minute: 0, second: 0 };

fn utterance(text: &str) -> Utterance {
    let (call, text) = (CallId(1), text.to_owned());
    Utterance {
        call,
        index: 0,
        speaker: Speaker::Caller,
        text,
        start_ms: 0,
        end_ms: 900,
        confidence: 0.9,
    }
}

fn intake() -> Intake {
    Intake::new(Arc::new(Gazetteer::default()), "3307").unwrap()
}

#[test]
fn offered_answers_are_understood() {
    let intake = intake();
    let prompts = Prompts::builtin().unwrap();
    let rows: [(Line, &str, Option<bool>); 13] = [
        (Line::Helped, "有帮助", Some(true)),
        (Line::Helped, "没帮助", Some(false)),
        (Line::Confirm, "对的", Some(true)),
        (Line::Confirm, "不是", Some(false)),
        (Line::PlaceBack, "对的", Some(true)),
        (Line::PlaceBack, "不对", Some(false)),
        (Line::OfferCallback, "需要", Some(true)),
        (Line::OfferCallback, "不用了", Some(false)),
        (Line::MoreAgain, "没有了", Some(false)),
        (Line::SurveySolved, "解决了", Some(true)),
        (Line::SurveySolved, "没解决", Some(false)),
        (Line::SurveyBack, "对的", Some(true)),
        (Line::SurveyBack, "不对", Some(false)),
    ];
    let mut wrong = Vec::new();
    for (line, answer, expected) in rows {
        let offered = prompts.text(line, 0, &[]).contains(answer);
        for said in [
            answer.to_owned(),
            format!("{answer}。"),
            format!("嗯，{answer}"),
            format!("{answer}吧"),
        ] {
            let reading = intake.read(&utterance(&said), NOW, None);
            if !offered || reading.yes_no != expected || reading.command.is_some() {
                wrong.push(format!("{} {said}: offered {offered}, {reading:?}", line.key()));
            }
        }
    }
    let grades = prompts.text(Line::SurveyGrade, 0, &[]);
    for grade in Grade::ALL {
        let reading = intake.read(&utterance(grade.label()), NOW, None);
        if reading.grade != Some(grade) || !grades.contains(grade.label()) {
            wrong.push(format!("{}: {reading:?}", grade.label()));
        }
    }
    let person = intake.read(&utterance("转人工"), NOW, None).command;
    if person != Some(Command::Person) || !prompts.text(Line::OpenSilent, 1, &[]).contains("转人工")
    {
        wrong.push(format!("转人工: {person:?}"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Words in, the robot's own words out: with the real intake and the real prompts.
fn talk(words: &[&str]) -> Vec<String> {
    let intake = intake();
    let prompts = Arc::new(Prompts::builtin().unwrap());
    let number = Some(Pii::new("13800000000".to_owned()));
    let setup = Setup { call: CallId(1), number, prompts, manner: Manner::default() };
    let mut dialogue = Dialogue::new(setup);
    let mut now = Moment::from_ms(1_000);
    let mut log = Vec::new();
    let mut give = |dialogue: &mut Dialogue, input: Input| {
        now = now + 1_000;
        dialogue.handle(now, input);
        let effects = dialogue.drain();
        let said = |effect: &Effect| match effect {
            Effect::Say(say) => Some(say.id),
            _ => None,
        };
        let last = effects.iter().filter_map(said).next_back();
        log.extend(effects.into_iter().filter_map(|effect| match effect {
            Effect::Say(say) => Some(say.text),
            Effect::HandOver { reason, .. } => Some(format!("hand_over {}", reason.key())),
            _ => None,
        }));
        if let Some(say) = last {
            dialogue.handle(now + 500, Input::SaidAll(say));
        }
    };
    give(&mut dialogue, Input::Begin);
    for text in words {
        let utterance = utterance(text);
        let reading = intake.read(&utterance, NOW, dialogue.asked());
        give(&mut dialogue, Input::Heard(Understood { utterance, reading, hits: Vec::new() }));
    }
    log
}

#[test]
fn night_building_noise_is_taken_down_and_handed_over() {
    let log = talk(&["我们小区旁边的工地半夜还在施工，吵得睡不着，我要投诉", "在白龙桥镇", "对的"]);
    let said = log.join("\n");
    assert!(log.first().is_some_and(|s| s.contains("智能客服") && s.contains("录音")), "{said}");
    assert_eq!(log.last().map(String::as_str), Some("hand_over ticket"), "{said}");
    assert!(said.contains("地点是白龙桥"), "the place is read back: {said}");
    let asked =
        ["什么地方", "什么时候", "什么情况"].map(|q| log.iter().filter(|s| s.contains(q)).count());
    assert!(asked.iter().sum::<usize>() <= 2, "at most two questions: {said}");
}

#[test]
fn everyday_wishes() {
    for (words, last) in [
        (&["转人工"][..], "hand_over asked"),
        (&["我要找人"], "hand_over asked"),
        (&["快来人啊，我家里着火了"], "hand_over emergency"),
        (&["喂，你好", "我想找人工客服"], "hand_over asked"),
    ] {
        let log = talk(words);
        assert_eq!(log.last().map(String::as_str), Some(last), "{words:?}: {}", log.join("\n"));
    }
}

/// What closed sets deliver for a command is that command, whatever was asked.
#[test]
fn commands_of_the_closed_sets_are_read_as_such() {
    let intake = intake();
    let rows: [(Command, &[&str]); 5] = [
        (
            Command::Person,
            &["转人工", "人工", "人工服务", "人工客服", "转人工服务", "找人工", "接人工"],
        ),
        (Command::Repeat, &["再说一遍", "没听清", "听不清", "没听清楚", "请再说一遍"]),
        (Command::Wait, &["等一下", "稍等", "等等", "稍等一下", "等一会"]),
        (Command::Slower, &["说慢一点", "慢一点"]),
        (Command::StopCalling, &["别再打了", "不要再打了"]),
    ];
    let asked =
        [None, Some(Slot::Place), Some(Slot::Time), Some(Slot::Number), Some(Slot::Narrative)];
    let mut wrong = Vec::new();
    for (command, wordings) in rows {
        for (said, asked) in wordings.iter().flat_map(|said| asked.map(|asked| (*said, asked))) {
            let reading = intake.read(&utterance(said), NOW, asked);
            if reading.command != Some(command) || !reading.facts.is_empty() {
                wrong.push(format!("{said} asked {asked:?}: {reading:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn division(code: &str, name: &str) -> Row {
    Row { code: code.to_owned(), name: name.to_owned() }
}

/// As `talk`, with a place or two that are known, the built-in knowledge, and somebody whose number is withheld.
fn withheld(words: &[&str], nobody: bool) -> Vec<String> {
    let rows = [
        ("33", "浙江省"),
        ("3307", "金华市"),
        ("330702", "婺城区"),
        ("330702103", "白龙桥镇"),
        ("330702104", "汤溪镇"),
    ];
    let rows = rows.map(|(code, name)| division(code, name));
    let intake = Intake::new(Arc::new(Gazetteer::from_rows(rows)), "3307").unwrap();
    let index = Index::build(Arc::new(Base::builtin().unwrap()), &BigramEncoder).unwrap();
    let mut dialogue = Dialogue::new(Setup {
        call: CallId(1),
        number: None,
        prompts: Arc::new(Prompts::builtin().unwrap()),
        // Bigrams are seldom as sure as the encoder of the service.
        manner: Manner { bars: Bars { answer: 0.6, ..Bars::default() }, ..Manner::default() },
    });
    let mut now = Moment::from_ms(1_000);
    let mut log = Vec::new();
    let mut inputs: Vec<Option<&str>> = vec![None];
    inputs.extend(words.iter().map(|words| Some(*words)));
    for words in inputs {
        now = now + 1_000;
        let input = words.map_or(Input::Begin, |words| {
            let utterance = utterance(words);
            let reading = intake.read(&utterance, NOW, dialogue.asked());
            let hits = index.search(words, &BigramEncoder, 3).unwrap();
            Input::Heard(Understood { utterance, reading, hits })
        });
        dialogue.handle(now, input);
        let mut effects = dialogue.drain();
        if nobody && effects.iter().any(|e| matches!(e, Effect::HandOver { .. })) {
            dialogue.handle(now, Input::Stored { ticket: TicketId(2_611_220_007) });
            dialogue.handle(now, Input::NoAgents);
            effects.extend(dialogue.drain());
        }
        for effect in effects {
            if let Effect::Say(say) = effect {
                dialogue.handle(now + 500, Input::SaidAll(say.id));
                log.push(say.text);
            }
        }
    }
    let value = |slot| dialogue.draft().get(slot).map(|filled| filled.value.clone());
    log.push(format!(
        "{} {}",
        value(Slot::Number).unwrap_or_default(),
        value(Slot::Place).unwrap_or_default()
    ));
    log
}

#[test]
fn a_number_is_dictated_and_put_right() {
    for (said, number) in [
        (&["幺三九五五五零八八九八", "不对，最后四位是八八九九", "对的"][..], "13955508899"),
        (&["要三九，五五五洞，八八九九", "对的"], "13955508899"),
        (&["我的电话是139 5550 8898", "不是八八九八，是八八九九", "是的"], "13955508899"),
        (&["幺三九五五五零", "八八九九", "没错"], "13955508899"),
        (&["零五七九八二三幺幺二三四", "对"], "057982311234"),
        (&["幺三九五五五零八八九八", "不对", "是幺三九五五五零八八九九", "对的"], "13955508899"),
        (&["我不想说"], ""),
    ] {
        let words: Vec<&str> =
            std::iter::once("我建议公交车晚点收班").chain(said.iter().copied()).collect();
        let log = withheld(&words, true);
        let last = log.last().unwrap();
        assert_eq!(last.trim(), number, "{said:?}: {}", log.join("\n"));
        let told = log.iter().any(|text| text.contains("工单号是"));
        assert!(told, "{said:?}: {}", log.join("\n"));
    }
}

#[test]
fn one_part_of_the_place_is_put_right() {
    let story = "昨天晚上十点白龙桥镇临江路二十六号工地施工太吵，我要投诉";
    for (said, place) in [
        ("不是白龙桥镇，是汤溪镇", "浙江省金华市婺城区汤溪镇 临江路二十六号"),
        ("是三十六号不是二十六号", "浙江省金华市婺城区白龙桥镇 临江路三十六号"),
        ("不对，是三十六号", "浙江省金华市婺城区白龙桥镇 临江路三十六号"),
        ("不对，是前天晚上", "浙江省金华市婺城区白龙桥镇 临江路二十六号"),
    ] {
        let log = withheld(&[story, said], false);
        let all = log.join("\n");
        assert!(all.contains("，时间是昨天晚上十点"), "{said}: {all}");
        let told = log.last().unwrap().trim();
        assert!(told.starts_with(place), "{said}: {all}");
    }
}

#[test]
fn what_is_asked_and_known_is_answered() {
    for words in ["老板拖欠工资怎么办", "老板拖欠工资怎么投诉"] {
        let log = withheld(&[words], false);
        assert!(log.iter().any(|text| text.contains("依据")), "{words}: {}", log.join("\n"));
    }
    for words in ["老板拖欠工资没人管", "白龙桥镇的老板拖欠工资怎么办", "工地太吵怎么没人管"]
    {
        let log = withheld(&[words], false);
        assert!(!log.iter().any(|text| text.contains("依据")), "{words}: {}", log.join("\n"));
    }
}
