//! Whom to ask: every case that is closed, and samples of the others. A sample is announced with its seed before its
//! population is known, drawn when its time has come, and recorded before anybody is dialled; whoever has the seed and
//! the list draws the same.

use std::fmt;
use std::str::FromStr;

use super::chain::Digest;
use super::error::SurveyError;
use crate::kernel::{CampaignId, TicketId, Wall};

/// How samples are drawn, by the name that stands on every record of a draw. Each ticket's score is the SHA-256 of
/// `SEED:TICKET` (the ticket's number in decimal); the scores ascend, and the first `n` tickets are chosen, where `n` is
/// the rate's share of the population, rounded up. `printf '%s:%s' SEED TICKET | sha256sum` gives one score.
pub const ALGORITHM: &str = "sha256(seed:ticket)/ascending/1";

const NAME_CHARS_MAX: usize = 60;
const SEED_CHARS_MAX: usize = 120;

/// Why a citizen is asked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Origin {
    /// Their case was closed: all are asked.
    Closed,
    /// Drawn.
    Campaign(CampaignId),
    /// A member of staff wanted it.
    ByHand,
}

impl Origin {
    pub const fn key(self) -> &'static str {
        match self {
            Origin::Closed => "closed",
            Origin::Campaign(_) => "campaign",
            Origin::ByHand => "hand",
        }
    }

    pub const fn campaign(self) -> Option<CampaignId> {
        match self {
            Origin::Campaign(id) => Some(id),
            Origin::Closed | Origin::ByHand => None,
        }
    }
}

/// Which cases a sample is drawn from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Stratum {
    /// 在办件: told and not closed.
    Running,
    /// 重复件: closed, and not the first of this citizen about this.
    Repeat,
}

impl Stratum {
    pub const ALL: [Stratum; 2] = [Stratum::Running, Stratum::Repeat];

    pub const fn key(self) -> &'static str {
        match self {
            Stratum::Running => "running",
            Stratum::Repeat => "repeat",
        }
    }

    pub fn from_key(key: &str) -> Option<Stratum> {
        Stratum::ALL.into_iter().find(|stratum| stratum.key() == key)
    }
}

/// What becomes of a closed case that is not the citizen's first about its matter.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Repeats {
    /// Its citizen is called as any other's.
    #[default]
    Called,
    /// It waits for a sample.
    Sampled,
}

/// A share in hundredths of a percent, from 0.01 % to 100 %.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Rate(u32);

impl Rate {
    const WHOLE: u32 = 10_000;

    /// From hundredths of a percent.
    pub fn new(hundredths: u32) -> Result<Rate, SurveyError> {
        match hundredths {
            1..=Rate::WHOLE => Ok(Rate(hundredths)),
            _ => Err(SurveyError::Rate(hundredths.to_string())),
        }
    }

    pub const fn hundredths(self) -> u32 {
        self.0
    }

    /// So many of a population, rounded up.
    pub fn of(self, population: usize) -> usize {
        (population as u128 * u128::from(self.0)).div_ceil(u128::from(Rate::WHOLE)) as usize
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 100, self.0 % 100) {
            (whole, 0) => write!(f, "{whole}%"),
            (whole, part) if part % 10 == 0 => write!(f, "{whole}.{}%", part / 10),
            (whole, part) => write!(f, "{whole}.{part:02}%"),
        }
    }
}

impl FromStr for Rate {
    type Err = SurveyError;

    /// `10%`, `2.5%`, `0.25 %`; the sign may be left out.
    fn from_str(text: &str) -> Result<Rate, SurveyError> {
        let wrong = || SurveyError::Rate(text.to_owned());
        let digits = text.trim().trim_end_matches('%').trim_end();
        let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
        let plain = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !plain(whole) || !plain(part) || whole.len() > 3 || part.len() > 2 {
            return Err(wrong());
        }
        let part = if part.len() == 1 { format!("{part}0") } else { part.to_owned() };
        let (whole, part): (u32, u32) =
            (whole.parse().map_err(|_| wrong())?, part.parse().map_err(|_| wrong())?);
        Rate::new(whole * 100 + part).map_err(|_| wrong())
    }
}

/// A sample as it is announced, before it is drawn.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    pub name: String,
    pub stratum: Stratum,
    pub rate: Rate,
    /// Public from the announcement on; best one that nobody here can choose, like that day's lottery numbers.
    pub seed: String,
    /// When the population is taken and the sample drawn.
    pub draw_at: Wall,
    pub by: String,
}

impl Plan {
    /// A plan may be announced at `now`: named, with a seed of one line, and with its draw still to come.
    pub fn check(&self, now: Wall) -> Result<(), SurveyError> {
        one_line("name", &self.name, NAME_CHARS_MAX)?;
        one_line("seed", &self.seed, SEED_CHARS_MAX)?;
        if self.draw_at <= now {
            return Err(SurveyError::DrawPast);
        }
        Ok(())
    }
}

fn one_line(field: &'static str, text: &str, most: usize) -> Result<(), SurveyError> {
    let good = text.trim() == text
        && (1..=most).contains(&text.chars().count())
        && !text.chars().any(char::is_control);
    if good { Ok(()) } else { Err(SurveyError::Line { field, most }) }
}

/// A sample as it was drawn.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Draw {
    pub seed: String,
    pub rate: Rate,
    /// Ascending, each once.
    pub population: Vec<TicketId>,
    /// Of the population: [`population_digest`].
    pub digest: Digest,
    /// In the order of their scores.
    pub chosen: Vec<TicketId>,
}

/// Draws by [`ALGORITHM`]. The same seed, rate and tickets give the same draw, in whatever order they come.
pub fn draw(seed: &str, rate: Rate, tickets: impl IntoIterator<Item = TicketId>) -> Draw {
    let mut population: Vec<TicketId> = tickets.into_iter().collect();
    population.sort_unstable();
    population.dedup();
    let mut scored: Vec<(Digest, TicketId)> =
        population.iter().map(|ticket| (score(seed, *ticket), *ticket)).collect();
    scored.sort_unstable();
    scored.truncate(rate.of(population.len()));
    Draw {
        seed: seed.to_owned(),
        rate,
        digest: population_digest(&population),
        chosen: scored.into_iter().map(|(_, ticket)| ticket).collect(),
        population,
    }
}

/// SHA-256 of `SEED:TICKET`.
pub fn score(seed: &str, ticket: TicketId) -> Digest {
    Digest::of(format!("{seed}:{}", ticket.0).as_bytes())
}

/// SHA-256 of the numbers in decimal, ascending, each ended by a line feed: that of the list as a text file.
pub fn population_digest(ascending: &[TicketId]) -> Digest {
    let lines: String = ascending.iter().map(|ticket| format!("{}\n", ticket.0)).collect();
    Digest::of(lines.as_bytes())
}
