use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A server of the showcase, which ends when it is dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    port: u16,
}

impl Server {
    /// Starts the program on a free port, with sessions in memory if no other store is named.
    pub fn start(program: &Path, flags: &[&str]) -> Self {
        let store = ["--store", "memory"];
        let store: &[&str] = if flags.contains(&store[0]) {
            &[]
        } else {
            &store
        };
        Self::run(Command::new(program).args(store).args(flags))
    }

    /// Starts a Django site and a Rust service, with their database and key in a folder.
    pub fn start_bridge(program: &Path, folder: &Path) -> Self {
        Self::run(Command::new(program).arg("--folder").arg(folder))
    }

    fn run(command: &mut Command) -> Self {
        let mut child = command
            .args(["--listen", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let stdout = child.stdout.as_mut().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let port = line.trim().rsplit_once(':').map(|(_, port)| port.parse());
        let Some(Ok(port)) = port else {
            panic!("{command:?} began with {line:?}");
        };
        Self { child, port }
    }

    /// Returns the page's address under the name `host`.
    pub fn url(&self, host: &str) -> String {
        format!("http://{host}:{}/", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Finds the Django site with its Rust service beside this test.
pub fn bridge() -> Option<PathBuf> {
    let test = env::current_exe().ok()?;
    let path = test.ancestors().nth(2)?.join("django-bridge");
    path.is_file().then_some(path)
}

/// Finds the servers beside this test, with their names: those in `SERVERS`, or all.
pub fn programs() -> Result<BTreeMap<String, PathBuf>, String> {
    let test = env::current_exe().map_err(|error| error.to_string())?;
    let folder = test.ancestors().nth(2).unwrap_or(&test);
    let mut built = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(|error| error.to_string())? {
        let path = entry.map_err(|error| error.to_string())?.path();
        let program = path.extension().unwrap_or_default() == env::consts::EXE_EXTENSION;
        let name = path.file_stem().and_then(|name| name.to_str());
        if let Some(name) = name.and_then(|name| name.strip_prefix("showcase-"))
            && program
        {
            built.insert(name.to_owned(), path);
        }
    }
    if let Ok(asked) = env::var("SERVERS") {
        let asked: Vec<&str> = asked.split_whitespace().collect();
        if let Some(missing) = asked.iter().find(|name| !built.contains_key(**name)) {
            return Err(format!("showcase-{missing} is not in {}", folder.display()));
        }
        built.retain(|name, _| asked.contains(&&**name));
    }
    if built.is_empty() {
        return Err(format!(
            "no server is in {}; cargo build -p showcase-axum makes one",
            folder.display()
        ));
    }
    Ok(built)
}
