//! The installation's key in the data directory: made once, readable by the server alone.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use tidewire_app::{clock::Clock, config::Secret};

use super::{Wrong, values};

const FILE: &str = "secret.key";

/// Reads the key, or makes it where there is none.
pub(super) fn load_or_make(data_dir: &Path, clock: &Clock) -> Result<Secret, Wrong> {
    let path = data_dir.join(FILE);
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make(data_dir, clock).and_then(|()| fs::read_to_string(&path))
        }
        read => read,
    };
    let name = path.display().to_string();
    let expected = "a file of the server's own with 32 bytes in base64url";
    let text = text.map_err(|error| Wrong::new(&name, &error.kind().to_string(), expected))?;
    values::secret(text.trim()).map_err(|fault| Wrong::new(&name, &fault, expected))
}

/// Writes a new key under another name and links it into place, so that of several processes that
/// start at once all find the whole key of the first.
fn make(data_dir: &Path, clock: &Clock) -> io::Result<()> {
    let name = URL_SAFE_NO_PAD.encode(clock.random_bytes::<12>());
    let draft = data_dir.join(format!("{FILE}.{name}"));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    writeln!(file, "{}", URL_SAFE_NO_PAD.encode(clock.random_bytes::<32>()))?;
    file.sync_all()?;
    let linked = fs::hard_link(&draft, data_dir.join(FILE));
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}
