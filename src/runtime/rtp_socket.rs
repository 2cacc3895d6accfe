//! The sockets of a call's sound, and one leg's RTP on them: packets in and out, frames in the middle.
//!
//! An [`RtpSession`] belongs to the task that moves its frames. That task awaits [`RtpSession::receive`] between ticks
//! (dropping it loses nothing) and calls [`RtpSession::heard`] and [`RtpSession::send`] once every 20 ms, which never
//! wait. Nothing here grows: the jitter buffer and the queues of keys have their bounds.

use std::collections::VecDeque;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{Error, ErrorKind, Result};
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::net::UdpSocket;

use crate::call::sdp::Negotiated;
use crate::kernel::{Moment, limits};
use crate::media::dtmf::{GAP_MS, KEY_MS, KeyReceiver, KeySender};
use crate::media::jitter::JitterStats;
use crate::media::rtp::{Agreed, Received, Receiver, RtpStats, Sender};
use crate::media::tones::{KeyListener, key_tone};
use crate::media::{
    Codec, FRAME_SAMPLES, Frame, FrameKind, JitterBuffer, Key, KeyEvent, MediaError,
    SAMPLES_PER_MS, SILENCE,
};

/// Larger than any packet that is accepted; what is longer arrives cut and is refused for its size.
const DATAGRAM_BYTES: usize = 2_048;
/// A socket that fails is not asked again sooner.
const AFTER_ERROR: Duration = Duration::from_millis(20);
/// How often the RTCP port is emptied, in frames, and of how much at most.
const RTCP_EVERY: u32 = 50;
const RTCP_DATAGRAMS: usize = 32;

/// The UDP ports for sound: an even one for RTP and the odd one above it for RTCP (RFC 3550, 11). Clones share
/// the turn, so that a port that was just given back is the last to be used again: late packets of the call
/// before do not fall into the next.
#[derive(Clone, Debug)]
pub struct PortRange {
    first: u16,
    pairs: usize,
    turn: Arc<AtomicUsize>,
    nat: bool,
}

impl PortRange {
    /// Both ends included; the range must hold an even port and the odd one above it.
    pub fn new(ports: RangeInclusive<u16>) -> Result<Self> {
        let first = ports.start().div_ceil(2).saturating_mul(2);
        let pairs = (usize::from(*ports.end()) + 1).saturating_sub(usize::from(first)) / 2;
        if pairs == 0 || first == 0 {
            let (start, end) = (ports.start(), ports.end());
            let text = format!(
                "the RTP ports {start}-{end} hold no even port with the odd one above it; give a range like 16384-17407"
            );
            return Err(Error::new(ErrorKind::InvalidInput, text));
        }
        Ok(PortRange { first, pairs, turn: Arc::default(), nat: false })
    }

    /// Lets a peer's sound come from another host than its SDP names, if it comes within a second of the agreement:
    /// for telephones behind a NAT on a network where nobody else can send to us.
    pub fn permit_nat(mut self, nat: bool) -> Self {
        self.nat = nat;
        self
    }

    /// How many legs may have sound at once.
    pub fn pairs(&self) -> usize {
        self.pairs
    }

    /// A session on a free pair of ports of an address of this machine.
    pub async fn session(&self, ip: IpAddr) -> Result<RtpSession> {
        for _ in 0..self.pairs {
            let turn = self.turn.fetch_add(1, Ordering::Relaxed) % self.pairs;
            let port = self.first + 2 * turn as u16;
            match bind_pair(ip, port).await {
                Ok((rtp, rtcp)) => return Ok(RtpSession::new(rtp, rtcp, self.nat)),
                Err(error) if error.kind() == ErrorKind::AddrInUse => {}
                Err(error) => {
                    let text = format!(
                        "cannot open UDP port {port} on {ip} for sound: {error}; bind to an address of this machine"
                    );
                    return Err(Error::new(error.kind(), text));
                }
            }
        }
        let last = usize::from(self.first) + 2 * self.pairs - 1;
        let text = format!(
            "all UDP ports {}-{last} on {ip} are in use; widen the range of RTP ports or end calls",
            self.first
        );
        Err(Error::new(ErrorKind::AddrInUse, text))
    }
}

async fn bind_pair(ip: IpAddr, port: u16) -> Result<(UdpSocket, UdpSocket)> {
    let rtp = UdpSocket::bind((ip, port)).await?;
    let rtcp = UdpSocket::bind((ip, port + 1)).await?;
    // A socket that tokio has not yet seen ready would refuse the first packet.
    rtp.writable().await?;
    Ok((rtp, rtcp))
}

/// What one leg's sound has met.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct LegStats {
    pub rtp: RtpStats,
    pub jitter: JitterStats,
    /// The jitter buffer's target delay.
    pub delay_ms: u64,
    pub sent: u64,
    /// Packets that the operating system did not take.
    pub unsent: u64,
}

/// One leg's RTP.
pub struct RtpSession {
    rtp: UdpSocket,
    /// Held so that nobody else gets the port; what comes is thrown away.
    rtcp: UdpSocket,
    port: u16,
    nat: bool,
    buffer: Box<[u8; DATAGRAM_BYTES]>,
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
    sent: u64,
    unsent: u64,
}

/// What exists since the first agreement.
struct Link {
    agreed: Negotiated,
    receiver: Receiver,
    sender: Sender,
    key_sender: KeySender,
    /// Keys as tones, for a peer without telephone-event; sent in place of frames.
    tones: VecDeque<i16>,
}

impl RtpSession {
    fn new(rtp: UdpSocket, rtcp: UdpSocket, nat: bool) -> Self {
        RtpSession {
            port: rtp.local_addr().map_or(0, |addr| addr.port()),
            rtp,
            rtcp,
            nat,
            buffer: Box::new([0; DATAGRAM_BYTES]),
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
            sent: 0,
            unsent: 0,
        }
    }

    /// For our SDP.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What offer and answer agreed; again after each re-INVITE. Before the first, nothing is heard or sent.
    pub fn agree(&mut self, negotiated: &Negotiated) {
        self.agreeing = Some(*negotiated);
    }

    /// Takes in the next datagram. `now` is when it began to wait.
    pub async fn receive(&mut self, now: Moment) {
        let began = Instant::now();
        let received = self.rtp.recv_from(&mut self.buffer[..]).await;
        // The wait counts, or the network would seem to shake by as much as the task's own rhythm.
        let now = now + began.elapsed().as_millis() as u64;
        match received {
            Ok((length, from)) => self.take(now, from, length),
            Err(error) => {
                tracing::debug!(%error, port = self.port, "an RTP socket failed to receive");
                tokio::time::sleep(AFTER_ERROR).await;
            }
        }
    }

    fn take(&mut self, now: Moment, from: SocketAddr, length: usize) {
        self.settle(now);
        let Some(link) = &mut self.link else { return };
        let Some(datagram) = self.buffer.get(..length) else { return };
        match link.receiver.receive(now, from, datagram) {
            Received::Audio(packet) => {
                self.fresh = true;
                if link.agreed.direction.we_receive() {
                    self.jitter.insert(now, packet);
                }
            }
            Received::Event { timestamp, marker, payload } => {
                self.fresh = true;
                self.key_reader.receive(now, timestamp, marker, &payload);
            }
            Received::Refused(_) => {}
        }
    }

    /// The next 20 ms from the peer.
    pub fn heard(&mut self, now: Moment) -> Frame {
        self.settle(now);
        self.frames = self.frames.wrapping_add(1);
        if self.frames.is_multiple_of(RTCP_EVERY) {
            self.empty_rtcp();
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

    /// Sends 20 ms to the peer; while keys are being sent, those instead.
    pub fn send(&mut self, now: Moment, frame: &Frame) {
        self.settle(now);
        let Some(link) = &mut self.link else { return };
        let to = link.receiver.remote();
        if !link.agreed.direction.we_send() || to.port() == 0 || to.ip().is_unspecified() {
            link.sender.pause();
            return;
        }
        if link.no_key_down()
            && let Some(key) = self.pressed.pop_front()
            && let Err(error) = link.press(key)
        {
            tracing::error!(%error, "a key was not sent");
        }
        let packet = match link.next_packet(frame) {
            Ok(packet) => packet,
            Err(error) => {
                tracing::error!(%error, "a packet was not sent");
                return;
            }
        };
        match self.rtp.try_send_to(&packet, to) {
            Ok(_) => self.sent += 1,
            // A full buffer, a route that is gone: sound does not wait. The count shows it.
            Err(_) => self.unsent += 1,
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
        let mut audio = vec![(negotiated.payload_type, negotiated.codec)];
        // Who offers two codecs must take either (RFC 3264, 5.1), and their numbers are fixed.
        let others = Codec::ALL.into_iter().map(|codec| (codec.payload_type(), codec));
        audio.extend(others.filter(|(number, _)| *number != negotiated.payload_type));
        let (events, remote) = (negotiated.dtmf, negotiated.remote);
        let agreed = Agreed { audio, events, remote, nat: self.nat };
        match &mut self.link {
            Some(link) => {
                link.receiver.renegotiate(now, agreed);
                link.sender.switch(negotiated.codec, negotiated.payload_type);
                link.agreed = *negotiated;
            }
            None => {
                // SSRC and the first numbers shall not be guessed, and no two processes' shall be the same.
                let seed = RandomState::new().build_hasher().finish();
                self.link = Some(Link {
                    agreed: *negotiated,
                    receiver: Receiver::new(now, agreed),
                    sender: Sender::new(seed, negotiated.codec, negotiated.payload_type),
                    key_sender: KeySender::new(),
                    tones: VecDeque::new(),
                });
            }
        }
    }

    fn note_key(&mut self, key: Key) {
        if self.keys.len() < limits::KEYS_WAITING {
            self.keys.push_back(key.as_char());
        }
    }

    fn empty_rtcp(&mut self) {
        let mut scrap = [0; 1];
        for _ in 0..RTCP_DATAGRAMS {
            if self.rtcp.try_recv_from(&mut scrap).is_err() {
                break;
            }
        }
    }
}

impl Link {
    fn no_key_down(&self) -> bool {
        self.key_sender.is_idle() && self.tones.is_empty()
    }

    fn press(&mut self, key: Key) -> std::result::Result<(), MediaError> {
        if self.agreed.dtmf.is_some() {
            return self.key_sender.press(key, KEY_MS);
        }
        self.tones.extend(key_tone(key, KEY_MS));
        self.tones.extend(std::iter::repeat_n(0, GAP_MS as usize * SAMPLES_PER_MS));
        Ok(())
    }

    fn next_packet(&mut self, frame: &Frame) -> std::result::Result<bytes::Bytes, MediaError> {
        if let Some(payload_type) = self.agreed.dtmf
            && let Some(event) = self.key_sender.tick(self.sender.timestamp())
        {
            return self.sender.event(payload_type, &event);
        }
        if self.tones.is_empty() {
            return self.sender.audio(frame);
        }
        let mut sound = SILENCE;
        let count = self.tones.len().min(FRAME_SAMPLES);
        for (sample, tone) in sound.iter_mut().zip(self.tones.drain(..count)) {
            *sample = tone;
        }
        self.sender.audio(&sound)
    }
}
