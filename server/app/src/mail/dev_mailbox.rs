//! The mailbox of an installation without a mail server: one file a mail, readable by its owner.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{Result, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

use uuid::Uuid;

/// Writes a mail; a reader of the directory sees all of it or nothing.
pub(super) fn deliver(directory: &Path, id: Uuid, mail: &[u8]) -> Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let unfinished = directory.join(format!(".{id}.part"));
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(mail)?;
    file.sync_all()?;
    fs::rename(unfinished, directory.join(format!("{id}.eml")))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_mail_is_one_private_file_that_replaces_itself() {
        let data = tempfile::tempdir().unwrap();
        let directory = data.path().join("mail");
        let id = Uuid::from_u128(7);
        deliver(&directory, id, b"first").unwrap();
        deliver(&directory, id, b"second").unwrap();
        let files: Vec<_> =
            fs::read_dir(&directory).unwrap().map(|file| file.unwrap().path()).collect();
        assert_eq!(files, [directory.join(format!("{id}.eml"))]);
        assert_eq!(fs::read(&files[0]).unwrap(), b"second");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&directory), mode(&files[0])), (0o700, 0o600));
    }
}
