//! The words that the dialogue and the ticket share: what one utterance was read as.

use super::summary::Clause;
use crate::kernel::{Filled, Slot};
use crate::language::address::Division;

/// What one utterance says. Empty where the words say nothing of the kind.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Reading {
    pub command: Option<Command>,
    /// The command, or the emergency, was told by the net behind the rules, which was taught on calls to us and not on
    /// callbacks.
    pub command_guessed: bool,
    pub emergency_guessed: bool,
    pub emergency: Option<Emergency>,
    /// What the words may mean but do not surely mean: worth one question.
    pub doubt: Option<Doubt>,
    /// A rule speaks for what is in doubt, and the net is not sure of it.
    pub doubt_by_rule: bool,
    /// `Some(true)` for 是, 对, 好的, 解决了; `Some(false)` for 不是, 没有, 不用了, 没解决.
    pub yes_no: Option<bool>,
    pub grade: Option<Grade>,
    /// The likeliest matter type and its confidence, 0 to 1.
    pub matter: Option<(MatterType, f32)>,
    /// All types that the words may be of, the likeliest first, with their confidences.
    pub matters: Vec<(MatterType, f32)>,
    /// Why no unit of the government is sent after it.
    pub undispatched: Option<Undispatched>,
    /// At most three topics, the likeliest first.
    pub topics: Vec<Topic>,
    /// The caller wants information rather than action.
    pub asks_question: bool,
    /// Fields of the draft that this utterance fills; a slot stands at most once.
    pub facts: Vec<(Slot, Filled)>,
    /// Divisions that the place's name may mean, when the words alone cannot tell: the question to ask.
    pub place_options: Vec<Division>,
    /// What tells of the matter, in pieces, for the summary; only where a narrative is among the facts.
    pub clauses: Vec<Clause>,
}

impl Reading {
    pub fn fact(&self, slot: Slot) -> Option<&Filled> {
        self.facts.iter().find(|(s, _)| *s == slot).map(|(_, filled)| filled)
    }

    /// The emergency that a rule speaks for, also where a question is worth it first: what counts where the net was not taught.
    pub fn emergency_by_rule(&self) -> Option<Emergency> {
        match self.doubt.filter(|_| self.doubt_by_rule) {
            Some(Doubt::Danger(kind)) => Some(kind),
            _ => self.emergency.filter(|_| !self.emergency_guessed),
        }
    }

    /// The command that a rule speaks for, as [`Reading::emergency_by_rule`].
    pub fn command_by_rule(&self) -> Option<Command> {
        match self.doubt.filter(|_| self.doubt_by_rule) {
            Some(Doubt::Person) => Some(Command::Person),
            _ => self.command.filter(|_| !self.command_guessed),
        }
    }

    /// Nothing but a command, an answer or a grade: the words tell of no matter.
    pub fn is_empty(&self) -> bool {
        *self == Reading::default()
    }
}

/// What the caller tells the robot itself to do.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Command {
    /// 转人工: a person, in any state.
    Person,
    /// 我上次反映的事办到哪了: how an earlier ticket stands.
    Progress,
    /// 再说一遍.
    Repeat,
    /// 说慢一点.
    Slower,
    /// 等一下.
    Wait,
    /// 再见.
    Bye,
    /// 别再打了: no more callbacks.
    StopCalling,
}

impl Command {
    pub const ALL: [Command; 7] = [
        Command::Person,
        Command::Progress,
        Command::Repeat,
        Command::Slower,
        Command::Wait,
        Command::Bye,
        Command::StopCalling,
    ];

    pub const fn key(self) -> &'static str {
        match self {
            Command::Person => "person",
            Command::Progress => "progress",
            Command::Repeat => "repeat",
            Command::Slower => "slower",
            Command::Wait => "wait",
            Command::Bye => "bye",
            Command::StopCalling => "stop_calling",
        }
    }

    pub fn from_key(key: &str) -> Option<Command> {
        Command::ALL.into_iter().find(|c| c.key() == key)
    }
}

/// A danger that another number answers at once.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Emergency {
    Fire,
    Medical,
    Crime,
    Traffic,
    /// The caller or another may take their own life.
    SelfHarm,
}

impl Emergency {
    pub const ALL: [Emergency; 5] = [
        Emergency::Fire,
        Emergency::Medical,
        Emergency::Crime,
        Emergency::Traffic,
        Emergency::SelfHarm,
    ];

    /// The number to dial in China.
    pub const fn number(self) -> &'static str {
        match self {
            Emergency::Fire => "119",
            Emergency::Medical => "120",
            Emergency::Crime | Emergency::SelfHarm => "110",
            Emergency::Traffic => "122",
        }
    }

    pub const fn key(self) -> &'static str {
        match self {
            Emergency::Fire => "fire",
            Emergency::Medical => "medical",
            Emergency::Crime => "crime",
            Emergency::Traffic => "traffic",
            Emergency::SelfHarm => "self_harm",
        }
    }

    pub fn from_key(key: &str) -> Option<Emergency> {
        Emergency::ALL.into_iter().find(|e| e.key() == key)
    }
}

/// What must not be missed and is not sure.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Doubt {
    /// Somebody may be in danger.
    Danger(Emergency),
    /// A person may be wanted instead of the robot.
    Person,
}

/// 诉求类型.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum MatterType {
    /// 咨询.
    Consultation,
    /// 求助.
    Help,
    /// 建议.
    Suggestion,
    /// 投诉.
    Complaint,
    /// 举报.
    Report,
    /// 表扬.
    Praise,
}

impl MatterType {
    pub const ALL: [MatterType; 6] = [
        MatterType::Consultation,
        MatterType::Help,
        MatterType::Suggestion,
        MatterType::Complaint,
        MatterType::Report,
        MatterType::Praise,
    ];

    pub const fn key(self) -> &'static str {
        match self {
            MatterType::Consultation => "consultation",
            MatterType::Help => "help",
            MatterType::Suggestion => "suggestion",
            MatterType::Complaint => "complaint",
            MatterType::Report => "report",
            MatterType::Praise => "praise",
        }
    }

    /// As staff read it.
    pub const fn label(self) -> &'static str {
        match self {
            MatterType::Consultation => "咨询",
            MatterType::Help => "求助",
            MatterType::Suggestion => "建议",
            MatterType::Complaint => "投诉",
            MatterType::Report => "举报",
            MatterType::Praise => "表扬",
        }
    }

    pub fn from_key(key: &str) -> Option<MatterType> {
        MatterType::ALL.into_iter().find(|m| m.key() == key)
    }
}

/// The five grades of 好差评, best first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Grade {
    /// 非常满意.
    VerySatisfied,
    /// 满意.
    Satisfied,
    /// 基本满意.
    Basic,
    /// 不满意.
    Dissatisfied,
    /// 非常不满意.
    VeryDissatisfied,
}

impl Grade {
    pub const ALL: [Grade; 5] = [
        Grade::VerySatisfied,
        Grade::Satisfied,
        Grade::Basic,
        Grade::Dissatisfied,
        Grade::VeryDissatisfied,
    ];

    pub const fn key(self) -> &'static str {
        match self {
            Grade::VerySatisfied => "very_satisfied",
            Grade::Satisfied => "satisfied",
            Grade::Basic => "basic",
            Grade::Dissatisfied => "dissatisfied",
            Grade::VeryDissatisfied => "very_dissatisfied",
        }
    }

    /// As people say it.
    pub const fn label(self) -> &'static str {
        match self {
            Grade::VerySatisfied => "非常满意",
            Grade::Satisfied => "满意",
            Grade::Basic => "基本满意",
            Grade::Dissatisfied => "不满意",
            Grade::VeryDissatisfied => "非常不满意",
        }
    }

    pub fn from_key(key: &str) -> Option<Grade> {
        Grade::ALL.into_iter().find(|g| g.key() == key)
    }

    /// 不满意 or worse: its reason is asked and it is verified.
    pub const fn is_unhappy(self) -> bool {
        matches!(self, Grade::Dissatisfied | Grade::VeryDissatisfied)
    }
}

/// 不予受理: what no unit of the government is sent after; each has its own channel (北京市接诉即办工作条例 §11).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Undispatched {
    /// What a court or an arbitration decides or has decided.
    Court,
    /// A petition that is being reviewed or was concluded.
    PetitionReview,
    /// State secrets, commercial secrets, others' personal data.
    Secret,
    /// Between private people, companies, abroad: not the government's.
    NotGovernment,
    /// What the law forbids.
    Unlawful,
}

impl Undispatched {
    pub const ALL: [Undispatched; 5] = [
        Undispatched::Court,
        Undispatched::PetitionReview,
        Undispatched::Secret,
        Undispatched::NotGovernment,
        Undispatched::Unlawful,
    ];

    pub const fn key(self) -> &'static str {
        match self {
            Undispatched::Court => "court",
            Undispatched::PetitionReview => "petition_review",
            Undispatched::Secret => "secret",
            Undispatched::NotGovernment => "not_government",
            Undispatched::Unlawful => "unlawful",
        }
    }

    pub fn from_key(key: &str) -> Option<Undispatched> {
        Undispatched::ALL.into_iter().find(|u| u.key() == key)
    }
}

/// 事项分类: an entry of the taxonomy, a leaf unless the words are not sure of one.
#[derive(Clone, PartialEq, Debug)]
pub struct Topic {
    /// As the taxonomy gives it: 0101, two digits a level, in the shipped one.
    pub code: String,
    /// 施工噪声.
    pub name: String,
    /// The names above it, parted by `/`: 环境保护.
    pub group: String,
    /// 0 to 1.
    pub confidence: f32,
}
