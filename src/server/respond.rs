//! Writing the head of an answer.

use std::time::Instant;

use http::{StatusCode, Version};

use super::date::append_date;
use super::framing::Delivery;

/// How the client learns where the body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyLength {
    Known(usize),
    Chunked,
    UntilClose,
}

/// Everything the head of an answer is made of.
#[derive(Debug)]
pub(crate) struct HeadFacts<'a> {
    pub(crate) status: u16,
    pub(crate) content_type: &'a str,
    pub(crate) headers: &'a [u8],
    pub(crate) gate_headers: &'a [u8],
    pub(crate) length: BodyLength,
    pub(crate) version: Version,
    pub(crate) keep_alive: bool,
    pub(crate) now: Instant,
}

impl HeadFacts<'_> {
    /// Facts of an answer without content, for the request `delivery` belongs to.
    pub(crate) fn new(status: u16, delivery: &Delivery, keep_alive: bool, now: Instant) -> Self {
        let length = BodyLength::Known(0);
        let version = delivery.version;
        let (headers, gate_headers): (&[u8], &[u8]) = (b"", b"");
        let content_type = "";
        Self { status, content_type, headers, gate_headers, length, version, keep_alive, now }
    }
}

/// Whether an answer of this status has no body by definition.
pub(crate) fn is_bodiless(status: u16) -> bool {
    status < 200 || status == 204 || status == 304
}

pub(crate) fn append_head(out: &mut Vec<u8>, facts: &HeadFacts<'_>) {
    append_status(out, facts.status);
    if !facts.content_type.is_empty() {
        out.extend_from_slice(b"content-type: ");
        out.extend_from_slice(facts.content_type.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    match facts.length {
        _ if is_bodiless(facts.status) => {}
        BodyLength::Known(length) => {
            out.extend_from_slice(b"content-length: ");
            append_number(out, length);
            out.extend_from_slice(b"\r\n");
        }
        BodyLength::Chunked => out.extend_from_slice(b"transfer-encoding: chunked\r\n"),
        BodyLength::UntilClose => {}
    }
    if !facts.keep_alive {
        out.extend_from_slice(b"connection: close\r\n");
    } else if facts.version == Version::HTTP_10 {
        out.extend_from_slice(b"connection: keep-alive\r\n");
    }
    out.extend_from_slice(facts.headers);
    out.extend_from_slice(facts.gate_headers);
    out.extend_from_slice(b"date: ");
    append_date(out, facts.now);
    out.extend_from_slice(b"\r\n\r\n");
}

fn append_status(out: &mut Vec<u8>, status: u16) {
    if status == 200 {
        out.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
        return;
    }
    out.extend_from_slice(b"HTTP/1.1 ");
    append_number(out, status.into());
    out.push(b' ');
    let code = StatusCode::from_u16(status).ok();
    let reason = code.and_then(|code| code.canonical_reason()).unwrap_or("");
    out.extend_from_slice(reason.as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// Decimal digits without the formatting machinery, which shows in the request rate.
pub(crate) fn append_number(out: &mut Vec<u8>, mut number: usize) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}
