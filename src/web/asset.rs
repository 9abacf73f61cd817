//! A file that never changes while the process runs, and the answer to a request for it: packed where the client
//! takes gzip, with a tag, so that a second visit costs no bytes.

use crate::server::{Problem, Reply, Request, Response, Route, Slow, stream};
use bytes::Bytes;
use flate2::Compression;
use flate2::read::{GzDecoder, GzEncoder};
use http::Method;
use sha2::{Digest, Sha256};
use std::io::{self, Read};
use std::sync::{Arc, OnceLock};

/// A shorter answer fits into one packet as it is.
const WORTH_PACKING: usize = 1200;

#[derive(Debug)]
pub struct Asset {
    content_type: &'static str,
    packed: Bytes,
    /// Made of `packed` for the first client that does not take gzip, if it was not there before.
    plain: OnceLock<Bytes>,
    /// Of the packed bytes: they change whenever the plain ones do.
    hash: u128,
    headers: &'static [(&'static str, &'static str)],
}

impl Asset {
    /// A file of the binary that `gzip` made.
    pub fn packed(content_type: &'static str, packed: &'static [u8]) -> Self {
        Self::new(content_type, Bytes::from_static(packed), OnceLock::new())
    }

    pub fn plain(content_type: &'static str, plain: impl Into<Bytes>) -> Self {
        let plain = plain.into();
        Self::new(content_type, pack(&plain, Compression::best()), plain.into())
    }

    fn new(content_type: &'static str, packed: Bytes, plain: OnceLock<Bytes>) -> Self {
        let digest = Sha256::digest(&packed);
        let hash = digest.first_chunk().map_or(0, |half| u128::from_be_bytes(*half));
        Self { content_type, packed, plain, hash, headers: &[] }
    }

    #[must_use]
    pub fn with_headers(mut self, headers: &'static [(&'static str, &'static str)]) -> Self {
        self.headers = headers;
        self
    }

    pub fn answer(&self, request: &Request) -> Result<Response, Problem> {
        let is_packed = request.header("accept-encoding").is_some_and(takes_gzip);
        // Strong tags are of bytes: two encodings have two tags.
        let tag = format!("\"{:032x}{}\"", self.hash, if is_packed { "-gzip" } else { "" });
        let is_known = request.header("if-none-match").is_some_and(|tags| names(tags, &tag));
        let mut response = if is_known {
            Response::empty(304)
        } else {
            let body = if is_packed { self.packed.clone() } else { self.unpacked()? };
            Response::new(200, self.content_type, body)
        };
        if is_packed && !is_known {
            response = response.with_header("content-encoding", "gzip");
        }
        response = response
            .with_header("etag", tag)
            // Kept but asked for each time: another version of Headwater may answer next.
            .with_header("cache-control", "no-cache")
            .with_header("vary", "accept-encoding")
            .with_header("x-content-type-options", "nosniff");
        for (name, value) in self.headers {
            response = response.with_header(*name, *value);
        }
        Ok(response)
    }

    /// What answers a GET with it.
    pub fn route(asset: &Arc<Self>) -> Route {
        Route::new().slow(Method::GET, File(Arc::clone(asset)))
    }

    fn unpacked(&self) -> Result<Bytes, Problem> {
        if let Some(plain) = self.plain.get() {
            return Ok(plain.clone());
        }
        let plain = unpack(&self.packed)
            .map_err(|_| Problem::new(500, "This file of the binary is damaged."))?;
        Ok(self.plain.get_or_init(|| plain).clone())
    }
}

/// A slow handler, although it never waits: its answer shares the bytes and copies none.
struct File(Arc<Asset>);

impl Slow for File {
    fn answer(&self, request: Request) -> Reply<'_> {
        let answer = self.0.answer(&request);
        Box::pin(std::future::ready(answer))
    }
}

/// A page whose head leaves at once, before it is drawn: far away the reader's browser makes room for it meanwhile.
pub fn drawn(
    request: &Request,
    content_type: &'static str,
    page: impl Future<Output = String> + Send + 'static,
) -> Response {
    let is_packed = request.header("accept-encoding").is_some_and(takes_gzip);
    let (sender, body) = stream(1);
    tokio::spawn(async move {
        let page = Bytes::from(page.await);
        // A millisecond here saves a slow line five.
        let page = if is_packed { pack(&page, Compression::default()) } else { page };
        // Whoever asked may have gone.
        if sender.send(page).await.is_ok() {
            sender.finish().await.unwrap_or_default();
        }
    });
    made_for_one(Response::stream(content_type, body.to_its_end()), is_packed)
}

/// An answer that is made for this request, packed where the client takes gzip and it is worth it.
pub fn fresh(request: &Request, content_type: &'static str, body: impl Into<Bytes>) -> Response {
    let body = body.into();
    let is_packed =
        body.len() >= WORTH_PACKING && request.header("accept-encoding").is_some_and(takes_gzip);
    let body = if is_packed { pack(&body, Compression::fast()) } else { body };
    made_for_one(Response::new(200, content_type, body), is_packed)
}

fn made_for_one(response: Response, is_packed: bool) -> Response {
    let response =
        response.with_header("cache-control", "no-store").with_header("vary", "accept-encoding");
    if is_packed { response.with_header("content-encoding", "gzip") } else { response }
}

fn unpack(packed: &[u8]) -> io::Result<Bytes> {
    let mut plain = Vec::new();
    GzDecoder::new(packed).read_to_end(&mut plain)?;
    Ok(plain.into())
}

fn pack(plain: &[u8], level: Compression) -> Bytes {
    let mut packed = Vec::new();
    // Reading from memory cannot fail.
    drop(GzEncoder::new(plain, level).read_to_end(&mut packed));
    packed.into()
}

/// Whether an `Accept-Encoding` takes gzip, by name or by `*`; a weight of nought refuses it.
fn takes_gzip(accept: &str) -> bool {
    let weight_of = |name: &str| {
        accept.split(',').find_map(|entry| {
            let mut parts = entry.split(';').map(str::trim);
            parts.next().filter(|coding| coding.eq_ignore_ascii_case(name))?;
            let weight = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
            Some(weight.map_or(1.0, |weight| weight.parse().unwrap_or(0.0)))
        })
    };
    weight_of("gzip").or_else(|| weight_of("*")).is_some_and(|weight: f32| weight > 0.0)
}

/// Whether an `If-None-Match` names this tag; weak and strong forms of a tag are the same there.
fn names(tags: &str, wanted: &str) -> bool {
    tags.split(',')
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sends_gzip_only_to_clients_that_take_it() {
        for (accept, expected) in [
            ("gzip", true),
            ("deflate, GZIP;q=0.5", true),
            ("*", true),
            ("gzip, deflate, br, zstd", true),
            ("", false),
            ("identity", false),
            ("br", false),
            ("gzip;q=0", false),
            ("gzip; q=0.0, *", false),
            ("*;q=0", false),
            ("x-gzip", false),
        ] {
            assert_eq!(takes_gzip(accept), expected, "{accept:?}");
        }
    }

    #[test]
    fn knows_a_tag_in_a_list_weak_or_strong() {
        for (tags, expected) in [
            ("\"a\"", true),
            ("\"b\", W/\"a\"", true),
            ("*", true),
            ("\"b\"", false),
            ("a", false),
            ("", false),
        ] {
            assert_eq!(names(tags, "\"a\""), expected, "{tags:?}");
        }
    }
}
