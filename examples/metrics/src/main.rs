//! The application on <http://127.0.0.1:3000>, and its metrics on <http://127.0.0.1:9000/metrics>.

use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (app, metrics) = metrics_axum::app(metrics_axum::install()?)?;
    let public = TcpListener::bind("127.0.0.1:3000").await?;
    let inner = TcpListener::bind("127.0.0.1:9000").await?;
    tokio::try_join!(async { axum::serve(public, app).await }, async {
        axum::serve(inner, metrics).await
    },)?;
    Ok(())
}
