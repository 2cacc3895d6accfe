//! Numbers as people say them on the telephone.

const DIGITS: [&str; 10] = ["零", "一", "二", "三", "四", "五", "六", "七", "八", "九"];

/// Digit by digit, one as 幺 so that it is not taken for seven; eight digits and more in groups of four from the
/// end: `2611220007` as 二六，幺幺二二，零零零七.
pub fn spoken_digits(digits: &str) -> String {
    let figures: Vec<u32> = digits.chars().filter_map(|c| c.to_digit(10)).collect();
    let mut text = String::new();
    for (i, figure) in figures.iter().enumerate() {
        let left = figures.len() - i;
        if i > 0 && left.is_multiple_of(4) && figures.len() >= 8 {
            text.push('，');
        }
        match figure {
            1 => text.push('幺'),
            other => text.push_str(DIGITS.get(*other as usize).copied().unwrap_or("")),
        }
    }
    text
}

/// A count as it is spoken: 3 as 三, 12 as 十二, 205 as 二百零五. Counts of ten thousand and more stay figures.
pub fn spoken_number(number: u64) -> String {
    if number >= 10_000 {
        return number.to_string();
    }
    if number < 10 {
        return digit(number).to_owned();
    }
    let mut text = String::new();
    let mut gap = false;
    for (unit, name) in [(1000, "千"), (100, "百"), (10, "十"), (1, "")] {
        let figure = number / unit % 10;
        if figure == 0 {
            gap = !text.is_empty();
            continue;
        }
        if gap {
            text.push('零');
            gap = false;
        }
        // 十二, but 一百一十二.
        if !(unit == 10 && figure == 1 && text.is_empty()) {
            text.push_str(digit(figure));
        }
        text.push_str(name);
    }
    text
}

fn digit(figure: u64) -> &'static str {
    DIGITS.get(figure as usize).copied().unwrap_or("")
}
