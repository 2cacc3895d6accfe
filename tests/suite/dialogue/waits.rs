//! Talks with callers who wait for a person, or can have none: name, the number calling, script.

const CALLER: Option<&str> = Some("13800000000");

pub const TALKS: &[(&str, Option<&str>, &str)] = &[
    (
        "nobody on duty: word is left, the number told once it is stored",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 转人工 | person
say hand_over_asked/0
save
hand_over asked
> nobody
hush
say leave_word/0
? leave_word
> said
> heard 路灯坏了 | tells topic=路灯
save
? saving
> stored 2611220001
say nobody_registered/0 二六，幺幺二二，零零零幺
> said
hang_up registered
",
    ),
    (
        "nobody on duty and no number to call back",
        None,
        "
> begin
say notice/0
say open/0
> said
> heard 我建议公交车晚点收班 | matter=suggestion:0.8 tells
save
say hand_over_ticket/0
hand_over ticket
> said
> stored 2611220002
> full
say ask_number/0
? number
> said
> heard 不用了 | no
say nobody_no_number/0 二六，幺幺二二，零零零二
> cut 0
> unclear
say nobody_no_number/0 二六，幺幺二二，零零零二
> said
hang_up registered
",
    ),
    (
        "the store does not answer",
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
> said
> nobody
? saving
> deadline
say not_stored/0
> said
hang_up failed
",
    ),
    (
        "a long wait is offered to end with a callback",
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
> stored 2611220003
> said
> waiting 5
say position/0 五
> said
> deadline
say position/0 五
> said
> later 120000
say offer_callback/0
? callback
> said
> waiting 4
> heard 需要 | yes
leave_queue for a callback
say callback_registered/0 二六，幺幺二二，零零零三
> hang_up
hang_up registered
",
    ),
    (
        "no callback wanted: the wait goes on, and what is told is kept",
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
> said
> later 125000
say offer_callback/0
> said
> heard 不用了 | no
say hold/0
> said
> later 125000
say hold/1
> said
> heard 我家停水了 | tells topic=停水
save
say noted/0
> agent reached
hush
> agent lost
say hand_over_lost/0
hand_over agent_lost
> hang_up
hang_up abandoned
",
    ),
    (
        "the recogniser is full",
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
",
    ),
    (
        "goodbye in the middle of a complaint keeps the ticket",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 楼下施工太吵 | matter=complaint:0.9 tells
save
say ask_place/0
> said
> heard 算了再见 | bye
? saving
> stored 2611220004
say callback_registered/0
> said
hang_up registered
",
    ),
    (
        "gone after the answer",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 身份证丢了怎么补办 | question hit=id-card:0.92
say answer/0
say source/0
say helped/0
> said
> hang_up
hang_up answered
",
    ),
];
