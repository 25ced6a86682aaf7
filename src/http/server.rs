//! Serves connections: no more at a time than the settings allow, and none that never sends the head of a request.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// A connection's buffer that holds so many bytes is not read into any more; a request whose head is not whole by then is
/// refused (431).
const BUFFER_MAX: usize = 32 * 1024;
/// A machine that gives no more connections is asked again after this.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// How connections are served.
#[derive(Debug, Clone, Copy)]
pub struct ServerOptions {
    /// Connections at a time. More wait to be accepted.
    pub connections_max: usize,
    /// A connection is closed when it sends no whole head of a request for so long, at first or after an answer.
    pub idle_max: Duration,
}

/// Serves until `soft` is cancelled; then takes no more connections and ends when the requests under way are answered.
pub async fn serve(listener: TcpListener, router: Router, options: ServerOptions, soft: CancellationToken) {
    let slots = Arc::new(Semaphore::new(options.connections_max));
    let connections = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(options.idle_max).max_buf_size(BUFFER_MAX);
    loop {
        let accepted = tokio::select! {
            () = soft.cancelled() => break,
            accepted = accept(&listener, &slots) => accepted,
        };
        match accepted {
            Ok((stream, slot)) => {
                let service = TowerToHyperService::new(router.clone());
                let connection = connections.watch(http.serve_connection(TokioIo::new(stream), service));
                tokio::spawn(async move {
                    if let Err(error) = connection.await {
                        tracing::debug!(%error, "a connection ended");
                    }
                    drop(slot);
                });
            }
            // The peer gave up before it was its turn.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                tracing::error!(%error, "no connection can be accepted; trying again");
                tokio::select! {
                    () = soft.cancelled() => break,
                    () = tokio::time::sleep(ASK_AGAIN) => {}
                }
            }
        }
    }
    drop(listener);
    connections.shutdown().await;
}

async fn accept(listener: &TcpListener, slots: &Arc<Semaphore>) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let slot = slots.clone().acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, slot))
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::Notify;
    use tokio::task::JoinHandle;
    use tokio::time::timeout;

    use super::*;

    const REQUEST: &[u8] = b"GET /slow HTTP/1.1\r\nhost: ledger.example.com\r\n\r\n";
    const LONG: Duration = Duration::from_secs(30);
    const MOMENT: Duration = Duration::from_millis(300);

    struct Served {
        address: SocketAddr,
        asked: Arc<Notify>,
        answer: Arc<Notify>,
        soft: CancellationToken,
        server: JoinHandle<()>,
    }

    /// A server whose only answer waits until it may be given.
    async fn served(connections_max: usize, idle_max: Duration) -> Served {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (asked, answer) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (told, may) = (asked.clone(), answer.clone());
        let slow = get(async move || {
            told.notify_one();
            may.notified().await;
            "done"
        });
        let soft = CancellationToken::new();
        let router = Router::new().route("/slow", slow);
        let options = ServerOptions { connections_max, idle_max };
        let server = tokio::spawn(serve(listener, router, options, soft.clone()));
        Served { address, asked, answer, soft, server }
    }

    /// What comes until the other side closes.
    async fn everything(mut stream: TcpStream) -> String {
        let mut text = String::new();
        timeout(LONG, stream.read_to_string(&mut text)).await.unwrap().unwrap();
        text
    }

    #[tokio::test]
    async fn a_connection_that_never_comes_to_its_request_is_closed() {
        let served = served(10, MOMENT).await;
        let silent = TcpStream::connect(served.address).await.unwrap();
        let mut slow = TcpStream::connect(served.address).await.unwrap();
        slow.write_all(&REQUEST[..20]).await.unwrap();
        assert_eq!(everything(silent).await, "");
        assert_eq!(everything(slow).await, "");
    }

    #[tokio::test]
    async fn a_connection_that_is_kept_open_after_its_answer_is_closed_when_nothing_more_comes() {
        let served = served(10, MOMENT).await;
        let mut kept = TcpStream::connect(served.address).await.unwrap();
        kept.write_all(REQUEST).await.unwrap();
        served.answer.notify_one();
        assert!(everything(kept).await.ends_with("done"));
    }

    #[tokio::test]
    async fn one_connection_too_many_waits_until_another_is_closed() {
        let served = served(1, LONG).await;
        let first = TcpStream::connect(served.address).await.unwrap();
        let mut second = TcpStream::connect(served.address).await.unwrap();
        second.write_all(REQUEST).await.unwrap();
        assert!(timeout(MOMENT, served.asked.notified()).await.is_err(), "the second is not served yet");
        drop(first);
        timeout(LONG, served.asked.notified()).await.unwrap();
    }

    #[tokio::test]
    async fn at_the_end_a_request_under_way_is_answered_and_idle_connections_are_closed() {
        let served = served(10, LONG).await;
        let idle = TcpStream::connect(served.address).await.unwrap();
        let mut asking = TcpStream::connect(served.address).await.unwrap();
        asking.write_all(REQUEST).await.unwrap();
        timeout(LONG, served.asked.notified()).await.unwrap();
        served.soft.cancel();
        assert_eq!(everything(idle).await, "");
        assert!(!served.server.is_finished());
        served.answer.notify_one();
        assert!(everything(asking).await.ends_with("done"));
        timeout(LONG, served.server).await.unwrap().unwrap();
        assert!(TcpStream::connect(served.address).await.is_err());
    }

    #[tokio::test]
    async fn a_head_that_does_not_fit_is_refused() {
        let served = served(10, LONG).await;
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        stream.write_all(b"GET /slow HTTP/1.1\r\nx: ").await.unwrap();
        stream.write_all(&vec![b'x'; BUFFER_MAX]).await.unwrap();
        let mut status = [0; 12];
        timeout(LONG, stream.read_exact(&mut status)).await.unwrap().unwrap();
        assert_eq!(&status, b"HTTP/1.1 431");
    }
}
