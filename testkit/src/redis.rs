//! Redis servers for tests, each a test's own: to be killed, stopped and asked what they had to do.

use std::{
    env,
    io::{self, BufRead as _, BufReader, Write as _},
    net::{Ipv4Addr, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::{DEADLINE, postgres::free_port, python, require};

/// Ends when its standard input does, however the test process ended, and takes the server along.
const SUPERVISOR: &str =
    r#"redis-server "$@" >log 2>&1 & echo $!; cat >/dev/null; kill -9 $! 2>/dev/null; wait"#;
const STARTS_MAX: usize = 20;
const POLL: Duration = Duration::from_millis(10);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// A server that keeps nothing on disk. Dropping it kills it.
pub struct Redis {
    directory: TempDir,
    options: Vec<String>,
    port: u16,
    running: Option<Running>,
}

struct Running {
    supervisor: Child,
    pid: Pid,
}

impl Redis {
    /// Starts a server. `None` where Redis is not installed.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn start() -> Option<Self> {
        Self::with(&[])
    }

    /// Starts a cluster of one server, which has all slots. `None` where Redis is not installed.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn cluster() -> Option<Self> {
        let redis = Self::with(&["--cluster-enabled", "yes"])?;
        redis.ask("CLUSTER ADDSLOTSRANGE 0 16383").expect("a new cluster has no slots");
        assert!(within_deadline(|| redis.ask("SET slot served").is_ok()), "{}", redis.log());
        Some(redis)
    }

    /// Starts a server with further options. `None` where Redis is not installed.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn with(options: &[&str]) -> Option<Self> {
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        Self::begin(directory, options)
    }

    /// Starts a server that also speaks TLS, at [`Redis::tls_url`]. `None` where Redis is not
    /// installed, or no certificate can be made.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn over_tls() -> Option<Self> {
        let Some(packages) = python::packages(&[python::TRUSTME]) else {
            require::skip("Redis over TLS", "python3 with pip");
            return None;
        };
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let mut trustme = Command::new("python3");
        trustme.args(["-m", "trustme", "--quiet", "--identities", "localhost", "--dir"]);
        trustme.arg(directory.path()).env("PYTHONPATH", packages);
        let made = trustme.status().expect("python was there a moment ago");
        assert!(made.success(), "no certificate: {made}");
        let tls_port = free_port().to_string();
        let options = ["--tls-port", &tls_port, "--tls-auth-clients", "no"];
        let files =
            ["--tls-cert-file", "server.pem", "--tls-key-file", "server.key", "--tls-ca-cert-file"];
        let options = options.into_iter().chain(files).chain(["client.pem"]);
        Self::begin(directory, options.map(str::to_owned).collect())
    }

    /// # Panics
    ///
    /// If it was not started by [`Redis::over_tls`].
    pub fn tls_url(&self) -> String {
        let place = self.options.iter().position(|option| option == "--tls-port");
        let port = place.and_then(|place| self.options.get(place + 1));
        format!("rediss://localhost:{}", port.expect("it speaks TLS"))
    }

    /// Who certifies it, in PEM.
    pub fn ca_file(&self) -> PathBuf {
        self.directory.path().join("client.pem")
    }

    fn begin(directory: TempDir, options: Vec<String>) -> Option<Self> {
        if !is_installed() {
            require::skip("everything on Redis", "redis-server");
            return None;
        }
        let mut redis = Self { directory, options, port: 0, running: None };
        for _ in 0..STARTS_MAX {
            redis.port = free_port();
            if redis.launch() {
                return Some(redis);
            }
        }
        panic!("Redis does not start:\n{}", redis.log());
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Kills the server's process, which forgets everything.
    ///
    /// # Panics
    ///
    /// Never: a child can be awaited.
    pub fn kill_9(&mut self) {
        if let Some(mut running) = self.running.take() {
            // Whichever comes first: the supervisor kills it too.
            let _ = kill_process(running.pid, Signal::KILL);
            drop(running.supervisor.stdin.take());
            running.supervisor.wait().expect("a child can be awaited");
        }
    }

    /// Starts it again on the same port, after [`Redis::kill_9`].
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn start_again(&mut self) {
        assert!(self.launch(), "Redis does not start:\n{}", self.log());
    }

    /// Starts it unless it runs.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn make_run(&mut self) {
        if self.running.is_none() {
            self.start_again();
        }
    }

    /// Stops the process where it is; its connections stay open.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on after [`Redis::pause`].
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let running = self.running.as_ref().expect("a server that runs");
        kill_process(running.pid, signal).expect("a server that runs");
    }

    /// The first line of the answer to a command, without its type; an error if Redis says one.
    ///
    /// # Errors
    ///
    /// Redis' own, and those of the connection.
    pub fn ask(&self, command: &str) -> io::Result<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
        stream.write_all(format!("{command}\r\n").as_bytes())?;
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line)?;
        match line.split_at_checked(1) {
            Some(("-", error)) => Err(io::Error::other(error.trim().to_owned())),
            Some((_, answer)) => Ok(answer.trim().to_owned()),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// How many commands it has had to do, this one and all before.
    ///
    /// # Panics
    ///
    /// If it does not say.
    pub fn commands_done(&self) -> u64 {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).expect("it listens");
        stream.write_all(b"INFO stats\r\n").expect("it reads");
        let lines = BufReader::new(stream).lines().map_while(Result::ok);
        let mut counts = lines
            .filter_map(|line| line.strip_prefix("total_commands_processed:").map(str::to_owned));
        counts.next().and_then(|count| count.trim().parse().ok()).expect("Redis counts commands")
    }

    fn launch(&mut self) -> bool {
        let mut command = Command::new("sh");
        command.args(["-c", SUPERVISOR, "redis", "--bind", "127.0.0.1", "--save", ""]);
        command.args(["--appendonly", "no", "--port"]).arg(self.port.to_string());
        command.args(&self.options).current_dir(self.directory.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut supervisor = command.spawn().expect("every Unix has a shell");
        let mut pid = String::new();
        let output = supervisor.stdout.take().expect("the output is piped");
        BufReader::new(output).read_line(&mut pid).expect("the supervisor says the process");
        let pid = pid.trim().parse().ok().and_then(Pid::from_raw).expect("a process id");
        self.running = Some(Running { supervisor, pid });
        // One that wants a password first answers too.
        let answers = || match self.ask("PING") {
            Ok(_) => true,
            Err(error) => error.kind() == io::ErrorKind::Other,
        };
        within_deadline(|| answers() || self.log().contains("Failed"));
        let ready = answers();
        if !ready {
            self.kill_9();
        }
        ready
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill_9();
    }
}

#[expect(clippy::disallowed_methods, reason = "programs are found through PATH")]
fn is_installed() -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join("redis-server").is_file())
}

fn within_deadline(is_so: impl Fn() -> bool) -> bool {
    let deadline = now() + DEADLINE;
    while now() < deadline {
        if is_so() {
            return true;
        }
        thread::sleep(POLL);
    }
    false
}

#[expect(clippy::disallowed_methods, reason = "a deadline in real time")]
fn now() -> Instant {
    Instant::now()
}
