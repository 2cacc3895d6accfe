//! Logistic regression with a ridge, by iterated weighted least squares (McCullagh and Nelder, "Generalized linear models", 1989).

const ROUNDS: usize = 25;

/// Bias and weights. The ridge weighs on weights of signs brought to a common spread; the bias is free.
pub fn fit<const N: usize>(rows: &[([f64; N], bool)], ridge: f64) -> (f64, [f64; N]) {
    let (mean, spread) = spread(rows);
    let scaled: Vec<(Vec<f64>, f64)> = rows
        .iter()
        .map(|(x, y)| {
            let x = x.iter().zip(mean).zip(spread).map(|((x, m), s)| (x - m) / s);
            (x.chain([1.0]).collect(), f64::from(u8::from(*y)))
        })
        .collect();
    let mut weights = vec![0.0; N + 1];
    for _ in 0..ROUNDS {
        let mut curve = vec![vec![0.0; N + 2]; N + 1];
        for (x, y) in &scaled {
            let sum: f64 = weights.iter().zip(x).map(|(w, x)| w * x).sum();
            let p = 1.0 / (1.0 + (-sum).exp());
            let sure = (p * (1.0 - p)).max(1e-6);
            for (i, row) in curve.iter_mut().enumerate() {
                for (cell, b) in row.iter_mut().zip(x) {
                    *cell += sure * x[i] * b;
                }
                row[N + 1] += x[i] * (y - p);
            }
        }
        let weight = ridge * scaled.len() as f64;
        for i in 0..N {
            curve[i][i] += weight;
            curve[i][N + 1] -= weight * weights[i];
        }
        let step = solve(curve);
        weights.iter_mut().zip(step).for_each(|(w, s)| *w += s.clamp(-2.0, 2.0));
    }
    let mut own = [0.0; N];
    let mut bias = weights[N];
    for (i, own) in own.iter_mut().enumerate() {
        *own = weights[i] / spread[i];
        bias -= *own * mean[i];
    }
    (bias, own)
}

fn spread<const N: usize>(rows: &[([f64; N], bool)]) -> ([f64; N], [f64; N]) {
    let n = rows.len().max(1) as f64;
    let (mut mean, mut spread) = ([0.0; N], [0.0; N]);
    for i in 0..N {
        mean[i] = rows.iter().map(|(x, _)| x[i]).sum::<f64>() / n;
        let square = rows.iter().map(|(x, _)| (x[i] - mean[i]).powi(2)).sum::<f64>() / n;
        spread[i] = square.sqrt().max(1e-3);
    }
    (mean, spread)
}

/// Gauss's elimination with the largest pivot; the last column is the right side.
fn solve(mut rows: Vec<Vec<f64>>) -> Vec<f64> {
    let n = rows.len();
    for at in 0..n {
        let largest = (at..n).max_by(|a, b| rows[*a][at].abs().total_cmp(&rows[*b][at].abs()));
        rows.swap(at, largest.unwrap_or(at));
        let pivot = rows[at].clone();
        if pivot[at].abs() < 1e-12 {
            continue;
        }
        for row in rows.iter_mut().skip(at + 1) {
            let times = row[at] / pivot[at];
            row.iter_mut().zip(&pivot).for_each(|(cell, p)| *cell -= times * p);
        }
    }
    let mut found = vec![0.0; n];
    for at in (0..n).rev() {
        let known: f64 = (at + 1..n).map(|i| rows[at][i] * found[i]).sum();
        if rows[at][at].abs() >= 1e-12 {
            found[at] = (rows[at][n] - known) / rows[at][at];
        }
    }
    found
}
