//! The content of the map's page: the verdict, the drawing, and the same as a table. What changes has an id of its
//! own, so that an open page takes on only that.

use crate::charts::number::{count, number};
use crate::map::draw::Drawing;
use crate::map::picture::{Alert, AlertState, Level, Peer, Picture, Shown};
use crate::map::words;
use maud::{Markup, PreEscaped, html};

/// What stands behind these ids changes while the page is open.
pub fn parts(picture: &Picture, drawing: &Drawing) -> Vec<(String, String)> {
    let mut parts = vec![
        ("verdict".to_owned(), verdict(picture).into_string()),
        ("alerts".to_owned(), alerts(picture).into_string()),
        ("scaling".to_owned(), scaling(picture).into_string()),
        ("as-of".to_owned(), as_of(picture).into_string()),
    ];
    for at in 0..picture.edges.len() {
        parts.push((format!("edge-{at}"), drawing.edge(picture, at)));
    }
    for (at, node) in picture.nodes.iter().enumerate() {
        parts.push((format!("node-{at}"), drawing.node(picture, at)));
        if !node.node.kind.is_outside() {
            parts.push((format!("row-{at}"), cells(node).into_string()));
        }
    }
    parts
}

/// Everything between the page's header and its footer.
pub fn content(picture: &Picture, drawing: &Drawing) -> String {
    let markup = html! {
        div #verdict role="status" { (verdict(picture)) }
        div #alerts { (alerts(picture)) }
        div #scaling { (scaling(picture)) }
        div.sheet role="region" aria-label="Map" tabindex="0" {
            (PreEscaped(drawing.svg(picture, "")))
        }
        section.list aria-labelledby="list-title" {
            h2 #list-title { "Everything on the map" }
            (table(picture))
        }
        p.note #as-of { (as_of(picture)) }
    };
    markup.into_string()
}

fn verdict(picture: &Picture) -> Markup {
    let verdict = &picture.verdict;
    let (class, sign) = match verdict.level {
        Level::Good => ("verdict good", "●"),
        Level::Notice => ("verdict notice", "◐"),
        Level::Bad => ("verdict bad", "✕"),
    };
    html! {
        p class=(class) {
            span.sign aria-hidden="true" { (sign) } " " (verdict.text)
            @if let Some(node) = verdict.node.as_ref().and_then(|id| picture.node(id)) {
                " " a href=(href(node)) { "Look at " (node.node.name) }
            }
        }
        @let silent: Vec<&Peer> = picture.peers.iter().filter(|peer| !peer.answered).collect();
        @if !silent.is_empty() {
            p.verdict.notice {
                span.sign aria-hidden="true" { "◐" } " "
                "Not on this map, because they did not answer: "
                @for (at, peer) in silent.iter().enumerate() {
                    @if at > 0 { ", " } (peer.address)
                    @if let Some(reason) = &peer.reason { " (" (reason) ")" }
                }
                "."
            }
        }
    }
}

fn alerts(picture: &Picture) -> Markup {
    let loud = picture.alerts.iter().filter(|alert| alert.state != AlertState::Quiet);
    html! {
        @for alert in loud { (one_alert(picture, alert)) }
    }
}

fn one_alert(picture: &Picture, alert: &Alert) -> Markup {
    let is_firing = alert.state == AlertState::Firing;
    html! {
        p class=(if is_firing { "verdict bad" } else { "verdict notice" }) {
            span.sign aria-hidden="true" { (if is_firing { "✕" } else { "◐" }) } " "
            (if is_firing { "Alert: " } else { "About to alert: " })
            @match picture.node(&alert.service) {
                Some(node) => { a href=(href(node)) { (alert.service) } }
                None => { b { (alert.service) } }
            }
            " " (alert.when) ", now " (alert.value) ", since " (time(&alert.since)) "."
        }
    }
}

fn scaling(picture: &Picture) -> Markup {
    html! {
        @for scaling in &picture.scaling {
            p.note {
                "Autoscale (" (scaling.min) " to " (scaling.max) ") of " b { (scaling.service) } ": "
                (scaling.decision) ", at " (time(&scaling.at)) "."
            }
        }
    }
}

fn as_of(picture: &Picture) -> Markup {
    html! { "As of " (time(&picture.at)) "." }
}

/// `12:00:01 UTC`, which the page's script turns into the reader's own time.
pub fn time(rfc3339: &str) -> Markup {
    let clock = rfc3339.get(11..19).unwrap_or(rfc3339);
    html! { time datetime=(rfc3339) { (clock) " UTC" } }
}

fn table(picture: &Picture) -> Markup {
    html! {
        div.scroll {
            table.wide {
                caption.hidden { "Services, resources, and what flows through them" }
                thead {
                    tr {
                        th scope="col" { "Name" }
                        th scope="col" { "State" }
                        th.n scope="col" { "In" }
                        th.n scope="col" { "Out" }
                        th.n scope="col" { "Waits" }
                        th.n scope="col" { "Oldest" }
                        th.n scope="col" { "Errors" }
                        th scope="col" { "More" }
                    }
                }
                tbody {
                    @for (at, node) in picture.nodes.iter().enumerate() {
                        @if !node.node.kind.is_outside() { tr id={ "row-" (at) } { (cells(node)) } }
                    }
                }
            }
        }
    }
}

fn cells(node: &Shown) -> Markup {
    let (now, totals) = (&node.reading.now, &node.reading.totals);
    let is_flow = node.node.kind == crate::map::Kind::Flow;
    let flow = |value: Option<f32>| value.filter(|_| is_flow);
    // What a resource takes is counted at its cache and its store.
    let counted =
        |value: Option<f32>| value.filter(|_| node.node.kind != crate::map::Kind::Resource);
    html! {
        th scope="row" { a href=(href(node)) { (node.node.name) } " " span.kind { (node.node.kind.word()) } }
        td {
            span class={ "s-" (node.reading.condition.word().replace(' ', "-")) } {
                span.sign aria-hidden="true" { (words::sign(node.reading.condition)) } " "
                (node.reading.condition.word())
            }
            @if let Some(replicas) = words::replicas(&node.reading) { ", " (replicas) }
        }
        td.n { (counted(now.taken_per_second).map_or_else(none, words::rate)) }
        td.n { (counted(now.given_per_second).map_or_else(none, words::rate)) }
        td.n { (flow(now.waiting).map_or_else(none, |waiting| number(f64::from(waiting)))) }
        td.n { (flow(now.oldest_seconds).filter(|it| *it > 0.0).map_or_else(none, words::seconds)) }
        td.n { (if node.reading.replicas == 0 { none() } else { count(totals.errors) }) }
        td {
            @match &node.reading.reason {
                Some(reason) => { (reason) }
                None if node.reading.replicas == 0 => {}
                None => { (words::detail(node)) }
            }
        }
    }
}

fn none() -> String {
    "–".to_owned()
}

pub fn href(node: &Shown) -> String {
    format!("node/{}", node.node.id)
}
