//! Sends: a thread that owns the connection and makes it anew when it is lost, and those who send through it and wait
//! until the broker has acknowledged. The broker keeps no session for who sends: what was not acknowledged is sent
//! again by the flow, also after a crash.

use super::settings::{Settings, Version};
use super::version4::Version4;
use super::version5::Version5;
use super::wire::{Event, GOODBYE, Outgoing, PATIENCE, Sent, Session, Wire};
use crate::clients::backoff::Backoff;
use crate::clients::race::{Either, either};
use crate::core::context::Pauses;
use crate::core::fault::Fault;
use crate::core::thread::{panic_message, spawn};
use crate::core::time::now;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;

/// How long who sends waits for a connection before the flow is told that there is none.
const CONNECTED: Duration = Duration::from_secs(1);

/// A way to a broker, whatever version it speaks.
pub trait Broker: Send {
    /// Sends all and waits for each, at most `patience` without any sign of life. One answer for each message.
    fn send(&mut self, messages: Vec<Outgoing>, patience: Duration) -> Result<Vec<Sent>, Fault>;

    /// The largest packet that the broker takes, where it says so.
    fn packet_max(&self) -> Option<u32>;
}

/// Connects, and stays connected.
pub fn connect(settings: Settings, pauses: Pauses) -> Result<Box<dyn Broker>, Fault> {
    Ok(match settings.version {
        Version::Four => Box::new(Sending::<Version4>::start(settings, pauses)?),
        Version::Five => Box::new(Sending::<Version5>::start(settings, pauses)?),
    })
}

struct Sending<V: Wire> {
    shared: Arc<Shared<V::Handle>>,
    broker: String,
    /// Where answers are waited for.
    runtime: Runtime,
    thread: Option<JoinHandle<()>>,
}

struct Shared<H> {
    state: Mutex<State<H>>,
    changed: Condvar,
    /// The connection of now is of no use.
    give_up: Notify,
    stop: Notify,
    is_stopped: AtomicBool,
}

enum State<H> {
    Down(String),
    Up(H, Option<u32>),
}

impl<V: Wire> Sending<V> {
    fn start(settings: Settings, pauses: Pauses) -> Result<Self, Fault> {
        let shared = Arc::new(Shared {
            state: Mutex::new(State::Down("not connected yet".into())),
            changed: Condvar::new(),
            give_up: Notify::new(),
            stop: Notify::new(),
            is_stopped: AtomicBool::new(false),
        });
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let broker = settings.broker();
        let line = Arc::clone(&shared);
        let thread = spawn("mqtt sends", move || keep_connected::<V>(&settings, &line, pauses))?;
        Ok(Self { shared, broker, runtime, thread: Some(thread) })
    }

    fn fault(&self, reason: &str) -> Fault {
        Fault::retry(format!("the MQTT broker {}: {reason}", self.broker))
    }

    /// The connection of now; waits a little for one.
    fn handle(&self) -> Result<V::Handle, Fault> {
        let is_down = |state: &mut State<V::Handle>| matches!(state, State::Down(_));
        let (state, _) = self
            .shared
            .changed
            .wait_timeout_while(self.shared.lock(), CONNECTED, is_down)
            .unwrap_or_else(PoisonError::into_inner);
        match &*state {
            State::Up(handle, _) => Ok(handle.clone()),
            State::Down(reason) => Err(self.fault(reason)),
        }
    }
}

impl<V: Wire> Broker for Sending<V> {
    fn send(&mut self, messages: Vec<Outgoing>, patience: Duration) -> Result<Vec<Sent>, Fault> {
        let handle = self.handle()?;
        let expected = messages.len();
        let waiting: Vec<_> =
            messages.into_iter().map(|message| V::send(&handle, message)).collect();
        let answers = self.runtime.block_on(async {
            let mut answers = Vec::with_capacity(expected);
            for answer in waiting {
                match tokio::time::timeout(patience, answer).await {
                    Ok(answer) => answers.push(answer),
                    Err(_) => break,
                }
            }
            answers
        });
        let mut answers = answers;
        if answers.len() < expected {
            // It takes connections and messages, and does not acknowledge: a new connection may.
            self.shared.give_up.notify_one();
            let seconds = patience.as_secs_f32();
            let silent = Sent::Unknown(format!("no acknowledgement within {seconds} s"));
            answers.resize(expected, silent);
        }
        Ok(answers)
    }

    fn packet_max(&self) -> Option<u32> {
        match &*self.shared.lock() {
            State::Up(_, packet_max) => *packet_max,
            State::Down(_) => None,
        }
    }
}

impl<V: Wire> Drop for Sending<V> {
    fn drop(&mut self) {
        self.shared.is_stopped.store(true, SeqCst);
        self.shared.stop.notify_one();
        // It ends within the time for a goodbye.
        drop(self.thread.take().map(JoinHandle::join));
    }
}

impl<H> Shared<H> {
    fn lock(&self) -> MutexGuard<'_, State<H>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, state: State<H>) {
        *self.lock() = state;
        self.changed.notify_all();
    }
}

fn keep_connected<V: Wire>(settings: &Settings, shared: &Shared<V::Handle>, pauses: Pauses) {
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return shared.set(State::Down(error.to_string())),
    };
    let mut backoff = Backoff::new(pauses, settings.client_id.len() as u64);
    while !shared.is_stopped.load(SeqCst) {
        let begun = now();
        let connection = AssertUnwindSafe(|| runtime.block_on(connection::<V>(settings, shared)));
        let reason = match catch_unwind(connection) {
            Ok(Ok(())) => return,
            Ok(Err(reason)) => reason,
            Err(panic) => format!("a bug: {}", panic_message(panic.as_ref())),
        };
        if matches!(&*shared.lock(), State::Up(..)) && begun.elapsed() > pauses.first {
            backoff.reset();
        }
        let fault = Fault::retry(reason.clone());
        shared.set(State::Down(reason));
        let rests = async { tokio::time::sleep(backoff.pause(&fault)).await };
        runtime.block_on(either(shared.stop.notified(), rests));
    }
}

/// One connection, from its beginning to its end; the reason why it had to end.
async fn connection<V: Wire>(
    settings: &Settings,
    shared: &Shared<V::Handle>,
) -> Result<(), String> {
    let opened = V::open(settings, Session::Fresh);
    let (handle, mut line) = opened.map_err(|fault| fault.reason().to_owned())?;
    let mut deadline = Some(now() + PATIENCE);
    let mut is_leaving = false;
    loop {
        let mut next = pin!(V::next(&mut line));
        let event = loop {
            let too_late = async {
                match deadline {
                    Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
                    None => std::future::pending().await,
                }
            };
            let stop = either(shared.stop.notified(), shared.give_up.notified());
            match either(next.as_mut(), either(stop, too_late)).await {
                Either::First(event) => break event,
                Either::Second(Either::First(Either::First(()))) => {
                    V::leave(&handle);
                    is_leaving = true;
                    deadline = Some(now() + GOODBYE);
                }
                Either::Second(Either::First(Either::Second(()))) => {
                    return Err("it did not acknowledge".into());
                }
                Either::Second(Either::Second(())) if is_leaving => return Ok(()),
                Either::Second(Either::Second(())) => return Err("no answer in time".into()),
            }
        };
        match event {
            Ok(Event::Connected { packet_max, .. }) => {
                deadline = None;
                shared.set(State::Up(handle.clone(), packet_max));
            }
            Ok(_) => {}
            Err(_) if is_leaving => return Ok(()),
            Err(reason) => return Err(reason),
        }
    }
}
