//! Who runs the private Postgres: ourselves, or an unprivileged user when we are root, since Postgres refuses root.

use std::path::Path;

use tokio::process::Command;

use super::EmbeddedError;

/// Users to become, the best first: the one made for Postgres, and the one that every system has.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];

/// The user a server runs as.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Owner {
    uid: u32,
    /// The group to change to; `None` when the user is ourselves and nothing changes.
    become_group: Option<u32>,
}

/// Chooses the user for this process' private servers.
pub(super) fn choose() -> Result<Owner, EmbeddedError> {
    let uid = rustix::process::geteuid().as_raw();
    if uid != 0 {
        return Ok(Owner { uid, become_group: None });
    }
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    unprivileged(&users).ok_or(EmbeddedError::NoOwner)
}

fn unprivileged(users: &str) -> Option<Owner> {
    UNPRIVILEGED.iter().find_map(|wanted| {
        users.lines().find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            let uid = fields.nth(1)?.parse().ok()?;
            let gid = fields.next()?.parse().ok()?;
            (name == *wanted && uid != 0).then_some(Owner { uid, become_group: Some(gid) })
        })
    })
}

impl Owner {
    /// Whether we are root, so that the server runs as somebody else.
    pub(super) fn is_root(&self) -> bool {
        self.become_group.is_some()
    }

    /// Whether a file of user `uid` may be used: it is the server's own, or root's.
    pub(super) fn trusts(&self, uid: u32) -> bool {
        uid == self.uid || uid == 0
    }

    /// Gives `path` to this user; does nothing when that is ourselves.
    pub(super) fn take(&self, path: &Path) -> std::io::Result<()> {
        match self.become_group {
            Some(gid) => std::os::unix::fs::chown(path, Some(self.uid), Some(gid)),
            None => Ok(()),
        }
    }

    /// A command that runs `program` as this user, away from our working folder (which that user may not be able to
    /// read) and from the terminal's process group (Ctrl-C is for us; Postgres ends after the workers).
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir("/").process_group(0).env("LC_ALL", "C");
        if let Some(gid) = self.become_group {
            // The standard library drops root's other groups along with the user.
            command.uid(self.uid).gid(gid);
        }
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_becomes_postgres_or_else_nobody() {
        let nobody = "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65533:nobody:/nonexistent:/usr/sbin/nologin\n";
        let both = format!("{nobody}postgres:x:101:104:PostgreSQL,,,:/var/lib/postgresql:/bin/bash\n");
        assert_eq!(unprivileged(nobody), Some(Owner { uid: 65534, become_group: Some(65533) }));
        assert_eq!(unprivileged(&both), Some(Owner { uid: 101, become_group: Some(104) }));
        assert_eq!(unprivileged("root:x:0:0:root:/root:/bin/bash\nbroken line\n"), None);
    }
}
