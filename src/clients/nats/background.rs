//! A thread with a runtime of its own, which owns everything asynchronous of one component.

use crate::core::fault::Fault;
use crate::core::thread::spawn;
use std::future::Future;
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::watch;

/// What is left when the work has ended, a name being looked up for example, is not waited for any longer.
const GOODBYE: Duration = Duration::from_millis(100);

/// Runs one piece of work until it ends or is dropped; dropping waits until the work has said goodbye, which it does
/// within a second or two of being asked.
#[derive(Debug)]
pub(super) struct Background {
    stop: watch::Sender<bool>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// Told to the work: it shall end.
#[derive(Debug, Clone)]
pub(super) struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Waits for it.
    pub async fn wanted(&mut self) {
        // A sender that is gone wants it too.
        drop(self.0.wait_for(|is_wanted| *is_wanted).await);
    }
}

impl Background {
    pub fn start<F: Future<Output = ()>>(
        name: &str,
        work: impl FnOnce(Stop) -> F + Send + 'static,
    ) -> Result<Self, Fault> {
        Self::run(name, move |runtime, stop| {
            runtime.block_on(work(stop));
            runtime.shutdown_timeout(GOODBYE);
        })
    }

    /// Like `start`, for work in turns: each has a runtime of its own, and whatever a turn leaves behind, tasks of a
    /// library among them, ends with it.
    pub fn in_turns(
        name: &str,
        mut turn: impl AsyncFnMut(Stop) -> ControlFlow<()> + Send + 'static,
    ) -> Result<Self, Fault> {
        Self::run(name, move |first, stop| {
            let mut runtime = first;
            loop {
                let goes_on = runtime.block_on(turn(stop.clone())).is_continue();
                runtime.shutdown_timeout(GOODBYE);
                // Whoever finds the thread ended starts another one.
                let Some(next) = goes_on.then(self::runtime).and_then(Result::ok) else { return };
                runtime = next;
            }
        })
    }

    fn run(name: &str, work: impl FnOnce(Runtime, Stop) + Send + 'static) -> Result<Self, Fault> {
        let (stop, wanted) = watch::channel(false);
        let runtime = runtime()?;
        let thread = spawn(name, move || work(runtime, Stop(wanted)))?;
        Ok(Self { stop, thread: Mutex::new(Some(thread)) })
    }

    /// Was it asked to end?
    pub fn is_ending(&self) -> bool {
        *self.stop.borrow()
    }

    /// Asks the work to end and waits until it has said goodbye.
    pub fn end(&self) {
        self.stop.send_replace(true);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        // A panic over there has been told by whoever waited for an answer.
        drop(thread.map(JoinHandle::join));
    }
}

fn runtime() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

impl Drop for Background {
    fn drop(&mut self) {
        self.end();
    }
}
