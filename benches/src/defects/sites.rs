//! Each library's application, with its store behind [`Faults`](super::Faults).

mod actix_session;
mod axum_session;
mod ours;
mod rocket_session_store;
mod ruts;
mod servers;
mod tower_sessions;

use super::Subject;

/// Returns all of them, by framework.
pub(super) fn subjects() -> Vec<Subject> {
    [
        ours::axum(),
        tower_sessions::subjects(),
        axum_session::subjects(),
        ruts::subjects(),
        ours::actix(),
        actix_session::subjects(),
        ours::rocket(),
        rocket_session_store::subjects(),
    ]
    .concat()
}
