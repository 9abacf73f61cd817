//! One service that runs: a flow, or a server with its routes.

use crate::charts::file_safe;
use crate::core::context::Context;
use crate::core::disk::DiskLock;
use crate::core::fault::Fault;
use crate::core::options::Setting;
use crate::engine::flow::Parts;
use crate::engine::{Flow, RunningFlow, State};
use crate::generator::{Generator, Schema};
use crate::routes::counter::Counter;
use crate::routes::generate::Generated;
use crate::server::{
    Limits, Route as ServerRoute, Router, RunningServer, Server as HttpServer, ServerConfig,
};
use crate::stack::model::{self, Body, Route, Service};
use http::Method;
use std::sync::Arc;
use std::time::Duration;

/// Time for requests in flight when a server stops.
const STOP: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) enum Running {
    Flow(RunningFlow),
    Server(Serving),
}

/// How long the start of a stack waits for a flow that listens, so that its address can be told.
const LISTENING: Duration = Duration::from_secs(1);

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
    generated: Arc<Generated>,
}

/// What is called when a flow ends.
pub(super) type OnEnd = Arc<dyn Fn() + Send + Sync>;

pub(super) fn start(service: &Service, context: Context, on_end: OnEnd) -> Result<Running, Fault> {
    match &service.body {
        Body::Flow(flow) => Ok(Running::Flow(start_flow(flow.clone(), context, on_end)?)),
        Body::Server(server) => Ok(Running::Server(start_server(server, &context)?)),
    }
}

fn start_flow(flow: model::Flow, context: Context, on_end: OnEnd) -> Result<RunningFlow, Fault> {
    let context = Context { commit_bytes: flow.sink.kind.commit_bytes, ..context };
    let listens = flow.source.options.get("listen").is_some();
    let build = move |context: &Context| {
        let steps: Result<Vec<_>, Fault> =
            flow.steps.iter().map(|step| (step.kind.build)(&step.options)).collect();
        Ok(Parts {
            source: (flow.source.kind.build)(&flow.source.options, context)?,
            steps: steps?,
            sink: (flow.sink.kind.build)(&flow.sink.options, context)?,
        })
    };
    let running = Flow { context, build: Box::new(build), on_end }.start()?;
    if listens {
        running.wait_until_open(LISTENING);
        if let State::Failed(reason) = running.meter.state() {
            return Err(Fault::stop(reason));
        }
    }
    Ok(running)
}

fn start_server(server: &model::Server, context: &Context) -> Result<Serving, Fault> {
    context.disk.create_dir_all(&context.data)?;
    let lock = context.disk.lock(&context.data.join("lock"))?;
    let routes = serve(&server.routes, Vec::new(), context)?;
    let config = ServerConfig {
        name: context.service.clone(),
        address: server.listen.socket(context.bind),
        limits: Limits::default(),
    };
    let running = HttpServer::start(config, router(&routes))
        .map_err(|error| Fault::stop(error.to_string()))?;
    Ok(Serving { server: running, routes, _lock: lock })
}

/// Makes what answers the routes; those that were there before and did not change go on counting.
fn serve(wanted: &[Route], mut before: Vec<Serve>, context: &Context) -> Result<Vec<Serve>, Fault> {
    let mut serving = Vec::new();
    for route in wanted {
        let same = before.iter().position(|serve| serve.route == *route);
        let serve = if let Some(at) = same {
            before.swap_remove(at)
        } else {
            let old = before.iter().position(|serve| serve.route.path == route.path);
            if let Some(at) = old {
                // Closed before the new one opens its file, and only once.
                before.swap_remove(at).generated.close();
            }
            Serve { route: route.clone(), generated: Arc::new(generated(route, context)?) }
        };
        serving.push(serve);
    }
    for serve in before {
        serve.generated.close();
    }
    Ok(serving)
}

fn router(routes: &[Serve]) -> Router {
    routes.iter().fold(Router::new(), |router, serve| {
        let answer = Arc::clone(&serve.generated);
        router.at(serve.route.path.clone(), ServerRoute::new().quick(Method::GET, answer))
    })
}

/// A route's stream is named by its service and path, so that every route has numbers of its own.
fn generated(route: &Route, context: &Context) -> Result<Generated, Fault> {
    let schema = Schema::parse(&route.record).map_err(|errors| {
        Fault::stop(errors.first().map_or_else(String::new, |error| error.message.clone()))
    })?;
    let stream = format!("{}{}", context.service, route.path);
    let seed = context.seed;
    let generator = Generator::new(Arc::new(schema), seed.seed, &stream, seed.origin_ms);
    let name = match route.path.trim_matches('/') {
        "" => "route.next".to_owned(),
        path => format!("route-{}.next", file_safe(path)),
    };
    let path = context.data.join(name);
    let counter = Counter::open(&context.disk, &path).map_err(Fault::stop)?;
    Ok(Generated::new(generator, route.form, counter))
}

impl Running {
    /// Asks it to take in nothing more.
    pub(super) fn stop(&self) {
        if let Self::Flow(flow) = self {
            flow.stop();
        }
    }

    /// Waits until it has stopped.
    pub(super) fn join(self) {
        match self {
            Self::Flow(flow) => flow.join(),
            Self::Server(serving) => serving.stop(),
        }
    }

    /// Where it can be reached.
    pub(super) fn addresses(&self) -> Vec<String> {
        match self {
            Self::Flow(flow) => flow.addresses(),
            Self::Server(serving) => {
                let address = serving.server.address();
                let paths = serving.routes.iter().map(|serve| &serve.route.path);
                paths.map(|path| format!("http://{address}{path}")).collect()
            }
        }
    }
}

impl Serving {
    /// Serves other routes on the same port; no connection is dropped.
    pub(super) fn change(
        mut self,
        server: &model::Server,
        context: &Context,
    ) -> Result<Self, Fault> {
        self.routes = serve(&server.routes, self.routes, context)?;
        self.server.replace(router(&self.routes));
        Ok(self)
    }

    fn stop(self) {
        self.server.stop_and_wait(STOP);
        for serve in &self.routes {
            serve.generated.close();
        }
    }
}

/// Which port a service really asks for, after `--port SERVICE=N`.
pub(super) fn with_port(service: &mut Service, port: u16) -> Result<(), String> {
    match &mut service.body {
        Body::Server(server) => server.listen.port = port,
        Body::Flow(flow) if flow.source.options.get("listen").is_some() => {
            flow.source.options.set("listen", Setting::Text(port.to_string()));
        }
        Body::Flow(_) => return Err(format!("the service `{}` listens on no port", service.name)),
    }
    Ok(())
}
