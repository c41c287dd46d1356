use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use session_core::{Policy, Sessions};

use super::placement::Placement;
use super::visitors::Connections;
use super::{BLOCKED, WORKERS};

/// A server that runs until the program ends.
pub struct Served {
    pub framework: &'static str,
    /// Where its store does its I/O.
    pub name: &'static str,
    pub address: SocketAddr,
    pub connections: Connections,
}

const HOUR: Duration = Duration::from_secs(3_600);

/// Writes the handlers for a framework.
macro_rules! handlers {
    ($adapter:ident) => {
        use $adapter::{Rejection, Session};

        /// Tells the count, and in which thread.
        async fn read(session: Session) -> Result<String, Rejection> {
            let hits = session.get::<u32>("hits")?.unwrap_or_default();
            Ok(format!("{hits} {:?}", thread::current().id()))
        }

        /// Counts.
        async fn write(session: Session) -> Result<String, Rejection> {
            session.update("hits", |hits: Option<u32>| hits.unwrap_or(0) + 1)?;
            session.save().await?;
            read(session).await
        }

        /// Blocks its worker, as a handler that computes does.
        async fn block() -> String {
            thread::sleep(BLOCKED);
            String::from("0 blocked")
        }
    };
}

/// Starts an actix-web server, whose store is opened by the first request.
pub fn actix(name: &'static str, placement: &Placement) -> Served {
    use actix_web::rt::System;
    use actix_web::{App, HttpServer, web};
    use session_actix::SessionMiddleware;
    handlers!(session_actix);
    let store = Arc::clone(&placement.0);
    let (ready, is_ready) = channel();
    thread::spawn(move || {
        System::new().block_on(async {
            let server = HttpServer::new(move || {
                let sessions = Sessions::shared(Policy::default(), store());
                App::new()
                    .route("/read", web::get().to(read))
                    .route("/write", web::get().to(write))
                    .route("/block", web::get().to(block))
                    .wrap(SessionMiddleware::new(sessions))
            });
            let server = server.workers(WORKERS).disable_signals();
            // Visitors stay while other servers are asked, and while their worker is blocked.
            let server = server.keep_alive(HOUR).client_request_timeout(HOUR);
            let server = server.bind("127.0.0.1:0").unwrap();
            ready.send(server.addrs()[0]).unwrap();
            server.run().await.unwrap();
        });
    });
    Served {
        framework: "actix",
        name,
        connections: Connections::OneWorker,
        address: is_ready.recv().unwrap(),
    }
}

/// Starts an axum server, whose store is opened by the first request.
pub fn axum(name: &'static str, placement: &Placement) -> Served {
    use axum::Router;
    use axum::routing::get;
    use session_axum::SessionLayer;
    use tokio::net::TcpListener;
    use tokio::runtime::Builder;
    handlers!(session_axum);
    let store = Arc::clone(&placement.0);
    let (ready, is_ready) = channel();
    thread::spawn(move || {
        let mut runtime = Builder::new_multi_thread();
        let runtime = runtime.worker_threads(WORKERS).enable_all().build();
        runtime.unwrap().block_on(async {
            let sessions = Sessions::shared(Policy::default(), store());
            let app = Router::new()
                .route("/read", get(read))
                .route("/write", get(write))
                .route("/block", get(block))
                .layer(SessionLayer::new(sessions));
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            ready.send(listener.local_addr().unwrap()).unwrap();
            ::axum::serve(listener, app).await.unwrap();
        });
    });
    Served {
        framework: "axum",
        name,
        connections: Connections::AnyWorker,
        address: is_ready.recv().unwrap(),
    }
}
