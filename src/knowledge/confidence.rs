//! How probably the best item answers what was said, and how probably one of the first three does: logistic models over what the
//! search saw.
//!
//! A threshold on likeness alone answers complaints: 工地晚上施工太吵 is very near to the rule about night work. So the models
//! also weigh how near the words are to known complaints and talk, whether they ask or report, and how much of them the base knows.

use super::decide::OFFERED_MAX;

/// The parts of an item's score, each 0 to 1.
pub const PARTS: usize = 7;
/// What they are, in their order.
pub const PART_NAMES: [&str; PARTS] =
    ["meaning", "meaning of three", "written", "sounded", "near", "covered", "keyword"];

/// What the search saw of its best items, each about 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Signs(pub [f32; Signs::COUNT]);

impl Signs {
    /// The parts of the best item's score, then [`Signs::NAMES`].
    pub const COUNT: usize = PARTS + Signs::NAMES.len();
    pub const NAMES: [&'static str; 14] = [
        "score",
        "ahead of the second",
        "ahead of the fourth",
        "share of the score",
        "outside meaning",
        "outside sounded",
        "outside near",
        "asks",
        "reports",
        "particular",
        "known",
        "changed",
        "short",
        "ahead of outside",
    ];
}

/// What was seen of the words, whatever item is best.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Seen {
    /// Likeness of the nearest text that no item answers.
    pub outside_meaning: f32,
    pub outside: [f32; 2],
    pub asks: f32,
    pub reports: f32,
    pub particular: f32,
    /// The share of the words that the base's items hold at all, and that was read as other characters.
    pub known: f32,
    pub changed: f32,
    pub characters: usize,
}

/// How the parts of a score weigh, and how signs become probabilities; each encoder has its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Calibration {
    pub fusion: [f32; PARTS],
    /// How much a difference of scores means.
    pub heat: f32,
    /// The first item is right.
    pub first: Logistic,
    /// One of the first three is.
    pub among: Logistic,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Logistic {
    pub bias: f32,
    pub weights: [f32; Signs::COUNT],
}

impl Logistic {
    pub fn probability(&self, signs: &Signs) -> f32 {
        let sum: f32 = self.weights.iter().zip(signs.0).map(|(w, x)| w * x).sum();
        1.0 / (1.0 + (-(self.bias + sum)).exp())
    }
}

impl Calibration {
    /// That of the encoder; one without its own takes the bigrams', which trusts meaning least.
    pub fn of(encoder: &str) -> Calibration {
        if encoder.starts_with("use-multilingual") {
            super::fitted::UNIVERSAL
        } else {
            super::fitted::BIGRAM
        }
    }

    pub fn score(&self, parts: &[f32; PARTS]) -> f32 {
        self.fusion.iter().zip(parts).map(|(w, part)| w * part).sum()
    }

    /// `scores`: of the first items, the best first; `parts`: of the best.
    pub(super) fn signs(&self, scores: &[f32], parts: &[f32; PARTS], seen: &Seen) -> Signs {
        let score = |place: usize| scores.get(place).copied().unwrap_or_default();
        let all: f32 = scores.iter().map(|s| (self.heat * (s - score(0))).exp()).sum();
        let own = [
            score(0),
            4.0 * (score(0) - score(1)),
            4.0 * (score(0) - score(OFFERED_MAX)),
            1.0 / all.max(1.0),
            seen.outside_meaning,
            seen.outside[0],
            seen.outside[1],
            seen.asks,
            seen.reports,
            seen.particular,
            seen.known,
            seen.changed,
            1.0 / seen.characters.max(1) as f32 * 4.0,
            parts[0] - seen.outside_meaning,
        ];
        let mut values = [0.0; Signs::COUNT];
        for (value, sign) in values.iter_mut().zip(parts.iter().chain(&own)) {
            *value = *sign;
        }
        Signs(values)
    }

    /// The confidences of the first hits: of the first what it was fitted to be, of the next two what is left of the three's.
    pub(super) fn confidences(&self, scores: &[f32], signs: &Signs) -> Vec<f32> {
        let first = self.first.probability(signs);
        let left = (self.among.probability(signs) - first).max(0.0);
        let weight =
            |score: f32| (self.heat * (score - scores.get(1).copied().unwrap_or_default())).exp();
        let others: f32 = scores.iter().take(OFFERED_MAX).skip(1).map(|s| weight(*s)).sum();
        let of = |(place, score): (usize, &f32)| match place {
            0 => first,
            _ if place < OFFERED_MAX => {
                (left * weight(*score) / others.max(f32::MIN_POSITIVE)).min(first)
            }
            _ => 0.0,
        };
        scores.iter().enumerate().map(of).collect()
    }
}

/// Words that ask how, where, how much, whether.
const ASKING: &[&str] = &[
    "怎么",
    "如何",
    "咋",
    "吗",
    "哪里",
    "哪儿",
    "在哪",
    "去哪",
    "哪个",
    "哪些",
    "多少",
    "多久",
    "多长时间",
    "几天",
    "几点",
    "几岁",
    "什么条件",
    "什么材料",
    "什么手续",
    "要什么",
    "带什么",
    "能不能",
    "可不可以",
    "是不是",
    "要不要",
    "会不会",
    "有没有规定",
    "请问",
    "想问",
    "咨询",
    "规定",
    "条件",
    "手续",
    "申请",
    "办理",
    "想办",
];

/// Words that report, demand, praise.
const REPORTING: &[&str] = &[
    "投诉",
    "举报",
    "反映",
    "没人管",
    "没有人管",
    "不管",
    "管管",
    "管一管",
    "派人",
    "派个人",
    "好几天",
    "一直",
    "天天",
    "每天",
    "太吵",
    "太大",
    "吵得",
    "吵死",
    "受不了",
    "臭",
    "坏了",
    "一个礼拜",
    "半个月",
    "两天了",
    "三天了",
    "态度",
    "希望",
    "建议",
    "表扬",
    "乱",
    "跑路",
    "太过分",
    "危险",
    "答复",
    "工单",
    "你们",
];

/// 0 none, 0.5 one, 1 two or more.
pub(super) fn asks(text: &str) -> f32 {
    count(text, ASKING)
}

pub(super) fn reports(text: &str) -> f32 {
    count(text, REPORTING)
}

/// Words that ask for one shop, line, day or price, or for an opinion: no rule answers those.
const PARTICULAR: &[&str] = &[
    "哪家",
    "哪个牌子",
    "牌子",
    "最便宜",
    "便宜",
    "最好",
    "更好",
    "哪个好",
    "好不好",
    "划算",
    "推荐",
    "明天",
    "后天",
    "今晚",
    "现在",
    "几路",
    "几号线",
    "末班",
    "班车",
    "几点",
    "几套",
    "几个班",
    "几条",
    "哪条",
    "哪几",
    "哪些小区",
    "电话是",
    "电话多少",
    "电话号码",
    "上不上班",
    "上班吗",
    "排号",
    "排到",
    "排队",
    "堵不堵",
    "多少钱一",
    "一斤",
    "一平",
    "房价",
    "房租",
    "价格",
    "股票",
    "基金",
    "天气",
    "主意",
    "帮我写",
    "帮我查",
    "帮我报",
    "帮我选",
    "帮我起",
    "该不该",
    "值不值",
    "会不会涨",
    "搬到",
    "谁看得好",
    "哪个医生",
    "饭店",
    "酒店",
    "旅游",
    "怎么跟",
    "怎么提高",
    "什么时候开通",
    "招几",
    "坐几",
    "有没有卖",
    "哪里买",
    "哪里卖",
];

pub(super) fn particular(text: &str) -> f32 {
    count(text, PARTICULAR)
}

fn count(text: &str, cues: &[&str]) -> f32 {
    let found = cues.iter().filter(|cue| text.contains(**cue)).count();
    (found.min(2) as f32) / 2.0
}
