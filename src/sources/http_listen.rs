//! `http_listen`: takes records by POST and answers once they are on disk.

use crate::core::context::Context;
use crate::core::fault::Fault;
use crate::core::kind::{About, BuiltSource, Replay, SourceKind};
use crate::core::listen::Listen;
use crate::core::options::{Opt, Options, Shape};
use crate::core::source::{Inbox, Intake, IntakeGuard, NotTaken};
use crate::formats::posted;
use crate::server::{
    Limits, Problem, Reply, Request, Response, Route, Router, RunningServer, Server, ServerConfig,
    Slow,
};
use http::Method;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::sync::oneshot;

/// Time for requests in flight when the service stops.
const STOP: Duration = Duration::from_secs(5);

pub(super) static KIND: SourceKind = SourceKind {
    about: About {
        name: "http_listen",
        summary: "Takes records by HTTP POST; the 2xx comes after they are on disk.",
        details: "\
The body is one JSON object, an array of them, or NDJSON (`application/x-ndjson`, or several lines). It is \
taken whole or not at all. The answer is 200 with `{\"accepted\": N}` after the journal's sync, shared by \
all who wait. A body that is not JSON is 400 and names the place; a journal that is full, or a disk, is 503 \
with `Retry-After`.",
        options: &[
            Opt::required("listen", Shape::Listen, "Port, or address with a port."),
            Opt::with_default("path", Shape::Route, "/", "The path that takes the POST."),
            Opt::with_default("body_max", Shape::Size, "10MiB", "The largest body."),
        ],
        main: Some("listen"),
        example: "http_listen: { listen: 8080, path: /events }",
    },
    replay: Replay::Journal,
    build,
};

fn build(options: &Options, context: &Context) -> Result<BuiltSource, Fault> {
    let listen = Listen::parse(options.text("listen")).map_err(Fault::stop)?;
    Ok(BuiltSource::Intake(Box::new(HttpListen {
        service: context.service.clone(),
        address: listen.socket(context.bind),
        path: options.text("path").to_owned(),
        body_max: options.whole("body_max"),
    })))
}

struct HttpListen {
    service: String,
    address: SocketAddr,
    path: String,
    body_max: u64,
}

impl Intake for HttpListen {
    fn start(&mut self, inbox: Inbox) -> Result<Box<dyn IntakeGuard>, Fault> {
        let limits = Limits { body_bytes: self.body_max, ..Limits::default() };
        let config = ServerConfig { name: self.service.clone(), address: self.address, limits };
        let route = Route::new().slow(Method::POST, Take { inbox });
        let router = Router::new().at(self.path.clone(), route);
        // A port that is taken may be free again in a moment: the other may be stopping.
        let server =
            Server::start(config, router).map_err(|error| Fault::retry(error.to_string()))?;
        let address = format!("http://{}{}", server.address(), self.path);
        Ok(Box::new(Listening { server, address }))
    }
}

struct Listening {
    server: RunningServer,
    address: String,
}

impl IntakeGuard for Listening {
    fn stop(self: Box<Self>) {
        self.server.stop_and_wait(STOP);
    }

    fn address(&self) -> Option<String> {
        Some(self.address.clone())
    }
}

/// Puts what is posted into the journal and answers when it is there.
struct Take {
    inbox: Inbox,
}

impl Slow for Take {
    fn answer(&self, request: Request) -> Reply<'_> {
        Box::pin(self.take(request))
    }
}

impl Take {
    async fn take(&self, request: Request) -> Result<Response, Problem> {
        let content_type =
            request.headers.get("content-type").and_then(|value| value.to_str().ok());
        let is_lines = content_type.is_some_and(posted::is_lines);
        let body = request.body.collect().await?;
        let records =
            posted::records(&body, is_lines).map_err(|reason| Problem::new(400, reason))?;
        let count = records.count;
        let (done, outcome) = oneshot::channel();
        self.inbox.offer(
            records,
            Box::new(move |outcome| {
                // The caller may have gone; the records stay taken.
                drop(done.send(outcome));
            }),
        );
        match outcome.await {
            Ok(Ok(())) => Ok(Response::json(200, format!("{{\"accepted\":{count}}}"))),
            Ok(Err(NotTaken { reason })) => Err(busy(reason)),
            Err(_) => Err(busy("the service is stopping".to_owned())),
        }
    }
}

fn busy(reason: String) -> Problem {
    Problem::new(503, reason).with_header("Retry-After", "1")
}
