//! Where PostgreSQL is installed, and as whom it may run.

use std::{env, fs, os::unix::process::CommandExt as _, path::PathBuf, process::Command};

/// The folder that holds the server's programs: from `PATH`, else the newest of Debian's versions.
pub(super) fn programs() -> Option<PathBuf> {
    on_path().or_else(newest_of_debian)
}

#[expect(clippy::disallowed_methods, reason = "programs are found through PATH")]
fn on_path() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).find(|folder| complete(folder))
}

fn newest_of_debian() -> Option<PathBuf> {
    let version = |folder: &PathBuf| {
        folder.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok()).unwrap_or(0)
    };
    let mut versions: Vec<_> = fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .collect();
    versions.sort_by_key(version);
    versions.into_iter().rev().map(|folder| folder.join("bin")).find(|folder| complete(folder))
}

fn complete(folder: &std::path::Path) -> bool {
    ["initdb", "postgres"].iter().all(|program| folder.join(program).is_file())
}

/// PostgreSQL refuses to run as root: root lends the process to an account without rights.
pub(super) fn drop_root(command: &mut Command) {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let account = ["postgres", "nobody"].iter().find_map(|name| ids(&accounts, name));
    let (uid, gid) = account.expect("every Unix has an account without rights");
    command.uid(uid).gid(gid);
}

fn ids(accounts: &str, name: &str) -> Option<(u32, u32)> {
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next()? == name).then_some(())?;
        Some((fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let accounts = "root:x:0:0::/root:/bin/sh\npostgres2:x:7:7::/:\npostgres:x:101:104::/:\n";
        assert_eq!(ids(accounts, "postgres"), Some((101, 104)));
        assert_eq!(ids(accounts, "nobody"), None);
    }
}
