//! The 49 messages of RFC 4475 on real sockets, guard and stack together: what the RFC demands of a user agent server,
//! and what is done here. Whoever is called is busy, so 486 says that a call was taken up to its last step.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use huiyin::call::{SignalEvent, SipConfig, SipStack};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use super::guard::torture_folder;
use super::wire_sip::{LOOPBACK, PATIENCE, ids};

/// What the RFC lets a server do.
#[derive(Clone, Copy, Debug)]
enum Demand {
    /// Well-formed, for whoever has the method, the dialog, the registrar: no 400.
    Taken,
    /// One of these.
    Refused(&'static [u16]),
    /// Discarded without a word.
    Silence,
}
use Demand::{Refused, Silence, Taken};

/// What is done over UDP and over TCP; empty: nothing is said.
struct Row(&'static str, &'static str, Demand, &'static [u16], &'static [u16]);

const fn same(
    section: &'static str,
    name: &'static str,
    demand: Demand,
    done: &'static [u16],
) -> Row {
    Row(section, name, demand, done, done)
}

/// Malformed: 400, or for who can read it anyway what the method would get.
const MALFORMED: Demand = Refused(&[400]);

#[rustfmt::skip]
const TABLE: [Row; 49] = [
    // Its To has a tag: a dialog that is not there.
    same("3.1.1.1", "wsinv", Taken, &[481]),
    same("3.1.1.2", "intmeth", Refused(&[501, 405]), &[501]),
    same("3.1.1.3", "esc01", Taken, &[486]),
    // REGISTER: no registrar is here. The same below.
    same("3.1.1.4", "escnull", Taken, &[405]),
    // RE%47IST%45R is not REGISTER.
    same("3.1.1.5", "esc02", Refused(&[501]), &[501]),
    same("3.1.1.6", "lwsdisp", Taken, &[200]),
    same("3.1.1.7", "longreq", Taken, &[486]),
    // A datagram ends with its message; on a stream the INVITE behind it is the next one, and it has no Contact.
    Row("3.1.1.8", "dblreq", Taken, &[405], &[405, 400]),
    same("3.1.1.9", "semiuri", Taken, &[200]),
    same("3.1.1.10", "transports", Taken, &[200]),
    same("3.1.1.11", "mpart01", Taken, &[405]),
    same("3.1.1.12", "unreason", Silence, &[]),
    same("3.1.1.13", "noreason", Silence, &[]),
    same("3.1.2.1", "badinv01", MALFORMED, &[400]),
    // On a stream the rest may still come.
    Row("3.1.2.2", "clerr", MALFORMED, &[400], &[]),
    same("3.1.2.3", "ncl", MALFORMED, &[400]),
    same("3.1.2.4", "scalar02", MALFORMED, &[400]),
    same("3.1.2.5", "scalarlg", Silence, &[]),
    same("3.1.2.6", "quotbal", MALFORMED, &[400]),
    same("3.1.2.7", "ltgtruri", MALFORMED, &[400]),
    same("3.1.2.8", "lwsruri", MALFORMED, &[400]),
    same("3.1.2.9", "lwsstart", MALFORMED, &[400]),
    same("3.1.2.10", "trws", MALFORMED, &[400]),
    same("3.1.2.11", "escruri", MALFORMED, &[400]),
    // A Date that nobody needs should refuse nobody.
    same("3.1.2.12", "baddate", Taken, &[486]),
    same("3.1.2.13", "regbadct", MALFORMED, &[400]),
    same("3.1.2.14", "badaspec", MALFORMED, &[400]),
    same("3.1.2.15", "baddn", MALFORMED, &[400]),
    same("3.1.2.16", "badvers", Refused(&[505]), &[505]),
    same("3.1.2.17", "mismatch01", MALFORMED, &[400]),
    same("3.1.2.18", "mismatch02", Refused(&[501, 400]), &[400]),
    same("3.1.2.19", "bigcode", Silence, &[]),
    // A branch of the cookie alone: matched as RFC 2543 does.
    same("3.2.1", "badbranch", Taken, &[200]),
    same("3.3.1", "insuf", MALFORMED, &[400]),
    same("3.3.2", "unkscm", Refused(&[416]), &[416]),
    same("3.3.3", "novelsc", Refused(&[416]), &[416]),
    same("3.3.4", "unksm2", Taken, &[405]),
    same("3.3.5", "bext01", Refused(&[420]), &[420]),
    same("3.3.6", "invut", Refused(&[415]), &[415]),
    same("3.3.7", "regaut01", Taken, &[405]),
    same("3.3.8", "multi01", MALFORMED, &[400]),
    same("3.3.9", "mcl01", MALFORMED, &[400]),
    same("3.3.10", "bcast", Silence, &[]),
    // Max-Forwards is for proxies: an endpoint answers as if it were positive.
    same("3.3.11", "zeromf", Taken, &[200]),
    same("3.3.12", "cparam01", Taken, &[405]),
    same("3.3.13", "cparam02", Taken, &[405]),
    same("3.3.14", "regescrt", Taken, &[405]),
    same("3.3.15", "sdp01", Refused(&[406]), &[406]),
    // RFC 2543: "should be accepted by elements that want to maintain backwards compatibility". It has no tag and no
    // Contact, so no dialog can be made of it, and it is refused as any other INVITE without them.
    same("3.4.1", "inv2543", Refused(&[200, 400]), &[400]),
];

/// A line whose people are busy.
async fn busy_line() -> (Arc<dyn huiyin::call::Signalling>, tokio::task::JoinHandle<()>) {
    let config = SipConfig { listen: LOOPBACK, ..SipConfig::default() };
    let (line, mut events) = SipStack::start(config, ids()).await.unwrap();
    let busy = line.clone();
    let desk = tokio::spawn(async move {
        while let Some(event) = events.recv().await {
            if let SignalEvent::Invite { leg, .. } = event {
                busy.reject(leg, 486).await.unwrap();
            }
        }
    });
    (line, desk)
}

/// A request whose answer says that what was sent before it has been dealt with.
fn probe(transport: &str, number: usize) -> Vec<u8> {
    format!(
        "OPTIONS sip:12345@127.0.0.1 SIP/2.0\r\n\
         Via: SIP/2.0/{transport} 127.0.0.1:5060;branch=z9hG4bKprobe{number}\r\n\
         From: <sip:probe@127.0.0.1>;tag=p{number}\r\nTo: <sip:12345@127.0.0.1>\r\n\
         Call-ID: probe-{number}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )
    .into_bytes()
}

fn header<'a>(text: &'a str, names: &[&str]) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        names.iter().any(|n| n.eq_ignore_ascii_case(name.trim())).then(|| value.trim())
    })
}

/// Final answers by Call-ID, each once, in their order.
#[derive(Default)]
struct Heard(BTreeMap<String, Vec<u16>>);

impl Heard {
    fn take(&mut self, text: &str) {
        let status: u16 = text.get(8..11).and_then(|code| code.parse().ok()).expect("a status");
        let call = header(text, &["Call-ID"]).unwrap_or_default().to_owned();
        let heard = self.0.entry(call).or_default();
        if status >= 200 && !heard.contains(&status) {
            heard.push(status);
        }
    }

    fn of(&self, call: &str) -> &[u16] {
        self.0.get(call).map_or(&[], Vec::as_slice)
    }
}

/// Sends one message over UDP; what is heard until the probe behind it, and what must be heard, is answered.
async fn over_udp(
    sockets: &[UdpSocket; 2],
    to: SocketAddr,
    message: &[u8],
    number: usize,
    call: &str,
    wanted: usize,
) -> Vec<u16> {
    let mut heard = Heard::default();
    sockets[0].send_to(message, to).await.unwrap();
    sockets[0].send_to(&probe("UDP", number), to).await.unwrap();
    let probed = format!("probe-{number}");
    let (mut first, mut second) = (vec![0; 65_535], vec![0; 65_535]);
    let listening = async {
        while heard.of(&probed).is_empty() || heard.of(call).len() < wanted {
            let text = tokio::select! {
                len = sockets[0].recv(&mut first) => String::from_utf8_lossy(&first[..len.unwrap()]).into_owned(),
                len = sockets[1].recv(&mut second) => String::from_utf8_lossy(&second[..len.unwrap()]).into_owned(),
            };
            heard.take(&text);
        }
    };
    timeout(PATIENCE / 4, listening).await.ok();
    heard.of(call).to_vec()
}

/// The same over a connection of its own. What breaks the framing closes it.
async fn over_tcp(
    to: SocketAddr,
    message: &[u8],
    number: usize,
    calls: &[&str],
    wanted: usize,
) -> Vec<u16> {
    let mut heard = Heard::default();
    let mut stream = TcpStream::connect(to).await.unwrap();
    stream.write_all(message).await.unwrap();
    stream.write_all(&probe("TCP", number)).await.ok();
    let probed = format!("probe-{number}");
    let mut buffer = Vec::new();
    let listening = async {
        let answered = |heard: &Heard| calls.iter().map(|call| heard.of(call).len()).sum::<usize>();
        while heard.of(&probed).is_empty() || answered(&heard) < wanted {
            let mut chunk = [0; 4_096];
            match stream.read(&mut chunk).await {
                Ok(0) | Err(_) => return,
                Ok(len) => buffer.extend_from_slice(&chunk[..len]),
            }
            while let Some(end) = buffer.windows(4).position(|w| w == b"\r\n\r\n") {
                let head: Vec<u8> = buffer.drain(..end + 4).collect();
                heard.take(&String::from_utf8_lossy(&head));
            }
        }
    };
    // Where a message waits for its rest nothing comes at all.
    timeout(if wanted == 0 { PATIENCE / 40 } else { PATIENCE / 4 }, listening).await.ok();
    calls.iter().flat_map(|call| heard.of(call).to_vec()).collect()
}

fn holds(demand: Demand, done: &[u16]) -> bool {
    match demand {
        Taken => !done.is_empty() && !done.contains(&400),
        Refused(codes) => done.len() == 1 && codes.contains(&done[0]),
        Silence => done.is_empty(),
    }
}

#[tokio::test]
async fn all_49_torture_messages_get_what_rfc_4475_demands() {
    let Some(folder) = torture_folder() else { return };
    // The messages ask for answers at ports 5060 and 5050 of where they come from: an address nobody else has.
    let own = |port: u16| UdpSocket::bind(SocketAddr::from(([127, 44, 75, 1], port)));
    let (Ok(main), Ok(other)) = (own(5060).await, own(5050).await) else {
        eprintln!("skipped: 127.44.75.1 cannot be bound here");
        return;
    };
    let sockets = [main, other];
    // A line for each way: on one, the second copy would be a repetition of the first.
    let ((line, desk), (stream_line, stream_desk)) = (busy_line().await, busy_line().await);
    let mut wrong = Vec::new();
    for (number, Row(section, name, demand, udp, tcp)) in TABLE.iter().enumerate() {
        let message = std::fs::read(folder.join(format!("{name}.dat"))).unwrap();
        let text = String::from_utf8_lossy(&message).into_owned();
        let call = header(&text, &["Call-ID", "i"]).unwrap_or_default();
        let done = over_udp(&sockets, line.listening(), &message, number, call, udp.len()).await;
        if done != *udp || !holds(*demand, &done) {
            wrong.push(format!("{section} {name} over UDP: {done:?}; {demand:?}, ours {udp:?}"));
        }
        let behind = text.rsplit("\r\nCall-ID:").next().and_then(|rest| rest.lines().next());
        let mut calls = vec![call];
        calls.extend(behind.map(str::trim).filter(|id| tcp.len() > 1 && *id != call));
        let done =
            over_tcp(stream_line.listening(), &message, 100 + number, &calls, tcp.len()).await;
        if done != *tcp {
            wrong.push(format!("{section} {name} over TCP: {done:?}; {demand:?}, ours {tcp:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of 98:\n{}", wrong.len(), wrong.join("\n"));
    for (line, desk) in [(line, desk), (stream_line, stream_desk)] {
        desk.abort();
        line.shutdown(PATIENCE).await;
    }
}
