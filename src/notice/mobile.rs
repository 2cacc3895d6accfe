//! Whom a text message can reach.

use crate::language::groups::{Telephone, telephone};

/// The eleven digits of a mobile number as networks and people write it: with +86, 0086 or a long-distance 0 before it, with
/// spaces or hyphens in it. `None` for any other number: a fixed line gets no text message.
pub fn mobile(number: &str) -> Option<String> {
    let bare: String = number.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    let national = ["+86", "0086", "86", "0"].into_iter().find_map(|prefix| {
        bare.strip_prefix(prefix).filter(|rest| telephone(rest) == Some(Telephone::Mobile))
    });
    let digits = national.unwrap_or(&bare);
    (telephone(digits) == Some(Telephone::Mobile)).then(|| digits.to_owned())
}
