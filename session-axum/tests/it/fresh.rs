//! The gate for who authenticated a short while ago.

use axum::Router;
use axum::routing::{get, post};
use session_axum::{Fresh, Rejection, Session};

use crate::support::Site;

#[tokio::test]
async fn a_gate_lets_in_who_has_just_authenticated() {
    let routes = Router::new()
        .route(
            "/sign-in",
            post(async |session: Session| session.sign_in("ada")),
        )
        .route(
            "/write",
            post(async |session: Session| session.insert("k", 1)),
        )
        .route(
            "/in-time",
            get(async |Fresh(session): Fresh<300>| session.owner().unwrap().to_string()),
        )
        .route(
            "/too-late",
            get(async |_: Fresh<0>| Ok::<_, Rejection>("unreachable")),
        );
    let site = Site::new(routes);
    let (nobody, ada) = (
        site.visitor().await,
        site.post("/sign-in", "").await.cookie(),
    );
    for (path, cookie, status, body) in [
        ("/in-time", "", 401, r#"{"error":"nobody is signed in"}"#),
        (
            "/in-time",
            &nobody,
            401,
            r#"{"error":"nobody is signed in"}"#,
        ),
        ("/in-time", &ada, 200, "ada"),
        ("/too-late", &ada, 403, r#"{"error":"authenticate again"}"#),
    ] {
        let seen = site.get(path, cookie).await;
        assert_eq!(
            (seen.status.as_u16(), &*seen.body),
            (status, body),
            "{path}"
        );
        assert_eq!(seen.all("vary"), ["Cookie"]);
    }
}
