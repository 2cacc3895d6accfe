//! What kind of turn an utterance is, before it is looked at for its matter.

use super::contract::Understood;
use super::say::DOUBT;
use crate::intake::{Command, Emergency, MatterType};
use crate::kernel::Slot;

/// Characters of sounds that stop no statement.
const BACK_CHANNEL: &str = "嗯哦啊呃唔诶哎喔噢欸额恩呵哈对是好的行喂";
const BACK_CHANNEL_CHARS_MAX: usize = 4;
/// Calling out before the matter itself.
const GREETINGS: [&str; 5] = ["喂", "你好", "您好", "在吗", "听得到吗"];
/// The caller cannot tell what was asked.
const UNKNOWN: [&str; 6] = ["不知道", "不清楚", "不记得", "忘了", "说不清", "说不上来"];
const THANKS: [&str; 3] = ["谢谢", "多谢", "感谢"];

/// The words alone.
pub(super) fn words(u: &Understood) -> String {
    u.utterance.text.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// A sound that only says "I am listening".
pub fn is_back_channel(u: &Understood) -> bool {
    let reading = &u.reading;
    if reading.command.is_some() || reading.emergency.is_some() || reading.doubt.is_some() {
        return false;
    }
    let words = words(u);
    words.chars().count() <= BACK_CHANNEL_CHARS_MAX
        && words.chars().all(|c| BACK_CHANNEL.contains(c))
}

/// Heard so badly that an answer to a closed question must be confirmed.
pub fn is_doubtful(u: &Understood) -> bool {
    u.utterance.confidence < DOUBT
}

/// Commands that end or leave the talk: heard badly as the answer to a closed question they are asked for once more.
pub fn parts(command: Command) -> bool {
    matches!(command, Command::Person | Command::Bye | Command::StopCalling)
}

/// The utterance holds a matter: a question, a complaint, a fact.
pub(super) fn is_request(u: &Understood) -> bool {
    let reading = &u.reading;
    reading.asks_question
        || reading.undispatched.is_some()
        || reading.command == Some(Command::Progress)
        || wants_action(u).is_some()
        || reading.fact(Slot::Place).is_some()
        || (reading.yes_no.is_none() && reading.grade.is_none() && !reading.topics.is_empty())
}

/// The caller wants something done about a matter, with this confidence.
pub(super) fn wants_action(u: &Understood) -> Option<(MatterType, f32)> {
    u.reading.matter.filter(|(kind, _)| *kind != MatterType::Consultation)
}

/// Only a greeting: the caller waits to hear that somebody is there.
pub(super) fn is_greeting(u: &Understood) -> bool {
    let mut words = words(u);
    for greeting in GREETINGS {
        words = words.replace(greeting, "");
    }
    words.chars().all(|c| BACK_CHANNEL.contains(c))
}

pub(super) fn is_unknown(u: &Understood) -> bool {
    let words = words(u);
    UNKNOWN.iter().any(|unknown| words.contains(unknown))
}

pub(super) fn is_thanks(u: &Understood) -> bool {
    let words = words(u);
    !is_request(u) && THANKS.iter().any(|thanks| words.contains(thanks))
}

/// 打我另一个号码: not the one that calls.
const OTHER_NUMBERS: [&str; 22] = [
    "另一个号",
    "另外一个号",
    "另外的号",
    "换个号",
    "换一个号",
    "换个电话",
    "换一个电话",
    "别的号",
    "别的电话",
    "其他号码",
    "其他电话",
    "其它号码",
    "另一个电话",
    "另外一个电话",
    "打另一个",
    "打另外一个",
    "另一个手机",
    "另外一个手机",
    "不是这个号码",
    "不要打这个",
    "别打这个",
    "留个号码",
];
/// 就打这个号码: the one that calls.
const THIS_NUMBERS: [&str; 9] = [
    "就这个号",
    "就是这个号",
    "这个号码就行",
    "这个号码就可以",
    "打这个号码",
    "这个电话就行",
    "来电的号码",
    "来电号码",
    "现在这个号",
];

/// No number is told.
const KEPT_BACK: [&str; 12] = [
    "不想说",
    "不方便",
    "不告诉",
    "不想留",
    "不留",
    "没有电话",
    "没电话",
    "没手机",
    "没有手机",
    "不说了",
    "不给",
    "不用",
];

pub(super) fn keeps_number_back(u: &Understood) -> bool {
    let words = words(u);
    u.reading.yes_no == Some(false)
        || is_unknown(u)
        || KEPT_BACK.iter().any(|kept| words.contains(kept))
}

pub(super) fn wants_other_number(u: &Understood) -> bool {
    let words = words(u);
    OTHER_NUMBERS.iter().any(|other| words.contains(other))
}

pub(super) fn means_this_number(words: &str) -> bool {
    THIS_NUMBERS.iter().any(|this| words.contains(this)) && !words.contains('不')
}

/// 怎么办, 找谁, 多少钱: information is wanted, whatever is complained of; 怎么没人管 is a complaint.
pub(super) fn asks_how(u: &Understood) -> bool {
    const ASKS: [&str; 16] = [
        "怎么办",
        "怎么投诉",
        "怎么举报",
        "怎么申请",
        "怎么处理",
        "怎么要",
        "怎么维权",
        "如何",
        "哪里",
        "哪儿",
        "多少",
        "找谁",
        "找哪",
        "哪个部门",
        "吗",
        "什么手续",
    ];
    const ACCUSES: [&str; 12] = [
        "怎么没",
        "怎么还",
        "怎么回事",
        "怎么又",
        "怎么能",
        "怎么可以",
        "怎么都",
        "怎么不",
        "管吗",
        "管不管",
        "行吗",
        "能不能来",
    ];
    let words = words(u);
    ASKS.iter().any(|ask| words.contains(ask)) && !ACCUSES.iter().any(|word| words.contains(word))
}

/// The number to dial, as spoken.
pub(super) fn spoken_emergency(emergency: Emergency) -> String {
    super::spoken::spoken_digits(emergency.number())
}
