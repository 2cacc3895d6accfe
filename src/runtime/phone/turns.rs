//! How well a conversation goes, measured in the caller's audio: how long replies take, whether the caller was cut off,
//! not heard, or told something that answers earlier words, and how soon our sound stops when they interrupt.
//!
//! Times are those of the sound that the caller sent and got. What the service wrote down of the call says which words a
//! reply belongs to; its positions and the caller's lie on one wall clock, as both ran on this machine.

use serde::Serialize;

use super::caller::Conversation;
use super::interview::{Asked, MISSED_MS};
use crate::store::{CallRow, TurnRow};

/// Sound that follows the caller's end closer than this was decided on before they had finished.
const AT_ONCE_MS: u64 = 60;
/// What the two ends' clocks, and the detectors at the edges of speech, may differ by.
const SLACK_MS: i64 = 100;
/// From a saying's first sample to its first sound in the caller's ear, at most: network, jitter buffer, a soft beginning.
const ON_ITS_WAY_MS: i64 = 900;

/// A call as the service wrote it down.
#[derive(Clone, Debug)]
pub struct Kept {
    pub call: CallRow,
    pub turns: Vec<TurnRow>,
}

/// Where a reply's time went, in milliseconds. The sum is the latency.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Parts {
    /// From the true end of the caller's speech to the end that the service found, the way there included.
    pub to_end_found: i64,
    /// From there until the words were decided on: endpoint and recognition.
    pub to_words: i64,
    /// From there to the first sample of the reply: meaning, dialogue, voice.
    pub to_sample: i64,
    /// From there to the first sound in the caller's ear.
    pub to_ear: i64,
}

/// One utterance and what became of it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Turn {
    /// The number that the call was made from.
    pub call: String,
    /// The row of the manifest, from 1.
    pub row: usize,
    /// On the call's clock.
    pub start_ms: u64,
    pub end_ms: u64,
    pub latency_ms: Option<u64>,
    /// How the caller was cut off.
    pub cut_off: Option<&'static str>,
    pub missed: bool,
    /// Why the reply cannot belong to these words.
    pub stale: Option<&'static str>,
    /// From the caller's first sound to our last one.
    pub barge_in_ms: Option<u64>,
    pub said: String,
    pub heard: String,
    pub reply: String,
    /// What the caller heard first was no answer yet: 请稍等.
    pub filled: bool,
    pub parts: Option<Parts>,
}

/// Judges every utterance of a call.
pub fn judge(conversation: &Conversation, kept: Option<&Kept>) -> Vec<Turn> {
    let record = kept.map(|kept| Record::new(conversation, kept));
    let asked = &conversation.asked;
    let next = |at: usize| asked.get(at + 1).map_or(u64::MAX, |asked| asked.start_ms);
    let turns = asked.iter().enumerate();
    turns.map(|(at, asked)| turn(conversation, record.as_ref(), asked, next(at))).collect()
}

fn turn(conversation: &Conversation, record: Option<&Record>, asked: &Asked, next_ms: u64) -> Turn {
    let track = &conversation.theirs;
    let stopped_ms = if asked.barge_in { track.stop(asked.start_ms) } else { None };
    let from_ms = stopped_ms.unwrap_or(asked.start_ms);
    let within = track.onset(from_ms, asked.end_ms);
    let until_ms = (asked.end_ms + MISSED_MS).min(next_ms);
    let reply_ms = track.onset(asked.end_ms, until_ms);
    let latency_ms = reply_ms.map(|at| at - asked.end_ms);
    let mut turn = Turn {
        call: conversation.from.clone(),
        row: asked.clip.number + 1,
        start_ms: asked.start_ms,
        end_ms: asked.end_ms,
        said: asked.clip.text.clone(),
        ..Turn::default()
    };
    let words = record.map(|record| record.words(asked)).unwrap_or_default();
    turn.heard = words.iter().map(|words| words.text.as_str()).collect::<Vec<_>>().join("／");
    turn.cut_off = if conversation.duration_ms < asked.end_ms {
        Some("the call ended")
    } else if within.is_some() {
        Some("spoken into")
    } else if latency_ms.is_some_and(|ms| ms < AT_ONCE_MS) {
        Some("answered at once")
    } else if words.len() > 1 {
        Some("taken in parts")
    } else if record.is_some_and(|record| record.decided_within(asked)) {
        Some("decided on early")
    } else {
        None
    };
    turn.missed = turn.cut_off.is_none() && reply_ms.is_none();
    if turn.cut_off.is_none() {
        turn.latency_ms = latency_ms;
    }
    if let Some(record) = record {
        let first = reply_ms.and_then(|at| record.saying_heard_at(at));
        turn.filled = reply_ms.is_some() && first.is_none();
        let later = || reply_ms.and_then(|at| record.saying_between(at, next_ms));
        if let Some(reply) = first.or_else(later) {
            turn.reply = reply.text.clone();
            turn.stale = record.stale(reply, words.last().copied());
        }
        if let (Some(words), Some(first), Some(at)) = (words.last(), first, reply_ms) {
            turn.parts = Some(record.parts(asked, words, first, at));
        }
        // What ended by itself was not stopped, and in a pause of ours there was nothing to stop.
        if asked.barge_in && record.was_cut(asked.start_ms) {
            let stopped_ms = stopped_ms.unwrap_or(conversation.duration_ms);
            let took_ms = stopped_ms.saturating_sub(asked.start_ms);
            turn.barge_in_ms = Some(took_ms).filter(|ms| *ms > 0);
        }
    }
    turn
}

/// The service's record of a call, on the wall clock.
struct Record<'a> {
    turns: &'a [TurnRow],
    /// When the service's position 0 was.
    zero: i64,
    /// When the caller's position 0 was.
    began: i64,
}

impl<'a> Record<'a> {
    fn new(conversation: &Conversation, kept: &'a Kept) -> Self {
        // A saying is written down when it has ended: the least delayed of them tells where the positions begin.
        let robot = kept.turns.iter().filter(|turn| turn.speaker == "robot");
        let zero = robot.map(|turn| turn.at - turn.end_ms).min();
        Record {
            turns: &kept.turns,
            zero: zero.unwrap_or(kept.call.started_at),
            began: conversation.began.unix_ms,
        }
    }

    /// A position of the service's on the caller's clock.
    fn heard_at(&self, position_ms: i64) -> i64 {
        self.zero + position_ms - self.began
    }

    fn spoken_by(&self, speaker: &str) -> impl DoubleEndedIterator<Item = &'a TurnRow> {
        self.turns.iter().filter(move |turn| turn.speaker == speaker)
    }

    /// The caller's words that were taken from an utterance.
    fn words(&self, asked: &Asked) -> Vec<&'a TurnRow> {
        let (start, end) = (asked.start_ms as i64, asked.end_ms as i64);
        let overlap = |turn: &&TurnRow| {
            let from = self.heard_at(turn.start_ms).max(start);
            self.heard_at(turn.end_ms).min(end) - from > SLACK_MS
        };
        self.spoken_by("caller").filter(overlap).collect()
    }

    /// Words of this utterance were decided on before it had ended.
    fn decided_within(&self, asked: &Asked) -> bool {
        let end = asked.end_ms as i64;
        self.words(asked).iter().any(|words| words.at - self.began < end - SLACK_MS)
    }

    /// The saying whose first sound reached the caller there.
    fn saying_heard_at(&self, at_ms: u64) -> Option<&'a TurnRow> {
        let delay = |turn: &&TurnRow| at_ms as i64 - self.heard_at(turn.start_ms);
        let near = |turn: &&TurnRow| (-SLACK_MS..ON_ITS_WAY_MS).contains(&delay(turn));
        self.spoken_by("robot").filter(near).min_by_key(|turn| delay(turn).abs())
    }

    /// The first saying that began there.
    fn saying_between(&self, from_ms: u64, to_ms: u64) -> Option<&'a TurnRow> {
        let within = |turn: &&TurnRow| {
            let began = self.heard_at(turn.start_ms);
            began >= from_ms as i64 && began < to_ms.min(i64::MAX as u64) as i64
        };
        self.spoken_by("robot").find(within)
    }

    /// A reply that had begun before the words were there, or that was dropped for another before the caller spoke
    /// again, answers something else.
    fn stale(&self, reply: &TurnRow, words: Option<&TurnRow>) -> Option<&'static str> {
        let words = words?;
        if self.zero + reply.start_ms < words.at - SLACK_MS / 2 {
            return Some("begun before the words were known");
        }
        let follows = self.spoken_by("robot").find(|turn| turn.start_ms > reply.start_ms);
        let spoke = |until: &TurnRow| {
            self.spoken_by("caller")
                .any(|turn| turn.end_ms > reply.start_ms && turn.start_ms < until.start_ms)
        };
        let replaced = reply.cut_short && follows.is_some_and(|next| !spoke(next));
        replaced.then_some("dropped for another")
    }

    /// Whether a saying that was under way there was cut short.
    fn was_cut(&self, at_ms: u64) -> bool {
        let at = at_ms as i64;
        self.spoken_by("robot").any(|turn| {
            let (from, to) = (self.heard_at(turn.start_ms), self.heard_at(turn.end_ms));
            turn.cut_short && from <= at && at <= to + SLACK_MS
        })
    }

    fn parts(&self, asked: &Asked, words: &TurnRow, reply: &TurnRow, at_ms: u64) -> Parts {
        let found = self.heard_at(words.end_ms);
        let decided = words.at - self.began;
        let sample = self.heard_at(reply.start_ms);
        Parts {
            to_end_found: found - asked.end_ms as i64,
            to_words: decided - found,
            to_sample: sample - decided,
            to_ear: at_ms as i64 - sample,
        }
    }
}

/// The figures of many turns. A rate is of all utterances; what does not exist is `None`.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// Reply latency: nearest rank over the replies to utterances that were not cut off.
    pub p50_ms: Option<u64>,
    pub p95_ms: Option<u64>,
    pub cut_off_rate: f64,
    pub missed_rate: f64,
    pub stale_rate: f64,
    pub barge_in_p95_ms: Option<u64>,
    pub n: usize,
    pub replies: usize,
    pub cut_offs: usize,
    pub missed: usize,
    pub stale: usize,
    pub barge_ins: usize,
    pub barge_in_p50_ms: Option<u64>,
    /// Replies that began with a 请稍等.
    pub filled: usize,
    /// Utterances of which no words were written down.
    pub not_understood: usize,
    /// The medians of the replies' parts.
    pub parts_p50_ms: Option<Parts>,
}

impl Figures {
    pub fn of(turns: &[Turn]) -> Figures {
        let count = |is: &dyn Fn(&Turn) -> bool| turns.iter().filter(|turn| is(turn)).count();
        let rate = |count: usize| count as f64 / turns.len().max(1) as f64;
        let latencies: Vec<u64> = turns.iter().filter_map(|turn| turn.latency_ms).collect();
        let barge_ins: Vec<u64> = turns.iter().filter_map(|turn| turn.barge_in_ms).collect();
        let cut_offs = count(&|turn| turn.cut_off.is_some());
        let missed = count(&|turn| turn.missed);
        let stale = count(&|turn| turn.stale.is_some());
        let parts: Vec<Parts> = turns.iter().filter_map(|turn| turn.parts).collect();
        let median = |of: fn(&Parts) -> i64| percentile(parts.iter().map(of).collect(), 50);
        let medians = || {
            Some(Parts {
                to_end_found: median(|parts| parts.to_end_found)?,
                to_words: median(|parts| parts.to_words)?,
                to_sample: median(|parts| parts.to_sample)?,
                to_ear: median(|parts| parts.to_ear)?,
            })
        };
        Figures {
            p50_ms: percentile(latencies.clone(), 50),
            p95_ms: percentile(latencies.clone(), 95),
            cut_off_rate: rate(cut_offs),
            missed_rate: rate(missed),
            stale_rate: rate(stale),
            barge_in_p95_ms: percentile(barge_ins.clone(), 95),
            n: turns.len(),
            replies: latencies.len(),
            cut_offs,
            missed,
            stale,
            barge_ins: barge_ins.len(),
            barge_in_p50_ms: percentile(barge_ins, 50),
            filled: count(&|turn| turn.filled),
            not_understood: count(&|turn| turn.heard.is_empty()),
            parts_p50_ms: medians(),
        }
    }
}

/// Nearest rank: the least value that at least `percent` of a hundred keep to.
pub fn percentile<T: Ord + Copy>(mut values: Vec<T>, percent: usize) -> Option<T> {
    values.sort_unstable();
    let rank = (values.len() * percent).div_ceil(100).max(1);
    values.get(rank - 1).copied()
}
