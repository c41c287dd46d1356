use anyhow::Result;
use axum::Router;
use session_costs::{AxumSubject, Subject};

use crate::peer::Served;
use crate::{Backend, Shared};

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

/// Makes an application that threads call, each through a router of its own, as connections do.
pub(super) fn shared(app: impl AsyncFn(&Backend, bool) -> Result<Router>) -> Result<Shared> {
    // What middleware has spawned lives here.
    let runtime = tokio::runtime::Runtime::new()?;
    let memory = &Backend::Memory;
    let (usual, sliding) = runtime
        .block_on(async { anyhow::Ok((app(memory, false).await?, app(memory, true).await?)) })?;
    Ok(Box::new(move || {
        let _ = &runtime;
        let subject = AxumSubject::new(async || Ok((usual.clone(), sliding.clone())))?;
        Ok(Box::new(subject))
    }))
}
