//! Who removes, and when.

use super::*;

#[tokio::test]
async fn only_one_replica_removes_at_a_time_and_a_round_is_not_repeated_by_the_next() {
    let (database, store) = database().await;
    let pool = database.pool();
    for n in 0..30 {
        received(pool, "acme-us", &format!("w{n}"), 200).await;
    }
    let other = random_id();
    assert!(store.take_lease("retention/acme-us", other, Duration::from_secs(60)).await.unwrap());
    task(&store).attend(&retention(&store, usual(10))).await.unwrap();
    assert_eq!(count(pool, "inbox").await, 30, "the other one has the lease");
    store.free_lease("retention/acme-us", other).await.unwrap();
    let (first, second) = (retention(&store, usual(10)), retention(&store, usual(10)));
    let (one, two) = (task(&store), task(&store));
    let (one, two) = tokio::join!(one.attend(&first), two.attend(&second));
    assert_eq!((one.is_ok(), two.is_ok()), (true, true));
    // Received at nearly the same moment; the very last one stays.
    assert_eq!(count(pool, "inbox").await, 1);
    received(pool, "acme-us", "later", 150).await;
    task(&store).attend(&first).await.unwrap();
    assert_eq!(count(pool, "inbox").await, 2, "the hour is not over");
    // However many rounds were missed, the next one does the work of all.
    run(pool, "update retention set next_at = now() - interval '9 days'").await;
    task(&store).attend(&second).await.unwrap();
    assert_eq!(texts(pool, "select webhook_id from inbox").await, ["later"]);
}

#[tokio::test]
async fn a_round_that_is_interrupted_by_the_end_of_the_program_stays_due() {
    let (database, store) = database().await;
    let pool = database.pool();
    for n in 0..500 {
        received(pool, "acme-us", &format!("w{n}"), 700 - n).await;
    }
    let soft = CancellationToken::new();
    let stopping =
        Retention::new(store.clone(), "acme-us".into(), usual(10), Arc::new(Semaphore::new(1)), soft.clone());
    let work = async {
        stopping.work().await.unwrap();
    };
    let stop = async {
        while count(pool, "inbox").await == 500 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        soft.cancel();
    };
    tokio::join!(work, stop);
    let left = count(pool, "inbox").await;
    assert!((2..500).contains(&left), "{left}");
    let next = retention(&store, usual(10));
    assert!(next.is_due().await.unwrap());
    task(&store).attend(&next).await.unwrap();
    assert_eq!(count(pool, "inbox").await, 1);
}
