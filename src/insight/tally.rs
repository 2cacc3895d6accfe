//! The measures, and how counts become groups.
//!
//! 响应率, 解决率 and 满意率 are what 北京市接诉即办工作条例 §32 has units judged by; the hotline's own answer rate on
//! calls is another figure. Every case counts once in each measure: the citizen's last answer to a question is the one
//! that stands.

use std::collections::BTreeMap;

use super::Rate;
use crate::kernel::Day;

/// The grades of 好差评 that count as satisfied: 非常满意, 满意 and 基本满意 of the five (国办发〔2019〕51号 has the two
/// others, 不满意 and 非常不满意, looked into). Keys as answers are kept.
pub const SATISFIED: [&str; 3] = ["very_satisfied", "satisfied", "basic"];

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Measure {
    /// 响应率: of the tickets that a unit was given, those that it answered within the limit. Denominator: those
    /// answered, and those whose limit has passed. A limit that still runs is no answer yet: non-response.
    Response,
    /// 解决率: of the citizens who said whether their matter is solved, those who said yes.
    Solution,
    /// 满意率: of the citizens who gave one of the five grades, those who gave one of [`SATISFIED`].
    Satisfaction,
}

impl Measure {
    pub const ALL: [Measure; 3] = [Measure::Response, Measure::Solution, Measure::Satisfaction];

    pub const fn key(self) -> &'static str {
        match self {
            Measure::Response => "response",
            Measure::Solution => "solution",
            Measure::Satisfaction => "satisfaction",
        }
    }

    pub fn of(key: &str) -> Option<Measure> {
        Measure::ALL.into_iter().find(|measure| measure.key() == key)
    }
}

/// Who took the citizen's call: the robot alone, or a person too. Never added up without being told apart first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Who {
    Robot,
    Person,
}

impl Who {
    pub const ALL: [Who; 2] = [Who::Robot, Who::Person];

    pub const fn key(self) -> &'static str {
        match self {
            Who::Robot => "robot",
            Who::Person => "person",
        }
    }

    pub fn of(key: &str) -> Option<Who> {
        Who::ALL.into_iter().find(|who| who.key() == key)
    }
}

/// By what cases are put together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum By {
    /// 承办单位.
    Unit,
    /// 县(市、区) of the place.
    Region,
    /// 事项分类.
    Category,
    /// The period of its day alone.
    Time,
}

impl By {
    pub const ALL: [By; 4] = [By::Unit, By::Region, By::Category, By::Time];

    pub const fn key(self) -> &'static str {
        match self {
            By::Unit => "unit",
            By::Region => "region",
            By::Category => "category",
            By::Time => "time",
        }
    }

    pub fn of(key: &str) -> Option<By> {
        By::ALL.into_iter().find(|by| by.key() == key)
    }
}

/// Days put together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Period {
    Day,
    /// Monday to Sunday, numbered as ISO 8601 does: the first week is the one with the year's first Thursday.
    Week,
    Month,
}

impl Period {
    pub const ALL: [Period; 3] = [Period::Day, Period::Week, Period::Month];

    pub const fn key(self) -> &'static str {
        match self {
            Period::Day => "day",
            Period::Week => "week",
            Period::Month => "month",
        }
    }

    pub fn of(key: &str) -> Option<Period> {
        Period::ALL.into_iter().find(|period| period.key() == key)
    }

    /// `2026-11-22`, `2026-W47`, `2026-11`: names that sort as time does.
    pub fn name(self, day: Day) -> String {
        match self {
            Period::Day => day.to_string(),
            Period::Month => format!("{:04}-{:02}", day.year(), day.month()),
            Period::Week => {
                // A week belongs to the year of its Thursday.
                let thursday = day.plus(4 - i64::from(day.weekday())).unwrap_or(day);
                let first = Day::new(thursday.year(), 1, 1).unwrap_or(thursday);
                let week = (thursday.days() - first.days()) / 7 + 1;
                format!("{:04}-W{week:02}", thursday.year())
            }
        }
    }
}

/// The three rates of a group.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    pub response: Rate,
    pub solution: Rate,
    pub satisfaction: Rate,
}

impl Counts {
    pub const fn of(&self, measure: Measure) -> Rate {
        match measure {
            Measure::Response => self.response,
            Measure::Solution => self.solution,
            Measure::Satisfaction => self.satisfaction,
        }
    }

    pub fn plus(self, other: Counts) -> Counts {
        Counts {
            response: self.response.plus(other.response),
            solution: self.solution.plus(other.solution),
            satisfaction: self.satisfaction.plus(other.satisfaction),
        }
    }
}

/// A row of counts as the store adds them up: of one group, one day, one kind of taker.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Count {
    /// The code of the unit, the division or the category; empty where a ticket has none.
    pub key: String,
    /// Days since 1970-01-01 in China.
    pub day: i64,
    pub who: Who,
    pub counts: Counts,
}

/// The counts of one group, robot and person apart.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Group {
    pub key: String,
    pub robot: Counts,
    pub person: Counts,
}

impl Group {
    pub const fn of(&self, who: Who) -> Counts {
        match who {
            Who::Robot => self.robot,
            Who::Person => self.person,
        }
    }

    /// Of one kind of taker, or of both together.
    pub fn counts(&self, who: Option<Who>) -> Counts {
        match who {
            Some(who) => self.of(who),
            None => self.robot.plus(self.person),
        }
    }

    fn add(&mut self, count: &Count) {
        let own = match count.who {
            Who::Robot => &mut self.robot,
            Who::Person => &mut self.person,
        };
        *own = own.plus(count.counts);
    }
}

/// One group for every key, in the order of the keys.
pub fn by_key(counts: &[Count]) -> Vec<Group> {
    grouped(counts, |count| Some(count.key.clone()))
}

/// One group for every period in which something was counted, in the order of time.
pub fn by_period(counts: &[Count], period: Period) -> Vec<Group> {
    grouped(counts, |count| Day::from_days(count.day).map(|day| period.name(day)))
}

/// Everything together.
pub fn total(counts: &[Count]) -> Group {
    let mut total = Group::default();
    counts.iter().for_each(|count| total.add(count));
    total
}

fn grouped(counts: &[Count], name: impl Fn(&Count) -> Option<String>) -> Vec<Group> {
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for count in counts {
        let Some(key) = name(count) else { continue };
        groups.entry(key.clone()).or_insert_with(|| Group { key, ..Group::default() }).add(count);
    }
    groups.into_values().collect()
}
