//! What processes spend: processor time and memory, read from /proc.

use std::time::Duration;

/// Clock ticks a second in /proc (Linux, USER_HZ).
const TICKS: u64 = 100;

/// Processor time that a process and its children, those that have ended too, have spent so far.
pub fn spent(pid: u32) -> Duration {
    let children: u64 = children(pid).into_iter().map(ticks).sum();
    let ended = field(pid, 13) + field(pid, 14);
    Duration::from_millis((ticks(pid) + ended + children) * 1000 / TICKS)
}

/// Memory of a process in bytes, without its children.
pub fn resident(pid: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or_default() * 1024
}

/// Compilers that run at this moment: figures taken then are worth less.
pub fn compilers() -> usize {
    let names = processes().into_iter().filter_map(|pid| std::fs::read_to_string(format!("/proc/{pid}/comm")).ok());
    names.filter(|name| ["rustc", "cc1", "ld"].contains(&name.trim())).count()
}

fn processes() -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()
}

fn children(parent: u32) -> Vec<u32> {
    processes().into_iter().filter(|pid| field(*pid, 1) == u64::from(parent)).collect()
}

/// User and system time.
fn ticks(pid: u32) -> u64 {
    field(pid, 11) + field(pid, 12)
}

/// A number of /proc/PID/stat, counted behind the name, which may contain anything.
fn field(pid: u32, place: usize) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let behind = text.rsplit_once(')').map(|(_, behind)| behind).unwrap_or_default();
    behind.split_whitespace().nth(place).and_then(|value| value.parse().ok()).unwrap_or_default()
}
