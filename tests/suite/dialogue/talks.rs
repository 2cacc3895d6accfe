//! Talks from the greeting to an answer, a ticket or a person: name, the number calling, script.

const CALLER: Option<&str> = Some("13800000000");

pub const PLACE_CORRECTED: &str = "
> begin
say notice/0
say open/0
> said
> heard 工地晚上施工太吵了，在白龙桥镇 | matter=complaint:0.9 tells place=金华市婺城区白龙桥镇:330702103
save
say place_back/0 金华市婺城区白龙桥镇
? place_back
> said
> heard 不对，是汤溪镇 | no place=金华市婺城区汤溪镇:330702104
save
say place_back/0 金华市婺城区汤溪镇
> said
> heard 对的 | yes
save
say ask_time/0
? fill
> said
> heard 昨天晚上十点 | time=昨天晚上十点:2026-11-21T22:00
save
say hand_over_ticket/0
hand_over ticket
? waiting
> stored 2611220001
> agent reached
hush
? talking
> agent done
hang_up handed_over
? ended
";

pub const PLACE_DENIED_TWICE: &str = "
> begin
say notice/0
say open/0
> said
> heard 楼下施工太吵 | matter=complaint:0.9 tells place=婺城区:330702 time=昨晚:2026-11-21
save
say ask_place/0
> said
> heard 白龙桥镇 | place=婺城区白龙桥镇:330702103
save
say place_time_back/0 时间是昨晚 婺城区白龙桥镇
> said
> heard 不对 | no
save
say facts_correct/0
? fill
> said
> heard 汤溪镇 | place=婺城区汤溪镇:330702104
save
say place_time_back/0 时间是昨晚 婺城区汤溪镇
> key 2
save
hush
say hand_over_ticket/0
hand_over ticket
";

pub const TALKS: &[(&str, Option<&str>, &str)] = &[
    ("place corrected", CALLER, PLACE_CORRECTED),
    ("place denied twice", CALLER, PLACE_DENIED_TWICE),
    (
        "answered",
        CALLER,
        "
> begin
say notice/0
say open/0
? request
> said
> heard 身份证丢了怎么补办 | question hit=id-card:0.92 tells
say answer/0 id-card这样办
say source/0 某某条例第五条
say helped/0
? helped
> said
> heard 有帮助 | yes
say more/0
? more
> said
> heard 没有了，谢谢 | no
say goodbye/0
? closing
> said
hang_up answered
",
    ),
    (
        "thanks are enough, and goodbye cut short is goodbye",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 社保卡怎么激活 | question hit=card:0.8
say answer/0
say source/0
say helped/0
> said
> heard 谢谢你啊
say more/0
> said
> heard 好的谢谢 | 
say goodbye/0
> cut 0
> heard 好
hang_up answered
",
    ),
    (
        "maybe: confirmed, and then another request instead of yes",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 那个居住的证 | hit=residence:0.5
say confirm/0 residence的办理
? confirm
> said
> heard 是的 | yes
say answer/0 residence这样办
say source/0
say helped/0
> said
> heard 我还想问公积金提取 | question hit=fund:0.5
say confirm/0 fund的办理
> said
> heard 不是，公积金贷款怎么办 | no question hit=fund:0.6 hit=loan:0.9
say answer/0 loan这样办
say source/0
say helped/0
",
    ),
    (
        "maybe denied: asked in other words, then a person",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 那个证 | hit=a:0.5
say confirm/0
> said
> heard 不是 | no
say rephrase/0
? rephrase
> said
> heard 就是那个呀 | question
say hand_over_unanswered/0
save
hand_over unanswered
",
    ),
    (
        "not helped",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 身份证丢了怎么补办 | question hit=id-card:0.92 tells
say answer/0
say source/0
say helped/0
> said
> heard 没帮助 | no
say hand_over_unhelped/0
save
hand_over unhelped
> waiting 3 150
say position_estimate/0 三 三
> waiting 2 90
> later 9000
> waiting 1
say position/0 一
> said
> deadline
say position/0 一
> agent reached
hush
",
    ),
    (
        "a person in the greeting, while the notice plays",
        None,
        "
> begin
say notice/0
say open/0
> heard 转人工 | person
hush
say hand_over_asked/0
save
hand_over asked
> said
> heard 转人工 | person
say hold/0
> waiting 12
say position/0 十二
",
    ),
    (
        "a person instead of yes, and keys",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 那个证 | hit=a:0.5
say confirm/0
> cut 0
> heard 找人 | person
say hand_over_asked/0
save
hand_over asked
",
    ),
    (
        "danger",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 我家着火了 | emergency=fire tells
say emergency/0 幺幺九
save
hand_over emergency fire
> nobody
say emergency_nobody/0 幺幺九
> said
hang_up registered
",
    ),
    (
        "danger while waiting raises the urgency",
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
> heard 我不想活了 | emergency=self_harm tells
say emergency_self_harm/0 幺幺零
save
hand_over emergency self_harm
> said
> heard 我不想活了 | emergency=self_harm
say emergency_self_harm/0 幺幺零
",
    ),
    (
        "silence: two other wordings, then a person",
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
",
    ),
    (
        "no report at all: the deadline is silence",
        CALLER,
        "
> begin
say notice/0
say open/0
> deadline
> deadline
say open_silent/0
> deadline
> deadline
say open_silent/1
> deadline
> deadline
say hand_over_silent/0
save
hand_over silent
",
    ),
    (
        "not understood: other words, keys, a person",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> unclear
say open_unclear/0
> said
> heard 身份证 | hit=a:0.5
say confirm/0
> said
> unclear
say confirm_again/0
> said
> heard 咳咳
say keys_yes_no/1
> said
> key 7
say hand_over_unclear/0
save
hand_over unclear
",
    ),
    (
        "calling out is not a request",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 喂，你好
say go_on/0
> said
> heard 喂
say go_on/0
> said
> heard 你好
say hand_over_unclear/0
save
hand_over unclear
",
    ),
    (
        "barge-in: a mere sound lets it go on, new words replace it",
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
> heard 嗯 | yes
> cut 0
> heard 嗯嗯 | yes
say answer/0 id-card这样办
say source/0
say helped/0
> cut 1
> unclear
say source/0
say helped/0
> cut 0
> heard 我问的是居住证怎么办 | question hit=residence:0.8
say answer/0 residence这样办
say source/0
say helped/0
> said
> heard 再说一遍 | repeat
say answer/0 residence这样办
say source/0
say helped/0
",
    ),
    (
        "a moment, please",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 等一下 | wait
say take_your_time/0
> said
> heard 再说一遍 | repeat
say open/0
",
    ),
    (
        "only 我要投诉: what, where, and no third question",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 我要投诉 | matter=complaint:0.9
save
say ask_narrative/0
> said
> heard 楼下饭店油烟太大 | tells
save
say ask_place/0
> said
> heard 就在我家楼下
say ask_place_again/0
> said
> heard 就是这里嘛
say hand_over_ticket/0
hand_over ticket
",
    ),
    (
        "a suggestion needs no place",
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
",
    ),
    (
        "what a court decides is told its channel and not dispatched",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 法院判了我不服你们给我改过来 | undispatched=court matter=complaint:0.9 tells
say undispatched_court/0
say more/0
? more
> said
> heard 没有了 | no
say goodbye/0
",
    ),
    (
        "who insists gets a person",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 我老板不给我涨工资 | undispatched=not_government
say undispatched_not_government/0
say more/0
> said
> heard 转人工 | person
say hand_over_asked/0
save
hand_over asked
",
    ),
    (
        "a question that has an answer is answered, whatever it is about",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 劳动仲裁要多长时间 | undispatched=court question hit=arbitration:0.9
say answer/0 arbitration这样办
say source/0 某某条例第五条
say helped/0
",
    ),
];
