//! Where a private Postgres lives: a folder that its user can reach and nobody else may enter.

use std::fs::{DirBuilder, File, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

use super::owner::Owner;
use super::{EmbeddedError, Purpose, environment, server};

/// Linux keeps 108 bytes for a socket's path, the closing zero among them.
const SOCKET_PATH_BYTES_MAX: usize = 107;

/// Who waits this long for the lock waits for a process that hangs; a start takes seconds.
const LOCK_TIME_OUT: Duration = Duration::from_secs(120);

/// How often a lock that is held by another process is tried again.
const LOCK_POLL: Duration = Duration::from_millis(10);

/// The folder used when none is named.
///
/// Root's lies below `/var/tmp`: root's home and most checkouts in it are closed to the user that runs the server.
pub(super) fn standard(purpose: Purpose, is_root: bool) -> Result<PathBuf, EmbeddedError> {
    let name = match purpose {
        Purpose::Run => "postgres",
        Purpose::Tests => "test-postgres",
    };
    if is_root {
        return Ok(PathBuf::from(format!("/var/tmp/cartledger-{name}")));
    }
    let state = match environment("XDG_STATE_HOME") {
        Some(state) => PathBuf::from(state),
        None => PathBuf::from(environment("HOME").ok_or(EmbeddedError::NoFolder)?).join(".local/state"),
    };
    Ok(state.join("cartledger").join(name))
}

/// Makes sure that `folder` is there, ours, and closed to everybody else.
pub(super) fn prepare(folder: &Path, owner: &Owner) -> Result<(), EmbeddedError> {
    if !folder.is_absolute() || server::socket(folder).as_os_str().as_bytes().len() > SOCKET_PATH_BYTES_MAX {
        return Err(EmbeddedError::LongFolder(folder.to_owned()));
    }
    let failed = |source| EmbeddedError::Folder { path: folder.to_owned(), source };
    if let Some(parent) = folder.parent() {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(failed(error)),
        _ => {}
    }
    // Everybody may write to /var/tmp: a link or a folder that somebody else put there is not trusted.
    let found = std::fs::symlink_metadata(folder).map_err(failed)?;
    if !found.is_dir() || !owner.trusts(found.uid()) {
        return Err(EmbeddedError::ForeignFolder(folder.to_owned()));
    }
    owner.take(folder).map_err(failed)?;
    std::fs::set_permissions(folder, Permissions::from_mode(0o700)).map_err(failed)
}

/// Waits for the right to start a server in `folder`; given back when the file is dropped or the process ends.
pub(super) async fn lock(folder: &Path) -> Result<File, EmbeddedError> {
    let path = folder.join("lock");
    let failed = |source| EmbeddedError::Folder { path: path.clone(), source };
    let file = File::options().create(true).append(true).open(&path).map_err(failed)?;
    let deadline = Instant::now() + LOCK_TIME_OUT;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(std::fs::TryLockError::Error(error)) => return Err(failed(error)),
            Err(std::fs::TryLockError::WouldBlock) if Instant::now() > deadline => {
                return Err(EmbeddedError::Locked(folder.to_owned()));
            }
            Err(std::fs::TryLockError::WouldBlock) => tokio::time::sleep(LOCK_POLL).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_too_long_for_a_socket_is_refused_before_anything_is_made() {
        let folder = Path::new("/tmp").join("x".repeat(100));
        let error = prepare(&folder, &super::super::owner::choose().unwrap()).unwrap_err();
        assert!(matches!(error, EmbeddedError::LongFolder(_)), "{error}");
        assert!(!folder.exists());
    }

    #[test]
    fn a_link_that_somebody_left_is_not_followed() {
        let base = std::env::temp_dir().join(format!("cartledger-link-{}", std::process::id()));
        std::fs::create_dir_all(base.join("target")).unwrap();
        std::os::unix::fs::symlink(base.join("target"), base.join("link")).unwrap();
        let error = prepare(&base.join("link"), &super::super::owner::choose().unwrap()).unwrap_err();
        std::fs::remove_dir_all(&base).unwrap();
        assert!(matches!(error, EmbeddedError::ForeignFolder(_)), "{error}");
    }
}
