//! RTCP (RFC 3550, 6): the reports that the two ends send each other every few seconds. From them come the time to the
//! peer and back, and how much of our sound the peer misses.

use crate::kernel::Moment;

/// How often a report is sent (RFC 3550, 6.2: at least five seconds apart).
pub const EVERY_MS: u64 = 5_000;
const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const DESCRIPTION: u8 = 202;
const BLOCK: usize = 24;
/// Blocks of one report that are read, packets of one datagram.
const BLOCKS_MAX: usize = 31;
const PACKETS_MAX: usize = 16;

/// What is told of our own sending.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sent {
    pub ssrc: u32,
    pub timestamp: u32,
    pub packets: u32,
    pub octets: u32,
}

/// What is told of the peer's stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Heard {
    pub ssrc: u32,
    /// In all, not below 0 here.
    pub lost: u64,
    pub expected: u64,
    /// Extended by 16 bits.
    pub highest: u32,
    /// In samples.
    pub jitter: u32,
}

/// What the peer's reports say.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct RtcpStats {
    pub sent: u64,
    pub received: u64,
    /// To the peer and back, without the time the peer held the report.
    pub round_trip_ms: Option<u64>,
    /// Share of our packets that the peer missed since its report before, 0 to 1.
    pub peer_loss: f32,
    /// Interarrival jitter of our packets at the peer, in samples.
    pub peer_jitter: u32,
    /// Datagrams on the port that are no report.
    pub malformed: u64,
}

/// One leg's reports.
#[derive(Clone, Debug)]
pub struct Reports {
    next: Moment,
    /// Expected and lost at our report before.
    before: (u64, u64),
    /// Middle bits of the time in the peer's last sender report, and when it came.
    last_report: Option<(u32, Moment)>,
    name: String,
    stats: RtcpStats,
}

impl Reports {
    /// `seed` makes a name that says nothing of us (RFC 7022).
    pub fn new(now: Moment, seed: u64) -> Self {
        Reports {
            // The first comes after half the interval (RFC 3550, 6.2).
            next: now + EVERY_MS / 2,
            before: (0, 0),
            last_report: None,
            name: format!("{seed:016x}"),
            stats: RtcpStats::default(),
        }
    }

    pub fn stats(&self) -> RtcpStats {
        self.stats
    }

    /// The compound packet to send, if it is time.
    pub fn due(&mut self, now: Moment, sent: Sent, heard: Option<Heard>) -> Option<Vec<u8>> {
        if now < self.next {
            return None;
        }
        self.next = now + EVERY_MS;
        self.stats.sent += 1;
        let mut out = Vec::with_capacity(96);
        let blocks = u8::from(heard.is_some());
        let kind = if sent.packets > 0 { SENDER_REPORT } else { RECEIVER_REPORT };
        begin(&mut out, blocks, kind);
        word(&mut out, sent.ssrc);
        if kind == SENDER_REPORT {
            let [high, low] = ntp(now);
            let words = [high, low, sent.timestamp, sent.packets, sent.octets];
            words.into_iter().for_each(|value| word(&mut out, value));
        }
        if let Some(heard) = heard {
            self.block(now, heard, &mut out);
        }
        end(&mut out, 0);
        let start = out.len();
        begin(&mut out, 1, DESCRIPTION);
        word(&mut out, sent.ssrc);
        out.extend([1, self.name.len() as u8]);
        out.extend(self.name.as_bytes());
        // The list of items ends with a zero, the packet with a whole word.
        out.push(0);
        out.resize(out.len().next_multiple_of(4), 0);
        end(&mut out, start);
        Some(out)
    }

    fn block(&mut self, now: Moment, heard: Heard, out: &mut Vec<u8>) {
        let (expected, lost) = self.before;
        self.before = (heard.expected, heard.lost);
        let expected = heard.expected.saturating_sub(expected).max(1);
        let lost = heard.lost.saturating_sub(lost);
        let fraction = (lost * 256 / expected).min(255) as u32;
        word(out, heard.ssrc);
        word(out, fraction << 24 | heard.lost.min(0x7f_ffff) as u32);
        word(out, heard.highest);
        word(out, heard.jitter);
        let (report, since) = match self.last_report {
            Some((report, at)) => (report, (now.since(at) * 65_536 / 1_000) as u32),
            None => (0, 0),
        };
        word(out, report);
        word(out, since);
    }

    /// A datagram from the peer's RTCP port. `ours`: the SSRC that we send with.
    pub fn receive(&mut self, now: Moment, ours: u32, datagram: &[u8]) {
        let mut rest = datagram;
        let mut count = 0;
        while let Some((packet, after)) = split(rest).filter(|_| count < PACKETS_MAX) {
            self.read(now, ours, packet);
            rest = after;
            count += 1;
        }
        if count == 0 || !rest.is_empty() {
            self.stats.malformed += 1;
        }
    }

    fn read(&mut self, now: Moment, ours: u32, packet: &[u8]) {
        let blocks = match packet[1] {
            SENDER_REPORT => {
                let (Some(high), Some(low)) = (at(packet, 8), at(packet, 12)) else { return };
                self.last_report = Some((high << 16 | low >> 16, now));
                28
            }
            RECEIVER_REPORT => 8,
            _ => return,
        };
        self.stats.received += 1;
        let blocks = packet.get(blocks..).unwrap_or_default();
        let told = usize::from(packet[0] & 0x1f).min(BLOCKS_MAX);
        for block in blocks.chunks_exact(BLOCK).take(told) {
            if at(block, 0) == Some(ours) {
                self.note(now, block);
            }
        }
    }

    fn note(&mut self, now: Moment, block: &[u8]) {
        let word = |index| at(block, index).unwrap_or(0);
        self.stats.peer_loss = (word(4) >> 24) as f32 / 256.0;
        self.stats.peer_jitter = word(12);
        let (report, held) = (word(16), word(20));
        let [high, low] = ntp(now);
        let taken = (high << 16 | low >> 16).wrapping_sub(report).wrapping_sub(held);
        // Half of the numbers are in the past: a report that is not ours, or a clock that was wrong.
        if report != 0 && taken < 1 << 31 {
            self.stats.round_trip_ms = Some(u64::from(taken) * 1_000 / 65_536);
        }
    }
}

/// The first packet of a compound one, and the rest; nothing where it is not whole.
fn split(datagram: &[u8]) -> Option<(&[u8], &[u8])> {
    let &[first, _, high, low, ..] = datagram else { return None };
    let length = (usize::from(u16::from_be_bytes([high, low])) + 1) * 4;
    (first >> 6 == 2 && length >= 8).then(|| datagram.split_at_checked(length)).flatten()
}

fn begin(out: &mut Vec<u8>, count: u8, kind: u8) {
    out.extend([0x80 | count, kind, 0, 0]);
}

/// Writes the length of the packet that began at `start`.
fn end(out: &mut [u8], start: usize) {
    let words = ((out.len() - start) / 4 - 1) as u16;
    out[start + 2..start + 4].copy_from_slice(&words.to_be_bytes());
}

fn word(out: &mut Vec<u8>, value: u32) {
    out.extend(value.to_be_bytes());
}

fn at(packet: &[u8], index: usize) -> Option<u32> {
    packet.get(index..index + 4)?.try_into().ok().map(u32::from_be_bytes)
}

/// Seconds and parts of them since our own beginning: RFC 3550 (6.4.1) asks for no true clock where times are only
/// compared with each other.
fn ntp(now: Moment) -> [u32; 2] {
    [(now.ms / 1_000) as u32, ((now.ms % 1_000) * (1 << 32) / 1_000) as u32]
}
