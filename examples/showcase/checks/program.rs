//! Checks of the showcase's program on every framework: its command line, its files and its log.
//!
//! A server's package includes this file with `#[path]` and defines [`PROGRAM`].

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use pollster::block_on;
use session_testkit::http::{Client, Socket};

use super::PROGRAM;

pub(crate) struct Running {
    child: Child,
    /// It is read all the while, or the program would wait for a reader.
    log: Option<JoinHandle<String>>,
    pub(crate) address: String,
}

impl Running {
    pub(crate) fn start(flags: &[&str], log: &str) -> Self {
        let mut child = Command::new(PROGRAM)
            .args(["--listen", "127.0.0.1:0", "--insecure"])
            .args(flags)
            .env("RUST_LOG", log)
            .env("RUST_BACKTRACE", "0")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let log = thread::spawn(move || {
            let mut log = String::new();
            stderr.read_to_string(&mut log).unwrap();
            log
        });
        let mut line = String::new();
        let stdout = child.stdout.as_mut().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://");
        let address = address.unwrap_or_else(|| panic!("{line:?}")).to_owned();
        Self {
            child,
            log: Some(log),
            address,
        }
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(Arc::new(Socket::new(self.address.parse().unwrap())))
    }

    /// Sends a signal and returns the exit code and the log.
    pub(crate) fn signal(mut self, name: &str) -> (Option<i32>, String) {
        let log = self.log.take().unwrap();
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([name, &id])
                .status()
                .unwrap()
                .success()
        );
        let status = self.child.wait().unwrap();
        (status.code(), log.join().unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn refused(flags: &[&str], code: i32) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(PROGRAM).args(flags).output().unwrap();
    let text = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(code), "{flags:?}: {text}");
    assert!(stdout.is_empty(), "{flags:?}");
    assert_eq!(text.lines().count(), 1, "{flags:?}: {text}");
    assert!(!text.contains("panicked"), "{text}");
    text
}

#[test]
fn a_senseless_flag_gives_one_line_and_exit_code_2() {
    let rows: [(&[&str], &str); 18] = [
        (&["--idle", "0"], "--idle"),
        (&["--idle"], "--idle"),
        (&["--idle", "99999999999999999999"], "--idle"),
        (&["--absolute", "0"], "--absolute"),
        (&["--touch-every", "-1"], "--touch-every"),
        (&["--sweep", "0"], "--sweep"),
        (&["--cookie-name", "a b"], "cookie"),
        (&["--cookie-name", ""], "cookie"),
        (&["--cookie-name", "__Host-sid", "--insecure"], "__Host-sid"),
        (
            &["--store", "mongodb://ada:secret@localhost"],
            "mongodb://…@",
        ),
        (
            &["--store", "sealed:"],
            if cfg!(feature = "sealed") {
                "--secret-key-file"
            } else {
                "--features sealed"
            },
        ),
        (&["--listen", "here"], "--listen"),
        (&["--listen", "127.0.0.1:70000"], "--listen"),
        (&["--colour"], "--colour"),
        (&["--carrier", "url"], "--carrier"),
        (&["--rotate-every", "0"], "--rotate-every"),
        (&["--carrier", "both", "--second"], "--carrier"),
        (&["--max-devices", "0"], "--max-devices"),
    ];
    for (flags, names) in rows {
        let line = refused(flags, 2);
        assert!(line.contains(names), "{flags:?}: {line}");
        assert!(!line.contains("secret@"), "{flags:?}: {line}");
    }
}

#[test]
fn a_database_server_is_reached_or_one_line_says_why_not() {
    for (url, is_in, feature) in [
        (
            "postgres://ada:secret@127.0.0.1:1/app",
            cfg!(feature = "postgres"),
            "postgres",
        ),
        (
            "mysql://ada:secret@127.0.0.1:1/app",
            cfg!(feature = "mysql"),
            "mysql",
        ),
        (
            "redis://ada:secret@127.0.0.1:1",
            cfg!(feature = "redis"),
            "redis",
        ),
        (
            "redis-cluster://ada:secret@127.0.0.1:1,127.0.0.1:2",
            cfg!(feature = "redis"),
            "redis",
        ),
        (
            "redis-sentinel://ada:secret@127.0.0.1:1/main",
            cfg!(feature = "redis"),
            "redis",
        ),
    ] {
        let flags = ["--listen", "127.0.0.1:0", "--store", url];
        let asked = Instant::now();
        let line = if is_in {
            let line = refused(&flags, 1);
            assert!(line.contains("127.0.0.1:1"), "{line}");
            line
        } else {
            let line = refused(&flags, 2);
            assert!(line.contains(&format!("--features {feature}")), "{line}");
            line
        };
        assert!(!line.contains("secret"), "{line}");
        assert!(asked.elapsed() < Duration::from_secs(15));
    }
}

#[test]
fn a_failed_start_gives_one_line_and_exit_code_1() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| format!("sqlite:{}", folder.path().join(name).display());
    std::fs::write(
        folder.path().join("text.db"),
        "this is no database, but long enough ".repeat(40),
    )
    .unwrap();
    for url in [
        path("missing/sessions.db"),
        path("text.db"),
        path("text.db/x.db"),
        path(""),
    ] {
        let line = refused(&["--listen", "127.0.0.1:0", "--store", &url], 1);
        assert!(
            line.contains(folder.path().to_str().unwrap()),
            "{url}: {line}"
        );
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let line = refused(&["--listen", &address, "--store", "memory"], 1);
    assert!(line.contains(&address), "{line}");
}

#[cfg(unix)]
#[test]
fn a_server_that_cannot_say_where_it_listens_says_why_and_gives_exit_code_1() {
    let (reader, closed) = std::io::pipe().unwrap();
    drop(reader);
    let mut outputs = vec![Stdio::from(closed)];
    // A device that is always full, where there is one.
    if let Ok(full) = std::fs::File::options().write(true).open("/dev/full") {
        outputs.push(full.into());
    }
    for stdout in outputs {
        let output = Command::new(PROGRAM)
            .args(["--listen", "127.0.0.1:0", "--store", "memory"])
            .stdout(stdout)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.starts_with("error: "), "{text}");
    }
}

#[test]
fn help_is_on_stdout_and_names_every_flag() {
    let output = Command::new(PROGRAM).arg("--help").output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    for flag in [
        "--listen",
        "--store",
        "--idle",
        "--absolute",
        "--browser-close",
        "--touch-every",
        "--rotate-every",
        "--max-devices",
        "--carrier",
        "--cookie-name",
        "--insecure",
        "--secret-key-file",
        "--gone",
        "--sweep",
        "--second",
        "--max-value-bytes",
        "--consent",
    ] {
        assert!(text.contains(flag), "{flag}");
    }
}

pub(crate) fn session(program: &Running, cookies: &str) -> serde_json::Value {
    let request =
        session_testkit::http::Request::new("GET", "/api/session").header("cookie", cookies);
    let answer = block_on(program.client().send_without_cookies(request)).unwrap();
    serde_json::from_str(&answer.text()).unwrap()
}

#[test]
fn two_servers_on_one_file_share_their_sessions() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("sessions.db").display());
    let one = Running::start(&["--store", &url], "warn");
    let two = Running::start(&["--store", &url], "warn");
    let client = one.client();
    block_on(client.post("/api/login", r#"{"user":"ada"}"#)).unwrap();
    let cookies = client.cookie_header();
    assert_eq!(session(&two, &cookies)["owner"], "ada");
    block_on(client.post("/api/logout", "")).unwrap();
    assert_eq!(session(&two, &cookies)["exists"], false);
}

#[test]
fn no_log_level_shows_an_id_or_a_value() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    for url in [format!("sqlite:{}", path.display()), "memory".into()] {
        let flags = ["--store", &url, "--sweep", "1", "--max-devices", "2"];
        let program = Running::start(&flags, "trace");
        let client = program.client();
        let mut secrets = vec!["hunter2hunter2".to_owned(), "ada-the-owner".to_owned()];
        let large = format!("{:?}", "x".repeat(1_100_000));
        let mut before = String::new();
        for (method, target, body) in [
            ("PUT", "/api/data/password", "\"hunter2hunter2\""),
            ("POST", "/api/login", r#"{"user":"ada-the-owner"}"#),
            ("POST", "/api/data/password/increment", ""),
            ("GET", "/api/devices", ""),
            ("POST", "/api/cycle", ""),
            ("POST", "/api/reauthenticate", ""),
            ("PUT", "/api/data/large", &large),
            ("PUT", "/api/lifetime", r#"{"seconds":0}"#),
            ("PUT", "/api/data/x?status=500", "1"),
            ("POST", "/api/logout", ""),
        ] {
            let request = session_testkit::http::Request::new(method, target).json(body);
            if target == "/api/login" {
                before = client.cookie_header();
            }
            if target == "/api/logout" {
                // The id from before the login, another secret of the present session, and two more devices.
                let late = session_testkit::http::Request::new("PUT", "/api/data/late");
                let late = late.header("cookie", &*before).json("1");
                block_on(client.send_without_cookies(late)).unwrap();
                let mut tampered = client.cookie_header();
                let last = if tampered.pop() == Some('A') {
                    'B'
                } else {
                    'A'
                };
                session(&program, &format!("{tampered}{last}"));
                for device in [client.stranger(), client.stranger()] {
                    let login = r#"{"user":"ada-the-owner"}"#;
                    block_on(device.post("/api/login", login)).unwrap();
                    block_on(device.post("/api/password", "")).unwrap();
                }
            }
            block_on(client.send(request)).unwrap();
            let id = client.cookie_header();
            secrets.extend(id.split_once('=').map(|(_, id)| id.to_owned()));
        }
        // An unknown id, and a malformed one.
        let forged = "abcdefghijklmnopqrstuvwxyz234567";
        session(
            &program,
            &format!("session={forged}; session=%00broken-cookie"),
        );
        secrets.extend([forged.to_owned(), "broken-cookie".to_owned()]);
        // As long as an id is, and of its form.
        session(&program, &format!("session={}", "A".repeat(48)));
        secrets.push("A".repeat(48));
        let (code, log) = program.signal("-TERM");
        assert_eq!(code, Some(0));
        for event in EVENTS {
            let field = format!("session.event=\"{event}\"");
            assert!(log.contains(&field), "{field} is not in the log");
        }
        assert!(secrets.len() > 5, "{secrets:?}");
        for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
            assert!(!log.contains(secret), "{secret} in the log:\n{log}");
        }
    }
}

/// What a client alone can cause without waiting; the rest has checks of its own.
const EVENTS: [&str; 10] = [
    "changes_dropped",
    "created",
    "logged_out",
    "over_limit",
    "reauthenticated",
    "revoked",
    "rotated",
    "signed_in",
    "tampered",
    "unknown_id",
];

#[test]
fn a_database_is_readable_by_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    let program = Running::start(&["--store", &format!("sqlite:{}", path.display())], "warn");
    let client = program.client();
    block_on(client.put("/api/data/k", "1")).unwrap();
    let cookies = client.cookie_header();
    let id = cookies.split_once('=').unwrap().1;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        assert_mode(&entry.path());
        let bytes = std::fs::read(entry.path()).unwrap();
        let found = bytes
            .windows(id.len())
            .any(|window| window == id.as_bytes());
        assert!(!found, "the id stands in {}", entry.path().display());
    }
}

#[cfg(unix)]
fn assert_mode(path: &Path) {
    use std::os::unix::fs::PermissionsExt;

    let mode = std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "{}: {mode:o}", path.display());
}

#[cfg(not(unix))]
fn assert_mode(_: &Path) {}
