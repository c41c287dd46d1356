//! `cargo run -p sockets axum`, `actix` or `rocket`: on 127.0.0.1:3000, or on the port that `PORT` names.

use std::env;
use std::error::Error;
use std::net::TcpListener;

use session_extras::Csrf;
use sockets::{servers, sessions};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let name = env::args().nth(1).unwrap_or_default();
    let port = env::var("PORT").map_or(Ok(3000), |port| port.parse())?;
    let listen = || {
        let listener = TcpListener::bind(("127.0.0.1", port))?;
        println!("listening on http://{}", listener.local_addr()?);
        Ok::<_, std::io::Error>(listener)
    };
    let sessions = sessions();
    // What the browser shows; behind a proxy that is another one than here.
    let csrf = Csrf::new(["localhost", "127.0.0.1"].map(|host| format!("http://{host}:{port}")))?;
    match &*name {
        "axum" => servers::axum(sessions, csrf, listen()?).await?,
        "actix" => servers::actix(sessions, csrf, listen()?).await?,
        "rocket" => {
            let figment = rocket::Config::figment().merge(("port", port));
            let rocket = servers::rocket(sessions, csrf).configure(figment);
            rocket.launch().await?;
        }
        _ => return Err("servers: axum, actix, rocket".into()),
    }
    Ok(())
}
