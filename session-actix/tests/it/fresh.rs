//! The gate for who authenticated a short while ago.

use actix_web::web;
use session_actix::Fresh;

use crate::support::{Site, usual};

#[actix_web::test]
async fn a_gate_lets_in_who_has_just_authenticated() {
    let site = Site::new(|routes| {
        usual(routes);
        let in_time = async |Fresh(session): Fresh<300>| session.owner().unwrap().to_string();
        routes.route("/in-time", web::get().to(in_time)).route(
            "/too-late",
            web::get().to(async |_: Fresh<0>| "unreachable"),
        );
    })
    .await;
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
        assert_eq!((seen.status, &*seen.body), (status, body), "{path}");
        assert_eq!(seen.all("vary"), ["Cookie"]);
    }
}
