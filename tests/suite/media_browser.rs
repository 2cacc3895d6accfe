//! A browser's leg over real sockets: the way is found, hands are shaken, sound flows protected, and either end may close.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use huiyin::call::ice::Credentials;
use huiyin::call::sdp::Codecs;
use huiyin::call::sdp::browser::{Local, answer};
use huiyin::media::rtp::Sender;
use huiyin::media::{Codec, FRAME_SAMPLES, Frame};
use huiyin::runtime::clock::SystemClock;
use huiyin::runtime::rtp_socket::{BrowserError, Identity, PortRange, RtpSession};

use crate::browser_peer::Peer;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const PATIENCE: Duration = Duration::from_secs(20);

/// A session, what it answers to the peer's offer, and what `open` wants.
async fn begin(
    offer: &str,
) -> (RtpSession, String, Credentials, huiyin::call::sdp::browser::Accord, Identity) {
    let rtp = PortRange::new(27000..=27199).unwrap().session(HERE).unwrap();
    let ice = Credentials::new(std::array::from_fn(|at| at as u8));
    let identity = Identity::new().unwrap();
    let local = Local {
        addr: SocketAddr::new(HERE, rtp.port()),
        session: 1,
        codecs: &Codecs::default(),
        ice: &ice,
        fingerprint: identity.fingerprint(),
    };
    let (text, accord) = answer(offer, &local).unwrap();
    (rtp, text, ice, accord, identity)
}

fn tone() -> Frame {
    std::array::from_fn(|n| (8_000.0 * (n as f64 * 0.4).sin()) as i16)
}

fn power(frame: &[i16]) -> f64 {
    frame.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / FRAME_SAMPLES as f64
}

#[tokio::test(flavor = "multi_thread")]
async fn sound_flows_both_ways_and_either_end_closes() {
    let peer = Peer::new().await;
    let (mut rtp, text, ice, accord, identity) = begin(&peer.offer()).await;
    let clock = SystemClock::start();
    let there = clock.clone();
    let opening =
        tokio::spawn(async move { rtp.open(&there, ice, &accord, identity).await.map(|()| rtp) });
    peer.find(&text).await;
    let shaken = tokio::time::timeout(PATIENCE, peer.shake()).await.expect("hands are shaken");
    let (mut ours, _, conn) = shaken.unwrap();
    let mut rtp = opening.await.unwrap().unwrap();
    let mut sender = Sender::new(7, Codec::Pcma, 8);
    let mut heard = 0.0_f64;
    for _ in 0..50 {
        let packet = ours.rtp(&sender.audio(&tone()).unwrap()).unwrap();
        peer.socket.send(&packet).await.unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
        heard = heard.max(power(&rtp.heard(clock.now())));
        rtp.send(clock.now(), &tone());
    }
    assert!(heard > 1e6, "the tone is not heard: {heard}");
    // The peer's own DTLS reads its socket; what it would hear is held to a real browser in the tests of the service.
    assert!(rtp.stats().sent >= 40 && rtp.stats().unsent == 0, "{:?}", rtp.stats());
    // Plain packets are not believed.
    let refused = rtp.stats().rtp.unauthentic;
    peer.socket.send(&sender.audio(&tone()).unwrap()).await.unwrap();
    let since = clock.now();
    while rtp.stats().rtp.unauthentic == refused {
        tokio::time::sleep(Duration::from_millis(5)).await;
        rtp.collect(clock.now());
        assert!(clock.now().since(since) < 10_000, "a plain packet was believed");
    }
    assert!(!rtp.closed() && !rtp.gone(clock.now()));
    conn.close().await.unwrap();
    let since = clock.now();
    while !rtp.closed() {
        tokio::time::sleep(Duration::from_millis(5)).await;
        rtp.collect(clock.now());
        assert!(clock.now().since(since) < 10_000, "the leg never notices that the peer closed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_the_leg_tells_the_browser() {
    let peer = Peer::new().await;
    let (mut rtp, text, ice, accord, identity) = begin(&peer.offer()).await;
    let clock = SystemClock::start();
    let opening =
        tokio::spawn(async move { rtp.open(&clock, ice, &accord, identity).await.map(|()| rtp) });
    peer.find(&text).await;
    let shaken = tokio::time::timeout(PATIENCE, peer.shake()).await.expect("hands are shaken");
    let (_, _, conn) = shaken.unwrap();
    drop(opening.await.unwrap().unwrap());
    let mut scrap = [0; 64];
    let told = tokio::time::timeout(PATIENCE, conn.read(&mut scrap, None)).await;
    assert!(told.expect("the browser is told").is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_another_certificate_than_the_offer_says_is_refused() {
    let (peer, other) = (Peer::new().await, Peer::new().await);
    let (mut rtp, text, ice, accord, identity) = begin(&other.offer()).await;
    let clock = SystemClock::start();
    let opening = tokio::spawn(async move { rtp.open(&clock, ice, &accord, identity).await });
    peer.find(&text).await;
    let shaking = tokio::spawn(async move { peer.shake().await.map(|_| ()) });
    let opened = tokio::time::timeout(PATIENCE, opening).await.expect("an end").unwrap();
    assert!(matches!(opened, Err(BrowserError::Handshake(_))), "{opened:?}");
    shaking.abort();
}
