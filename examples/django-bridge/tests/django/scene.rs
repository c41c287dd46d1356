use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};

use serde_json::{Value, json};
use session_servers::{DjangoOracle, DjangoServer, DjangoSite};
use session_testkit::http::{App, Client, Socket};

/// A proof's environment: a site of Django on a migrated database, and its server.
#[derive(Debug)]
pub struct Scene {
    pub site: DjangoSite,
    server: OnceLock<DjangoServer>,
}

impl Scene {
    pub fn new(site: DjangoSite) -> Self {
        Self {
            site,
            server: OnceLock::new(),
        }
    }

    /// Returns Django's side over HTTP.
    pub fn django(&self) -> Arc<dyn App> {
        let server = self.server.get_or_init(|| self.site.serve().unwrap());
        Arc::new(Socket::new(SocketAddr::from((
            Ipv4Addr::LOCALHOST,
            server.port(),
        ))))
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
