//! What happens to tickets without an order: a red light is supervised once, and whose callback is over is archived.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::{Arc, Mutex};

use huiyin::config::{self, Config};
use huiyin::console::Commands;
use huiyin::desk::{Actor, Order, Role, Rulebook, Ticket, TicketEvent};
use huiyin::hotline::{Command, Fact};
use huiyin::kernel::evidence::Source;
use huiyin::kernel::{CallId, Slot, SurveyId, TicketId, VerificationId, Wall};
use huiyin::runtime::upkeep::{Manner, Passed, Reasons, pass};
use huiyin::store::Store;
use huiyin::survey::campaign::Origin;

use crate::console::house::noon;
use crate::ticket::{filled, whoever};
use crate::ticket_life::rulebook;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// A store, and a desk that carries out what is ordered.
struct Desk {
    store: Store,
    book: Rulebook,
    _folder: tempfile::TempDir,
}

impl Desk {
    async fn new() -> Arc<Desk> {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("huiyin.db")).await.unwrap();
        let (number, at) = (None, noon());
        let direction = huiyin::hotline::Direction::Inbound;
        let call = Fact::CallStarted { call: CallId(1), direction, number, at };
        store.keep(&[call]).await.unwrap();
        Arc::new(Desk { store, book: rulebook(), _folder: folder })
    }

    async fn ticket(&self, id: u64) -> Ticket {
        let kept = self.store.load_tickets(&[TicketId(id)]).await.unwrap().pop();
        kept.unwrap_or_else(|| Ticket::open(TicketId(id), CallId(1), noon()))
    }

    async fn does(&self, id: u64, order: Order, by: Option<Actor>, at: Wall) {
        let mut ticket = self.ticket(id).await;
        let event = self.book.event(&ticket, order, at).unwrap();
        let by = by.unwrap_or_else(|| whoever(&event));
        let entry = ticket.apply(event, by, at).unwrap();
        self.book.time(&mut ticket).unwrap();
        self.store.keep(&[Fact::Ticket { ticket, entry }]).await.unwrap();
    }

    async fn happens(&self, id: u64, event: TicketEvent, at: Wall) {
        self.does(id, Order::Event(event), None, at).await;
    }

    /// With a unit that has two hours to sign.
    async fn dispatched(&self, id: u64) {
        let place = filled("婺城区", Source::Spoken);
        let fields = [(Slot::Place, place)].into();
        self.happens(id, TicketEvent::Drafted { fields }, noon()).await;
        self.happens(id, TicketEvent::Registered, noon()).await;
        let unit = "enforcement-330702".to_owned();
        let order = Order::Dispatch { unit, with: Vec::new(), pack: None, member: None };
        self.does(id, order, Some(Actor::desk("李晓")), noon()).await;
    }

    async fn closed(&self, id: u64, at: Wall) {
        self.happens(id, TicketEvent::Registered, at).await;
        self.happens(id, TicketEvent::Closed { result: "已修好".into() }, at).await;
    }

    async fn survey(&self, survey: u64, ticket: u64, outcome: Option<&str>, at: Wall) {
        let (survey, ticket, origin) = (SurveyId(survey), TicketId(ticket), Origin::Closed);
        let mut facts = vec![Fact::SurveyDue { survey, ticket, origin, attempt: 1, due: at, at }];
        if let Some(outcome) = outcome {
            let outcome = outcome.to_owned();
            let (attempt, last) = (0, true);
            facts.push(Fact::SurveyEnded { survey, ticket, origin, outcome, attempt, last, at });
        }
        self.store.keep(&facts).await.unwrap();
    }

    async fn history(&self, id: u64) -> Vec<&'static str> {
        let entries = self.store.entries(TicketId(id)).await.unwrap();
        entries.iter().map(|entry| entry.event.key()).collect()
    }
}

/// Orders go to the desk; how many there were.
fn orders(desk: &Arc<Desk>, now: Wall) -> (Commands, Arc<Mutex<usize>>) {
    let counted: Arc<Mutex<usize>> = Arc::default();
    let (desk, kept) = (desk.clone(), counted.clone());
    let commands: Commands = Arc::new(move |command| {
        let desk = desk.clone();
        *kept.lock().unwrap() += 1;
        Box::pin(async move {
            let Command::Order { ticket, seen, by, order } = command else { panic!("{command:?}") };
            assert_eq!(by, Actor::system());
            desk.ticket(ticket.0).await.unchanged_since(seen.unwrap()).ok()?;
            desk.does(ticket.0, *order, Some(by), now).await;
            Some(Ok(()))
        })
    });
    (commands, counted)
}

async fn passes(desk: &Arc<Desk>, now: Wall) -> Passed {
    let (commands, _) = orders(desk, now);
    pass(&desk.store, &commands, &manner(), now).await.unwrap()
}

fn manner() -> Manner {
    Manner::of(&Config::load(None).unwrap()).unwrap()
}

#[tokio::test]
async fn a_red_light_is_supervised_once() {
    let desk = Desk::new().await;
    for id in 1..=3 {
        desk.dispatched(id).await;
    }
    desk.happens(2, TicketEvent::Signed { member: None }, noon().plus_ms(HOUR)).await;
    // Still being told; closed, and its citizen never called back.
    desk.happens(4, TicketEvent::Drafted { fields: [].into() }, noon()).await;
    desk.closed(5, noon()).await;
    let nothing = Passed::default();
    assert_eq!(passes(&desk, noon().plus_ms(2 * HOUR - 1)).await, nothing, "not a moment early");
    let red = noon().plus_ms(2 * HOUR);
    assert_eq!(passes(&desk, red).await, Passed { supervised: 2, archived: 0 });
    assert_eq!(desk.history(1).await.last(), Some(&"supervised"));
    assert_eq!(desk.history(2).await.last(), Some(&"signed"), "it was in time");
    let why = desk.store.entries(TicketId(1)).await.unwrap().pop().unwrap().event.why();
    assert!(why.contains("签收超过时限") && why.contains("14:00"), "{why}");
    assert_eq!(passes(&desk, red.plus_ms(1)).await, nothing);
    // A supervisor has freed it, though it is not signed yet: that stands.
    desk.happens(1, TicketEvent::SupervisionLifted { why: "已联系".into() }, red.plus_ms(2)).await;
    assert_eq!(passes(&desk, red.plus_ms(3)).await, nothing);
    // The next limit that passes is another matter.
    desk.happens(1, TicketEvent::Signed { member: None }, red.plus_ms(HOUR)).await;
    let again = passes(&desk, noon().plus_ms(60 * DAY)).await;
    assert_eq!(again.supervised, 2, "the one that was signed late, and the one in time");
    assert_eq!(desk.history(4).await, ["drafted"]);
    assert_eq!(desk.history(5).await, ["registered", "closed", "archived"]);
}

#[tokio::test]
async fn whose_callback_is_over_is_archived() {
    let desk = Desk::new().await;
    let at = noon().plus_ms(HOUR);
    // Each closed, with how its callback ended; none: it is not over.
    let rows = [
        (1, Some("complete"), true),
        (2, Some("attempts_used"), true),
        (3, Some("do_not_call"), true),
        (4, Some("wrong_person"), true),
        (5, Some("to_person"), false),
        (6, None, false),
        (7, Some("superseded"), false),
        (8, Some("complete"), false),
    ];
    for (id, outcome, _) in rows {
        desk.closed(id, at).await;
        desk.survey(id, id, outcome, at).await;
        if outcome == Some("complete") {
            desk.happens(id, TicketEvent::CalledBack { survey: SurveyId(id) }, at).await;
        }
    }
    // Unhappy, and not verified yet.
    let (verification, reason) = (VerificationId(1), "unhappy".to_owned());
    let opened = Fact::VerificationOpened {
        verification,
        survey: SurveyId(8),
        ticket: TicketId(8),
        reason,
        due: None,
        at,
    };
    desk.store.keep(&[opened]).await.unwrap();
    // Handled again and closed again; its next callback is not planned yet.
    desk.closed(9, at).await;
    desk.survey(9, 9, Some("attempts_used"), at).await;
    desk.happens(9, TicketEvent::Reopened { why: "没修好".into() }, at.plus_ms(1)).await;
    desk.happens(9, TicketEvent::Closed { result: "又修".into() }, at.plus_ms(2)).await;
    assert_eq!(
        passes(&desk, at.plus_ms(9 * 60_000)).await,
        Passed::default(),
        "it is shown a while"
    );
    let later = at.plus_ms(11 * 60_000);
    assert_eq!(passes(&desk, later).await, Passed { supervised: 0, archived: 4 });
    for (id, _, over) in rows {
        assert_eq!(desk.history(id).await.contains(&"archived"), over, "T{id}");
    }
    assert!(!desk.history(9).await.contains(&"archived"));
    assert_eq!(passes(&desk, later.plus_ms(DAY)).await.archived, 0, "once is enough");
    let (outcome, result) = (huiyin::survey::verify::Outcome::Confirmed, "属实".to_owned());
    let by = "督查科".to_owned();
    let closed = Fact::VerificationClosed { verification, outcome, result, by, at: later };
    desk.store.keep(&[closed]).await.unwrap();
    assert_eq!(passes(&desk, later.plus_ms(DAY)).await.archived, 1);
}

#[tokio::test]
async fn who_was_faster_keeps_their_way() {
    let desk = Desk::new().await;
    desk.dispatched(1).await;
    let red = noon().plus_ms(3 * HOUR);
    let (commands, ordered) = orders(&desk, red);
    // Between the look and the order the supervisor was there.
    let slow: Commands = {
        let (desk, commands) = (desk.clone(), commands.clone());
        Arc::new(move |command| {
            let (desk, commands) = (desk.clone(), commands.clone());
            Box::pin(async move {
                let by = Some(Actor::new(Role::Supervisor, "督办员"));
                let event = TicketEvent::Supervised { why: "领导批示".into() };
                desk.does(1, Order::Event(event), by, red).await;
                commands(command).await
            })
        })
    };
    assert_eq!(pass(&desk.store, &slow, &manner(), red).await.unwrap(), Passed::default());
    assert_eq!((*ordered.lock().unwrap(), desk.history(1).await.len()), (1, 4));
    let nobody: Commands = Arc::new(|_| Box::pin(async { None }));
    desk.dispatched(2).await;
    assert_eq!(pass(&desk.store, &nobody, &manner(), red).await.unwrap(), Passed::default());
    assert_eq!(passes(&desk, red).await.supervised, 1, "what was not answered is ordered again");
}

#[tokio::test]
async fn a_repeat_that_no_sample_drew_is_archived_in_the_end() {
    let desk = Desk::new().await;
    for id in 1..=2 {
        desk.closed(id, noon()).await;
    }
    // Drawn, and not called yet.
    desk.survey(2, 2, None, noon().plus_ms(DAY)).await;
    let days = |days: i64| noon().plus_ms(days * DAY);
    assert_eq!(passes(&desk, days(30).plus_ms(-1)).await, Passed::default());
    assert_eq!(passes(&desk, days(30)).await.archived, 1);
    let why = desk.store.entries(TicketId(1)).await.unwrap().pop().unwrap().event.why();
    assert_eq!(why, "未列入抽样回访");
    assert!(!desk.history(2).await.contains(&"archived"));
}

#[tokio::test]
async fn what_is_switched_off_is_left_to_people() {
    let desk = Desk::new().await;
    desk.dispatched(1).await;
    desk.closed(2, noon()).await;
    let off = config::Desk { supervise: false, archive: false, unasked_ms: DAY };
    let (commands, ordered) = orders(&desk, noon());
    let manner = Manner { desk: off, ..manner() };
    let passed = pass(&desk.store, &commands, &manner, noon().plus_ms(60 * DAY)).await.unwrap();
    assert_eq!((passed, *ordered.lock().unwrap()), (Passed::default(), 0));
}

#[test]
fn reasons_that_are_wrong_name_their_line() {
    let good = include_str!("../../prompts/zh-CN/desk.toml");
    assert!(Reasons::parse("desk.toml", good).is_ok());
    let rows = [
        (good.replace("archived =", "gone ="), "nobody reads gone"),
        (
            good.replace("{due}", "{day}"),
            "has {day}, which nothing fills; it may have {duty}, {due}",
        ),
        (good.replace("\"回访完成\"", "\"\""), "wants one text"),
        (good.replace("\"回访完成\"", "\"{due}\""), "it may have no slot"),
        (
            good.lines()
                .filter(|line| !line.starts_with("archived_unasked"))
                .collect::<Vec<_>>()
                .join("\n"),
            "has no archived_unasked",
        ),
        ("supervised = 3".to_owned(), "desk.toml: "),
    ];
    for (text, told) in rows {
        let error = Reasons::parse("desk.toml", &text).unwrap_err().to_string();
        assert!(error.starts_with("desk.toml") && error.contains(told), "{error}");
    }
}
