//! From CTranslate2 to ggml, on a made-up model small enough to follow every number.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;

use huiyin::engine::models::{
    ConvertError, Ct2Error, Ct2Model, GGML_MAGIC, Vocabulary, inspect_ggml, mel_filters,
    write_whisper,
};

const WIDTH: usize = 4;
const F16: u8 = 4;
const I8: u8 = 1;
const I16: u8 = 2;

/// Variables by name: shape, type code, data.
type Variables = BTreeMap<String, (Vec<usize>, u8, Vec<u8>)>;

/// Half-precision 1.0, 1.001, … so that every row can be told from every other.
fn half(dims: &[usize], first: u16) -> (Vec<usize>, u8, Vec<u8>) {
    let count: usize = dims.iter().product();
    let data = (0..count).flat_map(|i| (0x3c00 + first + i as u16).to_le_bytes());
    (dims.to_vec(), F16, data.collect())
}

fn zeros_in(dims: &[usize], from: usize, to: usize) -> (Vec<usize>, u8, Vec<u8>) {
    let (dims, kind, mut data) = half(dims, 0);
    data[2 * from..2 * to].fill(0);
    (dims, kind, data)
}

fn norm(v: &mut Variables, name: &str) {
    v.insert(format!("{name}/gamma"), half(&[WIDTH], 0));
    v.insert(format!("{name}/beta"), half(&[WIDTH], 16));
}

fn linear(v: &mut Variables, name: &str, dims: [usize; 2]) {
    v.insert(format!("{name}/weight"), half(&dims, 0));
    v.insert(format!("{name}/bias"), half(&dims[..1], 32));
}

fn layer(v: &mut Variables, name: &str, crosses: bool) {
    norm(v, &format!("{name}/ffn/layer_norm"));
    linear(v, &format!("{name}/ffn/linear_0"), [4 * WIDTH, WIDTH]);
    linear(v, &format!("{name}/ffn/linear_1"), [WIDTH, 4 * WIDTH]);
    let own = format!("{name}/self_attention");
    norm(v, &format!("{own}/layer_norm"));
    linear(v, &format!("{own}/linear_0"), [3 * WIDTH, WIDTH]);
    let bias = zeros_in(&[3 * WIDTH], WIDTH, 2 * WIDTH);
    v.insert(format!("{own}/linear_0/bias"), bias);
    linear(v, &format!("{own}/linear_1"), [WIDTH, WIDTH]);
    if crosses {
        let cross = format!("{name}/attention");
        norm(v, &format!("{cross}/layer_norm"));
        linear(v, &format!("{cross}/linear_0"), [WIDTH, WIDTH]);
        linear(v, &format!("{cross}/linear_1"), [2 * WIDTH, WIDTH]);
        let bias = zeros_in(&[2 * WIDTH], 0, WIDTH);
        v.insert(format!("{cross}/linear_1/bias"), bias);
        linear(v, &format!("{cross}/linear_2"), [WIDTH, WIDTH]);
    }
}

fn tiny() -> Variables {
    let mut v = Variables::new();
    for side in ["encoder", "decoder"] {
        v.insert(format!("{side}/num_heads"), (vec![], I16, vec![2, 0]));
        norm(&mut v, &format!("{side}/layer_norm"));
        let table = format!("{side}/position_encodings/encodings");
        v.insert(table, half(&[3, WIDTH], 0));
        layer(&mut v, &format!("{side}/layer_0"), side == "decoder");
    }
    v.insert("decoder/activation".into(), (vec![], I8, vec![3]));
    v.insert("decoder/embeddings/weight".into(), half(&[6, WIDTH], 0));
    for (conv, input) in [("conv1", 80), ("conv2", WIDTH)] {
        let weight = half(&[WIDTH, input, 3], 0);
        v.insert(format!("encoder/{conv}/weight"), weight);
        v.insert(format!("encoder/{conv}/bias"), half(&[WIDTH], 0));
    }
    v
}

fn string(text: &str) -> Vec<u8> {
    let mut out = (text.len() as u16 + 1).to_le_bytes().to_vec();
    out.extend(text.bytes().chain([0]));
    out
}

fn ct2(variables: &Variables) -> Vec<u8> {
    let mut out = 6u32.to_le_bytes().to_vec();
    out.extend(string("WhisperSpec"));
    out.extend(3u32.to_le_bytes());
    out.extend((variables.len() as u32).to_le_bytes());
    for (name, (dims, kind, data)) in variables {
        out.extend(string(name));
        out.push(dims.len() as u8);
        for n in dims {
            out.extend((*n as u32).to_le_bytes());
        }
        out.push(*kind);
        out.extend((data.len() as u32).to_le_bytes());
        out.extend(data);
    }
    out.extend(1u32.to_le_bytes());
    out.extend(string("decoder/projection/weight"));
    out.extend(string("decoder/embeddings/weight"));
    out
}

const VOCABULARY: &str = "!\nĠa\né\n\n<|endoftext|>\n<|startoftranscript|>\n";

fn convert(variables: &Variables) -> Result<Vec<u8>, ConvertError> {
    let bytes = ct2(variables);
    let model = Ct2Model::parse(&bytes).expect("the file itself is sound");
    let mut out = Vec::new();
    write_whisper(&model, &Vocabulary::from_lines(VOCABULARY)?, &mut out)?;
    Ok(out)
}

/// Reads ggml back: header numbers, tokens, and tensors as (type, dims, data).
struct Ggml {
    header: Vec<i32>,
    tokens: Vec<Vec<u8>>,
    tensors: BTreeMap<String, (i32, Vec<i32>, Vec<u8>)>,
}

impl Ggml {
    fn read(bytes: &[u8]) -> Ggml {
        let mut at = 0;
        let mut take = |n: usize| {
            at += n;
            bytes[at - n..at].to_vec()
        };
        let int = |b: Vec<u8>| i32::from_le_bytes(b.try_into().unwrap());
        assert_eq!(int(take(4)) as u32, GGML_MAGIC);
        let header: Vec<i32> = (0..13).map(|_| int(take(4))).collect();
        take(4 * (header[11] * header[12]) as usize);
        let tokens = (0..int(take(4)))
            .map(|_| {
                let n = int(take(4)) as usize;
                take(n)
            })
            .collect();
        let mut tensors = BTreeMap::new();
        let mut left = bytes.len() - at;
        while left > 0 {
            let mut take = |n: usize| {
                left -= n;
                let from = bytes.len() - left - n;
                bytes[from..from + n].to_vec()
            };
            let (rank, name_length, kind) = (int(take(4)), int(take(4)), int(take(4)));
            let dims: Vec<i32> = (0..rank).map(|_| int(take(4))).collect();
            let name = String::from_utf8(take(name_length as usize)).unwrap();
            let size = if kind == 1 { 2 } else { 4 };
            let data = take(size * dims.iter().product::<i32>() as usize);
            tensors.insert(name, (kind, dims, data));
        }
        Ggml { header, tokens, tensors }
    }

    fn floats(&self, name: &str) -> Vec<f32> {
        let (kind, _, data) = &self.tensors[name];
        assert_eq!(*kind, 0, "{name}");
        let chunks = data.chunks(4);
        chunks.map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect()
    }
}

#[test]
fn a_tiny_model_is_converted_number_by_number() {
    let variables = tiny();
    let g = Ggml::read(&convert(&variables).unwrap());
    assert_eq!(
        g.header,
        [6, 3, 4, 2, 1, 3, 4, 2, 1, 80, 1, 80, 201],
        "vocabulary, contexts, widths, heads, layers"
    );
    assert_eq!(
        g.tokens,
        [b"!".to_vec(), b" a".to_vec(), vec![0xe9], vec![]],
        "bytes decoded, special tokens left out"
    );
    assert_eq!(g.tensors.len(), 7 + 15 + 4 + 24);

    let joined = &variables["encoder/layer_0/self_attention/linear_0/weight"].2;
    let rows = 2 * WIDTH * WIDTH;
    for (i, part) in ["query", "key", "value"].into_iter().enumerate() {
        let (kind, dims, data) = &g.tensors[&format!("encoder.blocks.0.attn.{part}.weight")];
        assert_eq!((*kind, dims.as_slice()), (1, &[4, 4][..]));
        assert_eq!(data, &joined[i * rows..(i + 1) * rows], "{part}");
    }
    assert!(!g.tensors.contains_key("encoder.blocks.0.attn.key.bias"));
    let cross = &variables["decoder/layer_0/attention/linear_1/weight"].2;
    let value = &g.tensors["decoder.blocks.0.cross_attn.value.weight"].2;
    assert_eq!(value, &cross[rows..]);
    assert_eq!(g.tensors["encoder.conv1.bias"].1, [1, 4]);
    assert_eq!(g.tensors["encoder.conv1.weight"].1, [3, 80, 4]);
    assert_eq!(g.tensors["decoder.blocks.0.mlp.0.weight"].1, [4, 16]);
    let gamma = g.floats("encoder.ln_post.weight");
    let expected: Vec<f32> = (0..4).map(|i| 1.0 + i as f32 / 1024.0).collect();
    assert_eq!(gamma, expected);
}

#[test]
fn a_file_cut_anywhere_is_an_error_and_never_a_panic() {
    let bytes = ct2(&tiny());
    for n in 0..bytes.len() {
        assert!(Ct2Model::parse(&bytes[..n]).is_err(), "cut at {n}");
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert_eq!(Ct2Model::parse(&longer), Err(Ct2Error::TrailingBytes(1)));
}

#[test]
fn other_files_are_named_for_what_they_are() {
    let mut bytes = ct2(&tiny());
    bytes[0] = 5;
    assert_eq!(Ct2Model::parse(&bytes), Err(Ct2Error::Version(5)));
    assert!(matches!(Ct2Model::parse(b"PK\x03\x04 a zip file"), Err(Ct2Error::Version(_))));
    let mut other = 6u32.to_le_bytes().to_vec();
    other.extend(string("TransformerSpec"));
    assert_eq!(Ct2Model::parse(&other), Err(Ct2Error::Spec("TransformerSpec".into())));
    let mut v = tiny();
    v.get_mut("encoder/conv1/bias").unwrap().2.pop();
    let bytes = ct2(&v);
    let e = Ct2Model::parse(&bytes).unwrap_err().to_string();
    assert!(e.contains("encoder/conv1/bias"), "{e}");
}

#[test]
fn a_model_built_differently_is_refused() {
    type Change = fn(&mut Variables);
    let cases: [(Change, &str); 6] = [
        (|v| drop(v.remove("decoder/layer_norm/beta")), "decoder/layer_norm/beta"),
        (|v| drop(v.insert("decoder/extra".into(), half(&[2], 0))), "decoder/extra"),
        (
            |v| {
                let name = "encoder/layer_0/self_attention/linear_0/bias";
                v.insert(name.into(), half(&[3 * WIDTH], 0));
            },
            "not zero",
        ),
        (
            |v| {
                let name = "decoder/layer_0/attention/linear_1/weight";
                v.insert(name.into(), half(&[WIDTH, WIDTH], 0));
            },
            "too small",
        ),
        (
            |v| drop(v.insert("encoder/conv1/weight".into(), half(&[WIDTH, 128, 3], 0))),
            "128 mel bands",
        ),
        (|v| v.get_mut("decoder/embeddings/weight").unwrap().1 = I16, "decoder/embeddings/weight"),
    ];
    for (change, expected) in cases {
        let mut v = tiny();
        change(&mut v);
        let e = convert(&v).unwrap_err().to_string();
        assert!(e.contains(expected), "{expected}: {e}");
    }
}

#[test]
fn a_vocabulary_is_read_from_lines_or_json_and_checked() {
    assert!(Vocabulary::from_json(r#"["!","é","<|endoftext|>"]"#).is_ok());
    for (text, expected) in [("!\na\n", "<|endoftext|>"), ("字\n<|endoftext|>", "token 0")] {
        let e = Vocabulary::from_lines(text).err().unwrap().to_string();
        assert!(e.contains(expected), "{e}");
    }
    assert!(Vocabulary::from_json("{").is_err());
}

#[test]
fn the_mel_filters_are_slaneys() {
    let filters = mel_filters(80);
    assert_eq!(filters.len(), 80 * 201);
    // The first weights of librosa.filters.mel(sr=16000, n_fft=400, n_mels=80).
    assert_eq!(filters[0], 0.0);
    assert!((filters[1] - 0.024_862_59).abs() < 1e-7, "{}", filters[1]);
    // Equal area: a filter's weights times the 40 Hz between bins make 1, the closer the wider it is.
    for m in 40..80 {
        let area: f32 = filters[m * 201..(m + 1) * 201].iter().sum::<f32>() * 40.0;
        assert!((area - 1.0).abs() < 0.1, "{m}: {area}");
    }
}

/// A file without layers whose tensors are all of one type, each 64 values in so many bytes.
fn of_type(kind: u32, bytes: usize) -> Vec<u8> {
    let shape = [0, 0, 8, 1, 0, 0, 8, 1, 0, 1, 2000 + kind];
    let words = [GGML_MAGIC].into_iter().chain(shape).chain([1, 1, 0, 0]);
    let mut file: Vec<u8> = words.flat_map(u32::to_le_bytes).collect();
    for _ in 0..11 {
        file.extend([1, 1, kind, 64].into_iter().flat_map(u32::to_le_bytes));
        file.push(b'w');
        file.extend(vec![0; bytes]);
    }
    file
}

#[test]
fn quantised_files_are_walked_through_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ggml.bin");
    // Type, bytes of two blocks of 32 values, what is said.
    let rows: [(u32, usize, &str); 7] = [
        (1, 128, ""),
        (2, 36, ""),
        (7, 48, ""),
        (8, 68, ""),
        (8, 67, "it is cut off or damaged"),
        (7, 68, "it is cut off or damaged"),
        (5, 68, "it is cut off or damaged: a tensor's type is none of ggml's"),
    ];
    for (kind, bytes, said) in rows {
        std::fs::write(&path, of_type(kind, bytes)).unwrap();
        let told = inspect_ggml(&path).err().map_or(String::new(), |error| error.to_string());
        assert_eq!(told.is_empty(), said.is_empty(), "type {kind}, {bytes} bytes: {told}");
        assert!(told.starts_with(said), "type {kind}, {bytes} bytes: {told}");
    }
}
