//! Whatever stands on a ticket points at the words it came from. What has no evidence stays blank.

/// Where in a call something was said.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Evidence {
    /// Index of the caller's utterance within its call, from 0.
    pub utterance: u32,
    /// From the start of the call's recording.
    pub start_ms: u64,
    pub end_ms: u64,
    /// 0 to 1.
    pub confidence: f32,
}

/// The fields that a draft may fill and a ticket shows, in the order of the page.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Slot {
    /// 来电号码: the number to call back.
    Number,
    /// 来电人: how the caller named themself.
    Caller,
    /// 诉求类型: 咨询, 求助, 建议, 投诉, 举报, 表扬.
    MatterType,
    /// 事项分类.
    Category,
    /// 发生地点: code is the administrative division down to township.
    Place,
    /// 发生时间.
    Time,
    /// 被反映对象: whom the matter is against, in the caller's words.
    Against,
    /// 诉求摘要: the matter in at most 120 characters.
    Summary,
    /// 诉求内容: in the caller's own words.
    Narrative,
    /// 诉求目的: what the caller wants done.
    Demand,
    /// 承办单位: who is responsible, by its name. Only staff fill it.
    Unit,
}

impl Slot {
    pub const ALL: [Slot; 11] = [
        Slot::Number,
        Slot::Caller,
        Slot::MatterType,
        Slot::Category,
        Slot::Place,
        Slot::Time,
        Slot::Against,
        Slot::Summary,
        Slot::Narrative,
        Slot::Demand,
        Slot::Unit,
    ];

    /// The name in the store and in JSON.
    pub const fn key(self) -> &'static str {
        match self {
            Slot::Number => "number",
            Slot::Caller => "caller",
            Slot::MatterType => "matter_type",
            Slot::Category => "category",
            Slot::Place => "place",
            Slot::Time => "time",
            Slot::Against => "against",
            Slot::Summary => "summary",
            Slot::Narrative => "narrative",
            Slot::Demand => "demand",
            Slot::Unit => "unit",
        }
    }

    pub fn from_key(key: &str) -> Option<Slot> {
        Slot::ALL.into_iter().find(|slot| slot.key() == key)
    }
}

/// A field's content and what it rests on. There is no `Filled` without evidence but the caller's number, which
/// the signalling gave: its evidence list is empty and its `source` says so.
#[derive(Clone, PartialEq, Debug)]
pub struct Filled {
    /// As a person reads it: 金华市婺城区白龙桥镇, 投诉, 昨晚十点.
    pub value: String,
    /// As a machine reads it: 330702103, `complaint`, 2026-11-21T22:00.
    pub code: Option<String>,
    pub evidence: Vec<Evidence>,
    pub source: Source,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// The caller said it: `evidence` is not empty.
    Spoken,
    /// The caller typed it on the keys.
    Keys,
    /// The SIP From of the call.
    Signalling,
    /// A member of staff wrote it.
    Staff,
}

impl Source {
    const ALL: [Source; 4] = [Source::Spoken, Source::Keys, Source::Signalling, Source::Staff];

    pub fn from_key(key: &str) -> Option<Source> {
        Source::ALL.into_iter().find(|source| source.key() == key)
    }

    pub const fn key(self) -> &'static str {
        match self {
            Source::Spoken => "spoken",
            Source::Keys => "keys",
            Source::Signalling => "signalling",
            Source::Staff => "staff",
        }
    }
}
