//! What a scripted telephone says and when: a machine without IO, used by `huiyin call`, `huiyin phone` and the tests.
//!
//! The other side speaks; once it has been quiet for the gap, it is our turn. A rule whose pattern was heard since our last
//! turn goes first, each rule once; else the next step of the list; else we keep listening. When the other side has been
//! quiet for the patience and there is nothing left to say, we hang up.

use std::collections::VecDeque;

use crate::language::find_sounding;

/// One thing to do in our turn.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    Say(String),
    Wav(std::path::PathBuf),
    /// Keys, pressed one after the other.
    Keys(String),
    HangUp,
}

/// What to do when the other side has said something like one of `patterns`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rule {
    pub patterns: Vec<String>,
    pub step: Step,
}

impl Rule {
    /// `哪里|地点=>在白龙桥镇`: patterns, then what to say. `keys:5`, `wav:FILE` and `hangup` are said otherwise.
    pub fn parse(text: &str) -> Result<Rule, String> {
        let (patterns, step) = text.split_once("=>").ok_or_else(|| {
            format!("{text:?} is no rule: write PATTERN|PATTERN=>TEXT, like 哪里|地点=>在白龙桥镇")
        })?;
        let patterns: Vec<String> =
            patterns.split('|').map(str::trim).filter(|p| !p.is_empty()).map(Into::into).collect();
        if patterns.is_empty() {
            return Err(format!("{text:?} has no pattern before =>"));
        }
        Ok(Rule { patterns, step: Step::parse(step.trim()) })
    }
}

impl Step {
    fn parse(text: &str) -> Step {
        if let Some(keys) = text.strip_prefix("keys:") {
            Step::Keys(keys.into())
        } else if let Some(file) = text.strip_prefix("wav:") {
            Step::Wav(file.into())
        } else if text == "hangup" {
            Step::HangUp
        } else {
            Step::Say(text.into())
        }
    }
}

/// A person to be played.
#[derive(Clone, Debug, Default)]
pub struct Persona {
    /// Said at once when the call is up, as somebody who picks up does.
    pub opening: Option<Step>,
    pub rules: Vec<Rule>,
    pub steps: VecDeque<Step>,
}

/// Times in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Quiet of the other side before it is our turn.
    pub gap_ms: u64,
    /// Quiet of the other side, nothing heard at all, before the next step is taken unasked.
    pub unasked_ms: u64,
    /// Quiet of both before we hang up with nothing left to say.
    pub patience_ms: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Pace { gap_ms: 900, unasked_ms: 8_000, patience_ms: 20_000 }
    }
}

#[derive(Debug)]
pub struct Script {
    persona: Persona,
    pace: Pace,
    /// What the other side has said since our last turn.
    heard: String,
    they_speak: bool,
    we_speak: bool,
    /// When either side was last heard.
    quiet_since_ms: u64,
}

/// A pattern sounds at least so much like a stretch of what was heard; one syllable in five may be off.
const SOUNDS_LIKE: f32 = 0.8;

impl Script {
    pub fn new(persona: Persona, pace: Pace) -> Self {
        Script {
            persona,
            pace,
            heard: String::new(),
            they_speak: false,
            we_speak: false,
            quiet_since_ms: 0,
        }
    }

    pub fn they_started(&mut self) {
        self.they_speak = true;
    }

    /// Their words, or `None` when they could not be understood.
    pub fn they_said(&mut self, words: Option<&str>, end_ms: u64) {
        self.they_speak = false;
        self.quiet_since_ms = self.quiet_since_ms.max(end_ms);
        self.heard.push_str(words.unwrap_or("？"));
        self.heard.push('。');
    }

    pub fn we_finished(&mut self, now_ms: u64) {
        self.we_speak = false;
        self.quiet_since_ms = now_ms;
    }

    /// What to do now, if anything. Positions are milliseconds from the start of the sound.
    pub fn poll(&mut self, now_ms: u64) -> Option<Step> {
        if self.we_speak {
            return None;
        }
        if let Some(step) = self.persona.opening.take() {
            return Some(self.take(step));
        }
        let quiet_ms = now_ms.saturating_sub(self.quiet_since_ms);
        if self.they_speak || quiet_ms < self.pace.gap_ms {
            return None;
        }
        if let Some(at) = self.matching_rule() {
            let rule = self.persona.rules.remove(at);
            return Some(self.take(rule.step));
        }
        let asked = !self.heard.is_empty();
        if (asked || quiet_ms >= self.pace.unasked_ms)
            && let Some(step) = self.persona.steps.pop_front()
        {
            return Some(self.take(step));
        }
        (quiet_ms >= self.pace.patience_ms).then(|| self.take(Step::HangUp))
    }

    fn take(&mut self, step: Step) -> Step {
        self.we_speak = true;
        self.heard.clear();
        step
    }

    fn matching_rule(&self) -> Option<usize> {
        self.persona.rules.iter().position(|rule| {
            rule.patterns.iter().any(|pattern| {
                self.heard.contains(pattern.as_str())
                    || find_sounding(&self.heard, pattern, SOUNDS_LIKE).is_some()
            })
        })
    }
}
