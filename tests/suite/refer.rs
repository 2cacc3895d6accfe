//! REFER as a machine: what each side is told, and when.

use huiyin::call::refer::{Effect, Input, Refer};

fn peer(targets: &[&str]) -> Input {
    Input::Peer { targets: targets.iter().map(|target| (*target).to_owned()).collect() }
}

fn notified(line: &str) -> Input {
    Input::Notified { body: format!("{line}\r\n") }
}

/// What comes of these, one after the other, in a word each.
fn play(inputs: Vec<Input>) -> Vec<String> {
    let mut refer = Refer::default();
    let mut told = Vec::new();
    for input in inputs {
        refer.handle(input);
        told.extend(refer.drain().into_iter().map(|effect| match effect {
            Effect::Reply { code } => format!("reply {code}"),
            Effect::Notify { code, last } => {
                format!("notify {code}{}", if last { " last" } else { "" })
            }
            Effect::Report { to } => format!("report {to}"),
            Effect::Send { to } => format!("send {to}"),
            Effect::Done { reached } => format!("done {reached}"),
        }));
    }
    told
}

#[test]
fn theirs_is_accepted_or_declined_and_told_how_it_ended() {
    let asks = || peer(&["<sip:802@desk.example>;method=INVITE"]);
    let table: Vec<(Vec<Input>, &[&str])> = vec![
        (
            vec![asks(), Input::Accept, Input::Reached],
            &["report sip:802@desk.example", "reply 202", "notify 100", "notify 200 last"],
        ),
        (
            vec![asks(), Input::Accept, Input::Missed],
            &["report sip:802@desk.example", "reply 202", "notify 100", "notify 480 last"],
        ),
        (vec![asks(), Input::Decline], &["report sip:802@desk.example", "reply 603"]),
        // One at a time; and what was not accepted has no end.
        (vec![asks(), asks(), Input::Reached], &["report sip:802@desk.example", "reply 491"]),
        (
            vec![asks(), Input::Decline, asks()],
            &["report sip:802@desk.example", "reply 603", "report sip:802@desk.example"],
        ),
    ];
    for (inputs, wanted) in table {
        assert_eq!(play(inputs.clone()), wanted, "{inputs:?}");
    }
}

#[test]
fn what_cannot_be_done_is_refused_at_once() {
    let long = format!("sip:{}@x", "8".repeat(600));
    for (targets, code) in [
        (&[][..], 400),
        (&["sip:1@a", "sip:2@b"][..], 400),
        (&["<sip:1@a"][..], 400),
        (&[""][..], 400),
        (&["sip:1 2@a"][..], 400),
        (&[long.as_str()][..], 400),
        (&["tel:110"][..], 603),
        (&["<https://a.example>"][..], 603),
        (&["<sip:802@a?Replaces=abc%3Bto-tag%3D1%3Bfrom-tag%3D2>"][..], 603),
    ] {
        assert_eq!(play(vec![peer(targets)]), [format!("reply {code}")], "{targets:?}");
    }
}

#[test]
fn ours_ends_once_with_what_the_peer_says() {
    let send = || Input::Send { to: "sip:110@trunk".into() };
    let answered = |code| Input::Answered { code };
    let table: Vec<(Vec<Input>, &[&str])> = vec![
        (
            vec![
                send(),
                answered(Some(202)),
                notified("SIP/2.0 100 Trying"),
                notified("SIP/2.0 200 OK"),
            ],
            &["send sip:110@trunk", "done true"],
        ),
        (
            vec![send(), answered(Some(202)), notified("SIP/2.0 486 Busy Here")],
            &["send sip:110@trunk", "done false"],
        ),
        (vec![send(), answered(Some(405))], &["send sip:110@trunk", "done false"]),
        (vec![send(), answered(None)], &["send sip:110@trunk", "done false"]),
        // NOTIFY overtakes the answer; what comes afterwards counts no more.
        (
            vec![
                send(),
                notified("SIP/2.0 200 OK"),
                answered(Some(202)),
                notified("SIP/2.0 486 Busy"),
            ],
            &["send sip:110@trunk", "done true"],
        ),
        (vec![send(), answered(Some(202)), notified("nonsense")], &["send sip:110@trunk"]),
        (vec![send(), send()], &["send sip:110@trunk", "done false"]),
    ];
    for (inputs, wanted) in table {
        assert_eq!(play(inputs.clone()), wanted, "{inputs:?}");
    }
}
