//! The ways of edges: out of the right side, through the gaps between columns at right angles, in at the left.

use super::layers::Layers;
use super::{Area, COLUMN_GAP, Corners};

/// The share of a gap in which edges turn; the rest is for labels.
const TURNS: f64 = 0.4;
/// Ends of edges keep away from the corners of a node.
const MARGIN: f64 = 14.0;
/// The farthest that two ends at one side stand apart.
const SPREAD: f64 = 22.0;

/// One piece of an edge, between two neighbouring columns.
struct Piece {
    edge: usize,
    from: usize,
    to: usize,
    begin: (f64, f64),
    end: (f64, f64),
}

pub(super) fn route(layers: &Layers, areas: &[Area], edges: &[(usize, usize)]) -> Vec<Corners> {
    let mut pieces = pieces(layers, areas);
    spread(&mut pieces, areas, Side::Right);
    spread(&mut pieces, areas, Side::Left);
    straighten(&mut pieces, areas);
    let turns = turns(layers, areas, &pieces);
    let mut routes = vec![Corners::new(); edges.len()];
    for (piece, turn) in pieces.iter().zip(turns) {
        let route = &mut routes[piece.edge];
        for corner in [piece.begin, (turn, piece.begin.1), (turn, piece.end.1), piece.end] {
            route.push(corner);
        }
    }
    for (route, is_reversed) in routes.iter_mut().zip(&layers.is_reversed) {
        simplify(route);
        if *is_reversed {
            route.reverse();
        }
    }
    routes
}

fn pieces(layers: &Layers, areas: &[Area]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (edge, way) in layers.ways.iter().enumerate() {
        for pair in way.windows(2) {
            let (one, other) = (&areas[pair[0]], &areas[pair[1]]);
            pieces.push(Piece {
                edge,
                from: pair[0],
                to: pair[1],
                begin: (one.x + one.width, one.y + one.height / 2.0),
                end: (other.x, other.y + other.height / 2.0),
            });
        }
    }
    pieces
}

#[derive(Clone, Copy, PartialEq)]
enum Side {
    Left,
    Right,
}

/// Several ends at one side of a node stand below each other, in the order of where they lead.
fn spread(pieces: &mut [Piece], areas: &[Area], side: Side) {
    let node_of = |piece: &Piece| if side == Side::Right { piece.from } else { piece.to };
    let far_of = |piece: &Piece| if side == Side::Right { piece.end.1 } else { piece.begin.1 };
    for (node, area) in areas.iter().enumerate() {
        let mut ends: Vec<usize> =
            (0..pieces.len()).filter(|at| node_of(&pieces[*at]) == node).collect();
        if ends.len() < 2 {
            continue;
        }
        ends.sort_by(|one, other| far_of(&pieces[*one]).total_cmp(&far_of(&pieces[*other])));
        let room = (area.height - 2.0 * MARGIN).max(0.0);
        let step = (room / (ends.len() - 1) as f64).min(SPREAD);
        let first = area.y + area.height / 2.0 - step * (ends.len() - 1) as f64 / 2.0;
        for (at, end) in ends.into_iter().enumerate() {
            let y = (first + step * at as f64).round();
            match side {
                Side::Right => pieces[end].begin.1 = y,
                Side::Left => pieces[end].end.1 = y,
            }
        }
    }
}

/// A small step is taken out where the end can move within its node without meeting another.
fn straighten(pieces: &mut [Piece], areas: &[Area]) {
    for at in 0..pieces.len() {
        let (begin, end) = (pieces[at].begin.1, pieces[at].end.1);
        let holds = |node: usize, y: f64| {
            let area = &areas[node];
            (area.y + MARGIN..area.y + area.height - MARGIN).contains(&y)
        };
        let (from, to) = (pieces[at].from, pieces[at].to);
        if pieces.iter().filter(|it| it.to == to).count() == 1 && holds(to, begin) {
            pieces[at].end.1 = begin;
        } else if pieces.iter().filter(|it| it.from == from).count() == 1 && holds(from, end) {
            pieces[at].begin.1 = end;
        }
    }
}

/// Where each piece turns. Of pieces that go down, the lowest turns first, and of those that go up, the highest:
/// so neighbours do not cross.
fn turns(layers: &Layers, areas: &[Area], pieces: &[Piece]) -> Vec<f64> {
    let mut turns = vec![0.0; pieces.len()];
    for column in &layers.columns {
        let of_column: Vec<usize> =
            (0..pieces.len()).filter(|at| column.contains(&pieces[*at].from)).collect();
        let right =
            column.iter().map(|node| areas[*node].x + areas[*node].width).fold(0.0, f64::max);
        let mut keyed: Vec<(bool, f64, usize)> = of_column
            .into_iter()
            .map(|at| {
                let piece = &pieces[at];
                let is_up = piece.end.1 < piece.begin.1;
                (is_up, if is_up { piece.begin.1 } else { -piece.begin.1 }, at)
            })
            .collect();
        keyed.sort_by(|one, other| one.0.cmp(&other.0).then(one.1.total_cmp(&other.1)));
        let step = COLUMN_GAP * TURNS / (keyed.len() + 1) as f64;
        for (at, (_, _, piece)) in keyed.into_iter().enumerate() {
            turns[piece] = (right + step * (at + 1) as f64).round();
        }
    }
    turns
}

/// Takes out corners that are none.
fn simplify(route: &mut Corners) {
    route.dedup();
    let mut at = 1;
    while at + 1 < route.len() {
        let (one, two, three) = (route[at - 1], route[at], route[at + 1]);
        let is_straight = (one.1 - two.1).abs() < 0.5 && (two.1 - three.1).abs() < 0.5
            || (one.0 - two.0).abs() < 0.5 && (two.0 - three.0).abs() < 0.5;
        if is_straight {
            route.remove(at);
        } else {
            at += 1;
        }
    }
}
