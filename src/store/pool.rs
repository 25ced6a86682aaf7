//! Connections to Postgres that never wait for ever: every statement has a deadline, and a connection on which one did
//! not come to its end is closed, never used again.
//!
//! A host that is cut off gets no sign of it: what it has sent is repeated by TCP for a quarter of an hour, and what it
//! waits for it awaits without end. A pool alone hands such a connection on to the next who asks.

mod ready;

use std::io;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryStreamExt};
use sqlx::error::DatabaseError;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{
    PgConnectOptions, PgDatabaseError, PgPoolOptions, PgQueryResult, PgRow, PgSeverity, PgStatement, PgTypeInfo,
};
use sqlx::{Connection, Describe, Either, Error, Execute, Executor, PgPool, Postgres, SqlStr};
use tokio::time::{Instant, error::Elapsed, timeout};

use self::ready::{Ready, Taken};

/// No statement of ours takes so long; one that does has lost its server.
const DEADLINE: Duration = Duration::from_secs(30);
/// How long to wait for a connection.
const ACQUIRE_DEADLINE: Duration = Duration::from_secs(10);
/// Statements that follow one another so closely do not ask in between whether the connection lives.
const JUST_ANSWERED: Duration = Duration::from_secs(1);
/// How long an idle connection may take to show that it lives, and a transaction to be taken back.
const SIGN_OF_LIFE: Duration = Duration::from_secs(3);

/// What the server is told of each session, so that it lets go of a client that was cut off: a transaction in which
/// nothing happens for ten seconds is ended with its locks, a client that does not answer is given up after a minute, and a
/// statement whose client has hung up does not go on waiting.
/// All far below a lease, so that nothing of an order is locked, or arrives late, when another worker takes it over.
const SESSION: [(&str, &str); 6] = [
    ("idle_in_transaction_session_timeout", "10000"),
    ("tcp_keepalives_idle", "30"),
    ("tcp_keepalives_interval", "10"),
    ("tcp_keepalives_count", "3"),
    ("tcp_user_timeout", "60000"),
    ("client_connection_check_interval", "5000"),
];

/// A pool of connections. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Pool {
    connections: PgPool,
    ready: Ready,
    deadline: Duration,
    /// A connection that answered within this is not asked whether it lives.
    trusted: Duration,
}

impl Pool {
    /// Connects, with at most `most` connections.
    pub async fn connect(options: PgConnectOptions, most: u32) -> Result<Self, Error> {
        let connections = PgPoolOptions::new()
            .max_connections(most)
            .acquire_timeout(ACQUIRE_DEADLINE)
            // The same question as the pool's own, which has no deadline.
            .test_before_acquire(false)
            .before_acquire(|connection, _| Box::pin(async move { Ok(lives(connection).await) }))
            .after_connect(|connection, _| Box::pin(set_session(connection)))
            .connect_with(options)
            .await?;
        Ok(Self::of(connections))
    }

    /// The same over a pool that exists already.
    pub fn of(connections: PgPool) -> Self {
        Self { connections, ready: Ready::new(), deadline: DEADLINE, trusted: Duration::ZERO }
    }

    /// The same connections with another deadline of statements.
    pub fn with_deadline(&self, deadline: Duration) -> Self {
        Self { deadline, ..self.clone() }
    }

    /// The same for statements that follow one another all the time. One on a connection that is silently gone then ends
    /// at its deadline, like any that is under way at that moment.
    pub fn in_a_row(&self) -> Self {
        Self { trusted: JUST_ANSWERED, ..self.clone() }
    }

    /// A connection for what may take as long as it takes: a migration, a reading of a whole table row by row. It is closed
    /// afterwards.
    pub async fn connection_without_deadline(&self) -> Result<PoolConnection<Postgres>, Error> {
        let taken = self.session().await?.taken.take();
        let mut connection = taken.ok_or(Error::PoolClosed)?.connection;
        connection.close_on_drop();
        Ok(connection)
    }

    /// Closes all connections, once they are given back.
    pub async fn close(&self) {
        self.ready.close();
        self.connections.close().await;
    }

    /// Begins a transaction.
    pub async fn begin(&self) -> Result<Transaction, Error> {
        let mut session = self.session().await?;
        session.execute("begin").await?;
        Ok(Transaction { session, ended: false })
    }

    async fn session(&self) -> Result<Session, Error> {
        // Together with the questions to those that do not live any more.
        let longest = self.deadline.min(self.connections.options().get_acquire_timeout());
        timeout(longest, self.take()).await.map_err(|_| Error::PoolTimedOut)?
    }

    async fn take(&self) -> Result<Session, Error> {
        loop {
            let mut session = match self.ready.take() {
                Ok(taken) => self.hold(taken),
                Err(_waiting) => return Ok(self.hold(Taken::now(self.connections.acquire().await?))),
            };
            if session.lives(self.trusted).await {
                return Ok(session);
            }
        }
    }

    fn hold(&self, taken: Taken) -> Session {
        Session { taken: Some(taken), ready: self.ready.clone(), deadline: self.deadline, unfinished: false }
    }
}

async fn lives(connection: &mut sqlx::PgConnection) -> bool {
    matches!(timeout(SIGN_OF_LIFE, connection.ping()).await, Ok(Ok(())))
}

/// Tells the server how to treat a client that is gone. What a server does not know is left out.
async fn set_session(connection: &mut sqlx::PgConnection) -> Result<(), Error> {
    let (names, values): (Vec<String>, Vec<String>) =
        SESSION.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).unzip();
    sqlx::query!(
        r#"select set_config(name, value, false) as "set!" from unnest($1::text[], $2::text[]) as wanted (name, value)
            where current_setting(name, true) is not null"#,
        &names,
        &values
    )
    .fetch_all(connection)
    .await?;
    Ok(())
}

/// A connection of the pool, until it is dropped.
#[derive(Debug)]
pub(super) struct Session {
    taken: Option<Taken>,
    ready: Ready,
    deadline: Duration,
    /// A statement was begun and has not come to its end: nobody knows what the next answer belongs to.
    unfinished: bool,
}

impl Session {
    /// Whether the connection answers, now or within `trusted`. Until it has answered it is not used again.
    async fn lives(&mut self, trusted: Duration) -> bool {
        let Some(taken) = &mut self.taken else { return false };
        if taken.answered.elapsed() >= trusted {
            self.unfinished = true;
            self.unfinished = !lives(&mut taken.connection).await;
        }
        !self.unfinished
    }

    fn begin_statement(&mut self) -> Result<(&mut sqlx::PgConnection, Duration), Error> {
        self.unfinished = true;
        let taken = self.taken.as_mut().ok_or(Error::PoolClosed)?;
        Ok((&mut *taken.connection, self.deadline))
    }

    fn end_statement<T>(&mut self, ended: Result<Result<T, Error>, Elapsed>) -> Result<T, Error> {
        let Ok(answer) = ended else {
            let why = format!("no answer within {} s; the connection is given up", self.deadline.as_secs());
            return Err(Error::Io(io::Error::new(io::ErrorKind::TimedOut, why)));
        };
        // What the server says about a statement leaves the connection as good as before; anything else does not, nor what it
        // says when it ends the session.
        self.unfinished = match &answer {
            Ok(_) | Err(Error::RowNotFound) => false,
            Err(Error::Database(error)) => ends_the_session(error.as_ref()),
            Err(_) => true,
        };
        if !self.unfinished
            && let Some(taken) = &mut self.taken
        {
            taken.answered = Instant::now();
        }
        answer
    }
}

fn ends_the_session(error: &(dyn DatabaseError + 'static)) -> bool {
    let severity = error.try_downcast_ref::<PgDatabaseError>().map(PgDatabaseError::severity);
    matches!(severity, Some(PgSeverity::Fatal | PgSeverity::Panic))
}

impl Drop for Session {
    fn drop(&mut self) {
        let Some(mut taken) = self.taken.take() else { return };
        if self.unfinished {
            // Without an order to close, the pool would ask the connection whether it lives, and wait for the answer.
            taken.connection.close_on_drop();
        } else {
            self.ready.give_back(taken);
        }
    }
}

/// A transaction, taken back unless it is committed.
#[derive(Debug)]
pub(super) struct Transaction {
    session: Session,
    ended: bool,
}

impl Transaction {
    /// Commits.
    pub async fn commit(mut self) -> Result<(), Error> {
        self.session.execute("commit").await?;
        self.ended = true;
        Ok(())
    }

    /// Takes it back, and waits until that is done.
    pub async fn rollback(mut self) -> Result<(), Error> {
        self.session.execute("rollback").await?;
        self.ended = true;
        Ok(())
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if self.ended || self.session.unfinished {
            return;
        }
        let Some(mut taken) = self.session.taken.take() else { return };
        let (ready, runtime) = (self.session.ready.clone(), tokio::runtime::Handle::try_current());
        let Ok(runtime) = runtime else {
            taken.connection.close_on_drop();
            return;
        };
        runtime.spawn(async move {
            if matches!(timeout(SIGN_OF_LIFE, taken.connection.execute("rollback")).await, Ok(Ok(_))) {
                ready.give_back(taken);
            } else {
                taken.connection.close_on_drop();
            }
        });
    }
}

impl Deref for Transaction {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut Session {
        &mut self.session
    }
}

/// What a statement answers: how many rows it touched, or a row.
type Part = Either<PgQueryResult, PgRow>;

/// The parts of an answer one by one, all read before.
fn one_by_one<'e>(
    parts: impl Future<Output = Result<Vec<Part>, Error>> + Send + 'e,
) -> BoxStream<'e, Result<Part, Error>> {
    stream::once(parts).map_ok(|parts| stream::iter(parts.into_iter().map(Ok))).try_flatten().boxed()
}

impl<'c> Executor<'c> for &'c mut Session {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Part, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        one_by_one(async move {
            let (connection, deadline) = self.begin_statement()?;
            let parts = timeout(deadline, connection.fetch_many(query).try_collect()).await;
            self.end_statement(parts)
        })
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        Box::pin(async move {
            let (connection, deadline) = self.begin_statement()?;
            let row = timeout(deadline, connection.fetch_optional(query)).await;
            self.end_statement(row)
        })
    }

    fn prepare_with<'e>(self, sql: SqlStr, parameters: &'e [PgTypeInfo]) -> BoxFuture<'e, Result<PgStatement, Error>>
    where
        'c: 'e,
    {
        Box::pin(async move {
            let (connection, deadline) = self.begin_statement()?;
            let statement = timeout(deadline, connection.prepare_with(sql, parameters)).await;
            self.end_statement(statement)
        })
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Postgres>, Error>>
    where
        'c: 'e,
    {
        Box::pin(async move {
            let (connection, deadline) = self.begin_statement()?;
            let described = timeout(deadline, connection.describe(sql)).await;
            self.end_statement(described)
        })
    }
}

impl<'p> Executor<'p> for &'p Pool {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Part, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        one_by_one(async move { self.session().await?.fetch_many(query).try_collect().await })
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        Box::pin(async move { self.session().await?.fetch_optional(query).await })
    }

    fn prepare_with<'e>(self, sql: SqlStr, parameters: &'e [PgTypeInfo]) -> BoxFuture<'e, Result<PgStatement, Error>>
    where
        'p: 'e,
    {
        Box::pin(async move { self.session().await?.prepare_with(sql, parameters).await })
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Postgres>, Error>>
    where
        'p: 'e,
    {
        Box::pin(async move { self.session().await?.describe(sql).await })
    }
}
