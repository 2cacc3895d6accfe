//! Sound in files: recordings that survive a kill, WAVs of all kinds, levels.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use huiyin::media::level::{DcBlock, LineNoise, clipped, dbov};
use huiyin::media::resample::resample;
use huiyin::media::{FRAME_SAMPLES, Frame, MediaError, SILENCE, record, wav};
use proptest::prelude::*;

fn sine(hertz: f32, amplitude: f32, count: usize, rate: f32) -> Vec<f32> {
    (0..count)
        .map(|index| amplitude * (std::f32::consts::TAU * hertz * index as f32 / rate).sin())
        .collect()
}

fn fill(seed: i16) -> Frame {
    std::array::from_fn(|index| seed.wrapping_mul(31).wrapping_add(index as i16 * 7))
}

#[test]
fn a_recording_plays_while_it_grows_and_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls/one.wav");
    let mut recorder = record::Recorder::create(&path).unwrap();
    for number in 0..175 {
        recorder.write(&fill(number), &fill(-number)).unwrap();
    }
    // What a killed process leaves: the header of the last second, some bytes more.
    let copy = folder.path().join("killed.wav");
    std::fs::copy(&path, &copy).unwrap();
    let playable = hound::WavReader::open(&copy).unwrap();
    assert_eq!(playable.duration(), 3 * 8_000);
    drop(playable);
    let mut torn = std::fs::read(&copy).unwrap();
    torn.extend([1, 2, 3, 4, 5]);
    std::fs::write(&copy, torn).unwrap();
    let repaired = record::repair(&copy).unwrap();
    assert_eq!(repaired.before_ms, 3_000);
    assert!(repaired.after_ms >= 3_000);
    let mut reader = hound::WavReader::open(&copy).unwrap();
    assert_eq!(u64::from(reader.duration()) / 8, repaired.after_ms);
    let samples: Vec<i16> = reader.samples().map(Result::unwrap).collect();
    assert_eq!((samples[320], samples[321]), (fill(1)[0], fill(-1)[0]));
    assert_eq!(record::repair(&copy).unwrap().before_ms, repaired.after_ms);
    assert_eq!(recorder.finish().unwrap().duration_ms, 3_500);
    assert!(matches!(record::Recorder::create(&path), Err(MediaError::Io { .. })));
}

#[test]
fn a_slow_writer_costs_silence_and_no_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slow.wav");
    let (mut tape, recorder) = record::open(&path).unwrap();
    for number in 0..700 {
        tape.put(&[number; FRAME_SAMPLES], &SILENCE);
    }
    assert_eq!((tape.position_ms(), tape.dropped()), (14_000, 200));
    let writer = std::thread::spawn(move || recorder.run().unwrap());
    while tape.dropped() == 200 && tape.position_ms() < 20_000 {
        std::thread::yield_now();
        tape.put(&[900; FRAME_SAMPLES], &SILENCE);
    }
    let position = tape.position_ms();
    drop(tape);
    let recording = writer.join().unwrap();
    assert!(recording.duration_ms <= position && recording.duration_ms >= 10_000);
    let mut reader = hound::WavReader::open(&path).unwrap();
    let left: Vec<i16> = reader.samples().step_by(2).map(Result::unwrap).collect();
    for (index, frame) in left.chunks(FRAME_SAMPLES).enumerate() {
        let wanted = if index < 700 { index as i16 } else { 900 };
        assert!(frame[0] == wanted || frame[0] == 0, "frame {index} holds {}", frame[0]);
    }
}

fn wav_bytes(spec: hound::WavSpec, samples: &[f32]) -> Vec<u8> {
    let mut out = std::io::Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut out, spec).unwrap();
    for &sample in samples {
        for _ in 0..spec.channels {
            match spec.sample_format {
                hound::SampleFormat::Float => writer.write_sample(sample).unwrap(),
                hound::SampleFormat::Int => {
                    let scale = (1i64 << (spec.bits_per_sample - 1)) as f32;
                    writer.write_sample((sample * scale * 0.999) as i32).unwrap();
                }
            }
        }
    }
    writer.finalize().unwrap();
    out.into_inner()
}

/// Amplitude of a tone in a sound, by correlation.
fn tone(sound: &[f32], hertz: f32) -> f32 {
    let (mut real, mut imaginary) = (0.0, 0.0);
    for (index, &sample) in sound.iter().enumerate() {
        let phase = std::f32::consts::TAU * hertz * index as f32 / 8_000.0;
        real += sample * phase.cos();
        imaginary += sample * phase.sin();
    }
    2.0 * (real * real + imaginary * imaginary).sqrt() / sound.len() as f32
}

#[test]
fn wavs_of_all_kinds_become_8_khz_mono() {
    use hound::SampleFormat::{Float, Int};
    let kinds = [
        (1, 8_000, 16, Int),
        (2, 44_100, 16, Int),
        (1, 48_000, 24, Int),
        (2, 16_000, 32, Int),
        (1, 11_025, 8, Int),
        (2, 22_050, 32, Float),
        (1, 47_999, 16, Int),
    ];
    for (channels, sample_rate, bits_per_sample, sample_format) in kinds {
        let spec = hound::WavSpec { channels, sample_rate, bits_per_sample, sample_format };
        let samples = sine(1_000.0, 0.5, sample_rate as usize, sample_rate as f32);
        let sound = wav::parse("test.wav", &wav_bytes(spec, &samples)).unwrap();
        assert_eq!(sound.len(), 8_000, "{spec:?}");
        let floats: Vec<f32> = sound[800..7_200].iter().map(|&sample| f32::from(sample)).collect();
        let amplitude = tone(&floats, 1_000.0) / 16_384.0;
        assert!((0.97..1.03).contains(&amplitude), "{spec:?}: {amplitude}");
    }
}

#[test]
fn resampling_folds_nothing_back() {
    // 5 kHz must not be heard at 3 kHz; 3.3 kHz must go through.
    for (hertz, heard_at, least, most) in
        [(5_000.0, 3_000.0, 0.0, 0.001), (3_300.0, 3_300.0, 0.95, 1.05), (300.0, 300.0, 0.98, 1.02)]
    {
        let sound = resample(&sine(hertz, 1.0, 44_100, 44_100.0), 44_100, 8_000);
        let amplitude = tone(&sound[800..7_200], heard_at);
        assert!((least..most).contains(&amplitude), "{hertz} Hz: {amplitude}");
    }
    let up = resample(&sine(1_000.0, 1.0, 8_000, 8_000.0), 8_000, 16_000);
    assert_eq!(up.len(), 16_000);
    assert!((tone(&up[1_600..14_400], 500.0) - 1.0).abs() < 0.02);
}

#[test]
fn bad_wavs_are_told_apart_with_a_way_out() {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 8_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let good = wav_bytes(spec, &[0.1; 1_000]);
    let error = |bytes: &[u8]| wav::parse("x.wav", bytes).unwrap_err();
    assert!(matches!(wav::read("no/such.wav".as_ref()), Err(MediaError::Missing { .. })));
    assert!(matches!(wav::read(".".as_ref()), Err(MediaError::Io { .. })));
    assert!(matches!(error(b""), MediaError::Empty { .. }));
    assert!(matches!(error(b"ID3 not a wav at all"), MediaError::NotWav { .. }));
    assert!(matches!(error(&good[..good.len() - 100]), MediaError::Broken { .. }));
    assert!(matches!(error(&good[..30]), MediaError::Broken { .. }));
    assert!(matches!(error(&wav_bytes(spec, &[])), MediaError::NoSound { .. }));
    let fast = wav_bytes(hound::WavSpec { sample_rate: 96_000, ..spec }, &[0.1; 10]);
    let many = wav_bytes(hound::WavSpec { channels: 6, ..spec }, &[0.1; 10]);
    assert!(matches!(error(&fast), MediaError::Unsupported { .. }));
    assert!(
        error(&many).to_string().contains("6 channels")
            && error(&many).to_string().contains("ffmpeg")
    );
    let mut alaw = good.clone();
    alaw[20] = 6;
    assert!(matches!(error(&alaw), MediaError::Unsupported { .. }));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_file_breaks_the_reader(cut in 0usize..200, at in 0usize..60, byte in any::<u8>()) {
        let spec = hound::WavSpec { channels: 2, sample_rate: 8_000, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
        let mut bytes = wav_bytes(spec, &[0.1; 40]);
        bytes.truncate(bytes.len().saturating_sub(cut));
        if let Some(slot) = bytes.get_mut(at) {
            *slot = byte;
        }
        let _ = wav::parse("x.wav", &bytes);
    }
}

// ---- level

#[test]
fn levels_are_those_of_rfc_6465() {
    let full: Vec<i16> = sine(440.0, 32_767.0, 8_000, 8_000.0).iter().map(|&x| x as i16).collect();
    assert!((dbov(&full) + 3.01).abs() < 0.02, "{}", dbov(&full));
    assert_eq!(dbov(&SILENCE), -127.0);
    assert_eq!(dbov(&[]), -127.0);
    for level in [-30.0, -50.0] {
        let noise: Vec<i16> = {
            let mut source = LineNoise::new(5, level);
            (0..200).flat_map(|_| source.frame()).collect()
        };
        assert!((dbov(&noise) - level).abs() < 0.5, "{level}: {}", dbov(&noise));
    }
    assert_eq!(clipped(&[0, 32_767, 0, 32_767, 32_767, -32_768, 5]), 3);
}

#[test]
fn a_constant_offset_is_removed() {
    let mut samples = vec![2_000i16; 8_000];
    DcBlock::new().process(&mut samples);
    assert!(samples[4_000..].iter().all(|sample| sample.abs() <= 2));
}
