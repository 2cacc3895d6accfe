//! What goes into the bridge and what comes out of it.

use super::Hearing;
use crate::kernel::{AgentId, LegId};

/// Somebody on the call beside the caller.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Who {
    /// By work number: who takes calls, is asked, or supervises.
    Agent(AgentId),
    /// Of the list of those whom agents may bring in, by code.
    Outside(String),
}

impl Who {
    pub const fn agent(&self) -> Option<AgentId> {
        match self {
            Who::Agent(agent) => Some(*agent),
            Who::Outside(_) => None,
        }
    }
}

/// What somebody does on the call.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Part {
    /// 接待: the caller is theirs.
    Serves,
    /// 征询: talks apart with the one who serves; the caller hears music.
    Asked,
    /// 三方: talks with all.
    Joined,
    /// 监听: hears all, is heard by nobody.
    Listens,
    /// 耳语: hears all, is heard by the one who serves.
    Whispers,
    /// 插话: hears all, is heard by all.
    Barges,
}

impl Part {
    pub const ALL: [Part; 6] =
        [Part::Serves, Part::Asked, Part::Joined, Part::Listens, Part::Whispers, Part::Barges];

    pub const fn key(self) -> &'static str {
        match self {
            Part::Serves => "serves",
            Part::Asked => "asked",
            Part::Joined => "joined",
            Part::Listens => "listens",
            Part::Whispers => "whispers",
            Part::Barges => "barges",
        }
    }

    pub fn from_key(key: &str) -> Option<Part> {
        Part::ALL.into_iter().find(|part| part.key() == key)
    }

    /// Is a supervisor's.
    pub const fn watches(self) -> bool {
        matches!(self, Part::Listens | Part::Whispers | Part::Barges)
    }
}

/// One of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Party {
    pub leg: LegId,
    pub who: Who,
    pub part: Part,
    /// Their telephone was answered.
    pub up: bool,
}

/// How far a party is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    Rings,
    Up,
    Gone,
}

impl Stage {
    pub const fn key(self) -> &'static str {
        match self {
            Stage::Rings => "rings",
            Stage::Up => "up",
            Stage::Gone => "gone",
        }
    }
}

/// How a leg came to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Down {
    /// They hung up after they had talked.
    HungUp,
    /// The line broke.
    Broke,
    /// It was never answered.
    NotReached,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input {
    /// Somebody's telephone is rung, for this part.
    Ring { leg: LegId, who: Who, part: Part },
    /// It was answered.
    Up { leg: LegId },
    /// It is down, and nobody of us did it.
    Down { leg: LegId, how: Down },
    /// They are wanted no more: put down without a word to anybody.
    Drop { who: Who },
    /// Who serves holds the caller, or no longer does.
    Hold { on: bool },
    /// 三方: who was asked apart talks with all.
    Join,
    /// 转接: who serves leaves, and the caller goes to the one who was asked, or talks with them already.
    Pass,
    /// 取消: who was asked last is put down, and the caller is again with the one who serves.
    CallOff,
    /// Who serves leaves, and the caller goes back to the queue.
    GiveUp,
    /// A supervisor does something else from now on.
    Turn { who: Who, part: Part },
    /// 接管: the caller goes to this supervisor, and who served leaves.
    TakeOver { who: Who },
    /// The robot or the queue has the caller again.
    Release,
    /// The call is over.
    End,
}

/// What has become of the caller and of those on the call, for those who count.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Told {
    /// Somebody has answered.
    Answered { who: Who, part: Part },
    /// Who served has left; the caller is with `to`, or will be once they answer.
    Passed { from: Who, to: Who, up: bool },
    /// Who served has left the caller to the queue.
    GaveUp { who: Who },
    /// Who served has hung up, and nobody else is there.
    Done { who: Who },
    /// Their line broke, and nobody else is there.
    Lost { who: Who },
    /// Who was rung to serve did not answer.
    Missed { who: Who },
    /// Somebody else has left, or did not answer.
    Left { who: Who, part: Part, up: bool },
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Effect {
    HangUp {
        leg: LegId,
    },
    /// Their sound comes in, and is heard by those who hear them.
    Enter {
        leg: LegId,
    },
    /// It no longer does.
    Leave {
        leg: LegId,
    },
    /// From now on.
    Hears(Hearing),
    /// For the caller.
    Music {
        on: bool,
    },
    /// For the record.
    Party {
        party: Party,
        stage: Stage,
    },
    Told(Told),
}

/// Why something is not done; nothing has happened then.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BridgeError {
    #[error("nobody talks with this caller; pick the call up first")]
    NobodyServes,
    #[error("somebody is asked already; join them, pass the caller on, or call them off first")]
    AskedAlready,
    #[error("nobody is asked; ask somebody first")]
    NobodyAsked,
    #[error("they have not answered yet; wait, or pass the caller on all the same")]
    NotUp,
    #[error("they are on this call already")]
    OnIt,
    #[error("they are not on this call")]
    NotOnIt,
    #[error("a call has at most {max} people beside its caller; somebody must leave first")]
    Full { max: usize },
}

impl BridgeError {
    /// For programs.
    pub const fn code(&self) -> &'static str {
        match self {
            BridgeError::NobodyServes => "nobody_serves",
            BridgeError::AskedAlready => "asked_already",
            BridgeError::NobodyAsked => "nobody_asked",
            BridgeError::NotUp => "not_up",
            BridgeError::OnIt => "on_it",
            BridgeError::NotOnIt => "not_on_it",
            BridgeError::Full { .. } => "bridge_full",
        }
    }
}
