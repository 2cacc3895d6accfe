//! The answers that our own questions name, and the everyday ones, are read by the real intake as what they are:
//! a question must not offer words that we do not understand.

use std::sync::Arc;

use huiyin::dialogue::{Dialogue, Effect, Input, Line, Manner, Prompts, Setup, Understood};
use huiyin::intake::{Command, Gazetteer, Grade, Intake};
use huiyin::kernel::{CallId, Civil, Moment, Pii};
use huiyin::speech::{Speaker, Utterance};

const NOW: Civil = Civil {
    year: 2026,
    month: 11,
    day: 22,
    hour: 10,
    minute: 0,
    second: 0,
};

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
                wrong.push(format!(
                    "{} {said}: offered {offered}, {reading:?}",
                    line.key()
                ));
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
    let setup = Setup {
        call: CallId(1),
        number,
        prompts,
        manner: Manner::default(),
    };
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
        give(
            &mut dialogue,
            Input::Heard(Understood {
                utterance,
                reading,
                hits: Vec::new(),
            }),
        );
    }
    log
}

#[test]
fn night_building_noise_is_taken_down_and_handed_over() {
    let log = talk(&[
        "我们小区旁边的工地半夜还在施工，吵得睡不着，我要投诉",
        "在白龙桥镇",
        "对的",
    ]);
    let said = log.join("\n");
    assert!(
        log.first()
            .is_some_and(|s| s.contains("智能客服") && s.contains("录音")),
        "{said}"
    );
    assert_eq!(
        log.last().map(String::as_str),
        Some("hand_over ticket"),
        "{said}"
    );
    assert!(
        said.contains("地点是白龙桥"),
        "the place is read back: {said}"
    );
    let asked =
        ["什么地方", "什么时候", "什么情况"].map(|q| log.iter().filter(|s| s.contains(q)).count());
    assert!(
        asked.iter().sum::<usize>() <= 2,
        "at most two questions: {said}"
    );
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
        assert_eq!(
            log.last().map(String::as_str),
            Some(last),
            "{words:?}: {}",
            log.join("\n")
        );
    }
}
