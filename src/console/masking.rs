//! Callers' numbers and names: 138****0000, 王**. The page of the agent who has the caller shows them; everybody else asks for
//! one, and that is written down.

use serde_json::Value;

use crate::kernel::redact::mask;
use crate::store::{CallRow, FieldRow, MessageRow, TicketRow, TurnRow};

/// Shorter runs of digits are house numbers, times and codes.
const NUMBER_DIGITS: usize = 7;

fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || "〇零一二三四五六七八九幺两".contains(c)
}

fn joins(c: char) -> bool {
    matches!(c, '-' | ' ' | '，' | '、')
}

/// Masks what looks like a telephone or identity number within words, also when it was spoken: 幺三八零零….
pub(in crate::console) fn mask_numbers(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(&first) = chars.get(at) {
        if !is_digit(first) {
            out.push(first);
            at += 1;
            continue;
        }
        let mut end = at;
        let mut digits = 0;
        for (index, &c) in chars.iter().enumerate().skip(at) {
            if is_digit(c) {
                digits += 1;
                end = index + 1;
            } else if !joins(c) {
                break;
            }
        }
        let run: String = chars.iter().skip(at).take(end - at).collect();
        if digits >= NUMBER_DIGITS {
            let bare: String = run.chars().filter(|c| is_digit(*c)).collect();
            out.push_str(&mask(&bare));
        } else {
            out.push_str(&run);
        }
        at = end;
    }
    out
}

pub(super) fn call(row: &mut CallRow) {
    let number = row.number.as_deref();
    row.number = number.map(|n| if row.secret { SEALED.to_owned() } else { mask(n) });
}

pub(super) fn turn(row: &mut TurnRow) {
    row.text = mask_numbers(&row.text);
}

pub(super) fn field(row: &mut FieldRow) {
    if row.slot == "number" {
        row.value = mask(&row.value);
        row.code = row.code.as_deref().map(mask);
    } else if row.slot == "caller" {
        row.value = mask(&row.value);
    } else {
        row.value = mask_numbers(&row.value);
    }
}

pub(super) fn ticket(row: &mut TicketRow) {
    row.fields.iter_mut().for_each(field);
    row.result = row.result.as_deref().map(mask_numbers);
    if row.secret {
        seal(row);
    }
}

/// What stands where something is sealed.
pub(super) const SEALED: &str = "***";

/// Fields that tell who reported.
pub(super) fn tells_who(slot: &str) -> bool {
    slot == "number" || slot == "caller"
}

/// Who made a report never goes to the accused (信访工作条例 §30): it is not shown but to those who open it, one by one, and
/// sign for it.
pub(super) fn seal(row: &mut TicketRow) {
    for field in &mut row.fields {
        if tells_who(&field.slot) {
            field.value = SEALED.to_owned();
            field.code = None;
            field.evidence.clear();
        } else {
            field.value = mask_numbers(&field.value);
        }
    }
    row.result = row.result.as_deref().map(mask_numbers);
}

pub(super) fn message(row: &mut MessageRow) {
    row.number = mask(&row.number);
}

/// `mask_numbers` as a JSON string.
pub(super) fn words(text: &str) -> Value {
    Value::String(mask_numbers(text))
}

#[cfg(test)]
mod tests {
    use super::mask_numbers;

    #[test]
    fn numbers_within_words_are_masked_and_other_figures_stay() {
        for (given, wanted) in [
            ("我的电话是13800138000，请回电", "我的电话是138****8000，请回电"),
            ("幺三八零零幺三八零零零", "幺三八****八零零零"),
            ("138-0013-8000", "138****8000"),
            ("昨晚十点，3栋502室", "昨晚十点，3栋502室"),
            ("二零二六年", "二零二六年"),
            ("", ""),
        ] {
            assert_eq!(mask_numbers(given), wanted);
        }
    }
}
