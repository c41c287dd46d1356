use std::sync::{Arc, Mutex};

use rocket::error::ErrorKind;
use rocket::form::Form;
use rocket::http::{ContentType, Header, Method};
use rocket::local::asynchronous::Client;
use rocket::response::Redirect;
use rocket::{Build, FromForm, Rocket, State, get, post, routes};
use session_core::{Event, Observer};
use session_extras::rocket::{CsrfFairing, User, login_catcher};
use session_extras::{Flash, Next};
use session_rocket::{Policy, Rejection, Session, SessionFairing, Sessions};
use session_testkit::app::{Browser, TestSessions};
use session_testkit::{FaultyStore, ModelStore};

use crate::shop::{self, Accounts, Answer, Ask, Shop};

#[get("/orders")]
fn orders(user: User<Accounts>) -> String {
    format!("{}'s orders", user.0)
}

#[derive(FromForm)]
struct Note {
    text: String,
}

#[post("/note", data = "<note>")]
fn note(session: Session, note: Form<Note>) -> Result<Redirect, Rejection> {
    Flash::success(&note.text).set(&session)?;
    Ok(Redirect::to("/"))
}

#[post("/login")]
fn login(accounts: &State<Accounts>, session: Session) -> Result<Redirect, Rejection> {
    session.with(|session| accounts.sign_in(session))?;
    Ok(Redirect::to("/"))
}

#[get("/")]
async fn page(session: Session) -> Result<String, Rejection> {
    Ok(shop::page(&session).await?)
}

#[get("/form")]
async fn form(session: Session) -> Result<String, Rejection> {
    Ok(shop::form(&session).await?)
}

#[derive(FromForm)]
struct Wanted {
    next: Next,
}

#[post("/go?<next>", data = "<form>")]
fn go(next: Next, form: Form<Wanted>) -> String {
    format!("{next} {}", form.next)
}

fn quiet() -> Rocket<Build> {
    let config = rocket::Config {
        log_level: rocket::config::LogLevel::Off,
        ..rocket::Config::default()
    };
    rocket::custom(config)
}

impl Shop for Client {
    async fn send(&self, ask: Ask<'_>) -> Answer {
        let mut request = self.req(ask.method.parse::<Method>().unwrap(), ask.path.to_owned());
        for (name, value) in ask.headers {
            request = request.header(Header::new(name, value));
        }
        let response = request.body(ask.body).dispatch().await;
        let header = |name: &str| response.headers().get_one(name).map(str::to_owned);
        let (status, location, set_cookie) = (
            response.status().code,
            header("location"),
            header("set-cookie"),
        );
        let token = header("session-token");
        let body = response.into_string().await.unwrap_or_default();
        Answer {
            status,
            location,
            set_cookie,
            token,
            body,
        }
    }
}

#[rocket::async_test]
async fn visitors_of_a_shop_on_rocket_see_what_they_must() {
    let rocket = quiet()
        .manage(Accounts::new())
        .mount("/", routes![page, form, note, login])
        .mount("/in", routes![orders])
        .register("/", login_catcher::<Accounts>())
        .attach(CsrfFairing::new(shop::csrf()))
        .attach(SessionFairing::new(shop::sessions()));
    shop::check(&Client::untracked(rocket).await.unwrap()).await;
}

struct Admin;

#[get("/form")]
async fn admin_form(session: Session<Admin>) -> Result<String, Rejection> {
    Ok(shop::form(&session).await?)
}

/// The token in a form's field.
async fn token(client: &Client, path: &'static str, browser: &Browser) -> String {
    let cookie = Header::new("cookie", browser.cookie());
    let response = client.get(path).header(cookie).dispatch().await;
    browser.receive(response.headers().get("set-cookie"));
    let field = response.into_string().await.unwrap();
    field.split('"').rev().nth(1).unwrap().to_owned()
}

#[rocket::async_test]
async fn of_several_guards_the_one_closest_to_the_request_decides() {
    let test = TestSessions::new();
    let admins = test.beside(Policy::builder().cookie_name("__Host-admin"));
    let rocket = quiet()
        .mount("/", routes![form, done])
        .mount("/admin", routes![admin_form, done])
        .mount("/administrators", routes![done])
        .attach(CsrfFairing::new(shop::csrf()))
        .attach(
            CsrfFairing::new(shop::csrf())
                .named::<Admin>()
                .under("/admin/"),
        )
        .attach(SessionFairing::new(admins.sessions()).named::<Admin>())
        .attach(SessionFairing::new(test.sessions()));
    let client = Client::untracked(rocket).await.unwrap();
    let browser = test.browser();
    let visitors = token(&client, "/form", &browser).await;
    let admins = token(&client, "/admin/form", &browser).await;
    for (path, of_visitors, of_admins) in [
        ("/", 200, 403),
        ("/administrators", 200, 403),
        ("/admin", 403, 200),
        // As Rocket reads it.
        ("/%61dmin", 403, 200),
        ("//admin", 403, 200),
    ] {
        for (token, status) in [(&visitors, of_visitors), (&admins, of_admins)] {
            let request = client.post(path).header(ContentType::Form);
            let request = request.header(Header::new("cookie", browser.cookie()));
            let response = request.body(format!("csrf_token={token}")).dispatch().await;
            assert_eq!(response.status().code, status, "{path}");
        }
        let foreign = Header::new("sec-fetch-site", "cross-site");
        let response = client.post(path).header(foreign).dispatch().await;
        assert_eq!(response.status().code, 403, "{path}");
    }
}

#[test]
fn a_guard_is_under_a_path_that_is_written_as_it_is() {
    for path in [
        "admin",
        "",
        "/<area>",
        "/%61dmin",
        "/a?b",
        "/./admin",
        "/shop/../admin",
        "/admin/..",
    ] {
        let made = std::panic::catch_unwind(|| CsrfFairing::new(shop::csrf()).under(path));
        assert!(made.is_err(), "{path}");
    }
}

#[rocket::async_test]
async fn a_path_in_a_form_or_query_is_one_of_this_site() {
    let rocket = quiet().mount("/", routes![go]);
    let client = Client::untracked(rocket).await.unwrap();
    for (query, form, expected) in [
        ("?next=/a%3Fb=1", "next=%2Fc", "/a?b=1 /c"),
        ("?next=//evil.example", "next=https://evil.example", "/ /"),
        ("", "other=1", "/ /"),
    ] {
        let request = client.post(format!("/go{query}"));
        let request = request.header(ContentType::Form).body(form);
        let shown = request.dispatch().await.into_string().await;
        assert_eq!(shown.as_deref(), Some(expected), "{query}");
    }
}

#[rocket::async_test]
async fn a_guard_without_a_session_fairing_is_a_500_and_not_a_pass() {
    let rocket = quiet()
        .mount("/", routes![done])
        .attach(CsrfFairing::new(shop::csrf()));
    let client = Client::untracked(rocket).await.unwrap();
    let response = client
        .post("/")
        .header(Header::new("sec-fetch-site", "same-origin"))
        .dispatch()
        .await;
    assert_eq!(response.status().code, 500);
}

/// The kinds and texts of events.
#[derive(Debug, Default)]
struct Told(Mutex<Vec<String>>);

impl Observer for Told {
    fn on(&self, event: &Event<'_>) {
        let reason = event.reason.map(|reason| reason.to_string());
        let line = format!("{}: {}", event.kind, reason.unwrap_or_default());
        self.0.lock().unwrap().push(line);
    }
}

#[rocket::async_test]
async fn a_refusal_is_told_to_the_observer_of_the_guards_session() {
    let (told, store) = (
        Arc::new(Told::default()),
        FaultyStore::new(ModelStore::new()),
    );
    let policy = Policy::builder().observer(Arc::clone(&told)).build();
    let admins = Sessions::new(policy.unwrap(), store.clone());
    let rocket = quiet()
        .mount("/", routes![done])
        .attach(CsrfFairing::new(shop::csrf()).named::<Admin>())
        .attach(SessionFairing::new(admins).named::<Admin>());
    let client = Client::untracked(rocket).await.unwrap();
    let forged = "refused: the request did not come from a page of this site";
    for (header, is_down, status, expected) in [
        (("sec-fetch-site", "same-origin"), false, 200, None),
        (("sec-fetch-site", "cross-site"), false, 403, Some(forged)),
        (("x-csrf-token", "wrong"), false, 403, Some(forged)),
        (("x-other", ""), false, 403, Some(forged)),
        (("x-other", ""), true, 503, Some("store_failed: ")),
    ] {
        if is_down {
            store.go_down();
        }
        let cookie = format!("__Host-session={}", "A".repeat(48));
        let response = client
            .post("/")
            .header(Header::new(header.0, header.1))
            .header(Header::new("cookie", cookie))
            .dispatch()
            .await;
        assert_eq!(response.status().code, status, "{header:?}");
        let mut told = std::mem::take(&mut *told.0.lock().unwrap());
        told.retain(|line| !line.starts_with("unknown_id"));
        assert_eq!(told.len(), usize::from(expected.is_some()), "{told:?}");
        assert!(told.iter().all(|line| line.starts_with(expected.unwrap())));
    }
}

#[post("/")]
fn done() -> &'static str {
    "done"
}

#[rocket::async_test]
async fn users_that_are_not_managed_abort_the_launch() {
    let rocket = quiet()
        .mount("/", routes![orders])
        .attach(SessionFairing::new(shop::sessions()));
    let error = Client::untracked(rocket).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::SentinelAborts(_)));
}
