//! The thread that talks to Redis: keeps the connection, and sends what waits in one go.

use super::Setup;
use super::batch::{self, Command, Line};
use super::pushes::Pushes;
use super::state::State;
use crate::caches::limits;
use crate::core::fault::Fault;
use crate::resource::Secret;
use redis::{AsyncConnectionConfig, Client, IntoConnectionInfo as _, ProtocolVersion, RedisResult};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{sleep, timeout};

/// The connection, while there is one.
type Place = Arc<Mutex<Option<Line>>>;

/// Checks the URL; nothing is connected yet.
pub fn client(url: &Secret) -> Result<Client, Fault> {
    let info = url.0.as_str().into_connection_info().map_err(|_| {
        Fault::stop("the URL of the cache's Redis is not of the form redis://HOST:PORT/DATABASE")
    })?;
    // Only the third version of the protocol tells of changes on the connection that reads.
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    Client::open(info.set_redis_settings(settings))
        .map_err(|error| Fault::stop(format!("the cache's Redis cannot be used: {error}")))
}

/// Comes back when nobody can send commands any more.
pub async fn run(
    client: Client,
    setup: Setup,
    (checks, mut commands): (mpsc::WeakSender<Command>, mpsc::Receiver<Command>),
    state: Arc<State>,
) {
    let place = Place::default();
    let Setup { prefix, companion, beside, .. } = setup;
    let pushes = Pushes { companion: Weak::clone(&companion), checks, is_lost: Arc::default() };
    let keeping = keep(client, prefix, pushes, Arc::clone(&place), Arc::clone(&state));
    let beside = tokio::spawn(beside);
    let keeper = tokio::spawn(keeping);
    let batches = Arc::new(Semaphore::new(limits::REDIS_BATCHES));
    let mut waiting = Vec::new();
    while commands.recv_many(&mut waiting, limits::REDIS_BATCH).await > 0 {
        let Ok(permit) = Arc::clone(&batches).acquire_owned().await else { break };
        let batch = std::mem::take(&mut waiting);
        let Some(line) = lock(&place).clone() else { continue };
        let (state, companion) = (Arc::clone(&state), Weak::clone(&companion));
        tokio::spawn(async move {
            batch::carry_out(line, batch, &state, &companion).await;
            drop(permit);
        });
    }
    keeper.abort();
    beside.abort();
}

/// Connects, watches, connects again, for ever.
async fn keep(client: Client, prefix: String, pushes: Pushes, place: Place, state: Arc<State>) {
    loop {
        let pushes = Pushes { is_lost: Arc::default(), ..pushes.clone() };
        let connecting = connect(&client, &prefix, pushes);
        match timeout(limits::REDIS_CONNECT, connecting).await {
            Ok(Ok(line)) => {
                *lock(&place) = Some(line.clone());
                state.up();
                watch(line, &state).await;
                *lock(&place) = None;
                state.down("the connection has ended");
                sleep(limits::REDIS_RECONNECT).await;
            }
            Ok(Err(error)) => {
                state.down(&error.to_string());
                sleep(limits::REDIS_PROBE).await;
            }
            Err(_) => {
                state.down("it takes no connection in time");
                sleep(limits::REDIS_PROBE).await;
            }
        }
    }
}

async fn connect(client: &Client, prefix: &str, pushes: Pushes) -> RedisResult<Line> {
    let is_lost = Arc::clone(&pushes.is_lost);
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(limits::REDIS_CONNECT))
        .set_response_timeout(None)
        .set_push_sender(pushes);
    let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
    // What this connection writes itself is known here.
    let tracking = ["TRACKING", "ON", "BCAST", "PREFIX", prefix, "NOLOOP"];
    redis::cmd("CLIENT").arg(&tracking).query_async::<()>(&mut connection).await?;
    Line::new(connection, is_lost).await
}

/// Comes back when the connection is of no use any more.
async fn watch(mut line: Line, state: &State) {
    let mut silences = 0;
    while silences < limits::REDIS_SILENCES {
        if timeout(limits::REDIS_PROBE, line.lost()).await.is_ok() {
            return;
        }
        match timeout(limits::REDIS_PROBE_DEADLINE, line.ping()).await {
            Ok(Ok(_)) => {
                silences = 0;
                state.up();
            }
            Ok(Err(error)) => {
                state.down(&error.to_string());
                if error.is_unrecoverable_error() {
                    return;
                }
            }
            Err(_) => {
                silences += 1;
                state.down("it does not answer in time");
            }
        }
    }
}

fn lock(place: &Place) -> MutexGuard<'_, Option<Line>> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}
