use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{AssertSqlSafe, Error, Execute as _, Sqlite, SqliteConnection};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::failure::is_locked;
use super::files::Files;
use super::seats::Seats;
use crate::sql::{Driver as _, Value};

/// The writes to a database, of which SQLite carries out one at a time.
///
/// Those that wait for another one share the next transaction, and with it one wait for the disk. Each is acknowledged
/// after the commit. If one of them fails, the transaction is undone, and each is carried out by itself.
pub(super) struct Queue {
    seats: Arc<Seats>,
    files: Arc<Files>,
    line: Mutex<Line>,
}

#[derive(Default)]
struct Line {
    waiting: VecDeque<Waiting>,
    /// Whether somebody carries out writes, and will see to those that wait.
    is_served: bool,
}

/// A statement that writes.
#[derive(Clone)]
pub(super) struct Write {
    text: Arc<str>,
    values: SqliteArguments,
    wanted: Wanted,
}

/// What the caller of a statement asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Count,
    Rows,
}

/// What a statement has done.
pub(super) struct Written {
    /// The number of rows.
    pub(super) changed: usize,
    /// Those rows, if they were wanted.
    pub(super) rows: Vec<SqliteRow>,
}

struct Waiting {
    write: Write,
    answer: oneshot::Sender<Answer>,
}

/// Writes that failed together share their error.
type Answer = Result<Written, Arc<Error>>;

/// The largest number of writes that share a transaction, so that the first of them does not wait for long.
const MOST: usize = 64;

impl Queue {
    pub(super) fn new(seats: Arc<Seats>, files: Arc<Files>) -> Arc<Self> {
        let line = Mutex::default();
        Arc::new(Self { seats, files, line })
    }

    /// Carries out a write: at once, or after those before it.
    ///
    /// One that is cancelled while it waits is never carried out.
    pub(super) async fn run(self: &Arc<Self>, write: Write) -> Answer {
        match self.turn(write) {
            Ok((turn, write)) => {
                let answer = self.alone(write).await;
                drop(turn);
                answer
            }
            Err(answer) => {
                let answer = answer.await;
                answer.unwrap_or_else(|_| Err(Error::WorkerCrashed.into()))
            }
        }
    }

    /// Takes the turn, or a place in the line if somebody has it.
    fn turn(
        self: &Arc<Self>,
        write: Write,
    ) -> Result<(Turn<'_>, Write), oneshot::Receiver<Answer>> {
        let mut line = self.line();
        if line.is_served {
            let (answer, receiver) = oneshot::channel();
            line.waiting.push_back(Waiting { write, answer });
            return Err(receiver);
        }
        line.is_served = true;
        Ok((Turn(self), write))
    }

    /// Takes the next ones from the line; an empty line is no longer served.
    fn next(&self) -> Vec<Waiting> {
        let mut line = self.line();
        let count = line.waiting.len().min(MOST);
        line.is_served = count > 0;
        line.waiting.drain(..count).collect()
    }

    async fn alone(&self, write: Write) -> Answer {
        let written = async {
            let mut seat = self.seats.take().await?;
            let written = write.run(&mut seat).await;
            seat.after(written)
        };
        let answer = written.await;
        self.look();
        answer.map_err(Arc::new)
    }

    /// Carries out writes in one transaction, or each by itself if that fails.
    async fn together(&self, mut group: Vec<Waiting>) {
        group.retain(|waiting| !waiting.answer.is_closed());
        let answers: Vec<Answer> = match self.in_transaction(&group).await {
            Ok(Some(all)) => {
                self.look();
                all.into_iter().map(Ok).collect()
            }
            Ok(None) => {
                for Waiting { write, answer } in group {
                    if !answer.is_closed() {
                        _ = answer.send(self.alone(write).await);
                    }
                }
                return;
            }
            Err(error) => {
                let error = Arc::new(error);
                group.iter().map(|_| Err(Arc::clone(&error))).collect()
            }
        };
        for (waiting, answer) in group.into_iter().zip(answers) {
            // Nobody may wait for it any more.
            _ = waiting.answer.send(answer);
        }
    }

    /// Returns nothing if no transaction was made of the writes, and an error that each of them would meet.
    async fn in_transaction(&self, group: &[Waiting]) -> Result<Option<Vec<Written>>, Error> {
        if group.len() < 2 {
            return Ok(None);
        }
        let mut seat = self.seats.take().await?;
        match seat.begin().await {
            Ok(()) => {}
            Err(error) if is_locked(&error) => return Err(error),
            Err(_) => return Ok(None),
        }
        let written = async {
            let mut all = Vec::with_capacity(group.len());
            for waiting in group {
                all.push(waiting.write.clone().run(&mut seat).await?);
            }
            seat.commit().await?;
            Ok::<_, Error>(all)
        };
        match written.await {
            Ok(all) => Ok(Some(all)),
            Err(error) => {
                tracing::debug!(%error, "a transaction failed, and its writes are carried out one by one");
                seat.roll_back().await;
                Ok(None)
            }
        }
    }

    /// Notices files that are not those that were opened, in which a write is lost.
    fn look(&self) {
        self.files.are_lost();
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write {
    pub(super) fn new(
        text: &Arc<str>,
        values: &[Value<'_>],
        wanted: Wanted,
    ) -> Result<Self, Error> {
        let values = Sqlite::statement(text, values).take_arguments();
        Ok(Self {
            text: Arc::clone(text),
            values: values.map_err(Error::Encode)?.unwrap_or_default(),
            wanted,
        })
    }

    async fn run(self, connection: &mut SqliteConnection) -> Result<Written, Error> {
        let statement = sqlx::query_with(AssertSqlSafe(self.text), self.values);
        Ok(match self.wanted {
            Wanted::Count => {
                let done = statement.execute(connection).await?;
                Written {
                    changed: usize::try_from(done.rows_affected()).unwrap_or(usize::MAX),
                    rows: Vec::new(),
                }
            }
            Wanted::Rows => {
                let rows = statement.fetch_all(connection).await?;
                Written {
                    changed: rows.len(),
                    rows,
                }
            }
        })
    }
}

/// The turn of a call that carries out its own write, which may be cancelled.
///
/// At its end those that wait are seen to by a task, which no caller can cancel.
struct Turn<'q>(&'q Arc<Queue>);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let group = self.0.next();
        if group.is_empty() {
            return;
        }
        let server = Server(Some(Arc::clone(self.0)));
        // Without a runtime the server is dropped, and nobody is left waiting.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(server.serve(group));
        }
    }
}

/// Carries out the writes of a line until it is empty.
struct Server(Option<Arc<Queue>>);

impl Server {
    async fn serve(mut self, mut group: Vec<Waiting>) {
        while let Some(queue) = &self.0 {
            queue.together(group).await;
            group = queue.next();
            if group.is_empty() {
                // The line may have another server from here on.
                self.0 = None;
            }
        }
    }
}

impl Drop for Server {
    /// Leaves nobody waiting for a server that is gone with its runtime.
    fn drop(&mut self) {
        if let Some(queue) = &self.0 {
            let abandoned = {
                let mut line = queue.line();
                line.is_served = false;
                std::mem::take(&mut line.waiting)
            };
            drop(abandoned);
        }
    }
}
