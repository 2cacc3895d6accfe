//! What was fitted, as `huiyin eval knowledge tests/data/knowledge-dev.jsonl --fit` prints it.

use super::confidence::{Calibration, Logistic};

pub(super) const UNIVERSAL: Calibration = Calibration {
    fusion: [0.280, 0.335, 0.029, 0.080, 0.082, 0.182, 0.012],
    heat: 38.74,
    first: Logistic {
        bias: -2.361,
        weights: [
            0.714, 4.260, -4.334, 1.608, -0.745, 2.766, -0.432, 2.571, 2.557, 0.333, 1.341, -3.460, -4.964, 1.252,
            0.233, -2.124, -2.886, 1.540, 0.176, -7.588, 1.413,
        ],
    },
    among: Logistic {
        bias: -1.312,
        weights: [
            2.460, 1.567, -3.368, 0.809, 0.611, 4.177, -0.649, 3.180, 0.242, 1.306, -0.079, -3.256, -2.688, -1.652,
            0.758, -1.741, -3.113, 2.227, 0.985, -10.144, 2.563,
        ],
    },
};

pub(super) const BIGRAM: Calibration = Calibration {
    fusion: [0.30, 0.05, 0.12, 0.20, 0.15, 0.10, 0.08],
    heat: 30.0,
    first: Logistic {
        bias: -2.4,
        weights: [
            1.5, 0.0, 1.9, 2.7, 0.0, 0.0, 0.5, 0.0, 0.7, 0.0, 0.0, -1.5, -2.4, 0.0, 2.0, -2.1, -1.0, 0.0, 0.0, 0.0, 0.0,
        ],
    },
    among: Logistic {
        bias: -1.8,
        weights: [
            1.5, 0.0, 1.9, 2.7, 0.0, 0.0, 0.5, 0.0, 0.0, 0.7, 0.0, -1.5, -2.4, 0.0, 2.0, -2.1, -1.0, 0.0, 0.0, 0.0, 0.0,
        ],
    },
};
