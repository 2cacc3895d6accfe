//! What the robot has to say on one call: sayings in order, sentence by sentence, rendered ahead of the player, and what of
//! it was heard. Owns no sound and no time of its own; the call's task gives it both.

use std::collections::VecDeque;

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TryRecvError;

use super::voice::{Voice, sentences};
use crate::dialogue::{Expect, Say, SayId};
use crate::media::SAMPLES_PER_MS;
use crate::media::player::{Player, PlayerEvent};
use crate::speech;

/// How a saying ended, positions on the call's recording.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ended {
    pub say: SayId,
    pub said: String,
    pub unsaid: String,
    pub start_ms: u64,
    pub end_ms: u64,
}

struct Saying {
    /// `None`: a word to fill the time, of which nobody needs to know.
    say: Option<Say>,
    sentences: Vec<String>,
    /// Sentences handed to the voice.
    asked: usize,
    /// Sentences whose last sample went out.
    played: usize,
    start_ms: Option<u64>,
}

/// Sound of one sentence on its way from the voice.
struct Rendering {
    tag: u64,
    sound: mpsc::Receiver<Vec<i16>>,
}

/// The robot's mouth on one call.
#[derive(Default)]
pub struct Speaking {
    queue: VecDeque<Saying>,
    rendering: Option<Rendering>,
    next_tag: u64,
    /// Tags of the sentences that the player has and has not ended, in order.
    tags: VecDeque<u64>,
}

impl Speaking {
    pub fn push(&mut self, say: Say) {
        let sentences = sentences(&say.text).into_iter().map(str::to_owned).collect();
        let say = Some(say);
        self.queue.push_back(Saying { say, sentences, asked: 0, played: 0, start_ms: None });
    }

    /// Says that we are at it, where there is nothing else to say. What follows waits for its end.
    pub fn fill(&mut self, text: &str) {
        if self.is_idle() {
            let sentences = vec![text.to_owned()];
            self.queue.push_back(Saying {
                say: None,
                sentences,
                asked: 0,
                played: 0,
                start_ms: None,
            });
        }
    }

    pub fn is_idle(&self) -> bool {
        self.queue.is_empty()
    }

    /// What kind of saying is being said or next to be.
    pub fn current(&self) -> Option<speech::Saying> {
        self.queue.front().map(Saying::kind)
    }

    /// Moves rendered sound to the player and asks the voice for the next sentence. Call it every frame.
    pub fn pump(&mut self, voice: &Voice, player: &mut Player) {
        loop {
            if let Some(rendering) = &mut self.rendering {
                // Enough is queued; the rest waits in the channel, and its bound holds the voice.
                if player.buffered_ms() > 4_000 {
                    return;
                }
                match rendering.sound.try_recv() {
                    Ok(piece) => {
                        if let Err(error) = player.append(rendering.tag, piece) {
                            tracing::warn!(%error, "speech was dropped");
                        }
                        continue;
                    }
                    Err(TryRecvError::Empty) => return,
                    Err(TryRecvError::Disconnected) => {
                        // A sentence that could not be rendered is an empty item: it starts and ends at once.
                        let _ = player.append(rendering.tag, Vec::new());
                        player.finish(rendering.tag);
                        self.rendering = None;
                    }
                }
            }
            if !self.ask(voice, player) {
                return;
            }
        }
    }

    /// Asks for the next sentence; false when there is none or the voice is busy.
    fn ask(&mut self, voice: &Voice, player: &mut Player) -> bool {
        // Behind a saying that must be heard nothing is rendered ahead, so that what follows can be dropped without it.
        let ahead = match self.queue.front() {
            Some(front) if front.must_be_heard() => 1,
            _ => self.queue.len(),
        };
        let mut pending = self.queue.iter_mut().take(ahead);
        let Some(saying) = pending.find(|s| s.asked < s.sentences.len()) else { return false };
        let Some(sentence) = saying.sentences.get(saying.asked) else { return false };
        match voice.speak(sentence) {
            Ok(sound) => {
                saying.asked += 1;
                self.next_tag += 1;
                if !self.tags.is_empty() {
                    let breath = vec![0; BREATH_MS * SAMPLES_PER_MS];
                    if let Err(error) = player.append(self.next_tag, breath) {
                        tracing::warn!(%error, "a breath was dropped");
                    }
                }
                self.tags.push_back(self.next_tag);
                self.rendering = Some(Rendering { tag: self.next_tag, sound });
                true
            }
            // Full: asked again with the next frame.
            Err(_) => false,
        }
    }

    /// The player has told something; `Some` when a saying has been said to its end.
    pub fn told(&mut self, event: PlayerEvent, now_ms: u64) -> Option<Ended> {
        match event {
            PlayerEvent::ItemStarted { .. } => {
                if let Some(saying) = self.queue.front_mut() {
                    saying.start_ms.get_or_insert(now_ms);
                }
                None
            }
            PlayerEvent::ItemEnded { tag, whole: true, .. } => {
                if self.tags.front() != Some(&tag) {
                    return None;
                }
                self.tags.pop_front();
                let saying = self.queue.front_mut()?;
                saying.played += 1;
                if saying.played < saying.sentences.len() {
                    return None;
                }
                let saying = self.queue.pop_front()?;
                saying.ended(saying.sentences.len(), String::new(), now_ms)
            }
            PlayerEvent::ItemEnded { .. } | PlayerEvent::Starved { .. } => None,
        }
    }

    /// A saying without a word that can be spoken ends at once.
    pub fn skip_empty(&mut self, now_ms: u64) -> Option<Ended> {
        let empty = self.queue.front().is_some_and(|saying| saying.sentences.is_empty());
        let saying = if empty { self.queue.pop_front() } else { None };
        saying.and_then(|saying| saying.ended(0, String::new(), now_ms))
    }

    /// We have something better to say: drops all but what must be heard. Returns what was being said, if it was cut.
    pub fn hush(&mut self, player: &mut Player, now_ms: u64) -> Option<Ended> {
        if self.queue.front().is_some_and(Saying::must_be_heard) {
            self.queue.retain(Saying::must_be_heard);
            return None;
        }
        let notices = self.queue.iter().filter(|saying| saying.must_be_heard());
        let notices: Vec<Say> = notices.filter_map(|saying| saying.say.clone()).collect();
        let ended = self.stop(player, now_ms);
        notices.into_iter().for_each(|say| self.push(say));
        ended
    }

    /// Everything stops now and the queue is empty. Returns what was being said or would have been
    /// said next.
    pub fn stop(&mut self, player: &mut Player, now_ms: u64) -> Option<Ended> {
        let stopped = player.stop();
        while player.poll().is_some() {}
        self.rendering = None;
        self.tags.clear();
        let first = self.queue.iter().position(|saying| saying.say.is_some())?;
        let saying = self.queue.drain(..).nth(first)?;
        let partial = match (stopped.playing, saying.sentences.get(saying.played)) {
            (Some((_, played_ms)), Some(sentence)) if saying.start_ms.is_some() => {
                heard_part(sentence, played_ms)
            }
            _ => String::new(),
        };
        saying.ended(saying.played, partial, now_ms)
    }
}

/// Silence between two sentences, besides the 0.1 s that their own ends have: a service item is a lot to take in by ear.
const BREATH_MS: usize = 560;

/// Mandarin read by this voice runs at about 4.5 syllables a second.
const SYLLABLE_MS: u64 = 220;

/// How much of a sentence was heard in this time, by the voice's mean pace; never the last character, as it was not
/// spoken to its end.
fn heard_part(sentence: &str, played_ms: u64) -> String {
    let syllables = (played_ms / SYLLABLE_MS) as usize;
    let length = sentence.chars().count();
    sentence.chars().take(syllables.min(length.saturating_sub(1))).collect()
}

impl Saying {
    fn must_be_heard(&self) -> bool {
        self.say.as_ref().is_some_and(|say| say.must_be_heard)
    }

    fn kind(&self) -> speech::Saying {
        match &self.say {
            Some(say) if say.must_be_heard => speech::Saying::Notice,
            Some(say) if say.expect != Expect::Nothing => speech::Saying::Question,
            _ => speech::Saying::Statement,
        }
    }

    /// `None` for a filler.
    fn ended(&self, whole: usize, partial: String, now_ms: u64) -> Option<Ended> {
        let say = self.say.as_ref()?.id;
        let mut said: String = self.sentences.iter().take(whole).map(String::as_str).collect();
        said.push_str(&partial);
        let all: String = self.sentences.concat();
        let unsaid = all.strip_prefix(said.as_str()).unwrap_or_default().to_owned();
        let start_ms = self.start_ms.unwrap_or(now_ms);
        Some(Ended { say, said, unsaid, start_ms, end_ms: now_ms })
    }
}
