//! Talks on bad lines: answers in doubt, callers who cannot be heard at all, last words that were not heard: name,
//! the number calling, script.

const CALLER: Option<&str> = Some("13800000000");

pub const TALKS: &[(&str, Option<&str>, &str)] = &[
    (
        "a yes in doubt: other words, then keys",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 身份证 | hit=a:0.5
say confirm/0
> said
> heard 对的 | yes sure=0.4
say confirm_again/0
> said
> heard 对的 | yes sure=0.4
say keys_yes_no/1
> key 1
hush
say answer/0
say source/0
say helped/0
",
    ),
    (
        "doubt without end is a person",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 身份证丢了怎么补 | question hit=a:0.9
say answer/0
say source/0
say helped/0
> said
> heard 没帮助 | no sure=0.2
say helped_again/0
> said
> unclear
say keys_yes_no/1
> said
> heard 有帮助 | yes sure=0.5
say hand_over_unclear/0
save
hand_over unclear
",
    ),
    (
        "转人工 in doubt instead of yes: asked once more, then done",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 身份证 | hit=a:0.5
say confirm/0
> said
> heard 转人工 | person sure=0.3
say confirm_again/0
> said
> heard 转人工 | person sure=0.3
say hand_over_asked/0
save
hand_over asked
",
    ),
    (
        "one part of the place is put right",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 白龙桥镇临江路二十六号太吵 | matter=complaint:0.9 tells place=婺城区白龙桥镇_临江路二十六号:330702103
save
say place_back/0 婺城区白龙桥镇 临江路二十六号
> said
> heard 是三十六号不是二十六号 | place=三十六号
save
say place_back/0 婺城区白龙桥镇 临江路三十六号
> said
> heard 对的 | yes
save
say ask_time/0
",
    ),
    (
        "the time read back with the place is put right",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 昨晚十点白龙桥镇工地太吵 | matter=complaint:0.9 tells place=白龙桥镇:330702103 time=昨晚十点:2026-11-21T22:00
save
say place_time_back/0 时间是昨晚十点 白龙桥镇
> said
> heard 对的 | yes sure=0.4
say place_time_back_again/0 时间是昨晚十点 白龙桥镇
> said
> heard 不对，是前天晚上 | no time=前天晚上:2026-11-20
save
say hand_over_ticket/0
hand_over ticket
",
    ),
    (
        "no room to listen, at the very beginning",
        CALLER,
        "
> begin
say notice/0
say open/0
> overloaded
hush
say hand_over_overloaded/0
save
hand_over overloaded
? waiting
> overloaded
> stored 2611220009
> waiting 2
say position/0 二
> said
",
    ),
    (
        "no room to listen before the greeting",
        CALLER,
        "
> overloaded
say notice/0
say hand_over_overloaded/0
save
hand_over overloaded
> begin
? waiting
",
    ),
    (
        "no room to listen and nobody on duty: the call is the ticket",
        CALLER,
        "
> begin
say notice/0
say open/0
> overloaded
hush
say hand_over_overloaded/0
save
hand_over overloaded
> nobody
hush
? saving
> stored 2611220009
say nobody_overloaded/0 二六，幺幺二二，零零零九
> said
hang_up registered
",
    ),
    (
        "no room to listen, nobody on duty, no number: typed",
        None,
        "
> begin
say notice/0
say open/0
> overloaded
hush
say hand_over_overloaded/0
save
hand_over overloaded
> stored 2611220009
> nobody
hush
say number_keys/0
? number_keys
> said
> key 1
> key 3
> key 8
> silent
> key 0
> key 0
> key 1
> key 3
> key 8
> key 0
> key 0
> key 0
> key #
save
say nobody_overloaded/0
",
    ),
    (
        "no room to listen while word is to be left",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> key 0
say hand_over_asked/0
save
hand_over asked
> nobody
hush
say leave_word/0
> overloaded
hush
> stored 2611220009
say nobody_overloaded/0
",
    ),
    (
        "who says nothing hears why, and is asked to leave word once",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> silent
say open_silent/0
> said
> silent
say open_silent/1
> said
> silent
say hand_over_silent/0
save
hand_over silent
> nobody
say leave_word/0
> said
> silent
> stored 2611220009
say nobody_registered/0
",
    ),
    (
        "pressed 0 and gone before leaving word: the ticket is there",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> key 0
say hand_over_asked/0
save
hand_over asked
> nobody
hush
say leave_word/0
> hang_up
hang_up registered
",
    ),
    (
        "a pencil: the ticket's number once more",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 我建议公交车晚点收班 | matter=suggestion:0.8 tells
save
say hand_over_ticket/0
hand_over ticket
> stored 2611220002
> nobody
hush
say nobody_registered/0
> cut 0
> heard 等一下 | wait
say take_your_time/0
> said
? closing
> heard 好了 | yes
say nobody_registered/0 二六，幺幺二二，零零零二
> said
hang_up registered
",
    ),
    (
        "a question into the ticket's number is answered, and the number said before goodbye",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 我建议公交车晚点收班 | matter=suggestion:0.8 tells
save
say hand_over_ticket/0
hand_over ticket
> stored 2611220002
> nobody
hush
say nobody_registered/0
> cut 0
> heard 社保卡怎么激活 | question hit=card:0.9
say answer/0
say source/0
say helped/0
> said
> heard 有帮助 | yes
say more/0
> said
> heard 没有了 | no
say ticket_again/0 二六，幺幺二二，零零零二
> said
hang_up registered
",
    ),
    (
        "what is asked and surely known is answered, though it is complained of",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 老板拖欠工资怎么办 | matter=complaint:0.8 tells hit=wages:0.95
say answer/0 wages这样办
say source/0
say helped/0
> said
> heard 我老板在白龙桥镇拖欠工资怎么办 | matter=complaint:0.8 tells hit=wages:0.95 place=白龙桥镇:330702103
save
say place_back/0
",
    ),
];
