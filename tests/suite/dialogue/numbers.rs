//! Talks about the number to call back: name, the number calling, script.

const CALLER: Option<&str> = Some("13800000000");

pub const TALKS: &[(&str, Option<&str>, &str)] = &[
    (
        "no number: asked for, read back, put right in one group",
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
> stored 2611220002
> nobody
hush
say ask_number/0
? number
> said
> heard 幺三九零零零零八八九八 | number=13900008898:13900008898
say number_back/0 幺三九，零零零零，八八九八
? number_back
> said
> heard 不对，最后四位是八八九九 | no
say number_back/0 幺三九，零零零零，八八九九
> said
> heard 对的 | yes
save
say nobody_registered/0
",
    ),
    (
        "said in pieces, with a sound between",
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
> stored 2611220002
> nobody
hush
say ask_number/0
> said
> heard 幺三九
say number_go_on/0
> said
> heard 零零零零
say number_go_on/0
> said
> unclear
say ask_number_again/0
> said
> heard 八八九九
say number_back/0 幺三九，零零零零，八八九九
> said
> heard 幺三九零零零零八八九九 | number=13900008899:13900008899
save
say nobody_registered/0
",
    ),
    (
        "wrong twice: typed",
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
> stored 2611220002
> nobody
hush
say ask_number/0
> said
> heard 幺三九零零零零八八九八 | number=13900008898:13900008898
say number_back/0
> said
> heard 不对 | no
say number_correct/0
> said
> heard 第十一位是九
say ask_number_again/0
> said
> heard 中间是幺幺幺幺
say number_back/0 幺三九，幺幺幺幺，八八九八
> key 2
hush
say number_keys/0
? number_keys
> key 1
hush
> key 3
> key 9
> key #
say number_keys_again/0
> key *
hush
say number_keys_again/1
> key 0
hush
> key 5
> key 7
> key 9
> key 8
> key 2
> key 3
> key 1
> key 2
> key 3
> key 4
> deadline
save
say nobody_registered/0
",
    ),
    (
        "not understood: keys; no key: no number",
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
> stored 2611220002
> nobody
hush
say ask_number/0
> said
> unclear
say ask_number_again/0
> said
> unclear
say number_keys/1
> said
> unclear
say number_keys/0
> said
> silent
say number_keys_again/0
> said
> silent
say number_keys_again/1
> said
> silent
say nobody_no_number/0
> said
hang_up registered
",
    ),
    (
        "another number than the one that calls, at the callback",
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
> later 125000
say offer_callback/0
> said
> heard 需要，打我另一个号码 | yes
leave_queue for a callback
say ask_number/0
> said
> heard 零五七九八二三幺幺二三四
say number_back/0 零五七九，八二三幺，幺二三四
> said
> heard 嗯 | yes
save
say callback_registered/0
> cut 0
> heard 打幺三九零零零零八八九九 | number=13900008899:13900008899
say number_back/0
> said
> heard 对 | yes
save
say callback_registered/0
",
    ),
    (
        "a number told in passing is read back, and the network's stands when it was another's",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 我建议幺三九零零零零八八九九别再打了 | matter=suggestion:0.8 tells number=13900008899:13900008899
save
say number_back/0
> said
> heard 不是 | no
save
say hand_over_ticket/0
hand_over ticket
> stored 2611220002
> nobody
hush
say nobody_registered/0
",
    ),
    (
        "the number read back is heard in doubt",
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
> stored 2611220002
> nobody
hush
say ask_number/0
> said
> heard 幺三九零零零零八八九八 | number=13900008898:13900008898
say number_back/0
> said
> heard 对的 | yes sure=0.3
say number_back_again/0 幺三九，零零零零，八八九八
> said
> heard 对的 | yes sure=0.3
say keys_yes_no/1
> key 1
save
hush
say nobody_registered/0
",
    ),
];
