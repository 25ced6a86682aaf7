//! Orders per second through the real service, as `cartledger bench-sync` measures them: one and many documents a request,
//! by order and by day, at the quota of a Pro plan, and the way of a webhook.
//!
//! `cargo bench --bench sync`; with options after `--` it measures what they say. See benches/README.md.

use cartledger::cli::{self, Arguments};
use clap::Parser;

/// What is measured when nothing else is said.
const USUAL: [&[&str]; 6] = [
    &["--documents-per-request", "1", "--runs", "3"],
    // Three times what the requests carry, as the settings advise.
    &["--documents-per-request", "20", "--at-once", "120", "--orders", "1600", "--runs", "3"],
    &["--mode", "daily", "--runs", "3"],
    &["--quota", "450"],
    &["--wake", "300"],
    &["--wake", "100", "--debounce", "200"],
];

fn main() -> anyhow::Result<()> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    // Cargo adds an option of its own.
    let given: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let usual = USUAL.map(|options| options.iter().map(|option| (*option).to_owned()).collect());
    let all = if given.is_empty() { usual.to_vec() } else { vec![given] };
    for options in all {
        println!("cartledger bench-sync {}", options.join(" "));
        let words = ["cartledger", "bench-sync"].map(str::to_owned).into_iter().chain(options);
        runtime.block_on(cli::run(Arguments::try_parse_from(words)?))?;
        println!();
    }
    Ok(())
}
