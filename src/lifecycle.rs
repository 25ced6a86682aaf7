//! Shutdown: soft on the first signal, hard on the second or when the grace period ends.
//!
//! Soft means: take on nothing new, finish what is under way. Hard means: let go now; what was under way is taken up
//! again after its lease has run out. Whoever waits for something waits for one of the two tokens as well.

use std::future::Future;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long tasks may take to let go once the hard token is cancelled.
const LET_GO: Duration = Duration::from_secs(2);

/// The program's end as a value: two tokens and the tasks that are waited for. Cheap to clone; clones share one end.
#[derive(Clone, Debug)]
pub struct Shutdown {
    soft: CancellationToken,
    hard: CancellationToken,
    tasks: TaskTracker,
    grace: Duration,
}

impl Shutdown {
    /// A shutdown that only [`Shutdown::begin`] and [`Shutdown::force`] set off; `grace` is the time from soft to hard.
    pub fn new(grace: Duration) -> Self {
        let hard = CancellationToken::new();
        // A child: whoever is told to let go has also been told to finish.
        Self { soft: hard.child_token(), hard, tasks: TaskTracker::new(), grace }
    }

    /// A shutdown that SIGINT and SIGTERM set off: the first one softly, the second one hard.
    ///
    /// Must be called within a Tokio runtime; fails when the machine refuses to pass signals on.
    pub fn install(grace: Duration) -> std::io::Result<Self> {
        let shutdown = Self::new(grace);
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let told = shutdown.clone();
        // Not among the waited-for tasks: it listens as long as the program runs.
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                told.signalled();
            }
        });
        Ok(shutdown)
    }

    fn signalled(&self) {
        if self.soft.is_cancelled() {
            tracing::warn!("stopping at once: unfinished work is taken up again when its lease has run out");
            self.force();
        } else {
            tracing::info!(
                grace_s = self.grace.as_secs(),
                "finishing what is under way; a second signal stops at once"
            );
            self.begin();
        }
    }

    /// Cancelled when nothing new is to be taken on.
    pub fn soft(&self) -> CancellationToken {
        self.soft.clone()
    }

    /// Cancelled when what is under way must be let go.
    pub fn hard(&self) -> CancellationToken {
        self.hard.clone()
    }

    /// Sets off the soft shutdown, as the first signal does.
    pub fn begin(&self) {
        self.soft.cancel();
    }

    /// Sets off the hard shutdown, and the soft one with it, as the second signal does.
    pub fn force(&self) {
        self.hard.cancel();
    }

    /// Runs a task that [`Shutdown::finish`] waits for.
    ///
    /// A task that panics sets off the soft shutdown: a program that has silently lost a part must not go on, and
    /// whatever watches the process starts it anew.
    pub fn spawn<F>(&self, name: &'static str, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let shutdown = self.clone();
        let running = tokio::spawn(task);
        self.tasks.spawn(async move {
            if let Err(ended) = running.await
                && ended.is_panic()
            {
                tracing::error!(task = name, "a part of the program failed by a fault of its own; stopping");
                shutdown.begin();
            }
        });
    }

    /// Waits for the soft shutdown, then for the tasks: true when all have ended within the grace period.
    ///
    /// False when the hard token had to be cancelled; tasks that ignore even that are left behind.
    pub async fn finish(&self) -> bool {
        self.soft.cancelled().await;
        self.tasks.close();
        tokio::select! {
            biased;
            () = self.tasks.wait() => return !self.hard.is_cancelled(),
            () = self.hard.cancelled() => {}
            () = tokio::time::sleep(self.grace) => {
                tracing::warn!(grace_s = self.grace.as_secs(), "the grace period is over: letting go of what is under way");
            }
        }
        self.force();
        if timeout(LET_GO, self.tasks.wait()).await.is_err() {
            tracing::error!(tasks = self.tasks.len(), "tasks did not let go and are left behind");
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn work_under_way_is_finished_within_the_grace_period() {
        let shutdown = Shutdown::new(LONG);
        let (soft, (done, finished)) = (shutdown.soft(), tokio::sync::oneshot::channel());
        shutdown.spawn("worker", async move {
            soft.cancelled().await;
            let _ = done.send(());
        });
        shutdown.begin();
        assert!(shutdown.finish().await);
        assert_eq!(finished.await, Ok(()));
        assert!(!shutdown.hard().is_cancelled());
    }

    #[tokio::test]
    async fn the_end_of_the_grace_period_makes_tasks_let_go() {
        let shutdown = Shutdown::new(SHORT);
        let hard = shutdown.hard();
        shutdown.spawn("stubborn", async move { hard.cancelled().await });
        shutdown.begin();
        assert!(!shutdown.finish().await);
        assert!(shutdown.hard().is_cancelled());
    }

    #[tokio::test]
    async fn the_second_signal_does_not_wait_for_the_grace_period() {
        let shutdown = Shutdown::new(LONG);
        let hard = shutdown.hard();
        shutdown.spawn("stubborn", async move { hard.cancelled().await });
        shutdown.signalled();
        assert!(shutdown.soft().is_cancelled() && !shutdown.hard().is_cancelled());
        shutdown.signalled();
        assert!(!timeout(LONG / 2, shutdown.finish()).await.unwrap());
    }

    #[tokio::test]
    async fn a_hard_shutdown_is_a_soft_one_too() {
        let shutdown = Shutdown::new(LONG);
        shutdown.force();
        assert!(shutdown.soft().is_cancelled());
        assert!(!shutdown.finish().await);
    }

    #[tokio::test]
    async fn a_task_that_panics_ends_the_program_softly() {
        let shutdown = Shutdown::new(LONG);
        shutdown.spawn("faulty", async { panic!("on purpose, for the test") });
        assert!(timeout(LONG / 2, shutdown.finish()).await.unwrap());
    }

    #[tokio::test]
    async fn a_real_signal_sets_off_the_soft_shutdown() {
        let shutdown = Shutdown::install(LONG).unwrap();
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TERM).unwrap();
        timeout(LONG / 2, shutdown.soft().cancelled()).await.unwrap();
    }
}
