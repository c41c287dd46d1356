use anyhow::Result;
use axum::Router;
use session_costs::{AxumSubject, Subject};

use crate::Backend;
use crate::peer::Served;

/// Makes a subject of what makes applications.
pub(super) fn subject(
    app: impl AsyncFn(&Backend, bool) -> Result<Router>,
) -> Result<Box<dyn Subject>> {
    let subject = AxumSubject::new(async || {
        let memory = &Backend::Memory;
        Ok((app(memory, false).await?, app(memory, true).await?))
    })?;
    Ok(Box::new(subject))
}

/// Serves an application as `#[tokio::main]` and `axum::serve` do.
pub(super) fn serve(
    served: Served,
    app: impl AsyncFn(&Backend, bool) -> Result<Router>,
) -> Result<()> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.enable_all().build()?.block_on(async {
        let app = app(&served.backend, served.sliding).await?;
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", served.port)).await?;
        Ok(axum::serve(listener, app).await?)
    })
}

/// An application that threads call, each through a router of its own, as connections do.
pub struct Shared {
    // What middleware has spawned lives here.
    _runtime: tokio::runtime::Runtime,
    usual: Router,
    sliding: Router,
}

impl Shared {
    pub(super) fn new(app: impl AsyncFn(&Backend, bool) -> Result<Router>) -> Result<Self> {
        let runtime = tokio::runtime::Runtime::new()?;
        let memory = &Backend::Memory;
        let (usual, sliding) = runtime.block_on(async {
            anyhow::Ok((app(memory, false).await?, app(memory, true).await?))
        })?;
        Ok(Self {
            _runtime: runtime,
            usual,
            sliding,
        })
    }

    /// Makes a subject of the application, with a session of its own.
    ///
    /// # Errors
    ///
    /// There is no runtime.
    pub fn subject(&self) -> Result<AxumSubject> {
        AxumSubject::new(async || Ok((self.usual.clone(), self.sliding.clone())))
    }
}
