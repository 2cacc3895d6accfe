//! Whom a matter is against, what is wanted, and the summary: in the caller's words, with where they lie.

use std::sync::Arc;

use huiyin::intake::{Draft, Gazetteer, Intake, SUMMARY_CHARS_MAX};
use huiyin::kernel::Slot;
use proptest::prelude::*;

use crate::intake::{NOW, said};

fn intake() -> Intake {
    Intake::new(Arc::new(Gazetteer::empty()), "3307").unwrap()
}

fn draft(texts: &[&str]) -> Draft {
    let intake = intake();
    let mut draft = Draft::default();
    for text in texts {
        let utterance = said(text);
        draft.merge(&intake.read(&utterance, NOW, None), &utterance);
    }
    draft
}

fn value(draft: &Draft, slot: Slot) -> String {
    draft.get(slot).map(|filled| filled.value.clone()).unwrap_or_default()
}

fn check(slot: Slot, rows: &[(&str, &str)]) {
    let wrong: Vec<String> = rows
        .iter()
        .filter_map(|(text, wanted)| {
            let got = value(&draft(&[text]), slot);
            (got != *wanted).then(|| format!("{text}: {got:?}, not {wanted:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn whom_a_matter_is_against() {
    check(
        Slot::Against,
        &[
            ("我要投诉我们小区的物业，电梯坏了半个月没人修", "小区的物业"),
            ("我要投诉红星健身房，关门了不退钱", "红星健身房"),
            ("我在箱包厂上班，老板叫周大福，三个月没发工资了", "周大福"),
            ("开发商是恒基置业，说好六月交房到现在没交，太过分了", "恒基置业"),
            ("隔壁饭店油烟太大，我们都不敢开窗", "隔壁饭店"),
            ("楼上那户人家天天装修，太吵了", "楼上那户人家"),
            ("房东不退押金，我要投诉", "房东"),
            ("路灯坏了三天没人修", ""),
            ("请问医保卡怎么补办", ""),
            ("建议公司门口加个公交站", ""),
        ],
    );
}

#[test]
fn what_is_wanted_comes_last_and_is_no_telephone_number() {
    check(
        Slot::Demand,
        &[
            (
                "工地半夜打桩，我要求他们晚上十点以后必须停工，我电话幺三八五七九零零二幺六",
                "我要求他们晚上十点以后必须停工",
            ),
            ("下水道堵了三天，能不能派个人来疏通一下", "能不能派个人来疏通一下"),
            ("希望政府管管，下雨全是水，希望赶紧把路修好", "希望赶紧把路修好"),
            ("健身房关门了，我们要求退钱", "要求退钱"),
            ("请问怎么办护照", ""),
        ],
    );
}

#[test]
fn a_summary_says_where_what_and_what_is_wanted_and_no_number() {
    let draft = draft(&[
        "喂你好我是清江路的居民，我叫王建国，我们小区对面那个工地，从上周三开始天天晚上打桩，昨天晚上十点还在打，",
        "我老母亲八十多岁根本睡不着，我打过城管电话他们说派人来看，来了一趟走了又继续打，我要求他们晚上十点以后必须停工，我电话幺三八五七九零零二幺六",
    ]);
    let summary = value(&draft, Slot::Summary);
    assert!(summary.chars().count() <= SUMMARY_CHARS_MAX, "{summary}");
    for told in ["工地", "打桩", "停工"] {
        assert!(summary.contains(told), "{told}: {summary}");
    }
    for left_out in ["幺三八", "13857900216", "王建国", "你好"] {
        assert!(!summary.contains(left_out), "{left_out}: {summary}");
    }
    let evidence = &draft.get(Slot::Summary).unwrap().evidence;
    assert!(evidence.len() >= 3, "{evidence:?}");
}

#[test]
fn what_is_said_twice_stands_once() {
    let draft = draft(&["自来水停了两天了，家里没有水", "我说自来水停了两天了，家里没水用"]);
    let summary = value(&draft, Slot::Summary);
    assert_eq!(1, summary.matches("停了两天").count(), "{summary}");
}

#[test]
fn a_greeting_has_no_summary() {
    assert_eq!("", value(&draft(&["喂你好"]), Slot::Summary));
    assert_eq!("", value(&draft(&["转人工"]), Slot::Summary));
}

proptest! {
    /// Every piece of a summary was said, it is never too long, and each field lies within its utterance.
    #[test]
    fn a_summary_is_made_of_what_was_said(
        clauses in prop::collection::vec("[我们小区的物业停水三天没人管工地打桩吵希望退钱要求昨晚十点欠工资老板]{1,30}", 1..12),
    ) {
        let text = clauses.join("，");
        let draft = draft(&[&text]);
        let summary = value(&draft, Slot::Summary);
        prop_assert!(summary.chars().count() <= SUMMARY_CHARS_MAX);
        let plain: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
        let known: std::collections::BTreeSet<char> = plain.chars().chain("要求".chars()).collect();
        prop_assert!(summary.chars().filter(|c| c.is_alphanumeric()).all(|c| known.contains(&c)), "{text} {summary}");
        let utterance = said(&text);
        for (slot, filled) in draft.fields() {
            prop_assert!(!filled.evidence.is_empty(), "{slot:?}");
            for evidence in &filled.evidence {
                prop_assert!(evidence.start_ms >= utterance.start_ms && evidence.end_ms <= utterance.end_ms);
            }
        }
    }
}
