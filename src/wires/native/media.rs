//! What a body is, by its `Content-Type`, and what a client wants, by its `Accept`.

use crate::server::Problem;

/// What can be posted to a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Posted {
    Json,
    Ndjson,
    Csv,
}

pub const ACCEPT_POST: &str = "application/json, application/x-ndjson, text/csv";
pub const ACCEPT_PATCH: &str = "application/merge-patch+json, application/json";
const ACCEPT_PUT: &str = "application/json";

/// A body without a type is taken as JSON; what it is otherwise shows when it is read.
pub fn posted(header: &Header<'_>) -> Result<Posted, Problem> {
    not_coded(header)?;
    let Some(content_type) = header("content-type") else { return Ok(Posted::Json) };
    match essence(content_type).as_deref() {
        Some("application/json") => Ok(Posted::Json),
        Some("application/x-ndjson" | "application/ndjson" | "application/jsonl") => {
            Ok(Posted::Ndjson)
        }
        Some("text/csv") => Ok(Posted::Csv),
        _ => Err(unsupported(ACCEPT_POST).with_header("accept-post", ACCEPT_POST)),
    }
}

pub fn put(header: &Header<'_>) -> Result<(), Problem> {
    not_coded(header)?;
    match header("content-type").map(essence) {
        None => Ok(()),
        Some(Some(kind)) if kind == "application/json" => Ok(()),
        Some(_) => Err(unsupported(ACCEPT_PUT).with_header("accept", ACCEPT_PUT)),
    }
}

pub fn patched(header: &Header<'_>) -> Result<(), Problem> {
    not_coded(header)?;
    match header("content-type").map(essence) {
        None => Ok(()),
        Some(Some(kind)) if ACCEPT_PATCH.split(", ").any(|known| known == kind) => Ok(()),
        Some(_) => Err(unsupported(ACCEPT_PATCH).with_header("accept-patch", ACCEPT_PATCH)),
    }
}

/// Looks up a header of a request by its name.
pub type Header<'h> = dyn Fn(&str) -> Option<&'h str> + 'h;

fn unsupported(known: &str) -> Problem {
    Problem::new(415, format!("This path does not read that type; send {known}, in UTF-8."))
}

fn not_coded(header: &Header<'_>) -> Result<(), Problem> {
    match header("content-encoding").map(str::trim) {
        None | Some("") => Ok(()),
        Some(coding) if coding.eq_ignore_ascii_case("identity") => Ok(()),
        Some(_) => Err(Problem::new(415, "Bodies are not read compressed; send it as it is.")
            .with_header("accept-encoding", "identity")),
    }
}

/// The type in small letters, without parameters; `None` for another charset than UTF-8.
fn essence(content_type: &str) -> Option<String> {
    let mut parts = content_type.split(';');
    let kind = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_other_charset = |parameter: &str| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let value = value.trim().trim_matches('"');
        name.trim().eq_ignore_ascii_case("charset")
            && !["utf-8", "utf8", "us-ascii"].iter().any(|known| value.eq_ignore_ascii_case(known))
    };
    if parts.any(is_other_charset) { None } else { Some(kind) }
}

/// How a list can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    Page,
    Ndjson,
    Events,
}

/// What a client names with the highest weight, and among equals first; a page for everything else, as an answer in
/// another form than asked for is better than none.
pub fn wanted(accept: Option<&str>) -> Wanted {
    let mut best = (0, Wanted::Page);
    for entry in accept.unwrap_or_default().split(',') {
        let mut parts = entry.split(';');
        let kind = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
        let wanted = match kind.as_str() {
            "application/json" => Wanted::Page,
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" => Wanted::Ndjson,
            "text/event-stream" => Wanted::Events,
            _ => continue,
        };
        let weight = parts.find_map(weight).unwrap_or(1000);
        if weight > best.0 {
            best = (weight, wanted);
        }
    }
    best.1
}

/// The thousandths of a `q=` parameter.
fn weight(parameter: &str) -> Option<u16> {
    let (name, value) = parameter.split_once('=')?;
    let weight: f32 = value.trim().parse().ok()?;
    let is_weight = name.trim().eq_ignore_ascii_case("q") && (0.0..=1.0).contains(&weight);
    is_weight.then_some((weight * 1000.0).round() as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_type_of_a_body() {
        let of = |kind: &'static str| {
            posted(&move |name: &str| (name == "content-type").then_some(kind)).ok()
        };
        for (kind, expected) in [
            ("application/json", Some(Posted::Json)),
            ("Application/JSON; charset=UTF-8", Some(Posted::Json)),
            ("application/json;charset=\"utf-8\"", Some(Posted::Json)),
            ("application/json; charset=latin1", None),
            ("application/x-ndjson", Some(Posted::Ndjson)),
            ("application/jsonl", Some(Posted::Ndjson)),
            ("text/csv; header=present", Some(Posted::Csv)),
            ("text/plain", None),
            ("application/x-www-form-urlencoded", None),
            ("application/json, text/csv", None),
            ("", None),
        ] {
            assert_eq!(of(kind), expected, "{kind}");
        }
        assert_eq!(posted(&|_: &str| None).unwrap(), Posted::Json);
    }

    #[test]
    fn names_the_types_that_it_reads() {
        let form = |name: &str| (name == "content-type").then_some("text/plain");
        for (problem, name) in [
            (posted(&form).unwrap_err(), "accept-post"),
            (patched(&form).unwrap_err(), "accept-patch"),
            (put(&form).unwrap_err(), "accept"),
        ] {
            assert_eq!((problem.status, problem.headers[0].0), (415, name));
        }
        let coded = |name: &str| (name == "content-encoding").then_some("gzip");
        assert_eq!(put(&coded).unwrap_err().headers[0].0, "accept-encoding");
        let merge = |name: &str| (name == "content-type").then_some("application/merge-patch+json");
        assert!(patched(&merge).is_ok());
    }

    #[test]
    fn finds_the_form_that_is_wanted() {
        for (accept, expected) in [
            (None, Wanted::Page),
            (Some("*/*"), Wanted::Page),
            (Some("application/json"), Wanted::Page),
            (Some("text/event-stream"), Wanted::Events),
            (Some("application/x-ndjson"), Wanted::Ndjson),
            (Some("application/json, text/event-stream"), Wanted::Page),
            (Some("application/json;q=0.5, Application/NDJSON"), Wanted::Ndjson),
            (Some("text/event-stream;q=0"), Wanted::Page),
            (Some("text/event-stream;q=x, application/x-ndjson"), Wanted::Events),
            (Some("text/html, image/png"), Wanted::Page),
        ] {
            assert_eq!(wanted(accept), expected, "{accept:?}");
        }
    }
}
