//! The stores that need no server, under the laws of all stores.

use crate::stores::{Place, laws};
use headwater::core::fault::Fault;
use headwater::resource::{Schema, Store, StoreConfig};
use headwater::stores::{Opening, open};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

fn opening(directory: &Path) -> Opening {
    Opening { directory: directory.into(), watch_interval: Duration::from_millis(20) }
}

struct Memory;

impl Place for Memory {
    fn open(&self, schema: &Schema) -> Result<Arc<dyn Store>, Fault> {
        open(Arc::new(schema.clone()), &StoreConfig::Memory, &opening(Path::new("/nowhere")))
    }

    fn is_shared(&self) -> bool {
        false
    }
}

struct Sqlite(TempDir);

impl Place for Sqlite {
    fn open(&self, schema: &Schema) -> Result<Arc<dyn Store>, Fault> {
        let config = StoreConfig::Sqlite("things.db".into());
        open(Arc::new(schema.clone()), &config, &opening(self.0.path()))
    }

    fn is_shared(&self) -> bool {
        true
    }
}

#[test]
fn memory_obeys_the_laws() {
    laws("memory", &|| Box::new(Memory));
}

#[test]
fn sqlite_obeys_the_laws() {
    laws("sqlite", &|| Box::new(Sqlite(tempfile::tempdir().unwrap())));
}
