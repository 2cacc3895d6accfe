//! How callers are shared out: groups with hours and overflow, skills, reasons to be away, wrap-up codes, times.

use crate::kernel::{Civil, Faults, Wall};

/// Times in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rules {
    /// How long one agent's telephone rings.
    pub ring_ms: u64,
    /// Time after a talk to finish the ticket.
    pub wrap_up_ms: u64,
    /// How often a waiting caller hears their position.
    pub position_every_ms: u64,
    /// An agent who did not answer so often in a row is taken off duty, so that callers do not ring an empty chair.
    pub no_answers_max: u32,
    /// Who has waited so long goes before all but emergencies, and to whoever can take them.
    pub long_ms: u64,
    /// 首接负责: so long after a talk its caller is taken to the same agent.
    pub owner_for_ms: u64,
    /// So long a caller waits for that agent alone, while they are on duty.
    pub owner_wait_ms: u64,
    /// So long a caller waits for somebody who knows their topic, while there is one on duty.
    pub wish_ms: u64,
    /// Every so often one level less will do of a skill that is needed; never less than 1.
    pub relax_every_ms: u64,
    /// A citizen who is called back is reached within this, or the agent is free again.
    pub callback_ms: u64,
    /// Who was not reached is called again after this.
    pub callback_retry_ms: u64,
    /// How often in all.
    pub callback_tries: u32,
    /// A promised callback that could not be made in so long is given up.
    pub promise_ms: u64,
}

const MINUTE_MS: u64 = 60_000;

impl Default for Rules {
    fn default() -> Self {
        Rules {
            ring_ms: 15_000,
            wrap_up_ms: 30_000,
            position_every_ms: 20_000,
            no_answers_max: 2,
            long_ms: 3 * MINUTE_MS,
            owner_for_ms: 3 * 24 * 60 * MINUTE_MS,
            owner_wait_ms: 20_000,
            wish_ms: 30_000,
            relax_every_ms: 30_000,
            callback_ms: 45_000,
            callback_retry_ms: 5 * MINUTE_MS,
            callback_tries: 2,
            promise_ms: 12 * 60 * MINUTE_MS,
        }
    }
}

/// A code for programs and a name for people.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Named {
    pub code: String,
    pub name: String,
}

impl Named {
    pub fn new(code: impl Into<String>, name: impl Into<String>) -> Named {
        Named { code: code.into(), name: name.into() }
    }
}

/// From `from` until before `to`, minutes of a day; over midnight where `to` is the smaller.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hours {
    pub from: u32,
    pub to: u32,
}

pub(super) const DAY_MINUTES: u32 = 24 * 60;

impl Hours {
    const fn holds(self, minute: u32) -> bool {
        if self.from < self.to {
            self.from <= minute && minute < self.to
        } else {
            minute >= self.from || minute < self.to
        }
    }
}

/// Where callers of a group go when it is closed, nobody of it is there, or they have waited so long.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Overflow {
    /// Index of the group.
    pub group: usize,
    pub after_ms: u64,
}

/// 班组. Another site is a group too: its agents are lines to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Group {
    pub code: String,
    pub name: String,
    /// Names of categories, or codes, or what their codes begin with; their callers come here first. None: everybody else's.
    pub topics: Vec<String>,
    /// Open then; none: always.
    pub hours: Vec<Hours>,
    /// 1 is Monday; none: every day. Hours over midnight belong to the day on which they begin.
    pub weekdays: Vec<u32>,
    pub overflow: Vec<Overflow>,
    /// Instead of the rule for all.
    pub wrap_up_ms: Option<u64>,
}

impl Group {
    fn day_counts(&self, weekday: u32) -> bool {
        self.weekdays.is_empty() || self.weekdays.contains(&weekday)
    }

    /// 7×24 where neither hours nor weekdays are given.
    pub fn is_open(&self, at: Civil) -> bool {
        let minute = at.hour * 60 + at.minute;
        if self.hours.is_empty() {
            return self.day_counts(at.weekday());
        }
        let yesterday = (at.weekday() + 5) % 7 + 1;
        self.hours.iter().any(|hours| {
            let began_today = hours.from < hours.to || minute >= hours.from;
            hours.holds(minute)
                && self.day_counts(if began_today { at.weekday() } else { yesterday })
        })
    }

    /// Milliseconds until the group may open or close; `None` for one that does neither.
    pub(super) fn edge_in_ms(&self, wall: Wall) -> Option<u64> {
        if self.hours.is_empty() && self.weekdays.is_empty() {
            return None;
        }
        let civil = wall.civil();
        let midnight = Civil { hour: 0, minute: 0, second: 0, ..civil }.wall().unix_ms;
        let of_day = wall.unix_ms.saturating_sub(midnight).max(0) as u64;
        let ends = self.hours.iter().flat_map(|hours| [hours.from, hours.to]).chain([0]);
        let day = u64::from(DAY_MINUTES) * MINUTE_MS;
        ends.map(|minute| {
            let at = u64::from(minute) * MINUTE_MS % day;
            if at > of_day { at - of_day } else { at + day - of_day }
        })
        .min()
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    pub rules: Rules,
    /// At least one, at most 64: a caller's is the first open one that names their topic, else the first open one
    /// without topics, else the first.
    pub groups: Vec<Group>,
    pub skills: Vec<Named>,
    /// Why agents may be away, in the order of their page.
    pub reasons: Vec<Named>,
    /// 话后小结代码.
    pub codes: Vec<Named>,
}

impl Default for Plan {
    /// One group, always open.
    fn default() -> Self {
        let named = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(code, name)| Named::new(*code, *name)).collect()
        };
        Plan {
            rules: Rules::default(),
            groups: vec![Group {
                code: "main".into(),
                name: "综合".into(),
                topics: Vec::new(),
                hours: Vec::new(),
                weekdays: Vec::new(),
                overflow: Vec::new(),
                wrap_up_ms: None,
            }],
            skills: Vec::new(),
            reasons: named(&[
                ("rest", "小休"),
                ("meal", "用餐"),
                ("training", "培训"),
                ("meeting", "会议"),
            ]),
            codes: named(&[
                ("answered", "当场答复"),
                ("registered", "已登记派单"),
                ("transferred", "转相关部门"),
                ("no_matter", "无效来电"),
            ]),
        }
    }
}

impl Plan {
    /// The plan of a file, as TOML. What it leaves out is as in [`Plan::default`].
    ///
    /// # Errors
    /// Every fault, with file, line, field and the way out.
    pub fn parse(file: &str, text: &str) -> Result<Plan, Faults> {
        super::read::plan(file, text)
    }

    pub fn group(&self, code: &str) -> Option<usize> {
        self.groups.iter().position(|group| group.code == code)
    }

    /// Bit `n` is group `n`.
    pub(super) fn mask(&self, codes: &[String]) -> u64 {
        let all = self.groups.iter().enumerate();
        all.filter(|(_, group)| codes.is_empty() || codes.contains(&group.code))
            .fold(0, |mask, (n, _)| mask | bit(n))
    }

    pub(super) fn open(&self, wall: Wall) -> u64 {
        let at = wall.civil();
        let all = self.groups.iter().enumerate();
        all.filter(|(_, group)| group.is_open(at)).fold(0, |mask, (n, _)| mask | bit(n))
    }

    /// Whose caller this is.
    pub(super) fn home(&self, topics: &[String], open: u64) -> usize {
        let first = |fits: &dyn Fn(&Group) -> bool| {
            let mut all = self.groups.iter().enumerate();
            all.position(|(n, group)| open & bit(n) != 0 && fits(group))
        };
        let named =
            first(&|group| group.topics.iter().any(|own| topics.iter().any(|t| is_in(t, own))));
        named.or_else(|| first(&|group| group.topics.is_empty())).unwrap_or(0)
    }
}

/// A code belongs to every code that it begins with; a name to itself.
fn is_in(topic: &str, own: &str) -> bool {
    topic == own || (topic.is_ascii() && topic.starts_with(own))
}

pub(super) const fn bit(group: usize) -> u64 {
    if group < 64 { 1 << group } else { 0 }
}
