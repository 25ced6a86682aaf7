//! `cartledger sandbox`: a BigCommerce store and an Intacct company on this machine, to develop and test against.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use secrecy::SecretString;
use tokio::net::TcpListener;

use crate::lifecycle::Shutdown;
use crate::sandbox::{bigcommerce, intacct};

/// Where the counterparts listen and what they keep.
#[derive(Debug, Args)]
pub(super) struct SandboxArguments {
    /// Where the BigCommerce store listens
    #[arg(long, default_value = "127.0.0.1:8081", value_name = "ADDRESS")]
    bigcommerce: SocketAddr,
    /// Where the Intacct company listens
    #[arg(long, default_value = "127.0.0.1:8082", value_name = "ADDRESS")]
    intacct: SocketAddr,
    /// Keep orders and books in this folder; without it they are gone at the end
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
}

pub(super) async fn run(arguments: SandboxArguments) -> anyhow::Result<ExitCode> {
    let shutdown = Shutdown::install(Duration::from_secs(5))?;
    if let Some(folder) = &arguments.data {
        std::fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    }
    let file = |name: &str| arguments.data.as_ref().map(|folder| folder.join(name));
    let settings = bigcommerce::StoreSettings {
        state_file: file("bigcommerce.json"),
        ..bigcommerce::StoreSettings::new(
            "sandboxshop",
            SecretString::from("sandbox-access-token"),
            SecretString::from("sandbox-client-secret"),
        )
    };
    let shop = bigcommerce::Store::new(settings)?;
    let listener = listen(arguments.bigcommerce).await?;
    println!(
        "BigCommerce store   http://{}   hash sandboxshop, token sandbox-access-token, client secret sandbox-client-secret",
        listener.local_addr()?
    );
    let soft = shutdown.soft();
    shutdown.spawn("sandbox store", async move {
        if let Err(error) = shop.serve(listener, soft).await {
            eprintln!("the sandbox store ended: {error}");
        }
    });
    let company = intacct::Company::new(intacct::CompanySettings {
        books_file: file("intacct.json"),
        ..intacct::CompanySettings::default()
    })?;
    let served = company.serve(listen(arguments.intacct).await?)?;
    println!(
        "Intacct company     {}   company SANDBOX, sender sandbox_sender, user ws_cartledger",
        served.gateway_url()
    );
    println!(
        "                    passwords sandbox-sender-password and sandbox-user-password; its books: http://{}",
        served.address()
    );
    println!("Ctrl-C ends both.");
    shutdown.soft().cancelled().await;
    served.stop().await?;
    shutdown.finish().await;
    Ok(ExitCode::SUCCESS)
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("listening on {address}: choose another address (--help)"))
}
