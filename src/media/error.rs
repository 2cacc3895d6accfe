//! What can go wrong with sound, and the way out.

use std::io;
use std::path::PathBuf;

/// Errors of files and queues. A bad packet from the network is no error: [`super::rtp::Refusal`] counts it.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    #[error("{}: no such file; give the path of a WAV file that exists", path.display())]
    Missing { path: PathBuf },
    #[error("{}: cannot be read or written; check the path, its permissions and the free disk space", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{name}: the file is empty (0 bytes); record or copy it again")]
    Empty { name: String },
    #[error(
        "{name}: this is not a WAV file (it does not begin with RIFF…WAVE); convert it: ffmpeg -i IN -ar 8000 -ac 1 OUT.wav"
    )]
    NotWav { name: String },
    #[error(
        "{name}: the WAV is broken: {what}; save it again, or mend it: ffmpeg -i IN.wav OUT.wav"
    )]
    Broken { name: String, what: String },
    #[error("{name}: the WAV has a header and no sound; record it again")]
    NoSound { name: String },
    #[error(
        "{name}: a {what} is not supported; convert it: ffmpeg -i IN.wav -ar 8000 -ac 1 -c:a pcm_s16le OUT.wav"
    )]
    Unsupported { name: String, what: String },
    #[error(
        "{name}: {bytes} bytes is more than the {max} that are read at once; cut it into parts"
    )]
    TooLong { name: String, bytes: u64, max: u64 },
    #[error("{}: a recording ends after {hours} hours, the most that a WAV header can count; the rest is not recorded", path.display())]
    RecordingFull { path: PathBuf, hours: u64 },
    #[error("the speech queue holds {max} chunks already; append again after frames were pulled")]
    SpeechQueueFull { max: usize },
    #[error("{character:?} is not a telephone key; use 0 to 9, *, #, A to D")]
    NotAKey { character: char },
    #[error("{max} keys wait to be sent already; send the rest later")]
    KeyQueueFull { max: usize },
    #[error("{max} legs are in this bridge already; let one leave first")]
    BridgeFull { max: usize },
    #[error("an RTP packet cannot be protected: {what}")]
    Protection { what: String },
    #[error("an RTP packet cannot be written: {what}")]
    Packet { what: String },
}
