//! REFER on one leg (RFC 3515, RFC 5589), theirs and ours, as a machine without IO.
//!
//! Theirs: a telephone wants its other side passed on. It is answered 202 or 603, and after 202 told by NOTIFY what became of it:
//! 100 at once, 200 or a refusal at the end. Ours: the other side is asked to call somebody, and says by NOTIFY whether it has.

/// Longest URI that is taken.
const URI_BYTES_MAX: usize = 512;

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum State {
    #[default]
    Idle,
    /// Theirs waits for our answer.
    Asked,
    /// Theirs was accepted; they wait for the last NOTIFY.
    Trying,
    /// Ours is sent.
    Sent,
    /// Ours was accepted; the last NOTIFY is awaited.
    Taken,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input {
    /// A REFER came, with these Refer-To values.
    Peer {
        targets: Vec<String>,
    },
    Accept,
    Decline,
    /// Who was named has answered.
    Reached,
    /// They have not.
    Missed,
    /// We ask the peer to call this URI.
    Send {
        to: String,
    },
    /// The peer's answer to ours; `None`: none came.
    Answered {
        code: Option<u16>,
    },
    /// A NOTIFY of the peer's with this body.
    Notified {
        body: String,
    },
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Answer theirs with this code.
    Reply {
        code: u16,
    },
    /// `last`: the subscription ends with it.
    Notify {
        code: u16,
        last: bool,
    },
    /// For the program: pass the other side on to this URI.
    Report {
        to: String,
    },
    Send {
        to: String,
    },
    /// Ours has come to its end.
    Done {
        reached: bool,
    },
}

#[derive(Clone, Debug, Default)]
pub struct Refer {
    state: State,
    effects: Vec<Effect>,
}

impl Refer {
    pub fn is_idle(&self) -> bool {
        self.state == State::Idle
    }

    /// Whether a NOTIFY is awaited.
    pub fn listens(&self) -> bool {
        matches!(self.state, State::Sent | State::Taken)
    }

    pub fn drain(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// What comes at the wrong time is ignored, but for another REFER, which is answered.
    pub fn handle(&mut self, input: Input) {
        let (next, effects) = match (self.state, input) {
            (State::Idle, Input::Peer { targets }) => match target(&targets) {
                Ok(to) => (State::Asked, vec![Effect::Report { to }]),
                Err(code) => (State::Idle, vec![Effect::Reply { code }]),
            },
            (state, Input::Peer { .. }) => (state, vec![Effect::Reply { code: 491 }]),
            (State::Asked, Input::Accept) => {
                let trying = Effect::Notify { code: 100, last: false };
                (State::Trying, vec![Effect::Reply { code: 202 }, trying])
            }
            (State::Asked, Input::Decline) => (State::Idle, vec![Effect::Reply { code: 603 }]),
            (State::Trying, Input::Reached) => {
                (State::Idle, vec![Effect::Notify { code: 200, last: true }])
            }
            (State::Trying, Input::Missed) => {
                (State::Idle, vec![Effect::Notify { code: 480, last: true }])
            }
            (State::Idle, Input::Send { to }) => (State::Sent, vec![Effect::Send { to }]),
            (State::Sent, Input::Answered { code: Some(200..300) }) => (State::Taken, Vec::new()),
            (State::Sent, Input::Answered { .. }) => done(false),
            // The first NOTIFY may overtake the 202.
            (state @ (State::Sent | State::Taken), Input::Notified { body }) => {
                match status(&body) {
                    Some(200..300) => done(true),
                    Some(300..) => done(false),
                    _ => (state, Vec::new()),
                }
            }
            (state, Input::Send { .. }) => (state, vec![Effect::Done { reached: false }]),
            (state, _) => (state, Vec::new()),
        };
        self.state = next;
        self.effects.extend(effects);
    }
}

fn done(reached: bool) -> (State, Vec<Effect>) {
    (State::Idle, vec![Effect::Done { reached }])
}

/// The URI that is named: exactly one (RFC 3515 2.4.2), of SIP, and no dialog of another (`Replaces`), which we are not an end of.
fn target(targets: &[String]) -> Result<String, u16> {
    let [target] = targets else { return Err(400) };
    let target = target.trim();
    let uri = match target.split_once('<') {
        Some((_, rest)) => rest.split_once('>').ok_or(400_u16)?.0,
        None => target,
    };
    let clean = !uri.chars().any(|c| c.is_whitespace() || c.is_control());
    if uri.is_empty() || uri.len() > URI_BYTES_MAX || !clean {
        return Err(400);
    }
    let lower = uri.to_ascii_lowercase();
    if !lower.starts_with("sip:") || lower.contains("replaces=") {
        return Err(603);
    }
    Ok(uri.to_owned())
}

/// Of the first line of a message in a body (message/sipfrag, RFC 3420).
fn status(body: &str) -> Option<u16> {
    let line = body.lines().next()?;
    line.strip_prefix("SIP/2.0 ")?.split(' ').next()?.parse().ok()
}
