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

use session_costs::{Entry, Family};

use crate::Peer;

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
