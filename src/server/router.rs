//! Which handler answers which path and method.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use http::Method;

use super::gate::Gate;
use super::handler::{Attempt, Quick, Slow};
use super::head::Parsed;
use super::problem::{Problem, ProblemBody, ProblemForm};

/// What llhttp knows, the parser below uvicorn.
pub const UVICORN_METHODS: [&str; 35] = [
    "GET",
    "POST",
    "PUT",
    "DELETE",
    "PATCH",
    "HEAD",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "COPY",
    "LOCK",
    "MKCOL",
    "MOVE",
    "PROPFIND",
    "PROPPATCH",
    "SEARCH",
    "UNLOCK",
    "BIND",
    "REBIND",
    "UNBIND",
    "ACL",
    "REPORT",
    "MKACTIVITY",
    "CHECKOUT",
    "MERGE",
    "M-SEARCH",
    "NOTIFY",
    "SUBSCRIBE",
    "UNSUBSCRIBE",
    "PURGE",
    "MKCALENDAR",
    "LINK",
    "UNLINK",
    "SOURCE",
    "QUERY",
];

#[derive(Clone)]
pub(crate) enum Handler {
    Quick(Arc<dyn Quick>),
    Slow(Arc<dyn Slow>),
    Attempt(Arc<dyn Attempt>),
}

/// The methods of one path.
#[derive(Clone, Default)]
pub struct Route {
    handlers: Vec<(Method, Handler)>,
    /// Takes what none of the handlers does.
    any: Option<Handler>,
    allow: String,
    gate: Option<Arc<dyn Gate>>,
    manners: Manners,
}

/// How a route differs from its server and its router.
#[derive(Clone, Default)]
pub(crate) struct Manners {
    pub(crate) form: Option<ProblemForm>,
    pub(crate) body_bytes: Option<u64>,
}

impl Route {
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn quick(self, method: Method, handler: impl Quick + 'static) -> Self {
        self.with(method, Handler::Quick(Arc::new(handler)))
    }

    #[must_use]
    pub fn slow(self, method: Method, handler: impl Slow + 'static) -> Self {
        self.with(method, Handler::Slow(Arc::new(handler)))
    }

    #[must_use]
    pub fn attempt(self, method: Method, handler: impl Attempt + 'static) -> Self {
        self.with(method, Handler::Attempt(Arc::new(handler)))
    }

    /// Every method, also those that nobody has heard of yet.
    #[must_use]
    pub fn any(mut self, handler: impl Slow + 'static) -> Self {
        self.any = Some(Handler::Slow(Arc::new(handler)));
        self
    }

    /// Stands before every handler of this route.
    #[must_use]
    pub fn gate(mut self, gate: Arc<dyn Gate>) -> Self {
        self.gate = Some(gate);
        self
    }

    /// The largest body that this route takes whole, instead of the server's.
    #[must_use]
    pub fn body_bytes(mut self, at_most: u64) -> Self {
        self.manners.body_bytes = Some(at_most);
        self
    }

    /// The form of this route's problems, instead of the router's.
    #[must_use]
    pub fn problem_form(
        mut self,
        form: impl Fn(&Problem) -> ProblemBody + Send + Sync + 'static,
    ) -> Self {
        self.manners.form = Some(Arc::new(form));
        self
    }

    pub(crate) fn allow(&self) -> &str {
        &self.allow
    }

    pub(crate) fn gatekeeper(&self) -> Option<&dyn Gate> {
        self.gate.as_deref()
    }

    pub(crate) fn manners(&self) -> &Manners {
        &self.manners
    }

    fn with(mut self, method: Method, handler: Handler) -> Self {
        self.handlers.retain(|(known, _)| *known != method);
        self.handlers.push((method, handler));
        let mut names: Vec<&str> =
            self.handlers.iter().map(|(method, _)| method.as_str()).collect();
        if names.contains(&"GET") && !names.contains(&"HEAD") {
            names.push("HEAD");
        }
        if !names.contains(&"OPTIONS") {
            names.push("OPTIONS");
        }
        self.allow = names.join(", ");
        self
    }

    /// A HEAD without a handler of its own goes to that of GET.
    fn handler(&self, method: &Method) -> Option<&Handler> {
        let of = |wanted: &Method| {
            self.handlers.iter().find(|(method, _)| method == wanted).map(|(_, handler)| handler)
        };
        let found = of(method).or(self.any.as_ref());
        found.or_else(|| if *method == Method::HEAD { of(&Method::GET) } else { None })
    }
}

struct Prefix {
    path: String,
    below: Below,
    route: Route,
}

/// What may stand behind a prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Below {
    Segment,
    /// A segment without a slash in it, also when it is written with a percent sign.
    PlainSegment,
    Everything,
}

impl Below {
    fn takes(self, rest: &str) -> bool {
        let is_segment = !rest.is_empty() && !rest.contains('/');
        match self {
            Self::Segment => is_segment,
            Self::PlainSegment => is_segment && !rest.contains("%2F") && !rest.contains("%2f"),
            Self::Everything => true,
        }
    }
}

/// The routes of a server; never changed once it serves, only replaced.
#[derive(Default)]
pub struct Router {
    exact: HashMap<String, Route>,
    prefixes: Vec<Prefix>,
    form: Option<ProblemForm>,
    is_like_uvicorn: bool,
    takes_leading_slashes_as_one: bool,
}

/// What there is for a path and a method.
pub(crate) struct Found<'r, 'p> {
    /// `None` where there is nothing at all.
    pub(crate) route: Option<&'r Route>,
    pub(crate) segment: &'p str,
    pub(crate) way: Way<'r>,
}

/// How a request is answered.
#[derive(Clone, Copy)]
pub(crate) enum Way<'r> {
    Handler(&'r Handler),
    /// OPTIONS without a handler of its own; the methods there are.
    Options(&'r str),
    NotAllowed(&'r str),
    Nothing,
}

impl Router {
    pub fn new() -> Self {
        Self::default()
    }

    /// Exactly this path.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>, route: Route) -> Self {
        self.exact.insert(path.into(), route);
        self
    }

    /// This prefix and one segment behind it that is not empty: `/users/` takes `/users/7`.
    #[must_use]
    pub fn segment(self, prefix: impl Into<String>, route: Route) -> Self {
        self.with_prefix(prefix.into(), Below::Segment, route)
    }

    /// Like `segment`, for those to whom `a%2Fb` is two segments.
    #[must_use]
    pub fn plain_segment(self, prefix: impl Into<String>, route: Route) -> Self {
        self.with_prefix(prefix.into(), Below::PlainSegment, route)
    }

    /// Everything below this prefix, the prefix itself included.
    #[must_use]
    pub fn below(self, prefix: impl Into<String>, route: Route) -> Self {
        self.with_prefix(prefix.into(), Below::Everything, route)
    }

    /// The form of all problems, instead of problem+json.
    #[must_use]
    pub fn problem_form(
        mut self,
        form: impl Fn(&Problem) -> ProblemBody + Send + Sync + 'static,
    ) -> Self {
        self.form = Some(Arc::new(form));
        self
    }

    /// Judges requests as uvicorn does, for clients that were written against it: a method that its parser does not
    /// know is no HTTP at all, a target is ASCII, and a request may come without a Host header.
    #[must_use]
    pub fn like_uvicorn(mut self) -> Self {
        self.is_like_uvicorn = true;
        self
    }

    /// `//user/alice` is `/user/alice`, as werkzeug has it, for clients that were written against it.
    #[must_use]
    pub fn leading_slashes_are_one(mut self) -> Self {
        self.takes_leading_slashes_as_one = true;
        self
    }

    /// What can be said against a request before its path is looked at.
    pub(crate) fn admit<'h>(
        &self,
        parsed: Option<Parsed<'h>>,
    ) -> Result<Option<Parsed<'h>>, Problem> {
        let Some(request) = &parsed else { return Ok(parsed) };
        match self.is_like_uvicorn {
            true if !UVICORN_METHODS.contains(&request.head.method.as_str()) => {
                Err(Problem::new(400, "This method is not known."))
            }
            true if !(request.head.path.is_ascii()
                && request.head.query.is_none_or(str::is_ascii)) =>
            {
                Err(Problem::new(
                    400,
                    "A target is ASCII: write other characters with percent signs.",
                ))
            }
            false if request.delivery.lacks_host => {
                Err(Problem::new(400, "An HTTP/1.1 request needs a Host header."))
            }
            _ => Ok(parsed),
        }
    }

    fn with_prefix(mut self, path: String, below: Below, route: Route) -> Self {
        self.prefixes.push(Prefix { path, below, route });
        // The longest prefix wins; the sort is stable, so that among equals the first one does.
        self.prefixes.sort_by_key(|prefix| std::cmp::Reverse(prefix.path.len()));
        self
    }

    pub(crate) fn find<'p>(&self, method: &Method, path: &'p str) -> Found<'_, 'p> {
        if path == "*" {
            let way = Way::Options("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
            return Found { route: None, segment: "", way };
        }
        let merged = match path.trim_start_matches('/') {
            rest if self.takes_leading_slashes_as_one && path.starts_with("//") => {
                path.get(path.len() - rest.len() - 1..).unwrap_or(path)
            }
            _ => path,
        };
        let Some((route, segment)) = self.route(merged) else {
            return Found { route: None, segment: "", way: Way::Nothing };
        };
        let way = match route.handler(method) {
            Some(handler) => Way::Handler(handler),
            None if *method == Method::OPTIONS => Way::Options(&route.allow),
            None => Way::NotAllowed(&route.allow),
        };
        Found { route: Some(route), segment, way }
    }

    fn route<'p>(&self, path: &'p str) -> Option<(&Route, &'p str)> {
        if let Some(route) = self.exact.get(path) {
            return Some((route, ""));
        }
        self.prefixes.iter().find_map(|prefix| {
            let rest = path.strip_prefix(prefix.path.as_str())?;
            prefix.below.takes(rest).then_some((&prefix.route, rest))
        })
    }

    /// In the form of its route, else of this router, else as problem+json.
    pub(crate) fn problem_body(&self, problem: &Problem, manners: &Manners) -> ProblemBody {
        let form = manners.form.as_ref().or(self.form.as_ref());
        form.map_or_else(|| problem.to_json(), |form| form(problem))
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.allow)
    }
}

impl fmt::Debug for Router {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefixes = self.prefixes.iter().map(|prefix| (&prefix.path, &prefix.route));
        formatter.debug_map().entries(&self.exact).entries(prefixes).finish()
    }
}
