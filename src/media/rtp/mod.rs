//! RTP (RFC 3550) with the audio profile (RFC 3551): packets of one leg, written and read.

mod packet;
mod receiver;
mod sender;
pub mod sequence;

pub(in crate::media) use packet::header;
pub use packet::{AudioPacket, Content, Received, Refusal};
pub use receiver::{Agreed, Receiver, RtpStats};
pub use sender::{Packets, Sender};
