//! From columns to places: each node as near as may be to the height of its neighbours.

use super::layers::Layers;
use super::{Area, COLUMN_GAP, ROW_GAP};

/// Rounds in which nodes are pulled towards their neighbours.
const ROUNDS: usize = 12;
/// Height of a place that an edge only passes through.
const PASSAGE: f64 = 10.0;

/// Areas of all nodes, those that are only passed through included.
pub(super) fn place(layers: &Layers, sizes: &[(f64, f64)]) -> Vec<Area> {
    let mut areas: Vec<Area> = (0..layers.count)
        .map(|node| {
            let (width, height) = sizes.get(node).copied().unwrap_or((0.0, PASSAGE));
            Area { x: 0.0, y: 0.0, width, height }
        })
        .collect();
    let mut x = 0.0;
    for column in &layers.columns {
        let width = column.iter().map(|node| areas[*node].width).fold(0.0, f64::max);
        let mut y = 0.0;
        for node in column {
            let area = &mut areas[*node];
            if area.width == 0.0 {
                area.width = width;
            }
            // Narrow ones stand in the middle of their column.
            (area.x, area.y) = (x + (width - area.width) / 2.0, y);
            y += area.height + ROW_GAP;
        }
        x += width + COLUMN_GAP;
    }
    let links = layers.links();
    for round in 0..ROUNDS {
        let columns: Vec<&Vec<usize>> = if round % 2 == 0 {
            layers.columns.iter().collect()
        } else {
            layers.columns.iter().rev().collect()
        };
        for column in columns {
            pull(column, &links, &mut areas);
        }
    }
    let top = areas.iter().map(|area| area.y).fold(f64::INFINITY, f64::min);
    for area in &mut areas {
        area.y = (area.y - top).round();
        area.x = area.x.round();
    }
    areas
}

/// Moves the nodes of a column to the middle of their neighbours, in their order and without touching.
fn pull(column: &[usize], links: &[(usize, usize)], areas: &mut [Area]) {
    let middle = |area: &Area| area.y + area.height / 2.0;
    let wanted: Vec<f64> = column
        .iter()
        .map(|node| {
            let near = links.iter().filter_map(|(from, to)| {
                if from == node {
                    Some(*to)
                } else if to == node {
                    Some(*from)
                } else {
                    None
                }
            });
            let (sum, many) =
                near.fold((0.0, 0.0), |(sum, many), at| (sum + middle(&areas[at]), many + 1.0));
            let area = &areas[*node];
            if many > 0.0 { sum / many - area.height / 2.0 } else { area.y }
        })
        .collect();
    let mut free = f64::NEG_INFINITY;
    let mut moved = 0.0;
    for (node, wanted) in column.iter().zip(&wanted) {
        areas[*node].y = wanted.max(free);
        moved += areas[*node].y - wanted;
        free = areas[*node].y + areas[*node].height + ROW_GAP;
    }
    // What was pushed down is shared by all.
    let back = moved / column.len().max(1) as f64;
    for node in column {
        areas[*node].y -= back;
    }
}
