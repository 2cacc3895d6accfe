//! A call's recording: a stereo WAV, 8 kHz, 16 bits; left is the caller, right what the caller hears.
//!
//! The header is made true every second of sound, so a process that is killed leaves a file that plays; [`repair`]
//! gives back the rest of that last second, but for the last half of one that was still on its way to the writer.
//!
//! Writing blocks, so it never happens on the task that moves frames: that one holds a [`Tape`], which never waits, and
//! a writer thread runs the [`Recorder`]. Between them lies a bounded queue; where the disk is so slow that it
//! overflows, the recording has silence of the same length, and positions stay true.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use hound::{SampleFormat, WavSpec, WavWriter};

use super::{FRAME_MS, FRAME_SAMPLES, Frame, MediaError, RATE, SILENCE};
use crate::kernel::limits;

const CHANNELS: u16 = 2;
/// Bytes of one moment: two samples of two bytes.
const BLOCK: u64 = 4;
/// The header is rewritten after this many frames.
const FLUSH_FRAMES: u64 = 50;
/// A WAV header counts bytes in 32 bits: 37 hours of this.
const HOURS_MAX: u64 = 36;
const FRAMES_MAX: u64 = HOURS_MAX * 3_600_000 / FRAME_MS;

/// Frames that are handed over at a time: waking the writer for each cost more than all else that a frame costs.
const BATCH: usize = 25;

/// Opens a recording: the tape for the frame task, the recorder for a writer thread.
pub fn open(path: &Path) -> Result<(Tape, Recorder), MediaError> {
    let recorder = Recorder::create(path)?;
    let (sender, receiver) = sync_channel(limits::RECORD_BATCHES);
    let tape = Tape { sender, waiting: Vec::with_capacity(BATCH), frames: 0, dropped: 0 };
    Ok((tape, Recorder { queue: Some(receiver), ..recorder }))
}

/// One moment of the call.
#[derive(Clone, Copy, Debug)]
struct Moment {
    /// Counts the frames of the recording, also those that were dropped on the way.
    index: u64,
    left: Frame,
    right: Frame,
}

/// The frame task's end. Dropping it ends the recording.
#[derive(Debug)]
pub struct Tape {
    sender: SyncSender<Vec<Moment>>,
    waiting: Vec<Moment>,
    frames: u64,
    dropped: u64,
}

impl Tape {
    /// 20 ms of the call. Never waits.
    pub fn put(&mut self, left: &Frame, right: &Frame) {
        let moment = Moment { index: self.frames, left: *left, right: *right };
        self.frames += 1;
        self.waiting.push(moment);
        if self.waiting.len() >= BATCH {
            self.hand_over();
        }
    }

    fn hand_over(&mut self) {
        let batch = std::mem::replace(&mut self.waiting, Vec::with_capacity(BATCH));
        let count = batch.len() as u64;
        if self.sender.try_send(batch).is_err() {
            self.dropped += count;
        }
    }

    /// Where the next frame will lie in the recording.
    pub fn position_ms(&self) -> u64 {
        self.frames * FRAME_MS
    }

    /// Frames that are silence in the recording because the writer was too slow, or gone.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}

impl Drop for Tape {
    fn drop(&mut self) {
        self.hand_over();
    }
}

/// A finished recording.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recording {
    pub path: PathBuf,
    pub duration_ms: u64,
}

/// Writes the file. Blocks: for a writer thread.
pub struct Recorder {
    path: PathBuf,
    writer: WavWriter<BufWriter<File>>,
    frames: u64,
    queue: Option<Receiver<Vec<Moment>>>,
}

impl Recorder {
    /// Creates the file, and its folder where there is none. An existing file is never written over.
    pub fn create(path: &Path) -> Result<Self, MediaError> {
        let io = |source| MediaError::Io { path: path.to_path_buf(), source };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(io)?;
        }
        let file = OpenOptions::new().write(true).create_new(true).open(path).map_err(io)?;
        let spec = WavSpec {
            channels: CHANNELS,
            sample_rate: RATE,
            bits_per_sample: 16,
            sample_format: SampleFormat::Int,
        };
        let writer =
            WavWriter::new(BufWriter::new(file), spec).map_err(|error| hound(path, error))?;
        let mut recorder = Recorder { path: path.to_path_buf(), writer, frames: 0, queue: None };
        recorder.flush()?;
        Ok(recorder)
    }

    /// Writes what the tape brings until the tape is dropped. On an error the file holds what came before.
    pub fn run(mut self) -> Result<Recording, MediaError> {
        if let Some(queue) = self.queue.take() {
            for moment in queue.into_iter().flatten() {
                while self.frames < moment.index {
                    self.write(&SILENCE, &SILENCE)?;
                }
                self.write(&moment.left, &moment.right)?;
            }
        }
        self.finish()
    }

    /// 20 ms.
    pub fn write(&mut self, left: &Frame, right: &Frame) -> Result<(), MediaError> {
        if self.frames >= FRAMES_MAX {
            return Err(MediaError::RecordingFull { path: self.path.clone(), hours: HOURS_MAX });
        }
        let mut out = self.writer.get_i16_writer((FRAME_SAMPLES * 2) as u32);
        for (&left, &right) in left.iter().zip(right) {
            out.write_sample(left);
            out.write_sample(right);
        }
        out.flush().map_err(|error| hound(&self.path, error))?;
        self.frames += 1;
        if self.frames.is_multiple_of(FLUSH_FRAMES) {
            self.flush()?;
        }
        Ok(())
    }

    pub fn position_ms(&self) -> u64 {
        self.frames * FRAME_MS
    }

    /// Makes the header true and gives everything to the operating system.
    pub fn flush(&mut self) -> Result<(), MediaError> {
        self.writer.flush().map_err(|error| hound(&self.path, error))
    }

    pub fn finish(self) -> Result<Recording, MediaError> {
        let duration_ms = self.position_ms();
        self.writer.finalize().map_err(|error| hound(&self.path, error))?;
        Ok(Recording { path: self.path, duration_ms })
    }
}

fn hound(path: &Path, error: hound::Error) -> MediaError {
    match error {
        hound::Error::IoError(source) => MediaError::Io { path: path.to_path_buf(), source },
        other => MediaError::Broken { name: path.display().to_string(), what: other.to_string() },
    }
}

/// What a repair found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Repaired {
    /// Length by the header before.
    pub before_ms: u64,
    /// Length of what is in the file, which the header says now.
    pub after_ms: u64,
}

/// Makes the header of a recording tell its true length, after its writer was killed. Blocks.
pub fn repair(path: &Path) -> Result<Repaired, MediaError> {
    let io = |source: std::io::Error| match source.kind() {
        ErrorKind::NotFound => MediaError::Missing { path: path.to_path_buf() },
        _ => MediaError::Io { path: path.to_path_buf(), source },
    };
    let mut file = OpenOptions::new().read(true).write(true).open(path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    let name = || path.display().to_string();
    if length == 0 {
        return Err(MediaError::Empty { name: name() });
    }
    let Some((data, told)) = find_data(&mut file).map_err(io)? else {
        return Err(MediaError::NotWav { name: name() });
    };
    let there = (length - data) / BLOCK * BLOCK;
    let (Ok(riff_size), Ok(data_size)) = (u32::try_from(data + there - 8), u32::try_from(there))
    else {
        return Err(MediaError::TooLong { name: name(), bytes: length, max: u64::from(u32::MAX) });
    };
    if told != there || length != data + there {
        file.set_len(data + there).map_err(io)?;
        file.seek(SeekFrom::Start(4)).map_err(io)?;
        file.write_all(&riff_size.to_le_bytes()).map_err(io)?;
        file.seek(SeekFrom::Start(data - 4)).map_err(io)?;
        file.write_all(&data_size.to_le_bytes()).map_err(io)?;
        file.sync_all().map_err(io)?;
    }
    let ms = |bytes: u64| bytes / BLOCK * 1_000 / u64::from(RATE);
    Ok(Repaired { before_ms: ms(told), after_ms: ms(there) })
}

/// Where the samples begin and how many bytes of them the header tells; nothing if this is not one of our recordings.
fn find_data(file: &mut File) -> std::io::Result<Option<(u64, u64)>> {
    let mut head = Vec::new();
    Read::by_ref(file).take(4_096).read_to_end(&mut head)?;
    if !head.starts_with(b"RIFF") || head.get(8..12) != Some(b"WAVE".as_slice()) {
        return Ok(None);
    }
    let mut at = 12;
    let mut ours = false;
    while let Some(&[a, b, c, d, s0, s1, s2, s3]) = head.get(at..at + 8) {
        let size = u32::from_le_bytes([s0, s1, s2, s3]) as usize;
        match &[a, b, c, d] {
            b"data" => return Ok(ours.then_some((at as u64 + 8, size as u64))),
            // Two channels (after the format's tag), sixteen bits.
            b"fmt " => {
                ours = head.get(at + 10..at + 12) == Some(CHANNELS.to_le_bytes().as_slice())
                    && head.get(at + 22..at + 24) == Some(16u16.to_le_bytes().as_slice());
            }
            _ => {}
        }
        at = at.saturating_add(8).saturating_add(size);
    }
    Ok(None)
}
