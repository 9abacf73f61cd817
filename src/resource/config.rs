//! What a stack file says about a resource beside its schema: where it is kept, cached, and how it answers.

use crate::resource::Schema;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// A resource as the stack file has it, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceConfig {
    pub schema: Arc<Schema>,
    /// Fields whose values no page shows.
    pub secrets: Vec<String>,
    pub store: StoreConfig,
    pub cache: Option<CacheConfig>,
    pub wire: Wire,
}

/// Where records live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreConfig {
    Memory,
    /// A bare file name lives in the stack's directory below `--data`, another path where it says.
    Sqlite(PathBuf),
    Postgres(Secret),
}

/// A URL that may hold a password: it is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("(secret)")
    }
}

/// Copies nearer by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheConfig {
    /// A Redis behind the near cache of the process.
    pub redis: Option<Secret>,
    /// No read is older than this, however the store was changed; zero asks the store each time whether it changed.
    pub max_stale: Duration,
    /// How long an entry lives; each lives up to a tenth longer or shorter.
    pub ttl: Duration,
    /// How long it is known that a record is not there.
    pub negative_ttl: Duration,
    /// How long an old answer may stand in while the store cannot be reached.
    pub stale_if_error: Duration,
    /// Entries that the near cache holds.
    pub entries: usize,
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self {
            redis: None,
            max_stale: Duration::from_millis(250),
            ttl: Duration::from_mins(1),
            negative_ttl: Duration::from_secs(1),
            stale_if_error: Duration::from_hours(1),
            entries: 100_000,
        }
    }
}

/// How requests and answers look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    /// What a new resource gets.
    Native,
    /// Parameters in the query, `{"detail": …}`, a list that is an object by key.
    Fastapi,
    /// Register and get, with `cached` in the answer.
    Message,
}

/// Who may use a route; without a token anybody may. Tokens come from the environment or a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    pub read: Option<Secret>,
    pub write: Option<Secret>,
    /// Origins that a browser may call from; `*` for any. Empty: no CORS headers at all.
    pub origins: Vec<String>,
    /// The largest body of this route, if not the server's.
    pub body_bytes: Option<u64>,
}
