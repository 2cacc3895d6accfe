//! Accounts for tests, and a browser as far as logins need one.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use huiyin::access::{AccountId, Posting, Role, SALT_BYTES, hashed};
use huiyin::console::Doors;
use huiyin::desk::dispatch::Level;
use huiyin::desk::ticket::{Assignment, UnitRef};
use huiyin::desk::{Actor, TicketEvent};
use huiyin::hotline::Fact;
use huiyin::kernel::{AgentId, Pii, TicketId};
use huiyin::store::{DeedRow, NewAccount, WhichDeeds};
use reqwest::{Method, Response};
use serde_json::Value;

use crate::console::house::{CHEAP, House, TICKET, complaint, fields, happens, noon, with_doors};

pub const PASSWORD: &str = "河边三只白鹭飞过青山去";
pub const OTHER: &str = "山上五棵松树站成了一排";
pub const FORM: &str = "application/x-www-form-urlencoded";

pub async fn open(doors: Doors) -> House {
    with_doors(None, Arc::new(|_| Some(Ok(()))), Doors { cost: CHEAP, ..doors }, None).await
}

/// An account without a login.
pub async fn account(house: &House, name: &str, posting: &Posting) -> AccountId {
    let password = hashed(&Pii::new(PASSWORD.to_owned()), &[3; SALT_BYTES], CHEAP).unwrap();
    let new = NewAccount { name, display: name, posting, password: &password, must_change: false };
    house.store.add_account(&new, noon()).await.unwrap().unwrap()
}

pub fn posting(role: Role) -> Posting {
    match role {
        Role::Unit => unit(CODE),
        Role::Agent => agent(1),
        role => Posting::new(role, None, None).unwrap(),
    }
}

pub const CODE: &str = "police-330703";

pub fn unit(code: &str) -> Posting {
    Posting::new(Role::Unit, Some(code.into()), None).unwrap()
}

pub fn agent(id: u64) -> Posting {
    Posting::new(Role::Agent, None, Some(AgentId(id))).unwrap()
}

/// Somebody who is logged in: their cookie and the form token of their pages.
pub struct Browser<'a> {
    pub house: &'a House,
    pub cookie: String,
    pub form_token: String,
}

pub fn form_token(page: &str) -> String {
    let field = "name=\"form_token\" value=\"";
    page.split(field).nth(1).unwrap().split('"').next().unwrap().to_owned()
}

/// The value of a cookie that an answer sets.
pub fn cookie(response: &Response, name: &str) -> Option<String> {
    let all = response.headers().get_all("set-cookie").iter();
    let mut pairs =
        all.filter_map(|value| value.to_str().unwrap().split(';').next()?.split_once('='));
    pairs.find_map(|(key, value)| (key == name).then(|| value.to_owned()))
}

pub struct Login {
    pub door: String,
    pub form_token: String,
}

pub async fn login_page(house: &House) -> Login {
    let page = house.get("/login").await;
    assert_eq!(page.status(), 200);
    let door = cookie(&page, "huiyin_door").unwrap();
    Login { form_token: form_token(&page.text().await.unwrap()), door }
}

impl Login {
    /// `cookies`: what the browser has beside.
    pub async fn enter(
        &self,
        house: &House,
        (name, password, code): (&str, &str, &str),
        cookies: &str,
        from: &str,
    ) -> Response {
        let body = format!(
            "form_token={}&name={name}&password={}&code={code}",
            self.form_token,
            escaped(password)
        );
        let request = house.http.post(house.url("/login")).header("content-type", FORM);
        let request = request.header("cookie", format!("huiyin_door={}; {cookies}", self.door));
        request.header("x-forwarded-for", from).body(body).send().await.unwrap()
    }
}

fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Logs in with an account that is there.
pub async fn enter<'a>(house: &'a House, name: &str, password: &str) -> Browser<'a> {
    let entered = login_page(house).await.enter(house, (name, password, ""), "", "192.0.2.1").await;
    assert_eq!(entered.status(), 303, "{name} is let in");
    let cookie = format!("huiyin_session={}", cookie(&entered, "huiyin_session").unwrap());
    let page = house.http.get(house.url("/account")).header("cookie", &cookie);
    let page = page.send().await.unwrap().text().await.unwrap();
    Browser { house, cookie, form_token: form_token(&page) }
}

/// A new account, logged in.
pub async fn staff<'a>(house: &'a House, name: &str, posting: &Posting) -> Browser<'a> {
    account(house, name, posting).await;
    enter(house, name, PASSWORD).await
}

impl Browser<'_> {
    pub async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Response {
        let request = self.house.http.request(method, self.house.url(path));
        let request = request.header("cookie", &self.cookie);
        let request = match body {
            Some(body) => request.header("x-form-token", &self.form_token).json(&body),
            None => request,
        };
        request.send().await.unwrap()
    }

    pub async fn get(&self, path: &str) -> Response {
        self.ask(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Response {
        self.ask(Method::POST, path, Some(body)).await
    }

    pub async fn status(&self, path: &str) -> u16 {
        self.get(path).await.status().as_u16()
    }

    pub async fn json(&self, path: &str) -> Value {
        let response = self.get(path).await;
        assert_eq!(response.status(), 200, "{path}");
        response.json().await.unwrap()
    }

    pub async fn page(&self, path: &str) -> String {
        let response = self.get(path).await;
        assert_eq!(response.status(), 200, "{path}");
        response.text().await.unwrap()
    }
}

/// The audit, the oldest first.
pub async fn deeds(house: &House, action: &str) -> Vec<DeedRow> {
    let which = WhichDeeds { action, actor: "", before: i64::MAX, limit: 1_000_000 };
    let mut rows = house.store.deeds(&which).await.unwrap();
    rows.reverse();
    rows
}

/// The complaint of call 1, dispatched to the unit with `CODE`.
pub fn dispatched() -> Vec<Fact> {
    let mut facts = complaint();
    let at = noon();
    let call = huiyin::kernel::CallId(1);
    let mut ticket = huiyin::desk::Ticket::open(TicketId(TICKET), call, at);
    happens(&mut ticket, TicketEvent::Drafted { fields: fields() }, Actor::robot(), at);
    happens(&mut ticket, TicketEvent::Registered, Actor::robot(), at);
    let owner =
        UnitRef {
            code: CODE.into(), name: "婺城区综合行政执法局".into(), level: Level::County
        };
    let to = Assignment {
        owner,
        with: Vec::new(),
        copied: Vec::new(),
        member: None,
        clock: None,
        rule: String::new(),
    };
    let by = Actor::desk("陈静");
    facts.push(happens(&mut ticket, TicketEvent::Dispatched { to }, by, at.plus_ms(1000)));
    facts
}
