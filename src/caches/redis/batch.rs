//! What is asked of Redis, many at once: reads become one command, copies are kept by a script that compares
//! versions.

use super::Companion;
use super::state::State;
use crate::caches::limits;
use redis::aio::MultiplexedConnection;
use redis::{Pipeline, RedisResult, Value};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::{Notify, oneshot};
use tokio::time::timeout;

#[derive(Debug)]
pub enum Command {
    Get {
        name: String,
        /// Dropped without an answer when there is none in time.
        answer: oneshot::Sender<Option<Vec<u8>>>,
    },
    /// Tells the companion what stands there.
    Check {
        name: String,
    },
    Put {
        items: Vec<Item>,
        done: Option<oneshot::Sender<()>>,
    },
}

/// An envelope to keep.
#[derive(Debug)]
pub struct Item {
    pub name: String,
    pub envelope: Vec<u8>,
    pub life: Duration,
    /// Whatever is there is no envelope and must go, whatever version it seems to have.
    pub is_forced: bool,
}

/// Keeps an envelope unless there is a newer one; that a key was overwritten is told unless a copy has seen it.
/// Anything that is no envelope gives way. Versions have all the same number of digits, so they compare as texts.
const KEEP: &str = r"
local held = redis.pcall('GETRANGE', KEYS[1], 0, 23)
if ARGV[3] == '0' and type(held) == 'string' and #held == 24 and string.match(held, '^HW1%u%d+$') then
  local there, brought = string.sub(held, 5), string.sub(ARGV[1], 5, 24)
  local only_told = string.sub(ARGV[1], 4, 4) == 'O' and string.sub(held, 4, 4) ~= 'O'
  if there > brought or (there == brought and only_told) then return 0 end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
";

/// A connection with what it takes to use it.
#[derive(Clone)]
pub struct Line {
    connection: MultiplexedConnection,
    /// Redis knows the script by this, until somebody makes it forget.
    script: String,
    is_lost: Arc<Notify>,
}

impl Line {
    pub async fn new(
        mut connection: MultiplexedConnection,
        is_lost: Arc<Notify>,
    ) -> RedisResult<Self> {
        let load = redis::cmd("SCRIPT").arg("LOAD").arg(KEEP).to_owned();
        let script = load.query_async(&mut connection).await?;
        Ok(Self { connection, script, is_lost })
    }

    /// Comes back when the connection has ended.
    pub async fn lost(&self) {
        self.is_lost.notified().await;
    }

    pub async fn ping(&mut self) -> RedisResult<Value> {
        self.connection.send_packed_command(&redis::cmd("PING")).await
    }

    /// `None` when there is no answer that is of use; the state knows why.
    async fn send(
        &mut self,
        commands: &Pipeline,
        count: usize,
        state: &State,
    ) -> Option<Vec<Value>> {
        let sending = self.connection.send_packed_commands(commands, 0, count);
        match timeout(limits::REDIS_DEADLINE, sending).await {
            Ok(Ok(values)) => {
                state.note_success();
                Some(values)
            }
            Ok(Err(error)) if error.is_unrecoverable_error() => {
                state.down(&error.to_string());
                self.is_lost.notify_one();
                None
            }
            Ok(Err(error)) => {
                state.note_error();
                state.note_failure(&error.to_string());
                None
            }
            Err(_) => {
                state.note_timeout();
                None
            }
        }
    }
}

/// Who wants to know what stands under a name.
enum Asker {
    Reader(oneshot::Sender<Option<Vec<u8>>>),
    Companion,
}

/// Everything is answered or dropped within the deadline.
pub async fn carry_out(
    mut line: Line,
    batch: Vec<Command>,
    state: &State,
    companion: &Weak<dyn Companion>,
) {
    let mut gets = Vec::new();
    let mut puts = Vec::new();
    let mut done = Vec::new();
    for command in batch {
        match command {
            Command::Get { name, answer } => gets.push((name, Asker::Reader(answer))),
            Command::Check { name } => gets.push((name, Asker::Companion)),
            Command::Put { items, done: waiting } => {
                puts.extend(items);
                done.extend(waiting);
            }
        }
    }
    if !gets.is_empty() {
        let values = read(&mut line, &gets, state).await;
        answer(gets, values, companion);
    }
    for part in puts.chunks(limits::REDIS_BATCH) {
        if !keep(&mut line, part, state).await {
            return;
        }
    }
    for waiting in done {
        // Whoever does not wait any more misses nothing.
        waiting.send(()).unwrap_or_default();
    }
}

/// A name that holds no text but a list or the like reads as nothing.
async fn read(line: &mut Line, gets: &[(String, Asker)], state: &State) -> Option<Vec<Value>> {
    let mut commands = redis::pipe();
    commands.cmd("MGET");
    for (name, _) in gets {
        commands.arg(name);
    }
    match line.send(&commands, 1, state).await?.pop()? {
        Value::Array(values) => Some(values),
        Value::ServerError(error) => {
            state.note_error();
            state.note_failure(&error.to_string());
            None
        }
        _ => None,
    }
}

fn answer(gets: Vec<(String, Asker)>, values: Option<Vec<Value>>, companion: &Weak<dyn Companion>) {
    let has_answer = values.is_some();
    let values = values.unwrap_or_default().into_iter().chain(std::iter::repeat(Value::Nil));
    for ((name, asker), value) in gets.into_iter().zip(values) {
        let bytes = if let Value::BulkString(bytes) = value { Some(bytes) } else { None };
        match asker {
            Asker::Reader(reader) if has_answer => reader.send(bytes).unwrap_or_default(),
            // Dropped: it need not know why.
            Asker::Reader(_) => {}
            Asker::Companion => {
                if let Some(companion) = companion.upgrade() {
                    companion.found_in_redis(&name, bytes.as_deref());
                }
            }
        }
    }
}

/// Answers whether Redis has done it, or refused it for a reason of its own.
async fn keep(line: &mut Line, items: &[Item], state: &State) -> bool {
    let script = line.script.clone();
    let Some(values) = line.send(&keeping("EVALSHA", &script, items), items.len(), state).await
    else {
        return false;
    };
    let error = values.iter().find_map(|value| match value {
        Value::ServerError(error) => Some(error),
        _ => None,
    });
    match error {
        None => true,
        Some(error) if error.code() == "NOSCRIPT" => {
            let commands = keeping("EVAL", KEEP, items);
            line.send(&commands, items.len(), state).await.is_some()
        }
        Some(_) => {
            state.note_error();
            true
        }
    }
}

fn keeping(command: &str, script: &str, items: &[Item]) -> Pipeline {
    let mut commands = redis::pipe();
    for Item { name, envelope, life, is_forced } in items {
        let milliseconds = u64::try_from(life.as_millis()).unwrap_or(u64::MAX).max(1);
        commands.cmd(command).arg(script).arg(1).arg(name);
        commands.arg(envelope).arg(milliseconds).arg(u8::from(*is_forced));
    }
    commands
}
