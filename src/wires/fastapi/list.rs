//! `GET /users/`: all records as one object by key, in the order of insertion; a long one page by page, so that memory
//! does not grow with it.

use super::shape::{Shape, trouble};
use crate::resource::{Cursor, ListQuery, Order, Page, Pending, Record, SHORT_PAGE};
use crate::server::{
    Answer, Attempt, Reply, Request, RequestHead, Response, Slow, StreamEnded, StreamSender, stream,
};
use crate::wires::{answers, events};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Records that are asked for at a time: many enough that a page's query does not show.
const PAGE: usize = 1000;
/// A page of long records holds fewer of them, so that it stays about this large.
const PAGE_BYTES: usize = 1024 * 1024;
/// What is sent at a time, and how many such pieces may wait for the client.
const PIECE_BYTES: usize = 48 * 1024;
const PIECES: usize = 2;

pub(super) struct List {
    shape: Arc<Shape>,
    /// It was longer than what is answered at once when somebody last looked.
    is_long: AtomicBool,
}

impl List {
    pub(super) fn new(shape: Arc<Shape>) -> Self {
        Self { shape, is_long: AtomicBool::new(false) }
    }
}

impl Attempt for List {
    /// A short list is read and written down sooner than a thread could be woken to do it.
    fn attempt(&self, request: &RequestHead<'_>, out: &mut Answer) -> bool {
        if self.is_long.load(Relaxed) || request.header("accept").is_some_and(wants_events) {
            return false;
        }
        let query = first_page(SHORT_PAGE);
        let Some(page) = self.shape.served.resource.store().list_now(&query) else { return false };
        if page.next.is_some() {
            self.is_long.store(true, Relaxed);
            return false;
        }
        let mut object = Object::over(std::mem::take(out.json()));
        for record in &page.records {
            object.append(&self.shape, record);
        }
        *out.json() = object.close();
        true
    }
}

impl Slow for List {
    fn answer(&self, request: Request) -> Reply<'_> {
        Box::pin(async move {
            if request.header("accept").is_some_and(wants_events) {
                let last = request.header("last-event-id");
                return events::stream(&self.shape.served, last).await;
            }
            let first = answers::within(answers::WORK_DEADLINE, ask(&self.shape, None, PAGE)).await;
            let first = first.map_err(|error| trouble(&error))?;
            let is_long = first.next.is_some() || first.records.len() > SHORT_PAGE;
            self.is_long.store(is_long, Relaxed);
            Ok(respond(&self.shape, first))
        })
    }
}

fn wants_events(accept: &str) -> bool {
    let kinds = accept.split(',').map(|kind| kind.split(';').next().unwrap_or_default().trim());
    kinds.into_iter().any(|kind| kind.eq_ignore_ascii_case("text/event-stream"))
}

/// What fits on one page is answered whole, with its length.
fn respond(shape: &Arc<Shape>, first: Page) -> Response {
    if first.next.is_none() {
        let mut object = Object::default();
        for record in &first.records {
            object.append(shape, record);
        }
        return Response::json(200, object.close());
    }
    let (sender, body) = stream(PIECES);
    let shape = Arc::clone(shape);
    tokio::spawn(async move {
        // A client that has gone cannot be told more.
        let _was_wanted = send(&shape, first, sender).await.is_ok();
    });
    Response::stream("application/json", body.to_its_end())
}

/// Without the end of its stream, which a failing store leaves out, a client can tell that the list is not whole.
async fn send(shape: &Shape, first: Page, sender: StreamSender) -> Result<(), StreamEnded> {
    let mut object = Object::default();
    let mut page = first;
    loop {
        let next = page.next.take();
        // The store looks for the next page while this one is sent.
        let coming = next.map(|cursor| ask(shape, Some(cursor), object.limit()));
        for record in &page.records {
            object.append(shape, record);
            if object.out.len() >= PIECE_BYTES {
                sender.send(object.take_piece()).await?;
            }
        }
        let Some(coming) = coming else { break };
        page = match answers::within(answers::WORK_DEADLINE, coming).await {
            Ok(page) => page,
            Err(error) => {
                trouble(&error);
                return Ok(());
            }
        };
    }
    sender.send(object.close()).await?;
    sender.finish().await
}

fn ask(shape: &Shape, after: Option<Cursor>, limit: usize) -> Pending<Page> {
    shape.served.resource.store().list(ListQuery { after, ..first_page(limit) })
}

fn first_page(limit: usize) -> ListQuery {
    ListQuery { conditions: Vec::new(), order: Order::Insertion, after: None, limit }
}

/// The object in the making.
#[derive(Default)]
struct Object {
    out: Vec<u8>,
    entries: usize,
    bytes_sent: usize,
}

impl Object {
    /// An object in a buffer that is there already and is empty.
    fn over(out: Vec<u8>) -> Self {
        Self { out, ..Self::default() }
    }

    /// Each entry stands behind a comma, the first behind the opening brace.
    fn append(&mut self, shape: &Shape, record: &Record) {
        self.out.push(if self.entries == 0 { b'{' } else { b',' });
        self.entries += 1;
        shape.append_entry(&mut self.out, record);
    }

    fn take_piece(&mut self) -> Vec<u8> {
        self.bytes_sent += self.out.len();
        std::mem::replace(&mut self.out, Vec::with_capacity(PIECE_BYTES + PIECE_BYTES / 8))
    }

    fn close(mut self) -> Vec<u8> {
        if self.entries == 0 {
            self.out.push(b'{');
        }
        self.out.push(b'}');
        self.out
    }

    /// How many records the next page should have, if they go on as they were so far.
    fn limit(&self) -> usize {
        let usual = (self.bytes_sent + self.out.len()).checked_div(self.entries).unwrap_or(1);
        (PAGE_BYTES / usual.max(1)).clamp(1, PAGE)
    }
}
