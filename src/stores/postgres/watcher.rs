//! The thread that watches the server: it prepares the database, finds it again when it was away, and tells listeners
//! what others changed.
//!
//! It keeps the snapshot of its last look. What a later look sees and that snapshot did not is new, in whatever order
//! transactions end: a transaction of others that runs for hours holds nothing up.

use super::cell::Xid;
use super::inbox::Waiting;
use super::job::{Look, Scan};
use super::log::CHANNEL;
use super::setup::{self, Prepared};
use super::shared::{GET_TIME, Shared, State};
use crate::clients::postgres::connection::{Connection, until};
use crate::clients::postgres::trouble::{Kind, Trouble};
use crate::clients::race::{Either, either};
use crate::core::time::now;
use crate::resource::{Key, Version};
use crate::stores::limits;
use crate::stores::queue::Job as _;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_postgres::Statement;
use tokio_postgres::types::ToSql;

/// Pauses between two tries to connect.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// As for single records: a plan that was made while the log was empty must still go through its index.
const SETTINGS: &str =
    "SET enable_seqscan = off; SET enable_bitmapscan = off; SET statement_timeout = 900;";

/// Preparing may build an index over a large table.
const PREPARING: Duration = Duration::from_hours(1);

/// New keys that one look tells; beyond, listeners are told that everything may have changed.
const TOLD: i64 = 10_000;

/// The log may be so much longer than what is kept before it is cut, and is cut no more often than this.
const TRIM_CHANGES: u64 = limits::CHANGES_KEPT / 50;
const TRIM_PAUSE: Duration = Duration::from_millis(250);

/// Old attempts are forgotten now and then, also when nothing changes.
const TIDY_PAUSE: Duration = Duration::from_mins(1);

/// The least time from one look to the next that a notice asks for, and how many times as long as the last look took:
/// under many writes one look finds what many notices tell of, and the server has its time for the writes.
const LOOK_PAUSE: Duration = Duration::from_millis(5);
const LOOK_SHARE: u32 = 8;

pub async fn work(shared: &Shared) {
    let mut pause = FIRST_PAUSE;
    loop {
        let lost = either(watch(shared, &mut pause), stopped(shared)).await;
        let Either::First(trouble) = lost else { return };
        shared.down(&trouble);
        if let Either::Second(()) = either(tokio::time::sleep(pause), stopped(shared)).await {
            return;
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn stopped(shared: &Shared) {
    let mut stopped = shared.stopped.subscribe();
    drop(stopped.wait_for(|is_stopped| *is_stopped).await);
}

/// Connects, and watches until the connection or the server is lost.
async fn watch(shared: &Shared, pause: &mut Duration) -> Trouble {
    let mut watch = match Watch::begin(shared).await {
        Ok(watch) => watch,
        Err(trouble) => return trouble,
    };
    // Told before the first look, so that what is committed from here on is told again.
    shared.feed.lost_track();
    // What a worker lost before is found.
    either(shared.lost.notified(), std::future::ready(())).await;
    shared.up(Arc::clone(&watch.prepared));
    let since = now();
    loop {
        if let Err(trouble) = watch.look(shared).await {
            return trouble;
        }
        // Not sooner: a server that takes this connection and refuses others comes and goes.
        if now() - since > LONGEST_PAUSE {
            *pause = FIRST_PAUSE;
        }
        if let Some(trouble) = watch.wait(shared).await {
            return trouble;
        }
    }
}

struct Watch {
    connection: Connection,
    prepared: Arc<Prepared>,
    look: Statement,
    seen: Snapshot,
    /// The newest transaction that was told of: followers hear of it when no older one runs any more.
    newest: u64,
    /// Followers were told of everything below.
    settled: u64,
    /// Changes since the log was cut.
    uncut: u64,
    cut_at: Instant,
    /// Before then no notice is followed.
    rests_until: Instant,
    waiting: Vec<Waiting<Look>>,
}

impl Watch {
    async fn begin(shared: &Shared) -> Result<Self, Trouble> {
        let connection = shared.server.connect("").await?;
        let preparing = setup::prepare(&connection, &shared.schema);
        let prepared = Arc::new(until(now() + PREPARING, preparing).await?);
        let home = &prepared.home;
        let sql = format!(
            "SELECT pg_current_snapshot()::text, c.xid, c.key, c.kind FROM (SELECT) s LEFT JOIN LATERAL (\
             (SELECT xid, seq, key, kind FROM {home}.headwater_changes \
                 WHERE resource = $1 AND xid >= $2 ORDER BY xid, seq LIMIT $4) UNION ALL \
             (SELECT xid, seq, key, kind FROM {home}.headwater_changes \
                 WHERE resource = $1 AND xid = ANY($3) LIMIT $4)) c ON true"
        );
        let begin = async {
            connection.batch_execute(&format!("{SETTINGS} LISTEN {CHANNEL}")).await?;
            let look = connection.prepare(&sql).await?;
            let row = connection.query_one("SELECT pg_current_snapshot()::text", &[]).await?;
            let seen = Snapshot::parse(row.try_get(0)?)?;
            Ok((look, seen))
        };
        let (look, seen) = until(now() + GET_TIME, begin).await?;
        let settled = seen.oldest;
        // The log may be too long from a time when nobody watched.
        let (uncut, cut_at) = (TRIM_CHANGES, now());
        Ok(Self {
            connection,
            prepared,
            look,
            seen,
            newest: 0,
            settled,
            uncut,
            cut_at,
            rests_until: cut_at,
            waiting: Vec::new(),
        })
    }

    /// Tells what is new since the last look.
    async fn look(&mut self, shared: &Shared) -> Result<(), Trouble> {
        let begin = now();
        let result = until(begin + GET_TIME, self.new_changes(shared)).await;
        self.rests_until = now() + LOOK_PAUSE.max(begin.elapsed() * LOOK_SHARE);
        let waiting = std::mem::take(&mut self.waiting);
        match &result {
            Ok(()) => {
                shared.feed.synced(begin);
                for waiting in waiting {
                    waiting.job.0.answer(Ok(()));
                }
            }
            Err(trouble) => {
                for waiting in waiting {
                    waiting.job.refuse(trouble.store_error());
                }
            }
        }
        result
    }

    async fn new_changes(&mut self, shared: &Shared) -> Result<(), Trouble> {
        let schema = &self.prepared.layout.schema;
        let running: Vec<Xid> = self.seen.running.iter().copied().map(Xid).collect();
        let most = TOLD + 1;
        let parameters: [&(dyn ToSql + Sync); 4] =
            [&schema.name, &Xid(self.seen.next), &running, &most];
        let rows = self.connection.query(&self.look, &parameters).await?;
        let mut keys: Vec<(Key, Version)> = Vec::new();
        let mut is_all = rows.len() as i64 > TOLD;
        for row in &rows {
            self.seen = Snapshot::parse(row.try_get(0)?)?;
            let Some(Xid(xid)) = row.try_get(1)? else { continue };
            self.newest = self.newest.max(xid);
            let key: Option<&str> = row.try_get(2)?;
            match key.and_then(|key| Key::parse(key, &schema.key_field().kind)) {
                Some(key) => keys.push((key, Version(xid))),
                None => is_all = true,
            }
        }
        self.uncut += rows.len() as u64;
        if is_all {
            // What was not read is not known by its transaction either: followers look.
            shared.feed.lost_track();
        } else if !keys.is_empty() {
            shared.feed.changed(&keys);
        }
        if self.settled < self.seen.oldest {
            if self.settled <= self.newest {
                // What was visible before may be followed only now.
                shared.feed.announce();
            }
            self.settled = self.seen.oldest;
        }
        self.cut(shared);
        Ok(())
    }

    fn cut(&mut self, shared: &Shared) {
        let since = now() - self.cut_at;
        if (self.uncut >= TRIM_CHANGES && since > TRIM_PAUSE) || since > TIDY_PAUSE {
            self.uncut = 0;
            self.cut_at = now();
            shared.scans.push(Scan::Trim);
        }
    }

    /// Until it is time for the next look; answers why there can be none.
    async fn wait(&mut self, shared: &Shared) -> Option<Trouble> {
        let reason = {
            let noticed = async {
                tokio::time::sleep_until(self.rests_until.into()).await;
                self.connection.noticed().await;
            };
            let soon = either(shared.suspected.notified(), noticed);
            let told = either(soon, tokio::time::sleep(shared.watch_interval));
            let asked = either(shared.looks.take(usize::MAX), shared.lost.notified());
            either(asked, told).await
        };
        match reason {
            Either::First(Either::First(asked)) => {
                self.waiting = asked?;
                None
            }
            Either::First(Either::Second(())) => Some(match &*shared.state.borrow() {
                State::Down(trouble) => trouble.clone(),
                _ => Trouble::new(Kind::Lost, "the connection was lost"),
            }),
            Either::Second(_) if self.connection.is_closed() => {
                Some(Trouble::new(Kind::Lost, "the connection was lost"))
            }
            Either::Second(_) => None,
        }
    }
}

/// Which transactions a statement sees: all below `next` but those that run.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Snapshot {
    oldest: u64,
    next: u64,
    running: Vec<u64>,
}

impl Snapshot {
    /// Reads `oldest:next:running,running`.
    fn parse(text: &str) -> Result<Self, Trouble> {
        let wrong = || Trouble::new(Kind::Broken, format!("`{text}` is no snapshot"));
        let mut parts = text.splitn(3, ':');
        let mut number = || parts.next().and_then(|part| part.parse().ok());
        let (oldest, next) = (number().ok_or_else(wrong)?, number().ok_or_else(wrong)?);
        let running = parts.next().unwrap_or_default().split(',').filter(|part| !part.is_empty());
        let running: Result<Vec<u64>, _> = running.map(str::parse).collect();
        Ok(Self { oldest, next, running: running.map_err(|_| wrong())? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_snapshots() {
        let of = |oldest, next, running: &[u64]| Snapshot { oldest, next, running: running.into() };
        assert_eq!(Snapshot::parse("10:20:10,14,15").unwrap(), of(10, 20, &[10, 14, 15]));
        assert_eq!(Snapshot::parse("10:10:").unwrap(), of(10, 10, &[]));
        assert!(Snapshot::parse("10").is_err());
    }
}
