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
    groups.iter_mut().for_each(|group| group.sort_by_key(|service| position(service)));
    groups.sort_by_key(|group| group.first().and_then(|service| position(service)));
    groups
}

fn belong_together(stack: &Stack, one: &Service, other: &Service) -> bool {
    let shows = |view: &Service, flow: &Service| matches!(&view.body, Body::View(view) if view.from == Origin::Flow(flow.name.clone()));
    shows(one, other) || shows(other, one) || share_a_store(stack, one, other)
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
