//! A path with one slash too many or too few is sent to the right one, by an absolute URL.

use super::form::detail;
use crate::formats::form;
use crate::server::{Answer, Quick, RequestHead, Route, UVICORN_METHODS};
use crate::wires::python::append;
use http::Method;

/// Sends every request to this path.
pub(super) fn to(path: String) -> Route {
    any_method(&move |request: &RequestHead<'_>, out: &mut Answer| redirect(request, &path, out))
}

/// For everything below a prefix that is no single segment: `7/` belongs to `7`, the rest is not found.
pub(super) fn below(prefix: String) -> Route {
    any_method(&move |request: &RequestHead<'_>, out: &mut Answer| {
        // The original decodes before it routes, and writes the decoded path anew.
        let decoded = form::decode_path(request.segment());
        let segment = decoded.trim_end_matches('/');
        if segment.is_empty() || segment.contains('/') {
            out.status(404).json().extend_from_slice(&detail("Not Found"));
        } else {
            redirect(request, &format!("{prefix}{segment}"), out);
        }
    })
}

/// A redirect does not look at the method; neither does what is not found.
fn any_method(handler: &(impl Quick + Clone + 'static)) -> Route {
    let methods =
        UVICORN_METHODS.iter().filter_map(|name| Method::from_bytes(name.as_bytes()).ok());
    methods.fold(Route::new(), |route, method| route.quick(method, handler.clone()))
}

fn redirect(request: &RequestHead<'_>, path: &str, out: &mut Answer) {
    out.status(307).header("location", &location(request, path));
}

fn location(request: &RequestHead<'_>, path: &str) -> String {
    let local = request.local();
    let host = request.header("host").filter(|host| is_host(host));
    let host = host.map_or_else(|| local.to_string(), str::to_owned);
    let mut out = format!("{}://{host}", scheme(request)).into_bytes();
    append_encoded(&mut out, path, b"");
    if let Some(query) = request.query().filter(|query| !query.is_empty()) {
        out.push(b'?');
        append_encoded(&mut out, query, b"?#");
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Only a proxy on this machine is believed, as uvicorn does unless told otherwise.
fn scheme(request: &RequestHead<'_>) -> &'static str {
    let proxy = request
        .header("x-forwarded-proto")
        .filter(|_| request.peer().ip().to_canonical().is_loopback());
    if proxy.map(str::trim) == Some("https") { "https" } else { "http" }
}

fn is_host(host: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:[]%".contains(&byte);
    !host.is_empty() && host.bytes().all(is_part)
}

/// What Python's `quote` finds safe in a URL stays, percent signs too; `?` and `#` only where the original lets them.
fn append_encoded(out: &mut Vec<u8>, text: &str, also_safe: &[u8]) {
    for byte in text.bytes() {
        let is_safe = b"-._~:/%=@[]!$&'()*+,;".contains(&byte) || also_safe.contains(&byte);
        if byte.is_ascii_alphanumeric() || is_safe {
            out.push(byte);
        } else {
            append(out, format_args!("%{byte:02X}"));
        }
    }
}
