//! Programs in Python, on packages that are installed under the build's folder when they are missing.

use std::process::{Command, Stdio};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// One at a time, for tests run in many processes.
const INSTALL: &str = "mkdir -p target/tools && exec 9>target/tools/.packages && flock 9 && \
                       . scripts/tools.sh && for package; do python_package $package || exit; done";

/// Makes certificates.
pub(crate) const TRUSTME: &str = "trustme 1.2.1";

/// The folders of packages, each given as name and version, as Python takes them; `None` where there is
/// no Python or no way to have them.
pub(crate) fn packages(wanted: &[&str]) -> Option<String> {
    let installed = Command::new("bash")
        .args(["-c", INSTALL, "packages"])
        .args(wanted)
        .current_dir(ROOT)
        .stderr(Stdio::inherit())
        .output()
        .ok()?;
    let folders = String::from_utf8(installed.stdout).ok()?;
    let folders: Vec<_> = folders.lines().collect();
    (installed.status.success() && folders.len() == wanted.len()).then(|| folders.join(":"))
}
