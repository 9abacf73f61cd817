//! A TCP proxy that does to connections what networks do: cuts, delays, holds and halves.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    target: String,
    weather: Mutex<Weather>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Weather {
    is_cut: bool,
    is_held: bool,
    delay: Duration,
    /// The next answer ends in its middle, and with it the connection.
    halves: bool,
    has_ended: bool,
    streams: Vec<TcpStream>,
    taken: usize,
}

impl Proxy {
    /// To `target`, a host and a port.
    pub fn to(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (weather, changed) = (Mutex::default(), Condvar::new());
        let shared = Arc::new(Shared { target: target.to_owned(), weather, changed });
        let taking = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if taking.lock().has_ended {
                    return;
                }
                take(&taking, stream);
            }
        });
        Self { address, shared, thread: Some(thread) }
    }

    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Ends all connections and takes no new ones.
    pub fn cut(&self) {
        let mut weather = self.shared.lock();
        weather.is_cut = true;
        end(&mut weather.streams);
    }

    pub fn mend(&self) {
        self.change(|weather| weather.is_cut = false);
    }

    /// Ends the connections of now, and takes new ones.
    pub fn drop_connections(&self) {
        end(&mut self.shared.lock().streams);
    }

    /// Nothing passes in either direction until `release`; connections stay.
    pub fn hold(&self) {
        self.change(|weather| weather.is_held = true);
    }

    pub fn release(&self) {
        self.change(|weather| weather.is_held = false);
    }

    /// Everything that comes takes so much longer, in either direction.
    pub fn delay(&self, delay: Duration) {
        self.change(|weather| weather.delay = delay);
    }

    /// Half of the next answer passes, then its connection ends.
    pub fn halve_next_answer(&self) {
        self.change(|weather| weather.halves = true);
    }

    /// Connections taken since the start.
    pub fn taken(&self) -> usize {
        self.shared.lock().taken
    }

    fn change(&self, change: impl FnOnce(&mut Weather)) {
        change(&mut self.shared.lock());
        self.shared.changed.notify_all();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.change(|weather| {
            weather.has_ended = true;
            weather.is_held = false;
            end(&mut weather.streams);
        });
        // Wakes the listening thread, which then lets the port go.
        drop(TcpStream::connect(self.address));
        drop(self.thread.take().map(JoinHandle::join));
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Weather> {
        self.weather.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits as the weather demands.
    fn pass(&self) {
        let weather = self.lock();
        let delay = weather.delay;
        let is_calm = |weather: &mut Weather| !weather.has_ended;
        let waited = self.changed.wait_timeout_while(weather, delay, |weather| {
            is_calm(weather) && !weather.delay.is_zero()
        });
        let weather = waited.unwrap_or_else(PoisonError::into_inner).0;
        let held = self.changed.wait_while(weather, |weather| is_calm(weather) && weather.is_held);
        drop(held.unwrap_or_else(PoisonError::into_inner));
    }
}

fn end(streams: &mut Vec<TcpStream>) {
    for stream in streams.drain(..) {
        drop(stream.shutdown(Shutdown::Both));
    }
}

fn take(shared: &Arc<Shared>, client: TcpStream) {
    let mut weather = shared.lock();
    if weather.is_cut {
        return;
    }
    weather.taken += 1;
    let Ok(server) = TcpStream::connect(&shared.target) else { return };
    for stream in [&client, &server] {
        stream.set_nodelay(true).unwrap();
        weather.streams.push(stream.try_clone().unwrap());
    }
    drop(weather);
    let (from_client, to_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let forth = Arc::clone(shared);
    std::thread::spawn(move || carry(&forth, from_client, to_server, false));
    let back = Arc::clone(shared);
    std::thread::spawn(move || carry(&back, server, client, true));
}

fn carry(shared: &Shared, mut from: TcpStream, mut to: TcpStream, is_answer: bool) {
    let mut buffer = vec![0; 65_536];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        shared.pass();
        let halves = is_answer && std::mem::take(&mut shared.lock().halves);
        let length = if halves { length / 2 } else { length };
        if to.write_all(&buffer[..length]).is_err() || halves {
            break;
        }
    }
    drop(to.shutdown(Shutdown::Both));
    drop(from.shutdown(Shutdown::Both));
}
