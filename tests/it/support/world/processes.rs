//! More processes of the program on a world's database, each with settings, roles and a log of its own.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::process::Stdio;

use reqwest::Url;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

use super::{PATIENCE, World};
use crate::support::cable::End;

/// How a process is started.
pub struct Role<'a> {
    /// The name of its settings and its log.
    pub name: &'a str,
    /// What it does: `ingest`, `worker`, `api`.
    pub roles: &'a str,
    /// Where it listens; `None` for any free port.
    pub listen: Option<String>,
    /// How it reaches the database; `None` for directly.
    pub database: Option<String>,
    /// A command that runs it elsewhere, such as on another host.
    pub through: Vec<String>,
}

/// A process of the program; it is killed when this is dropped.
pub struct Process {
    child: Child,
    /// Where its metrics are.
    pub address: String,
}

impl World {
    /// Starts a process with the world's settings as `change` makes them.
    pub async fn start_process(&self, role: Role<'_>, change: impl FnOnce(String) -> String) -> Process {
        let listen = match role.listen {
            Some(listen) => listen,
            None => TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string(),
        };
        let file = self.folder.join(format!("{}.toml", role.name));
        let settings = std::fs::read_to_string(self.folder.join("cartledger.toml")).unwrap();
        std::fs::write(&file, change(settings)).unwrap();
        let log = std::fs::File::create(self.log_path(role.name)).unwrap();
        let program = env!("CARGO_BIN_EXE_cartledger");
        let mut words = role.through.iter().map(String::as_str).chain([program]);
        let mut command = Command::new(words.next().unwrap());
        command.args(words).args(["serve", "--role", role.roles, "--config"]).arg(&file);
        self.settings_of(&mut command)
            .env("CARTLEDGER_SERVER__LISTEN", &listen)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .kill_on_drop(true);
        if let Some(database) = role.database {
            command.env("DATABASE_URL", database);
        }
        Process { child: command.spawn().unwrap(), address: format!("http://{listen}") }
    }

    fn log_path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.log"))
    }

    /// What a process has logged so far.
    pub fn log_of(&self, name: &str) -> String {
        std::fs::read_to_string(self.log_path(name)).unwrap()
    }

    /// Waits until a process answers.
    pub async fn answers(&self, process: &mut Process) {
        let begun = tokio::time::Instant::now();
        let url = format!("{}/readyz", process.address);
        while !self.client.get(&url).send().await.is_ok_and(|answer| answer.status().is_success()) {
            assert_eq!(process.child.try_wait().unwrap(), None, "a process ended at once: {}", self.folder.display());
            assert!(begun.elapsed() < PATIENCE, "a process does not answer: {}", self.folder.display());
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    /// How many orders a process has brought to an end.
    pub async fn orders_done_by(&self, process: &Process) -> u64 {
        let answer = self.client.get(format!("{}/metrics", process.address)).send().await.unwrap();
        let metrics = answer.text().await.unwrap();
        let done = metrics.lines().find_map(|line| line.strip_prefix("cartledger_orders_total{outcome=\"done\"} "));
        done.map_or(0, |count| count.parse().unwrap())
    }

    /// Where the database's server listens.
    pub fn database_end(&self) -> End {
        End::of_database(&self.database)
    }

    /// The database's address for somebody who reaches its server at another host and port.
    pub fn database_url_at(&self, host: IpAddr, port: u16) -> String {
        self.database.url_at(host, port)
    }

    /// Where the company listens.
    pub fn company_end(&self) -> End {
        End::Tcp(Ipv4Addr::LOCALHOST.to_string(), self.company_served.address().port())
    }

    /// The same as it stands in the settings.
    pub fn company_address(&self) -> String {
        self.company_served.address().to_string()
    }

    /// Where the shop's API is, as host and port.
    pub fn shop_end(&self) -> End {
        End::Tcp(Ipv4Addr::LOCALHOST.to_string(), Url::parse(&self.shop_address).unwrap().port().unwrap())
    }

    /// Where the shop's API is.
    pub fn shop_address(&self) -> &str {
        &self.shop_address
    }
}

impl Process {
    /// Its number; a command that it runs through has become it, when that ends in `exec`.
    pub fn id(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// Kills it, as a power cut would.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}
