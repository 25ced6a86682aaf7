//! Finds the Postgres server programs of this machine; `scripts/find-postgres` makes the same search for the scripts.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::{EmbeddedError, environment};

/// A folder with `initdb` and `postgres` in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Binaries {
    folder: PathBuf,
}

/// All server programs found, the best first: never empty.
///
/// `PG_BIN_DIR` is used alone: who names a folder means that folder. Otherwise those in `PATH` come first, then
/// Debian's and the Postgres project's own folders, the newest version first.
pub(super) fn find() -> Result<Vec<Binaries>, EmbeddedError> {
    if let Some(named) = environment("PG_BIN_DIR") {
        let named = PathBuf::from(named);
        return Ok(vec![Binaries::in_folder(&named).ok_or(EmbeddedError::BadBinDir(named))?]);
    }
    let found = search(environment("PATH").as_deref(), Path::new("/"));
    if found.is_empty() { Err(EmbeddedError::NoBinaries) } else { Ok(found) }
}

fn search(path: Option<&OsStr>, root: &Path) -> Vec<Binaries> {
    let on_path = path.into_iter().flat_map(std::env::split_paths).filter_map(|folder| {
        // `initdb` needs `postgres` beside its real path, and what stands in PATH is often only a link.
        let real = std::fs::canonicalize(folder.join("initdb")).ok()?;
        Some(real.parent()?.to_owned())
    });
    let mut found: Vec<Binaries> = Vec::new();
    for folder in on_path.chain(version_folders(root)) {
        match Binaries::in_folder(&folder) {
            Some(binaries) if !found.contains(&binaries) => found.push(binaries),
            _ => {}
        }
    }
    found
}

/// `/usr/lib/postgresql/15/bin` (Debian) and `/usr/pgsql-15/bin` (the Postgres project's RPMs), newest first.
fn version_folders(root: &Path) -> Vec<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = Vec::new();
    for (parent, prefix) in [("usr/lib/postgresql", ""), ("usr", "pgsql-")] {
        for entry in std::fs::read_dir(root.join(parent)).into_iter().flatten().flatten() {
            let name = entry.file_name();
            if let Some(version) = name.to_str().and_then(|name| name.strip_prefix(prefix)?.parse().ok()) {
                versions.push((version, entry.path().join("bin")));
            }
        }
    }
    versions.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    versions.into_iter().map(|(_, folder)| folder).collect()
}

impl Binaries {
    fn in_folder(folder: &Path) -> Option<Self> {
        let binaries = Self { folder: folder.to_owned() };
        (binaries.initdb().is_file() && binaries.postgres().is_file()).then_some(binaries)
    }

    /// The program that prepares a data folder.
    pub(super) fn initdb(&self) -> PathBuf {
        self.folder.join("initdb")
    }

    /// The server program.
    pub(super) fn postgres(&self) -> PathBuf {
        self.folder.join("postgres")
    }

    /// The major version, which is the one the data of a folder must have been written with.
    pub(super) async fn major(&self) -> Option<u32> {
        let output = tokio::process::Command::new(self.postgres()).arg("--version").output().await.ok()?;
        major_of(&String::from_utf8_lossy(&output.stdout))
    }
}

/// `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)` and `postgres (PostgreSQL) 18beta1` name their version third.
fn major_of(version: &str) -> Option<u32> {
    let third = version.split_whitespace().nth(2)?;
    let digits = third.find(|letter: char| !letter.is_ascii_digit()).map_or(third, |end| &third[..end]);
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add_programs(folder: &Path) {
        std::fs::create_dir_all(folder).unwrap();
        for program in ["initdb", "postgres"] {
            std::fs::write(folder.join(program), "").unwrap();
        }
    }

    #[test]
    fn the_newest_version_wins_by_number_and_links_lead_to_the_real_folder() {
        let root = std::env::temp_dir().join(format!("cartledger-binaries-{}", std::process::id()));
        let folders = ["usr/lib/postgresql/9/bin", "usr/lib/postgresql/15/bin", "usr/pgsql-16/bin", "opt/postgres/bin"];
        folders.iter().for_each(|folder| add_programs(&root.join(folder)));
        std::fs::create_dir_all(root.join("links")).unwrap();
        std::os::unix::fs::symlink(root.join("opt/postgres/bin/initdb"), root.join("links/initdb")).unwrap();
        let root = std::fs::canonicalize(&root).unwrap();

        let found = search(Some(root.join("links").as_os_str()), &root);
        let nowhere = search(None, &root.join("empty"));
        std::fs::remove_dir_all(&root).unwrap();

        let expected =
            ["opt/postgres/bin", "usr/pgsql-16/bin", "usr/lib/postgresql/15/bin", "usr/lib/postgresql/9/bin"];
        assert_eq!(
            found.iter().map(|found| &found.folder).collect::<Vec<_>>(),
            expected.map(|f| root.join(f)).each_ref()
        );
        assert_eq!(nowhere, []);
    }

    #[test]
    fn the_major_version_is_read_from_releases_and_betas() {
        assert_eq!(major_of("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(major_of("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(major_of("something else"), None);
    }
}
