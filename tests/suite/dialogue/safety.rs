//! Talks in doubt whether somebody is in danger or a person is wanted: name, the number calling, script.

const CALLER: Option<&str> = Some("13800000000");

pub const TALKS: &[(&str, Option<&str>, &str)] = &[
    (
        "a danger in doubt, and it is one",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 屋里有股怪味头有点晕 | doubt=fire tells
say danger/0
? doubt
> said
> heard 是的 | yes
say emergency/0 幺幺九
save
hand_over emergency fire
",
    ),
    (
        "no danger: the talk goes on with what was said",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 灭火器坏了找谁换 | doubt=fire question hit=a:0.9
say danger/0
> said
> heard 不是 | no
say answer/0 a这样办
say source/0
say helped/0
> said
> heard 有帮助 | yes
say more/0
",
    ),
    (
        "no danger, in the middle of a ticket: the field is filled with what was said before the question",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 工地晚上太吵了 | matter=complaint:0.9 tells
save
say ask_place/0
> said
> heard 白龙桥镇，那边吊塔上还站着人 | doubt=self_harm place=婺城区白龙桥镇:330702103
say danger/0
> said
> heard 不是 | no
save
say place_back/0 婺城区白龙桥镇
",
    ),
    (
        "what was not heard as yes or no is asked with keys",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 他在外头不下来 | doubt=self_harm tells
say danger/0
> said
> heard 那个
say danger_keys/0
> key 1
hush
say emergency_self_harm/0 幺幺零
save
hand_over emergency self_harm
",
    ),
    (
        "a yes in doubt is asked with keys too",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 有谁在那边吗 | doubt=person
say person/0
> said
> heard 是的 | yes sure=0.4
say person_keys/0
> said
> key 2
say rephrase/0
",
    ),
    (
        "no answer at all to the question about danger: a person, as in danger",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 喘不太上来 | doubt=medical tells
say danger/0
> said
> silent
say danger_again/0
> said
> silent
say danger_again/1
> said
> silent
say emergency/0 幺二零
save
hand_over emergency medical
",
    ),
    (
        "the same doubt about the answer is an answer",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 屋里有股怪味头有点晕 | doubt=fire tells
say danger/0
> cut 0
> heard 越来越晕了站不稳 | doubt=medical tells
say emergency/0 幺幺九
save
hand_over emergency fire
",
    ),
    (
        "a person in doubt, and one is wanted",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 有谁在那边吗 | doubt=person
say person/0
> said
> heard 是的 | yes
say hand_over_asked/0
save
hand_over asked
",
    ),
    (
        "no person wanted: not asked a second time",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 找你们问个事 | doubt=person
say person/0
> said
> heard 不是，身份证丢了怎么补 | no question hit=a:0.9
say answer/0
say source/0
say helped/0
> said
> heard 找你们问个事 | doubt=person
say helped_again/0
",
    ),
    (
        "who hangs up at the question is kept",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 屋里有股怪味头有点晕 | doubt=fire tells
say danger/0
> hang_up
save
hang_up abandoned
",
    ),
];
