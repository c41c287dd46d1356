use std::collections::VecDeque;
use std::fmt;
use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use session_core::StoreError;
use sqlx::Connection;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use super::{Attempt, Lent};
use crate::home::Home;
use crate::sql::Held;

/// A database server: its connections and the meaning of its errors.
///
/// `Display` names it in messages, without a password.
pub(crate) trait Server: fmt::Display + fmt::Debug + Send + Sync + 'static {
    type Connection: Connection + 'static;

    fn connect(&self) -> impl Future<Output = Result<Self::Connection, sqlx::Error>> + Send;

    /// Begins a call on a connection, and ends one that succeeded or failed.
    ///
    /// Behind a pooler that gives each transaction another connection, a call is a transaction.
    fn begin(
        &self,
        _: &mut Self::Connection,
    ) -> impl Future<Output = Result<(), sqlx::Error>> + Send {
        ready(Ok(()))
    }

    /// See [`begin`](Self::begin).
    fn end(
        &self,
        _: &mut Self::Connection,
        _: Ending,
    ) -> impl Future<Output = Result<(), sqlx::Error>> + Send {
        ready(Ok(()))
    }

    fn verdict(error: &sqlx::Error) -> Verdict;

    /// Describes an error and its remedy.
    fn reason(error: &sqlx::Error) -> &'static str;
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Failed,
    Succeeded,
}

/// The consequence of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The connection is unusable, and the statement may have been applied.
    Broken,
    /// The connection is unusable for this statement, which was not applied.
    Unfit,
    /// The statement was undone because of concurrent ones.
    Raced,
    /// The server refuses this statement, which proves that it would carry out others.
    Refused,
}

/// A pool of connections to one server, each of which serves one call at a time.
///
/// Unlike `sqlx`'s pool it needs one round trip a call, without a ping before or after. A
/// connection whose call was cancelled is closed and never reused. When a connection breaks, the
/// idle ones are dropped too, because they are older than the outage.
#[derive(Debug)]
pub(crate) struct Pool<S: Server> {
    server: S,
    /// The most recently used connection is at the back, and is used next.
    idle: Mutex<VecDeque<Idle<S::Connection>>>,
    /// The application's pool, which gives and takes each connection; then none is idle here.
    shared: Option<Shared<S>>,
    permits: Arc<Semaphore>,
    home: Home,
    size: u32,
    timeout: Duration,
}

/// A pool of `sqlx`.
pub(crate) type Shared<S> = sqlx::Pool<<<S as Server>::Connection as Connection>::Database>;

#[derive(Debug)]
struct Idle<C> {
    connection: C,
    since: Instant,
}

enum Failure {
    Closed,
    Crowded,
    Slow,
    Error(sqlx::Error),
}

impl<S: Server> Pool<S> {
    /// Creates a pool without connections.
    pub(crate) fn new(server: S, home: Home, size: u32, timeout: Duration) -> Self {
        let size = size.max(1);
        let permits = usize::try_from(size).unwrap_or(Semaphore::MAX_PERMITS);
        Self {
            server,
            idle: Mutex::default(),
            shared: None,
            permits: Arc::new(Semaphore::new(permits)),
            home,
            size,
            timeout,
        }
    }

    /// Creates a pool that takes its connections from the application's, one a call.
    ///
    /// That pool stays the application's: it is not closed here.
    pub(crate) fn shared(server: S, home: Home, pool: Shared<S>, timeout: Duration) -> Self {
        let size = pool.options().get_max_connections();
        Self {
            shared: Some(pool),
            ..Self::new(server, home, size, timeout)
        }
    }

    pub(crate) fn server(&self) -> &S {
        &self.server
    }

    /// Returns how long a call waits for a connection, and again for the answer.
    #[cfg(all(feature = "cached", feature = "postgres"))]
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Makes an error of a failed connection outside the pool.
    #[cfg(all(feature = "cached", feature = "postgres"))]
    pub(crate) fn failed(&self, doing: &str, error: sqlx::Error) -> StoreError {
        self.error(doing, Failure::Error(error))
    }

    /// Makes an error of a time-out on a connection outside the pool.
    #[cfg(all(feature = "cached", feature = "postgres"))]
    pub(crate) fn slow(&self, doing: &str) -> StoreError {
        self.error(doing, Failure::Slow)
    }

    /// Runs statements on one connection, within twice the time-out.
    ///
    /// `work` returns the connection with the answer; a cancelled call closes it.
    ///
    /// `work` may run again: if concurrent statements undid it, and once more on a fresh connection
    /// if the idle one was broken. Then it may have been applied the first time. A `Touch` or a
    /// `Delete` may be applied twice; an `Insert` or a `Replace` is refused the second time, which
    /// [`outcome`](super::outcome()) detects.
    pub(crate) async fn run<T, F>(
        &self,
        doing: &str,
        work: impl Fn(Lent<S::Connection>) -> F,
    ) -> Result<T, StoreError>
    where
        F: Future<Output = (Lent<S::Connection>, Result<T, sqlx::Error>)>,
    {
        let (answer, _) = self.run_telling(doing, work).await?;
        Ok(answer)
    }

    /// Does the same, and says whether a connection broke on the way.
    pub(crate) async fn run_telling<T, F>(
        &self,
        doing: &str,
        work: impl Fn(Lent<S::Connection>) -> F,
    ) -> Result<(T, Attempt), StoreError>
    where
        F: Future<Output = (Lent<S::Connection>, Result<T, sqlx::Error>)>,
    {
        let answer = timeout(self.timeout * 2, self.attempt(work)).await;
        answer
            .unwrap_or(Err(Failure::Slow))
            .map_err(|failure| self.error(doing, failure))
    }

    /// Limits several runs to the time of one.
    pub(crate) async fn within<T>(
        &self,
        doing: &str,
        runs: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let answer = timeout(self.timeout * 2, runs).await;
        answer.unwrap_or_else(|_| Err(self.error(doing, Failure::Slow)))
    }

    /// Closes all connections once the running calls are done; later calls fail.
    pub(crate) async fn close(&self) {
        let permits = self.permits.acquire_many(self.size).await;
        self.permits.close();
        drop(permits);
        let idle = std::mem::take(&mut *self.idle());
        self.part(idle).await;
    }

    async fn attempt<T, F>(
        &self,
        work: impl Fn(Lent<S::Connection>) -> F,
    ) -> Result<(T, Attempt), Failure>
    where
        F: Future<Output = (Lent<S::Connection>, Result<T, sqlx::Error>)>,
    {
        let seats = Arc::clone(&self.permits);
        let mut seat = timeout(self.timeout, seats.acquire_owned())
            .await
            .map_err(|_| Failure::Crowded)?
            .map_err(|_| Failure::Closed)?;
        let idle = self.take().await;
        // Nobody knows how old one of the application's is.
        let mut is_fresh = idle.is_none() && self.shared.is_none();
        let mut connection = match idle {
            Some(connection) => Held::Own(connection),
            None => self.connect().await?,
        };
        let mut attempt = Attempt::First;
        let mut races = 0;
        loop {
            let call = async {
                let mut lent = Lent::new(connection, seat, &self.home, self.timeout);
                if let Err(error) = self.server.begin(&mut lent).await {
                    return (lent, Err(error));
                }
                let (mut lent, answer) = work(lent).await;
                let ending = match answer {
                    Ok(_) => Ending::Succeeded,
                    Err(_) => Ending::Failed,
                };
                let ended = self.server.end(&mut lent, ending).await;
                let answer = answer.and_then(|answer| ended.map(|()| answer));
                (lent, answer)
            };
            let Ok((lent, answer)) = timeout(self.timeout, call).await else {
                self.forget();
                return Err(Failure::Slow);
            };
            (connection, seat) = lent.give_back();
            let error = match answer {
                Ok(answer) => {
                    self.put_back(connection).await;
                    return Ok((answer, attempt));
                }
                Err(error) => error,
            };
            match S::verdict(&error) {
                verdict @ (Verdict::Broken | Verdict::Unfit) => {
                    connection.discard();
                    self.forget();
                    if is_fresh {
                        return Err(Failure::Error(error));
                    }
                    tracing::debug!(%error, server = %self.server, "a connection broke; the call goes on with a fresh one");
                    connection = self.connect().await?;
                    is_fresh = true;
                    if verdict == Verdict::Broken {
                        attempt = Attempt::Again;
                    }
                }
                Verdict::Raced if races < RACES => {
                    races += 1;
                    // Those who raced at once would race again.
                    tokio::time::sleep(PAUSE * races).await;
                }
                Verdict::Raced | Verdict::Refused => {
                    self.put_back(connection).await;
                    return Err(Failure::Error(error));
                }
            }
        }
    }

    /// Connects for work that is no call; the connection is closed, also if the work is given up.
    pub(super) async fn connection(&self) -> Result<Held<S::Connection>, sqlx::Error> {
        match self.connect().await {
            Ok(mut connection) => {
                connection.close_on_drop();
                Ok(connection)
            }
            Err(Failure::Error(error)) => Err(error),
            Err(_) => Err(sqlx::Error::PoolTimedOut),
        }
    }

    async fn connect(&self) -> Result<Held<S::Connection>, Failure> {
        if let Some(pool) = &self.shared {
            return match timeout(self.timeout, pool.acquire()).await {
                Ok(Ok(connection)) => Ok(Held::Shared(connection)),
                Ok(Err(sqlx::Error::PoolTimedOut)) | Err(_) => Err(Failure::Crowded),
                Ok(Err(sqlx::Error::PoolClosed)) => Err(Failure::Closed),
                Ok(Err(error)) => Err(Failure::Error(error)),
            };
        }
        // Boxed because it is rare and large: otherwise every call would reserve space for it.
        let connect = Box::pin(self.server.connect());
        match timeout(self.timeout, connect).await {
            Ok(connected) => connected.map(Held::Own).map_err(Failure::Error),
            Err(_) => Err(Failure::Slow),
        }
    }

    /// Takes the most recently used connection, unless it was idle for too long.
    async fn take(&self) -> Option<S::Connection> {
        let idle = self.idle().pop_back()?;
        if idle.since.elapsed() < IDLE {
            return Some(idle.connection);
        }
        // The others were idle for longer.
        let mut others = std::mem::take(&mut *self.idle());
        others.push_back(idle);
        self.part(others).await;
        None
    }

    async fn put_back(&self, connection: Held<S::Connection>) {
        let Held::Own(connection) = connection else {
            // Dropped, it goes back to its pool.
            return;
        };
        let since = Instant::now();
        let mut old = VecDeque::new();
        {
            let mut idle = self.idle();
            while idle.front().is_some_and(|one| one.since.elapsed() >= IDLE) {
                old.extend(idle.pop_front());
            }
            idle.push_back(Idle { connection, since });
        }
        self.part(old).await;
    }

    /// Drops the idle connections without telling the server, which may be unreachable.
    fn forget(&self) {
        self.idle().clear();
    }

    /// Closes connections in the server's knowledge, whether it answers or not.
    async fn part(&self, connections: impl IntoIterator<Item = Idle<S::Connection>>) {
        for idle in connections {
            // A server that can't be told notices by itself.
            let _ = timeout(self.timeout, idle.connection.close()).await;
        }
    }

    fn idle(&self) -> MutexGuard<'_, VecDeque<Idle<S::Connection>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn error(&self, doing: &str, failure: Failure) -> StoreError {
        let reason = match &failure {
            Failure::Closed => "the store or its pool was closed",
            Failure::Crowded => "all connections were busy too long",
            Failure::Slow => "it took too long to answer",
            Failure::Error(error) => S::reason(error),
        };
        let message = StoreError::new(format!("can't {doing} {}: {reason}", self.server));
        match failure {
            Failure::Error(error) => message.caused_by(super::cause(error)),
            Failure::Closed | Failure::Crowded | Failure::Slow => message,
        }
    }
}

/// Returns how long the server itself may work on a statement.
///
/// It is less than our own limit, so that a statement that takes too long ends on the server first,
/// and its connection is used again.
pub(crate) fn server_limit(timeout: Duration) -> Duration {
    timeout / 10 * 9
}

/// How often a statement that concurrent ones undid is repeated.
const RACES: u32 = 16;

/// How much longer each time it waits before.
const PAUSE: Duration = Duration::from_millis(1);

/// How long a connection may be idle.
///
/// Load balancers and firewalls silently drop idle connections after some minutes.
const IDLE: Duration = Duration::from_mins(3);
