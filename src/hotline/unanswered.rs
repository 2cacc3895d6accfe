//! Follows a talk for questions that end without an answer.

use crate::dialogue::HandOverReason;

/// Why a question counts as unanswered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    /// Nothing that is known came near: the caller was asked for other words.
    Refused,
    /// Other words did not help either: a person was called.
    Person,
    /// The item that was put to the caller was not the one meant.
    WrongConfirm,
    /// The answer did not help.
    Unhelped,
}

impl Why {
    pub const ALL: [Why; 4] = [Why::Refused, Why::Person, Why::WrongConfirm, Why::Unhelped];

    pub const fn key(self) -> &'static str {
        match self {
            Why::Refused => "refused",
            Why::Person => "person",
            Why::WrongConfirm => "wrong_confirm",
            Why::Unhelped => "unhelped",
        }
    }
}

/// One call's.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// The number of the words that were last taken for a question.
    question: Option<u32>,
}

/// What one input did to the talk.
pub(super) struct Step<'a> {
    /// The number of the caller's words, and whether they were a yes or no.
    pub heard: Option<(u32, Option<bool>)>,
    /// Names of the talk's states.
    pub before: &'a str,
    pub after: &'a str,
    /// Why a person was called for.
    pub person: Option<HandOverReason>,
}

/// States in which a question is asked for, and those in which an item was put to the caller.
const OPEN: [&str; 4] = ["request", "rephrase", "more", "go_on"];
const PUT: [&str; 2] = ["confirm", "offer"];

impl Watch {
    /// The question that has now ended without an answer.
    pub fn step(&mut self, step: &Step<'_>) -> Option<(u32, Why)> {
        let open = OPEN.contains(&step.before);
        let put = PUT.contains(&step.before);
        let before = self.question;
        // A question that follows an answer may come instead of yes or no; which one is chosen keeps it.
        let asks = open || (step.before == "helped" && matches!(step.heard, Some((_, None))));
        if let Some((words, _)) = step.heard.filter(|_| asks) {
            self.question = Some(words);
        }
        let fails = step.after == "rephrase" && step.before != step.after;
        let why = match step.person {
            Some(HandOverReason::Unhelped) => {
                return before.map(|question| (question, Why::Unhelped));
            }
            Some(HandOverReason::Unanswered) if put => Why::WrongConfirm,
            Some(HandOverReason::Unanswered) => Why::Person,
            None if fails && put => Why::WrongConfirm,
            None if fails && asks => Why::Refused,
            _ => return None,
        };
        let question = if put { before } else { self.question };
        question.map(|question| (question, why))
    }
}

#[cfg(test)]
mod tests {
    use super::{HandOverReason, Step, Watch, Why};

    type Heard = Option<(u32, Option<bool>)>;
    type Told = Option<(u32, Why)>;

    /// Each talk: what was heard, the states before and after, why a person came, what is told.
    #[test]
    fn questions_without_an_answer_are_told_once_each_with_their_words() {
        const NONE: Option<HandOverReason> = None;
        const UNANSWERED: Option<HandOverReason> = Some(HandOverReason::Unanswered);
        let talks: [&[(Heard, &str, &str, Option<HandOverReason>, Told)]; 6] = [
            &[
                (Some((1, None)), "request", "helped", NONE, None),
                (Some((3, Some(true))), "helped", "more", NONE, None),
            ],
            &[
                (Some((1, None)), "request", "rephrase", NONE, Some((1, Why::Refused))),
                (Some((3, None)), "rephrase", "waiting", UNANSWERED, Some((3, Why::Person))),
            ],
            &[
                (Some((1, None)), "request", "confirm", NONE, None),
                (Some((3, Some(false))), "confirm", "rephrase", NONE, Some((1, Why::WrongConfirm))),
                (Some((5, None)), "rephrase", "confirm", NONE, None),
                (None, "confirm", "waiting", UNANSWERED, Some((5, Why::WrongConfirm))),
            ],
            &[
                (Some((1, None)), "request", "offer", NONE, None),
                (Some((3, None)), "offer", "helped", NONE, None),
                (
                    Some((5, Some(false))),
                    "helped",
                    "waiting",
                    Some(HandOverReason::Unhelped),
                    Some((1, Why::Unhelped)),
                ),
            ],
            &[
                (Some((1, None)), "request", "helped", NONE, None),
                (Some((3, None)), "helped", "rephrase", NONE, Some((3, Why::Refused))),
            ],
            &[
                (Some((1, None)), "request", "waiting", Some(HandOverReason::Asked), None),
                (None, "request", "request", NONE, None),
                (None, "rephrase", "rephrase", NONE, None),
            ],
        ];
        for talk in talks {
            let mut watch = Watch::default();
            for (heard, before, after, person, told) in talk {
                let step = Step { heard: *heard, before, after, person: *person };
                assert_eq!(watch.step(&step), *told, "{before} to {after}");
            }
        }
    }
}
