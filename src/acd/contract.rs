//! What goes into the queue and what comes out of it.

use crate::kernel::{AgentId, CallId, Pii};

/// Smaller goes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Priority {
    /// Danger to life or property.
    Emergency,
    /// Was already with an agent or being rung for.
    Returned,
    /// Has waited too long.
    Long,
    /// Was promised a callback and could not be reached, or is on the line for it.
    Promised,
    #[default]
    Ordinary,
}

impl Priority {
    pub const fn key(self) -> &'static str {
        match self {
            Priority::Emergency => "emergency",
            Priority::Returned => "returned",
            Priority::Long => "long",
            Priority::Promised => "promised",
            Priority::Ordinary => "ordinary",
        }
    }
}

/// What an agent must be able to do for a caller.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Need {
    /// Skills with the level that is wanted: a language, a dialect. Less will do in time, or at once where nobody
    /// on duty has more; nothing only where nobody has any.
    pub must: Vec<(String, u8)>,
    /// A skill that is waited for a bounded time only.
    pub wish: Option<(String, u8)>,
    /// Code and name of the category: they find the group.
    pub topics: Vec<String>,
}

impl Need {
    pub(super) fn is_any(&self) -> bool {
        self.must.is_empty() && self.wish.is_none()
    }
}

/// A caller who wants a person.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ask {
    pub priority: Priority,
    pub need: Need,
    /// Their number, by which who had their matter is found.
    pub caller: Option<Pii<String>>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input {
    /// A caller wants a person.
    Enqueue {
        call: CallId,
        ask: Ask,
    },
    /// The caller has hung up or is served otherwise. Who was promised a callback keeps their place.
    Leave {
        call: CallId,
    },
    /// The caller will be called back instead of waiting: their place is kept.
    Promise {
        call: CallId,
    },
    /// The promise is taken back.
    Withdraw {
        call: CallId,
    },
    /// Who was promised a callback as `call` is on the line as `line`: the agent is rung.
    Reached {
        call: CallId,
        line: CallId,
    },
    /// They could not be reached.
    Unreached {
        call: CallId,
    },
    /// The agent's telephone was answered.
    Answered {
        agent: AgentId,
    },
    /// It was busy, rejected the call or could not be reached.
    Failed {
        agent: AgentId,
    },
    Hold {
        agent: AgentId,
    },
    Resume {
        agent: AgentId,
    },
    /// The talk is over.
    Finished {
        agent: AgentId,
    },
    /// The agent's line broke and the caller is still there.
    Lost {
        agent: AgentId,
    },
    /// 小结: what the talk came to, by a code of the plan, during it or after.
    Code {
        agent: AgentId,
        code: String,
    },
    /// The agent is ready again before wrap-up has run out, or comes on duty, or will not leave after all.
    Ready {
        agent: AgentId,
    },
    /// The agent goes away; a call being rung for goes back to the front, a talk and its wrap-up are finished first.
    Away {
        agent: AgentId,
        reason: String,
    },
    /// Who talks with this caller wants somebody else beside them: an idle agent is rung, who has no caller of their own then.
    Ask {
        call: CallId,
        whom: Whom,
    },
    /// 监听: a supervisor's telephone is rung for this call, on duty or not.
    Attend {
        agent: AgentId,
        call: CallId,
    },
    /// Who was asked, or supervises, is no longer wanted: they are as they were before.
    Spare {
        agent: AgentId,
    },
    /// 转接: the talk is over for `from`; its caller is `to`'s now, who was asked and rings or talks, or somebody's who is no agent.
    Pass {
        from: AgentId,
        to: Option<AgentId>,
    },
    /// The same, to a group: the caller waits before all ordinary callers.
    PassOn {
        from: AgentId,
        group: String,
    },
    /// A caller who was passed to somebody outside is back: to this agent where they are free or write that talk up, else before
    /// all ordinary callers.
    Return {
        call: CallId,
        ask: Ask,
        to: Option<AgentId>,
    },
    /// The deadline has come.
    Tick,
}

/// Who is asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Whom {
    Agent(AgentId),
    /// Of this group, by its code: who is idle the longest.
    Group(String),
}

/// Why a caller no longer waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Gone {
    /// Hung up or chose otherwise.
    Left,
    /// Told that nobody is on duty.
    Nobody,
    /// Told that too many wait.
    Full,
    /// Their callback was withdrawn or given up.
    NotReached,
}

impl Gone {
    pub const fn key(self) -> &'static str {
        match self {
            Gone::Left => "left",
            Gone::Nobody => "nobody",
            Gone::Full => "full",
            Gone::NotReached => "not_reached",
        }
    }
}

/// For those who count: what has become of a caller's wait and of an agent's work. Times in milliseconds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Record {
    Entered {
        call: CallId,
        group: String,
        priority: Priority,
    },
    /// Will be called back.
    Promised {
        call: CallId,
    },
    /// They are on the line again, as this call.
    Reached {
        call: CallId,
        line: CallId,
    },
    Answered {
        call: CallId,
        agent: AgentId,
        waited_ms: u64,
    },
    Left {
        call: CallId,
        why: Gone,
        waited_ms: u64,
    },
    /// The talk is over.
    Ended {
        call: CallId,
        agent: AgentId,
        talk_ms: u64,
    },
    /// So is the wrap-up.
    WrappedUp {
        call: CallId,
        agent: AgentId,
        code: Option<String>,
        wrap_up_ms: u64,
    },
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Ring this agent's telephone for this call.
    Ring {
        agent: AgentId,
        call: CallId,
    },
    /// Stop ringing it.
    StopRinging {
        agent: AgentId,
        call: CallId,
    },
    /// It is the turn of somebody who was promised a callback, and this agent is kept for them: call the citizen, and say
    /// [`Input::Reached`] or [`Input::Unreached`].
    CallBack {
        agent: AgentId,
        call: CallId,
    },
    /// Who was promised a callback could not be reached and is out of the queue.
    GivenUp {
        call: CallId,
    },
    /// Tell the caller where they stand among those of their group, 1 is next. `agents`: how many who may take them are on
    /// duty, busy or not. `estimate_s`: how long it will be, once talks were seen.
    Waiting {
        call: CallId,
        position: u32,
        agents: u32,
        estimate_s: Option<u32>,
    },
    /// Nobody is on duty: the caller is not in the queue.
    NobodyOnDuty {
        call: CallId,
    },
    /// The queue is full: the caller is not in it.
    Full {
        call: CallId,
    },
    /// An agent's state has changed.
    Agent {
        agent: AgentId,
    },
    Record(Record),
}
