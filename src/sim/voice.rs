//! One citizen's end of a call: what the robot is saying into their ear, and what they are saying.

use std::collections::VecDeque;

use super::people::Person;
use crate::dialogue::{Say, SayId};
use crate::kernel::{LegId, Moment};

/// As the runtime's: 4.5 syllables a second.
const SYLLABLE_MS: u64 = 220;

/// A saying that has ended, wholly or in part.
pub(super) struct Cut {
    pub say: SayId,
    pub said: String,
    pub unsaid: String,
    pub began: Moment,
}

/// What somebody is saying.
pub(super) struct Speech {
    /// And how sure the recogniser is of them. `None`: noise that no words can be got from.
    pub words: Option<(String, f32)>,
    pub start_ms: u64,
}

pub(super) struct Voice {
    pub leg: LegId,
    /// Where the recording begins.
    pub began: Moment,
    pub person: Person,
    queue: VecDeque<Say>,
    started: Moment,
    /// Counts what the mouth begins and stops: older plans for it are void.
    pub mouth: u64,
    /// Counts what changes for the citizen: older plans of theirs are void.
    pub ear: u64,
    /// Talks with an agent.
    pub joined: bool,
    pub waiting: bool,
    pub speech: Option<Speech>,
    pub patience_ms: u64,
    /// What the citizen heard last, wholly or in part.
    last: Option<Say>,
}

impl Voice {
    pub fn new(leg: LegId, began: Moment, person: Person) -> Voice {
        Voice {
            leg,
            began,
            person,
            queue: VecDeque::new(),
            started: began,
            mouth: 0,
            ear: 0,
            joined: false,
            waiting: false,
            speech: None,
            patience_ms: 0,
            last: None,
        }
    }

    /// The position in the recording.
    pub fn at_ms(&self, now: Moment) -> u64 {
        now.since(self.began)
    }

    pub fn is_speaking(&self) -> bool {
        !self.queue.is_empty()
    }

    pub fn current(&self) -> Option<&Say> {
        self.queue.front()
    }

    pub fn last_said(&self) -> Option<Say> {
        self.last.clone()
    }

    /// Takes a saying; true when it is the one to begin now.
    pub fn push(&mut self, say: Say) -> bool {
        self.patience_ms = say.patience_ms;
        self.queue.push_back(say);
        self.queue.len() == 1
    }

    /// The saying in front begins. Returns how long it takes.
    pub fn start(&mut self, now: Moment) -> Option<u64> {
        let say = self.queue.front()?;
        let length = say.text.chars().count() as u64 * SYLLABLE_MS;
        self.last = Some(say.clone());
        self.mouth += 1;
        self.ear += 1;
        self.started = now;
        Some(length)
    }

    /// The saying in front has been said to its end.
    pub fn finish(&mut self) -> Option<(Say, Moment)> {
        self.queue.pop_front().map(|say| (say, self.started))
    }

    /// Everything stops. Returns what was being said.
    pub fn stop(&mut self, now: Moment) -> Option<Cut> {
        self.mouth += 1;
        let say = self.queue.pop_front();
        self.queue.clear();
        let say = say?;
        let length = say.text.chars().count();
        let heard = (now.since(self.started) / SYLLABLE_MS) as usize;
        let heard = heard.min(length.saturating_sub(1));
        Some(Cut {
            say: say.id,
            said: say.text.chars().take(heard).collect(),
            unsaid: say.text.chars().skip(heard).collect(),
            began: self.started,
        })
    }

    /// Everything stops but what must be heard; what of that had not begun begins now when the flag is set.
    pub fn hush(&mut self, now: Moment) -> (Option<Cut>, bool) {
        if self.queue.front().is_some_and(|say| say.must_be_heard) {
            self.queue.retain(|say| say.must_be_heard);
            return (None, false);
        }
        let notices: Vec<Say> =
            self.queue.iter().filter(|say| say.must_be_heard).cloned().collect();
        let cut = self.stop(now);
        self.queue.extend(notices);
        (cut, !self.queue.is_empty())
    }
}
