//! Logins: sessions, forms of other pages, guesses, the second factor, and bodies that are too large or too slow.

use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::StreamExt;
use huiyin::access::{Lifetime, PER_ACCOUNT, Role, Secret, code_at, step_of};
use huiyin::console::Doors;
use huiyin::kernel::Wall;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::staff::{
    FORM, OTHER, PASSWORD, account, agent, cookie, deeds, enter, form_token, login_page, open,
    posting, staff,
};

#[tokio::test]
async fn a_login_begins_a_session_of_its_own_and_logout_ends_it() {
    let house = open(Doors::default()).await;
    account(&house, "desk", &posting(Role::Desk)).await;
    let login = login_page(&house).await;
    let planted = "huiyin_session=0000000000000000000000000000000000000000000000000000000000000000";
    let wrong = login.enter(&house, ("desk", OTHER, ""), planted, "").await;
    assert_eq!(wrong.status(), 401);
    assert!(cookie(&wrong, "huiyin_session").is_none());
    let nobody = login.enter(&house, ("nobody", PASSWORD, ""), planted, "").await;
    assert_eq!(nobody.status(), 401);
    let (wrong, nobody) = (wrong.text().await.unwrap(), nobody.text().await.unwrap());
    assert_eq!(wrong, nobody, "whether there is such an account is not told");
    let entered = login.enter(&house, ("DESK ", PASSWORD, ""), planted, "").await;
    assert_eq!(entered.status(), 303);
    let set = entered.headers().get_all("set-cookie").iter();
    let set =
        set.map(|value| value.to_str().unwrap()).find(|set| set.starts_with("huiyin_session"));
    let set = set.unwrap();
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Strict") && set.contains("Path=/"));
    let first = format!("huiyin_session={}", cookie(&entered, "huiyin_session").unwrap());
    let status = async |cookie: &str| {
        let request = house.http.get(house.url("/api/calls")).header("cookie", cookie);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(status(planted).await, 401, "a session that somebody planted is none");
    assert_eq!(status(&first).await, 200);
    // A second login in the same browser ends the first.
    let again = login.enter(&house, ("desk", PASSWORD, ""), &first, "").await;
    let second = format!("huiyin_session={}", cookie(&again, "huiyin_session").unwrap());
    assert_ne!(first, second);
    assert_eq!((status(&first).await, status(&second).await), (401, 200));
    let page =
        house.http.get(house.url("/account")).header("cookie", &second).send().await.unwrap();
    let own = form_token(&page.text().await.unwrap());
    let leave = async |form_token: &str| {
        let request = house.http.post(house.url("/logout")).header("cookie", &second);
        let request = request.header("content-type", FORM).body(format!("form_token={form_token}"));
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(leave("wrong").await, 403);
    assert_eq!(status(&second).await, 200);
    assert_eq!(leave(&own).await, 303);
    assert_eq!(status(&second).await, 401);
    let failed: Vec<(String, String)> = deeds(&house, "login_failed")
        .await
        .into_iter()
        .map(|deed| (deed.actor, deed.detail))
        .collect();
    let wanted = [("desk", "password"), ("", "name")];
    assert_eq!(failed, wanted.map(|(actor, why)| (actor.to_owned(), why.to_owned())));
    assert_eq!((deeds(&house, "login").await.len(), deeds(&house, "logout").await.len()), (2, 1));
}

#[tokio::test]
async fn a_change_needs_the_form_token_of_its_own_session() {
    let house = open(Doors::default()).await;
    let desk = staff(&house, "desk", &posting(Role::Desk)).await;
    let other = staff(&house, "agent", &agent(1)).await;
    let body = json!({ "result": "已办", "by": "x" });
    let post = async |token: Option<&str>, origin: Option<&str>| {
        let request =
            house.http.post(house.url("/api/tickets/1/close")).header("cookie", &desk.cookie);
        let request = token.into_iter().fold(request, |r, token| r.header("x-form-token", token));
        let request = origin.into_iter().fold(request, |r, origin| r.header("origin", origin));
        request.json(&body).send().await.unwrap().status().as_u16()
    };
    assert_eq!(post(None, None).await, 403);
    assert_eq!(post(Some(""), None).await, 403);
    assert_eq!(post(Some(&other.form_token), None).await, 403);
    assert_eq!(post(Some(&desk.form_token), Some("http://foreign.example")).await, 403);
    assert!(house.commands.lock().unwrap().is_empty());
    assert_eq!(post(Some(&desk.form_token), Some(&format!("http://{}", house.at))).await, 200);
    // A login form of a foreign page has no door of ours.
    let login = login_page(&house).await;
    let body = format!("form_token={}&name=desk&password=x", login.form_token);
    for cookie in ["", "huiyin_door=x", &format!("huiyin_door={}", login_page(&house).await.door)] {
        let request = house.http.post(house.url("/login")).header("content-type", FORM);
        let reply = request.header("cookie", cookie).body(body.clone()).send().await.unwrap();
        assert_eq!(reply.status(), 403, "{cookie}");
    }
}

#[tokio::test]
async fn a_session_ends_with_its_time_its_account_and_its_password() {
    let lifetime = Lifetime { whole_ms: 0, ..Lifetime::default() };
    let house = open(Doors { lifetime, ..Doors::default() }).await;
    account(&house, "desk", &posting(Role::Desk)).await;
    let entered = login_page(&house).await.enter(&house, ("desk", PASSWORD, ""), "", "").await;
    let over = format!("huiyin_session={}", cookie(&entered, "huiyin_session").unwrap());
    let request = house.http.get(house.url("/api/calls")).header("cookie", over);
    assert_eq!(request.send().await.unwrap().status(), 401);
    assert_eq!(deeds(&house, "session_ended").await.len(), 1);

    let house = open(Doors::default()).await;
    let id = account(&house, "desk", &posting(Role::Desk)).await;
    let here = enter(&house, "desk", PASSWORD).await;
    let there = enter(&house, "desk", PASSWORD).await;
    let wrong = json!({ "old": OTHER, "new": OTHER, "again": OTHER });
    assert_eq!(here.post("/api/account/password", wrong).await.status(), 422);
    let change = json!({ "old": PASSWORD, "new": OTHER, "again": OTHER });
    assert_eq!(here.post("/api/account/password", change).await.status(), 200);
    assert_eq!(
        (here.status("/").await, there.status("/").await),
        (200, 303),
        "other browsers log in anew"
    );
    house
        .store
        .post_account(id, "desk", &posting(Role::Auditor), crate::console::house::noon())
        .await
        .unwrap();
    assert_eq!(here.status("/").await, 303, "another role is another login");
    assert_eq!(enter(&house, "desk", OTHER).await.status("/audit").await, 200);
}

#[tokio::test]
async fn ten_thousand_guesses_are_refused_and_everybody_else_works_on() {
    const TRIES: usize = 10_000;
    let proxies: Vec<IpAddr> = vec!["127.0.0.1".parse().unwrap()];
    let house = open(Doors { proxies, ..Doors::default() }).await;
    account(&house, "desk", &posting(Role::Desk)).await;
    let working = staff(&house, "boss", &posting(Role::Supervisor)).await;
    let login = login_page(&house).await;
    let tries = futures::stream::iter(0..TRIES).map(|n| {
        let (login, house) = (&login, &house);
        async move {
            let (guess, from) = (format!("guess number {n}"), format!("198.51.100.{}", n % 200));
            login.enter(house, ("desk", &guess, ""), "", &from).await.status().as_u16()
        }
    });
    let statuses: Vec<u16> = tries.buffer_unordered(32).collect().await;
    let count = |wanted: u16| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!(count(401) + count(429), TRIES);
    assert!(count(401) <= PER_ACCOUNT.free as usize + 2, "{} were tried", count(401));
    assert_eq!(deeds(&house, "login_failed").await.len(), count(401));
    let refused = deeds(&house, "login_refused").await;
    assert!((8..=60).contains(&refused.len()), "{} rows", refused.len());
    assert!(refused.iter().all(|deed| deed.actor == "desk" && deed.detail.starts_with("refused ")));
    assert_eq!(house.get("/api/health").await.status(), 200);
    assert_eq!(working.status("/board").await, 200);
    enter(&house, "boss", PASSWORD).await;
    // The right password waits as long as a wrong one.
    let owner = login.enter(&house, ("desk", PASSWORD, ""), "", "203.0.113.9").await;
    assert_eq!(owner.status(), 429);
    assert!(owner.headers()["retry-after"].to_str().unwrap().parse::<u64>().unwrap() > 0);
    assert!(house.store.audit_deeds(None).await.unwrap().1.is_none());
}

pub fn now() -> Wall {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Wall::from_ms(since.as_millis() as i64)
}

#[tokio::test]
async fn a_second_factor_is_enrolled_asked_for_and_counts_once() {
    let house = open(Doors { second_factor: vec![Role::Auditor], ..Doors::default() }).await;
    let browser = staff(&house, "audit", &posting(Role::Auditor)).await;
    assert_eq!(browser.get("/audit").await.headers()["location"], "/account");
    assert_eq!(browser.status("/api/audit").await, 403);
    assert_eq!(browser.post("/api/account/second/begin", json!({})).await.status(), 200);
    let page = browser.page("/account").await;
    let secret = page.split("secret=").nth(1).unwrap().split('&').next().unwrap();
    let secret = Secret::parse(secret).unwrap();
    assert!(page.contains("otpauth://totp/Huiyin:audit?secret="));
    let code = |off: i64| code_at(&secret, step_of(now()) + off);
    let confirm = async |code: String| {
        browser.post("/api/account/second/confirm", json!({ "code": code })).await.status().as_u16()
    };
    assert_eq!(confirm(code(-9)).await, 422);
    assert_eq!(confirm(code(0)).await, 200);
    assert_eq!(browser.status("/audit").await, 200);
    assert_eq!(
        browser.post("/api/account/second/off", json!({ "old": PASSWORD })).await.status(),
        403
    );
    let login = login_page(&house).await;
    let mut entered = Vec::new();
    // The step after: it has not counted yet, and a clock may be ahead by so much.
    let fresh = code(1);
    for code in ["", "000000", &fresh, &fresh] {
        entered
            .push(login.enter(&house, ("audit", PASSWORD, code), "", "").await.status().as_u16());
    }
    assert_eq!(entered, [401, 401, 303, 401]);
    let page = browser.page("/account").await;
    assert!(!page.contains(&secret.base32()), "a secret that counts is not shown again");
}

#[tokio::test]
async fn bodies_that_are_too_large_or_too_slow_end() {
    let house = open(Doors::default()).await;
    let desk = staff(&house, "desk", &posting(Role::Desk)).await;
    let huge = json!({ "result": "x".repeat(100_000), "by": "y" });
    assert_eq!(desk.post("/api/tickets/1/close", huge).await.status(), 413);
    let login = login_page(&house).await;
    let long = login.enter(&house, ("desk", &"x".repeat(100_000), ""), "", "").await;
    assert_eq!(long.status(), 413);
    let mut slow = tokio::net::TcpStream::connect(house.at).await.unwrap();
    let head = format!(
        "POST /api/tickets/1/close HTTP/1.1\r\nhost: {}\r\ncookie: {}\r\nx-form-token: {}\r\n\
         content-type: application/json\r\ncontent-length: 1000\r\n\r\n{{\"result\"",
        house.at, desk.cookie, desk.form_token
    );
    slow.write_all(head.as_bytes()).await.unwrap();
    // Others are served meanwhile.
    for _ in 0..3 {
        assert_eq!(desk.ask(Method::GET, "/", None).await.status(), 200);
    }
    let mut answer = [0u8; 12];
    let read = tokio::time::timeout(Duration::from_secs(40), slow.read_exact(&mut answer));
    read.await.expect("a body that does not come is waited for without end").unwrap();
    assert_eq!(&answer, b"HTTP/1.1 503");
    let health: Value = house.get("/api/health").await.json().await.unwrap();
    assert_eq!(health["status"], "ok");
    assert!(house.commands.lock().unwrap().is_empty());
}
