//! Who calls and what they say.

use crate::dialogue::{Expect, Say};
use crate::kernel::{Rng, Slot};

/// What a caller is after.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Aim {
    Ask,
    Complain,
    Person,
    /// Somebody is in danger.
    Emergency,
    /// Says nothing.
    Mute,
    /// Is never understood.
    Noise,
}

/// A caller or a citizen who is called back.
#[derive(Clone, Debug)]
pub struct Person {
    pub aim: Aim,
    /// Hangs up at some moment with this chance at every turn.
    pub impatience: f64,
    pub told: u32,
    rng: Rng,
}

/// What a person does in their turn.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Turn {
    Words(String),
    /// Words that the recogniser is not sure of.
    Doubtful(String),
    Unclear,
    Key(char),
    Silence,
    HangUp,
}

const ASKS: &[&str] = &[
    "身份证丢了怎么补办",
    "公积金租房怎么提取",
    "医保异地就医怎么备案",
    "居住证怎么办理",
    "老板拖欠工资怎么办",
    "明天会不会下雨",
    "我上次反映的事情办到哪一步了",
    "帮我催一下我的工单，都好几天了",
];
const COMPLAINTS: &[&str] = &[
    "我要投诉，工地半夜还在施工，噪音太大睡不着",
    "我家门口的路灯坏了好几天，晚上看不见路",
    "小区垃圾一个星期没人清，臭得很",
    "我要举报楼下饭店往河里倒油",
];
const PLACES: &[&str] =
    &["在金华市婺城区白龙桥镇临江路", "婺城区城东街道", "就是我们村里", "白龙桥镇"];
const NUMBERS: &[&str] = &[
    "幺三九零零零零八八九九",
    "要三九零零零零八八九九",
    "幺三九",
    "零零零零八八九九",
    "零五七九八二三幺幺二三四",
    "就打这个号码",
    "不用了",
    "一三八零零",
];
const TICKETS: &[&str] = &[
    "二六幺幺二三零零零幺",
    "二六幺幺二三",
    "零零零三",
    "工单号是二六幺幺二三零零零二",
    "不记得了",
    "二六九九九九零零零幺",
];
const LAST_FOURS: &[&str] = &["八八九九", "幺二三四", "零零零零", "不知道"];
const CORRECTIONS: &[&str] = &[
    "不对，最后四位是八八九八",
    "中间四位是幺幺幺幺",
    "不是九是八",
    "不是白龙桥镇，是城东街道",
    "打我另一个号码",
    "是三十六号不是二十六号",
];
const TIMES: &[&str] = &["昨天晚上十一点", "这几天一直这样", "上周五下午三点", "不记得了"];
const REASONS: &[&str] = &["没有人来处理", "晚上还是很吵", "答复跟没答复一样"];
const CHOICES: &[&str] = &["第一个", "第二个", "第三个", "都不是"];
const GRADES: &[&str] = &["非常满意", "满意", "基本满意", "不满意", "非常不满意", "还行吧"];

impl Person {
    pub fn new(seed: u64) -> Person {
        let mut rng = Rng::new(seed);
        let aim = match rng.below(100) {
            0..40 => Aim::Ask,
            40..75 => Aim::Complain,
            75..85 => Aim::Person,
            85..90 => Aim::Emergency,
            90..95 => Aim::Mute,
            _ => Aim::Noise,
        };
        let impatience = if rng.chance(0.3) { 0.15 } else { 0.01 };
        Person { aim, impatience, told: 0, rng }
    }

    fn pick(&mut self, texts: &[&str]) -> Turn {
        Turn::Words(self.rng.pick(texts).copied().unwrap_or_default().to_owned())
    }

    /// Milliseconds from the end of the robot's words to the person's, and how long theirs take.
    pub fn pace(&mut self) -> (u64, u64) {
        (300 + self.rng.below(1500), 400 + self.rng.below(3500))
    }

    pub fn chance(&mut self, p: f64) -> bool {
        self.rng.chance(p)
    }

    /// The answer to a saying that leaves the turn to them.
    pub fn answer(&mut self, say: &Say) -> Turn {
        if self.rng.chance(self.impatience) {
            return Turn::HangUp;
        }
        match self.aim {
            Aim::Mute => return Turn::Silence,
            Aim::Noise => return Turn::Unclear,
            _ => {}
        }
        match self.rng.below(100) {
            0..3 => return Turn::Silence,
            3..6 => return Turn::Unclear,
            6..8 => return Turn::Words("转人工".into()),
            8..10 => return Turn::Words("再说一遍".into()),
            10 => return Turn::Key('0'),
            _ => {}
        }
        let turn = self.said(say);
        match turn {
            Turn::Words(words) if self.rng.chance(0.1) => Turn::Doubtful(words),
            turn => turn,
        }
    }

    fn said(&mut self, say: &Say) -> Turn {
        match say.expect {
            Expect::Slot(Slot::Number) if self.rng.chance(0.2) => self.key(),
            Expect::Slot(Slot::Number) => self.pick(NUMBERS),
            Expect::Ticket if self.rng.chance(0.2) => self.key(),
            Expect::Ticket => self.pick(TICKETS),
            Expect::LastFour if self.rng.chance(0.2) => self.key(),
            Expect::LastFour => self.pick(LAST_FOURS),
            Expect::YesNo if self.rng.chance(0.1) => self.pick(CORRECTIONS),
            Expect::Open | Expect::More | Expect::Nothing => self.request(),
            Expect::YesNo => self.yes_or_no(),
            Expect::Choice => self.pick(CHOICES),
            Expect::Slot(Slot::Place) => self.pick(PLACES),
            Expect::Slot(Slot::Time) => self.pick(TIMES),
            Expect::Slot(_) => self.pick(COMPLAINTS),
            Expect::Grade if self.rng.chance(0.3) => {
                Turn::Key(char::from(b'1' + self.rng.below(5) as u8))
            }
            Expect::Grade => self.pick(GRADES),
            Expect::Words => self.pick(REASONS),
        }
    }

    /// The next key of somebody who types a number.
    fn key(&mut self) -> Turn {
        let keys = ['1', '3', '9', '0', '0', '0', '#'];
        Turn::Key(self.rng.pick(&keys).copied().unwrap_or('#'))
    }

    fn yes_or_no(&mut self) -> Turn {
        let words =
            ["对的", "是的", "不是", "解决了", "没解决", "有帮助", "没帮助", "需要", "不用了"];
        if self.rng.chance(0.1) { Turn::Key('1') } else { self.pick(&words) }
    }

    fn request(&mut self) -> Turn {
        self.told += 1;
        if self.told > 2 {
            return Turn::Words("没有了，谢谢，再见".into());
        }
        match self.aim {
            Aim::Ask => self.pick(ASKS),
            Aim::Complain => self.pick(COMPLAINTS),
            Aim::Person => Turn::Words("我要找人工".into()),
            Aim::Emergency => Turn::Words("着火了，快来救火".into()),
            Aim::Mute | Aim::Noise => Turn::Silence,
        }
    }
}
