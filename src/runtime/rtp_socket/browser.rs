//! A browser at the other end: its way to us (ICE), its keys (DTLS), and then the same leg as any other on one port.

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;

use super::catch::catch;
use super::handshake::{self, Identity, Session};
use super::link::Link;
use super::{FRAME_DATAGRAMS, RtpSession};
use crate::call::ice::{Credentials, Lite, is_stun};
use crate::call::sdp::Negotiated;
use crate::call::sdp::browser::Accord;
use crate::kernel::Moment;
use crate::media::srtp::Keys;
use crate::runtime::clock::SystemClock;

/// From the answer to the first sound.
const OPENING: Duration = Duration::from_secs(15);
/// Until then the socket is looked at so often.
const LOOK: Duration = Duration::from_millis(5);

/// Why a browser's sound does not come about.
#[derive(Debug, thiserror::Error)]
pub enum BrowserError {
    #[error(
        "no way was found between the browser and {0}: is that address reached from outside (webrtc.advertise)?"
    )]
    NoWay(SocketAddr),
    #[error("DTLS: {0}")]
    Handshake(String),
    #[error("a port for sound failed: {0}")]
    Socket(#[from] std::io::Error),
}

/// What a browser's leg has more than others.
#[derive(Debug)]
pub(super) struct Browser {
    ice: Lite,
    to_dtls: mpsc::Sender<Bytes>,
    session: Session,
    agreed: Negotiated,
}

impl Browser {
    /// Takes in what is not sound. True: it is, and the leg reads it on.
    pub(super) fn is_sound(
        &mut self,
        came: Moment,
        from: SocketAddr,
        datagram: &[u8],
        socket: &UdpSocket,
        link: &mut Option<Link>,
    ) -> bool {
        match kind(datagram) {
            Kind::Sound => return true,
            Kind::Check => reply(&mut self.ice, came, from, datagram, socket),
            Kind::Dtls if self.ice.selected() == Some(from) => {
                let _ = self.to_dtls.try_send(Bytes::copy_from_slice(datagram));
            }
            Kind::Report => {
                if let Some(link) = link
                    && let Some(report) = link.receiver.report(from, datagram)
                {
                    link.reports.receive(came, link.sender.ssrc(), &report);
                }
            }
            Kind::Dtls | Kind::Other => {}
        }
        false
    }

    /// The browser has another way now: the sound goes there, under the same keys.
    pub(super) fn moved(&mut self) -> Option<Negotiated> {
        let to = self.ice.selected().filter(|to| *to != self.agreed.remote)?;
        self.agreed = Negotiated { remote: to, rtcp_port: to.port(), ..self.agreed };
        Some(self.agreed)
    }
}

fn reply(ice: &mut Lite, now: Moment, from: SocketAddr, datagram: &[u8], socket: &UdpSocket) {
    if let Some(reply) = ice.handle(now, from, datagram) {
        let _ = socket.send_to(&reply, from);
    }
}

/// What a datagram is (RFC 7983; reports by RFC 5761, 4).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Check,
    Dtls,
    Sound,
    Report,
    Other,
}

pub(super) fn kind(datagram: &[u8]) -> Kind {
    match datagram {
        [20..=63, ..] => Kind::Dtls,
        [128..=191, 192..=223, ..] => Kind::Report,
        [128..=191, ..] => Kind::Sound,
        _ if is_stun(datagram) => Kind::Check,
        _ => Kind::Other,
    }
}

impl RtpSession {
    /// Waits for the browser to find its way here and shakes hands with it; then the leg is agreed. Sound flows from here on.
    ///
    /// # Errors
    /// The browser does not come in time, or is not who its offer says.
    pub async fn open(
        &mut self,
        clock: &SystemClock,
        ours: Credentials,
        accord: &Accord,
        identity: Identity,
    ) -> Result<(), BrowserError> {
        let mut ice = Lite::new(clock.now(), ours, &accord.fragment);
        let opened = tokio::time::timeout(OPENING, self.find(clock, &mut ice, accord, identity));
        let opened = opened.await;
        let Some(to) = ice.selected() else {
            return Err(BrowserError::NoWay(self.rtp.local_addr()?));
        };
        let Ok(opened) = opened else {
            return Err(BrowserError::Handshake("no end in time".into()));
        };
        let (keys, session, to_dtls) = opened?;
        let agreed = Negotiated {
            remote: to,
            rtcp_port: to.port(),
            codec: accord.codec,
            payload_type: accord.payload_type,
            dtmf: accord.dtmf,
            comfort: None,
            direction: accord.direction,
            ptime_ms: accord.ptime_ms,
            keys: Some(keys),
        };
        self.nat = false;
        self.agree(&agreed);
        self.browser = Some(Browser { ice, to_dtls, session, agreed });
        Ok(())
    }

    async fn find(
        &self,
        clock: &SystemClock,
        ice: &mut Lite,
        accord: &Accord,
        identity: Identity,
    ) -> Result<(Keys, Session, mpsc::Sender<Bytes>), BrowserError> {
        let (to_dtls, datagrams) = handshake::pipe();
        let mut datagrams = Some(datagrams);
        // The way by which we shake hands; the browser may choose another one meanwhile.
        let mut way = None;
        let mut shaking = None;
        let mut look = tokio::time::interval(LOOK);
        loop {
            if way.is_none()
                && let Some(to) = ice.selected()
                && let Some(datagrams) = datagrams.take()
            {
                way = Some(to);
                let (socket, theirs) = (self.rtp.clone(), accord.fingerprint);
                let shake = handshake::shake(socket, to, datagrams, identity.clone(), theirs);
                shaking = Some(Box::pin(shake));
            }
            tokio::select! {
                _ = look.tick() => {
                    let now = clock.now();
                    catch(&self.rtp, self.v4, FRAME_DATAGRAMS, |from, _, datagram| match kind(datagram) {
                        Kind::Check => reply(ice, now, from, datagram, &self.rtp),
                        Kind::Dtls if ice.selected() == Some(from) => {
                            let _ = to_dtls.try_send(Bytes::copy_from_slice(datagram));
                        }
                        // Sound that nobody can read yet.
                        _ => {}
                    });
                }
                shaken = finished(&mut shaking) => {
                    let (keys, session) = shaken?;
                    return Ok((keys, session, to_dtls));
                }
            }
        }
    }

    /// Whether there is a browser at the other end that has closed the leg.
    pub fn closed(&self) -> bool {
        self.browser.as_ref().is_some_and(|browser| browser.session.closed())
    }

    /// Whether there is a browser at the other end of which nothing is heard any more.
    pub fn gone(&self, now: Moment) -> bool {
        self.browser.as_ref().is_some_and(|browser| browser.ice.gone(now))
    }
}

/// Never ready before there is something to wait for.
async fn finished<F: Future + Unpin>(work: &mut Option<F>) -> F::Output {
    match work {
        Some(work) => work.await,
        None => std::future::pending().await,
    }
}
