use session_core::{Sessions, named};
use tower_layer::Layer;

use crate::service::SessionService;

named! {
    /// Gives every request a session; see the [crate's docs](crate) for an example.
    ///
    /// `M` tells several sessions of one application apart; [`named`](Self::named) sets it.
    pub struct SessionLayer(Sessions);
}

impl SessionLayer {
    /// Creates the layer behind plain [`Session`](crate::Session) extractors.
    #[must_use]
    pub fn new(sessions: Sessions) -> Self {
        sessions.into()
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
        self.renamed()
    }
}

impl<S, M> Layer<S> for SessionLayer<M> {
    type Service = SessionService<S, M>;

    fn layer(&self, inner: S) -> Self::Service {
        SessionService::new(inner, self.clone().into_inner())
    }
}
