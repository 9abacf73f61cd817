//! Where nodes and edges stand: columns in the direction of the data, few crossings, right angles. The same graph
//! gives the same places.

mod coordinates;
mod layers;
mod packing;
mod routing;

use layers::Layers;

/// Space between two columns, where edges turn and their labels stand.
const COLUMN_GAP: f64 = 112.0;
const ROW_GAP: f64 = 26.0;

#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Area {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

/// The corners of an edge, from its beginning to its end.
pub type Corners = Vec<(f64, f64)>;

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Layout {
    pub width: f64,
    pub height: f64,
    /// One for each node.
    pub areas: Vec<Area>,
    /// One for each edge.
    pub routes: Vec<Corners>,
}

/// Lays out nodes of these sizes (width and height); every part that hangs together is laid out alone, and the
/// parts stand beside each other as on a page.
pub fn layout(sizes: &[(f64, f64)], edges: &[(usize, usize)]) -> Layout {
    let mut whole = Layout {
        areas: vec![Area::default(); sizes.len()],
        routes: vec![Corners::new(); edges.len()],
        ..Layout::default()
    };
    let parts: Vec<(packing::Part, Layout)> = packing::parts(sizes.len(), edges)
        .into_iter()
        .map(|part| {
            let placed = one(&part.sizes(sizes), &part.edges(edges));
            (part, placed)
        })
        .collect();
    let places =
        packing::shelves(&parts.iter().map(|(_, it)| (it.width, it.height)).collect::<Vec<_>>());
    for ((part, placed), (x, y)) in parts.iter().zip(places) {
        for (node, area) in part.nodes.iter().zip(&placed.areas) {
            whole.areas[*node] = Area { x: area.x + x, y: area.y + y, ..*area };
        }
        for (edge, route) in part.edges.iter().zip(&placed.routes) {
            whole.routes[*edge] = route.iter().map(|corner| (corner.0 + x, corner.1 + y)).collect();
        }
        whole.width = whole.width.max(x + placed.width);
        whole.height = whole.height.max(y + placed.height);
    }
    whole
}

fn one(sizes: &[(f64, f64)], edges: &[(usize, usize)]) -> Layout {
    let layers = Layers::of(sizes.len(), edges);
    let areas = coordinates::place(&layers, sizes);
    let routes = routing::route(&layers, &areas, edges);
    let right = areas.iter().map(|area| area.x + area.width).fold(0.0, f64::max);
    let bottom = areas.iter().map(|area| area.y + area.height).fold(0.0, f64::max);
    let areas = areas.into_iter().take(sizes.len()).collect();
    Layout { width: right, height: bottom, areas, routes }
}

#[cfg(test)]
mod tests;
