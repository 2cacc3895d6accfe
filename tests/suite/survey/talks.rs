//! The callbacks: name, script.

pub const TALKS: &[(&str, &str)] = &[
    (
        "happy",
        "
> begin
say notice_callback/0 十一月二十二日 夜间施工噪声问题
say solved/0
? solved
> said
> heard 解决了 | yes
record solved true
say grade/0
? grade
> said
> heard 非常满意 | grade=very_satisfied yes
record very_satisfied
finish complete
say thanks/0
? closing
> said
hang_up
? ended
",
    ),
    (
        "both answers at once",
        "
> begin
say notice_callback/0
say solved/0
> said
> heard 都处理好了，挺满意的 | yes grade=satisfied
record solved true
record satisfied
finish complete
say thanks/0
",
    ),
    (
        "the grade first: solved is still asked",
        "
> begin
say notice_callback/0
say solved/0
> said
> heard 满意 | yes grade=satisfied
record satisfied
say solved/0
> said
> heard 没有 | no
say answer_back/0 没解决
> said
> heard 对，没解决 | no
record solved false confirmed
verify contradiction
say reopen/0
? reopen
> said
> heard 不用了 | no
record reopen false
finish complete
say thanks_unhappy/0
",
    ),
    (
        "unhappy: read back, reason, verified",
        "
> begin
say notice_callback/0
say solved/0
> said
> heard 没解决 | no
say answer_back/0 没解决
? solved_back
> said
> heard 对的 | yes
record solved false confirmed
say grade/0
> said
> heard 不满意 | grade=dissatisfied
say answer_back/0 不满意
? grade_back
> said
> heard 对的 | yes
record dissatisfied confirmed
verify unhappy
say reason/0
? reason
> said
> heard 半夜还在施工
record reason
say reopen/0
? reopen
> said
> heard 要 | yes
record reopen true
finish complete
say thanks_reopen/0
> said
hang_up
",
    ),
    (
        "misheard: the negative is taken back",
        "
> begin
say notice_callback/0
say solved/0
> said
> key 1
record solved true key 1
say grade/0
> said
> heard 不满意 | grade=dissatisfied
say answer_back/0
> said
> heard 不对，是满意 | no grade=satisfied
record satisfied
finish complete
say thanks/0
",
    ),
    (
        "denied, then by keys",
        "
> begin
say notice_callback/0
say solved/0
> key 1
record solved true key 1
hush
say grade/0
> said
> heard 非常不满意 | grade=very_dissatisfied
say answer_back/0 非常不满意
> key 2
hush
say grade/0
> key 1
record very_satisfied key 1
finish complete
hush
say thanks/0
",
    ),
    (
        "the words deny the grade",
        "
> begin
say notice_callback/0
say solved/0
> said
> heard 解决了 | yes
record solved true
say grade/0
> said
> heard 满意什么，根本没解决 | no grade=satisfied
say answer_back/0 没解决
> said
> heard 对 | yes
record solved false confirmed
say grade/0
> said
> heard 满意 | yes grade=satisfied
record satisfied
verify contradiction
say reopen/0
> said
> key 2
record reopen false key 2
finish complete
say thanks_unhappy/0
",
    ),
    (
        "not understood: other words, keys, a person's list",
        "
> begin
say notice_callback/0
say solved/0
> said
> heard 解决了一半吧
say solved_unclear/0
> said
> unclear
say solved_keys/1
> said
> key 7
finish to_person
say to_person/0
> said
hang_up
",
    ),
    (
        "the grade by keys after not being understood",
        "
> begin
say notice_callback/0
say solved/0
> said
> heard 解决了 | yes
record solved true
say grade/0
> said
> unclear
say grade_unclear/0
> said
> heard 就那个样子嘛
say grade_keys/1
> said
> key 3
record basic key 3
finish complete
say thanks/0
",
    ),
    (
        "asked for the grade, says that it is not solved",
        "
> begin
say notice_callback/0
say solved/0
> said
> heard 解决了 | yes
record solved true
say grade/0
> said
> heard 其实根本没解决 | no
say answer_back/0 没解决
> hang_up
record solved false
verify unsolved
finish hung_up
hang_up
",
    ),
    (
        "silence",
        "
> begin
say notice_callback/0
say solved/0
> said
> silent
say solved_silent/0
> said
> silent
say solved_silent/1
> said
> silent
finish silent
say nobody_there/0
> said
hang_up
",
    ),
    (
        "driving",
        "
> begin
say notice_callback/0
say solved/0
> cut 1
> heard 我在开车，等会再打
finish call_later
say later/0
> cut 0
> heard 好
hang_up
",
    ),
    (
        "never again",
        "
> begin
say notice_callback/0
say solved/0
> heard 别再打了 | stop_calling
finish declined
hush
say declined/0
> said
hang_up
",
    ),
    (
        "somebody else",
        "
> begin
say notice_callback/0
say solved/0
> said
> heard 你打错了，我没反映过
finish wrong_person
say wrong_person/0
> hang_up
hang_up
",
    ),
    (
        "who is calling",
        "
> begin
say notice_callback/0
say solved/0
> said
> heard 你是谁啊
say notice_callback/0 十一月二十二日 夜间施工噪声问题
say solved/0
> said
> heard 哦解决了 | yes
record solved true
say grade/0
",
    ),
    (
        "a person is wanted",
        "
> begin
say notice_callback/0
say solved/0
> said
> heard 转人工 | person
finish to_person
say to_person/0
",
    ),
    (
        "danger",
        "
> begin
say notice_callback/0
say solved/0
> said
> heard 又着火了 | emergency=fire
finish to_person
say emergency_callback/0 幺幺九
> said
hang_up
",
    ),
    (
        "gone while the grade is read back: kept, and said not to be confirmed",
        "
> begin
say notice_callback/0
say solved/0
> said
> heard 没解决，不满意 | no grade=dissatisfied
say answer_back/0 没解决，不满意
> hang_up
record solved false
record dissatisfied
verify unhappy
finish complete
hang_up
",
    ),
    (
        "no reason given",
        "
> begin
say notice_callback/0
say solved/0
> said
> key 2
record solved false key 2
say grade/0
> said
> key 4
record dissatisfied key 4
verify unhappy
say reason/0
> said
> silent
say reason_again/0
> said
> silent
say reopen/0
> said
> unclear
say reopen_again/0
> said
> unclear
say reopen_keys/1
> key 1
record reopen true key 1
finish complete
hush
say thanks_reopen/0
",
    ),
    (
        "in doubt: read back, agreed to",
        "
> begin
say notice_callback/0
say solved/0
> said
> heard 解决了 | yes sure=0.4
say answer_back/0 解决了
? solved_back
> said
> heard 对的 | yes
record solved true confirmed
say grade/0
> said
> heard 满意 | yes grade=satisfied sure=0.5
say answer_back/0 满意
> said
> heard 满意 | yes grade=satisfied sure=0.5
record satisfied confirmed
finish complete
say thanks/0
",
    ),
    (
        "in doubt, denied, in doubt again: keys",
        "
> begin
say notice_callback/0
say solved/0
> said
> key 1
record solved true key 1
say grade/0
> said
> heard 满意 | yes grade=satisfied sure=0.4
say answer_back/0 满意
> said
> heard 不对 | no
say grade/0
> said
> heard 基本满意 | grade=basic sure=0.4
say grade_keys/1
> said
> heard 基本满意 | grade=basic sure=0.4
finish to_person
say to_person/0
",
    ),
    (
        "the agreement itself in doubt: other words, then keys",
        "
> begin
say notice_callback/0
say solved/0
> said
> heard 没解决 | no
say answer_back/0 没解决
> said
> heard 对的 | yes sure=0.3
say answer_back_again/0 没解决
> said
> heard 不对 | no sure=0.3
say answer_back_keys/1
> key 1
record solved false confirmed
hush
say grade/0
",
    ),
    (
        "read back and put right in the same breath",
        "
> begin
say notice_callback/0
say solved/0
> said
> heard 没解决 | no
say answer_back/0 没解决
> said
> heard 不对，解决了 | no
record solved true
say grade/0
> said
> heard 不满意 | grade=dissatisfied
say answer_back/0 不满意
> said
> heard 不是不满意 | grade=dissatisfied
say answer_back_again/0
",
    ),
    (
        "no more calls, heard badly: asked once more",
        "
> begin
say notice_callback/0
say solved/0
> said
> heard 别再打了 | stop_calling sure=0.4
say solved_unclear/0
> said
> heard 别再打了 | stop_calling sure=0.4
finish declined
say declined/0
",
    ),
    (
        "gone at once",
        "
> begin
say notice_callback/0
say solved/0
> hang_up
finish hung_up
hang_up
",
    ),
    (
        "only a sound under the notice, and time that passes",
        "
> begin
say notice_callback/0
say solved/0
> heard 嗯 | yes
> deadline
> deadline
say solved_silent/0
> heard 等一下 | wait
hush
say take_your_time_callback/0
> said
> heard 再说一遍 | repeat
say solved_silent/0
",
    ),
];
