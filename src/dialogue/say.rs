//! What the voice is asked to say and what is expected after it.

use crate::kernel::Slot;

/// An answer to a closed question that was heard with less confidence is confirmed before it counts.
pub const DOUBT: f32 = 0.6;

/// Counts the sayings of one conversation, from 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SayId(pub u64);

/// One stretch of speech. Sayings are spoken in the order they were handed out, one after the other.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Say {
    pub id: SayId,
    /// Simplified Chinese, as the voice shall read it.
    pub text: String,
    /// What the caller is expected to say after it: how to listen, and for how long.
    pub expect: Expect,
    /// The caller's voice does not stop it: the recording notice, the number to dial in an emergency.
    pub must_be_heard: bool,
    /// How long the line may stay quiet after this saying before `Input::Silent`; 0 when more follows.
    pub patience_ms: u64,
}

/// What may be heard next. Closed sets are listened to as such; places and numbers are said with pauses.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Expect {
    /// A statement: more follows, or the call ends.
    Nothing,
    /// A free request.
    Open,
    /// 还有别的事吗: that there is nothing more, in any wording, or a free request.
    More,
    /// Yes or no, in any wording; keys 1 and 2.
    YesNo,
    /// One of two or three that were offered, or none of them; keys 1 to 3, and 9.
    Choice,
    /// One field of the ticket.
    Slot(Slot),
    /// A ticket's number: ten digits.
    Ticket,
    /// The last four digits of a telephone number.
    LastFour,
    /// One of the five grades; keys 1 (best) to 5.
    Grade,
    /// Free words that are kept as they are: a reason.
    Words,
}

impl Expect {
    /// The name in records and on pages.
    pub const fn key(self) -> &'static str {
        match self {
            Expect::Nothing => "nothing",
            Expect::Open => "open",
            Expect::More => "more",
            Expect::YesNo => "yes_no",
            Expect::Choice => "choice",
            Expect::Slot(_) => "slot",
            Expect::Ticket => "ticket",
            Expect::LastFour => "last_four",
            Expect::Grade => "grade",
            Expect::Words => "words",
        }
    }
}
