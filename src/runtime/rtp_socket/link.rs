//! What one leg has since its first agreement.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::call::sdp::Negotiated;
use crate::kernel::Moment;
use crate::media::dtmf::{GAP_MS, KEY_MS, KeySender};
use crate::media::rtcp::{Reports, Sent};
use crate::media::rtp::{Agreed, Packets, Receiver, Sender};
use crate::media::srtp::{Inbound, Outbound};
use crate::media::tones::key_tone;
use crate::media::{Codec, FRAME_SAMPLES, Frame, Key, MediaError, SAMPLES_PER_MS, SILENCE};

pub(super) struct Link {
    pub(super) agreed: Negotiated,
    pub(super) receiver: Receiver,
    pub(super) sender: Sender,
    pub(super) reports: Reports,
    packets: Packets,
    protection: Option<Outbound>,
    key_sender: KeySender,
    /// Keys as tones, for a peer without telephone-event; sent in place of frames.
    tones: VecDeque<i16>,
}

impl Link {
    /// `seed` makes what shall not be guessed: SSRC and the first numbers.
    pub(super) fn new(
        now: Moment,
        agreed: &Negotiated,
        nat: bool,
        seed: u64,
    ) -> Result<Self, MediaError> {
        let mut link = Link {
            agreed: Negotiated { keys: None, ..*agreed },
            receiver: Receiver::new(now, receiving(agreed, nat)),
            sender: Sender::new(seed, agreed.codec, agreed.payload_type),
            reports: Reports::new(now, seed.rotate_left(32)),
            packets: Packets::of(agreed.ptime_ms),
            protection: None,
            key_sender: KeySender::new(),
            tones: VecDeque::new(),
        };
        link.protect(agreed)?;
        link.agreed = *agreed;
        Ok(link)
    }

    /// Something else was agreed; what goes on in both goes on.
    pub(super) fn agree(
        &mut self,
        now: Moment,
        agreed: &Negotiated,
        nat: bool,
    ) -> Result<(), MediaError> {
        self.protect(agreed)?;
        self.receiver.renegotiate(now, receiving(agreed, nat));
        if (agreed.codec, agreed.payload_type) != (self.agreed.codec, self.agreed.payload_type) {
            self.sender.switch(agreed.codec, agreed.payload_type);
        }
        if agreed.ptime_ms != self.agreed.ptime_ms {
            self.packets.clear(&mut self.sender);
            self.packets = Packets::of(agreed.ptime_ms);
        }
        self.agreed = *agreed;
        Ok(())
    }

    fn protect(&mut self, agreed: &Negotiated) -> Result<(), MediaError> {
        if agreed.keys == self.agreed.keys {
            return Ok(());
        }
        self.protection = match &agreed.keys {
            Some(keys) => Some(Outbound::new(keys.suite, &keys.ours)?),
            None => None,
        };
        let inbound = agreed.keys.map(|keys| Inbound::new(keys.suite, keys.theirs));
        self.receiver.protect(inbound);
        Ok(())
    }

    pub(super) fn no_key_down(&self) -> bool {
        self.key_sender.is_idle() && self.tones.is_empty()
    }

    pub(super) fn press(&mut self, key: Key) -> Result<(), MediaError> {
        if self.agreed.dtmf.is_some() {
            return self.key_sender.press(key, KEY_MS);
        }
        self.tones.extend(key_tone(key, KEY_MS));
        self.tones.extend(std::iter::repeat_n(0, GAP_MS as usize * SAMPLES_PER_MS));
        Ok(())
    }

    /// 20 ms pass in which nothing may be sent.
    pub(super) fn pause(&mut self) {
        self.packets.clear(&mut self.sender);
        self.sender.pause();
    }

    /// The packets to send with this frame: none, one or two; while keys are being sent, those instead.
    pub(super) fn outgoing(
        &mut self,
        frame: &Frame,
        out: &mut Vec<Bytes>,
    ) -> Result<(), MediaError> {
        if let Some(payload_type) = self.agreed.dtmf
            && let Some(event) = self.key_sender.tick(self.sender.timestamp())
        {
            self.packets.clear(&mut self.sender);
            let packet = self.sender.event(payload_type, &event)?;
            out.push(self.protected(packet)?);
            return Ok(());
        }
        match self.next_tone() {
            Some(tone) => self.packets.push(&tone),
            None => self.packets.push(frame),
        }
        while let Some(packet) = self.packets.next(&mut self.sender) {
            let packet = packet?;
            out.push(self.protected(packet)?);
        }
        Ok(())
    }

    fn next_tone(&mut self) -> Option<Frame> {
        if self.tones.is_empty() {
            return None;
        }
        let mut sound = SILENCE;
        let count = self.tones.len().min(FRAME_SAMPLES);
        for (sample, tone) in sound.iter_mut().zip(self.tones.drain(..count)) {
            *sample = tone;
        }
        Some(sound)
    }

    fn protected(&mut self, packet: Bytes) -> Result<Bytes, MediaError> {
        match &mut self.protection {
            Some(protection) => protection.rtp(&packet),
            None => Ok(packet),
        }
    }

    /// Our report, if it is time for one.
    pub(super) fn report(&mut self, now: Moment) -> Option<Result<Bytes, MediaError>> {
        let (packets, octets) = self.sender.sent();
        let (ssrc, timestamp) = (self.sender.ssrc(), self.sender.timestamp());
        let sent = Sent { ssrc, timestamp, packets, octets };
        let report = self.reports.due(now, sent, self.receiver.heard())?;
        Some(match &mut self.protection {
            Some(protection) => protection.rtcp(&report),
            None => Ok(report.into()),
        })
    }
}

fn receiving(agreed: &Negotiated, nat: bool) -> Agreed {
    let mut audio = vec![(agreed.payload_type, agreed.codec)];
    // Who offers several codecs must take each (RFC 3264, 5.1), and their numbers are fixed.
    let others = Codec::ALL.into_iter().map(|codec| (codec.payload_type(), codec));
    // But a stream has one clock; who agrees on another codec's clock keeps to it (RFC 7160 is not spoken).
    let others = others.filter(|(_, codec)| codec.clock_rate() == agreed.codec.clock_rate());
    audio.extend(others.filter(|(number, _)| *number != agreed.payload_type));
    let (events, comfort, remote) = (agreed.dtmf, agreed.comfort, agreed.remote);
    Agreed { audio, events, comfort, remote, nat }
}
