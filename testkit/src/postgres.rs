//! PostgreSQL servers for tests: one shared by all tests of a process, or one of a test's own that
//! it may kill. A shell that reads from the test process supervises each, so none outlives it.

mod install;

use std::{
    env, fs,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Mutex, OnceLock, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{DEADLINE, require};

const SUPERVISOR: &str = include_str!("postgres/supervisor.sh");
pub(crate) const USER: &str = "tidewire";
/// Starts of a server before giving up: a port can be taken in between, and after a kill the old
/// server's children hold its memory for a moment.
const STARTS_MAX: usize = 50;
const POLL: Duration = Duration::from_millis(20);

/// The address of the server that the tests of this process share: the one `TIDEWIRE_TEST_POSTGRES`
/// names, else one started for this process. `None` where PostgreSQL is not installed.
pub fn postgres() -> Option<&'static str> {
    static URL: OnceLock<Option<String>> = OnceLock::new();
    URL.get_or_init(|| given().or_else(start_shared)).as_deref()
}

/// Starts the shared server and keeps it until the process ends, when its supervisor notices.
fn start_shared() -> Option<String> {
    static SERVER: Mutex<Option<Postgres>> = Mutex::new(None);
    let server = Postgres::start_own()?;
    let url = server.url.clone();
    *SERVER.lock().unwrap_or_else(PoisonError::into_inner) = Some(server);
    Some(url)
}

#[expect(clippy::disallowed_methods, reason = "tests are steered by the environment")]
fn given() -> Option<String> {
    env::var("TIDEWIRE_TEST_POSTGRES").ok().filter(|url| !url.is_empty())
}

/// A server of the test's own. Dropping it stops it and removes its directory.
pub struct Postgres {
    supervisor: Child,
    starts: Option<ChildStdin>,
    reports: mpsc::Receiver<Report>,
    directory: PathBuf,
    url: String,
    port: u16,
    pid: Pid,
}

enum Report {
    Directory(PathBuf),
    Started(Pid),
    Exited,
    Complaint(String),
}

impl Postgres {
    /// Starts a server. `None` where PostgreSQL is not installed.
    ///
    /// # Panics
    ///
    /// If it does not start, with its log.
    pub fn start_own() -> Option<Self> {
        let Some(programs) = install::programs() else {
            require::skip("everything on Postgres", "PostgreSQL");
            return None;
        };
        let mut supervisor = supervise(&programs);
        let starts = supervisor.stdin.take();
        let reports = listen(supervisor.stdout.take().expect("the output is piped"));
        let directory = directory(&reports);
        let mut server = Self {
            supervisor,
            starts,
            reports,
            directory,
            url: String::new(),
            port: 0,
            pid: Pid::INIT,
        };
        server.launch(free_port);
        Some(server)
    }

    /// The address of its default database.
    pub fn url(&self) -> &str {
        &self.url
    }

    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The server's process.
    pub fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// Where its files are.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Kills the server's process as a crash would, and waits until it is gone.
    pub fn kill_9(&mut self) {
        self.end(Signal::KILL);
    }

    /// Starts it again on the same port, after [`Postgres::kill_9`].
    pub fn start(&mut self) {
        let port = self.port;
        self.launch(|| port);
    }

    /// Stops it without a farewell to its clients, and starts it again.
    pub fn restart(&mut self) {
        self.end(Signal::QUIT);
        self.start();
    }

    fn end(&mut self, signal: Signal) {
        kill_process(self.pid, signal).expect("the server runs");
        let exited = self.reports.recv_timeout(DEADLINE);
        assert!(matches!(exited, Ok(Report::Exited)), "the server survived {signal:?}");
    }

    fn launch(&mut self, port: impl Fn() -> u16) {
        for _ in 0..STARTS_MAX {
            self.port = port();
            self.url = format!("postgres://{USER}@127.0.0.1:{}/postgres", self.port);
            let starts = self.starts.as_mut().expect("open until drop");
            writeln!(starts, "{}", self.port).expect("the supervisor lives as long as its server");
            let Ok(Report::Started(pid)) = self.reports.recv_timeout(DEADLINE) else {
                break;
            };
            self.pid = pid;
            if self.becomes_ready() {
                return;
            }
            thread::sleep(POLL);
        }
        panic!("PostgreSQL does not start:\n{}", self.log());
    }

    /// Whether the server got as far as accepting connections, which it notes in its own lock file,
    /// before it ended.
    fn becomes_ready(&self) -> bool {
        let deadline = now() + DEADLINE;
        while now() < deadline {
            match self.reports.recv_timeout(POLL) {
                Err(mpsc::RecvTimeoutError::Timeout) if self.notes_ready() => return true,
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Ok(_) | Err(mpsc::RecvTimeoutError::Disconnected) => return false,
            }
        }
        panic!("PostgreSQL is not ready after {DEADLINE:?}:\n{}", self.log());
    }

    fn notes_ready(&self) -> bool {
        let notes =
            fs::read_to_string(self.directory.join("data/postmaster.pid")).unwrap_or_default();
        let mut lines = notes.lines().map(str::trim);
        lines.next() == Some(self.pid().to_string().as_str()) && lines.nth(6) == Some("ready")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.directory.join("log")).unwrap_or_default()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.starts.take());
        // A failure here must not hide the failure that the test is about to report.
        let _ = self.supervisor.wait();
    }
}

fn supervise(programs: &Path) -> Child {
    let mut command = Command::new("sh");
    command.args(["-c", SUPERVISOR, "supervisor.sh"]).arg(programs);
    // Out of the test's process group: what ends the test must not end who cleans up after it.
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0);
    command.current_dir("/");
    install::drop_root(&mut command);
    command.spawn().expect("every Unix has a shell")
}

/// Turns what the supervisor prints into reports, on a thread that ends with it.
fn listen(output: ChildStdout) -> mpsc::Receiver<Report> {
    let (sender, reports) = mpsc::sync_channel(64);
    #[expect(clippy::disallowed_methods, reason = "pipes of processes are read by a thread each")]
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if sender.send(report(line)).is_err() {
                break;
            }
        }
    });
    reports
}

fn report(line: String) -> Report {
    match line.split_once(' ') {
        Some(("directory", path)) => Report::Directory(path.into()),
        Some(("started", pid)) => {
            pid.parse().ok().and_then(Pid::from_raw).map_or(Report::Exited, Report::Started)
        }
        None if line == "exited" => Report::Exited,
        _ => Report::Complaint(line),
    }
}

fn directory(reports: &mpsc::Receiver<Report>) -> PathBuf {
    let mut complaints = String::new();
    while let Ok(report) = reports.recv_timeout(DEADLINE) {
        match report {
            Report::Directory(path) => return path,
            Report::Complaint(line) => complaints += &(line + "\n"),
            Report::Started(_) | Report::Exited => {}
        }
    }
    panic!("no database could be made:\n{complaints}")
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("loopback has a free port");
    listener.local_addr().expect("a bound socket has an address").port()
}

#[expect(clippy::disallowed_methods, reason = "a deadline in real time")]
fn now() -> Instant {
    Instant::now()
}
