//! Whether a rewriting of a summary tells nothing that the summary does not: a language model may choose words, never facts.
//!
//! Without knowing what a name is: every character that the summary does not hold must be one of the few that officials write
//! around facts, and numbers, Latin letters, and what ends like a place, a firm or a person stand as they stood.

use super::SUMMARY_CHARS_MAX;
use crate::language::comparable;

/// Why a rewriting is not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unfaithful {
    #[error("it is empty or longer than a summary may be")]
    Length,
    #[error("it holds line breaks or control characters")]
    Form,
    #[error("it holds a number that was not told")]
    Number,
    #[error("it holds a name that was not told")]
    Name,
    #[error("it holds words that were not told")]
    Words,
    #[error("it leaves out a number that was told")]
    Lost,
    #[error("it tells too little of what was told")]
    Thin,
}

/// Characters of words that tell of no fact: 市民反映，要求相关部门核实处理.
const FORMAL: &str = "的了在和与及或并等被把对于向从至到就因由为是有无不未没能可已曾将正仍还也都又再其该此这那之以而且但则如若\
    来电者市民群众居民反映投诉举报建议咨询求助表扬感谢称表示认为希望请要求诉求需求协调督促联系通知答复回复核实调查处理解决\
    查处落实改善改进整改维修修复尽快及时有关相关部门单位人员工作情况问题事宜事项现象影响导致造成存在发生出现产生严重长期持续多次\
    附近旁边期间时间目前现在后前中内外上下且至今起开始以来进行给予加强管理规范";
/// What follows a name: the two characters in front of it must stand before it in the summary too.
const ENDS: &[&str] = &[
    "省", "市", "县", "区", "镇", "乡", "村", "街道", "街", "路", "巷", "弄", "号", "栋", "幢",
    "单元", "室", "小区", "花园", "苑", "公司", "厂", "店", "酒店", "饭店", "学校", "小学", "中学",
    "医院", "银行", "超市", "公园", "广场", "大厦", "桥", "先生", "女士", "师傅", "老师", "医生",
    "主任", "书记",
];
const NAME_CHARS: usize = 2;
/// Of the summary's characters so many must come back.
const KEPT_MIN: f32 = 0.5;

/// # Errors
/// What the rewriting tells that the summary does not, or the other way round.
pub fn faithful(rewriting: &str, summary: &str) -> Result<(), Unfaithful> {
    let rewriting = rewriting.trim();
    let length = rewriting.chars().count();
    if length == 0 || length > SUMMARY_CHARS_MAX {
        return Err(Unfaithful::Length);
    }
    if rewriting.chars().any(char::is_control) {
        return Err(Unfaithful::Form);
    }
    let (new, old) = (comparable(rewriting), comparable(summary));
    let (told, numbers) = (runs(&new, is_numeric), runs(&old, is_numeric));
    if told.iter().any(|number| !numbers.contains(number)) {
        return Err(Unfaithful::Number);
    }
    if numbers.iter().any(|number| number.chars().count() > 1 && !told.contains(number)) {
        return Err(Unfaithful::Lost);
    }
    let latin = runs(&new, |c| c.is_ascii_alphabetic());
    let names = runs(&old, |c| c.is_ascii_alphabetic());
    if latin.iter().any(|name| !names.contains(name))
        || names_of(&new).any(|name| !old.contains(&name))
    {
        return Err(Unfaithful::Name);
    }
    if new.chars().any(|c| !is_numeric(c) && !old.contains(c) && !FORMAL.contains(c)) {
        return Err(Unfaithful::Words);
    }
    let kept = old.chars().filter(|c| new.contains(*c)).count();
    if (kept as f32) < KEPT_MIN * old.chars().count() as f32 {
        return Err(Unfaithful::Thin);
    }
    Ok(())
}

fn is_numeric(c: char) -> bool {
    c.is_ascii_digit() || "零〇一二两三四五六七八九十百千万亿幺半".contains(c)
}

fn runs(text: &str, is: impl Fn(char) -> bool) -> Vec<String> {
    let parts = text.split(|c: char| !is(c)).filter(|run| !run.is_empty());
    parts.map(str::to_owned).collect()
}

/// What stands before each ending, with it.
fn names_of(text: &str) -> impl Iterator<Item = String> + '_ {
    let ends = ENDS.iter().flat_map(move |end| text.match_indices(end));
    ends.filter_map(move |(at, end)| {
        let before: Vec<char> = text.get(..at)?.chars().rev().take(NAME_CHARS).collect();
        let name: String = before.into_iter().rev().chain(end.chars()).collect();
        // 市民, 居民区: no name stands there.
        let bare = name.chars().take(NAME_CHARS).all(|c| FORMAL.contains(c));
        (!bare).then_some(name)
    })
}
