//! A cable between two programs that can be cut without either end noticing, and mended: nothing is closed, nothing is
//! lost, and what was sent meanwhile arrives late.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::database::TestDatabase;

/// What a cable leads to.
#[derive(Clone, Debug)]
pub enum End {
    Tcp(String, u16),
    Socket(PathBuf),
}

impl End {
    /// Where the server of a database listens.
    pub fn of_database(database: &TestDatabase) -> Self {
        let options = database.options();
        let socket = |folder: &Path| Self::Socket(folder.join(format!(".s.PGSQL.{}", options.get_port())));
        match (options.get_socket(), options.get_host()) {
            (Some(folder), _) => socket(folder),
            (None, folder) if folder.starts_with('/') => socket(Path::new(folder)),
            (None, host) => Self::Tcp(host.to_owned(), options.get_port()),
        }
    }
}

/// A way to one program, under an address of its own.
pub struct Cable {
    address: SocketAddr,
    whole: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

impl Cable {
    /// Lays a cable that is reached at a port of `near` and leads to `far`.
    pub async fn lay(near: IpAddr, far: End) -> Self {
        let listener = TcpListener::bind((near, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (whole, seen) = watch::channel(true);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(carry(stream, far.clone(), seen.clone()));
            }
        });
        Self { address, whole, accepting }
    }

    /// Where it is reached.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Nothing comes through any more, in neither direction.
    pub fn cut(&self) {
        self.whole.send_replace(false);
    }

    /// Everything comes through again, first what was sent meanwhile.
    pub fn mend(&self) {
        self.whole.send_replace(true);
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn carry(near: TcpStream, far: End, mut whole: watch::Receiver<bool>) {
    // A connection that begins while the cable is cut waits, as it is accepted by whoever answers for the other side.
    if whole.wait_for(|whole| *whole).await.is_err() {
        return;
    }
    match far {
        End::Tcp(host, port) => match TcpStream::connect((host, port)).await {
            Ok(far) => both_ways(near, far, whole).await,
            Err(_) => drop(near),
        },
        End::Socket(path) => match UnixStream::connect(path).await {
            Ok(far) => both_ways(near, far, whole).await,
            Err(_) => drop(near),
        },
    }
}

async fn both_ways(near: impl AsyncRead + AsyncWrite, far: impl AsyncRead + AsyncWrite, whole: watch::Receiver<bool>) {
    let (near_read, near_write) = tokio::io::split(near);
    let (far_read, far_write) = tokio::io::split(far);
    tokio::join!(one_way(near_read, far_write, whole.clone()), one_way(far_read, near_write, whole));
}

/// Carries bytes, and the end of them, as long as the cable is whole; waits while it is not.
async fn one_way(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, mut whole: watch::Receiver<bool>) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = from.read(&mut buffer).await.unwrap_or_default();
        if whole.wait_for(|whole| *whole).await.is_err() {
            return;
        }
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        if to.write_all(bytes).await.is_err() {
            return;
        }
    }
    let _ = to.shutdown().await;
}
