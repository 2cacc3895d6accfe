//! What a recording sounds like after a bad network: coded, sent, lost, put in order and concealed as a call's sound is.

use std::net::{Ipv4Addr, SocketAddr};

use super::network::{BadNetwork, Conditions};
use super::rtp::{Agreed, Received, Receiver, Sender};
use super::{Codec, FRAME_MS, FRAME_SAMPLES, Frame, JitterBuffer, MediaError, SILENCE};
use crate::kernel::Moment;
use crate::media::level::LineNoise;

/// The call has been up for so long before the recording begins, with the noise of a line: the jitter buffer knows the
/// network by then.
const BEFORE_FRAMES: u64 = 150;
/// After the recording so much more is heard, as the last packets are still under way.
const AFTER_FRAMES: u64 = 25;
const NOISE_DBOV: f32 = -66.0;

/// The recording (8 kHz) as it is heard, later by the delay of the jitter buffer. The same seed gives the same sound.
pub fn over(pcm: &[i16], conditions: Conditions, seed: u64) -> Result<Vec<i16>, MediaError> {
    let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 4_000));
    let agreed = Agreed {
        audio: vec![(Codec::Pcma.payload_type(), Codec::Pcma)],
        events: None,
        comfort: None,
        remote: peer,
        nat: false,
    };
    let mut sender = Sender::new(seed, Codec::Pcma, Codec::Pcma.payload_type());
    let mut receiver = Receiver::new(Moment::ZERO, agreed);
    let mut network = BadNetwork::new(seed, conditions);
    let mut noise = LineNoise::new(seed, NOISE_DBOV);
    let mut buffer = JitterBuffer::new();
    let frames = pcm.len().div_ceil(FRAME_SAMPLES) as u64;
    let ahead = conditions.delay_ms / FRAME_MS;
    let mut out = Vec::with_capacity(pcm.len() + FRAME_SAMPLES * (ahead + AFTER_FRAMES) as usize);
    for tick in 0..BEFORE_FRAMES + frames + ahead + AFTER_FRAMES {
        let now = Moment::from_ms(tick * FRAME_MS);
        let mut frame = frame_of(pcm, tick.checked_sub(BEFORE_FRAMES));
        noise.add(&mut frame);
        network.send(now, sender.audio(&frame)?);
        while let Some((at, packet)) = network.arrived(now) {
            if let Received::Audio(audio) = receiver.receive(at, peer, &packet) {
                buffer.insert(at, audio);
            }
        }
        let (heard, _) = buffer.pull(now);
        if tick >= BEFORE_FRAMES + ahead {
            out.extend_from_slice(&heard);
        }
    }
    Ok(out)
}

fn frame_of(pcm: &[i16], index: Option<u64>) -> Frame {
    let mut frame = SILENCE;
    let start = index.map_or(usize::MAX, |index| index as usize * FRAME_SAMPLES);
    if let Some(rest) = pcm.get(start..) {
        let count = rest.len().min(FRAME_SAMPLES);
        frame[..count].copy_from_slice(&rest[..count]);
    }
    frame
}
