//! The conversation: scripted talks as text, and what must hold whatever a caller does.

use std::sync::Arc;

use huiyin::dialogue::{
    Dialogue, Effect, HandOverReason, Input, Line, Manner, Outcome, Prompts, Setup, spoken_digits,
    spoken_number,
};
use huiyin::kernel::{CallId, Moment, Pii, Rng, Slot, TicketId};

#[path = "dialogue/doubts.rs"]
mod doubts;
#[path = "dialogue/numbers.rs"]
mod numbers;
#[path = "dialogue/script.rs"]
pub mod script;
#[path = "dialogue/talks.rs"]
mod talks;
#[path = "dialogue/waits.rs"]
mod waits;

use script::{Player, all_right, check, steps, understood, written};

/// A conversation with its telephone and its clock.
#[derive(Debug)]
struct Desk {
    dialogue: Dialogue,
    player: Player,
    now: Moment,
    heard: u32,
}

impl Desk {
    fn new(prompts: Arc<Prompts>, number: Option<&str>) -> Desk {
        let number = number.map(|number| Pii::new(number.to_owned()));
        let setup = Setup {
            call: CallId(1),
            number,
            prompts,
            manner: Manner::default(),
        };
        Desk {
            dialogue: Dialogue::new(setup),
            player: Player::default(),
            now: Moment::from_ms(1_000),
            heard: 0,
        }
    }

    fn give(&mut self, input: Input) -> Vec<Effect> {
        self.now = self.now + 100;
        self.dialogue.handle(self.now, input);
        let effects = self.dialogue.drain();
        for effect in &effects {
            match effect {
                Effect::Say(say) => self.player.say(say),
                Effect::Hush => self.player.hush(),
                _ => {}
            }
        }
        effects
    }

    fn heard(&mut self, row: &str) -> Input {
        self.heard += 1;
        Input::Heard(understood(self.heard, row))
    }

    /// A script's line as an input; nothing when the telephone has nothing to report.
    fn read(&mut self, row: &str) -> Option<Input> {
        let (word, rest) = row.split_once(' ').unwrap_or((row, ""));
        let number = |text: &str| {
            text.parse::<u64>()
                .unwrap_or_else(|_| panic!("{row}: a number"))
        };
        Some(match word {
            "begin" => Input::Begin,
            "heard" => self.heard(rest),
            "unclear" => Input::Unclear,
            "silent" => Input::Silent,
            "key" => Input::Key(rest.chars().next()?),
            "said" => Input::SaidAll(self.player.finish()?),
            "cut" => {
                let (say, said, unsaid) = self.player.cut(number(rest) as usize)?;
                Input::Interrupted { say, said, unsaid }
            }
            "stored" => Input::Stored {
                ticket: TicketId(number(rest)),
            },
            "waiting" => {
                let (position, estimate) = rest.split_once(' ').unwrap_or((rest, ""));
                let estimate_s = (!estimate.is_empty()).then(|| number(estimate) as u32);
                Input::Waiting {
                    position: number(position) as u32,
                    estimate_s,
                }
            }
            "agent" => match rest {
                "reached" => Input::AgentReached,
                "lost" => Input::AgentLost,
                _ => Input::AgentDone,
            },
            "nobody" => Input::NoAgents,
            "full" => Input::QueueFull,
            "overloaded" => Input::Overloaded,
            "hang_up" => Input::HungUp,
            "later" => {
                self.now = self.now + number(rest);
                Input::Tick
            }
            "deadline" => {
                self.now = self.dialogue.deadline().unwrap_or(self.now);
                Input::Tick
            }
            other => panic!("no input is called {other}"),
        })
    }
}

fn effect_written(effect: &Effect) -> String {
    match effect {
        Effect::Say(say) => written(say),
        Effect::Hush => "hush".into(),
        Effect::Save(_) => "save".into(),
        Effect::HandOver {
            reason,
            emergency: None,
        } => format!("hand_over {}", reason.key()),
        Effect::HandOver {
            reason,
            emergency: Some(emergency),
        } => {
            format!("hand_over {} {}", reason.key(), emergency.key())
        }
        Effect::HangUp { outcome } => format!("hang_up {}", outcome.key()),
    }
}

fn play(name: &str, number: Option<&str>, script: &str) -> Result<Desk, String> {
    let mut desk = Desk::new(script::prompts(), number);
    for step in steps(script) {
        let effects = match desk.read(step.input) {
            Some(input) => desk.give(input),
            None => Vec::new(),
        };
        let got: Vec<String> = effects.iter().map(effect_written).collect();
        check(name, &step, &got, desk.dialogue.state_name())?;
    }
    Ok(desk)
}

#[test]
fn scripted_talks() {
    let results = talks::TALKS
        .iter()
        .chain(waits::TALKS)
        .chain(doubts::TALKS)
        .chain(numbers::TALKS)
        .map(|(name, number, script)| play(name, *number, script));
    all_right(results.map(|result| result.map(|_| ())));
}

#[test]
fn a_denied_place_is_not_on_the_ticket_and_a_confirmed_one_stays() {
    let denied = play("denied", Some("13800000000"), talks::PLACE_DENIED_TWICE).unwrap();
    assert!(denied.dialogue.draft().get(Slot::Place).is_none());
    let corrected = play("corrected", Some("13800000000"), talks::PLACE_CORRECTED).unwrap();
    let place = corrected
        .dialogue
        .draft()
        .get(Slot::Place)
        .map(|place| place.value.clone());
    assert_eq!(place.as_deref(), Some("金华市婺城区汤溪镇"));
    assert!(corrected.dialogue.draft().is_confirmed(Slot::Place));
}

/// One of the inputs that a line can bring, by chance.
fn any_input(desk: &mut Desk, rng: &mut Rng) -> Option<Input> {
    const ROWS: [&str; 35] = [
        "对的 | yes sure=0.3",
        "不是 | no sure=0.4",
        "转人工 | bye sure=0.3",
        "幺三八零零幺三八零零零 | number=13800138000:13800138000",
        "幺三九",
        "零零幺三八零零零",
        "不对，最后四位是八八九九 | no",
        "是三六不是三八",
        "打我另一个号码",
        "不是二十六号是三十六号",
        "不用了 | no",
        "身份证丢了怎么补 | question hit=a:0.9 tells",
        "居住证 | question hit=b:0.5",
        "那个什么的事情 | question",
        "工地晚上太吵了你们管不管 | matter=complaint:0.9 topic=施工噪声 tells",
        "白龙桥镇工地半夜施工 | matter=report:0.8 place=婺城区白龙桥镇:330702103 time=昨晚 tells",
        "在婺城区 | place=婺城区:330702",
        "不对是汤溪镇 | no place=婺城区汤溪镇:330702104",
        "昨天晚上十点 | time=昨天晚上十点",
        "对的 | yes",
        "不是 | no",
        "嗯 | yes",
        "喂你好",
        "谢谢啊",
        "不知道",
        "再说一遍 | repeat",
        "慢一点 | slower",
        "等一下 | wait",
        "再见 | bye",
        "别再打了 | stop_calling",
        "我建议多种树 | matter=suggestion:0.9 tells",
        "着火了 | emergency=fire",
        "我不想活了 | emergency=self_harm",
        "很满意 | grade=very_satisfied yes",
        "路灯坏了好几天了 | topic=路灯 tells",
    ];
    let rows = [
        "unclear",
        "silent",
        "said",
        "cut 0",
        "cut 1",
        "deadline",
        "later 3000",
    ];
    let machine = [
        "waiting 3 90",
        "waiting 1",
        "agent reached",
        "agent lost",
        "agent done",
        "nobody",
    ];
    let rare = [
        "full",
        "overloaded",
        "begin",
        "stored 2611220007",
        "hang_up",
    ];
    let row = match rng.below(20) {
        0..8 => return rng.pick(&ROWS).map(|row| desk.heard(row)),
        8..14 => *rng.pick(&rows)?,
        14..16 => {
            return rng
                .pick(&['0', '1', '2', '3', '5', '*', '#'])
                .map(|key| Input::Key(*key));
        }
        16..19 => *rng.pick(&machine)?,
        _ => *rng.pick(&rare)?,
    };
    desk.read(row)
}

/// What holds after every step: somebody will speak, or a deadline is set; at most one hang-up, and it is last;
/// a person is called only when the draft was handed out for storing; a number is told only once it is known.
struct Watch {
    saved: bool,
    over: bool,
    questions: Vec<String>,
}

impl Watch {
    fn look(&mut self, desk: &Desk, effects: &[Effect], seed: u64) {
        for effect in effects {
            assert!(!self.over, "seed {seed}: {effect:?} after the end");
            match effect {
                Effect::Save(_) => self.saved = true,
                Effect::HandOver { .. } => {
                    assert!(
                        self.saved,
                        "seed {seed}: handed over before the draft was saved"
                    );
                }
                Effect::HangUp { .. } => self.over = true,
                Effect::Say(say) => self.said(desk, &written(say), seed),
                Effect::Hush => {}
            }
        }
        let idle = matches!(desk.dialogue.state_name(), "new" | "talking" | "ended");
        assert_eq!(
            desk.dialogue.deadline().is_none(),
            idle,
            "seed {seed}: a deadline is set"
        );
        assert_eq!(
            desk.dialogue.state_name() == "ended",
            self.over,
            "seed {seed}: ends with a hang-up"
        );
    }

    fn said(&mut self, desk: &Desk, said: &str, seed: u64) {
        let key = said
            .trim_start_matches("say ")
            .split('/')
            .next()
            .unwrap_or_default();
        if [Line::AskNarrative, Line::AskPlace, Line::AskTime]
            .map(Line::key)
            .contains(&key)
            && !self.questions.iter().any(|asked| asked == key)
        {
            self.questions.push(key.to_owned());
        }
        assert!(
            self.questions.len() <= 2,
            "seed {seed}: asked {:?}",
            self.questions
        );
        let numbered = [
            Line::NobodyRegistered,
            Line::NobodyNoNumber,
            Line::CallbackRegistered,
        ];
        if numbered.map(Line::key).contains(&key) {
            assert!(
                desk.dialogue.ticket().is_some(),
                "seed {seed}: told a number before it was stored"
            );
        }
    }
}

#[test]
fn whatever_happens_the_line_is_never_dead() {
    let prompts = script::prompts();
    for seed in 0..3_000 {
        let mut rng = Rng::new(seed);
        let mut desk = Desk::new(
            Arc::clone(&prompts),
            rng.chance(0.9).then_some("13800000000"),
        );
        let mut watch = Watch {
            saved: false,
            over: false,
            questions: Vec::new(),
        };
        let effects = desk.give(Input::Begin);
        watch.look(&desk, &effects, seed);
        for _ in 0..60 {
            if let Some(input) = any_input(&mut desk, &mut rng) {
                let effects = desk.give(input);
                watch.look(&desk, &effects, seed);
            }
        }
    }
}

/// A caller who only lets time pass comes to an end or to people from any state.
#[test]
fn silence_ends_every_state() {
    let prompts = script::prompts();
    for seed in 0..1_000 {
        let mut rng = Rng::new(seed);
        let number = rng.chance(0.6).then_some("13800000000");
        let mut desk = Desk::new(Arc::clone(&prompts), number);
        desk.give(Input::Begin);
        for _ in 0..rng.below(25) {
            if let Some(input) = any_input(&mut desk, &mut rng) {
                desk.give(input);
            }
        }
        let mut steps = 0;
        while !matches!(
            desk.dialogue.state_name(),
            "waiting" | "talking" | "ended" | "callback"
        ) {
            let tick = desk.read("deadline").unwrap();
            desk.give(tick);
            steps += 1;
            assert!(
                steps < 20,
                "seed {seed}: stuck in {}",
                desk.dialogue.state_name()
            );
        }
    }
}

#[test]
fn a_person_is_called_within_one_step_from_any_state() {
    let prompts = script::prompts();
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..2_000 {
        let mut rng = Rng::new(seed);
        let number = rng.chance(0.6).then_some("13800000000");
        let mut desk = Desk::new(Arc::clone(&prompts), number);
        desk.give(Input::Begin);
        for _ in 0..rng.below(30) {
            if let Some(input) = any_input(&mut desk, &mut rng) {
                desk.give(input);
            }
        }
        let state = desk.dialogue.state_name();
        if matches!(state, "talking" | "ended") {
            continue;
        }
        let waiting = matches!(state, "waiting" | "callback");
        let wish = if rng.chance(0.2) && !matches!(state, "number" | "number_keys") {
            Input::Key('0')
        } else {
            desk.heard("转人工 | person")
        };
        let effects = desk.give(wish);
        seen.insert(state);
        let handed = effects
            .iter()
            .position(|e| matches!(e, Effect::HandOver { .. }));
        assert_eq!(
            handed.is_some(),
            !waiting,
            "seed {seed}: from {state}: {effects:?}"
        );
        assert_eq!(
            desk.dialogue.state_name(),
            "waiting",
            "seed {seed}: from {state}"
        );
        let saved = effects.iter().position(|e| matches!(e, Effect::Save(_)));
        assert!(
            saved.is_none() || waiting || saved < handed,
            "seed {seed}: saved first"
        );
    }
    let states = [
        "request",
        "rephrase",
        "more",
        "go_on",
        "confirm",
        "helped",
        "fill",
        "place_back",
        "saving",
    ];
    for state in states
        .into_iter()
        .chain(["waiting", "closing", "leave_word"])
        .chain(["number", "number_back", "number_keys"])
    {
        assert!(seen.contains(state), "{state} was never reached: {seen:?}");
    }
}

#[test]
fn the_same_inputs_give_the_same_talk() {
    let run = |seed: u64| {
        let mut rng = Rng::new(seed);
        let mut desk = Desk::new(script::prompts(), None);
        let mut log = vec![format!("{:?}", desk.give(Input::Begin))];
        for _ in 0..100 {
            if let Some(input) = any_input(&mut desk, &mut rng) {
                log.push(format!("{:?}", desk.give(input)));
            }
        }
        log
    };
    assert_eq!(run(7), run(7));
}

#[test]
fn hanging_up_keeps_what_was_told() {
    for (row, saves) in [
        ("工地太吵了我要投诉 | matter=complaint:0.9 tells", false),
        ("身份证丢了怎么办 | question hit=a:0.9 tells", true),
        ("喂你好", false),
    ] {
        let mut desk = Desk::new(script::prompts(), Some("13800000000"));
        desk.give(Input::Begin);
        let heard = desk.heard(row);
        let before = desk.give(heard);
        let effects = desk.give(Input::HungUp);
        let saved = |effects: &[Effect]| effects.iter().any(|e| matches!(e, Effect::Save(_)));
        // A complaint was handed out for storing at once; an answer in the making is kept on hanging up.
        assert_eq!(saved(&effects), saves, "{row}");
        let told = row.contains("tells");
        assert_eq!(saved(&before) || saved(&effects), told, "{row}");
        let outcome = effects.last().map(effect_written);
        assert_eq!(outcome.as_deref(), Some("hang_up abandoned"), "{row}");
    }
}

#[test]
fn prompts_are_checked_when_loaded() {
    let good = Prompts::builtin().unwrap();
    for line in Line::ALL {
        assert!(good.wordings(*line) > 0, "{}", line.key());
    }
    let dir = tempfile::tempdir().unwrap();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts/zh-CN");
    let texts = ["dialogue.toml", "survey.toml"].map(|f| std::fs::read_to_string(folder.join(f)));
    let Ok([dialogue, survey]) = texts
        .into_iter()
        .collect::<Result<Vec<_>, _>>()
        .map(|t| [t[0].clone(), t[1].clone()])
    else {
        eprintln!("skipped: no prompts folder beside the manifest");
        return;
    };
    let rows: [(&str, String, &str); 7] = [
        (
            "unused",
            format!("{dialogue}\nnoise = \"哦\"\n"),
            "nothing says \"noise\"",
        ),
        (
            "missing",
            dialogue.replace("goodbye = ", "# "),
            "\"goodbye\" is missing",
        ),
        (
            "unknown slot",
            dialogue.replace("{position}位，请稍等", "{place}位，请稍等"),
            "slot {place}",
        ),
        (
            "left-out slot",
            dialogue.replace("{number}。我同时", "一一九。我同时"),
            "leaves out the slot {number}",
        ),
        (
            "open brace",
            dialogue.replace("{answer}", "{answer"),
            "does not close",
        ),
        (
            "empty",
            dialogue.replace("go_on = \"您请讲。\"", "go_on = []"),
            "go_on has no text",
        ),
        ("syntax", format!("{dialogue}\n= 1"), "dialogue.toml"),
    ];
    for (name, text, message) in rows {
        assert_ne!(text, dialogue, "{name}: the fault is in the text");
        std::fs::write(dir.path().join("dialogue.toml"), text).unwrap();
        std::fs::write(dir.path().join("survey.toml"), &survey).unwrap();
        let error = Prompts::load(dir.path()).unwrap_err().to_string();
        assert!(
            error.contains(message) && error.contains("dialogue.toml"),
            "{name}: {error}"
        );
    }
    std::fs::remove_file(dir.path().join("survey.toml")).unwrap();
    std::fs::write(dir.path().join("dialogue.toml"), &dialogue).unwrap();
    assert!(
        Prompts::load(dir.path())
            .unwrap_err()
            .to_string()
            .contains("survey.toml")
    );
}

#[test]
fn prompts_hold_nothing_that_the_voice_cannot_read() {
    let prompts = Prompts::builtin().unwrap();
    for line in Line::ALL {
        for turn in 0..prompts.wordings(*line) {
            let text = prompts.text(*line, turn, &[]);
            let odd = text
                .chars()
                .find(|c| c.is_ascii() || matches!(c, '《' | '》' | '（' | '）'));
            assert_eq!(odd, None, "{}: {text}", line.key());
            assert!(
                text.chars().count() <= 64,
                "{} is too long to listen to: {text}",
                line.key()
            );
            let ends = text.is_empty() || text.ends_with(['。', '？']);
            assert!(ends, "{} does not end as a sentence: {text}", line.key());
        }
    }
}

#[test]
fn numbers_as_they_are_spoken() {
    for (digits, spoken) in [
        ("110", "幺幺零"),
        ("12345", "幺二三四五"),
        ("2611220007", "二六，幺幺二二，零零零七"),
        ("", ""),
    ] {
        assert_eq!(spoken_digits(digits), spoken);
    }
    for (number, spoken) in [
        (0, "零"),
        (3, "三"),
        (10, "十"),
        (12, "十二"),
        (20, "二十"),
        (105, "一百零五"),
        (112, "一百一十二"),
        (2_003, "两千零三"),
        (9_999, "九千九百九十九"),
        (10_000, "一万"),
    ] {
        assert_eq!(spoken_number(number), spoken);
    }
}

#[test]
fn keys_of_reasons_and_outcomes_read_back() {
    for reason in HandOverReason::ALL {
        assert_eq!(HandOverReason::from_key(reason.key()), Some(reason));
    }
    for outcome in Outcome::ALL {
        assert_eq!(Outcome::from_key(outcome.key()), Some(outcome));
    }
}
