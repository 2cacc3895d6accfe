//! What may cross on the way: a peer that says exactly what it is told to, datagram by datagram, and the telephone line.
//! T1 is short, so that 64*T1 is seconds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::SocketAddr;
use std::time::Duration;

use huiyin::call::leg::Failure;
use huiyin::call::{EndReason, ReinviteAnswer, SignalEvent, SipConfig, sdp};
use huiyin::kernel::LegId;
use tokio::net::UdpSocket;
use tokio::time::timeout;

use super::wire_sip::{LOOPBACK, Line, PATIENCE, dial, local};

const T1: Duration = Duration::from_millis(20);
const OFFER: &str = "v=0\r\no=p 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 6000 RTP/AVP 8 0\r\n";

pub fn quick() -> SipConfig {
    SipConfig { listen: LOOPBACK, t1: T1, ..SipConfig::default() }
}

/// A telephone made of one socket. What it hears it keeps until it is asked for.
pub struct Peer {
    socket: UdpSocket,
    line: SocketAddr,
    /// The line's tag.
    tag: String,
    kept: Vec<String>,
}

impl Peer {
    pub async fn of(line: &Line) -> Peer {
        let socket = UdpSocket::bind(LOOPBACK).await.unwrap();
        Peer { socket, line: line.line.listening(), tag: String::new(), kept: Vec::new() }
    }

    pub async fn send(&self, text: &str) {
        self.socket.send_to(text.as_bytes(), self.line).await.unwrap();
    }

    /// A request of the call, with the line's tag as far as it is known.
    pub async fn ask(&self, method: &str, cseq: u32, branch: &str, headers: &str, body: &str) {
        let (line, me) = (self.line, self.socket.local_addr().unwrap());
        let tag = if self.tag.is_empty() { String::new() } else { format!(";tag={}", self.tag) };
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        self.send(&format!(
            "{method} sip:12345@{line} SIP/2.0\r\nVia: SIP/2.0/UDP {me};branch=z9hG4bK{branch}\r\n\
             From: <sip:13800001234@{me}>;tag=p\r\nTo: <sip:12345@{line}>{tag}\r\nCall-ID: {me}\r\n\
             CSeq: {cseq} {method}\r\nContact: <sip:13800001234@{me}>\r\nMax-Forwards: 70\r\n{headers}{kind}\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        ))
        .await;
    }

    /// ACK of a 200: a transaction of its own.
    pub async fn ack(&self, cseq: u32) {
        let (line, me) = (self.line, self.socket.local_addr().unwrap());
        self.send(&format!(
            "ACK sip:12345@{line} SIP/2.0\r\nVia: SIP/2.0/UDP {me};branch=z9hG4bKack{cseq}\r\n\
             From: <sip:13800001234@{me}>;tag=p\r\nTo: <sip:12345@{line}>;tag={}\r\nCall-ID: {me}\r\n\
             CSeq: {cseq} ACK\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
            self.tag
        ))
        .await;
    }

    /// Answers a request that was heard.
    pub async fn reply(&self, request: &str, status: &str, headers: &str, body: &str) {
        let me = self.socket.local_addr().unwrap();
        let mut text = format!("SIP/2.0 {status}\r\n");
        for line in request.lines().take_while(|line| !line.is_empty()) {
            let name = line.split(':').next().unwrap();
            if ["Via", "From", "Call-ID", "CSeq"].contains(&name) {
                text.push_str(&format!("{line}\r\n"));
            } else if name == "To" {
                let tag =
                    if line.contains("tag=") || status.starts_with("100") { "" } else { ";tag=p" };
                text.push_str(&format!("{line}{tag}\r\n"));
            }
        }
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        let length = body.len();
        self.send(&format!(
            "{text}Contact: <sip:13800001234@{me}>\r\n{headers}{kind}Content-Length: {length}\r\n\r\n{body}"
        ))
        .await;
    }

    async fn listen(&mut self) -> String {
        let mut buffer = vec![0; 8_192];
        let len =
            timeout(PATIENCE, self.socket.recv(&mut buffer)).await.expect("a message").unwrap();
        String::from_utf8_lossy(&buffer[..len]).into_owned()
    }

    /// The next message that begins so and belongs to a request of that method.
    pub async fn hear(&mut self, begins: &str, method: &str) -> String {
        let fits = |text: &String| text.starts_with(begins) && cseq(text).ends_with(method);
        loop {
            if let Some(at) = self.kept.iter().position(fits) {
                let text = self.kept.remove(at);
                self.learn(&text);
                return text;
            }
            let text = self.listen().await;
            self.kept.push(text);
        }
    }

    /// What has come until an OPTIONS sent now is answered; a message of these does not come any more, or not yet.
    pub async fn so_far(&mut self, number: u32) -> Vec<String> {
        let (line, me) = (self.line, self.socket.local_addr().unwrap());
        self.send(&format!(
            "OPTIONS sip:12345@{line} SIP/2.0\r\nVia: SIP/2.0/UDP {me};branch=z9hG4bKo{number}\r\n\
             From: <sip:o@{me}>;tag=o\r\nTo: <sip:12345@{line}>\r\nCall-ID: o{me}\r\nCSeq: {number} OPTIONS\r\n\
             Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        ))
        .await;
        self.hear("SIP/2.0 ", &format!("{number} OPTIONS")).await;
        std::mem::take(&mut self.kept)
    }

    fn learn(&mut self, text: &str) {
        if cseq(text).ends_with("OPTIONS") {
            return;
        }
        let to = text.lines().find(|line| line.starts_with("To:")).unwrap_or_default();
        if let (true, Some((_, tag))) = (text.starts_with("SIP/2.0"), to.split_once("tag=")) {
            self.tag = tag.to_owned();
        } else if let Some((_, tag)) = text
            .lines()
            .find(|line| line.starts_with("From:"))
            .and_then(|line| line.split_once("tag="))
            .filter(|_| !text.starts_with("SIP/2.0"))
        {
            self.tag = tag.to_owned();
        }
    }

    /// Calls and is answered; the 200 is not acknowledged yet.
    pub async fn call(&mut self, line: &mut Line, headers: &str) -> LegId {
        self.ask("INVITE", 1, "inv", headers, OFFER).await;
        let (leg, offer) = line.invited().await;
        line.answer(leg, &offer).await;
        self.hear("SIP/2.0 200", "INVITE").await;
        leg
    }

    /// Calls, is answered, and talks.
    pub async fn talk(&mut self, line: &mut Line, headers: &str) -> LegId {
        let leg = self.call(line, headers).await;
        self.ack(1).await;
        assert!(matches!(line.next().await, SignalEvent::Confirmed { .. }));
        leg
    }

    /// Hangs up, and everybody agrees.
    async fn hang_up(&mut self, line: &mut Line, cseq: u32) {
        self.ask("BYE", cseq, "bye", "", "").await;
        self.hear("SIP/2.0 200", "BYE").await;
        assert_eq!(line.ended().await, EndReason::HungUpByPeer);
    }
}

pub fn cseq(text: &str) -> String {
    let line = text.lines().find(|line| line.starts_with("CSeq:")).unwrap_or_default();
    line.trim_start_matches("CSeq:").trim().to_owned()
}

/// Whether there is a message that begins so among them.
fn holds(messages: &[String], begins: &str) -> bool {
    messages.iter().any(|text| text.starts_with(begins))
}

#[tokio::test]
async fn a_cancel_that_crosses_our_200_changes_nothing() {
    let mut line = Line::open_with(quick()).await;
    let mut peer = Peer::of(&line).await;
    peer.call(&mut line, "").await;
    let tag = std::mem::take(&mut peer.tag);
    peer.ask("CANCEL", 1, "inv", "", "").await;
    let cancelled = peer.hear("SIP/2.0 200", "CANCEL").await;
    assert!(cancelled.contains(&tag), "the To tag of the call (RFC 3261 9.2): {cancelled}");
    peer.ack(1).await;
    assert!(matches!(line.next().await, SignalEvent::Confirmed { .. }));
    assert!(!holds(&peer.so_far(2).await, "SIP/2.0 487"));
    peer.hang_up(&mut line, 2).await;
    line.close().await;
}

/// OPTIONS says what an INVITE would get, and when to come again.
#[tokio::test]
async fn options_tell_the_truth() {
    let mut line = Line::open_with(quick()).await;
    let mut peer = Peer::of(&line).await;
    let mut cseq = 0;
    for (full, drain, status) in
        [(false, false, "200"), (true, false, "503"), (false, true, "503"), (false, false, "200")]
    {
        line.line.full(full);
        line.line.drain(drain);
        cseq += 1;
        peer.ask("OPTIONS", cseq, &format!("o{cseq}"), "", "").await;
        let answer = peer.hear("SIP/2.0 ", "OPTIONS").await;
        assert!(answer.starts_with(&format!("SIP/2.0 {status} ")), "{answer}");
        let named: &[&str] = match status {
            "200" => &["Allow: INVITE,", "Accept: application/sdp", "Supported: 100rel, timer"],
            _ => &["Retry-After: "],
        };
        assert!(named.iter().all(|header| answer.contains(header)), "{answer}");
        if status == "503" {
            peer.tag.clear();
            peer.ask("INVITE", cseq, &format!("i{cseq}"), "", OFFER).await;
            assert!(peer.hear("SIP/2.0 503", "INVITE").await.contains("Retry-After: "));
            peer.ask("ACK", cseq, &format!("i{cseq}"), "", "").await;
            peer.tag.clear();
        }
    }
    // The house itself may say no to a call that was let in.
    peer.ask("INVITE", 9, "i9", "", OFFER).await;
    let (leg, _) = line.invited().await;
    line.line.reject(leg, 503).await.unwrap();
    assert!(peer.hear("SIP/2.0 503", "INVITE").await.contains("Retry-After: "));
    assert_eq!(line.ended().await, EndReason::Rejected(503));
    peer.ask("ACK", 9, "i9", "", "").await;
    line.close().await;
}

#[tokio::test]
async fn a_cancel_for_nobody_gets_481() {
    let line = Line::open_with(quick()).await;
    let mut peer = Peer::of(&line).await;
    peer.ask("CANCEL", 1, "never", "", "").await;
    peer.hear("SIP/2.0 481", "CANCEL").await;
    line.close().await;
}

#[tokio::test]
async fn a_repeated_invite_is_the_same_call() {
    let mut line = Line::open_with(quick()).await;
    let mut peer = Peer::of(&line).await;
    peer.ask("INVITE", 1, "inv", "", OFFER).await;
    let (leg, offer) = line.invited().await;
    line.line.ring(leg, None).await.unwrap();
    peer.hear("SIP/2.0 180", "INVITE").await;
    let tag = std::mem::take(&mut peer.tag);
    peer.ask("INVITE", 1, "inv", "", OFFER).await;
    assert!(peer.hear("SIP/2.0 180", "INVITE").await.contains(&tag));
    line.answer(leg, &offer).await;
    peer.hear("SIP/2.0 200", "INVITE").await;
    peer.ack(1).await;
    // Nobody is invited in between.
    assert!(matches!(line.next().await, SignalEvent::Confirmed { .. }));
    peer.ask("INVITE", 1, "inv", "", OFFER).await;
    peer.so_far(2).await;
    assert_eq!(line.line.legs(), 1);
    peer.hang_up(&mut line, 2).await;
    line.close().await;
}

/// RFC 3261 13.3.1.4.
#[tokio::test]
async fn a_200_is_repeated_until_its_ack_comes() {
    let mut line = Line::open_with(quick()).await;
    let mut peer = Peer::of(&line).await;
    peer.call(&mut line, "").await;
    for _ in 0..3 {
        peer.hear("SIP/2.0 200", "INVITE").await;
    }
    peer.ack(1).await;
    assert!(matches!(line.next().await, SignalEvent::Confirmed { .. }));
    peer.so_far(2).await;
    // A late ACK again, as a network may bring it: nobody says anything.
    peer.ack(1).await;
    let after = peer.so_far(3).await;
    assert!(after.is_empty(), "{after:?}");
    peer.hang_up(&mut line, 2).await;
    line.close().await;
}

#[tokio::test]
async fn a_call_whose_ack_is_lost_is_hung_up() {
    let mut line = Line::open_with(quick()).await;
    let mut peer = Peer::of(&line).await;
    let began = tokio::time::Instant::now();
    peer.call(&mut line, "").await;
    let bye = peer.hear("BYE", "BYE").await;
    assert!(began.elapsed() >= T1 * 60, "not before 64*T1");
    peer.reply(&bye, "200 OK", "", "").await;
    assert_eq!(line.ended().await, EndReason::Failed(Failure::NoAck));
    peer.ack(1).await;
    let late = peer.so_far(2).await;
    assert!(!holds(&late, "SIP/2.0 4"), "{late:?}");
    let another = |text: &&String| text.starts_with("BYE") && cseq(text) != cseq(&bye);
    assert_eq!(late.iter().find(another), None, "one BYE, perhaps repeated");
    assert_eq!(line.line.legs(), 0);
    line.close().await;
}

#[tokio::test]
async fn a_bye_may_overtake_the_ack() {
    let mut line = Line::open_with(quick()).await;
    let mut peer = Peer::of(&line).await;
    peer.call(&mut line, "").await;
    peer.hang_up(&mut line, 2).await;
    peer.ack(1).await;
    peer.so_far(2).await;
    assert_eq!(line.line.legs(), 0);
    line.close().await;
}

/// RFC 3261 14.1: theirs gets 491, ours is sent again after a while.
#[tokio::test]
async fn two_reinvites_that_meet() {
    let mut line = Line::open_with(quick()).await;
    let mut peer = Peer::of(&line).await;
    let leg = peer.talk(&mut line, "").await;
    let ours = line.line.clone();
    let asked = tokio::spawn(async move { ours.reinvite(leg, sdp::offer(&local(1))).await });
    let first = peer.hear("INVITE", "INVITE").await;
    peer.ask("INVITE", 2, "re", "", OFFER).await;
    peer.hear("SIP/2.0 491", "INVITE").await;
    peer.ask("ACK", 2, "re", "", "").await;
    peer.reply(&first, "491 Request Pending", "", "").await;
    peer.hear("ACK", "ACK").await;
    let second = loop {
        // A copy of the first may still be under way.
        let text = peer.hear("INVITE", "INVITE").await;
        if cseq(&text) != cseq(&first) {
            break text;
        }
    };
    peer.reply(&second, "200 OK", "", OFFER).await;
    assert_eq!(asked.await.unwrap().unwrap(), OFFER);
    peer.hear("ACK", "ACK").await;
    peer.hang_up(&mut line, 3).await;
    line.close().await;
}

#[tokio::test]
async fn hold_resume_and_another_codec() {
    let mut line = Line::open_with(quick()).await;
    let mut peer = Peer::of(&line).await;
    peer.talk(&mut line, "").await;
    let steps = [
        ("INVITE", format!("{OFFER}a=sendonly\r\n"), "a=recvonly", " 8"),
        ("UPDATE", OFFER.to_owned(), "a=sendrecv", " 8"),
        ("INVITE", OFFER.replace(" 8 0", " 0"), "a=sendrecv", " 0"),
    ];
    for (number, (method, offer, direction, codec)) in steps.into_iter().enumerate() {
        let cseq = 2 + number as u32;
        peer.ask(method, cseq, &format!("s{number}"), "", &offer).await;
        let SignalEvent::Reinvite { leg, sdp: Some(heard) } = line.next().await else {
            panic!("a change was expected")
        };
        let (sdp, _) = sdp::answer(&heard, &local(cseq.into())).unwrap();
        line.line.answer_reinvite(leg, ReinviteAnswer::Accept { sdp }).await.unwrap();
        let answer = peer.hear("SIP/2.0 200", method).await;
        assert!(
            answer.contains(direction) && answer.contains(&format!("RTP/AVP{codec}\r\n")),
            "{answer}"
        );
        if method == "INVITE" {
            peer.ack(cseq).await;
        }
    }
    peer.hang_up(&mut line, 9).await;
    line.close().await;
}

#[tokio::test]
async fn an_update_before_the_answer_and_one_too_old() {
    let mut line = Line::open_with(quick()).await;
    let mut peer = Peer::of(&line).await;
    peer.ask("INVITE", 5, "inv", "", OFFER).await;
    let (leg, offer) = line.invited().await;
    line.line.ring(leg, None).await.unwrap();
    peer.hear("SIP/2.0 180", "INVITE").await;
    peer.ask("UPDATE", 6, "u1", "", "").await;
    peer.hear("SIP/2.0 200", "UPDATE").await;
    // An offer while the answer to the first is due (RFC 3311 5.2).
    peer.ask("UPDATE", 7, "u2", "", OFFER).await;
    assert!(peer.hear("SIP/2.0 500", "UPDATE").await.contains("Retry-After:"));
    line.answer(leg, &offer).await;
    peer.hear("SIP/2.0 200", "INVITE").await;
    peer.ack(5).await;
    assert!(matches!(line.next().await, SignalEvent::Confirmed { .. }));
    peer.ask("INFO", 9, "i1", "", "").await;
    peer.hear("SIP/2.0 200", "9 INFO").await;
    peer.ask("INFO", 8, "i2", "", "").await;
    peer.hear("SIP/2.0 500", "8 INFO").await;
    peer.hang_up(&mut line, 10).await;
    line.close().await;
}

#[tokio::test]
async fn a_dialog_that_is_not_there() {
    let line = Line::open_with(quick()).await;
    let mut peer = Peer::of(&line).await;
    peer.tag = "gone".to_owned();
    for method in ["INVITE", "BYE", "UPDATE", "INFO", "PRACK"] {
        let rack = if method == "PRACK" { "RAck: 1 1 INVITE\r\n" } else { "" };
        peer.ask(method, 3, method, rack, "").await;
        peer.hear("SIP/2.0 481", method).await;
    }
    line.close().await;
}

/// We call, and give up when only 100 has come: CANCEL at once (RFC 3261 9.1).
#[tokio::test]
async fn we_cancel_after_100_and_not_before() {
    for provisional in ["100 Trying", "180 Ringing"] {
        let mut line = Line::open_with(quick()).await;
        let mut peer = Peer::of(&line).await;
        let to = format!("sip:1@{}", peer.socket.local_addr().unwrap());
        line.line.dial(LegId(9), dial(to)).await.unwrap();
        let invite = peer.hear("INVITE", "INVITE").await;
        let after = provisional.starts_with("180");
        if after {
            // Nothing has come back: it must wait.
            line.line.hang_up(LegId(9), EndReason::HungUpByUs).await.unwrap();
            assert!(!holds(&peer.so_far(2).await, "CANCEL"));
        }
        peer.reply(&invite, provisional, "", "").await;
        if !after {
            peer.so_far(2).await;
            line.line.hang_up(LegId(9), EndReason::HungUpByUs).await.unwrap();
        }
        let cancel = peer.hear("CANCEL", "CANCEL").await;
        assert_eq!(cseq(&cancel).split(' ').next(), cseq(&invite).split(' ').next());
        peer.reply(&cancel, "200 OK", "", "").await;
        peer.reply(&invite, "487 Request Terminated", "", "").await;
        peer.hear("ACK", "ACK").await;
        assert_eq!(line.ended().await, EndReason::HungUpByUs);
        line.close().await;
    }
}

/// Our CANCEL crosses their 200: the call is there, so it is acknowledged and hung up.
#[tokio::test]
async fn our_cancel_crosses_a_200() {
    let mut line = Line::open_with(quick()).await;
    let mut peer = Peer::of(&line).await;
    let to = format!("sip:1@{}", peer.socket.local_addr().unwrap());
    line.line.dial(LegId(9), dial(to)).await.unwrap();
    let invite = peer.hear("INVITE", "INVITE").await;
    peer.reply(&invite, "180 Ringing", "", "").await;
    assert!(matches!(line.next().await, SignalEvent::Ringing { .. }));
    line.line.hang_up(LegId(9), EndReason::HungUpByUs).await.unwrap();
    let cancel = peer.hear("CANCEL", "CANCEL").await;
    peer.reply(&invite, "200 OK", "", OFFER).await;
    peer.reply(&cancel, "200 OK", "", "").await;
    peer.hear("ACK", "ACK").await;
    let bye = peer.hear("BYE", "BYE").await;
    peer.reply(&bye, "200 OK", "", "").await;
    assert_eq!(line.ended().await, EndReason::HungUpByUs);
    line.close().await;
}
