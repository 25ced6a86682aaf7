//! The state file: written whole beside itself and renamed, so that a crash leaves the old or the new one.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use super::state::State;

/// Reads the state file; a missing file is a new store.
pub(super) fn load(path: &Path) -> io::Result<State> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(State::default()),
        Err(error) => return Err(error),
    };
    let mut state: State = serde_json::from_slice(&text)?;
    state.outbox.rebuild();
    Ok(state)
}

/// Replaces the state file.
pub(super) fn save(path: &Path, json: &[u8]) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let mut file = fs::File::create(&beside)?;
    file.write_all(json)?;
    file.sync_all()?;
    fs::rename(&beside, path)
}
