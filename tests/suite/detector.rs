//! The detector that is written out, beside the runtime that it was written off from.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};

use huiyin::engine::models::ModelDir;
use huiyin::engine::silero::SileroModel;
use huiyin::engine::voice::product::{Rows, Weights};
use huiyin::kernel::Rng;
use huiyin::speech::{SpeechError, VAD_STEP, Vad};
use ort::session::Session;
use ort::value::TensorRef;
use proptest::prelude::*;

use super::recognise::{sentences, silero};

const CONTEXT: usize = 32;
/// How far the two may be apart: rounding, in another order.
const NEAR: f32 = 1e-4;

/// ONNX Runtime's library: of `ORT_DYLIB_PATH`, or beside the models.
fn library() -> Option<PathBuf> {
    let beside = || Some(ModelDir::locate(None).ok()?.path().join("onnxruntime/libonnxruntime.so"));
    let path = std::env::var_os("ORT_DYLIB_PATH").map(PathBuf::from).or_else(beside)?;
    if !path.is_file() {
        eprintln!("skipped: no ONNX Runtime at {}; set ORT_DYLIB_PATH", path.display());
        return None;
    }
    Some(path)
}

/// The same network in ONNX Runtime.
struct Reference {
    session: Session,
    state: Vec<f32>,
    input: [f32; CONTEXT + VAD_STEP],
}

impl Reference {
    fn load() -> Option<Reference> {
        let network = ModelDir::locate(None).ok()?.path_of("silero").ok()?;
        let environment =
            ort::init_from(library()?).unwrap().with_telemetry(false).build().unwrap();
        let session = Session::builder(&environment).unwrap().commit_from_file(network).unwrap();
        Some(Reference { session, state: vec![0.0; 256], input: [0.0; CONTEXT + VAD_STEP] })
    }

    fn reset(&mut self) {
        self.state.fill(0.0);
        self.input.fill(0.0);
    }

    fn step(&mut self, pcm: &[i16; VAD_STEP]) -> f32 {
        self.input.copy_within(VAD_STEP.., 0);
        for (to, from) in self.input[CONTEXT..].iter_mut().zip(pcm) {
            *to = f32::from(*from) / 32768.0;
        }
        let rate = [8000_i64];
        let outputs = self
            .session
            .run(ort::inputs![
                "input" => TensorRef::from_array_view(([1, CONTEXT + VAD_STEP], &self.input[..])).unwrap(),
                "state" => TensorRef::from_array_view(([2, 1, 128], &self.state[..])).unwrap(),
                "sr" => TensorRef::from_array_view(([(); 0].map(|()| 0_i64), &rate[..])).unwrap(),
            ])
            .unwrap();
        let (_, state) = outputs["stateN"].try_extract_tensor::<f32>().unwrap();
        let (_, probability) = outputs["output"].try_extract_tensor::<f32>().unwrap();
        let (state, probability) = (state.to_vec(), probability[0]);
        drop(outputs);
        self.state = state;
        probability
    }
}

/// Sounds of all sorts: silence, noise as loud as it can be, tones, clicks.
fn synthesised(seed: u64) -> Vec<i16> {
    let mut rng = Rng::new(seed);
    let mut sound = vec![0_i16; 8_000];
    for loudness in [10.0, 1_000.0, 32_767.0] {
        sound.extend((0..8_000).map(|_| ((rng.unit() * 2.0 - 1.0) * loudness) as i16));
    }
    for hertz in [50.0, 450.0, 1_700.0, 3_900.0] {
        let at = |n: u32| (f64::from(n) / 8_000.0 * std::f64::consts::TAU * hertz).sin();
        sound.extend((0..8_000).map(|n| (at(n) * 12_000.0) as i16));
    }
    sound.extend((0..8_000).map(|n| if n % 400 == 0 { i16::MIN } else { i16::MAX / 9 }));
    sound
}

/// Utterances, and what is no speech: the probability of every step, over long streams, as the state goes on.
#[test]
fn the_detector_tells_what_onnx_runtime_tells() {
    let (Some(silero), Some(mut reference)) = (silero(), Reference::load()) else { return };
    let mut sounds: Vec<Vec<i16>> = (1..4).map(synthesised).collect();
    sounds.extend(sentences(40).into_iter().map(|sample| sample.pcm));
    let (mut steps, mut voiced, mut furthest) = (0, 0, 0.0_f32);
    for sound in &sounds {
        let mut ours = silero.stream();
        reference.reset();
        for step in sound.as_chunks::<VAD_STEP>().0 {
            let (one, other) = (ours.step(step), reference.step(step));
            furthest = furthest.max((one - other).abs());
            steps += 1;
            voiced += usize::from(other >= 0.5);
        }
    }
    println!("{steps} steps, {voiced} of them voiced, at most {furthest:e} apart");
    assert!(voiced > 0 && furthest <= NEAR, "{furthest:e} apart");
}

/// Of the same weights and the same sound, told by ONNX Runtime 1.31.1, for where there is none.
#[test]
fn the_detector_tells_what_was_written_down() {
    let Some(silero) = silero() else { return };
    let written = include_str!("../data/silero-reference.tsv");
    let sound = synthesised(1);
    let mut ours = silero.stream();
    let mut rows = 0;
    for (line, step) in written.lines().zip(sound.as_chunks::<VAD_STEP>().0) {
        let told: f32 = line.parse().unwrap();
        let probability = ours.step(step);
        assert!((probability - told).abs() <= NEAR, "step {rows}: {probability}, not {told}");
        rows += 1;
    }
    assert_eq!(rows, sound.len() / VAD_STEP);
}

/// `HUIYIN_WRITE=1` writes those probabilities anew.
#[test]
fn probabilities_are_written_down_on_demand() {
    if std::env::var_os("HUIYIN_WRITE").is_none() {
        return;
    }
    let mut reference = Reference::load().expect("ONNX Runtime and the weights");
    let sound = synthesised(1);
    let steps = sound.as_chunks::<VAD_STEP>().0;
    let text: String = steps.iter().map(|step| format!("{}\n", reference.step(step))).collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/silero-reference.tsv");
    fs::write(path, text).unwrap();
}

#[test]
fn a_stream_that_is_reset_is_a_new_one_and_streams_do_not_mix() {
    let Some(silero) = silero() else { return };
    let sound = synthesised(7);
    let steps = sound.as_chunks::<VAD_STEP>().0;
    let tell = |vad: &mut dyn Vad| steps.iter().map(|step| vad.step(step)).collect::<Vec<f32>>();
    let (mut one, mut other) = (silero.stream(), silero.stream());
    let first = tell(&mut one);
    one.reset();
    assert_eq!(tell(&mut one), first);
    for step in &steps[..9] {
        one.step(step);
        other.step(&steps[30]);
    }
    other.reset();
    assert_eq!(tell(&mut other), first);
}

#[test]
fn no_detector_without_its_file() {
    let scratch = tempfile::TempDir::new().unwrap();
    let path = scratch.path().join("silero_vad.onnx");
    let missing = SileroModel::load(&path).err().unwrap();
    assert!(matches!(missing, SpeechError::ModelMissing { .. }), "{missing}");
    let Some(whole) = ModelDir::locate(None).and_then(|models| models.path_of("silero")).ok()
    else {
        return;
    };
    let whole = fs::read(whole).unwrap();
    let other_name = |from: &[u8], to: &[u8]| {
        let mut bytes = whole.clone();
        let places: Vec<usize> =
            (0..bytes.len() - from.len()).filter(|&at| bytes[at..].starts_with(from)).collect();
        assert!(!places.is_empty());
        for at in places {
            bytes[at..at + to.len()].copy_from_slice(to);
        }
        bytes
    };
    let cases = [
        ("empty", Vec::new()),
        ("text", b"not a network".to_vec()),
        ("half", whole[..whole.len() / 2].to_vec()),
        ("cut", whole[..whole.len() - 1].to_vec()),
        ("another spectrum", other_name(b"stft.forward_basis", b"stft.inverse_basis")),
        ("another memory", other_name(b"decoder.rnn.weight_hh", b"decoder.gru.weight_hh")),
    ];
    for (what, bytes) in cases {
        fs::write(&path, bytes).unwrap();
        let broken = SileroModel::load(&path).err().unwrap_or_else(|| panic!("{what} is read"));
        assert!(matches!(broken, SpeechError::ModelBroken { .. }), "{what}: {broken}");
        assert!(broken.to_string().contains("silero_vad.onnx"), "{what}: {broken}");
    }
}

proptest! {
    /// Whatever bytes there are, they are read or refused.
    #[test]
    fn no_file_breaks_the_reader(place: prop::sample::Index, byte: u8, length: prop::sample::Index) {
        let Ok(whole) = ModelDir::locate(None).and_then(|models| models.path_of("silero")) else {
            return Ok(());
        };
        let mut bytes = fs::read(whole).unwrap();
        // The heads of messages stand near the beginning of their branch and between weights.
        let at = place.index(bytes.len());
        bytes[at] = byte;
        bytes.truncate(length.index(bytes.len()) + 1);
        let scratch = tempfile::TempDir::new().unwrap();
        let path = scratch.path().join("silero_vad.onnx");
        fs::write(&path, &bytes).unwrap();
        let _ = SileroModel::load(&path);
    }

    #[test]
    fn a_row_times_weights_is_their_product(
        inputs in 1_usize..70, outputs in 1_usize..90, count in 1_usize..11, seed: u64,
    ) {
        let mut rng = Rng::new(seed);
        let mut values = |count: usize| -> Vec<f32> {
            (0..count).map(|_| (rng.unit() * 2.0 - 1.0) as f32).collect()
        };
        let (matrix, rows) = (values(inputs * outputs), values(inputs * count));
        let weights = Weights::pack(&matrix, inputs, outputs).unwrap();
        let mut whole = vec![0.5; count * outputs];
        let all = Rows { data: &rows, count, stride: inputs };
        weights.add_product(all, &mut whole, outputs).unwrap();
        for (row, whole) in rows.chunks_exact(inputs).zip(whole.chunks_exact(outputs)) {
            let mut single = vec![0.5; outputs];
            weights.add_vector(row, &mut single).unwrap();
            for (column, (single, whole)) in single.iter().zip(whole).enumerate() {
                let exact: f64 = row
                    .iter()
                    .zip(&matrix[column..].iter().step_by(outputs).collect::<Vec<_>>())
                    .map(|(value, weight)| f64::from(*value) * f64::from(**weight))
                    .sum();
                prop_assert!((f64::from(*single) - 0.5 - exact).abs() < 1e-4);
                prop_assert!((f64::from(*whole) - 0.5 - exact).abs() < 1e-4);
            }
        }
        prop_assert!(weights.add_vector(&rows[..inputs - 1], &mut whole[..outputs]).is_err());
        prop_assert!(weights.add_vector(&rows[..inputs], &mut whole[..outputs - 1]).is_err());
    }
}
