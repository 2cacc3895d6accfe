//! What somebody says who is called and did not call, and what the network or a machine says in their place.

use std::sync::LazyLock;

use super::contract::SurveyOutcome;
use super::error::SurveyError;
use super::words::{Table, sounding};
use crate::dialogue::Understood;

/// What is said beside the answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Remark {
    /// Not now.
    Busy,
    /// Not the person who reported, nor their telephone.
    Wrong,
    /// The person who reported is not there.
    Absent,
    /// A child has picked up.
    Child,
    /// Somebody is fetched to the telephone.
    Fetch,
    /// Who is calling, and about what?
    Who,
    /// Is this a machine?
    Robot,
    /// 喂: nobody is heard.
    Hello,
    /// The matter itself is done.
    Solved,
    /// The matter itself is not done, whatever else is said.
    Unsolved,
    /// It need not be handled again.
    Leave,
    /// It is to be handled again.
    Reopen,
    /// Words that give no reason of their own.
    Stock,
}

const REMARKS: [(&str, Remark); 13] = [
    ("busy", Remark::Busy),
    ("wrong", Remark::Wrong),
    ("absent", Remark::Absent),
    ("child", Remark::Child),
    ("fetch", Remark::Fetch),
    ("who", Remark::Who),
    ("robot", Remark::Robot),
    ("hello", Remark::Hello),
    ("solved", Remark::Solved),
    ("unsolved", Remark::Unsolved),
    ("leave", Remark::Leave),
    ("reopen", Remark::Reopen),
    ("stock", Remark::Stock),
];

/// What the network or a machine tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Told {
    /// It goes on ringing; whoever is called may be talking to somebody else.
    Waiting,
    Ended(SurveyOutcome),
}

/// A row of the table of announcements; `early`: it holds only before anybody has picked up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Announcement {
    early: bool,
    told: Told,
}

#[derive(Debug, Default)]
struct Tables {
    remarks: Table<Remark>,
    line: Table<Announcement>,
    /// First and last status, and the outcome.
    causes: Vec<(u16, u16, SurveyOutcome)>,
}

/// A row that cannot be read would leave its table empty; [`check_tables`] tells of it.
static TABLES: LazyLock<Tables> = LazyLock::new(|| Tables {
    remarks: remarks().unwrap_or_default(),
    line: line().unwrap_or_default(),
    causes: causes().unwrap_or_default(),
});

fn remarks() -> Result<Table<Remark>, SurveyError> {
    let key = |name: &str| REMARKS.iter().find(|(key, _)| *key == name).map(|(_, r)| *r);
    Table::read("remarks.tsv", include_str!("remarks.tsv"), key)
}

fn line() -> Result<Table<Announcement>, SurveyError> {
    Table::read("line.tsv", include_str!("line.tsv"), |name| {
        let (early, name) = match name.strip_prefix("early:") {
            Some(name) => (true, name),
            None => (false, name),
        };
        let told = match name {
            "waiting" => Told::Waiting,
            name => Told::Ended(SurveyOutcome::from_key(name)?),
        };
        Some(Announcement { early, told })
    })
}

fn causes() -> Result<Vec<(u16, u16, SurveyOutcome)>, SurveyError> {
    let mut causes = Vec::new();
    for (at, row) in include_str!("causes.tsv").lines().enumerate() {
        if row.starts_with('#') || row.trim().is_empty() {
            continue;
        }
        let bad = |what: &str| SurveyError::Table {
            table: "causes.tsv",
            line: at + 1,
            what: what.to_owned(),
        };
        let (statuses, key) =
            row.split_once('\t').ok_or_else(|| bad("statuses and an outcome, parted by a tab"))?;
        let outcome = SurveyOutcome::from_key(key.trim()).ok_or_else(|| bad("an outcome"))?;
        for status in statuses.split_whitespace() {
            let (first, last) = status.split_once('-').unwrap_or((status, status));
            let number = |text: &str| text.parse().map_err(|_| bad("a status like 486 or 500-599"));
            causes.push((number(first)?, number(last)?, outcome));
        }
    }
    Ok(causes)
}

/// Whether every row of the word tables and of the table of causes can be read.
///
/// # Errors
/// [`SurveyError::Table`] names the first row that cannot.
pub fn check_tables() -> Result<(), SurveyError> {
    remarks()?;
    line()?;
    causes().map(|_| ())
}

/// How an attempt that was refused with this SIP status ended; without one the line itself failed.
pub(super) fn outcome_of(status: Option<u16>) -> SurveyOutcome {
    let Some(status) = status else { return SurveyOutcome::Failed };
    let found = TABLES.causes.iter().find(|(first, last, _)| (*first..=*last).contains(&status));
    found.map_or(SurveyOutcome::Failed, |(.., outcome)| *outcome)
}

/// What an announcement tells. `early`: nobody has picked up.
pub(super) fn announced(text: &str, early: bool) -> Option<Told> {
    let words = sounding(text);
    let waiting = Announcement { early: false, told: Told::Waiting };
    if TABLES.line.has(waiting, &words) {
        return Some(Told::Waiting);
    }
    if early {
        return TABLES.line.first(&words).map(|row| row.told);
    }
    TABLES.line.first_of(&words, |row| !row.early).map(|row| row.told)
}

/// Whether the words hold this remark.
pub(super) fn says(u: &Understood, remark: Remark) -> bool {
    TABLES.remarks.has(remark, &sounding(&u.utterance.text))
}

/// 不对, 不是: what follows is not what is meant.
pub(super) fn denies(u: &Understood) -> bool {
    let words = u.utterance.text.trim_start_matches(|c: char| !c.is_alphanumeric() || c == '嗯');
    words.starts_with("不是") || words.starts_with("不对")
}

/// Solved or not, where the words name it themselves.
pub(super) fn solved_named(u: &Understood) -> Option<bool> {
    match (says_unsolved(u), says_solved(u)) {
        (true, _) => Some(false),
        (false, solved) => solved.then_some(true),
    }
}

pub(super) fn says_solved(u: &Understood) -> bool {
    says(u, Remark::Solved) && !says_unsolved(u)
}

pub(super) fn says_unsolved(u: &Understood) -> bool {
    says(u, Remark::Unsolved)
}

/// Whether it is to be handled again, where the words name it themselves.
pub(super) fn reopen_named(u: &Understood) -> Option<bool> {
    match (says(u, Remark::Leave), says(u, Remark::Reopen)) {
        (true, _) => Some(false),
        (false, reopen) => reopen.then_some(true),
    }
}

/// Fewer characters beside the answers themselves tell no reason.
const REASON_CHARS_MIN: usize = 5;

/// The words that answered tell why, too: 不满意，半夜还在施工.
pub(super) fn gives_reason(u: &Understood) -> bool {
    let mut words = sounding(&u.utterance.text);
    for remark in [Remark::Reopen, Remark::Stock] {
        for stock in TABLES.remarks.words(remark) {
            words = words.replace(stock, "");
        }
    }
    words.chars().count() >= REASON_CHARS_MIN
}
