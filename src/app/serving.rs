//! A server that runs: its listener, and what answers its routes.

use crate::app::resources::Resources;
use crate::charts::file_safe;
use crate::core::context::Context;
use crate::core::disk::DiskLock;
use crate::core::fault::Fault;
use crate::core::spec::Spec;
use crate::generator::{Generator, Schema};
use crate::resource::{Access, Secret};
use crate::routes::counter::Counter;
use crate::routes::generate::Generated;
use crate::server::{
    Limits, Route as ServerRoute, Router, RunningServer, Server as HttpServer, ServerConfig,
};
use crate::stack::model::{Answer, Exposed, Form, Route, Server, Token};
use crate::wires::{self, Served};
use http::Method;
use std::sync::Arc;
use std::time::Duration;

/// Time for requests in flight when a server stops.
pub(super) const STOP: Duration = Duration::from_secs(5);

/// A server with its routes.
#[derive(Debug)]
pub(super) struct Serving {
    pub server: RunningServer,
    routes: Vec<Serve>,
    _lock: Box<dyn DiskLock>,
}

/// A route as the stack has it, and what answers it.
#[derive(Debug)]
struct Serve {
    route: Route,
    answer: Answers,
}

#[derive(Debug, Clone)]
enum Answers {
    Generated(Arc<Generated>),
    Resource(Arc<Served>),
}

impl Answers {
    /// No request comes any more.
    fn close(&self) {
        if let Self::Generated(generated) = self {
            generated.close();
        }
    }
}

impl Serving {
    pub(super) fn start(
        server: &Server,
        context: &Context,
        resources: &Resources,
    ) -> Result<Self, Fault> {
        context.disk.create_dir_all(&context.data)?;
        let lock = context.disk.lock(&context.data.join("lock"))?;
        let routes = serve(&server.routes, Vec::new(), context, resources)?;
        let config = ServerConfig {
            name: context.service.clone(),
            address: server.listen.socket(context.bind),
            limits: Limits::default(),
        };
        let running = HttpServer::start(config, router(&routes, context))
            .map_err(|error| Fault::stop(error.to_string()))?;
        Ok(Self { server: running, routes, _lock: lock })
    }

    /// Serves other routes on the same port; no connection is dropped.
    pub(super) fn change(
        mut self,
        server: &Server,
        context: &Context,
        resources: &Resources,
    ) -> Result<Self, Fault> {
        self.routes = serve(&server.routes, self.routes, context, resources)?;
        self.server.replace(router(&self.routes, context));
        Ok(self)
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.routes.iter().map(|serve| serve.route.path.as_str())
    }

    pub(super) fn stop(self) {
        self.server.stop_and_wait(STOP);
        for serve in &self.routes {
            serve.answer.close();
        }
    }
}

/// Makes what answers the routes; those that were there before and did not change go on counting.
fn serve(
    wanted: &[Route],
    mut before: Vec<Serve>,
    context: &Context,
    resources: &Resources,
) -> Result<Vec<Serve>, Fault> {
    let mut serving = Vec::new();
    for route in wanted {
        let same = before.iter().position(|serve| {
            serve.route == *route && matches!(serve.answer, Answers::Generated(_))
        });
        let serve = if let Some(at) = same {
            before.swap_remove(at)
        } else {
            let old = before.iter().position(|serve| serve.route.path == route.path);
            if let Some(at) = old {
                // Closed before the new one opens its file, and only once.
                before.swap_remove(at).answer.close();
            }
            let answer = match &route.answer {
                Answer::Generate { record, form } => {
                    let generated = generated(&route.path, record, *form, context)?;
                    Answers::Generated(Arc::new(generated))
                }
                Answer::Resource(exposed) => {
                    Answers::Resource(Arc::new(served(&route.path, exposed, resources)?))
                }
            };
            Serve { route: route.clone(), answer }
        };
        serving.push(serve);
    }
    for serve in before {
        serve.answer.close();
    }
    Ok(serving)
}

fn router(routes: &[Serve], context: &Context) -> Router {
    let mut router = Router::new();
    let mut served = Vec::new();
    for serve in routes {
        match &serve.answer {
            Answers::Generated(generated) => {
                let route = ServerRoute::new().quick(Method::GET, Arc::clone(generated));
                router = router.at(serve.route.path.clone(), route);
            }
            Answers::Resource(resource) => served.push(Arc::clone(resource)),
        }
    }
    if served.is_empty() { router } else { wires::mount(router, &context.service, &served) }
}

fn served(path: &str, exposed: &Exposed, resources: &Resources) -> Result<Served, Fault> {
    let (resource, wire) = resources.get(&exposed.resource)?;
    let access = Access {
        read: exposed.read.as_ref().map(token).transpose()?,
        write: exposed.write.as_ref().map(token).transpose()?,
        origins: exposed.origins.clone(),
        body_bytes: exposed.body_bytes,
    };
    Ok(Served { path: path.to_owned(), resource, wire, access })
}

/// A file is what Docker and Kubernetes give secrets by; its last line end is not part of the token.
pub(super) fn token(token: &Token) -> Result<Secret, Fault> {
    let path = match token {
        Token::Given(secret) => return Ok(secret.clone()),
        Token::File(path) => path,
    };
    let text = std::fs::read_to_string(path).map_err(|error| {
        let path = path.display();
        Fault::stop(format!("the token file {path} cannot be read: {error}"))
    })?;
    match text.trim() {
        "" => Err(Fault::stop(format!("the token file {} is empty", path.display()))),
        text => Ok(Secret(text.to_owned())),
    }
}

/// A route's stream is named by its service and path, so that every route has numbers of its own.
fn generated(
    path: &str,
    record: &[(String, Spec)],
    form: Form,
    context: &Context,
) -> Result<Generated, Fault> {
    let schema = Schema::parse(record).map_err(|errors| {
        Fault::stop(errors.first().map_or_else(String::new, |error| error.message.clone()))
    })?;
    let stream = format!("{}{path}", context.service);
    let seed = context.seed;
    let generator = Generator::new(Arc::new(schema), seed.seed, &stream, seed.origin_ms);
    let name = match path.trim_matches('/') {
        "" => "route.next".to_owned(),
        path => format!("route-{}.next", file_safe(path)),
    };
    let counter = Counter::open(&context.disk, &context.data.join(name)).map_err(Fault::stop)?;
    Ok(Generated::new(generator, form, counter))
}
