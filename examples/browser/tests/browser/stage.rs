use std::cell::RefCell;
use std::future::Future;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use fantoccini::Client;
use tempfile::TempDir;

use crate::driver::Driver;
use crate::profile::Profile;
use crate::server::Server;
use crate::visitor::Visitor;

/// A proof's environment: its server, and browsers, which end with the proof.
#[derive(Debug)]
pub struct Stage {
    name: String,
    program: PathBuf,
    driver: Arc<Driver>,
    open: RefCell<Vec<Client>>,
    folder: TempDir,
}

impl Stage {
    pub fn new(name: &str, program: &Path, driver: &Arc<Driver>) -> Self {
        Self {
            name: name.to_owned(),
            program: program.to_owned(),
            driver: Arc::clone(driver),
            open: RefCell::default(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// Runs a proof, and closes the browsers that it leaves open, also if it fails.
    pub fn run(&self, proof: impl Future<Output = ()>) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let run = || runtime.block_on(async { tokio::time::timeout(LIMIT, proof).await });
        let outcome = panic::catch_unwind(AssertUnwindSafe(run));
        for client in self.open.take() {
            // The proof may have closed the browser itself.
            let _ = runtime.block_on(client.close());
        }
        match outcome {
            Ok(in_time) => in_time.expect("a proof ends in time"),
            Err(failure) => panic::resume_unwind(failure),
        }
    }

    /// Starts the server for plain http.
    pub fn serve(&self, flags: &[&str]) -> Server {
        let flags: Vec<&str> = ["--insecure"].iter().chain(flags).copied().collect();
        Server::start(&self.program, &flags)
    }

    /// Starts the server with its default, a `Secure` cookie.
    pub fn serve_securely(&self) -> Server {
        Server::start(&self.program, &[])
    }

    /// Starts a Django site and a Rust service behind one address.
    pub fn bridge(&self) -> Server {
        Server::start_bridge(&self.program, &self.folder.path().join("bridge"))
    }

    /// Makes a new profile, which lasts as long as the stage.
    pub fn profile(&self, name: &str) -> Profile {
        Profile::new(self.folder.path().join(name))
    }

    /// Returns a folder for the proof's files.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts a browser on a profile and opens the page.
    pub async fn visit(&self, server: &Server, profile: &Profile) -> Visitor {
        self.visit_at(&server.url("127.0.0.1"), profile).await
    }

    /// Starts a browser on a profile and opens the page at an address.
    pub async fn visit_at(&self, url: &str, profile: &Profile) -> Visitor {
        let client = profile.start(&self.driver).await;
        self.open.borrow_mut().push(client.clone());
        Visitor::open(client, profile.path(), url).await
    }

    /// Returns the server's name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

const LIMIT: Duration = Duration::from_mins(4);
