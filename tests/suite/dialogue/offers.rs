//! Two or three items that may be meant: offered, chosen by order, by name or by key, and refused.

const CALLER: Option<&str> = Some("13800000000");

pub const TALKS: &[(&str, Option<&str>, &str)] = &[
    (
        "three offered, the second chosen",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 那个补贴怎么弄 | question hit=aid:0.3 hit=rent:0.2 hit=farm:0.15
say offer_three/0 aid的办理 rent的办理 farm的办理
? offer
> said
> heard 第二个
say answer/0 rent这样办
say source/0
say helped/0
? helped
",
    ),
    (
        "two offered, the first by key",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 那个补贴 | hit=aid:0.3 hit=rent:0.25 hit=farm:0.05
say offer_two/0 aid的办理 rent的办理
> said
> key 1
say answer/0 aid这样办
say source/0
say helped/0
",
    ),
    (
        "two offered, one chosen by its name",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 那个补贴 | hit=aid:0.3 hit=rent:0.25
say offer_two/0
> said
> heard 租房的那个补贴 | hit=rent:0.7
say answer/0 rent这样办
say source/0
say helped/0
",
    ),
    (
        "neither: asked in other words, and what was refused is not offered again",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 那个补贴 | hit=aid:0.3 hit=rent:0.25
say offer_two/0
> said
> heard 都不是 | no
say rephrase/0
? rephrase
> said
> heard 养老的补贴怎么领 | question hit=aid:0.7 hit=old:0.65
say answer/0 old这样办
say source/0
say helped/0
",
    ),
    (
        "a third where two were offered, then keys, and one that is none of them",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 那个补贴 | hit=aid:0.3 hit=rent:0.25
say offer_two/0
> said
> heard 第三个
say offer_two_again/0 aid的办理 rent的办理
> said
> heard 咳咳
say offer_two_keys/1 aid的办理 rent的办理
> said
> key 9
say rephrase/0
",
    ),
    (
        "another request instead of a choice",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 那个补贴 | hit=aid:0.3 hit=rent:0.25
say offer_two/0
> said
> heard 我想问护照怎么办 | question hit=passport:0.9
say answer/0 passport这样办
say source/0
say helped/0
",
    ),
    (
        "a choice that was heard badly is asked for again, a person at any time",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 那个补贴 | hit=aid:0.3 hit=rent:0.25
say offer_two/0
> said
> heard 第一个 | sure=0.4
say offer_two_again/0
> said
> heard 转人工 | person
say hand_over_asked/0
save
hand_over asked
",
    ),
];
