//! A server with one resource, a client for it, and files of requests with their answers.

use crate::caches::Cached;
use crate::resource::{
    Access, CacheConfig, Field, FieldKind, FieldLimits, Pattern, Schema, Store, StoreConfig, Value,
    Wire,
};
use crate::server::tests::support::{Client, Seen, start_with};
use crate::server::{Limits, Router, RunningServer};
use crate::stores::{Opening, open};
use crate::wires::Served;
use crate::wires::native::mount;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub fn field(name: &str, kind: FieldKind) -> Field {
    Field {
        name: name.to_owned(),
        kind,
        is_required: false,
        default: None,
        is_unique: false,
        is_indexed: false,
        limits: FieldLimits::default(),
    }
}

/// Users with a field of every kind and most limits.
pub fn users() -> Schema {
    let choices = ["free", "paid"].map(str::to_owned).to_vec();
    let mut fields = vec![
        field("user_id", FieldKind::Integer),
        field("name", FieldKind::Text),
        field("age", FieldKind::Integer),
        field("email", FieldKind::Text),
        field("plan", FieldKind::Choice(choices)),
        field("score", FieldKind::Float),
        field("active", FieldKind::Boolean),
        field("born", FieldKind::Time),
        field("device", FieldKind::Uuid),
        field("extra", FieldKind::Json),
    ];
    fields[1].is_required = true;
    fields[1].limits =
        FieldLimits { min_length: Some(1), max_length: Some(20), ..FieldLimits::default() };
    fields[2].limits =
        FieldLimits { minimum: Some(0.0), maximum: Some(150.0), ..FieldLimits::default() };
    fields[3].is_unique = true;
    fields[3].limits.pattern = Pattern::new("[^@]+@[^@]+").ok();
    fields[4].default = Some(Value::text("free"));
    Schema { name: "users".to_owned(), fields, key: 0, key_is_generated: true }
}

/// Notes by a text key that each must bring.
pub fn notes() -> Schema {
    let mut fields = vec![field("title", FieldKind::Text), field("text", FieldKind::Text)];
    fields[0].is_required = true;
    Schema { name: "notes".to_owned(), fields, key: 0, key_is_generated: false }
}

pub fn memory(schema: Schema) -> Arc<dyn Store> {
    let opening = Opening { directory: PathBuf::new(), watch_interval: Duration::from_millis(10) };
    open(Arc::new(schema), &StoreConfig::Memory, &opening).unwrap()
}

/// A server with one resource at `/NAME/`.
pub struct Service {
    pub server: RunningServer,
    pub served: Arc<Served>,
}

impl Service {
    pub fn new(store: Arc<dyn Store>, cache: Option<&CacheConfig>, access: Access) -> Self {
        let path = format!("/{}/", store.schema().name);
        let resource = Cached::new(store, cache, "test").unwrap();
        let served = Arc::new(Served { path, resource, wire: Wire::Native, access });
        // However busy the machine is, a client that reads nothing for now is not given up.
        let limits = Limits { write_time: Duration::from_mins(10), ..Limits::default() };
        Self { server: start_with(limits, mount(Router::new(), &served)), served }
    }

    pub fn of(schema: Schema) -> Self {
        Self::new(memory(schema), None, Access::default())
    }

    pub fn client(&self) -> Client {
        Client::new(&self.server)
    }

    /// One request on a connection of its own.
    pub fn ask(&self, line: &str, headers: &[&str], body: &str) -> Seen {
        ask(&mut self.client(), line, headers, body)
    }

    pub fn get(&self, path: &str) -> Seen {
        self.ask(&format!("GET {path}"), &[], "")
    }

    /// Everything that is stored, as one text.
    pub fn everything(&self) -> String {
        self.ask(&format!("GET {}", self.served.path), &["accept: application/x-ndjson"], "").body
    }

    pub fn post(&self, body: &str) -> Seen {
        self.ask(&format!("POST {}", self.served.path), &["content-type: application/json"], body)
    }
}

pub fn request(line: &str, headers: &[&str], body: &str) -> String {
    let mut text = format!("{line} HTTP/1.1\r\nhost: test\r\n");
    for header in headers {
        write!(text, "{header}\r\n").unwrap();
    }
    if !body.is_empty() || line.starts_with("PO") || line.starts_with("PUT") {
        write!(text, "content-length: {}\r\n", body.len()).unwrap();
    }
    text + "\r\n" + body
}

pub fn ask(client: &mut Client, line: &str, headers: &[&str], body: &str) -> Seen {
    client.send(request(line, headers, body));
    client.answer_to(line.starts_with("HEAD"))
}
