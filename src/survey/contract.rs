//! What goes into a callback and what comes out of it.

use std::sync::Arc;

use crate::dialogue::{DOUBT, Manner, Prompts, Say, SayId, Understood};
use crate::intake::Grade;
use crate::kernel::{Evidence, Pii, SurveyId, TicketId};
use crate::speech::Utterance;

/// What one callback starts with.
#[derive(Clone, Debug)]
pub struct Setup {
    pub survey: SurveyId,
    pub matter: Matter,
    pub prompts: Arc<Prompts>,
    pub manner: Manner,
}

/// What the citizen is called about.
#[derive(Clone, Debug)]
pub struct Matter {
    pub ticket: TicketId,
    /// It is not closed yet: nobody is asked whether to handle it again.
    pub running: bool,
    /// In a few words that fit after 反映的: 夜间施工噪声问题.
    pub words: Pii<String>,
    /// When it was reported, as spoken: 十一月二十二日.
    pub when: String,
}

/// What happened. Times are the `now` of [`super::Survey::handle`].
#[derive(Clone, Debug)]
pub enum Input {
    /// On the line is something else than a person's words. Before [`Input::Begin`] nobody has picked up yet.
    OnLine(OnLine),
    /// The call ended before anybody picked up, with the status of the refusal where there was one.
    Missed {
        status: Option<u16>,
    },
    /// The citizen answered the telephone and sound flows.
    Begin,
    /// The citizen's words, read; hits are not looked at.
    Heard(Understood),
    Unclear,
    /// A key, and where in the call's recording it was pressed.
    Key {
        key: char,
        at_ms: u64,
    },
    /// Nothing was heard for [`Say::patience_ms`] after the last saying.
    Silent,
    /// This saying and all before it were played to their end.
    SaidAll(SayId),
    /// The citizen's voice stopped this saying; sayings handed out after it were dropped with it.
    Interrupted {
        say: SayId,
        said: String,
        unsaid: String,
    },
    /// The citizen is gone.
    HungUp,
    /// [`super::Survey::deadline`] has come.
    Tick,
}

/// What the network or a machine puts on the line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OnLine {
    /// Words before anybody picked up: an announcement, or the singing of a ringing tune.
    Words(Pii<String>),
    /// One tone, such as follows a machine's greeting.
    Beep,
    /// The network's busy tone.
    Busy,
    /// A fax machine.
    Fax,
}

/// What is to be done, in the order in which it was drained.
#[derive(Clone, Debug)]
pub enum Effect {
    Say(Say),
    /// Stop speaking; as in the conversation.
    Hush,
    /// Append the answer to the survey's record. A later answer to the same question replaces an earlier one
    /// in what is counted; both stay on record.
    Record(Answer),
    /// Open one verification. At most one a callback.
    Verify {
        reason: VerifyReason,
    },
    /// How the callback ended: exactly once, before [`Effect::HangUp`].
    Finish(SurveyOutcome),
    /// Hang up if the citizen is still there: exactly once, and last.
    HangUp,
}

/// The questions of the callback.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Question {
    /// 解决了吗.
    Solved,
    /// 满意吗.
    Satisfied,
    /// 什么原因.
    Reason,
    /// 要不要重新办理.
    Reopen,
}

impl Question {
    pub const ALL: [Question; 4] =
        [Question::Solved, Question::Satisfied, Question::Reason, Question::Reopen];

    pub const fn key(self) -> &'static str {
        match self {
            Question::Solved => "solved",
            Question::Satisfied => "satisfied",
            Question::Reason => "reason",
            Question::Reopen => "reopen",
        }
    }

    pub fn from_key(key: &str) -> Option<Question> {
        Question::ALL.into_iter().find(|q| q.key() == key)
    }
}

/// How an answer was given. There is no answer without it.
#[derive(Clone, PartialEq, Debug)]
pub enum Given {
    Spoken { words: Pii<String>, evidence: Evidence },
    Key { key: char, at_ms: u64 },
}

impl Given {
    /// From the citizen's utterance.
    pub fn spoken(utterance: &Utterance) -> Given {
        Given::Spoken { words: Pii::new(utterance.text.clone()), evidence: utterance.evidence() }
    }
}

/// One answer: its value and what gave it. A value without words or a key cannot be made.
#[derive(Clone, PartialEq, Debug)]
pub struct Answer {
    value: Value,
    given: Given,
    /// The citizen agreed when it was read back, in these words or with this key.
    confirmed_by: Option<Given>,
}

/// What was answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Value {
    Solved(bool),
    Satisfied(Grade),
    /// The reason is in the words themselves.
    Reason,
    /// The citizen wants it handled again.
    Reopen(bool),
}

impl Value {
    /// The name in the store and in JSON; none of a reason, which is its words.
    pub const fn key(self) -> &'static str {
        match self {
            Value::Solved(true) => "yes",
            Value::Solved(false) => "no",
            Value::Satisfied(grade) => grade.key(),
            Value::Reason => "",
            Value::Reopen(true) => "reopen",
            Value::Reopen(false) => "leave",
        }
    }
}

impl Answer {
    pub const fn new(value: Value, given: Given) -> Answer {
        Answer { value, given, confirmed_by: None }
    }

    /// The same answer, agreed to when it was read back.
    pub fn agreed(self, by: Given) -> Answer {
        Answer { confirmed_by: Some(by), ..self }
    }

    pub const fn value(&self) -> Value {
        self.value
    }

    pub const fn question(&self) -> Question {
        match self.value {
            Value::Solved(_) => Question::Solved,
            Value::Satisfied(_) => Question::Satisfied,
            Value::Reason => Question::Reason,
            Value::Reopen(_) => Question::Reopen,
        }
    }

    pub const fn given(&self) -> &Given {
        &self.given
    }

    pub const fn solved(&self) -> Option<bool> {
        match self.value {
            Value::Solved(solved) => Some(solved),
            _ => None,
        }
    }

    pub const fn grade(&self) -> Option<Grade> {
        match self.value {
            Value::Satisfied(grade) => Some(grade),
            _ => None,
        }
    }

    pub const fn words(&self) -> Option<&Pii<String>> {
        match &self.given {
            Given::Spoken { words, .. } => Some(words),
            Given::Key { .. } => None,
        }
    }

    pub const fn key(&self) -> Option<char> {
        match self.given {
            Given::Key { key, .. } => Some(key),
            Given::Spoken { .. } => None,
        }
    }

    pub const fn evidence(&self) -> Option<Evidence> {
        match self.given {
            Given::Spoken { evidence, .. } => Some(evidence),
            Given::Key { .. } => None,
        }
    }

    /// Where in the recording it was given: start and end.
    pub const fn heard_at_ms(&self) -> (u64, u64) {
        match self.given {
            Given::Spoken { evidence, .. } => (evidence.start_ms, evidence.end_ms),
            Given::Key { at_ms, .. } => (at_ms, at_ms),
        }
    }

    /// As it is read back: 没解决, 满意.
    pub(super) const fn label(&self) -> &'static str {
        match self.value {
            Value::Solved(true) => "解决了",
            Value::Solved(false) => "没解决",
            Value::Satisfied(grade) => grade.label(),
            Value::Reason => "",
            Value::Reopen(true) => "要重新办理",
            Value::Reopen(false) => "不用重新办理",
        }
    }

    /// 没解决, 不满意 or worse.
    pub const fn is_negative(&self) -> bool {
        match self.value {
            Value::Solved(solved) => !solved,
            Value::Satisfied(grade) => grade.is_unhappy(),
            Value::Reason | Value::Reopen(_) => false,
        }
    }

    /// Spoken and heard badly.
    pub fn is_doubtful(&self) -> bool {
        self.evidence().is_some_and(|evidence| evidence.confidence < DOUBT)
    }

    pub const fn is_confirmed(&self) -> bool {
        self.confirmed_by.is_some()
    }

    pub const fn confirmed_by(&self) -> Option<&Given> {
        self.confirmed_by.as_ref()
    }
}

/// Why an answer must be verified singly (浙江 2017: 不满意或有异议的逐一核实).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum VerifyReason {
    /// 不满意 or 非常不满意.
    Unhappy,
    /// 没解决, and no grade that says it.
    Unsolved,
    /// The grade is good, but the words say that the matter is not solved.
    Contradiction,
}

impl VerifyReason {
    pub const ALL: [VerifyReason; 3] =
        [VerifyReason::Unhappy, VerifyReason::Unsolved, VerifyReason::Contradiction];

    pub const fn key(self) -> &'static str {
        match self {
            VerifyReason::Unhappy => "unhappy",
            VerifyReason::Unsolved => "unsolved",
            VerifyReason::Contradiction => "contradiction",
        }
    }

    pub fn from_key(key: &str) -> Option<VerifyReason> {
        VerifyReason::ALL.into_iter().find(|r| r.key() == key)
    }
}

/// How an attempt to call back ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum SurveyOutcome {
    /// Graded.
    Complete,
    /// 我在开车: another attempt, and the citizen was told so.
    CallLater,
    /// Gone before the grade.
    HungUp,
    /// Nobody said anything.
    Silent,
    /// The right telephone, and the one who reported is not there.
    Absent,
    /// A child picked up and no adult came.
    Child,
    /// Voicemail, an assistant, a switchboard or a fax machine.
    AnsweringMachine,
    /// 别再打, or a refusal that says so (603, 607): this number is not called any more.
    Declined,
    /// Somebody else's telephone.
    WrongPerson,
    /// Not understood, or a person was asked for: onto the people's list.
    ToPerson,
    LineBusy,
    NoAnswer,
    /// The call was rejected on the way (403, 608), or calls to this number are barred.
    Refused,
    SwitchedOff,
    OutOfArea,
    /// 空号: no use in trying again.
    NoSuchNumber,
    Suspended,
    /// The network or our line failed.
    Failed,
}

impl SurveyOutcome {
    pub const ALL: [SurveyOutcome; 18] = [
        SurveyOutcome::Complete,
        SurveyOutcome::CallLater,
        SurveyOutcome::HungUp,
        SurveyOutcome::Silent,
        SurveyOutcome::Absent,
        SurveyOutcome::Child,
        SurveyOutcome::AnsweringMachine,
        SurveyOutcome::Declined,
        SurveyOutcome::WrongPerson,
        SurveyOutcome::ToPerson,
        SurveyOutcome::LineBusy,
        SurveyOutcome::NoAnswer,
        SurveyOutcome::Refused,
        SurveyOutcome::SwitchedOff,
        SurveyOutcome::OutOfArea,
        SurveyOutcome::NoSuchNumber,
        SurveyOutcome::Suspended,
        SurveyOutcome::Failed,
    ];

    pub const fn key(self) -> &'static str {
        match self {
            SurveyOutcome::Complete => "complete",
            SurveyOutcome::CallLater => "call_later",
            SurveyOutcome::HungUp => "hung_up",
            SurveyOutcome::Silent => "silent",
            SurveyOutcome::Absent => "absent",
            SurveyOutcome::Child => "child",
            SurveyOutcome::AnsweringMachine => "answering_machine",
            SurveyOutcome::Declined => "declined",
            SurveyOutcome::WrongPerson => "wrong_person",
            SurveyOutcome::ToPerson => "to_person",
            SurveyOutcome::LineBusy => "line_busy",
            SurveyOutcome::NoAnswer => "no_answer",
            SurveyOutcome::Refused => "refused",
            SurveyOutcome::SwitchedOff => "switched_off",
            SurveyOutcome::OutOfArea => "out_of_area",
            SurveyOutcome::NoSuchNumber => "no_such_number",
            SurveyOutcome::Suspended => "suspended",
            SurveyOutcome::Failed => "failed",
        }
    }

    pub fn from_key(key: &str) -> Option<SurveyOutcome> {
        SurveyOutcome::ALL.into_iter().find(|o| o.key() == key)
    }

    /// Nobody is dialled about this ticket any more. All others are tried again, as often as the window allows.
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            SurveyOutcome::Complete
                | SurveyOutcome::Declined
                | SurveyOutcome::WrongPerson
                | SurveyOutcome::ToPerson
                | SurveyOutcome::NoSuchNumber
        )
    }
}
