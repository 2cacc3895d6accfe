//! Rates over rows of which each is counted by hand.

use huiyin::desk::clock::Duty;
use huiyin::desk::dispatch::Level;
use huiyin::desk::ticket::{Assignment, Due, UnitRef};
use huiyin::desk::{Actor, Role, TicketEvent};
use huiyin::hotline::Fact;
use huiyin::insight::{By, Count, Measure, Rate, Who, by_key, total};
use huiyin::kernel::{Civil, Day, Wall};
use huiyin::store::{Counted, Store};

use super::seed::{Row, Seeded, Survey, seeded};
use crate::console::house::{self, TICKET, aftermath, complaint, happens, house};

fn at(day: u32, hour: u32) -> Wall {
    Civil { year: 2026, month: 11, day, hour, minute: 0, second: 0 }.wall()
}

fn counted(by: By) -> Counted<'static> {
    let (from, until, now) = (at(1, 0), at(30, 0), at(22, 12));
    Counted { by, from, until, now, unit: "", region: "", category: "" }
}

async fn rate(store: &Store, wanted: Counted<'_>, key: &str, who: Who, measure: Measure) -> Rate {
    let counts = store.counts(wanted).await.unwrap();
    let groups = by_key(&counts);
    let group = groups.iter().find(|group| group.key == key);
    group.map_or_else(Rate::default, |group| group.of(who).of(measure))
}

/// Ticket 1 is the robot's alone, 2 a person's, 3 of another unit, region and category.
async fn tickets(seeded: &Seeded) {
    let archived = Row { state: "archived".into(), duty: None, due_at: None, ..Row::new(1) };
    let rows = [
        archived.clone(),
        Row { id: 2, agent: Some(1), ..archived.clone() },
        Row {
            id: 3,
            unit: Some("urban-330703".into()),
            place: Some("330703001".into()),
            category: Some("0201".into()),
            ..archived
        },
    ];
    seeded.add(&rows).await;
}

#[tokio::test]
async fn solution_and_satisfaction_count_every_citizen_once() {
    use Measure::{Satisfaction, Solution};
    let seeded = seeded().await;
    tickets(&seeded).await;
    let mut id = 0;
    for (ticket, outcome, answers) in [
        (1, "complete", vec![("solved", "yes"), ("satisfied", "very_satisfied")]),
        (1, "complete", vec![("solved", "no"), ("satisfied", "basic")]),
        // The last answer stands.
        (
            1,
            "complete",
            vec![
                ("solved", "no"),
                ("solved", "yes"),
                ("satisfied", "satisfied"),
                ("satisfied", "dissatisfied"),
            ],
        ),
        (1, "attempts_used", vec![]),
        (1, "declined", vec![("solved", "yes")]),
        (
            2,
            "complete",
            vec![("solved", "yes"), ("satisfied", "very_dissatisfied"), ("reason", "")],
        ),
        // Never to be asked.
        (2, "reopened", vec![]),
        (3, "complete", vec![("satisfied", "satisfied")]),
    ] {
        id += 1;
        let answers =
            answers.into_iter().map(|(question, value)| (question, value, None)).collect();
        let at = at(20 + (id % 2) as u32, 23).unix_ms;
        let origin = "closed";
        seeded.survey(&Survey { id, ticket, outcome, origin, at, answers }).await;
    }
    // Whom a draw or a person has chosen is in no rate.
    for (id, origin) in [(98, "hand"), (99, "campaign")] {
        let (at, answers) = (at(20, 12).unix_ms, vec![("solved", "yes", None)]);
        let outcome = "complete";
        seeded.survey(&Survey { id, ticket: 1, outcome, origin, at, answers }).await;
    }
    let police = "police-330702";
    for (key, who, measure, hits, answered, asked) in [
        (police, Who::Robot, Solution, 3, 4, 5),
        (police, Who::Robot, Satisfaction, 2, 3, 5),
        (police, Who::Person, Solution, 1, 1, 1),
        (police, Who::Person, Satisfaction, 0, 1, 1),
        ("urban-330703", Who::Robot, Solution, 0, 0, 1),
        ("urban-330703", Who::Robot, Satisfaction, 1, 1, 1),
        ("urban-330703", Who::Person, Satisfaction, 0, 0, 0),
    ] {
        let found = rate(&seeded.store, counted(By::Unit), key, who, measure).await;
        assert_eq!(found, Rate::new(hits, answered, asked), "{key} {who:?} {measure:?}");
    }
    for (by, key, asked) in [
        (By::Region, "330702", 5),
        (By::Region, "330703", 1),
        (By::Category, "0201", 1),
        (By::Time, "", 6),
    ] {
        let found = rate(&seeded.store, counted(by), key, Who::Robot, Solution).await;
        assert_eq!(found.asked(), asked, "{by:?} {key}");
    }
    narrowed(&seeded.store).await;
}

#[tokio::test]
async fn an_answer_and_its_grade_stay_with_the_unit_that_gave_it() {
    let seeded = seeded().await;
    let archived = Row { state: "archived".into(), duty: None, due_at: None, ..Row::new(1) };
    // The police answered and the citizen was not satisfied; now it is the other unit's.
    seeded.add(&[Row { unit: Some("urban-330703".into()), ..archived }]).await;
    for (seq, unit, day) in [(1, "police-330702", 10), (2, "urban-330703", 20)] {
        sqlx::query(
            "INSERT INTO ticket_answers (ticket_id, seq, unit, due_at, at) VALUES (1, $1, $2, NULL, $3)",
        )
        .bind(seq)
        .bind(unit)
        .bind(at(day, 10).unix_ms)
        .execute(&seeded.rows)
        .await
        .unwrap();
    }
    for (id, day, grade) in [(1, 11, "dissatisfied"), (2, 21, "satisfied")] {
        let (at, answers) = (at(day, 10).unix_ms, vec![("satisfied", grade, None)]);
        let (outcome, origin) = ("complete", "closed");
        seeded.survey(&Survey { id, ticket: 1, outcome, origin, at, answers }).await;
    }
    for (unit, satisfied) in [("police-330702", 0), ("urban-330703", 1)] {
        let of =
            async |wanted, measure| rate(&seeded.store, wanted, unit, Who::Robot, measure).await;
        for wanted in [counted(By::Unit), Counted { unit, ..counted(By::Unit) }] {
            let found = of(wanted, Measure::Satisfaction).await;
            assert_eq!(found, Rate::new(satisfied, 1, 1), "{unit}");
            assert_eq!(of(wanted, Measure::Response).await, Rate::new(1, 1, 1), "{unit}");
        }
    }
}

/// The same cases, asked for in parts.
async fn narrowed(store: &Store) {
    let sum = async |wanted: Counted<'_>| {
        total(&store.counts(wanted).await.unwrap()).counts(None).of(Measure::Solution).asked()
    };
    let all = counted(By::Unit);
    assert_eq!(sum(all).await, 7);
    assert_eq!(sum(Counted { unit: "urban-330703", ..all }).await, 1);
    assert_eq!(sum(Counted { region: "3307", ..all }).await, 7);
    assert_eq!(sum(Counted { region: "330703", ..all }).await, 1);
    assert_eq!(sum(Counted { category: "02", ..all }).await, 1);
    assert_eq!(sum(Counted { category: "'; DROP TABLE tickets", ..all }).await, 0);
    // Before midnight in China is the day before.
    assert_eq!(sum(Counted { from: at(21, 0), until: at(22, 0), ..all }).await, 3);
    let days: Vec<i64> = store.counts(all).await.unwrap().iter().map(|c| c.day).collect();
    let day = |text| Day::parse(text).unwrap().days();
    assert!(days.iter().all(|d| [day("2026-11-20"), day("2026-11-21")].contains(d)), "{days:?}");
}

#[tokio::test]
async fn a_running_limit_is_no_answer_and_a_passed_one_is_a_bad_one() {
    let seeded = seeded().await;
    let due = |day| Some(at(day, 0).unix_ms);
    for (id, state, unit, due_at) in [
        (1, "working", Some("a"), due(20)),
        (2, "working", Some("a"), due(25)),
        (3, "signed", Some("a"), due(24)),
        // Answered, and not yet closed: the limit that runs is another one.
        (4, "answered", Some("a"), due(20)),
        (5, "registered", None, due(20)),
        (6, "working", Some("a"), None),
        // Out of the time that is asked for.
        (7, "working", Some("a"), Some(at(30, 0).unix_ms)),
    ] {
        let row =
            Row { state: state.into(), unit: unit.map(str::to_owned), due_at, ..Row::new(id) };
        seeded.add(&[row]).await;
    }
    for (seq, due_at, answered) in [
        (1, due(20), at(19, 0)),
        // The moment of a deadline is the first that is too late.
        (2, due(19), at(19, 0)),
        (3, None, at(19, 0)),
    ] {
        sqlx::query("INSERT INTO ticket_answers (ticket_id, seq, unit, due_at, at) VALUES (4, $1, 'a', $2, $3)")
            .bind(seq)
            .bind(due_at)
            .bind(answered.unix_ms)
            .execute(&seeded.rows)
            .await
            .unwrap();
    }
    let found = rate(&seeded.store, counted(By::Unit), "a", Who::Robot, Measure::Response).await;
    assert_eq!(found, Rate::new(2, 4, 6));
}

/// The life of a ticket whose unit answers at `answered`, when the limit that runs passes at `due`; closed, opened again and
/// closed once more.
fn life(due: Wall, answered: Wall) -> Vec<Fact> {
    let at = house::noon();
    let unit = UnitRef {
        code: "police-330702".into(),
        name: "婺城区公安分局".into(),
        level: Level::County,
    };
    let to = Assignment {
        owner: unit,
        with: Vec::new(),
        copied: Vec::new(),
        member: None,
        clock: None,
        rule: String::new(),
    };
    let (desk, unit) = (Actor::desk("李晓"), Actor::new(Role::Unit, "张三"));
    let mut ticket = house::ticket();
    happens(&mut ticket, TicketEvent::Registered, Actor::robot(), at);
    ticket.due =
        Some(Due { limit: "close".into(), duty: Duty::Close, at: Some(due), yellow: None });
    let closed = || TicketEvent::Closed { result: "已整改".into() };
    let steps = [
        (TicketEvent::Dispatched { to }, &desk, at),
        (TicketEvent::Signed { member: None }, &unit, at),
        (TicketEvent::Answered { words: "已答复".into() }, &unit, answered),
        (closed(), &unit, answered.plus_ms(1000)),
        (TicketEvent::Reopened { why: "仍吵".into() }, &desk, answered.plus_ms(2000)),
        (closed(), &desk, answered.plus_ms(3000)),
    ];
    steps.map(|(event, by, at)| happens(&mut ticket, event, by.clone(), at)).to_vec()
}

#[tokio::test]
async fn the_answer_of_a_unit_is_kept_with_the_limit_that_ran() {
    let answered = house::noon().plus_ms(60_000);
    for (late, hits) in [(1, 1), (0, 0)] {
        let due = answered.plus_ms(late);
        let house = house().await;
        house.store.keep(&complaint()).await.unwrap();
        house.store.keep(&life(due, answered)).await.unwrap();
        let rows = super::seed::rows(&house.folder.path().join("huiyin.db")).await;
        let kept: Vec<(i64, String, Option<i64>, i64)> =
            sqlx::query_as("SELECT ticket_id, unit, due_at, at FROM ticket_answers ORDER BY seq")
                .fetch_all(&rows)
                .await
                .unwrap();
        let row =
            |at: Wall| (TICKET as i64, "police-330702".to_owned(), Some(due.unix_ms), at.unix_ms);
        // The closing that follows an answer is the same one; what the desk closes itself is no unit's.
        assert_eq!(kept, [row(answered)]);
        let span = 3 * 86_400_000;
        let wanted = Counted {
            from: house::noon().plus_ms(-span),
            until: house::noon().plus_ms(span),
            now: house::noon(),
            ..counted(By::Unit)
        };
        let unit = "police-330702";
        let found = rate(&house.store, wanted, unit, Who::Robot, Measure::Response).await;
        assert_eq!(found, Rate::new(hits, 1, 1));
    }
}

#[tokio::test]
async fn calls_are_counted_by_how_they_ended() {
    let house = house().await;
    house.store.keep(&complaint()).await.unwrap();
    let span = 86_400_000;
    let (from, until) = (house::noon().plus_ms(-span), house::noon().plus_ms(span));
    assert_eq!(house.store.call_counts(from, until).await.unwrap(), [], "none has ended");
    house.store.keep(&aftermath()).await.unwrap();
    let ended = Fact::CallStarted {
        call: huiyin::kernel::CallId(7),
        direction: huiyin::hotline::Direction::Inbound,
        number: None,
        at: house::noon(),
    };
    house.store.keep(&[ended]).await.unwrap();
    let counts = house.store.call_counts(from, until).await.unwrap();
    assert_eq!(counts.len(), 1, "callbacks and running calls are not in it: {counts:?}");
    assert_eq!((counts[0].outcome.as_str(), counts[0].calls), ("handed_over", 1));
}

/// A count names the robot or a person; nothing else is counted silently.
#[tokio::test]
async fn every_case_is_somebodys() {
    let seeded = seeded().await;
    tickets(&seeded).await;
    for (id, ticket) in [(1, 1), (2, 2), (3, 3)] {
        let answers = vec![("solved", "yes", None)];
        let at = at(20, 12).unix_ms;
        seeded
            .survey(&Survey { id, ticket, outcome: "complete", origin: "closed", at, answers })
            .await;
    }
    let counts: Vec<Count> = seeded.store.counts(counted(By::Unit)).await.unwrap();
    let of = |who| counts.iter().filter(|count| count.who == who).count();
    assert_eq!((of(Who::Robot), of(Who::Person)), (2, 1));
}
