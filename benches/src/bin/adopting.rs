//! The sessions of real tower-sessions and actix-session applications, adopted while those applications still run.
//!
//! Each visitor signs in at the old application and writes there; then asks two nodes of ours and the old application at once, and
//! a third of them log out at ours. In the end everybody else is signed in with the values that they had, and nobody who has logged
//! out is, by whatever cookie. A write of the old application beside the first visit of ours may come too late to be taken along. `cargo run --bin adopting` prints a table; `-- --rows` prints rows as the libraries wrote them.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use session_core::{Handle, LegacyCookie, Policy, SessionError, Sessions, Store};
use session_servers::{Mariadb, Postgres, Redis};
use session_store::{LegacyOptions, LegacyValues, MemoryStore};

#[path = "adopting/actix.rs"]
mod actix;
#[path = "adopting/tower.rs"]
mod tower;

/// An application of the other library: one visitor's request to a path, with the cookies that the browser has.
trait Old {
    fn call(&self, path: &str, cookie: &str) -> impl Future<Output = Result<Answer>>;
}

struct Answer {
    set_cookie: Option<String>,
    body: String,
}

/// One visitor's browser: cookies by their names.
#[derive(Clone, Default)]
struct Browser(BTreeMap<String, String>);

impl Browser {
    fn header(&self) -> String {
        let pairs = self.0.iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }

    fn take(&mut self, set_cookie: &str) {
        let pair = set_cookie.split(';').next().unwrap_or_default();
        let Some((name, value)) = pair.split_once('=') else {
            return;
        };
        if value.is_empty() || set_cookie.contains("Max-Age=0") {
            self.0.remove(name);
        } else {
            self.0.insert(name.to_owned(), value.to_owned());
        }
    }
}

/// What came of a run.
#[derive(Default)]
struct Tally {
    requests: usize,
    visitors: usize,
    logged_out: usize,
    lost: usize,
    revived: usize,
    /// Answers of the old application that were errors: what it writes to a session that is gone by then.
    errors: usize,
}

async fn visit(
    sessions: &Sessions,
    browser: &mut Browser,
    act: impl AsyncFnOnce(&Handle) -> Result<(), SessionError>,
) -> Result<()> {
    let header = browser.header();
    let request = sessions.open([header.as_bytes()]);
    act(request.handle()).await?;
    let reply = request.commit(200).await.map_err(SessionError::from)?;
    let mut headers = session_testkit::HeaderList::default();
    reply.apply(&mut headers);
    for value in headers.values("set-cookie") {
        browser.take(value);
    }
    Ok(())
}

/// Plays the change of `visitors` from an old application to two nodes of ours.
async fn change(old: &impl Old, nodes: [&Sessions; 2], visitors: usize) -> Result<Tally> {
    let mut tally = Tally {
        visitors,
        ..Tally::default()
    };
    let mut browsers = Vec::new();
    for number in 0..visitors {
        let mut browser = Browser::default();
        for path in [
            format!("/login/user{number}"),
            "/hit".to_owned(),
            "/hit".to_owned(),
        ] {
            let answer = old.call(&path, &browser.header()).await?;
            browser.take(&answer.set_cookie.unwrap_or_default());
            tally.requests += 1;
        }
        browsers.push((number, browser.clone(), browser));
    }
    // Each one's requests come to both nodes at once, and to the old application meanwhile.
    for (number, before, browser) in &mut browsers {
        let (mut first, mut second) = (browser.clone(), browser.clone());
        let read = async |handle: &Handle| {
            let session = handle.load().await?;
            session.get::<String>("user_id").map(|_| ())
        };
        let write = async |handle: &Handle| {
            let session = handle.load().await?;
            session
                .update("ours", |hits: Option<u32>| hits.unwrap_or(0) + 1)
                .map(|_| ())
        };
        let header = before.header();
        let (one, other, theirs) = futures_util::future::join3(
            visit(nodes[0], &mut first, read),
            visit(nodes[1], &mut second, write),
            old.call("/hit", &header),
        )
        .await;
        one.and(other)?;
        tally.errors += usize::from(theirs.is_err());
        *browser = first;
        browser.0.extend(second.0);
        tally.requests += 3;
        if *number % 3 == 0 {
            visit(nodes[*number % 2], browser, async |handle| handle.destroy()).await?;
            tally.requests += 1;
            tally.logged_out += 1;
        }
    }
    for (number, before, browser) in &mut browsers {
        let has_left = *number % 3 == 0;
        let kept = if has_left { before } else { browser };
        let mut found = (None, None, None, None);
        visit(nodes[*number % 2], kept, async |handle| {
            let session = handle.load().await?;
            found = (
                session.get::<String>("user_id")?,
                session.owner(),
                session.get::<u32>("ours")?,
                session.get::<u64>("hits")?,
            );
            Ok(())
        })
        .await?;
        tally.requests += 1;
        let (user, owner, ours, hits) = found;
        let expected = format!("user{number}");
        if has_left {
            tally.revived += usize::from(user.is_some() || owner.is_some());
        } else {
            let is_there = user.as_deref() == Some(&*expected)
                && owner.as_deref() == Some(&*expected)
                && ours == Some(1)
                && hits.is_some_and(|hits| hits >= 2);
            tally.lost += usize::from(!is_there);
        }
    }
    Ok(tally)
}

async fn node(
    options: &LegacyOptions,
    cookie: &LegacyCookie,
    store: &Arc<dyn Store>,
) -> Result<Sessions> {
    let owner = |values: &LegacyValues| values.get("user_id");
    let old = options.clone().owner(owner).open(Arc::clone(store)).await?;
    let sessions = Sessions::shared(Policy::default(), Arc::clone(store));
    Ok(sessions.adopting(cookie.clone(), Arc::new(old)))
}

async fn play(
    name: &str,
    old: &impl Old,
    options: LegacyOptions,
    cookie: LegacyCookie,
) -> Result<()> {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let nodes = [
        node(&options, &cookie, &store).await?,
        node(&options, &cookie, &store).await?,
    ];
    let Tally {
        requests,
        visitors,
        logged_out,
        lost,
        revived,
        errors,
    } = change(old, [&nodes[0], &nodes[1]], VISITORS).await?;
    println!("| {name} | {visitors} | {requests} | {logged_out} | {lost} | {revived} | {errors} |");
    ensure!(
        lost == 0 && revived == 0,
        "{name}: {lost} lost, {revived} alive again"
    );
    Ok(())
}

const VISITORS: usize = 300;

fn main() -> Result<()> {
    actix_web::rt::System::new().block_on(async {
        let (postgres, mariadb, redis) = (Postgres::start()?, Mariadb::start()?, Redis::start()?);
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("sessions.db");
        let file = file.to_str().context("a path in UTF-8")?;
        let (postgres_url, mariadb_url) = (postgres.url(&postgres.database()?), mariadb.url(&mariadb.database()?));
        if std::env::args().any(|word| word == "--rows") {
            tower::print_rows(file).await?;
            return actix::print_rows(&redis.url()).await;
        }
        println!("| sessions of | visitors | requests | logouts | lost | alive again | errors there |\n|---|---:|---:|---:|---:|---:|---:|");
        let id = || LegacyCookie::new("id");
        let url = format!("sqlite:{file}");
        play("tower-sessions, SQLite", &tower::sqlite(file).await?, LegacyOptions::tower_sessions(url), id()).await?;
        play("tower-sessions, PostgreSQL", &tower::postgres(&postgres_url).await?, LegacyOptions::tower_sessions(&postgres_url), id()).await?;
        play("tower-sessions, MariaDB", &tower::mysql(&mariadb_url).await?, LegacyOptions::tower_sessions(&mariadb_url), id()).await?;
        play("tower-sessions, Redis", &tower::redis(&redis.url()).await?, LegacyOptions::tower_sessions(redis.url()), id()).await?;
        for is_signed in [false, true] {
            let url = redis.url();
            let (old, unseal) = actix::app(&url, is_signed).await?;
            let name = if is_signed { "actix-session, signed cookie" } else { "actix-session, private cookie" };
            let cookie = id().unsealed_by(unseal);
            play(name, &old, LegacyOptions::actix_session(redis.url()), cookie).await?;
        }
        Ok(())
    })
}
