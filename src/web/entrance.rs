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

/// The cookie holds no token: whoever reads it may look at these pages and nothing else.
const COOKIE: &str = "headwater_view";
/// A month, so that a screen on a wall is not asked every day.
const SECONDS: u32 = 30 * 24 * 3600;

/// Knows what lets somebody in.
#[derive(Debug)]
pub struct Entrance {
    token: [u8; 32],
    cookie: String,
}

/// Stands before a page: the headers of its policy for all, its content for those who may come in.
#[derive(Debug)]
pub struct Guarded {
    entrance: Arc<Entrance>,
    policy: Policy,
}

impl Entrance {
    pub fn new(token: &str) -> Self {
        let cookie = Sha256::new_with_prefix("headwater view").chain_update(token).finalize();
        Self { token: Sha256::digest(token).into(), cookie: hexadecimal(&cookie) }
    }

    pub fn before(self: &Arc<Self>, policy: Policy) -> Guarded {
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
        let mut values = cookies.filter_map(|it| it.trim().strip_prefix(COOKIE)?.strip_prefix('='));
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
            "{COOKIE}={}; Path=/; Max-Age={SECONDS}; HttpOnly; SameSite=Strict",
            self.cookie
        );
        Ok(Response::empty(303).with_header("location", "/").with_header("set-cookie", cookie))
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

/// Adds the first page and the form that stands in its place for whoever may not come in.
#[must_use]
pub fn with_entrance(router: Router, entrance: &Arc<Entrance>, page: Route) -> Router {
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
        topics: &[],
        version: Hub::new().snapshot("").0,
        content,
        footer: html! {},
    };
    ProblemBody { content_type: HTML, bytes: page.bare().into_bytes() }
}
