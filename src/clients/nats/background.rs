//! A thread with a runtime of its own, which owns everything asynchronous of one component.

use crate::core::fault::Fault;
use crate::core::thread::spawn;
use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
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
        let (stop, wanted) = watch::channel(false);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = spawn(name, move || {
            runtime.block_on(work(Stop(wanted)));
            runtime.shutdown_timeout(GOODBYE);
        })?;
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

impl Drop for Background {
    fn drop(&mut self) {
        self.end();
    }
}
