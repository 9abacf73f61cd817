//! A checked stack: names resolved, options typed, valid by construction.

use crate::core::kind::{About, PanelKind, SinkKind, SourceKind, StepKind};
use crate::core::lease::LeasePlace;
use crate::core::listen::Listen;
use crate::core::options::Options;
use crate::core::spec::Spec;
use crate::core::words::nearest;
use crate::resource::{ResourceConfig, Secret};
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug, Clone)]
pub struct Stack {
    pub name: String,
    /// The file or `built-in users`.
    pub file: String,
    pub text: String,
    pub seed: Option<u64>,
    pub resources: Vec<ResourceConfig>,
    /// Every service stands behind those that it needs.
    pub services: Vec<Service>,
    /// Beside the services and not in them: another limit is no reason to start a service anew.
    pub alerts: Vec<Alert>,
}

/// Somebody wants to know when something is measured beyond a limit for some time.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    pub service: String,
    /// As it stands in the stack file.
    pub text: String,
    pub measure: Measure,
    /// Above the limit, or below it.
    pub is_above: bool,
    /// In records, in seconds, or a second.
    pub limit: f64,
    pub lasting: Duration,
    /// Where a change is posted to.
    pub webhook: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    Backlog,
    BacklogAge,
    DeadLetters,
    Errors,
    Latency,
    Rate,
    /// It waits for something, or has failed.
    Waiting,
}

impl Stack {
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.name == name)
    }

    /// That there is no service of this name, and which there are.
    pub fn lacks(&self, name: &str) -> String {
        let known = || self.services.iter().map(|service| service.name.as_str());
        let help = match nearest(name, known()) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => format!("it has {}", known().collect::<Vec<_>>().join(", ")),
        };
        format!("the stack {} has no service `{name}`: {help}", self.name)
    }

    pub fn resource(&self, name: &str) -> Option<&ResourceConfig> {
        self.resources.iter().find(|resource| resource.schema.name == name)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    pub name: String,
    pub needs: Vec<String>,
    pub body: Body,
}

impl Service {
    /// Is it a gate in front of that service?
    pub fn leads_to(&self, name: &str) -> bool {
        matches!(&self.body, Body::Gate(gate) if gate.to() == name)
    }

    /// Does it serve or show one of these resources?
    pub fn uses(&self, resources: &[String]) -> bool {
        let is_one = |name: &str| resources.iter().any(|resource| resource == name);
        match &self.body {
            Body::Server(server) => {
                server.routes.iter().filter_map(Route::exposed).any(|it| is_one(&it.resource))
            }
            Body::View(view) => view.from.resource().is_some_and(is_one),
            Body::Gate(_) => false,
            Body::Flow(flow) => {
                let of = |(about, options): (&About, &Options)| {
                    about.name == "resource" && options.text_if("name").is_some_and(is_one)
                };
                flow.ends().any(of)
            }
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    Flow(Flow),
    Server(Server),
    View(View),
    Gate(Gate),
}

/// One address in front of the replicas of a service.
#[derive(Debug, Clone, PartialEq)]
pub struct Gate {
    pub listen: Listen,
    /// As `stack/gate.rs` lists them.
    pub options: Options,
    /// Where the service behind it listens, as far as the stack file knows.
    pub port: Option<u16>,
}

impl Gate {
    pub fn to(&self) -> &str {
        self.options.text("to")
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Flow {
    pub source: Part<SourceKind>,
    /// What goes on when the source has come to its end.
    pub then: Option<Part<SourceKind>>,
    pub steps: Vec<Part<StepKind>>,
    pub sink: Part<SinkKind>,
    /// Where what it delivers is recorded: the options of `record:`.
    pub record: Option<Options>,
    /// How many workers share it in one process, unless the command line says otherwise.
    pub scale: u32,
    /// Of a flow that must run once: where the processes that could run it agree on one.
    pub elects: Option<LeasePlace>,
}

impl Flow {
    /// The source, and what goes on when it has come to its end.
    pub fn sources(&self) -> impl Iterator<Item = &Part<SourceKind>> {
        std::iter::once(&self.source).chain(&self.then)
    }

    /// What it reads from and, at the end, what it writes to.
    pub fn ends(&self) -> impl Iterator<Item = (&'static About, &Options)> {
        let sources = self.sources().map(|source| (&source.kind.about, &source.options));
        sources.chain(std::iter::once((&self.sink.kind.about, &self.sink.options)))
    }
}

/// A component with its checked options.
pub struct Part<K: 'static> {
    pub kind: &'static K,
    pub options: Options,
}

impl<K> Clone for Part<K> {
    fn clone(&self) -> Self {
        Self { kind: self.kind, options: self.options.clone() }
    }
}

/// Two parts are the same when a running one need not be replaced by the other.
impl<K> PartialEq for Part<K> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.kind, other.kind) && self.options == other.options
    }
}

impl<K> std::fmt::Debug for Part<K> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Part").field(&self.options).finish()
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Server {
    pub listen: Listen,
    pub routes: Vec<Route>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    pub path: String,
    pub answer: Answer,
}

/// What a path answers.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    Generate { record: Vec<(String, Spec)>, form: Form },
    Resource(Exposed),
}

/// A resource behind a path.
#[derive(Debug, Clone, PartialEq)]
pub struct Exposed {
    pub resource: String,
    pub read: Option<Token>,
    pub write: Option<Token>,
    pub origins: Vec<String>,
    pub body_bytes: Option<u64>,
}

/// Where a bearer token comes from; never from the text of the stack file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// From a variable.
    Given(Secret),
    File(PathBuf),
}

impl Route {
    pub fn exposed(&self) -> Option<&Exposed> {
        match &self.answer {
            Answer::Resource(exposed) => Some(exposed),
            Answer::Generate { .. } => None,
        }
    }
}

/// A live page.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    pub listen: Listen,
    pub title: String,
    pub from: Origin,
    /// Never empty: without any in the file there are those that suit what is shown.
    pub panels: Vec<Part<PanelKind>>,
    /// Origins of pages that may embed the panels.
    pub embed: Vec<String>,
    /// What a reader must bring.
    pub auth: Option<Token>,
}

/// Where a view has its records from.
#[derive(Debug, Clone, PartialEq)]
pub enum Origin {
    Api {
        url: String,
        /// Says what the records are and which field is their key.
        resource: Option<String>,
        headers: Vec<(String, String)>,
    },
    /// The records that a flow of this stack delivers.
    Flow(String),
    /// A directory that the sink `report` fills.
    Results(String),
    /// What the cache of a resource of this stack does.
    Cache(String),
}

impl Origin {
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Api { url, .. } => Some(url),
            Self::Flow(_) | Self::Results(_) | Self::Cache(_) => None,
        }
    }

    pub fn resource(&self) -> Option<&str> {
        match self {
            Self::Api { resource, .. } => resource.as_deref(),
            Self::Flow(_) | Self::Results(_) | Self::Cache(_) => None,
        }
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Api { url, .. } => formatter.write_str(url),
            Self::Flow(name) => write!(formatter, "the flow {name}"),
            Self::Results(directory) => write!(formatter, "the results in {directory}"),
            Self::Cache(name) => write!(formatter, "the cache of {name}"),
        }
    }
}

/// How a route writes its record down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Json,
    /// The bare value, unless the client asks for JSON first.
    Text,
}
