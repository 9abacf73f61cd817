//! One connection: how it is made, what its session is set to, and waiting for it with an end.

use super::trouble::{Kind, Trouble};
use super::url::{Address, Security};
use std::fmt;
use std::future::{Future, poll_fn};
use std::ops::Deref;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_postgres::config::{SslMode, TargetSessionAttrs};
use tokio_postgres::{AsyncMessage, Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long connecting may take together with encryption and login, unless the URL says otherwise.
const CONNECT: Duration = Duration::from_secs(3);

/// A peer that is gone without a word is noticed: what was sent is not confirmed for so long, or an idle connection
/// does not answer.
const UNCONFIRMED: Duration = Duration::from_secs(10);
const KEEPALIVE_IDLE: Duration = Duration::from_secs(20);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);

/// Where to connect, ready for use.
#[derive(Clone)]
pub struct Server {
    config: Config,
    encryption: MakeRustlsConnect,
    patience: Duration,
}

impl Server {
    pub fn new(address: &Address) -> Result<Self, String> {
        let encryption = super::tls::connector(address)?;
        let mut config = Config::new();
        for (host, port) in &address.hosts {
            config.host(host.as_str()).port(*port);
        }
        config.user(address.user.as_str()).dbname(address.database.as_str());
        if let Some(password) = &address.password {
            config.password(password);
        }
        if let Some(options) = &address.options {
            config.options(options.as_str());
        }
        config.ssl_mode(match address.security {
            Security::Disable => SslMode::Disable,
            Security::Prefer => SslMode::Prefer,
            Security::Require | Security::VerifyAuthority | Security::VerifyFull => {
                SslMode::Require
            }
        });
        if address.needs_writable {
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        config
            .application_name(address.application.as_deref().unwrap_or("headwater"))
            .tcp_user_timeout(UNCONFIRMED)
            .keepalives_idle(KEEPALIVE_IDLE)
            .keepalives_interval(KEEPALIVE_INTERVAL)
            .keepalives_retries(2);
        let patience = address.connect_timeout.unwrap_or(CONNECT);
        // Each of several hosts gets its share, so that the second one is reached.
        config.connect_timeout(patience / u32::try_from(address.hosts.len()).unwrap_or(1).max(1));
        Ok(Self { config, encryption, patience })
    }

    /// Connects and sets the session; ends within the time for connecting.
    pub async fn connect(&self, settings: &str) -> Result<Connection, Trouble> {
        let made = async {
            let encryption = self.encryption.clone();
            let (client, mut driver) = self.config.connect(encryption).await?;
            let noticed = Arc::new(Notify::new());
            let told = Arc::clone(&noticed);
            let driver = tokio::spawn(async move {
                while let Some(Ok(message)) = poll_fn(|context| driver.poll_message(context)).await
                {
                    if let AsyncMessage::Notification(_) = message {
                        told.notify_one();
                    }
                }
                // Whoever waits for a notice shall see that none can come.
                told.notify_one();
            });
            let connection = Connection { client, noticed, driver };
            connection.batch_execute(&format!("{SESSION}{settings}")).await?;
            Ok(connection)
        };
        tokio::time::timeout(self.patience, made).await.unwrap_or_else(|_| {
            let waited = self.patience.as_secs_f32();
            Err(Trouble::new(Kind::Lost, format!("no connection within {waited} s")))
        })
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Server").finish_non_exhaustive()
    }
}

/// What every session is set to. A transaction of a process that hangs ends by itself and lets its locks go. What is
/// acknowledged is on the disk, even where the server's default is not to wait for it.
const SESSION: &str = "SET default_transaction_isolation = 'read committed'; \
    SET client_min_messages = 'warning'; \
    SET jit = off; \
    SET idle_in_transaction_session_timeout = '10s'; \
    SET extra_float_digits = 1; \
    SELECT set_config('synchronous_commit', 'on', false) \
    WHERE current_setting('synchronous_commit') = 'off'; ";

/// A connection, driven by the runtime it was made on; dropping it ends it.
pub struct Connection {
    client: Client,
    noticed: Arc<Notify>,
    driver: JoinHandle<()>,
}

impl Connection {
    /// Waits for a notification, or for the end of the connection.
    pub async fn noticed(&self) {
        self.noticed.notified().await;
    }
}

impl Deref for Connection {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // A server that hangs would keep the driver waiting for the end of a polite goodbye.
        self.driver.abort();
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Connection").finish_non_exhaustive()
    }
}

/// Waits for an answer until then.
pub async fn until<T>(
    deadline: Instant,
    work: impl Future<Output = Result<T, Trouble>>,
) -> Result<T, Trouble> {
    tokio::time::timeout_at(deadline.into(), work)
        .await
        .unwrap_or_else(|_| Err(Trouble::new(Kind::Late, "the server did not answer in time")))
}
