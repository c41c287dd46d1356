//! Checks of the panel "what just happened" on every framework: it tells what a form's request did, once, and no secret.

use std::cell::RefCell;

use pollster::block_on;
use session_testkit::http::{Answer, Client, Request};

use super::program::Running;

/// A form, and what the panel shows after it: the code, the store's calls, and what there is to notice.
type Step = (
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static str,
);

#[rustfmt::skip]
const STEPS: [Step; 12] = [
    ("visit", "", "VISITS.update(session, one_more)", &["insert applied"], "this insert made the session"),
    ("visit", "", "VISITS.update(session, one_more)", FOUND_AND_REPLACED, "The id stays"),
    ("note", "text=milk", "NOTES.update(session, move |notes| with(notes, &text))", FOUND_AND_REPLACED, "The id stays"),
    ("note/remove", "index=0", "NOTES.update(session, move |notes| without(notes, &text))", FOUND_AND_REPLACED, "The id stays"),
    ("cycle", "", "session.cycle()", FOUND_AND_REPLACED, "a new secret and the handle stays"),
    ("login", "user=ada", "session.sign_in(SignIn::from(name).label(&label))",
        &["load found", "insert applied", "replace applied"], "whoever knows the old cookie is not signed in by it"),
    ("lifetime", "mode=minutes&minutes=7", "Expiry::After(Duration::from_mins(minutes))\nsession.set_expiry(expiry)",
        FOUND_AND_REPLACED, "the server keeps it"),
    ("lifetime", "mode=browser-close", "Expiry::BrowserClose\nsession.set_expiry(expiry)", FOUND_AND_REPLACED, "the server keeps it"),
    ("lifetime", "mode=default", "Expiry::Policy\nsession.set_expiry(expiry)", FOUND_AND_REPLACED, "the server keeps it"),
    ("revoke-others", "", "current.as_ref().map_or(Revoke::All, Revoke::AllBut)\naccess.revoke(which).await",
        &["load found", "revoke one ended", "replace applied"], "so their cookies open nothing"),
    ("logout", "", "access.destroy()", &["delete applied"], "a copy of it opens nothing"),
    ("logout", "", "access.destroy()", &[], "nothing to delete"),
];

const FOUND_AND_REPLACED: &[&str] = &["load found", "replace applied"];

#[test]
fn the_panel_tells_what_a_form_did() {
    let server = Running::start(&["--store", "memory"], "off");
    let client = server.client();
    let phone = client.stranger();
    ask(&phone, "POST", "/form/login", "user=ada");
    for (form, body, code, calls, lesson) in STEPS {
        let sent = value(&client);
        let done = ask(&client, "POST", &format!("/form/{form}"), body);
        let next = done.values("location").remove(0);
        // Nobody reads it.
        ask(&client, "HEAD", &next, "");
        let page = ask(&client, "GET", &next, "").text();
        let panel = Panel::of(&page).unwrap_or_else(|| panic!("{form}: {page}"));
        assert!(panel.lesson.contains(lesson), "{form}: {}", panel.lesson);
        assert_eq!(panel.code, code, "{form}");
        assert_eq!(panel.calls, calls, "{form}");

        let has = value(&client);
        let [cookie, secret, handle] = &panel.cookie;
        assert_eq!(*cookie, [masked(&sent), masked(&has)], "{form}");
        let had = !sent.is_empty();
        let expected = match &*has {
            "" => "none",
            has if has == sent => "the same",
            _ => "a new one",
        };
        assert_eq!(secret[1], expected, "{form}");
        assert_eq!(
            handle[0] == handle[1],
            had && form != "login" && form != "logout",
            "{form}"
        );
        for value in [sent, has] {
            let secret = value.get(22..).filter(|it| !it.is_empty());
            assert!(secret.is_none_or(|secret| !page.contains(secret)), "{form}");
        }

        let again = ask(&client, "GET", &next, "").text();
        assert!(Panel::of(&again).is_none(), "{form}");
    }
}

#[test]
fn a_panel_is_shown_for_its_own_word_alone_and_a_refused_form_has_none() {
    let server = Running::start(&["--store", "memory"], "off");
    let client = server.client();
    let refused = ask(&client, "POST", "/form/note", "text=");
    assert_eq!(refused.values("location"), ["/?notice=refused"]);
    ask(&client, "POST", "/form/visit", "");
    for query in [
        "",
        "?done=",
        "?done=1",
        "?done=00000000000000000000000000000000",
    ] {
        let page = ask(&client, "GET", &format!("/{query}"), "").text();
        assert!(Panel::of(&page).is_none(), "{query}");
    }
}

#[test]
fn the_code_in_the_panel_stands_in_the_source() {
    let squeezed = |text: &str| text.split_whitespace().collect::<String>();
    let source = [
        include_str!("../src/forms.rs"),
        include_str!("../src/api.rs"),
        include_str!("../src/users.rs"),
    ];
    let source = squeezed(&source.concat());
    for (form, _, code, ..) in STEPS {
        for line in code.lines() {
            assert!(source.contains(&squeezed(line)), "{form}: {line}");
        }
    }
}

/// The panel's texts.
struct Panel {
    lesson: String,
    code: String,
    /// The cookie's value, its secret, and the handle; each before and after.
    cookie: [[String; 2]; 3],
    calls: Vec<String>,
}

impl Panel {
    /// Reads the panel in the order in which a screen reader does.
    fn of(page: &str) -> Option<Self> {
        let (_, panel) = page.split_once(r#"id="happened""#)?;
        let panel = panel.split("</section>").next()?;
        let panel = panel.replace("<wbr>", "");
        let texts = panel.split('<').filter_map(|part| part.split_once('>'));
        let texts = texts
            .map(|(_, text)| text.trim())
            .filter(|it| !it.is_empty());
        let texts = RefCell::new(texts);
        let next = || texts.borrow_mut().next().unwrap_or_default();
        let heading = |expected: &str| assert_eq!(next(), expected);
        heading("What just happened");
        let lesson = next().to_owned();
        heading("The code");
        let code = next().replace("&amp;", "&").replace("&gt;", ">");
        ["The cookie", "session", "Before", "After"]
            .into_iter()
            .for_each(heading);
        let cookie = ["Value", "Secret", "Handle"].map(|name| {
            heading(name);
            [(); 2].map(|()| next().to_owned())
        });
        assert!(next().starts_with("Masked: "));
        heading("The store’s calls");
        let mut calls = Vec::new();
        if next() == "Call" {
            ["Outcome", "Time"].into_iter().for_each(heading);
            loop {
                let [name, outcome, took] = [(); 3].map(|()| next());
                if name.is_empty() {
                    break;
                }
                assert!(took.ends_with(" ms"), "{took}");
                calls.push(format!("{name} {outcome}"));
            }
        }
        Some(Self {
            lesson,
            code,
            cookie,
            calls,
        })
    }
}

/// The value of the client's cookie; empty if there is none.
fn value(client: &Client) -> String {
    let header = client.cookie_header();
    header
        .split_once('=')
        .map(|(_, value)| value.to_owned())
        .unwrap_or_default()
}

fn masked(value: &str) -> String {
    value
        .get(..4)
        .map_or("none".to_owned(), |start| format!("{start}…"))
}

fn ask(client: &Client, method: &'static str, path: &str, body: &str) -> Answer {
    block_on(client.send(Request::new(method, path).json(body))).unwrap()
}
