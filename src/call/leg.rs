//! One leg of a call (RFC 3261: one INVITE dialog) as a machine without IO.
//!
//! Commands of ours and happenings at the peer go in with the time, effects come out: what to send, what to
//! report. A command that does not fit the state is refused and changes nothing; a happening that comes too late
//! (an ACK again, a CANCEL after our 200, a BYE that crossed ours) is ignored, as the wire demands.
//!
//! Retransmission belongs to the transaction layer beneath; the machine only knows how long it is willing to wait.

use crate::kernel::Moment;

pub use super::reason::{EndReason, Failure};

/// How long our 200 waits for its ACK: 64*T1 (RFC 3261 13.3.1.4), with T1 at its 500 ms.
pub const ACK_WAIT_MS: u64 = 32_000;
/// How long a leg that we end waits for the peer's agreement before it counts as over. The transaction layer goes
/// on repeating the BYE or CANCEL by itself.
pub const CLOSING_WAIT_MS: u64 = 4_000;
/// How long a re-INVITE may wait for [`Input::AnswerReinvite`].
pub const REINVITE_WAIT_MS: u64 = 10_000;
/// How often a re-INVITE of ours that met theirs (491) is sent again.
pub const GLARE_TRIES: u8 = 3;

/// Where a leg is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum State {
    /// Inbound: the INVITE is there.
    Invited,
    /// Inbound: 180 or 183 sent.
    RingingHere,
    /// Inbound: 200 sent. `then`: we have hung up since; a BYE may only follow the ACK (RFC 3261 15).
    Answered {
        ack_by: Moment,
        then: Option<EndReason>,
    },
    /// Outbound: the INVITE is sent, nothing has come back but perhaps 100.
    Dialling {
        give_up: Moment,
    },
    /// Outbound: 180 or 183 came.
    RingingThere {
        give_up: Moment,
    },
    /// Outbound: CANCEL sent, the final response is awaited. A 200 may still cross it.
    Cancelling {
        reason: EndReason,
        until: Moment,
    },
    /// People can talk.
    Confirmed {
        since: Moment,
        change: Change,
    },
    /// BYE sent.
    Closing {
        reason: EndReason,
        until: Moment,
    },
    Ended {
        reason: EndReason,
    },
}

/// A change of the session under way (re-INVITE).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    None,
    /// The peer's, to be answered by then.
    Theirs {
        by: Moment,
    },
    /// Ours; the peer's answer is awaited.
    Ours,
    /// Ours met theirs (491): it is sent again then, unless theirs comes first.
    Again {
        at: Moment,
    },
}

impl State {
    /// For messages: "leg L3 cannot answer while {name}".
    pub const fn name(&self) -> &'static str {
        match self {
            State::Invited => "invited",
            State::RingingHere => "ringing here",
            State::Answered { .. } => "answered and not acknowledged",
            State::Dialling { .. } => "dialling",
            State::RingingThere { .. } => "ringing there",
            State::Cancelling { .. } => "cancelling",
            State::Confirmed { .. } => "confirmed",
            State::Closing { .. } => "closing",
            State::Ended { .. } => "ended",
        }
    }
}

/// What happens to a leg. The first group are our commands, the second the peer's doings, the last the clock.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input {
    Ring {
        early: Option<String>,
    },
    Answer {
        sdp: String,
    },
    Reject {
        code: u16,
    },
    HangUp {
        reason: EndReason,
    },
    AnswerReinvite {
        sdp: String,
    },
    RefuseReinvite {
        code: u16,
    },
    Reinvite {
        sdp: String,
    },
    SendDigit {
        digit: char,
    },

    /// 180, or another 1xx above 100.
    PeerRinging,
    /// 183 with SDP.
    PeerEarly {
        sdp: String,
    },
    /// 200 to our INVITE; `None`: it had no SDP, which breaks the offer's contract.
    PeerAnswered {
        sdp: Option<String>,
    },
    /// A final refusal of our INVITE.
    PeerRefused {
        code: u16,
    },
    /// CANCEL before our answer.
    PeerCancelled,
    /// ACK of our 200.
    PeerAcked {
        sdp: Option<String>,
    },
    PeerBye,
    /// Our BYE was answered (or there is nobody left to answer it).
    ByeDone,
    PeerDigit {
        digit: char,
    },
    PeerReinvite {
        sdp: Option<String>,
    },
    /// Our re-INVITE was answered, either way.
    ReinviteDone,
    /// Our re-INVITE was answered with 491: both sides had begun one. `wait_ms`: drawn by chance from the range that
    /// RFC 3261 14.1 gives our side.
    ReinviteGlare {
        wait_ms: u64,
    },
    /// The transaction layer gave up.
    Broken {
        failure: Failure,
    },

    Tick,
}

/// What to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Effect {
    /// 180, or 183 with SDP.
    SendRinging {
        early: Option<String>,
    },
    SendAnswer {
        sdp: String,
    },
    SendRefusal {
        code: u16,
    },
    SendCancel,
    /// Give the INVITE up: nothing has come back, so there is nothing to cancel yet (RFC 3261 9.1).
    Abandon,
    SendBye {
        reason: EndReason,
    },
    SendReinvite {
        sdp: String,
    },
    /// The re-INVITE that met theirs has no tries left: whoever waits for its answer is told so.
    ReinviteLost,
    SendReinviteAnswer {
        sdp: String,
    },
    SendReinviteRefusal {
        code: u16,
    },
    SendDigit {
        digit: char,
    },
    Report(Report),
}

/// What the rest of the program is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Report {
    Ringing,
    Early { sdp: String },
    Answered { sdp: String },
    Confirmed { sdp: Option<String> },
    Digit { digit: char },
    Reinvite { sdp: Option<String> },
    Ended { reason: EndReason },
}

/// A command that does not fit: what was asked and where the leg is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refused {
    pub command: &'static str,
    pub state: &'static str,
}

/// One leg.
#[derive(Clone, Debug)]
pub struct Leg {
    state: State,
    longest_ms: u64,
    ack_wait_ms: u64,
    /// The offer of our re-INVITE under way, to be sent again after glare, and how often still.
    offer: Option<(String, u8)>,
    effects: Vec<Effect>,
}

impl Leg {
    /// An INVITE came in. `longest_ms`: the longest a call may last once it is confirmed.
    pub const fn inbound(longest_ms: u64) -> Self {
        Leg::in_state(State::Invited, longest_ms)
    }

    /// With another wait for the ACK than [`ACK_WAIT_MS`]: 64 times the T1 that the transactions run with.
    pub const fn ack_within(mut self, ms: u64) -> Self {
        self.ack_wait_ms = ms;
        self
    }

    /// An INVITE goes out now and may ring for `ring_ms`.
    pub fn outbound(now: Moment, ring_ms: u64, longest_ms: u64) -> Self {
        Leg::in_state(State::Dialling { give_up: now + ring_ms }, longest_ms)
    }

    /// A leg in any state: for tables of tests.
    pub const fn in_state(state: State, longest_ms: u64) -> Self {
        Leg { state, longest_ms, ack_wait_ms: ACK_WAIT_MS, offer: None, effects: Vec::new() }
    }

    pub const fn state(&self) -> &State {
        &self.state
    }

    pub const fn is_over(&self) -> bool {
        matches!(self.state, State::Ended { .. })
    }

    /// When to hand in [`Input::Tick`].
    pub fn deadline(&self) -> Option<Moment> {
        match self.state {
            State::Answered { ack_by, .. } => Some(ack_by),
            State::Dialling { give_up } | State::RingingThere { give_up } => Some(give_up),
            State::Cancelling { until, .. } | State::Closing { until, .. } => Some(until),
            State::Confirmed {
                since,
                change: Change::Theirs { by: at } | Change::Again { at },
            } => Some(at.min(since + self.longest_ms)),
            State::Confirmed { since, .. } => Some(since + self.longest_ms),
            State::Invited | State::RingingHere | State::Ended { .. } => None,
        }
    }

    /// What came of the inputs so far, oldest first.
    pub fn drain(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// The one transition. Only our own commands can be refused.
    pub fn handle(&mut self, now: Moment, input: Input) -> Result<(), Refused> {
        match self.state.clone() {
            State::Invited => self.unanswered(now, input, false),
            State::RingingHere => self.unanswered(now, input, true),
            State::Answered { ack_by, then } => self.answered(now, input, ack_by, then),
            State::Dialling { give_up } => self.calling(now, input, give_up, false),
            State::RingingThere { give_up } => self.calling(now, input, give_up, true),
            State::Cancelling { reason, until } => self.cancelling(now, input, reason, until),
            State::Confirmed { since, change } => self.confirmed(now, input, since, change),
            State::Closing { reason, until } => self.closing(now, input, reason, until),
            State::Ended { .. } => self.ended(input),
        }
    }

    fn unanswered(&mut self, now: Moment, input: Input, ringing: bool) -> Result<(), Refused> {
        match input {
            Input::Ring { early } => {
                if !ringing || early.is_some() {
                    self.effect(Effect::SendRinging { early });
                }
                self.state = State::RingingHere;
            }
            Input::Answer { sdp } => {
                self.effect(Effect::SendAnswer { sdp });
                self.state = State::Answered { ack_by: now + self.ack_wait_ms, then: None };
            }
            Input::Reject { code } => {
                self.effect(Effect::SendRefusal { code });
                self.end(EndReason::Rejected(code));
            }
            Input::HangUp { reason } => {
                self.effect(Effect::SendRefusal { code: reason.refusal() });
                self.end(reason);
            }
            Input::PeerCancelled => self.end(EndReason::Cancelled),
            Input::PeerBye => self.end(EndReason::HungUpByPeer),
            Input::Broken { failure } => self.end(EndReason::Failed(failure)),
            other => return self.stale(other),
        }
        Ok(())
    }

    fn answered(
        &mut self,
        now: Moment,
        input: Input,
        ack_by: Moment,
        then: Option<EndReason>,
    ) -> Result<(), Refused> {
        match input {
            Input::PeerAcked { sdp } => match then {
                Some(reason) => self.bye(now, reason),
                None => {
                    self.report(Report::Confirmed { sdp });
                    self.state = State::Confirmed { since: now, change: Change::None };
                }
            },
            Input::HangUp { reason } => {
                self.state = State::Answered { ack_by, then: Some(then.unwrap_or(reason)) };
            }
            Input::PeerBye => self.end(then.unwrap_or(EndReason::HungUpByPeer)),
            Input::Broken { failure } => self.end(then.unwrap_or(EndReason::Failed(failure))),
            // A key may overtake the ACK on UDP.
            Input::PeerDigit { digit } => self.report(Report::Digit { digit }),
            Input::Tick if now >= ack_by => {
                self.bye(now, then.unwrap_or(EndReason::Failed(Failure::NoAck)));
            }
            other => return self.stale(other),
        }
        Ok(())
    }

    fn calling(
        &mut self,
        now: Moment,
        input: Input,
        give_up: Moment,
        rang: bool,
    ) -> Result<(), Refused> {
        match input {
            Input::PeerRinging => {
                if !rang {
                    self.report(Report::Ringing);
                }
                self.state = State::RingingThere { give_up };
            }
            Input::PeerEarly { sdp } => {
                self.report(Report::Early { sdp });
                self.state = State::RingingThere { give_up };
            }
            Input::PeerAnswered { sdp: Some(sdp) } => {
                self.report(Report::Answered { sdp });
                self.state = State::Confirmed { since: now, change: Change::None };
            }
            Input::PeerAnswered { sdp: None } => self.bye(now, EndReason::Failed(Failure::BadSdp)),
            Input::PeerRefused { code } => self.end(EndReason::of_refusal(code, rang)),
            Input::PeerBye => self.end(EndReason::HungUpByPeer),
            Input::Broken { failure } => self.end(EndReason::Failed(failure)),
            Input::HangUp { reason } => self.give_up(now, reason, rang),
            Input::Tick if now >= give_up => {
                let reason =
                    if rang { EndReason::NoAnswer } else { EndReason::Failed(Failure::NoReply) };
                self.give_up(now, reason, rang);
            }
            other => return self.stale(other),
        }
        Ok(())
    }

    /// Ends an unanswered outbound leg.
    fn give_up(&mut self, now: Moment, reason: EndReason, rang: bool) {
        if rang {
            self.effect(Effect::SendCancel);
            self.state = State::Cancelling { reason, until: now + CLOSING_WAIT_MS };
        } else {
            self.effect(Effect::Abandon);
            self.end(reason);
        }
    }

    fn cancelling(
        &mut self,
        now: Moment,
        input: Input,
        reason: EndReason,
        until: Moment,
    ) -> Result<(), Refused> {
        match input {
            // The 200 crossed our CANCEL: acknowledged below us, ended here (RFC 3261 9.1, 15).
            Input::PeerAnswered { .. } => self.bye(now, reason),
            Input::PeerRefused { .. } | Input::PeerBye | Input::Broken { .. } | Input::ByeDone => {
                self.end(reason);
            }
            Input::Tick if now >= until => {
                self.effect(Effect::Abandon);
                self.end(reason);
            }
            Input::HangUp { .. } => {}
            other => return self.stale(other),
        }
        Ok(())
    }

    fn confirmed(
        &mut self,
        now: Moment,
        input: Input,
        since: Moment,
        change: Change,
    ) -> Result<(), Refused> {
        match input {
            Input::PeerDigit { digit } => self.report(Report::Digit { digit }),
            Input::SendDigit { digit } => self.effect(Effect::SendDigit { digit }),
            Input::PeerBye => self.end(EndReason::HungUpByPeer),
            Input::HangUp { reason } => self.bye(now, reason),
            Input::Broken { failure } => self.end(EndReason::Failed(failure)),
            Input::Tick => self.confirmed_tick(now, since, change),
            Input::PeerReinvite { .. }
            | Input::AnswerReinvite { .. }
            | Input::RefuseReinvite { .. }
            | Input::Reinvite { .. }
            | Input::ReinviteGlare { .. }
            | Input::ReinviteDone => return self.change(now, input, since, change),
            other => return self.stale(other),
        }
        Ok(())
    }

    fn confirmed_tick(&mut self, now: Moment, since: Moment, change: Change) {
        if now >= since + self.longest_ms {
            self.bye(now, EndReason::TooLong);
            return;
        }
        match change {
            Change::Theirs { by } if now >= by => {
                self.effect(Effect::SendReinviteRefusal { code: 488 });
                self.state = State::Confirmed { since, change: Change::None };
            }
            Change::Again { at } if now >= at => {
                if let Some((sdp, _)) = self.offer.clone() {
                    self.effect(Effect::SendReinvite { sdp });
                }
                self.state = State::Confirmed { since, change: Change::Ours };
            }
            Change::Theirs { .. } | Change::Again { .. } | Change::Ours | Change::None => {}
        }
    }

    /// A change of the session: one at a time, whoever began it (RFC 3261 14.2).
    fn change(
        &mut self,
        now: Moment,
        input: Input,
        since: Moment,
        change: Change,
    ) -> Result<(), Refused> {
        let next = match (change, input) {
            (Change::None | Change::Again { .. }, Input::PeerReinvite { sdp }) => {
                // Theirs goes first; an offer of ours from before it would undo it.
                if self.offer.take().is_some() {
                    self.effect(Effect::ReinviteLost);
                }
                self.report(Report::Reinvite { sdp });
                Change::Theirs { by: now + REINVITE_WAIT_MS }
            }
            (Change::Ours, Input::PeerReinvite { .. }) => {
                self.effect(Effect::SendReinviteRefusal { code: 491 });
                Change::Ours
            }
            // A second one before the first is answered: the stack refuses it with 500, the first stands.
            (Change::Theirs { by }, Input::PeerReinvite { .. }) => Change::Theirs { by },
            (Change::Theirs { .. }, Input::AnswerReinvite { sdp }) => {
                self.effect(Effect::SendReinviteAnswer { sdp });
                Change::None
            }
            (Change::Theirs { .. }, Input::RefuseReinvite { code }) => {
                self.effect(Effect::SendReinviteRefusal { code });
                Change::None
            }
            (Change::None, Input::Reinvite { sdp }) => {
                self.offer = Some((sdp.clone(), GLARE_TRIES));
                self.effect(Effect::SendReinvite { sdp });
                Change::Ours
            }
            (Change::Ours, Input::ReinviteGlare { wait_ms }) => match self.offer.take() {
                Some((sdp, tries)) if tries > 0 => {
                    self.offer = Some((sdp, tries - 1));
                    Change::Again { at: now + wait_ms }
                }
                _ => {
                    self.effect(Effect::ReinviteLost);
                    Change::None
                }
            },
            (Change::Ours, Input::ReinviteDone) => {
                self.offer = None;
                Change::None
            }
            (_, other) => return self.stale(other),
        };
        self.state = State::Confirmed { since, change: next };
        Ok(())
    }

    fn closing(
        &mut self,
        now: Moment,
        input: Input,
        reason: EndReason,
        until: Moment,
    ) -> Result<(), Refused> {
        match input {
            // Both hung up at once: each answers the other's BYE; ours is the reason that is kept.
            Input::ByeDone | Input::PeerBye | Input::Broken { .. } => self.end(reason),
            Input::Tick if now >= until => self.end(reason),
            Input::HangUp { .. } => {}
            other => return self.stale(other),
        }
        Ok(())
    }

    fn ended(&self, input: Input) -> Result<(), Refused> {
        match input {
            Input::HangUp { .. } => Ok(()),
            other => self.stale(other),
        }
    }

    /// What does not fit the state: a command is refused, a happening came too late and is ignored.
    fn stale(&self, input: Input) -> Result<(), Refused> {
        let command = match input {
            Input::Ring { .. } => "ring",
            Input::Answer { .. } => "answer",
            Input::Reject { .. } => "reject",
            Input::AnswerReinvite { .. } | Input::RefuseReinvite { .. } => "answer a re-INVITE",
            Input::Reinvite { .. } => "send a re-INVITE",
            Input::SendDigit { .. } => "send a digit",
            Input::HangUp { .. }
            | Input::PeerRinging
            | Input::PeerEarly { .. }
            | Input::PeerAnswered { .. }
            | Input::PeerRefused { .. }
            | Input::PeerCancelled
            | Input::PeerAcked { .. }
            | Input::PeerBye
            | Input::ByeDone
            | Input::PeerDigit { .. }
            | Input::PeerReinvite { .. }
            | Input::ReinviteDone
            | Input::ReinviteGlare { .. }
            | Input::Broken { .. }
            | Input::Tick => return Ok(()),
        };
        Err(Refused { command, state: self.state.name() })
    }

    fn bye(&mut self, now: Moment, reason: EndReason) {
        self.effect(Effect::SendBye { reason });
        self.state = State::Closing { reason, until: now + CLOSING_WAIT_MS };
    }

    fn end(&mut self, reason: EndReason) {
        self.state = State::Ended { reason };
        self.report(Report::Ended { reason });
    }

    fn effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    fn report(&mut self, report: Report) {
        self.effects.push(Effect::Report(report));
    }
}
