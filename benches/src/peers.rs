//! We, the peers and the bare frameworks, one file a library.

mod actix;
mod actix_session;
mod axum;
mod axum_session;
mod hash_map;
mod ours;
mod rocket;
mod rocket_session_store;
mod ruts;
mod tower_sessions;

use anyhow::{Result, bail};
use session_costs::{Entry, Family};

use crate::{Backend, Durability, Peer};

/// Returns all that is served over sockets.
#[must_use]
pub fn peers() -> Vec<Peer> {
    [
        ours::axum(),
        vec![tower_sessions::peer(), axum_session::peer(), ruts::peer()],
        ours::actix(),
        actix_session::peers(),
        ours::rocket(),
        vec![rocket_session_store::peer()],
    ]
    .concat()
}

/// Returns all that is measured in process.
#[must_use]
pub fn entries() -> Vec<Entry> {
    let ours = session_costs::ours();
    let families = [Family::Axum, Family::Actix, Family::Rocket, Family::Store];
    let entries = families.into_iter().flat_map(|family| {
        let ours = ours
            .iter()
            .copied()
            .filter(move |entry| entry.family == family);
        let named: Vec<_> = ours.clone().map(|entry| entry.name).collect();
        let peers = peers()
            .into_iter()
            .filter(move |peer| peer.family == family && !named.contains(&peer.name));
        ours.chain(peers.map(|peer| peer.entry()))
            .collect::<Vec<_>>()
    });
    entries.collect()
}

/// The lifetime of sessions wherever a peer lets it be set: ours by default.
const LIFE: time::Duration = time::Duration::days(14);

/// Opens SQLite in a file in the two versions of sqlx that peers take. Their READMEs open a database in memory; one in a file
/// has a log, which makes it faster.
macro_rules! sqlite {
    ($name:ident, $sqlx:ident) => {
        pub(crate) async fn $name(backend: &Backend) -> Result<$sqlx::SqlitePool> {
            use $sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
            let Backend::Sqlite(path, durability) = backend else {
                bail!("no SQLite: {backend}");
            };
            let options = SqliteConnectOptions::new()
                .filename(path)
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(match durability {
                    Durability::Full => SqliteSynchronous::Full,
                    Durability::Normal => SqliteSynchronous::Normal,
                });
            Ok($sqlx::SqlitePool::connect_with(options).await?)
        }
    };
}

sqlite!(sqlite_8, sqlx_8);
sqlite!(sqlite_9, sqlx);
