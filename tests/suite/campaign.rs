//! Samples, the chain of records, verifications and the calendar of attempts, as pure values.

use std::collections::BTreeSet;

use huiyin::kernel::{Calendar, Civil, Rng, SurveyId, TicketId, VerificationId, Wall};
use huiyin::survey::VerifyReason;
use huiyin::survey::campaign::{Draw, Plan, Rate, Stratum, draw, population_digest, score};
use huiyin::survey::chain::{Body, Broken, Check, Digest, Head, Record};
use huiyin::survey::schedule::{Days, Made, Next, Window, next_attempt};
use huiyin::survey::verify::{Outcome, Stage, Step, Verification};
use proptest::prelude::*;

fn tickets(numbers: impl IntoIterator<Item = u64>) -> Vec<TicketId> {
    numbers.into_iter().map(TicketId).collect()
}

// ---- samples ----

const SCORES: [&str; 3] = [
    "6824b148b8750ddc971f640a19900e9e2eed443111989df52f0acfba446ec3cb",
    "a045c064a15e6098482b615f3e897d0eb2e03e8c122fd854b0d97075dc9430f3",
    "51d1be8a7017f29fdfe38eaa3419f1448280596acf90b77a7a4db11ab95318b6",
];
/// Of the file with the lines 5 and 12.
const LIST: &str = "46b192c289cceadf776adb307f4039f60988ee1fd2cd43b3bcc2ea70085a1f19";
/// Of `printf '%s\n%s\n%s\n%s\n%s' 1 000…0 answer 0/1 "$(printf 'survey=0\nwords=还是吵')"`.
const RECORD: &str = "d748a96db47fe8904d63693d5aa315805462c242378090634c9bd202f73e9e9f";

/// The scores are what `sha256sum` prints, so that nobody needs this program to draw.
#[test]
fn a_draw_is_what_sha256sum_gives() {
    let seed = "双色球2026134";
    let scores =
        [(2_611_220_001, SCORES[0]), (2_611_220_002, SCORES[1]), (2_611_220_003, SCORES[2])];
    for (ticket, hash) in scores {
        assert_eq!(score(seed, TicketId(ticket)).to_string(), hash, "{ticket}");
    }
    assert_eq!(population_digest(&tickets([5, 12])).to_string(), LIST);
    let drawn = draw(
        seed,
        Rate::new(6_700).unwrap(),
        tickets([2_611_220_003, 2_611_220_001, 2_611_220_002]),
    );
    let mut by_hash = scores.map(|(ticket, hash)| (hash, ticket));
    by_hash.sort_unstable();
    let wanted: Vec<u64> = by_hash.iter().map(|(_, ticket)| *ticket).collect();
    assert_eq!(drawn.chosen, tickets(wanted), "67 % of three, rounded up");
}

#[test]
fn shares_are_read_and_rounded_up() {
    for (text, hundredths, shown) in [
        ("10%", 1_000, "10%"),
        ("2.5%", 250, "2.5%"),
        ("0.25 %", 25, "0.25%"),
        ("100", 10_000, "100%"),
        ("0.01%", 1, "0.01%"),
    ] {
        let rate: Rate = text.parse().unwrap();
        assert_eq!((rate.hundredths(), rate.to_string().as_str()), (hundredths, shown), "{text}");
    }
    for text in ["", "0", "0%", "100.01%", "-1%", "1.234%", "ten", "1.%", ".5%", "1e2"] {
        let error = text.parse::<Rate>().unwrap_err().to_string();
        assert!(error.contains("0.01% to 100%"), "{text}: {error}");
    }
    for (hundredths, population, chosen) in [
        (1_000, 0, 0),
        (1_000, 1, 1),
        (1_000, 10, 1),
        (1_000, 11, 2),
        (10_000, 7, 7),
        (1, 10_001, 2),
    ] {
        assert_eq!(
            Rate::new(hundredths).unwrap().of(population),
            chosen,
            "{hundredths} {population}"
        );
    }
}

#[test]
fn a_sample_is_announced_before_it_is_drawn() {
    let now = Civil { year: 2026, month: 11, day: 22, hour: 9, minute: 0, second: 0 }.wall();
    let plan = Plan {
        name: "十一月在办件".into(),
        stratum: Stratum::Running,
        rate: Rate::new(500).unwrap(),
        seed: "3, 8, 17, 21, 26, 32 + 11".into(),
        draw_at: now.plus_ms(1),
        by: "陈主任".into(),
    };
    assert!(plan.check(now).is_ok());
    for (wrong, message) in [
        (Plan { draw_at: now, ..plan.clone() }, "before it is drawn"),
        (Plan { seed: String::new(), ..plan.clone() }, "`seed`"),
        (Plan { seed: "a\nb".into(), ..plan.clone() }, "`seed`"),
        (Plan { seed: " a".into(), ..plan.clone() }, "`seed`"),
        (Plan { name: "字".repeat(61), ..plan.clone() }, "`name`"),
    ] {
        let error = wrong.check(now).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
}

/// Over many seeds everybody is chosen about as often: nobody is, or can be, picked.
#[test]
fn no_ticket_is_favoured() {
    let (population, rate) = (tickets(2_611_220_001..2_611_220_101), Rate::new(1_000).unwrap());
    let mut chosen = std::collections::BTreeMap::new();
    for seed in 0..2_000 {
        for ticket in draw(&seed.to_string(), rate, population.iter().copied()).chosen {
            *chosen.entry(ticket).or_insert(0_u32) += 1;
        }
    }
    // Binomial with mean 200 and standard deviation 13.4: six of them.
    assert_eq!(chosen.len(), 100);
    for (ticket, times) in chosen {
        assert!((120..=280).contains(&times), "{ticket} was chosen {times} times of 2000");
    }
}

proptest! {
    #[test]
    fn a_draw_depends_on_nothing_but_seed_rate_and_population(
        numbers in prop::collection::vec(1_u64..5_000, 0..200),
        seed in "[a-z0-9]{1,12}",
        hundredths in 1_u32..=10_000,
        turn in 0_usize..200,
    ) {
        let rate = Rate::new(hundredths).unwrap();
        let Draw { population, digest, chosen, .. } = draw(&seed, rate, tickets(numbers.clone()));
        let mut turned = numbers.clone();
        turned.rotate_left(turn % numbers.len().max(1));
        turned.extend(numbers.iter().copied());
        let again = draw(&seed, rate, tickets(turned));
        prop_assert_eq!((&again.population, again.digest, &again.chosen), (&population, digest, &chosen));
        prop_assert!(population.windows(2).all(|pair| pair[0] < pair[1]));
        prop_assert_eq!(chosen.len(), rate.of(population.len()));
        let distinct: BTreeSet<TicketId> = chosen.iter().copied().collect();
        prop_assert_eq!(distinct.len(), chosen.len());
        // Whoever is not chosen has a higher score than all who are.
        let highest = chosen.iter().map(|ticket| score(&seed, *ticket)).max();
        let left = population.iter().filter(|ticket| !distinct.contains(ticket));
        for ticket in left {
            prop_assert!(highest.is_none_or(|highest| score(&seed, *ticket) > highest));
        }
    }
}

// ---- the chain ----

fn chain(records: u64) -> Vec<Record> {
    let mut chain: Vec<Record> = Vec::new();
    for n in 0..records {
        let head = chain.last().map(Record::head).unwrap_or_default();
        let body =
            Body::new().with("survey", n).maybe("words", Some("还是吵")).maybe("key", None::<i64>);
        chain.push(Record::after(head, "answer", &format!("{n}/1"), body.text()));
    }
    chain
}

fn follow(records: &[Record], published: Option<Head>) -> Result<Head, Broken> {
    let mut check = Check::new(published);
    for record in records {
        check.next(record)?;
    }
    check.finish()
}

#[test]
fn a_record_is_what_sha256sum_gives() {
    let records = chain(2);
    assert_eq!(records[0].body, "survey=0\nwords=还是吵");
    assert_eq!(records[0].prev.to_string(), "0".repeat(64));
    assert_eq!(records[0].hash.to_string(), RECORD);
    assert_eq!(records[1].prev, records[0].hash);
    let head = records[1].head();
    assert_eq!(head.to_string().parse::<Head>().unwrap(), head);
    for text in ["", "1", "1:", "x:00", "1:zz", "-1:00"] {
        assert!(text.parse::<Head>().is_err(), "{text}");
    }
}

#[test]
fn two_rows_never_have_one_text() {
    let one = Body::new().with("words", "a\nkey=1").text();
    let two = Body::new().with("words", "a").with("key", 1).text();
    let three = Body::new().with("words", "a\\nkey=1").text();
    assert!(one != two && one != three && two != three, "{one:?} {two:?} {three:?}");
}

proptest! {
    /// Whatever is done to one record of a chain, the first place that is not as it was is found.
    #[test]
    fn no_change_of_a_chain_goes_unseen(
        length in 2_u64..40,
        at in 0_usize..40,
        other in 0_usize..40,
        what in 0_u8..7,
    ) {
        let records = chain(length);
        let published = records.last().map(Record::head);
        prop_assert_eq!(follow(&records, published), Ok(published.unwrap()));
        let (at, other) = (at % records.len(), other % records.len());
        let mut changed = records.clone();
        let first = match what {
            // Altered, with and without a hash that fits.
            0 => { changed[at].body.push('x'); at }
            1 => { changed[at].body.push('x'); changed[at].hash = changed[at].sum(); at }
            2 => { changed.remove(at); at }
            // Removed, and the rest renumbered.
            3 => {
                changed.remove(at);
                for (n, record) in changed.iter_mut().enumerate() { record.seq = n as u64 + 1; }
                at
            }
            4 => {
                let copy = changed[other].clone();
                changed.insert(at, copy);
                if at == other { at + 1 } else { at }
            }
            5 if at != other => { changed.swap(at, other); at.min(other) }
            // Two bodies exchanged under the old numbers and hashes.
            _ if at != other => {
                let (one, two) = (changed[at].body.clone(), changed[other].body.clone());
                (changed[at].body, changed[other].body) = (two, one);
                at.min(other)
            }
            _ => { changed.truncate(at); at }
        };
        let broken = follow(&changed, published);
        prop_assert!(broken.is_err(), "change {what} at {at}, {other}");
        let seq = broken.map_or_else(|broken| broken.seq(), |_| 0) as usize;
        // A replaced record shows at itself or, where its own hash was made to fit, at the next.
        prop_assert!(seq == first + 1 || seq == first + 2, "change {what} at {first}: found at {seq}");
    }
}

#[test]
fn a_chain_written_anew_does_not_pass_the_published_head() {
    let records = chain(5);
    let published = records[3].head();
    let mut forged: Vec<Record> = Vec::new();
    for record in &records {
        let head = forged.last().map(Record::head).unwrap_or_default();
        let body = record.body.replace("还是吵", "不吵了");
        forged.push(Record::after(head, &record.kind, &record.subject, body));
    }
    assert!(follow(&forged, None).is_ok(), "only a published head shows it");
    assert_eq!(follow(&forged, Some(published)), Err(Broken::Rewritten { seq: 4 }));
    assert_eq!(follow(&records[..2], Some(published)), Err(Broken::Cut { count: 2, wanted: 4 }));
    assert_eq!(follow(&[], None), Ok(Head { count: 0, hash: Digest::default() }));
}

// ---- verifications ----

fn verification() -> Verification {
    Verification {
        id: VerificationId(1),
        survey: SurveyId(1),
        ticket: TicketId(1),
        reason: VerifyReason::Unhappy,
        handled_by: vec!["婺城区综合行政执法局".into(), "enforcement-330702".into()],
        opened: Wall::default(),
        due: None,
        stage: Stage::Open,
    }
}

#[test]
fn a_unit_does_not_verify_itself_and_nothing_is_closed_without_a_finding() {
    let assign = |unit: &str| Step::Assign { unit: unit.into(), by: "班长".into() };
    let close = |result: &str, by: &str| Step::Close {
        outcome: Outcome::Overturned,
        result: result.into(),
        by: by.into(),
    };
    let rows = [
        (vec![assign("婺城区综合行政执法局")], "cannot verify itself"),
        (vec![assign(" enforcement-330702 ")], "cannot verify itself"),
        (vec![assign("婺城区综合行政执法局 王五")], "cannot verify itself"),
        (vec![assign(" ")], "nobody looks into"),
        (vec![close("已核实", "李")], "nobody looks into"),
        (vec![assign("督查科"), close(" ", "李")], "`result` is empty"),
        (vec![assign("督查科"), close("已核实", "enforcement-330702")], "cannot verify itself"),
        (
            vec![assign("督查科"), close("已核实", "婺城区综合行政执法局（王五）")],
            "cannot verify itself",
        ),
        (vec![assign("督查科"), close("已核实", "李"), close("再核实", "李")], "closed already"),
        (vec![assign("督查科"), close("已核实", "李"), assign("市信访局")], "closed already"),
    ];
    for (steps, message) in rows {
        let mut one = verification();
        let (last, before) = steps.split_last().unwrap();
        for step in before {
            one.apply(step).unwrap();
        }
        let stage = one.stage.clone();
        let error = one.apply(last).unwrap_err().to_string();
        assert!(error.contains(message), "{steps:?}: {error}");
        assert_eq!(one.stage, stage, "what is refused did not happen");
    }
    let mut one = verification();
    for step in [assign("督查科"), assign("市信访局"), close("市民已认可", "李")] {
        one.apply(&step).unwrap();
    }
    assert_eq!(one.stage, Stage::Closed { outcome: Outcome::Overturned });
    // Another's name that only begins alike.
    let mut one = verification();
    one.apply(&assign("婺城区综合行政执法局督查大队")).unwrap();
    // The case came to the verifier after it was assigned.
    let mut one = verification();
    one.apply(&assign("督查科")).unwrap();
    one.handled_by.push("督查科".into());
    assert!(one.apply(&close("已核实", "李")).is_err());
}

// ---- when ----

const CALENDAR: &str = "name = \"试\"\n[[holiday]]\nname = \"国庆节\"\nfrom = \"2026-10-01\"\n\
                        to = \"2026-10-07\"\nwork = [\"2026-09-27\", \"2026-10-10\"]\n";

#[test]
fn the_calendar_says_which_days_are_called_on() {
    let calendar = Calendar::read("test", CALENDAR).unwrap();
    let at = |month, day, hour| Civil { year: 2026, month, day, hour, minute: 0, second: 0 }.wall();
    let rows = [
        (Days::All, at(10, 1, 12), at(10, 1, 12)),
        (Days::NoHolidays, at(9, 30, 21), at(10, 8, 9)),
        // A Saturday that is nobody's holiday.
        (Days::NoHolidays, at(10, 17, 10), at(10, 17, 10)),
        (Days::Working, at(10, 17, 10), at(10, 19, 9)),
        (Days::Working, at(9, 30, 21), at(10, 8, 9)),
        // Saturday the 10th is worked.
        (Days::Working, at(10, 9, 20), at(10, 10, 9)),
    ];
    for (days, from, expected) in rows {
        let window = Window::default().on(days);
        let next = next_attempt(from, Made::default(), &window, &calendar);
        assert_eq!(next, Next::At(expected), "{days:?} from {}", from.civil());
    }
    assert!(Days::from_key("sundays").is_err());
}

#[test]
fn calls_about_other_matters_count_for_the_day() {
    let day = |hour| Civil { year: 2026, month: 11, day: 23, hour, minute: 0, second: 0 };
    let (window, calendar) = (Window::default(), Calendar::default());
    let others = [day(10).wall(), day(13).wall()];
    let made = Made { own: &[], others: &others };
    let tomorrow = day(9).plus_days(1).wall();
    assert_eq!(next_attempt(day(14).wall(), made, &window, &calendar), Next::At(tomorrow));
    let made = Made { own: &[], others: &others[..1] };
    assert_eq!(next_attempt(day(14).wall(), made, &window, &calendar), Next::At(day(14).wall()));
}

/// Whatever the window, the days, the calls made and the moment: no attempt outside, never too often, never too soon.
#[test]
fn no_attempt_is_outside_its_window_for_any_seed() {
    let calendar = Calendar::read("test", CALENDAR).unwrap();
    let begins = Civil { year: 2026, month: 9, day: 20, hour: 0, minute: 0, second: 0 }.wall();
    for seed in 0..4_000 {
        let mut rng = Rng::new(seed);
        let opens = rng.below(20) as u32;
        let closes = opens + 1 + rng.below(u64::from(24 - opens)) as u32;
        let (per_day, in_all) = (1 + rng.below(2) as usize, 1 + rng.below(3) as usize);
        let spacing = rng.below(6 * 3_600_000) as i64;
        let days = *rng.pick(&[Days::All, Days::NoHolidays, Days::Working]).unwrap();
        let window = Window::new(&format!("{opens:02}:00"), &format!("{closes:02}:00"))
            .and_then(|window| window.attempts(per_day, in_all, spacing))
            .unwrap()
            .on(days);
        let mut now = begins.plus_ms(rng.below(30 * 86_400_000) as i64);
        let others: Vec<Wall> =
            (0..rng.below(6)).map(|_| now.plus_ms(rng.below(4 * 86_400_000) as i64)).collect();
        let mut made: Vec<Wall> = Vec::new();
        while let Next::At(at) =
            next_attempt(now, Made { own: &made, others: &others }, &window, &calendar)
        {
            let local = at.civil();
            assert!(at >= now && (opens..closes).contains(&local.hour), "seed {seed}: {local}");
            let open = match days {
                Days::All => true,
                Days::NoHolidays => !(local.month == 10 && local.day <= 7),
                Days::Working => calendar.is_working(local.day()),
            };
            assert!(open && window.allows(at, &calendar), "seed {seed}: {local} on {days:?}");
            let today =
                made.iter().chain(&others).filter(|m| m.civil().days() == local.days()).count();
            assert!(today < per_day, "seed {seed}: {local}: more than {per_day} a day");
            assert!(
                made.iter().all(|m| at.unix_ms - m.unix_ms >= spacing),
                "seed {seed}: {local}: too soon"
            );
            made.push(at);
            now = at.plus_ms(rng.below(3_600_000 * 30) as i64);
        }
        assert_eq!(made.len(), in_all, "seed {seed}");
    }
}
