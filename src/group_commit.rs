//! Group commit: whoever waits at the same moment shares one statement and one commit.
//!
//! A writer takes what is queued and never waits for more, so a lone item pays nothing for it and a burst costs one
//! commit for many. Two writers keep one busy with Postgres while the other collects.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::{Mutex, mpsc, oneshot};

use crate::lifecycle::Shutdown;

/// How a group commit works.
#[derive(Debug, Clone, Copy)]
pub struct GroupCommitOptions {
    /// Writers at the same time.
    pub writers: usize,
    /// Items in one statement at most.
    pub batch_max: usize,
    /// Items that may wait for their commit.
    pub waiting_max: usize,
}

/// Why an item was not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotWritten {
    /// Too many are waiting already.
    Full,
    /// The writers are gone.
    Ended,
}

/// Where items are handed in. Cheap to clone.
pub struct GroupCommit<Item, Answer> {
    queue: mpsc::Sender<Waiting<Item, Answer>>,
}

struct Waiting<Item, Answer> {
    item: Item,
    answer: oneshot::Sender<Answer>,
}

impl<Item, Answer> Clone for GroupCommit<Item, Answer> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone() }
    }
}

impl<Item: Send + 'static, Answer: Send + 'static> GroupCommit<Item, Answer> {
    /// Starts the writers: `write` is handed a batch and gives an answer for each item of it, in its order. They end when
    /// the last clone of this is gone and everything queued is written, or with the hard shutdown.
    pub fn start<Write, Writing>(
        shutdown: &Shutdown,
        name: &'static str,
        options: GroupCommitOptions,
        write: Write,
    ) -> Self
    where
        Write: Fn(Vec<Item>) -> Writing + Clone + Send + Sync + 'static,
        Writing: Future<Output = Vec<Answer>> + Send,
    {
        let (queue, receiver) = mpsc::channel(options.waiting_max.max(1));
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..options.writers.max(1) {
            let (write, receiver, hard) = (write.clone(), receiver.clone(), shutdown.hard());
            shutdown.spawn(name, async move {
                tokio::select! {
                    () = write_all(receiver, options.batch_max.max(1), write) => {}
                    () = hard.cancelled_owned() => {}
                }
            });
        }
        Self { queue }
    }

    /// Hands an item in and waits for its answer, which comes after its commit.
    ///
    /// # Errors
    /// [`NotWritten`]: nothing is known of the item having been written.
    pub async fn hand_in(&self, item: Item) -> Result<Answer, NotWritten> {
        let (answer, written) = oneshot::channel();
        self.queue.try_send(Waiting { item, answer }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => NotWritten::Full,
            mpsc::error::TrySendError::Closed(_) => NotWritten::Ended,
        })?;
        written.await.map_err(|_| NotWritten::Ended)
    }
}

async fn write_all<Item, Answer, Write, Writing>(
    receiver: Arc<Mutex<mpsc::Receiver<Waiting<Item, Answer>>>>,
    batch_max: usize,
    write: Write,
) where
    Write: Fn(Vec<Item>) -> Writing,
    Writing: Future<Output = Vec<Answer>>,
{
    loop {
        let mut batch = Vec::with_capacity(batch_max);
        // Held only while collecting, so that the other writer collects while this one commits.
        if receiver.lock().await.recv_many(&mut batch, batch_max).await == 0 {
            return;
        }
        let (items, askers): (Vec<_>, Vec<_>) = batch.into_iter().map(|waiting| (waiting.item, waiting.answer)).unzip();
        for (asker, answer) in askers.into_iter().zip(write(items).await) {
            // Whoever asked may have gone; the item is written all the same.
            let _ = asker.send(answer);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn options(writers: usize, waiting_max: usize) -> GroupCommitOptions {
        GroupCommitOptions { writers, batch_max: 3, waiting_max }
    }

    #[tokio::test]
    async fn items_that_wait_at_the_same_moment_share_a_batch_of_bounded_size_and_each_gets_its_own_answer() {
        let shutdown = Shutdown::new(Duration::from_secs(1));
        let commit = GroupCommit::start(&shutdown, "test", options(1, 100), |items: Vec<u32>| async move {
            let together = items.len();
            items.into_iter().map(|item| (item, together)).collect()
        });
        let answers = futures_util::future::join_all((0..7).map(|item| commit.hand_in(item))).await;
        let answers: Vec<(u32, usize)> = answers.into_iter().map(Result::unwrap).collect();
        assert_eq!(answers, [(0, 3), (1, 3), (2, 3), (3, 3), (4, 3), (5, 3), (6, 1)]);
    }

    #[tokio::test]
    async fn when_too_many_wait_the_next_is_told_so_and_what_waits_is_still_written() {
        let shutdown = Shutdown::new(Duration::from_secs(1));
        let (open, gate) = tokio::sync::watch::channel(false);
        let commit = GroupCommit::start(&shutdown, "test", options(1, 2), move |items: Vec<u32>| {
            let mut gate = gate.clone();
            async move {
                let _ = gate.wait_for(|open| *open).await;
                items
            }
        });
        let first = tokio::spawn({
            let commit = commit.clone();
            async move { commit.hand_in(0).await }
        });
        // The writer holds the first; two more may wait.
        tokio::task::yield_now().await;
        while commit.queue.capacity() < 2 {
            tokio::task::yield_now().await;
        }
        let waiting = [1, 2].map(|item| {
            let commit = commit.clone();
            tokio::spawn(async move { commit.hand_in(item).await })
        });
        while commit.queue.capacity() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(commit.hand_in(3).await, Err(NotWritten::Full));
        open.send(true).unwrap();
        assert_eq!(first.await.unwrap(), Ok(0));
        for (task, item) in waiting.into_iter().zip([1, 2]) {
            assert_eq!(task.await.unwrap(), Ok(item));
        }
    }

    #[tokio::test]
    async fn the_writers_end_with_the_last_that_could_hand_in_and_at_once_with_a_hard_shutdown() {
        for hard in [false, true] {
            let shutdown = Shutdown::new(Duration::from_secs(60));
            let commit = GroupCommit::start(&shutdown, "test", options(2, 2), |items: Vec<u32>| async move { items });
            assert_eq!(commit.hand_in(1).await, Ok(1));
            let kept = hard.then(|| commit.clone());
            drop(commit);
            if hard {
                shutdown.force()
            } else {
                shutdown.begin()
            }
            assert_eq!(tokio::time::timeout(Duration::from_secs(30), shutdown.finish()).await, Ok(!hard));
            drop(kept);
        }
    }
}
