//! Which services must live in one process: those that share what only a process, or only one machine, can share.

use crate::resource::StoreConfig;
use crate::stack::Stack;
use crate::stack::model::{Body, Origin, Service};

/// The services of each process, in the order of the stack.
pub(super) fn groups(stack: &Stack) -> Vec<Vec<&Service>> {
    let mut groups: Vec<Vec<&Service>> = Vec::new();
    for service in &stack.services {
        let (joined, apart): (Vec<_>, Vec<_>) = groups
            .into_iter()
            .partition(|group| group.iter().any(|other| belong_together(stack, service, other)));
        groups = apart;
        let mut one: Vec<&Service> = joined.into_iter().flatten().collect();
        one.push(service);
        groups.push(one);
    }
    let position = |wanted: &Service| stack.services.iter().position(|it| it.name == wanted.name);
    for group in &mut groups {
        group.sort_by_key(|service| position(service));
    }
    groups.sort_by_key(|group| group.first().and_then(|service| position(service)));
    groups
}

fn belong_together(stack: &Stack, one: &Service, other: &Service) -> bool {
    let shows = |view: &Service, flow: &Service| match &view.body {
        Body::View(view) => view.from == Origin::Flow(flow.name.clone()),
        Body::Flow(_) | Body::Server(_) | Body::Gate(_) => false,
    };
    let watches = |view: &Service, server: &Service| cache_of(stack, view) == Some(&server.name);
    shows(one, other)
        || shows(other, one)
        || watches(one, other)
        || watches(other, one)
        || share_a_store(stack, one, other)
}

/// The service whose cache a view shows: where several open the resource, the last, which is the one that reads.
fn cache_of<'a>(stack: &'a Stack, view: &Service) -> Option<&'a String> {
    let Body::View(view) = &view.body else { return None };
    let Origin::Cache(resource) = &view.from else { return None };
    let opens = |service: &&Service| stores(service, resource);
    stack.services.iter().rfind(opens).map(|service| &service.name)
}

/// Memory is the process's own, and SQLite works between processes of one machine only.
fn share_a_store(stack: &Stack, one: &Service, other: &Service) -> bool {
    stack.resources.iter().any(|resource| {
        let is_local = !matches!(resource.store, StoreConfig::Postgres(_));
        let name = &resource.schema.name;
        is_local && stores(one, name) && stores(other, name)
    })
}

/// Does it open the resource's store? A view of a resource asks its API.
pub(super) fn stores(service: &Service, resource: &str) -> bool {
    !matches!(service.body, Body::View(_)) && service.uses(&[resource.to_owned()])
}
