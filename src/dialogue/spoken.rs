//! Numbers as people say them on the telephone.

use crate::language::groups::spoken_groups;
use crate::language::numbers::to_spoken;

/// Digit by digit, one as 幺 so that it is not taken for seven, in the groups in which such a number is said:
/// `2611220007` as 二六，幺幺二二，零零零七, `13855501234` as 幺三八，五五五零，幺二三四.
pub fn spoken_digits(digits: &str) -> String {
    spoken_groups(digits)
}

/// A count as it is spoken: 3 as 三, 12 as 十二, 205 as 二百零五, 2000 as 两千.
pub fn spoken_number(number: u64) -> String {
    to_spoken(number)
}
