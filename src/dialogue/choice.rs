//! Two or three items that may be meant, and which one the caller chooses.

use std::sync::Arc;

use super::contract::Understood;
use super::hearing;
use super::lines::Line;
use super::machine::Dialogue;
use super::state::Ask;
use super::tries::{Failing, Tries};
use crate::kernel::Moment;
use crate::knowledge::Item;

/// What the caller made of an offer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Choice {
    /// That one, from 0.
    Nth(usize),
    Neither,
}

/// Where their order is said. 最后一个 is the last, however many there are.
const ORDINALS: [(&[&str], usize); 3] =
    [(&["第一", "头一个", "前一个", "前面那个", "前面一个"], 0), (&["第二"], 1), (&["第三"], 2)];
const LAST: [&str; 4] = ["最后", "后一个", "后面那个", "后面一个"];
/// Said alone.
const NUMBERS: [&[&str]; 3] =
    [&["一", "1", "一个", "一号"], &["二", "2", "两", "二号"], &["三", "3", "三号"]];
const NEITHER: [&str; 6] = ["都不", "两个都不", "不是这", "都没有", "没有我", "哪个都不"];
/// The key for none of them.
const NEITHER_KEY: char = '9';
/// The slots of the offered items' titles.
const SLOTS: [&str; 3] = ["first", "second", "third"];

/// Their titles as the prompts' slots.
pub(super) fn offered(items: &[Arc<Item>]) -> Vec<(&'static str, &str)> {
    SLOTS.into_iter().zip(items.iter().map(|item| item.title.as_str())).collect()
}

impl Dialogue {
    pub(super) fn offer(&mut self, now: Moment, items: Vec<Arc<Item>>) {
        let line = if items.len() > 2 { Line::OfferThree } else { Line::OfferTwo };
        let asked = items.clone();
        self.ask(now, Vec::new(), Ask::Offer(asked), line, &offered(&items));
    }

    pub(super) fn choice_heard(
        &mut self,
        now: Moment,
        items: Vec<Arc<Item>>,
        tries: Tries,
        u: Understood,
    ) {
        match choice(&u, &items) {
            Some(_) if hearing::is_doubtful(&u) => {
                self.ask_again(now, Ask::Offer(items), tries, Failing::Unclear);
            }
            Some(choice) => self.chosen(now, items, choice),
            None if hearing::is_request(&u) => {
                self.reject(&Ask::Offer(items));
                self.request(now, tries, u);
            }
            None => self.ask_again(now, Ask::Offer(items), tries, Failing::Unclear),
        }
    }

    pub(super) fn choice_key(
        &mut self,
        now: Moment,
        items: Vec<Arc<Item>>,
        tries: Tries,
        key: char,
    ) {
        let nth = key.to_digit(10).and_then(|n| usize::try_from(n).ok()?.checked_sub(1));
        match nth.filter(|nth| *nth < items.len()) {
            Some(nth) => self.chosen(now, items, Choice::Nth(nth)),
            None if key == NEITHER_KEY => self.chosen(now, items, Choice::Neither),
            None => self.ask_again(now, Ask::Offer(items), tries, Failing::Unclear),
        }
    }

    fn chosen(&mut self, now: Moment, items: Vec<Arc<Item>>, choice: Choice) {
        match choice {
            Choice::Nth(nth) if let Some(item) = items.get(nth) => self.answer(now, item),
            _ => {
                self.reject(&Ask::Offer(items));
                self.rephrase(now);
            }
        }
    }
}

/// `None` where the words choose nothing.
fn choice(u: &Understood, items: &[Arc<Item>]) -> Option<Choice> {
    let words = hearing::words(u);
    let holds = |list: &[&str]| list.iter().any(|word| words.contains(word));
    if holds(&NEITHER) {
        return Some(Choice::Neither);
    }
    let said = ORDINALS.iter().find(|(wordings, _)| holds(wordings)).map(|(_, nth)| *nth);
    let last = holds(&LAST).then_some(items.len().saturating_sub(1));
    let alone = NUMBERS.iter().position(|list| list.contains(&words.as_str()));
    if let Some(nth) = said.or(last).or(alone) {
        return (nth < items.len()).then_some(Choice::Nth(nth));
    }
    // By its name: the nearest to what was said is one of them.
    let nearest =
        u.hits.first().and_then(|hit| items.iter().position(|item| item.id == hit.item.id));
    match (nearest, u.reading.yes_no) {
        (Some(nth), None | Some(true)) => Some(Choice::Nth(nth)),
        (_, Some(false)) if !hearing::is_request(u) => Some(Choice::Neither),
        _ => None,
    }
}
