//! The sequence numbers of one RTP source (RFC 3550, appendix A.1): extended past 16 bits, duplicates known,
//! a restart of the sender told from a wild packet.

/// A step forward of less than this is loss, not a restart.
const DROPOUT_MAX: u16 = 3_000;
/// A step forward of up to this is a short while at most: five seconds at 20 ms.
const SOON: u16 = 250;
/// A step back of up to this is reordering.
const MISORDER_MAX: u16 = 100;

/// What a sequence number says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sequenced {
    /// Newer than any before; the extended number.
    Next(u64),
    /// Came behind a newer one, for the first time.
    Earlier(u64),
    /// Was here before.
    Again,
    /// Too far away to believe; another one near it would make it a restart.
    Jumped,
    /// The second packet after a jump: the sender began anew.
    Restarted,
}

/// Whether two packets are of one stream, judged by their numbers: not the same, and as near as reordering lets them be.
pub fn are_near(one: u16, other: u16) -> bool {
    let apart = one.wrapping_sub(other).min(other.wrapping_sub(one));
    (1..=MISORDER_MAX).contains(&apart)
}

/// Sequence numbers of one source.
#[derive(Clone, Debug)]
pub struct Sequence {
    base: u64,
    highest: u64,
    received: u64,
    /// Bit n: the number n below the highest was here.
    seen: u128,
    after_jump: Option<u16>,
}

impl Sequence {
    /// Begins with its first packet.
    pub fn new(first: u16) -> Self {
        // One cycle of room below, so that a packet from before the first has a number too.
        let extended = (1 << 16) + u64::from(first);
        Sequence { base: extended, highest: extended, received: 1, seen: 1, after_jump: None }
    }

    pub fn highest(&self) -> u64 {
        self.highest
    }

    /// Whether a number is one of the next.
    pub fn is_soon(&self, number: u16) -> bool {
        (1..=SOON).contains(&number.wrapping_sub(self.highest as u16))
    }

    pub fn expected(&self) -> u64 {
        self.highest - self.base + 1
    }

    /// Expected less received, not below 0.
    pub fn lost(&self) -> u64 {
        self.expected().saturating_sub(self.received)
    }

    pub fn accept(&mut self, number: u16) -> Sequenced {
        let ahead = number.wrapping_sub(self.highest as u16);
        let behind = 0u16.wrapping_sub(ahead);
        if ahead < DROPOUT_MAX {
            if ahead == 0 {
                return Sequenced::Again;
            }
            self.after_jump = None;
            self.highest += u64::from(ahead);
            self.seen = self.seen.checked_shl(u32::from(ahead)).unwrap_or(0) | 1;
            self.received += 1;
            return Sequenced::Next(self.highest);
        }
        if behind <= MISORDER_MAX {
            let bit = 1u128 << behind;
            if self.seen & bit != 0 {
                return Sequenced::Again;
            }
            self.seen |= bit;
            self.received += 1;
            let extended = self.highest - u64::from(behind);
            self.base = self.base.min(extended);
            return Sequenced::Earlier(extended);
        }
        if self.after_jump.is_some_and(|other| are_near(number, other)) {
            return Sequenced::Restarted;
        }
        self.after_jump = Some(number);
        Sequenced::Jumped
    }
}
