//! Layouts of small and of large graphs: nothing touches, and data goes to the right.

use super::{Area, Layout, layout};

fn sized(count: usize) -> Vec<(f64, f64)> {
    (0..count).map(|at| (220.0, 80.0 + (at % 3) as f64 * 20.0)).collect()
}

fn touch(one: &Area, other: &Area) -> bool {
    one.x < other.x + other.width
        && other.x < one.x + one.width
        && one.y < other.y + other.height
        && other.y < one.y + one.height
}

fn assert_readable(placed: &Layout, edges: &[(usize, usize)]) {
    for (at, one) in placed.areas.iter().enumerate() {
        for other in placed.areas.iter().skip(at + 1) {
            assert!(!touch(one, other), "{one:?} {other:?}");
        }
    }
    for (route, (from, to)) in placed.routes.iter().zip(edges) {
        let (from, to) = (&placed.areas[*from], &placed.areas[*to]);
        let (begin, end) = (route[0], route[route.len() - 1]);
        assert!(begin.1 > from.y && begin.1 < from.y + from.height, "{route:?}");
        assert!(end.1 > to.y && end.1 < to.y + to.height, "{route:?}");
        let is_orthogonal = |pair: &[(f64, f64)]| pair[0].0 == pair[1].0 || pair[0].1 == pair[1].1;
        assert!(route.windows(2).all(is_orthogonal), "{route:?}");
    }
}

#[test]
fn a_chain_is_one_straight_line() {
    let edges = [(0, 1), (1, 2)];
    let placed = layout(&[(240.0, 90.0); 3], &edges);
    assert_readable(&placed, &edges);
    assert!(placed.routes.iter().all(|route| route.len() == 2), "{:?}", placed.routes);
    assert!(placed.areas.is_sorted_by(|one, next| one.x < next.x && one.y == next.y));
}

#[test]
fn a_circle_and_a_loop_are_drawn_too() {
    let edges = [(0, 1), (1, 2), (2, 0)];
    let placed = layout(&sized(3), &edges);
    assert_readable(&placed, &edges);
    assert!(
        placed.routes[2][0].0 > placed.routes[2][1].0,
        "back to the left: {:?}",
        placed.routes[2]
    );
}

#[test]
fn thirty_nodes_fit_a_page_and_nothing_touches() {
    let edges: Vec<(usize, usize)> =
        (0..30).filter(|at| at % 5 != 4).map(|at| (at, at + 1)).chain([(0, 9), (5, 3)]).collect();
    let placed = layout(&sized(30), &edges);
    assert_readable(&placed, &edges);
    assert!(placed.width < 3600.0 && placed.height < 2400.0, "{} {}", placed.width, placed.height);
    assert_eq!(placed, layout(&sized(30), &edges), "it is the same every time");
}

#[test]
fn lonely_nodes_fill_rows_instead_of_one_long_column() {
    let placed = layout(&sized(30), &[]);
    assert_readable(&placed, &[]);
    let aspect = placed.width / placed.height;
    assert!((0.8..3.0).contains(&aspect), "{aspect}");
    assert_eq!(layout(&[], &[]), Layout::default());
}

#[test]
fn crossed_neighbours_are_put_straight() {
    let edges = [(0, 3), (1, 2)];
    let all = [(0, 3), (1, 2), (0, 2), (1, 3)];
    let placed = layout(&sized(4), &edges);
    assert_readable(&placed, &edges);
    assert_readable(&layout(&sized(4), &all), &all);
}
