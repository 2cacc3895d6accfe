//! What was fitted, as `huiyin eval knowledge tests/data/knowledge-dev.jsonl --fit` prints it.

use super::confidence::{Calibration, Logistic};

pub(super) const UNIVERSAL: Calibration = Calibration {
    fusion: [0.60, 0.05, 0.03, 0.12, 0.08, 0.08, 0.04],
    heat: 30.0,
    first: Logistic {
        bias: -4.0,
        weights: [
            7.0, 0.0, 0.0, 1.8, 0.0, 0.0, 0.0, 0.0, 1.5, 0.0, 0.0, -3.5, -1.9, 0.0, 2.1, -2.2, -1.0, 0.0, 0.0, 0.0, 0.0,
        ],
    },
    among: Logistic {
        bias: -3.0,
        weights: [
            7.0, 0.0, 0.0, 1.8, 0.0, 0.0, 0.0, 0.0, 0.0, 1.5, 0.0, -3.5, -1.9, 0.0, 2.1, -2.2, -1.0, 0.0, 0.0, 0.0, 0.0,
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
