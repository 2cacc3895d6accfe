//! What is being said, what was said last, and what the caller's voice cut off. Shared by the conversation and the
//! callback: both are sayings in turn with somebody who may interrupt, keep silent, or vanish.

use super::say::{Expect, Say, SayId};
use crate::kernel::Moment;
use crate::kernel::limits::UTTERANCE_MS_MAX;

/// One sentence to say, before it has an id.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Phrase {
    pub text: String,
    pub expect: Expect,
    pub must_be_heard: bool,
    pub patience_ms: u64,
}

impl Phrase {
    /// A sentence after which more follows, or nothing.
    pub fn statement(text: String) -> Phrase {
        Phrase { text, expect: Expect::Nothing, must_be_heard: false, patience_ms: 0 }
    }

    /// A sentence that waits for an answer.
    pub fn question(text: String, expect: Expect, patience_ms: u64) -> Phrase {
        Phrase { text, expect, must_be_heard: false, patience_ms }
    }

    /// The same, not to be cut short.
    pub fn heard(self) -> Phrase {
        Phrase { must_be_heard: true, ..self }
    }
}

/// Speech takes at most this long a character; measured speech is near 220 ms.
const CHARACTER_MS_MAX: u64 = 500;
/// Rendering, queueing and the network's delay before a saying's end is reported.
const PLAYBACK_SLACK_MS: u64 = 15_000;
/// After the patience the line may still be busy: somebody speaks as long as an utterance may be, and the
/// recogniser takes its time.
const LISTEN_SLACK_MS: u64 = UTTERANCE_MS_MAX + 12_000;
/// A turn is taken up again in full this often.
const CUTS_MAX: u8 = 2;

/// Keeps account of sayings. Whatever happens there is a deadline while anybody is expected to speak.
#[derive(Clone, Debug, Default)]
pub struct Mouth {
    last_id: u64,
    /// Handed out and not yet reported played, in order.
    playing: Vec<Say>,
    /// The last turn, for 再说一遍.
    last: Vec<Phrase>,
    /// What the caller's voice cut off.
    unsaid: Vec<Phrase>,
    cuts: u8,
    patience_ms: u64,
    until: Option<Moment>,
}

/// What a lapsed deadline means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lapse {
    /// The end of playing was never reported: take it as played.
    Playing,
    /// Neither words nor silence were reported.
    Listening,
}

impl Mouth {
    /// Hands out `phrases` as one turn, to be spoken after what is still playing.
    pub fn say(&mut self, now: Moment, phrases: Vec<Phrase>) -> Vec<Say> {
        self.unsaid.clear();
        self.cuts = 0;
        // A notice is not said twice; where there is nothing else, as with the number to dial, it is.
        let notices_only = phrases.iter().all(|p| p.must_be_heard);
        self.last = phrases.iter().filter(|p| notices_only || !p.must_be_heard).cloned().collect();
        self.hand_out(now, phrases)
    }

    /// Says the last turn again.
    pub fn repeat(&mut self, now: Moment) -> Vec<Say> {
        self.unsaid.clear();
        self.hand_out(now, self.last.clone())
    }

    /// Says something beside the turn: 再说一遍 still means the turn before it.
    pub fn aside(&mut self, now: Moment, phrase: Phrase) -> Vec<Say> {
        self.hand_out(now, vec![phrase])
    }

    /// Goes on with what was cut off. On a line that cuts every sentence the last one alone is tried.
    pub fn resume(&mut self, now: Moment) -> Vec<Say> {
        let mut phrases = std::mem::take(&mut self.unsaid);
        self.cuts = self.cuts.saturating_add(1);
        if self.cuts > CUTS_MAX {
            phrases.drain(..phrases.len().saturating_sub(1));
        }
        self.hand_out(now, phrases)
    }

    fn hand_out(&mut self, now: Moment, phrases: Vec<Phrase>) -> Vec<Say> {
        let mut says = Vec::with_capacity(phrases.len());
        for phrase in phrases {
            self.last_id += 1;
            let id = SayId(self.last_id);
            let Phrase { text, expect, must_be_heard, patience_ms } = phrase;
            says.push(Say { id, text, expect, must_be_heard, patience_ms });
        }
        if let Some(say) = says.last() {
            self.patience_ms = say.patience_ms;
        }
        self.playing.extend(says.iter().cloned());
        let characters: usize = self.playing.iter().map(|say| say.text.chars().count()).sum();
        self.until = Some(now + characters as u64 * CHARACTER_MS_MAX + PLAYBACK_SLACK_MS);
        says
    }

    /// A saying was played, and so were all before it. True when that was the end of the turn.
    pub fn said(&mut self, now: Moment, id: SayId) -> bool {
        if !self.playing.iter().any(|say| say.id == id) {
            return false;
        }
        self.playing.retain(|say| say.id > id);
        if self.playing.is_empty() {
            self.listen(now);
        }
        self.playing.is_empty()
    }

    /// The caller's voice stopped a saying: what it left unsaid is kept, from the beginning of its sentence, with
    /// all that would have followed.
    pub fn interrupted(&mut self, now: Moment, id: SayId, unsaid: &str) {
        let cut = self.playing.iter().find(|say| say.id == id).cloned();
        // One that was taken as played: only what followed it is lost.
        if cut.is_none() && !self.playing.iter().any(|say| say.id > id) {
            return;
        }
        let mut left = Vec::new();
        if let Some(cut) = cut.filter(|_| !unsaid.trim().is_empty()) {
            left.push(phrase(&cut, sentence_with(&cut.text, unsaid).to_owned()));
        }
        left.extend(self.playing.iter().filter(|s| s.id > id).map(|s| phrase(s, s.text.clone())));
        self.unsaid = left;
        self.playing.clear();
        self.listen(now);
    }

    /// Stops what may be stopped. True when there was something, so that the player must be told.
    pub fn hush(&mut self) -> bool {
        let before = self.playing.len();
        self.playing.retain(|say| say.must_be_heard);
        self.unsaid.clear();
        before > self.playing.len()
    }

    /// Waits for the caller from now on, as after a question.
    pub fn listen(&mut self, now: Moment) {
        self.until = Some(now + self.patience_ms + LISTEN_SLACK_MS);
    }

    /// Waits for the caller no longer than this.
    pub fn wait(&mut self, now: Moment, ms: u64) {
        self.until = Some(now + ms);
    }

    pub fn is_speaking(&self) -> bool {
        !self.playing.is_empty()
    }

    /// True while a statement is being said, with the question still to come or none at all.
    pub fn in_statement(&self) -> bool {
        let playing = self.playing.first().map(|say| say.expect);
        let cut = self.unsaid.first().map(|phrase| phrase.expect);
        playing.or(cut) == Some(Expect::Nothing)
    }

    /// Something was cut off and nothing has replaced it.
    pub fn was_cut(&self) -> bool {
        !self.unsaid.is_empty()
    }

    /// What may be heard next, by the last saying of the turn.
    pub fn expect(&self) -> Expect {
        let coming = self.playing.last().map(|say| say.expect);
        coming.or(self.last.last().map(|phrase| phrase.expect)).unwrap_or(Expect::Nothing)
    }

    pub fn deadline(&self) -> Option<Moment> {
        self.until
    }

    /// What it means that the deadline has come; nothing when it has not.
    pub fn lapse(&mut self, now: Moment) -> Option<Lapse> {
        if self.until.is_none_or(|until| now < until) {
            return None;
        }
        let lapse = if self.playing.is_empty() { Lapse::Listening } else { Lapse::Playing };
        self.playing.clear();
        self.listen(now);
        Some(lapse)
    }

    /// Nobody is expected to speak any more.
    pub fn close(&mut self) {
        self.playing.clear();
        self.unsaid.clear();
        self.until = None;
    }
}

fn phrase(say: &Say, text: String) -> Phrase {
    let Say { expect, must_be_heard, patience_ms, .. } = *say;
    Phrase { text, expect, must_be_heard, patience_ms }
}

/// The end of `text` that `unsaid` is, from the beginning of the sentence that it starts in.
fn sentence_with<'a>(text: &'a str, unsaid: &'a str) -> &'a str {
    let Some(said) = text.strip_suffix(unsaid) else {
        return unsaid;
    };
    let begins = said.char_indices().rev().find(|(_, c)| matches!(c, '。' | '？' | '！' | '；'));
    let from = begins.map_or(0, |(at, c)| at + c.len_utf8());
    text.get(from..).unwrap_or(unsaid)
}
