//! Columns: each node stands right of what it gets its data from; what crosses is put into the best order.

use std::collections::BTreeSet;

/// Rounds in which the columns are ordered by their neighbours.
const SWEEPS: usize = 8;

/// Nodes in columns. Behind the real nodes come places that long edges pass through.
pub(super) struct Layers {
    /// Which nodes stand in each column, from the top.
    pub columns: Vec<Vec<usize>>,
    /// The way of each edge: its ends, and the places between them, from left to right.
    pub ways: Vec<Vec<usize>>,
    /// The edge goes from right to left, because it closes a circle.
    pub is_reversed: Vec<bool>,
    /// All nodes, those that are only passed through included.
    pub count: usize,
}

impl Layers {
    pub(super) fn of(nodes: usize, edges: &[(usize, usize)]) -> Self {
        let is_reversed = reversed(nodes, edges);
        let forward: Vec<(usize, usize)> = edges
            .iter()
            .zip(&is_reversed)
            .map(|((from, to), is_reversed)| if *is_reversed { (*to, *from) } else { (*from, *to) })
            .collect();
        let layer = longest(nodes, &forward);
        let depth = layer.iter().copied().max().map_or(0, |deepest| deepest + 1);
        let mut columns = vec![Vec::new(); depth];
        for (node, layer) in layer.iter().enumerate() {
            columns[*layer].push(node);
        }
        let mut count = nodes;
        let mut ways = Vec::with_capacity(edges.len());
        for (from, to) in &forward {
            let mut way = vec![*from];
            for column in columns.iter_mut().take(layer[*to]).skip(layer[*from] + 1) {
                column.push(count);
                way.push(count);
                count += 1;
            }
            way.push(*to);
            ways.push(way);
        }
        let mut layers = Self { columns, ways, is_reversed, count };
        layers.order();
        layers
    }

    /// Every link between two neighbouring columns.
    pub(super) fn links(&self) -> Vec<(usize, usize)> {
        self.ways.iter().flat_map(|way| way.windows(2).map(|pair| (pair[0], pair[1]))).collect()
    }

    fn order(&mut self) {
        let links = self.links();
        let mut best = (self.crossings(&links), self.columns.clone());
        for sweep in 0..SWEEPS {
            let columns: Vec<usize> = if sweep % 2 == 0 {
                (1..self.columns.len()).collect()
            } else {
                (0..self.columns.len().saturating_sub(1)).rev().collect()
            };
            for column in columns {
                self.sort(column, &links, sweep % 2 == 0);
            }
            let crossings = self.crossings(&links);
            if crossings < best.0 {
                best = (crossings, self.columns.clone());
            }
        }
        self.columns = best.1;
    }

    /// Sorts a column by where its neighbours on one side stand on average.
    fn sort(&mut self, column: usize, links: &[(usize, usize)], looks_left: bool) {
        let places = self.places();
        let mean = |node: usize| {
            let near = links.iter().filter_map(|(from, to)| match looks_left {
                true if *to == node => Some(places[*from]),
                false if *from == node => Some(places[*to]),
                _ => None,
            });
            let (sum, many) = near.fold((0.0, 0.0), |(sum, many), at| (sum + at, many + 1.0));
            if many > 0.0 { sum / many } else { places[node] }
        };
        let mut keyed: Vec<(f64, usize)> =
            self.columns[column].iter().map(|node| (mean(*node), *node)).collect();
        // Stable: nodes that pull equally stay in the order of the stack file.
        keyed.sort_by(|one, other| one.0.total_cmp(&other.0));
        self.columns[column] = keyed.into_iter().map(|(_, node)| node).collect();
    }

    fn places(&self) -> Vec<f64> {
        let mut places = vec![0.0; self.count];
        for column in &self.columns {
            for (at, node) in column.iter().enumerate() {
                places[*node] = at as f64;
            }
        }
        places
    }

    fn crossings(&self, links: &[(usize, usize)]) -> usize {
        let places = self.places();
        let mut layer = vec![0; self.count];
        for (at, column) in self.columns.iter().enumerate() {
            for node in column {
                layer[*node] = at;
            }
        }
        let cross = |one: &(usize, usize), other: &(usize, usize)| {
            layer[one.0] == layer[other.0]
                && (places[one.0] - places[other.0]) * (places[one.1] - places[other.1]) < 0.0
        };
        let pairs = links
            .iter()
            .enumerate()
            .flat_map(|(at, one)| links.iter().skip(at + 1).map(move |other| (one, other)));
        pairs.filter(|(one, other)| cross(one, other)).count()
    }
}

/// Which edges close a circle when the nodes are visited in their order.
fn reversed(nodes: usize, edges: &[(usize, usize)]) -> Vec<bool> {
    let mut is_reversed = vec![false; edges.len()];
    let mut done = BTreeSet::new();
    for start in 0..nodes {
        let mut way = vec![(start, 0)];
        if done.contains(&start) {
            continue;
        }
        while let Some((node, next)) = way.last().copied() {
            let edge = (next..edges.len()).find(|edge| edges[*edge].0 == node);
            let Some(edge) = edge else {
                done.insert(node);
                way.pop();
                continue;
            };
            if let Some(last) = way.last_mut() {
                last.1 = edge + 1;
            }
            let to = edges[edge].1;
            if way.iter().any(|(on_way, _)| *on_way == to) {
                is_reversed[edge] = true;
            } else if !done.contains(&to) {
                way.push((to, 0));
            }
        }
    }
    is_reversed
}

/// The longest way to each node; what nothing leads to stands right before what it leads to.
fn longest(nodes: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let mut layer = vec![0; nodes];
    for _ in 0..nodes {
        for (from, to) in edges {
            layer[*to] = layer[*to].max(layer[*from] + 1);
        }
    }
    for node in 0..nodes {
        let is_first = !edges.iter().any(|(_, to)| *to == node);
        let next = edges.iter().filter(|(from, _)| *from == node).map(|(_, to)| layer[*to]).min();
        if let (true, Some(next)) = (is_first, next) {
            layer[node] = next - 1;
        }
    }
    layer
}
