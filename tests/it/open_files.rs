//! A service that is allowed few open files takes more as far as the machine lets it, and says so when it does not.

use std::fs;

use crate::support::world::{Process, Role, World};

/// The default settings: 8192 connections, and what else is open.
const NEEDED: u64 = 8192;

async fn started(world: &World, limit: &'static str) -> Process {
    let through = ["sh", "-c", &format!("{limit} && exec \"$@\""), "sh"].map(str::to_owned).to_vec();
    let role = Role { name: "limited", roles: "ingest", listen: None, database: None, through };
    let mut process = world.start_process(role, |settings| settings).await;
    world.answers(&mut process).await;
    process
}

/// How many files a process may have open now, and how many at most.
fn allowed(process: &Process) -> (u64, u64) {
    let limits = fs::read_to_string(format!("/proc/{}/limits", process.id())).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let numbers: Vec<u64> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    (numbers[0], numbers[1])
}

#[tokio::test]
async fn a_low_limit_is_raised_as_far_as_the_settings_need() {
    let world = World::start().await;
    let process = started(&world, "ulimit -Sn 256").await;
    let (now, most) = allowed(&process);
    assert!(now > NEEDED || now == most, "{now} of {most}");
    assert_eq!(world.log_of("limited").contains("fewer files may be open"), now <= NEEDED);
}

#[tokio::test]
async fn what_the_machine_does_not_allow_is_said() {
    let world = World::start().await;
    let process = started(&world, "ulimit -n 512").await;
    assert_eq!(allowed(&process), (512, 512));
    let log = world.log_of("limited");
    assert!(log.contains("fewer files may be open") && log.contains("LimitNOFILE"), "{log}");
}
