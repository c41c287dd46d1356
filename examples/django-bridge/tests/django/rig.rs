use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use serde_json::{Value, json};
use session_servers::{Django, DjangoSite, Mariadb, Postgres, skips};
use tempfile::TempDir;

use crate::scene::Scene;

/// The releases of Django and the databases of this machine; servers start when they are first needed.
#[derive(Debug)]
pub struct Rig {
    releases: Vec<Django>,
    kinds: Vec<Kind>,
    postgres: OnceLock<Postgres>,
    mariadb: OnceLock<Mariadb>,
    urls: Mutex<BTreeMap<Place, Arc<OnceLock<String>>>>,
    files: AtomicU32,
    folder: TempDir,
}

/// A release of Django on a database.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    release: usize,
    name: &'static str,
    pub kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Sqlite,
    Postgres,
    Mariadb,
}

impl Rig {
    /// Finds what is installed, and names what is missing.
    pub fn find() -> Self {
        let mut kinds = vec![Kind::Sqlite];
        if !skips("django", &Postgres::PROGRAMS) {
            kinds.push(Kind::Postgres);
        }
        if !skips("django", &Mariadb::PROGRAMS) {
            kinds.push(Kind::Mariadb);
        }
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("key"), KEYS).unwrap();
        Self {
            releases: Django::installed("django"),
            kinds,
            postgres: OnceLock::new(),
            mariadb: OnceLock::new(),
            urls: Mutex::default(),
            files: AtomicU32::default(),
            folder,
        }
    }

    /// Lists every release on every database.
    pub fn places(&self) -> Vec<Place> {
        let releases = self.releases.iter().enumerate();
        let each = |(release, django): (usize, &Django)| {
            let name = django.release();
            let kinds = self.kinds.iter();
            kinds.map(move |&kind| Place {
                release,
                name,
                kind,
            })
        };
        releases.flat_map(each).collect()
    }

    /// Returns a site with the tables that Django's `migrate` makes, and the users ada, bob and carl.
    pub fn scene(self: &Arc<Self>, place: &Place) -> Scene {
        let mut urls = self.urls.lock().unwrap();
        let url = Arc::clone(urls.entry(place.clone()).or_default());
        drop(urls);
        let url = url.get_or_init(|| {
            let url = self.database(place.kind);
            migrate(&self.site(place, &url));
            url
        });
        Scene::new(self, place.kind, self.site(place, url), url)
    }

    fn site(&self, place: &Place, url: &str) -> DjangoSite {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("site");
        DjangoSite::new(&self.releases[place.release], &folder, "shop.settings")
            .with("DATABASE_URL", url)
            .with("SECRET_KEY_FILE", &self.key_file())
            .with("DRIVE", "1")
            // The tests sign in often, and Django's own hash takes half a second.
            .with("DJANGO_PASSWORD_HASHERS", HASHERS)
            .with("DJANGO_LOGGING", LOGGING)
    }

    pub fn key_file(&self) -> String {
        self.folder.path().join("key").display().to_string()
    }

    /// Makes an empty database and returns its URL.
    pub fn database(&self, kind: Kind) -> String {
        match kind {
            Kind::Sqlite => {
                let number = self.files.fetch_add(1, Ordering::Relaxed);
                let file = self.folder.path().join(format!("{number}.db"));
                format!("sqlite:{}", file.display())
            }
            Kind::Postgres => {
                let server = self.postgres.get_or_init(|| Postgres::start().unwrap());
                server.url(&server.database().unwrap())
            }
            Kind::Mariadb => {
                let server = self.mariadb.get_or_init(|| Mariadb::start().unwrap());
                server.url(&server.database().unwrap())
            }
        }
    }
}

/// Makes a site's tables as Django does, and the users.
pub fn migrate(site: &DjangoSite) {
    // One process does it all: each start of Django takes half a second.
    let mut oracle = site.oracle().unwrap();
    let mut manage = |args: Value| {
        let done = oracle.ask("command", json!({ "args": args })).unwrap();
        assert_eq!(done["status"], 0, "{done}");
    };
    manage(json!(["migrate", "--verbosity=0"]));
    for user in ["ada", "bob", "carl"] {
        manage(json!(["make_user", user, PASSWORD]));
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Sqlite => "sqlite",
            Kind::Postgres => "postgres",
            Kind::Mariadb => "mariadb",
        };
        write!(f, "django {} on {kind}", self.name)
    }
}

pub const PASSWORD: &str = "throw-away password";

/// The second key is a fallback.
const KEYS: &str = "a-key-of-the-tests-0123456789-abcdefghijklmnopqrstuvwxyz\n\
                    an-older-key-of-the-tests-0123456789-abcdefghijklmnopqrstuvwxyz\n";

/// Tracebacks of refused requests go to the server's log.
const LOGGING: &str = "{'version': 1, 'disable_existing_loggers': False, \
    'handlers': {'all': {'class': 'logging.StreamHandler'}}, \
    'loggers': {'django.request': {'handlers': ['all'], 'level': 'WARNING'}}}";

const HASHERS: &str = "['django.contrib.auth.hashers.MD5PasswordHasher']";
