//! One private server's life: prepare the data, start, wait until it answers, stop.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection, Error};
use tokio::process::Child;
use tokio::time::{Instant, sleep, timeout};

use super::binaries::{self, Binaries};
use super::owner::Owner;
use super::{CONNECT_TIME_OUT, EmbeddedError, Purpose, USER};

/// Only part of the socket's name: nothing listens on TCP.
pub(super) const PORT: u16 = 5432;

/// A crash is recovered from before the first connection; a minute of it is gigabytes of log.
const READY_TIME_OUT: Duration = Duration::from_secs(60);

/// How long remains of a killed server are waited for: its children notice within a second, and a container's first
/// process may take its time to collect the dead, whose process numbers count as running until then.
const REMAINS_TIME_OUT: Duration = Duration::from_secs(10);

/// How long a fast shutdown may take: it ends the sessions and writes what is in memory.
const STOP_TIME_OUT: Duration = Duration::from_secs(30);

const READY_POLL: Duration = Duration::from_millis(10);
const REMAINS_POLL: Duration = Duration::from_millis(250);

/// As much of the log as an error message quotes.
const QUOTED_LINES: usize = 20;

/// Closes every inherited file but the standard three, then becomes the server named by `$0`.
///
/// The server outlives us. Files that the caller of our caller left open (the lock of a build, the pipe a job runner
/// reads to its end) would stay open in it, and somebody would wait for ever. Only bash names files above 9.
const CLOSE_INHERITED: &str = r#"
for path in /proc/self/fd/*; do
    fd=${path##*/}
    case $fd in
        [3-9]) eval "exec $fd>&-" ;;
        [1-9][0-9] | [1-9][0-9][0-9] | [1-9][0-9][0-9][0-9]) [ -z "${BASH_VERSION:-}" ] || eval "exec $fd>&-" ;;
    esac
done
exec "$0" "$@"
"#;

/// The shells that can do that, the better one first.
const SHELLS: [&str; 2] = ["/bin/bash", "/bin/sh"];

/// Whether a server can be used now.
pub(super) enum Probe {
    Ready,
    /// Nothing answers, or it is starting, recovering or stopping.
    NotYet,
}

/// The socket of the server in `folder`.
pub(super) fn socket(folder: &Path) -> PathBuf {
    folder.join(format!(".s.PGSQL.{PORT}"))
}

/// Tries one real connection: a socket alone proves nothing.
pub(super) async fn probe(options: &PgConnectOptions) -> Result<Probe, EmbeddedError> {
    match timeout(CONNECT_TIME_OUT, PgConnection::connect_with(options)).await {
        Ok(Ok(connection)) => {
            connection.close().await?;
            Ok(Probe::Ready)
        }
        Ok(Err(Error::Database(error))) if error.code().as_deref() != Some("57P03") => {
            Err(Error::Database(error).into()) // A server that says anything but "not now" will not change its mind.
        }
        Ok(Err(_)) | Err(_) => Ok(Probe::NotYet),
    }
}

/// Starts the server of `folder`, preparing its data first; `None` when somebody else's answered meanwhile.
///
/// To be called with the folder's lock held.
pub(super) async fn bring_up(
    folder: &Path,
    owner: &Owner,
    purpose: Purpose,
    options: &PgConnectOptions,
) -> Result<Option<Child>, EmbeddedError> {
    if matches!(probe(options).await?, Probe::Ready) {
        return Ok(None);
    }
    let binaries = fitting_binaries(folder, purpose).await?;
    if !folder.join("data").exists() {
        initialise(folder, owner, purpose, &binaries).await?;
    }
    let begun = Instant::now();
    let mut process: Option<Child> = None;
    loop {
        if matches!(probe(options).await?, Probe::Ready) {
            return Ok(process);
        }
        let running = match &mut process {
            Some(process) => process,
            None => process.insert(launch(folder, owner, purpose, &binaries)?),
        };
        if matches!(running.try_wait(), Ok(Some(_)) | Err(_)) {
            judge_exit(folder, begun)?;
            process = None;
            sleep(REMAINS_POLL).await;
        }
        if begun.elapsed() > READY_TIME_OUT {
            let (folder, log) = (folder.to_owned(), log_end(folder));
            return Err(EmbeddedError::NotReady { folder, seconds: READY_TIME_OUT.as_secs(), log });
        }
        sleep(READY_POLL).await;
    }
}

/// The programs of the version that wrote the data, or the best ones where there is none yet.
///
/// Test data of another version is thrown away: it is made anew in a second.
async fn fitting_binaries(folder: &Path, purpose: Purpose) -> Result<Binaries, EmbeddedError> {
    let found = binaries::find()?;
    let data = folder.join("data");
    let version = std::fs::read_to_string(data.join("PG_VERSION")).ok();
    if let Some(wanted) = version.and_then(|version| version.trim().parse().ok()) {
        for binaries in &found {
            if binaries.major().await == Some(wanted) {
                return Ok(binaries.clone());
            }
        }
        if purpose == Purpose::Run {
            return Err(EmbeddedError::OtherVersion { folder: folder.to_owned(), wanted });
        }
        std::fs::remove_dir_all(&data).map_err(|source| EmbeddedError::Folder { path: data, source })?;
    }
    found.into_iter().next().ok_or(EmbeddedError::NoBinaries)
}

/// Prepares the data beside its place and moves it there when it is whole, so that a killed start leaves no half.
async fn initialise(folder: &Path, owner: &Owner, purpose: Purpose, binaries: &Binaries) -> Result<(), EmbeddedError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| EmbeddedError::Folder { path, source }
    };
    let unfinished = folder.join("data.unfinished");
    if unfinished.exists() {
        std::fs::remove_dir_all(&unfinished).map_err(failed(&unfinished))?;
    }
    let mut command = owner.command(&binaries.initdb());
    command.arg("--pgdata").arg(&unfinished);
    command.args(["--username", USER, "--auth", "trust", "--encoding", "UTF8", "--locale", "C"]);
    command.arg(match purpose {
        Purpose::Run => "--data-checksums",
        Purpose::Tests => "--no-sync",
    });
    let output = command.stdin(Stdio::null()).output().await;
    let output = output.map_err(|source| EmbeddedError::Spawn { program: binaries.initdb(), source })?;
    if !output.status.success() {
        let output = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(EmbeddedError::Initdb { folder: folder.to_owned(), output });
    }
    std::fs::rename(&unfinished, folder.join("data")).map_err(failed(&unfinished))
}

fn launch(folder: &Path, owner: &Owner, purpose: Purpose, binaries: &Binaries) -> Result<Child, EmbeddedError> {
    let path = log_path(folder);
    let failed = |source| EmbeddedError::Folder { path: path.clone(), source };
    // One log per start, and the one before it: what a crash left is kept, and nothing grows for ever.
    if path.exists() {
        std::fs::rename(&path, folder.join("log.before")).map_err(failed)?;
    }
    let log = File::create(&path).map_err(failed)?;
    let shell = Path::new(SHELLS.into_iter().find(|shell| Path::new(shell).exists()).unwrap_or("sh"));
    let mut command = owner.command(shell);
    command.arg("-c").arg(CLOSE_INHERITED).arg(binaries.postgres());
    command.arg("-D").arg(folder.join("data")).arg("-k").arg(folder).arg("-p").arg(PORT.to_string());
    for setting in settings(purpose) {
        command.args(["-c", setting]);
    }
    command.stdin(Stdio::null()).stdout(log.try_clone().map_err(failed)?).stderr(log);
    command.spawn().map_err(|source| EmbeddedError::Spawn { program: shell.to_owned(), source })
}

fn settings(purpose: Purpose) -> &'static [&'static str] {
    match purpose {
        Purpose::Run => &["listen_addresses=", "timezone=UTC", "log_timezone=UTC", "max_connections=100"],
        // A power cut may cost the test data, and nobody minds. Many test processes each hold a few connections.
        Purpose::Tests => &[
            "listen_addresses=",
            "timezone=UTC",
            "log_timezone=UTC",
            "max_connections=300",
            "fsync=off",
            "full_page_writes=off",
            "synchronous_commit=off",
        ],
    }
}

/// A server that ended at once is tried again only while the remains of a killed one are in its way. The file with
/// the process number is never removed: only Postgres can tell whether the data is still in use.
fn judge_exit(folder: &Path, begun: Instant) -> Result<(), EmbeddedError> {
    let log = log_end(folder);
    let remains = log.contains("postmaster.pid") || log.contains("shared memory block");
    if !remains {
        return Err(EmbeddedError::Exited { folder: folder.to_owned(), log });
    }
    if begun.elapsed() < REMAINS_TIME_OUT {
        return Ok(());
    }
    let pid_file = std::fs::read_to_string(folder.join("data/postmaster.pid")).unwrap_or_default();
    let pid = pid_file.lines().next().unwrap_or("(unknown)").trim().to_owned();
    Err(EmbeddedError::Held { folder: folder.to_owned(), pid })
}

/// Ends a server that this process started: sessions are closed, what is in memory is written.
pub(super) async fn stop(mut process: Child, folder: &Path) -> Result<(), EmbeddedError> {
    let not_stopped = || EmbeddedError::NotStopped(folder.to_owned());
    // A process without a number has already ended and been collected.
    if let Some(pid) = process.id().and_then(|pid| Pid::from_raw(pid.cast_signed())) {
        kill_process(pid, Signal::INT).map_err(|_| not_stopped())?; // SIGINT is Postgres' fast shutdown.
    }
    timeout(STOP_TIME_OUT, process.wait()).await.map_err(|_| not_stopped())?.map_err(|_| not_stopped())?;
    Ok(())
}

fn log_path(folder: &Path) -> PathBuf {
    folder.join("log")
}

fn log_end(folder: &Path) -> String {
    let log = std::fs::read(log_path(folder)).unwrap_or_default();
    let log = String::from_utf8_lossy(&log);
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(QUOTED_LINES)..].join("\n")
}
