//! What differs on actix-web and Rocket: the same visits to the recipes of both.

use std::cell::RefCell;
use std::time::Duration;

use actix_http::Request;
use actix_web::App;
use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::web::Data;
use cookbook::accounts::Accounts;
use cookbook::admins::{self, Admins};
use cookbook::carts::Carts;
use cookbook::{
    admin_actix, admin_rocket, devices_actix, devices_rocket, guest_actix, guest_rocket,
    shop_actix, shop_rocket, sudo_actix, sudo_rocket,
};
use rocket::http::{ContentType, Header, Method};
use rocket::local::asynchronous::Client;
use rocket::{Build, Rocket};
use session_core::Sessions;
use session_testkit::app::{Browser, TestSessions};

/// One step of a visitor: method, path, a header, a form; then the status, and what the location, the page or the cookie says.
type Step = (
    &'static str,
    &'static str,
    (&'static str, &'static str),
    &'static str,
    u16,
    &'static str,
);

const OWN: (&str, &str) = ("sec-fetch-site", "same-origin");
const FOREIGN: (&str, &str) = ("sec-fetch-site", "cross-site");
const HTML: (&str, &str) = ("accept", "text/html");
const FIREFOX: (&str, &str) = (
    "user-agent",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
);
const RIGHT: &str = "name=ada&password=correct+horse";

/// The shop: the forged, the wrong and the right login, a message once, and the admin area.
#[rustfmt::skip]
const SHOP: &[Step] = &[
    ("GET", "/orders", HTML, "", 303, "/login?next=%2Forders"),
    ("GET", "/login", OWN, "", 200, "…csrf_token"),
    ("POST", "/login", FOREIGN, RIGHT, 403, ""),
    ("POST", "/login", HTML, RIGHT, 403, ""),
    ("POST", "/login?next=/orders", OWN, RIGHT, 303, "/orders"),
    ("GET", "/orders", OWN, "", 200, "Welcome, ada. ada's orders"),
    ("GET", "/orders", OWN, "", 200, "ada's orders"),
    ("POST", "/login?next=//evil.example", OWN, RIGHT, 303, "/"),
    ("POST", "/login", OWN, "name=ada&password=x", 401, "wrong name or password"),
];

/// The admin area: each form has the token of the session whose guard asks for it.
#[rustfmt::skip]
const ADMIN: &[Step] = &[
    ("GET", "/admin/report", HTML, "", 303, "/admin/login?next=%2Fadmin%2Freport"),
    ("GET", "/admin/login", HTML, "", 200, "…csrf_token"),
    ("POST", "/order", HTML, TOKEN, 403, ""),
    ("POST", "/admin/login", FOREIGN, RIGHT, 403, ""),
    ("POST", "/admin/login", HTML, RIGHT, 403, ""),
    ("POST", "/admin/login", HTML, "csrf_token=TOKEN&name=root&password=x", 401, "wrong name or password"),
    ("POST", "/admin/login", HTML, "csrf_token=TOKEN&name=root&password=correct+horse", 303, "/admin/report"),
    ("GET", "/admin/report", HTML, "", 200, "root may see this"),
    ("GET", "/form", HTML, "", 200, "…csrf_token"),
    ("POST", "/order", HTML, TOKEN, 200, "1 orders"),
    ("POST", "/admin/login", HTML, "csrf_token=TOKEN&name=root&password=correct+horse", 403, ""),
];

/// A guest's cart, and "remember me".
#[rustfmt::skip]
const GUEST: &[Step] = &[
    ("POST", "/add/tea", OWN, "", 204, ""),
    ("POST", "/add/tea", OWN, "", 204, ""),
    ("GET", "/cart", OWN, "", 401, ""),
    ("POST", "/login", OWN, "name=ada&password=x", 401, ""),
    ("POST", "/login", OWN, "name=ada&password=correct+horse&remember=on", 204, "cookie: Max-Age=2592000"),
    ("GET", "/cart", OWN, "", 200, r#"{"tea": 2}"#),
    ("POST", "/add/milk", OWN, "", 204, ""),
    ("POST", "/login", OWN, RIGHT, 204, "cookie: Max-Age=1209600"),
    ("GET", "/cart", OWN, "", 200, r#"{"milk": 1, "tea": 2}"#),
];

/// A device with a name, and the logout everywhere.
#[rustfmt::skip]
const DEVICES: &[Step] = &[
    ("GET", "/devices", OWN, "", 401, ""),
    ("POST", "/login", FIREFOX, RIGHT, 204, ""),
    ("GET", "/devices", OWN, "", 200, "… Firefox on Linux (this one)\n"),
    ("DELETE", "/devices/x", OWN, "", 404, ""),
    ("DELETE", "/devices/00000000000000000000000000000000", OWN, "", 404, ""),
    ("POST", "/logout-everywhere", OWN, "", 200, "1 ended"),
    ("GET", "/devices", OWN, "", 401, ""),
];

/// The password again before a sensitive page.
#[rustfmt::skip]
const SUDO: &[Step] = &[
    ("GET", "/keys", HTML, "", 303, "/login?next=%2Fkeys"),
    ("POST", "/login", OWN, RIGHT, 303, "/"),
    ("GET", "/keys", HTML, "", 200, "your keys"),
    LATER,
    ("GET", "/keys?all=1", HTML, "", 303, "/confirm?next=%2Fkeys%3Fall%3D1"),
    ("POST", "/account/delete", OWN, "", 403, ""),
    ("GET", "/confirm?next=%2Fkeys", OWN, "", 200, "…password"),
    ("POST", "/confirm?next=%2Fkeys", HTML, "password=x", 401, "wrong password"),
    ("GET", "/keys", HTML, "", 303, "/confirm?next=%2Fkeys"),
    ("POST", "/confirm?next=%2Fkeys%3Fall%3D1", OWN, "password=correct+horse", 303, "/keys?all=1"),
    ("GET", "/keys", HTML, "", 200, "your keys"),
    ("POST", "/account/delete", OWN, "", 200, "deleted"),
    ("GET", "/keys", HTML, "", 303, "/login?next=%2Fkeys"),
];

/// Six minutes pass.
const LATER: Step = ("", "", OWN, "", 0, "");
/// The token of the form that was shown last.
const TOKEN: &str = "csrf_token=TOKEN";

/// A visitor, and the clock.
struct Visit {
    test: TestSessions,
    browser: Browser,
    token: RefCell<String>,
}

/// What is shown after a step.
struct Page {
    status: u16,
    location: Option<String>,
    cookies: Vec<String>,
    text: String,
}

impl Visit {
    fn new() -> Self {
        let test = TestSessions::new();
        let browser = test.browser();
        let token = RefCell::default();
        Self {
            test,
            browser,
            token,
        }
    }

    /// Asserts that the page is as the step says, and keeps its cookies.
    fn see(&self, (method, path, header, _, status, says): Step, page: Page) {
        let step = format!("{method} {path} {header:?}: {}", page.text);
        assert_eq!(page.status, status, "{step}");
        self.browser.receive(&page.cookies);
        if let Some((_, rest)) = page.text.split_once(r#"name="csrf_token" value=""#) {
            let token = rest.split('"').next().unwrap_or_default();
            *self.token.borrow_mut() = format!("csrf_token={token}");
        }
        let shown = page.location.unwrap_or(page.text);
        let is_right = match (says.strip_prefix('…'), says.strip_prefix("cookie: ")) {
            (Some(part), _) => shown.contains(part),
            (_, Some(attribute)) => page.cookies.iter().any(|set| set.contains(attribute)),
            _ => says.is_empty() || shown == says,
        };
        assert!(is_right, "{shown:?}, {:?}: {step}", page.cookies);
    }

    async fn on_actix<S, B>(self, app: &S, steps: &[Step])
    where
        S: Service<Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
        B: MessageBody,
    {
        for step in steps {
            let (method, path, header, form, ..) = *step;
            let form = form.replace(TOKEN, &self.token.borrow());
            if method.is_empty() {
                self.test.advance(Duration::from_mins(6));
                continue;
            }
            let mut request = TestRequest::with_uri(path).method(method.parse().unwrap());
            request = request
                .insert_header(header)
                .insert_header(("cookie", self.browser.cookie()));
            if !form.is_empty() {
                let kind = ("content-type", "application/x-www-form-urlencoded");
                request = request.insert_header(kind);
            }
            let response = call_service(app, request.set_payload(form).to_request()).await;
            let values = |name| {
                let values = response.headers().get_all(name);
                values.map(|value| value.to_str().unwrap().to_owned())
            };
            let page = Page {
                status: response.status().as_u16(),
                location: values("location").next(),
                cookies: values("set-cookie").collect(),
                text: String::new(),
            };
            let text = read_body(response).await.to_vec();
            let text = String::from_utf8(text).unwrap();
            self.see(*step, Page { text, ..page });
        }
    }

    async fn on_rocket(self, rocket: Rocket<Build>, steps: &[Step]) {
        let config = rocket::Config {
            log_level: rocket::config::LogLevel::Off,
            ..rocket::Config::default()
        };
        let client = Client::untracked(rocket.configure(config)).await.unwrap();
        for step in steps {
            let (method, path, (name, value), form, ..) = *step;
            let form = form.replace(TOKEN, &self.token.borrow());
            if method.is_empty() {
                self.test.advance(Duration::from_mins(6));
                continue;
            }
            let mut request = client.req(method.parse::<Method>().unwrap(), path);
            request = request
                .header(Header::new(name, value))
                .header(Header::new("cookie", self.browser.cookie()));
            if !form.is_empty() {
                request = request.header(ContentType::Form);
            }
            let response = request.body(form).dispatch().await;
            let values = |name| response.headers().get(name).map(str::to_owned);
            let page = Page {
                status: response.status().code,
                location: values("location").next(),
                cookies: values("set-cookie").collect(),
                text: String::new(),
            };
            let text = response.into_string().await.unwrap_or_default();
            self.see(*step, Page { text, ..page });
        }
    }
}

fn accounts() -> Accounts {
    Accounts::new().unwrap()
}

#[actix_web::test]
async fn a_visitor_of_the_shop_on_actix_signs_in_and_sees_the_message_once() {
    let shop = shop_actix::shop().unwrap();
    let app = App::new().configure(|config| shop.routes(config));
    Visit::new().on_actix(&init_service(app).await, SHOP).await;
}

#[rocket::async_test]
async fn a_visitor_of_the_shop_on_rocket_signs_in_and_sees_the_message_once() {
    let rocket = shop_rocket::rocket().unwrap();
    Visit::new().on_rocket(rocket, SHOP).await;
}

/// The visitors' sessions and the administrators'.
fn both(test: &TestSessions) -> (Sessions, Sessions) {
    (test.sessions(), test.beside(admins::policy()).sessions())
}

#[actix_web::test]
async fn each_form_of_an_admin_area_on_actix_has_the_token_of_its_session() {
    let visit = Visit::new();
    let area = admin_actix::area(both(&visit.test), Admins::new().unwrap()).unwrap();
    let app = App::new().configure(|config| area.routes(config));
    visit.on_actix(&init_service(app).await, ADMIN).await;
}

#[rocket::async_test]
async fn each_form_of_an_admin_area_on_rocket_has_the_token_of_its_session() {
    let visit = Visit::new();
    let rocket = admin_rocket::rocket(both(&visit.test), Admins::new().unwrap());
    visit.on_rocket(rocket.unwrap(), ADMIN).await;
}

#[actix_web::test]
async fn a_guest_on_actix_keeps_the_cart_and_is_remembered() {
    let visit = Visit::new();
    let (accounts, carts) = (Data::new(accounts()), Data::new(Carts::default()));
    let sessions = visit.test.sessions();
    let app = App::new();
    let app = app.configure(|config| guest_actix::routes(sessions, accounts, carts, config));
    visit.on_actix(&init_service(app).await, GUEST).await;
}

#[rocket::async_test]
async fn a_guest_on_rocket_keeps_the_cart_and_is_remembered() {
    let visit = Visit::new();
    let rocket = guest_rocket::rocket(visit.test.sessions(), accounts());
    visit.on_rocket(rocket, GUEST).await;
}

#[actix_web::test]
async fn an_owner_on_actix_sees_the_devices_and_ends_them() {
    let visit = Visit::new();
    let (sessions, accounts) = (visit.test.sessions(), Data::new(accounts()));
    let app = App::new().configure(|config| devices_actix::routes(sessions, accounts, config));
    visit.on_actix(&init_service(app).await, DEVICES).await;
}

#[rocket::async_test]
async fn an_owner_on_rocket_sees_the_devices_and_ends_them() {
    let visit = Visit::new();
    let rocket = devices_rocket::rocket(visit.test.sessions(), accounts());
    visit.on_rocket(rocket, DEVICES).await;
}

#[actix_web::test]
async fn a_sensitive_page_on_actix_asks_for_the_password_again() {
    let visit = Visit::new();
    let (sessions, accounts) = (visit.test.sessions(), Data::new(accounts()));
    let app = App::new().configure(|config| sudo_actix::routes(sessions, accounts, config));
    visit.on_actix(&init_service(app).await, SUDO).await;
}

#[rocket::async_test]
async fn a_sensitive_page_on_rocket_asks_for_the_password_again() {
    let visit = Visit::new();
    let rocket = sudo_rocket::rocket(visit.test.sessions(), accounts());
    visit.on_rocket(rocket, SUDO).await;
}
