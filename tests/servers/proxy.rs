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
    /// What clients say is held, and what they are told is not.
    is_deaf: bool,
    delay: Duration,
    /// The next answer ends in its middle, and with it the connection.
    halves: bool,
    catch: Catch,
    has_ended: bool,
    streams: Vec<TcpStream>,
    taken: usize,
}

/// An answer behind which its connection ends, at a moment that the test chooses.
#[derive(Debug, Default, PartialEq)]
enum Catch {
    #[default]
    Nothing,
    /// The next one that holds this.
    Wanted(Vec<u8>),
    Caught,
    LetGo,
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

    /// Nothing that clients say passes until `release`.
    pub fn be_deaf(&self) {
        self.change(|weather| weather.is_deaf = true);
    }

    pub fn release(&self) {
        self.change(|weather| (weather.is_held, weather.is_deaf) = (false, false));
    }

    /// Everything that comes takes so much longer, in either direction.
    pub fn delay(&self, delay: Duration) {
        self.change(|weather| weather.delay = delay);
    }

    /// Half of the next answer passes, then its connection ends.
    pub fn halve_next_answer(&self) {
        self.change(|weather| weather.halves = true);
    }

    /// The next answer that holds this waits until `end_with_caught`.
    pub fn catch(&self, part: &[u8]) {
        self.change(|weather| weather.catch = Catch::Wanted(part.to_vec()));
    }

    pub fn has_caught(&self) -> bool {
        self.shared.lock().catch == Catch::Caught
    }

    /// The answer that was caught passes and its connection ends behind it; both have happened when this returns.
    pub fn end_with_caught(&self) {
        self.change(|weather| weather.catch = Catch::LetGo);
        let is_under_way = |weather: &mut Weather| weather.catch == Catch::LetGo;
        drop(self.shared.changed.wait_while(self.shared.lock(), is_under_way));
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
            (weather.is_held, weather.is_deaf) = (false, false);
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
    fn pass(&self, is_answer: bool) {
        let weather = self.lock();
        let delay = weather.delay;
        let is_calm = |weather: &mut Weather| !weather.has_ended;
        let waited = self.changed.wait_timeout_while(weather, delay, |weather| {
            is_calm(weather) && !weather.delay.is_zero()
        });
        let weather = waited.unwrap_or_else(PoisonError::into_inner).0;
        let held = self.changed.wait_while(weather, |weather| {
            is_calm(weather) && (weather.is_held || (weather.is_deaf && !is_answer))
        });
        drop(held.unwrap_or_else(PoisonError::into_inner));
    }
}

impl Shared {
    /// Holds an answer that is wanted until it is let go; answers whether it was.
    fn catch(&self, answer: &[u8]) -> bool {
        let mut weather = self.lock();
        let is_wanted = match &weather.catch {
            Catch::Wanted(part) => answer.windows(part.len()).any(|it| it == part),
            _ => false,
        };
        if is_wanted {
            weather.catch = Catch::Caught;
            let is_caught =
                |weather: &mut Weather| weather.catch == Catch::Caught && !weather.has_ended;
            drop(self.changed.wait_while(weather, is_caught));
        }
        is_wanted
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
    let mut is_caught = false;
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        shared.pass(is_answer);
        let halves = is_answer && std::mem::take(&mut shared.lock().halves);
        let length = if halves { length / 2 } else { length };
        is_caught = is_answer && shared.catch(&buffer[..length]);
        if to.write_all(&buffer[..length]).is_err() || halves || is_caught {
            break;
        }
    }
    drop(to.shutdown(Shutdown::Both));
    drop(from.shutdown(Shutdown::Both));
    if is_caught {
        shared.lock().catch = Catch::Nothing;
        shared.changed.notify_all();
    }
}
