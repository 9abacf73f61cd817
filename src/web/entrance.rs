//! Pages that want a token: a browser is asked for it once and keeps a cookie, a program brings it each time.

use super::hub::Hub;
use super::page::{HTML, Page};
use super::policy::{Policy, is_same_origin};
use crate::core::text::hexadecimal;
use crate::formats::form::decode_query;
use crate::server::{
    Gate, GateHeaders, Problem, ProblemBody, Request, RequestHead, Response, Route, Router,
};
use http::Method;
use maud::html;
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

/// A month, so that a screen on a wall is not asked every day.
const SECONDS: u32 = 30 * 24 * 3600;

/// Knows what lets somebody in.
#[derive(Debug)]
struct Entrance {
    token: [u8; 32],
    /// What stands before the value: a browser gives one cookie to all ports of a host, so that kinds of pages need
    /// names of their own.
    name: String,
    /// Made from the token, and of no use to find it: whoever reads it may do what these pages can, nothing else.
    cookie: String,
}

/// The way to pages: open to everybody, or to whoever has the token.
#[derive(Debug, Clone, Default)]
pub struct Door {
    entrance: Option<Arc<Entrance>>,
}

/// Stands before a page: the headers of its policy for all, its content for those who may come in.
#[derive(Debug)]
struct Guarded {
    entrance: Arc<Entrance>,
    policy: Policy,
}

impl Entrance {
    /// `kind` says in a word what it is the entrance to: the cookie of one kind opens no other, whatever the tokens.
    fn new(kind: &str, token: &str) -> Self {
        let salt = format!("headwater {kind}");
        let cookie = Sha256::new_with_prefix(salt).chain_update(token).finalize();
        Self {
            token: Sha256::digest(token).into(),
            name: format!("headwater_{kind}"),
            cookie: hexadecimal(&cookie),
        }
    }

    fn before(self: &Arc<Self>, policy: Policy) -> Guarded {
        Guarded { entrance: Arc::clone(self), policy }
    }

    fn takes(&self, token: &str) -> bool {
        // Of digests it tells nothing how far two of them agree.
        self.token == <[u8; 32]>::from(Sha256::digest(token))
    }

    fn knows(&self, request: &RequestHead<'_>) -> bool {
        let bearer = request.header("authorization").and_then(|it| it.strip_prefix("Bearer "));
        if let Some(token) = bearer {
            return self.takes(token.trim());
        }
        let digest = |text: &str| Sha256::digest(text);
        let cookies = request.header("cookie").unwrap_or_default().split(';');
        let mut values =
            cookies.filter_map(|it| it.trim().strip_prefix(&self.name)?.strip_prefix('='));
        values.any(|value| digest(value) == digest(&self.cookie))
    }

    /// Takes the token of the form and gives the cookie for it.
    async fn enter(&self, request: Request) -> Result<Response, Problem> {
        if !is_same_origin(&request) {
            return Err(Problem::new(403, "This form is sent by the page of this server only."));
        }
        let body = request.body.collect().await?;
        let fields = decode_query(std::str::from_utf8(&body).unwrap_or_default());
        let token = fields.iter().find(|(name, _)| name == "token");
        if !token.is_some_and(|(_, token)| self.takes(token.trim())) {
            return Err(Problem::new(401, "This is not the token."));
        }
        let cookie = format!(
            "{}={}; Path=/; Max-Age={SECONDS}; HttpOnly; SameSite=Strict",
            self.name, self.cookie
        );
        Ok(Response::empty(303).with_header("location", "/").with_header("set-cookie", cookie))
    }
}

impl Door {
    pub fn new(kind: &str, token: Option<&str>) -> Self {
        Self { entrance: token.map(|token| Arc::new(Entrance::new(kind, token))) }
    }

    pub fn before(&self, policy: Policy) -> Arc<dyn Gate> {
        match &self.entrance {
            Some(entrance) => Arc::new(entrance.before(policy)),
            None => Arc::new(policy),
        }
    }

    /// Adds the first page, with the form in its place where a token is wanted.
    #[must_use]
    pub fn lead_to(&self, router: Router, page: Route) -> Router {
        match &self.entrance {
            Some(entrance) => with_entrance(router, entrance, page),
            None => router.at("/", page),
        }
    }
}

impl Gate for Guarded {
    fn ask(
        &self,
        request: &RequestHead<'_>,
        allow: &str,
        headers: &mut GateHeaders<'_>,
    ) -> Result<(), Problem> {
        self.policy.ask(request, allow, headers)?;
        if self.entrance.knows(request) {
            return Ok(());
        }
        let problem = Problem::new(401, "These pages want a token.");
        Err(problem.with_header("www-authenticate", "Bearer realm=\"headwater\""))
    }
}

/// The first page and the form that stands in its place for whoever may not come in.
fn with_entrance(router: Router, entrance: &Arc<Entrance>, page: Route) -> Router {
    let entered = Arc::clone(entrance);
    let enter = move |request: Request| {
        let entrance = Arc::clone(&entered);
        async move { entrance.enter(request).await }
    };
    let enter =
        Route::new().gate(Arc::new(Policy::new())).body_bytes(4096).slow(Method::POST, enter);
    router.at("/", page.problem_form(form)).at("/enter", enter.problem_form(form))
}

/// A problem as a page with the form, so that a person can do something about it.
fn form(problem: &Problem) -> ProblemBody {
    if problem.status != 401 {
        return problem.to_json();
    }
    let content = html! {
        form.entrance method="post" action="/enter" {
            p { (problem.detail) }
            p {
                label for="token" { "Token" }
                input #token name="token" type="password" autocomplete="current-password"
                    required autofocus;
            }
            button { "Show the page" }
        }
    };
    let page = Page {
        title: "A token, please",
        over: "headwater",
        root: "/",
        links: &[],
        rules: "",
        topics: &[],
        version: Hub::new().snapshot("").0,
        theme: None,
        content,
        footer: html! {},
    };
    ProblemBody { content_type: HTML, bytes: page.bare().into_bytes() }
}
