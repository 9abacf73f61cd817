//! A stream as a flow's reading thread sees it: blocks of messages in a bounded queue, and how far they are durable.

use super::background::{Background, Stop};
use super::connection::Connection;
use super::consumer::Plan;
use super::session::Worker;
use crate::core::fault::Fault;
use crate::core::position::Position;
use bytes::Bytes;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore};

/// Blocks that wait for the reading thread.
const BLOCKS: usize = 2;

/// First and longest pause after trouble.
const PAUSE_FIRST: Duration = Duration::from_millis(100);
const PAUSE_LONGEST: Duration = Duration::from_secs(5);

/// What the thread passes on.
#[derive(Debug)]
pub enum Delivered {
    Block(Block),
    Trouble(Fault),
}

/// Messages that came together, and the position behind them.
#[derive(Debug, Default)]
pub struct Block {
    pub messages: Vec<Payload>,
    pub position: Option<Position>,
    pub(super) bytes: usize,
}

/// One message.
#[derive(Debug, Clone)]
pub struct Payload {
    pub bytes: Bytes,
    pub sequence: u64,
    /// How often it was delivered, this time included.
    pub tries: u64,
}

/// How far what was read is durable.
#[derive(Debug, Default)]
pub(super) struct Durable {
    pub up_to: AtomicU64,
    pub moved: Notify,
}

/// A stream that is being read. Clones share it; the last one that goes ends it.
#[derive(Debug, Clone)]
pub struct Reading {
    blocks: Arc<Mutex<Receiver<Delivered>>>,
    room: Arc<Semaphore>,
    durable: Arc<Durable>,
    thread: Arc<Background>,
}

impl Reading {
    /// Goes on behind a position.
    pub fn start(plan: Plan, from: Option<&Position>) -> Result<Self, Fault> {
        let (sender, receiver) = sync_channel(BLOCKS);
        let room = Arc::new(Semaphore::new(BLOCKS));
        let durable = Arc::new(Durable::default());
        durable.up_to.store(from.map_or(0, |position| position.offset), SeqCst);
        let outlet = Outlet { sender, room: Arc::clone(&room) };
        let name = format!("{} nats", plan.service());
        let worker = Worker::new(plan, from, outlet, Arc::clone(&durable));
        let thread = Background::start(&name, move |stop| run(worker, stop))?;
        let blocks = Arc::new(Mutex::new(receiver));
        Ok(Self { blocks, room, durable, thread: Arc::new(thread) })
    }

    /// The next block, if one comes in time.
    pub fn next(&self, patience: Duration) -> Result<Option<Block>, Fault> {
        let blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        let delivered = match blocks.recv_timeout(patience) {
            Ok(delivered) => delivered,
            Err(RecvTimeoutError::Timeout) => return Ok(None),
            Err(RecvTimeoutError::Disconnected) if self.thread.is_ending() => return Ok(None),
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Fault::retry("the thread that reads from NATS has ended"));
            }
        };
        self.room.add_permits(1);
        match delivered {
            Delivered::Block(block) => Ok(Some(block)),
            Delivered::Trouble(fault) => Err(fault),
        }
    }

    /// Ends it for all clones, and waits until the server was told what is done and what is given back.
    pub fn end(&self) {
        self.thread.end();
    }

    /// Everything up to here may be acknowledged. Never waits.
    pub fn acknowledge(&self, offset: u64) {
        self.durable.up_to.fetch_max(offset, SeqCst);
        self.durable.moved.notify_one();
    }
}

/// The way to the reading thread; it has room for what holds a permit, so that sending never waits.
#[derive(Debug)]
pub(super) struct Outlet {
    sender: SyncSender<Delivered>,
    room: Arc<Semaphore>,
}

impl Outlet {
    /// Waits for room and takes it.
    pub async fn room(&self) {
        if let Ok(permit) = self.room.acquire().await {
            permit.forget();
        }
    }

    /// Takes room if there is some.
    pub fn try_room(&self) -> bool {
        self.room.try_acquire().map(tokio::sync::SemaphorePermit::forget).is_ok()
    }

    /// Into room that was taken. Nobody may be left to read it.
    pub fn send(&self, delivered: Delivered) {
        drop(self.sender.try_send(delivered));
    }
}

async fn run(mut worker: Worker, mut stop: Stop) {
    let mut connection: Option<Connection> = None;
    let mut last = None;
    let mut pause = PAUSE_FIRST;
    loop {
        let lived = tokio::select! {
            () = stop.wanted() => break,
            fault = worker.live(&mut connection, &mut last) => fault,
        };
        if worker.take_success() {
            pause = PAUSE_FIRST;
        }
        let is_over = matches!(lived, Fault::Stop { .. });
        let told = async {
            worker.tell(lived).await;
            if is_over {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(pause).await;
        };
        tokio::select! {
            () = stop.wanted() => break,
            () = told => {}
        }
        pause = (pause * 2).min(PAUSE_LONGEST);
    }
    if let Some(connection) = connection {
        worker.say_goodbye(&connection, last).await;
    }
}
