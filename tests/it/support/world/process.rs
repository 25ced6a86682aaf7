//! The program as a process: started, killed, started with other settings, and its log.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::{ADMIN, PATIENCE, World};

impl World {
    /// A command of the program with the world's settings.
    pub(super) fn command(&self, name: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cartledger"));
        command.args([name, "--config"]).arg(self.folder.join("cartledger.toml")).stdin(Stdio::null());
        self.settings_of(&mut command);
        command
    }

    /// What the settings take from the environment.
    pub(super) fn settings_of<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env("DATABASE_URL", self.database.url())
            .env("T_ACCESS_TOKEN", "token")
            .env("T_CLIENT_SECRET", "client-secret")
            .env("T_SENDER_PASSWORD", "sandbox-sender-password")
            .env("T_USER_PASSWORD", "sandbox-user-password")
            .env("T_ADMIN", ADMIN)
    }

    /// What a command over the API says, with a token: its exit status, standard output and standard error.
    pub async fn run(&self, token: &str, arguments: &[&str]) -> (i32, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cartledger"));
        command
            .args(arguments)
            .env("CARTLEDGER_URL", &self.address)
            .env("CARTLEDGER_STORE", super::STORE)
            .env("CARTLEDGER_TOKEN", token);
        said(command).await
    }

    /// What a command that works in the database itself says: its exit status, standard output and standard error.
    pub async fn run_here(&self, name: &str, arguments: &[&str]) -> (i32, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cartledger"));
        command.arg(name).args(arguments).arg("--config").arg(self.folder.join("cartledger.toml"));
        command.env("DATABASE_URL", self.database.url()).env("USER", "ada");
        said(command).await
    }

    /// What `cartledger check` says, and its exit status.
    pub async fn check(&self) -> (Option<i32>, String) {
        let output = self.command("check").output().await.unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    }

    /// Starts the program and waits until it answers.
    pub async fn start_service(&mut self) {
        assert!(self.try_start_service(None).await, "the service ended at once: {}", self.log());
    }

    /// Starts another process that only works on orders; the program's own lives and dies by itself.
    pub fn start_replica(&mut self) {
        let mut command = self.command("serve");
        command.args(["--role", "worker"]).env("CARTLEDGER_SERVER__LISTEN", "127.0.0.1:0");
        command.stdout(self.log_file()).stderr(self.log_file()).kill_on_drop(true);
        self.replica = Some(command.spawn().unwrap());
    }

    /// Kills that process.
    pub async fn kill_replica(&mut self) {
        if let Some(mut child) = self.replica.take() {
            child.kill().await.unwrap();
        }
    }

    fn log_file(&self) -> std::fs::File {
        std::fs::File::options().create(true).append(true).open(self.folder.join("service.log")).unwrap()
    }

    /// Starts the program with a failpoint and waits until it answers; whether it lives to do so.
    pub async fn try_start_service(&mut self, failpoint: Option<&str>) -> bool {
        let mut command = self.command("serve");
        command.stdout(self.log_file()).stderr(self.log_file()).kill_on_drop(true);
        if let Some(failpoint) = failpoint {
            command.env(cartledger::failpoint::VARIABLE, failpoint);
        }
        self.service = Some(command.spawn().unwrap());
        let begun = tokio::time::Instant::now();
        while !self.get("/readyz").await.is_ok_and(|answer| answer.status().is_success()) {
            if self.service_has_ended() {
                return false;
            }
            assert!(begun.elapsed() < PATIENCE, "the service does not answer: {}", self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        true
    }

    /// Whether the program has ended by itself, or never ran.
    pub fn service_has_ended(&mut self) -> bool {
        self.service.as_mut().is_none_or(|child| child.try_wait().unwrap().is_some())
    }

    /// Kills the program on the spot, as a power cut would.
    pub async fn kill_service(&mut self) {
        if let Some(mut child) = self.service.take() {
            child.kill().await.unwrap();
        }
    }

    /// Kills the program once a function that a fault delays is with Intacct: nobody is there to hear the answer.
    pub async fn kill_service_during(&mut self, function: &str) {
        let begun = tokio::time::Instant::now();
        while self.company.pending_faults().iter().any(|fault| fault.function.as_deref() == Some(function)) {
            assert!(begun.elapsed() < Duration::from_secs(60), "{function} was never sent");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.kill_service().await;
    }

    /// Starts the program anew with other settings of the store's accounting.
    pub async fn restart_with(&mut self, accounting: &str) {
        self.kill_service().await;
        std::fs::write(self.folder.join("cartledger.toml"), format!("{}{accounting}", self.settings)).unwrap();
        self.start_service().await;
    }

    /// Starts the program anew with other settings: `change` gets their text.
    pub async fn restart_changed(&mut self, change: impl FnOnce(String) -> String) {
        self.kill_service().await;
        let file = self.folder.join("cartledger.toml");
        let before = std::fs::read_to_string(&file).unwrap();
        let after = change(before.clone());
        assert_ne!(after, before, "nothing was changed");
        std::fs::write(&file, after).unwrap();
        self.start_service().await;
    }

    /// The last lines of the program's log.
    pub fn log(&self) -> String {
        let text = std::fs::read_to_string(self.folder.join("service.log")).unwrap_or_default();
        text.lines().rev().take(12).collect::<Vec<_>>().join("\n")
    }
}

async fn said(mut command: Command) -> (i32, String, String) {
    let output = command.stdin(Stdio::null()).output().await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}
