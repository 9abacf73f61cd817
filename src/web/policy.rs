//! Headers of every answer of a page's server, and who may ask it to change something.

use super::look;
use crate::server::{Gate, GateHeaders, Problem, Request, RequestHead};

/// Only what this server gives, and of what stands in the page only the style that is known by its digest: a text that
/// escapes its place can do nothing.
#[derive(Debug)]
pub struct Policy {
    content: String,
}

impl Policy {
    /// Pages that may be framed only by others of the same server.
    pub fn new() -> Self {
        Self::framed_by("'self'")
    }

    /// `ancestors` as `frame-ancestors` of a content security policy has them.
    pub fn framed_by(ancestors: &str) -> Self {
        let style = look::digest(look::style());
        Self {
            content: format!(
                "default-src 'none'; script-src 'self'; style-src '{style}'; \
                 connect-src 'self'; worker-src 'self'; img-src 'self' data:; base-uri 'none'; \
                 form-action 'self'; frame-ancestors {ancestors}"
            ),
        }
    }

    /// Pages with rules of their own beside those of all pages.
    pub fn with_rules(rules: &str) -> Self {
        let more = format!("style-src '{}' '", look::digest(rules));
        Self { content: Self::new().content.replace("style-src '", &more) }
    }

    /// For pictures that are opened by themselves and carry their style.
    pub fn pictures() -> Self {
        Self { content: "default-src 'none'; style-src 'unsafe-inline'; sandbox".to_owned() }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::new()
    }
}

impl Gate for Policy {
    fn ask(
        &self,
        _: &RequestHead<'_>,
        _: &str,
        headers: &mut GateHeaders<'_>,
    ) -> Result<(), Problem> {
        headers
            .add("content-security-policy", &self.content)
            .add("x-content-type-options", "nosniff")
            .add("referrer-policy", "no-referrer");
        Ok(())
    }
}

/// Whether a request that changes something comes from a page of this very server, or from no browser at all. A
/// browser says so with `Sec-Fetch-Site`; an older one with `Origin`.
pub fn is_same_origin(request: &Request) -> bool {
    match (request.header("sec-fetch-site"), request.header("origin")) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            host.is_some() && host == request.header("host")
        }
        (None, None) => true,
    }
}
