//! The page of one node: gathers what it shows from the map, from what runs, and from the disk.

use crate::app::map::keeper::Keeper;
use crate::app::map::records;
use crate::app::status::Detail;
use crate::charts::Point;
use crate::core::time::unix_ms;
use crate::engine::FlowMeter;
use crate::map::archive::{self, STEP};
use crate::map::node::{self, Span, Trouble, View, series_of};
use crate::map::picture::Picture;
use crate::map::{Kind, Series};
use std::sync::Arc;

/// What changes while a page is open, and the topic of that page.
pub(super) fn topic(id: &str) -> String {
    format!("node/{id}")
}

/// Does something with everything that is known of a node. The disk is only asked for what does not change while the
/// page is open; `None` when there is no such node.
pub(super) fn with_view<T>(
    keeper: &Keeper,
    id: &str,
    wanted: Wanted,
    work: impl FnOnce(&View) -> T,
) -> Option<T> {
    let picture = keeper.picture();
    let node = picture.node(id).filter(|node| !node.node.kind.is_outside())?;
    let lines = match wanted.span {
        Span::Quarter => keeper.history(id).map(|history| {
            let series = series_of(node.node.kind).iter();
            series.map(|series| (*series, history.points(*series))).collect()
        }),
        Span::Day => Some(day(keeper, id, node.node.kind)),
    };
    let flows = flows(keeper, id);
    let secrets = keeper.secrets();
    let mut seen: Vec<node::Record> = flows
        .iter()
        .flat_map(|(_, meter)| meter.last_records.seen())
        .map(|seen| records::record(&seen, &secrets))
        .collect();
    seen.sort_by_key(|record| record.at);
    let letters = if wanted.from_disk {
        let of_one = |(flow, _): &(String, _)| {
            records::letters(keeper.disk(), (keeper.directory(), flow), &secrets)
        };
        flows.iter().map(of_one).collect()
    } else {
        Vec::new()
    };
    let configuration = keeper.configuration(id);
    let view = View {
        node,
        span: wanted.span,
        lines: lines.unwrap_or_default(),
        records: seen,
        errors: troubles(&flows),
        letters,
        configuration: &configuration,
    };
    Some(work(&view))
}

/// What a page shows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub span: Span,
    pub from_disk: bool,
}

/// The flow behind a node, or all its replicas: `consumer-1` and `consumer-2` are `consumer`.
pub(super) fn flows(keeper: &Keeper, id: &str) -> Vec<(String, Arc<FlowMeter>)> {
    let picture = keeper.picture();
    let is_it = |name: &str| name == id || is_replica(&picture, name, id);
    let services = keeper.snapshot().services.into_iter();
    let flows = services.filter(|service| is_it(&service.name)).filter_map(|service| match service
        .detail
    {
        Detail::Flow { meter, .. } => Some((service.name, meter)),
        _ => None,
    });
    flows.collect()
}

/// The node that a flow or a replica of it is on the map.
pub(super) fn node_of(keeper: &Keeper, flow: &str) -> Option<String> {
    let picture = keeper.picture();
    let flows = picture.nodes.iter().filter(|node| node.node.kind == Kind::Flow);
    let mut ids = flows.map(|node| &node.node.id);
    ids.find(|id| *id == flow || is_replica(&picture, flow, id)).cloned()
}

/// A name that looks like a replica's may be a service of its own.
fn is_replica(picture: &Picture, name: &str, of: &str) -> bool {
    let number = name.strip_prefix(of).and_then(|tail| tail.strip_prefix('-')).unwrap_or_default();
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number && picture.node(name).is_none()
}

fn troubles(flows: &[(String, Arc<FlowMeter>)]) -> Vec<Trouble> {
    let all = flows.iter().flat_map(|(_, meter)| meter.errors());
    let mut troubles: Vec<Trouble> = all
        .map(|it| Trouble { reason: it.reason, times: it.times, first: it.first, last: it.last })
        .collect();
    troubles.sort_by_key(|trouble| trouble.last);
    troubles
}

/// The last day from the disk, with gaps where nothing was written.
fn day(keeper: &Keeper, id: &str, kind: Kind) -> Vec<(Series, Vec<Point>)> {
    let now = u32::try_from(unix_ms() / 1000 / STEP).unwrap_or_default();
    let range = (now.saturating_sub(archive::ROWS as u32), now);
    let rows = archive::read(keeper.disk(), &keeper.archive(), id, range).unwrap_or_default();
    let line = |series: Series| {
        let mut points: Vec<Point> = Vec::with_capacity(rows.len());
        let mut before = None;
        for (tick, row) in &rows {
            let at = f64::from(*tick) * STEP as f64;
            if before.is_some_and(|before| tick - before > 1) {
                points.push(Point { x: at - STEP as f64, y: f64::NAN });
            }
            points.push(Point { x: at, y: f64::from(row[series as usize]) });
            before = Some(*tick);
        }
        (series, points)
    };
    series_of(kind).iter().map(|series| line(*series)).collect()
}
