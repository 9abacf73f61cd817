//! A connection whose small writes wait for each other: the client of the crate flushes every acknowledgement on its
//! own, which is a system call and a wake of the broker for each message.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, lookup_host};

/// What waits at most; more is sent before anything is added.
const WAITING: usize = 32 * 1024;

/// How long one address of a broker may take, so that the next one has its turn.
const PATIENCE: Duration = Duration::from_secs(2);

/// Sends what was written when the other end is listened to the next time: that is when its owner has nothing more to
/// write. What waits when it is dropped is sent as far as the connection takes it at once.
#[derive(Debug)]
pub struct Gathered<S: AsyncWrite + Unpin> {
    stream: S,
    waiting: Vec<u8>,
}

/// Connects to the first address that answers.
pub async fn connect(broker: String) -> io::Result<Gathered<TcpStream>> {
    let mut last = io::Error::new(io::ErrorKind::InvalidInput, "its name has no address");
    for address in lookup_host(broker).await? {
        match connect_to(address).await {
            Ok(stream) => return Ok(Gathered::new(stream)),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn connect_to(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = tokio::time::timeout(PATIENCE, TcpStream::connect(address)).await??;
    // What is sent has waited already.
    stream.set_nodelay(true)?;
    Ok(stream)
}

impl<S: AsyncWrite + Unpin> Gathered<S> {
    fn new(stream: S) -> Self {
        Self { stream, waiting: Vec::new() }
    }

    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut sent = 0;
        let outcome = loop {
            let rest = self.waiting.get(sent..).unwrap_or_default();
            if rest.is_empty() {
                break Poll::Ready(Ok(()));
            }
            match Pin::new(&mut self.stream).poll_write(context, rest) {
                Poll::Ready(Ok(0)) => break Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(count)) => sent += count,
                Poll::Ready(Err(error)) => break Poll::Ready(Err(error)),
                Poll::Pending => break Poll::Pending,
            }
        };
        self.waiting.drain(..sent);
        outcome
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Gathered<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.waiting.len() >= WAITING {
            ready!(self.poll_send(context))?;
        }
        let room = WAITING.saturating_sub(self.waiting.len());
        let taken = bytes.get(..room).unwrap_or(bytes);
        self.waiting.extend_from_slice(taken);
        Poll::Ready(Ok(taken.len()))
    }

    /// Only the next reading sends.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_send(context))?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Gathered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Poll::Ready(Err(error)) = self.poll_send(context) {
            return Poll::Ready(Err(error));
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> Drop for Gathered<S> {
    /// The goodbye is the last that is written, and nobody listens after it.
    fn drop(&mut self) {
        let mut nobody = Context::from_waker(Waker::noop());
        drop(self.poll_send(&mut nobody));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    /// Takes at most so many bytes until it is read from, and notes every write.
    #[derive(Default)]
    struct Line {
        writes: Vec<usize>,
        takes: usize,
    }

    impl AsyncWrite for &mut Line {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            let taken = bytes.len().min(self.takes);
            if taken == 0 {
                return Poll::Pending;
            }
            self.takes -= taken;
            self.writes.push(taken);
            Poll::Ready(Ok(taken))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    impl AsyncRead for &mut Line {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    fn block_on<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
    }

    #[test]
    fn what_is_flushed_many_times_is_sent_once_and_before_anything_is_read() {
        let mut line = Line { takes: usize::MAX, ..Line::default() };
        block_on(async {
            let mut gathered = Gathered::new(&mut line);
            for _ in 0..1000 {
                gathered.write_all(b"PUBA").await.unwrap();
                gathered.flush().await.unwrap();
            }
            assert!(gathered.stream.writes.is_empty());
            gathered.read_u8().await.unwrap_err();
            assert_eq!(gathered.stream.writes, [4000]);
        });
    }

    #[test]
    fn no_more_waits_than_allowed_and_nothing_is_lost_or_twice() {
        let (near, mut far) = tokio::io::duplex(100);
        let bytes: Vec<u8> = (0..200_000_u32).map(|number| (number % 251) as u8).collect();
        block_on(async {
            let mut gathered = Gathered::new(near);
            let sends = async {
                gathered.write_all(&bytes).await.unwrap();
                assert!(gathered.waiting.len() <= WAITING);
                gathered.shutdown().await.unwrap();
            };
            let mut received = Vec::new();
            crate::clients::race::both(sends, far.read_to_end(&mut received)).await.1.unwrap();
            assert!(received == bytes);
        });
    }

    #[test]
    fn the_last_words_are_sent_when_it_is_dropped() {
        let mut line = Line { takes: 100, ..Line::default() };
        block_on(async {
            let mut gathered = Gathered::new(&mut line);
            gathered.write_all(b"goodbye").await.unwrap();
            gathered.flush().await.unwrap();
        });
        assert_eq!(line.writes, [7]);
        // One that takes nothing more holds nobody up.
        let mut deaf = Line::default();
        block_on(async { Gathered::new(&mut deaf).write_all(b"goodbye").await.unwrap() });
        assert!(deaf.writes.is_empty());
    }
}
