use session_core::{Sessions, named};
use tower_layer::Layer;

use crate::service::SessionService;

named! {
    /// The layer that gives every request a session; the [crate's docs](crate) have an example.
    ///
    /// `M` distinguishes several sessions of one application; [`named`](Self::named) sets it.
    pub struct SessionLayer(Sessions);
}

impl SessionLayer {
    /// Creates the layer for unnamed [`Session`](crate::Session) extractors.
    #[must_use]
    pub fn new(sessions: Sessions) -> Self {
        sessions.into()
    }
}

impl<M> SessionLayer<M> {
    /// Serves `Session<N>` extractors instead, beside layers of other names.
    ///
    /// Give each layer its own cookie name; their order does not matter. If two layers around a
    /// handler have the same name, the inner one counts.
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
