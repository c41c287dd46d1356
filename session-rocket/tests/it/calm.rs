//! Pages that may be seen while the store is down.

use rocket::{get, routes};
use session_rocket::{CalmSession, Rejection, Session};

use crate::support::{Site, usual};

#[get("/")]
fn front(session: CalmSession) -> Result<String, Rejection> {
    if session.is_outage() {
        return Ok("closed".into());
    }
    let hits = session.get::<u32>("hits")?;
    Ok(hits.map_or_else(|| "nobody".into(), |hits| hits.to_string()))
}

#[get("/both")]
fn both(calm: CalmSession, session: Session) -> Result<String, Rejection> {
    session.insert("hits", 7)?;
    Ok(calm.get::<u32>("hits")?.unwrap_or_default().to_string())
}

#[tokio::test]
async fn a_page_is_shown_in_an_outage_and_the_cookie_is_left_alone() {
    let site = Site::new([routes![front, both], usual()].concat()).await;
    assert_eq!(site.get("/", "").await.body, "nobody");
    let cookie = site.visitor().await;
    assert_eq!(site.get("/", &cookie).await.body, "1");
    assert_eq!(site.spy.take().total(), 1);
    assert_eq!(site.get("/both", &cookie).await.body, "7");
    assert_eq!(site.get("/", &cookie).await.body, "7");

    site.faults.go_down();
    let seen = site.get("/", &cookie).await;
    assert_eq!((seen.status, &*seen.body), (200, "closed"));
    assert_eq!(seen.set_cookies(), [""; 0]);
    assert_eq!(seen.all("vary"), ["Cookie"]);
    assert_eq!(seen.all("cache-control"), ["no-store"]);
    site.get("/both", &cookie).await.is_outage();
    site.faults.come_up();
    let seen = site.get("/", &cookie).await;
    assert_eq!(seen.body, "7");
    assert_eq!(seen.all("cache-control"), [""; 0]);
}
