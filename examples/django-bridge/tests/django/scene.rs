use std::fs;
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use serde_json::{Value, json};
use session_core::django::SecretKeys;
use session_servers::{DjangoOracle, DjangoServer, DjangoSite};
use session_testkit::http::{App, Client, Socket};

use crate::rig::{self, Kind, Rig};

/// A proof's environment: a site of Django on a migrated database, and its server.
#[derive(Debug)]
pub struct Scene {
    /// The number of places: releases on databases.
    pub places: usize,
    pub kind: Kind,
    pub site: DjangoSite,
    pub url: String,
    pub key_file: String,
    pub zone: TimeZone,
    rig: Arc<Rig>,
    server: OnceLock<DjangoServer>,
}

/// How the site writes moments.
#[derive(Debug, Clone, Copy)]
pub enum TimeZone {
    /// `USE_TZ = True`.
    Used,
    /// `USE_TZ = False`, with this `TIME_ZONE`.
    Naive(&'static str),
}

impl Scene {
    pub fn new(rig: &Arc<Rig>, kind: Kind, site: DjangoSite, url: &str) -> Self {
        Self {
            places: rig.places().len(),
            kind,
            site,
            url: url.to_owned(),
            key_file: rig.key_file(),
            zone: TimeZone::Used,
            rig: Arc::clone(rig),
            server: OnceLock::new(),
        }
    }

    /// Returns the same place, with other settings.
    pub fn with(&self, name: &str, value: &str) -> Self {
        Self {
            site: self.site.clone().with(name, value),
            url: self.url.clone(),
            key_file: self.key_file.clone(),
            rig: Arc::clone(&self.rig),
            server: OnceLock::new(),
            ..*self
        }
    }

    pub fn in_zone(&self, zone: TimeZone) -> Self {
        let scene = match zone {
            TimeZone::Used => self.with("DJANGO_USE_TZ", "True"),
            TimeZone::Naive(name) => self
                .with("DJANGO_USE_TZ", "False")
                .with("DJANGO_TIME_ZONE", name),
        };
        Self { zone, ..scene }
    }

    /// Returns the same place, with some of the lines of the file of keys.
    pub fn with_key_lines(&self, lines: Range<usize>) -> Self {
        let keys = fs::read_to_string(&self.key_file).unwrap();
        let kept: Vec<&str> = keys.lines().skip(lines.start).take(lines.len()).collect();
        let key_file = format!("{}-{}-{}", self.key_file, lines.start, lines.end);
        fs::write(&key_file, kept.join("\n")).unwrap();
        Self {
            key_file: key_file.clone(),
            ..self.with("SECRET_KEY_FILE", &key_file)
        }
    }

    /// Returns the same release on an empty database.
    pub fn fresh(&self) -> Self {
        let url = self.rig.database(self.kind);
        let scene = self.with("DATABASE_URL", &url);
        Self { url, ..scene }
    }

    /// Returns the same release on a migrated database of its own, for moments in another zone: there a sweep of the proofs
    /// beside it would take them for past.
    pub fn apart(&self) -> Self {
        let scene = self.fresh();
        rig::migrate(&scene.site);
        scene
    }

    /// Returns Django's side over HTTP.
    pub fn django(&self) -> Arc<dyn App> {
        let server = self.server.get_or_init(|| self.site.serve().unwrap());
        let address = (Ipv4Addr::LOCALHOST, server.port());
        Arc::new(Socket::new(SocketAddr::from(address)))
    }

    /// Returns what Django's server has logged.
    pub fn django_log(&self) -> String {
        self.server.get().map(DjangoServer::log).unwrap_or_default()
    }

    /// Returns the showcase on axum over HTTP, on the same table.
    pub async fn showcase(&self) -> Arc<dyn App> {
        let store = format!("django+{}", self.url);
        let flags = [
            "--insecure",
            "--store",
            &store,
            "--secret-key-file",
            &self.key_file,
        ];
        let app = showcase::prepare("axum", &flags).await.unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        // It ends with the runtime.
        let never = Box::pin(std::future::pending());
        tokio::spawn(showcase_axum::serve(app, listener, never));
        Arc::new(Socket::new(address))
    }

    pub fn keys(&self) -> SecretKeys {
        SecretKeys::parse(&fs::read_to_string(&self.key_file).unwrap()).unwrap()
    }

    pub fn oracle(&self) -> DjangoOracle {
        self.site.oracle().unwrap()
    }
}

/// Runs a proof.
pub fn run(proof: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(proof);
}

/// The name of Django's cookie.
pub const SESSIONID: &str = "sessionid";

/// Returns the session's key in a client's cookie.
pub fn key_of(client: &Client) -> Option<String> {
    let cookies = client.cookie_header();
    let mut pairs = cookies.split("; ");
    let key = pairs.find_map(|pair| pair.strip_prefix("sessionid="))?;
    Some(key.to_owned())
}

pub async fn the_site_serves_its_pages_and_answers_questions(scene: &Scene) {
    let client = Client::new(scene.django());
    let login = json!({ "user": "ada" }).to_string();
    let answer = client.post("/api/login", &login).await.unwrap();
    assert_eq!(answer.status(), 204);
    let page = client.get("/cart/").await.unwrap().text();
    assert!(page.contains(r#"<strong id="user">ada</strong>"#), "{page}");

    let key = key_of(&client).unwrap();
    let mut oracle = scene.oracle();
    let known = oracle.ask("user_of", json!({ "key": key })).unwrap();
    assert_eq!(known["user"], "ada");
    let migrated = json!({ "args": ["migrate", "--check"] });
    let checked = oracle.ask("command", migrated).unwrap();
    assert_eq!(checked["status"], 0);
    let seeds: Vec<u32> = (0..100).collect();
    let made = json!({ "seeds": seeds, "user": "ada" });
    let made = oracle.ask("generate_many", made).unwrap();
    assert_eq!(made.as_array().map(Vec::len), Some(100));
    assert_eq!(
        oracle
            .ask("read", json!({ "key": made[1]["key"] }))
            .unwrap()["items"],
        made[1]["items"]
    );
    let unknown = oracle.ask("row", json!({ "key": "none" })).unwrap();
    assert_eq!(unknown, Value::Null);
}
