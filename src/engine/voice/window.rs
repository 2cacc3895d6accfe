//! Rows of a stream with the context a convolution needs on both sides, so that a network can run on sound as it comes and still give
//! exactly what it would give on the whole.

/// What stands before the first row and after the last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Edge {
    Zero,
    /// The rows next to the edge, mirrored, the edge itself not repeated.
    Mirror,
}

/// Keeps `before` rows of history and waits for `after` rows of future.
#[derive(Debug)]
pub struct Window {
    width: usize,
    before: usize,
    after: usize,
    edge: Edge,
    started: bool,
    rows: Vec<f32>,
}

impl Window {
    pub fn new(width: usize, before: usize, after: usize, edge: Edge) -> Window {
        Window { width, before, after, edge, started: false, rows: Vec::new() }
    }

    /// Takes rows; with `last` the stream ends after them. Returns how many rows now have all their context: row `i` of these is at row
    /// `before + i` of [`Window::rows`].
    pub fn push(&mut self, rows: &[f32], last: bool) -> usize {
        self.rows.extend_from_slice(rows);
        if !self.started && (last || self.len() > self.before.max(self.after)) {
            self.put_edge_before();
            self.started = true;
        }
        if last {
            self.put_edge_after();
        }
        if self.started { self.len().saturating_sub(self.before + self.after) } else { 0 }
    }

    pub fn rows(&self) -> &[f32] {
        &self.rows
    }

    /// Forgets what the first `ready` rows needed and later ones do not.
    pub fn consume(&mut self, ready: usize) {
        self.rows.drain(..(ready * self.width).min(self.rows.len()));
    }

    fn len(&self) -> usize {
        self.rows.len() / self.width
    }

    fn put_edge_before(&mut self) {
        let mut edge = vec![0.0; self.before * self.width];
        if self.edge == Edge::Mirror && self.len() > 0 {
            let furthest = self.len() - 1;
            for (row, distance) in edge.chunks_exact_mut(self.width).zip((1..=self.before).rev()) {
                let from = distance.min(furthest) * self.width;
                row.copy_from_slice(&self.rows[from..from + self.width]);
            }
        }
        self.rows.splice(0..0, edge);
    }

    fn put_edge_after(&mut self) {
        let end = self.len();
        for distance in 1..=self.after {
            if self.edge == Edge::Mirror && end > 0 {
                let from = (end - 1).saturating_sub(distance) * self.width;
                self.rows.extend_from_within(from..from + self.width);
            } else {
                self.rows.resize(self.rows.len() + self.width, 0.0);
            }
        }
    }
}
