//! What hangs together, and how such parts stand beside each other.

use super::ROW_GAP;

/// Space between two parts.
const GAP: f64 = 56.0;
/// A page is about this much wider than high.
const ASPECT: f64 = 1.7;

/// Nodes that hang together, in their order, with their edges.
pub(super) struct Part {
    pub nodes: Vec<usize>,
    pub edges: Vec<usize>,
}

impl Part {
    pub(super) fn sizes(&self, sizes: &[(f64, f64)]) -> Vec<(f64, f64)> {
        self.nodes.iter().map(|node| sizes[*node]).collect()
    }

    /// The edges in the numbers that the nodes have here.
    pub(super) fn edges(&self, edges: &[(usize, usize)]) -> Vec<(usize, usize)> {
        let at = |node: usize| self.nodes.iter().position(|it| *it == node).unwrap_or_default();
        self.edges.iter().map(|edge| (at(edges[*edge].0), at(edges[*edge].1))).collect()
    }
}

pub(super) fn parts(nodes: usize, edges: &[(usize, usize)]) -> Vec<Part> {
    let mut of: Vec<usize> = (0..nodes).collect();
    // Every round takes the smaller number over an edge; nodes are few.
    let mut has_changed = true;
    while has_changed {
        has_changed = false;
        for (from, to) in edges {
            let smaller = of[*from].min(of[*to]);
            has_changed |= of[*from] != smaller || of[*to] != smaller;
            of[*from] = smaller;
            of[*to] = smaller;
        }
    }
    let heads = (0..nodes).filter(|node| of[*node] == *node);
    heads
        .map(|head| Part {
            nodes: (0..nodes).filter(|node| of[*node] == head).collect(),
            edges: (0..edges.len()).filter(|edge| of[edges[*edge].0] == head).collect(),
        })
        .collect()
}

/// Puts parts of these sizes into rows, in their order, so that the whole looks like a page.
pub(super) fn shelves(sizes: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let area: f64 = sizes.iter().map(|(width, height)| (width + GAP) * (height + GAP)).sum();
    let widest = sizes.iter().map(|(width, _)| *width).fold(0.0, f64::max);
    let room = widest.max((area * ASPECT).sqrt());
    let (mut x, mut y, mut tallest) = (0.0, 0.0, 0.0_f64);
    let mut places = Vec::with_capacity(sizes.len());
    for (width, height) in sizes {
        if x > 0.0 && x + width > room {
            y += tallest + GAP.max(ROW_GAP);
            (x, tallest) = (0.0, 0.0);
        }
        places.push((x, y));
        x += width + GAP;
        tallest = tallest.max(*height);
    }
    places
}
