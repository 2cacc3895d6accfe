//! Numbers by groups, and the one part of them that a caller puts right.

use huiyin::intake::{contrast, corrected_number, corrected_words};
use huiyin::language::groups::{groups, heard_digits, spoken_groups, telephone};
use proptest::prelude::*;

const MOBILE: &str = "13855508898";
const FIXED: &str = "057982311234";

#[test]
fn groups_as_people_say_them() {
    for (digits, spoken) in [
        ("13855501234", "幺三八，五五五零，幺二三四"),
        ("01062345678", "零幺零，六二三四，五六七八"),
        ("057982311234", "零五七九，八二三幺，幺二三四"),
        ("05798231123", "零五七九，八二三，幺幺二三"),
        ("4008812345", "四零零，八八幺，二三四五"),
        ("82311234", "八二三幺，幺二三四"),
        ("8231123", "八二三，幺幺二三"),
        ("2611220007", "二六，幺幺二二，零零零七"),
        ("110", "幺幺零"),
        ("", ""),
    ] {
        assert_eq!(spoken_groups(digits), spoken, "{digits}");
    }
    for wrong in ["1385550123", "138555012345", "12855501234", "0579823112345", "138 5550"] {
        assert_eq!(telephone(wrong), None, "{wrong}");
    }
}

#[test]
fn digits_with_a_recognisers_noise() {
    for (text, digits) in [
        ("幺三八五五五零", "1385550"),
        ("要三八，五五五洞", "1385550"),
        ("138 5550 1234", "13855501234"),
        ("最后是三个八一个九", "8889"),
        ("八吧九久", "8899"),
        ("两两三四", "2234"),
    ] {
        let found = heard_digits(text);
        let right = found.iter().any(|run| run.of_length(digits.len()) == Some(digits));
        assert!(right, "{text}: {found:?}");
    }
}

/// Said after `number` was read back; `None` where nothing can be made of it.
type Row = (&'static str, &'static str, Option<&'static str>);

const CORRECTIONS: &[Row] = &[
    (MOBILE, "不对，最后四位是八八九九", Some("13855508899")),
    (MOBILE, "不对，后四位是8899", Some("13855508899")),
    (MOBILE, "最后是八八九九", Some("13855508899")),
    (MOBILE, "尾号是八八九九", Some("13855508899")),
    (MOBILE, "尾号八吧九九", Some("13855508899")),
    (MOBILE, "后面四个数是八八酒九", Some("13855508899")),
    (MOBILE, "最后两位是九九", Some("13855508899")),
    (MOBILE, "最后一位是九", Some("13855508899")),
    (MOBILE, "末位不是八是九，最后一位是九", Some("13855508899")),
    (MOBILE, "最后四位不是八八九八，是八八九九", Some("13855508899")),
    (MOBILE, "最后四位是八八九九，不是八八九八", Some("13855508899")),
    (MOBILE, "是8899不是8898", Some("13855508899")),
    (MOBILE, "不是八八九八，是八八九九", Some("13855508899")),
    (MOBILE, "不对，八八九九", Some("13855508899")),
    (MOBILE, "八八九九", Some("13855508899")),
    (MOBILE, "最后一组是八八九九", Some("13855508899")),
    (MOBILE, "第三组是八八九九", Some("13855508899")),
    (MOBILE, "第十一位", None),
    (MOBILE, "倒数第一位是九", Some("13855508899")),
    (MOBILE, "中间是五五六零", Some("13855608898")),
    (MOBILE, "中间四位是五五六洞", Some("13855608898")),
    (MOBILE, "中间那四位应该是五五六零", Some("13855608898")),
    (MOBILE, "第二组是五五六零", Some("13855608898")),
    (MOBILE, "把五五五零改成五五六零", Some("13855608898")),
    (MOBILE, "五五五零应该是五五六零", Some("13855608898")),
    (MOBILE, "开头是幺三九", Some("13955508898")),
    (MOBILE, "开头是要三九", Some("13955508898")),
    (MOBILE, "前三位是一三九", Some("13955508898")),
    (MOBILE, "前面是139", Some("13955508898")),
    (MOBILE, "不是一三八，是一三九", Some("13955508898")),
    (MOBILE, "第三位是九", Some("13955508898")),
    (MOBILE, "第三个数字是九不是八", Some("13955508898")),
    (MOBILE, "不对，第四位是六", Some("13865508898")),
    (MOBILE, "不是三是五", Some("15855508898")),
    (MOBILE, "前三位是一三九，最后四位是八八九九", Some("13955508899")),
    (MOBILE, "不对，是幺三九五五五零八八九九", Some("13955508899")),
    (MOBILE, "错了，139 5550 8899", Some("13955508899")),
    (MOBILE, "不是13855508898，是13955508899", Some("13955508899")),
    (MOBILE, "是13955508899，不是13855508898", Some("13955508899")),
    (MOBILE, "幺三八五五五零八八九八", Some(MOBILE)),
    (MOBILE, "对的，最后四位是八八九八", Some(MOBILE)),
    (MOBILE, "最后四位是八八九", None),
    (MOBILE, "不对", None),
    (MOBILE, "对的", None),
    (MOBILE, "一会儿再说吧", None),
    (MOBILE, "第一位是二", None),
    (MOBILE, "以后再说", None),
    (MOBILE, "前面说错了", None),
    (MOBILE, "不是这个号码", None),
    (FIXED, "区号是零五七零", Some("057082311234")),
    (FIXED, "不是零五七九是零五七零", Some("057082311234")),
    (FIXED, "中间是八二三二", Some("057982321234")),
    (FIXED, "最后四位是幺二三五", Some("057982311235")),
    (FIXED, "最后四位是腰二三五", Some("057982311235")),
];

#[test]
fn one_group_is_put_right() {
    let mut wrong = Vec::new();
    for (number, said, expected) in CORRECTIONS {
        let told = corrected_number(number, said);
        if told.as_deref() != *expected {
            wrong.push(format!("{number}, {said}: {told:?}, not {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn one_part_of_the_words_is_put_right() {
    let place = "浙江省金华市婺城区白龙桥镇 临江路二十六号";
    let rows: [(&str, &str, Option<&str>); 9] = [
        (place, "是三十六号不是二十六号", Some("浙江省金华市婺城区白龙桥镇 临江路三十六号")),
        (place, "不是26号，是36号", Some("浙江省金华市婺城区白龙桥镇 临江路36号")),
        (place, "不对，是三十六号", Some("浙江省金华市婺城区白龙桥镇 临江路三十六号")),
        (place, "不是临江路，是临湖路", Some("浙江省金华市婺城区白龙桥镇 临湖路二十六号")),
        (place, "把林江路改成临湖路", Some("浙江省金华市婺城区白龙桥镇 临湖路二十六号")),
        (place, "不对", None),
        (place, "对的", None),
        (place, "不是这里", None),
        ("老板拖欠工资8600元", "不是8600是6800", Some("老板拖欠工资6800元")),
    ];
    let mut wrong = Vec::new();
    for (value, said, expected) in rows {
        let told = corrected_words(value, said);
        if told.as_deref() != expected {
            wrong.push(format!("{said}: {told:?}, {:?}", contrast(said)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

proptest! {
    #[test]
    fn groups_cover_every_digit_once(digits in "[0-9]{0,16}") {
        let joined: String = groups(&digits).into_iter().map(|g| digits[g].to_owned()).collect();
        prop_assert_eq!(joined, digits);
    }

    #[test]
    fn a_group_said_by_its_place_is_the_group(
        middle in 0..10_000_u32, tail in 0..10_000_u32, new in 0..10_000_u32,
    ) {
        let number = format!("139{middle:04}{tail:04}");
        let spoken = spoken_groups(&format!("{new:04}"));
        let last = corrected_number(&number, &format!("不对，最后四位是{spoken}"));
        prop_assert_eq!(last, Some(format!("139{middle:04}{new:04}")));
        let second = corrected_number(&number, &format!("中间四位是{spoken}"));
        prop_assert_eq!(second, Some(format!("139{new:04}{tail:04}")));
    }

    #[test]
    fn whatever_is_said_a_number_stays_a_number(said in "[不对是最后四位中间开头前三第幺两洞一二三四五六七八九零0-9，要吧的改成]{0,20}") {
        if let Some(told) = corrected_number(MOBILE, &said) {
            prop_assert!(telephone(&told).is_some(), "{} of {}", told, said);
        }
        let _ = corrected_words("婺城区 临江路26号", &said);
    }
}
