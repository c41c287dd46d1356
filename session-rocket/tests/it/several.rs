//! Several sessions of one application.

use rocket::http::Method;
use rocket::local::asynchronous::Client;
use rocket::{Build, Rocket, get, routes};
use session_rocket::{Session, SessionFairing, SessionHandle, Sessions};
use session_store::MemoryStore;

use crate::support::{plain, policy, send};

struct Admin;

fn fairing(cookie: &str, store: &MemoryStore) -> SessionFairing {
    SessionFairing::new(Sessions::new(policy(cookie), store.clone()))
}

fn show(session: &session_core::Session) -> String {
    session.get::<String>("who").unwrap().unwrap_or_default()
}

#[get("/write")]
fn write(visitor: Session, admin: Session<Admin>) {
    visitor.insert("who", "visitor").unwrap();
    admin.insert("who", "admin").unwrap();
}

#[get("/read")]
fn read(visitor: Session, admin: Session<Admin>) -> String {
    format!("{} {}", show(&visitor), show(&admin))
}

#[get("/logout")]
fn logout(admin: SessionHandle<Admin>) {
    admin.destroy().unwrap();
}

/// Builds a rocket with two sessions, in one store or two, in either order.
fn both(visitors: &MemoryStore, admins: &MemoryStore, admin_first: bool) -> Rocket<Build> {
    let rocket = plain().mount("/", routes![write, read, logout]);
    let (visitor, admin) = (fairing("visitor", visitors), fairing("admin", admins));
    if admin_first {
        rocket.attach(admin.named::<Admin>()).attach(visitor)
    } else {
        rocket.attach(visitor).attach(admin.named::<Admin>())
    }
}

#[tokio::test]
async fn two_sessions_of_one_request_are_apart() {
    for admin_first in [false, true] {
        let (visitors, admins) = (MemoryStore::new(), MemoryStore::new());
        let rocket = both(&visitors, &admins, admin_first);
        let client = Client::untracked(rocket).await.unwrap();
        let seen = send(&client, Method::Get, "/write", "").await;
        let cookies = seen.set_cookies();
        assert_eq!(cookies.len(), 2, "{cookies:?}");
        assert_eq!((visitors.len(), admins.len()), (1, 1));
        assert_eq!(seen.all("vary"), ["Cookie"]);

        let cookie = seen.cookie();
        let read = send(&client, Method::Get, "/read", &cookie).await;
        assert_eq!(read.body, "visitor admin");

        let logout = send(&client, Method::Get, "/logout", &cookie).await;
        assert_eq!(logout.set_cookies().len(), 1);
        assert!(logout.set_cookies()[0].starts_with("admin=;"));
        let read = send(&client, Method::Get, "/read", &cookie).await;
        assert_eq!(read.body, "visitor ");
    }
}

#[tokio::test]
async fn an_id_under_the_other_cookies_name_opens_nothing_across_stores() {
    let rocket = both(&MemoryStore::new(), &MemoryStore::new(), false);
    let client = Client::untracked(rocket).await.unwrap();
    let seen = send(&client, Method::Get, "/write", "").await;
    let swapped: String = seen
        .cookie()
        .replace("visitor=", "x=")
        .replace("admin=", "visitor=")
        .replace("x=", "admin=");
    let read = send(&client, Method::Get, "/read", &swapped).await;
    assert_eq!(read.body, " ");
}
