//! The wire as a client of the original sees it: raw bytes over real sockets. Each table is one of the recordings.

mod cached;
mod get;
mod register;

use crate::resource::{FieldKind, Schema, Wire};
use crate::wires::fastapi::tests::support::{MemoryStore, Service, field};

/// The users of the original `cached-users`.
fn users() -> Schema {
    let mut name = field("name", FieldKind::Text);
    name.limits.max_length = Some(100);
    let fields = vec![name, field("info", FieldKind::Text)];
    Schema { name: "users".to_owned(), fields, key: 0, key_is_generated: false }
}

/// Both services of the original at once, over one store.
fn original() -> Service {
    Service::new(MemoryStore::new(users()), Wire::Message, &["/register", "/user/{name}"])
}

const JSON: &str = "Content-Type: application/json\r\n";

fn register(service: &Service, body: &str) -> (u16, String) {
    let seen = service.ask_with("POST", "/register", JSON, body);
    assert_eq!(
        seen.header("content-type").map(|kind| kind == "application/json"),
        Some(seen.body.ends_with('\n'))
    );
    (seen.status, seen.body)
}
