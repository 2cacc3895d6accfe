//! Provisional responses that must arrive (RFC 3262), server side, as a machine without IO: one at a time, repeated until
//! its PRACK comes, given up after 64*T1.

use crate::kernel::Moment;

/// What a PRACK acknowledges (RAck).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rack {
    pub rseq: u32,
    pub cseq: u32,
    pub method: String,
}

impl Rack {
    /// `776656 1 INVITE`
    pub fn read(value: &str) -> Option<Rack> {
        let mut words = value.split_whitespace();
        let rseq = words.next()?.parse().ok()?;
        let cseq = words.next()?.parse().ok()?;
        let method = words.next()?.to_owned();
        words.next().is_none().then_some(Rack { rseq, cseq, method })
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input {
    /// 180, or 183 with this description.
    Send {
        sdp: Option<String>,
    },
    /// The INVITE has its final response: nothing is repeated any longer.
    Over,
    Tick,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Effect {
    Send {
        rseq: u32,
        sdp: Option<String>,
    },
    /// No PRACK came: the INVITE is to be refused with 5xx (RFC 3262 3).
    GiveUp,
}

/// The reliable responses to one INVITE.
#[derive(Clone, Debug)]
pub struct Reliable {
    cseq: u32,
    t1_ms: u64,
    next_rseq: u32,
    waiting: Option<Waiting>,
    /// To be sent when the one before is acknowledged; the latest replaces an earlier one.
    next: Option<Option<String>>,
    effects: Vec<Effect>,
}

#[derive(Clone, Debug)]
struct Waiting {
    rseq: u32,
    sdp: Option<String>,
    give_up: Moment,
    again: Moment,
    step_ms: u64,
}

impl Reliable {
    /// `cseq`: the INVITE's number; `first`: the first RSeq, 1 to 2^31-1; `t1_ms`: RFC 3261's T1.
    pub const fn new(cseq: u32, first: u32, t1_ms: u64) -> Self {
        let effects = Vec::new();
        Reliable { cseq, t1_ms, next_rseq: first, waiting: None, next: None, effects }
    }

    /// Whether the answer must wait: a description is on its way that is not acknowledged (RFC 3262 3).
    pub fn holds_answer(&self) -> bool {
        self.waiting.as_ref().is_some_and(|waiting| waiting.sdp.is_some())
            || self.next.as_ref().is_some_and(Option::is_some)
    }

    pub fn deadline(&self) -> Option<Moment> {
        self.waiting.as_ref().map(|waiting| waiting.again.min(waiting.give_up))
    }

    pub fn drain(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    pub fn handle(&mut self, now: Moment, input: Input) {
        match input {
            Input::Send { sdp } if self.waiting.is_some() => self.next = Some(sdp),
            Input::Send { sdp } => self.send(now, sdp),
            Input::Over => {
                self.waiting = None;
                self.next = None;
            }
            Input::Tick => self.tick(now),
        }
    }

    fn send(&mut self, now: Moment, sdp: Option<String>) {
        let rseq = self.next_rseq;
        self.next_rseq = rseq.wrapping_add(1).max(1);
        self.effects.push(Effect::Send { rseq, sdp: sdp.clone() });
        let (give_up, again) = (now + 64 * self.t1_ms, now + self.t1_ms);
        self.waiting = Some(Waiting { rseq, sdp, give_up, again, step_ms: self.t1_ms });
    }

    /// Takes a PRACK and gives the code that it is answered with: 200, or 481 where it is for none that waits.
    pub fn prack(&mut self, now: Moment, rack: &Rack) -> u16 {
        let fits = self.waiting.as_ref().is_some_and(|waiting| {
            waiting.rseq == rack.rseq && rack.cseq == self.cseq && rack.method == "INVITE"
        });
        if !fits {
            return 481;
        }
        self.waiting = None;
        if let Some(sdp) = self.next.take() {
            self.send(now, sdp);
        }
        200
    }

    fn tick(&mut self, now: Moment) {
        let Some(waiting) = &mut self.waiting else { return };
        if now >= waiting.give_up {
            self.waiting = None;
            self.next = None;
            self.effects.push(Effect::GiveUp);
        } else if now >= waiting.again {
            waiting.step_ms *= 2;
            waiting.again = now + waiting.step_ms;
            let (rseq, sdp) = (waiting.rseq, waiting.sdp.clone());
            self.effects.push(Effect::Send { rseq, sdp });
        }
    }
}
