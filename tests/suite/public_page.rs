//! The page for citizens: what it tells, to whom, how often, and what it does not lead to.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use huiyin::console::public::{self, Lockout, PER_ADDRESS, PER_TICKET, PUBLIC_ROUTES, Public};
use huiyin::console::{Commands, ROUTES, Rule};
use huiyin::hotline::{Command, Fact};
use huiyin::kernel::Moment;
use huiyin::kernel::limits::PUBLIC_TICKETS;
use huiyin::store::Store;
use tokio::sync::oneshot;

use crate::console::browser::{Browser, chromium, picture};
use crate::console::house::{NUMBER, TICKET, aftermath, complaint, library, noon};

/// What is asked and answers: when (minutes), from where, for which ticket, whether the digits were right; whether it was let
/// through.
const ASKED: &[(u64, &str, u64, bool, bool)] = &[
    // Five wrong for one ticket, from wherever.
    (0, "192.0.2.1", 1, false, true),
    (1, "192.0.2.2", 1, false, true),
    (2, "192.0.2.3", 1, false, true),
    (3, "192.0.2.4", 1, false, true),
    (4, "192.0.2.5", 1, false, true),
    (5, "192.0.2.6", 1, true, false),
    (359, "192.0.2.6", 1, true, false),
    (360, "192.0.2.6", 1, true, true),
    // Who knows the digits is not slowed down by asking often.
    (361, "192.0.2.6", 1, true, true),
    (361, "192.0.2.6", 1, true, true),
    (361, "192.0.2.6", 1, true, true),
    (361, "192.0.2.6", 1, true, true),
    (361, "192.0.2.6", 1, true, true),
    // Ten wrong from one address, for whatever tickets; a right one between is no leave.
    (400, "2001:db8::1", 11, false, true),
    (400, "2001:db8::2", 12, false, true),
    (400, "2001:db8::3", 13, false, true),
    (400, "2001:db8::4", 14, false, true),
    (400, "2001:db8::5", 15, true, true),
    (400, "2001:db8::6", 16, false, true),
    (400, "2001:db8::7", 17, false, true),
    (400, "2001:db8::8", 18, false, true),
    (400, "2001:db8::9", 19, false, true),
    (400, "2001:db8::a", 20, false, true),
    (400, "2001:db8::b", 21, false, true),
    (401, "2001:db8::c", 22, true, false),
    // The next network is another one, and so is the same one later.
    (401, "2001:db8:0:1::c", 22, true, true),
    (414, "2001:db8::c", 23, false, false),
    (415, "2001:db8::c", 23, false, true),
    // An address of IPv4 is one, however it is written.
    (500, "::ffff:198.51.100.1", 31, false, true),
    (500, "198.51.100.1", 32, false, true),
    (500, "198.51.100.1", 33, false, true),
    (500, "198.51.100.1", 34, false, true),
    (500, "198.51.100.1", 35, false, true),
    (500, "198.51.100.1", 36, false, true),
    (500, "198.51.100.1", 37, false, true),
    (500, "198.51.100.1", 38, false, true),
    (500, "198.51.100.1", 39, false, true),
    (500, "198.51.100.1", 40, false, true),
    (500, "::ffff:198.51.100.1", 41, false, false),
];

#[test]
fn guessing_is_slow_from_one_address_and_for_one_ticket() {
    let mut lockout = Lockout::default();
    for (n, (minute, address, ticket, right, passes)) in ASKED.iter().enumerate() {
        let now = Moment::from_ms(minute * 60_000);
        let address: IpAddr = address.parse().unwrap();
        let answer = lockout.ask(now, address, *ticket);
        assert_eq!(answer.is_ok(), *passes, "row {n} at minute {minute}: {answer:?}");
        if *right && answer.is_ok() {
            lockout.right(address, *ticket);
        }
    }
}

#[test]
fn a_pause_says_how_long_it_is_and_its_table_is_bounded() {
    let mut lockout = Lockout::default();
    let address = |n: u32| IpAddr::from(std::net::Ipv4Addr::from(n));
    let now = Moment::from_ms(1);
    for n in 0..PER_TICKET.wrong {
        lockout.ask(now, address(n), 7).unwrap();
    }
    let locked = lockout.ask(now + 1_000, address(99), 7).unwrap_err();
    assert_eq!(locked.wait_ms, PER_TICKET.within_ms - 1_000);
    // As many others as the table holds: the ticket is forgotten, and nothing grows without end.
    for n in 0..PUBLIC_TICKETS as u32 {
        lockout.ask(now + 2_000, address(1_000 + n), 1_000 + u64::from(n)).unwrap();
    }
    assert!(lockout.ask(now + 3_000, address(5), 7).is_ok());
    assert!(PER_ADDRESS.wrong > PER_TICKET.wrong, "one ticket is locked before a whole office is");
}

pub struct Page {
    pub at: SocketAddr,
    pub http: reqwest::Client,
    pub store: Store,
    pub folder: tempfile::TempDir,
    /// What the hotline was told.
    pub commands: Arc<Mutex<Vec<Command>>>,
    stop: Option<oneshot::Sender<()>>,
    served: tokio::task::JoinHandle<()>,
}

async fn page(proxies: &[&str]) -> Page {
    page_with(proxies, None).await
}

/// A hotline that keeps what citizens say of their calls, and remembers it.
fn keeping(store: &Store, told: &Arc<Mutex<Vec<Command>>>) -> Commands {
    let (store, told) = (store.clone(), told.clone());
    Arc::new(move |command| {
        let (store, at) = (store.clone(), noon());
        told.lock().unwrap().push(command.clone());
        Box::pin(async move {
            let fact = match command {
                Command::Thumb { call, utterance, up } => Fact::Thumb { call, utterance, up, at },
                Command::Photo { call, photo } => Fact::Photo { call, photo, at },
                _ => return None,
            };
            store.keep(&[fact]).await.unwrap();
            Some(Ok(()))
        })
    })
}

pub async fn page_with(proxies: &[&str], calls: huiyin::console::telephones::Line) -> Page {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("huiyin.db")).await.unwrap();
    store.keep(&complaint()).await.unwrap();
    store.keep(&aftermath()).await.unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let proxies = proxies.iter().map(|proxy| proxy.parse().unwrap()).collect();
    let commands = Arc::new(Mutex::new(Vec::new()));
    let kept = store.clone();
    let public = Public {
        hotline: "12345".into(),
        proxies,
        calls,
        commands: keeping(&store, &commands),
        library: Arc::new(library()),
        photos: folder.path().to_path_buf(),
        store,
    };
    let (stop, stopped) = oneshot::channel::<()>();
    let served = tokio::spawn(async move {
        let stopped = async move {
            let _ = stopped.await;
        };
        public::serve(listener, public, stopped).await.unwrap();
    });
    let http = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(10))
        .build()
        .unwrap();
    Page { at, http, store: kept, folder, commands, stop: Some(stop), served }
}

impl Page {
    async fn ask_as(&self, ticket: &str, digits: &str, forwarded: &str) -> (u16, String) {
        let body = format!("ticket={ticket}&digits={digits}");
        let mut request = self
            .http
            .post(format!("http://{}/", self.at))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        if !forwarded.is_empty() {
            request = request.header("x-forwarded-for", forwarded);
        }
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    async fn ask(&self, ticket: &str, digits: &str) -> (u16, String) {
        self.ask_as(ticket, digits, "").await
    }

    pub async fn stop(mut self) {
        let _ = self.stop.take().unwrap().send(());
        tokio::time::timeout(Duration::from_secs(5), self.served).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn who_has_number_and_digits_sees_the_steps_and_nothing_else() {
    let page = page(&[]).await;
    let ticket = TICKET.to_string();
    let (status, body) = page.ask(&ticket, "8000").await;
    assert_eq!(status, 200);
    for shown in ["已办结", "已登记", "工作人员正在办理", "aria-current=\"step\"", &ticket]
    {
        assert!(body.contains(shown), "no {shown}: {body}");
    }
    for hidden in [NUMBER, "8000", "李晓", "已责令停工", "噪声", "白龙桥", "打桩", "<script"]
    {
        assert!(!body.contains(hidden), "{hidden} is shown: {body}");
    }
    let spaced = format!("%EF%BC%92{}", &ticket[1..]);
    assert_eq!(page.ask(&spaced, "80+00").await.0, 200, "full-width figures and spaces");
    page.stop().await;
}

#[tokio::test]
async fn wrong_digits_and_no_such_ticket_are_answered_alike() {
    let page = page(&[]).await;
    let wrong = page.ask(&TICKET.to_string(), "1234").await;
    let none = page.ask("2611229999", "1234").await;
    assert_eq!((wrong.0, none.0), (404, 404));
    let plain = |body: &str| body.replace(&TICKET.to_string(), "N").replace("2611229999", "N");
    assert_eq!(plain(&wrong.1), plain(&none.1));
    assert!(wrong.1.contains("没有查到") && wrong.1.contains("role=\"alert\""));
    for (ticket, digits, at) in [
        ("123", "8000", "工单号是十位数字"),
        ("", "", "工单号是十位数字"),
        ("26112200x1", "8000", "工单号是十位数字"),
        ("2611220001", "80000", "最后四位数字"),
        ("2611220001", "", "最后四位数字"),
        ("%3Cb%3Ex", "8000", "&lt;b&gt;x"),
    ] {
        let (status, body) = page.ask(ticket, digits).await;
        assert!(status == 422 && body.contains(at), "{ticket} {digits}: {status} {body}");
        assert!(body.contains("aria-invalid=\"true\""), "{body}");
    }
    page.stop().await;
}

#[tokio::test]
async fn who_guesses_is_told_to_wait_and_a_neighbour_is_not() {
    let page = page(&["127.0.0.1"]).await;
    let ask =
        async |n: u32, from: &str| page.ask_as(&format!("26112255{n:02}"), "1234", from).await;
    for n in 0..PER_ADDRESS.wrong {
        let (status, _) = ask(n, "198.51.100.99, 192.0.2.1").await;
        assert_eq!(status, 404, "{n}");
    }
    // The last address counts: what stands before it anybody can write.
    let (status, body) = ask(50, "203.0.113.7, 192.0.2.1").await;
    assert_eq!(status, 429);
    assert!(body.contains("请过15分钟再查"), "{body}");
    let right = page.ask_as(&TICKET.to_string(), "8000", "192.0.2.1").await;
    assert_eq!(right.0, 429, "also for what they know");
    assert_eq!(page.ask_as(&TICKET.to_string(), "8000", "192.0.2.2").await.0, 200);
    page.stop().await;
}

#[tokio::test]
async fn a_forwarded_address_is_believed_of_proxies_alone() {
    let page = page(&[]).await;
    for n in 0..PER_ADDRESS.wrong {
        let forwarded = format!("192.0.2.{n}");
        let (status, _) = page.ask_as(&format!("26112255{n:02}"), "1234", &forwarded).await;
        assert_eq!(status, 404, "{n}");
    }
    assert_eq!(page.ask_as(&TICKET.to_string(), "8000", "192.0.2.77").await.0, 429);
    page.stop().await;
}

#[tokio::test]
async fn staffs_pages_are_not_on_this_address() {
    let page = page(&[]).await;
    assert!(PUBLIC_ROUTES.iter().all(|route| route.rule == Rule::Anyone));
    for route in ROUTES.iter().filter(|route| route.path != "/") {
        let path = route.path.replace("{id}", "1").replace("{name}", "main.js");
        let url = format!("http://{}{}", page.at, path.replace("{slot}", "unit"));
        let response = page.http.request(route.method.clone(), url).send().await.unwrap();
        assert_eq!(response.status(), 404, "{} {}", route.method, route.path);
    }
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"] {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let url = format!("http://{}/", page.at);
        assert_eq!(page.http.request(method, url).send().await.unwrap().status(), 404);
    }
    let response = page.http.get(format!("http://{}/", page.at)).send().await.unwrap();
    let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("script"), "{policy}");
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert_eq!(response.headers()["referrer-policy"], "no-referrer");
    let body = response.text().await.unwrap();
    assert!(body.contains("lang=\"zh-CN\"") && !body.contains("<script"), "{body}");
    let big = "x".repeat(10_000);
    assert_eq!(page.ask(&big, "8000").await.0, 422, "a body that is no such form");
    page.stop().await;
}

#[tokio::test]
async fn in_a_browser_it_is_used_with_the_keyboard_alone() {
    let Some(program) = chromium() else { return };
    let page = page(&[]).await;
    let mut browser = Browser::start(&program).await;
    browser.open(&format!("http://{}/", page.at)).await;
    let value = browser.value("document.activeElement.id").await;
    assert_eq!(value, "ticket", "one can type at once");
    let named = "[...document.querySelectorAll('input')].every(i => i.labels.length === 1 &&
        i.getAttribute('aria-describedby').split(' ').every(id => document.getElementById(id)))";
    assert_eq!(browser.value(named).await, true);
    let size = "parseFloat(getComputedStyle(document.querySelector('label')).fontSize) >= 20 &&
        document.documentElement.scrollWidth <= innerWidth";
    assert_eq!(browser.value(size).await, true, "large, and no wider than the window");
    let fill = format!(
        "document.querySelector('#ticket').value = '{TICKET}';
         document.querySelector('#digits').value = '8000';
         document.querySelector('form').requestSubmit(); true"
    );
    browser.value(&fill).await;
    browser.until("document.querySelector('li[aria-current=step]') !== null").await;
    assert!(browser.text().await.contains("已办结"));
    assert_eq!(browser.value("document.scripts.length").await, 0);
    assert_eq!(browser.value("location.search").await, "", "nothing asked stands in the address");
    browser.close().await;
    page.stop().await;
}

/// Takes pictures of the page, where `HUIYIN_SCREENSHOTS` names a folder.
#[tokio::test]
async fn pictures_of_the_page_for_citizens() {
    let (Ok(folder), Some(program)) = (std::env::var("HUIYIN_SCREENSHOTS"), chromium()) else {
        return;
    };
    let page = page(&[]).await;
    let url = format!("http://{}/", page.at);
    for dark in [false, true] {
        let name = if dark { "public-dark" } else { "public" };
        picture(&program, &url, &format!("{folder}/{name}.png"), dark).await;
    }
    // What an answer looks like: the same page, kept as a file with its style beside it.
    let style =
        page.http.get(format!("{url}style.css")).send().await.unwrap().text().await.unwrap();
    let answers = [
        ("public-found", page.ask(&TICKET.to_string(), "8000").await.1),
        ("public-wrong", page.ask(&TICKET.to_string(), "1111").await.1),
    ];
    let kept = tempfile::tempdir().unwrap();
    for (name, body) in answers {
        let sheet = format!("<style>{style}</style>");
        let body = body.replace("<link rel=\"stylesheet\" href=\"/style.css\">", &sheet);
        let file = kept.path().join(format!("{name}.html"));
        std::fs::write(&file, body).unwrap();
        let url = format!("file://{}", file.display());
        picture(&program, &url, &format!("{folder}/{name}.png"), false).await;
    }
    page.stop().await;
}
