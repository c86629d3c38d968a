//! Tidewire as a process: started, found by the address it prints, killed and always reaped.

use std::{
    env,
    io::{BufRead as _, BufReader, Read},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{sync::oneshot, time::timeout};

use crate::{DEADLINE, eventually};

const ANNOUNCEMENT: &str = "listening on http://";

/// A running server process. Dropping it kills it.
pub struct Server {
    process: Child,
    address: SocketAddr,
    complaints: Complaints,
}

/// What the process writes to its standard error, collected by a thread.
struct Complaints {
    text: Arc<Mutex<String>>,
    collector: JoinHandle<()>,
}

impl Server {
    /// Starts `binary` (`env!("CARGO_BIN_EXE_tidewire")`) on a free port, with its data in
    /// `data_dir`, and waits until it prints where it listens. `configure` adds to the command.
    ///
    /// # Panics
    ///
    /// If it ends or stays silent instead, with what it wrote to its standard error.
    pub async fn start(
        binary: impl AsRef<Path>,
        data_dir: &Path,
        configure: impl FnOnce(&mut Command),
    ) -> Self {
        let mut command = Self::command(binary, data_dir);
        command.env("TIDEWIRE_LISTEN", "127.0.0.1:0");
        configure(&mut command);
        Self::spawn(command).await
    }

    /// A command of `binary` on the data in `data_dir`, with nothing else decided.
    pub fn command(binary: impl AsRef<Path>, data_dir: &Path) -> Command {
        let mut command = Command::new(binary.as_ref());
        forget_settings(&mut command);
        command.current_dir(data_dir).env("TIDEWIRE_DATA_DIR", data_dir);
        command
    }

    /// Starts `command` as it is and waits until it prints where it listens.
    ///
    /// # Panics
    ///
    /// As [`Server::start`].
    pub async fn spawn(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().expect("the server's binary can be started");
        let complaints = collect(process.stderr.take().expect("the output is piped"));
        let announced = announced(process.stdout.take().expect("the output is piped"));
        // Made before the address is known, so that a failure below reaps the process.
        let unbound = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut server = Self { process, address: unbound, complaints };
        let Ok(announced) = timeout(DEADLINE, announced).await else {
            panic!("the server does not say where it listens:\n{}", server.complaints());
        };
        let Ok(address) = announced else {
            let status = server.exited().await;
            panic!("the server ended at its start, {status}:\n{}", server.complaints());
        };
        server.address = address;
        server
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of `path`, which starts with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// What it wrote to its standard error so far.
    pub fn complaints(&self) -> String {
        self.complaints.text.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Kills it as a crash would.
    pub fn kill_9(mut self) {
        self.reap();
    }

    /// Asks it to stop (SIGTERM); see [`Server::exited`].
    pub fn ask_to_stop(&self) {
        let pid = Pid::from_child(&self.process);
        // One that has ended by itself is as good as stopped; `exited` tells how it ended.
        let _ = kill_process(pid, Signal::TERM);
    }

    /// Waits until it has ended by itself and all it wrote is collected.
    ///
    /// # Panics
    ///
    /// If it does not end.
    pub async fn exited(&mut self) -> ExitStatus {
        eventually("the server ends", async || {
            let status = self.process.try_wait().ok().flatten()?;
            self.complaints.collector.is_finished().then_some(status)
        })
        .await
    }

    /// Asks it to stop and waits until it has.
    ///
    /// # Panics
    ///
    /// As [`Server::exited`].
    pub async fn terminate(mut self) -> ExitStatus {
        self.ask_to_stop();
        self.exited().await
    }

    fn reap(&mut self) {
        // Both fail only for a process that was reaped before.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.reap();
    }
}

/// A developer's own settings must not reach a test.
fn forget_settings(command: &mut Command) {
    command.env_remove("DATABASE_URL").env_remove("REDIS_URL");
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("TIDEWIRE_") {
            command.env_remove(name);
        }
    }
}

/// Resolves to the address that the process prints; fails when its output ends without one.
fn announced(output: impl Read + Send + 'static) -> oneshot::Receiver<SocketAddr> {
    let (found, announced) = oneshot::channel();
    let mut found = Some(found);
    on_thread(move || {
        // Read to the end, so that the process never blocks on a full pipe.
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if let Some(address) = address_in(&line)
                && let Some(found) = found.take()
            {
                // The test may have given up.
                let _ = found.send(address);
            }
        }
    });
    announced
}

fn address_in(line: &str) -> Option<SocketAddr> {
    line.split_once(ANNOUNCEMENT)?.1.split_whitespace().next()?.trim_end_matches('/').parse().ok()
}

fn collect(output: impl Read + Send + 'static) -> Complaints {
    let text = Arc::default();
    let collected: Arc<Mutex<String>> = Arc::clone(&text);
    let collector = on_thread(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let mut text = collected.lock().unwrap_or_else(PoisonError::into_inner);
            text.push_str(&line);
            text.push('\n');
        }
    });
    Complaints { text, collector }
}

#[expect(clippy::disallowed_methods, reason = "pipes of processes are read by a thread each")]
fn on_thread(work: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    thread::spawn(work)
}
