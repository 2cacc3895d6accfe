//! What kind of turn an utterance is, before it is looked at for its matter.

use super::contract::Understood;
use crate::intake::{Emergency, MatterType};
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
    u.utterance
        .text
        .chars()
        .filter(|c| c.is_alphanumeric())
        .collect()
}

/// A sound that only says "I am listening".
pub fn is_back_channel(u: &Understood) -> bool {
    let reading = &u.reading;
    if reading.command.is_some() || reading.emergency.is_some() {
        return false;
    }
    let words = words(u);
    words.chars().count() <= BACK_CHANNEL_CHARS_MAX
        && words.chars().all(|c| BACK_CHANNEL.contains(c))
}

/// The utterance holds a matter: a question, a complaint, a fact.
pub(super) fn is_request(u: &Understood) -> bool {
    let reading = &u.reading;
    reading.asks_question
        || wants_action(u).is_some()
        || reading.fact(Slot::Place).is_some()
        || (reading.yes_no.is_none() && reading.grade.is_none() && !reading.topics.is_empty())
}

/// The caller wants something done about a matter, with this confidence.
pub(super) fn wants_action(u: &Understood) -> Option<(MatterType, f32)> {
    u.reading
        .matter
        .filter(|(kind, _)| *kind != MatterType::Consultation)
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

/// The number to dial, as spoken.
pub(super) fn spoken_emergency(emergency: Emergency) -> String {
    super::spoken::spoken_digits(emergency.number())
}
