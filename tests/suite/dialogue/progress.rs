//! Talks about how an earlier ticket stands: name, the number calling, script.

const CALLER: Option<&str> = Some("13800000000");

pub const TALKS: &[(&str, Option<&str>, &str)] = &[
    (
        "by the number calling: told in a sentence, with its limit and how many others there are; then urged",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 我上次反映的那个事办到哪一步了 | progress
look_up own
? looking_up
> found 2611200001 dispatched unit=婺城区综合执法局 due=25 others=2 subject=施工噪声
say progress_dispatched_to/0 十一月二十日 施工噪声 十一月二十一日 婺城区综合执法局
say progress_due/0 十一月二十五日
say progress_others/0 二
say ask_urge/0
? urge
> said
> heard 需要 | yes
urge 2611200001
say urged/0
say progress_person/0
? progress_person
> said
> heard 不用了 | no
say more/0
> said
> heard 没有了 | no
say goodbye/0
> said
hang_up answered
",
    ),
    (
        "who urges at once is not asked whether to, and gets a person",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 帮我催一下上次的工单 | progress
look_up own
> found 2611200001 signed
urge 2611200001
say progress_signed/0 十一月二十日 progress_matter/0 十一月二十一日
say urged/0
say progress_person/0
> said
> heard 需要 | yes
say hand_over_asked/0
save
hand_over asked
",
    ),
    (
        "closed: nothing to urge",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 我那个工单催一下 | progress
look_up own
> found 2611200001 closed subject=路灯
say progress_closed/0 十一月二十日 路灯 十一月二十一日
say more/0
? more
> hang_up
hang_up answered
",
    ),
    (
        "none of this number: by the ticket's number, in groups, read back and put right",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 查进度 | progress
look_up own
> found nothing
say progress_none_own/0
say ask_ticket/0
? ticket_number
> said
> heard 二六幺幺
say ticket_go_on/0
> said
> heard 二零零零零七
say ticket_back/0 二六，幺幺二零，零零零七
> said
> heard 不对，最后四位是零零零幺 | no
say ticket_back/0 二六，幺幺二零，零零零幺
> said
> heard 对的 | yes
look_up 2611200001
> found locked
say ask_last_four/0
? last_four
> said
> heard 八八九八
look_up 2611200001 8898
> found locked
say last_four_wrong/0
> said
> heard 幺三九零零零零八八九九
look_up 2611200001 8899
> found 2611200001 handling
say progress_handling/0 十一月二十日 progress_matter/0
say ask_urge/0
> said
> silent
say ask_urge_again/0
> said
> silent
say goodbye/0
> said
hang_up answered
",
    ),
    (
        "wrong digits twice: not told, and a person offered",
        None,
        "
> begin
say notice/0
say open/0
> said
> heard 我的工单号是二六幺幺二零零零零幺，办得怎么样了 | progress
say ticket_back/0
> said
> heard 对 | yes
look_up 2611200001
> found locked
say ask_last_four/0
> said
> key 0
> key 1
> key 2
> key 3
look_up 2611200001 0123
> found locked
say last_four_wrong/0
> said
> heard 八八九八
look_up 2611200001 8898
> found locked
say progress_locked/0
say progress_person/0
> said
> heard 需要 | yes
say hand_over_asked/0
save
hand_over asked
",
    ),
    (
        "typed: read by nobody, looked up at once; no such ticket",
        None,
        "
> begin
say notice/0
say open/0
> said
> heard 查一下工单 | progress
say ask_ticket/0
> said
> key 2
> key 6
> key 1
> key 1
> key 2
> key 0
> key 0
> key 0
> key 0
> key 1
look_up 2611200001
> found nothing
say progress_none/0
say progress_person/0
> said
> heard 不用 | no
say more/0
",
    ),
    (
        "digits that are no day are asked for again; half a number typed is forgotten; 0 is a person",
        None,
        "
> begin
say notice/0
say open/0
> said
> heard 查一下工单 | progress
say ask_ticket/0
> said
> heard 二六九九二零零零零幺
say ask_ticket_again/0
> said
> key 2
> key 6
> deadline
say ask_ticket_again/0
> said
> key 0
say hand_over_asked/0
save
hand_over asked
",
    ),
    (
        "who has no number to tell is offered a person",
        None,
        "
> begin
say notice/0
say open/0
> said
> heard 查一下工单 | progress
say ask_ticket/0
> said
> heard 不记得了
say progress_person/0
> said
> heard 要 | yes
say hand_over_asked/0
save
hand_over asked
",
    ),
    (
        "the store fails, or is too late, and what comes after that counts no more",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 查进度 | progress
look_up own
> found failed
say progress_failed/0
say progress_person/0
> said
> heard 我再问一下进度 | progress
look_up own
> later 5000
say progress_failed/0
say progress_person/0
> found 2611200001 closed
? progress_person
",
    ),
    (
        "another ticket after the first; a new matter after that",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 查进度 | progress
look_up own
> found 2611200001 registered
say progress_registered/0 十一月二十日 progress_matter/0
say ask_urge/0
> said
> heard 查另一件，二六幺幺幺九零零零二
say ticket_back/0 二六，幺幺幺九，零零零二
> said
> heard 对 | yes
look_up 2611190002
> found 2611190002 extended due=28
say progress_extended/0
say progress_due/0 十一月二十八日
say ask_urge/0
> said
> heard 还有路灯坏了 | matter=help:0.8 topic=路灯 tells
save
say ask_place/0
",
    ),
    (
        "a person while it is looked up",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 查进度 | progress
look_up own
> heard 转人工 | person
say hand_over_asked/0
save
hand_over asked
> found 2611200001 closed
? waiting
",
    ),
    (
        "yes in doubt urges nothing",
        CALLER,
        "
> begin
say notice/0
say open/0
> said
> heard 查进度 | progress
look_up own
> found 2611200001 answered
say progress_answered/0
say ask_urge/0
> said
> heard 需要 | yes sure=0.3
say ask_urge_again/0
> said
> key 1
urge 2611200001
say urged/0
say progress_person/0
",
    ),
];
