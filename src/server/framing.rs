//! Where a request's body ends, and whether the connection lives on: the headers that request smuggling plays with.
//! One meaning or none: whatever proxies are known to read in two ways is refused.

use http::Version;

use super::problem::Problem;

/// How the body of a request is delimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    Empty,
    Length(u64),
    Chunked,
}

/// What the connection-level headers of one request say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Delivery {
    pub(crate) framing: Framing,
    pub(crate) keep_alive: bool,
    pub(crate) expects_continue: bool,
    /// HTTP/1.1 without a Host header; whether that is refused is for the router to say.
    pub(crate) lacks_host: bool,
    pub(crate) version: Version,
}

#[derive(Default)]
struct Found<'a> {
    length: Option<&'a [u8]>,
    encoding: Option<&'a [u8]>,
    host: Option<&'a [u8]>,
    close: bool,
    keep_alive: bool,
    expects_continue: bool,
}

/// Judges the headers in one pass.
pub(crate) fn delivery(
    version: Version,
    headers: &[httparse::Header<'_>],
) -> Result<Delivery, Problem> {
    let mut found = Found::default();
    for header in headers {
        note(&mut found, header)?;
    }
    let lacks_host = version == Version::HTTP_11 && found.host.is_none();
    let keep_alive = !found.close && (version == Version::HTTP_11 || found.keep_alive);
    let framing = framing(version, &found)?;
    let expects_continue = found.expects_continue && version == Version::HTTP_11;
    Ok(Delivery { framing, keep_alive, expects_continue, lacks_host, version })
}

fn note<'a>(found: &mut Found<'a>, header: &httparse::Header<'a>) -> Result<(), Problem> {
    let (name, value) = (header.name, header.value);
    // The length tells most headers apart, so that the usual header costs one comparison.
    match name.len() {
        4 if name.eq_ignore_ascii_case("host") => once(found.host.replace(value), "Host")?,
        6 if name.eq_ignore_ascii_case("expect") => {
            found.expects_continue = value.eq_ignore_ascii_case(b"100-continue");
            if !found.expects_continue {
                return Err(Problem::new(417, "Only the expectation 100-continue can be met."));
            }
        }
        10 if name.eq_ignore_ascii_case("connection") => {
            for token in value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
                found.close |= token.eq_ignore_ascii_case(b"close");
                found.keep_alive |= token.eq_ignore_ascii_case(b"keep-alive");
            }
        }
        14 if name.eq_ignore_ascii_case("content-length") => {
            once(found.length.replace(value), "Content-Length")?;
        }
        17 if name.eq_ignore_ascii_case("transfer-encoding") => {
            once(found.encoding.replace(value), "Transfer-Encoding")?;
        }
        _ => {}
    }
    Ok(())
}

fn once(before: Option<&[u8]>, name: &str) -> Result<(), Problem> {
    match before {
        None => Ok(()),
        Some(_) => Err(Problem::new(400, format!("More than one {name} header."))),
    }
}

fn framing(version: Version, found: &Found<'_>) -> Result<Framing, Problem> {
    match (found.length, found.encoding) {
        (None, None) => Ok(Framing::Empty),
        (Some(_), Some(_)) => {
            Err(Problem::new(400, "Content-Length and Transfer-Encoding contradict each other."))
        }
        (None, Some(_)) if version != Version::HTTP_11 => {
            Err(Problem::new(400, "Transfer-Encoding does not exist in HTTP/1.0."))
        }
        (None, Some(coding)) if coding.eq_ignore_ascii_case(b"chunked") => Ok(Framing::Chunked),
        (None, Some(_)) => Err(Problem::new(501, "The only transfer coding known is chunked.")),
        (Some(length), None) => match content_length(length) {
            Some(0) => Ok(Framing::Empty),
            Some(length) => Ok(Framing::Length(length)),
            None => Err(Problem::new(400, "Content-Length is not a number.")),
        },
    }
}

/// Digits only: a sign or a list is refused, although a number parser would take the sign.
fn content_length(value: &[u8]) -> Option<u64> {
    let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(value).ok().filter(|_| digits)?;
    text.parse().ok().filter(|length| *length < 1 << 62)
}
