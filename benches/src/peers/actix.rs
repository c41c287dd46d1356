use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::{App, Error, HttpServer};
use anyhow::Result;

use crate::Backend;
use crate::peer::Served;

/// Serves applications as `#[actix_web::main]` and `HttpServer` do. `make` is called once and returns what makes the
/// application of each worker.
pub(super) fn serve<F, T, B>(
    served: Served,
    make: impl AsyncFnOnce(&Backend, bool) -> Result<F>,
) -> Result<()>
where
    F: Fn() -> App<T> + Send + Clone + 'static,
    T: ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<B>,
            Error = Error,
            InitError = (),
        > + 'static,
    B: MessageBody + 'static,
{
    actix_web::rt::System::new().block_on(async {
        let app = make(&served.backend, served.sliding).await?;
        let http = HttpServer::new(app).bind(("127.0.0.1", served.port))?;
        Ok(http.run().await?)
    })
}
