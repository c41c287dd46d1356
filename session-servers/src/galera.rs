use std::fs;
use std::io;

use tempfile::TempDir;

use crate::redis::wait_until;
use crate::{Mariadb, Process, free_port, program};

/// A Galera cluster of two MariaDB servers and an arbitrator, so that either server may die.
#[derive(Debug)]
pub struct Galera {
    nodes: [Mariadb; 2],
    _arbitrator: Process,
    _folder: TempDir,
}

impl Galera {
    /// What it needs, for [`skips`](crate::skips).
    pub const PROGRAMS: [&str; 5] = [
        "mariadb-install-db",
        "mariadbd",
        "mariadb",
        "garbd",
        PROVIDER,
    ];

    /// Starts all three; a server counts as dead after three seconds without a sign of life.
    ///
    /// # Errors
    ///
    /// A program is not installed or does not start, or they do not find each other within 90 seconds.
    pub fn start() -> io::Result<Self> {
        let links: [u16; 3] = [(); 3].map(|()| free_port());
        let members = links.map(|link| format!("127.0.0.1:{link}")).join(",");
        let first = member("first", links[0], "")?;
        let second = member("second", links[1], &members)?;
        // When it starts again it joins the others.
        let file = first.folder().join(Mariadb::SETTINGS_FILE);
        fs::write(file, settings("first", links[0], &members))?;
        let folder = tempfile::tempdir()?;
        let home = folder.path().display();
        let garbd = program("garbd").ok_or_else(|| io::Error::other("garbd is not installed"))?;
        let options = format!(
            "base_dir={home};gmcast.listen_addr=tcp://127.0.0.1:{};{DEATH}",
            links[2]
        );
        let address = format!("gcomm://{members}");
        let garbd = garbd.display().to_string();
        let words = [
            &*garbd,
            "--address",
            &address,
            "--group",
            GROUP,
            "--options",
            &options,
        ];
        let command = words.map(str::to_owned).to_vec();
        let galera = Self {
            nodes: [first, second],
            _arbitrator: Process::start("garbd", command, folder.path(), links[2])?,
            _folder: folder,
        };
        galera.wait_until_it_is_whole()?;
        Ok(galera)
    }

    /// Returns the servers, each of which takes writes.
    #[must_use]
    pub fn nodes(&self) -> &[Mariadb; 2] {
        &self.nodes
    }

    /// Returns the servers, to kill and to restart them.
    pub fn nodes_mut(&mut self) -> &mut [Mariadb; 2] {
        &mut self.nodes
    }

    /// Waits until both servers are synced, and see all three members.
    ///
    /// # Errors
    ///
    /// It takes more than 90 seconds.
    pub fn wait_until_it_is_whole(&self) -> io::Result<()> {
        let ask = "SELECT variable_value FROM information_schema.global_status WHERE variable_name \
                   IN ('wsrep_cluster_size', 'wsrep_local_state') ORDER BY variable_name";
        wait_until("the Galera cluster is whole", || {
            let mut answers = self.nodes.iter().map(|node| node.run("mysql", ask));
            Ok(answers.all(|answer| answer.is_ok_and(|answer| answer.trim() == "3\n4")))
        })
    }
}

/// Starts a server that joins the members, or begins a cluster if there are none.
fn member(name: &str, link: u16, members: &str) -> io::Result<Mariadb> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join(Mariadb::SETTINGS_FILE);
    fs::write(file, settings(name, link, members))?;
    Mariadb::start_in(folder, &[])
}

fn settings(name: &str, link: u16, members: &str) -> String {
    let [changes, whole] = [(); 2].map(|()| free_port());
    format!(
        "[mariadbd]\nwsrep_on = ON\nwsrep_provider = {PROVIDER}\nwsrep_cluster_name = {GROUP}\n\
         wsrep_cluster_address = gcomm://{members}\nwsrep_node_name = {name}\n\
         wsrep_node_address = 127.0.0.1:{link}\nwsrep_sst_method = rsync\n\
         wsrep_sst_receive_address = 127.0.0.1:{whole}\nbinlog_format = ROW\n\
         innodb_autoinc_lock_mode = 2\n\
         wsrep_provider_options = \"base_port={link};gmcast.listen_addr=tcp://127.0.0.1:{link};\
         ist.recv_addr=127.0.0.1:{changes};{DEATH}\"\n"
    )
}

const GROUP: &str = "tested";
const PROVIDER: &str = "/usr/lib/galera/libgalera_smm.so";

/// When a member counts as dead; the default is 5 seconds. On a busy machine a shorter time would split the others too.
const DEATH: &str = "evs.keepalive_period=PT0.3S;evs.inactive_check_period=PT0.2S;\
                     evs.suspect_timeout=PT3S;evs.inactive_timeout=PT8S;evs.install_timeout=PT4S";
