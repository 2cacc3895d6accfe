//! What the base knows: one [`Item`] a matter that callers ask about, each with its source.

use std::sync::Arc;

use crate::kernel::Day;

/// One service item (办事事项 or 政策问答): how callers ask for it, what is said, and the whole answer for staff.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Item {
    /// Lower case letters, digits and hyphens; unique in a base: `id-card-replace`.
    pub id: String,
    /// 身份证丢失补领.
    pub title: String,
    /// Division code by levels without trailing zeros (`33`, `3307`, `330702`, `330702103`); empty is everywhere.
    pub region: String,
    /// How callers ask, spoken Chinese; at least [`ASKS_MIN`].
    pub asks: Vec<String>,
    /// Two or three short sentences to read aloud; at most [`SPOKEN_CHARS_MAX`] characters and no question at the end.
    pub spoken: String,
    /// The whole answer, for staff and for the page.
    pub full: String,
    pub documents: Vec<String>,
    pub steps: Vec<String>,
    pub place: String,
    pub hours: String,
    pub fee: String,
    pub time_limit: String,
    pub source: Citation,
    /// 户籍证件, 社会保险, …
    pub topic: String,
    /// Words that point at this item and at few others.
    pub keywords: Vec<String>,
    /// First and last day on which it holds, both inclusive; `None` has no such bound.
    pub valid_from: Option<Day>,
    pub valid_until: Option<Day>,
    /// 主管部门: who answers for it. Empty where nobody is named.
    pub department: String,
    /// 省级, 金华市, 市人社局: the base that it came from, from the head of its file or folder. Empty where none is named.
    pub base: String,
    /// Ids of items of a wider base. Where this item's region reaches, it stands in for them.
    pub replaces: Vec<String>,
}

impl Item {
    /// Whether it holds on that day.
    pub fn holds_on(&self, day: Day) -> bool {
        self.valid_from.is_none_or(|from| from <= day)
            && self.valid_until.is_none_or(|until| day <= until)
    }

    /// Whether it holds in the division `region`: it is for everywhere, for that division, or for one above it.
    pub fn holds_in(&self, region: &str) -> bool {
        region.starts_with(&self.region)
    }
}

/// Fewest ways of asking that an item may have.
pub const ASKS_MIN: usize = 4;
/// Longest spoken answer, in characters: about half a minute of speech.
pub const SPOKEN_CHARS_MAX: usize = 120;

/// Where a fact comes from.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Citation {
    /// The law, notice or office: 中华人民共和国居民身份证法.
    pub name: String,
    /// 第十一条; empty when the source has no articles.
    pub article: String,
    /// `YYYY-MM-DD` or `YYYY`: of the version that is cited.
    pub date: String,
}

/// An item found for what a caller said.
#[derive(Clone, Debug)]
pub struct Hit {
    pub item: Arc<Item>,
    /// Fused score that orders the hits, about 0 to 1; comparable within one search only.
    pub score: f32,
    /// Calibrated: how probably this item answers what was said, 0 to 1. A complaint near an item's subject is low.
    pub confidence: f32,
}
