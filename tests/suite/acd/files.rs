//! The queue's plan as a file.

use huiyin::acd::Plan;

fn faults(text: &str) -> Vec<String> {
    Plan::parse("queue.toml", text).unwrap_err().0.iter().map(ToString::to_string).collect()
}

#[test]
fn every_fault_has_its_file_line_field_and_way_out() {
    let cases = [
        ("groups = 3", "queue.toml:1: error: groups: is no list; write `groups = [ … ]`"),
        (
            "[routing]\nlong_s = \"x\"",
            "queue.toml:2: error: routing.long_s: is out of range; give a whole number from 0 to 3600",
        ),
        (
            "[routing]\n\nlonger = 3",
            "queue.toml:3: error: routing.longer: is not a known key; remove it; the keys here are no_answers, long_s",
        ),
        (
            "[[groups]]\ncode = \"a\"",
            "queue.toml:1: error: groups.name: is missing; write `name = \"…\"`",
        ),
        (
            "[[groups]]\ncode = \"a\"\nname = \"甲\"\nhours = [\"8-22\"]",
            "queue.toml:4: error: groups.hours: \"8-22\" is no time of a day; write \"08:00-22:00\"",
        ),
        (
            "[[groups]]\ncode = \"a\"\nname = \"甲\"\nweekdays = [0]",
            "queue.toml:4: error: groups.weekdays: is no day of the week; 1 is Monday, 7 is Sunday",
        ),
        (
            "[[groups]]\ncode = \"a\"\nname = \"甲\"\noverflow = [{ group = \"b\" }]",
            "queue.toml:4: error: groups.overflow.group: \"b\" is no group; name one of a",
        ),
        (
            "[[groups]]\ncode = \"a\"\nname = \"甲\"\n[[groups]]\ncode = \"a\"\nname = \"乙\"",
            "queue.toml:5: error: groups.code: is taken already; give every group a code of its own",
        ),
        (
            "[[reasons]]\ncode = \"off_duty\"\nname = \"x\"",
            "queue.toml:2: error: reasons.code: is taken already; give it another code",
        ),
        ("[routing\n", "queue.toml:1: error: not valid TOML"),
    ];
    for (text, wanted) in cases {
        let found = faults(text);
        assert!(found.iter().any(|fault| fault.starts_with(wanted)), "{wanted}\n{found:#?}");
    }
}

#[test]
fn the_example_says_the_defaults() {
    let text = std::fs::read_to_string("examples/queue.toml").unwrap();
    let (example, standard) = (Plan::parse("queue.toml", &text).unwrap(), Plan::default());
    assert_eq!(example.rules, standard.rules);
    assert_eq!((&example.reasons, &example.codes), (&standard.reasons, &standard.codes));
    assert_eq!(example.groups.len(), 3);
    assert_eq!(Plan::parse("queue.toml", "").unwrap(), standard);
}

#[test]
fn a_file_with_too_many_groups_is_refused() {
    let groups = (0..65).map(|n| format!("[[groups]]\ncode = \"g{n}\"\nname = \"组\"\n"));
    let found = faults(&groups.collect::<String>());
    assert!(found[0].contains("too many groups"), "{found:?}");
}
