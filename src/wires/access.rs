//! Who may use a route: bearer tokens, and origins whose pages may call it from a browser. The same for every wire.

use crate::resource::{Access, Secret};
use crate::server::{Gate, GateHeaders, Problem, RequestHead, Route};
use http::Method;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Headers of an answer that a page may read, beyond those that every browser shows.
const EXPOSED: &str = "age, allow, cache-status, etag, headwater-version, idempotency-replayed, link, location, \
                       preference-applied, retry-after, www-authenticate";
/// Headers that a page may send.
const SENDABLE: &str = "authorization, cache-control, content-type, idempotency-key, if-match, if-min-version, \
                        if-none-match, last-event-id, prefer";
/// How long a browser may keep the answer to a preflight: short enough that a change of the stack file is seen.
const PREFLIGHT_SECONDS: &str = "600";

/// Puts the tokens, origins and body limit of `access` onto a route; each wire does so with each of its routes.
pub fn guard(route: Route, access: &Access) -> Route {
    let route = match access.body_bytes {
        Some(bytes) => route.body_bytes(bytes),
        None => route,
    };
    let guard = Guard::new(access);
    if guard.is_open() { route } else { route.gate(Arc::new(guard)) }
}

/// What a token is compared as: digests are equally long, and how far two of them agree says nothing of the tokens.
type TokenDigest = [u8; 32];

struct Guard {
    read: Option<TokenDigest>,
    write: Option<TokenDigest>,
    origins: Vec<String>,
}

/// What a request may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Welcome,
    /// No token, or not in the form of one.
    Unknown,
    /// A token that is none of ours.
    Wrong,
    /// The token for reading, where another one is needed.
    ReadOnly,
}

impl Guard {
    fn new(access: &Access) -> Self {
        let digest = |token: &Secret| digest(&token.0);
        Self {
            read: access.read.as_ref().map(digest),
            write: access.write.as_ref().map(digest),
            origins: access.origins.clone(),
        }
    }

    fn is_open(&self) -> bool {
        self.read.is_none() && self.write.is_none() && self.origins.is_empty()
    }

    /// The token for writing is good for reading too. With a token for reading alone it is needed for writing as
    /// well: who may not even read shall not write.
    fn standing(&self, request: &RequestHead<'_>) -> Standing {
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        let needed = if is_read { self.read } else { self.write.or(self.read) };
        // A browser sends no token with a preflight, and OPTIONS tells nothing that is not documented.
        if needed.is_none() || *request.method() == Method::OPTIONS {
            return Standing::Welcome;
        }
        let Some(token) = request.header("authorization").and_then(bearer) else {
            return Standing::Unknown;
        };
        let sent = digest(token);
        let is = |known: Option<TokenDigest>| known.is_some_and(|known| is_same(&known, &sent));
        // Both are looked at always, so that the time tells nothing.
        match (is(self.read), is(self.write)) {
            (_, true) => Standing::Welcome,
            (true, false) if is_read || self.write.is_none() => Standing::Welcome,
            (true, false) => Standing::ReadOnly,
            (false, false) => Standing::Wrong,
        }
    }

    fn add_origin_headers(
        &self,
        request: &RequestHead<'_>,
        allow: &str,
        headers: &mut GateHeaders<'_>,
    ) {
        if self.origins.is_empty() {
            return;
        }
        let is_any = self.origins.iter().any(|origin| origin == "*");
        if !is_any {
            // Also without an origin: a cache must not give this answer to another one.
            headers.add("vary", "origin");
        }
        let Some(origin) = request.header("origin") else { return };
        if is_any {
            headers.add("access-control-allow-origin", "*");
        } else if self.origins.iter().any(|known| known == origin) {
            headers.add("access-control-allow-origin", origin);
        } else {
            return;
        }
        let is_preflight = *request.method() == Method::OPTIONS
            && request.header("access-control-request-method").is_some();
        if is_preflight {
            headers.add("access-control-allow-methods", allow);
            headers.add("access-control-allow-headers", SENDABLE);
            headers.add("access-control-max-age", PREFLIGHT_SECONDS);
        } else {
            headers.add("access-control-expose-headers", EXPOSED);
        }
    }
}

impl Gate for Guard {
    fn ask(
        &self,
        request: &RequestHead<'_>,
        allow: &str,
        headers: &mut GateHeaders<'_>,
    ) -> Result<(), Problem> {
        self.add_origin_headers(request, allow, headers);
        match self.standing(request) {
            Standing::Welcome => Ok(()),
            Standing::Unknown => Err(refusal(
                "This needs a token: send it as `Authorization: Bearer TOKEN`.",
                "Bearer realm=\"headwater\"",
            )),
            Standing::Wrong => Err(refusal(
                "This token is not valid here; ask whoever runs this service for the right one.",
                "Bearer realm=\"headwater\", error=\"invalid_token\"",
            )),
            Standing::ReadOnly => {
                let detail = "This token may only read; send the one for writing.";
                let challenge = "Bearer realm=\"headwater\", error=\"insufficient_scope\"";
                Err(Problem::new(403, detail).with_header("www-authenticate", challenge))
            }
        }
    }
}

fn refusal(detail: &'static str, challenge: &str) -> Problem {
    Problem::new(401, detail).with_header("www-authenticate", challenge)
}

/// The token of `Bearer TOKEN`; the scheme's case does not matter.
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

fn digest(token: &str) -> TokenDigest {
    Sha256::digest(token.as_bytes()).into()
}

/// Takes the same time wherever the two differ.
fn is_same(one: &TokenDigest, other: &TokenDigest) -> bool {
    let differences = one.iter().zip(other).fold(0, |all, (one, other)| all | (one ^ other));
    std::hint::black_box(differences) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::tests::support::{Client, start};
    use crate::server::{Answer, Router, RunningServer};

    fn server(access: &Access) -> RunningServer {
        let say = |_: &RequestHead<'_>, out: &mut Answer| out.text().extend_from_slice(b"in");
        let route = Route::new().quick(Method::GET, say).quick(Method::POST, say);
        start(Router::new().at("/", guard(route, access)))
    }

    fn ask(client: &mut Client, method: &str, headers: &str) -> (u16, String) {
        client.send(format!("{method} / HTTP/1.1\r\nHost: a\r\n{headers}\r\n"));
        let seen = client.answer_to(method == "HEAD");
        (seen.status, seen.head)
    }

    fn secret(text: &str) -> Secret {
        Secret(text.to_owned())
    }

    #[test]
    fn lets_in_whoever_has_the_right_token() {
        let both = Access {
            read: Some(secret("reads")),
            write: Some(secret("writes")),
            ..Access::default()
        };
        let write_only = Access { write: Some(secret("writes")), ..Access::default() };
        let read_only = Access { read: Some(secret("reads")), ..Access::default() };
        let none = Access::default();
        // (access, token, status of a GET, status of a POST)
        for (access, header, get, post) in [
            (&both, "", 401, 401),
            (&both, "Authorization: Bearer reads\r\n", 200, 403),
            (&both, "Authorization: Bearer writes\r\n", 200, 200),
            (&both, "authorization: BEARER   writes \r\n", 200, 200),
            (&both, "Authorization: Bearer other\r\n", 401, 401),
            (&both, "Authorization: Bearer read\r\n", 401, 401),
            (&both, "Authorization: Bearer readss\r\n", 401, 401),
            (&both, "Authorization: Bearer\r\n", 401, 401),
            (&both, "Authorization: Basic reads\r\n", 401, 401),
            (&both, "Authorization: Bearer \u{fe}\r\n", 401, 401),
            (&write_only, "", 200, 401),
            (&write_only, "Authorization: Bearer writes\r\n", 200, 200),
            (&read_only, "", 401, 401),
            (&read_only, "Authorization: Bearer reads\r\n", 200, 200),
            (&none, "", 200, 200),
            (&none, "Authorization: Bearer any\r\n", 200, 200),
        ] {
            let server = server(access);
            let mut client = Client::new(&server);
            assert_eq!(ask(&mut client, "GET", header).0, get, "GET {header}");
            assert_eq!(ask(&mut client, "HEAD", header).0, get, "HEAD {header}");
            let (status, head) = ask(&mut client, "POST", header);
            assert_eq!(status, post, "POST {header}");
            assert_eq!(head.contains("www-authenticate: Bearer"), matches!(post, 401 | 403));
            assert_eq!(ask(&mut client, "OPTIONS", header).0, 204);
        }
    }

    #[test]
    fn says_nothing_of_origins_unless_asked_to() {
        let server = server(&Access { write: Some(secret("writes")), ..Access::default() });
        let (_, head) = ask(&mut Client::new(&server), "GET", "Origin: http://a\r\n");
        assert!(!head.contains("access-control") && !head.contains("vary"), "{head}");
    }

    #[test]
    fn names_only_origins_that_may_call() {
        let listed = vec!["http://a".to_owned(), "http://b:1".to_owned()];
        let listed = server(&Access { origins: listed, ..Access::default() });
        let any = server(&Access { origins: vec!["*".to_owned()], ..Access::default() });
        for (server, origin, allowed, varies) in [
            (&listed, "Origin: http://b:1\r\n", Some("http://b:1"), true),
            (&listed, "Origin: http://b\r\n", None, true),
            (&listed, "Origin: null\r\n", None, true),
            (&listed, "", None, true),
            (&any, "Origin: http://b\r\n", Some("*"), false),
            (&any, "", None, false),
        ] {
            let (_, head) = ask(&mut Client::new(server), "GET", origin);
            let line = allowed.map(|origin| format!("access-control-allow-origin: {origin}\r\n"));
            let has = head.contains("access-control-allow-origin");
            assert!(line.as_ref().map_or(!has, |line| head.contains(line)), "{origin}: {head}");
            assert_eq!(head.contains("vary: origin\r\n"), varies);
            assert_eq!(head.contains("expose-headers: age, "), allowed.is_some());
        }
    }

    #[test]
    fn answers_a_preflight_without_a_token_and_errors_with_the_origin() {
        let origins = vec!["http://a".to_owned()];
        let server = server(&Access { origins, write: Some(secret("w")), ..Access::default() });
        let preflight = "Origin: http://a\r\nAccess-Control-Request-Method: POST\r\n";
        let (status, head) = ask(&mut Client::new(&server), "OPTIONS", preflight);
        assert_eq!(status, 204);
        assert!(head.contains("access-control-allow-methods: GET, POST, HEAD, OPTIONS\r\n"));
        assert!(head.contains("access-control-allow-headers: authorization, "), "{head}");
        let (status, head) = ask(&mut Client::new(&server), "POST", "Origin: http://a\r\n");
        assert_eq!(status, 401);
        assert!(head.contains("access-control-allow-origin: http://a\r\n"), "{head}");
    }
}
