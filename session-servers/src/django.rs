use std::env;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::account::run;
use crate::{DjangoOracle, Process, free_port};

/// A release of Django, in a virtual environment that `scripts/install-django` made.
#[derive(Debug, Clone)]
pub struct Django {
    release: &'static str,
    python: PathBuf,
}

impl Django {
    /// The releases that are tested.
    pub const RELEASES: [&'static str; 3] = ["4.2", "5.2", "6"];

    /// Finds the releases of this machine, and names those that are missing.
    ///
    /// # Panics
    ///
    /// If there is none, and `CI` or `STRICT` is in the environment.
    #[must_use]
    pub fn installed(test: &str) -> Vec<Self> {
        let home = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/django");
        let mut found = Vec::new();
        for release in Self::RELEASES {
            let folder = Path::new(home).join(release);
            let python = folder.join("bin/python");
            // The list of packages is written last.
            if folder.join("packages").is_file() && python.is_file() {
                found.push(Self { release, python });
            } else {
                eprintln!("SKIPPED {test}: no Django {release}; scripts/install-django says why");
            }
        }
        let strict = ["CI", "STRICT"].map(env::var_os);
        assert!(
            !found.is_empty() || strict.iter().all(Option::is_none),
            "{test}: no Django is installed"
        );
        found
    }

    /// Returns the release, as in `"5.2"`.
    #[must_use]
    pub fn release(&self) -> &'static str {
        self.release
    }
}

/// A site of Django: its code, its database and its settings.
#[derive(Debug, Clone)]
pub struct DjangoSite {
    django: Django,
    folder: PathBuf,
    environment: Vec<(String, String)>,
}

impl DjangoSite {
    /// Describes the site in a folder, which has a `manage.py` and takes its settings from the
    /// environment.
    #[must_use]
    pub fn new(django: &Django, folder: &Path, settings: &str) -> Self {
        let folder = folder.to_owned();
        let path = folder.display().to_string();
        let environment = [
            ("DJANGO_SETTINGS_MODULE", settings),
            ("PYTHONPATH", &*path),
            ("PYTHONDONTWRITEBYTECODE", "1"),
            ("PYTHONUNBUFFERED", "1"),
        ];
        let owned = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            django: django.clone(),
            folder,
            environment: owned.to_vec(),
        }
    }

    /// Sets a variable of the site's environment.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Returns the release that runs the site.
    #[must_use]
    pub fn django(&self) -> &Django {
        &self.django
    }

    /// Runs a management command and returns its output.
    ///
    /// # Errors
    ///
    /// The command fails; the message has its output on stderr.
    pub fn manage(&self, arguments: &[&str]) -> io::Result<String> {
        run(self.python().arg("manage.py").args(arguments))
    }

    /// Starts Django's own server on a free port.
    ///
    /// # Errors
    ///
    /// The server does not start; the message has the last lines of its log.
    pub fn serve(&self) -> io::Result<DjangoServer> {
        let folder = tempfile::tempdir()?;
        let port = free_port();
        let pairs = self.environment.iter();
        let mut command = vec!["env".to_owned()];
        command.extend(pairs.map(|(name, value)| format!("{name}={value}")));
        command.push(self.django.python.display().to_string());
        command.push(self.folder.join("manage.py").display().to_string());
        let address = format!("127.0.0.1:{port}");
        let serve = ["runserver", "--noreload", "--skip-checks", &address];
        command.extend(serve.map(str::to_owned));
        Ok(DjangoServer {
            process: Process::start("django", command, folder.path(), port)?,
            _folder: folder,
        })
    }

    /// Starts a process that answers questions about the site's sessions.
    ///
    /// # Errors
    ///
    /// The process does not start.
    pub fn oracle(&self) -> io::Result<DjangoOracle> {
        DjangoOracle::start(&mut self.python())
    }

    fn python(&self) -> Command {
        let mut command = Command::new(&self.django.python);
        let pairs = self.environment.iter().map(|(name, value)| (name, value));
        command.current_dir(&self.folder).envs(pairs);
        command
    }
}

/// Django's own server with a site; it ends when it is dropped.
#[derive(Debug)]
pub struct DjangoServer {
    process: Process,
    _folder: TempDir,
}

impl DjangoServer {
    /// Returns the port that the server listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.process.port()
    }

    /// Returns what the server has logged: its requests, and tracebacks.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log()
    }
}
