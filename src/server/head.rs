//! A request's line and headers, read in place: nothing is copied for a quick handler.

use std::mem::MaybeUninit;
use std::net::SocketAddr;

use http::{Method, Version};

use super::framing::{self, Delivery};
use super::limits::{Limits, MAX_HEADER_COUNT};
use super::problem::Problem;

pub(crate) type HeaderSpace<'a> = [MaybeUninit<httparse::Header<'a>>; MAX_HEADER_COUNT];

/// What a request says before its body; borrowed from the connection's buffer.
#[derive(Debug)]
pub struct RequestHead<'a> {
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    pub(crate) query: Option<&'a str>,
    pub(crate) segment: &'a str,
    pub(crate) headers: &'a [httparse::Header<'a>],
    pub(crate) ends: Ends,
}

/// Who speaks to whom.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ends {
    pub(crate) peer: SocketAddr,
    pub(crate) local: SocketAddr,
}

impl<'a> RequestHead<'a> {
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// As sent, percent signs and all; always begins with a slash, except for `*`.
    pub fn path(&self) -> &'a str {
        self.path
    }

    pub fn query(&self) -> Option<&'a str> {
        self.query
    }

    /// What follows the prefix of the route, as sent; empty for an exact route.
    pub fn segment(&self) -> &'a str {
        self.segment
    }

    pub fn peer(&self) -> SocketAddr {
        self.ends.peer
    }

    /// The address of this server that the client has connected to.
    pub fn local(&self) -> SocketAddr {
        self.ends.local
    }

    /// The first header of that name, if it is text.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers()
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .and_then(|(_, value)| std::str::from_utf8(value).ok())
    }

    pub fn headers(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> + use<'a> {
        self.headers.iter().map(|header| (header.name, header.value))
    }
}

/// A head that is whole, and how many bytes it took.
#[derive(Debug)]
pub(crate) struct Parsed<'a> {
    pub(crate) head: RequestHead<'a>,
    pub(crate) delivery: Delivery,
    pub(crate) length: usize,
}

/// Reads one head; `None` while it is incomplete.
pub(crate) fn parse<'h, 'b: 'h>(
    input: &'b [u8],
    space: &'h mut HeaderSpace<'b>,
    limits: &Limits,
    ends: Ends,
) -> Result<Option<Parsed<'h>>, Problem> {
    let count = limits.header_count.min(MAX_HEADER_COUNT);
    let mut request = httparse::Request::new(&mut []);
    let status = request.parse_with_uninit_headers(input, &mut space[..count]);
    let length = match status.map_err(|error| refusal(error, input))? {
        httparse::Status::Complete(length) if length <= limits.header_bytes => length,
        httparse::Status::Partial if input.len() < limits.header_bytes => return Ok(None),
        _ => return Err(too_large(input)),
    };
    let (Some(method), Some(target), Some(minor)) = (request.method, request.path, request.version)
    else {
        return Err(Problem::new(400, "The request line is incomplete."));
    };
    let headers: &'h [httparse::Header<'h>] = request.headers;
    only_full_line_ends(&input[..length], headers.len())?;
    let version = if minor == 1 { Version::HTTP_11 } else { Version::HTTP_10 };
    let method = Method::from_bytes(method.as_bytes())
        .map_err(|_| Problem::new(400, "The method is not a token."))?;
    let (path, query) = split_target(&method, target)?;
    let delivery = framing::delivery(version, headers)?;
    let head = RequestHead { method, path, query, segment: "", headers, ends };
    Ok(Some(Parsed { head, delivery, length }))
}

/// A bare line feed ends a line for some servers and not for others, so it is refused. The parser lets a carriage
/// return stand only before a line feed, so that counting them is enough.
fn only_full_line_ends(head: &[u8], header_count: usize) -> Result<(), Problem> {
    // Summing compiles to vector instructions, which counting needs another crate for.
    let returns: usize = head.iter().map(|byte| usize::from(*byte == b'\r')).sum();
    if returns == header_count + 2 {
        return Ok(());
    }
    Err(Problem::new(400, "Every line of a request's head ends with CR LF."))
}

fn split_target<'a>(
    method: &Method,
    target: &'a str,
) -> Result<(&'a str, Option<&'a str>), Problem> {
    // Some servers drop it, and to others it is a part of the path.
    if target.contains('#') {
        return Err(Problem::new(400, "A request target has no fragment: write `#` as %23."));
    }
    let local = if target.starts_with('/') || (target == "*" && method == Method::OPTIONS) {
        target
    } else {
        path_of_absolute(target)
            .ok_or_else(|| Problem::new(400, "The request target is neither a path nor a URL."))?
    };
    Ok(match local.split_once('?') {
        Some(("", query)) => ("/", Some(query)),
        Some((path, query)) => (path, Some(query)),
        None if local.is_empty() => ("/", None),
        None => (local, None),
    })
}

/// `http://host/path?query` as proxies send it; the host plays no part here.
fn path_of_absolute(target: &str) -> Option<&str> {
    let (scheme, rest) = target.split_once("://")?;
    let known = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let path = rest.find(['/', '?']).unwrap_or(rest.len());
    if known && path > 0 { rest.get(path..) } else { None }
}

fn refusal(error: httparse::Error, input: &[u8]) -> Problem {
    match error {
        httparse::Error::TooManyHeaders => Problem::new(431, "Too many headers."),
        httparse::Error::Version if has_three_words(input) => {
            Problem::new(505, "Only HTTP/1.1 and HTTP/1.0 are spoken here.")
        }
        httparse::Error::HeaderName | httparse::Error::HeaderValue => {
            Problem::new(400, "A header is malformed.")
        }
        _ => Problem::new(400, "The request line is malformed."),
    }
}

/// A blank within the path makes the parser take what follows it for the version.
fn has_three_words(input: &[u8]) -> bool {
    let line = input.split(|byte| *byte == b'\r').next().unwrap_or_default();
    line.split(|byte| *byte == b' ').count() == 3
}

fn too_large(input: &[u8]) -> Problem {
    if input.contains(&b'\n') {
        Problem::new(431, "The headers are larger than this server takes.")
    } else {
        Problem::new(414, "The request target is longer than this server takes.")
    }
}
