//! Sends: a thread that owns the connection and makes it anew when it is lost, and those who send through it and wait
//! until the broker has acknowledged. The broker keeps no session for who sends: what was not acknowledged is sent
//! again by the flow, also after a crash.

use super::line::Line;
use super::publishing::{Limits, Publishing};
use super::settings::Settings;
use super::wire::{GOODBYE, Incoming, LOST, Outgoing, Packet, Sent, Session};
use crate::clients::backoff::Backoff;
use crate::clients::race::{Either, either};
use crate::core::context::Pauses;
use crate::core::fault::Fault;
use crate::core::thread::{panic_message, spawn};
use crate::core::time::now;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::runtime::Builder;
use tokio::sync::Notify;

/// How long who sends waits for a connection before the flow is told that there is none.
const CONNECTED: Duration = Duration::from_secs(1);

/// A way to a broker, whatever version it speaks; it stays connected until it is dropped.
#[derive(Debug)]
pub struct Sending {
    shared: Arc<Shared>,
    broker: String,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// For who sends.
    changed: Condvar,
    /// For the connection.
    asked: Notify,
}

#[derive(Debug)]
struct State {
    link: Link,
    is_stopped: bool,
    /// What the connection shall take, and how long the broker may be silent about it.
    asked: Option<(Vec<Outgoing>, Duration)>,
    /// What became of what it took.
    answers: Option<Vec<Sent>>,
}

#[derive(Debug)]
enum Link {
    Down(String),
    /// With the largest packet that the broker takes, where it says so.
    Up(Option<u32>),
}

impl Sending {
    pub fn start(settings: Settings, pauses: Pauses) -> Result<Self, Fault> {
        let state = State {
            link: Link::Down("not connected yet".into()),
            is_stopped: false,
            asked: None,
            answers: None,
        };
        let (changed, asked) = (Condvar::new(), Notify::new());
        let shared = Arc::new(Shared { state: Mutex::new(state), changed, asked });
        let broker = settings.broker();
        let line = Arc::clone(&shared);
        let thread = spawn("mqtt sends", move || keep_connected(&settings, &line, pauses))?;
        Ok(Self { shared, broker, thread: Some(thread) })
    }

    /// Sends all and waits for each, at most `patience` without any sign of life. One answer for each message.
    pub fn send(
        &mut self,
        messages: Vec<Outgoing>,
        patience: Duration,
    ) -> Result<Vec<Sent>, Fault> {
        let (mut state, _) = self.up()?;
        if messages.is_empty() {
            return Ok(Vec::new());
        }
        state.asked = Some((messages, patience));
        self.shared.asked.notify_one();
        // Whatever becomes of the connection, its thread answers.
        let waits = |state: &mut State| state.answers.is_none();
        let waited = self.shared.changed.wait_while(state, waits);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        Ok(state.answers.take().unwrap_or_default())
    }

    /// Waits a little for a connection; answers the largest packet that the broker takes, where it says so.
    pub fn ready(&mut self) -> Result<Option<u32>, Fault> {
        self.up().map(|(_, packet_max)| packet_max)
    }

    fn up(&self) -> Result<(MutexGuard<'_, State>, Option<u32>), Fault> {
        let is_down = |state: &mut State| matches!(state.link, Link::Down(_));
        let (state, _) = self
            .shared
            .changed
            .wait_timeout_while(self.shared.lock(), CONNECTED, is_down)
            .unwrap_or_else(PoisonError::into_inner);
        match &state.link {
            Link::Up(packet_max) => {
                let packet_max = *packet_max;
                Ok((state, packet_max))
            }
            Link::Down(reason) => {
                Err(Fault::retry(format!("the MQTT broker {}: {reason}", self.broker)))
            }
        }
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.shared.lock().is_stopped = true;
        self.shared.asked.notify_one();
        // It ends within the time for a goodbye.
        drop(self.thread.take().map(JoinHandle::join));
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn stopped(&self) {
        while !self.lock().is_stopped {
            self.asked.notified().await;
        }
    }

    fn is_up(&self, packet_max: Option<u32>) {
        self.lock().link = Link::Up(packet_max);
        self.changed.notify_all();
    }

    fn answer(&self, answers: Vec<Sent>) {
        self.lock().answers = Some(answers);
        self.changed.notify_all();
    }

    /// The connection is gone: nobody waits for it any more. Answers whether the broker took something over it that
    /// was still waited for.
    fn is_down(&self, reason: String, taken: &mut Publishing) -> bool {
        let mut state = self.lock();
        let mut answers = taken.give_up(LOST);
        let was_taken = answers.contains(&Sent::Acknowledged);
        if let Some((messages, _)) = state.asked.take() {
            answers = vec![Sent::Unknown(LOST.to_owned()); messages.len()];
        }
        if !answers.is_empty() {
            state.answers = Some(answers);
        }
        state.link = Link::Down(reason);
        self.changed.notify_all();
        was_taken
    }
}

fn keep_connected(settings: &Settings, shared: &Shared, pauses: Pauses) {
    let mut publishing = Publishing::default();
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            shared.is_down(error.to_string(), &mut publishing);
            return;
        }
    };
    let mut backoff = Backoff::new(pauses, settings.client_id.len() as u64);
    loop {
        let begun = now();
        let work = connection(settings, shared, &mut publishing);
        let reason = match catch_unwind(AssertUnwindSafe(|| runtime.block_on(work))) {
            Ok(Ok(())) => "stopped".to_owned(),
            Ok(Err(reason)) => reason,
            Err(panic) => format!("a bug: {}", panic_message(panic.as_ref())),
        };
        let lasted = matches!(shared.lock().link, Link::Up(_)) && begun.elapsed() > pauses.first;
        let fault = Fault::retry(reason.clone());
        if shared.is_down(reason, &mut publishing) || lasted {
            backoff.reset();
        }
        let rests = async { tokio::time::sleep(backoff.pause(&fault)).await };
        if matches!(runtime.block_on(either(shared.stopped(), rests)), Either::First(())) {
            return;
        }
    }
}

/// One connection, from its beginning to its end; the reason why it had to end.
async fn connection(
    settings: &Settings,
    shared: &Shared,
    publishing: &mut Publishing,
) -> Result<(), String> {
    let opening = Line::open(settings, Session::Fresh);
    let (mut line, connected) = match either(shared.stopped(), opening).await {
        Either::First(()) => return Ok(()),
        Either::Second(opened) => opened?,
    };
    let limits = Limits::of(settings.version, &connected);
    shared.is_up(connected.packet_max);
    let mut silence = Silence::default();
    loop {
        if let Some((messages, patience)) = shared.lock().asked.take() {
            publishing.begin(messages);
            silence = Silence { patience, ends: Some(now() + patience) };
        }
        if shared.lock().is_stopped {
            line.leave(GOODBYE).await;
            return Ok(());
        }
        publishing.write(&mut line, limits);
        if let Some(answers) = publishing.answers() {
            silence = Silence::default();
            shared.answer(answers);
        }
        match either(either(shared.asked.notified(), silence.too_long()), line.turn(true)).await {
            Either::First(Either::First(())) => {}
            Either::First(Either::Second(())) => {
                let seconds = silence.patience.as_secs_f32();
                // It takes connections and messages, and does not acknowledge: a new connection may.
                let reason = format!("no acknowledgement within {seconds} s");
                shared.answer(publishing.give_up(&reason));
                return Err("it did not acknowledge".into());
            }
            Either::Second(turned) => turned?,
        }
        while let Some(incoming) = line.next()? {
            let Incoming::Packet(packet) = incoming else {
                return Err("it sends messages to who has not subscribed".into());
            };
            if matches!(packet, Packet::Answer { .. }) {
                silence.ends = silence.ends.map(|_| now() + silence.patience);
            }
            publishing.handle(packet, &mut line)?;
        }
    }
}

/// How long nothing may be heard while answers are waited for.
#[derive(Debug, Default)]
struct Silence {
    patience: Duration,
    ends: Option<Instant>,
}

impl Silence {
    async fn too_long(&self) {
        match self.ends {
            Some(ends) => tokio::time::sleep_until(ends.into()).await,
            None => pending().await,
        }
    }
}
