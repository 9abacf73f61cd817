//! The worker threads all servers of a process share: one per core this process may use, each with its own runtime.
//! An idle worker sleeps in the kernel; nothing ticks.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

/// A handful of single-threaded runtimes; cheap to clone.
#[derive(Debug, Clone)]
pub struct ServerPool {
    workers: Arc<Workers>,
}

#[derive(Debug)]
struct Workers {
    handles: Vec<Handle>,
    next: AtomicUsize,
    /// Dropping these lets the threads end.
    _alive: Vec<oneshot::Sender<()>>,
}

static SHARED: Mutex<Option<ServerPool>> = Mutex::new(None);

impl ServerPool {
    /// The pool of this process, started by the first server.
    pub fn shared() -> io::Result<Self> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = shared.as_ref() {
            return Ok(pool.clone());
        }
        let pool = Self::start(thread::available_parallelism().map_or(1, usize::from))?;
        *shared = Some(pool.clone());
        Ok(pool)
    }

    /// A pool of its own; its threads end with the last clone.
    pub fn start(workers: usize) -> io::Result<Self> {
        let (mut handles, mut alive) = (Vec::new(), Vec::new());
        for number in 0..workers.max(1) {
            let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
            let (sender, ended) = oneshot::channel::<()>();
            handles.push(runtime.handle().clone());
            alive.push(sender);
            // The channel never carries a value: it closes when the pool is dropped.
            let run = move || drop(runtime.block_on(ended));
            let thread = thread::Builder::new().name(format!("server-{number}"));
            #[expect(clippy::disallowed_methods, reason = "workers end with the pool, unjoined")]
            thread.spawn(run)?;
        }
        Ok(Self {
            workers: Arc::new(Workers { handles, next: AtomicUsize::new(0), _alive: alive }),
        })
    }

    /// Runs something beside the connections, until it ends or is aborted.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
        self.handle(self.next_worker()).spawn(work).abort_handle()
    }

    pub fn workers(&self) -> usize {
        self.workers.handles.len()
    }

    /// Whose turn it is: connections go round, because a hash over addresses would load workers unevenly.
    pub(crate) fn next_worker(&self) -> usize {
        self.workers.next.fetch_add(1, Ordering::Relaxed) % self.workers()
    }

    pub(crate) fn handle(&self, worker: usize) -> &Handle {
        &self.workers.handles[worker % self.workers()]
    }
}
