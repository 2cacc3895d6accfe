//! The robot's mouth, the citizens' turns, and people talking with each other: what the runtime's call task does with
//! sound, done with words and time.

use super::people::Turn;
use super::voice::{Cut, Speech};
use super::world::{Event, SimError, World};
use crate::call::{EndReason, Failure};
use crate::dialogue::Say;
use crate::hotline::{Input, SaidHow};
use crate::kernel::{CallId, LegId};
use crate::speech::Speaker;

/// Said by people who talk with an agent.
const BETWEEN: &[&str] =
    &["嗯好的", "请您说一下具体地址", "我已经说过了", "我们马上转给主管部门", "谢谢你"];
const CONFIDENCE: f32 = 0.8;
const DOUBTFUL: f32 = 0.4;

impl World {
    pub(super) fn say(&mut self, call: CallId, say: Say) {
        if let Some(voice) = self.voices.get_mut(&call).filter(|voice| !voice.joined)
            && voice.push(say)
        {
            self.saying_begins(call);
        }
    }

    fn saying_begins(&mut self, call: CallId) {
        let now = self.now;
        let Some(voice) = self.voices.get_mut(&call) else { return };
        let Some(length) = voice.start(now) else { return };
        let epoch = voice.mouth;
        let into =
            voice.current().is_some_and(|say| !say.must_be_heard) && voice.person.chance(0.06);
        let (pace, _) = voice.person.pace();
        self.plan(length, Event::SayingEnds { call, epoch });
        if into {
            self.plan(pace.min(length), Event::TurnBegins { call, epoch: self.ear(call) });
        }
    }

    fn ear(&self, call: CallId) -> u64 {
        self.voices.get(&call).map_or(0, |voice| voice.ear)
    }

    fn tell_cut(&mut self, call: CallId, cut: Option<Cut>, how: SaidHow) {
        let Some(cut) = cut else { return };
        let Some(voice) = self.voices.get(&call) else { return };
        let (start_ms, end_ms) = (voice.at_ms(cut.began), voice.at_ms(self.now));
        let Cut { say, said, unsaid, .. } = cut;
        self.plan_input(0, Input::Said { call, say, how, said, unsaid, start_ms, end_ms });
    }

    pub(super) fn hush(&mut self, call: CallId) {
        let now = self.now;
        let Some(voice) = self.voices.get_mut(&call) else { return };
        let (cut, more) = voice.hush(now);
        self.tell_cut(call, cut, SaidHow::Hushed);
        if more {
            self.saying_begins(call);
        }
    }

    pub(super) fn saying_ends(&mut self, call: CallId, epoch: u64) -> Result<(), SimError> {
        let Some(voice) = self.voices.get_mut(&call).filter(|v| v.mouth == epoch) else {
            return Ok(());
        };
        let Some((say, began)) = voice.finish() else { return Ok(()) };
        let (start_ms, end_ms) = (voice.at_ms(began), voice.at_ms(self.now));
        let more = voice.is_speaking();
        let input = Input::Said {
            call,
            say: say.id,
            how: SaidHow::Completed,
            said: say.text.clone(),
            unsaid: String::new(),
            start_ms,
            end_ms,
        };
        if more {
            self.saying_begins(call);
        } else {
            self.turn_is_theirs(call, &say);
        }
        self.input(input)
    }

    /// The robot has fallen silent: the citizen thinks of what to say.
    fn turn_is_theirs(&mut self, call: CallId, say: &Say) {
        let Some(voice) = self.voices.get_mut(&call) else { return };
        let speaks = say.patience_ms > 0 || (voice.waiting && voice.person.chance(0.15));
        let (pace, _) = voice.person.pace();
        let (epoch, patience_ms) = (voice.ear, voice.patience_ms);
        if speaks {
            self.plan(pace, Event::TurnBegins { call, epoch });
        }
        if patience_ms > 0 {
            self.plan(patience_ms, Event::PatienceEnds { call, epoch });
        }
    }

    /// The citizen does something: after the robot's words or into them.
    pub(super) fn turn_begins(&mut self, call: CallId, epoch: u64) -> Result<(), SimError> {
        let now = self.now;
        let Some(voice) = self.voices.get_mut(&call) else { return Ok(()) };
        if voice.ear != epoch || voice.joined || voice.speech.is_some() {
            return Ok(());
        }
        let Some(say) = voice.last_said() else { return Ok(()) };
        let turn = voice.person.answer(&say);
        let words = match turn {
            Turn::Silence => return Ok(()),
            Turn::HangUp => {
                let leg = voice.leg;
                return self.down(leg, EndReason::HungUpByPeer);
            }
            Turn::Key(key) => {
                let at_ms = voice.at_ms(now);
                return self.input(Input::Key { call, key, at_ms });
            }
            Turn::Words(words) => Some((words, CONFIDENCE)),
            Turn::Doubtful(words) => Some((words, DOUBTFUL)),
            Turn::Unclear => None,
        };
        let (_, length) = voice.person.pace();
        voice.ear += 1;
        voice.speech = Some(Speech { words, start_ms: voice.at_ms(now) });
        self.plan(length, Event::TurnEnds { call });
        self.barge_in(call);
        Ok(())
    }

    /// The citizen's voice stops ours, unless ours must be heard.
    fn barge_in(&mut self, call: CallId) {
        let now = self.now;
        let Some(voice) = self.voices.get_mut(&call) else { return };
        if voice.current().is_some_and(|say| !say.must_be_heard) {
            let cut = voice.stop(now);
            self.tell_cut(call, cut, SaidHow::Interrupted);
        }
    }

    pub(super) fn turn_ends(&mut self, call: CallId) -> Result<(), SimError> {
        let Some(voice) = self.voices.get_mut(&call) else { return Ok(()) };
        let Some(speech) = voice.speech.take() else { return Ok(()) };
        let (epoch, patience_ms, joined) = (voice.ear, voice.patience_ms, voice.joined);
        let end_ms = voice.at_ms(self.now);
        if patience_ms > 0 && !joined {
            self.plan(patience_ms, Event::PatienceEnds { call, epoch });
        }
        let input = match words_of(call, speech, end_ms) {
            Some(_) if self.rng.chance(0.003) => Input::Overloaded { call },
            Some(words) => words,
            // Between people nobody asks again.
            None if joined => return Ok(()),
            None => Input::Unclear { call },
        };
        match self.recognise() {
            0 => self.input(input),
            later => {
                self.plan_input(later, input);
                Ok(())
            }
        }
    }

    pub(super) fn patience_ends(&mut self, call: CallId, epoch: u64) -> Result<(), SimError> {
        let waits = self.voices.get(&call).is_some_and(|voice| {
            voice.ear == epoch && !voice.joined && voice.speech.is_none() && !voice.is_speaking()
        });
        if waits { self.input(Input::Silent { call }) } else { Ok(()) }
    }

    // ---- two people ----

    pub(super) fn join(&mut self, call: CallId, agent_leg: LegId) {
        let now = self.now;
        let Some(voice) = self.voices.get_mut(&call) else { return };
        let cut = voice.stop(now);
        voice.joined = true;
        voice.ear += 1;
        let (epoch, leg) = (voice.ear, voice.leg);
        self.tell_cut(call, cut, SaidHow::Hushed);
        let length = 20_000 + self.rng.below(100_000);
        let (leg, reason) = match self.rng.below(100) {
            0..60 => (agent_leg, EndReason::HungUpByPeer),
            60..90 => (leg, EndReason::HungUpByPeer),
            90..98 => (agent_leg, EndReason::Failed(Failure::Network)),
            _ => (leg, EndReason::MediaTimeout),
        };
        self.plan(length, Event::Down(leg, reason));
        self.plan(3_000, Event::Between { call, epoch });
    }

    pub(super) fn part(&mut self, call: CallId) {
        if let Some(voice) = self.voices.get_mut(&call) {
            voice.joined = false;
            voice.ear += 1;
        }
    }

    /// One of two people says something.
    pub(super) fn between(&mut self, call: CallId, epoch: u64) -> Result<(), SimError> {
        let Some(voice) = self.voices.get(&call) else { return Ok(()) };
        if voice.ear != epoch || !voice.joined {
            return Ok(());
        }
        let end_ms = voice.at_ms(self.now);
        let speaker = if self.rng.chance(0.5) { Speaker::Agent } else { Speaker::Caller };
        let text = self.rng.pick(BETWEEN).copied().unwrap_or_default().to_owned();
        let next = 3_000 + self.rng.below(12_000);
        self.plan(next, Event::Between { call, epoch });
        let start_ms = end_ms.saturating_sub(1_500);
        let confidence = CONFIDENCE;
        self.input(Input::Words { call, speaker, text, start_ms, end_ms, confidence })
    }

    // ---- the end ----

    /// The legs are down: what is being said is still heard out.
    pub(super) fn close(&mut self, call: CallId) {
        let Some(mut voice) = self.voices.remove(&call) else {
            return self.plan_input(0, Input::MediaClosed { call });
        };
        let end_ms = voice.at_ms(self.now);
        let speech = voice.speech.take();
        let cut = voice.stop(self.now);
        if let Some(Cut { say, said, unsaid, began }) = cut {
            let (how, start_ms) = (SaidHow::Hushed, voice.at_ms(began));
            self.plan_input(10, Input::Said { call, say, how, said, unsaid, start_ms, end_ms });
        }
        let words = speech.and_then(|speech| words_of(call, speech, end_ms));
        let length = if words.is_some() { 200 + self.rng.below(3_000) } else { 10 };
        if let Some(words) = words {
            self.plan_input(length, words);
        }
        self.plan_input(length, Input::MediaClosed { call });
    }

    /// The task of a call's sound is gone.
    pub(super) fn media_breaks(&mut self, call: CallId) -> Result<(), SimError> {
        match self.voices.remove(&call) {
            Some(_) => self.input(Input::MediaClosed { call }),
            None => Ok(()),
        }
    }
}

fn words_of(call: CallId, speech: Speech, end_ms: u64) -> Option<Input> {
    let ((text, confidence), start_ms) = (speech.words?, speech.start_ms);
    let speaker = Speaker::Caller;
    Some(Input::Words { call, speaker, text, start_ms, end_ms, confidence })
}
