//! The pages of supervision, as they leave the console and as a browser draws them.

use huiyin::desk::dispatch::Unit;
use huiyin::kernel::Rng;

use super::seed::{Row, Survey, add, add_survey, rows};
use crate::console::browser::{Browser, chromium, picture_at};
use crate::console::house::{House, dispatch, house, noon};

const HOUR: i64 = 3_600_000;

/// Units of the rules that ship, as a board shows them.
fn units(count: usize) -> Vec<Unit> {
    dispatch().units().iter().take(count).cloned().collect()
}

/// A year's end of a city in small: tickets of many units under all lights, callbacks of a month.
async fn city() -> House {
    let house = house().await;
    let pool = rows(&house.folder.path().join("huiyin.db")).await;
    let units = units(14);
    let mut rng = Rng::new(20_261_122);
    let now = noon().unix_ms;
    let mut tickets = Vec::new();
    for id in 1..=420i64 {
        let unit = &units[rng.below(units.len() as u64) as usize];
        let open = id % 2 == 0;
        let due = now + (rng.below(240) as i64 - 120) * HOUR;
        let category = ["0101", "0102", "0104", "0106"][rng.below(4) as usize];
        tickets.push(Row {
            unit: (id % 20 != 0).then(|| unit.code.clone()),
            place: unit.places.first().cloned(),
            category: Some(category.into()),
            state: if open { "handling" } else { "called_back" }.into(),
            duty: open.then(|| ["sign", "answer", "close"][rng.below(3) as usize].to_owned()),
            due_at: (open && id % 14 != 0).then_some(due),
            yellow_at: (open && id % 14 != 0).then_some(due - 36 * HOUR),
            supervised: id % 22 == 0,
            secret: id % 50 == 0,
            agent: (rng.below(3) == 0).then_some(1),
            opened_at: now - 240 * HOUR + id * HOUR / 2,
            fields: vec![("place", "金华市婺城区白龙桥镇临江路工地，电话13800138000", None)],
            ..Row::new(2_611_010_000 + id)
        });
    }
    add(&pool, &tickets).await;
    for (id, ticket) in (1i64..).zip(tickets.iter().filter(|row| row.duty.is_none())) {
        let grades = ["very_satisfied", "satisfied", "satisfied", "basic", "dissatisfied"];
        let reached = rng.below(5) > 0;
        let grade = grades[rng.below(5) as usize];
        let solved = if rng.below(6) > 0 { "yes" } else { "no" };
        let answers = vec![("solved", solved, None), ("satisfied", grade, None)];
        let survey = Survey {
            id,
            ticket: ticket.id,
            outcome: if reached { "complete" } else { "attempts_used" },
            at: now - (rng.below(28) as i64 * 24 + 1) * HOUR,
            answers: if reached { answers } else { Vec::new() },
        };
        add_survey(&pool, &survey).await;
        sqlx::query("INSERT INTO ticket_answers (ticket_id, seq, unit, due_at, at) VALUES ($1, 1, $2, $3, $4)")
            .bind(ticket.id)
            .bind(ticket.unit.clone().unwrap_or_default())
            .bind(survey.at + (rng.below(10) as i64 - 1) * HOUR)
            .bind(survey.at)
            .execute(&pool)
            .await
            .unwrap();
    }
    house
}

fn paths() -> [String; 6] {
    let unit = units(1)[0].code.clone();
    [
        "/board".into(),
        "/board?duty=close".into(),
        format!("/board/units/{unit}"),
        "/board/units/-?lamp=red".into(),
        "/board/supervision".into(),
        "/rates?by=category&period=week".into(),
    ]
}

#[tokio::test]
async fn every_page_of_supervision_is_whole_and_in_chinese() {
    let empty = house().await;
    let house = city().await;
    let unit = &units(1)[0];
    for path in paths() {
        let page = house.page(&path).await;
        assert!(!page.contains("13800138000"), "{path} tells a whole number");
        assert!(!page.contains("style=") && !page.contains("onclick"), "{path}");
        for shown in ["灯牌", "督办", "核实", "比率", "aria-current=\"page\""] {
            assert!(page.contains(shown), "{path} shows no {shown}");
        }
    }
    let board = house.page("/board").await;
    for shown in [
        "今日到期",
        "本周到期",
        "超期未督办",
        "红灯",
        "黄灯",
        "（未派单）",
        &unit.name,
        "签收",
        "办结",
    ] {
        assert!(board.contains(shown), "{shown}");
    }
    assert!(board.contains(&format!("/board/units/{}?lamp=red", unit.code)));
    let list = house.page(&format!("/board/units/{}", unit.code)).await;
    for shown in ["办理中", "还剩", "施工噪声", "138****8000"] {
        assert!(list.contains(shown), "{shown}");
    }
    for path in paths().iter().filter(|path| !path.contains("units")) {
        let page = empty.page(path).await;
        assert!(page.contains("没有") || page.contains("无数据"), "{path}");
    }
    for (path, status) in [
        ("/board/units/nobody", 404),
        ("/board/units/-?lamp=blue", 422),
        ("/board/units/-?after=x", 422),
        ("/board/supervision?after=1", 422),
        ("/rates?from=x", 422),
    ] {
        let refused = house.get(path).await;
        assert_eq!(refused.status(), status, "{path}");
        assert!(
            refused.text().await.unwrap().contains("<h1>"),
            "{path}: an error on a page is a page"
        );
    }
}

#[tokio::test]
async fn a_list_can_be_turned_over_to_its_end() {
    let house = city().await;
    let before = overdue(&house).await;
    let mut path = "/board/supervision".to_owned();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..50 {
        let page = house.page(&path).await;
        let proposed = page.split("id=\"supervised\"").next().unwrap().to_owned();
        for row in proposed.split("<tr id=\"ticket-").skip(1) {
            assert!(seen.insert(row.split('"').next().unwrap().to_owned()), "{path} repeats a row");
        }
        let next = proposed.split("rel=\"next\"").next().unwrap();
        if next == proposed {
            break;
        }
        path =
            next.rsplit("href=\"").next().unwrap().split('"').next().unwrap().replace("&amp;", "&");
    }
    let overdue = overdue(&house).await;
    // A limit may pass while the list is read.
    assert!((before..=overdue).contains(&(seen.len() as i64)), "{before} {} {overdue}", seen.len());
    assert!(before > 50, "there is one page only");
}

/// Limits that have passed without supervision by now.
async fn overdue(house: &House) -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = huiyin::kernel::Wall::from_ms(now.as_millis() as i64);
    let lights = house.store.lights(super::marks_of(now)).await.unwrap();
    lights.iter().map(|row| row.unsupervised).sum()
}

#[tokio::test]
async fn one_click_has_an_overdue_ticket_supervised() {
    use huiyin::desk::{Actor, Order, Role, TicketEvent};
    use huiyin::hotline::Command;
    use huiyin::kernel::TicketId;
    let Some(program) = chromium() else { return };
    let house = city().await;
    let mut browser = Browser::start(&program).await;
    browser.open(&house.url("/board/supervision")).await;
    browser.until("document.querySelector('#feed.is-online') !== null").await;
    let form = "document.querySelector('form.quick')";
    let id = browser.value(&format!("{form}.closest('tr').id")).await;
    let id = id.as_str().unwrap().trim_start_matches("ticket-").parse().unwrap();
    let click = format!(
        "{form}.querySelector('[name=by]').value = '陈主任'; {form}.querySelector('button').click()"
    );
    browser.value(&click).await;
    browser
        .until("document.querySelector('form.quick output').textContent.includes('已完成')")
        .await;
    let why = "超过时限未办理".to_owned();
    let wanted = Command::Order {
        ticket: TicketId(id),
        seen: Some(0),
        by: Actor::new(Role::Supervisor, "陈主任"),
        order: Box::new(Order::Event(TicketEvent::Supervised { why })),
    };
    assert_eq!(house.commands.lock().unwrap().as_slice(), [wanted]);
    browser.close().await;
}

#[tokio::test]
async fn rates_stand_with_all_that_belongs_to_them() {
    let house = city().await;
    let page = house.page("/rates?by=unit&period=day&measure=satisfaction").await;
    for shown in [
        "响应率",
        "解决率",
        "满意率",
        "机器人",
        "人工",
        "未答",
        "Wilson",
        "<svg",
        "95% 区间",
        "/api/plots/bars.svg?",
    ] {
        assert!(page.contains(shown), "{shown}");
    }
    assert_eq!(page.matches("<svg").count(), 2);
    assert_eq!(page.matches("role=\"img\"").count(), 2);
    for name in ["bars.svg", "lines.svg"] {
        let plot = house.get(&format!("/api/plots/{name}?by=region&period=month")).await;
        assert_eq!(plot.headers()["content-type"], "image/svg+xml; charset=utf-8");
        let text = plot.text().await.unwrap();
        assert!(text.starts_with("<svg xmlns") && text.contains("<style>"));
    }
}

#[tokio::test]
async fn the_pages_fit_the_screen_and_their_plots_have_the_colours_of_the_page() {
    let Some(program) = chromium() else { return };
    let house = city().await;
    let mut browser = Browser::start(&program).await;
    for path in paths() {
        browser.open(&house.url(&path)).await;
        browser.until("document.querySelector('#feed.is-online') !== null").await;
        let fits = "document.documentElement.scrollWidth <= window.innerWidth";
        assert_eq!(browser.value(fits).await, true, "{path} is wider than the screen");
    }
    let fill = "getComputedStyle(document.querySelector('.plot .bar')).fill";
    assert_ne!(browser.value(fill).await, "rgb(0, 0, 0)", "the page's style reaches the plot");
    let named = "[...document.querySelectorAll('select, input')].every(x => x.labels.length === 1)";
    assert_eq!(browser.value(named).await, true, "every field of the form has a label");
    let reachable = "[...document.querySelectorAll('main a, main select, main input, main button')]
        .every(x => x.tabIndex >= 0)";
    assert_eq!(browser.value(reachable).await, true);
    browser.close().await;
}

/// Takes pictures at two sizes where `HUIYIN_SCREENSHOTS` names a folder.
#[tokio::test]
async fn pictures_of_supervision() {
    let (Ok(folder), Some(program)) = (std::env::var("HUIYIN_SCREENSHOTS"), chromium()) else {
        return;
    };
    let house = city().await;
    for (size, dark) in [((1366, 768), false), ((1366, 2000), true), ((1920, 1080), false)] {
        for (path, name) in
            paths().iter().zip(["board", "duty", "unit", "nobody", "supervision", "rates"])
        {
            let file = format!("{folder}/{name}-{}x{}.png", size.0, size.1);
            picture_at(&program, &house.url(path), &file, dark, size).await;
        }
    }
}
