//! How probably the best item answers what was said: a logistic model over what the search saw.
//!
//! A threshold on likeness alone answers complaints: 工地晚上施工太吵 is very near to the rule about night work. So the
//! model also weighs how near the words are to known complaints and talk, and whether they ask or report.

/// What the search saw of its best item, each about 0 to 1.
#[derive(Clone, Copy, Default, Debug, PartialEq)]
pub struct Signs {
    /// Likeness in meaning of the best item.
    pub meaning: f32,
    /// Likeness in written and in sounded pairs.
    pub written: f32,
    pub sounded: f32,
    /// The heaviest keyword that was heard.
    pub keyword: f32,
    /// How far the best item's fused score lies above the second's.
    pub margin: f32,
    /// Likeness in meaning of the nearest text that no item answers, and its likeness in sounded pairs.
    pub outside_meaning: f32,
    pub outside_sounded: f32,
    /// Whether the words ask.
    pub asks: f32,
    /// Whether the words report or demand something.
    pub reports: f32,
}

impl Signs {
    pub const COUNT: usize = 9;

    pub fn values(&self) -> [f32; Self::COUNT] {
        [
            self.meaning,
            self.written,
            self.sounded,
            self.keyword,
            self.margin,
            self.outside_meaning,
            self.outside_sounded,
            self.asks,
            self.reports,
        ]
    }
}

/// How the parts of a score weigh, and how signs become a probability; each encoder has its own.
#[derive(Clone, Copy, Debug)]
pub struct Calibration {
    /// Of meaning, written pairs, sounded pairs, keyword.
    pub fusion: [f32; 4],
    pub bias: f32,
    pub weights: [f32; Signs::COUNT],
}

// Fitted on tests/data/knowledge-dev.jsonl by the ignored test `knowledge::fit_confidence`, which prints these.
const UNIVERSAL: Calibration = Calibration {
    fusion: [0.72, 0.04, 0.18, 0.06],
    bias: -3.923,
    weights: [7.635, -0.137, 1.827, 0.044, 4.314, -3.676, -1.907, 2.111, -2.241],
};
const BIGRAM: Calibration = Calibration {
    fusion: [0.4, 0.16, 0.32, 0.12],
    bias: -2.363,
    weights: [1.487, 1.924, 2.762, 0.489, 2.594, -1.526, -2.376, 1.950, -2.090],
};

impl Calibration {
    /// That of the encoder; one without its own takes the bigrams', which trusts meaning least.
    pub fn of(encoder: &str) -> Calibration {
        if encoder.starts_with("use-multilingual") { UNIVERSAL } else { BIGRAM }
    }

    /// 0 to 1.
    pub fn confidence(&self, signs: &Signs) -> f32 {
        let sum: f32 = self.weights.iter().zip(signs.values()).map(|(w, x)| w * x).sum();
        1.0 / (1.0 + (-(self.bias + sum)).exp())
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

fn count(text: &str, cues: &[&str]) -> f32 {
    let found = cues.iter().filter(|cue| text.contains(**cue)).count();
    (found.min(2) as f32) / 2.0
}
