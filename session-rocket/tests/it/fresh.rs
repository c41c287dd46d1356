//! The gate for who authenticated a short while ago.

use rocket::error::ErrorKind;
use rocket::{get, routes};
use session_rocket::Fresh;

use crate::support::{Site, plain, usual};

#[get("/in-time")]
fn in_time(fresh: Fresh<300>) -> String {
    fresh.0.owner().unwrap().to_string()
}

#[get("/too-late")]
fn too_late(_fresh: Fresh<0>) -> &'static str {
    "unreachable"
}

#[rocket::async_test]
async fn a_gate_lets_in_who_has_just_authenticated() {
    let site = Site::new([usual(), routes![in_time, too_late]].concat()).await;
    let (nobody, ada) = (
        site.visitor().await,
        site.post("/sign-in", "").await.cookie(),
    );
    // The application's catchers answer, or Rocket's own.
    for (path, cookie, status) in [
        ("/in-time", "", 401),
        ("/in-time", &nobody, 401),
        ("/in-time", &ada, 200),
        ("/too-late", &ada, 403),
    ] {
        let seen = site.get(path, cookie).await;
        assert_eq!(seen.status, status, "{path}");
        assert_eq!(seen.all("vary"), ["Cookie"]);
    }
}

#[rocket::async_test]
async fn a_gate_without_a_fairing_aborts_the_launch() {
    let launch = plain().mount("/", routes![in_time]).ignite().await;
    let error = launch.err().unwrap();
    assert!(matches!(error.kind(), ErrorKind::SentinelAborts(_)));
}
