//! A private Postgres with the settings of a real service: every commit is on disk before it is answered.

use std::path::{Path, PathBuf};

use cartledger::clock::random_id;
use cartledger::embedded::{EmbeddedPostgres, Purpose};
use sqlx::postgres::PgPoolOptions;
use sqlx::{Connection as _, PgConnection, PgPool};

/// A server of its own, thrown away at the end.
pub struct Server {
    server: Option<EmbeddedPostgres>,
    folder: PathBuf,
}

impl Server {
    /// Starts it in the folder of temporary files.
    pub async fn start() -> anyhow::Result<Self> {
        let folder = std::env::temp_dir().join(format!("cartledger-bench-{}", random_id().simple()));
        let server = EmbeddedPostgres::start(Purpose::Run, Some(folder.clone())).await?;
        let server = Self { server: Some(server), folder };
        server.age().await?;
        Ok(server)
    }

    /// Gives it the log files of a server that has run for a while: it uses the old ones again. One that is new has to fill a
    /// file with noughts at every 16 MB that it writes.
    async fn age(&self) -> anyhow::Result<()> {
        let mut connection = PgConnection::connect(&self.url("postgres")?).await?;
        for statement in [
            "alter system set min_wal_size = '1GB'",
            "select pg_reload_conf()",
            "select pg_logical_emit_message(false, 'age', repeat('x', 1000000)) from generate_series(1, 600)",
            "checkpoint",
        ] {
            sqlx::raw_sql(statement).execute(&mut connection).await?;
        }
        Ok(connection.close().await?)
    }

    fn server(&self) -> anyhow::Result<&EmbeddedPostgres> {
        self.server.as_ref().ok_or_else(|| anyhow::anyhow!("the server has been stopped"))
    }

    /// The folder of its socket.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The process number of its first process.
    pub fn pid(&self) -> anyhow::Result<u32> {
        let text = std::fs::read_to_string(self.folder.join("data/postmaster.pid"))?;
        Ok(text.lines().next().unwrap_or_default().trim().parse()?)
    }

    /// The address of a database, as programs take it.
    pub fn url(&self, database: &str) -> anyhow::Result<String> {
        Ok(self.server()?.url(database))
    }

    /// A new database with the schema of the service, and a pool on it.
    pub async fn database(&self, name: &str, connections: u32) -> anyhow::Result<PgPool> {
        self.server()?.ensure_database(name).await?;
        let options = self.server()?.connect_options(name);
        let pool = PgPoolOptions::new().max_connections(connections).connect_with(options).await?;
        cartledger::store::Store::from_pool(pool.clone()).migrate().await?;
        Ok(pool)
    }

    /// A new, empty database.
    pub async fn empty_database(&self, name: &str) -> anyhow::Result<()> {
        Ok(self.server()?.ensure_database(name).await?)
    }

    /// Throws a database away with everything in it.
    pub async fn drop_database(&self, name: &str) -> anyhow::Result<()> {
        self.server()?.drop_database(name).await?;
        // The next figure is not to pay for this one's dirty pages.
        let mut connection = PgConnection::connect_with(&self.server()?.maintenance_options()).await?;
        sqlx::raw_sql("checkpoint").execute(&mut connection).await?;
        connection.close().await?;
        Ok(())
    }

    /// Stops it and removes its data.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        if let Some(server) = self.server.take() {
            server.stop().await?;
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.server.is_some()
            && let Ok(pid) = self.pid()
            && let Some(pid) = rustix::process::Pid::from_raw(pid.cast_signed())
        {
            // After an error: nobody is left to wait for it.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::QUIT);
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
