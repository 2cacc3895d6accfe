//! The callback: scripted talks as text, what must hold whatever a citizen does, and when it may dial.

use std::collections::BTreeSet;
use std::sync::Arc;

use huiyin::dialogue::{Manner, Prompts};
use huiyin::intake::Grade;
use huiyin::kernel::{Calendar, Civil, Moment, Pii, Rng, SurveyId, TicketId, Wall};
use huiyin::survey::schedule::{GiveUp, Made, Next, Window};
use huiyin::survey::{
    Answer, Effect, Given, Input, Matter, OnLine, Setup, Survey, SurveyOutcome, Value, VerifyReason,
};

#[path = "survey/cases.rs"]
mod cases;
#[path = "survey/talks.rs"]
mod talks;

use crate::dialogue::script::{self, Player, all_right, check, steps, understood, written};

/// A callback with its telephone and its clock.
struct Line {
    survey: Survey,
    player: Player,
    now: Moment,
    heard: u32,
    answers: Vec<Answer>,
}

impl Line {
    fn new(prompts: Arc<Prompts>) -> Line {
        let matter = Matter {
            ticket: TicketId(2_611_220_001),
            running: false,
            words: Pii::new("夜间施工噪声问题".to_owned()),
            when: "十一月二十二日".to_owned(),
        };
        let setup = Setup { survey: SurveyId(1), matter, prompts, manner: Manner::default() };
        Line {
            survey: Survey::new(setup),
            player: Player::default(),
            now: Moment::from_ms(1_000),
            heard: 0,
            answers: Vec::new(),
        }
    }

    fn give(&mut self, input: Input) -> Vec<Effect> {
        self.now = self.now + 100;
        self.survey.handle(self.now, input);
        let effects = self.survey.drain();
        for effect in &effects {
            match effect {
                Effect::Say(say) => self.player.say(say),
                Effect::Hush => self.player.hush(),
                Effect::Record(answer) => self.answers.push(answer.clone()),
                _ => {}
            }
        }
        effects
    }

    fn read(&mut self, row: &str) -> Option<Input> {
        let (word, rest) = row.split_once(' ').unwrap_or((row, ""));
        Some(match word {
            "begin" => Input::Begin,
            "heard" => {
                self.heard += 1;
                Input::Heard(understood(self.heard, rest))
            }
            "unclear" => Input::Unclear,
            "silent" => Input::Silent,
            "key" => Input::Key { key: rest.chars().next()?, at_ms: self.now.ms },
            "said" => Input::SaidAll(self.player.finish()?),
            "cut" => {
                let (say, said, unsaid) = self.player.cut(rest.parse().ok()?)?;
                Input::Interrupted { say, said, unsaid }
            }
            "deadline" => {
                self.now = self.survey.deadline().unwrap_or(self.now);
                Input::Tick
            }
            "hang_up" => Input::HungUp,
            "line" => Input::OnLine(OnLine::Words(Pii::new(rest.to_owned()))),
            "beep" => Input::OnLine(OnLine::Beep),
            "busy_tone" => Input::OnLine(OnLine::Busy),
            "fax" => Input::OnLine(OnLine::Fax),
            "missed" => Input::Missed { status: rest.parse().ok() },
            other => panic!("no input is called {other}"),
        })
    }
}

fn effect_written(effect: &Effect) -> String {
    match effect {
        Effect::Say(say) => written(say),
        Effect::Hush => "hush".into(),
        Effect::Record(answer) => {
            let value = match answer.value() {
                Value::Solved(solved) => format!("solved {solved}"),
                Value::Satisfied(grade) => grade.key().to_owned(),
                Value::Reason => "reason".to_owned(),
                Value::Reopen(reopen) => format!("reopen {reopen}"),
            };
            let confirmed = if answer.is_confirmed() { " confirmed" } else { "" };
            let key = answer.key().map(|key| format!(" key {key}")).unwrap_or_default();
            format!("record {value}{key}{confirmed}")
        }
        Effect::Verify { reason } => format!("verify {}", reason.key()),
        Effect::Finish(outcome) => format!("finish {}", outcome.key()),
        Effect::HangUp => "hang_up".into(),
    }
}

fn play(name: &str, script: &str) -> Result<(), String> {
    let mut line = Line::new(script::prompts());
    for step in steps(script) {
        let effects = match line.read(step.input) {
            Some(input) => line.give(input),
            None => Vec::new(),
        };
        let got: Vec<String> = effects.iter().map(effect_written).collect();
        check(name, &step, &got, line.survey.state_name())?;
    }
    Ok(())
}

#[test]
fn scripted_callbacks() {
    all_right(talks::TALKS.iter().map(|(name, script)| play(name, script)));
}

fn any_input(line: &mut Line, rng: &mut Rng) -> Option<Input> {
    const ROWS: [&str; 33] = [
        "heard 解决了 | yes",
        "heard 解决了 | yes sure=0.4",
        "heard 满意 | yes grade=satisfied sure=0.3",
        "heard 不满意 | grade=dissatisfied sure=0.5",
        "heard 对的 | yes sure=0.2",
        "heard 没解决 | no",
        "heard 都解决了很满意 | yes grade=very_satisfied",
        "heard 满意 | yes grade=satisfied",
        "heard 不满意 | grade=dissatisfied",
        "heard 非常不满意 | grade=very_dissatisfied",
        "heard 满意什么呀根本没解决 | no grade=satisfied",
        "heard 对的 | yes",
        "heard 不对 | no",
        "heard 半夜还在吵",
        "heard 我在开车呢",
        "heard 打错了吧",
        "heard 你是谁啊",
        "heard 别再打了 | stop_calling",
        "heard 转人工 | person",
        "heard 再说一遍 | repeat",
        "heard 等一下 | wait",
        "heard 再见 | bye",
        "heard 嗯 | yes",
        "heard 着火了 | emergency=fire",
        "hang_up",
        "begin",
        "heard 我妈妈不在家",
        "heard 他不在",
        "heard 你是机器人吗",
        "heard 您好我现在不方便接听请在滴声后留言",
        "heard 您拨打的用户已关机",
        "beep",
        "busy_tone",
    ];
    const KEYS: [&str; 8] =
        ["key 0", "key 1", "key 2", "key 3", "key 4", "key 5", "key 9", "key *"];
    let row = match rng.below(10) {
        0..4 => *rng.pick(&ROWS)?,
        4..6 => *rng.pick(&KEYS)?,
        _ => {
            *rng.pick(&["said", "said", "said", "cut 0", "cut 1", "unclear", "silent", "deadline"])?
        }
    };
    line.read(row)
}

/// What may be on the line before anybody picks up.
fn any_ringing(line: &mut Line, rng: &mut Rng) -> Option<Input> {
    const ROWS: [&str; 16] = [
        "line 您拨打的用户已关机",
        "line 您拨打的号码是空号",
        "line 您拨打的电话已停机",
        "line 您拨打的用户不在服务区",
        "line 您拨打的电话无人接听",
        "line 您拨打的电话正在通话中",
        "line 请不要挂机您拨打的电话正在通话中",
        "line 解决了非常满意别再打了",
        "line 转人工",
        "busy_tone",
        "beep",
        "fax",
        "missed 486",
        "missed 480",
        "missed 403",
        "missed 500",
    ];
    let row = if rng.chance(0.5) { *rng.pick(&ROWS)? } else { return None };
    line.read(row)
}

#[test]
fn whatever_happens_the_callback_ends_once_and_invents_nothing() {
    let prompts = script::prompts();
    let mut outcomes = BTreeSet::new();
    for seed in 0..4_000 {
        let mut rng = Rng::new(seed);
        let mut line = Line::new(Arc::clone(&prompts));
        let mut log = match any_ringing(&mut line, &mut rng) {
            Some(ringing) => line.give(ringing),
            None => Vec::new(),
        };
        log.extend(line.give(Input::Begin));
        for _ in 0..40 {
            let Some(input) = any_input(&mut line, &mut rng) else {
                continue;
            };
            let given = format!("{input:?}");
            let effects = line.give(input);
            let idle = matches!(line.survey.state_name(), "new" | "ended");
            assert_eq!(line.survey.deadline().is_none(), idle, "seed {seed}: after {given}");
            log.extend(effects);
        }
        for _ in 0..40 {
            if let Some(input) = line.read("deadline") {
                log.extend(line.give(input));
            }
        }
        let finishes: Vec<&Effect> =
            log.iter().filter(|e| matches!(e, Effect::Finish(_))).collect();
        let hang_ups = log.iter().filter(|e| matches!(e, Effect::HangUp)).count();
        let verifies = log.iter().filter(|e| matches!(e, Effect::Verify { .. })).count();
        assert_eq!((finishes.len(), hang_ups), (1, 1), "seed {seed}");
        assert!(matches!(log.last(), Some(Effect::HangUp)), "seed {seed}: hanging up is last");
        assert!(verifies <= 1, "seed {seed}");
        let graded: Vec<Grade> = line.answers.iter().filter_map(Answer::grade).collect();
        if let [Effect::Finish(outcome)] = finishes.as_slice() {
            let complete = *outcome == SurveyOutcome::Complete;
            assert!(!complete || !graded.is_empty(), "seed {seed}: complete without a grade");
            outcomes.insert(*outcome);
        }
        if graded.iter().any(|grade| grade.is_unhappy()) {
            assert_eq!(verifies, 1, "seed {seed}: an unhappy answer is verified");
        }
    }
    assert_eq!(outcomes.len(), SurveyOutcome::ALL.len(), "every outcome comes up: {outcomes:?}");
}

#[test]
fn every_answer_points_at_its_words_or_its_key() {
    let mut line = Line::new(script::prompts());
    for row in [
        "begin",
        "said",
        "heard 解决了 | yes",
        "said",
        "heard 不满意 | grade=dissatisfied",
        "said",
        "heard 对的 | yes",
        "said",
    ] {
        if let Some(input) = line.read(row) {
            line.give(input);
        }
    }
    if let Some(input) = line.read("heard 他们态度不好") {
        line.give(input);
    }
    let [solved, grade, reason] = line.answers.as_slice() else { panic!("{:?}", line.answers) };
    assert_eq!(solved.solved(), Some(true));
    assert_eq!(solved.words().map(|w| w.reveal().as_str()), Some("解决了"));
    assert_eq!(solved.heard_at_ms(), (10_000, 11_500));
    assert_eq!((grade.grade(), grade.key()), (Some(Grade::Dissatisfied), None));
    assert!(grade.evidence().is_some() && grade.heard_at_ms().0 > 0);
    assert!(matches!(grade.confirmed_by(), Some(Given::Spoken { .. })));
    assert_eq!(reason.words().map(|w| w.reveal().as_str()), Some("他们态度不好"));
    assert_eq!(format!("{:?}", reason.words()), "Some(***)");
}

/// A sample asks citizens whose case runs still: it is not told to be closed, and nobody is asked to reopen it.
#[test]
fn a_case_that_runs_is_asked_about_as_one_that_runs() {
    for (running, told, asked) in [(true, "notice_running", false), (false, "notice_callback", true)] {
        let mut line = Line::new(script::prompts());
        let matter = Matter {
            ticket: TicketId(2_611_220_001),
            running,
            words: Pii::new("夜间施工噪声问题".to_owned()),
            when: "十一月二十二日".to_owned(),
        };
        let (prompts, manner) = (script::prompts(), Manner::default());
        line.survey = Survey::new(Setup { survey: SurveyId(1), matter, prompts, manner });
        let said: Vec<String> =
            ["begin", "said", "key 2", "said", "key 5", "said", "heard 他们没有来"]
                .into_iter()
                .flat_map(|row| {
                    let input = line.read(row).unwrap();
                    line.give(input)
                })
                .filter_map(|effect| match effect {
                    Effect::Say(say) => Some(say.text),
                    _ => None,
                })
                .collect();
        assert!(said.first().is_some_and(|notice| notice.contains(told)), "{said:?}");
        assert_eq!(said.iter().any(|text| text.starts_with("reopen")), asked, "{said:?}");
    }
}

#[test]
fn keys_read_back() {
    for outcome in SurveyOutcome::ALL {
        assert_eq!(SurveyOutcome::from_key(outcome.key()), Some(outcome));
    }
    for reason in VerifyReason::ALL {
        assert_eq!(VerifyReason::from_key(reason.key()), Some(reason));
    }
}

// ---- when to dial ----

fn next_attempt(not_before: Wall, own: &[Wall], window: &Window) -> Next {
    let made = Made { own, others: &[] };
    huiyin::survey::schedule::next_attempt(not_before, made, window, &Calendar::default())
}

/// `22 09:30` in November 2026, on the wall in China.
fn wall(text: &str) -> Wall {
    let numbers: Vec<u32> = text.split([' ', ':']).map(|part| part.parse().unwrap()).collect();
    let [day, hour, minute] = numbers[..] else { panic!("{text}") };
    Civil { year: 2026, month: 11, day: 1, hour, minute, second: 0 }
        .plus_days(i64::from(day) - 1)
        .wall()
}

#[test]
fn attempts_keep_to_the_window_the_day_and_the_spacing() {
    let rows: [(&str, &[&str], &str); 14] = [
        ("22 09:00", &[], "22 09:00"),
        ("22 08:59", &[], "22 09:00"),
        ("22 00:00", &[], "22 09:00"),
        ("22 19:59", &[], "22 19:59"),
        ("22 20:00", &[], "23 09:00"),
        ("22 23:59", &[], "23 09:00"),
        ("30 21:00", &[], "31 09:00"),
        ("22 10:00", &["22 10:00"], "22 12:00"),
        ("22 15:00", &["22 10:00"], "22 15:00"),
        ("22 18:30", &["22 18:30"], "23 09:00"),
        ("22 13:00", &["22 10:00", "22 12:30"], "23 09:00"),
        ("22 13:00", &["22 12:30", "22 10:00"], "23 09:00"),
        ("23 08:00", &["22 10:00", "22 12:30"], "23 09:00"),
        // The clock was set back: the attempts still count from when they were made.
        ("21 10:00", &["22 10:00"], "22 12:00"),
    ];
    for (now, attempts, expected) in rows {
        let made: Vec<Wall> = attempts.iter().map(|a| wall(a)).collect();
        let next = next_attempt(wall(now), &made, &Window::default());
        assert_eq!(next, Next::At(wall(expected)), "now {now}, attempts {attempts:?}");
    }
    let three = ["22 10:00", "22 13:00", "23 09:00"].map(wall);
    let next = next_attempt(wall("24 10:00"), &three, &Window::default());
    assert_eq!(next, Next::GiveUp(GiveUp::AttemptsUsed));
}

#[test]
fn a_window_may_be_the_whole_day_but_not_nonsense() {
    let always = Window::new("00:00", "24:00").unwrap().attempts(3, 3, 0).unwrap();
    for now in ["22 00:00", "22 03:00", "22 23:59"] {
        assert_eq!(next_attempt(wall(now), &[], &always), Next::At(wall(now)));
        assert_eq!(next_attempt(wall(now), &[wall(now)], &always), Next::At(wall(now)));
    }
    let twice = Window::new("00:00", "24:00").unwrap().attempts(2, 3, 60_000).unwrap();
    let made = ["22 23:57", "22 23:58"].map(wall);
    assert_eq!(next_attempt(wall("22 23:59"), &made, &twice), Next::At(wall("23 00:00")));
    for (opens, closes, message) in [
        ("9:00", "20:00", "9:00"),
        ("09:00", "24:01", "24:01"),
        ("09:60", "20:00", "09:60"),
        ("20:00", "09:00", "not after 20:00"),
        ("09:00", "09:00", "not after"),
        ("", "20:00", "time of day"),
    ] {
        let error = Window::new(opens, closes).unwrap_err().to_string();
        assert!(error.contains(message), "{opens} to {closes}: {error}");
    }
    assert!(Window::default().attempts(0, 3, 0).is_err());
    assert!(Window::default().attempts(1, 0, 0).is_err());
    assert!(Window::default().attempts(1, 1, -1).is_err());
}

#[test]
fn no_attempt_is_ever_outside_its_window() {
    let mut rng = Rng::new(1);
    for _ in 0..2_000 {
        let window = Window::default();
        let mut now = wall("22 00:00").plus_ms(rng.below(86_400_000 * 3) as i64);
        let mut made = Vec::new();
        while let Next::At(at) = next_attempt(now, &made, &window) {
            let local = at.civil();
            assert!(at >= now && (9..20).contains(&local.hour), "{local}");
            let today = made.iter().filter(|m: &&Wall| m.civil().days() == local.days()).count();
            assert!(today < 2, "{local}: a third attempt in a day");
            assert!(made.iter().all(|m| at.unix_ms - m.unix_ms >= 7_200_000), "{local}: too soon");
            made.push(at);
            now = at.plus_ms(rng.below(3_600_000 * 8) as i64);
        }
        assert_eq!(made.len(), 3);
    }
}

/// Whether these words, a key, or nothing that can be read: what a bad line brings.
fn any_answer(line: &mut Line, rng: &mut Rng) -> Option<Input> {
    const WORDS: [&str; 9] = [
        "解决了 | yes",
        "没解决 | no",
        "对的 | yes",
        "不对 | no",
        "满意 | yes grade=satisfied",
        "基本满意 | grade=basic",
        "不满意 | grade=dissatisfied",
        "没解决，非常不满意 | no grade=very_dissatisfied",
        "就那样嘛",
    ];
    let row = match rng.below(10) {
        0..6 => format!("heard {} sure={:.2}", rng.pick(&WORDS)?, rng.unit()),
        6 => "unclear".to_owned(),
        7 => "silent".to_owned(),
        8 => format!("key {}", rng.pick(&['1', '2', '3', '4', '5', '9'])?),
        _ => "said".to_owned(),
    };
    // A row without flags has no bar before its confidence.
    let row = if row.contains('|') { row } else { row.replacen(" sure", " | sure", 1) };
    line.read(&row)
}

/// However surely anything is heard: each question ends in an answer with words or a key behind it or the callback
/// ends with an outcome; nothing in doubt and no spoken negative counts before it is agreed to, and every turn of
/// the citizen's is answered.
#[test]
fn no_answer_is_lost_and_none_counts_in_doubt() {
    let prompts = script::prompts();
    for seed in 0..4_000 {
        let mut rng = Rng::new(seed);
        let mut line = Line::new(Arc::clone(&prompts));
        line.give(Input::Begin);
        let mut turns = 0;
        while line.survey.state_name() != "ended" {
            turns += 1;
            assert!(turns < 200, "seed {seed}: stuck in {}", line.survey.state_name());
            if let Some(said) = line.read("said") {
                line.give(said);
            }
            let state = line.survey.state_name();
            let Some(input) = any_answer(&mut line, &mut rng).filter(|_| state != "ended") else {
                continue;
            };
            // A key is no reason: words are waited for.
            let key = matches!(input, Input::Key { .. }) && state == "reason";
            let given = format!("{input:?}");
            let effects = line.give(input);
            let answered =
                key || effects.iter().any(|e| matches!(e, Effect::Say(_) | Effect::HangUp));
            assert!(answered, "seed {seed}: in {state} nothing follows {given}");
            let over = effects.iter().any(|e| matches!(e, Effect::Finish(_)));
            for effect in &effects {
                let Effect::Record(answer) = effect else { continue };
                let agreed = answer.is_confirmed() || answer.key().is_some();
                let reason = answer.value() == Value::Reason;
                assert!(agreed || reason || !answer.is_doubtful(), "seed {seed}: {answer:?}");
                assert!(agreed || over || !answer.is_negative(), "seed {seed}: {answer:?}");
            }
        }
    }
}
