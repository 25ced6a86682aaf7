//! Parses the command line, calls a command, prints a human error.

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let arguments = cartledger::cli::Arguments::parse();
    // The TLS library is chosen once, before anything makes a client.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        eprintln!("cartledger: the TLS provider was set twice");
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("cartledger: the machine gives no threads: {error}");
            return ExitCode::from(1);
        }
    };
    let ended = runtime.block_on(cartledger::cli::run(arguments));
    // Everything that matters was waited for; a read of standard input would be waited for until somebody closes it.
    runtime.shutdown_background();
    match ended {
        Ok(code) => code,
        Err(error) => {
            // {:#} prints the whole chain of causes on one line.
            eprintln!("cartledger: {error:#}");
            ExitCode::from(1)
        }
    }
}
