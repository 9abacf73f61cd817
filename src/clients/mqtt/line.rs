//! One connection to a broker: what was read and not yet looked at, what waits to be sent, and the pings by which a
//! dead one is found. It knows packets and no flow of them. After an error it is of no use any more.

use super::frame::{frame, is_message, message};
use super::settings::{Settings, Version};
use super::stream::{Bytes, connect, words};
use super::wire::{Connected, Incoming, Outgoing, PATIENCE, Packet, Quality, Session};
use super::{version4, version5};
use crate::core::time::now;
use bytes::{Buf as _, BytesMut};
use std::fmt::Display;
use std::future::{Future as _, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWrite as _, AsyncWriteExt as _};
use tokio::time::{Interval, MissedTickBehavior, interval_at};

/// What is read at a time: many messages, and little beside what waits for the journal.
const READ_BYTES: usize = 64 * 1024;

/// What may wait for a broker that takes nothing; nothing more is read then, which might want an answer.
pub const WAITING_BYTES: usize = 256 * 1024;

/// A buffer that one large message made this large is given back when it is empty.
const KEPT_BYTES: usize = 1024 * 1024;

/// How often a broker is asked that does not want to be asked at all.
const SILENCE: Duration = Duration::from_mins(1);

pub struct Line {
    stream: Box<dyn Bytes>,
    version: Version,
    input: BytesMut,
    /// How much of the input was handed out by the last call of `next`.
    done: usize,
    /// What is sent by the next turn.
    pub output: BytesMut,
    beat: Interval,
    is_pinged: bool,
    /// Something has come since the last ping, or nothing was read by will of our own.
    is_heard: bool,
}

impl Line {
    /// Connects and introduces itself.
    pub async fn open(settings: &Settings, session: Session) -> Result<(Self, Connected), String> {
        tokio::time::timeout(PATIENCE, Self::introduced(settings, session))
            .await
            .unwrap_or_else(|_| Err("no answer in time".into()))
    }

    async fn introduced(
        settings: &Settings,
        session: Session,
    ) -> Result<(Self, Connected), String> {
        let password = settings.password().map_err(|fault| fault.reason().to_owned())?;
        let stream = connect(settings).await?;
        let every_seconds = Duration::from_secs(settings.keep_alive_seconds().into());
        let mut line = Self::over(stream, settings.version, every_seconds);
        let out = &mut line.output;
        match settings.version {
            Version::Four => told(version4::connect(settings, password, session, out)),
            Version::Five => told(version5::connect(settings, password, session, out)),
        }?;
        let connected = loop {
            line.turn(true).await?;
            match line.next()? {
                None => {}
                Some(Incoming::Packet(Packet::Connected(connected))) => break connected,
                Some(Incoming::Packet(Packet::Refused(reason))) => return Err(reason),
                Some(_) => return Err("its first word is not that we are connected".into()),
            }
        };
        if let Some(seconds) = connected.keep_alive {
            line.beat = every(Duration::from_secs(seconds.into()));
        }
        Ok((line, connected))
    }

    pub fn over(stream: Box<dyn Bytes>, version: Version, keep_alive: Duration) -> Self {
        Self {
            stream,
            version,
            input: BytesMut::new(),
            done: 0,
            output: BytesMut::new(),
            beat: every(keep_alive),
            is_pinged: false,
            is_heard: false,
        }
    }

    pub fn subscribe(
        &mut self,
        id: u16,
        filters: &[String],
        quality: Quality,
    ) -> Result<(), String> {
        let out = &mut self.output;
        match self.version {
            Version::Four => told(version4::subscribe(id, filters, quality, out)),
            Version::Five => told(version5::subscribe(id, filters, quality, out)),
        }
    }

    pub fn unsubscribe(&mut self, id: u16, filters: &[String]) -> Result<(), String> {
        match self.version {
            Version::Four => told(version4::unsubscribe(id, filters, &mut self.output)),
            Version::Five => told(version5::unsubscribe(id, filters, &mut self.output)),
        }
    }

    /// A message that no packet can hold leaves nothing behind.
    pub fn publish(&mut self, id: u16, message: &Outgoing) -> Result<(), String> {
        let before = self.output.len();
        let written = match self.version {
            Version::Four => told(version4::publish(id, message, &mut self.output)),
            Version::Five => told(version5::publish(id, message, &mut self.output)),
        };
        if written.is_err() {
            self.output.truncate(before);
        }
        written
    }

    /// Sends what waits and reads what has come; ends when something has been read, or when all that waited has been
    /// sent. Nothing is lost when it is dropped half-way. Without `reads` nothing is read, and nothing is missed.
    pub async fn turn(&mut self, reads: bool) -> Result<(), String> {
        poll_fn(|context| self.poll_turn(context, reads)).await
    }

    /// The next packet of what has been read.
    #[inline]
    pub fn next(&mut self) -> Result<Option<Incoming<'_>>, String> {
        self.input.advance(std::mem::take(&mut self.done));
        let Some(found) = frame(&self.input)? else { return Ok(None) };
        self.done = found.whole;
        let packet = self.input.get(..found.whole).unwrap_or_default();
        if is_message(found.first) {
            let body = packet.get(found.head..).unwrap_or_default();
            return message(self.version, found.first, body).map(|it| Some(Incoming::Message(it)));
        }
        let packet = match self.version {
            Version::Four => version4::read(packet),
            Version::Five => version5::read(packet),
        }?;
        match packet {
            Packet::Goodbye(reason) => Err(format!("it ended the connection: {reason}")),
            packet => Ok(Some(Incoming::Packet(packet))),
        }
    }

    /// Says goodbye behind everything that waits, and stays until the other end has heard it.
    pub async fn leave(mut self, patience: Duration) {
        self.output.extend_from_slice(&[0xe0, 0]);
        let goodbye = async {
            self.stream.write_all(&self.output).await?;
            self.stream.shutdown().await?;
            // Closed with something unread, a connection takes back what was sent last.
            let mut rest = BytesMut::with_capacity(READ_BYTES);
            while self.stream.read_buf(&mut rest).await? > 0 {
                rest.clear();
            }
            Ok::<(), std::io::Error>(())
        };
        // Who does not hear it finds out.
        drop(tokio::time::timeout(patience, goodbye).await);
    }

    fn poll_turn(&mut self, context: &mut Context<'_>, reads: bool) -> Poll<Result<(), String>> {
        self.is_heard |= !reads;
        while self.beat.poll_tick(context).is_ready() {
            self.ping()?;
        }
        let waited = self.output.len();
        let has_sent = match self.poll_send(context) {
            Poll::Ready(sent) => sent.map(|()| waited > 0).map_err(|error| words(&error))?,
            Poll::Pending => false,
        };
        // It takes what is much, so it is there, though its answer may wait behind.
        self.is_heard |= waited >= WAITING_BYTES && self.output.len() < waited;
        if reads && self.output.len() < WAITING_BYTES {
            match self.poll_read(context) {
                Poll::Ready(read) => return Poll::Ready(read),
                Poll::Pending => {}
            }
        }
        if has_sent { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    fn ping(&mut self) -> Result<(), String> {
        if self.is_pinged && !self.is_heard {
            return Err("no answer in time".into());
        }
        self.output.extend_from_slice(&[0xc0, 0]);
        (self.is_pinged, self.is_heard) = (true, false);
        Ok(())
    }

    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        if self.output.is_empty() {
            return Pin::new(&mut self.stream).poll_flush(context);
        }
        while !self.output.is_empty() {
            let sent = ready!(Pin::new(&mut self.stream).poll_write(context, &self.output))?;
            if sent == 0 {
                return Poll::Ready(Err(std::io::ErrorKind::WriteZero.into()));
            }
            self.output.advance(sent);
        }
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Result<(), String>> {
        self.input.advance(std::mem::take(&mut self.done));
        if self.input.is_empty() && self.input.capacity() > KEPT_BYTES {
            self.input = BytesMut::new();
        }
        self.input.reserve(READ_BYTES);
        let read = pin!(self.stream.read_buf(&mut self.input));
        let read = ready!(read.poll(context)).map_err(|error| words(&error))?;
        if read == 0 {
            return Poll::Ready(Err("it closed the connection".into()));
        }
        self.is_heard = true;
        Poll::Ready(Ok(()))
    }
}

/// Ticks for pings: so often that the broker always hears something in time. One that wants none gets one now and then
/// all the same, because it is by them that this side finds out.
fn every(span: Duration) -> Interval {
    let span = if span.is_zero() { SILENCE } else { span };
    let mut interval = interval_at(tokio::time::Instant::from_std(now()) + span, span);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

fn told(written: Result<(), impl Display>) -> Result<(), String> {
    written.map_err(|error| format!("it cannot be asked: {error}"))
}
