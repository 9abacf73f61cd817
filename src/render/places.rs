//! What a service reads and writes outside of its process.

use crate::core::kind::About;
use crate::core::listen::Listen;
use crate::core::options::{Options, Setting, Shape};
use crate::resource::StoreConfig;
use crate::stack::Stack;
use crate::stack::model::{Body, Origin, Service};

/// Kinds whose path is a directory; that of the others is a file.
const OF_DIRECTORIES: [&str; 3] = ["datasets", "dataset", "report"];

/// A directory that a service needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub service: String,
    /// As the stack file has it.
    pub path: String,
    /// The directory of it, without `.` and double slashes.
    pub directory: String,
    pub writes: bool,
}

/// All directories that the services name, their own `--data` apart.
pub(super) fn places(stack: &Stack) -> Vec<Place> {
    let mut found = Vec::new();
    for service in &stack.services {
        of_service(service, &mut found);
        for resource in &stack.resources {
            if let StoreConfig::Sqlite(file) = &resource.store
                && super::groups::stores(service, &resource.schema.name)
                && let Some(path) = file.to_str().filter(|path| path.contains('/'))
            {
                found.push(place(service, path, false, true));
            }
        }
    }
    found
}

fn of_service(service: &Service, found: &mut Vec<Place>) {
    match &service.body {
        Body::Server(_) | Body::Gate(_) => {}
        Body::View(view) => {
            if let Origin::Results(directory) = &view.from {
                found.push(place(service, directory, true, false));
            }
        }
        Body::Flow(flow) => {
            let reads = flow.sources().map(|it| (&it.kind.about, &it.options, false));
            let writes = std::iter::once((&flow.sink.kind.about, &flow.sink.options, true));
            for (about, options, writes) in reads.chain(writes) {
                let is_directory = OF_DIRECTORIES.contains(&about.name);
                for path in paths(about, options) {
                    found.push(place(service, path, is_directory, writes));
                }
            }
        }
    }
}

fn paths<'a>(about: &'a About, options: &'a Options) -> impl Iterator<Item = &'a str> {
    with_shape(about, options).filter(|(name, _)| *name == "path").map(|(_, path)| path)
}

fn with_shape<'a>(
    about: &'a About,
    options: &'a Options,
) -> impl Iterator<Item = (&'static str, &'a str)> {
    let of_shape = about.options.iter().filter(|option| option.shape == Shape::Path);
    of_shape.filter_map(|option| match options.get(option.name)? {
        Setting::Text(text) => Some((option.name, text.as_str())),
        _ => None,
    })
}

/// Files that a service reads beside its data, such as certificates: the option and the path.
pub(super) fn papers(service: &Service) -> Vec<(&'static str, String)> {
    let Body::Flow(flow) = &service.body else { return Vec::new() };
    flow.ends()
        .flat_map(|(about, options)| with_shape(about, options))
        .filter(|(name, path)| *name != "path" && !path.is_empty())
        .map(|(name, path)| (name, path.to_owned()))
        .collect()
}

fn place(service: &Service, path: &str, is_directory: bool, writes: bool) -> Place {
    let whole = clean(path);
    let directory = if is_directory { whole } else { parent(&whole) };
    Place { service: service.name.clone(), path: path.to_owned(), directory, writes }
}

/// `./data//x/` is `data/x`.
pub(super) fn clean(path: &str) -> String {
    let parts = path.split('/').filter(|part| !part.is_empty() && *part != ".");
    let root = if path.starts_with('/') { "/" } else { "" };
    format!("{root}{}", parts.collect::<Vec<_>>().join("/"))
}

fn parent(path: &str) -> String {
    match path.rsplit_once('/') {
        Some(("", _)) => "/".to_owned(),
        Some((above, _)) => above.to_owned(),
        None => String::new(),
    }
}

/// Is the one the other, or below it?
pub(super) fn is_within(path: &str, directory: &str) -> bool {
    let rest = path.strip_prefix(directory);
    directory.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Where a service listens, if it does.
pub fn listen(service: &Service) -> Option<Listen> {
    match &service.body {
        Body::Server(server) => Some(server.listen),
        Body::View(view) => Some(view.listen),
        Body::Gate(gate) => Some(gate.listen),
        Body::Flow(flow) => Listen::parse(flow.source.options.text_if("listen")?).ok(),
    }
}
