//! Session timers (RFC 4028) as a machine without IO: what is asked for and agreed in Session-Expires and Min-SE, who
//! refreshes and when, and when a session that nobody refreshed is over.
//!
//! It reads and gives values; writing them into messages, sending the refresh and hanging up are its owner's.

use crate::kernel::Moment;

/// What is asked for when nobody asks for less (RFC 4028 4).
pub const INTERVAL_S: u32 = 1_800;
/// The least there is (RFC 4028 5).
pub const MIN_S: u32 = 90;
/// A session ends so long before its interval does (RFC 4028 10), or a third of the interval where that is less.
const END_EARLY_MS: u64 = 32_000;
/// A refresh that was refused for the moment is tried again after this.
const AGAIN_MS: u64 = 2_000;

/// Who refreshes, by the roles of the request that agrees on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refresher {
    Uac,
    Uas,
}

impl Refresher {
    pub const fn name(self) -> &'static str {
        match self {
            Refresher::Uac => "uac",
            Refresher::Uas => "uas",
        }
    }
}

/// What a message says of the timer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Said {
    /// Session-Expires, in seconds.
    pub interval_s: Option<u32>,
    /// Its parameter.
    pub refresher: Option<Refresher>,
    /// Min-SE, in seconds.
    pub min_s: Option<u32>,
    /// `timer` in Supported.
    pub supported: bool,
}

impl Said {
    /// Reads the values of Session-Expires, Min-SE and all Supported; what cannot be read was not said.
    pub fn read<'a>(
        expires: Option<&str>,
        min: Option<&str>,
        supported: impl IntoIterator<Item = &'a str>,
    ) -> Said {
        let seconds = |value: &str| {
            let digits = value.split(';').next().unwrap_or_default().trim();
            let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| digits.parse().unwrap_or(u32::MAX))
        };
        let refresher = expires.and_then(|value| {
            value.split(';').skip(1).find_map(|param| {
                let (name, value) = param.split_once('=')?;
                let named = name.trim().eq_ignore_ascii_case("refresher");
                let one = |role: Refresher| value.trim().eq_ignore_ascii_case(role.name());
                [Refresher::Uac, Refresher::Uas].into_iter().find(|&role| named && one(role))
            })
        });
        let timer =
            |value: &str| value.split(',').any(|tag| tag.trim().eq_ignore_ascii_case("timer"));
        Said {
            interval_s: expires.and_then(seconds),
            refresher,
            min_s: min.and_then(seconds),
            supported: supported.into_iter().any(timer),
        }
    }
}

/// What a 2xx of ours says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Agreed {
    pub interval_s: u32,
    pub refresher: Refresher,
    /// The peer knows timers: `Require: timer`.
    pub required: bool,
}

/// What a request of ours asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Asking {
    pub interval_s: u32,
    /// Left open until the first agreement.
    pub refresher: Option<Refresher>,
    pub min_s: u32,
}

/// What we would like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Wishes {
    pub interval_s: u32,
    /// Less than this is refused with 422.
    pub min_s: u32,
}

impl Default for Wishes {
    fn default() -> Self {
        Wishes { interval_s: INTERVAL_S, min_s: MIN_S }
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input {
    /// We have accepted the peer's INVITE or UPDATE with this; `None`: without a timer.
    Accepted(Option<Agreed>),
    /// The peer has accepted ours.
    Granted(Said),
    /// The peer has refused a refresh of ours with a code, or (`None`) not answered it.
    Refused {
        code: Option<u16>,
        min_s: Option<u32>,
    },
    /// The dialog is over, or is being ended.
    Over,
    Tick,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Send an UPDATE or re-INVITE now, with what [`Session::asking`] says.
    Refresh,
    /// Nobody has refreshed it: BYE.
    Expire,
}

/// The timer of one dialog.
#[derive(Clone, Debug)]
pub struct Session {
    wishes: Wishes,
    /// Learnt from a 422.
    least_s: u32,
    running: Option<Running>,
    effects: Vec<Effect>,
}

#[derive(Clone, Copy, Debug)]
struct Running {
    interval_s: u32,
    ours: bool,
    since: Moment,
    /// When to refresh; `None` while one is under way, or the peer does it.
    refresh: Option<Moment>,
}

impl Running {
    /// When we give the session up.
    fn end(&self) -> Moment {
        let interval = u64::from(self.interval_s) * 1_000;
        self.since + (interval - END_EARLY_MS.min(interval / 3))
    }
}

impl Session {
    pub const fn new(wishes: Wishes) -> Self {
        Session { wishes, least_s: wishes.min_s, running: None, effects: Vec::new() }
    }

    /// What a 2xx to this request of the peer's may say (RFC 4028 9); an error: the Min-SE of a 422.
    pub fn judge(&self, said: &Said) -> Result<Option<Agreed>, u32> {
        let floor = self.wishes.min_s.max(said.min_s.unwrap_or(0));
        let interval_s = match said.interval_s {
            Some(asked) if asked < self.wishes.min_s && said.supported => {
                return Err(self.wishes.min_s);
            }
            // Asked for by a proxy, and too little: what it cannot be told cannot be granted.
            Some(asked) if asked < self.wishes.min_s => return Ok(None),
            // It may be shortened to what we would like, never prolonged.
            Some(asked) => asked.min(self.wishes.interval_s.max(floor)),
            None if said.supported => self.wishes.interval_s.max(floor),
            None => return Ok(None),
        };
        let refresher = match said.refresher {
            _ if !said.supported => Refresher::Uas,
            Some(refresher) => refresher,
            None => Refresher::Uac,
        };
        Ok(Some(Agreed { interval_s, refresher, required: said.supported }))
    }

    /// What our next INVITE or UPDATE asks for.
    pub fn asking(&self) -> Asking {
        let interval_s = self.running.map_or(self.wishes.interval_s, |running| running.interval_s);
        let refresher =
            self.running.map(|running| if running.ours { Refresher::Uac } else { Refresher::Uas });
        Asking { interval_s: interval_s.max(self.least_s), refresher, min_s: self.least_s }
    }

    /// When to hand in [`Input::Tick`].
    pub fn deadline(&self) -> Option<Moment> {
        let running = self.running?;
        let end = running.end();
        Some(running.refresh.map_or(end, |refresh| refresh.min(end)))
    }

    /// What came of the inputs so far.
    pub fn drain(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    pub fn handle(&mut self, now: Moment, input: Input) {
        match input {
            Input::Accepted(agreed) => {
                self.running = agreed
                    .map(|agreed| run(now, agreed.interval_s, agreed.refresher == Refresher::Uas));
            }
            Input::Granted(said) => {
                // Who grants and names nobody leaves it to us (RFC 4028 7.2).
                let ours = said.refresher != Some(Refresher::Uas);
                self.running = said.interval_s.map(|interval_s| run(now, interval_s, ours));
            }
            Input::Refused { code, min_s } => self.refused(now, code, min_s),
            Input::Over => self.running = None,
            Input::Tick => self.tick(now),
        }
    }

    fn refused(&mut self, now: Moment, code: Option<u16>, min_s: Option<u32>) {
        let raised = min_s.filter(|&min| code == Some(422) && min > self.least_s);
        self.least_s = raised.unwrap_or(self.least_s);
        let Some(running) = &mut self.running else { return };
        match code {
            // The peer has no such dialog, or has gone (RFC 4028 10).
            None | Some(408 | 481) => {
                self.running = None;
                self.effects.push(Effect::Expire);
            }
            Some(_) if raised.is_some() => running.refresh = Some(now),
            Some(_) if running.ours => running.refresh = Some(now + AGAIN_MS),
            Some(_) => {}
        }
    }

    fn tick(&mut self, now: Moment) {
        let Some(running) = &mut self.running else { return };
        if now >= running.end() {
            self.running = None;
            self.effects.push(Effect::Expire);
        } else if running.refresh.is_some_and(|at| now >= at) {
            running.refresh = None;
            self.effects.push(Effect::Refresh);
        }
    }
}

fn run(now: Moment, interval_s: u32, ours: bool) -> Running {
    // A peer that grants next to nothing gets no more than a refresh a second.
    let interval_s = interval_s.max(2);
    let half = u64::from(interval_s) * 500;
    Running { interval_s, ours, since: now, refresh: ours.then(|| now + half) }
}
