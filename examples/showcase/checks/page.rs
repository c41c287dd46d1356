//! Checks of the showcase's page on every framework: what a person is told.

use std::fs;

use pollster::block_on;
use session_testkit::http::{Answer, Client, Request};

use super::program::Running;

const HTML: (&str, &str) = ("accept", "text/html,*/*;q=0.8");

fn start(store: &str) -> Running {
    Running::start(&["--store", store], "off")
}

fn ask(client: &Client, method: &'static str, path: &str, body: &str) -> Answer {
    let request = Request::new(method, path).header(HTML.0, HTML.1);
    block_on(client.send(request.json(body))).unwrap()
}

fn page(client: &Client) -> String {
    let answer = ask(client, "GET", "/", "");
    assert_eq!(answer.status(), 200);
    answer.text()
}

#[test]
fn a_form_is_confirmed_once() {
    let server = start("memory");
    let client = server.client();
    let done = ask(&client, "POST", "/form/note", "text=milk");
    assert_eq!((done.status(), done.values("location").len()), (303, 1));
    assert!(done.values("location")[0].starts_with("/?done="));
    let confirmed = "The note was added.";
    assert!(page(&client).contains(confirmed));
    assert!(!page(&client).contains(confirmed));

    ask(&client, "POST", "/form/visit", "");
    ask(&client, "POST", "/form/login", "user=ada");
    let shown = page(&client);
    assert!(
        shown.contains("Your visit was counted.<br>You are signed in."),
        "{shown}"
    );
    let done = ask(&client, "POST", "/form/logout", "");
    let next = done.values("location").remove(0);
    assert!(next.starts_with("/?message=signed-out"), "{next}");
    let shown = ask(&client, "GET", &next, "").text();
    assert!(shown.contains("You are signed out."), "{shown}");
    assert_eq!(client.cookie_header(), "");
}

#[test]
fn a_head_takes_no_message_and_a_link_tells_nobody_who_is_signed_in_that_he_is_not() {
    let server = start("memory");
    let client = server.client();
    ask(&client, "POST", "/form/login", "user=ada");
    assert_eq!(ask(&client, "HEAD", "/", "").status(), 200);
    let shown = ask(&client, "GET", "/?message=signed-out", "").text();
    assert!(shown.contains("You are signed in."), "{shown}");
    assert!(!shown.contains("You are signed out."), "{shown}");
}

#[test]
fn a_form_that_another_site_sends_changes_nothing() {
    let server = start("memory");
    let client = server.client();
    ask(&client, "POST", "/form/login", "user=ada");
    let (own, foreign) = ("same-origin", "cross-site");
    for (path, form) in [
        ("/form/visit", ""),
        ("/form/note", "text=milk"),
        ("/form/login", "user=mallory"),
        ("/form/logout", ""),
        ("/form/lifetime", "mode=browser-close"),
        ("/form/revoke-others", ""),
    ] {
        for values in [&[foreign][..], &[own, foreign], &[own, own]] {
            let mut request = Request::new("POST", path).json(form);
            for value in values {
                request = request.header("sec-fetch-site", *value);
            }
            let refused = block_on(client.send(request)).unwrap();
            assert_eq!(refused.status(), 403, "{path} {values:?}");
            assert_eq!(refused.values("set-cookie"), [""; 0]);
        }
    }
    let shown = page(&client);
    assert!(shown.contains("ada") && !shown.contains("milk"), "{shown}");
}

#[test]
fn a_device_that_was_signed_out_is_told_and_a_new_visitor_is_not() {
    let server = start("memory");
    let laptop = server.client();
    let phone = laptop.stranger();
    let ended = "Your session has ended";
    for device in [&laptop, &phone] {
        assert!(!page(device).contains(ended));
        ask(device, "POST", "/form/login", "user=ada");
        assert!(!page(device).contains(ended));
    }
    ask(&laptop, "POST", "/form/revoke-others", "");
    assert!(page(&laptop).contains("The other device was signed out."));
    assert!(page(&phone).contains(ended));
    ask(&phone, "POST", "/form/visit", "");
    assert!(!page(&phone).contains(ended));
}

#[test]
fn an_outage_is_a_page_for_a_person_and_json_for_a_program() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    let server = start(&format!("sqlite:{}", path.display()));
    let client = server.client();
    ask(&client, "POST", "/form/visit", "");
    // Whoever removes the file of an open database takes the store away.
    for file in fs::read_dir(&folder).unwrap() {
        fs::remove_file(file.unwrap().path()).unwrap();
    }
    // Each write looks whether the file is there, and a read ten times a second.
    assert_eq!(ask(&client, "POST", "/form/visit", "").status(), 503);
    ask(&client, "GET", "/api/session?delay_ms=200", "");
    for (method, path) in [
        ("GET", "/"),
        ("POST", "/form/visit"),
        ("POST", "/form/note"),
        ("POST", "/form/logout"),
    ] {
        let answer = ask(&client, method, path, "text=milk");
        let seen = (answer.status(), answer.text().contains("Please try again"));
        assert_eq!(seen, (503, true), "{method} {path}");
        let program = block_on(client.send(Request::new(method, path).json("text=milk"))).unwrap();
        let json = r#"{"error":"session store unavailable"}"#;
        assert_eq!(
            (program.status(), &*program.text()),
            (503, json),
            "{method} {path}"
        );
    }
    let api = ask(&client, "GET", "/api/session", "");
    assert_eq!((api.status(), api.text().starts_with('{')), (503, true));
    assert_ne!(client.cookie_header(), "", "the cookie stays");
}

#[test]
fn nothing_of_a_signed_in_visitor_stays_in_the_browser() {
    let server = start("memory");
    let client = server.client();
    assert_eq!(
        ask(&client, "GET", "/", "").values("cache-control"),
        [""; 0]
    );
    ask(&client, "POST", "/form/login", "user=ada");
    assert_eq!(
        ask(&client, "GET", "/", "").values("cache-control"),
        ["no-store"]
    );
    let done = ask(&client, "POST", "/form/logout", "");
    assert_eq!(done.values("clear-site-data"), [r#""cache", "storage""#]);
    assert_eq!(
        ask(&client, "POST", "/form/logout", "").values("clear-site-data"),
        [""; 0]
    );
}

#[test]
fn the_page_shows_the_lifetime_that_the_session_has() {
    let server = start("memory");
    let client = server.client();
    let choices = [
        ("default", "mode=default"),
        ("minutes", "mode=minutes&minutes=7"),
        ("browser-close", "mode=browser-close"),
        ("default", "mode=default"),
    ];
    assert!(page(&client).contains(r#"value="default" checked"#));
    for (choice, form) in choices {
        ask(&client, "POST", "/form/lifetime", form);
        let shown = page(&client);
        assert!(
            shown.contains(&format!(r#"value="{choice}" checked"#)),
            "{choice}"
        );
        assert_eq!(shown.matches(" checked>").count(), 1, "{choice}");
    }
}
