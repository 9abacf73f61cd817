//! Receives: a thread that owns the connection, puts what comes into the inbox, and acknowledges it when it is durable
//! there. A connection that was lost, or whose messages could not be kept, is made anew: the broker sends again what
//! was not acknowledged.

use super::line::Line;
use super::received::Received;
use super::session::Remembered;
use super::settings::Settings;
use super::taking::Taking;
use super::wire::{Message, Quality, Session};
use crate::clients::backoff::Backoff;
use crate::clients::race::{Either, either};
use crate::core::context::Context;
use crate::core::fault::Fault;
use crate::core::finding::Finding;
use crate::core::record::{Records, Rejected};
use crate::core::source::Inbox;
use crate::core::thread::{panic_message, spawn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::Notify;
use uuid::Uuid;

/// Makes a record of a message, or says why there can be none.
pub type Make = Box<dyn FnMut(&Message<'_>, &mut Records) -> Result<(), Rejected> + Send>;

/// What is received, and as whom.
#[derive(Debug)]
pub struct Subscription {
    pub settings: Settings,
    pub topics: Vec<String>,
    pub quality: Quality,
    /// How long the broker keeps the session while this client is away.
    pub session: Duration,
}

/// A thread that receives; `stop` ends it and waits, dropping only ends it.
#[derive(Debug)]
pub struct Receiving {
    stop: Arc<Stop>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Receiving {
    fn drop(&mut self) {
        self.stop.is_set.store(true, SeqCst);
        self.stop.changed.notify_one();
    }
}

impl Receiving {
    pub fn start(
        subscription: Subscription,
        context: &Context,
        inbox: Inbox,
        make: Make,
    ) -> Result<Self, Fault> {
        let stop = Arc::new(Stop::default());
        let received = Received::read(inbox.note()?.as_deref());
        let receiver = Receiver {
            subscription,
            context: context.clone(),
            inbox,
            make,
            stop: Arc::clone(&stop),
            is_subscribed: false,
            received,
        };
        let name = format!("{} mqtt", context.service);
        let thread = spawn(&name, move || receiver.run())?;
        Ok(Self { stop, thread: Some(thread) })
    }

    /// Takes nothing more, acknowledges what is durable, says goodbye.
    pub fn stop(mut self) {
        let thread = self.thread.take();
        drop(self);
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread of MQTT panicked");
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Stop {
    is_set: AtomicBool,
    pub changed: Notify,
}

impl Stop {
    pub fn is_set(&self) -> bool {
        self.is_set.load(SeqCst)
    }
}

pub(super) struct Receiver {
    pub subscription: Subscription,
    pub context: Context,
    pub inbox: Inbox,
    pub make: Make,
    pub stop: Arc<Stop>,
    /// The connection of now has come so far.
    pub is_subscribed: bool,
    pub received: Received,
}

impl Receiver {
    fn run(mut self) {
        let seed = self.context.service.len() as u64 + 5;
        let mut backoff = Backoff::new(self.context.pauses, seed);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = match runtime {
            Ok(runtime) => runtime,
            Err(error) => {
                let service = &self.context.service;
                tracing::error!(%service, "MQTT cannot be received: {error}");
                return;
            }
        };
        while !self.stop.is_set() {
            let connection = AssertUnwindSafe(|| runtime.block_on(self.connection()));
            let reason = match catch_unwind(connection) {
                Ok(Ok(())) => return,
                Ok(Err(reason)) => reason,
                Err(panic) => format!("a bug: {}", panic_message(panic.as_ref())),
            };
            if std::mem::take(&mut self.is_subscribed) {
                backoff.reset();
            }
            let broker = self.subscription.settings.broker();
            let fault = Fault::retry(format!("the MQTT broker {broker}: {reason}"));
            let pause = backoff.pause(&fault);
            self.inbox.waits(&fault, pause);
            let rests = async { tokio::time::sleep(pause).await };
            runtime.block_on(either(self.stop.changed.notified(), rests));
        }
    }

    /// One connection, from its beginning to its end; the reason why it had to end.
    async fn connection(&mut self) -> Result<(), String> {
        let session = Session::Kept(self.subscription.session);
        let opening = Line::open(&self.subscription.settings, session);
        match either(self.stop.changed.notified(), opening).await {
            Either::First(()) => Ok(()),
            Either::Second(opened) => {
                let (line, connected) = opened?;
                Taking::new(self).run(line, &connected).await
            }
        }
    }

    pub fn file(&self) -> PathBuf {
        self.context.data.join("mqtt-session.json")
    }

    /// As a session that is begun anew.
    pub fn wanted(&self) -> Remembered {
        Remembered {
            broker: self.subscription.settings.broker(),
            client_id: self.subscription.settings.client_id.clone(),
            topics: self.subscription.topics.clone(),
            qos: self.subscription.quality as u8,
            session: Uuid::new_v4().to_string(),
        }
    }

    pub fn tell_of_lost_session(&self) {
        let what = format!(
            "the MQTT broker {} has lost the session of `{}`",
            self.subscription.settings.broker(),
            self.subscription.settings.client_id
        );
        let finding = Finding::damage(&self.file(), what)
            .done("the topics were subscribed to again; what was published meanwhile is not known here")
            .remedy("let the broker keep its sessions on disk (mosquitto: `persistence true`), and longer");
        tracing::warn!(service = %self.context.service, "{finding}");
    }
}
