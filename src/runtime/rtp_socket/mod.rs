//! The sockets of a call's sound, and one leg's RTP on them: packets in and out, frames in the middle.
//!
//! An [`RtpSession`] belongs to the task that moves its frames. That task calls [`RtpSession::heard`] and [`RtpSession::send`]
//! once every 20 ms, which never wait. No packet wakes anybody: what came since the last frame is taken with the next one, with
//! the moment at which the system received it. Nothing here grows: the jitter buffer and the queues of keys have their bounds.

mod catch;
mod link;
mod ports;

use std::collections::VecDeque;
use std::io::{Error, Result};
use std::net::{IpAddr, SocketAddr, UdpSocket};

use bytes::Bytes;

use crate::call::sdp::{Direction, LocalMedia, Negotiated, Terms};
use crate::kernel::{Moment, limits};
use crate::media::dtmf::KeyReceiver;
use crate::media::jitter::JitterStats;
use crate::media::rtcp::RtcpStats;
use crate::media::rtp::{Received, RtpStats};
use crate::media::tones::KeyListener;
use crate::media::{Frame, FrameKind, JitterBuffer, Key, KeyEvent, MediaError};

use link::Link;
pub use ports::PortRange;

/// Larger than any report that is accepted; what is longer arrives cut and is refused for its size.
const REPORT_BYTES: usize = 2_048;
/// Taken with one frame at most; who sends more fills the socket, not our time.
const FRAME_DATAGRAMS: usize = 64;
/// How often the RTCP port is read, in frames, and how much of it at most.
const RTCP_EVERY: u32 = 5;
const RTCP_DATAGRAMS: usize = 8;
/// What came before the first agreement is thrown away, at most so much of it: more than a socket holds.
const EARLY_DATAGRAMS: usize = 4_096;

/// What one leg's sound has met.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct LegStats {
    pub rtp: RtpStats,
    pub jitter: JitterStats,
    pub rtcp: RtcpStats,
    /// The jitter buffer's target delay.
    pub delay_ms: u64,
    pub sent: u64,
    /// Packets that the operating system did not take.
    pub unsent: u64,
}

/// One leg's RTP.
pub struct RtpSession {
    rtp: UdpSocket,
    rtcp: UdpSocket,
    /// Of both sockets.
    v4: bool,
    /// Where the peer's reports come from.
    reporter: Option<SocketAddr>,
    port: u16,
    terms: Terms,
    /// For what others shall not guess.
    seed: u64,
    nat: bool,
    /// An agreement that takes effect with the next moment that is known.
    agreeing: Option<Negotiated>,
    link: Option<Link>,
    jitter: JitterBuffer,
    kind: FrameKind,
    key_reader: KeyReceiver,
    key_listener: KeyListener,
    /// Keys of the peer's, to be taken.
    keys: VecDeque<char>,
    /// Keys of ours, to be sent.
    pressed: VecDeque<Key>,
    fresh: bool,
    frames: u32,
    /// Packets of the frame at hand.
    outgoing: Vec<Bytes>,
    sent: u64,
    unsent: u64,
}

/// The operating system's randomness.
fn chance<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| {
        Error::other(format!("the operating system gives no randomness: {error}"))
    })?;
    Ok(bytes)
}

impl RtpSession {
    fn new(rtp: UdpSocket, rtcp: UdpSocket, nat: bool, terms: Terms) -> Result<Self> {
        catch::prepare(&rtp)?;
        rtcp.set_nonblocking(true)?;
        let bound = rtp.local_addr()?;
        Ok(RtpSession {
            port: bound.port(),
            v4: bound.is_ipv4(),
            rtp,
            rtcp,
            reporter: None,
            terms,
            seed: u64::from_ne_bytes(chance()?),
            nat,
            agreeing: None,
            link: None,
            jitter: JitterBuffer::new(),
            kind: FrameKind::Silence,
            key_reader: KeyReceiver::new(),
            key_listener: KeyListener::new(),
            keys: VecDeque::new(),
            pressed: VecDeque::new(),
            fresh: false,
            frames: 0,
            outgoing: Vec::new(),
            sent: 0,
            unsent: 0,
        })
    }

    /// For our SDP.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Our end of the leg's description. `ip` is this machine's address as the peer reaches it, `session` the number of
    /// the leg.
    pub fn local(&self, ip: IpAddr, session: u64) -> LocalMedia {
        LocalMedia {
            addr: SocketAddr::new(ip, self.port),
            session,
            version: 1,
            direction: Direction::SendRecv,
            terms: self.terms,
        }
    }

    /// What offer and answer agreed; again after each re-INVITE. Before the first, nothing is heard or sent.
    pub fn agree(&mut self, negotiated: &Negotiated) {
        if self.link.is_none() && self.agreeing.is_none() {
            // Ring-back and announcements from before the answer are no conversation.
            catch::catch(&self.rtp, self.v4, EARLY_DATAGRAMS, |_, _, _| {});
        }
        self.agreeing = Some(*negotiated);
    }

    /// Takes in what has come; [`RtpSession::heard`] does it too. Returns how many datagrams there were.
    pub fn collect(&mut self, now: Moment) -> usize {
        self.settle(now);
        let RtpSession { rtp, link, jitter, key_reader, fresh, .. } = self;
        let mut count = 0;
        catch::catch(rtp, self.v4, FRAME_DATAGRAMS, |from, age, datagram| {
            count += 1;
            let Some(link) = link.as_mut() else { return };
            // When it came, or the network would seem to shake by as much as the rhythm of frames.
            let came = Moment::from_ms(now.ms.saturating_sub(age.as_millis() as u64));
            match link.receiver.receive(came, from, datagram) {
                Received::Audio(packet) => {
                    *fresh = true;
                    if link.agreed.direction.we_receive() {
                        jitter.insert(came, packet);
                    }
                }
                Received::Event { timestamp, marker, payload } => {
                    *fresh = true;
                    key_reader.receive(came, timestamp, marker, &payload);
                }
                Received::Refused(_) => {}
            }
        });
        count
    }

    /// The next 20 ms from the peer.
    pub fn heard(&mut self, now: Moment) -> Frame {
        self.collect(now);
        self.frames = self.frames.wrapping_add(1);
        if self.frames.is_multiple_of(RTCP_EVERY) {
            self.reports(now);
        }
        let (frame, kind) = self.jitter.pull(now);
        self.kind = kind;
        self.key_reader.tick(now);
        while let Some(event) = self.key_reader.poll() {
            if let KeyEvent::Pressed { key, .. } = event {
                self.note_key(key);
            }
        }
        // A peer that has events sends no tones, and speech is then never taken for a key.
        let events = self.link.as_ref().is_none_or(|link| link.agreed.dtmf.is_some());
        if !events && let Some(key) = self.key_listener.hear(&frame) {
            self.note_key(key);
        }
        frame
    }

    /// What the frame of the last [`RtpSession::heard`] was made of.
    pub fn kind(&self) -> FrameKind {
        self.kind
    }

    /// Whether the peer holds us: what it sends is music for the waiting, not speech.
    pub fn held(&self) -> bool {
        self.link.as_ref().is_some_and(|link| !link.agreed.direction.we_send())
    }

    /// Sends 20 ms to the peer, in packets of the length it wants; while keys are being sent, those instead.
    pub fn send(&mut self, now: Moment, frame: &Frame) {
        self.settle(now);
        let Some(link) = &mut self.link else { return };
        let to = link.receiver.remote();
        if !link.agreed.direction.we_send() || to.port() == 0 || to.ip().is_unspecified() {
            link.pause();
            return;
        }
        if link.no_key_down()
            && let Some(key) = self.pressed.pop_front()
            && let Err(error) = link.press(key)
        {
            tracing::error!(%error, "a key was not sent");
        }
        if let Err(error) = link.outgoing(frame, &mut self.outgoing) {
            tracing::error!(%error, "a packet was not sent");
        }
        for packet in self.outgoing.drain(..) {
            match self.rtp.send_to(&packet, to) {
                Ok(_) => self.sent += 1,
                // A full buffer, a route that is gone: sound does not wait. The count shows it.
                Err(_) => self.unsent += 1,
            }
        }
    }

    /// The next key that the peer pressed.
    pub fn key(&mut self) -> Option<char> {
        self.keys.pop_front()
    }

    /// Queues a key for the peer: 0 to 9, *, #, A to D.
    pub fn press(&mut self, key: char) -> std::result::Result<(), MediaError> {
        let key = Key::try_from(key)?;
        if self.pressed.len() >= limits::KEYS_WAITING {
            return Err(MediaError::KeyQueueFull { max: limits::KEYS_WAITING });
        }
        self.pressed.push_back(key);
        Ok(())
    }

    /// Whether every key that was pressed here has been sent.
    pub fn keys_sent(&self) -> bool {
        self.pressed.is_empty() && self.link.as_ref().is_none_or(Link::no_key_down)
    }

    /// Whether anything of the peer's came since this was last asked.
    pub fn fresh(&mut self) -> bool {
        std::mem::take(&mut self.fresh)
    }

    pub fn stats(&self) -> LegStats {
        LegStats {
            rtp: self.link.as_ref().map(|link| link.receiver.stats()).unwrap_or_default(),
            jitter: self.jitter.stats(),
            rtcp: self.link.as_ref().map(|link| link.reports.stats()).unwrap_or_default(),
            delay_ms: self.jitter.target_ms(),
            sent: self.sent,
            unsent: self.unsent,
        }
    }

    fn settle(&mut self, now: Moment) {
        if let Some(negotiated) = self.agreeing.take() {
            self.apply(now, &negotiated);
        }
    }

    fn apply(&mut self, now: Moment, negotiated: &Negotiated) {
        let applied = match &mut self.link {
            Some(link) => link.agree(now, negotiated, self.nat),
            None => Link::new(now, negotiated, self.nat, self.seed).map(|link| {
                self.link = Some(link);
            }),
        };
        if let Err(error) = applied {
            // What cannot be protected is not sent at all.
            tracing::error!(%error, "an agreement about sound cannot be kept");
            self.link = None;
        }
    }

    fn note_key(&mut self, key: Key) {
        if self.keys.len() < limits::KEYS_WAITING {
            self.keys.push_back(key.as_char());
        }
    }

    /// Reads the peer's reports and sends ours.
    fn reports(&mut self, now: Moment) {
        let mut buffer = [0; REPORT_BYTES];
        for _ in 0..RTCP_DATAGRAMS {
            let Ok((length, from)) = self.rtcp.recv_from(&mut buffer) else { break };
            let Some(link) = &mut self.link else { continue };
            let Some(datagram) = buffer.get(..length) else { continue };
            if let Some(report) = link.receiver.report(from, datagram) {
                link.reports.receive(now, link.sender.ssrc(), &report);
                self.reporter = Some(from);
            }
        }
        let Some(link) = &mut self.link else { return };
        let remote = link.receiver.remote();
        // Behind a NAT the peer's reports show their way better than its description.
        let known = self.reporter.filter(|reporter| reporter.ip() == remote.ip());
        let to = known.unwrap_or(SocketAddr::new(remote.ip(), link.agreed.rtcp_port));
        if to.port() == 0 || to.ip().is_unspecified() {
            return;
        }
        match link.report(now) {
            Some(Ok(report)) => {
                // Best effort: the next one says the same and more.
                let _ = self.rtcp.send_to(&report, to);
            }
            Some(Err(error)) => tracing::error!(%error, "a report was not sent"),
            None => {}
        }
    }
}
