//! The pages and commands of callbacks: review, samples, verifications, who is not called.

use huiyin::hotline::{Command, Fact};
use huiyin::kernel::{CampaignId, Pii, TicketId, VerificationId};
use huiyin::survey::campaign::{ALGORITHM, Origin, Plan, Rate, Stratum, draw};
use huiyin::survey::verify::Outcome;
use serde_json::{Value, json};

use crate::console::house::{House, NUMBER, TICKET, aftermath, complaint, house, noon};

/// A complaint with its unhappy callback, and a sample that is drawn and not called yet.
async fn busy_house() -> House {
    let house = house().await;
    house.store.keep(&complaint()).await.unwrap();
    house.store.keep(&aftermath()).await.unwrap();
    let (campaign, rate) = (CampaignId(1), Rate::new(2_500).unwrap());
    let plan = Plan {
        name: "十一月重复件".into(),
        stratum: Stratum::Repeat,
        rate,
        seed: "3 8 17 21 26 32 + 11".into(),
        draw_at: noon().plus_ms(1_000),
        by: "陈主任".into(),
    };
    let draw = draw(&plan.seed, rate, [TicketId(TICKET)]);
    let facts = [
        Fact::CampaignAnnounced { campaign, plan, at: noon() },
        Fact::CampaignDrawn { campaign, draw, at: noon().plus_ms(1_000) },
        Fact::SurveyEnded {
            survey: huiyin::kernel::SurveyId(2),
            ticket: TicketId(TICKET),
            origin: Origin::Campaign(campaign),
            outcome: "do_not_call".into(),
            attempt: 0,
            last: true,
            at: noon().plus_ms(2_000),
        },
    ];
    house.store.keep(&facts).await.unwrap();
    house
}

#[tokio::test]
async fn the_review_shows_each_answer_with_its_sound_its_verifier_and_its_record() {
    let house = busy_house().await;
    let page = house.page("/surveys").await;
    for shown in [
        "还是吵",
        "138****8000",
        "data-play=\"2\" data-start=\"700\"",
        "data-play=\"2\" data-start=\"300\"",
        "<kbd>2</kbd>",
        "回访核实组",
        "记录完整",
        "/api/verifications/1/assign",
        "data-review",
        "不再回访",
    ] {
        assert!(page.contains(shown), "{shown}");
    }
    assert!(!page.contains(NUMBER) && !page.contains("记录与存证不符"));
    for (query, first, second) in [
        ("grade=dissatisfied", true, false),
        ("grade=satisfied", false, false),
        ("origin=campaign", false, true),
        ("campaign=1", false, true),
        ("verification=open", true, false),
        ("verification=none", false, true),
        ("verification=closed", false, false),
        ("outcome=complete&grade=&ticket=", true, false),
        (&format!("ticket={TICKET}"), true, true),
        ("ticket=7", false, false),
        ("limit=1", false, true),
    ] {
        let page = house.page(&format!("/surveys?{query}")).await;
        let shown = |id: u32| page.contains(&format!("id=\"survey-{id}\""));
        assert_eq!((shown(1), shown(2)), (first, second), "{query}");
    }
    let page = house.page("/surveys?limit=1&origin=campaign").await;
    assert!(page.contains("/surveys?origin=campaign&amp;before=2&amp;limit=1"), "filters stay");
    let hostile = house.page("/surveys?outcome=%22%3E%3Cscript%3E").await;
    assert!(!hostile.contains("\"><script>"), "what is no filter of ours is not shown");
    assert_eq!(house.get("/surveys?ticket=x").await.status(), 422);
}

#[tokio::test]
async fn a_changed_row_shows_on_the_review_and_in_the_audit() {
    let house = busy_house().await;
    let audit = house.json("/api/callbacks/audit").await;
    assert_eq!(audit["whole"], true, "{audit}");
    let head = audit["head"].as_str().unwrap().to_owned();
    assert_eq!(house.json(&format!("/api/callbacks/audit?head={head}")).await["whole"], true);
    assert_eq!(house.get("/api/callbacks/audit?head=7").await.status(), 422);
    assert!(house.page("/surveys/audit").await.contains(&head));
    let path = house.folder.path().join("huiyin.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let sql = "UPDATE survey_answers SET value = 'very_satisfied' WHERE question = 'satisfied'";
    sqlx::query(sql).execute(&pool).await.unwrap();
    pool.close().await;
    assert!(house.page("/surveys").await.contains("记录与存证不符"));
    assert!(house.page("/surveys/audit").await.contains("answer 1/2"));
    assert_eq!(house.json("/api/callbacks/audit").await["whole"], false);
}

#[tokio::test]
async fn the_page_of_a_sample_gives_all_that_it_is_drawn_again_from() {
    let house = busy_house().await;
    let list = house.page("/campaigns").await;
    for shown in [
        "十一月重复件",
        "25%",
        "3 8 17 21 26 32 + 11",
        "重复件",
        "不再回访",
        "data-post=\"/api/campaigns\"",
    ] {
        assert!(list.contains(shown), "{shown}");
    }
    let page = house.page("/campaigns/1").await;
    for shown in ["解决率", "满意率", "无数据", "未答 1"] {
        assert!(page.contains(shown), "nobody has answered, and the page says so: {shown}");
    }
    let export = house.json("/api/campaigns/1").await;
    let digest = export["campaign"]["digest"].as_str().unwrap();
    for shown in [ALGORITHM, digest, "huiyin survey draw --check --campaign 1"] {
        assert!(page.contains(shown), "{shown}");
    }
    let rate = Rate::new(export["campaign"]["rate"].as_u64().unwrap() as u32).unwrap();
    let members = export["members"].as_array().unwrap();
    let population = members.iter().map(|m| TicketId(m["ticket_id"].as_u64().unwrap()));
    let again = draw(export["campaign"]["seed"].as_str().unwrap(), rate, population);
    assert_eq!(again.digest.to_string(), digest);
    assert_eq!(again.chosen, [TicketId(TICKET)]);
    assert_eq!(
        export["campaign"]["outcomes"],
        json!({ "do_not_call": 1 }),
        "who was not reached counts"
    );
    assert_eq!(
        (&export["campaign"]["ended"], &export["campaign"]["graded"]),
        (&json!(1), &json!(0))
    );
    for path in ["/campaigns/9", "/api/campaigns/9", "/campaigns/x"] {
        assert_eq!(house.get(path).await.status(), 404, "{path}");
    }
    assert_eq!(house.json("/api/campaigns").await["campaigns"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_staff_do_about_callbacks_becomes_commands() {
    let house = busy_house().await;
    let by = "陈主任";
    for (path, body) in [
        ("/api/verifications/1/assign", json!({ "unit": "区信访局", "by": by })),
        (
            "/api/verifications/1/close",
            json!({ "outcome": "overturned", "result": "现场测量未超标", "by": by }),
        ),
        ("/api/verifications/1/close", json!({ "result": "属实", "by": by })),
        ("/api/tickets/7/callback", json!({ "why": "领导批示", "by": by })),
        (
            "/api/do-not-call",
            json!({ "number": NUMBER, "list": "on", "why": "市民要求", "by": by }),
        ),
        (
            "/api/campaigns",
            json!({ "name": "在办件", "stratum": "running", "rate": "2.5%", "seed": "1 2 3",
                    "draw_at": "2026-11-30T09:00", "by": by }),
        ),
    ] {
        let done = house.post(path, body).await;
        assert_eq!(done.status(), 200, "{path}: {}", done.text().await.unwrap());
    }
    let commands = house.commands.lock().unwrap().clone();
    let verification = VerificationId(1);
    let (result, who) = ("现场测量未超标".to_owned(), by.to_owned());
    assert_eq!(
        commands[0],
        Command::AssignVerification { verification, unit: "区信访局".into(), by: who.clone() }
    );
    let outcome = Outcome::Overturned;
    assert_eq!(commands[1], Command::CloseVerification { verification, outcome, result, by: who });
    assert!(matches!(&commands[2], Command::CloseVerification { outcome: Outcome::Confirmed, .. }));
    assert!(matches!(&commands[3], Command::CallBack { ticket: TicketId(7), .. }));
    let number = Pii::new(NUMBER.to_owned());
    assert!(matches!(&commands[4], Command::DoNotCall { number: n, on: true, .. } if *n == number));
    let Command::AnnounceCampaign { plan } = &commands[5] else { panic!("{commands:?}") };
    assert_eq!(plan.draw_at.civil().to_string(), "2026-11-30 09:00:00");
    assert_eq!((plan.rate.hundredths(), plan.stratum), (250, Stratum::Running));
}

#[tokio::test]
async fn what_is_wrong_with_a_command_is_told_with_its_field() {
    let house = busy_house().await;
    let sample = |field: &str, value: &str| {
        let mut body = json!({ "name": "x", "stratum": "running", "rate": "10%", "seed": "1",
                               "draw_at": "2026-11-30T09:00", "by": "y" });
        body[field] = json!(value);
        ("/api/campaigns", body, json!(field))
    };
    let number = json!({ "number": "110x", "list": "on", "why": "x", "by": "y" });
    let list = json!({ "number": "13800138000", "list": "maybe", "why": "x", "by": "y" });
    let outcome = json!({ "outcome": "fine", "result": "x", "by": "y" });
    for (path, body, field) in [
        sample("rate", "0%"),
        sample("rate", "ten"),
        sample("stratum", "closed"),
        sample("draw_at", "2026-11-31T09:00"),
        sample("draw_at", "tomorrow"),
        sample("seed", " "),
        sample("name", ""),
        ("/api/verifications/1/assign", json!({ "unit": "", "by": "y" }), json!("unit")),
        ("/api/verifications/1/close", outcome, json!("outcome")),
        ("/api/do-not-call", number, json!("number")),
        ("/api/do-not-call", list, json!("list")),
    ] {
        let refused = house.post(path, body.clone()).await;
        assert_eq!(refused.status(), 422, "{path} {body}");
        assert_eq!(refused.json::<Value>().await.unwrap()["field"], field, "{path} {body}");
    }
    let missing = json!({ "unit": "区信访局", "by": "y" });
    assert_eq!(house.post("/api/verifications/9/assign", missing).await.status(), 404);
    assert!(house.commands.lock().unwrap().is_empty());
}

/// Keys that callbacks bring to pages beside those of the talk.
#[test]
fn every_key_of_callbacks_has_a_name_in_chinese() {
    let texts: toml::Table = toml::from_str(include_str!("../../src/console/texts.toml")).unwrap();
    let mut keys: Vec<(&str, &str)> = Vec::new();
    keys.extend(Stratum::ALL.map(|one| ("stratum", one.key())));
    keys.extend(Outcome::ALL.map(|one| ("verification_outcome", one.key())));
    keys.extend(["closed", "campaign", "hand"].map(|one| ("survey_origin", one)));
    keys.extend(["none", "open", "closed"].map(|one| ("verification_stage", one)));
    let ends = [
        "reopened",
        "superseded",
        "do_not_call",
        "no_number",
        "no_ticket",
        "attempts_used",
        "no_day",
        "window_closed",
        "interrupted",
    ];
    keys.extend(ends.map(|one| ("survey_outcome", one)));
    let kinds = [
        "campaign",
        "draw",
        "asked",
        "dial",
        "answer",
        "attempt",
        "end",
        "verification",
        "step",
        "do_not_call",
    ];
    keys.extend(kinds.map(|one| ("record_kind", one)));
    for (table, key) in keys {
        let name = texts["names"][table].get(key).and_then(toml::Value::as_str);
        assert!(name.is_some_and(|name| !name.is_ascii()), "[names.{table}] has no {key}");
    }
    for code in ["no_verifier", "verifies_itself", "draw_past", "no_number", "bad_value"] {
        assert!(texts["errors"].get(code).is_some(), "{code}");
    }
}
