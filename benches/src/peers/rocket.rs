use anyhow::{Result, anyhow};
use rocket::{Build, Config, Rocket};
use session_costs::{RocketSubject, Subject};

use crate::Backend;
use crate::peer::Served;

/// Makes a subject of what makes applications.
pub(super) fn subject(
    app: impl AsyncFn(Rocket<Build>, &Backend, bool) -> Result<Rocket<Build>>,
) -> Result<Box<dyn Subject>> {
    let subject = RocketSubject::new(async || {
        let (quiet, memory) = (RocketSubject::quiet, &Backend::Memory);
        let usual = app(quiet(), memory, false).await?;
        Ok((usual, app(quiet(), memory, true).await?))
    })?;
    Ok(Box::new(subject))
}

/// Serves an application as `#[launch]` does.
pub(super) fn serve(
    served: Served,
    app: impl AsyncFn(Rocket<Build>, &Backend, bool) -> Result<Rocket<Build>>,
) -> Result<()> {
    let quiet = RocketSubject::quiet();
    let config = Config {
        port: served.port,
        ..Config::try_from(quiet.figment()).map_err(|error| anyhow!("{error}"))?
    };
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.enable_all().build()?.block_on(async {
        let app = app(rocket::custom(config), &served.backend, served.sliding).await?;
        app.launch().await.map_err(|error| anyhow!("{error}"))?;
        Ok(())
    })
}
