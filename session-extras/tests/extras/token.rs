use pollster::block_on;
use session_core::{Policy, RequestSession, Sessions};
use session_extras::CsrfToken;
use session_testkit::{ModelStore, SpyStore};

pub(crate) fn sessions() -> Sessions {
    Sessions::new(Policy::development(), ModelStore::new())
}

/// Opens a request with a cookie.
pub(crate) fn open(sessions: &Sessions, cookie: &str) -> (session_core::Request, RequestSession) {
    let request = sessions.open([cookie.as_bytes()]);
    let session = block_on(request.handle().load()).unwrap();
    (request, session)
}

/// Ends a request, and returns the browser's cookie.
pub(crate) fn finish(request: &session_core::Request, cookie: &str) -> String {
    let reply = block_on(request.commit(200)).unwrap();
    let set = reply
        .set_cookie()
        .and_then(|set| set.split(';').next().map(str::to_owned));
    set.unwrap_or_else(|| cookie.to_owned())
}

fn issue(session: &RequestSession) -> String {
    block_on(CsrfToken::issue(session))
        .unwrap()
        .as_str()
        .to_owned()
}

#[test]
fn two_tabs_that_render_their_first_form_at_once_can_both_send_it() {
    let sessions = sessions();
    let (request, session) = open(&sessions, "");
    session.insert("seen", true).unwrap();
    let cookie = finish(&request, "");

    let (tabs, loaded): (Vec<_>, Vec<_>) = (0..2).map(|_| open(&sessions, &cookie)).unzip();
    let tokens: Vec<_> = loaded.iter().map(issue).collect();
    for tab in &tabs {
        let _ = block_on(tab.commit(200)).unwrap();
    }
    assert_ne!(tokens[0], tokens[1], "each has another mask");
    let (_request, session) = open(&sessions, &cookie);
    for token in &tokens {
        assert!(CsrfToken::verify(&session, token));
    }
}

#[test]
fn a_login_makes_the_tokens_from_before_it_void_and_a_new_id_does_not() {
    let sessions = sessions();
    let (request, session) = open(&sessions, "");
    let planted = issue(&session);
    let cookie = finish(&request, "");

    let (request, session) = open(&sessions, &cookie);
    session.cycle().unwrap();
    let cookie = finish(&request, &cookie);
    let (request, session) = open(&sessions, &cookie);
    assert!(CsrfToken::verify(&session, &planted));
    session.sign_in("ada").unwrap();
    let shown_at_once = issue(&session);
    let cookie = finish(&request, &cookie);

    let (request, session) = open(&sessions, &cookie);
    assert!(!CsrfToken::verify(&session, &planted));
    assert!(CsrfToken::verify(&session, &shown_at_once));
    session.reauthenticate().unwrap();
    let cookie = finish(&request, &cookie);
    let (request, session) = open(&sessions, &cookie);
    assert!(
        CsrfToken::verify(&session, &shown_at_once),
        "of another tab"
    );
    session.sign_in("ada").unwrap();
    let cookie = finish(&request, &cookie);
    assert!(!CsrfToken::verify(
        &open(&sessions, &cookie).1,
        &shown_at_once
    ));
}

#[test]
fn a_token_holds_for_its_own_session_alone() {
    let sessions = sessions();
    let (mine, session) = open(&sessions, "");
    let token = issue(&session);
    let cookie = finish(&mine, "");
    let (request, other) = open(&sessions, "");
    issue(&other);
    let foreign = finish(&request, "");
    assert!(CsrfToken::verify(&open(&sessions, &cookie).1, &token));
    assert!(!CsrfToken::verify(&open(&sessions, &foreign).1, &token));
    assert!(
        !CsrfToken::verify(&open(&sessions, "").1, &token),
        "no session"
    );

    let (_request, session) = open(&sessions, &cookie);
    let zeros = "0".repeat(64);
    let flipped: String = token
        .chars()
        .map(|char| if char == '0' { '1' } else { '0' })
        .collect();
    for wrong in [
        "",
        "x",
        &token[1..],
        &token[..32],
        &zeros,
        &flipped,
        &format!("{token}00"),
    ] {
        assert!(!CsrfToken::verify(&session, wrong), "{wrong}");
    }
}

#[test]
fn a_session_begins_where_a_form_is_rendered_and_a_second_form_writes_nothing() {
    let spy = SpyStore::new(ModelStore::new());
    let sessions = Sessions::new(Policy::development(), spy.clone());
    let (request, session) = open(&sessions, "");
    assert!(!CsrfToken::verify(&session, &"0".repeat(64)));
    let cookie = finish(&request, "");
    assert_eq!((cookie.as_str(), spy.calls().total()), ("", 0));

    let (request, session) = open(&sessions, &cookie);
    issue(&session);
    let cookie = finish(&request, &cookie);
    assert_eq!(spy.calls().total(), 1, "{:?}", spy.calls());

    let (request, session) = open(&sessions, &cookie);
    issue(&session);
    issue(&session);
    finish(&request, &cookie);
    assert_eq!(spy.calls().total(), 2, "a load: {:?}", spy.calls());
}

#[test]
fn a_page_that_crosses_a_login_is_shown_with_a_token_that_opens_nothing() {
    let sessions = sessions();
    let (request, session) = open(&sessions, "");
    session.insert("cart", 1).unwrap();
    let cookie = finish(&request, "");
    let (login, session) = open(&sessions, &cookie);
    session.sign_in("ada").unwrap();
    let signed_in = finish(&login, &cookie);

    let (crossing, session) = open(&sessions, &cookie);
    let token = issue(&session);
    let _ = block_on(crossing.commit(200)).unwrap();
    assert!(!CsrfToken::verify(&open(&sessions, &signed_in).1, &token));
}

#[test]
fn the_field_is_found_wherever_it_stands_in_a_form() {
    let found = |body: &str| CsrfToken::in_form(body.as_bytes()).map(str::to_owned);
    assert_eq!(found("csrf_token=ab&user=ada").as_deref(), Some("ab"));
    assert_eq!(found("user=ada&csrf_token=ab").as_deref(), Some("ab"));
    assert_eq!(found("user=csrf_token=ab"), None);
    assert_eq!(found("xcsrf_token=ab&csrf_tokens=ab&csrf_token"), None);
    assert_eq!(found(""), None);
    let (_request, session) = open(&sessions(), "");
    let token = block_on(CsrfToken::issue(&session)).unwrap();
    assert!(
        token
            .field()
            .contains(&format!("value=\"{}\"", token.as_str()))
    );
    assert_eq!(format!("{token:?}"), "CsrfToken(…)");
}
