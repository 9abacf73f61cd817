//! The map as plain text, for `curl` and for pipes.

use crate::charts::number::count;
use crate::core::text::append;
use crate::map::picture::{AlertState, Picture, Scaling, Shown};
use crate::map::words;

/// One line for each node, the verdict, and what joins what.
pub fn text(picture: &Picture) -> String {
    let mut out = format!("headwater {} - stack {}\n", picture.headwater, picture.stack);
    append(&mut out, format_args!("{}\n\n", picture.verdict.text));
    for alert in picture.alerts.iter().filter(|alert| alert.state == AlertState::Firing) {
        append(
            &mut out,
            format_args!("ALERT {} {}, now {}\n", alert.service, alert.when, alert.value),
        );
    }
    for scaling in &picture.scaling {
        append(&mut out, format_args!("{}\n", scaled(scaling)));
    }
    let shown = || picture.nodes.iter().filter(|node| !node.node.kind.is_outside());
    // Columns that are as wide as what stands in them, within reason.
    let wide = |text: fn(&Shown) -> String, least: usize| {
        shown().map(|node| text(node).chars().count()).max().unwrap_or_default().clamp(least, 48)
    };
    let widths = (wide(|node| node.node.name.clone(), 24), wide(state, 9));
    for node in shown() {
        out.push_str(&line(node, widths));
    }
    for peer in picture.peers.iter().filter(|peer| !peer.answered) {
        append(&mut out, format_args!("{} did not answer\n", peer.address));
    }
    out
}

/// `autoscale of producer (1 to 10): 2 -> 4 replicas: …`
pub fn scaled(it: &Scaling) -> String {
    format!("autoscale of {} ({} to {}): {}", it.service, it.min, it.max, it.decision)
}

/// `running`, `3x running`
fn state(node: &Shown) -> String {
    match node.reading.replicas {
        0 | 1 => node.reading.condition.word().to_owned(),
        many => format!("{many}x {}", node.reading.condition.word()),
    }
}

/// `name  state  what flows`
fn line(node: &Shown, (names, states): (usize, usize)) -> String {
    let (reading, state) = (&node.reading, state(node));
    let mut numbers = words::headline(node).unwrap_or_default();
    if !numbers.is_empty() && node.node.kind != crate::map::Kind::Cache {
        append(&mut numbers, format_args!(" {}", words::unit(node.node.kind)));
    }
    let total = match node.node.kind {
        _ if reading.replicas == 0 => String::new(),
        crate::map::Kind::Flow => format!("  {} records stored", count(reading.totals.given)),
        crate::map::Kind::Server | crate::map::Kind::View | crate::map::Kind::Gate => {
            format!("  {} requests answered", count(reading.totals.taken))
        }
        _ => String::new(),
    };
    let detail = match &reading.reason {
        Some(reason) => reason.clone(),
        None if reading.replicas == 0 => String::new(),
        None => words::detail(node),
    };
    let gap = if detail.is_empty() { "" } else { "  " };
    let name = &node.node.name;
    let text = format!("{name:<names$} {state:<states$} {numbers:<20}{total}{gap}{detail}");
    format!("{}\n", text.replace('\u{a0}', " ").trim_end())
}
