//! Numbers as people say them on the telephone.

use crate::language::numbers::{digit_spoken, to_spoken};

/// Digit by digit, one as 幺 so that it is not taken for seven; eight digits and more in groups of four from the
/// end: `2611220007` as 二六，幺幺二二，零零零七.
pub fn spoken_digits(digits: &str) -> String {
    let figures: Vec<u8> = digits.bytes().filter(u8::is_ascii_digit).map(|b| b - b'0').collect();
    let mut text = String::new();
    for (i, figure) in figures.iter().enumerate() {
        let left = figures.len() - i;
        if i > 0 && left.is_multiple_of(4) && figures.len() >= 8 {
            text.push('，');
        }
        text.push(digit_spoken(*figure, true));
    }
    text
}

/// A count as it is spoken: 3 as 三, 12 as 十二, 205 as 二百零五, 2000 as 两千.
pub fn spoken_number(number: u64) -> String {
    to_spoken(number)
}
