//! What is kept outside of the containers, and where each sees it.

use crate::core::kind::{Repeat, Replay};
use crate::render::groups::stores;
use crate::render::places::{Place, clean, is_within, places};
use crate::render::variables::{OWN, SHARED, Wired};
use crate::resource::StoreConfig;
use crate::stack::Stack;
use crate::stack::model::{Answer, Body, Service};

/// A mount point below another one that may only be read must be there already, and the image has this one.
const RESULTS: &str = "/shared-data/results";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mount {
    pub volume: String,
    pub path: String,
    pub is_read_only: bool,
}

/// What one process sees.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Layout {
    /// Where relative paths begin, unless that does not matter.
    pub working_directory: Option<&'static str>,
    pub mounts: Vec<Mount>,
    /// Has it a volume that only it may write?
    pub has_state: bool,
    /// Directories that the image does not have.
    pub foreign: Vec<String>,
}

/// The layouts of the groups, in their order.
pub(super) fn layouts(wired: &Wired, groups: &[Vec<&Service>]) -> Vec<Layout> {
    let all: Vec<Vec<Place>> = groups.iter().map(|group| of_group(wired, group)).collect();
    let is_apart = all.iter().any(|places| writes_below_what_it_reads(places));
    groups
        .iter()
        .zip(&all)
        .map(|(group, places)| {
            let mut layout =
                Layout { working_directory: working_directory(wired, group), ..Layout::default() };
            let is_own = places.iter().any(|place| is_within(&place.directory, OWN));
            layout.has_state = is_own || group.iter().any(|it| has_state(&wired.stack, it));
            if let Some(first) = group.first().filter(|_| layout.has_state) {
                let volume = format!("{}_data", first.name.replace('-', "_"));
                layout.mounts.push(mount(volume, OWN, false));
            }
            shared(places, is_apart, &mut layout);
            others(places, &mut layout);
            layout
        })
        .collect()
}

fn mount(volume: impl Into<String>, path: &str, is_read_only: bool) -> Mount {
    Mount { volume: volume.into(), path: path.to_owned(), is_read_only }
}

/// The places of the group's services, all absolute.
fn of_group(wired: &Wired, group: &[&Service]) -> Vec<Place> {
    let begin = working_directory(wired, group).unwrap_or_default();
    let is_in = |place: &Place| group.iter().any(|service| service.name == place.service);
    let mut places: Vec<Place> = places(&wired.stack).into_iter().filter(is_in).collect();
    for place in places.iter_mut().filter(|place| !place.directory.starts_with('/')) {
        place.directory = clean(&format!("{begin}/{}", place.directory));
    }
    places
}

/// Paths that are not absolute, because no variable begins them, begin where the process works.
fn working_directory(wired: &Wired, group: &[&Service]) -> Option<&'static str> {
    let is_in = |place: &Place| group.iter().any(|service| service.name == place.service);
    let relative: Vec<Place> = places(&wired.stack)
        .into_iter()
        .filter(|place| is_in(place) && !place.directory.starts_with('/'))
        .collect();
    let is_shared =
        |place: &Place| wired.shared.iter().any(|(known, is_shared)| known == place && *is_shared);
    match relative.as_slice() {
        [] => None,
        some if some.iter().any(is_shared) => Some(SHARED),
        _ => Some(OWN),
    }
}

fn is_result(place: &Place) -> bool {
    is_within(&place.directory, RESULTS)
}

fn writes_below_what_it_reads(places: &[Place]) -> bool {
    let reads = places
        .iter()
        .any(|place| !place.writes && is_within(&place.directory, SHARED) && !is_result(place));
    let writes_elsewhere = places
        .iter()
        .any(|place| place.writes && is_within(&place.directory, SHARED) && !is_result(place));
    reads && !writes_elsewhere && places.iter().any(|place| place.writes && is_result(place))
}

fn shared(places: &[Place], is_apart: bool, layout: &mut Layout) {
    let inside = places.iter().filter(|place| is_within(&place.directory, SHARED));
    let (results, rest): (Vec<&Place>, Vec<&Place>) =
        inside.partition(|place| is_apart && is_result(place));
    let writes = |places: &[&Place]| places.iter().any(|place| place.writes);
    for (places, volume, path) in
        [(rest, "shared_data", SHARED), (results, "shared_data_results", RESULTS)]
    {
        if !places.is_empty() {
            layout.mounts.push(mount(volume, path, !writes(&places)));
        }
    }
}

/// Directories that a user named by their whole path.
fn others(places: &[Place], layout: &mut Layout) {
    let is_known =
        |place: &&Place| is_within(&place.directory, OWN) || is_within(&place.directory, SHARED);
    for place in places.iter().filter(|place| !is_known(place)) {
        let volume = place.directory.trim_matches('/').replace(['/', '-', '.'], "_");
        match layout.mounts.iter_mut().find(|mount| mount.volume == volume) {
            Some(known) => known.is_read_only &= !place.writes,
            None => layout.mounts.push(mount(volume, &place.directory, !place.writes)),
        }
        if !layout.foreign.contains(&place.directory) {
            layout.foreign.push(place.directory.clone());
        }
    }
}

/// May several workers run the flow, because the broker or the directory divides the work among them?
pub(super) fn is_divided(service: &Service) -> bool {
    let Body::Flow(flow) = &service.body else { return false };
    let source = &flow.source;
    let divides = source.kind.replay == Replay::Kept || source.options.is_set("shared");
    // One file has one writer.
    divides && flow.sink.kind.about.name != "append_file"
}

/// Is there something below `--data` that a new container must find again?
fn has_state(stack: &Stack, service: &Service) -> bool {
    let has_file = stack.resources.iter().any(|resource| {
        let StoreConfig::Sqlite(file) = &resource.store else { return false };
        file.parent().is_none_or(|above| above.as_os_str().is_empty())
            && stores(service, &resource.schema.name)
    });
    let is_own = match &service.body {
        Body::View(_) | Body::Gate(_) => false,
        // A new container draws a new seed, unless the stack names one: then it would begin again.
        Body::Server(server) => {
            let generates = |route: &crate::stack::model::Route| {
                matches!(route.answer, Answer::Generate { .. })
            };
            stack.seed.is_some() && server.routes.iter().any(generates)
        }
        Body::Flow(flow) => {
            flow.source.kind.replay != Replay::Gone || flow.sink.kind.repeat == Repeat::Never
        }
    };
    has_file || is_own
}
