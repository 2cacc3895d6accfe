//! What must hold whatever a caller does.

use std::sync::Arc;

use huiyin::dialogue::{Effect, Input, Line};
use huiyin::kernel::Rng;

use super::Desk;
use super::script::{self, written};

/// What callers say.
const ROWS: [&str; 48] = [
    "我上次反映的事办到哪了 | progress",
    "帮我催一下工单 | progress",
    "工单号二六幺幺二零零零零幺 | progress",
    "二六幺幺二零零零零幺",
    "二六幺幺",
    "八八九九",
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
    "那个补贴 | hit=c:0.3 hit=d:0.25 hit=e:0.2",
    "哪个证 | question hit=c:0.3 hit=f:0.25",
    "第二个",
    "都不是 | no",
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
    "屋里有股怪味头有点晕 | doubt=fire tells",
    "他好像要做傻事 | doubt=self_harm sure=0.4",
    "有谁在那边吗 | doubt=person",
    "很满意 | grade=very_satisfied yes",
    "路灯坏了好几天了 | topic=路灯 tells",
];

/// One of the inputs that a line can bring, by chance.
fn any_input(desk: &mut Desk, rng: &mut Rng) -> Option<Input> {
    let rows = ["unclear", "silent", "said", "cut 0", "cut 1", "deadline", "later 3000"];
    let machine =
        ["waiting 3 90", "waiting 1", "agent reached", "agent lost", "agent done", "nobody"];
    let found = ["nothing", "locked", "failed", "2611200001 closed", "2611200001 signed others=1"];
    let rare = ["full", "overloaded", "busy", "begin", "stored 2611220007", "hang_up"];
    let row = match rng.below(20) {
        0..8 => return rng.pick(&ROWS).map(|row| desk.heard(row)),
        8..14 => *rng.pick(&rows)?,
        14..16 => {
            return rng.pick(&['0', '1', '2', '3', '5', '*', '#']).map(|key| Input::Key(*key));
        }
        16 => return desk.read(&format!("found {}", rng.pick(&found)?)),
        17..19 => *rng.pick(&machine)?,
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
                    assert!(self.saved, "seed {seed}: handed over before the draft was saved");
                }
                Effect::HangUp { .. } => self.over = true,
                Effect::Say(say) => self.said(desk, &written(say), seed),
                Effect::Hush
                | Effect::LeaveQueue { .. }
                | Effect::LookUp(_)
                | Effect::Urge { .. } => {}
            }
        }
        let idle = matches!(desk.dialogue.state_name(), "new" | "talking" | "ended");
        assert_eq!(desk.dialogue.deadline().is_none(), idle, "seed {seed}: a deadline is set");
        assert_eq!(
            desk.dialogue.state_name() == "ended",
            self.over,
            "seed {seed}: ends with a hang-up"
        );
    }

    fn said(&mut self, desk: &Desk, said: &str, seed: u64) {
        let key = said.trim_start_matches("say ").split('/').next().unwrap_or_default();
        if [Line::AskNarrative, Line::AskPlace, Line::AskTime].map(Line::key).contains(&key)
            && !self.questions.iter().any(|asked| asked == key)
        {
            self.questions.push(key.to_owned());
        }
        assert!(self.questions.len() <= 2, "seed {seed}: asked {:?}", self.questions);
        let numbered = [Line::NobodyRegistered, Line::NobodyNoNumber, Line::CallbackRegistered];
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
    for seed in 0..6_000 {
        let mut rng = Rng::new(seed);
        let mut desk = Desk::new(Arc::clone(&prompts), rng.chance(0.9).then_some("13800000000"));
        let mut watch = Watch { saved: false, over: false, questions: Vec::new() };
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
        while !matches!(desk.dialogue.state_name(), "waiting" | "talking" | "ended" | "callback") {
            let tick = desk.read("deadline").unwrap();
            desk.give(tick);
            steps += 1;
            assert!(steps < 20, "seed {seed}: stuck in {}", desk.dialogue.state_name());
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
        let wish = if rng.chance(0.2) && !matches!(state, "number" | "number_keys" | "ticket_number" | "last_four") {
            Input::Key('0')
        } else {
            desk.heard("转人工 | person")
        };
        let effects = desk.give(wish);
        seen.insert(state);
        let handed = effects.iter().position(|e| matches!(e, Effect::HandOver { .. }));
        assert_eq!(handed.is_some(), !waiting, "seed {seed}: from {state}: {effects:?}");
        assert_eq!(desk.dialogue.state_name(), "waiting", "seed {seed}: from {state}");
        let saved = effects.iter().position(|e| matches!(e, Effect::Save(_)));
        assert!(saved.is_none() || waiting || saved < handed, "seed {seed}: saved first");
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
    for state in states.into_iter().chain(["waiting", "closing", "leave_word"]).chain([
        "number",
        "number_back",
        "number_keys",
        "looking_up",
        "ticket_number",
        "ticket_back",
        "progress_person",
    ]) {
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

/// What may be answered to a closed question: bare words, more or less surely heard.
fn any_answer(desk: &mut Desk, rng: &mut Rng) -> Option<Input> {
    const WORDS: [&str; 7] = [
        "对的 | yes",
        "不是 | no",
        "需要 | yes",
        "没帮助 | no",
        "就那样嘛 |",
        "幺三八零零幺三八零零零 | number=13800138000:13800138000",
        "不对，最后四位是八八九九 | no",
    ];
    let row = match rng.below(10) {
        0..6 => format!("heard {} sure={:.2}", rng.pick(&WORDS)?, rng.unit()),
        6 => "unclear".to_owned(),
        7 => "silent".to_owned(),
        8 => format!("key {}", rng.pick(&['1', '2', '7'])?),
        _ => "said".to_owned(),
    };
    desk.read(&row)
}

/// Sure or not, nothing that is said into a question is dropped: something is said or done about it; and what was
/// heard in doubt decides nothing: the question is put again, or its asking ends.
#[test]
fn no_answer_is_lost_and_none_counts_in_doubt() {
    const CLOSED: [&str; 5] = ["confirm", "helped", "place_back", "number_back", "callback"];
    const OPENINGS: [&str; 4] = [
        "居住证 | question hit=b:0.5",
        "身份证丢了怎么补 | question hit=a:0.9",
        "白龙桥镇太吵 | matter=complaint:0.9 tells place=白龙桥镇:330702103",
        "转人工 | person",
    ];
    let prompts = script::prompts();
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..4_000 {
        let mut rng = Rng::new(seed);
        let mut desk = Desk::new(Arc::clone(&prompts), rng.chance(0.5).then_some("13800000000"));
        desk.give(Input::Begin);
        let first = rng.pick(&OPENINGS).map(|row| desk.heard(row));
        desk.give(first.unwrap());
        let lead = *rng.pick(&["nobody", "later 125000", "unclear", "stored 2611220007"]).unwrap();
        for row in ["said", lead, "stored 2611220007"] {
            if let Some(input) = desk.read(row) {
                desk.give(input);
            }
        }
        for _ in 0..30 {
            if let Some(said) = desk.read("said") {
                desk.give(said);
            }
            let state = desk.dialogue.state_name();
            let asking = !matches!(state, "waiting" | "talking" | "ended" | "saving" | "closing");
            let Some(input) = any_answer(&mut desk, &mut rng).filter(|_| asking) else { break };
            let bare = matches!(&input, Input::Heard(u) if u.reading.facts.is_empty()
                && !u.utterance.text.contains('，'));
            let doubt = matches!(&input, Input::Heard(u) if u.utterance.confidence < 0.6);
            let typed = state == "number_keys" || matches!(input, Input::Key(_));
            let given = format!("{input:?}");
            let effects = desk.give(input);
            seen.insert(state);
            let done = !effects.is_empty() || typed;
            assert!(done, "seed {seed}: in {state} nothing follows {given}");
            let after = desk.dialogue.state_name();
            let stays = after == state || matches!(after, "waiting" | "closing" | "saving");
            if CLOSED.contains(&state) && bare && doubt {
                assert!(stays, "seed {seed}: {given} led from {state} to {after}");
            }
        }
    }
    for state in CLOSED.into_iter().chain(["number", "number_keys", "leave_word", "fill"]) {
        assert!(seen.contains(state), "{state} was never reached: {seen:?}");
    }
}

/// The commands that a closed set can deliver, in every state that a caller can be in: obeyed, or answered.
#[test]
fn commands_are_heard_in_every_state() {
    let prompts = script::prompts();
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..6_000 {
        let mut rng = Rng::new(seed);
        let mut desk = Desk::new(Arc::clone(&prompts), rng.chance(0.6).then_some("13800000000"));
        desk.give(Input::Begin);
        for _ in 0..rng.below(30) {
            if let Some(input) = any_input(&mut desk, &mut rng) {
                desk.give(input);
            }
        }
        if let Some(said) = desk.read("said") {
            desk.give(said);
        }
        let state = desk.dialogue.state_name();
        // Who waits for the store has the answer within its deadline.
        if matches!(state, "talking" | "ended" | "saving" | "looking_up") {
            continue;
        }
        let row = *rng
            .pick(&["再说一遍 | repeat", "慢一点 | slower", "等一下 | wait", "再见 | bye"])
            .unwrap();
        let command = desk.heard(row);
        let effects = desk.give(command);
        seen.insert((state, row));
        // 再见 may first have the ticket's number awaited.
        let done = desk.dialogue.state_name() == "saving"
            || effects.iter().any(|e| matches!(e, Effect::Say(_) | Effect::HangUp { .. }));
        assert!(done, "seed {seed}: in {state} nothing follows {row}");
    }
    for state in
        ["request", "confirm", "helped", "fill", "place_back", "waiting", "number", "number_back"]
    {
        let commands = seen.iter().filter(|(at, _)| *at == state).count();
        assert_eq!(commands, 4, "{state}: {seen:?}");
    }
}

/// Whatever a caller keeps saying when a number is asked for, the call comes to its ticket.
#[test]
fn a_number_is_not_asked_for_without_end() {
    let prompts = script::prompts();
    let all = [
        "heard 幺三九 |",
        "heard 零零 |",
        "heard 幺三九零零零零八八九八 | number=13900008898:13900008898",
        "heard 不对 | no",
        "heard 不对，最后四位是八八九九 | no",
        "heard 对的 | yes sure=0.3",
        "heard 那个什么 |",
        "unclear",
        "silent",
        "key 7",
        "key #",
        "key *",
    ];
    for seed in 0..6_000 {
        let mut rng = Rng::new(seed);
        let mut desk = Desk::new(Arc::clone(&prompts), None);
        let story = desk.heard("我建议多种树 | matter=suggestion:0.9 tells");
        for input in [Input::Begin, story, Input::NoAgents] {
            desk.give(input);
        }
        assert_eq!(desk.dialogue.state_name(), "number");
        // One, two or three things again and again.
        let rows: Vec<&str> = (0..=rng.below(3)).filter_map(|_| rng.pick(&all).copied()).collect();
        let mut steps = 0;
        while desk.dialogue.state_name().starts_with("number") {
            steps += 1;
            assert!(steps < 80, "seed {seed}: {rows:?} without end");
            let rows = ["said", *rng.pick(&rows).unwrap()];
            for input in rows.into_iter().filter_map(|row| desk.read(row)).collect::<Vec<_>>() {
                desk.give(input);
            }
        }
        assert_eq!(desk.dialogue.state_name(), "saving");
    }
}
