//! `huiyin rules check` and `huiyin rules deadlines` as people run them.

use std::ffi::OsString;
use std::process::{Command, Output};

use serde_json::Value;

fn rules(arguments: &[&str]) -> Output {
    let program: OsString =
        std::env::var_os("HUIYIN_TEST_BIN").unwrap_or(env!("CARGO_BIN_EXE_huiyin").into());
    let nothing = tempfile::tempdir().unwrap();
    // No calendar is installed there: what is told of 2026 comes from the file alone.
    Command::new(program)
        .arg("rules")
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("HUIYIN_MODELS", nothing.path())
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn all_rules_that_ship_are_checked_in_one_go() {
    let output = rules(&["check"]);
    let told = text(&output.stdout);
    assert!(output.status.success(), "{told}{}", text(&output.stderr));
    for name in ["样例市派单规则", "浙江省统一政务咨询投诉举报（2017）", "信访程序"]
    {
        assert!(told.contains(name), "{told}");
    }
}

#[test]
fn a_bad_pack_is_told_from_bad_rules_of_dispatch_and_fails() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    let good = include_str!("../../../rules/packs/jinan.toml");
    std::fs::write(&file, good.replace("5 working days", "5 weeks")).unwrap();
    let output = rules(&["check", file.to_str().unwrap()]);
    let told = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(
        told.contains("mine.toml:")
            && told.contains("limit.within: `5 weeks` is no length of time"),
        "{told}"
    );
}

#[test]
fn the_deadlines_of_a_pack_are_told_for_people_and_programs() {
    let calendar = ["--calendar", "rules/calendars/2026.toml"];
    let about =
        ["deadlines", "zhejiang-2017", "--start", "2026-09-29 16:30", "--limit", "simple-close"];
    let output = rules(&[&about[..], &calendar].concat());
    let told = text(&output.stdout);
    assert!(told.contains("到期：2026-10-14（周三）24:00\n"), "{told}{}", text(&output.stderr));
    assert!(told.contains("国庆节调休上班"), "{told}");
    let output = rules(&[&about[..], &calendar, &["--json", "--at", "2026-10-13 09:00"]].concat());
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let limit = &told["limits"][0];
    assert_eq!(limit["due"], "2026-10-15T00:00:00+08:00");
    assert_eq!((&limit["last_day"], &limit["light"]), (&"2026-10-14".into(), &"yellow".into()));
    assert_eq!(limit["provisional"], false);
    // Without a calendar the days by law are counted, and it says so.
    let told = text(&rules(&about).stdout);
    assert!(told.contains("【暂定】") && told.contains("2026 年放假调休安排尚未公布"), "{told}");
}

#[test]
fn what_cannot_be_counted_says_what_can() {
    for (arguments, want) in [
        (
            &["deadlines", "zhejiang"][..],
            "no pack zhejiang; those that ship are beijing-draft, hotan-2021, jinan",
        ),
        (
            &["deadlines", "jinan", "--limit", "end"][..],
            "the pack jinan has no limit end; it has dispatch, sign",
        ),
        (
            &["deadlines", "jinan", "--procedure", "quick"][..],
            "the pack jinan has no procedure quick; it has ordinary",
        ),
        (&["deadlines", "jinan", "--start", "yesterday"][..], "--start \"yesterday\" is no moment"),
        (&["deadlines", "jinan", "--calendar", "nowhere.toml"][..], "nowhere.toml cannot be read"),
    ] {
        let output = rules(arguments);
        let told = text(&output.stderr);
        assert!(!output.status.success() && told.contains(want), "{told}");
    }
}
