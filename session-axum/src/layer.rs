use std::any::type_name;
use std::fmt;
use std::marker::PhantomData;

use session_core::Sessions;
use tower_layer::Layer;

use crate::service::SessionService;

/// Gives every request a session; see the [crate's docs](crate) for an example.
///
/// `M` tells several sessions of one application apart; [`named`](Self::named) sets it.
pub struct SessionLayer<M = ()> {
    sessions: Sessions,
    of: PhantomData<fn() -> M>,
}

impl SessionLayer {
    /// Creates the layer behind plain [`Session`](crate::Session) extractors.
    #[must_use]
    pub fn new(sessions: Sessions) -> Self {
        Self {
            sessions,
            of: PhantomData,
        }
    }
}

impl<M> SessionLayer<M> {
    /// Serves `Session<N>` extractors instead, next to layers of other names.
    ///
    /// Give each its own cookie name; the layers may lie in any order. Of two layers of one name
    /// around a handler, the inner one counts.
    ///
    /// ```
    /// use axum::{Router, routing::get};
    /// use session_axum::{Policy, Session, SessionLayer, Sessions};
    /// use session_store::MemoryStore;
    ///
    /// struct Admin;
    ///
    /// async fn both(visitor: Session, admin: Session<Admin>) {}
    ///
    /// let policy = Policy::builder().cookie_name("__Host-admin").build()?;
    /// let app: Router = Router::new()
    ///     .route("/", get(both))
    ///     .layer(SessionLayer::new(Sessions::new(policy, MemoryStore::new())).named::<Admin>())
    ///     .layer(SessionLayer::new(Sessions::new(Policy::default(), MemoryStore::new())));
    /// # Ok::<(), session_axum::PolicyError>(())
    /// ```
    #[must_use]
    pub fn named<N>(self) -> SessionLayer<N> {
        SessionLayer {
            sessions: self.sessions,
            of: PhantomData,
        }
    }
}

impl<S, M> Layer<S> for SessionLayer<M> {
    type Service = SessionService<S, M>;

    fn layer(&self, inner: S) -> Self::Service {
        SessionService::new(inner, self.sessions.clone())
    }
}

impl<M> Clone for SessionLayer<M> {
    fn clone(&self) -> Self {
        Self {
            sessions: self.sessions.clone(),
            of: PhantomData,
        }
    }
}

impl<M> fmt::Debug for SessionLayer<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionLayer")
            .field("name", &type_name::<M>())
            .field("sessions", &self.sessions)
            .finish()
    }
}
