//! A request as the replicas get it, ready to be sent more than once where that is possible.

use crate::core::listen::Networks;
use crate::gate::headers;
use crate::gate::limits::KEPT_BODY;
use crate::gate::upload::{Coming, Progress, Upload};
use crate::server::{BodyError, Problem, Request};
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST, HeaderMap, HeaderValue};
use http::{Method, Uri};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;

#[derive(Debug)]
pub(crate) struct Outgoing {
    method: Method,
    target: Uri,
    headers: HeaderMap,
    /// Gone once it was sent and not kept.
    upload: Option<Upload>,
    /// Of a body that is passed on as it comes.
    pub(crate) progress: Option<Arc<Progress>>,
    /// Asking twice is as good as asking once.
    is_idempotent: bool,
}

impl Outgoing {
    /// Reads a small body whole: only what is kept can be sent again.
    pub(crate) async fn of(
        mut request: Request,
        trust: &Networks,
        name: &str,
    ) -> Result<Self, Problem> {
        let target = target(&request)?;
        let length = request.header("content-length").and_then(|length| length.parse().ok());
        let is_idempotent =
            request.method.is_idempotent() || request.headers.contains_key("idempotency-key");
        let mut headers = headers::for_replica(&mut request, trust, name);
        let method = request.method.clone();
        let upload = upload(request, length).await?;
        let progress = match &upload {
            Upload::Coming(coming) => Some(Arc::clone(&coming.progress)),
            Upload::Kept(bytes) => {
                // Without it some servers would ask for the length of nothing.
                if bytes.is_empty() && length.is_some() {
                    headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
                }
                None
            }
        };
        Ok(Self { method, target, headers, upload: Some(upload), progress, is_idempotent })
    }

    pub(crate) fn method(&self) -> &Method {
        &self.method
    }

    /// For one try; `None` when the body is gone.
    pub(crate) fn request(&mut self, replica: SocketAddr) -> Option<http::Request<Upload>> {
        let upload = match self.upload.take()? {
            Upload::Kept(bytes) => {
                self.upload = Some(Upload::Kept(bytes.clone()));
                Upload::Kept(bytes)
            }
            coming @ Upload::Coming(_) => coming,
        };
        let mut request = http::Request::new(upload);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.target.clone();
        *request.headers_mut() = self.headers.clone();
        // A client of HTTP/1.0 may name no host.
        if !self.headers.contains_key(HOST)
            && let Ok(host) = HeaderValue::from_str(&replica.to_string())
        {
            request.headers_mut().insert(HOST, host);
        }
        Some(request)
    }

    /// Not a byte of it was sent.
    pub(crate) fn put_back(&mut self, upload: Upload) {
        self.upload = Some(upload);
    }

    /// Is a connection free for the next request once the answer has ended?
    pub(crate) fn has_ended(&self) -> bool {
        self.progress.as_ref().is_none_or(|progress| progress.is_over())
    }

    /// Nothing was sent: it is as if there had been no try.
    pub(crate) fn is_whole(&self) -> bool {
        self.upload.is_some()
    }

    /// It was sent, and nobody knows what became of it.
    pub(crate) fn may_be_sent_again(&self) -> bool {
        self.is_idempotent && matches!(self.upload, Some(Upload::Kept(_)))
    }
}

fn target(request: &Request) -> Result<Uri, Problem> {
    let text = match &request.query {
        Some(query) => format!("{}?{query}", request.path),
        None => request.path.clone(),
    };
    Uri::try_from(text).map_err(|_| Problem::new(400, "The request target is malformed."))
}

async fn upload(mut request: Request, length: Option<u64>) -> Result<Upload, Problem> {
    if request.body.is_here() {
        return Ok(Upload::Kept(request.body.collect().await?));
    }
    let mut first = VecDeque::new();
    let mut read = 0;
    while length.is_none_or(|length| length <= KEPT_BODY) && read <= KEPT_BODY {
        match request.body.next().await {
            Some(piece) => {
                let piece = piece?;
                read += piece.len() as u64;
                first.push_back(piece);
            }
            None => return Ok(Upload::Kept(joined(&first))),
        }
    }
    let progress = Arc::new(Progress::default());
    Ok(Upload::Coming(Coming { first, rest: request.body, left: length, progress }))
}

fn joined(pieces: &VecDeque<Bytes>) -> Bytes {
    match pieces.iter().collect::<Vec<_>>().as_slice() {
        [] => Bytes::new(),
        [one] => Bytes::clone(one),
        all => all.iter().flat_map(|piece| piece.iter().copied()).collect(),
    }
}

/// What a client is told whose body broke off.
pub(crate) fn of_client(error: BodyError) -> Problem {
    error.into()
}
