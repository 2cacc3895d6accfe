//! `huiyin survey`: what anybody can check about callbacks with the program alone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::process::Command;

use huiyin::survey::campaign::ALGORITHM;

use crate::console::house::TICKET;
use crate::survey_audit::{Kept, kept};

/// The exit status, what it prints, and what it complains of.
fn survey(args: &[&str]) -> (bool, String, String) {
    let program =
        std::env::var_os("HUIYIN_TEST_BIN").unwrap_or_else(|| env!("CARGO_BIN_EXE_huiyin").into());
    let ran = Command::new(program).arg("survey").args(args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (ran.status.success(), text(ran.stdout), text(ran.stderr))
}

/// The verb on the folder of the store.
fn on(kept: &Kept, verb: &[&str]) -> (bool, String, String) {
    let data = kept.folder.path().to_str().unwrap();
    survey(&[verb, &["--data", data]].concat())
}

#[tokio::test]
async fn the_head_is_told_and_the_chain_is_followed_to_it() {
    let kept = kept().await;
    let (fine, head, _) = on(&kept, &["head"]);
    let head = head.trim();
    assert!(fine && head.starts_with("11:"), "{head}");
    let (fine, told, _) = on(&kept, &["audit", "--head", head]);
    assert!(fine, "{told}");
    for line in ["whole", &format!("head {head}"), "2 answer", "1 verification"] {
        assert!(told.contains(line), "{line}: {told}");
    }
    let (fine, told, _) = on(&kept, &["audit", "--json"]);
    let object: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert!(fine && object["whole"] == true && object["head"] == head, "{told}");
    // A published head that the chain does not pass.
    let other = format!("11:{}", "0".repeat(64));
    let (fine, told, _) = on(&kept, &["audit", "--head", &other]);
    assert!(!fine && told.contains("NOT whole"), "{told}");
    let (fine, _, complaint) = on(&kept, &["audit", "--head", "11"]);
    assert!(!fine && complaint.contains("--head"), "{complaint}");
}

#[tokio::test]
async fn an_audit_names_what_was_altered_and_fails() {
    let kept = kept().await;
    kept.tamper("UPDATE survey_answers SET value = 'very_satisfied' WHERE question = 'satisfied'")
        .await;
    let (fine, told, _) = on(&kept, &["audit"]);
    assert!(!fine && told.contains("answer 1/2") && told.contains("NOT whole"), "{told}");
    let (fine, told, _) = on(&kept, &["audit", "--json"]);
    let object: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert!(!fine && object["whole"] == false, "{told}");
    assert_eq!(object["findings"].as_array().unwrap().len(), 1, "{told}");
}

#[tokio::test]
async fn a_draw_is_made_again_from_the_store_from_an_export_and_from_a_list() {
    let kept = kept().await;
    let (fine, drawn, _) = on(&kept, &["draw", "--check", "--campaign", "1"]);
    assert!(fine, "{drawn}");
    let chosen = TICKET.to_string();
    for line in
        [ALGORITHM, "seed 2026134", "rate 50%", "chosen 1", &chosen, "the same as was drawn"]
    {
        assert!(drawn.contains(line), "{line}: {drawn}");
    }
    let (fine, export, _) = on(&kept, &["export", "--campaign", "1"]);
    assert!(fine, "{export}");
    let file = kept.folder.path().join("sample.json");
    let path = file.to_str().unwrap();
    std::fs::write(&file, &export).unwrap();
    let (fine, again, _) = survey(&["draw", "--check", "--export", path]);
    assert!(fine, "{again}");
    assert_eq!(again, drawn, "the export needs no store");
    // Another seed in it, and whoever draws again sees it.
    std::fs::write(&file, export.replace(&chosen, &(TICKET + 1).to_string())).unwrap();
    let (fine, other, _) = survey(&["draw", "--check", "--export", path]);
    assert!(!fine && other.contains("NOT what was drawn"), "{other}");
    let list = kept.folder.path().join("population.txt");
    std::fs::write(&list, format!("{TICKET}\n\n")).unwrap();
    let population = list.to_str().unwrap();
    let free = ["draw", "--seed", "2026134", "--rate", "50%", "--population", population];
    let (fine, free, _) = survey(&free);
    assert!(fine && drawn.starts_with(&free), "{free}");
}

#[tokio::test]
async fn what_cannot_be_drawn_is_told_with_the_way_out() {
    let kept = kept().await;
    let list = kept.folder.path().join("population.txt");
    std::fs::write(&list, "2611230001\nseven\n").unwrap();
    let population = list.to_str().unwrap();
    let none = kept.folder.path().join("none.json");
    let rows: [(&[&str], &str); 6] = [
        (&["draw"], "--campaign N"),
        (&["draw", "--campaign", "9"], "no sample"),
        (&["draw", "--seed", "1"], "--rate"),
        (&["draw", "--seed", "1", "--rate", "10%", "--population", population], "population.txt:2"),
        (&["draw", "--export", none.to_str().unwrap()], "none.json cannot be read"),
        (&["export", "--campaign", "9"], "no sample"),
    ];
    for (verb, complaint) in rows {
        let (fine, _, told) = on(&kept, verb);
        assert!(!fine && told.contains(complaint), "{verb:?}: {told}");
    }
    let free = ["draw", "--check", "--seed", "1", "--rate", "10%", "--population"];
    std::fs::write(&list, "2611230001\n").unwrap();
    let (fine, _, told) = survey(&[&free[..], &[population]].concat());
    assert!(!fine && told.contains("--check compares"), "{told}");
    let (fine, _, told) = survey(&["head", "--data", "/nonexistent"]);
    assert!(!fine && told.contains("/nonexistent"), "{told}");
}
