//! The packets that wait to be played, by the timestamp of their first sample.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::media::Codec;
use crate::media::codec::Decoder;
use crate::media::rtp::Content;

#[derive(Debug, Default)]
pub(super) struct Store {
    packets: BTreeMap<i64, Held>,
    decoder: Decoder,
}

#[derive(Debug)]
struct Held {
    length: i64,
    /// Empty until it is decoded.
    samples: Vec<i16>,
    coded: Option<(Codec, Bytes)>,
    /// Made of what is before and behind it.
    invented: bool,
}

impl Held {
    fn plain(samples: Vec<i16>, invented: bool) -> Self {
        Held { length: samples.len() as i64, samples, coded: None, invented }
    }
}

impl Store {
    pub(super) fn len(&self) -> usize {
        self.packets.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    pub(super) fn first(&self) -> Option<i64> {
        self.packets.keys().next().copied()
    }

    /// False for one that is there already.
    pub(super) fn insert(&mut self, timestamp: i64, length: i64, content: Content) -> bool {
        if self.packets.get(&timestamp).is_some_and(|held| !held.invented) {
            return false;
        }
        let held = match content {
            Content::Samples(samples) => Held::plain(samples, false),
            Content::Coded(codec, payload) => {
                let coded = Some((codec, payload));
                Held { length, samples: Vec::new(), coded, invented: false }
            }
            Content::Noise(_) => return true,
        };
        self.packets.insert(timestamp, held);
        true
    }

    /// Fills a gap; a packet that comes for it after all takes its place.
    pub(super) fn invent(&mut self, timestamp: i64, samples: Vec<i16>) {
        self.packets.entry(timestamp).or_insert(Held::plain(samples, true));
    }

    pub(super) fn pop_first(&mut self) {
        self.packets.pop_first();
    }

    pub(super) fn clear(&mut self) {
        *self = Store::default();
    }

    /// Drops what ends at or before a position, and says how much.
    pub(super) fn forget(&mut self, position: i64) -> u64 {
        let mut count = 0;
        while let Some(first) = self.packets.first_entry() {
            if first.key() + first.get().length > position {
                break;
            }
            count += u64::from(!first.get().invented);
            first.remove();
        }
        count
    }

    /// Decodes what begins before a timestamp, in order.
    pub(super) fn decode(&mut self, until: i64) {
        for (_, held) in self.packets.range_mut(..until) {
            if let Some((codec, payload)) = held.coded.take() {
                held.samples.reserve(held.length as usize);
                self.decoder.decode(codec, &payload, &mut held.samples);
                held.length = held.samples.len() as i64;
            }
        }
    }

    /// Copies what is decoded from a timestamp on: how much, and whether the peer sent it.
    pub(super) fn read(&self, at: i64, out: &mut [i16]) -> Option<(usize, bool)> {
        let (start, held) = self.packets.range(..=at).next_back()?;
        let available =
            held.samples.get((at - start) as usize..).filter(|rest| !rest.is_empty())?;
        let mut count = available.len().min(out.len());
        if held.invented
            && let Some((next, _)) = self.packets.range(at + 1..).next()
        {
            count = count.min((next - at) as usize);
        }
        out[..count].copy_from_slice(&available[..count]);
        Some((count, !held.invented))
    }

    /// The next one that begins at or after a timestamp.
    pub(super) fn next(&self, at: i64) -> Option<i64> {
        self.packets.range(at..).next().map(|(&start, _)| start)
    }

    /// At most `count` samples that follow each other without a gap.
    pub(super) fn run(&self, from: i64, count: usize) -> Vec<f32> {
        let mut out = Vec::with_capacity(count);
        let mut piece = [0; 160];
        while out.len() < count {
            let wanted = (count - out.len()).min(piece.len());
            match self.read(from + out.len() as i64, &mut piece[..wanted]) {
                Some((read, _)) => {
                    out.extend(piece[..read].iter().map(|&sample| f32::from(sample)))
                }
                None => break,
            }
        }
        out
    }

    /// The packet in which a position lies: where it begins, and how long it is.
    pub(super) fn around(&self, position: i64) -> Option<(i64, i64)> {
        let (&start, held) = self.packets.range(..=position).next_back()?;
        (held.length > 0).then_some((start, held.length))
    }
}
