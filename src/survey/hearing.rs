//! What somebody says who is called and did not call.

use crate::dialogue::Understood;

/// Not now.
const BUSY: [&str; 27] = [
    "在开车",
    "开着车",
    "开车呢",
    "没空",
    "没有空",
    "没时间",
    "不方便",
    "在开会",
    "开会呢",
    "在忙",
    "正忙",
    "有点忙",
    "很忙",
    "太忙",
    "比较忙",
    "晚点再",
    "晚点打",
    "待会再",
    "等会再",
    "等会儿再",
    "过会再",
    "一会再",
    "一会儿再",
    "改天再",
    "回头再",
    "在上班",
    "在睡觉",
];
/// Not the person who reported.
const WRONG_PERSON: [&str; 14] = [
    "打错了",
    "打错电话",
    "打错啦",
    "不是我打",
    "不是我反映",
    "我没反映",
    "没反映过",
    "没有反映过",
    "没打过",
    "没有打过",
    "没投诉过",
    "没有投诉过",
    "找错人",
    "不认识这个人",
];
/// Who is calling?
const WHO: [&str; 9] =
    ["你是谁", "你谁", "哪位", "你是哪", "你哪里", "什么单位", "什么电话", "你是干什么", "干嘛的"];

/// The matter itself is done.
const SOLVED: [&str; 7] = ["解决", "处理", "好了", "修好", "弄好", "办好", "搞定"];
/// The matter itself is not done, whatever else is said.
const UNSOLVED: [&str; 10] = [
    "没解决",
    "没有解决",
    "未解决",
    "没处理",
    "没有处理",
    "没人管",
    "没人来",
    "没修好",
    "没结果",
    "解决不了",
];

fn says_one_of(u: &Understood, phrases: &[&str]) -> bool {
    let words: String = u.utterance.text.chars().filter(|c| c.is_alphanumeric()).collect();
    phrases.iter().any(|phrase| words.contains(phrase))
}

/// 不对, 不是: what follows is not what is meant.
pub(super) fn denies(u: &Understood) -> bool {
    let words = u.utterance.text.trim_start_matches(|c: char| !c.is_alphanumeric() || c == '嗯');
    words.starts_with("不是") || words.starts_with("不对")
}

pub(super) fn is_busy(u: &Understood) -> bool {
    says_one_of(u, &BUSY)
}

pub(super) fn is_wrong_person(u: &Understood) -> bool {
    says_one_of(u, &WRONG_PERSON)
}

pub(super) fn asks_who(u: &Understood) -> bool {
    says_one_of(u, &WHO)
}

/// Solved or not, where the words name it themselves.
pub(super) fn solved_named(u: &Understood) -> Option<bool> {
    match (says_unsolved(u), says_solved(u)) {
        (true, _) => Some(false),
        (false, solved) => solved.then_some(true),
    }
}

pub(super) fn says_solved(u: &Understood) -> bool {
    says_one_of(u, &SOLVED) && !says_unsolved(u)
}

pub(super) fn says_unsolved(u: &Understood) -> bool {
    says_one_of(u, &UNSOLVED)
}
