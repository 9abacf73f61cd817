//! Thins a line to what a screen can show, keeping the lowest and highest point of every pixel column.

use crate::core::chart::Point;

/// At most two points a column, its lowest and its highest, so that no spike vanishes; the first and
/// the last point of the line stay, too. Points are in the order of x.
pub fn decimate(points: &[Point], columns: usize) -> Vec<Point> {
    let columns = columns.max(1);
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return Vec::new() };
    if points.len() <= columns * 2 {
        return points.to_vec();
    }
    let span = last.x - first.x;
    let column_of = |point: &Point| {
        let share = (point.x - first.x) / span;
        if share.is_finite() { ((share * columns as f64) as usize).min(columns - 1) } else { 0 }
    };
    let mut kept = Vec::with_capacity(columns * 2 + 2);
    kept.push(*first);
    for column in points.chunk_by(|one, next| column_of(one) == column_of(next)) {
        keep_outline(column, &mut kept);
    }
    kept.push(*last);
    kept.dedup();
    kept
}

fn keep_outline(column: &[Point], kept: &mut Vec<Point>) {
    let by_height = |one: &(usize, &Point), other: &(usize, &Point)| one.1.y.total_cmp(&other.1.y);
    let lowest = column.iter().enumerate().min_by(by_height).map_or(0, |(at, _)| at);
    let highest = column.iter().enumerate().max_by(by_height).map_or(0, |(at, _)| at);
    let places = [lowest.min(highest), lowest.max(highest)];
    kept.extend(places.into_iter().filter_map(|at| column.get(at)).copied());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_spike_among_a_million_points_stays() {
        let mut points: Vec<Point> =
            (0..1_000_000).map(|at| Point { x: f64::from(at), y: f64::from(at % 7) }).collect();
        points[654_321].y = 1000.0;
        points[123_456].y = -1000.0;
        let kept = decimate(&points, 600);
        assert!(kept.len() <= 1202, "{}", kept.len());
        assert!(kept.iter().any(|point| point.y == 1000.0));
        assert!(kept.iter().any(|point| point.y == -1000.0));
        assert!(kept.is_sorted_by(|one, next| one.x <= next.x));
    }

    #[test]
    fn every_column_keeps_its_lowest_and_highest_point() {
        let wave = |at: i32| f64::from((at * 7919) % 1009);
        let points: Vec<Point> =
            (0..9000).map(|at| Point { x: f64::from(at), y: wave(at) }).collect();
        let kept = decimate(&points, 90);
        for column in points.chunks(100) {
            let range = column[0].x..=column[99].x;
            let outline = kept.iter().filter(|point| range.contains(&point.x)).map(|p| p.y);
            let high = column.iter().map(|point| point.y).fold(0.0, f64::max);
            assert!(outline.fold(0.0, f64::max) >= high - 1e-9);
        }
    }

    #[test]
    fn few_points_stay_as_they_are_and_equal_x_does_no_harm() {
        let points: Vec<Point> = (0..50).map(|y| Point { x: 1.0, y: f64::from(y) }).collect();
        assert_eq!(decimate(&points, 100), points);
        assert_eq!(decimate(&points, 3).len(), 2);
        assert!(decimate(&[], 3).is_empty());
    }
}
