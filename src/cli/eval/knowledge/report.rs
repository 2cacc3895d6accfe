//! What became of the questions, counted.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use super::rows::Row;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Said {
    Answer,
    Confirm,
    Offer,
    Person,
}

/// What became of one question.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Some item answers it.
    pub in_scope: bool,
    /// The first hits.
    pub found: Vec<String>,
    /// Where among them one stands that answers it, from 0.
    pub at: Option<usize>,
    pub said: Said,
    /// The caller heard of one that answers it.
    pub told: bool,
    /// Of the first hit.
    pub confidence: f32,
}

impl Verdict {
    /// Answered or confirmed right; refused where nothing answers.
    pub fn is_good(&self) -> bool {
        match (self.in_scope, self.said) {
            (true, Said::Answer | Said::Confirm) => self.told,
            (true, _) => false,
            (false, said) => said == Said::Person,
        }
    }

    pub fn line(&self, row: &Row, words: &str) -> String {
        format!(
            "{}: {} {:?} {:.2} {} for {}: {words}",
            row.line,
            row.kind,
            self.said,
            self.confidence,
            self.found.join(" "),
            row.item.as_deref().unwrap_or(if row.near { "nothing (near)" } else { "nothing" }),
        )
    }
}

#[derive(Clone, Default, Debug)]
struct Counts {
    in_scope: usize,
    first: usize,
    among: usize,
    out_of_scope: usize,
    near: usize,
    answered_right: usize,
    answered_wrong: usize,
    confirmed_right: usize,
    confirmed_wrong: usize,
    offered_with: usize,
    offered_without: usize,
    handed_on: usize,
    out_answered: usize,
    out_asked: usize,
    near_answered: usize,
}

impl Counts {
    fn add(&mut self, verdict: &Verdict, near: bool) {
        let inside = verdict.in_scope;
        self.in_scope += usize::from(inside);
        self.out_of_scope += usize::from(!inside);
        self.near += usize::from(near);
        self.first += usize::from(verdict.at == Some(0));
        self.among += usize::from(verdict.at.is_some());
        *match (verdict.said, verdict.told) {
            (Said::Answer, true) => &mut self.answered_right,
            (Said::Answer, false) => &mut self.answered_wrong,
            (Said::Confirm, true) => &mut self.confirmed_right,
            (Said::Confirm, false) => &mut self.confirmed_wrong,
            (Said::Offer, true) => &mut self.offered_with,
            (Said::Offer, false) => &mut self.offered_without,
            (Said::Person, _) => &mut self.handed_on,
        } += 1;
        let answered = verdict.said == Said::Answer;
        self.out_answered += usize::from(!inside && answered);
        self.near_answered += usize::from(near && answered);
        self.out_asked +=
            usize::from(!inside && matches!(verdict.said, Said::Confirm | Said::Offer));
    }

    fn n(&self) -> usize {
        self.in_scope + self.out_of_scope
    }

    fn recall_at_1(&self) -> Option<f64> {
        share(self.first, self.in_scope)
    }

    fn recall_at_3(&self) -> Option<f64> {
        share(self.among, self.in_scope)
    }

    fn wrong(&self) -> Option<f64> {
        share(self.answered_wrong, self.n())
    }

    fn answered_or_confirmed(&self) -> Option<f64> {
        share(self.answered_right + self.confirmed_right, self.in_scope)
    }

    fn refused(&self) -> Option<f64> {
        share(self.out_of_scope - self.out_answered, self.out_of_scope)
    }

    fn near_refused(&self) -> Option<f64> {
        share(self.near - self.near_answered, self.near)
    }

    fn json(&self) -> Value {
        json!({
            "n": self.n(),
            "in_scope": self.in_scope,
            "out_of_scope": self.out_of_scope,
            "near_misses": self.near,
            "recall_at_1": self.recall_at_1(),
            "recall_at_3": self.recall_at_3(),
            "wrong_answer_rate": self.wrong(),
            "answered_or_confirmed_rate": self.answered_or_confirmed(),
            "out_of_scope_refused": self.refused(),
            "near_misses_refused": self.near_refused(),
            "out_of_scope_asked": share(self.out_asked, self.out_of_scope),
        })
    }
}

/// None where there is nothing to take a share of.
fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Confidences of a tenth: how many, their sum, how many were right.
type Tenth = (usize, f64, usize);

#[derive(Clone, Default, Debug)]
pub struct Report {
    all: Counts,
    kinds: BTreeMap<String, Counts>,
    tenths: [Tenth; 10],
    times: Vec<Duration>,
    /// Rows of whose words nothing was left.
    unheard: usize,
}

impl Report {
    pub fn add(&mut self, row: &Row, words: &str, verdict: &Verdict, took: Duration) {
        self.all.add(verdict, row.near);
        self.kinds.entry(row.kind.clone()).or_default().add(verdict, row.near);
        self.times.push(took);
        self.unheard += usize::from(words.is_empty());
        if !verdict.found.is_empty()
            && let Some(tenth) = self.tenths.get_mut(((verdict.confidence * 10.0) as usize).min(9))
        {
            tenth.0 += 1;
            tenth.1 += f64::from(verdict.confidence);
            tenth.2 += usize::from(verdict.at == Some(0));
        }
    }

    /// Answers told outright: right ones of those in scope, wrong ones of all.
    pub fn answers(&self) -> (f64, f64) {
        let right = share(self.all.answered_right, self.all.in_scope);
        (right.unwrap_or_default(), self.all.wrong().unwrap_or_default())
    }

    fn cpu_ms(&self) -> (f64, f64) {
        let mut times: Vec<f64> = self.times.iter().map(|t| t.as_secs_f64() * 1e3).collect();
        times.sort_by(f64::total_cmp);
        let mean = times.iter().sum::<f64>() / times.len().max(1) as f64;
        let late = times.get(times.len() * 95 / 100).copied().unwrap_or_default();
        let round = |ms: f64| (ms * 100.0).round() / 100.0;
        (round(mean), round(late))
    }

    pub fn json(&self) -> Value {
        let a = &self.all;
        let mut object = a.json();
        let (mean, late) = self.cpu_ms();
        object["cpu_ms"] = json!(mean);
        object["cpu_ms_p95"] = json!(late);
        object["unheard"] = json!(self.unheard);
        object["decisions"] = json!({
            "answered_right": a.answered_right, "answered_wrong": a.answered_wrong,
            "confirmed_right": a.confirmed_right, "confirmed_wrong": a.confirmed_wrong,
            "offered_with": a.offered_with, "offered_without": a.offered_without, "handed_on": a.handed_on,
        });
        let tenths = self.tenths.iter().filter(|t| t.0 > 0).map(|(n, sum, right)| {
            json!({ "n": n, "confidence": sum / *n as f64, "right": *right as f64 / *n as f64 })
        });
        object["calibration"] = tenths.collect();
        object["kinds"] =
            self.kinds.iter().map(|(kind, counts)| (kind.clone(), counts.json())).collect();
        object
    }
}

/// `0.912`, or a dash.
struct Share(Option<f64>);

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(share) => write!(f, "{share:.3}"),
            None => f.write_str("–"),
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} asked, {} in scope: recall@1 {}, @3 {}; answered or confirmed right {}; wrong answers {} of all; \
             out of scope refused {} of {}, near misses {} of {}",
            self.n(),
            self.in_scope,
            Share(self.recall_at_1()),
            Share(self.recall_at_3()),
            Share(self.answered_or_confirmed()),
            Share(self.wrong()),
            Share(self.refused()),
            self.out_of_scope,
            Share(self.near_refused()),
            self.near,
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kinds.len() > 1 {
            for (kind, counts) in &self.kinds {
                writeln!(f, "{:>10}: {counts}", if kind.is_empty() { "–" } else { kind })?;
            }
        }
        let a = &self.all;
        writeln!(f, "{a}")?;
        writeln!(
            f,
            "answered {} right, {} wrong; confirmed {} right, {} wrong; offered {} with it, {} without; {} handed on",
            a.answered_right,
            a.answered_wrong,
            a.confirmed_right,
            a.confirmed_wrong,
            a.offered_with,
            a.offered_without,
            a.handed_on
        )?;
        let (mean, late) = self.cpu_ms();
        write!(f, "{mean} ms of processor time a question, {late} P95")?;
        if self.unheard > 0 {
            write!(f, "; {} not heard at all", self.unheard)?;
        }
        Ok(())
    }
}
