//! The conversation: scripted talks as text, and what must hold whatever a caller does.

use std::sync::Arc;

use huiyin::dialogue::{
    Dialogue, Effect, HandOverReason, Input, Line, Manner, Outcome, Prompts, Setup, spoken_digits,
    spoken_number,
};
use huiyin::desk::Standing;
use huiyin::desk::standing::Found;
use huiyin::kernel::{CallId, Civil, Moment, Pii, Slot, TicketId};
use huiyin::knowledge::Bars;

#[path = "dialogue/doubts.rs"]
mod doubts;
#[path = "dialogue/numbers.rs"]
mod numbers;
#[path = "dialogue/offers.rs"]
mod offers;
#[path = "dialogue/progress.rs"]
mod progress;
#[path = "dialogue/properties.rs"]
mod properties;
#[path = "dialogue/safety.rs"]
mod safety;
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
            // The scripts' own bars: they tell how sure a hit is, not how sure one must be in service.
            manner: Manner {
                bars: Bars { answer: 0.6, confirm: 0.4, offer: 0.4, offered: 0.1 },
                ..Manner::default()
            },
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
        let number = |text: &str| text.parse::<u64>().unwrap_or_else(|_| panic!("{row}: a number"));
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
            "stored" => Input::Stored { ticket: TicketId(number(rest)) },
            "found" => Input::LookedUp(found(rest)),
            "waiting" => {
                let (position, estimate) = rest.split_once(' ').unwrap_or((rest, ""));
                let estimate_s = (!estimate.is_empty()).then(|| number(estimate) as u32);
                Input::Waiting { position: number(position) as u32, estimate_s }
            }
            "agent" => match rest {
                "reached" => Input::AgentReached,
                "lost" => Input::AgentLost,
                _ => Input::AgentDone,
            },
            "nobody" => Input::NoAgents,
            "full" => Input::QueueFull,
            "overloaded" => Input::Overloaded,
            "busy" => Input::Busy,
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

/// `nothing`, `locked`, `failed`, or a ticket and its step with what is known of it. It was opened on 20 November, the step was
/// on the 21st.
fn found(row: &str) -> Found {
    let mut words = row.split_whitespace();
    let ticket = match words.next().unwrap_or_default() {
        "nothing" => return Found::Nothing,
        "locked" => return Found::Locked,
        "failed" => return Found::Failed,
        ticket => TicketId(ticket.parse().unwrap_or_else(|_| panic!("{row}: a ticket"))),
    };
    let day = |day: u32| {
        Civil { year: 2026, month: 11, day, hour: 10, minute: 0, second: 0 }.wall()
    };
    let step = words.next().unwrap_or_default();
    let mut standing = Standing::new(ticket, day(20), [(step, day(21))]);
    let mut others = 0;
    for word in words {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        match name {
            "unit" => standing.unit = Some(value.to_owned()),
            "subject" => standing.subject = Some(value.to_owned()),
            "due" => standing.due = Some(day(value.parse().unwrap())),
            "others" => others = value.parse().unwrap(),
            other => panic!("a standing has no {other}"),
        }
    }
    Found::Ticket { standing: Box::new(standing), others }
}

fn effect_written(effect: &Effect) -> String {
    match effect {
        Effect::Say(say) => written(say),
        Effect::Hush => "hush".into(),
        Effect::Save(_) => "save".into(),
        Effect::HandOver { reason, emergency: None } => format!("hand_over {}", reason.key()),
        Effect::HandOver { reason, emergency: Some(emergency) } => {
            format!("hand_over {} {}", reason.key(), emergency.key())
        }
        Effect::LeaveQueue { callback } => if *callback { "leave_queue for a callback" } else { "leave_queue" }.into(),
        Effect::LookUp(query) => {
            let ticket = query.ticket.map_or("own".to_owned(), |ticket| ticket.0.to_string());
            let four = query.last_four.as_ref().map(|four| format!(" {}", four.reveal()));
            format!("look_up {ticket}{}", four.unwrap_or_default())
        }
        Effect::Urge { ticket } => format!("urge {}", ticket.0),
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
        .chain(offers::TALKS)
        .chain(progress::TALKS)
        .chain(safety::TALKS)
        .map(|(name, number, script)| play(name, *number, script));
    all_right(results.map(|result| result.map(|_| ())));
}

#[test]
fn a_denied_place_is_not_on_the_ticket_and_a_confirmed_one_stays() {
    let denied = play("denied", Some("13800000000"), talks::PLACE_DENIED_TWICE).unwrap();
    assert!(denied.dialogue.draft().get(Slot::Place).is_none());
    let corrected = play("corrected", Some("13800000000"), talks::PLACE_CORRECTED).unwrap();
    let place = corrected.dialogue.draft().get(Slot::Place).map(|place| place.value.clone());
    assert_eq!(place.as_deref(), Some("金华市婺城区汤溪镇"));
    assert!(corrected.dialogue.draft().is_confirmed(Slot::Place));
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
    let Ok([dialogue, survey]) =
        texts.into_iter().collect::<Result<Vec<_>, _>>().map(|t| [t[0].clone(), t[1].clone()])
    else {
        eprintln!("skipped: no prompts folder beside the manifest");
        return;
    };
    let rows: [(&str, String, &str); 7] = [
        ("unused", format!("{dialogue}\nnoise = \"哦\"\n"), "nothing says \"noise\""),
        ("missing", dialogue.replace("goodbye = ", "# "), "\"goodbye\" is missing"),
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
        ("open brace", dialogue.replace("{answer}", "{answer"), "does not close"),
        ("empty", dialogue.replace("go_on = \"您请讲。\"", "go_on = []"), "go_on has no text"),
        ("syntax", format!("{dialogue}\n= 1"), "dialogue.toml"),
    ];
    for (name, text, message) in rows {
        assert_ne!(text, dialogue, "{name}: the fault is in the text");
        std::fs::write(dir.path().join("dialogue.toml"), text).unwrap();
        std::fs::write(dir.path().join("survey.toml"), &survey).unwrap();
        let error = Prompts::load(dir.path()).unwrap_err().to_string();
        assert!(error.contains(message) && error.contains("dialogue.toml"), "{name}: {error}");
    }
    std::fs::remove_file(dir.path().join("survey.toml")).unwrap();
    std::fs::write(dir.path().join("dialogue.toml"), &dialogue).unwrap();
    assert!(Prompts::load(dir.path()).unwrap_err().to_string().contains("survey.toml"));
}

#[test]
fn prompts_hold_nothing_that_the_voice_cannot_read() {
    let prompts = Prompts::builtin().unwrap();
    for line in Line::ALL {
        for turn in 0..prompts.wordings(*line) {
            let text = prompts.text(*line, turn, &[]);
            let odd = text.chars().find(|c| c.is_ascii() || matches!(c, '《' | '》' | '（' | '）'));
            assert_eq!(odd, None, "{}: {text}", line.key());
            assert!(text.chars().count() <= 64, "{} is too long to listen to: {text}", line.key());
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
