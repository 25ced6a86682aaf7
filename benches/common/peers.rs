//! Peers: other programs that do a part of the same work, installed by their package managers into a scratch folder.

use std::path::{Path, PathBuf};

use tokio::process::{Child, Command};

/// The folder of the peers with what npm has installed; `None` when they cannot be had, which is said.
pub async fn installed() -> Option<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("peers");
    std::fs::create_dir_all(&target).ok()?;
    for file in ["package.json", "fastify.mjs", "graphile.mjs"] {
        std::fs::copy(source.join(file), target.join(file)).ok()?;
    }
    let install = Command::new("npm")
        .args(["install", "--no-audit", "--no-fund", "--silent"])
        .current_dir(&target)
        .status()
        .await;
    match install {
        Ok(status) if status.success() => Some(target),
        _ => {
            println!("peers: left out, npm could not install them (it needs Node.js 20 and a registry)");
            None
        }
    }
}

/// Starts one of them.
pub fn start(folder: &Path, script: &str, environment: &[(&str, String)]) -> anyhow::Result<Child> {
    let mut command = Command::new("node");
    command.arg(script).current_dir(folder).kill_on_drop(true).env("NODE_ENV", "production");
    for (name, value) in environment {
        command.env(name, value);
    }
    Ok(command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::inherit()).spawn()?)
}
