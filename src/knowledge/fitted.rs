//! What was fitted to tests/data/knowledge-dev.jsonl when the base had half as many ways of asking: in the form in which `huiyin eval
//! knowledge tests/data/knowledge-dev.jsonl --fit --also tests/data/knowledge-heard-dev.jsonl` prints it anew.

use super::confidence::{Calibration, Logistic};

pub(super) const UNIVERSAL: Calibration = Calibration {
    fusion: [0.280, 0.335, 0.029, 0.080, 0.082, 0.182, 0.012],
    heat: 38.74,
    first: Logistic {
        bias: -2.361,
        weights: [
            0.714, 4.260, -4.334, 1.608, -0.745, 2.766, -0.432, 2.571, 2.557, 0.333, 1.341, -3.460,
            -4.964, 1.252, 0.233, -2.124, -2.886, 1.540, 0.176, -7.588, 1.413,
        ],
    },
    among: Logistic {
        bias: -1.312,
        weights: [
            2.460, 1.567, -3.368, 0.809, 0.611, 4.177, -0.649, 3.180, 0.242, 1.306, -0.079, -3.256,
            -2.688, -1.652, 0.758, -1.741, -3.113, 2.227, 0.985, -10.144, 2.563,
        ],
    },
};

pub(super) const BIGRAM: Calibration = Calibration {
    fusion: [0.067, 0.368, 0.095, 0.087, 0.097, 0.253, 0.031],
    heat: 34.15,
    first: Logistic {
        bias: -1.298,
        weights: [
            -0.416, 7.362, -2.835, 0.205, -1.612, 1.165, -0.137, 1.531, 1.728, 1.172, 1.346,
            -5.105, -4.333, 1.886, 0.341, -1.497, -2.262, 1.317, -0.213, -4.939, 0.241,
        ],
    },
    among: Logistic {
        bias: -2.079,
        weights: [
            0.546, 5.384, -2.366, 1.748, -0.742, 3.070, -0.317, 2.530, -0.256, 1.217, 0.298,
            -2.953, -4.521, 0.771, 0.565, -1.854, -2.631, 3.314, -0.894, -7.842, 0.808,
        ],
    },
};
