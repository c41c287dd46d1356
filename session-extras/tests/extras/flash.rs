use pollster::block_on;
use session_core::{Policy, Sessions};
use session_extras::{Flash, Level};
use session_testkit::{ModelStore, SpyStore};

use crate::token::{finish, open, sessions};

fn set(sessions: &Sessions, cookie: &str, texts: &[&str]) -> String {
    let (request, session) = open(sessions, cookie);
    for text in texts {
        Flash::success(*text).set(&session).unwrap();
    }
    finish(&request, cookie)
}

fn shown(sessions: &Sessions, cookie: &str) -> Vec<String> {
    let (request, session) = open(sessions, cookie);
    let shown = block_on(Flash::take(&session)).unwrap();
    finish(&request, cookie);
    shown.into_iter().map(|flash| flash.text).collect()
}

#[test]
fn a_message_survives_the_redirect_and_is_shown_once() {
    let sessions = sessions();
    let cookie = set(&sessions, "", &["first", "second"]);
    assert_eq!(shown(&sessions, &cookie), ["first", "second"]);
    assert_eq!(shown(&sessions, &cookie), [""; 0]);
}

#[test]
fn a_message_of_a_level_that_a_later_release_has_is_shown() {
    let sessions = sessions();
    let (request, session) = open(&sessions, "");
    let later = serde_json::json!([
        { "level": "praise", "text": "first" },
        { "level": "warning", "text": "second" },
    ]);
    session.insert("_flash", later).unwrap();
    let cookie = finish(&request, "");
    let (_request, session) = open(&sessions, &cookie);
    let shown = block_on(Flash::take(&session)).unwrap();
    let expected = [
        Flash::new(Level::Info, "first"),
        Flash::new(Level::Warning, "second"),
    ];
    assert_eq!(shown, expected);
}

#[test]
fn two_tabs_that_load_at_once_show_each_message_once_and_neither_fails() {
    let sessions = sessions();
    let cookie = set(&sessions, "", &["saved"]);
    let (first, first_session) = open(&sessions, &cookie);
    let (second, second_session) = open(&sessions, &cookie);
    assert_eq!(block_on(Flash::take(&first_session)).unwrap().len(), 1);
    assert_eq!(block_on(Flash::take(&second_session)).unwrap(), []);
    for request in [first, second] {
        let _ = block_on(request.commit(200)).unwrap();
    }
}

#[test]
fn two_forms_that_are_sent_at_once_leave_both_messages() {
    let sessions = sessions();
    let cookie = set(&sessions, "", &["one"]);
    let (first, first_session) = open(&sessions, &cookie);
    let (second, second_session) = open(&sessions, &cookie);
    Flash::success("two").set(&first_session).unwrap();
    Flash::new(Level::Warning, "three")
        .set(&second_session)
        .unwrap();
    for request in [first, second] {
        let _ = block_on(request.commit(303)).unwrap();
    }
    assert_eq!(shown(&sessions, &cookie), ["one", "two", "three"]);
}

#[test]
fn a_message_that_is_set_while_another_page_loads_is_kept_for_the_next_one() {
    let sessions = sessions();
    let cookie = set(&sessions, "", &["old"]);
    let (page, session) = open(&sessions, &cookie);
    set(&sessions, &cookie, &["new"]);
    let seen = block_on(Flash::take(&session)).unwrap();
    let _ = block_on(page.commit(200)).unwrap();
    let all: Vec<_> = seen
        .into_iter()
        .map(|flash| flash.text)
        .chain(shown(&sessions, &cookie))
        .collect();
    assert_eq!(all, ["old", "new"]);
}

#[test]
fn a_message_of_before_the_login_is_shown_by_the_page_after_it() {
    let sessions = sessions();
    let cookie = set(&sessions, "", &["Sign in to order."]);
    let (login, session) = open(&sessions, &cookie);
    session.sign_in("ada").unwrap();
    let signed_in = finish(&login, &cookie);
    assert_eq!(
        shown(&sessions, &cookie),
        [""; 0],
        "the id from before may not take it"
    );
    assert_eq!(shown(&sessions, &signed_in), ["Sign in to order."]);
}

#[test]
fn a_page_without_messages_writes_nothing() {
    let spy = SpyStore::new(ModelStore::new());
    let sessions = Sessions::new(Policy::development(), spy.clone());
    assert_eq!(shown(&sessions, ""), [""; 0]);
    assert_eq!(spy.calls().total(), 0);
    let cookie = set(&sessions, "", &["saved"]);
    let before = spy.calls().total();
    shown(&sessions, &cookie);
    assert_eq!(spy.calls().total() - before, 2, "a load and a write");
    shown(&sessions, &cookie);
    assert_eq!(spy.calls().total() - before, 3, "a load");
}

#[test]
fn an_error_drops_the_message_with_the_other_changes() {
    let sessions = sessions();
    let cookie = set(&sessions, "", &["kept"]);
    let (request, session) = open(&sessions, &cookie);
    Flash::error("lost").set(&session).unwrap();
    let _ = block_on(request.commit(500)).unwrap();
    assert_eq!(shown(&sessions, &cookie), ["kept"]);
}
