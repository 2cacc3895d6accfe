//! Which item of the knowledge base a saying of the robot's was, so that its source can stand beside it.

use std::sync::Arc;

use crate::knowledge::{Base, Item};

/// Fewer characters of an answer that was cut short do not tell which it was.
const TOLD_CHARS_MIN: usize = 8;

/// The item that the robot told with these words.
pub(super) fn told<'b>(base: &'b Base, text: &str, cut_short: bool) -> Option<&'b Item> {
    if text.chars().count() < TOLD_CHARS_MIN {
        return None;
    }
    let is_it = |item: &&Arc<Item>| {
        text.contains(&item.spoken) || (cut_short && item.spoken.starts_with(text.trim()))
    };
    base.items().iter().filter(|item| !item.spoken.is_empty()).find(is_it).map(|item| &**item)
}

/// Where an answer is from and of when.
pub(super) fn source(item: &Item) -> String {
    let parts =
        [&item.base, &item.department, &item.source.name, &item.source.article, &item.source.date];
    let parts: Vec<&str> =
        parts.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    parts.join(" ")
}
