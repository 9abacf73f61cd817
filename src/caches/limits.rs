//! Every limit of the caches, with its reason. What a stack file can say stands in `resource/config.rs`.

use std::time::Duration;

/// Parts of the near cache, each with its own lock: more than any machine has cores that meet in one.
pub const SHARDS: usize = 64;

/// Entries below which a further shard is not worth it: small shards evict badly.
pub const SHARD_ENTRIES: usize = 128;

/// Keys of which is remembered that they were overwritten; older ones share one floor. 16 bytes each.
pub const TOMBSTONES: usize = 65_536;

/// Reads of the store under way at once: what a store answers in a few batches. A herd waits here and not there.
pub const STORE_READS: usize = 256;

/// Reads that wait for their turn; further ones are told that the store is busy.
pub const STORE_READS_WAITING: usize = 8192;

/// Rounds that a reader joins somebody else's read whose answer it then cannot use, before it reads itself.
pub const JOINS: usize = 3;

/// How many times its load time before the end of its life an entry may be refreshed early. The chance of being
/// chosen earlier than that is one in ten million for each read.
pub const EARLY: u32 = 16;

/// How long a read may wait for Redis: longer than a healthy one takes, shorter than a person notices.
pub const REDIS_DEADLINE: Duration = Duration::from_millis(20);

/// How long a connection to Redis may take with all it needs.
pub const REDIS_CONNECT: Duration = Duration::from_secs(2);

/// How often Redis is asked whether it is there, in health and while it is away.
pub const REDIS_PROBE: Duration = Duration::from_secs(1);

/// How long a probe may take: longer than a read may, since nobody waits for it.
pub const REDIS_PROBE_DEADLINE: Duration = Duration::from_millis(200);

/// Pause after a connection that was lost, so that a server which takes and drops them is not stormed.
pub const REDIS_RECONNECT: Duration = Duration::from_millis(100);

/// Failures in a row after which Redis is left alone until a probe succeeds.
pub const REDIS_FAILURES: u32 = 3;

/// Probes in a row without an answer after which the connection is given up.
pub const REDIS_SILENCES: u32 = 3;

/// Commands that wait for the thread that talks to Redis; a further one is not done.
pub const REDIS_QUEUE: usize = 4096;

/// Commands that travel together.
pub const REDIS_BATCH: usize = 256;

/// Batches without an answer yet.
pub const REDIS_BATCHES: usize = 64;

/// How long Redis remembers that a key was overwritten: longer than any read of a store takes, so that a slow
/// one finds it when it brings an old copy.
pub const REDIS_TOMBSTONE: Duration = Duration::from_mins(1);

/// Keys of one write that Redis is told of; beyond that the store's feed alone tells everybody.
pub const REDIS_TOMBSTONES_AT_ONCE: usize = 1024;

/// Pause before a store is asked again for its newest version.
pub const FLOOR_AGAIN: Duration = Duration::from_millis(250);

/// Part of its life by which an entry lives longer or shorter, so that what came together does not go together.
pub const JITTER: f64 = 0.1;
