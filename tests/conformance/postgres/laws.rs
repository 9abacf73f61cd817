//! PostgreSQL under the laws of all stores.

use crate::postgres_server::Postgres;
use crate::stores::{Place, laws};
use headwater::core::fault::Fault;
use headwater::resource::{Schema, Secret, Store, StoreConfig};
use headwater::stores::{Opening, open};
use std::sync::Arc;
use std::time::Duration;

/// A database of its own.
struct Database(Secret);

impl Place for Database {
    fn open(&self, schema: &Schema) -> Result<Arc<dyn Store>, Fault> {
        let opening =
            Opening { directory: "/nowhere".into(), watch_interval: Duration::from_millis(20) };
        open(Arc::new(schema.clone()), &StoreConfig::Postgres(self.0.clone()), &opening)
    }

    fn is_shared(&self) -> bool {
        true
    }
}

#[test]
fn postgres_obeys_the_laws() {
    let server = Postgres::start();
    laws("postgres", &|| {
        let database = server.new_database();
        Box::new(Database(Secret(server.url(&database))))
    });
}
